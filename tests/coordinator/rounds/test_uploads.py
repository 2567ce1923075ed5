"""If these failed, a large report would begin again at every fault of the line, or chunks of one report would end up in
another."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coordinator.data import current_councils
from coordinator.refusals import Malformed, MessageNotAccepted
from coordinator.rounds import report_stream, service, uploads
from coordinator.rounds.service import RoundService
from coordinator.store.database import create_store
from coordinator.store.rounds import StoredRounds
from node.errors import CoordinatorRefused
from node.identity import TransportCredentials
from node.link import open_link
from node.rounds import messages
from node.rounds.driver import left_to_send
from protos.round.v1 import round_pb2 as pb
from tests.coordinator.rounds.federation import Federation, ready_to_report
from tests.coordinator.rounds.honest_node import Report
from tests.coordinator.world import World

CHUNK = 8
"""Bytes of a chunk here, so that a small vector has several."""


class Town:
    """A federation in its report phase behind the world's server, and one of its councils that has not reported."""

    def __init__(self, world: World, database: Path) -> None:
        self.federation = Federation(councils=6, keep_vectors=True, database=create_store(database))
        ready_to_report(self.federation)
        self.node = self.federation.nodes[self.federation.ids[0]]
        codes = {council.ons_code: code for code, council in current_councils().items()}
        self.member = world.enrol(codes[self.node.node_id])
        self.caller = world.caller(self.member)
        self.rounds = RoundService(
            self.federation.desk,
            StoredRounds(self.federation.database),
            world.store,
            lambda: datetime.fromtimestamp(self.federation.now, UTC),
        )
        world.service.rounds = self.rounds
        self.credentials = TransportCredentials(
            world.root, self.member.credentials.certificate, self.member.credentials.key
        )
        self.node.step(_Deaf(self.federation))  # type: ignore[arg-type]
        self.report = self.node.make_report()
        self.node.report = None

    def held(self) -> dict[bytes, int]:
        """What a poll says is held, by the header's digest."""
        response = self.rounds.poll(self.caller, self.node.poll_request())
        return {upload.header_sha256: upload.chunks for upload in response.uploads_begun}

    def keep(self, report: Report, seq: int, data: bytes | None = None) -> None:
        """A chunk arrives."""
        chunk = report.vector[seq * CHUNK : (seq + 1) * CHUNK] if data is None else data
        self.rounds.keep_chunk(self.caller, report.header, seq, chunk)

    def stored(self) -> bytes | None:
        """The vector that was added."""
        return self.federation.desk.transcript(self.federation.round_id).vectors.get(self.node.node_id)

    def send(self, address: str, parts: Sequence[pb.ReportPart]) -> pb.Receipt:
        """Sends these over the wire."""
        with open_link(address, self.credentials, 20) as link:
            return link.submit_report(parts)


class _Deaf:
    """A desk that a node polls without anything of its report being sent."""

    def __init__(self, federation: Federation) -> None:
        self.poll, self.standing = federation.desk.poll, federation.desk.standing

    def submit_report(self, *_: object) -> pb.Receipt:
        return pb.Receipt()


def digest(report: Report) -> bytes:
    """What the chunks of a report are held under."""
    return hashlib.sha256(report.header.payload).digest()


def parts_of(report: Report) -> tuple[pb.ReportPart, ...]:
    """As a node sends it."""
    return messages.report_parts(report.header, report.vector, report.shares)


def seqs(parts: Sequence[pb.ReportPart]) -> list[int]:
    """Of the chunks among these."""
    return [part.chunk.seq for part in parts if part.WhichOneof("part") == "chunk"]


@pytest.fixture
def town(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    for module in (report_stream, service, uploads, messages):
        monkeypatch.setattr(module, "CHUNK_BYTES", CHUNK)
    made = Town(world, tmp_path / "rounds.sqlite")
    yield made
    made.federation.database.close()


async def cut_after(town: Town, world: World, address: str, parts: Sequence[pb.ReportPart], held: int) -> None:
    """Sends these, and hangs up once so many chunks are held."""
    async with world.connected(address, town.member.credentials) as stubs:
        call = stubs.rounds.SubmitReport()
        for part in parts:
            await call.write(part)
        async with asyncio.timeout(20):
            while list(town.held().values()) != [held]:
                await asyncio.sleep(0.02)
        call.cancel()


async def test_an_upload_that_was_cut_goes_on_where_it_stopped(town: Town, world: World) -> None:
    parts = parts_of(town.report)
    assert len(seqs(parts)) > 3
    async with world.serving() as address:
        await cut_after(town, world, address, parts[:3], 2)
        rest = left_to_send(parts, town.held())
        assert seqs(rest) == list(range(2, len(seqs(parts))))
        await asyncio.to_thread(town.send, address, rest)
    assert town.stored() == town.report.vector
    assert town.held() == {}


async def test_a_chunk_that_was_spliced_in_is_refused_and_the_whole_report_is_taken_after(
    town: Town, world: World
) -> None:
    parts = parts_of(town.report)
    spliced = [parts[0], pb.ReportPart(chunk=pb.Chunk(seq=0, data=b"x" * CHUNK))]
    async with world.serving() as address:
        await cut_after(town, world, address, spliced, 1)
        rest = left_to_send(parts, town.held())
        with pytest.raises(CoordinatorRefused):
            await asyncio.to_thread(town.send, address, rest)
        assert town.stored() is None
        assert town.held() == {}
        whole = left_to_send(parts, town.held())
        assert whole == parts
        await asyncio.to_thread(town.send, address, whole)
    assert town.stored() == town.report.vector


def test_another_header_drops_what_is_held_and_an_earlier_seq_what_comes_after(town: Town) -> None:
    other = town.node.make_report("another")
    town.node.report = None
    for seq in range(3):
        town.keep(town.report, seq)
    assert town.held() == {digest(town.report): 3}
    town.keep(town.report, 1)
    assert town.held() == {digest(town.report): 2}
    town.keep(town.report, 3)
    assert town.held() == {digest(town.report): 2}
    with pytest.raises(Malformed):
        town.rounds.held_chunks(town.caller, town.report.header, 3)
    town.keep(other, 0)
    assert town.held() == {digest(other): 1}
    with pytest.raises(Malformed):
        town.rounds.held_chunks(town.caller, town.report.header, 1)


def test_nothing_is_held_past_the_end_nor_of_a_header_that_is_not_the_nodes(town: Town) -> None:
    forged = pb.Signed(payload=town.report.header.payload, sig=bytes(64), signer=town.report.header.signer)
    town.rounds.keep_chunk(town.caller, forged, 0, bytes(CHUNK))
    other = town.federation.nodes[town.federation.ids[1]]
    with pytest.raises(MessageNotAccepted):
        town.rounds.keep_chunk(
            town.caller, pb.Signed(payload=town.report.header.payload, signer=other.node_id), 0, bytes(CHUNK)
        )
    assert town.held() == {}
    chunks = len(seqs(parts_of(town.report)))
    for seq in range(chunks + 2):
        town.keep(town.report, seq, bytes(CHUNK))
    assert town.held() == {digest(town.report): chunks - 1}


def test_nothing_is_held_once_the_report_is_stored(town: Town) -> None:
    town.keep(town.report, 0)
    assert town.held() == {digest(town.report): 1}
    town.rounds.submit_report(town.caller, town.report.header, town.report.vector, town.report.shares)
    town.keep(town.report, 0)
    assert town.held() == {}


def test_a_round_that_closes_drops_what_was_never_finished(town: Town) -> None:
    town.keep(town.report, 0)
    assert town.held() == {digest(town.report): 1}
    town.federation.at(200)
    assert town.held() == {}
    town.keep(town.report, 0)
    assert town.held() == {}
