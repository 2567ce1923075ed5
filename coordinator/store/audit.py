"""The audit log: who did what and when, from a closed list of events. It holds no value and no secret.

Summaries are not in it: each is stored with its signature and the time it came.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, insert, select

from coordinator.store.database import milliseconds, moment
from coordinator.store.schema import audit_log


class AuditEvent(StrEnum):
    """What is worth remembering."""

    INVITED = "invited"
    ENROLMENT_REQUESTED = "enrolment requested"
    ENROLMENT_REFUSED = "enrolment refused"
    CERTIFICATE_ISSUED = "certificate issued"
    REVOKED = "revoked"
    COLLECTION_OPENED = "collection opened"
    COLLECTION_CLOSED = "collection closed"
    COLLECTION_PUBLISHED = "collection published"
    EPOCH_PUBLISHED = "epoch published"
    ROUND_ANNOUNCED = "round announced"
    ROUND_ABORTED = "round aborted"


@dataclass(frozen=True)
class AuditEntry:
    """One event; `council_code` and `collection_id` are empty where they say nothing."""

    at: datetime
    event: AuditEvent
    council_code: str
    collection_id: str

    def as_json(self) -> dict[str, str]:
        """The same as JSON-ready values."""
        return {
            "at": self.at.isoformat(),
            "event": self.event.value,
            "council": self.council_code,
            "collection": self.collection_id,
        }


def record(
    connection: Connection, event: AuditEvent, now: datetime, *, council_code: str = "", collection_id: str = ""
) -> None:
    """Adds an event to the log, inside the transaction that it is about."""
    values = {"at": milliseconds(now), "event": event, "council_code": council_code, "collection_id": collection_id}
    connection.execute(insert(audit_log).values(values))


def list_entries(connection: Connection) -> list[AuditEntry]:
    """The whole log, oldest first."""
    rows = connection.execute(select(audit_log).order_by(audit_log.c.id))
    return [AuditEntry(moment(row.at), AuditEvent(row.event), row.council_code, row.collection_id) for row in rows]
