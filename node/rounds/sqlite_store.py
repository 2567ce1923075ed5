"""The store of rounds in the ledger's database, so that a report and its charge are one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from frameworks.plan import ReleasePlan
from node.ledger import Ledger
from node.policy import Limits
from node.rounds.store import Paper, RoundRecord, Start
from protos.round.v1 import round_pb2 as pb


class Wrapping(Protocol):
    """Encryption of secrets at rest (`node.rounds.wrapping`)."""

    def wrap(self, secret: bytes, about: bytes) -> bytes:
        """The secret, encrypted."""

    def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        """The secret. Raises LedgerDamaged where it cannot be opened."""


class LedgerRounds:
    """A `node.rounds.store.RoundStore` in an open ledger. `limits` are those of the policy."""

    def __init__(self, ledger: Ledger, wrapping: Wrapping, limits: Limits) -> None:
        self._ledger = ledger
        self._wrapping = wrapping
        self._limits = limits

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing, the ledger's charges included."""
        return self._ledger.transaction()

    def _rows(self, sql: str, *parameters: Any) -> list[Any]:
        return self._ledger.rows(sql, *parameters)

    def _write(self, sql: str, *parameters: Any) -> None:
        with self.transaction():
            self._ledger.rows(sql, *parameters)

    def add_start(self, start: Start) -> None:
        """Remembers a start of this store for ever."""
        self._write("INSERT INTO round_start (generation, start_id) VALUES (?, ?)", start.generation, start.start_id)

    def latest_generation(self) -> int:
        """The number of the last start, or 0."""
        ((latest,),) = self._rows("SELECT coalesce(max(generation), 0) FROM round_start")
        return int(latest)

    def unanswered_start(self) -> Start | None:
        """The last start, unless what the coordinator answered to its poll was compared."""
        sql = "SELECT generation, start_id FROM round_start WHERE generation = ? AND NOT answered"
        return next((Start(*row) for row in self._rows(sql, self.latest_generation())), None)

    def answer_start(self, start: Start) -> None:
        """What the coordinator answered to the poll of this start was compared."""
        self._write("UPDATE round_start SET answered = 1 WHERE generation = ?", start.generation)

    def knows_start(self, start: Start) -> bool:
        """Whether it is a start of this store, or a foreign one that was noticed."""
        tables = ("round_start", "round_foreign_start")
        pair = (start.generation, start.start_id)
        known = "SELECT 1 FROM {} WHERE (generation, start_id) = (?, ?)"
        return any(self._rows(known.format(table), *pair) for table in tables)

    def add_foreign_start(self, start: Start, noticed_at: int) -> None:
        """Remembers a start that this store does not hold."""
        self._write("INSERT INTO round_foreign_start VALUES (?, ?, ?)", start.generation, start.start_id, noticed_at)

    def restored_at(self) -> int | None:
        """When a foreign start was last noticed (seconds since 1970-01-01 UTC), or None."""
        ((latest,),) = self._rows("SELECT max(noticed_at) FROM round_foreign_start")
        return None if latest is None else int(latest)

    def add_round(self, round_id: bytes, collection_id: str, epoch_hash: bytes, announce: bytes) -> None:
        """A round that was announced; its id is kept for ever."""
        self._write(
            "INSERT INTO round (round_id, collection_id, epoch_hash, announce) VALUES (?, ?, ?, ?)",
            round_id,
            collection_id,
            epoch_hash,
            announce,
        )

    def find_round(self, round_id: bytes) -> RoundRecord | None:
        """A round, or None."""
        return next(iter(self._records("WHERE round_id = ?", round_id)), None)

    def rounds(self) -> tuple[RoundRecord, ...]:
        """All rounds, in the order in which they were added."""
        return self._records("")

    def rounds_of(self, collection_id: str) -> tuple[RoundRecord, ...]:
        """All rounds of a release, in the order in which they were added."""
        return self._records("WHERE collection_id = ?", collection_id)

    def _records(self, where: str, *parameters: Any) -> tuple[RoundRecord, ...]:
        columns = "round_id, collection_id, epoch_hash, announce, burned, reason"
        return tuple(
            RoundRecord(
                round_id=round_id,
                collection_id=collection_id,
                epoch_hash=epoch_hash,
                announce=announce,
                messages=dict(self._rows("SELECT kind, signed FROM round_message WHERE round_id = ?", round_id)),
                receipted=frozenset(
                    kind for (kind,) in self._rows("SELECT kind FROM round_receipt WHERE round_id = ?", round_id)
                ),
                papers=frozenset(
                    Paper(kind) for (kind,) in self._rows("SELECT kind FROM round_paper WHERE round_id = ?", round_id)
                ),
                holds_secret=bool(self._rows("SELECT 1 FROM round_secret WHERE round_id = ?", round_id)),
                holds_parts=bool(self._rows("SELECT 1 FROM round_message_part WHERE round_id = ? LIMIT 1", round_id)),
                burned=bool(burned),
                reason=reason,
            )
            for round_id, collection_id, epoch_hash, announce, burned, reason in self._rows(
                f"SELECT {columns} FROM round {where} ORDER BY number", *parameters
            )
        )

    def set_reason(self, round_id: bytes, reason: str) -> None:
        """Why this node does not take part, or no longer; empty for none."""
        self._write("UPDATE round SET reason = ? WHERE round_id = ? AND reason <> ?", reason, round_id, reason)

    def burn(self, round_id: bytes) -> None:
        """This node says nothing more in the round."""
        with self.transaction():
            self._write("UPDATE round SET burned = 1 WHERE round_id = ?", round_id)
            self.clear(round_id)

    def put_secret(self, round_id: bytes, secret: bytes) -> None:
        """Keeps the secret behind this node's pair masks, encrypted."""
        wrapped = self._wrapping.wrap(secret, round_id)
        self._write("INSERT INTO round_secret (round_id, wrapped) VALUES (?, ?)", round_id, wrapped)

    def secret(self, round_id: bytes) -> bytes:
        """That secret. Raises LedgerDamaged where it cannot be opened."""
        ((wrapped,),) = self._rows("SELECT wrapped FROM round_secret WHERE round_id = ?", round_id)
        return self._wrapping.unwrap(wrapped, round_id)

    def erase_secret(self, round_id: bytes) -> None:
        """Deletes it: no report in the round, ever."""
        self._write("DELETE FROM round_secret WHERE round_id = ?", round_id)

    def add_message(
        self, round_id: bytes, kind: pb.MessageKind, signed: pb.Signed, parts: Sequence[bytes], leaves_at: int
    ) -> None:
        """What is sent under this round's id, once. Raises StorageFailed for a second one."""
        with self.transaction():
            self._write(
                "INSERT INTO round_message (round_id, kind, signed, leaves_at) VALUES (?, ?, ?, ?)",
                round_id,
                kind,
                signed.SerializeToString(deterministic=True),
                leaves_at,
            )
            for part, content in enumerate(parts):
                self._rows("INSERT INTO round_message_part VALUES (?, ?, ?, ?)", round_id, kind, part, content)

    def parts(self, round_id: bytes, kind: pb.MessageKind) -> tuple[bytes, ...]:
        """The parts of a message beside what is signed, in order."""
        sql = "SELECT content FROM round_message_part WHERE round_id = ? AND kind = ? ORDER BY part"
        return tuple(content for (content,) in self._rows(sql, round_id, kind))

    def leaves_at(self, round_id: bytes, kind: pb.MessageKind) -> int:
        """When a message may leave (seconds since 1970-01-01 UTC)."""
        ((at,),) = self._rows("SELECT leaves_at FROM round_message WHERE round_id = ? AND kind = ?", round_id, kind)
        return int(at)

    def add_receipt(self, round_id: bytes, kind: pb.MessageKind, receipt: bytes) -> None:
        """The coordinator has the message."""
        self._write("INSERT OR IGNORE INTO round_receipt VALUES (?, ?, ?)", round_id, kind, receipt)

    def put_paper(self, round_id: bytes, paper: Paper, content: bytes) -> None:
        """Keeps a paper in place of an earlier one of its kind."""
        self._write("INSERT OR REPLACE INTO round_paper VALUES (?, ?, ?)", round_id, paper.value, content)

    def paper(self, round_id: bytes, paper: Paper) -> bytes | None:
        """A paper, or None."""
        found = self._rows("SELECT content FROM round_paper WHERE round_id = ? AND kind = ?", round_id, paper.value)
        return bytes(found[0][0]) if found else None

    def clear(self, round_id: bytes) -> None:
        """Deletes secret, shares, ciphertexts and vector of a round; headers, votes and certificates stay."""
        with self.transaction():
            self.erase_secret(round_id)
            self._write("DELETE FROM round_message_part WHERE round_id = ?", round_id)
            self._write("DELETE FROM round_paper WHERE round_id = ? AND kind = ?", round_id, Paper.STATEMENT.value)
            for table in ("round_message", "round_receipt"):
                sql = f"DELETE FROM {table} WHERE round_id = ? AND kind = ?"
                self._write(sql, round_id, pb.MESSAGE_KIND_REVEAL)

    def check_payable(self, plan: ReleasePlan, round_id: bytes) -> None:
        """Raises BudgetExceeded or AlreadyReleased where `charge` would."""
        self._ledger.check_round_payable(plan, round_id, policy=self._limits)

    def charge(self, plan: ReleasePlan, round_id: bytes) -> None:
        """Charges the ledger for a report in this round, unless it is charged. Raises as `check_payable`."""
        self._ledger.charge_round(plan, round_id, policy=self._limits)

    def refund(self, round_id: bytes, certificate: bytes) -> None:
        """Gives back what was charged for this round, by its abort certificate (serialised), once."""
        self._ledger.refund_round(round_id, certificate)
