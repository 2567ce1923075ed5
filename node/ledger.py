"""The ledger: the council's record of privacy budget spent, and the noised bytes that it was spent on.

One SQLite file (`node.ledger_schema`), written by one process at a time. Each method that writes is one transaction,
committed to the disk (`synchronous=FULL`) when it returns, and may be repeated: the same release with the same plan is
charged once, stored once and acknowledged once. Rules of the entries: `node.ledger_entries` (what they are),
`node.decisions` (signatures, limits), `node.ledger_repair` and `node.ledger_replay` (what is sound). Design: privacy
reference 4.3, engineering reference 3.4.
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

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from frameworks.plan import ReleasePlan
from node.decisions import Owner, limits_in_force, recorded_limits, signed_by, standing_decision
from node.errors import AlreadyReleased, ApproverRefused, LedgerDamaged, LedgerRolledBack, UsageProblem
from node.ledger_entries import (
    CHAIN_START,
    ENTRY_COLUMNS,
    Decision,
    Entry,
    EntryKind,
    LedgerHead,
    budget_year,
    chain_hash,
    entry_from_row,
    find,
    known_heads,
    next_head,
    spent,
)
from node.ledger_file import connect, damaged, only_writer, storage_errors
from node.ledger_repair import Repair, is_behind, plan_repair, repaired_since
from node.ledger_replay import faults_in
from node.ledger_rounds import (
    certificate_digest,
    is_abort_certificate,
    round_charge,
    round_charge_fault,
    round_refund,
)
from node.ledger_schema import SCHEMA, SCHEMA_VERSION
from node.policy import Limits, check_budget

_COLUMNS = ", ".join(ENTRY_COLUMNS)


@dataclass(frozen=True)
class StoredSummary:
    """A release's one noised vector, as the signed bytes that are sent, every time."""

    collection_id: str
    release_id: str
    envelope: bytes


class Ledger:
    """An open ledger. Use `Ledger.open`; every method raises StorageFailed when the disk fails."""

    def __init__(self, connection: sqlite3.Connection, clock: Callable[[], datetime], owner: Owner) -> None:
        self._connection = connection
        self._clock = clock
        self._owner = owner

    @classmethod
    @contextmanager
    def open(
        cls,
        path: Path,
        clock: Callable[[], datetime],
        *,
        owner: Owner,
        reading: bool = False,
        wait_seconds: float = 0,
        new_key: Callable[[], bytes] = lambda: secrets.token_bytes(32),
    ) -> Iterator[Ledger]:
        """Opens the ledger, making an empty one where there is none.

        `owner` says whose ledger it is, signs what the node records itself, and says whose approvals count. `reading`
        opens an existing ledger beside the process that writes it, to look only. `wait_seconds` is how long to wait for
        another process to close it; `new_key` gives a new ledger the key of its chain (32 secret bytes).

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
                ledger = cls(connection, clock, owner)
                ledger._prepare(new_key)
                if reading:
                    connection.execute("PRAGMA query_only = ON")
                yield ledger

    @classmethod
    def in_memory(cls, clock: Callable[[], datetime], owner: Owner, new_key: Callable[[], bytes]) -> Ledger:
        """An empty ledger that ends with the process, for simulations."""
        ledger = cls(sqlite3.connect(":memory:", isolation_level=None), clock, owner)
        ledger._prepare(new_key)
        return ledger

    def _prepare(self, new_key: Callable[[], bytes]) -> None:
        ((found,),) = self.rows("PRAGMA integrity_check(1)")
        if found != "ok":
            raise damaged(f"SQLite reports: {found}.")
        ((version,),) = self.rows("PRAGMA user_version")
        if version == 0 and not self.rows("SELECT 1 FROM sqlite_master"):
            with self.transaction():
                for statement in SCHEMA:
                    self._connection.execute(statement)
                self._connection.execute("INSERT INTO chain_key (key) VALUES (?)", (new_key(),))
                self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        elif version != SCHEMA_VERSION:
            raise damaged(f"its version is {version}, and this node reads version {SCHEMA_VERSION}.")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; one within another is a part of it.

        Where even undoing fails, the connection is closed: nobody may read what is not committed.
        """
        begun_outside = self._connection.in_transaction
        if begun_outside:
            yield
            return
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

    def rows(self, sql: str, *parameters: Any) -> list[Any]:
        """What a statement gives; rounds keep their tables in this database too (`node.rounds.sqlite_store`)."""
        with storage_errors():
            return self._connection.execute(sql, parameters).fetchall()

    def _key(self) -> bytes:
        rows = self.rows("SELECT key FROM chain_key")
        if len(rows) != 1:
            raise damaged("it does not have exactly one key.")
        return bytes(rows[0][0])

    def _draft(
        self,
        entries: tuple[Entry, ...],
        kind: EntryKind,
        collection_id: str | None = None,
        release_id: str | None = None,
        plan_hash: bytes | None = None,
    ) -> Entry:
        """The next entry, dated. Times never go back, so that setting a clock back opens no past year's budget."""
        now = self._clock().astimezone(UTC)
        at = max(now, entries[-1].at) if entries else now
        return Entry(len(entries) + 1, at, kind, collection_id, release_id, plan_hash)

    def _signed(self, draft: Entry, by: str, key: Ed25519PrivateKey | None) -> Entry:
        if not by.strip():
            raise UsageProblem("A decision needs the name of the person who takes it.", "Give it with --by.")
        named = replace(draft, decided_by=by.strip())
        return signed_by(key or self._owner.signing_key, self._owner.council_code, named)

    def _append(self, entries: tuple[Entry, ...], draft: Entry, envelope: bytes | None = None) -> Entry:
        entry = replace(draft, hash=chain_hash(self._key(), entries[-1].hash if entries else CHAIN_START, draft))
        values = [*entry.as_row().values(), envelope]
        marks = ", ".join("?" * len(values))
        self._connection.execute(f"INSERT INTO entry ({_COLUMNS}, envelope) VALUES ({marks})", values)
        return entry

    def entries(self) -> tuple[Entry, ...]:
        """Every entry in order, without the envelopes. Raises LedgerDamaged for an entry that is not one."""
        rows = self.rows(f"SELECT {_COLUMNS} FROM entry ORDER BY sequence")
        try:
            return tuple(entry_from_row(row) for row in rows)
        except ValueError as error:
            raise damaged("an entry has a time or a kind that is not one.") from error

    def head(self) -> LedgerHead:
        """What a summary that is stored next says of this ledger."""
        return next_head(self.entries())

    def known_heads(self) -> tuple[LedgerHead, ...]:
        """The heads of the summaries stored here, and those that a repair accepted, oldest first."""
        return known_heads(self.entries())

    def verify(self) -> tuple[str, ...]:
        """Recomputes chain, order, signatures, sums and digests, and compares the tables with those this version makes.

        Returns what is wrong, in words; empty when the ledger is sound.
        """
        entries = self.entries()
        faults = faults_in(entries, self._key(), self._owner.council_code)
        envelopes = dict(self.rows("SELECT sequence, envelope FROM entry WHERE envelope IS NOT NULL"))
        for entry in entries:
            holds = entry.kind in (EntryKind.STORED, EntryKind.REFUNDED)
            if holds and sha256(envelopes[entry.sequence]).digest() != entry.digest:
                faults.append(f"Entry {entry.sequence} does not hold the bytes whose digest it gives.")
            refunds = entry.kind is EntryKind.REFUNDED
            if refunds and not self._is_aborted(entry.round_id or b"", envelopes[entry.sequence]):
                faults.append(f"Entry {entry.sequence} refunds a round without the certificate of its abort alone.")
        if {sql for (sql,) in self.rows("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")} != set(SCHEMA):
            faults.append("The tables, or the triggers that keep entries as they are, are not as they were made.")
        return tuple(faults)

    def check_sound(self) -> None:
        """Raises LedgerDamaged when the ledger does not verify."""
        faults = self.verify()
        if faults:
            raise LedgerDamaged(
                f"The ledger does not verify: {faults[0]}",
                "Nothing is charged, sent or repaired. Keep the file, put back the newest copy that verifies "
                "(`newlyn-node ledger verify`; with none, move ledger.db away), then run `newlyn-node ledger repair`.",
            )

    def check_remembered(self, sequence: int, head_hash: bytes) -> None:
        """Compares with the head that the coordinator remembers from the last summary it took.

        Raises LedgerRolledBack when this ledger is an older copy, or another one: it would spend the same budget twice.
        """
        if is_behind(self.entries(), LedgerHead(sequence, head_hash)):
            raise LedgerRolledBack(
                "The coordinator has taken a summary that this ledger does not know: the ledger is an older copy.",
                "Nothing is charged or sent. Put back the newest copy of ledger.db, with its -wal file; if it is lost, "
                "`newlyn-node ledger repair --accept-head` shows what going on without it costs.",
            )

    def repaired_since(self, opened_at: datetime) -> datetime | None:
        """When a repair gave up what was open and not acknowledged; None for a collection that opened after them."""
        repair = repaired_since(self.entries(), opened_at)
        return repair.at if repair else None

    def plan_repair(self, remembered: LedgerHead | None, policy: Limits, years: int | None) -> Repair:
        """What `repair` would record now; nothing is written.

        Raises LedgerDamaged for a ledger that does not verify, and UsageProblem as `node.ledger_repair.plan_repair`.
        """
        self.check_sound()
        entries = self.entries()
        return plan_repair(entries, remembered, policy, self._draft(entries, EntryKind.REPAIRED).at, years)

    def repair(
        self,
        remembered: LedgerHead | None,
        policy: Limits,
        years: int | None,
        by: str,
        key: Ed25519PrivateKey | None = None,
    ) -> Entry:
        """Accepts the head that the coordinator remembers, and charges what the lost copy may have spent.

        Signed with `key`, or the node's own. Raises as `plan_repair`, and ApproverRefused for a key that may not.
        """
        with self.transaction():
            planned = self.plan_repair(remembered, policy, years)
            entries = self.entries()
            draft = replace(
                self._draft(entries, EntryKind.REPAIRED),
                rho_units=planned.rho_units,
                earlier_rho_units=planned.earlier_rho_units,
                budget_year=planned.budget_year,
                year_limit_units=planned.limits.year_units,
                life_limit_units=planned.limits.life_units,
                remembered_sequence=planned.remembered.sequence,
                remembered_hash=planned.remembered.hash,
            )
            return self._append(entries, self._leave_given(self._signed(draft, by, key)))

    def _leave_given(self, entry: Entry) -> Entry:
        """The entry, where it is signed by who may. Raises ApproverRefused otherwise."""
        if not self._owner.gave_leave(entry):
            raise ApproverRefused(
                "Only a person whose key is listed in [[policy.approvers]] of node.toml can decide this.",
                "Nothing is recorded. Repeat the command with --key FILE, the key file of one of them.",
            )
        return entry

    def limits_in_force(self, policy: Limits) -> Limits:
        """The policy's limits, where they are not above those recorded here."""
        return limits_in_force(self.entries(), self._owner, policy)

    def raise_limits(self, policy: Limits, by: str, key: Ed25519PrivateKey | None = None) -> Entry:
        """Records the policy's limits, which are in force from here on. Signed with `key`, or the node's own.

        Raises UsageProblem when they are not above those in force, and ApproverRefused for a key that may not.
        """
        with self.transaction():
            entries = self.entries()
            recorded = recorded_limits(entries, self._owner.gave_leave)
            if recorded is None or not policy.exceed(recorded):
                raise UsageProblem(
                    "There is no limit to raise: those of node.toml are in force.",
                    "Write the new limits into [policy] of node.toml first, then repeat the command.",
                )
            return self._append(entries, self._leave_given(self._limit(entries, policy, by, key)))

    def _limit(self, entries: tuple[Entry, ...], limits: Limits, by: str, key: Ed25519PrivateKey | None) -> Entry:
        draft = replace(
            self._draft(entries, EntryKind.LIMIT),
            year_limit_units=limits.year_units,
            life_limit_units=limits.life_units,
        )
        return self._signed(draft, by, key)

    def spent_in_year(self, at: datetime) -> int:
        """What was charged in the year ending 31 March that holds `at`, in units of 1e-12 rho."""
        return spent(self.entries(), budget_year(at))

    def spent_for_life(self) -> int:
        """All that was ever charged, in units of 1e-12 rho."""
        return spent(self.entries())

    def record_decision(
        self,
        collection_id: str,
        release_id: str,
        plan_hash: bytes,
        decision: Decision,
        by: str,
        key: Ed25519PrivateKey | None = None,
    ) -> Entry:
        """Records what a person decided on a plan, signed with `key` or the node's own; the last that counts holds.

        Raises UsageProblem without a name, and ApproverRefused for an approval with a key that may not.
        """
        with self.transaction():
            entries = self.entries()
            draft = self._draft(entries, EntryKind.DECISION, collection_id, release_id, plan_hash)
            signed = self._signed(replace(draft, decision=decision), by, key)
            return self._append(entries, signed if decision == "refused" else self._leave_given(signed))

    def decision(self, collection_id: str, release_id: str, plan_hash: bytes) -> Decision | None:
        """The last decision that counts on exactly this plan, or None."""
        return standing_decision(self.entries(), (collection_id, release_id), plan_hash, self._owner)

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
        self, collection_id: str, release_id: str, plan_hash: bytes, rho_units: int, *, policy: Limits
    ) -> Entry:
        """Charges a release of `rho_units` (1e-12 rho), if the limits in force hold, and returns its entry.

        The first charge records the policy's limits. A release that is charged already is not charged again.

        Raises
        ------
        BudgetExceeded
            When the year's or the lifetime's limit would be passed; nothing is charged.
        AlreadyReleased
            When the release was charged under another plan.
        """
        with self.transaction():
            charged = self.reservation(collection_id, release_id, plan_hash)
            if charged is not None:
                return charged
            entries = self._with_limits(self.entries(), policy)
            draft = self._draft(entries, EntryKind.RESERVED, collection_id, release_id, plan_hash)
            return self._append(entries, self._priced(entries, draft, rho_units, policy))

    def _with_limits(self, entries: tuple[Entry, ...], policy: Limits) -> tuple[Entry, ...]:
        """The entries, the policy's limits among them: the first charge records them."""
        if recorded_limits(entries, self._owner.gave_leave) is not None:
            return entries
        return (*entries, self._append(entries, self._limit(entries, policy, "[policy] of node.toml", None)))

    def _priced(self, entries: tuple[Entry, ...], draft: Entry, rho_units: int, policy: Limits) -> Entry:
        """A charge under the limits in force. Raises BudgetExceeded."""
        year, limits = budget_year(draft.at), limits_in_force(entries, self._owner, policy)
        check_budget(
            rho_units,
            spent_in_year=spent(entries, year),
            year_limit_units=limits.year_units,
            spent_for_life=spent(entries),
            life_limit_units=limits.life_units,
        )
        return replace(
            draft,
            rho_units=rho_units,
            budget_year=year,
            year_limit_units=limits.year_units,
            life_limit_units=limits.life_units,
        )

    def check_round_payable(self, plan: ReleasePlan, round_id: bytes, *, policy: Limits) -> None:
        """Raises BudgetExceeded or AlreadyReleased where `charge_round` would."""
        entries = self.entries()
        if round_charge(entries, round_id) is None:
            self._round_charge(entries, plan, round_id, policy)

    def charge_round(self, plan: ReleasePlan, round_id: bytes, *, policy: Limits) -> Entry:
        """Charges a release in mode secure for a report in one of its rounds (id of 16 bytes), and returns the entry.

        A round that is charged already is not charged again.

        Raises
        ------
        BudgetExceeded
            When the year's or the lifetime's limit would be passed; nothing is charged.
        AlreadyReleased
            When another round of the release is charged and not refunded, was of another plan, or was the last allowed.
        """
        with self.transaction():
            entries = self.entries()
            charged = round_charge(entries, round_id)
            if charged is not None:
                return charged
            entries = self._with_limits(entries, policy)
            return self._append(entries, self._round_charge(entries, plan, round_id, policy))

    def _round_charge(self, entries: tuple[Entry, ...], plan: ReleasePlan, round_id: bytes, policy: Limits) -> Entry:
        draft = self._draft(entries, EntryKind.RESERVED, plan.collection_id, plan.release_id, plan.plan_hash)
        charge = self._priced(entries, replace(draft, round_id=round_id), plan.rho_units, policy)
        fault = round_charge_fault(entries, charge)
        if fault is not None:
            raise AlreadyReleased(
                f"A charge for release {plan.release_id} of {plan.collection_id} {fault}.",
                "Nothing more is charged or sent for it. Tell the coordinator's operator.",
            )
        return charge

    def refund_round(self, round_id: bytes, certificate: bytes) -> Entry | None:
        """Gives back what was charged for a round, by its abort certificate (serialised); None where nothing was.

        A round that is refunded already is not refunded again. Raises AlreadyReleased for another certificate, and
        where a commit certificate of the round is held.
        """
        with self.transaction():
            entries = self.entries()
            charge, refunded = round_charge(entries, round_id), round_refund(entries, round_id)
            if charge is None or refunded is not None:
                return refunded
            if not self._is_aborted(round_id, certificate):
                raise AlreadyReleased(
                    f"Release {charge.release_id} of {charge.collection_id} is not refunded: its round was not "
                    "aborted, or not only.",
                    "The charge stands. Tell the coordinator's operator.",
                )
            draft = self._draft(entries, EntryKind.REFUNDED, *charge.release, charge.plan_hash)
            refund = replace(
                draft,
                round_id=round_id,
                rho_units=charge.rho_units,
                budget_year=charge.budget_year,
                digest=certificate_digest(certificate),
            )
            return self._append(entries, refund, certificate)

    def _is_aborted(self, round_id: bytes, certificate: bytes) -> bool:
        """Whether the certificate is one of the round's abort, and no commit certificate of it is held."""
        committed = "SELECT 1 FROM round_paper WHERE round_id = ? AND kind = 'commit certificate'"
        return is_abort_certificate(certificate, round_id) and not self.rows(committed, round_id)

    def store(self, collection_id: str, release_id: str, plan_hash: bytes, envelope: bytes) -> Entry:
        """Stores the signed bytes of a charged release. They are the only ones: storing others is refused.

        Raises AlreadyReleased when other bytes are stored, or the release was not charged for this plan.
        """
        with self.transaction():
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
        with self.transaction():
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
        """The summaries that are stored and not acknowledged, in the order of storing; no refused one among them.

        None from before a repair either: the coordinator has those bytes or would refuse them, and another copy of the
        ledger may have sent others.
        """
        entries = self.entries()
        return tuple(
            StoredSummary(*entry.release, self.envelope(*entry.release))
            for entry in entries
            if entry.kind is EntryKind.STORED
            and repaired_since(entries, entry.at) is None
            and find(entries, EntryKind.ACKNOWLEDGED, entry.release) is None
            and standing_decision(entries, entry.release, entry.plan_hash or b"", self._owner) != "refused"
        )

    def envelope(self, collection_id: str, release_id: str) -> bytes:
        """The stored bytes of a release. Raises LedgerDamaged when they are not there or not what was stored."""
        rows = self.rows(
            "SELECT envelope, digest FROM entry WHERE kind = 'stored' AND collection_id = ? AND release_id = ?",
            collection_id,
            release_id,
        )
        if len(rows) != 1 or sha256(rows[0][0]).digest() != rows[0][1]:
            raise damaged(f"the summary of {release_id} of {collection_id} is not the one that was stored.")
        return bytes(rows[0][0])
