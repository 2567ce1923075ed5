"""If these failed, a round would end with a sum that is not the sum, with none, or never; or a council would be charged
for a release that another round gives away again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coordinator.errors import RoundNotPossible, UnknownRound
from coordinator.rounds.announcing import Floors
from coordinator.rounds.records import Failure, Phase
from coordinator.rounds.windows import SKEW, Windows
from protos.round.v1 import round_pb2 as pb
from protos.sa1.statements import read_certificate
from tests.coordinator.rounds.federation import (
    START,
    WINDOWS,
    Crash,
    Federation,
    certifying,
    finish,
    ready_to_report,
    revealing,
    small_plan,
)
from tests.coordinator.rounds.honest_node import HonestNode


@pytest.mark.parametrize("councils", [5, 12, 20])
def test_the_sum_is_exact_and_names_its_survivors(councils: int) -> None:
    world = Federation(councils)
    finish(certifying(world, world.ids[2:]))
    (cell,) = world.opened().cells
    assert (cell.survivors, cell.dropped) == (tuple(world.ids[2:]), tuple(world.ids[:2]))
    assert cell.values == world.exact(world.ids[2:])
    assert all(node.result == world.opened().result for node in world.nodes.values())


def test_a_round_goes_on_as_soon_as_nobody_is_waited_for_and_not_before_it_opens() -> None:
    world = Federation()
    world.announce(Windows(join=100, report=100, ahead=50))
    for seconds, phase in ((0, Phase.DRAFT), (49, Phase.DRAFT), (50, Phase.JOINING)):
        world.at(seconds)
        world.step([])
        assert world.phase() is phase
    world.step()
    assert world.phase() is Phase.REPORTING
    world.step()
    assert world.phase() is Phase.CERTIFYING
    world.step()
    assert world.phase() is Phase.REVEALING
    world.step()
    assert world.phase() is Phase.PUBLISHED


def test_a_window_ends_by_the_clock_alone() -> None:
    world = Federation()
    world.announce()
    world.desk.advance()
    world.step(world.ids[:10])
    world.at(99)
    assert world.phase() is Phase.JOINING
    world.at(100)
    assert world.phase() is Phase.REPORTING
    world.step(world.ids[:9])
    world.at(199)
    assert world.phase() is Phase.REPORTING
    world.at(200)
    assert world.phase() is Phase.CERTIFYING


def test_any_two_thirds_plus_one_of_the_committee_finish_a_round() -> None:
    world = Federation()
    threshold = world.made.epoch.threshold
    certifying(world)
    world.step(world.ids[: threshold - 1])
    assert (world.phase(), world.standing.needed) == (Phase.CERTIFYING, 1)
    world.step(world.ids[-1:])
    assert world.phase() is Phase.REVEALING
    world.step(world.ids[: threshold - 1])
    assert (world.phase(), world.standing.needed) == (Phase.REVEALING, 1)
    world.step(world.ids[-1:])
    assert world.phase() is Phase.PUBLISHED


def test_a_member_that_did_not_join_votes_and_reveals() -> None:
    world = Federation(12, plan=small_plan(dropped=1))
    ready_to_report(world, world.ids[3:])
    world.step(world.ids[3:])
    world.at(200)
    finish(world, world.ids[:9])
    assert world.phase() is Phase.PUBLISHED
    assert world.nodes[world.ids[0]].received == [
        *("announce", "manifest", "statement"),
        *("certificate", "result"),
    ]


def test_a_certified_round_waits_for_reveals_however_late() -> None:
    world = revealing(Federation())
    world.at(10_000_000)
    assert world.phase() is Phase.REVEALING
    finish(world)
    assert world.phase() is Phase.PUBLISHED


# What falls short: refunded, or withheld.

WEST, EAST = "E12000001", "E12000002"


def regional(**settings: object) -> Federation:
    """Two groups of six."""
    ids = Federation(12).ids
    partitions = {"regions": {WEST: ids[:6], EAST: ids[6:]}}
    plan = small_plan("regional", groups="regions", dropped=1, largest=6)
    return Federation(12, partitions=partitions, plan=plan, **settings)  # type: ignore[arg-type]


def test_a_group_whose_roster_is_too_small_aborts_the_round() -> None:
    world = regional()
    ready_to_report(world, world.ids[3:])
    assert world.phase() is Phase.ABORTING


def test_a_group_that_loses_too_many_reports_aborts_the_round() -> None:
    world = certifying(regional(), Federation(12).ids[2:])
    assert world.phase() is Phase.ABORTING
    world.step()
    assert world.phase() is Phase.ABORTED
    world.step()
    node = world.nodes[world.ids[5]]
    assert node.certificate is not None
    assert not read_certificate(node.certificate, node.known_announce, world.made.epoch).commits


def test_a_group_can_be_withheld_and_the_rest_released() -> None:
    world = regional(withholds=True)
    finish(certifying(world, world.ids[2:]))
    opened = world.opened()
    assert opened.withheld == (WEST,)
    (cell,) = opened.cells
    assert (cell.cell_id, cell.values) == (EAST, world.exact(world.ids[6:]))
    assert list(world.desk.transcript(world.round_id).sums) == [EAST]


def test_nobody_waits_for_the_reports_of_a_group_that_is_already_withheld() -> None:
    world = regional(withholds=True)
    ready_to_report(world, world.ids[3:])
    assert world.phase() is Phase.REPORTING
    world.step(world.ids[6:])
    assert world.phase() is Phase.CERTIFYING


def test_a_round_without_any_group_left_is_aborted_whatever_was_asked() -> None:
    world = regional(withholds=True)
    certifying(world, [*world.ids[2:6], *world.ids[8:]])
    assert world.phase() is Phase.ABORTING


def test_a_group_that_can_never_be_large_enough_stops_no_other() -> None:
    ids = Federation(12).ids
    world = Federation(
        12,
        partitions={"regions": {WEST: ids[:4], EAST: ids[4:]}},
        plan=small_plan("regional", groups="regions", dropped=1, largest=8),
        floors=Floors(min_cell=6),
    )
    ready_to_report(world, world.ids)
    world.step(world.ids[4:])
    finish(world)
    assert world.opened().withheld == (WEST,)


# Aborting, and when it is too late for it.


def test_while_few_have_the_statement_a_round_turns_to_aborting_at_t_commit() -> None:
    world = certifying(Federation())
    most = len(world.ids) - world.made.epoch.threshold
    world.step(world.ids[:most])
    world.at(299)
    assert world.phase() is Phase.CERTIFYING
    world.at(300)
    assert world.phase() is Phase.ABORTING
    world.step(world.ids[most:])
    assert world.phase() is Phase.ABORTED


def test_once_more_have_it_only_a_commit_can_end_the_round() -> None:
    world = certifying(Federation())
    most = len(world.ids) - world.made.epoch.threshold
    world.step(world.ids[: most + 1])
    world.desk = world.new_desk()
    world.at(350)
    assert world.phase() is Phase.CERTIFYING
    with pytest.raises(RoundNotPossible):
        world.desk.abort(world.round_id)
    world.step()
    assert world.phase() is Phase.REVEALING


def test_a_round_that_is_aborting_serves_no_statement_and_ends_in_nothing_else() -> None:
    world = certifying(Federation())
    world.desk.abort(world.round_id)
    world.desk.abort(world.round_id)
    world.at(10_000)
    finish(world)
    assert world.phase() is Phase.ABORTED
    assert not any("statement" in node.received for node in world.nodes.values())
    world.at(20_000)
    finish(world)
    assert world.phase() is Phase.ABORTED


def test_a_commit_that_was_on_its_way_changes_nothing_in_an_aborting_round() -> None:
    world = certifying(Federation())
    most = len(world.ids) - world.made.epoch.threshold
    world.step(world.ids[:most])
    world.desk.abort(world.round_id)
    finish(world, world.ids[: most + world.made.epoch.threshold - 1])
    assert world.phase() is Phase.ABORTING
    finish(world)
    assert world.phase() is Phase.ABORTED


def test_aborts_that_nobody_asked_for_end_a_round_too() -> None:
    world = ready_to_report(Federation())
    for node in list(world.nodes.values())[: world.made.epoch.threshold]:
        node.vote(pb.Verdict(abort=pb.Abort()))
        node.send_all(world.desk)
    world.desk.advance()
    assert world.phase() is Phase.ABORTED


def test_without_a_certificate_a_round_fails_and_is_never_repeated() -> None:
    world = certifying(Federation())
    world.step(world.ids[:5])
    world.at(400 + SKEW - 1)
    assert world.phase() is Phase.CERTIFYING
    world.at(400 + SKEW)
    assert (world.phase(), world.standing.failure) == (Phase.FAILED, Failure.NO_CERTIFICATE)
    with pytest.raises(RoundNotPossible):
        world.announce()


def test_a_round_that_cannot_go_on_stops_no_other() -> None:
    world = Federation(councils=6)
    first = world.announce()
    world.plan = small_plan("another_release")
    world.announce()
    started = iter([True])
    world.crashes = lambda name, after: name == "open joining" and not after and next(started, False)
    with pytest.raises(Crash):
        world.desk.advance()
    assert (world.desk.standing(first).phase, world.phase()) == (Phase.DRAFT, Phase.JOINING)
    world.desk.advance()
    assert world.desk.standing(first).phase is Phase.JOINING


# Which rounds may be announced.


def test_a_release_has_three_rounds_at_most_each_after_an_aborted_one() -> None:
    world = Federation()
    for _ in range(3):
        world.announce()
        with pytest.raises(RoundNotPossible):
            world.announce()
        world.nodes = {name: HonestNode(node.keys, node.epoch, node.vector) for name, node in world.nodes.items()}
        world.desk.abort(world.round_id)
        finish(world)
        assert world.phase() is Phase.ABORTED
    with pytest.raises(RoundNotPossible):
        world.announce()
    world.plan = small_plan("another_release")
    world.announce()


def test_a_published_release_has_no_other_round() -> None:
    world = revealing(Federation())
    finish(world)
    assert world.phase() is Phase.PUBLISHED
    with pytest.raises(RoundNotPossible):
        world.announce()


def test_a_round_id_is_never_used_twice() -> None:
    world = Federation()
    world.announce()
    world.plan, world.drawn = small_plan("another_release"), world.drawn - 1
    with pytest.raises(RoundNotPossible):
        world.announce()


@pytest.mark.parametrize("floors", [Floors(min_cell=12), Floors(min_pct=101), Floors(min_cell=0)])
def test_floors_that_no_group_can_meet_are_refused_before_anybody_is_asked(floors: Floors) -> None:
    world = Federation(floors=floors)
    with pytest.raises(RoundNotPossible):
        world.announce()


def test_a_group_larger_than_its_noise_was_planned_for_is_not_asked() -> None:
    world = Federation(12, plan=small_plan(largest=11))
    with pytest.raises(RoundNotPossible):
        world.announce()


def test_a_release_in_mode_council_has_no_round() -> None:
    world = Federation()
    world.plan = replace(world.plan, secure=None, mode="council")
    with pytest.raises(RoundNotPossible):
        world.announce()


def test_what_is_announced_is_the_plan() -> None:
    world = Federation()
    world.announce()
    world.at(0)
    world.nodes[world.ids[0]].step(world.desk)
    announce, plan = world.nodes[world.ids[0]].known_announce, world.plan
    assert plan.secure is not None
    assert (announce.query_hash, announce.dp_spec_hash) == (plan.plan_hash, plan.noise_hash)
    assert (announce.length, announce.entry_bound) == (plan.length, plan.secure.entry_bound)
    assert (announce.max_dropped, announce.max_colluding) == (plan.secure.max_dropped, plan.secure.max_colluding)
    assert (announce.t_join, announce.t_report) == (START + 100, START + 200)


def test_windows_leave_a_moment_for_each_part() -> None:
    assert WINDOWS.times(0).t_reveal == 400
    with pytest.raises(ValueError):
        Windows(join=0, report=1)


def test_nothing_is_known_of_a_round_that_was_not_announced() -> None:
    world = Federation()
    for ask in (world.desk.standing, world.desk.result, world.desk.abort, world.desk.transcript):
        with pytest.raises(UnknownRound):
            ask(bytes(16))
