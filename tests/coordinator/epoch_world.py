"""Councils that have certified keys for an epoch, the wire left out, and the authority's file exchange."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from coordinator.data import current_councils
from node.rounds.keys import make_record
from protos.round.v1 import round_pb2 as pb
from tests.coordinator.world import Member, World

TWELVE = tuple(list(current_councils())[:12])
"""Codes of twelve councils."""


def record_of(
    world: World, member: Member, seq: int = 1, *, previous: Ed25519PrivateKey | None = None, **changes: object
) -> pb.SignedRecord:
    """A member's record of a new key for shares, with `changes` to what it is made from."""
    certificate_key = load_pem_private_key(member.credentials.key, None)
    assert isinstance(certificate_key, ec.EllipticCurvePrivateKey)
    values: dict[str, object] = {
        "node_id": current_councils()[member.code].ons_code,
        "idk": member.signing_key,
        "share_key": X25519PrivateKey.generate(),
        "certificate": x509.load_pem_x509_certificate(member.credentials.certificate),
        "certificate_key": certificate_key,
        "seq": seq,
        "now": int(world.clock().timestamp()),
        "previous_idk": previous,
    }
    return make_record(**(values | changes))  # type: ignore[arg-type]


def hand_in(world: World, member: Member, seq: int = 1) -> pb.SignedRecord:
    """A member hands its record in."""
    record = record_of(world, member, seq)
    world.service.rounds.submit_record(world.caller(member), record)
    return record


def enrolled(world: World, codes: tuple[str, ...] = TWELVE) -> dict[str, Member]:
    """Councils with a certificate and a record, by code."""
    members = {code: world.enrol(code) for code in codes}
    for member in members.values():
        hand_in(world, member)
    return members
