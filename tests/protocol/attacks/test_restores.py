"""Section C of the secure aggregation reference, the rows about crashes, restored and copied nodes, and bad messages.

If one failed, a node would send two different messages under one name, vote twice, or measure twice under one mask.
"""

from __future__ import annotations

import pytest

from coordinator.refusals import Refusal
from coordinator.rounds.records import Phase
from node.rounds.policy import RoundPolicy
from node.rounds.sqlite_store import LedgerRounds
from node.rounds.standing import RoundState
from protos.round.v1 import round_pb2 as pb
from protos.sa1 import transcript
from protos.sa1.masking import FIELD_PRIME
from protos.sa1.sealing import b_share_info, seal_share
from protos.sa1.strict import encode
from protos.sa1.transcript import Signature, digest_of, le32
from tests.protocol.attacks.test_masks_and_shares import LOW_ORDER
from tests.protocol.councils import Crash
from tests.protocol.federated import Federated
from tests.protocol.hostile import Adversary, Played


def lived(crash_at: int | None) -> tuple[bool, dict[pb.MessageKind, set[bytes]], int]:
    """A whole round of one council whose process ends at its transaction of that number, with a restart after it.

    Whether it ended there, all that left by kind, and what is charged. The numbers count the moments before and after a
    commit alike.
    """
    world = Federated(10)
    council, moments = world.councils[world.ids[0]], iter(range(10_000))
    council.crashes = lambda _after: next(moments) == crash_at
    crashed = False
    world.announce()
    while world.phase() is not Phase.PUBLISHED:
        try:
            world.poll(council.node_id)
        except Crash:
            crashed = True
            world.poll(council.node_id)
        world.step(world.ids[1:])
    assert world.phase() is Phase.PUBLISHED
    assert world.opened().cells[0].values == world.exact(world.opened().cells[0].survivors)
    said = {kind: messages for (_, kind), messages in council.said.items()}
    return crashed, said, council.spent()


def test_c12_killed_at_any_moment_it_says_one_thing_of_each_kind_and_is_charged_once() -> None:
    moment = 0
    while True:
        crashed, said, spent = lived(moment)
        assert all(len(messages) == 1 for messages in said.values())
        assert set(said) == {1, 2, 3, 4}
        assert spent == Federated(10).plan.rho_units
        if not crashed:
            break
        moment += 1
    assert moment > 10, "there were moments to be killed at"


@pytest.mark.parametrize("starts", range(1, 6))
@pytest.mark.parametrize("turns", range(1, 4))
def test_c31_a_restored_disk_is_noticed_however_often_it_was_started_since(starts: int, turns: int) -> None:
    world = Federated(10)
    council = world.councils[world.ids[0]]
    world.announce()
    for turn in range(3):
        if turn == turns - 1:
            backup = council.backup()
        world.step()
    before = {key: set(messages) for key, messages in council.said.items()}
    council.restore(backup)
    for _ in range(starts):
        council.start()
    world.poll(council.node_id)
    assert any("restored from an older copy" in alarm for alarm in council.alarms)
    assert all(standing.state is RoundState.BURNED for standing in council.machine.standings())
    for _ in range(3):
        world.step()
    assert council.said == before
    assert world.phase() is Phase.PUBLISHED


def test_c31_it_says_nothing_in_a_round_that_was_announced_before_and_that_it_does_not_know() -> None:
    world = Federated(10)
    council = world.councils[world.ids[0]]
    world.poll(council.node_id)
    backup = council.backup()
    world.announce()
    world.step()
    world.poll(council.node_id)
    council.restore(backup)
    council.said.clear()
    for _ in range(5):
        world.step()
    assert not council.said
    assert world.phase() is Phase.PUBLISHED


def noticed_after_a_lost_answer() -> bool:
    """A disk is put back, the answer to the first poll afterwards is lost, and the node starts again: is it noticed?"""
    world = Federated(10)
    council = world.councils[world.ids[0]]
    world.poll(council.node_id)
    backup = council.backup()
    world.announce()
    world.step()
    world.poll(council.node_id)
    council.restore(backup)
    for _ in range(3):
        council.start()
        world.desk.poll(council.node_id, council.machine.poll())
    world.poll(council.node_id)
    return any("restored from an older copy" in alarm for alarm in council.alarms)


def test_c31_it_is_noticed_though_the_first_answers_were_lost() -> None:
    assert noticed_after_a_lost_answer()


def test_c31_positive_control_with_a_new_start_after_a_lost_answer_it_would_never_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(LedgerRounds, "unanswered_start", lambda _store: None)
    assert not noticed_after_a_lost_answer()


def test_c31_without_a_start_for_each_turn_a_disk_copied_in_between_would_not_be_noticed() -> None:
    """Why the agent starts the machine anew for each turn: the copy holds every start that its own process made."""
    noticed = {}
    for anew in (True, False):
        world = Federated(10)
        council = world.councils[world.ids[0]]
        council.start()

        def turn(anew: bool = anew, world: Federated = world) -> None:
            council = world.councils[world.ids[0]]
            if anew:
                council.start()
            council.machine.receive(world.desk.poll(council.node_id, council.machine.poll()))

        turn()
        backup = council.backup()
        turn()
        council.restore(backup)
        council.start()
        turn()
        noticed[anew] = bool(council.alarms)
    assert noticed == {True: True, False: False}


def foreign(world: Adversary, played: Played, victim: str) -> pb.Signed:
    """A Join with the victim's key that it did not make."""
    join = pb.Join.FromString(played.joins[victim].join.payload)
    join.mask_pk = le32(9)
    return world.made.nodes[victim].signed(Signature.JOIN, encode(join))


def silent_and_charged(world: Adversary, played: Played, victim: str) -> None:
    """What must hold of a council whose key spoke without it."""
    council = world.councils[victim]
    assert [standing.state for standing in council.machine.standings()] == [RoundState.BURNED]
    assert any("does not hold" in alarm for alarm in council.alarms)
    assert victim not in played.verdicts
    assert council.spent() == world.plan.rho_units
    world.tell(victim, world.abort_request(played))
    assert victim not in played.verdicts


def test_c33_a_join_of_mine_that_i_did_not_make_silences_me() -> None:
    world = Adversary(10)
    played, victim = world.joined(), world.honest[0]
    joins = [foreign(world, played, victim), *(played.joins[node_id].join for node_id in world.honest[1:])]
    world.reported(played, world.manifest(played, joins), [victim])
    assert victim not in played.reports
    silent_and_charged(world, played, victim)


@pytest.mark.parametrize("reported", [True, False])
def test_c33_a_header_of_mine_that_i_did_not_make_silences_me(reported: bool) -> None:
    world = Adversary(10)
    world.gives_receipts = False
    played, victim = world.joined(), world.honest[0]
    manifest = world.manifest(played)
    world.reported(played, manifest)
    if not reported:
        world = Adversary(10)
        played, victim = world.joined(), world.honest[0]
        manifest = world.manifest(played)
        world.reported(played, manifest, world.honest[1:])
        template = played.reports[world.honest[1]]
        header = pb.ReportHeader.FromString(template.header.payload)
        header.node_id = victim
        played.reports[victim] = type(template)(template.header, template.vector, template.shares)
    else:
        header = pb.ReportHeader.FromString(played.reports[victim].header.payload)
        header.nonce = bytes(32)
    played.reports[victim].header = world.made.nodes[victim].signed(Signature.REPORT, encode(header))
    world.state(played, manifest, world.statement(played, manifest), [victim])
    silent_and_charged(world, played, victim)


def test_c35_forged_ciphertexts_between_two_honest_councils_name_the_pair_and_exclude_nobody() -> None:
    world = Adversary(10)
    played = world.joined()
    manifest = world.manifest(played)
    world.reported(played, manifest)
    work, member, owner = world.statement(played, manifest), world.epoch.committee[0], world.honest[1]
    roster, statement = world.roster(played, manifest), world.parsed(work)
    nonce = pb.ReportHeader.FromString(played.reports[owner].header.payload).nonce
    info = b_share_info(roster.hash, owner, member, 1, nonce)
    played.reports[owner].shares[0] = seal_share(5, world.epoch.members[member].ek, info)
    world.state(played, manifest, work)
    world.tell(world.honest, world.certificate_work(played, world.certified(played, roster, statement)))
    secrets = world.secrets(played, roster, statement)
    assert {(doubt.dealer, doubt.member) for doubt in secrets.doubts} == {(owner, member)}
    assert not secrets.lost


def test_c35_a_named_pair_takes_part_in_the_next_round_like_everybody() -> None:
    world = Federated(10, corrupt={0: "opens wrong shares"})
    world.announce()
    for _ in range(4):
        world.step()
    assert world.standing.doubts
    plan = Federated(10, release_id="another").plan
    world.plan = plan
    world.plans[world.name(plan)] = plan
    world.now += 1
    world.announce()
    world.step()
    assert world.standing.joined == tuple(world.ids)
    assert not hasattr(world.desk, "exclude")


def test_c35_two_messages_of_one_council_are_kept_as_a_lead_and_the_first_one_counts() -> None:
    world = Federated(10)
    world.announce()
    council = world.councils[world.ids[0]]
    backup = council.backup()
    world.poll(council.node_id)
    council.restore(backup)
    council.start()
    council.machine.receive(
        world.desk.poll(
            council.node_id, pb.PollRequest(node_id=council.node_id, start=council.machine.poll().start, epoch_no=1)
        )
    )
    second = world.made.nodes[council.node_id]
    first = world.desk.transcript(world.round_id).messages[0]
    join = pb.Join.FromString(pb.Signed.FromString(first.signed).payload)
    join.mask_pk = le32(9)
    shares = [bytes(80)] * 10
    join.a_shares_digest = digest_of(shares)
    with pytest.raises(Refusal):
        world.desk.submit_join(
            council.node_id, pb.JoinSubmission(join=second.signed(Signature.JOIN, encode(join)), a_share_ct=shares)
        )
    assert world.standing.conflicts == (council.node_id,)
    world.step(world.ids[1:])
    assert world.phase() is Phase.REPORTING
    assert world.standing.joined == tuple(world.ids)


@pytest.mark.parametrize("kind", ["announce", "manifest", "statement", "abort request"])
def test_c37_a_signed_message_with_an_unknown_field_is_worth_nothing(kind: str) -> None:
    world = Adversary(10)
    unknown = b"\xfa\x07\x01x"

    def say(form: Signature, signed: pb.Signed) -> pb.Signed:
        payload = signed.payload + unknown
        return pb.Signed(payload=payload, sig=sign(form, payload), signer=signed.signer)

    def sign(form: Signature, payload: bytes) -> bytes:
        return transcript.sign(world.made.coordinator_key, form, payload)

    if kind == "announce":
        played = world.announced()
        world.tell(world.honest, pb.Work(announce=say(Signature.ANNOUNCE, played.signed)))
        assert not played.joins
        return
    played = world.joined()
    manifest = world.manifest(played)
    if kind == "manifest":
        world.reported(played, say(Signature.MANIFEST, manifest))
        assert not played.reports
        return
    world.reported(played, manifest)
    if kind == "statement":
        work = world.statement(played, manifest)
        work.statement.CopyFrom(say(Signature.STATEMENT, work.statement))
        world.state(played, manifest, work)
    else:
        request = world.abort_request(played).abort_request
        world.tell(world.honest, pb.Work(abort_request=say(Signature.ABORT_REQUEST, request)))
    assert not played.verdicts


def test_c37_a_signer_other_than_the_node_it_names_is_refused() -> None:
    world = Adversary(10)
    played = world.joined()
    join = played.joins[world.honest[1]].join
    renamed = pb.Signed(payload=join.payload, sig=join.sig, signer="X00000000")
    others = [played.joins[node_id].join for node_id in world.honest if node_id != world.honest[1]]
    world.reported(played, world.manifest(played, [renamed, *others]))
    assert not played.reports


UNUSABLE = [le32(point) for point in LOW_ORDER] + [le32(FIELD_PRIME), le32(FIELD_PRIME + 9), le32(9 | 1 << 255)]


def unusable_join(template: pb.Signed, world: Federated | Adversary, node_id: str, mask_pk: bytes) -> pb.JoinSubmission:
    """A Join of a corrupt council, in the round of another's Join, with a key that cannot be used."""
    join, shares = pb.Join.FromString(template.payload), [bytes(80)] * 10
    join.node_id, join.mask_pk, join.a_shares_digest = node_id, mask_pk, digest_of(shares)
    signed = world.made.nodes[node_id].signed(Signature.JOIN, encode(join))
    return pb.JoinSubmission(join=signed, a_share_ct=shares)


def test_c38_mask_keys_that_cannot_be_used_are_refused_at_intake_and_the_round_goes_on() -> None:
    world = Federated(10)
    world.announce()
    world.step(world.ids[:-1])
    template = pb.Signed.FromString(world.desk.transcript(world.round_id).messages[0].signed)
    for mask_pk in UNUSABLE:
        with pytest.raises(Refusal):
            world.desk.submit_join(world.ids[-1], unusable_join(template, world, world.ids[-1], mask_pk))
    world.at(100)
    for _ in range(4):
        world.step(world.ids[:-1])
    assert world.phase() is Phase.PUBLISHED


@pytest.mark.parametrize("mask_pk", [UNUSABLE[0], UNUSABLE[2], UNUSABLE[-2], UNUSABLE[-1]], ids=range(4))
def test_c38_a_roster_with_a_mask_key_that_cannot_be_used_gets_no_report(mask_pk: bytes) -> None:
    world = Adversary(10, corrupt=1)
    played, bad = world.joined(), world.corrupt[0]
    joins = [played.joins[node_id].join for node_id in world.honest]
    joins.append(unusable_join(joins[0], world, bad, mask_pk).join)
    world.tell(world.honest, pb.Work(manifest=world.manifest(played, joins)))
    assert not played.reports


def test_c39_when_a_report_leaves_says_nothing_of_how_long_measuring_took() -> None:
    left = []
    for took in (0, 40):
        world = Adversary(10)
        council = world.councils[world.honest[0]]
        council.policy = RoundPolicy(min_cell=3, min_pct=67, report_delay_seconds=(50, 90))
        council.start()
        played = world.joined(t_report=world.now + 300, t_commit=world.now + 400, t_reveal=world.now + 500)
        began = world.now

        def measure(took: int = took, world: Adversary = world) -> None:
            world.now += took

        council.measuring = measure
        manifest = world.manifest(played)
        world.tell(council.node_id, pb.Work(manifest=manifest))
        assert council.measured
        while council.node_id not in played.reports:
            world.now = max(world.now, began + 45) + 1
            if world.now - began > 95:
                break
            world.tell(council.node_id)
        left.append(world.now - began)
    assert left[0] == left[1]
