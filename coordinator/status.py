"""What the operator watches: who has answered, by name. No value is shown before publication, nor counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from coordinator.collections import secure_releases
from coordinator.errors import UnknownCollection
from coordinator.records import CollectionState, CouncilStanding, StoredCollection
from coordinator.store import collections, members, summaries
from coordinator.store.database import Store

SILENT_AFTER = timedelta(days=7)
"""A node that has not called for so long is worth a telephone call."""


@dataclass(frozen=True)
class Coverage:
    """Which enrolled councils have answered every release in mode council, and which are missing.

    `in_rounds` are the releases in mode secure: who takes part in those, `coordinator.rounds` knows.
    """

    id: str
    state: CollectionState
    opens_at: datetime
    closes_at: datetime
    complete: tuple[str, ...]
    missing: tuple[str, ...]
    enrolled: int
    in_rounds: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The same as JSON-ready values; councils are named."""
        return {
            "id": self.id,
            "state": self.state.value,
            "opens": self.opens_at.isoformat(),
            "closes": self.closes_at.isoformat(),
            "councils_complete": len(self.complete),
            "councils_enrolled": self.enrolled,
            "missing": list(self.missing),
            "in_rounds": list(self.in_rounds),
        }


@dataclass(frozen=True)
class Status:
    """Collections, the latest opened first, and every council that was ever invited."""

    collections: tuple[Coverage, ...]
    councils: tuple[CouncilStanding, ...]
    silent: tuple[str, ...]

    def of(self, collection_id: str) -> Coverage:
        """The coverage of one collection. Raises UnknownCollection."""
        for coverage in self.collections:
            if coverage.id == collection_id:
                return coverage
        raise UnknownCollection(
            f"No collection {collection_id} has been opened here.", "`newlyn-coordinator status` lists them."
        )

    def as_json(self) -> dict[str, Any]:
        """The same as JSON-ready values."""
        return {
            "collections": [coverage.as_json() for coverage in self.collections],
            "councils_enrolled": sum(council.enrolled for council in self.councils),
            "councils_pending": sum(council.pending for council in self.councils),
            "silent": list(self.silent),
            "councils": [_council_as_json(council) for council in self.councils],
        }


def standing(council: CouncilStanding) -> str:
    """How far a council's membership has come, in one word."""
    if council.pending:
        return "pending"
    if council.enrolled:
        return "enrolled"
    return "invited" if council.invited else "revoked"


def _council_as_json(council: CouncilStanding) -> dict[str, Any]:
    return {
        "code": council.code,
        "name": council.name,
        "standing": standing(council),
        "last_seen": council.last_seen.isoformat() if council.last_seen else None,
        "software_version": council.software_version,
    }


def _coverage(tx: Connection, stored: StoredCollection, councils: Sequence[CouncilStanding]) -> Coverage:
    collection = stored.collection
    in_rounds = secure_releases(collection)
    asked = {release.id for release in collection.releases} - set(in_rounds)
    answered = summaries.answered_releases(tx, collection.id)
    complete = {code for code, found in answered.items() if found >= asked}
    return Coverage(
        id=collection.id,
        state=stored.state,
        opens_at=collection.opens_at,
        closes_at=collection.closes_at,
        complete=tuple(council.name for council in councils if council.code in complete),
        missing=tuple(council.name for council in councils if council.enrolled and council.code not in complete),
        enrolled=sum(council.enrolled for council in councils),
        in_rounds=in_rounds,
    )


def read_status(store: Store, now: datetime) -> Status:
    """The whole state of affairs, from one snapshot."""

    def work(tx: Connection) -> Status:
        councils = members.list_councils(tx)
        silent = tuple(
            council.name
            for council in councils
            if council.enrolled and (council.last_seen is None or now - council.last_seen > SILENT_AFTER)
        )
        coverages = tuple(_coverage(tx, stored, councils) for stored in collections.list_collections(tx))
        return Status(coverages, tuple(councils), silent)

    return store.read("status", work)
