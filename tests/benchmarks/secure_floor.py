"""What a secure round cannot do without: its cryptographic operations, counted from the specification and done bare.

Counts follow secure aggregation reference B.4 to B.7, each thing once: what a second reading of the same bytes would
cost is no floor, nor is Shamir's arithmetic, hashing, storing or wire format. The operations are calls of
`cryptography` and NumPy with nothing of ours between them.
"""

from __future__ import annotations

import os
import statistics
import time
from dataclasses import dataclass, field

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from protos.sa1.sharing import threshold

_BLOCK = 1 << 18
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_INFO_BYTES = 160
_PAYLOAD_BYTES = 200


@dataclass(frozen=True)
class Shape:
    """A round: `nodes` on its roster, of whom `dropped` do not report, both spread evenly over so many `groups`, a
    committee of `committee`, vectors of `length` words of `width` bits."""

    nodes: int
    dropped: int
    groups: int
    committee: int
    length: int
    width: int

    @property
    def vector_bytes(self) -> int:
        """The size of a masked vector."""
        return self.length * self.width // 8

    @property
    def survivors(self) -> int:
        """How many report."""
        return self.nodes - self.dropped

    @property
    def largest_group(self) -> int:
        """How many are in the largest group."""
        return -(-self.nodes // self.groups)

    @property
    def pairs_left_over(self) -> int:
        """How many masks survivors share with nodes that dropped out."""
        sizes, drops = (
            [total // self.groups + (place < total % self.groups) for place in range(self.groups)]
            for total in (self.nodes, self.dropped)
        )
        return sum(drop * (size - drop) for size, drop in zip(sizes, drops, strict=True))

    @property
    def threshold(self) -> int:
        """t."""
        return threshold(self.committee)


@dataclass(frozen=True)
class Operations:
    """How often each primitive is used. A mask is a keystream as long as a vector, and its addition to one."""

    agreements: int = 0
    key_pairs: int = 0
    derivations: int = 0
    masks: int = 0
    seals: int = 0
    opens: int = 0
    signatures: int = 0
    checks: int = 0


def node_operations(shape: Shape) -> dict[str, Operations]:
    """What a node that joins, reports, commits and reveals does in each step.

    The announcement is checked before a Join, and all Joins of the manifest, each key's order among them, before a
    Report; the statement and its headers before COMMIT; a certificate before Reveal. The four receipts and the result
    are signed by the coordinator, and checked as they come.
    """
    others = shape.largest_group - 1
    return {
        "join": Operations(derivations=2, key_pairs=1, seals=shape.committee, signatures=1, checks=1 + 1),
        "report": Operations(
            agreements=shape.nodes + others,
            derivations=others + 2,
            masks=others + 1,
            seals=shape.committee,
            signatures=1,
            checks=1 + shape.nodes + 1,
        ),
        "commit": Operations(signatures=1, checks=1 + shape.survivors + 1),
        "reveal": Operations(opens=shape.nodes, signatures=1, checks=shape.threshold + 1),
        "result": Operations(checks=1),
    }


def unmasking_operations(shape: Shape) -> Operations:
    """What the coordinator does from the reveals of t members on to the signed result."""
    pairs = shape.pairs_left_over
    return Operations(
        agreements=pairs,
        key_pairs=shape.dropped,
        derivations=pairs + shape.survivors + shape.dropped,
        masks=pairs + shape.survivors,
        signatures=1,
        checks=shape.threshold,
    )


@dataclass
class Bare:
    """Does operations with the primitives alone, for vectors of one shape."""

    shape: Shape
    _private: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate)
    _signer: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def __post_init__(self) -> None:
        self._public = X25519PrivateKey.generate().public_key().public_bytes_raw()
        self._verifier = self._signer.public_key().public_bytes_raw()
        self._payload, self._info, self._secret = (os.urandom(n) for n in (_PAYLOAD_BYTES, _INFO_BYTES, 32))
        self._signature = self._signer.sign(self._payload)
        self._sealed = _SUITE.encrypt(self._secret, self._private.public_key(), self._info)
        self._vector = np.zeros(self.shape.length, f"<u{self.shape.width // 8}")
        self._zeros, self._stream = bytes(_BLOCK), bytearray(_BLOCK + 16)

    def cpu_seconds(self, operations: Operations) -> float:
        """Does them, and gives the processor time that they took."""
        began = time.process_time()
        for _ in range(operations.agreements):
            self._private.exchange(X25519PublicKey.from_public_bytes(self._public))
        for _ in range(operations.key_pairs):
            X25519PrivateKey.from_private_bytes(self._secret).public_key().public_bytes_raw()
        for _ in range(operations.derivations):
            HKDF(SHA256(), 32, self._secret, self._info).derive(self._secret)
        for _ in range(operations.masks):
            self._mask()
        for _ in range(operations.seals):
            _SUITE.encrypt(self._secret, X25519PublicKey.from_public_bytes(self._public), self._info)
        for _ in range(operations.opens):
            _SUITE.decrypt(self._sealed, self._private, self._info)
        for _ in range(operations.signatures):
            self._signer.sign(self._payload)
        for _ in range(operations.checks):
            Ed25519PublicKey.from_public_bytes(self._verifier).verify(self._signature, self._payload)
        return time.process_time() - began

    def _mask(self) -> None:
        encryptor = Cipher(algorithms.AES256(self._secret), modes.CTR(bytes(16))).encryptor()
        octets = self._vector.view(np.uint8)
        for start in range(0, len(octets), _BLOCK):
            count = min(_BLOCK, len(octets) - start)
            encryptor.update_into(memoryview(self._zeros)[:count], self._stream)
            words = np.frombuffer(self._stream, self._vector.dtype, count // self._vector.itemsize)
            block = octets[start : start + count].view(self._vector.dtype)
            np.add(block, words, out=block)


def agreements_a_second() -> float:
    """X25519 agreements a second of processor time on this machine as it is now: the median of bursts."""
    bare = Bare(Shape(1, 0, 1, 1, 1, 32))
    return statistics.median(200 / bare.cpu_seconds(Operations(agreements=200)) for _ in range(20))
