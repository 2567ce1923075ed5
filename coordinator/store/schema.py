"""The tables. Times are integers of milliseconds since 1970-01-01 UTC; bytes are stored as they arrived.

State lives here and nowhere else. A change of these tables is a new `SCHEMA_VERSION`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

SCHEMA_VERSION = 1

metadata = MetaData()

schema_version = Table("schema_version", metadata, Column("version", Integer, primary_key=True, autoincrement=False))

councils = Table(
    "councils",
    metadata,
    Column("code", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("software_version", String, nullable=False, server_default=""),
    Column("last_seen", BigInteger),
)

invitations = Table(
    "invitations",
    metadata,
    # SHA-256 of the token: whoever reads the database cannot enrol with it.
    Column("token_hash", LargeBinary, primary_key=True),
    Column("council_code", ForeignKey("councils.code"), nullable=False, index=True),
    Column("invitee_fingerprint", LargeBinary, nullable=False, unique=True),
    Column("expires_at", BigInteger, nullable=False),
    Column("failed_attempts", Integer, nullable=False, server_default="0"),
    Column("voided_at", BigInteger),
)

enrolments = Table(
    "enrolments",
    metadata,
    Column("id", Integer, primary_key=True),
    # One use: a token has one enrolment.
    Column("token_hash", ForeignKey("invitations.token_hash"), nullable=False, unique=True),
    Column("council_code", ForeignKey("councils.code"), nullable=False, index=True),
    Column("certificate_request", LargeBinary, nullable=False),
    Column("signing_key", LargeBinary, nullable=False),
    Column("requested_at", BigInteger, nullable=False),
    Column("voided_at", BigInteger),
    # All null until the authority has signed.
    Column("certificate", LargeBinary),
    Column("fingerprint", LargeBinary, unique=True),
    Column("expires_at", BigInteger),
    Column("issued_at", BigInteger),
    CheckConstraint("(certificate IS NULL) = (fingerprint IS NULL)"),
)

revocations = Table(
    "revocations",
    metadata,
    Column("fingerprint", LargeBinary, primary_key=True),
    Column("council_code", ForeignKey("councils.code"), nullable=False),
    Column("revoked_at", BigInteger, nullable=False),
)

collections = Table(
    "collections",
    metadata,
    Column("id", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("opens_at", BigInteger, nullable=False),
    Column("closes_at", BigInteger, nullable=False),
    Column("framework_digest", LargeBinary, nullable=False),
    Column("document", Text, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger),
    Column("published_at", BigInteger),
    Column("benchmark", LargeBinary),
    CheckConstraint("state IN ('open', 'closed', 'published')"),
    CheckConstraint("(state = 'published') = (benchmark IS NOT NULL)"),
)

releases = Table(
    "releases",
    metadata,
    Column("collection_id", ForeignKey("collections.id"), primary_key=True),
    Column("release_id", String, primary_key=True),
    Column("plan_hash", LargeBinary, nullable=False),
    Column("length", Integer, nullable=False),
)

summaries = Table(
    "summaries",
    metadata,
    Column("council_code", ForeignKey("councils.code"), primary_key=True),
    Column("collection_id", String, primary_key=True),
    Column("release_id", String, primary_key=True),
    Column("payload", LargeBinary, nullable=False),
    Column("payload_digest", LargeBinary, nullable=False),
    # The signature and the key it holds under, so that a summary can be checked again years later.
    Column("signature", LargeBinary, nullable=False),
    Column("signing_key", LargeBinary, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    ForeignKeyConstraint(["collection_id", "release_id"], ["releases.collection_id", "releases.release_id"]),
)

ledger_heads = Table(
    "ledger_heads",
    metadata,
    Column("council_code", ForeignKey("councils.code"), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("event", String, nullable=False),
    Column("council_code", String, nullable=False),
    Column("collection_id", String, nullable=False),
)
