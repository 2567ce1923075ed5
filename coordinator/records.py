"""What the coordinator remembers, as immutable records between its rooms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from frameworks.collection import Collection


class CollectionState(StrEnum):
    """A collection's life: it is open, closes once, and is then published (again, if corrected)."""

    OPEN = "open"
    CLOSED = "closed"
    PUBLISHED = "published"


@dataclass(frozen=True)
class StoredCollection:
    """A collection with its state and the signed envelope that nodes receive (serialised, byte for byte)."""

    collection: Collection
    state: CollectionState
    envelope: bytes


@dataclass(frozen=True)
class StoredSummary:
    """A council's summary as it was accepted: `values` is the noised vector in the order of the plan.

    `declared_files` are the files the council's configuration declares, such as `cin_census@2025`; `payload_digest`
    is the SHA-256 of the signed payload.
    """

    council_code: str
    collection_id: str
    release_id: str
    values: tuple[int, ...]
    declared_files: frozenset[str]
    payload_digest: bytes
    received_at: datetime


@dataclass(frozen=True)
class GroupSum:
    """What a round of a secure release revealed: the sum over `councils` of their vectors, in the order of the plan.

    `group_code` is the code of a region, or England's. `values` are multiples of one over the plan's grid: fractions,
    where noise is shared on a fine one. `declared_files` are each council's, in the order of `councils`.
    The variance of the noise is the plan's times `noise_ratio`: 1 is the noise of a trusted curator, and more is what
    councils that were allowed for, and did not drop out, added. `round_id` is that of its round, in hex.
    """

    collection_id: str
    release_id: str
    group_code: str
    councils: tuple[str, ...]
    values: tuple[float, ...]
    noise_ratio: float
    declared_files: tuple[frozenset[str], ...]
    round_id: str = ""


@dataclass(frozen=True)
class LedgerHead:
    """Where a council's ledger stood: the number of its entries and the keyed hash of the last."""

    sequence: int
    hash: bytes


@dataclass(frozen=True)
class CouncilStanding:
    """A council that was invited: whether it holds a certificate in force, waits for one, or has an unused invitation.

    `last_seen` is when its node last called.
    """

    code: str
    name: str
    enrolled: bool
    pending: bool
    invited: bool
    software_version: str
    last_seen: datetime | None


@dataclass(frozen=True)
class InvitationRecord:
    """An invitation as it is kept: the SHA-256 of its token, and that of the invitee certificate it came with."""

    token_hash: bytes
    council_code: str
    invitee_fingerprint: bytes
    expires_at: datetime
    failed_attempts: int = 0


@dataclass(frozen=True)
class Enrolment:
    """A request (PKCS #10, DER), the signing key (Ed25519, 32 bytes) and the certificate (PEM) once issued."""

    id: int
    council_code: str
    certificate_request: bytes
    signing_key: bytes
    certificate: bytes | None
    void: bool


@dataclass(frozen=True)
class EnrolledCertificate:
    """A council's certificate in force: whose it is, the signing key enrolled with it, and when it expires."""

    council_code: str
    signing_key: bytes
    expires_at: datetime


@dataclass(frozen=True)
class AskedRelease:
    """What a summary must answer: its collection's state and window, and the release's framework, plan and length.

    `framework_digest` and `plan_hash` are 32 bytes each; `length` is the number of vector entries.
    """

    state: CollectionState
    opens_at: datetime
    closes_at: datetime
    framework_digest: bytes
    plan_hash: bytes
    length: int


@dataclass(frozen=True)
class IntakeState:
    """What is remembered when a summary comes: what was asked, the digest of what was answered, the ledger's head.

    `asked` is None when no collection holds the release; then the others say nothing.
    """

    asked: AskedRelease | None = None
    answered: bytes | None = None
    ledger_head: LedgerHead | None = None


@dataclass(frozen=True)
class SummaryIdentity:
    """What a summary is stored under: there is at most one for each."""

    council_code: str
    collection_id: str
    release_id: str


@dataclass(frozen=True)
class SignedSummary:
    """A summary as it arrived: the payload, its SHA-256, the signature, and the key the signature holds under."""

    payload: bytes
    payload_digest: bytes
    signature: bytes
    signing_key: bytes
    received_at: datetime
