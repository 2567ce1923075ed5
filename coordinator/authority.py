"""The enrolment authority: the root that councils and coordinator trust, and what it signs.

Its private key lives in a folder of its own, which the running server never opens. Whoever holds the key can speak as
any council on the wire, so it may be kept on another disk or a stick and is needed only to invite and to sign. From
a council's request it takes the public key and nothing else: every name in a certificate is its own choice.

A second key beside it signs epochs: which keys are whose in rounds of secure aggregation. Nodes pin its public half.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from coordinator.errors import AuthorityUnavailable
from coordinator.files import private_pem, write_private
from protos.identity import Identity, Role

AUTHORITY_LIFE = timedelta(days=3652)
SERVER_LIFE = timedelta(days=398)
COUNCIL_LIFE = timedelta(days=398)
INVITATION_LIFE = timedelta(days=30)

_CLOCK_SKEW = timedelta(minutes=10)
_KEY_FILE = "authority.key"
_CERTIFICATE_FILE = "authority.pem"
_EPOCH_KEY_FILE = "epochs.key"


@dataclass(frozen=True)
class Authority:
    """The authority's key and self-signed certificate, and the key that signs epochs."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    epoch_key: Ed25519PrivateKey


def create_authority(folder: Path, now: datetime) -> Authority:
    """Makes the authority's keys and certificate in `folder`, owner-only.

    Raises AuthorityUnavailable when there is one already.
    """
    if (folder / _KEY_FILE).exists():
        raise AuthorityUnavailable(
            f"{folder} already holds an enrolment authority's key.", "Name another folder; keys are never replaced."
        )
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Newlyn enrolment authority")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    epoch_key = Ed25519PrivateKey.generate()
    write_private(folder / _KEY_FILE, private_pem(key))
    write_private(folder / _CERTIFICATE_FILE, pem(certificate))
    write_private(folder / _EPOCH_KEY_FILE, private_pem(epoch_key))
    return Authority(key, certificate, epoch_key)


def load_authority(folder: Path) -> Authority:
    """Reads the authority from its folder. Raises AuthorityUnavailable when a file is missing or unfit."""
    try:
        key = serialization.load_pem_private_key((folder / _KEY_FILE).read_bytes(), password=None)
        certificate = x509.load_pem_x509_certificate((folder / _CERTIFICATE_FILE).read_bytes())
        epoch_key = serialization.load_pem_private_key((folder / _EPOCH_KEY_FILE).read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise AuthorityUnavailable(
            f"The enrolment authority's key cannot be read from {folder}.",
            "Make the folder available, or name it with --authority (or [authority] folder in coordinator.toml).",
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise AuthorityUnavailable(
            f"The key and the certificate in {folder} do not belong together.", "Restore both from one backup."
        )
    if not isinstance(epoch_key, Ed25519PrivateKey):
        raise AuthorityUnavailable(f"{folder / _EPOCH_KEY_FILE} is not an Ed25519 key.", "Restore it from a backup.")
    return Authority(key, certificate, epoch_key)


def pem(certificate: x509.Certificate) -> bytes:
    """A certificate in PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def fingerprint(certificate: x509.Certificate) -> bytes:
    """SHA-256 of the certificate's DER, 32 bytes: the name by which the coordinator knows it."""
    return certificate.fingerprint(hashes.SHA256())


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _host_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _sign(
    authority: Authority,
    public_key: ec.EllipticCurvePublicKey,
    identity: Identity,
    usage: ObjectIdentifier,
    now: datetime,
    life: timedelta,
    hosts: tuple[x509.GeneralName, ...] = (),
) -> x509.Certificate:
    end = min(now + life, authority.certificate.not_valid_after_utc)
    if end <= now:
        raise AuthorityUnavailable(
            "The enrolment authority's certificate has expired.", "Make a new coordinator and invite every council."
        )
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{identity.role.value} {identity.name}")]))
        .issuer_name(authority.certificate.subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([*hosts, x509.UniformResourceIdentifier(identity.uri)]), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
        .sign(authority.key, hashes.SHA256())
    )


def sign_server(
    authority: Authority, public_key: ec.EllipticCurvePublicKey, host: str, name: str, now: datetime
) -> x509.Certificate:
    """The server's certificate: the host (DNS name or IP address) and exactly one URI, the coordinator's."""
    identity = Identity(Role.COORDINATOR, name)
    return _sign(
        authority, public_key, identity, ExtendedKeyUsageOID.SERVER_AUTH, now, SERVER_LIFE, (_host_name(host),)
    )


def sign_invitee(
    authority: Authority, public_key: ec.EllipticCurvePublicKey, council_code: str, now: datetime
) -> x509.Certificate:
    """The certificate in an invitation: it admits to enrolment and to nothing else, for as long as the invitation."""
    identity = Identity(Role.INVITEE, council_code)
    return _sign(authority, public_key, identity, ExtendedKeyUsageOID.CLIENT_AUTH, now, INVITATION_LIFE)


def requested_key(certificate_request: bytes) -> ec.EllipticCurvePublicKey:
    """The public key of a PKCS #10 request (DER) whose own signature holds. Nothing else of the request is used.

    Raises ValueError for anything else than a well-formed request for an EC P-256 key.
    """
    try:
        request = x509.load_der_x509_csr(certificate_request)
        key, holds = request.public_key(), request.is_signature_valid
    except UnsupportedAlgorithm as error:
        raise ValueError("the request uses an algorithm that is not known here") from error
    if not holds:
        raise ValueError("the request's signature does not hold")
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("the key is not an EC P-256 key")
    return key


def sign_council(
    authority: Authority, certificate_request: bytes, council_code: str, now: datetime
) -> x509.Certificate:
    """The council's certificate for the key of its request. Raises ValueError as `requested_key` does."""
    identity = Identity(Role.COUNCIL, council_code)
    key = requested_key(certificate_request)
    return _sign(authority, key, identity, ExtendedKeyUsageOID.CLIENT_AUTH, now, COUNCIL_LIFE)
