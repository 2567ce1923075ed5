"""The node's own keys and certificates, each in a file of its own in the state folder (mode 0600 where it is secret).

The private keys are made here and never leave: the coordinator sees a certificate request and a public key.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from node.errors import IdentityRefused, NotEnrolled, StorageFailed
from protos.identity import Identity, Role
from protos.signing import key_id, public_bytes


def write_private(path: Path, content: bytes) -> None:
    """Writes a file that only its owner may read, whole or not at all. Raises StorageFailed when the disk does."""
    draft = path.with_suffix(path.suffix + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise StorageFailed(
            f"{path.name} could not be written ({error.strerror}).",
            "Free some space, or see to the disk or the folder's rights, then run again. Nothing is lost.",
        ) from error


@dataclass(frozen=True)
class IdentityFiles:
    """Where the node keeps its keys, certificates and (until it is used) its invitation."""

    state: Path

    @property
    def authority(self) -> Path:
        """The enrolment authority's certificate: the only root the node trusts."""
        return self.state / "authority.pem"

    @property
    def transport_key(self) -> Path:
        """The key of the link (EC P-256)."""
        return self.state / "transport.key"

    @property
    def certificate(self) -> Path:
        """The council's certificate, once the authority has signed it."""
        return self.state / "certificate.pem"

    @property
    def signing_key(self) -> Path:
        """The key that signs summaries (Ed25519)."""
        return self.state / "signing.key"

    @property
    def invitation(self) -> Path:
        """The invitation, kept until the certificate is there."""
        return self.state / "invitation.json"

    @property
    def certificate_request(self) -> Path:
        """The certificate request, kept until the certificate is there."""
        return self.state / "request.der"


def _private_pem(key: ec.EllipticCurvePrivateKey | Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def ensure_keys(files: IdentityFiles) -> None:
    """Makes the two private keys if they are not there yet. Existing keys are never replaced."""
    if not files.transport_key.exists():
        write_private(files.transport_key, _private_pem(ec.generate_private_key(ec.SECP256R1())))
    if not files.signing_key.exists():
        write_private(files.signing_key, _private_pem(Ed25519PrivateKey.generate()))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NotEnrolled(
            f"The node's file {path.name} is missing.",
            "Run `newlyn-node init --invite FILE` (again); it goes on where it stopped.",
        ) from error


@dataclass(frozen=True)
class KeyFingerprints:
    """The first 16 hex digits of the SHA-256 of each public key, to be compared by telephone before it is signed."""

    transport: str
    signing: str


def key_fingerprints(files: IdentityFiles) -> KeyFingerprints:
    """The fingerprints of this node's keys, as `newlyn-coordinator authority sign` shows them."""
    key = load_transport_key(files)
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return KeyFingerprints(hashlib.sha256(spki).hexdigest()[:16], key_id(public_bytes(load_signing_key(files))))


def load_signing_key(files: IdentityFiles) -> Ed25519PrivateKey:
    """The key that signs summaries. Raises NotEnrolled when it is missing or not an Ed25519 key."""
    key = serialization.load_pem_private_key(_read(files.signing_key), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise NotEnrolled("The signing key is not an Ed25519 key.", "Enrol again with a new invitation.")
    return key


def load_transport_key(files: IdentityFiles) -> ec.EllipticCurvePrivateKey:
    """The key of the link. Raises NotEnrolled when it is missing or not an elliptic-curve key."""
    key = serialization.load_pem_private_key(_read(files.transport_key), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise NotEnrolled("The transport key is not an elliptic-curve key.", "Enrol again with a new invitation.")
    return key


def load_certificate(files: IdentityFiles) -> x509.Certificate:
    """The council's certificate. Raises NotEnrolled until it has been issued."""
    return x509.load_pem_x509_certificate(_read(files.certificate))


def certificate_request(files: IdentityFiles, council_code: str) -> bytes:
    """A PKCS #10 request (DER) for exactly one URI name, the council's."""
    key = load_transport_key(files)
    uri = Identity(Role.COUNCIL, council_code).uri
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Newlyn node {council_code}")]))
        .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return request.public_bytes(serialization.Encoding.DER)


@dataclass(frozen=True)
class TransportCredentials:
    """PEM texts for mutual TLS: the root, and this end's certificate chain and key."""

    root: bytes
    certificate_chain: bytes
    private_key: bytes


def load_transport_credentials(files: IdentityFiles) -> TransportCredentials:
    """The council's own credentials. Raises NotEnrolled until the certificate has been issued."""
    return TransportCredentials(_read(files.authority), _read(files.certificate), _read(files.transport_key))


def check_in_date(files: IdentityFiles, now: datetime) -> None:
    """Raises IdentityRefused when the council's certificate has expired: a call would only be cut off."""
    end = certificate_end(files)
    if end <= now:
        raise IdentityRefused(
            f"This node's certificate expired on {end:%d %B %Y}.",
            "Check this machine's clock; if it is right, ask the coordinator's operator for a new invitation.",
        )


def certificate_end(files: IdentityFiles) -> datetime:
    """When the council's certificate expires (UTC). Raises NotEnrolled when there is none."""
    return load_certificate(files).not_valid_after_utc
