"""Whether a node's message is taken in: what every other node would check of it, so that one bad message cannot stop
the rest (secure aggregation reference, B.6 and B.7). The peer hears only that the message is not accepted."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from coordinator.refusals import Malformed, MessageNotAccepted
from coordinator.rounds.records import StoredMessage
from protos.round.v1 import round_pb2 as pb
from protos.sa1 import strict, transcript
from protos.sa1.announces import Announce
from protos.sa1.epochs import Epoch
from protos.sa1.refusal import Refused
from protos.sa1.rosters import Roster, check_signer, read_join
from protos.sa1.sealing import CIPHERTEXT_LENGTH
from protos.sa1.statements import Choice, Statement, read_header, read_verdict
from protos.sa1.transcript import Signature

Checked = TypeVar("Checked")

_Payload = pb.Join | pb.ReportHeader | pb.Verdict | pb.Reveal
_FORMS: dict[pb.MessageKind, tuple[type[_Payload], Signature]] = {
    pb.MESSAGE_KIND_JOIN: (pb.Join, Signature.JOIN),
    pb.MESSAGE_KIND_REPORT: (pb.ReportHeader, Signature.REPORT),
    pb.MESSAGE_KIND_VERDICT: (pb.Verdict, Signature.VERDICT),
    pb.MESSAGE_KIND_REVEAL: (pb.Reveal, Signature.REVEAL),
}


@dataclass(frozen=True)
class Incoming:
    """A message of a kind that a node brought, not checked but for its form and its bringer."""

    round_id: bytes
    node_id: str
    kind: pb.MessageKind
    signed: pb.Signed

    @property
    def payload_sha256(self) -> bytes:
        """What a second message of the same kind is compared by."""
        return hashlib.sha256(self.signed.payload).digest()

    def check_signature(self, epoch: Epoch) -> None:
        """Raises MessageNotAccepted unless the node signed it with its key in the epoch of the round."""
        held(lambda: check_signer(self.signed, self.node_id, _FORMS[self.kind][1], epoch))

    def stored(self, receipt: bytes) -> StoredMessage:
        """As it is kept."""
        signed = strict.encode(self.signed)
        return StoredMessage(self.round_id, self.node_id, self.kind, self.payload_sha256, signed, receipt)


def read_incoming(node_id: str, kind: pb.MessageKind, signed: pb.Signed) -> Incoming:
    """A message that names the node that brought it. Raises Malformed or MessageNotAccepted."""
    try:
        message = strict.parse(_FORMS[kind][0], signed.payload)
    except strict.Malformed as error:
        raise Malformed from error
    if (message.node_id, signed.signer) != (node_id, node_id):
        raise MessageNotAccepted
    return Incoming(message.round_id, node_id, kind, signed)


def check_join(
    incoming: Incoming, shares: Sequence[bytes], announce: Announce, epoch: Epoch, mask_keys: Mapping[str, bytes]
) -> None:
    """A Join that nodes would accept in a roster beside others whose keys are `mask_keys`, by node, with a share for
    each committee member.

    Raises MessageNotAccepted.
    """
    entry = held(lambda: read_join(incoming.signed, announce, epoch))
    _check_shares(shares, entry.a_shares_digest, epoch)
    if any(key == entry.mask_pk and node_id != entry.node_id for node_id, key in mask_keys.items()):
        raise MessageNotAccepted


def check_report(
    incoming: Incoming,
    vector_digest: bytes,
    vector_bytes: int,
    shares: Sequence[bytes],
    announce: Announce,
    roster: Roster,
    epoch: Epoch,
) -> None:
    """A header that nodes would accept in a statement, with the vector and the shares that it names.

    Raises MessageNotAccepted.
    """
    header = held(lambda: read_header(incoming.signed, announce, roster, epoch))
    _check_shares(shares, header.b_shares_digest, epoch)
    if vector_bytes != announce.length * announce.width // 8:
        raise MessageNotAccepted
    if not hmac.compare_digest(vector_digest, header.vector_digest):
        raise MessageNotAccepted


def check_verdict(
    incoming: Incoming, announce: Announce, stated: tuple[Roster, Statement] | None, epoch: Epoch
) -> None:
    """An ABORT of this round, or a COMMIT to its one statement under its one manifest, so that all of a kind are alike.

    Raises MessageNotAccepted.
    """
    _, choice = held(lambda: read_verdict(incoming.signed, epoch))
    expected = Choice(announce.round_id, announce.hash, None, None)
    if choice.commits and stated is not None:
        roster, statement = stated
        expected = replace(expected, manifest_hash=roster.hash, statement_hash=statement.hash)
    if choice != expected:
        raise MessageNotAccepted


def _check_shares(shares: Sequence[bytes], digest: bytes, epoch: Epoch) -> None:
    if len(shares) != len(epoch.committee) or any(len(share) != CIPHERTEXT_LENGTH for share in shares):
        raise MessageNotAccepted
    if not hmac.compare_digest(transcript.digest_of(shares), digest):
        raise MessageNotAccepted


def held(check: Callable[[], Checked]) -> Checked:
    """What a check of the protocol gives. Raises MessageNotAccepted where it refuses."""
    try:
        return check()
    except Refused as refused:
        raise MessageNotAccepted from refused
