"""The operator's side of membership: inviting councils, signing their requests, revoking them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import Connection

from coordinator.authority import (
    INVITATION_LIFE,
    Authority,
    fingerprint,
    pem,
    requested_key,
    sign_council,
    sign_invitee,
)
from coordinator.data import current_councils
from coordinator.enrolment import hash_token
from coordinator.errors import UnknownCouncil
from coordinator.files import private_pem
from coordinator.records import Enrolment, InvitationRecord
from coordinator.store import audit, members
from coordinator.store.audit import AuditEvent
from coordinator.store.database import Store
from protos.invitation import Invitation
from protos.signing import key_id, public_bytes


def council_name(code: str) -> str:
    """The name of a current council. Raises UnknownCouncil for a code that no current council has."""
    council = current_councils().get(code)
    if council is None:
        raise UnknownCouncil(
            f"No current council of England has the code {code}.",
            "Use the Department for Education's three-digit code, such as 301.",
        )
    return council.name


def invite(
    store: Store, authority: Authority, signing_key: bytes, council_code: str, address: str, now: datetime
) -> Invitation:
    """Makes a council's invitation; an earlier one that was not used is void from now on.

    `signing_key` is the coordinator's public key; `address` is what the council calls, as `host:port`.
    Raises UnknownCouncil.
    """
    name, token = council_name(council_code), secrets.token_bytes(32)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = sign_invitee(authority, key.public_key(), council_code, now)
    invitation = Invitation(
        council_code=council_code,
        council_name=name,
        address=address,
        authority_certificate=pem(authority.certificate).decode(),
        invitee_certificate=pem(certificate).decode(),
        invitee_key=private_pem(key).decode(),
        coordinator_signing_key=signing_key,
        epoch_authority_key=public_bytes(authority.epoch_key),
        token=token,
        expires_at=min(now + INVITATION_LIFE, certificate.not_valid_after_utc),
    )
    kept = InvitationRecord(hash_token(token), council_code, fingerprint(certificate), invitation.expires_at)

    def work(tx: Connection) -> None:
        members.add_council(tx, council_code, name)
        members.add_invitation(tx, kept, now)
        audit.record(tx, AuditEvent.INVITED, now, council_code=council_code)

    store.run_tx("invite", work)
    return invitation


@dataclass(frozen=True)
class WaitingRequest:
    """A certificate request as the operator sees it before signing.

    `transport_key` and `signing_key` are fingerprints that the council can read out by telephone: the first 16 hex
    digits of the SHA-256 of the key.
    """

    enrolment: Enrolment
    council_name: str
    transport_key: str
    signing_key: str


def waiting_requests(store: Store) -> list[WaitingRequest]:
    """The requests that wait for the authority, oldest first."""
    return [
        WaitingRequest(
            enrolment,
            council_name(enrolment.council_code),
            _key_fingerprint(enrolment.certificate_request),
            key_id(enrolment.signing_key),
        )
        for enrolment in store.read("pending enrolments", members.pending_enrolments)
    ]


def _key_fingerprint(certificate_request: bytes) -> str:
    spki = requested_key(certificate_request).public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(spki).hexdigest()[:16]


def sign_waiting(
    store: Store, authority: Authority, confirm: Callable[[WaitingRequest], bool], now: datetime
) -> list[str]:
    """Signs each waiting request that `confirm` accepts; returns the codes of the councils signed for.

    Signing for a council revokes its earlier certificates.
    """
    return [
        request.enrolment.council_code
        for request in waiting_requests(store)
        if confirm(request) and _sign(store, authority, request.enrolment, now)
    ]


def _sign(store: Store, authority: Authority, enrolment: Enrolment, now: datetime) -> bool:
    certificate = sign_council(authority, enrolment.certificate_request, enrolment.council_code, now)

    def work(tx: Connection) -> bool:
        stored = members.store_certificate(
            tx, enrolment.id, pem(certificate), fingerprint(certificate), certificate.not_valid_after_utc, now
        )
        if stored:
            audit.record(tx, AuditEvent.CERTIFICATE_ISSUED, now, council_code=enrolment.council_code)
        return stored

    return store.run_tx("store certificate", work)


def revoke(store: Store, council_code: str, now: datetime) -> None:
    """Ends a council's membership from the next call on; a new invitation can begin another.

    Raises UnknownCouncil when nothing of that council is in force here.
    """

    def work(tx: Connection) -> int:
        revoked = members.revoke_council(tx, council_code, now)
        if revoked:
            audit.record(tx, AuditEvent.REVOKED, now, council_code=council_code)
        return revoked

    if store.run_tx("revoke", work) == 0:
        raise UnknownCouncil(
            f"The council {council_code} has no invitation, request or certificate in force here.",
            "`newlyn-coordinator status` lists those that have.",
        )
