"""If these failed, a restored backup or a cloned machine could spend the same budget twice, or answer the same release
with a second sample; or a council that lost its ledger could never answer again.

The worst that a lost copy can have done is done here, and compared with what the repaired one then may.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from node import ledger as ledger_module
from node.errors import (
    AlreadyReleased,
    ApproverRefused,
    BudgetExceeded,
    CoordinatorRefused,
    LedgerDamaged,
    LedgerRolledBack,
    UsageProblem,
)
from node.ledger import Ledger
from node.ledger_entries import EntryKind, LedgerHead
from node.ledger_repair import Repair
from node.policy import Limits
from protos.signing import public_bytes
from tests.node.small_release import (
    CALDICOTT,
    NOW,
    PLAN,
    STRANGER,
    WITH_APPROVER,
    Clock,
    collection_of,
    door_of,
    open_ledger,
    plan_of,
    policy_of,
    prepare,
    request_of,
)

BY = "A. Caldicott (invented)"
AGREED = Limits(100, 1000)


def answer(ledger: Ledger, name: str, units: int = 10, policy: Limits = AGREED) -> LedgerHead:
    """Charges and stores a release; gives the head that the coordinator remembers."""
    ledger.reserve("2025-test", name, bytes(32), units, policy=policy)
    ledger.store("2025-test", name, bytes(32), name.encode())
    return ledger.known_heads()[-1]


def remembers(ledger: Ledger, head: LedgerHead) -> bool:
    try:
        ledger.check_remembered(head.sequence, head.hash)
    except LedgerRolledBack:
        return False
    return True


def copied(folder: Path) -> Callable[[], None]:
    """Takes a backup of a closed ledger; gives what puts it back."""
    path = folder / "ledger.db"
    content = path.read_bytes()

    def put_back() -> None:
        for name in ("ledger.db-wal", "ledger.db-shm"):
            path.with_name(name).unlink(missing_ok=True)
        path.write_bytes(content)

    return put_back


def test_a_restored_backup_goes_on_after_it_has_paid_for_what_it_does_not_know(tmp_path: Path) -> None:
    clock = Clock()
    with open_ledger(tmp_path, clock) as ledger:
        answer(ledger, "a", 10)
    put_back = copied(tmp_path)
    with open_ledger(tmp_path, clock) as ledger:
        remembered = answer(ledger, "b", 90)
    put_back()
    clock.now += timedelta(days=1)
    with open_ledger(tmp_path, clock) as ledger:
        assert not remembers(ledger, remembered)
        entry = ledger.repair(remembered, AGREED, None, BY)
        assert (entry.rho_units, entry.earlier_rho_units, entry.decided_by) == (90, 0, BY)
        assert (entry.remembered_sequence, entry.remembered_hash) == (2, remembered.hash)
        assert remembers(ledger, remembered)
        assert ledger.verify() == ()
        with pytest.raises(BudgetExceeded):
            answer(ledger, "c", 1)
        clock.now += timedelta(days=365)
        later = answer(ledger, "d", 100)
        assert later.sequence > remembered.sequence
        assert ledger.verify() == ()


def test_nothing_is_planned_or_recorded_where_nothing_is_to_repair(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        for remembered in (None, answer(ledger, "a")):
            with pytest.raises(UsageProblem, match="nothing to repair"):
                ledger.repair(remembered, AGREED, None, BY)
        assert EntryKind.REPAIRED not in {entry.kind for entry in ledger.entries()}


@pytest.mark.parametrize("sequence", [2**31, 2**63 - 1, 2**64 - 1])
def test_a_head_that_no_ledger_can_have_reached_is_not_accepted(tmp_path: Path, sequence: int) -> None:
    """Accepted, it would leave no higher number: the council could never be heard again."""
    with open_ledger(tmp_path) as ledger:
        answer(ledger, "a")
        before = ledger.entries()
        with pytest.raises(CoordinatorRefused):
            ledger.repair(LedgerHead(sequence, bytes(32)), AGREED, None, BY)
        assert ledger.entries() == before


def test_a_plan_writes_nothing_and_a_second_repair_is_none(tmp_path: Path) -> None:
    lost = LedgerHead(9, b"\x01" * 32)
    with open_ledger(tmp_path) as ledger:
        answer(ledger, "a")
        before = ledger.entries()
        planned = ledger.plan_repair(lost, AGREED, None)
        assert ledger.entries() == before
        entry = ledger.repair(lost, AGREED, None, BY)
        assert (entry.rho_units, entry.budget_year) == (planned.rho_units, planned.budget_year)
        with pytest.raises(UsageProblem, match="nothing to repair"):
            ledger.repair(lost, AGREED, None, BY)


@pytest.mark.parametrize(
    ("last", "now", "charged"),
    [
        (datetime(2026, 5, 1), datetime(2026, 6, 1), (90, 0)),
        (datetime(2026, 5, 1), datetime(2027, 3, 31, 23), (90, 0)),
        (datetime(2026, 5, 1), datetime(2027, 4, 1), (100, 90)),
        (datetime(2026, 5, 1), datetime(2029, 4, 1), (100, 290)),
    ],
)
def test_every_year_since_the_last_summary_is_charged_in_full(
    tmp_path: Path, last: datetime, now: datetime, charged: tuple[int, int]
) -> None:
    clock = Clock(last.replace(tzinfo=NOW.tzinfo))
    with open_ledger(tmp_path, clock) as ledger:
        answer(ledger, "a", 10)
        clock.now = now.replace(tzinfo=NOW.tzinfo)
        ledger.record_decision("2025-test", "b", bytes(32), "approved", BY)
        entry = ledger.repair(LedgerHead(9, bytes(32)), AGREED, None, BY)
        assert (entry.rho_units, entry.earlier_rho_units) == charged
        assert ledger.spent_in_year(clock.now) == sum(charged[:1]) + (10 if charged == (90, 0) else 0) == 100
        assert ledger.spent_for_life() == sum(charged) + 10
        assert ledger.verify() == ()


def test_the_limits_that_a_repair_of_a_new_ledger_reckoned_with_stay_until_they_are_raised(tmp_path: Path) -> None:
    """Otherwise losing the ledger would be a way to a higher limit without anybody's name to it."""
    higher = Limits(150, 1000)
    with open_ledger(tmp_path) as ledger:
        ledger.repair(LedgerHead(4, b"\x01" * 32), AGREED, 1, BY)
        assert ledger.limits_in_force(higher) == AGREED
        with pytest.raises(BudgetExceeded):
            answer(ledger, "a", 1, higher)
        ledger.raise_limits(higher, BY)
        answer(ledger, "a", 50, higher)
        assert ledger.verify() == ()


@pytest.mark.parametrize("years", [1, 3])
def test_a_new_ledger_in_place_of_a_lost_one_needs_to_be_told_for_how_long(tmp_path: Path, years: int) -> None:
    remembered = LedgerHead(4, b"\x01" * 32)
    with open_ledger(tmp_path) as ledger:
        ledger.record_decision("2025-test", "a", bytes(32), "approved", BY)
        for wrong in (None, 0, -1):
            with pytest.raises(UsageProblem, match="--years"):
                ledger.repair(remembered, AGREED, wrong, BY)
        entry = ledger.repair(remembered, AGREED, years, BY)
        assert (entry.rho_units, entry.earlier_rho_units) == (100, 100 * (years - 1))
        assert remembers(ledger, remembered)
        assert ledger.head().sequence == 5
        assert ledger.verify() == ()


def test_a_ledger_that_tells_by_itself_is_not_told(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        answer(ledger, "a")
        with pytest.raises(UsageProblem, match="without --years"):
            ledger.repair(LedgerHead(9, bytes(32)), AGREED, 1, BY)


def test_the_highest_limit_that_can_have_been_in_force_is_reckoned_with(tmp_path: Path) -> None:
    """The lost copy may have recorded the raise that node.toml gives; and a limit lowered since was once in force."""
    with open_ledger(tmp_path) as ledger:
        answer(ledger, "a", 10)
        entry = ledger.repair(LedgerHead(9, bytes(32)), Limits(150, 1000), None, BY)
        assert (entry.rho_units, entry.year_limit_units) == (140, 150)
        entry = ledger.repair(LedgerHead(11, b"\x02" * 32), Limits(50, 1000), None, BY)
        assert (entry.rho_units, entry.year_limit_units) == (0, 100)
        assert ledger.verify() == ()
        ledger.raise_limits(Limits(150, 1000), BY)
        with pytest.raises(BudgetExceeded):
            answer(ledger, "b", 1, Limits(150, 1000))


def test_a_ledger_that_does_not_verify_is_not_repaired_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_ledger(tmp_path) as ledger:
        answer(ledger, "a")
        monkeypatch.setattr(Ledger, "verify", lambda _: ("Entry 1 is not what it was.",))
        with pytest.raises(LedgerDamaged, match="newest copy that verifies"):
            ledger.repair(LedgerHead(9, bytes(32)), AGREED, None, BY)
        monkeypatch.undo()
        assert EntryKind.REPAIRED not in {entry.kind for entry in ledger.entries()}


def test_where_approvers_are_listed_one_of_them_repairs(tmp_path: Path) -> None:
    lost = LedgerHead(9, bytes(32))
    with open_ledger(tmp_path, owner=WITH_APPROVER) as ledger:
        answer(ledger, "a")
        for key in (None, STRANGER):
            with pytest.raises(ApproverRefused):
                ledger.repair(lost, AGREED, None, BY, key)
        with pytest.raises(UsageProblem, match="name"):
            ledger.repair(lost, AGREED, None, " ", CALDICOTT)
        assert ledger.repair(lost, AGREED, None, BY, CALDICOTT).signer == public_bytes(CALDICOTT)


OPEN = collection_of()
LATER_REQUEST = request_of("later")
LATER = collection_of(
    LATER_REQUEST, id="2026-test", opens_at=NOW + timedelta(days=340), closes_at=NOW + timedelta(days=370)
)


def _answered_twice(folder: Path, clock: Clock) -> tuple[bytes, bytes | None]:
    """A release answered, the ledger restored from before and repaired with a generous limit, and asked again.

    Gives the first bytes and what the repaired ledger has for the same release.
    """
    generous = policy_of(rho_per_year=5, rho_for_life=100)
    with open_ledger(folder, clock) as ledger:
        pass
    put_back = copied(folder)
    with open_ledger(folder, clock) as ledger:
        prepare(door_of(ledger, clock=clock))
        (first,) = door_of(ledger).outgoing()
        (remembered,) = ledger.known_heads()
    put_back()
    with open_ledger(folder, clock) as ledger:
        ledger.repair(remembered, policy_of().limits, 1, BY)
        ledger.raise_limits(generous.limits, BY)
        try:
            prepare(
                door_of(ledger, clock=clock, policy=generous), remembered_head=(remembered.sequence, remembered.hash)
            )
        except AlreadyReleased:
            return first.envelope, None
        return first.envelope, ledger.envelope(PLAN.collection_id, PLAN.release_id)


def test_what_the_lost_copy_may_have_answered_is_never_answered_again(tmp_path: Path) -> None:
    assert _answered_twice(tmp_path, Clock())[1] is None


def test_control_without_that_rule_there_are_two_samples_of_one_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ledger, "repaired_since", lambda *_: None)
    first, second = _answered_twice(tmp_path, Clock())
    assert second is not None
    assert first != second


def test_a_charge_whose_summary_was_lost_is_not_drawn_again_after_a_repair(tmp_path: Path) -> None:
    """The backup holds the charge and not the stored bytes, which the coordinator has."""

    def interrupted(*_: object) -> list[int]:
        raise RuntimeError("interrupted")

    with open_ledger(tmp_path) as ledger, pytest.raises(RuntimeError):
        prepare(door_of(ledger, noise=interrupted))
    put_back = copied(tmp_path)
    with open_ledger(tmp_path) as ledger:
        prepare(door_of(ledger))
        (remembered,) = ledger.known_heads()
    put_back()
    with open_ledger(tmp_path) as ledger:
        ledger.repair(remembered, policy_of().limits, 1, BY)
        with pytest.raises(AlreadyReleased, match="the copy of the ledger that was lost"):
            prepare(door_of(ledger))
        assert door_of(ledger).outgoing() == ()


def test_what_was_stored_and_not_acknowledged_before_a_repair_is_not_sent_after_it(tmp_path: Path) -> None:
    """The coordinator has it, or would refuse its head; and a cloned machine may have sent another sample."""
    with open_ledger(tmp_path) as ledger:
        prepare(door_of(ledger))
        assert len(door_of(ledger).outgoing()) == 1
        ledger.repair(LedgerHead(9, bytes(32)), policy_of().limits, None, BY)
        assert door_of(ledger).outgoing() == ()
        with pytest.raises(AlreadyReleased):
            prepare(door_of(ledger))


def test_a_machine_that_is_behind_sends_nothing_that_it_has_stored(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        prepare(door_of(ledger))
        (known,) = ledger.known_heads()
        assert len(door_of(ledger).outgoing((known.sequence, known.hash))) == 1
        assert door_of(ledger).outgoing((known.sequence, bytes(32))) == ()


def test_a_collection_that_opens_later_is_answered_beyond_what_the_coordinator_remembers(tmp_path: Path) -> None:
    clock = Clock()
    remembered = LedgerHead(6, b"\x01" * 32)
    with open_ledger(tmp_path, clock) as ledger:
        ledger.repair(remembered, policy_of().limits, 1, BY)
        clock.now = NOW + timedelta(days=345)
        prepare(
            door_of(ledger, clock=clock),
            plan=plan_of(LATER_REQUEST, "2026-test"),
            collection=LATER,
            remembered_head=(remembered.sequence, remembered.hash),
        )
        assert ledger.known_heads()[-1].sequence == 7


def test_two_machines_from_one_image_cannot_both_go_on(tmp_path: Path) -> None:
    """Whichever the coordinator heard last, the other stops, repairs, and pays; then the first stops."""
    clock = Clock()
    one, two = tmp_path / "one", tmp_path / "two"
    with open_ledger(one, clock) as ledger:
        answer(ledger, "a", 10)
    shutil.copytree(one, two)
    with open_ledger(one, clock) as first:
        heard = answer(first, "b", 10)
    with open_ledger(two, clock) as second:
        for name in ("x", "y", "z"):
            answer(second, name, 10)
        assert not remembers(second, heard)
        second.repair(heard, AGREED, None, BY)
        assert remembers(second, heard)
        clock.now += timedelta(days=365)
        heard = answer(second, "later", 10)
        assert heard.sequence == 5, "beyond both its own number and the one that was remembered"
    with open_ledger(one, clock) as first:
        assert not remembers(first, heard)
        spent_on_both = 10 + 10 + 30 + 10
        with open_ledger(two, clock) as second:
            assert second.spent_for_life() >= spent_on_both


def test_a_copy_from_before_the_repair_is_caught_again(tmp_path: Path) -> None:
    clock = Clock()
    with open_ledger(tmp_path, clock) as ledger:
        answer(ledger, "a")
    put_back = copied(tmp_path)
    lost = LedgerHead(5, b"\x01" * 32)
    with open_ledger(tmp_path, clock) as ledger:
        ledger.repair(lost, AGREED, None, BY)
        clock.now += timedelta(days=365)
        heard = answer(ledger, "b")
        assert heard.sequence == 6
    after = copied(tmp_path)
    put_back()
    with open_ledger(tmp_path, clock) as ledger:
        assert not remembers(ledger, heard)
        assert not remembers(ledger, lost)
    after()
    with open_ledger(tmp_path, clock) as ledger:
        assert remembers(ledger, heard)


def test_control_without_burning_a_restored_backup_spends_the_years_budget_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def free(entries: object, remembered: LedgerHead, policy: Limits, at: datetime, years: object) -> object:
        return Repair(remembered, 2027, 0, 0, policy)

    with open_ledger(tmp_path) as ledger:
        answer(ledger, "a", 10)
    put_back = copied(tmp_path)
    with open_ledger(tmp_path) as ledger:
        remembered = answer(ledger, "b", 90)
    put_back()
    with open_ledger(tmp_path) as ledger:
        monkeypatch.setattr(ledger_module, "plan_repair", free)
        ledger.repair(remembered, AGREED, None, BY)
        answer(ledger, "c", 90)
        assert any("less than the lost ledger may have spent" in fault for fault in ledger.verify())
