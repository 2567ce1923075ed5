"""What a node does about each thing that the coordinator asks of it: the rules' one way into the store.

Every step checks by the functions of `node.rounds.checks`, called by name, and then stores all that follows in one
transaction; what is sent is what was stored. Secure aggregation reference, B.5 to B.8.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from frameworks.plan import ReleasePlan
from node.errors import LedgerDamaged, NodeError, StorageFailed
from node.rounds import checks, messages
from node.rounds.checks import EntryBeyondBound, ForeignMessage, Misbehaviour
from node.rounds.keys import NodeKeys
from node.rounds.pins import Pins
from node.rounds.policy import RoundPolicy
from node.rounds.reader import RoundReader
from node.rounds.store import Paper, RoundRecord, RoundStore
from protos.round.v1 import round_pb2 as pb
from protos.sa1.announces import Announce, read_announce
from protos.sa1.epochs import Epoch
from protos.sa1.floors import honest_shares
from protos.sa1.masking import Vector, with_width
from protos.sa1.refusal import Refused
from protos.sa1.rosters import Roster
from protos.sa1.sharing import decode
from protos.sa1.statements import Choice, Statement, read_certificate, read_statement
from protos.sa1.strict import Malformed, encode, parse
from protos.sa1.transcript import le32, statement_hash

_Said = pb.RoundAnnounce | pb.RoundManifest | pb.Statement | pb.AbortRequest | pb.RoundResult


@dataclass(frozen=True)
class KnownRound:
    """A round that is known here, with its announcement and epoch as they read."""

    record: RoundRecord
    announce: Announce
    epoch: Epoch


class RoundSteps:
    """The steps of one node. Everything they touch is passed in, as to `node.rounds.machine.RoundMachine`."""

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
        ring: Callable[[str], None],
    ) -> None:
        self._store = store
        self._keys = keys
        self._pins = pins
        self._policy = policy
        self._plans = plans
        self._noised = noised
        self._clock = clock
        self._randomness = randomness
        self._ring = ring
        self._reader = RoundReader(store, pins)

    @property
    def _me(self) -> str:
        return self._keys.node_id

    def take(self, work: pb.Work) -> None:
        """Does one thing that the coordinator asks for."""
        kind = work.WhichOneof("work")
        takers: dict[str | None, Callable[[], None]] = {
            "epoch": lambda: self._take_epoch(work.epoch),
            "announce": lambda: self._take_announce(work.announce),
            "manifest": lambda: self._take_manifest(work.manifest),
            "statement": lambda: self._take_statement(work.statement),
            "abort_request": lambda: self._take_abort_request(work.abort_request),
            "certificate": lambda: self._take_certificate(work.certificate),
            "result": lambda: self._take_result(work.result),
        }
        if kind not in takers:
            self._ring("The coordinator asked for something that this node does not know.")
            return
        try:
            takers[kind]()
        except Malformed as malformed:
            self._refused(work, Refused(str(malformed)))
        except Refused as refused:
            self._refused(work, refused)

    def _refused(self, work: pb.Work, refused: Refused) -> None:
        """Tells a person; where the coordinator contradicts itself, votes ABORT; where a copy spoke, falls silent."""
        round_id = _round_of(work)
        record = self._store.find_round(round_id) if round_id is not None else None
        if record is None:
            self._ring(f"A message of the coordinator was refused: {refused}.")
            return
        self._ring(f"Round {record.round_id.hex()} of {record.collection_id}: {refused}.")
        if isinstance(refused, ForeignMessage):
            self._fall_silent(record)
        if isinstance(refused, Misbehaviour):
            if Paper.EVIDENCE not in record.papers:
                self._store.put_paper(record.round_id, Paper.EVIDENCE, encode(work))
            with suppress(Refused):
                self._vote_abort(self.known(record.round_id))

    def _fall_silent(self, record: RoundRecord) -> None:
        """This node's key spoke without it, and may report so: the release is charged, and nothing more is said."""
        plan = self._plans(record.collection_id)
        if plan is not None:
            try:
                self._store.charge(plan, record.round_id)
            except NodeError as error:
                _raise_storage(error)
                self._ring(f"A report of this council in another copy could not be charged: {error.problem}")
        self._store.burn(record.round_id)

    def _take_epoch(self, signed: pb.Signed) -> None:
        self._pins.adopt(signed)

    def _take_announce(self, signed: pb.Signed) -> None:
        said = parse(pb.RoundAnnounce, signed.payload)
        record = self._store.find_round(said.round_id)
        if record is None:
            self._learn(signed, said)
        else:
            checks.check_same_announce(record, signed)
        known = self.known(said.round_id)
        if pb.MESSAGE_KIND_JOIN in known.record.messages or known.record.burned or known.record.ended:
            return
        if known.record.verdict is not None or self._clock() >= known.announce.t_join:
            return
        self._join(known)

    def _learn(self, signed: pb.Signed, said: pb.RoundAnnounce) -> None:
        """Keeps a new round in mind, joined or not: every member votes by what it knows of a release."""
        epoch = self._reader.epoch(said.epoch_hash)
        announce = read_announce(signed, epoch)
        checks.check_one_epoch(announce.epoch_hash, self._store.rounds_of(announce.collection_id))
        checks.check_after_restore(announce, self._store.restored_at())
        self._store.add_round(announce.round_id, announce.collection_id, announce.epoch_hash, encode(signed))

    def _join(self, known: KnownRound) -> None:
        announce, epoch = known.announce, known.epoch
        others = self._others(known)
        checks.check_current_epoch(announce, self._pins.current)
        checks.check_times(announce, self._clock(), self._policy)
        checks.check_own_floors(announce, self._policy)
        checks.check_own_group(announce, epoch, self._me)
        checks.check_number_of_rounds(others)
        checks.check_reports_aborted(others)
        plan = self._payable_plan(known)
        if plan is None:
            return
        checks.check_plan(announce, plan)
        checks.check_planned_group(announce, epoch, plan, self._me)
        made = messages.make_join(self._keys, announce, epoch, self._randomness(32))
        with self._store.transaction():
            for other in others:
                self._store.erase_secret(other.round_id)
            self._store.put_secret(announce.round_id, le32(made.a))
            self._store.add_message(
                announce.round_id, pb.MESSAGE_KIND_JOIN, made.signed, made.shares, leaves_at=self._clock()
            )
            self._store.set_reason(announce.round_id, "")

    def _take_manifest(self, signed: pb.Signed) -> None:
        known = self.known(parse(pb.RoundManifest, signed.payload).round_id)
        record = known.record
        if record.burned or record.ended:
            return
        acted = record.reported or record.verdict is not None
        held = self._store.paper(record.round_id, Paper.MANIFEST) if acted else None
        checks.check_same_manifest(held, signed, known.epoch)
        if acted:
            return
        roster = self._reader.manifest(signed, known.announce, known.epoch)
        if self._is_on(roster, known) and record.holds_secret and self._clock() < known.announce.t_report:
            self._report(known, roster, signed)
        else:
            self._store.put_paper(record.round_id, Paper.MANIFEST, encode(signed))

    def _is_on(self, roster: Roster, known: KnownRound) -> bool:
        record = known.record
        join = record.said(pb.MESSAGE_KIND_JOIN)
        return checks.check_own_join(roster, self._me, join, pb.MESSAGE_KIND_JOIN in record.receipted)

    def _report(self, known: KnownRound, roster: Roster, manifest: pb.Signed) -> None:
        """Measures, and stores the report with its charge; from then on there is no other report in this round."""
        record, announce, epoch = known.record, known.announce, known.epoch
        self._store.put_paper(record.round_id, Paper.MANIFEST, encode(manifest))
        checks.check_may_report(record)
        checks.check_before_report_ends(announce, self._clock())
        checks.check_reports_aborted(self._others(known))
        try:
            cell_id = checks.check_roster_floor(announce, roster, epoch, self._me)
        except Refused as refused:
            self._store.set_reason(record.round_id, str(refused))
            return
        plan = self._payable_plan(known)
        if plan is None:
            return
        checks.check_plan(announce, plan)
        leaves_at = self._leaving_time(announce)
        try:
            drawn = self._noised(plan, honest_shares(announce, len(roster.cells[cell_id])))
            noised = with_width(drawn, announce.width)
            checks.check_vector(announce, noised)
        except NodeError as error:
            _raise_storage(error)
            self._store.set_reason(record.round_id, str(error))
            return
        except EntryBeyondBound:
            self._decline(record, plan)
            return
        checks.check_before_report_ends(announce, self._clock())
        a = decode(self._store.secret(record.round_id))
        made = messages.make_report(self._keys, announce, roster, epoch, a, noised, self._randomness(32))
        with self._store.transaction():
            self._store.charge(plan, record.round_id)
            self._store.erase_secret(record.round_id)
            self._store.add_message(
                record.round_id, pb.MESSAGE_KIND_REPORT, made.signed, (made.vector, *made.shares), leaves_at
            )
            self._store.set_reason(record.round_id, "")

    def _decline(self, record: RoundRecord, plan: ReleasePlan) -> None:
        """No report in this round, ever; it is charged, since its absence says something (reference, decision 2)."""
        with self._store.transaction():
            self._store.charge(plan, record.round_id)
            self._store.erase_secret(record.round_id)
            self._store.put_paper(record.round_id, Paper.DECLINED, b"")
            self._store.set_reason(record.round_id, "the noise carried an entry beyond its bound")
        self._ring(
            f"Round {record.round_id.hex()} of {record.collection_id}: the noise carried an entry beyond its bound, so "
            "this council does not report in it. Its privacy cost is charged. This happens by chance, very rarely."
        )

    def _leaving_time(self, announce: Announce) -> int:
        """Drawn before anything is measured, so that it does not tell how long that took (B.8, Timeouts)."""
        now = self._clock()
        low, high = self._policy.report_delay_seconds
        fraction = int.from_bytes(self._randomness(8), "big") / 2**64
        delay = int(low + (high - low) * fraction)
        return now + min(delay, max(announce.t_report - now, 0) // 2)

    def _take_statement(self, work: pb.StatementWork) -> None:
        known = self.known(parse(pb.Statement, work.statement.payload).round_id)
        record, announce, epoch = known.record, known.announce, known.epoch
        if record.burned or record.ended or self._me not in epoch.committee:
            return
        roster = self._reader.roster(record, announce, epoch)
        checks.check_counts_in_statement(work.statement, announce, roster, epoch)
        if record.verdict is not None:
            checks.check_same_statement(record, statement_hash(work.statement.payload))
            return
        statement = read_statement(work.statement, work.headers, announce, roster, epoch)
        checks.check_ciphertexts(work, roster)
        self._store.put_paper(record.round_id, Paper.STATEMENT, encode(work))
        self._reader.remember(record.round_id, work, statement)
        if self._clock() < announce.t_reveal:
            self._commit(known, roster, statement, None)

    def _commit(self, known: KnownRound, roster: Roster, statement: Statement, shown: Choice | None) -> None:
        """`shown` is what a certificate that arrived already decided."""
        record, announce = known.record, known.announce
        header = record.said(pb.MESSAGE_KIND_REPORT)
        others = self._others(known)
        checks.check_may_vote(record, known.epoch, self._me)
        checks.check_one_epoch(announce.epoch_hash, others)
        self._is_on(roster, known)
        checks.check_reported_under(roster, header)
        checks.check_own_report(statement, roster, self._me, header, pb.MESSAGE_KIND_REPORT in record.receipted)
        checks.check_time_to_commit(announce, self._clock(), shown, statement)
        checks.check_one_released_round(others)
        verdict = messages.make_verdict(self._keys, announce, (roster, statement))
        self._store.add_message(record.round_id, pb.MESSAGE_KIND_VERDICT, verdict, (), leaves_at=self._clock())

    def _take_abort_request(self, signed: pb.Signed) -> None:
        known = self.known(parse(pb.AbortRequest, signed.payload).round_id)
        checks.check_abort_request(signed, known.announce, known.epoch)
        self._vote_abort(known)

    def _vote_abort(self, known: KnownRound) -> None:
        """Unless this node voted, or may not vote."""
        record = known.record
        if record.verdict is not None or record.burned or record.ended or self._me not in known.epoch.committee:
            return
        checks.check_may_vote(record, known.epoch, self._me)
        verdict = messages.make_verdict(self._keys, known.announce, None)
        with self._store.transaction():
            self._store.erase_secret(record.round_id)
            self._store.add_message(record.round_id, pb.MESSAGE_KIND_VERDICT, verdict, (), leaves_at=self._clock())

    def _take_certificate(self, work: pb.CertificateWork) -> None:
        known = self.known(work.round_id)
        choice = self._decided(known, work.certificate)
        if not choice.commits:
            self._aborted(known.record, work.certificate)
            return
        self._certified(known.record, work.certificate)
        self._reveal(known, choice)

    def _decided(self, known: KnownRound, certificate: pb.Certificate) -> Choice:
        """What a certificate decides; one that is held was checked when it came."""
        return self._reader.choice(
            certificate, known.record, lambda: read_certificate(certificate, known.announce, known.epoch)
        )

    def _aborted(self, record: RoundRecord, certificate: pb.Certificate) -> None:
        """The charge of an aborted round is refunded, by this certificate and once."""
        if Paper.COMMIT_CERTIFICATE in record.papers:
            raise Refused("an abort certificate of a round that was committed to")
        if Paper.ABORT_CERTIFICATE in record.papers:
            return
        content = encode(certificate)
        with self._store.transaction():
            self._store.put_paper(record.round_id, Paper.ABORT_CERTIFICATE, content)
            self._store.refund(record.round_id, content)
            self._store.clear(record.round_id)

    def _certified(self, record: RoundRecord, certificate: pb.Certificate) -> None:
        if Paper.ABORT_CERTIFICATE in record.papers:
            raise Refused("a commit certificate of a round that was aborted")
        if Paper.COMMIT_CERTIFICATE not in record.papers:
            self._store.put_paper(record.round_id, Paper.COMMIT_CERTIFICATE, encode(certificate))

    def _reveal(self, known: KnownRound, choice: Choice) -> None:
        """Opens shares for a certified statement; a member that has not voted commits first, if it may."""
        record, announce, epoch = known.record, known.announce, known.epoch
        if record.burned or record.ended or self._me not in epoch.committee:
            return
        if pb.MESSAGE_KIND_REVEAL in record.messages or (record.verdict is not None and not record.committed):
            return
        if Paper.STATEMENT not in record.papers:
            return
        roster = self._reader.roster(record, announce, epoch)
        work, statement = self._reader.statement(record, announce, roster, epoch)
        checks.check_certified(choice, roster, statement)
        if record.verdict is None:
            self._commit(known, roster, statement, choice)
        checks.check_may_reveal(self.known(record.round_id).record, statement)
        share_key = self._keys.share_key(epoch)
        if share_key is None:
            raise Refused("shares that were sealed to a key that is not here any more")
        reveal = messages.make_reveal(self._keys, share_key, announce, roster, statement, epoch, work)
        self._store.add_message(record.round_id, pb.MESSAGE_KIND_REVEAL, reveal, (), leaves_at=self._clock())

    def _take_result(self, signed: pb.Signed) -> None:
        result = parse(pb.RoundResult, signed.payload)
        known = self.known(result.round_id)
        checks.check_result_signature(signed, known.epoch)
        choice = self._decided(known, result.certificate)
        checks.check_result(result, choice)
        with self._store.transaction():
            self._certified(known.record, result.certificate)
            self._store.put_paper(known.record.round_id, Paper.RESULT, encode(signed))
            self._store.clear(known.record.round_id)
        checks.check_same_statement(known.record, result.stmt_hash)

    def known(self, round_id: bytes) -> KnownRound:
        """A round that was announced here. Raises Refused for any other, and where its epoch is no longer kept."""
        record = self._store.find_round(round_id)
        if record is None:
            raise Refused("a round that was not announced here")
        epoch = self._reader.epoch(record.epoch_hash)
        return KnownRound(record, self._reader.announce(record, epoch), epoch)

    def _others(self, known: KnownRound) -> tuple[RoundRecord, ...]:
        """The other rounds of its release that are known."""
        record = known.record
        return tuple(
            other for other in self._store.rounds_of(record.collection_id) if other.round_id != record.round_id
        )

    def _payable_plan(self, known: KnownRound) -> ReleasePlan | None:
        """The plan that this council approved, and can pay in this round; None, with the reason kept, otherwise."""
        record = known.record
        plan = self._plans(record.collection_id)
        if plan is None:
            self._store.set_reason(record.round_id, "the release is not one that this council answers now")
            return None
        try:
            self._store.check_payable(plan, record.round_id)
        except NodeError as error:
            _raise_storage(error)
            self._store.set_reason(record.round_id, str(error))
            return None
        return plan


def _raise_storage(error: NodeError) -> None:
    """A disk that fails is not a reason to go on."""
    if isinstance(error, StorageFailed | LedgerDamaged):
        raise error


def _round_of(work: pb.Work) -> bytes | None:
    """The id of the round that a piece of work says it is about, or None."""
    kind = work.WhichOneof("work")
    if kind == "certificate":
        return work.certificate.round_id
    payloads: dict[str | None, tuple[type[_Said], pb.Signed]] = {
        "announce": (pb.RoundAnnounce, work.announce),
        "manifest": (pb.RoundManifest, work.manifest),
        "statement": (pb.Statement, work.statement.statement),
        "abort_request": (pb.AbortRequest, work.abort_request),
        "result": (pb.RoundResult, work.result),
    }
    if kind not in payloads:
        return None
    form, signed = payloads[kind]
    try:
        return parse(form, signed.payload).round_id
    except Malformed:
        return None
