"""The ledger: the council's record of privacy budget spent, and the noised bytes that it was spent on.

One SQLite file (`node.ledger_schema`), written by one process at a time. Each method that writes is one transaction,
committed to the disk (`synchronous=FULL`) when it returns, and may be repeated: the same release with the same plan is
charged once, stored once and acknowledged once. Rules of the entries: `node.ledger_entries`. Design: privacy reference
4.3, engineering reference 3.4.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from node.errors import AlreadyReleased, LedgerRolledBack, UsageProblem
from node.ledger_entries import (
    EMPTY_HEAD,
    ENTRY_COLUMNS,
    Decision,
    Entry,
    EntryKind,
    LedgerHead,
    budget_year,
    chain_hash,
    entry_from_row,
    faults_in,
    find,
    is_behind,
    last_decision,
    spent,
)
from node.ledger_file import connect, damaged, only_writer, storage_errors
from node.ledger_schema import SCHEMA, SCHEMA_VERSION
from node.policy import check_budget

_COLUMNS = ", ".join(ENTRY_COLUMNS)


@dataclass(frozen=True)
class StoredSummary:
    """A release's one noised vector, as the signed bytes that are sent, every time."""

    collection_id: str
    release_id: str
    envelope: bytes


class Ledger:
    """An open ledger. Use `Ledger.open`; every method raises StorageFailed when the disk fails."""

    def __init__(self, connection: sqlite3.Connection, clock: Callable[[], datetime]) -> None:
        self._connection = connection
        self._clock = clock

    @classmethod
    @contextmanager
    def open(
        cls,
        path: Path,
        clock: Callable[[], datetime],
        *,
        reading: bool = False,
        wait_seconds: float = 0,
        new_key: Callable[[], bytes] = lambda: secrets.token_bytes(32),
    ) -> Iterator[Ledger]:
        """Opens the ledger, making an empty one where there is none.

        `reading` opens an existing ledger beside the process that writes it, to look only. `wait_seconds` is how long
        to wait for another process to close it; `new_key` gives a new ledger the key of its chain (32 secret bytes).

        Raises
        ------
        LedgerLocked
            When another process keeps it open.
        LedgerDamaged
            When the file is not a sound SQLite database, or of an unknown version.
        """
        reading = reading and path.exists()
        with nullcontext() if reading else only_writer(path, wait_seconds):
            with storage_errors():
                connection = connect(path)
            with closing(connection):
                ledger = cls(connection, clock)
                ledger._prepare(new_key)
                if reading:
                    connection.execute("PRAGMA query_only = ON")
                yield ledger

    def _prepare(self, new_key: Callable[[], bytes]) -> None:
        ((found,),) = self._rows("PRAGMA integrity_check(1)")
        if found != "ok":
            raise damaged(f"SQLite reports: {found}.")
        ((version,),) = self._rows("PRAGMA user_version")
        if version == 0 and not self._rows("SELECT 1 FROM sqlite_master"):
            with self._transaction():
                for statement in SCHEMA:
                    self._connection.execute(statement)
                self._connection.execute("INSERT INTO chain_key (key) VALUES (?)", (new_key(),))
                self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        elif version != SCHEMA_VERSION:
            raise damaged(f"its version is {version}, and this node reads version {SCHEMA_VERSION}.")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing. Where even undoing fails, the connection is closed: nobody may read what is not committed."""
        with storage_errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                try:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
                except sqlite3.Error:
                    self._connection.close()
                raise

    def _rows(self, sql: str, *parameters: Any) -> list[Any]:
        with storage_errors():
            return self._connection.execute(sql, parameters).fetchall()

    def _key(self) -> bytes:
        rows = self._rows("SELECT key FROM chain_key")
        if len(rows) != 1:
            raise damaged("it does not have exactly one key.")
        return bytes(rows[0][0])

    def _draft(
        self, entries: tuple[Entry, ...], kind: EntryKind, collection_id: str, release_id: str, plan_hash: bytes
    ) -> Entry:
        """The next entry, dated. Times never go back, so that setting a clock back opens no past year's budget."""
        now = self._clock().astimezone(UTC)
        at = max(now, entries[-1].at) if entries else now
        return Entry(len(entries) + 1, at, kind, collection_id, release_id, plan_hash)

    def _append(self, entries: tuple[Entry, ...], draft: Entry, envelope: bytes | None = None) -> Entry:
        entry = replace(draft, hash=chain_hash(self._key(), entries[-1].hash if entries else EMPTY_HEAD.hash, draft))
        values = [*entry.as_row().values(), envelope]
        marks = ", ".join("?" * len(values))
        self._connection.execute(f"INSERT INTO entry ({_COLUMNS}, envelope) VALUES ({marks})", values)
        return entry

    def entries(self) -> tuple[Entry, ...]:
        """Every entry in order, without the envelopes. Raises LedgerDamaged for an entry that is not one."""
        rows = self._rows(f"SELECT {_COLUMNS} FROM entry ORDER BY sequence")
        try:
            return tuple(entry_from_row(row) for row in rows)
        except ValueError as error:
            raise damaged("an entry has a time or a kind that is not one.") from error

    def head(self) -> LedgerHead:
        """Where the chain stands now."""
        entries = self.entries()
        return LedgerHead(entries[-1].sequence, entries[-1].hash) if entries else EMPTY_HEAD

    def verify(self) -> tuple[str, ...]:
        """Recomputes chain, order, sums and digests, and compares the tables with those this version makes.

        Returns what is wrong, in words; empty when the ledger is sound.
        """
        entries = self.entries()
        faults = faults_in(entries, self._key())
        envelopes = dict(self._rows("SELECT sequence, envelope FROM entry WHERE envelope IS NOT NULL"))
        for entry in entries:
            if entry.kind is EntryKind.STORED and sha256(envelopes[entry.sequence]).digest() != entry.digest:
                faults.append(f"Entry {entry.sequence} does not hold the bytes whose digest it gives.")
        if {sql for (sql,) in self._rows("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")} != set(SCHEMA):
            faults.append("The tables, or the triggers that keep entries as they are, are not as they were made.")
        return tuple(faults)

    def check_remembered(self, sequence: int, head_hash: bytes) -> None:
        """Compares with the head that the coordinator remembers from the last summary it took.

        Raises LedgerRolledBack when this ledger is an older copy, or another one: it would spend the same budget twice.
        """
        if is_behind(self.entries(), LedgerHead(sequence, head_hash)):
            raise LedgerRolledBack(
                "The coordinator has taken a summary that this ledger does not know: the ledger is an older copy.",
                "Nothing is charged or sent. Put back the newest copy of ledger.db, with its -wal file; "
                "if it is lost, tell the coordinator's operator and do not start a new one.",
            )

    def spent_in_year(self, at: datetime) -> int:
        """What was charged in the year ending 31 March that holds `at`, in units of 1e-12 rho."""
        return spent(self.entries(), budget_year(at))

    def spent_for_life(self) -> int:
        """All that was ever charged, in units of 1e-12 rho."""
        return spent(self.entries())

    def record_decision(
        self, collection_id: str, release_id: str, plan_hash: bytes, decision: Decision, by: str
    ) -> Entry:
        """Records what a person decided on a plan; the last decision holds. Raises UsageProblem without a name."""
        if not by.strip():
            raise UsageProblem("A decision needs the name of the person who takes it.", "Give it with --by.")
        with self._transaction():
            entries = self.entries()
            draft = self._draft(entries, EntryKind.DECISION, collection_id, release_id, plan_hash)
            return self._append(entries, replace(draft, decision=decision, decided_by=by.strip()))

    def decision(self, collection_id: str, release_id: str, plan_hash: bytes) -> Decision | None:
        """The last decision on exactly this plan, or None."""
        return last_decision(self.entries(), (collection_id, release_id), plan_hash)

    def reservation(self, collection_id: str, release_id: str, plan_hash: bytes) -> Entry | None:
        """The charge of a release, or None. Raises AlreadyReleased when it was charged under another plan."""
        entry = find(self.entries(), EntryKind.RESERVED, (collection_id, release_id))
        if entry is not None and entry.plan_hash != plan_hash:
            raise AlreadyReleased(
                f"Release {release_id} of {collection_id} was charged for another plan.",
                "Nothing more is charged. Tell the coordinator's operator: a changed plan needs a new release id.",
            )
        return entry

    def reserve(
        self,
        collection_id: str,
        release_id: str,
        plan_hash: bytes,
        rho_units: int,
        *,
        year_limit_units: int,
        life_limit_units: int,
    ) -> Entry:
        """Charges a release, if both limits hold, and returns its entry.

        All amounts are in units of 1e-12 rho. A release that is charged already is not charged again.

        Raises
        ------
        BudgetExceeded
            When the year's or the lifetime's limit would be passed; nothing is charged.
        AlreadyReleased
            When the release was charged under another plan.
        """
        with self._transaction():
            charged = self.reservation(collection_id, release_id, plan_hash)
            if charged is not None:
                return charged
            entries = self.entries()
            draft = self._draft(entries, EntryKind.RESERVED, collection_id, release_id, plan_hash)
            year = budget_year(draft.at)
            check_budget(
                rho_units,
                spent_in_year=spent(entries, year),
                year_limit_units=year_limit_units,
                spent_for_life=spent(entries),
                life_limit_units=life_limit_units,
            )
            charge = replace(
                draft,
                rho_units=rho_units,
                budget_year=year,
                year_limit_units=year_limit_units,
                life_limit_units=life_limit_units,
            )
            return self._append(entries, charge)

    def store(self, collection_id: str, release_id: str, plan_hash: bytes, envelope: bytes) -> Entry:
        """Stores the signed bytes of a charged release. They are the only ones: storing others is refused.

        Raises AlreadyReleased when other bytes are stored, or the release was not charged for this plan.
        """
        with self._transaction():
            entries = self.entries()
            stored = find(entries, EntryKind.STORED, (collection_id, release_id))
            digest = sha256(envelope).digest()
            if stored is not None and stored.digest == digest:
                return stored
            if stored is not None or self.reservation(collection_id, release_id, plan_hash) is None:
                raise AlreadyReleased(
                    f"Release {release_id} of {collection_id} has its noised figures already, or was not charged.",
                    "Nothing is lost: what is stored is what is sent. Run `newlyn-node ledger verify`.",
                )
            draft = self._draft(entries, EntryKind.STORED, collection_id, release_id, plan_hash)
            return self._append(entries, replace(draft, digest=digest), envelope)

    def acknowledge(self, collection_id: str, release_id: str, payload_digest: bytes) -> Entry:
        """Records that the coordinator has the summary. Raises AlreadyReleased when none is stored here."""
        with self._transaction():
            entries = self.entries()
            acknowledged = find(entries, EntryKind.ACKNOWLEDGED, (collection_id, release_id))
            if acknowledged is not None:
                return acknowledged
            stored = find(entries, EntryKind.STORED, (collection_id, release_id))
            if stored is None:
                raise AlreadyReleased(
                    f"Release {release_id} of {collection_id} was acknowledged, and none is stored here.",
                    "Run `newlyn-node ledger verify` and tell the coordinator's operator.",
                )
            draft = self._draft(entries, EntryKind.ACKNOWLEDGED, collection_id, release_id, stored.plan_hash)
            return self._append(entries, replace(draft, digest=payload_digest))

    def is_stored(self, collection_id: str, release_id: str) -> bool:
        """Whether the release has its noised figures."""
        return find(self.entries(), EntryKind.STORED, (collection_id, release_id)) is not None

    def acknowledged_at(self, collection_id: str, release_id: str) -> datetime | None:
        """When the coordinator was found to have the summary, or None."""
        entry = find(self.entries(), EntryKind.ACKNOWLEDGED, (collection_id, release_id))
        return entry.at if entry else None

    def pending(self) -> tuple[StoredSummary, ...]:
        """The summaries that are stored and not acknowledged, in the order of storing; no refused one among them."""
        entries = self.entries()
        return tuple(
            StoredSummary(*entry.release, self.envelope(*entry.release))
            for entry in entries
            if entry.kind is EntryKind.STORED
            and find(entries, EntryKind.ACKNOWLEDGED, entry.release) is None
            and last_decision(entries, entry.release, entry.plan_hash) != "refused"
        )

    def envelope(self, collection_id: str, release_id: str) -> bytes:
        """The stored bytes of a release. Raises LedgerDamaged when they are not there or not what was stored."""
        rows = self._rows(
            "SELECT envelope, digest FROM entry WHERE kind = 'stored' AND collection_id = ? AND release_id = ?",
            collection_id,
            release_id,
        )
        if len(rows) != 1 or sha256(rows[0][0]).digest() != rows[0][1]:
            raise damaged(f"the summary of {release_id} of {collection_id} is not the one that was stored.")
        return bytes(rows[0][0])
