"""The ledger's entries: what an entry is, how entries are chained, and what follows from them. No storage here.

The chain. An entry's hash is HMAC-SHA256, under a key that never leaves the ledger, of the hash before it and every
figure of the entry. It is keyed because the head travels with every summary: a plain hash would let its receiver
confirm a guess of what is under it, such as the minute at which measuring ended (privacy reference 12, "ledger head").
A stored summary is under the chain by the SHA-256 of the bytes that are sent.

The head counts summaries, not entries: how often this council decided, refused or raised a limit is nobody else's.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Literal

Decision = Literal["approved", "refused"]


class EntryKind(StrEnum):
    """What an entry records.

    A person's decision on a plan; then a release charged, stored and acknowledged, in this order. A release in mode
    secure is charged once for each round in which this council reports, and refunded for one that was aborted. Beside
    these, the limits that the council sets itself, and a repair after the ledger was found to be an older copy.
    """

    DECISION = "decision"
    RESERVED = "reserved"
    STORED = "stored"
    ACKNOWLEDGED = "acknowledged"
    LIMIT = "limit"
    REPAIRED = "repaired"
    REFUNDED = "refunded"


@dataclass(frozen=True)
class LedgerHead:
    """What a summary says of the ledger it was charged to, and the coordinator remembers.

    `sequence` is the number of the summary, from 1, among all this ledger ever stored; `hash` is that of the entry
    before it was stored (32 bytes).
    """

    sequence: int
    hash: bytes


CHAIN_START = bytes(32)
"""In place of a hash before the first entry."""


@dataclass(frozen=True)
class Entry:
    """One line of the ledger; the columns of table `entry` but for the envelope. All amounts are in 1e-12 rho.

    A decision, a reservation, a storing and an acknowledgement name their release and the hash of its plan. A decision
    has `decision`; a reservation `rho_units`, its `budget_year` and the limits in force; a limit the two limits.
    `digest` is the SHA-256 of the stored envelope, or of the payload that was acknowledged. A repair names the head
    that the coordinator remembered, and has what it charges to this budget year (`rho_units`) and to earlier ones, and
    the limits it reckoned with. A reservation for a round of secure aggregation has the round's id (16 bytes); so has a
    refund, with what it gives back to which year, and the digest of the round's abort certificate, which is its
    envelope. A decision, a limit and a repair have who took it (`decided_by`), the public key that signed it (`signer`,
    32 bytes) and the signature (64 bytes; `node.decisions`).
    """

    sequence: int
    at: datetime
    kind: EntryKind
    collection_id: str | None = None
    release_id: str | None = None
    plan_hash: bytes | None = None
    decision: Decision | None = None
    decided_by: str | None = None
    rho_units: int | None = None
    earlier_rho_units: int | None = None
    budget_year: int | None = None
    year_limit_units: int | None = None
    life_limit_units: int | None = None
    remembered_sequence: int | None = None
    remembered_hash: bytes | None = None
    round_id: bytes | None = None
    digest: bytes | None = None
    signer: bytes | None = None
    signature: bytes | None = None
    hash: bytes = b""

    @property
    def release(self) -> tuple[str, str]:
        """The collection's and the release's id; empty for an entry that is about none."""
        return self.collection_id or "", self.release_id or ""

    def as_row(self) -> dict[str, Any]:
        """The entry as the values of its columns."""
        return asdict(self) | {"at": self.at.isoformat(timespec="microseconds"), "kind": self.kind.value}

    def as_json(self) -> dict[str, Any]:
        """JSON-ready values: bytes in hex, what the kind does not have left out."""
        return {
            name: value.hex() if isinstance(value, bytes) else value
            for name, value in self.as_row().items()
            if value is not None
        }


ENTRY_COLUMNS = tuple(field.name for field in fields(Entry))


def entry_from_row(row: Sequence[Any]) -> Entry:
    """The entry of a row that holds `ENTRY_COLUMNS`. Raises ValueError for a time or kind that is not one."""
    values = dict(zip(ENTRY_COLUMNS, row, strict=True))
    return Entry(**values | {"at": datetime.fromisoformat(values["at"]), "kind": EntryKind(values["kind"])})


def budget_year(at: datetime) -> int:
    """The year, ending 31 March (UTC), to whose budget a charge made at `at` belongs."""
    day = at.astimezone(UTC)
    return day.year if day.month <= 3 else day.year + 1


def canonical(content: Mapping[str, Any]) -> bytes:
    """JSON of one form only: sorted keys, no spaces, ASCII."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def chain_hash(key: bytes, previous: bytes, entry: Entry) -> bytes:
    """The hash of an entry after `previous`: HMAC-SHA256 of its canonical JSON, 32 bytes."""
    content = {"previous": previous.hex()} | entry.as_json()
    content.pop("hash", None)
    return hmac.digest(key, canonical(content), sha256)


def spent(entries: Iterable[Entry], year: int | None = None) -> int:
    """What was charged and not refunded, in the year ending 31 March `year` or ever, in units of 1e-12 rho."""
    if year is not None:
        return sum(_change(entry) for entry in entries if entry.budget_year == year)
    return sum(_change(entry) + (entry.earlier_rho_units or 0) for entry in entries)


def _change(entry: Entry) -> int:
    """What an entry adds to what its budget year has spent."""
    return -(entry.rho_units or 0) if entry.kind is EntryKind.REFUNDED else entry.rho_units or 0


def find(entries: Iterable[Entry], kind: EntryKind, release: tuple[str, str]) -> Entry | None:
    """The last entry of that kind about a release, or None."""
    found = [entry for entry in entries if (entry.kind, entry.release) == (kind, release)]
    return found[-1] if found else None


def known_heads(entries: Iterable[Entry]) -> tuple[LedgerHead, ...]:
    """The heads of the summaries that were stored here, and those that a repair accepted, oldest first.

    A head is that of the last entry before its summary was stored, and only storing makes it known: a copy taken
    between charging and storing does not know it, for it would draw noise a second time.
    """
    heads: list[LedgerHead] = []
    latest, previous = 0, CHAIN_START
    for entry in entries:
        if entry.kind is EntryKind.STORED:
            latest += 1
            heads.append(LedgerHead(latest, previous))
        elif entry.kind is EntryKind.REPAIRED:
            heads.append(LedgerHead(entry.remembered_sequence or 0, entry.remembered_hash or b""))
            latest = max(latest, heads[-1].sequence)
        previous = entry.hash
    return tuple(heads)


def next_head(entries: Sequence[Entry]) -> LedgerHead:
    """The head of a summary that is stored next. After a repair it is beyond every number the coordinator knows."""
    latest = max((head.sequence for head in known_heads(entries)), default=0)
    return LedgerHead(latest + 1, entries[-1].hash if entries else CHAIN_START)
