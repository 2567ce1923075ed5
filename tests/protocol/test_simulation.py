"""If these failed, some order of losses, crashes, restores and lies would give a wrong sum, two decisions, or an
opening that nobody certified.

A few seeds of each; `python -m tests.protocol.simulation` and `python -m tests.protocol.schedules` run thousands.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from coordinator.rounds.records import Phase
from node.rounds.machine import RoundMachine
from node.rounds.standing import progress
from node.rounds.store import RoundRecord
from protos.round.v1 import round_pb2 as pb
from tests.protocol.schedules import Schedule
from tests.protocol.simulation import Simulation, faults_of, simulate


@pytest.mark.parametrize("seed", range(6))
def test_faults_and_corrupt_councils_end_in_an_exact_sum_or_a_clean_abort(seed: int) -> None:
    outcome = simulate(seed, 10)
    assert not outcome.faults, outcome


def test_a_run_is_the_same_each_time() -> None:
    one, other = (simulate(3, 10) for _ in range(2))
    assert (one.phases, one.messages, one.crashes) == (other.phases, other.messages, other.crashes)


def test_positive_control_a_council_counted_twice_is_noticed() -> None:
    simulation = Simulation(2, 10)
    assert simulation.run().phases[-1] is Phase.PUBLISHED
    (survivor, *_) = simulation.desk.result(simulation.rounds[-1]).cells[0].survivors  # type: ignore[union-attr]
    council = simulation.processes[survivor].council
    council.vector = [2 * entry for entry in council.vector]
    assert "a sum that is not that of its survivors" in list(faults_of(simulation))


def test_positive_control_a_restored_node_that_does_not_notice_says_two_things(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RoundMachine, "_notice_copies", lambda _machine, _response: None)
    assert any("said two things" in fault for fault in simulate(64, 10).faults)


def test_positive_control_a_node_without_receipts_that_asks_for_nothing_is_never_refunded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def by_receipts(record: RoundRecord) -> pb.RoundProgress:
        return progress(replace(record, papers=frozenset()))

    assert not simulate(5470, 12).faults
    monkeypatch.setattr("node.rounds.machine.progress", by_receipts)
    assert any("is charged" in fault for fault in simulate(5470, 12).faults)


@pytest.mark.parametrize("seed", range(12))
def test_a_hostile_coordinator_gets_one_decision_and_no_early_opening(seed: int) -> None:
    assert not Schedule(seed, 10).run().faults


def test_positive_control_one_double_voter_too_many_gives_two_decisions() -> None:
    assert "two decisions of one round could be certified" in Schedule(22, 10, beyond=1).run().faults
