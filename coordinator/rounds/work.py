"""What a poll is answered with: the papers of each round that the node has use for, in the order it needs them."""

from __future__ import annotations

from collections.abc import Iterator

from coordinator.rounds.reader import Reader
from coordinator.rounds.records import Phase, RoundBook, RoundRecord
from protos.round.v1 import round_pb2 as pb

NOT_IN_IT = pb.ROUND_PROGRESS_UNSPECIFIED
"""The progress of a node that does not name the round among its open ones."""

_STATED = (Phase.CERTIFYING, Phase.REVEALING, Phase.UNMASKING)


def round_work(
    book: RoundBook, reader: Reader, record: RoundRecord, node_id: str, progress: pb.RoundProgress
) -> Iterator[pb.Work]:
    """Work of one round for one node.

    Runs in a transaction on the round's row, in which a member is remembered as served before a statement leaves.
    """
    epoch = reader.epoch(book, record.epoch_hash)
    if node_id not in epoch.members or record.phase is Phase.DRAFT:
        return
    if record.phase.ended:
        if progress != NOT_IN_IT:
            yield from _ending(record)
        return
    is_member = node_id in epoch.committee
    announced = pb.Work(announce=pb.Signed.FromString(record.announce))
    if record.phase is Phase.JOINING:
        if progress == NOT_IN_IT:
            yield announced
        return
    joined = book.find_message(record.round_id, node_id, pb.MESSAGE_KIND_JOIN) is not None
    if record.phase is Phase.REPORTING and joined and progress < pb.ROUND_PROGRESS_REPORTED:
        yield pb.Work(manifest=pb.Signed.FromString(record.manifest))
    if not is_member or progress == pb.ROUND_PROGRESS_REVEALED:
        return
    if record.phase is Phase.ABORTING and progress < pb.ROUND_PROGRESS_VOTED:
        if progress == NOT_IN_IT:
            yield announced
        yield pb.Work(abort_request=pb.Signed.FromString(record.abort_request))
    if record.phase in _STATED and progress < pb.ROUND_PROGRESS_VOTED:
        if progress == NOT_IN_IT:
            yield announced
        if progress < pb.ROUND_PROGRESS_REPORTED:
            yield pb.Work(manifest=pb.Signed.FromString(record.manifest))
        book.record_served(record.round_id, node_id)
        yield pb.Work(statement=_statement_work(book, reader, record, node_id))
    if record.phase in (Phase.REVEALING, Phase.UNMASKING):
        yield _certificate(record)


def _ending(record: RoundRecord) -> Iterator[pb.Work]:
    """A failed round has no ending to show: a node closes it by the times of its announcement."""
    if record.phase is Phase.PUBLISHED:
        yield pb.Work(result=pb.Signed.FromString(record.result))
    elif record.phase is Phase.ABORTED:
        yield _certificate(record)


def _certificate(record: RoundRecord) -> pb.Work:
    certificate = pb.Certificate.FromString(record.certificate)
    return pb.Work(certificate=pb.CertificateWork(round_id=record.round_id, certificate=certificate))


def _statement_work(book: RoundBook, reader: Reader, record: RoundRecord, node_id: str) -> pb.StatementWork:
    stated, roster = reader.stated(book, record), reader.roster(book, record)
    place = reader.epoch(book, record.epoch_hash).committee.index(node_id)
    a_shares = book.shares_for(record.round_id, pb.SHARE_KIND_A, place)
    b_shares = book.shares_for(record.round_id, pb.SHARE_KIND_B, place)
    survivors = stated.statement.survivors
    return pb.StatementWork(
        statement=pb.Signed.FromString(record.statement),
        headers=stated.headers,
        a_share_ct=[a_shares[entry.node_id] for entry in roster.entries],
        b_share_ct=[b_shares[entry.node_id] if entry.node_id in survivors else b"" for entry in roster.entries],
    )
