"""Signed envelopes: Ed25519 (RFC 8032) over the payload bytes exactly as sent, one label per message type.

The label is part of what is signed, so that a signature made for one message type can never be shown as another's.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from protos.envelope.v1.envelope_pb2 import SignedEnvelope

_DOMAIN = b"newlyn\x00"


class Label(StrEnum):
    """What a signature is for. The last three are for entries of a council's own ledger, which are never sent."""

    ENROLMENT = "enrolment/1"
    COLLECTION = "collection/1"
    SUMMARY = "summary/1"
    BENCHMARK = "benchmark/1"
    DECISION = "decision/1"
    LIMIT = "limit/1"
    REPAIR = "repair/1"


class EnvelopeRefused(Exception):
    """An envelope whose label, key or signature is not what the receiver expects.

    The text names the reason and never any content.
    """


def _message(label: Label, payload: bytes) -> bytes:
    return _DOMAIN + label.value.encode() + b"\x00" + payload


def public_bytes(key: Ed25519PrivateKey | Ed25519PublicKey) -> bytes:
    """The 32 raw bytes of the public key."""
    public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
    return public.public_bytes_raw()


def key_id(public_key: bytes) -> str:
    """The name of a signing key: the first 16 hex digits of the SHA-256 of its 32 raw bytes."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def sign_bytes(key: Ed25519PrivateKey, label: Label, payload: bytes) -> bytes:
    """The 64-byte signature over domain, label and payload."""
    return key.sign(_message(label, payload))


def verify_bytes(public_key: bytes, label: Label, payload: bytes, signature: bytes) -> None:
    """Checks a signature made by `sign_bytes`. Raises EnvelopeRefused when it does not hold."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, _message(label, payload))
    except (InvalidSignature, ValueError) as error:
        raise EnvelopeRefused("the signature does not hold") from error


def seal(key: Ed25519PrivateKey, label: Label, payload: bytes) -> SignedEnvelope:
    """Signs `payload` (a serialised message) and puts it into an envelope."""
    return SignedEnvelope(
        label=label.value,
        payload=payload,
        key_id=key_id(public_bytes(key)),
        signature=sign_bytes(key, label, payload),
    )


def open_envelope(envelope: SignedEnvelope, label: Label, public_key: bytes) -> bytes:
    """The payload of an envelope signed by `public_key` for `label`.

    Raises EnvelopeRefused when the label or key is another, or the signature does not hold.
    """
    if envelope.label != label.value:
        raise EnvelopeRefused("the envelope holds another type of message")
    if envelope.key_id != key_id(public_key):
        raise EnvelopeRefused("the envelope is signed with another key")
    verify_bytes(public_key, label, envelope.payload, envelope.signature)
    return envelope.payload
