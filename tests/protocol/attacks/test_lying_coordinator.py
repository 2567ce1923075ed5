"""Section C of the secure aggregation reference, the rows about what a coordinator says.

If one failed, a coordinator that contradicts itself would get a report, a vote or a share from an honest council that
it must not get.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from node.rounds import checks
from protos.round.v1 import round_pb2 as pb
from protos.sa1 import statements
from protos.sa1.floors import honest_shares, meets_release_floor, meets_roster_floor
from protos.sa1.refusal import Refused
from protos.sa1.sealing import ShareDoesNotOpen, a_share_info, b_share_info, open_share, seal_share
from protos.sa1.strict import encode
from protos.sa1.transcript import Signature
from tests.coordinator.rounds.federation import small_plan
from tests.protocol.councils import pins_of
from tests.protocol.epochs import (
    made_up_epoch,
    made_up_record,
    signed_epoch,
)
from tests.protocol.hostile import Adversary, Played


def listed_twice(world: Adversary, statement: pb.Signed) -> pb.Signed:
    """A statement in which the first survivor is listed a second time, signed again."""
    message = pb.Statement.FromString(statement.payload)
    hashes = message.cells[0].header_hash
    hashes.insert(0, hashes[0])
    return world.say(Signature.STATEMENT, message)


def test_c03_a_statement_that_lists_one_twice_or_out_of_order_gets_no_vote() -> None:
    world = Adversary(10)
    played = world.joined()
    manifest = world.manifest(played)
    world.reported(played, manifest)
    work = world.statement(played, manifest)
    twice = pb.StatementWork(statement=listed_twice(world, work.statement), headers=[work.headers[0], *work.headers])
    message = pb.Statement.FromString(work.statement.payload)
    hashes = list(message.cells[0].header_hash)
    message.cells[0].header_hash[:] = hashes[::-1]
    backwards = pb.StatementWork(statement=world.say(Signature.STATEMENT, message), headers=work.headers[::-1])
    world.state(played, manifest, twice)
    world.state(played, manifest, backwards)
    assert not played.committed()


def test_c03_a_member_opens_one_kind_of_share_of_each_council_whatever_it_is_told() -> None:
    world = Adversary(10, corrupt=3, dropped=3)
    played = world.joined()
    manifest = world.manifest(played)
    world.reported(played, manifest)
    everybody = world.statement(played, manifest)
    fewer = world.statement(played, manifest, [*world.honest[1:], *world.corrupt])
    for work in (everybody, fewer, everybody):
        world.state(played, manifest, work)
        roster, statement = world.roster(played, manifest), world.parsed(work)
        world.tell(world.honest, world.certificate_work(played, world.certified(played, roster, statement)))
    kinds: dict[tuple[str, int], set[int]] = defaultdict(set)
    for council in world.councils.values():
        for reveal in council.said.get((played.announce.round_id, pb.MESSAGE_KIND_REVEAL), ()):
            for entry in pb.Reveal.FromString(pb.Signed.FromString(reveal).payload).entries:
                kinds[council.node_id, entry.roster_index].add(entry.kind)
    assert kinds
    assert all(len(each) == 1 for each in kinds.values())


@pytest.mark.parametrize("change", [{"min_cell": 2}, {"min_pct": 66}, {"max_dropped": 5}, {"max_colluding": 1}])
def test_c04_floors_below_the_councils_own_or_other_tolerances_than_the_plans_are_refused(
    change: dict[str, Any],
) -> None:
    world = Adversary(10)
    assert not world.joined(None, **change).joins


@pytest.mark.parametrize("off", [-1, 1])
def test_c04_another_threshold_than_the_rules_is_refused_though_the_authority_signed_it(off: int) -> None:
    made = made_up_epoch(10)
    message = pb.Epoch.FromString(made.signed.payload)
    message.epoch_no, message.prev_epoch_hash, message.t = 2, made.epoch.hash, message.t + off
    pins = pins_of(made, sorted(made.nodes)[0])
    with pytest.raises(Refused, match="threshold"):
        pins.adopt(signed_epoch(made.authority_key, message))


def test_c05_a_key_put_in_the_place_of_a_councils_gets_no_report() -> None:
    world = Adversary(10, corrupt=1)
    played = world.joined()
    victim = played.joins[world.honest[0]].join
    join = pb.Join.FromString(victim.payload)
    join.mask_pk = pb.Join.FromString(played.joins[world.corrupt[0]].join.payload).mask_pk[:-1] + b"\x07"
    forged = pb.Signed(payload=encode(join), sig=victim.sig, signer=victim.signer)
    others = [played.joins[node_id].join for node_id in world.ids if node_id != victim.signer]
    world.reported(played, world.manifest(played, [forged, *others]))
    assert not set(played.reports) & set(world.honest)
    assert played.aborted() == world.honest


def two_statements(world: Adversary) -> tuple[Played, pb.Signed, list[pb.StatementWork]]:
    """A round with two statements that each would be right alone."""
    played = world.joined()
    manifest = world.manifest(played)
    world.gives_receipts = False
    world.reported(played, manifest)
    return played, manifest, [world.statement(played, manifest), world.statement(played, manifest, world.ids[1:])]


@pytest.mark.parametrize("first", range(8))
def test_c07_two_statements_are_never_both_certified_however_votes_are_split(first: int) -> None:
    world = Adversary(10, corrupt=3)
    played, manifest, works = two_statements(world)
    world.state(played, manifest, works[0], world.honest[:first])
    world.state(played, manifest, works[1])
    roster = world.roster(played, manifest)
    certified = []
    for work in works:
        certificate = world.certified(played, roster, world.parsed(work))
        if len(certificate.verdicts) >= world.epoch.threshold:
            certified.append(certificate)
        world.tell(world.honest, world.certificate_work(played, certificate))
    assert len(certified) <= 1
    assert bool(played.reveals) is bool(certified)


def test_c09_a_council_that_is_asked_something_else_than_it_approved_does_not_join() -> None:
    world = Adversary(10)
    assert not world.joined(query_hash=bytes(32)).joins


def test_c09_councils_that_were_shown_different_announcements_are_in_no_sum_together() -> None:
    world = Adversary(10)
    played = world.joined(world.honest[1:])
    shifted = world.announced(round_id=played.announce.round_id, t_reveal=world.now + 500)
    world.tell(world.honest[0], pb.Work(announce=shifted.signed))
    assert set(shifted.joins) == {world.honest[0]}
    joins = [each.join for each in (*played.joins.values(), *shifted.joins.values())]
    for one in (played, shifted):
        world.reported(one, world.manifest(one, joins))
    assert not played.reports
    assert not shifted.reports


def next_epoch(change: Callable[[pb.Epoch], object]) -> None:
    """Offers the pins of a council an epoch after its own, with a change. Raises Refused."""
    made = made_up_epoch(10)
    message = pb.Epoch.FromString(made.signed.payload)
    message.epoch_no, message.prev_epoch_hash = 2, made.epoch.hash
    change(message)
    pins = pins_of(made, sorted(made.nodes)[0])
    pins.adopt(signed_epoch(made.authority_key, message))


def test_c10_an_unknown_council_a_code_twice_and_three_new_keys_are_refused() -> None:
    next_epoch(lambda message: message)
    with pytest.raises(Refused, match="not a council"):
        next_epoch(lambda message: message.records.append(made_up_record("made up", "X99999999")))
    with pytest.raises(Refused, match="there twice"):
        next_epoch(lambda message: message.records.insert(1, message.records[0]))

    def replace_keys(message: pb.Epoch) -> None:
        ids = [pb.EnrolmentRecord.FromString(record.payload).node_id for record in message.records]
        for place in (7, 8, 9):
            message.records[place].CopyFrom(made_up_record("made up", ids[place], 2, idk="another"))

    with pytest.raises(Refused, match="more signing keys changed"):
        next_epoch(replace_keys)


def test_c10_a_roster_with_a_stranger_gets_no_report() -> None:
    world = Adversary(10)
    played = world.joined()
    stranger = made_up_epoch(11, seed="elsewhere")
    node_id = sorted(stranger.nodes)[-1]
    join = pb.Join.FromString(played.joins[world.honest[0]].join.payload)
    join.node_id = node_id
    forged = stranger.nodes[node_id].signed(Signature.JOIN, encode(join))
    world.reported(played, world.manifest(played, [*(each.join for each in played.joins.values()), forged]))
    assert not played.reports


def test_c11_groups_that_overlap_are_refused_and_released_sums_are_over_disjoint_councils() -> None:
    def overlap(message: pb.Epoch) -> None:
        ids = list(message.partition_table[0].cells[0].node_ids)
        cells = [pb.Group(cell_id="X12000000", node_ids=ids[:6]), pb.Group(cell_id="X12000001", node_ids=ids[5:])]
        message.partition_table[0].CopyFrom(pb.Partition(partition_id="england", cells=cells))

    with pytest.raises(Refused, match="overlap"):
        next_epoch(overlap)
    ids = sorted(made_up_epoch(12).nodes)
    world = Adversary(12, partitions={"england": {"X12000000": ids[:6], "X12000001": ids[6:]}})
    played = world.joined()
    manifest = world.manifest(played)
    world.reported(played, manifest)
    work = world.statement(played, manifest)
    message = pb.Statement.FromString(work.statement.payload)
    moved = message.cells[0].header_hash.pop()
    message.cells[1].header_hash.insert(0, moved)
    world.state(
        played, manifest, pb.StatementWork(statement=world.say(Signature.STATEMENT, message), headers=work.headers)
    )
    assert not played.committed()


@pytest.mark.parametrize("change", [{"t_reveal": 10**10}, {"min_cell": 4}, {}])
def test_c19_a_round_is_not_started_again_under_its_id(change: dict[str, int]) -> None:
    world = Adversary(10)
    played = world.joined()
    before = dict(played.joins)
    world.now += 1
    again = world.announced(round_id=played.announce.round_id, **change)
    world.tell(world.honest, pb.Work(announce=again.signed))
    assert not again.joins
    for node_id, council in world.councils.items():
        assert len(council.said[played.announce.round_id, pb.MESSAGE_KIND_JOIN]) == 1
        assert played.joins[node_id] == before[node_id]


def test_c23_a_self_mask_share_of_a_report_that_is_not_certified_does_not_open() -> None:
    world = Adversary(10)
    played = world.joined()
    manifest = world.manifest(played)
    world.reported(played, manifest)
    work, member = world.statement(played, manifest), world.honest[1]
    served = world.served(played, manifest, work, member)
    roster, owner = world.roster(played, manifest), world.honest[0]
    place = world.epoch.committee.index(member)
    info = b_share_info(roster.hash, owner, member, place + 1, b"another nonce".ljust(32))
    served.b_share_ct[roster.place(owner)] = seal_share(5, world.epoch.members[member].ek, info)
    world.state(played, manifest, work, world.honest[2:])
    world.tell(member, pb.Work(manifest=manifest), pb.Work(statement=served))
    statement = world.parsed(work)
    world.tell(member, world.certificate_work(played, world.certified(played, roster, statement)))
    entries = pb.Reveal.FromString(played.reveals[member].payload).entries
    assert [entry.roster_index for entry in entries] == list(range(1, 10))


def short_statement(world: Adversary) -> tuple[Played, pb.Signed, pb.StatementWork]:
    """A statement in which one more is missing than may be. Nobody got a receipt."""
    world.gives_receipts = False
    played = world.joined()
    manifest = world.manifest(played)
    world.reported(played, manifest)
    return played, manifest, world.statement(played, manifest, world.ids[3:])


def reveal_short_statement(world: Adversary) -> Played:
    """The statement of too few survivors, and what it is worth."""
    played, manifest, work = short_statement(world)
    world.state(played, manifest, work, world.honest[3:])
    roster, statement = world.roster(played, manifest), world.parsed(work)
    world.tell(world.honest[3:], world.certificate_work(played, world.certified(played, roster, statement)))
    return played


def test_c25_a_statement_with_one_missing_too_many_gets_no_vote_and_no_share() -> None:
    played = reveal_short_statement(Adversary(10, dropped=2))
    assert not played.committed()
    assert not played.reveals


def test_c25_positive_control_without_the_release_floors_the_sum_of_too_few_is_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(statements, "meets_release_floor", lambda *_: True)
    monkeypatch.setattr(checks, "meets_release_floor", lambda *_: True)
    assert len(reveal_short_statement(Adversary(10, dropped=2)).reveals) == 7


def test_c25_members_of_other_groups_refuse_it_too() -> None:
    ids = sorted(made_up_epoch(14).nodes)
    plan = small_plan(dropped=2, largest=7)
    world = Adversary(14, plan=plan, partitions={"england": {"X12000000": ids[:7], "X12000001": ids[7:]}})
    played, manifest, work = short_statement(world)
    world.state(played, manifest, work)
    assert not played.committed()


def test_c25_honest_survivors_are_never_fewer_than_the_noise_was_computed_for() -> None:
    announce = Adversary(10).announced().announce
    for roster in range(3, 40):
        for dropped in range(roster):
            for colluding in range(roster - dropped):
                terms = dataclasses.replace(announce, max_dropped=dropped, max_colluding=colluding, min_cell=1)
                if not meets_roster_floor(terms, roster, roster):
                    continue
                fewest = next(n for n in range(roster + 1) if meets_release_floor(terms, roster, n))
                assert fewest - colluding >= honest_shares(terms, roster)


def test_c26_a_roster_squeezed_round_one_council_gets_neither_report_nor_vote() -> None:
    world = Adversary(12, corrupt=3)
    world.gives_receipts = False
    played = world.joined()
    few = [played.joins[node_id].join for node_id in [*world.honest[:5], *world.corrupt]]
    manifest = world.manifest(played, few)
    world.reported(played, manifest)
    assert set(played.reports) == set(world.corrupt)
    world.state(played, manifest, world.statement(played, manifest))
    assert not played.committed()


def test_c34_a_share_of_another_join_of_the_same_council_does_not_open() -> None:
    world = Adversary(10)
    world.tells_starts = False
    victim, member = world.councils[world.honest[0]], world.honest[1]
    backup = victim.backup()
    played = world.joined()
    first = played.joins[victim.node_id]
    victim.restore(backup)
    victim.start()
    world.tell(victim.node_id, pb.Work(announce=played.signed))
    second = played.joins[victim.node_id]
    assert first != second
    keys = [pb.Join.FromString(each.join.payload).mask_pk for each in (first, second)]
    place = world.epoch.committee.index(member)
    names = played.announce.hash, victim.node_id, member, place + 1
    share_key = world.made.share_keys[member]
    open_share(first.a_share_ct[place], share_key, a_share_info(*names, keys[0]))
    with pytest.raises(ShareDoesNotOpen):
        open_share(first.a_share_ct[place], share_key, a_share_info(*names, keys[1]))
