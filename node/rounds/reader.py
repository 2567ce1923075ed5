"""What is stored of rounds, as it reads: each paper is checked once in a process, and again after a restart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from node.rounds.checks import Misbehaviour
from node.rounds.pins import Pins
from node.rounds.store import Paper, RoundRecord, RoundStore
from protos.round.v1 import round_pb2 as pb
from protos.sa1 import transcript
from protos.sa1.announces import Announce, read_announce
from protos.sa1.epochs import Epoch
from protos.sa1.refusal import Refused
from protos.sa1.rosters import Roster, read_manifest
from protos.sa1.statements import Choice, Statement, read_statement
from protos.sa1.strict import encode
from protos.sa1.transcript import Signature


@dataclass
class _Read:
    """What was read of a round, each beside the bytes it was read from."""

    announce: Announce | None = None
    roster: tuple[bytes, Roster] | None = None
    statement: tuple[bytes, Statement] | None = None
    choice: tuple[bytes, Choice] | None = None


class RoundReader:
    """Reads the papers of the rounds in a store, under the epochs that are pinned."""

    def __init__(self, store: RoundStore, pins: Pins) -> None:
        self._store = store
        self._pins = pins
        self._read: dict[bytes, _Read] = {}

    def _of(self, round_id: bytes) -> _Read:
        return self._read.setdefault(round_id, _Read())

    def epoch(self, epoch_hash: bytes) -> Epoch:
        """An epoch that was accepted here. Raises Refused for any other, and for one that is no longer kept."""
        epoch = self._pins.find(epoch_hash)
        if epoch is None:
            raise Refused("a round of an epoch that is not kept here")
        return epoch

    def announce(self, record: RoundRecord, epoch: Epoch) -> Announce:
        """The announcement of a round that is known."""
        read = self._of(record.round_id)
        if read.announce is None:
            read.announce = read_announce(pb.Signed.FromString(record.announce), epoch)
        return read.announce

    def manifest(self, signed: pb.Signed, announce: Announce, epoch: Epoch) -> Roster:
        """A manifest of this round. Raises Refused, and Misbehaviour where the coordinator signed it all the same."""
        read = self._of(announce.round_id)
        content = encode(signed)
        if read.roster is None or read.roster[0] != content:
            try:
                roster = read_manifest(signed, announce, epoch)
            except Refused as refused:
                if transcript.holds(epoch.coordinator_key, Signature.MANIFEST, signed.payload, signed.sig):
                    raise Misbehaviour(str(refused)) from refused
                raise
            read.roster = content, roster
        return read.roster[1]

    def roster(self, record: RoundRecord, announce: Announce, epoch: Epoch) -> Roster:
        """The roster of the manifest that is held. Raises Refused where none is."""
        content = self._store.paper(record.round_id, Paper.MANIFEST)
        if content is None:
            raise Refused("a round whose manifest did not come")
        return self.manifest(pb.Signed.FromString(content), announce, epoch)

    def remember(self, round_id: bytes, work: pb.StatementWork, statement: Statement) -> None:
        """A statement that was read a moment ago need not be read again."""
        self._of(round_id).statement = encode(work), statement

    def statement(
        self, record: RoundRecord, announce: Announce, roster: Roster, epoch: Epoch
    ) -> tuple[pb.StatementWork, Statement]:
        """The statement that is held, with what came with it. Raises Refused where none is."""
        content = self._store.paper(record.round_id, Paper.STATEMENT)
        if content is None:
            raise Refused("a round whose statement did not come")
        work = pb.StatementWork.FromString(content)
        read = self._of(record.round_id)
        if read.statement is None or read.statement[0] != content:
            read.statement = content, read_statement(work.statement, work.headers, announce, roster, epoch)
        return work, read.statement[1]

    def choice(self, certificate: pb.Certificate, record: RoundRecord, check: Callable[[], Choice]) -> Choice:
        """What a certificate decides; `check` reads it."""
        read = self._of(record.round_id)
        content = encode(certificate)
        if read.choice is None or read.choice[0] != content:
            read.choice = content, check()
        return read.choice[1]


def announced(record: RoundRecord) -> pb.RoundAnnounce:
    """What the announcement of a known round says; it was checked before it was stored."""
    return pb.RoundAnnounce.FromString(pb.Signed.FromString(record.announce).payload)
