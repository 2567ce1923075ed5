"""Shares sealed to one member of the committee: HPKE (RFC 9180, base mode, X25519, HKDF-SHA256, AES-256-GCM).

The info of a ciphertext names owner, member, index and the one key or nonce on record, so that no member can be used to
open a share for any other message. Base mode does not say who sealed it: a share that does not fit proves nothing
against its owner. Secure aggregation reference, B.4.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from protos.sa1.sharing import NotShares, decode
from protos.sa1.transcript import label, le32, lp, number

SUITE = 1
"""The protocol's number for this suite."""
CIPHERTEXT_LENGTH = 80

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class ShareDoesNotOpen(Exception):
    """A ciphertext that is not a share for this member under this info."""


def _names(owner: str, member: str, index: int) -> bytes:
    return lp(owner.encode("ascii")) + lp(member.encode("ascii")) + lp(number(index))


def a_share_info(announce_hash: bytes, owner: str, member: str, index: int, mask_pk: bytes) -> bytes:
    """What a share of the secret behind a node's pair masks is bound to."""
    return label("share-a") + lp(announce_hash) + _names(owner, member, index) + lp(mask_pk)


def b_share_info(manifest_hash: bytes, owner: str, member: str, index: int, nonce: bytes) -> bytes:
    """What a share of the secret behind a node's own mask is bound to."""
    return label("share-b") + lp(manifest_hash) + _names(owner, member, index) + lp(nonce)


def seal_share(share: int, member_key: bytes, info: bytes) -> bytes:
    """The encapsulated key and ciphertext of a share, 80 bytes."""
    return _SUITE.encrypt(le32(share), X25519PublicKey.from_public_bytes(member_key), info)


def open_share(ciphertext: bytes, member_key: X25519PrivateKey, info: bytes) -> int:
    """The share. Raises ShareDoesNotOpen for any other ciphertext, and for what is no field element."""
    if len(ciphertext) != CIPHERTEXT_LENGTH:
        raise ShareDoesNotOpen
    try:
        return decode(_SUITE.decrypt(ciphertext, member_key, info))
    except (InvalidTag, ValueError, NotShares) as error:
        raise ShareDoesNotOpen from error
