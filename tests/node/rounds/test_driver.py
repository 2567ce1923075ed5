"""If these failed, the time at which a node sends or hangs up would tell how long it measured its returns."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import pytest

from node.errors import CoordinatorRefused, CoordinatorUnreachable
from node.link import open_link
from node.log import make_logger
from node.rounds.driver import RoundDriver, left_to_send
from node.rounds.pins import Pins
from protos.round.v1 import round_pb2 as pb
from tests.node.coordinator_peer import CoordinatorPeer, served
from tests.node.rounds.test_keys import House
from tests.node.rounds.test_pins import TERMS, Memory

REPORT = (pb.ReportPart(header=pb.Signed(payload=b"header")), pb.ReportPart(chunk=pb.Chunk(data=b"vector")))


@dataclass(frozen=True)
class Message:
    """Something to be sent."""

    kind: pb.MessageKind
    message: pb.JoinSubmission | tuple[pb.ReportPart, ...] | pb.Signed


JOIN = Message(pb.MESSAGE_KIND_JOIN, pb.JoinSubmission(join=pb.Signed(payload=b"join")))
REPORTED = Message(pb.MESSAGE_KIND_REPORT, REPORT)
VERDICT = Message(pb.MESSAGE_KIND_VERDICT, pb.Signed(payload=b"verdict"))
REVEAL = Message(pb.MESSAGE_KIND_REVEAL, pb.Signed(payload=b"reveal"))


@dataclass
class Town:
    """A machine, a wire and the returns, and what happened, in order. `measures`: the next answer opens the returns."""

    happened: list[str] = field(default_factory=list)
    waiting: list[Message] = field(default_factory=list)
    refuses: str = ""
    knows_rounds: bool = True
    measures: bool = False
    measured: bool = False
    begun: list[pb.UploadBegun] = field(default_factory=list)
    expected: tuple[pb.ReportPart, ...] = REPORT

    def poll(self) -> pb.PollRequest:
        return pb.PollRequest(node_id="E09000001")

    def receive(self, _response: pb.PollResponse) -> None:
        self.measured = self.measures
        self.happened.append("measure" if self.measures else "receive")

    def outgoing(self) -> list[Message]:
        return list(self.waiting)

    def receipted(self, receipt: pb.Receipt) -> None:
        self.waiting = [each for each in self.waiting if str(each.kind) != receipt.body.signer]

    def has_measured(self) -> bool:
        return self.measured

    @contextmanager
    def link(self) -> Iterator[Town]:
        self.happened.append("open")
        yield self
        self.happened.append("close")

    def poll_rounds(self, _request: pb.PollRequest) -> pb.PollResponse | None:
        self.happened.append("poll")
        return pb.PollResponse(uploads_begun=self.begun) if self.knows_rounds else None

    def submit_record(self, record: pb.SignedRecord) -> pb.RecordReceipt:
        self._sent("record")
        return pb.RecordReceipt(payload_sha256=hashlib.sha256(record.payload).digest())

    def submit_join(self, _submission: pb.JoinSubmission) -> pb.Receipt:
        return self._sent("join", pb.MESSAGE_KIND_JOIN)

    def submit_report(self, parts: Iterable[pb.ReportPart]) -> pb.Receipt:
        assert tuple(parts) == self.expected
        return self._sent("report", pb.MESSAGE_KIND_REPORT)

    def submit_verdict(self, signed: pb.Signed) -> pb.Receipt:
        return self._sent(signed.payload.decode(), pb.MESSAGE_KIND_VERDICT)

    def submit_reveal(self, signed: pb.Signed) -> pb.Receipt:
        return self._sent(signed.payload.decode(), pb.MESSAGE_KIND_REVEAL)

    def _sent(self, what: str, kind: pb.MessageKind = pb.MESSAGE_KIND_UNSPECIFIED) -> pb.Receipt:
        self.happened.append(what)
        if what == self.refuses:
            raise CoordinatorRefused("Refused.", "Try later.")
        return pb.Receipt(body=pb.Signed(signer=str(kind)))


@pytest.fixture
def town() -> Town:
    return Town()


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def turn(town: Town, house: House) -> list[str]:
    """What happens in one turn."""
    driver = RoundDriver(
        machine=town,
        holder=house.holder(),
        pins=Pins(TERMS, Memory()),
        has_measured=town.has_measured,
        log=make_logger(StringIO()),
    )
    town.happened.clear()
    driver.turn(town.link)
    return list(town.happened)


def test_a_turn_hands_in_keys_then_polls_then_sends_what_follows(town: Town, house: House) -> None:
    assert turn(town, house) == ["open", "record", "poll", "close", "receive"]
    town.waiting = [JOIN, REPORTED, VERDICT, REVEAL]
    assert turn(town, house) == [
        *("open", "record", "poll", "close", "receive"),
        *("open", "join", "report", "verdict", "reveal", "close"),
    ]
    assert turn(town, house) == ["open", "record", "poll", "close", "receive"]


def test_no_connection_is_open_while_the_returns_are_and_nothing_follows_in_that_turn(town: Town, house: House) -> None:
    town.measures, town.waiting = True, [JOIN, REPORTED]
    assert turn(town, house) == ["open", "record", "poll", "close", "measure"]
    town.measures = False
    assert turn(town, house)[-4:] == ["open", "join", "report", "close"]


@pytest.mark.parametrize("refused", ["join", "report", "verdict", "reveal"])
def test_one_refused_message_does_not_hold_up_the_others_and_is_sent_again(
    town: Town, house: House, refused: str
) -> None:
    turn(town, house)
    town.waiting, town.refuses = [JOIN, REPORTED, VERDICT, REVEAL], refused
    assert turn(town, house)[-5:] == ["join", "report", "verdict", "reveal", "close"]
    town.refuses = ""
    assert turn(town, house)[-3:] == ["open", refused, "close"]


@pytest.mark.parametrize(
    ("header", "held", "seqs"),
    [
        pytest.param(b"header", 0, [0, 1, 2], id="nothing is held"),
        pytest.param(b"header", 2, [2], id="some is held"),
        pytest.param(b"another", 2, [0, 1, 2], id="of another header"),
        pytest.param(b"header", 3, [0, 1, 2], id="all, which no coordinator holds"),
        pytest.param(b"header", 2**32 - 1, [0, 1, 2], id="more than there is"),
    ],
)
def test_chunks_that_the_coordinator_holds_of_this_report_are_left_out(
    header: bytes, held: int, seqs: list[int]
) -> None:
    first = pb.ReportPart(header=pb.Signed(payload=b"header"))
    chunks = [pb.ReportPart(chunk=pb.Chunk(seq=seq, data=b"vector")) for seq in range(3)]
    shares = pb.ReportPart(shares=pb.ShareCiphertexts(b_share_ct=[b"share"]))
    sent = left_to_send((first, *chunks, shares), {hashlib.sha256(header).digest(): held})
    assert sent == (first, *(chunks[seq] for seq in seqs), shares)


def test_a_turn_leaves_out_what_its_poll_said_is_held_and_the_next_sends_all_where_that_was_refused(
    town: Town, house: House
) -> None:
    upload = pb.UploadBegun(round_id=bytes(16), header_sha256=hashlib.sha256(b"header").digest(), chunks=1)
    last = pb.ReportPart(chunk=pb.Chunk(seq=1, data=b"rest"))
    town.begun, town.waiting, town.refuses = [upload], [Message(pb.MESSAGE_KIND_REPORT, (*REPORT, last))], "report"
    town.expected = (REPORT[0], last)
    assert turn(town, house)[-3:] == ["open", "report", "close"]
    town.begun, town.refuses, town.expected = [], "", (*REPORT, last)
    assert turn(town, house)[-3:] == ["open", "report", "close"]
    assert not town.waiting


def test_keys_that_are_refused_hold_up_nothing(town: Town, house: House) -> None:
    town.refuses, town.waiting = "record", [JOIN]
    assert turn(town, house) == ["open", "record", "poll", "close", "receive", "open", "join", "close"]


def test_a_coordinator_of_an_older_version_is_asked_and_left_alone(town: Town, house: House) -> None:
    town.knows_rounds, town.waiting = False, [JOIN]
    assert turn(town, house) == ["open", "record", "poll", "close"]


def test_over_the_wire_a_coordinator_without_rounds_is_told_from_one_that_does_not_answer() -> None:
    with served(CoordinatorPeer()) as (address, credentials), open_link(address, credentials, 10) as link:
        assert link.poll_rounds(pb.PollRequest()) is None
    with open_link(address, credentials, 1) as link, pytest.raises(CoordinatorUnreachable):
        link.poll_rounds(pb.PollRequest())
