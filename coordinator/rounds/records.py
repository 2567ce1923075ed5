"""What the coordinator remembers of rounds, and what storage must be able to do for them.

Signed messages are kept as the bytes that came or left. State is in the store and nowhere else: every transition is one
transaction over the round's row, which may be run again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeVar

from protos.round.v1 import round_pb2 as pb

Result = TypeVar("Result")

MOST_ROUNDS = 3
"""The rounds that a release may have, aborted ones included (reference decision 4)."""


class Phase(StrEnum):
    """The life of a round (B.6). The last three have no way out; ABORTING leads to ABORTED only."""

    DRAFT = "draft"
    JOINING = "joining"
    FROZEN = "frozen"
    REPORTING = "reporting"
    CLOSED = "closed"
    CERTIFYING = "certifying"
    REVEALING = "revealing"
    UNMASKING = "unmasking"
    ABORTING = "aborting"
    PUBLISHED = "published"
    ABORTED = "aborted"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Whether nothing more happens in the round."""
        return self in ENDED


ENDED = frozenset({Phase.PUBLISHED, Phase.ABORTED, Phase.FAILED})


class Failure(StrEnum):
    """Why a round failed. It counts as released all the same (B.8)."""

    NO_CERTIFICATE = "neither a commit nor an abort was certified in time"
    SHARES_MISSING = "the shares that members opened do not give every mask"


@dataclass(frozen=True)
class StoredEpoch:
    """A published epoch as it was signed (serialised Signed), and the key of the authority that it holds under."""

    number: int
    hash: bytes
    signed: bytes
    authority_key: bytes


@dataclass(frozen=True)
class RoundRecord:
    """A round's row. Messages are serialised Signed ones (the certificate a serialised Certificate), empty until made.

    `withholds` says what becomes of a round in which a group falls short: the group is withheld and its councils stay
    charged, or else the round is aborted and every council refunded.
    """

    round_id: bytes
    collection_id: str
    epoch_hash: bytes
    phase: Phase
    announce: bytes
    withholds: bool = False
    manifest: bytes = b""
    statement: bytes = b""
    abort_request: bytes = b""
    certificate: bytes = b""
    result: bytes = b""
    failure: Failure | None = None


@dataclass(frozen=True)
class StoredMessage:
    """What a node sent in a round, once for each kind: the serialised Signed, its payload's SHA-256, our receipt."""

    round_id: bytes
    node_id: str
    kind: pb.MessageKind
    payload_sha256: bytes
    signed: bytes
    receipt: bytes = b""


@dataclass(frozen=True)
class Start:
    """A start of a node: its count, and the 16 random bytes that name it."""

    generation: int
    start_id: bytes


@dataclass(frozen=True)
class BegunUpload:
    """The first chunks of a node's report are held: so many, under the header whose payload has this SHA-256."""

    round_id: bytes
    header_sha256: bytes
    chunks: int


@dataclass(frozen=True)
class SeenStarts:
    """The start in a node's last poll, and the last other start before that, None where there was none."""

    latest: Start
    before: Start | None


@dataclass(frozen=True)
class Doubt:
    """A share of a dealer's that did not fit, as a member opened it. A lead, never evidence: either may be at fault."""

    dealer: str
    member: str


@dataclass(frozen=True)
class RoundStanding:
    """Where a round stands, for its operator: node_ids, never a value.

    `waited_for` are those whose message is missing in this phase, and `needed` is how many of them must still come for
    the round to go on before its window ends (`until`, seconds since 1970-01-01 UTC, None where no time ends it).
    `conflicts` are nodes that sent two different messages of a kind: restored, cloned, or not following the protocol.
    """

    round_id: bytes
    collection_id: str
    phase: Phase
    joined: tuple[str, ...]
    reported: tuple[str, ...]
    waited_for: tuple[str, ...]
    needed: int
    until: int | None
    served: tuple[str, ...]
    conflicts: tuple[str, ...]
    doubts: tuple[Doubt, ...]
    failure: Failure | None


@dataclass(frozen=True)
class OpenedCell:
    """The sum of a released group: signed whole numbers, still times the plan's grid; node_ids sorted."""

    cell_id: str
    values: tuple[int, ...] = field(repr=False)
    survivors: tuple[str, ...]
    dropped: tuple[str, ...]


@dataclass(frozen=True)
class OpenedRound:
    """What a published round revealed, and by which release plan. `result` is the signed RoundResult, `certificate`
    what it rests on."""

    round_id: bytes
    collection_id: str
    plan_hash: bytes
    cells: tuple[OpenedCell, ...]
    withheld: tuple[str, ...]
    certificate: pb.Certificate
    result: pb.Signed


@dataclass(frozen=True)
class RoundTranscript:
    """Everything signed in a round, for an auditor. `vectors` are the masked ones by node, where they were kept."""

    epoch: StoredEpoch
    record: RoundRecord
    messages: tuple[StoredMessage, ...]
    sums: Mapping[str, bytes]
    vectors: Mapping[str, bytes]


class RoundBook(Protocol):
    """The rows of all rounds inside one transaction. `find_round` locks the row where the transaction writes."""

    def add_epoch(self, epoch: StoredEpoch) -> None:
        """Stores an epoch."""

    def find_epoch(self, epoch_hash: bytes) -> StoredEpoch | None:
        """The epoch of that hash, or None."""

    def newest_epoch(self) -> StoredEpoch | None:
        """The epoch of the highest number, or None."""

    def epochs_after(self, number: int) -> list[StoredEpoch]:
        """The epochs of higher numbers, the lowest first."""

    def add_round(self, record: RoundRecord) -> None:
        """Stores a new round."""

    def find_round(self, round_id: bytes) -> RoundRecord | None:
        """The round, or None."""

    def put_round(self, record: RoundRecord) -> None:
        """Replaces what changes in a round's row."""

    def rounds_of(self, collection_id: str) -> list[RoundRecord]:
        """Every round of a release, as the protocol names it, the earliest first."""

    def running(self) -> list[RoundRecord]:
        """The rounds that have not ended, the earliest first."""

    def add_message(self, message: StoredMessage) -> None:
        """Stores a node's message, the first of its kind."""

    def find_message(self, round_id: bytes, node_id: str, kind: pb.MessageKind) -> StoredMessage | None:
        """A node's message, or None."""

    def messages(self, round_id: bytes, kind: pb.MessageKind) -> list[StoredMessage]:
        """Every message of a kind, sorted by node_id."""

    def senders(self, round_id: bytes, kind: pb.MessageKind) -> list[str]:
        """Who sent a message of a kind, sorted."""

    def keep_conflict(self, message: StoredMessage) -> None:
        """Keeps the first message that differs from the stored one of its kind; further ones are dropped."""

    def conflicts(self, round_id: bytes) -> list[StoredMessage]:
        """What was kept so, sorted by node_id."""

    def add_shares(self, round_id: bytes, node_id: str, kind: pb.ShareKind, ciphertexts: Sequence[bytes]) -> None:
        """Stores the ciphertexts that a node dealt, in committee order."""

    def shares_for(self, round_id: bytes, kind: pb.ShareKind, place: int) -> dict[str, bytes]:
        """The ciphertexts for the member at that place of the committee, from 0, by dealer."""

    def put_sum(self, round_id: bytes, cell_id: str, words: bytes) -> None:
        """Stores or replaces the sum of a group, as little-endian words."""

    def sums(self, round_id: bytes) -> dict[str, bytes]:
        """The sums of a round by group: of masked vectors, and once the round is published, of the vectors."""

    def find_sum(self, round_id: bytes, cell_id: str) -> bytes | None:
        """The sum of one group, or None while nobody in it has reported."""

    def add_vector(self, round_id: bytes, node_id: str, words: bytes) -> None:
        """Keeps a masked vector."""

    def vectors(self, round_id: bytes) -> dict[str, bytes]:
        """The masked vectors that were kept, by node."""

    def put_chunk(self, upload: BegunUpload, node_id: str, data: bytes) -> None:
        """Keeps the next chunk of a report of which `upload` is held; chunks after it, or of another header, are
        dropped. Keeps nothing where fewer are held."""

    def chunks(self, round_id: bytes, node_id: str, header_sha256: bytes) -> list[bytes]:
        """The chunks that are held of a node's report under that header, from the first on."""

    def begun_uploads(self, node_id: str) -> list[BegunUpload]:
        """What is held of a node's reports, in all rounds."""

    def erase_chunks(self, round_id: bytes, node_id: str | None = None) -> None:
        """Deletes the chunks that are held in a round: one node's, or all."""

    def erase_shares(self, round_id: bytes) -> None:
        """Deletes the share ciphertexts of a round."""

    def erase_sums(self, round_id: bytes) -> None:
        """Deletes the sums of a round."""

    def erase_vectors(self, round_id: bytes) -> None:
        """Deletes the masked vectors that were kept of a round."""

    def record_served(self, round_id: bytes, node_id: str) -> None:
        """Remembers that a member is about to receive the statement."""

    def served(self, round_id: bytes) -> list[str]:
        """The members that were served the statement, sorted."""

    def add_doubts(self, round_id: bytes, doubts: Sequence[Doubt]) -> None:
        """Remembers doubts, each once."""

    def doubts(self, round_id: bytes) -> list[Doubt]:
        """Those of a round, sorted."""

    def find_starts(self, node_id: str) -> SeenStarts | None:
        """What is remembered of a node's polls, or None before the first."""

    def put_starts(self, node_id: str, starts: SeenStarts) -> None:
        """Stores or replaces it."""


class DeskStore(Protocol):
    """Transactions over the rows of rounds."""

    def write(self, name: str, work: Callable[[RoundBook], Result]) -> Result:
        """Runs `work`, which may be run again, in one transaction: all of it is stored when this returns, or none."""

    def read(self, name: str, work: Callable[[RoundBook], Result]) -> Result:
        """Runs `work`, which only reads, on one snapshot."""
