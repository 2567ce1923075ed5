"""If these failed, an auditor could be shown a round that did not happen, or a sum that its councils did not send."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pytest

from coordinator.rounds.export import as_transcript
from coordinator.rounds.records import Phase
from protos.round.v1 import round_pb2 as pb
from protos.round.v1.transcript_pb2 import Transcript
from protos.sa1 import transcript
from protos.sa1.audit import read_transcript, verify
from protos.sa1.refusal import Refused
from protos.sa1.strict import encode
from protos.sa1.transcript import Signature
from tests.coordinator.rounds.federation import Federation, certifying, finish, ready_to_report, revealing, small_plan


def exported(world: Federation) -> Transcript:
    """The file, written and read again."""
    return read_transcript(encode(as_transcript(world.desk.transcript(world.round_id))))


def published(world: Federation, dropping: int = 2) -> Federation:
    """A round in which the last ones did not report."""
    certifying(world, world.ids[: len(world.ids) - dropping])
    return finish(world)


def audited(*, keep_vectors: bool = True) -> tuple[Federation, Transcript]:
    world = published(Federation(keep_vectors=keep_vectors))
    assert world.phase() is Phase.PUBLISHED
    return world, exported(world)


def test_a_round_with_its_masked_vectors_is_recomputed_to_the_bit() -> None:
    world, told = audited()
    found = verify(told, world.made.authority_pub)
    assert (found.outcome, found.round_id, found.epoch_hash) == ("published", world.round_id, world.made.epoch.hash)
    (cell,) = found.cells
    assert (cell.survivors, cell.dropped) == (tuple(world.ids[:-2]), tuple(world.ids[-2:]))
    assert cell.recomputed
    assert tuple(np.frombuffer(told.sums[0].words, "<i4")) == world.exact(world.ids[:-2])
    own = world.nodes[world.ids[0]].report
    assert own is not None
    assert found.reports[world.ids[0]] == transcript.header_hash(own.header.payload)
    assert found.counted == frozenset(world.ids[:-2])
    assert "recomputed" in "\n".join(found.lines())


def test_without_vectors_the_sum_is_as_it_was_signed() -> None:
    world, told = audited(keep_vectors=False)
    found = verify(told, world.made.authority_pub)
    assert [cell.recomputed for cell in found.cells] == [False]
    assert found.as_json()["groups"][0]["recomputed"] is False


def test_regions_are_recomputed_each_for_itself() -> None:
    ids = Federation().ids
    partitions = {"england": {"E": ids}, "regions": {"R1": ids[:6], "R2": ids[6:]}}
    world = published(Federation(partitions=partitions, plan=small_plan(groups="regions"), keep_vectors=True))
    found = verify(exported(world), world.made.authority_pub)
    assert [(cell.cell_id, len(cell.survivors), cell.recomputed) for cell in found.cells] == [
        ("R1", 6, True),
        ("R2", 4, True),
    ]


@pytest.mark.parametrize("phase", [Phase.JOINING, Phase.REPORTING, Phase.CERTIFYING, Phase.REVEALING, Phase.ABORTED])
def test_a_round_can_be_exported_at_any_time(phase: Phase) -> None:
    world = Federation(keep_vectors=True)
    if phase is Phase.JOINING:
        world.announce()
        world.desk.advance()
    elif phase is Phase.REPORTING:
        ready_to_report(world)
    elif phase is Phase.CERTIFYING:
        certifying(world)
    elif phase is Phase.REVEALING:
        revealing(world)
    else:
        ready_to_report(world)
        world.desk.abort(world.round_id)
        finish(world)
    assert world.phase() is phase
    expected = {Phase.ABORTED: "aborted", Phase.REVEALING: "certified"}.get(phase, "without a certificate")
    found = verify(exported(world), world.made.authority_pub)
    assert (found.outcome, found.cells, found.counted) == (expected, (), frozenset())


def another_vector(told: Transcript) -> None:
    told.vectors[0].words = told.vectors[1].words


def another_sum(world: Federation, told: Transcript) -> None:
    """The coordinator signs a sum that is one off, which only recomputing shows."""
    words = bytearray(told.sums[0].words)
    words[0] ^= 1
    told.sums[0].words = bytes(words)
    result = pb.RoundResult.FromString(told.result.payload)
    result.cells[0].sum_digest = hashlib.sha256(bytes(words)).digest()
    told.result.payload = encode(result)
    told.result.sig = transcript.sign(world.made.coordinator_key, Signature.RESULT, told.result.payload)


def fewer_verdicts(told: Transcript) -> None:
    del told.certificate.verdicts[8:]


def a_stranger_among_headers(told: Transcript) -> None:
    told.headers[0].signer = told.headers[1].signer


def a_report_twice(told: Transcript) -> None:
    told.headers.append(told.headers[0])


def a_missing_report(told: Transcript) -> None:
    del told.headers[0]


def no_statement(told: Transcript) -> None:
    told.ClearField("statement")


def no_certificate(told: Transcript) -> None:
    told.ClearField("certificate")


def reveals_of_too_few(told: Transcript) -> None:
    del told.reveals[8:]


def a_forged_reveal(told: Transcript) -> None:
    told.reveals[0].sig = told.reveals[1].sig


def a_forged_result(told: Transcript) -> None:
    told.result.sig = told.manifest.sig


def a_sum_left_out(told: Transcript) -> None:
    del told.sums[:]


def a_smaller_roster(told: Transcript) -> None:
    manifest = pb.RoundManifest.FromString(told.manifest.payload)
    del manifest.roster[0]
    told.manifest.payload = encode(manifest)


def another_epoch(told: Transcript) -> None:
    told.epoch.sig = told.announce.sig


@pytest.mark.parametrize(
    "spoil",
    [
        another_vector,
        fewer_verdicts,
        a_stranger_among_headers,
        a_report_twice,
        a_missing_report,
        no_statement,
        no_certificate,
        reveals_of_too_few,
        a_forged_reveal,
        a_forged_result,
        a_sum_left_out,
        a_smaller_roster,
        another_epoch,
    ],
)
def test_a_transcript_in_which_anything_was_changed_does_not_hold(spoil: Callable[[Transcript], None]) -> None:
    world, told = audited()
    spoil(told)
    with pytest.raises(Refused):
        verify(told, world.made.authority_pub)


def test_a_wrong_sum_that_the_coordinator_signed_is_caught_where_vectors_are_kept() -> None:
    for keep_vectors in (True, False):
        world, told = audited(keep_vectors=keep_vectors)
        another_sum(world, told)
        if keep_vectors:
            with pytest.raises(Refused, match="do not give"):
                verify(told, world.made.authority_pub)
        else:
            assert verify(told, world.made.authority_pub).outcome == "published"


def test_a_bad_share_among_the_reveals_does_not_stop_an_auditor() -> None:
    world = certifying(Federation(keep_vectors=True))
    world.step()
    liar = world.nodes[world.ids[0]]
    for work in world.desk.poll(liar.node_id, liar.poll_request()).work:
        if work.HasField("certificate"):
            reveal = pb.Reveal.FromString(liar.make_reveal().payload)
            reveal.entries[3].share = transcript.le32(5)
            liar.reveal = liar.keys.signed(Signature.REVEAL, encode(reveal))
            world.desk.submit_reveal(liar.node_id, liar.reveal)
    finish(world, world.ids[1:])
    assert verify(exported(world), world.made.authority_pub).cells[0].recomputed


def test_the_authority_is_the_auditors_own_where_it_is_given() -> None:
    _, told = audited()
    with pytest.raises(Refused, match="authority"):
        verify(told, bytes(32))
    assert verify(told).authority_key == told.authority_key


def test_what_is_no_transcript_is_refused() -> None:
    with pytest.raises(Refused):
        read_transcript(b"\xff")
    with pytest.raises(Refused):
        verify(Transcript())
