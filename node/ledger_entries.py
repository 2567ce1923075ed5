"""The ledger's rules: what an entry is, how entries are chained, and what makes a ledger unsound. No storage here.

The chain. An entry's hash is HMAC-SHA256, under a key that never leaves the ledger, of the hash before it and every
figure of the entry. It is keyed because the head travels with every summary: a plain hash would let its receiver
confirm a guess of what is under it, such as the minute at which measuring ended (privacy reference 12, "ledger head").
A stored summary is under the chain by the SHA-256 of the bytes that are sent.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Literal

Decision = Literal["approved", "refused"]


class EntryKind(StrEnum):
    """What an entry records: a person's decision, then a release charged, stored and acknowledged, in this order."""

    DECISION = "decision"
    RESERVED = "reserved"
    STORED = "stored"
    ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True)
class LedgerHead:
    """The number of entries and the hash of the last (32 bytes; all zero for an empty ledger)."""

    sequence: int
    hash: bytes


EMPTY_HEAD = LedgerHead(0, bytes(32))


@dataclass(frozen=True)
class Entry:
    """One line of the ledger; the columns of table `entry` but for the envelope.

    Every entry names its release and the hash of its plan. A decision has `decision` and `decided_by`; a reservation
    `rho_units`, its `budget_year` and the limits in force (all in 1e-12 rho); `digest` is the SHA-256 of the stored
    envelope, or of the payload that was acknowledged.
    """

    sequence: int
    at: datetime
    kind: EntryKind
    collection_id: str
    release_id: str
    plan_hash: bytes
    decision: Decision | None = None
    decided_by: str | None = None
    rho_units: int | None = None
    budget_year: int | None = None
    year_limit_units: int | None = None
    life_limit_units: int | None = None
    digest: bytes | None = None
    hash: bytes = b""

    @property
    def release(self) -> tuple[str, str]:
        """The collection's and the release's id."""
        return self.collection_id, self.release_id

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


def chain_hash(key: bytes, previous: bytes, entry: Entry) -> bytes:
    """The hash of an entry after `previous`: HMAC-SHA256 of canonical JSON (sorted keys, no spaces), 32 bytes."""
    content = {"previous": previous.hex()} | entry.as_json()
    content.pop("hash", None)
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hmac.digest(key, text.encode(), sha256)


def spent(entries: Iterable[Entry], year: int | None = None) -> int:
    """What was charged, in the year ending 31 March `year` or ever, in units of 1e-12 rho."""
    return sum(entry.rho_units or 0 for entry in entries if year is None or entry.budget_year == year)


def find(entries: Iterable[Entry], kind: EntryKind, release: tuple[str, str]) -> Entry | None:
    """The last entry of that kind about a release, or None."""
    found = [entry for entry in entries if (entry.kind, entry.release) == (kind, release)]
    return found[-1] if found else None


def last_decision(entries: Iterable[Entry], release: tuple[str, str], plan_hash: bytes) -> Decision | None:
    """The last decision on exactly this plan of a release, or None."""
    entry = find((entry for entry in entries if entry.plan_hash == plan_hash), EntryKind.DECISION, release)
    return entry.decision if entry else None


def is_behind(entries: Sequence[Entry], remembered: LedgerHead) -> bool:
    """Whether a head that was sent with a summary does not stand in this ledger, which so is an older copy, or another.

    A head is sent only with a summary, and is the last entry before that summary was stored: so the entry must be here,
    and a stored summary must follow it. Without the second, a copy taken between charging and storing would draw noise
    a second time.
    """
    if not 1 <= remembered.sequence < len(entries):
        return True
    last, following = entries[remembered.sequence - 1 : remembered.sequence + 1]
    return last.hash != remembered.hash or following.kind is not EntryKind.STORED


def _out_of_turn(earlier: Sequence[Entry], entry: Entry) -> str | None:
    """Why an entry may not follow the `earlier` ones, or None."""
    if entry.kind is EntryKind.DECISION:
        return None
    if find(earlier, entry.kind, entry.release):
        return f"is a second one of kind {entry.kind} for its release"
    if entry.kind is EntryKind.RESERVED:
        if entry.budget_year != budget_year(entry.at):
            return "is charged to another year than that of its time"
        in_year = spent(earlier, entry.budget_year) + (entry.rho_units or 0)
        for_life = spent(earlier) + (entry.rho_units or 0)
        if in_year > (entry.year_limit_units or 0) or for_life > (entry.life_limit_units or 0):
            return "is charged beyond the limits in force"
        return None
    needed = EntryKind.RESERVED if entry.kind is EntryKind.STORED else EntryKind.STORED
    before = find(earlier, needed, entry.release)
    if before is None or before.plan_hash != entry.plan_hash:
        return f"does not follow an entry of kind {needed} for the same plan"
    return None


def faults_in(entries: Sequence[Entry], key: bytes) -> list[str]:
    """Replays the ledger: order, times, chain, sums against limits. Empty when it is sound."""
    faults = []
    previous = EMPTY_HEAD.hash
    for position, entry in enumerate(entries, start=1):
        where = f"Entry {entry.sequence}"
        if entry.sequence != position:
            faults.append(f"{where} stands where entry {position} should.")
        if entry.hash != chain_hash(key, previous, entry):
            faults.append(f"{where} does not have the hash of what it says and of the entry before it.")
        if position > 1 and entry.at < entries[position - 2].at:
            faults.append(f"{where} is dated before the entry before it.")
        problem = _out_of_turn(entries[: position - 1], entry)
        if problem:
            faults.append(f"{where} {problem}.")
        previous = entry.hash
    return faults
