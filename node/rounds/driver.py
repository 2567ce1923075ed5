"""One turn of this node's part in rounds: keys handed in, a poll, what follows from it, and what is to be sent.

What a node sends in a turn must not tell how long measuring took. So no connection is open while the returns may be,
and nothing leaves in a turn after they were: that waits for the next turn, whose time the schedule alone decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import structlog

from node.errors import CoordinatorRefused
from node.rounds.enrolment import KeyHolder
from node.rounds.pins import Pins
from protos.round.v1 import round_pb2 as pb


class Outgoing(Protocol):
    """What a machine has stored to be sent, the same bytes each time: a Join, the parts of a report, or a Signed."""

    @property
    def kind(self) -> pb.MessageKind:
        """Which of the four."""

    @property
    def message(self) -> pb.JoinSubmission | tuple[pb.ReportPart, ...] | pb.Signed:
        """What is sent."""


class Machine(Protocol):
    """The rules of the node's side, as far as the wire needs them (`node.rounds.machine.RoundMachine`)."""

    def poll(self) -> pb.PollRequest:
        """What is asked first."""

    def receive(self, response: pb.PollResponse) -> None:
        """Does what the answer asks for, as far as the rules allow."""

    def outgoing(self) -> Sequence[Outgoing]:
        """What has been stored and has no receipt."""

    def receipted(self, receipt: pb.Receipt) -> None:
        """The coordinator has a message."""


class RoundLink(Protocol):
    """The wire, as far as rounds need it (`node.link.Link`)."""

    def poll_rounds(self, request: pb.PollRequest) -> pb.PollResponse | None:
        """What there is to do, or None where the coordinator knows no rounds."""

    def submit_record(self, record: pb.SignedRecord) -> pb.RecordReceipt:
        """Hands in a record."""

    def submit_join(self, submission: pb.JoinSubmission) -> pb.Receipt:
        """Sends a Join."""

    def submit_report(self, parts: Iterable[pb.ReportPart]) -> pb.Receipt:
        """Sends a report."""

    def submit_verdict(self, signed: pb.Signed) -> pb.Receipt:
        """Sends a verdict."""

    def submit_reveal(self, signed: pb.Signed) -> pb.Receipt:
        """Sends a reveal."""


class RoundDriver:
    """Brings a machine and the wire together, for one poll of the agent.

    `has_measured` says whether the returns were opened since this driver was made.
    """

    def __init__(
        self,
        *,
        machine: Machine,
        holder: KeyHolder,
        pins: Pins,
        has_measured: Callable[[], bool],
        log: structlog.stdlib.BoundLogger,
    ) -> None:
        self._machine = machine
        self._holder = holder
        self._pins = pins
        self._has_measured = has_measured
        self._log = log

    def turn(self, open_link: Callable[[], AbstractContextManager[RoundLink]]) -> None:
        """One turn. Raises NodeError when the coordinator cannot be reached; nothing is lost then."""
        with open_link() as link:
            self._hand_in_keys(link)
            response = link.poll_rounds(self._machine.poll())
        if response is None:
            return
        self._machine.receive(response)
        self._holder.book.delete_old_keys(self._pins.kept, self._holder.node_id)
        waiting = self._machine.outgoing()
        if waiting and not self._has_measured():
            with open_link() as link:
                held = {upload.header_sha256: upload.chunks for upload in response.uploads_begun}
                for outgoing in waiting:
                    self._submit(link, outgoing, held)

    def _hand_in_keys(self, link: RoundLink) -> None:
        """At every turn, the same bytes: a coordinator that was restored from a backup has them again."""
        try:
            link.submit_record(self._holder.record(self._pins.current))
        except CoordinatorRefused as error:
            self._log.warning("keys not accepted", code=error.exit_code)

    def _submit(self, link: RoundLink, outgoing: Outgoing, held: Mapping[bytes, int]) -> None:
        """One refused message does not hold up the others; it is sent again, as it is, while its round runs.

        Of a report, chunks that the coordinator holds (so many, by the header's digest) are left out: it drops what it
        holds of a report that it refuses, so that the next turn sends all.
        """
        message = outgoing.message
        try:
            if isinstance(message, pb.JoinSubmission):
                receipt = link.submit_join(message)
            elif isinstance(message, tuple):
                receipt = link.submit_report(left_to_send(message, held))
            elif outgoing.kind == pb.MESSAGE_KIND_VERDICT:
                receipt = link.submit_verdict(message)
            else:
                receipt = link.submit_reveal(message)
        except CoordinatorRefused as error:
            self._log.warning("message of a round refused", code=error.exit_code)
            return
        self._machine.receipted(receipt)


def left_to_send(parts: tuple[pb.ReportPart, ...], held: Mapping[bytes, int]) -> tuple[pb.ReportPart, ...]:
    """A report without the chunks that are held; all of it where more are said to be held than could be."""
    header, *rest = parts
    count = held.get(hashlib.sha256(header.header.payload).digest(), 0)
    chunks = sum(part.WhichOneof("part") == "chunk" for part in rest)
    return (header, *rest[count:]) if count < chunks else parts
