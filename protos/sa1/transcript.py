"""How the protocol names, hashes and signs things: every domain-separation string is in this file.

LP(x) is the length of x in four bytes, the most significant first, and x. Integers under a hash are eight bytes, the
most significant first; field elements 32 bytes, the least significant first. Hashes are over payload bytes as they
arrived, without their signature. Secure aggregation reference, B.2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PREFIX = b"newlyn/sa1/"
COORDINATOR = "coordinator"
"""The signer of what the coordinator says."""
AUTHORITY = "authority"
"""The signer of an epoch."""


class Signature(StrEnum):
    """What a signature is for; one label a message type."""

    EPOCH = "sig/Epoch"
    RECORD = "sig/EnrolmentRecord"
    RECORD_KEY = "sig/EnrolmentRecord/key-change"
    ANNOUNCE = "sig/RoundAnnounce"
    JOIN = "sig/Join"
    MANIFEST = "sig/RoundManifest"
    REPORT = "sig/ReportHeader"
    RECEIPT = "sig/Receipt"
    STATEMENT = "sig/Statement"
    ABORT_REQUEST = "sig/AbortRequest"
    VERDICT = "sig/Verdict"
    REVEAL = "sig/Reveal"
    RESULT = "sig/RoundResult"


def lp(content: bytes) -> bytes:
    """Length and content. Raises OverflowError for four gigabytes or more."""
    return len(content).to_bytes(4, "big") + content


def label(name: str) -> bytes:
    """LP of a label under the protocol's prefix."""
    return lp(PREFIX + name.encode("ascii"))


def number(value: int) -> bytes:
    """An integer under a hash, 8 bytes. Raises OverflowError outside 0 to 2**64 - 1."""
    return value.to_bytes(8, "big")


def le32(element: int) -> bytes:
    """A field element, 32 bytes."""
    return element.to_bytes(32, "little")


def h(name: str, *parts: bytes) -> bytes:
    """SHA-256 over LP(label) and LP of each part, 32 bytes."""
    return hashlib.sha256(label(name) + b"".join(map(lp, parts))).digest()


def epoch_hash(payload: bytes) -> bytes:
    """Of an Epoch's payload."""
    return h("epoch", payload)


def announce_hash(payload: bytes) -> bytes:
    """Of a RoundAnnounce's payload."""
    return h("announce", payload)


def join_hash(payload: bytes) -> bytes:
    """Of a Join's payload."""
    return h("join", payload)


def manifest_hash(announce: bytes, joins: Sequence[bytes]) -> bytes:
    """Of a roster: the announce's hash, the number of entries, and the join_hash of each payload in order."""
    return h("manifest", announce, number(len(joins)), *(join_hash(payload) for payload in joins))


def header_hash(payload: bytes) -> bytes:
    """Of a ReportHeader's payload."""
    return h("header", payload)


def statement_hash(payload: bytes) -> bytes:
    """Of a Statement's payload."""
    return h("stmt", payload)


def self_mask_commitment(b: int) -> bytes:
    """What a header says of its self-mask's secret."""
    return h("b", le32(b))


def digest_of(ciphertexts: Sequence[bytes]) -> bytes:
    """SHA-256 of share ciphertexts, one after another in committee order."""
    return hashlib.sha256(b"".join(ciphertexts)).digest()


def _signed_bytes(kind: Signature, payload: bytes) -> bytes:
    return label(kind.value) + lp(payload)


def sign(key: Ed25519PrivateKey, kind: Signature, payload: bytes) -> bytes:
    """Ed25519 (RFC 8032) over label and payload, 64 bytes."""
    return key.sign(_signed_bytes(kind, payload))


@lru_cache(maxsize=4096)
def _verifier(public_key: bytes) -> Ed25519PublicKey:
    """Members' keys are used for many messages, and reading one is a tenth of a check."""
    return Ed25519PublicKey.from_public_bytes(public_key)


def holds(public_key: bytes, kind: Signature, payload: bytes, signature: bytes) -> bool:
    """Whether a signature by that key (32 bytes) is for this payload and this type of message."""
    try:
        _verifier(public_key).verify(signature, _signed_bytes(kind, payload))
    except (InvalidSignature, ValueError):
        return False
    return True
