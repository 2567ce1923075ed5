"""If this failed, backups that are put back and machines that are cloned could spend a council's budget twice over the
years, or show the coordinator two samples of one release.

Random lives of two machines from one image, restored, lost and repaired at any time, under an honest coordinator that
remembers the last head it took. What it has seen is written down, and no ledger that it lets go on may know of less.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from coordinator import intake, records
from coordinator.refusals import AlreadyAnswered, LedgerNotContinued
from node import ledger as ledger_module
from node.errors import AlreadyReleased, BudgetExceeded, LedgerRolledBack, UsageProblem
from node.ledger import Ledger
from node.ledger_entries import EntryKind, LedgerHead, budget_year, find
from node.ledger_repair import Repair
from node.policy import Limits
from tests.node.small_release import NOW, Clock, door_of, open_ledger

LIMITS = Limits(100, 300)
MACHINES = st.sampled_from(["one", "two"])
RELEASES = st.integers(0, 5)


def opens(release: int) -> datetime:
    return NOW + timedelta(days=100 * (release // 2))


class Copies(RuleBasedStateMachine):
    """Two machines, their backups, and what the coordinator has seen."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = Clock()
        self.backups: dict[str, list[bytes]] = {"one": [], "two": []}
        self.remembered: LedgerHead | None = None
        self.accepted: dict[str, bytes] = {}
        self.seen: dict[str, set[bytes]] = {}
        self.truly_spent: Counter[int] = Counter()
        self.samples = 0

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def _file(self, machine: str) -> Path:
        return self.folder / machine / "ledger.db"

    @rule(days=st.integers(1, 300))
    def time_passes(self, days: int) -> None:
        self.clock.now += timedelta(days=days)

    @rule(machine=MACHINES, release=RELEASES, units=st.integers(1, 60), until=st.sampled_from(["charge", "store", ""]))
    def poll(self, machine: str, release: int, units: int, until: str) -> None:
        """What the door and the agent do in a cycle; the machine may stop in the middle."""
        head = None if self.remembered is None else (self.remembered.sequence, self.remembered.hash)
        with open_ledger(self.folder / machine, self.clock) as ledger:
            with contextlib.suppress(LedgerRolledBack, AlreadyReleased, BudgetExceeded):
                self._answer(ledger, str(release), opens(release), units, until)
            if not until:
                for stored in door_of(ledger).outgoing(head):
                    self._submit(ledger, stored.release_id, stored.envelope)

    def _answer(self, ledger: Ledger, release: str, opened_at: datetime, units: int, until: str) -> None:
        """`ReleaseDoor.prepare` without a plan."""
        if self.remembered is not None:
            ledger.check_remembered(self.remembered.sequence, self.remembered.hash)
        if ledger.acknowledged_at("c", release) or ledger.repaired_since(opened_at) or opened_at > self.clock.now:
            return
        if ledger.is_stored("c", release):
            return
        ledger.reserve("c", release, bytes(32), units, policy=LIMITS)
        if until != "charge":
            self.samples += 1
            ledger.store("c", release, bytes(32), b"sample %d" % self.samples)

    def _submit(self, ledger: Ledger, release: str, sample: bytes) -> None:
        self.seen.setdefault(release, set()).add(sample)
        entries = ledger.entries()
        stored = [entry.release for entry in entries if entry.kind is EntryKind.STORED]
        heads = [head for head in ledger.known_heads() if head not in self._repairs(ledger)]
        head = heads[stored.index(("c", release))]
        if self.accepted.get(release) != sample:
            ours, theirs = (
                None if known is None else records.LedgerHead(known.sequence, known.hash)
                for known in (head, self.remembered)
            )
            assert ours is not None
            try:
                intake.check_unanswered(self.accepted.get(release))
                intake.check_ledger(ours, theirs)
            except (LedgerNotContinued, AlreadyAnswered):
                return
            charge = find(entries, EntryKind.RESERVED, ("c", release))
            assert charge is not None
            assert charge.budget_year is not None
            self.accepted[release], self.remembered = sample, head
            self.truly_spent[charge.budget_year] += charge.rho_units or 0
        ledger.acknowledge("c", release, bytes(32))

    def _repairs(self, ledger: Ledger) -> set[LedgerHead]:
        return {
            LedgerHead(entry.remembered_sequence or 0, entry.remembered_hash or b"")
            for entry in ledger.entries()
            if entry.kind is EntryKind.REPAIRED
        }

    @rule(machine=MACHINES)
    def back_up(self, machine: str) -> None:
        with open_ledger(self.folder / machine, self.clock):
            pass
        self.backups[machine].append(self._file(machine).read_bytes())

    @rule(machine=MACHINES, which=st.integers(0, 9))
    def put_a_backup_back(self, machine: str, which: int) -> None:
        kept = self.backups[machine]
        if kept:
            self._file(machine).write_bytes(kept[which % len(kept)])

    @rule()
    def clone(self) -> None:
        if self._file("one").exists():
            self._file("two").parent.mkdir(exist_ok=True)
            self._file("two").write_bytes(self._file("one").read_bytes())

    @rule(machine=MACHINES)
    def lose(self, machine: str) -> None:
        self._file(machine).unlink(missing_ok=True)

    @rule(machine=MACHINES)
    def decide_something(self, machine: str) -> None:
        with open_ledger(self.folder / machine, self.clock) as ledger:
            ledger.record_decision("c", "9", bytes(32), "refused", "A. Caldicott (invented)")

    @rule(machine=MACHINES)
    def repair(self, machine: str) -> None:
        years = budget_year(self.clock.now) - budget_year(NOW) + 1
        with open_ledger(self.folder / machine, self.clock) as ledger:
            for told in (None, years):
                try:
                    ledger.repair(self.remembered, LIMITS, told, "A. Caldicott (invented)")
                    break
                except UsageProblem:
                    continue

    @invariant()
    def nobody_has_seen_two_samples_or_more_than_was_paid(self) -> None:
        assert all(len(samples) == 1 for samples in self.seen.values())
        assert max(self.truly_spent.values(), default=0) <= LIMITS.year_units
        assert self.truly_spent.total() <= LIMITS.life_units
        for machine in ("one", "two"):
            with open_ledger(self.folder / machine, self.clock) as ledger:
                assert ledger.verify() == ()
                if self.remembered is None or self.remembered in ledger.known_heads():
                    assert ledger.spent_for_life() >= self.truly_spent.total()
                    for year, units in self.truly_spent.items():
                        in_year = sum(e.rho_units or 0 for e in ledger.entries() if e.budget_year == year)
                        left_blank = sum(e.earlier_rho_units or 0 for e in ledger.entries())
                        assert in_year + left_blank >= units


TestCopies = Copies.TestCase
TestCopies.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)


def _free_of_charge(_entries: object, remembered: LedgerHead, policy: Limits, at: datetime, _years: object) -> Repair:
    return Repair(remembered, budget_year(at), 0, 0, policy)


def _spend_then_restore(copies: Copies) -> None:
    copies.back_up("one")
    copies.poll("one", 0, 60, "")
    copies.put_a_backup_back("one", 0)


def _spend_again(copies: Copies) -> None:
    """The coordinator refuses the first head, which is not beyond the one it remembers, and would take the second."""
    _spend_then_restore(copies)
    copies.poll("one", 1, 10, "")
    copies.time_passes(120)
    copies.poll("one", 2, 60, "")


def _repair_and_spend_again(copies: Copies) -> None:
    _spend_then_restore(copies)
    copies.repair("one")
    copies.time_passes(120)
    copies.poll("one", 2, 60, "")


def _repair_and_answer_again_next_year(copies: Copies) -> None:
    _spend_then_restore(copies)
    copies.repair("one")
    copies.time_passes(365)
    copies.poll("one", 0, 60, "")


CONTROLS: dict[str, tuple[str, object, Callable[[Copies], None]]] = {
    "no head is compared": ("check_remembered", lambda *_: None, _spend_again),
    "a repair costs nothing": ("plan_repair", _free_of_charge, _repair_and_spend_again),
    "what was open is answered again": ("repaired_since", lambda *_: None, _repair_and_answer_again_next_year),
}


@pytest.mark.parametrize(("rule_name", "nothing", "life"), CONTROLS.values(), ids=CONTROLS.keys())
def test_control_each_rule_keeps_the_promise_in_a_life_that_breaks_it_without(
    monkeypatch: pytest.MonkeyPatch, rule_name: str, nothing: object, life: Callable[[Copies], None]
) -> None:
    def lived() -> None:
        copies = Copies()
        try:
            life(copies)
            copies.nobody_has_seen_two_samples_or_more_than_was_paid()
        finally:
            copies.teardown()

    lived()
    monkeypatch.setattr(Ledger, "verify", lambda _: ())
    monkeypatch.setattr(ledger_module, rule_name, nothing, raising=False)
    if rule_name != "plan_repair":
        monkeypatch.setattr(Ledger, rule_name, nothing)
    with pytest.raises(AssertionError):
        lived()
