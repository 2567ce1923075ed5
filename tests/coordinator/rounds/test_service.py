"""If these failed, a council could speak as another in a round, or a peer fill the coordinator's memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import grpc
import pytest

from coordinator.data import current_councils
from coordinator.refusals import Malformed, MessageNotAccepted
from coordinator.rounds.report_stream import CHUNK_BYTES, ReportAssembly, report_header, round_of
from node.errors import CoordinatorRefused
from node.identity import TransportCredentials
from node.link import open_link
from protos.round.v1 import round_pb2 as pb
from protos.sa1.strict import encode
from tests.coordinator.world import World

HEADER = pb.Signed(payload=encode(pb.ReportHeader(round_id=bytes(16), node_id="E09000001")), signer="E09000001")
SHARES = pb.ReportPart(shares=pb.ShareCiphertexts(b_share_ct=[b"one", b"two"]))


def chunk(seq: int, data: bytes) -> pb.ReportPart:
    """A part of a vector."""
    return pb.ReportPart(chunk=pb.Chunk(seq=seq, data=data))


def assembled(vector_bytes: int, parts: list[pb.ReportPart]) -> tuple[bytes, tuple[bytes, ...]]:
    """What comes of these parts."""
    assembly = ReportAssembly(HEADER, vector_bytes)
    for part in parts:
        assembly.add(part)
    report = assembly.whole()
    return report.vector, report.shares


def test_a_report_is_put_together_in_order() -> None:
    assert assembled(5, [chunk(0, b"abc"), chunk(1, b"de"), SHARES]) == (b"abcde", (b"one", b"two"))
    large = bytes(CHUNK_BYTES)
    assert assembled(CHUNK_BYTES + 1, [chunk(0, large), chunk(1, b"x"), SHARES])[0] == large + b"x"


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([chunk(1, b"abcde"), SHARES], id="a chunk out of order"),
        pytest.param([chunk(0, b"abcde"), chunk(0, b"abcde"), SHARES], id="a chunk twice"),
        pytest.param([chunk(0, b"abcdef"), SHARES], id="longer than announced"),
        pytest.param([chunk(0, b"abcd"), SHARES], id="shorter than announced"),
        pytest.param([chunk(0, b""), chunk(1, b"abcde"), SHARES], id="an empty chunk"),
        pytest.param([chunk(0, b"abcde")], id="no shares"),
        pytest.param([chunk(0, b"abcde"), SHARES, SHARES], id="shares twice"),
        pytest.param([SHARES, chunk(0, b"abcde")], id="shares first"),
        pytest.param([pb.ReportPart(header=HEADER), chunk(0, b"abcde"), SHARES], id="a second header"),
        pytest.param([chunk(0, b"abcde"), pb.ReportPart(), SHARES], id="an empty part"),
    ],
)
def test_parts_that_are_no_report_are_refused(parts: list[pb.ReportPart]) -> None:
    with pytest.raises(Malformed):
        assembled(5, parts)


def test_a_chunk_is_at_most_a_mebibyte() -> None:
    with pytest.raises(Malformed):
        assembled(CHUNK_BYTES + 1, [chunk(0, bytes(CHUNK_BYTES + 1)), SHARES])


def test_a_report_begins_with_its_header() -> None:
    assert round_of(report_header(pb.ReportPart(header=HEADER))) == bytes(16)
    for part in (chunk(0, b"a"), SHARES, pb.ReportPart()):
        with pytest.raises(Malformed):
            report_header(part)
    with pytest.raises(Malformed):
        round_of(pb.Signed(payload=b"\xff"))


async def test_nothing_is_read_of_a_report_for_a_round_that_is_not_known(world: World) -> None:
    member, read = world.enrol("201"), []

    def parts() -> Iterator[pb.ReportPart]:
        yield pb.ReportPart(header=HEADER)
        for seq in range(200):
            read.append(seq)
            yield chunk(seq, bytes(CHUNK_BYTES))

    credentials = TransportCredentials(world.root, member.credentials.certificate, member.credentials.key)

    def report(address: str) -> None:
        with open_link(address, credentials, 20) as link, pytest.raises(CoordinatorRefused, match="NOT_FOUND"):
            link.submit_report(parts())

    async with world.serving() as address:
        await asyncio.to_thread(report, address)
    assert len(read) < 200


async def test_a_poll_is_answered_over_the_wire_for_the_callers_council_alone(world: World) -> None:
    member = world.enrol("201")
    own, other = (current_councils()[code].ons_code for code in ("201", "202"))
    start = pb.InstanceStart(instance_generation=1, start_id=bytes(16))
    answered = []
    async with world.serving() as address, world.connected(address, member.credentials) as stubs:
        for node_id in (own, other):
            call = stubs.rounds.Poll(pb.PollRequest(node_id=node_id, start=start))
            answered.append(await call.code())
    assert answered == [grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT]


def test_a_message_that_names_another_council_is_not_taken(world: World) -> None:
    caller = world.caller(world.enrol("202"))
    for take, message in (
        (world.service.rounds.submit_verdict, pb.Verdict(round_id=bytes(16), node_id="E09000001")),
        (world.service.rounds.submit_reveal, pb.Reveal(round_id=bytes(16), node_id="E09000001")),
    ):
        with pytest.raises(MessageNotAccepted):
            take(caller, pb.Signed(payload=encode(message), sig=bytes(64), signer="E09000001"))
