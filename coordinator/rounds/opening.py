"""From reveals to the result of a round: the last transition, whose long part runs outside any transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from coordinator.rounds.progress import failed
from coordinator.rounds.reader import Reader
from coordinator.rounds.records import Failure, Phase, RoundBook, RoundRecord
from coordinator.rounds.unmask import Secrets, find_secrets, open_sum
from coordinator.rounds.voice import Voice
from coordinator.rounds.windows import SKEW
from protos.round.v1 import round_pb2 as pb
from protos.sa1.announces import Announce
from protos.sa1.epochs import Epoch
from protos.sa1.rosters import Roster
from protos.sa1.statements import Statement
from protos.sa1.strict import encode
from protos.sa1.transcript import Signature


@dataclass(frozen=True)
class Case:
    """All that a round's sums are opened from: opened shares by member and owner, sums of masked vectors by group."""

    announce: Announce
    epoch: Epoch
    roster: Roster
    statement: Statement
    reveals: Mapping[str, Mapping[str, int]] = field(repr=False)
    masked: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True)
class Opened:
    """What was found in the reveals of so many members: the secrets, and the sums of the released groups (little-endian
    words), none of them where a secret is lost."""

    secrets: Secrets
    members: int
    sums: Mapping[str, bytes] = field(repr=False)


def gather(book: RoundBook, reader: Reader, record: RoundRecord) -> Case:
    """The case of a round in UNMASKING."""
    epoch, announce = reader.epoch(book, record.epoch_hash), reader.announce(book, record)
    roster, statement = reader.roster(book, record), reader.stated(book, record).statement
    return Case(announce, epoch, roster, statement, reader.reveals(book, record), book.sums(record.round_id))


def open_case(case: Case) -> Opened:
    """Finds the secrets and opens every sum. Pure."""
    secrets = find_secrets(
        case.reveals, case.epoch.committee, case.epoch.threshold, case.announce, case.roster, case.statement
    )
    sums = {}
    if not secrets.lost:
        for cell in case.statement.released:
            opened = open_sum(case.masked[cell], cell, case.announce, case.roster, case.statement, secrets)
            sums[cell] = opened.tobytes()
    return Opened(secrets, len(case.reveals), sums)


def settle(
    book: RoundBook, voice: Voice, record: RoundRecord, case: Case, opened: Opened, now: int
) -> RoundRecord | None:
    """UNMASKING to PUBLISHED, or to FAILED where a secret is lost and no further reveal can be expected.

    While it can, nothing but the doubts is stored, and None returned.
    """
    book.add_doubts(record.round_id, opened.secrets.doubts)
    if opened.secrets.lost:
        if opened.members < len(case.epoch.committee) and now < case.announce.t_reveal + SKEW:
            return None
        return failed(book, record, Failure.SHARES_MISSING)
    book.erase_sums(record.round_id)
    for cell_id, words in opened.sums.items():
        book.put_sum(record.round_id, cell_id, words)
    book.erase_shares(record.round_id)
    result = pb.RoundResult(
        round_id=record.round_id,
        stmt_hash=case.statement.hash,
        certificate=pb.Certificate.FromString(record.certificate),
        cells=[_cell_result(cell, case, opened) for cell in sorted(case.roster.cells)],
    )
    return replace(record, phase=Phase.PUBLISHED, result=encode(voice.say(Signature.RESULT, result)))


def _cell_result(cell_id: str, case: Case, opened: Opened) -> pb.CellResult:
    if cell_id not in case.statement.released:
        return pb.CellResult(cell_id=cell_id, outcome=pb.CELL_OUTCOME_WITHHELD)
    survivors = [header.node_id for header in case.statement.released[cell_id]]
    return pb.CellResult(
        cell_id=cell_id,
        outcome=pb.CELL_OUTCOME_RELEASE,
        sum_digest=hashlib.sha256(opened.sums[cell_id]).digest(),
        survivors=survivors,
        dropped=[node for node in case.roster.cells[cell_id] if node not in survivors],
    )
