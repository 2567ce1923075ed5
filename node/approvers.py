"""Approvers' keys: a person's own Ed25519 key in a file, under a passphrase that only they know.

The file is PKCS #8 (PEM), encrypted. It need not lie on the node's machine but while it is used. The public key goes
into `[[policy.approvers]]` of node.toml, by the hand of who keeps that file.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from node.errors import ApproverRefused, StorageFailed, UsageProblem
from node.policy import Approver
from protos.signing import public_bytes

SHORTEST_PASSPHRASE = 12


def new_key_file(path: Path, name: str, passphrase: str) -> Approver:
    """Makes a key in a new file that only its owner may read (0600), and gives its entry for node.toml.

    Raises UsageProblem for a file that is there already, a missing name, or a passphrase of fewer than
    `SHORTEST_PASSPHRASE` characters, and StorageFailed.
    """
    if not name.strip():
        raise UsageProblem("A key needs the name of the person whose it is.", "Give it with --name.")
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise UsageProblem(
            f"The passphrase is shorter than {SHORTEST_PASSPHRASE} characters.", "Take several words, and repeat."
        )
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase.encode()),
    )
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise UsageProblem(f"{path} is there already, and a key is never replaced.", "Give another --out.") from None
    except OSError as error:
        raise StorageFailed(f"{path} could not be written ({error.strerror}).", "Give another --out.") from error
    return Approver(name=name.strip(), public_key=base64.b64encode(public_bytes(key)).decode())


def open_key_file(path: Path, passphrase: str) -> Ed25519PrivateKey:
    """The key in a file. Raises ApproverRefused when it cannot be opened with this passphrase."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=passphrase.encode())
    except (OSError, ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ApproverRefused(
            f"The key in {path} cannot be opened.",
            "Check the file's name and the passphrase. A key is made with `newlyn-node approver new`.",
        ) from None
    return key


def toml_lines(approver: Approver) -> str:
    """The approver's entry for node.toml."""
    name, key = (json.dumps(text, ensure_ascii=False) for text in (approver.name, approver.public_key))
    return f"[[policy.approvers]]\nname = {name}\npublic_key = {key}\n"
