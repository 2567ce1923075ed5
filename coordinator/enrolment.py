"""The rules of enrolment: who may turn an invitation into a membership, once.

An invitation is a secret token and a certificate that admits to enrolment only; both must be the same council's. The
council proves that it holds its two private keys: the transport key by the request's own signature, the signing key by
a signature over the request. The token is kept as a hash and compared in constant time. The same token with the same
request always means the same enrolment; with another request it is refused.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

from coordinator.authority import requested_key
from coordinator.records import Enrolment, InvitationRecord
from coordinator.refusals import CertificateRequestNotAccepted, InvitationNotAccepted
from protos.signing import EnvelopeRefused, Label, verify_bytes

MAXIMUM_FAILED_ATTEMPTS = 10
"""After so many refused attempts an invitation is worth nothing any more; the operator makes a new one."""


@dataclass(frozen=True)
class EnrolmentRequest:
    """What a node hands in: the token (32 bytes), a PKCS #10 request (DER), the signing key and the proof of it."""

    council_code: str
    token: bytes
    certificate_request: bytes
    signing_key: bytes
    signing_key_proof: bytes


def hash_token(token: bytes) -> bytes:
    """The SHA-256 under which a token is kept. A token is 32 random bytes, so no salt or stretching is needed."""
    return hashlib.sha256(token).digest()


def check_proofs(request: EnrolmentRequest) -> None:
    """Both keys must be proven. Raises CertificateRequestNotAccepted."""
    try:
        requested_key(request.certificate_request)
        verify_bytes(request.signing_key, Label.ENROLMENT, request.certificate_request, request.signing_key_proof)
    except (ValueError, EnvelopeRefused) as error:
        raise CertificateRequestNotAccepted from error


def check_invitation(
    request: EnrolmentRequest,
    caller_council: str,
    invitation: InvitationRecord | None,
    used_for: Enrolment | None,
    now: datetime,
) -> None:
    """The invitation must be the caller's own, in date, and unused or used for this very request.

    `invitation` is the one that the caller's certificate came with, `used_for` the enrolment it was used for.
    Raises InvitationNotAccepted, which does not tell the reasons apart.
    """
    if invitation is None or not (request.council_code == caller_council == invitation.council_code):
        raise InvitationNotAccepted
    if invitation.failed_attempts >= MAXIMUM_FAILED_ATTEMPTS or invitation.expires_at <= now:
        raise InvitationNotAccepted
    if not hmac.compare_digest(hash_token(request.token), invitation.token_hash):
        raise InvitationNotAccepted
    if used_for is None:
        return
    same = (used_for.certificate_request, used_for.signing_key) == (request.certificate_request, request.signing_key)
    if used_for.void or not same:
        raise InvitationNotAccepted
