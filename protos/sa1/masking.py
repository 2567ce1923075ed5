"""Masks: what hides a node's vector, and cancels in the sum of its group.

Vectors are integers modulo 2**w, w being 32 or 64, as arrays of that many bits; a raw keystream word is exactly uniform
there, so no bias is possible. Every key is used for one mask and one vector. Secure aggregation reference, B.3, B.4.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from numpy.typing import NDArray

from protos.sa1.transcript import label, le32, lp

Vector = NDArray[Any]
"""Of dtype uint32 or uint64, little-endian."""

FIELD_PRIME = 2**255 - 19
_BLOCK = 1 << 18
_ZEROS = memoryview(bytes(_BLOCK))
_ANY_PRIVATE_KEY = X25519PrivateKey.from_private_bytes(b"\x01" * 32)


def hkdf(secret: bytes, salt: bytes, info: bytes) -> bytes:
    """HKDF-SHA256 (RFC 5869), 32 bytes."""
    return HKDF(SHA256(), 32, salt, info).derive(secret)


def is_usable_public_key(public_key: bytes) -> bool:
    """Whether 32 bytes are a canonical X25519 public key of no low order, whose secrets are not zero (RFC 7748 6.1)."""
    if len(public_key) != 32 or int.from_bytes(public_key, "little") >= FIELD_PRIME:
        return False
    try:
        _ANY_PRIVATE_KEY.exchange(X25519PublicKey.from_public_bytes(public_key))
    except ValueError:
        return False
    return True


def mask_private_key(a: int, announce_hash: bytes, node_id: str) -> X25519PrivateKey:
    """The key behind a node's pair masks in a round, from the secret that it shares out at Join."""
    return X25519PrivateKey.from_private_bytes(
        hkdf(le32(a), announce_hash, label("mask-sk") + lp(node_id.encode("ascii")))
    )


def pair_key(
    mine: X25519PrivateKey,
    theirs: bytes,
    manifest_hash: bytes,
    cell_id: str,
    pair: tuple[str, str],
    public_keys: tuple[bytes, bytes],
) -> bytes:
    """The key of the mask that two nodes of a group share; `pair` and `public_keys` in node_id order.

    Raises ValueError where the agreement gives all zeros.
    """
    agreed = mine.exchange(X25519PublicKey.from_public_bytes(theirs))
    names = b"".join(lp(name.encode("ascii")) for name in (cell_id, *pair))
    return hkdf(agreed, manifest_hash, label("pair") + names + b"".join(map(lp, public_keys)))


def self_key(b: int, manifest_hash: bytes, cell_id: str, node_id: str, nonce: bytes) -> bytes:
    """The key of a node's own mask."""
    names = lp(cell_id.encode("ascii")) + lp(node_id.encode("ascii"))
    return hkdf(le32(b), manifest_hash, label("self") + names + lp(nonce))


def word(width: int) -> np.dtype[Any]:
    """The type of a vector's entries. Raises ValueError for a width other than 32 and 64."""
    if width not in (32, 64):
        raise ValueError("a ring of another width than 32 or 64 bits")
    return np.dtype(f"<u{width // 8}")


def keystream(key: bytes, length: int) -> bytes:
    """The first `length` bytes of AES-256-CTR from a counter of zero (SP 800-38A): PRG of B.3."""
    return Cipher(algorithms.AES256(key), modes.CTR(bytes(16))).encryptor().update(bytes(length))


def mask(key: bytes, length: int, width: int) -> Vector:
    """PRG(key, length, width): uniform words."""
    return np.frombuffer(keystream(key, length * width // 8), dtype=word(width))


def add_masks(vector: Vector, added: Iterable[bytes], subtracted: Iterable[bytes]) -> None:
    """Adds and subtracts the masks of keys in place, modulo 2**width.

    Block by block, so that a mask is never whole in memory and stays in the processor's cache.
    """
    octets = vector.view(np.uint8)
    blocks = [octets[start : start + _BLOCK].view(vector.dtype) for start in range(0, vector.nbytes, _BLOCK)]
    # The library asks for room for one more cipher block than it writes.
    stream = bytearray(_BLOCK + 15)
    for keys, combine in ((added, np.add), (subtracted, np.subtract)):
        for key in keys:
            encryptor = Cipher(algorithms.AES256(key), modes.CTR(bytes(16))).encryptor()
            for block in blocks:
                encryptor.update_into(_ZEROS[: block.nbytes], stream)
                combine(block, np.frombuffer(stream, vector.dtype, len(block)), out=block)


def to_ring(values: Sequence[int] | Vector, width: int) -> Vector:
    """Signed whole numbers as words, two's complement.

    Raises TypeError for numbers that are not whole, ValueError for one that needs more than `width` bits.
    """
    signed = np.array(values)
    if signed.dtype.kind not in "iu" or signed.ndim != 1:
        raise TypeError("a vector of whole numbers is needed")
    half = 1 << (width - 1)
    if len(signed) and not (-half <= int(signed.min()) and int(signed.max()) < half):
        raise ValueError("a number does not fit the ring")
    return signed.astype(np.dtype(f"<i{width // 8}")).view(word(width))


def from_ring(vector: Vector) -> list[int]:
    """Words as signed whole numbers."""
    return [int(value) for value in vector.view(np.dtype(f"<i{vector.dtype.itemsize}"))]


def with_width(vector: Vector, width: int) -> Vector:
    """A copy: the same signed numbers as words of `width` bits.

    Raises TypeError for what are no words, ValueError for a number that needs more bits.
    """
    if vector.dtype not in (word(32), word(64)):
        raise TypeError("a vector of words is needed")
    return to_ring(vector.view(np.dtype(f"<i{vector.dtype.itemsize}")), width)
