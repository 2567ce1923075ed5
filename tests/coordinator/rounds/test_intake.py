"""If these failed, one bad message would stop a round for everybody, a late or a second one would count, or a council
could not prove that its message was taken."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from coordinator.refusals import (
    AnotherMessageStored,
    Malformed,
    MessageNotAccepted,
    NoSuchRound,
    RoundNotOpen,
)
from coordinator.rounds.records import Phase
from protos.round.v1 import round_pb2 as pb
from protos.sa1 import transcript
from protos.sa1.strict import encode
from protos.sa1.transcript import Signature
from tests.coordinator.rounds.federation import Federation, certifying, finish, ready_to_report, revealing
from tests.coordinator.rounds.honest_node import HonestNode, Report


def joining() -> tuple[Federation, HonestNode]:
    """A round that takes Joins, and a node that has seen it and not joined."""
    world = Federation()
    world.announce()
    world.desk.advance()
    node = world.nodes[world.ids[0]]
    node.take_announce(world.desk, announcement(world, node))
    node.outbox.clear()
    return world, node


def announcement(world: Federation, node: HonestNode) -> pb.Signed:
    (work,) = world.desk.poll(node.node_id, node.poll_request()).work
    return work.announce


def reporting() -> tuple[Federation, HonestNode]:
    """A round that takes reports, and a node that has made one and not sent it."""
    world = ready_to_report(Federation())
    node = world.nodes[world.ids[0]]
    (work,) = world.desk.poll(node.node_id, node.poll_request()).work
    node.take_manifest(world.desk, work.manifest)
    node.outbox.clear()
    return world, node


def join_of(node: HonestNode, **changes: object) -> pb.JoinSubmission:
    """The node's Join with changes, signed by it."""
    assert node.join is not None
    message = pb.Join.FromString(node.join.join.payload)
    for name, value in changes.items():
        setattr(message, name, value)
    return pb.JoinSubmission(
        join=node.keys.signed(Signature.JOIN, encode(message)), a_share_ct=list(node.join.a_share_ct)
    )


def header_of(node: HonestNode, **changes: object) -> pb.Signed:
    """The header of the node's report with changes, signed by it."""
    assert node.report is not None
    message = pb.ReportHeader.FromString(node.report.header.payload)
    for name, value in changes.items():
        setattr(message, name, value)
    return node.keys.signed(Signature.REPORT, encode(message))


BAD_JOINS: dict[str, Callable[[HonestNode], pb.JoinSubmission]] = {
    "another round's announcement": lambda node: join_of(node, announce_hash=bytes(32)),
    "a mask key of low order": lambda node: join_of(node, mask_pk=bytes(32)),
    "a mask key that is not canonical": lambda node: join_of(node, mask_pk=b"\xff" * 32),
    "a mask key of another length": lambda node: join_of(node, mask_pk=bytes(31)),
    "a digest of other shares": lambda node: join_of(node, a_shares_digest=bytes(32)),
    "a signature for another type of message": lambda node: pb.JoinSubmission(
        join=node.keys.signed(Signature.REPORT, join_of(node).join.payload), a_share_ct=join_of(node).a_share_ct
    ),
    "a share too few": lambda node: pb.JoinSubmission(
        join=join_of(node).join, a_share_ct=list(join_of(node).a_share_ct)[1:]
    ),
    "shares in another order": lambda node: pb.JoinSubmission(
        join=join_of(node).join, a_share_ct=list(join_of(node).a_share_ct)[::-1]
    ),
}


@pytest.mark.parametrize("bad", BAD_JOINS.values(), ids=BAD_JOINS)
def test_a_join_that_nodes_would_refuse_is_not_taken_and_the_round_goes_on(
    bad: Callable[[HonestNode], pb.JoinSubmission],
) -> None:
    world, node = joining()
    with pytest.raises(MessageNotAccepted):
        world.desk.submit_join(node.node_id, bad(node))
    world.desk.submit_join(node.node_id, join_of(node))
    world.step()
    finish(world)
    assert world.phase() is Phase.PUBLISHED


def test_a_share_of_another_length_is_not_taken() -> None:
    world, node = joining()
    shares = [bytes(81), *list(join_of(node).a_share_ct)[1:]]
    submission = join_of(node, a_shares_digest=transcript.digest_of(shares))
    with pytest.raises(MessageNotAccepted):
        world.desk.submit_join(node.node_id, pb.JoinSubmission(join=submission.join, a_share_ct=shares))


def test_a_mask_key_that_another_node_has_joined_with_is_not_taken() -> None:
    world, node = joining()
    other = world.nodes[world.ids[1]]
    other.step(world.desk)
    assert other.join is not None
    mask_pk = pb.Join.FromString(other.join.join.payload).mask_pk
    with pytest.raises(MessageNotAccepted):
        world.desk.submit_join(node.node_id, join_of(node, mask_pk=mask_pk))


def test_a_node_brings_only_what_it_signed_itself() -> None:
    world, node = joining()
    with pytest.raises(MessageNotAccepted):
        world.desk.submit_join(world.ids[1], join_of(node))
    with pytest.raises(MessageNotAccepted):
        world.desk.submit_join(world.ids[1], join_of(node, node_id=world.ids[1]))
    renamed = join_of(node, node_id=world.ids[1])
    renamed.join.signer = world.ids[1]
    with pytest.raises(MessageNotAccepted):
        world.desk.submit_join(world.ids[1], renamed)


@pytest.mark.parametrize(
    "spoil", [lambda payload: payload + b"\x78\x01", lambda payload: payload * 2, lambda _: b"\xff"]
)
def test_a_payload_that_is_not_written_in_the_one_way_is_malformed(spoil: Callable[[bytes], bytes]) -> None:
    world, node = joining()
    payload = spoil(join_of(node).join.payload)
    submission = pb.JoinSubmission(join=node.keys.signed(Signature.JOIN, payload), a_share_ct=join_of(node).a_share_ct)
    with pytest.raises(Malformed):
        world.desk.submit_join(node.node_id, submission)


def test_there_is_no_joining_an_unknown_round_nor_one_that_has_begun() -> None:
    world, node = joining()
    with pytest.raises(NoSuchRound):
        world.desk.submit_join(node.node_id, join_of(node, round_id=bytes(16)))
    world.now += 100
    with pytest.raises(RoundNotOpen):
        world.desk.submit_join(node.node_id, join_of(node))
    assert world.phase() is Phase.JOINING
    world.desk.advance()
    with pytest.raises(RoundNotOpen):
        world.desk.submit_join(node.node_id, join_of(node))


def with_vector(node: HonestNode, report: Report, vector: bytes) -> Report:
    """The report with another vector, which its header names."""
    header = header_of(node, vector_digest=hashlib.sha256(vector).digest())
    return Report(header, vector, report.shares)


def with_shares(node: HonestNode, report: Report, shares: list[bytes]) -> Report:
    """The report with other shares, which its header names."""
    return Report(header_of(node, b_shares_digest=transcript.digest_of(shares)), report.vector, shares)


BAD_REPORTS: dict[str, Callable[[HonestNode, Report], Report]] = {
    "another manifest": lambda node, report: replace(report, header=header_of(node, manifest_hash=bytes(32))),
    "another vector": lambda _, report: replace(report, vector=bytes(len(report.vector))),
    "a vector cut short": lambda node, report: with_vector(node, report, report.vector[:-4]),
    "a vector too long": lambda node, report: with_vector(node, report, report.vector * 2),
    "other shares": lambda _, report: replace(report, shares=report.shares[::-1]),
    "a share too few": lambda node, report: with_shares(node, report, report.shares[1:]),
    "a nonce of another length": lambda node, report: replace(report, header=header_of(node, nonce=bytes(16))),
}


@pytest.mark.parametrize("bad", BAD_REPORTS.values(), ids=BAD_REPORTS)
def test_a_report_that_does_not_hold_together_is_not_added(bad: Callable[[HonestNode, Report], Report]) -> None:
    world, node = reporting()
    assert node.report is not None
    with pytest.raises(MessageNotAccepted):
        bad(node, node.report).sent(world.desk, node.node_id)
    node.report.sent(world.desk, node.node_id)
    world.step()
    finish(world)
    assert world.opened().cells[0].values == world.exact(world.ids)


def test_a_report_that_comes_too_late_is_not_added() -> None:
    world, node = reporting()
    assert node.report is not None
    world.now += 200
    with pytest.raises(RoundNotOpen):
        node.report.sent(world.desk, node.node_id)
    world.step(world.ids[1:])
    finish(world)
    assert world.phase() is Phase.ABORTED


def test_a_node_that_is_not_on_the_roster_cannot_report() -> None:
    world = ready_to_report(Federation(), Federation().ids[1:])
    stranger, joined = world.nodes[world.ids[0]], world.nodes[world.ids[1]]
    joined.step(world.desk)
    assert joined.report is not None
    header = pb.ReportHeader.FromString(joined.report.header.payload)
    header.node_id = stranger.node_id
    forged = replace(joined.report, header=stranger.keys.signed(Signature.REPORT, encode(header)))
    with pytest.raises(MessageNotAccepted):
        forged.sent(world.desk, stranger.node_id)


def test_a_verdict_counts_for_this_statement_and_no_other() -> None:
    world = certifying(Federation())
    node = world.nodes[world.ids[0]]
    for commit in (
        pb.Commit(manifest_hash=node.known_roster.hash, stmt_hash=bytes(32)),
        pb.Commit(manifest_hash=bytes(32), stmt_hash=statement_hash(world)),
        pb.Commit(),
    ):
        signed = node.vote(pb.Verdict(commit=commit))
        with pytest.raises(MessageNotAccepted):
            world.desk.submit_verdict(node.node_id, signed)
    with pytest.raises(MessageNotAccepted):
        other_round = pb.Verdict(
            round_id=world.round_id, announce_hash=bytes(32), node_id=node.node_id, abort=pb.Abort()
        )
        signed = node.keys.signed(Signature.VERDICT, encode(other_round))
        world.desk.submit_verdict(node.node_id, signed)


def statement_hash(world: Federation) -> bytes:
    record = world.desk.transcript(world.round_id).record
    return transcript.statement_hash(pb.Signed.FromString(record.statement).payload)


def test_nobody_commits_before_there_is_a_statement() -> None:
    world, node = reporting()
    signed = node.vote(pb.Verdict(commit=pb.Commit(manifest_hash=bytes(32), stmt_hash=bytes(32))))
    with pytest.raises(MessageNotAccepted):
        world.desk.submit_verdict(node.node_id, signed)


def test_one_outside_the_committee_has_no_vote_and_reveals_nothing() -> None:
    world = Federation(committee=9)
    outsider = world.nodes[world.ids[-1]]
    revealing(world)
    assert "statement" not in outsider.received
    member = world.nodes[world.ids[0]]
    outsider.statement, outsider.work = member.statement, member.work
    with pytest.raises(MessageNotAccepted):
        world.desk.submit_verdict(outsider.node_id, outsider.vote(pb.Verdict(abort=pb.Abort())))
    message = pb.Reveal(round_id=world.round_id, node_id=outsider.node_id, stmt_hash=statement_hash(world))
    with pytest.raises(MessageNotAccepted):
        world.desk.submit_reveal(outsider.node_id, outsider.keys.signed(Signature.REVEAL, encode(message)))
    outsider.outbox.clear()
    finish(world)
    assert outsider.result is not None


def bad_reveals(world: Federation, node: HonestNode) -> dict[str, pb.Reveal]:
    node.outbox.clear()
    good = pb.Reveal.FromString(node.make_reveal().payload)

    def changed(change: Callable[[pb.Reveal], object]) -> pb.Reveal:
        message = pb.Reveal()
        message.CopyFrom(good)
        change(message)
        return message

    return {
        "another statement": changed(lambda m: setattr(m, "stmt_hash", bytes(32))),
        "the other secret of a survivor": changed(lambda m: setattr(m.entries[0], "kind", pb.SHARE_KIND_A)),
        "both secrets of one owner": changed(lambda m: m.entries.insert(0, m.entries[0])),
        "a place beyond the roster": changed(lambda m: setattr(m.entries[-1], "roster_index", 99)),
        "no field element": changed(lambda m: setattr(m.entries[0], "share", b"\xff" * 32)),
        "a share of another length": changed(lambda m: setattr(m.entries[0], "share", bytes(31))),
    }


def test_a_reveal_opens_what_the_statement_opens_and_nothing_else() -> None:
    world = revealing(Federation())
    node = world.nodes[world.ids[0]]
    work = world.desk.poll(node.node_id, node.poll_request()).work
    node.take_certificate(world.desk, next(each.certificate for each in work if each.HasField("certificate")))
    for name, message in bad_reveals(world, node).items():
        with pytest.raises(MessageNotAccepted):
            world.desk.submit_reveal(node.node_id, node.keys.signed(Signature.REVEAL, encode(message)))
            pytest.fail(name)


def test_nothing_is_revealed_before_there_is_a_certificate() -> None:
    world = certifying(Federation())
    member = world.nodes[world.ids[0]]
    member.step(world.desk)
    with pytest.raises(RoundNotOpen):
        world.desk.submit_reveal(member.node_id, member.make_reveal())


# Once: the first message of a kind counts, and is receipted the same for ever.


def test_the_same_message_gets_the_same_receipt_whenever_it_comes_again() -> None:
    world = Federation()
    finish(certifying(world))
    assert world.phase() is Phase.PUBLISHED
    world.now += 1_000_000
    world.desk = world.new_desk()
    for node in world.nodes.values():
        assert node.join and node.report and node.verdict and node.reveal
        again = [
            world.desk.submit_join(node.node_id, node.join),
            node.report.sent(world.desk, node.node_id),
            world.desk.submit_verdict(node.node_id, node.verdict),
            world.desk.submit_reveal(node.node_id, node.reveal),
        ]
        assert again == node.receipts
    assert world.opened().cells[0].values == world.exact(world.ids)


def test_a_receipt_is_signed_and_says_what_came() -> None:
    world = Federation()
    finish(certifying(world))
    for node in world.nodes.values():
        assert node.join and node.report and node.verdict and node.reveal
        sent = [node.join.join, node.report.header, node.verdict, node.reveal]
        for kind, (receipt, signed) in enumerate(zip(node.receipts, sent, strict=True), start=1):
            coordinator = world.made.epoch.coordinator_key
            assert transcript.holds(coordinator, Signature.RECEIPT, receipt.body.payload, receipt.body.sig)
            body = pb.ReceiptBody.FromString(receipt.body.payload)
            assert (body.round_id, body.node_id, body.kind) == (world.round_id, node.node_id, kind)
            assert body.payload_sha256 == hashlib.sha256(signed.payload).digest()


def second_join(node: HonestNode) -> pb.JoinSubmission:
    return join_of(node, mask_pk=b"\x09" + bytes(31))


def test_a_second_join_is_refused_and_kept_beside_the_first() -> None:
    world, node = joining()
    world.desk.submit_join(node.node_id, join_of(node))
    with pytest.raises(AnotherMessageStored):
        world.desk.submit_join(node.node_id, second_join(node))
    assert world.standing.conflicts == (node.node_id,)
    world.step()
    finish(world)
    assert world.phase() is Phase.PUBLISHED


def test_a_second_report_of_a_restored_node_is_refused_and_the_sum_holds_the_first() -> None:
    world, node = reporting()
    first = node.report
    assert first is not None
    first.sent(world.desk, node.node_id)
    node.vector = [value + 1 for value in node.vector]
    second = node.make_report("restored")
    with pytest.raises(AnotherMessageStored):
        second.sent(world.desk, node.node_id)
    node.vector = [value - 1 for value in node.vector]
    world.step()
    finish(world)
    assert world.opened().cells[0].values == world.exact(world.ids)
    assert world.standing.conflicts == (node.node_id,)


def test_nobody_can_frame_a_node_with_a_second_message_it_did_not_sign() -> None:
    world, node = joining()
    world.desk.submit_join(node.node_id, join_of(node))
    forged = second_join(node)
    forged.join.sig = bytes(64)
    with pytest.raises(MessageNotAccepted):
        world.desk.submit_join(node.node_id, forged)
    assert world.standing.conflicts == ()
