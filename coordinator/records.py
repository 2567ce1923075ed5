"""What the coordinator remembers, as immutable records between its rooms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from frameworks.collection import Collection


class CollectionState(StrEnum):
    """A collection's life: it is open, closes once, and is then published (again, if corrected)."""

    OPEN = "open"
    CLOSED = "closed"
    PUBLISHED = "published"


@dataclass(frozen=True)
class StoredCollection:
    """A collection with its state and the signed envelope that nodes receive (serialised, byte for byte)."""

    collection: Collection
    state: CollectionState
    envelope: bytes


@dataclass(frozen=True)
class StoredSummary:
    """A council's summary as it was accepted: `values` is the noised vector in the order of the plan.

    `declared_files` are the files the council's configuration declares, such as `cin_census@2025`; `payload_digest`
    is the SHA-256 of the signed payload.
    """

    council_code: str
    collection_id: str
    release_id: str
    values: tuple[int, ...]
    declared_files: frozenset[str]
    payload_digest: bytes
    received_at: datetime


@dataclass(frozen=True)
class LedgerHead:
    """Where a council's ledger stood: the number of its entries and the SHA-256 of the last."""

    sequence: int
    hash: bytes
