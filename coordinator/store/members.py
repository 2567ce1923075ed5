"""Who may take part: councils, invitations, enrolments, revocations. Each function runs inside a transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, bindparam, exists, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from coordinator.records import CouncilStanding, EnrolledCertificate, Enrolment, InvitationRecord
from coordinator.store.database import milliseconds, moment
from coordinator.store.schema import councils, enrolments, invitations, revocations


def add_council(connection: Connection, code: str, name: str) -> None:
    """Remembers a council, or its newer name."""
    statement = upsert(councils).values(code=code, name=name)
    connection.execute(statement.on_conflict_do_update(index_elements=["code"], set_={"name": name}))


def list_councils(connection: Connection) -> list[CouncilStanding]:
    """Every council that was ever invited, in the order of codes, with its standing."""
    enrolled = exists().where(
        enrolments.c.council_code == councils.c.code, enrolments.c.fingerprint.is_not(None), _not_revoked()
    )
    pending = exists().where(
        enrolments.c.council_code == councils.c.code,
        enrolments.c.fingerprint.is_(None),
        enrolments.c.voided_at.is_(None),
    )
    invited = exists().where(
        invitations.c.council_code == councils.c.code,
        invitations.c.voided_at.is_(None),
        ~exists().where(enrolments.c.token_hash == invitations.c.token_hash),
    )
    statement = select(
        councils, enrolled.label("enrolled"), pending.label("pending"), invited.label("invited")
    ).order_by(councils.c.code)
    return [
        CouncilStanding(
            code=row.code,
            name=row.name,
            enrolled=bool(row.enrolled),
            pending=bool(row.pending),
            invited=bool(row.invited),
            software_version=row.software_version,
            last_seen=moment(row.last_seen) if row.last_seen is not None else None,
        )
        for row in connection.execute(statement)
    ]


def saw_council(connection: Connection, code: str, software_version: str, now: datetime) -> None:
    """Remembers that a council's node called, and with which software."""
    statement = update(councils).where(councils.c.code == code)
    connection.execute(statement.values(software_version=software_version, last_seen=milliseconds(now)))


def add_invitation(connection: Connection, invitation: InvitationRecord, now: datetime) -> None:
    """Stores an invitation; the council's earlier ones that nobody has used are void from now on."""
    _void_unused_invitations(connection, invitation.council_code, now)
    connection.execute(
        insert(invitations).values(
            token_hash=invitation.token_hash,
            council_code=invitation.council_code,
            invitee_fingerprint=invitation.invitee_fingerprint,
            expires_at=milliseconds(invitation.expires_at),
        )
    )


def _void_unused_invitations(connection: Connection, council_code: str, now: datetime) -> None:
    connection.execute(
        update(invitations)
        .where(
            invitations.c.council_code == council_code,
            invitations.c.voided_at.is_(None),
            ~exists().where(enrolments.c.token_hash == invitations.c.token_hash),
        )
        .values(voided_at=milliseconds(now))
    )


def find_invitation(connection: Connection, invitee_fingerprint: bytes) -> InvitationRecord | None:
    """The invitation that an invitee's certificate came with, or None when it is unknown or void."""
    statement = select(invitations).where(
        invitations.c.invitee_fingerprint == invitee_fingerprint, invitations.c.voided_at.is_(None)
    )
    row = connection.execute(statement).one_or_none()
    if row is None:
        return None
    return InvitationRecord(
        row.token_hash, row.council_code, row.invitee_fingerprint, moment(row.expires_at), row.failed_attempts
    )


def count_failed_attempt(connection: Connection, token_hash: bytes) -> None:
    """Counts one more refused attempt at an invitation."""
    connection.execute(
        update(invitations)
        .where(invitations.c.token_hash == token_hash)
        .values(failed_attempts=invitations.c.failed_attempts + 1)
    )


def _not_revoked() -> ColumnElement[bool]:
    return ~exists().where(revocations.c.fingerprint == enrolments.c.fingerprint)


def add_enrolment(
    connection: Connection,
    token_hash: bytes,
    council_code: str,
    certificate_request: bytes,
    signing_key: bytes,
    now: datetime,
) -> None:
    """Stores a certificate request, waiting for the authority. A token that has one already is an error."""
    connection.execute(
        insert(enrolments).values(
            token_hash=token_hash,
            council_code=council_code,
            certificate_request=certificate_request,
            signing_key=signing_key,
            requested_at=milliseconds(now),
        )
    )


def find_enrolment(connection: Connection, token_hash: bytes) -> Enrolment | None:
    """The enrolment that a token was used for, or None; a void one too."""
    row = connection.execute(select(enrolments).where(enrolments.c.token_hash == token_hash)).one_or_none()
    if row is None:
        return None
    return Enrolment(
        row.id, row.council_code, row.certificate_request, row.signing_key, row.certificate, row.voided_at is not None
    )


def pending_enrolments(connection: Connection) -> list[Enrolment]:
    """The requests that wait for the authority, oldest first."""
    statement = (
        select(enrolments)
        .where(enrolments.c.certificate.is_(None), enrolments.c.voided_at.is_(None))
        .order_by(enrolments.c.id)
    )
    return [
        Enrolment(row.id, row.council_code, row.certificate_request, row.signing_key, None, False)
        for row in connection.execute(statement)
    ]


def store_certificate(
    connection: Connection,
    enrolment_id: int,
    certificate: bytes,
    fingerprint: bytes,
    expires_at: datetime,
    now: datetime,
) -> bool:
    """Stores what the authority signed and revokes the council's earlier certificates: one is in force at a time.

    Returns False, and changes nothing, when the enrolment is not waiting any more.
    """
    issued = connection.execute(
        update(enrolments)
        .where(enrolments.c.id == enrolment_id, enrolments.c.certificate.is_(None), enrolments.c.voided_at.is_(None))
        .values(
            certificate=certificate,
            fingerprint=fingerprint,
            expires_at=milliseconds(expires_at),
            issued_at=milliseconds(now),
        )
        .returning(enrolments.c.council_code)
    ).scalar_one_or_none()
    if issued is None:
        return False
    _revoke_certificates(connection, issued, now, keep=fingerprint)
    return True


def _revoke_certificates(connection: Connection, council_code: str, now: datetime, keep: bytes | None = None) -> int:
    statement = select(enrolments.c.fingerprint).where(
        enrolments.c.council_code == council_code, enrolments.c.fingerprint.is_not(None), _not_revoked()
    )
    found = [each for each in connection.execute(statement).scalars() if each != keep]
    for each in found:
        values = {"fingerprint": each, "council_code": council_code, "revoked_at": milliseconds(now)}
        connection.execute(insert(revocations).values(values))
    return len(found)


def revoke_council(connection: Connection, council_code: str, now: datetime) -> int:
    """Revokes every certificate of a council and voids its invitations and waiting requests.

    Returns how many certificates, invitations and requests that were in force.
    """
    revoked = _revoke_certificates(connection, council_code, now)
    for table in (invitations, enrolments):
        voided = connection.execute(
            update(table)
            .where(table.c.council_code == council_code, table.c.voided_at.is_(None))
            .values(voided_at=milliseconds(now))
            .returning(table.c.council_code)
        )
        revoked += len(voided.all())
    return revoked


_FIND_CERTIFICATE = select(enrolments.c.council_code, enrolments.c.signing_key, enrolments.c.expires_at).where(
    enrolments.c.fingerprint == bindparam("fingerprint"), _not_revoked()
)


def find_certificate(connection: Connection, fingerprint: bytes) -> EnrolledCertificate | None:
    """The council certificate of that fingerprint, or None when it is unknown or revoked."""
    row = connection.execute(_FIND_CERTIFICATE, {"fingerprint": fingerprint}).one_or_none()
    return EnrolledCertificate(row.council_code, row.signing_key, moment(row.expires_at)) if row else None
