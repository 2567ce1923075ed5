"""Summaries and remembered ledger heads. Each function runs inside a transaction."""

from __future__ import annotations

from sqlalchemy import Connection, and_, bindparam, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from coordinator.records import (
    AskedRelease,
    CollectionState,
    IntakeState,
    LedgerHead,
    SignedSummary,
    SummaryIdentity,
)
from coordinator.store.database import milliseconds, moment
from coordinator.store.schema import collections, ledger_heads, releases, summaries

_INSERT = insert(summaries)

_INTAKE_STATE = (
    select(
        collections.c.state,
        collections.c.opens_at,
        collections.c.closes_at,
        collections.c.framework_digest,
        releases.c.plan_hash,
        releases.c.length,
        summaries.c.payload_digest,
        ledger_heads.c.sequence,
        ledger_heads.c.hash,
    )
    .select_from(releases)
    .join(collections)
    .outerjoin(
        summaries,
        and_(
            summaries.c.collection_id == releases.c.collection_id,
            summaries.c.release_id == releases.c.release_id,
            summaries.c.council_code == bindparam("council"),
        ),
    )
    .outerjoin(ledger_heads, ledger_heads.c.council_code == bindparam("council"))
    .where(releases.c.collection_id == bindparam("collection"), releases.c.release_id == bindparam("release"))
)
"""Built once: building a statement costs several times what running it does."""


def find_intake_state(connection: Connection, identity: SummaryIdentity) -> IntakeState:
    """What is remembered about a summary that has come."""
    wanted = {
        "council": identity.council_code,
        "collection": identity.collection_id,
        "release": identity.release_id,
    }
    row = connection.execute(_INTAKE_STATE, wanted).one_or_none()
    if row is None:
        return IntakeState()
    asked = AskedRelease(
        state=CollectionState(row.state),
        opens_at=moment(row.opens_at),
        closes_at=moment(row.closes_at),
        framework_digest=row.framework_digest,
        plan_hash=row.plan_hash,
        length=row.length,
    )
    head = None if row.sequence is None else LedgerHead(row.sequence, row.hash)
    return IntakeState(asked, row.payload_digest, head)


def add_summary(connection: Connection, identity: SummaryIdentity, summary: SignedSummary) -> None:
    """Stores a summary as it arrived. A second one for the same council, collection and release is an error."""
    values = {
        "council_code": identity.council_code,
        "collection_id": identity.collection_id,
        "release_id": identity.release_id,
        "payload": summary.payload,
        "payload_digest": summary.payload_digest,
        "signature": summary.signature,
        "signing_key": summary.signing_key,
        "received_at": milliseconds(summary.received_at),
    }
    connection.execute(_INSERT, values)


def list_summaries(connection: Connection, collection_id: str) -> list[SignedSummary]:
    """The stored summaries of a collection, in the order of council and release."""
    statement = (
        select(summaries)
        .where(summaries.c.collection_id == collection_id)
        .order_by(summaries.c.council_code, summaries.c.release_id)
    )
    return [
        SignedSummary(row.payload, row.payload_digest, row.signature, row.signing_key, moment(row.received_at))
        for row in connection.execute(statement)
    ]


def answered_releases(connection: Connection, collection_id: str) -> dict[str, frozenset[str]]:
    """Which releases of a collection each council has answered, by council code. No value is read."""
    statement = select(summaries.c.council_code, summaries.c.release_id).where(
        summaries.c.collection_id == collection_id
    )
    answered: dict[str, set[str]] = {}
    for row in connection.execute(statement):
        answered.setdefault(row.council_code, set()).add(row.release_id)
    return {code: frozenset(found) for code, found in answered.items()}


def find_ledger_head(connection: Connection, council_code: str) -> LedgerHead | None:
    """The ledger head remembered for a council, or None while it has sent nothing."""
    row = connection.execute(select(ledger_heads).where(ledger_heads.c.council_code == council_code)).one_or_none()
    return LedgerHead(row.sequence, row.hash) if row else None


_new_head = upsert(ledger_heads)
_REMEMBER_HEAD = _new_head.on_conflict_do_update(
    index_elements=["council_code"],
    set_={"sequence": _new_head.excluded.sequence, "hash": _new_head.excluded.hash},
)


def remember_ledger_head(connection: Connection, council_code: str, head: LedgerHead) -> None:
    """Remembers where a council's ledger stands now."""
    connection.execute(_REMEMBER_HEAD, {"council_code": council_code, "sequence": head.sequence, "hash": head.hash})
