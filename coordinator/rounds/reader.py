"""The coordinator's own papers of a round, read from what is stored: the very checks that every node makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from coordinator.errors import StorageFailed
from coordinator.rounds.records import RoundBook, RoundRecord
from protos.round.v1 import round_pb2 as pb
from protos.sa1.announces import Announce, read_announce
from protos.sa1.epochs import Epoch, read_epoch
from protos.sa1.rosters import Roster, read_manifest
from protos.sa1.statements import Statement, read_reveal, read_statement


@dataclass(frozen=True)
class Stated:
    """The statement of a round, and the signed headers that it names, in its order."""

    statement: Statement
    headers: tuple[pb.Signed, ...]


@dataclass(frozen=True)
class _Revealed:
    """The shares of one reveal by owner, and the SHA-256 of the payload that they were read from."""

    payload_sha256: bytes
    shares: Mapping[str, int] = field(repr=False)


class Reader:
    """Reads each paper once, and keeps what it read: none of them changes once it is stored."""

    def __init__(self) -> None:
        self._epochs: dict[bytes, Epoch] = {}
        self._announces: dict[bytes, Announce] = {}
        self._mask_keys: dict[bytes, dict[str, bytes]] = {}
        self._rosters: dict[bytes, Roster] = {}
        self._statements: dict[bytes, Stated] = {}
        self._reveals: dict[bytes, dict[str, _Revealed]] = {}

    def epoch(self, book: RoundBook, epoch_hash: bytes) -> Epoch:
        """A published epoch. Raises StorageFailed where the database does not hold it."""
        if epoch_hash not in self._epochs:
            stored = book.find_epoch(epoch_hash)
            if stored is None:
                raise StorageFailed(
                    "The database does not hold the epoch of a round that it holds.", "Restore it from a backup."
                )
            self._epochs[epoch_hash] = read_epoch(pb.Signed.FromString(stored.signed), stored.authority_key)
        return self._epochs[epoch_hash]

    def announce(self, book: RoundBook, record: RoundRecord) -> Announce:
        """The announcement of a round."""
        if record.round_id not in self._announces:
            epoch = self.epoch(book, record.epoch_hash)
            self._announces[record.round_id] = read_announce(pb.Signed.FromString(record.announce), epoch)
        return self._announces[record.round_id]

    def mask_keys(self, book: RoundBook, record: RoundRecord) -> Mapping[str, bytes]:
        """The keys of the Joins that are stored, by node: of a roster of n, each is read once and not n times."""
        keys = self._mask_keys.setdefault(record.round_id, {})
        for node_id in book.senders(record.round_id, pb.MESSAGE_KIND_JOIN):
            if node_id not in keys:
                join = book.find_message(record.round_id, node_id, pb.MESSAGE_KIND_JOIN)
                assert join is not None
                keys[node_id] = pb.Join.FromString(pb.Signed.FromString(join.signed).payload).mask_pk
        return keys

    def roster(self, book: RoundBook, record: RoundRecord) -> Roster:
        """The roster of a round whose manifest is stored."""
        if record.round_id not in self._rosters:
            epoch, announce = self.epoch(book, record.epoch_hash), self.announce(book, record)
            self._rosters[record.round_id] = read_manifest(pb.Signed.FromString(record.manifest), announce, epoch)
        return self._rosters[record.round_id]

    def headers(self, book: RoundBook, record: RoundRecord) -> dict[str, pb.Signed]:
        """The signed header of every node that reported, sorted by node_id."""
        reports = book.messages(record.round_id, pb.MESSAGE_KIND_REPORT)
        return {report.node_id: pb.Signed.FromString(report.signed) for report in reports}

    def stated(self, book: RoundBook, record: RoundRecord) -> Stated:
        """The statement of a round that has one."""
        if record.round_id not in self._statements:
            epoch, announce = self.epoch(book, record.epoch_hash), self.announce(book, record)
            roster, signed = self.roster(book, record), pb.Signed.FromString(record.statement)
            headers = _named(signed, self.headers(book, record), roster)
            statement = read_statement(signed, headers, announce, roster, epoch)
            self._statements[record.round_id] = Stated(statement, tuple(headers))
        return self._statements[record.round_id]

    def reveals(self, book: RoundBook, record: RoundRecord) -> dict[str, Mapping[str, int]]:
        """The shares that members of the committee opened, by member and owner.

        Those that came to this process were read when they were checked: reading all of them once more would take as
        long as opening the sums.
        """
        found = {}
        for message in book.messages(record.round_id, pb.MESSAGE_KIND_REVEAL):
            known = self._reveals.get(record.round_id, {}).get(message.node_id)
            if known is None or known.payload_sha256 != message.payload_sha256:
                known = self.revealed(book, record, message.payload_sha256, pb.Signed.FromString(message.signed))
            found[message.node_id] = known.shares
        return found

    def revealed(self, book: RoundBook, record: RoundRecord, payload_sha256: bytes, signed: pb.Signed) -> _Revealed:
        """Checks a reveal, and keeps what it opens. Raises Refused."""
        epoch, announce = self.epoch(book, record.epoch_hash), self.announce(book, record)
        roster, statement = self.roster(book, record), self.stated(book, record).statement
        member, shares = read_reveal(signed, announce, roster, statement, epoch)
        read = _Revealed(payload_sha256, shares)
        self._reveals.setdefault(record.round_id, {})[member] = read
        return read

    def forget_reveals(self, round_id: bytes) -> None:
        """Once a round's sums are open nobody needs its secrets."""
        self._reveals.pop(round_id, None)


def _named(statement: pb.Signed, headers: dict[str, pb.Signed], roster: Roster) -> Sequence[pb.Signed]:
    cells = pb.Statement.FromString(statement.payload).cells
    released = [cell.cell_id for cell in cells if cell.outcome == pb.CELL_OUTCOME_RELEASE]
    return [headers[node] for cell_id in released for node in roster.cells[cell_id] if node in headers]
