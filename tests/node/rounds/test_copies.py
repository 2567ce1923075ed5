"""A node that was restored from an older copy, or runs twice, falls silent. If this failed, one council could say two
things in a round, and vote twice.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from node.rounds.standing import RoundState
from protos.round.v1 import round_pb2 as pb
from tests.node.rounds.council import Council, Town
from tests.node.rounds.honest_desk import DeskRound


def start_of(council: Council) -> tuple[int, bytes]:
    """The start that its polls name."""
    start = council.machine.poll().start
    return start.instance_generation, start.start_id


def saved(council: Council, to: Path) -> Callable[[], None]:
    """Copies the state folder; what is returned puts the copy back and starts from it."""
    council.open_files.close()
    shutil.copytree(council.folder, to)
    council.start()
    council.hears()

    def restore() -> None:
        council.open_files.close()
        shutil.rmtree(council.folder)
        shutil.copytree(to, council.folder)
        council.start()

    return restore


def states(council: Council) -> list[RoundState]:
    return [standing.state for standing in council.machine.standings()]


@pytest.mark.parametrize("starts", range(1, 6))
def test_a_restored_store_falls_silent_however_often_it_was_started(town: Town, tmp_path: Path, starts: int) -> None:
    """A bare counter of starts would catch up with what the coordinator saw."""
    council = town.first
    of = town.joined()
    restore = saved(council, tmp_path / "copy")
    seen = start_of(council)
    town.reported(of)
    restore()
    for _ in range(starts):
        council.start()
    council.hears(pb.Work(manifest=town.desk.manifest(of)), previous=seen)
    assert council.measured == [4] and council.machine.outgoing() == ()
    assert states(council) == [RoundState.BURNED] and "restored" in council.alarms[-1]
    town.committed(of, by=[council.node_id])
    assert council.node_id not in of.verdicts


def test_nothing_leaves_before_the_first_answer(town: Town) -> None:
    of = town.desk.announce()
    town.first.hears(pb.Work(announce=of.announced))
    assert len(town.first.machine.outgoing()) == 1
    town.first.start()
    assert town.first.machine.outgoing() == ()
    town.first.machine.poll()
    assert town.first.machine.outgoing() == ()
    town.first.hears()
    assert len(town.first.machine.outgoing()) == 1


def test_an_own_earlier_start_is_no_copy(town: Town) -> None:
    of = town.joined()
    seen = start_of(town.first)
    town.first.start()
    town.first.hears(previous=seen)
    assert town.first.alarms == []
    town.reported(of)
    assert town.ids[0] in of.reports


def test_no_round_from_before_is_entered_afterwards_not_even_to_vote(town: Town) -> None:
    """The restored store never knew this round."""
    council = town.first
    of = town.reported(town.joined(by=town.ids[1:]))
    council.hears(previous=(7, b"another node's..."[:16]))
    town.committed(of)
    assert council.node_id not in of.verdicts
    assert any("before this node was found to be restored" in alarm for alarm in council.alarms)
    town.clock.now += 301
    later = town.joined(2)
    assert council.node_id in later.joins


def test_a_copy_is_noticed_once(town: Town) -> None:
    """The coordinator names it again at each poll of this start."""
    foreign = (7, bytes(16))
    town.first.hears(previous=foreign)
    town.clock.now += 301
    of = town.joined()
    town.first.hears(previous=foreign)
    assert states(town.first) == [RoundState.JOINED] and len(town.first.alarms) == 1
    assert town.ids[0] in of.joins


def test_two_reports_of_a_hidden_restore_have_nothing_in_common(town: Town, tmp_path: Path) -> None:
    """A coordinator that hides the other start gets a second report, with a self-mask of its own and other shares."""
    council = town.first
    of = town.joined()
    restore = saved(council, tmp_path / "copy")
    town.reported(of)
    first = of.reports[council.node_id]
    restore()
    town.reported(of, by=[council.node_id])
    second = of.reports[council.node_id]
    headers = [pb.ReportHeader.FromString(report[0].payload) for report in (first, second)]
    assert headers[0].nonce != headers[1].nonce and headers[0].b_commit != headers[1].b_commit
    assert first[1] != second[1] and not set(first[2]) & set(second[2])


def foreign_join(town: Town, of: DeskRound, tmp_path: Path) -> None:
    """Another copy of the council's node joins a round."""
    copy = Council(town.ids[0], town.desk.made, town.desk.plan, town.clock, tmp_path / "clone", town.first.values)
    copy.drawn = 1000
    copy.hears(pb.Work(announce=of.announced))
    copy.sends(town.desk)
    copy.open_files.close()


def test_a_join_of_this_node_that_it_never_made_silences_it_and_is_charged(town: Town, tmp_path: Path) -> None:
    of = town.joined()
    foreign_join(town, of, tmp_path)
    town.reported(of)
    assert states(town.first) == [RoundState.BURNED] and town.first.measured == []
    assert town.first.spent() == town.first.plan.rho_units and town.first.ledger.verify() == ()
    assert "a Join of this node that it does not hold" in town.first.alarms[-1]


def test_a_report_of_this_node_that_it_never_made_silences_it_and_is_charged(town: Town, tmp_path: Path) -> None:
    """The copy reported; this store knows only the Join, which both hold."""
    council = town.first
    of = town.joined()
    restore = saved(council, tmp_path / "copy")
    town.reported(of)
    restore()
    town.committed(of)
    assert states(council) == [RoundState.BURNED]
    assert "a report of this node that it does not hold" in council.alarms[-1]
    assert council.node_id not in of.verdicts and council.spent() == council.plan.rho_units
    assert council.ledger.verify() == ()


def test_a_silent_node_still_gets_its_refund(town: Town) -> None:
    council = town.first
    of = town.reported(town.joined())
    council.hears(previous=(7, bytes(16)))
    (open_round,) = council.machine.poll().open_rounds
    assert open_round.progress == pb.ROUND_PROGRESS_REPORTED
    council.hears(town.desk.certificate_work(of, town.desk.abort_certificate(of)))
    assert states(council) == [RoundState.ABORTED] and council.spent() == 0


def test_starts_are_remembered_before_they_are_shown(town: Town) -> None:
    shown = {start_of(town.first)}
    for _ in range(3):
        town.first.hears()
        town.first.start()
        shown.add(start_of(town.first))
    kept = set(town.first.ledger.rows("SELECT generation, start_id FROM round_start"))
    assert shown <= kept and len(shown) == 4
