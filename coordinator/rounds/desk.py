"""The coordinator's desk for rounds: announces them, answers polls, takes in messages, and moves rounds forward.

Rules only: storage, signing key, clock and randomness are passed in, and no wire is known here. Whatever a call changes
is one transaction on the round's row; everything may be called again, by any replica. Secure aggregation reference, B.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coordinator.errors import RoundNotPossible, UnknownRound
from coordinator.refusals import AnotherMessageStored, Malformed, MessageNotAccepted, NoSuchRound, Refusal, RoundNotOpen
from coordinator.rounds.announcing import Floors, announcement, check_first_or_aborted
from coordinator.rounds.intake import Incoming, check_join, check_report, check_verdict, held, read_incoming
from coordinator.rounds.opening import gather, open_case, settle
from coordinator.rounds.progress import Progress, Transition
from coordinator.rounds.reader import Reader
from coordinator.rounds.records import (
    DeskStore,
    OpenedRound,
    Phase,
    RoundBook,
    RoundRecord,
    RoundStanding,
    RoundTranscript,
    SeenStarts,
    Start,
    StoredEpoch,
)
from coordinator.rounds.standing import opened_round, standing
from coordinator.rounds.sums import release_name
from coordinator.rounds.voice import Voice
from coordinator.rounds.windows import SKEW, Windows
from coordinator.rounds.work import NOT_IN_IT, round_work
from frameworks.plan import ReleasePlan
from protos.round.v1 import round_pb2 as pb
from protos.sa1.announces import Announce
from protos.sa1.epochs import NO_EPOCH, Epoch, read_epoch
from protos.sa1.masking import word
from protos.sa1.strict import encode

MOST_OPEN_ROUNDS = 100
"""A node names no more open rounds in one poll."""

_VERDICTS = frozenset(phase for phase in Phase if not phase.ended and phase is not Phase.DRAFT)
_REVEALS = frozenset({Phase.REVEALING, Phase.UNMASKING})


class RoundDesk:
    """See the module. `clock` gives seconds since 1970-01-01 UTC, `randomness` so many random bytes.

    Masked vectors are added up as they come; with `keep_vectors` each is kept as well, for an auditor.
    """

    def __init__(
        self,
        *,
        store: DeskStore,
        signing_key: Ed25519PrivateKey,
        clock: Callable[[], int],
        randomness: Callable[[int], bytes],
        keep_vectors: bool = False,
    ) -> None:
        self._store = store
        self._voice = Voice(signing_key)
        self._clock = clock
        self._randomness = randomness
        self._keep_vectors = keep_vectors
        self._reader = Reader()
        self._progress = Progress(self._reader, self._voice)
        self._tried: dict[bytes, int] = {}

    def publish_epoch(self, signed: pb.Signed, authority_key: bytes) -> Epoch:
        """Offers an epoch to nodes from now on; publishing the newest one again changes nothing.

        Raises
        ------
        protos.sa1.refusal.Refused
            When the authority (32 bytes) did not sign it, or it does not hold together.
        RoundNotPossible
            When it names another coordinator's key, or does not follow the newest epoch here.
        """
        epoch = read_epoch(signed, authority_key)
        if epoch.coordinator_key != self._voice.public_key:
            raise RoundNotPossible(
                "The epoch names another coordinator's signing key.", "Prepare it again with this coordinator's key."
            )
        stored = StoredEpoch(epoch.number, epoch.hash, encode(signed), authority_key)

        def work(book: RoundBook) -> None:
            newest = book.newest_epoch()
            if newest is not None and newest.hash == epoch.hash:
                return
            previous, number = (newest.hash, newest.number) if newest else (NO_EPOCH, 0)
            if epoch.previous_hash != previous or epoch.number <= number:
                raise RoundNotPossible(
                    f"Epoch {epoch.number} does not follow epoch {number}, the newest here.",
                    "Prepare it again from the newest one.",
                )
            book.add_epoch(stored)

        self._store.write("publish epoch", work)
        return epoch

    def announce(
        self,
        plan: ReleasePlan,
        epoch: Epoch,
        windows: Windows,
        *,
        floors: Floors | None = None,
        withholds: bool = False,
    ) -> bytes:
        """Announces a round for a secure release, and returns its id (16 bytes).

        With `withholds` a group that falls short is withheld, and its councils stay charged; without, the round is
        aborted, and every council refunded.

        Raises RoundNotPossible for a plan that is not secure, an epoch that was not published or whose groups are all
        too small, and a release that was revealed, may have been, has a round that runs, or has had three.
        """
        round_id, times = self._randomness(16), windows.times(self._clock())
        signed = announcement(round_id, plan, epoch, times, floors or Floors(), self._voice)
        name = release_name(plan.collection_id, plan.release_id)
        record = RoundRecord(round_id, name, epoch.hash, Phase.DRAFT, encode(signed), withholds=withholds)

        def work(book: RoundBook) -> None:
            if book.find_epoch(epoch.hash) is None:
                raise RoundNotPossible("The epoch has not been published.", "Publish it first.")
            check_first_or_aborted(book.rounds_of(name))
            if book.find_round(round_id) is not None:
                raise RoundNotPossible("A round of that id was announced before.", "Announce it again.")
            book.add_round(record)

        self._store.write("announce round", work)
        return round_id

    def poll(self, node_id: str, request: pb.PollRequest) -> pb.PollResponse:
        """What there is for a node to do. Raises Malformed, and for another node's poll MessageNotAccepted."""
        start = request.start
        if len(start.start_id) != 16 or start.instance_generation < 1 or len(request.open_rounds) > MOST_OPEN_ROUNDS:
            raise Malformed
        if request.node_id != node_id:
            raise MessageNotAccepted
        progress = {entry.round_id: entry.progress for entry in request.open_rounds}

        def work(book: RoundBook) -> pb.PollResponse:
            response = pb.PollResponse()
            previous = _previous_start(book, node_id, Start(start.instance_generation, start.start_id))
            if previous is not None:
                response.previous_start.instance_generation = previous.generation
                response.previous_start.start_id = previous.start_id
            for epoch in _unknown_epochs(book, request.epoch_no):
                response.work.add(epoch=pb.Signed.FromString(epoch.signed))
            running = [record.round_id for record in book.running()]
            for round_id in dict.fromkeys([*running, *progress]):
                record = book.find_round(round_id)
                if record is not None:
                    response.work.extend(
                        round_work(book, self._reader, record, node_id, progress.get(round_id, NOT_IN_IT))
                    )
            return response

        return self._store.write("poll", work)

    def submit_join(self, node_id: str, submission: pb.JoinSubmission) -> pb.Receipt:
        """Takes a Join in. Raises the Refusals of `coordinator.refusals` that are about rounds."""
        incoming = read_incoming(node_id, pb.MESSAGE_KIND_JOIN, submission.join)
        shares = list(submission.a_share_ct)

        def store(book: RoundBook, record: RoundRecord) -> None:
            keys = self._reader.mask_keys(book, record)
            check_join(incoming, shares, self._announce(book, record), self._epoch(book, record), keys)
            book.add_shares(record.round_id, node_id, pb.SHARE_KIND_A, shares)

        return self._take(incoming, frozenset({Phase.JOINING}), lambda announce: announce.t_join, store)

    def submit_report(self, node_id: str, header: pb.Signed, vector: bytes, shares: Sequence[bytes]) -> pb.Receipt:
        """Takes a report in: its masked vector (little-endian words) is added to its group's sum in one transaction
        with its header. Raises as `submit_join` does."""
        incoming = read_incoming(node_id, pb.MESSAGE_KIND_REPORT, header)
        digest = hashlib.sha256(vector).digest()

        def store(book: RoundBook, record: RoundRecord) -> None:
            announce, roster = self._announce(book, record), self._reader.roster(book, record)
            check_report(incoming, digest, len(vector), shares, announce, roster, self._epoch(book, record))
            cell_id = roster.cell_of(node_id)
            assert cell_id is not None
            total = np.frombuffer(vector, dtype=word(announce.width)).copy()
            before = book.find_sum(record.round_id, cell_id)
            if before is not None:
                total += np.frombuffer(before, dtype=total.dtype)
            book.put_sum(record.round_id, cell_id, total.tobytes())
            book.add_shares(record.round_id, node_id, pb.SHARE_KIND_B, shares)
            if self._keep_vectors:
                book.add_vector(record.round_id, node_id, vector)

        return self._take(incoming, frozenset({Phase.REPORTING}), lambda announce: announce.t_report, store)

    def submit_verdict(self, node_id: str, signed: pb.Signed) -> pb.Receipt:
        """Takes a verdict in, asked for or not. Raises as `submit_join` does."""
        incoming = read_incoming(node_id, pb.MESSAGE_KIND_VERDICT, signed)

        def store(book: RoundBook, record: RoundRecord) -> None:
            stated = None
            if record.statement:
                stated = self._reader.roster(book, record), self._reader.stated(book, record).statement
            check_verdict(incoming, self._announce(book, record), stated, self._epoch(book, record))

        return self._take(incoming, _VERDICTS, None, store)

    def submit_reveal(self, node_id: str, signed: pb.Signed) -> pb.Receipt:
        """Takes the shares that a member opened in. Raises as `submit_join` does."""
        incoming = read_incoming(node_id, pb.MESSAGE_KIND_REVEAL, signed)

        def store(book: RoundBook, record: RoundRecord) -> None:
            held(lambda: self._reader.revealed(book, record, incoming.payload_sha256, incoming.signed))

        return self._take(incoming, _REVEALS, None, store)

    def advance(self) -> None:
        """Moves every round as far as time and what has come allow. May be run at any moment, by any replica.

        A round that cannot go on stops no other: its error is raised when all have been tried, the first of several.
        """
        errors: list[Exception] = []
        for record in self._store.read("running rounds", lambda book: book.running()):
            try:
                while self._step(record.round_id):
                    pass
            except Exception as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def abort(self, round_id: bytes) -> None:
        """Asks members to abort a round: for its operator.

        Raises UnknownRound, and RoundNotPossible once the statement was served to more than L - t members: from then on
        a commit may be certain, and nothing else can end the round.
        """

        def work(book: RoundBook) -> None:
            record = self._find(book, round_id)
            if record.phase in (Phase.ABORTING, Phase.ABORTED):
                return
            if not self._progress.may_abort(book, record):
                raise RoundNotPossible(
                    "Too many members may have committed to this round for it to be aborted.",
                    "Wait for it to end; `standing` shows who is waited for.",
                )
            book.put_round(self._progress.aborting(book, record))

        self._store.write("abort round", work)

    def standing(self, round_id: bytes) -> RoundStanding:
        """Where a round stands. Raises UnknownRound."""
        return self._store.read("standing", lambda book: standing(book, self._reader, self._find(book, round_id)))

    def rounds_of(self, collection_id: str) -> tuple[RoundStanding, ...]:
        """Where each round of a release stands, the earliest first. `collection_id` is the protocol's."""
        return self._store.read(
            "rounds of release",
            lambda book: tuple(standing(book, self._reader, record) for record in book.rounds_of(collection_id)),
        )

    def result(self, round_id: bytes) -> OpenedRound | None:
        """The sums of a published round, or None for any other. Raises UnknownRound."""
        return self._store.read("result", lambda book: opened_round(book, self._reader, self._find(book, round_id)))

    def transcript(self, round_id: bytes) -> RoundTranscript:
        """Everything signed in a round, for its auditor. Raises UnknownRound."""
        kinds = (pb.MESSAGE_KIND_JOIN, pb.MESSAGE_KIND_REPORT, pb.MESSAGE_KIND_VERDICT, pb.MESSAGE_KIND_REVEAL)

        def work(book: RoundBook) -> RoundTranscript:
            record = self._find(book, round_id)
            epoch = book.find_epoch(record.epoch_hash)
            assert epoch is not None
            messages = tuple(message for kind in kinds for message in book.messages(round_id, kind))
            sums = book.sums(round_id) if record.phase is Phase.PUBLISHED else {}
            return RoundTranscript(epoch, record, messages, sums, book.vectors(round_id))

        return self._store.read("transcript", work)

    def _find(self, book: RoundBook, round_id: bytes) -> RoundRecord:
        record = book.find_round(round_id)
        if record is None:
            raise UnknownRound("No round of that id has been announced here.", "Look its id up in the list of rounds.")
        return record

    def _epoch(self, book: RoundBook, record: RoundRecord) -> Epoch:
        return self._reader.epoch(book, record.epoch_hash)

    def _announce(self, book: RoundBook, record: RoundRecord) -> Announce:
        return self._reader.announce(book, record)

    def _take(
        self,
        incoming: Incoming,
        phases: frozenset[Phase],
        until: Callable[[Announce], int] | None,
        store: Callable[[RoundBook, RoundRecord], None],
    ) -> pb.Receipt:
        """Takes a message in once: the same payload again gets the first receipt, another is kept as a conflict."""

        def work(book: RoundBook) -> bytes | Refusal:
            record = book.find_round(incoming.round_id)
            if record is None:
                raise NoSuchRound
            known = book.find_message(incoming.round_id, incoming.node_id, incoming.kind)
            if known is not None and known.payload_sha256 == incoming.payload_sha256:
                return known.receipt
            incoming.check_signature(self._epoch(book, record))
            if known is not None:
                book.keep_conflict(incoming.stored(b""))
                return AnotherMessageStored()
            now = self._clock()
            if record.phase not in phases or (until and now >= until(self._announce(book, record))):
                raise RoundNotOpen
            store(book, record)
            key = (incoming.round_id, incoming.node_id, incoming.kind)
            receipt = encode(self._voice.receipt(key, incoming.payload_sha256, now))
            book.add_message(incoming.stored(receipt))
            return receipt

        outcome = self._store.write(f"take {incoming.kind}", work)
        if isinstance(outcome, Refusal):
            raise outcome
        return pb.Receipt.FromString(outcome)

    def _step(self, round_id: bytes) -> bool:
        """One transition of a round, if one is possible now."""
        phase = self._store.read("phase", lambda book: self._find(book, round_id).phase)
        if phase is Phase.UNMASKING:
            return self._unmask(round_id)
        return any(
            self._store.write(name, self._transition(round_id, phase, transition))
            for name, transition in self._progress.of_phase.get(phase, ())
        )

    def _transition(self, round_id: bytes, phase: Phase, transition: Transition) -> Callable[[RoundBook], bool]:
        def work(book: RoundBook) -> bool:
            record = self._find(book, round_id)
            changed = transition(book, record, self._clock()) if record.phase is phase else None
            if changed is not None:
                book.put_round(changed)
            return changed is not None

        return work

    def _unmask(self, round_id: bytes) -> bool:
        """The last transition. With the same reveals it is not tried twice before its time is over."""
        case = self._store.read("gather", lambda book: gather(book, self._reader, self._find(book, round_id)))
        in_time = self._clock() < case.announce.t_reveal + SKEW
        if in_time and self._tried.get(round_id) == len(case.reveals):
            return False
        opened = open_case(case)
        self._tried[round_id] = len(case.reveals)

        def end(book: RoundBook, record: RoundRecord, now: int) -> RoundRecord | None:
            return settle(book, self._voice, record, case, opened, now)

        published = self._store.write("publish sums", self._transition(round_id, Phase.UNMASKING, end))
        if published:
            self._reader.forget_reveals(round_id)
        return published


def _unknown_epochs(book: RoundBook, known: int) -> list[StoredEpoch]:
    """All since the one a node holds, for each names the one before; a node that has none begins with the newest."""
    later = book.epochs_after(known)
    return later if known else later[-1:]


def _previous_start(book: RoundBook, node_id: str, start: Start) -> Start | None:
    """The last other start in this node's polls; `start` is remembered.

    A node polls again with the same start where the answer was lost, and must get the same answer: its own start would
    tell a store that was restored nothing (B.8, item 5).
    """
    seen = book.find_starts(node_id)
    if seen is not None and seen.latest == start:
        return seen.before
    before = seen.latest if seen else None
    book.put_starts(node_id, SeenStarts(start, before))
    return before
