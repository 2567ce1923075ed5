"""What the server does for a node in rounds: every call speaks for the council of its certificate, and no other.

Rules of rounds are the desk's (`coordinator.rounds.desk`); here callers become node_ids, and councils hand in the
records that the next epoch is made from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from coordinator.authorisation import Caller
from coordinator.data import current_councils
from coordinator.epochs import payload_digest
from coordinator.refusals import AnotherMessageStored, MessageNotAccepted, NoSuchRound, Refusal
from coordinator.rounds.desk import RoundDesk
from coordinator.rounds.records import DeskStore
from coordinator.rounds.report_stream import CHUNK_BYTES, round_of
from coordinator.rounds.uploads import ReportUploads
from coordinator.store import epoch_records
from coordinator.store.database import Store
from protos.round.v1 import round_pb2 as pb
from protos.sa1.epochs import Member, read_record
from protos.sa1.refusal import Refused
from protos.sa1.strict import encode


def node_id_of(caller: Caller) -> str:
    """The ONS code of the caller's council. Raises MessageNotAccepted for a council that is no more."""
    council = current_councils().get(caller.council_code)
    if council is None:
        raise MessageNotAccepted
    return council.ons_code


class RoundService:
    """The desk as councils call it."""

    def __init__(self, desk: RoundDesk, rounds: DeskStore, store: Store, clock: Callable[[], datetime]) -> None:
        self.desk = desk
        self._rounds = rounds
        self._store = store
        self._clock = clock
        self._uploads = ReportUploads(rounds, lambda: int(clock().timestamp()))

    def poll(self, caller: Caller, request: pb.PollRequest) -> pb.PollResponse:
        """What there is for the caller to do, and what is held of a report that it has not finished."""
        node_id = node_id_of(caller)
        response = self.desk.poll(node_id, request)
        if any(entry.progress == pb.ROUND_PROGRESS_JOINED for entry in request.open_rounds):
            response.uploads_begun.extend(self._uploads.begun(node_id))
        return response

    def submit_join(self, caller: Caller, submission: pb.JoinSubmission) -> pb.Receipt:
        """Takes a Join in. This and the next three raise the refusals of the desk."""
        return self.desk.submit_join(node_id_of(caller), submission)

    def vector_bytes(self, round_id: bytes) -> int:
        """How long the masked vectors of a round are. Raises NoSuchRound."""
        record = self._rounds.read("vector length", lambda book: book.find_round(round_id))
        if record is None:
            raise NoSuchRound
        announce = pb.RoundAnnounce.FromString(pb.Signed.FromString(record.announce).payload)
        return announce.d * announce.w // 8

    def submit_report(self, caller: Caller, header: pb.Signed, vector: bytes, shares: Sequence[bytes]) -> pb.Receipt:
        """Takes a report in. Of one in several chunks nothing is held any longer, whether it is taken or refused."""
        node_id = node_id_of(caller)
        try:
            receipt = self.desk.submit_report(node_id, header, vector, shares)
        except Refusal:
            self._drop_chunks(node_id, header, vector)
            raise
        self._drop_chunks(node_id, header, vector)
        return receipt

    def keep_chunk(self, caller: Caller, header: pb.Signed, seq: int, data: bytes) -> None:
        """Keeps a chunk of a report that may be interrupted. Raises as `ReportUploads.keep` does."""
        self._uploads.keep(node_id_of(caller), header, seq, data)

    def held_chunks(self, caller: Caller, header: pb.Signed, count: int) -> list[bytes]:
        """The chunks that a resumed upload leaves out. Raises Malformed where fewer are held."""
        return self._uploads.held(node_id_of(caller), header, count)

    def _drop_chunks(self, node_id: str, header: pb.Signed, vector: bytes) -> None:
        if len(vector) > CHUNK_BYTES:
            self._uploads.drop(node_id, round_of(header))

    def submit_verdict(self, caller: Caller, signed: pb.Signed) -> pb.Receipt:
        """Takes a verdict in."""
        return self.desk.submit_verdict(node_id_of(caller), signed)

    def submit_reveal(self, caller: Caller, signed: pb.Signed) -> pb.Receipt:
        """Takes a reveal in."""
        return self.desk.submit_reveal(node_id_of(caller), signed)

    def submit_record(self, caller: Caller, signed: pb.SignedRecord) -> pb.RecordReceipt:
        """Takes the record of a council's keys for the next epoch in.

        Raises MessageNotAccepted for a record that does not hold, or is not of the caller's council, certificate and
        enrolled signing key, or is older than the stored one; AnotherMessageStored for another of the same number.
        """
        member = _own_record(caller, signed)
        digest, now = payload_digest(signed), self._clock()

        def work(tx: Connection) -> None:
            seq, stored = epoch_records.newest_record(tx, member.certificate_sha256) or (0, b"")
            if member.seq > seq:
                epoch_records.add_record(tx, member, digest, encode(signed), now)
            elif member.seq < seq:
                raise MessageNotAccepted
            elif digest != stored:
                raise AnotherMessageStored

        self._store.run_tx("submit record", work)
        return pb.RecordReceipt(payload_sha256=digest)


def _own_record(caller: Caller, signed: pb.SignedRecord) -> Member:
    try:
        member = read_record(signed)
    except Refused as error:
        raise MessageNotAccepted from error
    own = (node_id_of(caller), caller.fingerprint, caller.signing_key)
    if (member.node_id, member.certificate_sha256, member.idk) != own or signed.authority_sig:
        raise MessageNotAccepted
    return member
