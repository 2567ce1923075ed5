"""If these failed, figures could leave without being asked for, approved, paid for or noised, or leave in two forms.

Central checks come with a control: the check is taken out, and what it prevents then happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frameworks.collection import Collection
from frameworks.plan import ReleasePlan
from node import ledger as ledger_module
from node import release
from node.errors import (
    AlreadyReleased,
    ApprovalAwaited,
    ApprovalRefused,
    BudgetExceeded,
    CoordinatorRefused,
    LedgerDamaged,
    LedgerRolledBack,
    NodeError,
    PlanRefused,
    PolicyRefused,
    ReturnsNotReady,
    StorageFailed,
)
from node.ledger import Ledger
from node.ledger_entries import EntryKind, LedgerHead
from node.noise import add_noise
from node.policy import Limits
from node.release import ReleaseDoor
from protos.envelope.v1.envelope_pb2 import SignedEnvelope
from protos.signing import Label, open_envelope, public_bytes
from tests.node.small_release import (
    COLLECTION,
    COLLECTION_ID,
    DECLARED,
    EXACT,
    FRAMEWORK,
    NOW,
    PLAN,
    SIGNING_KEY,
    Clock,
    collection_of,
    door_of,
    open_ledger,
    plan_of,
    policy_of,
    prepare,
    request_of,
    summary_of,
)


class Returns:
    """Returns that tell whether they were opened."""

    def __init__(self, vector: Sequence[Any] = EXACT) -> None:
        self.vector = vector
        self.opened = 0

    def __call__(self) -> Sequence[int]:
        self.opened += 1
        return self.vector


def decide(ledger: Ledger, decision: Any, plan: ReleasePlan = PLAN) -> None:
    ledger.record_decision(plan.collection_id, plan.release_id, plan.plan_hash, decision, "A. Caldicott (invented)")


def sent_bytes(door: ReleaseDoor) -> bytes:
    (stored,) = door.outgoing()
    return stored.envelope


def test_what_is_sent_is_the_noised_vector_signed_with_the_head_at_its_charge(tmp_path: Path) -> None:
    drawn: list[list[int]] = []

    def noise(plan: ReleasePlan, exact: Sequence[int]) -> list[int]:
        drawn.append(add_noise(plan, exact))
        return drawn[-1]

    with open_ledger(tmp_path) as ledger:
        door = door_of(ledger, noise=noise)
        prepare(door)
        envelope = SignedEnvelope.FromString(sent_bytes(door))
        charge = next(entry for entry in ledger.entries() if entry.kind is EntryKind.RESERVED)
    open_envelope(envelope, Label.SUMMARY, public_bytes(SIGNING_KEY))
    summary = summary_of(envelope.SerializeToString())
    assert [list(summary.values)] == drawn
    assert (summary.council_code, summary.collection_id, summary.release_id) == ("301", COLLECTION_ID, "headlines")
    assert (summary.plan_hash, summary.framework_digest.hex()) == (PLAN.plan_hash, FRAMEWORK.digest)
    assert (summary.ledger_head.sequence, summary.ledger_head.hash) == (1, charge.hash)
    assert list(summary.declared_files) == sorted(DECLARED)
    assert charge.rho_units == PLAN.rho_units


def _outside(folder: Path, *, busy: bool) -> tuple[bytes, int]:
    """A summary without its noised values and its keyed hash, and its size; after a busy life or a quiet one."""
    with open_ledger(folder) as ledger:
        if busy:
            for name in ("one", "two", "three"):
                ledger.record_decision(COLLECTION_ID, name, PLAN.plan_hash, "refused", "A. Caldicott (invented)")
            ledger.reserve("earlier", "a", PLAN.plan_hash, 1, policy=Limits(1, 1))
            ledger.raise_limits(policy_of().limits, "A. Caldicott (invented)")
        prepare(door_of(ledger))
        envelope = sent_bytes(door_of(ledger))
    summary = summary_of(envelope)
    del summary.values[:]
    summary.ledger_head.hash = bytes(32)
    return summary.SerializeToString(deterministic=True), len(envelope)


def test_refusals_other_decisions_and_limits_show_nothing_outside(tmp_path: Path) -> None:
    assert _outside(tmp_path / "busy", busy=True) == _outside(tmp_path / "quiet", busy=False)


def test_control_a_head_that_counted_entries_would_show_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "next_head", lambda entries: LedgerHead(len(entries), entries[-1].hash))
    assert _outside(tmp_path / "busy", busy=True) != _outside(tmp_path / "quiet", busy=False)


def test_the_exact_vector_is_nowhere_in_the_state_folder(tmp_path: Path) -> None:
    exact = [7_123_456_789_012 + index for index in range(PLAN.length)]
    with open_ledger(tmp_path) as ledger:
        prepare(door_of(ledger, noise=lambda plan, _: [0] * plan.length), exact_vector=lambda: exact)
        files = [path.read_bytes() for path in tmp_path.rglob("*")]
    assert len(files) >= 2
    for entry in exact:
        for form in (str(entry).encode(), entry.to_bytes(8, "little"), entry.to_bytes(8, "big")):
            assert not any(form in content for content in files)


def test_a_release_is_measured_drawn_charged_and_stored_once(tmp_path: Path) -> None:
    returns = Returns()
    with open_ledger(tmp_path) as ledger:
        prepare(door_of(ledger), exact_vector=returns)
        first = sent_bytes(door_of(ledger))
        prepare(door_of(ledger), exact_vector=returns)
    with open_ledger(tmp_path) as ledger:
        prepare(door_of(ledger), exact_vector=returns)
        assert sent_bytes(door_of(ledger)) == first
        assert ledger.spent_for_life() == PLAN.rho_units
    assert returns.opened == 1


def test_control_if_the_ledger_forgot_what_is_stored_a_second_sample_would_be_drawn_and_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_ledger(tmp_path) as ledger:
        prepare(door_of(ledger))
        first = sent_bytes(door_of(ledger))
        monkeypatch.setattr(Ledger, "is_stored", lambda *_: False)
        with pytest.raises(AlreadyReleased):
            prepare(door_of(ledger))
        assert sent_bytes(door_of(ledger)) == first


def test_a_person_decides_before_anything_is_opened(tmp_path: Path) -> None:
    returns = Returns()
    with open_ledger(tmp_path) as ledger:
        door = door_of(ledger, policy=policy_of(approval="named"))
        with pytest.raises(ApprovalAwaited):
            prepare(door, exact_vector=returns)
        decide(ledger, "refused")
        with pytest.raises(ApprovalRefused):
            prepare(door, exact_vector=returns)
        assert (returns.opened, ledger.spent_for_life(), door.outgoing()) == (0, 0, ())
        decide(ledger, "approved")
        prepare(door, exact_vector=returns)
        assert (returns.opened, len(door.outgoing())) == (1, 1)


def test_an_approval_is_for_one_plan(tmp_path: Path) -> None:
    other = request_of(breakdowns=("sex", "age_band"))
    with open_ledger(tmp_path) as ledger:
        decide(ledger, "approved", plan_of(other))
        with pytest.raises(ApprovalAwaited):
            prepare(door_of(ledger, policy=policy_of(approval="named")))


def test_where_approval_is_automatic_a_refusal_still_holds(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        decide(ledger, "refused")
        with pytest.raises(ApprovalRefused):
            prepare(door_of(ledger))


@pytest.mark.parametrize(
    ("minutes", "is_open"), [(-1, False), (0, True), (59, True), (60, False)], ids=["before", "first", "last", "after"]
)
def test_a_collection_is_answered_from_its_opening_until_its_closing(
    tmp_path: Path, minutes: int, is_open: bool
) -> None:
    collection = collection_of(opens_at=NOW, closes_at=NOW + timedelta(hours=1))
    clock = Clock(NOW + timedelta(minutes=minutes))
    returns = Returns()
    with open_ledger(tmp_path, clock) as ledger:
        door = door_of(ledger, clock=clock)
        if is_open:
            prepare(door, collection=collection, exact_vector=returns)
        else:
            with pytest.raises(PlanRefused, match="not now"):
                prepare(door, collection=collection, exact_vector=returns)
        assert (returns.opened == 1) == is_open


SECURE = request_of(mode="secure")
OTHER_INDICATORS = request_of(indicators=("children",))
CHEAPER = request_of(rho_units=PLAN.rho_units - 1)


@pytest.mark.parametrize(
    ("collection", "plan"),
    [
        (COLLECTION, replace(PLAN, collection_id="another")),
        (COLLECTION, replace(PLAN, release_id="another")),
        (COLLECTION, replace(PLAN, reference_year=2024)),
        (COLLECTION, replace(PLAN, framework_digest="11" * 32)),
        (COLLECTION, replace(PLAN, framework_version="2")),
        (COLLECTION, replace(PLAN, indicators=PLAN.indicators[:-1])),
        (COLLECTION, replace(PLAN, breakdowns=())),
        (COLLECTION, replace(PLAN, rho_units=0)),
        (COLLECTION, plan_of(SECURE)),
        (collection_of(SECURE), plan_of(SECURE)),
        (collection_of(OTHER_INDICATORS), PLAN),
        (collection_of(CHEAPER), PLAN),
        (COLLECTION, replace(PLAN, blocks=(replace(PLAN.blocks[0], sigma_units=0), *PLAN.blocks[1:]))),
    ],
)
def test_a_plan_that_is_not_what_the_collection_asks_for_is_refused(
    tmp_path: Path, collection: Collection, plan: ReleasePlan
) -> None:
    returns = Returns()
    with open_ledger(tmp_path) as ledger:
        with pytest.raises(PlanRefused):
            prepare(door_of(ledger), collection=collection, plan=plan, exact_vector=returns)
        assert (returns.opened, ledger.entries()) == (0, ())


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"frameworks": ("outcomes-2019",)}, PolicyRefused),
        ({"indicators": ("children",)}, PolicyRefused),
        ({"rho_per_release": 0.001}, BudgetExceeded),
        ({"rho_per_year": 0.001}, BudgetExceeded),
        ({"rho_for_life": 0.001}, BudgetExceeded),
    ],
)
def test_what_the_policy_does_not_allow_is_not_opened(
    tmp_path: Path, changes: dict[str, Any], error: type[NodeError]
) -> None:
    returns = Returns()
    with open_ledger(tmp_path) as ledger:
        with pytest.raises(error):
            prepare(door_of(ledger, policy=policy_of(**changes)), exact_vector=returns)
        assert (returns.opened, ledger.entries()) == (0, ())


def _releases_within_a_year(folder: Path) -> int:
    """Asks for ever new releases until one is refused, at most 20."""
    with open_ledger(folder) as ledger:
        for number in range(20):
            request = request_of(f"release_{number}")
            try:
                prepare(door_of(ledger), plan=plan_of(request), collection=collection_of(request))
            except (BudgetExceeded, LedgerDamaged):
                return number
    return 20


def test_the_years_budget_ends_the_releases(tmp_path: Path) -> None:
    assert _releases_within_a_year(tmp_path) == policy_of().rho_per_year_units // PLAN.rho_units == 7


@pytest.mark.parametrize(("replayed", "released"), [(True, 8), (False, 20)])
def test_control_without_the_check_of_the_budget_they_do_not_end_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replayed: bool, released: int
) -> None:
    """Replaying the ledger, as the door does each time, notices one too many; without that too, nothing ends them."""
    for module in (release, ledger_module):
        monkeypatch.setattr(module, "check_budget", lambda *_, **__: None)
    if not replayed:
        monkeypatch.setattr(Ledger, "verify", lambda _: ())
    assert _releases_within_a_year(tmp_path) == released


def test_a_release_that_is_too_dear_does_not_stop_a_cheaper_one(tmp_path: Path) -> None:
    dear, cheap = request_of("dear"), request_of("cheap", rho_units=PLAN.rho_units // 4)
    collection = collection_of(dear, cheap)
    policy = policy_of(rho_per_year=PLAN.rho_units * 1.5 / 10**12)
    with open_ledger(tmp_path) as ledger:
        prepare(door_of(ledger, policy=policy))
        before = ledger.entries()
        with pytest.raises(BudgetExceeded):
            prepare(door_of(ledger, policy=policy), plan=plan_of(dear), collection=collection)
        assert ledger.entries() == before
        prepare(door_of(ledger, policy=policy), plan=plan_of(cheap), collection=collection)
        assert len(door_of(ledger).outgoing()) == 2


def test_the_ledger_checks_the_budget_even_where_the_door_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release, "check_budget", lambda *_, **__: None)
    assert _releases_within_a_year(tmp_path) == 7


@pytest.mark.parametrize(
    "vector",
    [EXACT[:-1], [*EXACT, 0], [], [*EXACT[:-1], 0.5], [*EXACT[:-1], None], [*EXACT[:-1], "1"]],
    ids=["short", "long", "empty", "a fraction", "nothing", "text"],
)
def test_a_vector_that_cannot_be_released_costs_nothing(tmp_path: Path, vector: Sequence[Any]) -> None:
    with open_ledger(tmp_path) as ledger:
        with pytest.raises(ReturnsNotReady):
            prepare(door_of(ledger), exact_vector=lambda: vector)
        assert ledger.entries() == ()


def test_returns_that_are_not_ready_cost_nothing(tmp_path: Path) -> None:
    def fails() -> Sequence[int]:
        raise ReturnsNotReady("A declared file is not there.", "Put it there.")

    with open_ledger(tmp_path) as ledger:
        with pytest.raises(ReturnsNotReady, match="declared file"):
            prepare(door_of(ledger), exact_vector=fails)
        assert ledger.entries() == ()
        prepare(door_of(ledger))


def test_an_engines_error_text_goes_no_further(tmp_path: Path) -> None:
    def fails() -> Sequence[int]:
        raise ValueError("could not cast 'SW1A 1AA, born 2011-02-03'")

    with open_ledger(tmp_path) as ledger, pytest.raises(ReturnsNotReady) as caught:
        prepare(door_of(ledger), exact_vector=fails)
    error: BaseException | None = caught.value
    while error is not None:
        assert "SW1A" not in f"{error} {error.args}"
        error = error.__cause__ or error.__context__


def test_noise_that_fails_after_the_charge_is_drawn_again_under_the_same_charge(tmp_path: Path) -> None:
    def fails(plan: ReleasePlan, exact: Sequence[int]) -> list[int]:
        raise StorageFailed("The disk is full.", "Free some space.")

    with open_ledger(tmp_path) as ledger:
        with pytest.raises(StorageFailed):
            prepare(door_of(ledger, noise=fails))
        assert (ledger.spent_for_life(), door_of(ledger).outgoing()) == (PLAN.rho_units, ())
        spent_whole = policy_of(rho_per_year=PLAN.rho_units / 10**12, rho_for_life=PLAN.rho_units / 10**12)
        prepare(door_of(ledger, policy=spent_whole))
        assert (ledger.spent_for_life(), len(door_of(ledger).outgoing())) == (PLAN.rho_units, 1)


def test_heads_go_forward_even_where_a_charge_is_finished_after_a_later_one(tmp_path: Path) -> None:
    """The coordinator refuses a head behind the one it remembers; a release resumed late must still be taken."""
    late, prompt = request_of(id="late"), request_of(id="prompt")
    collection = collection_of(late, prompt)
    with open_ledger(tmp_path) as ledger:
        with pytest.raises(RuntimeError):
            prepare(door_of(ledger, noise=_interrupted), plan=plan_of(late), collection=collection)
        prepare(door_of(ledger), plan=plan_of(prompt), collection=collection)
        first = summary_of(sent_bytes(door_of(ledger))).ledger_head
        remembered = (first.sequence, first.hash)
        prepare(door_of(ledger), plan=plan_of(late), collection=collection, remembered_head=remembered)
        heads = [summary_of(stored.envelope).ledger_head.sequence for stored in door_of(ledger).outgoing()]
    assert len(heads) == 2
    assert heads == sorted(heads)


def test_an_older_ledger_is_noticed_before_anything_is_opened(tmp_path: Path) -> None:
    returns = Returns()
    with open_ledger(tmp_path) as ledger:
        with pytest.raises(LedgerRolledBack):
            prepare(door_of(ledger), remembered_head=(1, bytes(32)), exact_vector=returns)
        assert (returns.opened, ledger.entries()) == (0, ())
        prepare(door_of(ledger), exact_vector=returns)
        sent = summary_of(sent_bytes(door_of(ledger))).ledger_head
        prepare(door_of(ledger), remembered_head=(sent.sequence, sent.hash), exact_vector=returns)


def test_a_sent_release_whose_stored_bytes_were_lost_with_a_restored_copy_is_not_drawn_again(tmp_path: Path) -> None:
    """The copy holds the charge and not the stored bytes: drawing again would show the coordinator two samples."""
    path = tmp_path / "ledger.db"
    with open_ledger(tmp_path) as ledger, pytest.raises(RuntimeError):
        prepare(door_of(ledger, noise=_interrupted))
    copy = path.read_bytes()
    with open_ledger(tmp_path) as ledger:
        prepare(door_of(ledger))
        sent = summary_of(sent_bytes(door_of(ledger))).ledger_head
    path.write_bytes(copy)
    returns = Returns()
    with open_ledger(tmp_path) as ledger:
        with pytest.raises(LedgerRolledBack):
            prepare(door_of(ledger), remembered_head=(sent.sequence, sent.hash), exact_vector=returns)
        assert returns.opened == 0


def _interrupted(plan: ReleasePlan, exact: Sequence[int]) -> list[int]:
    raise RuntimeError("interrupted")


def test_an_acknowledgement_of_other_bytes_is_refused_and_the_same_are_sent_again(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        door = door_of(ledger)
        prepare(door)
        first = sent_bytes(door)
        with pytest.raises(CoordinatorRefused):
            door.acknowledged(COLLECTION_ID, "headlines", sha256(b"other").digest())
        assert sent_bytes(door) == first
        door.acknowledged(COLLECTION_ID, "headlines", sha256(SignedEnvelope.FromString(first).payload).digest())
        assert door.is_acknowledged(COLLECTION_ID, "headlines")
        assert door.outgoing() == ()


@settings(max_examples=40, deadline=None)
@given(
    vectors=st.lists(
        st.lists(st.integers(-(2**63), 2**63 - 1), min_size=PLAN.length, max_size=PLAN.length), min_size=2, max_size=2
    )
)
def test_the_size_of_a_summary_follows_from_the_plan_alone(
    tmp_path_factory: pytest.TempPathFactory, vectors: list[list[int]]
) -> None:
    sizes = set()
    for vector in vectors:
        with open_ledger(tmp_path_factory.mktemp("council")) as ledger:
            door = door_of(ledger, noise=lambda _, exact: list(exact))
            prepare(door, exact_vector=lambda vector=vector: vector)  # type: ignore[misc]
            sizes.add(len(sent_bytes(door)))
    assert len(sizes) == 1
