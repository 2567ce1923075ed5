"""The rows of rounds, in tables that SQLite and PostgreSQL hold alike. Each function runs inside a transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, LargeBinary, Row, Select, Table, delete, func, insert, or_, select, update

from coordinator.rounds.records import (
    ENDED,
    BegunUpload,
    Doubt,
    Failure,
    Phase,
    RoundBook,
    RoundRecord,
    SeenStarts,
    Start,
    StoredEpoch,
    StoredMessage,
)
from coordinator.store.database import Store
from coordinator.store.schema import (
    epochs,
    node_starts,
    round_chunks,
    round_conflicts,
    round_doubts,
    round_messages,
    round_served,
    round_shares,
    round_sums,
    round_vectors,
    rounds,
)
from protos.round.v1 import round_pb2 as pb
from protos.sa1.sealing import CIPHERTEXT_LENGTH

Result = TypeVar("Result")


class StoredRounds:
    """Rounds in the coordinator's database (`coordinator.rounds.records.DeskStore`)."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def write(self, name: str, work: Callable[[RoundBook], Result]) -> Result:
        """Runs `work` in one transaction. Raises as `Store.run_tx` does."""
        return self._store.run_tx(name, lambda tx: work(RoundTables(tx, locking=True)))

    def read(self, name: str, work: Callable[[RoundBook], Result]) -> Result:
        """Runs `work` on one snapshot. Raises as `Store.read` does."""
        return self._store.read(name, lambda tx: work(RoundTables(tx, locking=False)))


class RoundTables:
    """The rows of rounds in one transaction (`coordinator.rounds.records.RoundBook`).

    A round's row is locked when it is read for writing: PostgreSQL then runs the transactions of a round one after
    another, as SQLite does with all.
    """

    def __init__(self, tx: Connection, *, locking: bool) -> None:
        self._tx = tx
        self._locking = locking

    def _locked(self, statement: Select[Any]) -> Select[Any]:
        return statement.with_for_update() if self._locking else statement

    def add_epoch(self, epoch: StoredEpoch) -> None:
        values = {"number": epoch.number, "hash": epoch.hash}
        values |= {"signed": epoch.signed, "authority_key": epoch.authority_key}
        self._tx.execute(insert(epochs).values(values))

    def find_epoch(self, epoch_hash: bytes) -> StoredEpoch | None:
        return _epoch(self._tx.execute(select(epochs).where(epochs.c.hash == epoch_hash)).one_or_none())

    def newest_epoch(self) -> StoredEpoch | None:
        return _epoch(self._tx.execute(select(epochs).order_by(epochs.c.number.desc()).limit(1)).one_or_none())

    def epochs_after(self, number: int) -> list[StoredEpoch]:
        rows = self._tx.execute(select(epochs).where(epochs.c.number > number).order_by(epochs.c.number))
        return [epoch for epoch in map(_epoch, rows) if epoch is not None]

    def add_round(self, record: RoundRecord) -> None:
        latest = self._tx.execute(select(func.max(rounds.c.number))).scalar_one() or 0
        self._tx.execute(insert(rounds).values(_round_values(record) | {"number": latest + 1}))

    def find_round(self, round_id: bytes) -> RoundRecord | None:
        row = self._tx.execute(self._locked(select(rounds).where(rounds.c.round_id == round_id))).one_or_none()
        return _round(row) if row else None

    def put_round(self, record: RoundRecord) -> None:
        self._tx.execute(update(rounds).where(rounds.c.round_id == record.round_id).values(_round_values(record)))

    def rounds_of(self, collection_id: str) -> list[RoundRecord]:
        statement = select(rounds).where(rounds.c.collection_id == collection_id).order_by(rounds.c.number)
        return [_round(row) for row in self._tx.execute(statement)]

    def running(self) -> list[RoundRecord]:
        statement = select(rounds).where(rounds.c.phase.not_in(sorted(ENDED))).order_by(rounds.c.number)
        return [_round(row) for row in self._tx.execute(statement)]

    def add_message(self, message: StoredMessage) -> None:
        self._tx.execute(insert(round_messages).values(_message_values(message) | {"receipt": message.receipt}))

    def find_message(self, round_id: bytes, node_id: str, kind: pb.MessageKind) -> StoredMessage | None:
        row = self._tx.execute(_of(round_messages, round_id, node_id, kind)).one_or_none()
        return _message(row, row.receipt) if row else None

    def messages(self, round_id: bytes, kind: pb.MessageKind) -> list[StoredMessage]:
        table = round_messages
        statement = select(table).where(table.c.round_id == round_id, table.c.kind == kind).order_by(table.c.node_id)
        return [_message(row, row.receipt) for row in self._tx.execute(statement)]

    def senders(self, round_id: bytes, kind: pb.MessageKind) -> list[str]:
        table = round_messages
        statement = select(table.c.node_id).where(table.c.round_id == round_id, table.c.kind == kind)
        return list(self._tx.execute(statement.order_by(table.c.node_id)).scalars())

    def keep_conflict(self, message: StoredMessage) -> None:
        of_this_kind = _of(round_conflicts, message.round_id, message.node_id, message.kind)
        if self._tx.execute(of_this_kind).one_or_none() is None:
            self._tx.execute(insert(round_conflicts).values(_message_values(message)))

    def conflicts(self, round_id: bytes) -> list[StoredMessage]:
        table = round_conflicts
        statement = select(table).where(table.c.round_id == round_id).order_by(table.c.node_id, table.c.kind)
        return [_message(row) for row in self._tx.execute(statement)]

    def add_shares(self, round_id: bytes, node_id: str, kind: pb.ShareKind, ciphertexts: Sequence[bytes]) -> None:
        values = {"round_id": round_id, "node_id": node_id, "kind": kind, "ciphertexts": b"".join(ciphertexts)}
        self._tx.execute(insert(round_shares).values(values))

    def shares_for(self, round_id: bytes, kind: pb.ShareKind, place: int) -> dict[str, bytes]:
        table = round_shares
        one = func.substr(
            table.c.ciphertexts, place * CIPHERTEXT_LENGTH + 1, CIPHERTEXT_LENGTH, type_=LargeBinary()
        ).label("ciphertext")
        statement = select(table.c.node_id, one).where(table.c.round_id == round_id, table.c.kind == kind)
        return {row.node_id: bytes(row.ciphertext) for row in self._tx.execute(statement)}

    def put_sum(self, round_id: bytes, cell_id: str, words: bytes) -> None:
        table = round_sums
        of_group = (table.c.round_id == round_id, table.c.cell_id == cell_id)
        if self._tx.execute(update(table).where(*of_group).values(words=words)).rowcount == 0:
            self._tx.execute(insert(table).values(round_id=round_id, cell_id=cell_id, words=words))

    def sums(self, round_id: bytes) -> dict[str, bytes]:
        table = round_sums
        statement = select(table).where(table.c.round_id == round_id).order_by(table.c.cell_id)
        return {row.cell_id: bytes(row.words) for row in self._tx.execute(statement)}

    def find_sum(self, round_id: bytes, cell_id: str) -> bytes | None:
        table = round_sums
        statement = select(table.c.words).where(table.c.round_id == round_id, table.c.cell_id == cell_id)
        found = self._tx.execute(statement).scalar_one_or_none()
        return None if found is None else bytes(found)

    def add_vector(self, round_id: bytes, node_id: str, words: bytes) -> None:
        self._tx.execute(insert(round_vectors).values(round_id=round_id, node_id=node_id, words=words))

    def vectors(self, round_id: bytes) -> dict[str, bytes]:
        table = round_vectors
        statement = select(table).where(table.c.round_id == round_id).order_by(table.c.node_id)
        return {row.node_id: bytes(row.words) for row in self._tx.execute(statement)}

    def put_chunk(self, upload: BegunUpload, node_id: str, data: bytes) -> None:
        table, seq = round_chunks, upload.chunks
        stale = or_(table.c.seq >= seq, table.c.header_sha256 != upload.header_sha256)
        of_node = (table.c.round_id == upload.round_id, table.c.node_id == node_id)
        self._tx.execute(delete(table).where(*of_node, stale))
        if self._tx.execute(select(func.count()).select_from(table).where(*of_node)).scalar_one() == seq:
            values = {"round_id": upload.round_id, "node_id": node_id, "seq": seq}
            self._tx.execute(insert(table).values(values | {"header_sha256": upload.header_sha256, "data": data}))

    def chunks(self, round_id: bytes, node_id: str, header_sha256: bytes) -> list[bytes]:
        table = round_chunks
        of_node = (table.c.round_id == round_id, table.c.node_id == node_id, table.c.header_sha256 == header_sha256)
        return [
            bytes(data)
            for data in self._tx.execute(select(table.c.data).where(*of_node).order_by(table.c.seq)).scalars()
        ]

    def begun_uploads(self, node_id: str) -> list[BegunUpload]:
        table = round_chunks
        upload = (table.c.round_id, table.c.header_sha256)
        statement = select(*upload, func.count().label("chunks")).where(table.c.node_id == node_id).group_by(*upload)
        rows = self._tx.execute(statement.order_by(table.c.round_id))
        return [BegunUpload(bytes(row.round_id), bytes(row.header_sha256), row.chunks) for row in rows]

    def erase_chunks(self, round_id: bytes, node_id: str | None = None) -> None:
        statement = delete(round_chunks).where(round_chunks.c.round_id == round_id)
        self._tx.execute(statement if node_id is None else statement.where(round_chunks.c.node_id == node_id))

    def erase_shares(self, round_id: bytes) -> None:
        self._tx.execute(delete(round_shares).where(round_shares.c.round_id == round_id))

    def erase_sums(self, round_id: bytes) -> None:
        self._tx.execute(delete(round_sums).where(round_sums.c.round_id == round_id))

    def erase_vectors(self, round_id: bytes) -> None:
        self._tx.execute(delete(round_vectors).where(round_vectors.c.round_id == round_id))

    def record_served(self, round_id: bytes, node_id: str) -> None:
        table = round_served
        known = select(table.c.node_id).where(table.c.round_id == round_id, table.c.node_id == node_id)
        if self._tx.execute(known).one_or_none() is None:
            self._tx.execute(insert(table).values(round_id=round_id, node_id=node_id))

    def served(self, round_id: bytes) -> list[str]:
        table = round_served
        statement = select(table.c.node_id).where(table.c.round_id == round_id).order_by(table.c.node_id)
        return list(self._tx.execute(statement).scalars())

    def add_doubts(self, round_id: bytes, doubts: Sequence[Doubt]) -> None:
        new = set(doubts) - set(self.doubts(round_id))
        if new:
            rows = [{"round_id": round_id, "dealer": doubt.dealer, "member": doubt.member} for doubt in new]
            self._tx.execute(insert(round_doubts), rows)

    def doubts(self, round_id: bytes) -> list[Doubt]:
        table = round_doubts
        statement = select(table).where(table.c.round_id == round_id).order_by(table.c.dealer, table.c.member)
        return [Doubt(row.dealer, row.member) for row in self._tx.execute(statement)]

    def find_starts(self, node_id: str) -> SeenStarts | None:
        statement = self._locked(select(node_starts).where(node_starts.c.node_id == node_id))
        row = self._tx.execute(statement).one_or_none()
        if row is None:
            return None
        before = None
        if row.start_id_before is not None:
            before = Start(row.generation_before, bytes(row.start_id_before))
        return SeenStarts(Start(row.generation, bytes(row.start_id)), before)

    def put_starts(self, node_id: str, starts: SeenStarts) -> None:
        values = {
            "generation": starts.latest.generation,
            "start_id": starts.latest.start_id,
            "generation_before": starts.before.generation if starts.before else None,
            "start_id_before": starts.before.start_id if starts.before else None,
        }
        of_node = node_starts.c.node_id == node_id
        if self._tx.execute(update(node_starts).where(of_node).values(values)).rowcount == 0:
            self._tx.execute(insert(node_starts).values(values | {"node_id": node_id}))


def _of(table: Table, round_id: bytes, node_id: str, kind: pb.MessageKind) -> Select[Any]:
    return select(table).where(table.c.round_id == round_id, table.c.node_id == node_id, table.c.kind == kind)


def _epoch(row: Row[Any] | None) -> StoredEpoch | None:
    return StoredEpoch(row.number, bytes(row.hash), bytes(row.signed), bytes(row.authority_key)) if row else None


def _round_values(record: RoundRecord) -> dict[str, Any]:
    return {
        "round_id": record.round_id,
        "collection_id": record.collection_id,
        "epoch_hash": record.epoch_hash,
        "phase": record.phase.value,
        "withholds": record.withholds,
        "announce": record.announce,
        "manifest": record.manifest,
        "statement": record.statement,
        "abort_request": record.abort_request,
        "certificate": record.certificate,
        "result": record.result,
        "failure": record.failure.name if record.failure else None,
    }


def _round(row: Row[Any]) -> RoundRecord:
    return RoundRecord(
        round_id=bytes(row.round_id),
        collection_id=row.collection_id,
        epoch_hash=bytes(row.epoch_hash),
        phase=Phase(row.phase),
        announce=bytes(row.announce),
        withholds=row.withholds,
        manifest=bytes(row.manifest),
        statement=bytes(row.statement),
        abort_request=bytes(row.abort_request),
        certificate=bytes(row.certificate),
        result=bytes(row.result),
        failure=Failure[row.failure] if row.failure else None,
    )


def _message_values(message: StoredMessage) -> dict[str, Any]:
    return {
        "round_id": message.round_id,
        "node_id": message.node_id,
        "kind": message.kind,
        "payload_sha256": message.payload_sha256,
        "signed": message.signed,
    }


def _message(row: Row[Any], receipt: bytes = b"") -> StoredMessage:
    return StoredMessage(
        bytes(row.round_id), row.node_id, row.kind, bytes(row.payload_sha256), bytes(row.signed), bytes(receipt)
    )
