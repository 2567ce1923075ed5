"""Collections and their benchmarks. Each function runs inside a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from coordinator.records import CollectionState, StoredCollection
from coordinator.store.database import milliseconds
from coordinator.store.schema import collections, releases
from frameworks.collection import Collection
from frameworks.plan import ReleasePlan


def add_collection(
    connection: Connection,
    collection: Collection,
    envelope: bytes,
    plans: Sequence[ReleasePlan],
    now: datetime,
) -> None:
    """Stores an open collection, its signed envelope, and what a summary of each release must look like."""
    connection.execute(
        insert(collections).values(
            id=collection.id,
            state=CollectionState.OPEN,
            opens_at=milliseconds(collection.opens_at),
            closes_at=milliseconds(collection.closes_at),
            framework_digest=bytes.fromhex(collection.framework_digest),
            document=collection.model_dump_json(),
            envelope=envelope,
            opened_at=milliseconds(now),
        )
    )
    for plan in plans:
        connection.execute(
            insert(releases).values(
                collection_id=collection.id,
                release_id=plan.release_id,
                plan_hash=plan.plan_hash,
                length=plan.length,
            )
        )


def _stored(row: Row[Any, Any, Any]) -> StoredCollection:
    return StoredCollection(
        Collection.model_validate_json(row.document), CollectionState(row.state), bytes(row.envelope)
    )


_columns = select(collections.c.document, collections.c.state, collections.c.envelope)


def find_collection(connection: Connection, collection_id: str) -> StoredCollection | None:
    """The collection of that id, or None."""
    row = connection.execute(_columns.where(collections.c.id == collection_id)).one_or_none()
    return _stored(row) if row else None


def list_collections(connection: Connection) -> list[StoredCollection]:
    """Every collection, the latest opened first."""
    ordered = _columns.order_by(collections.c.opened_at.desc(), collections.c.id)
    return [_stored(row) for row in connection.execute(ordered)]


def open_envelopes(connection: Connection) -> list[bytes]:
    """The signed envelopes of the collections that are open, in the order of opening."""
    statement = (
        select(collections.c.envelope)
        .where(collections.c.state == CollectionState.OPEN)
        .order_by(collections.c.opened_at, collections.c.id)
    )
    return list(connection.execute(statement).scalars())


def close_collection(connection: Connection, collection_id: str, now: datetime) -> None:
    """Marks an open collection closed; a collection in another state stays as it is."""
    connection.execute(
        update(collections)
        .where(collections.c.id == collection_id, collections.c.state == CollectionState.OPEN)
        .values(state=CollectionState.CLOSED, closed_at=milliseconds(now))
    )


def publish_collection(connection: Connection, collection_id: str, benchmark: bytes, now: datetime) -> None:
    """Stores the signed benchmark of a collection that is closed, or published before; an open one stays as it is."""
    connection.execute(
        update(collections)
        .where(collections.c.id == collection_id, collections.c.state != CollectionState.OPEN)
        .values(state=CollectionState.PUBLISHED, published_at=milliseconds(now), benchmark=benchmark)
    )


def find_benchmark(connection: Connection, collection_id: str) -> bytes | None:
    """The signed benchmark of a collection, or None while there is none."""
    statement = select(collections.c.benchmark).where(collections.c.id == collection_id)
    return connection.execute(statement).scalar_one_or_none()
