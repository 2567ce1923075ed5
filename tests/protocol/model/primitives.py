"""Hashes, signatures, HKDF, keystreams, agreements and sealed boxes, byte by byte from their standards (B.2 to B.4)."""

from __future__ import annotations

import hashlib
import hmac
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

Part = bytes | str | int


def raw(part: Part) -> bytes:
    """A part as bytes: text as ASCII, a number as 8 bytes, most significant first."""
    if isinstance(part, int):
        return part.to_bytes(8, "big")
    return part.encode("ascii") if isinstance(part, str) else part


def lp(part: Part) -> bytes:
    """LP: the length in 4 bytes, most significant first, then the part."""
    return len(raw(part)).to_bytes(4, "big") + raw(part)


def labelled(label: str, *parts: Part) -> bytes:
    """LP of the label under the protocol's prefix, then LP of each part."""
    return lp("newlyn/sa1/" + label) + b"".join(lp(part) for part in parts)


def digest(label: str, *parts: Part) -> bytes:
    """H."""
    return hashlib.sha256(labelled(label, *parts)).digest()


def sha256(content: bytes) -> bytes:
    """Plain SHA-256."""
    return hashlib.sha256(content).digest()


def sign(key: Ed25519PrivateKey, message_type: str, payload: bytes) -> bytes:
    """Ed25519 over LP of the label of that message type, then LP of the payload."""
    return key.sign(labelled("sig/" + message_type, payload))


def extract(salt: bytes, ikm: bytes) -> bytes:
    """HKDF-Extract with SHA-256 (RFC 5869, 2.2)."""
    return hmac.digest(salt or bytes(32), ikm, "sha256")


def expand(prk: bytes, info: bytes, length: int) -> bytes:
    """HKDF-Expand with SHA-256 (RFC 5869, 2.3)."""
    block, okm = b"", b""
    for counter in range(1, -(-length // 32) + 1):
        block = hmac.digest(prk, block + info + bytes([counter]), "sha256")
        okm += block
    return okm[:length]


def hkdf(ikm: bytes, salt: bytes, info: bytes) -> bytes:
    """HKDF-SHA256, 32 bytes."""
    return expand(extract(salt, ikm), info, 32)


def keystream(key: bytes, length: int) -> bytes:
    """AES-256 of the numbers 0, 1, 2, ..., one block after the other: counter mode from zero (SP 800-38A, 6.5)."""
    block_cipher = Cipher(algorithms.AES256(key), modes.ECB()).encryptor()  # noqa: S305 -- counter mode is built from it
    blocks = [block_cipher.update(number.to_bytes(16, "big")) for number in range(-(-length // 16))]
    return b"".join(blocks)[:length]


def prg(key: bytes, length: int, width: int) -> list[int]:
    """The mask of a key: so many words of `width` bits, least significant byte first."""
    return words(keystream(key, length * width // 8), width)


def words(content: bytes, width: int) -> list[int]:
    """Bytes as words of `width` bits."""
    size = width // 8
    return [int.from_bytes(content[at : at + size], "little") for at in range(0, len(content), size)]


def unworded(vector: list[int], width: int) -> bytes:
    """Whole numbers, signed or not, as words of `width` bits."""
    return b"".join((value % 2**width).to_bytes(width // 8, "little") for value in vector)


def public(secret: bytes) -> bytes:
    """X25519(secret, 9)."""
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def agree(secret: bytes, public_key: bytes) -> bytes:
    """X25519(secret, public_key)."""
    return X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(public_key))


AEAD_ID: dict[str, tuple[int, int]] = {"AES-128-GCM": (1, 16), "AES-256-GCM": (2, 32), "ChaCha20Poly1305": (3, 32)}
AeadName = Literal["AES-128-GCM", "AES-256-GCM", "ChaCha20Poly1305"]


def _labeled_extract(suite: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
    return extract(salt, b"HPKE-v1" + suite + label + ikm)


def _labeled_expand(suite: bytes, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
    return expand(prk, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)


def hpke_shared_secret(dh: bytes, enc: bytes, public_key: bytes) -> bytes:
    """DHKEM(X25519, HKDF-SHA256) after the agreement (RFC 9180, 4.1)."""
    suite = b"KEM" + (0x20).to_bytes(2, "big")
    return _labeled_expand(suite, _labeled_extract(suite, b"", b"eae_prk", dh), b"shared_secret", enc + public_key, 32)


def hpke_key_and_nonce(shared_secret: bytes, info: bytes, aead: AeadName) -> tuple[bytes, bytes]:
    """The key schedule in base mode, and the nonce of the first message (RFC 9180, 5.1)."""
    aead_id, key_length = AEAD_ID[aead]
    suite = b"HPKE" + (0x20).to_bytes(2, "big") + (1).to_bytes(2, "big") + aead_id.to_bytes(2, "big")
    context = (
        b"\0" + _labeled_extract(suite, b"", b"psk_id_hash", b"") + _labeled_extract(suite, b"", b"info_hash", info)
    )
    secret = _labeled_extract(suite, shared_secret, b"secret", b"")
    return (
        _labeled_expand(suite, secret, b"key", context, key_length),
        _labeled_expand(suite, secret, b"base_nonce", context, 12),
    )


def _cipher(aead: AeadName, key: bytes) -> AESGCM | ChaCha20Poly1305:
    return ChaCha20Poly1305(key) if aead == "ChaCha20Poly1305" else AESGCM(key)


def seal(
    ephemeral: bytes, public_key: bytes, info: bytes, plaintext: bytes, aad: bytes = b"", aead: AeadName = "AES-256-GCM"
) -> bytes:
    """HPKE in base mode, one message: enc, then the ciphertext. `ephemeral` is the sender's key of this one message."""
    enc = public(ephemeral)
    key, nonce = hpke_key_and_nonce(hpke_shared_secret(agree(ephemeral, public_key), enc, public_key), info, aead)
    return enc + _cipher(aead, key).encrypt(nonce, plaintext, aad)


def unseal(secret: bytes, info: bytes, ciphertext: bytes, aad: bytes = b"", aead: AeadName = "AES-256-GCM") -> bytes:
    """What `seal` sealed."""
    enc = ciphertext[:32]
    key, nonce = hpke_key_and_nonce(hpke_shared_secret(agree(secret, enc), enc, public(secret)), info, aead)
    return _cipher(aead, key).decrypt(nonce, ciphertext[32:], aad)
