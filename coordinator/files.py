"""The coordinator's folder: which file holds what, and which are secret (mode 0600).

The server reads `server.key`, `server.pem`, `authority.pem`, `rounds.key` and the database. It needs neither the
enrolment authority's key nor the signing key: envelopes are signed when a collection is opened or published, and served
as stored. What the coordinator says in a round it says as the round goes on, with the key that epochs name.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coordinator.errors import NotACoordinator


def write_private(path: Path, content: bytes) -> None:
    """Writes a file that only its owner may read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(path.suffix + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


@dataclass(frozen=True)
class CoordinatorFiles:
    """The files of the folder `home`."""

    home: Path

    @property
    def config(self) -> Path:
        """The configuration; no secret."""
        return self.home / "coordinator.toml"

    @property
    def database(self) -> Path:
        """The state; secret until publication, because it holds every council's summaries."""
        return self.home / "coordinator.sqlite"

    @property
    def root_certificate(self) -> Path:
        """The enrolment authority's certificate, the root that peers are checked against; public."""
        return self.home / "authority.pem"

    @property
    def server_certificate(self) -> Path:
        """The server's certificate; public."""
        return self.home / "server.pem"

    @property
    def server_key(self) -> Path:
        """The server's private key (EC P-256); secret."""
        return self.home / "server.key"

    @property
    def signing_key(self) -> Path:
        """The key that signs collections and benchmarks (Ed25519); secret. The server does not need it."""
        return self.home / "signing.key"

    @property
    def round_key(self) -> Path:
        """The key that signs what the coordinator says in rounds (Ed25519); secret."""
        return self.home / "rounds.key"

    @property
    def epoch_authority(self) -> Path:
        """The public half of the enrolment authority's key for epochs (Ed25519, 32 bytes)."""
        return self.home / "epochs.pub"


def private_pem(key: ec.EllipticCurvePrivateKey | Ed25519PrivateKey) -> bytes:
    """A private key as PKCS #8 in PEM, without a passphrase."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def read_required(path: Path) -> bytes:
    """The bytes of a file that `init` made. Raises NotACoordinator when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotACoordinator(
            f"The coordinator's file {path} cannot be read.",
            "Name the coordinator's folder with --dir, or make one with `newlyn-coordinator init`.",
        ) from error


def load_signing_key(files: CoordinatorFiles) -> Ed25519PrivateKey:
    """The key that signs collections and benchmarks. Raises NotACoordinator when it is missing or another kind."""
    return _load_ed25519(files.signing_key)


def load_round_key(files: CoordinatorFiles) -> Ed25519PrivateKey:
    """The key that signs what the coordinator says in rounds. Raises NotACoordinator as `load_signing_key` does."""
    return _load_ed25519(files.round_key)


def _load_ed25519(path: Path) -> Ed25519PrivateKey:
    key = serialization.load_pem_private_key(read_required(path), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise NotACoordinator(f"{path} is not an Ed25519 key.", "Restore it from a backup.")
    return key
