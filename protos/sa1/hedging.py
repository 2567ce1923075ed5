"""A round's secrets, from randomness and what they are for.

A machine that is restored from a snapshot of its memory may draw the same random bytes twice. The secrets of a message
are read from a stream whose seed holds the message too, so that they repeat only where the message does. Secure
aggregation reference, B.4 and B.9 (6).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from protos.sa1.masking import Vector, hkdf
from protos.sa1.sharing import ORDER
from protos.sa1.transcript import label, lp


@dataclass(frozen=True)
class JoinSecrets:
    """`a`, the secret behind the pair masks, and the higher coefficients of its sharing."""

    a: int
    coefficients: tuple[int, ...]


@dataclass(frozen=True)
class ReportSecrets:
    """`nonce` (32 bytes, sent), `b`, the secret behind the self-mask, and the higher coefficients of its sharing."""

    nonce: bytes
    b: int
    coefficients: tuple[int, ...]


class _Stream:
    def __init__(self, randomness: bytes, salt: bytes, node_id: str, message: bytes) -> None:
        if len(randomness) != 32:
            raise ValueError("32 random bytes are needed")
        info = label("seed") + lp(node_id.encode("ascii")) + lp(message)
        self._encryptor = Cipher(algorithms.AES256(hkdf(randomness, salt, info)), modes.CTR(bytes(16))).encryptor()

    def take(self) -> bytes:
        """The next 32 bytes."""
        return self._encryptor.update(bytes(32))

    def element(self) -> int:
        """The next field element, uniform: 253 bits at a time, until they are below l."""
        while True:
            value = int.from_bytes(self.take(), "little") & ((1 << 253) - 1)
            if value < ORDER:
                return value

    def elements(self, count: int) -> tuple[int, ...]:
        return tuple(self.element() for _ in range(count))


def join_secrets(randomness: bytes, announce_hash: bytes, node_id: str, threshold: int) -> JoinSecrets:
    """Of a Join, from 32 bytes of the operating system. Raises ValueError for another number of them."""
    stream = _Stream(randomness, announce_hash, node_id, b"")
    return JoinSecrets(stream.element(), stream.elements(threshold - 1))


def report_secrets(
    randomness: bytes, manifest_hash: bytes, node_id: str, threshold: int, noised: Vector
) -> ReportSecrets:
    """Of a Report of the noised vector, from 32 bytes of the operating system."""
    stream = _Stream(randomness, manifest_hash, node_id, hashlib.sha256(noised.tobytes()).digest())
    return ReportSecrets(stream.take(), stream.element(), stream.elements(threshold - 1))
