"""The keys that a node answers for in rounds, and the record that certifies them.

A node signs in rounds with the key that signs its summaries: its fingerprint was compared by telephone when the council
enrolled, and every signature says what it is for. What is sealed to the node is sealed to another key, made new for
every epoch, so that what was sent in an old one can no longer be opened. Secure aggregation reference, B.1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from protos.round.v1 import round_pb2 as pb
from protos.sa1 import transcript
from protos.sa1.epochs import Epoch, record_statement
from protos.sa1.strict import encode
from protos.sa1.transcript import Signature
from protos.signing import public_bytes

RECORD_LIFE_SECONDS = 398 * 24 * 3600
"""A record is valid for as long as a transport certificate may be."""

CertificateKey = ec.EllipticCurvePrivateKey | Ed25519PrivateKey


@dataclass(frozen=True)
class NodeKeys:
    """What a node signs and opens shares with. `node_id` is its ONS code.

    `find_share_key` gives the private half of a key that shares are sealed to (32 bytes, public), or None where it was
    never here, or was deleted.
    """

    node_id: str
    idk: Ed25519PrivateKey
    find_share_key: Callable[[bytes], X25519PrivateKey | None]

    def signed(self, kind: Signature, payload: bytes) -> pb.Signed:
        """The payload with this node's signature."""
        return pb.Signed(payload=payload, sig=transcript.sign(self.idk, kind, payload), signer=self.node_id)

    def share_key(self, epoch: Epoch) -> X25519PrivateKey | None:
        """What opens shares sealed to this node in an epoch; None where it is no member, or the key is gone."""
        member = epoch.members.get(self.node_id)
        return self.find_share_key(member.ek) if member is not None else None


def make_record(
    *,
    node_id: str,
    idk: Ed25519PrivateKey,
    share_key: X25519PrivateKey,
    certificate: x509.Certificate,
    certificate_key: CertificateKey,
    seq: int,
    now: int,
    previous_idk: Ed25519PrivateKey | None = None,
) -> pb.SignedRecord:
    """A record of these keys, valid from `now` (seconds since 1970-01-01 UTC), signed with the certificate's key.

    `previous_idk` signs too where the node's signing key is another than in the record before.
    """
    der = certificate.public_bytes(Encoding.DER)
    payload = encode(
        pb.EnrolmentRecord(
            node_id=node_id,
            idk_pub=public_bytes(idk),
            ek_pub=share_key.public_key().public_bytes_raw(),
            x509_sha256=hashlib.sha256(der).digest(),
            valid_from=now,
            valid_to=now + RECORD_LIFE_SECONDS,
            seq=seq,
        )
    )
    statement = record_statement(payload)
    if isinstance(certificate_key, Ed25519PrivateKey):
        signature = certificate_key.sign(statement)
    else:
        signature = certificate_key.sign(statement, ec.ECDSA(SHA256()))
    return pb.SignedRecord(
        payload=payload,
        node_sig=signature,
        certificate=der,
        previous_idk_sig=transcript.sign(previous_idk, Signature.RECORD_KEY, payload) if previous_idk else b"",
    )
