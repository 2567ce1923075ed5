"""The tables. Times are integers of milliseconds since 1970-01-01 UTC; bytes are stored as they arrived.

State lives here and nowhere else. A change of these tables is a new `SCHEMA_VERSION`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
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

SCHEMA_VERSION = 3

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

epoch_records = Table(
    "epoch_records",
    metadata,
    # A council's records count within one certificate; the newest of the certificate in force stands.
    Column("certificate_sha256", LargeBinary, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("node_id", String, nullable=False),
    Column("payload_sha256", LargeBinary, nullable=False),
    Column("signed", LargeBinary, nullable=False),
    Column("received_at", BigInteger, nullable=False),
)

epochs = Table(
    "epochs",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("signed", LargeBinary, nullable=False),
    # Public: the key of the enrolment authority that the epoch was checked with.
    Column("authority_key", LargeBinary, nullable=False),
)

rounds = Table(
    "rounds",
    metadata,
    Column("round_id", LargeBinary, primary_key=True),
    # In the order of announcing.
    Column("number", Integer, nullable=False, unique=True),
    # The release, as the protocol names it: the collection's id, "/", the release's.
    Column("collection_id", String, nullable=False, index=True),
    Column("epoch_hash", ForeignKey("epochs.hash"), nullable=False),
    Column("phase", String, nullable=False, index=True),
    Column("withholds", Boolean, nullable=False),
    # Signed messages as they leave, empty until they are made.
    Column("announce", LargeBinary, nullable=False),
    Column("manifest", LargeBinary, nullable=False),
    Column("statement", LargeBinary, nullable=False),
    Column("abort_request", LargeBinary, nullable=False),
    Column("certificate", LargeBinary, nullable=False),
    Column("result", LargeBinary, nullable=False),
    Column("failure", String),
)

round_messages = Table(
    "round_messages",
    metadata,
    Column("round_id", ForeignKey("rounds.round_id"), primary_key=True),
    Column("node_id", String, primary_key=True),
    Column("kind", Integer, primary_key=True),
    Column("payload_sha256", LargeBinary, nullable=False),
    Column("signed", LargeBinary, nullable=False),
    Column("receipt", LargeBinary, nullable=False),
)

round_conflicts = Table(
    "round_conflicts",
    metadata,
    Column("round_id", ForeignKey("rounds.round_id"), primary_key=True),
    Column("node_id", String, primary_key=True),
    Column("kind", Integer, primary_key=True),
    Column("payload_sha256", LargeBinary, nullable=False),
    Column("signed", LargeBinary, nullable=False),
)

round_shares = Table(
    "round_shares",
    metadata,
    Column("round_id", ForeignKey("rounds.round_id"), primary_key=True),
    Column("node_id", String, primary_key=True),
    Column("kind", Integer, primary_key=True),
    # The ciphertexts one after another, in committee order.
    Column("ciphertexts", LargeBinary, nullable=False),
)

round_sums = Table(
    "round_sums",
    metadata,
    Column("round_id", ForeignKey("rounds.round_id"), primary_key=True),
    Column("cell_id", String, primary_key=True),
    Column("words", LargeBinary, nullable=False),
)

round_vectors = Table(
    "round_vectors",
    metadata,
    Column("round_id", ForeignKey("rounds.round_id"), primary_key=True),
    Column("node_id", String, primary_key=True),
    Column("words", LargeBinary, nullable=False),
)

# Of reports whose upload was interrupted: the first chunks, of one header for each node.
round_chunks = Table(
    "round_chunks",
    metadata,
    Column("round_id", ForeignKey("rounds.round_id"), primary_key=True),
    Column("node_id", String, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("header_sha256", LargeBinary, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

round_served = Table(
    "round_served",
    metadata,
    Column("round_id", ForeignKey("rounds.round_id"), primary_key=True),
    Column("node_id", String, primary_key=True),
)

round_doubts = Table(
    "round_doubts",
    metadata,
    Column("round_id", ForeignKey("rounds.round_id"), primary_key=True),
    Column("dealer", String, primary_key=True),
    Column("member", String, primary_key=True),
)

node_starts = Table(
    "node_starts",
    metadata,
    Column("node_id", String, primary_key=True),
    Column("generation", BigInteger, nullable=False),
    Column("start_id", LargeBinary, nullable=False),
    Column("generation_before", BigInteger),
    Column("start_id_before", LargeBinary),
)
