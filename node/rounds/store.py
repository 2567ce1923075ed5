"""What the machine of rounds keeps, whatever keeps it: records, and the promises of a store. No storage here."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from frameworks.plan import ReleasePlan
from protos.round.v1 import round_pb2 as pb


class Paper(StrEnum):
    """What a round holds beside what this node says in it. `DECLINED` marks a report that was refused, and charged;
    `EVIDENCE` is the first Work that showed misbehaviour."""

    MANIFEST = "manifest"
    STATEMENT = "statement"
    COMMIT_CERTIFICATE = "commit certificate"
    ABORT_CERTIFICATE = "abort certificate"
    RESULT = "result"
    DECLINED = "declined"
    EVIDENCE = "evidence"


@dataclass(frozen=True)
class Start:
    """A start of the node: counted, and named at random (16 bytes), so that no other start passes for it."""

    generation: int
    start_id: bytes


@dataclass(frozen=True)
class RoundRecord:
    """A round as it is stored. `announce` is the Signed announcement, `messages` are the Signed messages of this node
    by kind, `receipted` the kinds of those that the coordinator is known to have, `papers` the kinds held.

    `holds_secret`: without the secret behind its pair masks this node can make no report in the round any more.
    `holds_parts`: ciphertexts or the masked vector are still kept.
    `burned`: it says nothing more in it. `reason` is why it does not take part, for the council's own eyes.
    """

    round_id: bytes
    collection_id: str
    epoch_hash: bytes
    announce: bytes
    messages: dict[int, bytes]
    receipted: frozenset[int]
    papers: frozenset[Paper]
    holds_secret: bool
    holds_parts: bool
    burned: bool
    reason: str

    def said(self, kind: pb.MessageKind) -> pb.Signed | None:
        """What this node said of that kind, or None."""
        return pb.Signed.FromString(self.messages[kind]) if kind in self.messages else None

    @property
    def reported(self) -> bool:
        """Whether this node made a report here, or one was refused and charged."""
        return pb.MESSAGE_KIND_REPORT in self.messages or Paper.DECLINED in self.papers

    @property
    def verdict(self) -> pb.Verdict | None:
        """How this node voted, or None."""
        signed = self.said(pb.MESSAGE_KIND_VERDICT)
        return pb.Verdict.FromString(signed.payload) if signed is not None else None

    @property
    def committed(self) -> bool:
        """Whether this node signed COMMIT."""
        return self.verdict is not None and self.verdict.HasField("commit")

    @property
    def aborted(self) -> bool:
        """Whether its own abort certificate, and no commit certificate, is held."""
        return Paper.ABORT_CERTIFICATE in self.papers and Paper.COMMIT_CERTIFICATE not in self.papers

    @property
    def ended(self) -> bool:
        """Whether an ending that nothing can change is held."""
        return bool(self.papers & {Paper.ABORT_CERTIFICATE, Paper.RESULT})


class RoundStore(Protocol):
    """Where rounds survive a crash. What one `transaction` writes is on the disk when it ends, or nothing of it is.

    Every method raises StorageFailed when the disk fails.
    """

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing."""

    def add_start(self, start: Start) -> None:
        """Remembers a start of this store for ever."""

    def latest_generation(self) -> int:
        """The number of the last start, or 0."""

    def unanswered_start(self) -> Start | None:
        """The last start, unless what the coordinator answered to its poll was compared."""

    def answer_start(self, start: Start) -> None:
        """What the coordinator answered to the poll of this start was compared."""

    def knows_start(self, start: Start) -> bool:
        """Whether it is a start of this store, or a foreign one that was noticed."""

    def add_foreign_start(self, start: Start, noticed_at: int) -> None:
        """Remembers a start that this store does not hold: a copy of this node's store has run."""

    def restored_at(self) -> int | None:
        """When a foreign start was last noticed (seconds since 1970-01-01 UTC), or None."""

    def add_round(self, round_id: bytes, collection_id: str, epoch_hash: bytes, announce: bytes) -> None:
        """A round that was announced; its id is kept for ever."""

    def find_round(self, round_id: bytes) -> RoundRecord | None:
        """A round, or None."""

    def rounds(self) -> tuple[RoundRecord, ...]:
        """All rounds, in the order in which they were added."""

    def rounds_of(self, collection_id: str) -> tuple[RoundRecord, ...]:
        """All rounds of a release, in the order in which they were added."""

    def set_reason(self, round_id: bytes, reason: str) -> None:
        """Why this node does not take part, or no longer; empty for none."""

    def burn(self, round_id: bytes) -> None:
        """This node says nothing more in the round."""

    def put_secret(self, round_id: bytes, secret: bytes) -> None:
        """Keeps the secret behind this node's pair masks, encrypted."""

    def secret(self, round_id: bytes) -> bytes:
        """That secret. Raises LedgerDamaged where it cannot be opened."""

    def erase_secret(self, round_id: bytes) -> None:
        """Deletes it: no report in the round, ever."""

    def add_message(
        self, round_id: bytes, kind: pb.MessageKind, signed: pb.Signed, parts: Sequence[bytes], leaves_at: int
    ) -> None:
        """What is sent under this round's id, once; it leaves no earlier than `leaves_at`.

        Raises StorageFailed for a second one.
        """

    def parts(self, round_id: bytes, kind: pb.MessageKind) -> tuple[bytes, ...]:
        """The parts of a message beside what is signed, in order."""

    def leaves_at(self, round_id: bytes, kind: pb.MessageKind) -> int:
        """When a message may leave (seconds since 1970-01-01 UTC)."""

    def add_receipt(self, round_id: bytes, kind: pb.MessageKind, receipt: bytes) -> None:
        """The coordinator has the message."""

    def put_paper(self, round_id: bytes, paper: Paper, content: bytes) -> None:
        """Keeps a paper in place of an earlier one of its kind."""

    def paper(self, round_id: bytes, paper: Paper) -> bytes | None:
        """A paper, or None."""

    def clear(self, round_id: bytes) -> None:
        """Deletes secret, shares, ciphertexts and vector of a round; headers, votes and certificates stay."""

    def check_payable(self, plan: ReleasePlan, round_id: bytes) -> None:
        """Raises BudgetExceeded or AlreadyReleased where `charge` would."""

    def charge(self, plan: ReleasePlan, round_id: bytes) -> None:
        """Charges the ledger for a report in this round, unless it is charged.

        Raises BudgetExceeded; and AlreadyReleased while another round of the release is charged and not refunded.
        """

    def refund(self, round_id: bytes, certificate: bytes) -> None:
        """Gives back what was charged for this round, by its abort certificate (serialised), once; nothing else.

        Raises AlreadyReleased where a commit certificate of the round is held.
        """
