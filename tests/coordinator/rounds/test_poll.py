"""If these failed, a node would not learn what it must do, a restored node would not be found out, or a round could be
aborted although enough members hold the statement to commit to it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from coordinator.refusals import Malformed, MessageNotAccepted
from coordinator.rounds.records import Phase
from protos.round.v1 import round_pb2 as pb
from protos.sa1.statements import read_statement
from tests.coordinator.rounds.federation import (
    Crash,
    Federation,
    certifying,
    finish,
    ready_to_report,
    revealing,
    small_plan,
)
from tests.protocol.epochs import made_up_epoch


def poll(
    world: Federation, node_id: str, generation: int, name: int = 1, *, epoch: int = 1
) -> tuple[int, bytes] | None:
    """Which start a poll with this start is answered with."""
    start = pb.InstanceStart(instance_generation=generation, start_id=bytes([name] * 16))
    response = world.desk.poll(node_id, pb.PollRequest(node_id=node_id, start=start, epoch_no=epoch))
    if not response.HasField("previous_start"):
        return None
    return response.previous_start.instance_generation, bytes(response.previous_start.start_id)[:1]


def test_a_start_is_answered_with_the_one_before_however_often_the_answer_is_lost() -> None:
    world = Federation()
    node_id = world.ids[0]
    assert [poll(world, node_id, 1), poll(world, node_id, 1)] == [None, None]
    assert [poll(world, node_id, 2, 2), poll(world, node_id, 2, 2)] == [(1, b"\x01"), (1, b"\x01")]
    world.desk = world.new_desk()
    assert poll(world, node_id, 3, 3) == (2, b"\x02")
    assert poll(world, world.ids[1], 1) is None


def test_a_restored_node_hears_of_a_start_that_its_store_does_not_hold() -> None:
    world = Federation()
    node_id = world.ids[0]
    for generation in (1, 2, 3):
        poll(world, node_id, generation, generation)
    restored_from_the_first_day_and_started_thrice = poll(world, node_id, 4, 9)
    assert restored_from_the_first_day_and_started_thrice == (3, b"\x03")


def test_two_copies_of_a_node_hear_of_each_other() -> None:
    world = Federation()
    node_id = world.ids[0]
    poll(world, node_id, 1, 1)
    assert poll(world, node_id, 2, 2) == (1, b"\x01")
    assert poll(world, node_id, 2, 3) == (2, b"\x02")
    assert poll(world, node_id, 2, 2) == (2, b"\x03")


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (lambda request: setattr(request, "node_id", "E99999999"), MessageNotAccepted),
        (lambda request: setattr(request.start, "start_id", b"short"), Malformed),
        (lambda request: setattr(request.start, "instance_generation", 0), Malformed),
        (lambda request: request.open_rounds.extend([pb.OpenRound()] * 101), Malformed),
    ],
)
def test_a_poll_says_whose_it_is_and_of_which_start(
    change: Callable[[pb.PollRequest], object], refusal: type[Exception]
) -> None:
    world = Federation()
    request = world.nodes[world.ids[0]].poll_request()
    change(request)
    with pytest.raises(refusal):
        world.desk.poll(world.ids[0], request)


def test_a_node_that_was_away_gets_every_epoch_since_and_a_new_one_the_newest() -> None:
    world = Federation()
    chain = [world.made]
    for number in (2, 3):
        chain.append(made_up_epoch(12, number=number, previous=chain[-1].epoch.hash))
        world.desk.publish_epoch(chain[-1].signed, world.made.authority_pub)
    node = world.nodes[world.ids[0]]
    for known, expected in ((0, chain[2:]), (1, chain[1:]), (2, chain[2:]), (3, [])):
        request = node.poll_request()
        request.epoch_no = known
        offered = [work.epoch for work in world.desk.poll(node.node_id, request).work if work.HasField("epoch")]
        assert offered == [made.signed for made in expected]


def test_the_newest_epoch_goes_to_whoever_holds_an_older_one() -> None:
    world = Federation()
    request = world.nodes[world.ids[0]].poll_request()
    request.epoch_no = 0
    (work,) = world.desk.poll(world.ids[0], request).work
    assert work.epoch == world.made.signed
    second = made_up_epoch(12, number=2, previous=world.made.epoch.hash)
    world.desk.publish_epoch(second.signed, second.authority_pub)
    (work,) = world.desk.poll(world.ids[0], world.nodes[world.ids[0]].poll_request()).work
    assert work.epoch == second.signed


def test_a_round_ends_in_the_epoch_it_began_in() -> None:
    world = Federation()
    certifying(world)
    second = made_up_epoch(12, number=2, previous=world.made.epoch.hash)
    world.desk.publish_epoch(second.signed, second.authority_pub)
    finish(world)
    assert world.phase() is Phase.PUBLISHED


def test_a_node_is_shown_a_round_when_it_opens_and_not_once_it_has_joined() -> None:
    world = Federation()
    world.announce()
    node = world.nodes[world.ids[0]]
    world.step([node.node_id])
    assert node.received == []
    world.step([node.node_id])
    world.step([node.node_id])
    assert node.received == ["announce"]


def test_a_node_outside_the_epoch_hears_nothing_of_its_rounds() -> None:
    world = Federation()
    world.announce()
    world.desk.advance()
    stranger = pb.PollRequest(node_id="E99999999", epoch_no=1)
    stranger.start.instance_generation, stranger.start.start_id = 1, bytes(16)
    stranger.open_rounds.add(round_id=world.round_id, progress=pb.ROUND_PROGRESS_JOINED)
    stranger.open_rounds.add(round_id=bytes(16), progress=pb.ROUND_PROGRESS_JOINED)
    assert not world.desk.poll("E99999999", stranger).work


def test_a_member_receives_what_the_statement_names_and_its_own_shares() -> None:
    world = certifying(Federation(), Federation().ids[1:])
    for place, node_id in enumerate(world.ids):
        node = world.nodes[node_id]
        node.step(world.desk)
        assert node.work is not None
        statement = read_statement(
            node.work.statement, node.work.headers, node.known_announce, node.known_roster, world.made.epoch
        )
        assert statement.survivors == set(world.ids[1:])
        for index, dealer in enumerate(world.nodes[other] for other in world.ids):
            assert dealer.join is not None
            assert node.work.a_share_ct[index] == dealer.join.a_share_ct[place]
            assert node.work.b_share_ct[index] == (dealer.report.shares[place] if dealer.report else b"")


def test_the_statement_is_recorded_as_served_before_it_leaves() -> None:
    world = certifying(Federation())
    asked = list(world.ids)
    world.crashes = lambda name, after: name == "poll" and after
    for node_id in asked:
        with pytest.raises(Crash):
            world.nodes[node_id].step(world.desk)
    world.crashes = lambda _name, _after: False
    world.desk = world.new_desk()
    assert world.standing.served == tuple(asked)
    world.at(300)
    assert world.phase() is Phase.CERTIFYING


def test_a_member_that_voted_or_revealed_is_not_asked_again() -> None:
    world = certifying(Federation())
    for _ in range(3):
        world.step(world.ids[:2])
    assert [world.nodes[node_id].received.count("statement") for node_id in world.ids[:2]] == [1, 1]
    world.step(world.ids[2:])
    for _ in range(3):
        world.step(world.ids[:2])
    assert [world.nodes[node_id].received.count("certificate") for node_id in world.ids[:2]] == [1, 1]


def test_a_late_member_receives_all_that_it_needs_to_reveal() -> None:
    world = revealing(Federation(committee=9))
    late = world.nodes[world.ids[0]]
    late.verdict = late.statement = late.work = None
    late.received.clear()
    late.step(world.desk)
    assert late.received == ["statement", "certificate"]
    assert late.reveal is not None


def test_many_rounds_run_beside_each_other() -> None:
    world = ready_to_report(Federation(councils=6))
    first = world.round_id
    world.plan = small_plan("another_release")
    second = world.announce()
    world.desk.advance()
    request = world.nodes[world.ids[0]].poll_request()
    kinds = [work.WhichOneof("work") for work in world.desk.poll(world.ids[0], request).work]
    assert kinds == ["manifest", "announce"]
    assert [standing.round_id for standing in world.desk.rounds_of("2025-test/national")] == [first]
    assert [standing.round_id for standing in world.desk.rounds_of("2025-test/another_release")] == [second]
