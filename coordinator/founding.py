"""Making a coordinator: its folder, keys, certificates, database and configuration. The configuration comes last."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coordinator.authority import Authority, create_authority, load_authority, pem, sign_server
from coordinator.config import CoordinatorConfig, initial_config_text, load_config
from coordinator.errors import NotACoordinator
from coordinator.files import CoordinatorFiles, private_pem, read_required, write_private
from coordinator.store.database import create_store, open_store
from protos.signing import public_bytes


def found(home: Path, host: str, name: str, now: datetime) -> CoordinatorConfig:
    """Makes a coordinator in `home`, or goes on where an earlier attempt stopped. Keys are never replaced.

    Raises NotACoordinator when there is one already.
    """
    files = CoordinatorFiles(home)
    if files.config.exists():
        raise NotACoordinator(f"{home} already holds a coordinator.", "Choose another folder with --dir.")
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = home / "authority"
    authority = load_authority(folder) if folder.exists() else create_authority(folder, now)
    write_private(files.root_certificate, pem(authority.certificate))
    write_private(files.epoch_authority, public_bytes(authority.epoch_key))
    if not files.server_key.exists():
        write_private(files.server_key, private_pem(ec.generate_private_key(ec.SECP256R1())))
    certify_server(files, authority, host, name, now)
    for path in (files.signing_key, files.round_key):
        if not path.exists():
            write_private(path, private_pem(Ed25519PrivateKey.generate()))
    (open_store if files.database.exists() else create_store)(files.database).close()
    write_private(files.config, initial_config_text(host, name).encode())
    return load_config(home)


def certify_server(
    files: CoordinatorFiles, authority: Authority, host: str, name: str, now: datetime
) -> x509.Certificate:
    """Signs a new certificate for the server's key and puts it in place; a running server takes it when restarted."""
    key = serialization.load_pem_private_key(read_required(files.server_key), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise NotACoordinator(f"{files.server_key} is not an elliptic-curve key.", "Restore it from a backup.")
    certificate = sign_server(authority, key.public_key(), host, name, now)
    write_private(files.server_certificate, pem(certificate))
    return certificate
