"""Becoming a member: from an invitation to a certificate. Safe to repeat at every step.

The invitation's own certificate admits the node to enrolment and to nothing else; it is deleted, with its secret
token, as soon as the council's certificate is there.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from pydantic import ValidationError

from node.errors import CoordinatorRefused, InvitationRefused, NotEnrolled
from node.identity import (
    IdentityFiles,
    TransportCredentials,
    certificate_request,
    ensure_keys,
    load_signing_key,
    write_private,
)
from node.link import SOFTWARE_VERSION, Link, open_link
from protos.enrolment.v1.enrolment_pb2 import ENROLMENT_STATE_ISSUED, EnrolRequest
from protos.identity import Identity, NotAnIdentity, Role, parse_identity
from protos.invitation import Invitation, parse_invitation
from protos.signing import Label, public_bytes, sign_bytes


def read_invitation(path: Path, now: datetime) -> Invitation:
    """Reads an invitation file.

    Raises InvitationRefused when it is missing, malformed or expired.
    """
    try:
        invitation = parse_invitation(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvitationRefused(f"The invitation {path} cannot be read.", "Check the file's name.") from error
    except ValidationError as error:
        raise InvitationRefused(
            f"{path} is not an invitation, or it was altered.", "Ask the coordinator's operator for a new one."
        ) from error
    if invitation.expires_at <= now:
        raise InvitationRefused(
            f"The invitation expired on {invitation.expires_at:%d %B %Y}.",
            "Check this machine's clock, or ask the coordinator's operator for a new one.",
        )
    return invitation


def begin(files: IdentityFiles, invitation: Invitation) -> None:
    """Makes the keys and keeps the invitation until the certificate is there."""
    ensure_keys(files)
    write_private(files.authority, invitation.authority_certificate.encode())
    write_private(files.invitation, invitation.to_text().encode())


def is_enrolled(files: IdentityFiles) -> bool:
    """Whether the council's certificate is there."""
    return files.certificate.exists()


def _check_certificate(files: IdentityFiles, chain: bytes, council_code: str) -> None:
    """The certificate must be for our key and name this council, whatever the coordinator says."""
    try:
        certificate = x509.load_pem_x509_certificates(chain)[0]
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        identity = parse_identity(names.get_values_for_type(x509.UniformResourceIdentifier))
    except (ValueError, IndexError, x509.ExtensionNotFound, NotAnIdentity) as error:
        raise CoordinatorRefused(
            "The certificate that the coordinator sent cannot be used.", "Tell the coordinator's operator."
        ) from error
    key = serialization.load_pem_private_key(files.transport_key.read_bytes(), password=None)
    raw = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    ours = key.public_key().public_bytes(*raw)
    if identity != Identity(Role.COUNCIL, council_code) or certificate.public_key().public_bytes(*raw) != ours:
        raise CoordinatorRefused(
            "The certificate that the coordinator sent is for another council or another key.",
            "Do not go on; tell the coordinator's operator.",
        )


def ask_for_certificate(files: IdentityFiles, deadline_seconds: float) -> bool:
    """Hands in the certificate request (again) and stores the certificate once it has been issued.

    Returns whether the node is enrolled now. Raises NotEnrolled without an invitation, and what `node.link` raises.
    """
    if is_enrolled(files):
        return True
    if not files.invitation.exists():
        raise NotEnrolled("This node has no certificate and no invitation.", "Run `newlyn-node init --invite FILE`.")
    invitation = parse_invitation(files.invitation.read_text(encoding="utf-8"))
    credentials = TransportCredentials(
        invitation.authority_certificate.encode(),
        invitation.invitee_certificate.encode(),
        invitation.invitee_key.encode(),
    )
    with open_link(invitation.address, credentials, deadline_seconds) as link:
        return _enrol(files, invitation, link)


def _enrol(files: IdentityFiles, invitation: Invitation, link: Link) -> bool:
    signing_key = load_signing_key(files)
    request = _stored_request(files, invitation.council_code)
    answer = link.enrol(
        EnrolRequest(
            council_code=invitation.council_code,
            invitation_token=invitation.token,
            certificate_request=request,
            signing_public_key=public_bytes(signing_key),
            signing_key_proof=sign_bytes(signing_key, Label.ENROLMENT, request),
            software_version=SOFTWARE_VERSION,
        )
    )
    if answer.state != ENROLMENT_STATE_ISSUED:
        return False
    _check_certificate(files, answer.certificate_chain, invitation.council_code)
    write_private(files.certificate, answer.certificate_chain)
    files.invitation.unlink()
    files.certificate_request.unlink()
    return True


def _stored_request(files: IdentityFiles, council_code: str) -> bytes:
    """ECDSA signatures differ each time, so the request is made once and repeated byte for byte."""
    if not files.certificate_request.exists():
        write_private(files.certificate_request, certificate_request(files, council_code))
    return files.certificate_request.read_bytes()
