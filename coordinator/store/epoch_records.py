"""The records by which councils certify their keys for the next epoch. Each function runs inside a transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, exists, insert, select

from coordinator.store.database import milliseconds
from coordinator.store.schema import enrolments, epoch_records, revocations
from protos.sa1.epochs import Member


def add_record(tx: Connection, member: Member, payload_sha256: bytes, signed: bytes, now: datetime) -> None:
    """Stores a record (serialised SignedRecord), the first of its number under its certificate."""
    values = {"certificate_sha256": member.certificate_sha256, "seq": member.seq, "node_id": member.node_id}
    values |= {"payload_sha256": payload_sha256, "signed": signed, "received_at": milliseconds(now)}
    tx.execute(insert(epoch_records).values(values))


def newest_record(tx: Connection, certificate_sha256: bytes) -> tuple[int, bytes] | None:
    """The number and the payload's SHA-256 of the newest record under a certificate, or None."""
    table = epoch_records
    statement = select(table.c.seq, table.c.payload_sha256).where(table.c.certificate_sha256 == certificate_sha256)
    row = tx.execute(statement.order_by(table.c.seq.desc()).limit(1)).one_or_none()
    return (row.seq, row.payload_sha256) if row else None


def records_in_force(tx: Connection, now: datetime) -> list[bytes]:
    """The newest record (serialised SignedRecord) under each certificate that is in force, sorted by node_id."""
    table, later = epoch_records, epoch_records.alias()
    is_newest = ~exists().where(later.c.certificate_sha256 == table.c.certificate_sha256, later.c.seq > table.c.seq)
    statement = (
        select(table.c.signed)
        .join(enrolments, enrolments.c.fingerprint == table.c.certificate_sha256)
        .where(
            is_newest,
            enrolments.c.expires_at > milliseconds(now),
            ~exists().where(revocations.c.fingerprint == table.c.certificate_sha256),
        )
        .order_by(table.c.node_id)
    )
    return list(tx.execute(statement).scalars())
