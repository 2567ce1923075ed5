"""Secrets at rest: encrypted under a key that has a file of its own, so that a copy of one without the other is none.

AES-256-GCM with a random nonce (NIST SP 800-38D); what a secret is for is authenticated with it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from node.errors import LedgerDamaged
from node.identity import write_private

_NONCE_BYTES = 12
_KEY_BYTES = 32


class KeyWrapping:
    """Wraps under the key-encryption key (32 bytes) in a file, which is made (mode 0600) with the first secret."""

    def __init__(self, path: Path, randomness: Callable[[int], bytes] = os.urandom) -> None:
        self._path = path
        self._randomness = randomness

    def _cipher(self) -> AESGCM:
        """Raises LedgerDamaged where the file is missing, or is not a key."""
        try:
            key = self._path.read_bytes()
        except OSError as error:
            raise _lost(self._path.name) from error
        if len(key) != _KEY_BYTES:
            raise _lost(self._path.name)
        return AESGCM(key)

    def wrap(self, secret: bytes, about: bytes) -> bytes:
        """The secret, encrypted; `about` must be the same on the way back."""
        if not self._path.exists():
            write_private(self._path, self._randomness(_KEY_BYTES))
        nonce = self._randomness(_NONCE_BYTES)
        return nonce + self._cipher().encrypt(nonce, secret, about)

    def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        """The secret. Raises LedgerDamaged where it cannot be opened."""
        cipher = self._cipher()
        try:
            return cipher.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], about)
        except (InvalidTag, ValueError) as error:
            raise _lost("A secret of a round") from error


def _lost(what: str) -> LedgerDamaged:
    return LedgerDamaged(
        f"{what} in the state folder cannot be opened.",
        "Restore the whole state folder from one backup. Rounds that are open go on without this council.",
    )
