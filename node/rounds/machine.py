"""The node's half of the secure aggregation protocol as one state machine, without a wire.

It is fed the coordinator's answers to its polls, and gives what is to be sent: always what was stored before, to the
byte, as often as it is asked. The coordinator is trusted with nothing: each rule before each message is a function of
`node.rounds.checks`. Secure aggregation reference, B.5 to B.8.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from frameworks.plan import ReleasePlan
from node.rounds import checks, messages
from node.rounds.keys import NodeKeys
from node.rounds.pins import Pins
from node.rounds.policy import CLOCK_SKEW_SECONDS, RoundPolicy
from node.rounds.reader import announced
from node.rounds.standing import LISTED_SECONDS, RoundStanding, progress, standings
from node.rounds.steps import RoundSteps
from node.rounds.store import Paper, RoundRecord, RoundStore, Start
from protos.round.v1 import round_pb2 as pb
from protos.sa1.masking import Vector
from protos.sa1.refusal import Refused
from protos.sa1.strict import Malformed, encode, parse

MOST_LISTED = 100
"""A poll names no more open rounds."""

_KINDS = (pb.MESSAGE_KIND_JOIN, pb.MESSAGE_KIND_REPORT, pb.MESSAGE_KIND_VERDICT, pb.MESSAGE_KIND_REVEAL)


@dataclass(frozen=True)
class Outgoing:
    """A message that is stored and has no receipt yet; the parts of a report are sent in order."""

    round_id: bytes
    kind: pb.MessageKind
    message: pb.JoinSubmission | tuple[pb.ReportPart, ...] | pb.Signed


class RoundMachine:
    """One council's part in all rounds. Everything it touches is passed in; times are seconds since 1970-01-01 UTC.

    `plans` gives the plan of a release, by its name in the protocol, if this council has approved it and may be charged
    for it. `noised` measures a plan and adds this node's share of noise for so many honest ones: words of the plan's
    modulus, once for a report. `alarm` tells a person here what was wrong; nothing of it is ever sent.
    """

    def __init__(
        self,
        *,
        store: RoundStore,
        keys: NodeKeys,
        pins: Pins,
        policy: RoundPolicy,
        plans: Callable[[str], ReleasePlan | None],
        noised: Callable[[ReleasePlan, int], Vector],
        clock: Callable[[], int],
        randomness: Callable[[int], bytes],
        alarm: Callable[[str], None],
    ) -> None:
        self._store = store
        self._me = keys.node_id
        self._pins = pins
        self._clock = clock
        self._randomness = randomness
        self._alarm = alarm
        self._rung: set[str] = set()
        self._start: Start | None = None
        self._compared = False
        self._steps = RoundSteps(
            store=store,
            keys=keys,
            pins=pins,
            policy=policy,
            plans=plans,
            noised=noised,
            clock=clock,
            randomness=randomness,
            ring=self._ring,
        )

    def start(self) -> None:
        """A new start of the node, best made for every turn: it is remembered before anything else is done. A copy that
        was taken during a start is told apart only by a later one.

        One whose poll was not answered is gone on with: a start that has polled is one that this store holds, so that
        the next would be told of it, and no longer of the one that a restored store lacks.
        """
        start = self._store.unanswered_start()
        if start is None:
            start = Start(self._store.latest_generation() + 1, self._randomness(16))
            self._store.add_start(start)
        self._start, self._compared = start, False

    def poll(self) -> pb.PollRequest:
        """What to ask with. Shows what the coordinator has receipted, and nothing that is under way here."""
        start = self._started()
        current = self._pins.current
        listed = [(record.round_id, shown) for record in self._listed() if (shown := progress(record))]
        return pb.PollRequest(
            node_id=self._me,
            start=pb.InstanceStart(instance_generation=start.generation, start_id=start.start_id),
            open_rounds=[pb.OpenRound(round_id=round_id, progress=shown) for round_id, shown in listed[-MOST_LISTED:]],
            epoch_no=current.number if current is not None else 0,
        )

    def receive(self, response: pb.PollResponse) -> None:
        """Does all that the coordinator's answer asks for, as far as it may be asked.

        What is refused is told to a person here, and changes nothing. Raises StorageFailed and LedgerDamaged.
        """
        start = self._started()
        with self._store.transaction():
            self._notice_copies(response)
            self._store.answer_start(start)
        self._compared = True
        for work in response.work:
            self._steps.take(work)
        self._expire()

    def outgoing(self) -> tuple[Outgoing, ...]:
        """What is stored, has no receipt, and may leave now, in order: the same bytes each time.

        Nothing before the first answer to a poll has shown that this store is no copy.
        """
        self._started()
        if not self._compared:
            return ()
        return tuple(
            Outgoing(record.round_id, kind, self._message(record, kind))
            for record in self._store.rounds()
            for kind in _KINDS
            if self._may_leave(record, kind)
        )

    def receipted(self, receipt: pb.Receipt) -> None:
        """Remembers that the coordinator has a message. A receipt that is none is told to a person here."""
        try:
            round_id = parse(pb.ReceiptBody, receipt.body.payload).round_id
            known = self._steps.known(round_id)
            body = checks.read_receipt(receipt, known.epoch)
            checks.check_receipt(body, known.record, self._me)
        except (Refused, Malformed) as refused:
            self._ring(f"A receipt was refused: {refused}.")
            return
        self._store.add_receipt(round_id, body.kind, encode(receipt))

    def standings(self) -> tuple[RoundStanding, ...]:
        """Where each round stands, for `status`."""
        return standings(self._store)

    # Starts, and copies of this store.

    def _started(self) -> Start:
        if self._start is None:
            raise RuntimeError("start() comes first")
        return self._start

    def _notice_copies(self, response: pb.PollResponse) -> None:
        """A start that this store does not hold was made by a later state of it, or by a copy (B.8, item 5)."""
        if not response.HasField("previous_start"):
            return
        seen = Start(response.previous_start.instance_generation, response.previous_start.start_id)
        if self._store.knows_start(seen):
            return
        with self._store.transaction():
            self._store.add_foreign_start(seen, self._clock())
            for record in self._store.rounds():
                if not record.ended:
                    self._store.burn(record.round_id)
        self._ring(
            "This node's state was restored from an older copy, or runs twice: it says nothing more in the rounds that "
            "were announced until now. See that one node runs; if the state was restored, its ledger may lack charges."
        )

    # Time.

    def _listed(self) -> list[RoundRecord]:
        """The rounds of which an ending is still waited for."""
        now = self._clock()
        return [
            record
            for record in self._store.rounds()
            if not record.ended and now <= announced(record).t_reveal + LISTED_SECONDS
        ]

    def _expire(self) -> None:
        """Deletes what has become of no use: after what the coordinator had to say was heard, so that it can say it
        late (B.7, B.8 item 8)."""
        now = self._clock()
        for record in self._store.rounds():
            if record.ended or record.burned:
                continue
            times = announced(record)
            if record.holds_secret and now >= times.t_report:
                self._store.erase_secret(record.round_id)
            certified = Paper.COMMIT_CERTIFICATE in record.papers
            if not certified and now > times.t_reveal + CLOCK_SKEW_SECONDS:
                self._store.burn(record.round_id)
            elif certified and record.holds_parts and now > times.t_reveal + LISTED_SECONDS:
                self._store.clear(record.round_id)

    # What leaves.

    def _may_leave(self, record: RoundRecord, kind: pb.MessageKind) -> bool:
        if kind not in record.messages or kind in record.receipted or record.burned or record.ended:
            return False
        now, times = self._clock(), announced(record)
        if kind == pb.MESSAGE_KIND_JOIN:
            return now < times.t_join
        if kind == pb.MESSAGE_KIND_REPORT:
            voted_abort = record.verdict is not None and not record.committed
            return self._store.leaves_at(record.round_id, kind) <= now < times.t_report and not voted_abort
        return now <= times.t_reveal + LISTED_SECONDS

    def _message(
        self, record: RoundRecord, kind: pb.MessageKind
    ) -> pb.JoinSubmission | tuple[pb.ReportPart, ...] | pb.Signed:
        signed = record.said(kind)
        assert signed is not None
        parts = self._store.parts(record.round_id, kind)
        if kind == pb.MESSAGE_KIND_JOIN:
            return messages.join_submission(signed, parts)
        if kind == pb.MESSAGE_KIND_REPORT:
            return messages.report_parts(signed, parts[0], parts[1:])
        return signed

    def _ring(self, text: str) -> None:
        """Tells a person, once in a start."""
        if text not in self._rung:
            self._rung.add(text)
            self._alarm(text)
