"""Where a round stands and what it revealed, read from its rows."""

from __future__ import annotations

import numpy as np

from coordinator.rounds.progress import reporting_cells
from coordinator.rounds.reader import Reader
from coordinator.rounds.records import OpenedCell, OpenedRound, Phase, RoundBook, RoundRecord, RoundStanding
from coordinator.rounds.windows import SKEW
from protos.round.v1 import round_pb2 as pb
from protos.sa1.masking import from_ring, word
from protos.sa1.statements import read_verdict


def standing(book: RoundBook, reader: Reader, record: RoundRecord) -> RoundStanding:
    """Who has done what, and who is waited for."""
    epoch, announce = reader.epoch(book, record.epoch_hash), reader.announce(book, record)
    joined = book.senders(record.round_id, pb.MESSAGE_KIND_JOIN)
    reported = book.senders(record.round_id, pb.MESSAGE_KIND_REPORT)
    served = book.served(record.round_id)
    asked: set[str] = set()
    done: set[str] = set()
    enough: int | None = epoch.threshold
    until: int | None = None
    match record.phase:
        case Phase.DRAFT:
            until = announce.not_before
        case Phase.JOINING:
            asked = {node for nodes in epoch.partitions[announce.partition_id].values() for node in nodes}
            done, enough, until = set(joined), None, announce.t_join
        case Phase.REPORTING:
            roster = reader.roster(book, record)
            asked = {node for cell in reporting_cells(announce, epoch, roster) for node in roster.cells[cell]}
            done, enough, until = set(reported), None, announce.t_report
        case Phase.CERTIFYING | Phase.ABORTING:
            commits = record.phase is Phase.CERTIFYING
            asked, done = set(epoch.committee), _voters(book, reader, record, commits=commits)
            abortable = len(served) <= len(epoch.committee) - epoch.threshold
            if commits:
                until = announce.t_commit if abortable else announce.t_reveal + SKEW
        case Phase.REVEALING | Phase.UNMASKING:
            asked, done = set(epoch.committee), set(book.senders(record.round_id, pb.MESSAGE_KIND_REVEAL))
        case _:
            pass
    waited_for = tuple(sorted(asked - done))
    return RoundStanding(
        round_id=record.round_id,
        collection_id=record.collection_id,
        phase=record.phase,
        joined=tuple(joined),
        reported=tuple(reported),
        waited_for=waited_for,
        needed=len(waited_for) if enough is None or not asked else max(0, enough - len(done)),
        until=until,
        served=tuple(served),
        conflicts=tuple(sorted({conflict.node_id for conflict in book.conflicts(record.round_id)})),
        doubts=tuple(book.doubts(record.round_id)),
        failure=record.failure,
    )


def _voters(book: RoundBook, reader: Reader, record: RoundRecord, *, commits: bool) -> set[str]:
    epoch = reader.epoch(book, record.epoch_hash)
    signed = [pb.Signed.FromString(each.signed) for each in book.messages(record.round_id, pb.MESSAGE_KIND_VERDICT)]
    verdicts = [read_verdict(each, epoch) for each in signed]
    return {member for member, choice in verdicts if choice.commits == commits}


def opened_round(book: RoundBook, reader: Reader, record: RoundRecord) -> OpenedRound | None:
    """What a round revealed, or None unless it is published."""
    if record.phase is not Phase.PUBLISHED:
        return None
    announce, signed = reader.announce(book, record), pb.Signed.FromString(record.result)
    result, sums = pb.RoundResult.FromString(signed.payload), book.sums(record.round_id)
    cells = []
    for cell in result.cells:
        if cell.outcome == pb.CELL_OUTCOME_RELEASE:
            values = from_ring(np.frombuffer(sums[cell.cell_id], dtype=word(announce.width)))
            cells.append(OpenedCell(cell.cell_id, tuple(values), tuple(cell.survivors), tuple(cell.dropped)))
    withheld = tuple(cell.cell_id for cell in result.cells if cell.outcome == pb.CELL_OUTCOME_WITHHELD)
    return OpenedRound(
        record.round_id,
        record.collection_id,
        announce.query_hash,
        tuple(cells),
        withheld,
        result.certificate,
        signed,
    )
