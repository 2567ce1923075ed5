"""Section C of the secure aggregation reference, the rows about how rounds end, and how often.

If one failed, one release would be revealed twice, a charge given back for figures that somebody knows, or a round
would be stuck between two endings for ever.
"""

from __future__ import annotations

import random

import pytest

from coordinator.errors import RoundNotPossible
from coordinator.rounds.records import Phase
from node.ledger_entries import EntryKind
from node.rounds import checks, sqlite_store
from protos.round.v1 import round_pb2 as pb
from protos.sa1.refusal import Refused
from protos.sa1.sharing import threshold
from tests.protocol.epochs import made_up_epoch
from tests.protocol.federated import Federated
from tests.protocol.hostile import Adversary, Played


def aborted(world: Adversary, played: Played) -> pb.Certificate:
    """The abort certificate of a round, by everybody honest."""
    world.tell(world.honest, world.abort_request(played))
    return world.certificate(played)


def committed(world: Adversary, played: Played, manifest: pb.Signed) -> pb.Certificate:
    """Everybody's COMMITs to the statement of all who reported."""
    work = world.statement(played, manifest)
    world.state(played, manifest, work)
    return world.certified(played, world.roster(played, manifest), world.parsed(work))


def reported(world: Adversary) -> tuple[Played, pb.Signed]:
    """A round in which everybody has reported."""
    played = world.joined()
    manifest = world.manifest(played)
    world.reported(played, manifest)
    return played, manifest


def test_c27_an_abort_certificate_is_worth_nothing_for_another_round() -> None:
    world = Adversary(10)
    only_joined = world.joined()
    first = aborted(world, only_joined)
    world.tell(world.honest, world.certificate_work(only_joined, first))
    played, _ = reported(world)
    assert set(played.reports) == set(world.honest)
    world.tell(world.honest, world.certificate_work(played, first))
    assert all(council.spent() == world.plan.rho_units for council in world.councils.values())
    assert not world.joined().joins


def test_c27_a_certificate_gives_one_refund_however_often_it_is_shown() -> None:
    world = Adversary(10)
    played, _ = reported(world)
    certificate = aborted(world, played)
    for _ in range(3):
        world.tell(world.honest, world.certificate_work(played, certificate))
        world.tell(world.honest, world.certificate_work(played, pb.Certificate(verdicts=certificate.verdicts[:7])))
    for council in world.councils.values():
        assert council.spent() == 0
        assert [entry.kind for entry in council.ledger.entries()].count(EntryKind.REFUNDED) == 1


def test_c27_no_refund_where_a_commit_certificate_is_held() -> None:
    world = Adversary(10, corrupt=4)
    played, manifest = reported(world)
    work = world.statement(played, manifest)
    world.state(played, manifest, work, world.honest[:3])
    world.tell(world.honest[3:], world.abort_request(played))
    roster, statement = world.roster(played, manifest), world.parsed(work)
    both = world.certified(played, roster, statement)
    commits = pb.Certificate(
        verdicts=[each for each in both.verdicts if pb.Verdict.FromString(each.payload).HasField("commit")]
    )
    abort = [world.puppet_vote(played, node_id, None) for node_id in world.corrupt]
    aborts = world.certificate(played, [*abort, *(played.verdicts[node_id] for node_id in played.aborted())])
    assert len(commits.verdicts) == len(aborts.verdicts) == world.epoch.threshold
    world.tell(world.honest, world.certificate_work(played, commits), world.certificate_work(played, aborts))
    assert all(council.spent() == world.plan.rho_units for council in world.councils.values())


def second_round(world: Adversary) -> int:
    """The COMMITs that a second round of a release that was committed to can get."""
    played, manifest = reported(world)
    committed(world, played, manifest)
    assert len(played.committed()) == 10
    again, manifest = reported(world)
    if not again.reports:
        return 0
    committed(world, again, manifest)
    return len(again.committed())


def test_c11_a_release_that_was_committed_to_has_no_second_round() -> None:
    assert second_round(Adversary(10)) == 0


def test_c11_positive_control_without_the_rule_both_rounds_are_certified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "check_reports_aborted", lambda _others: None)
    monkeypatch.setattr(checks, "check_one_released_round", lambda _others: None)
    assert second_round(Adversary(10)) == 0, "the ledger refuses the second charge by itself"
    for method in ("check_payable", "charge"):
        monkeypatch.setattr(sqlite_store.LedgerRounds, method, lambda *_: None)
    assert second_round(Adversary(10)) == 10


def test_c27_a_member_that_did_not_report_commits_to_one_round_of_a_release_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    commits = {}
    for rule_holds in (True, False):
        if not rule_holds:
            monkeypatch.setattr(checks, "check_one_released_round", lambda _others: None)
        world = Adversary(13, corrupt=4)
        onlooker = world.honest[-1]
        world.councils[onlooker].plans = {}
        world.councils[onlooker].start()
        played = world.joined(world.honest[:-1])
        manifest = world.manifest(played)
        world.reported(played, manifest, world.honest[:-1])
        world.tell(onlooker, pb.Work(announce=played.signed))
        world.state(played, manifest, world.statement(played, manifest), [onlooker])
        assert played.committed() == [onlooker]
        again = world.announced()
        for node_id in world.corrupt:
            world.puppet_join(again, node_id)
        world.tell(onlooker, pb.Work(announce=again.signed))
        commits[rule_holds] = commits_of_puppets(world, again, onlooker)
    assert commits == {True: False, False: True}


def commits_of_puppets(world: Adversary, played: Played, member: str) -> bool:
    """Whether a member commits to a round that others joined and reported in."""
    volunteers = world.honest[:-1]
    for node_id in volunteers:
        world.puppet_join(played, node_id)
    manifest = world.manifest(played)
    for node_id in (*world.corrupt, *volunteers):
        world.puppet_report(played, manifest, node_id, [0] * world.plan.length)
    world.state(played, manifest, world.statement(played, manifest), [member])
    return member in played.committed()


def test_c28_nobody_aborts_by_its_own_clock() -> None:
    world = Adversary(10)
    played, _ = reported(world)
    for later in (250, 350, 450, 10**6):
        world.now = played.announce.announced_at + later
        world.tell(world.honest)
    assert not played.verdicts
    assert not world.councils[world.honest[0]].said.get((played.announce.round_id, pb.MESSAGE_KIND_VERDICT))


@pytest.mark.parametrize("served", [3, 4])
def test_c28_once_more_than_l_minus_t_have_the_statement_the_coordinator_cannot_abort(served: int) -> None:
    world = Federated(10)
    world.announce()
    for _ in range(2):
        world.step()
    assert world.phase() is Phase.CERTIFYING
    for node_id in world.ids[:served]:
        world.desk.poll(node_id, world.councils[node_id].machine.poll())
    world.desk = world.new_desk()
    world.at(310)
    if served == 3:
        assert world.phase() is Phase.ABORTING
        return
    assert world.phase() is Phase.CERTIFYING
    with pytest.raises(RoundNotPossible):
        world.desk.abort(world.round_id)
    for _ in range(3):
        world.step()
    assert world.phase() is Phase.PUBLISHED


@pytest.mark.parametrize("seed", range(10))
def test_c28_outages_end_in_exactly_one_certificate(seed: int) -> None:
    rng = random.Random(seed)
    world = Federated(10)
    world.announce()
    for _ in range(2):
        world.step()
    early = rng.sample(world.ids, rng.randint(0, 10))
    world.step(early)
    world.at(300 + rng.randint(-50, 50))
    for _ in range(8):
        world.step(rng.sample(world.ids, 7))
    assert world.phase() in (Phase.PUBLISHED, Phase.ABORTED)
    said = [council.said.get((world.round_id, pb.MESSAGE_KIND_VERDICT), set()) for council in world.councils.values()]
    commits = sum(
        pb.Verdict.FromString(pb.Signed.FromString(each).payload).HasField("commit") for (each,) in filter(None, said)
    )
    aborts = sum(map(len, said)) - commits
    assert (commits >= 7) is not (aborts >= 7)


def test_c29_aborts_for_different_reasons_are_one_certificate() -> None:
    world = Adversary(10)
    played, manifest = reported(world)
    two = world.manifest(played, [played.joins[node_id].join for node_id in world.honest[1:]])
    world.tell(world.honest[:3], pb.Work(manifest=two))
    short = world.statement(played, manifest, world.ids[3:])
    world.state(played, manifest, short, world.honest[3:6])
    world.tell(world.honest[6:8], world.abort_request(played))
    certificate = world.certificate(played)
    assert played.aborted() == world.honest[:8]
    assert world.is_certificate(played, certificate)
    world.tell(world.honest, world.certificate_work(played, certificate))
    assert all(council.spent() == 0 for council in world.councils.values())


def test_c30_a_release_stays_in_the_epoch_in_which_it_was_first_seen() -> None:
    world = Adversary(10)
    reported(world)
    after = made_up_epoch(10, None, number=2, previous=world.epoch.hash)
    world.tell(world.honest, pb.Work(epoch=after.signed))
    assert all(council.pins.current == after.epoch for council in world.councils.values())
    world.epoch = after.epoch
    again = world.joined()
    assert not again.joins
    world.made = after
    for node_id in world.honest:
        world.puppet_join(again, node_id)
    manifest = world.manifest(again)
    for node_id in world.honest:
        world.puppet_report(again, manifest, node_id, [0] * world.plan.length)
    world.state(again, manifest, world.statement(again, manifest))
    assert not again.verdicts


def test_c36_after_a_failure_nothing_is_refunded_and_no_other_round_is_begun() -> None:
    world = Federated(10, corrupt={4: "deals wrong shares only"})
    world.announce()
    for _ in range(4):
        world.step()
    world.at(10_000)
    assert world.phase() is Phase.FAILED
    world.step()
    with pytest.raises(RoundNotPossible):
        world.announce()
    assert all(council.spent() == world.plan.rho_units for council in world.councils.values())


def test_c36_neither_after_a_round_with_no_certificate() -> None:
    world = Adversary(10)
    played, _ = reported(world)
    world.now += 10**5
    world.tell(world.honest)
    few = world.certificate(played, [world.puppet_vote(played, node_id, None) for node_id in world.honest[:6]])
    world.tell(world.honest, world.certificate_work(played, few))
    assert not world.joined().joins
    assert all(council.spent() == world.plan.rho_units for council in world.councils.values())


@pytest.mark.parametrize("split", range(8))
@pytest.mark.parametrize("double_voters", [3, 4])
def test_c40_up_to_the_bound_two_decisions_are_never_certified(double_voters: int, split: int) -> None:
    world = Adversary(10, corrupt=double_voters)
    split = min(split, len(world.honest))
    world.gives_receipts = False
    played, manifest = reported(world)
    work = world.statement(played, manifest)
    world.state(played, manifest, work, world.honest[:split])
    world.tell(world.honest, world.abort_request(played))
    commits = len(played.committed()) + double_voters
    aborts = len(played.aborted()) + double_voters
    needed = world.epoch.threshold
    both = commits >= needed and aborts >= needed
    assert both is (double_voters == 4 and split == 3), "one beyond the bound, and the right split, gives both"


def test_c40_the_bound_is_2t_minus_l_minus_1_for_every_committee() -> None:
    for members in range(3, 1025):
        needed, bound = threshold(members), 2 * threshold(members) - members - 1
        for double_voters, possible in ((bound, False), (bound + 1, True)):
            honest = members - double_voters
            splits = [(voted + double_voters, honest - voted + double_voters) for voted in range(honest + 1)]
            assert any(min(split) >= needed for split in splits) is possible
    assert 2 * threshold(153) - 153 - 1 == 52


def test_c40_a_certificate_counts_for_its_own_round_only() -> None:
    world = Adversary(10)
    first, second = world.joined(), world.announced()
    with pytest.raises(Refused, match="another round"):
        world.is_certificate(second, aborted(world, first))
