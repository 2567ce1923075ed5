"""Where rounds stand at this node, for a person here, and for the next poll. Secure aggregation reference, B.6."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from node.rounds.reader import announced
from node.rounds.store import Paper, RoundRecord, RoundStore
from protos.round.v1 import round_pb2 as pb

LISTED_SECONDS = 30 * 24 * 3600
"""For so long after a round's last time its ending is still asked for."""

_SHOWN = {
    pb.MESSAGE_KIND_JOIN: pb.ROUND_PROGRESS_JOINED,
    pb.MESSAGE_KIND_REPORT: pb.ROUND_PROGRESS_REPORTED,
    pb.MESSAGE_KIND_VERDICT: pb.ROUND_PROGRESS_VOTED,
    pb.MESSAGE_KIND_REVEAL: pb.ROUND_PROGRESS_REVEALED,
}


class RoundState(StrEnum):
    """B.6; a state that ends in "ready" is stored, and the coordinator is not known to have it."""

    IDLE = "idle"
    JOIN_READY = "join ready"
    JOINED = "joined"
    REPORT_READY = "report ready"
    REPORTED = "reported"
    REFUSED = "refused"
    VOTED_COMMIT = "voted commit"
    VOTED_ABORT = "voted abort"
    REVEAL_READY = "reveal ready"
    REVEALED = "revealed"
    CLOSED = "closed"
    ABORTED = "aborted"
    BURNED = "burned"


@dataclass(frozen=True)
class RoundStanding:
    """A round at this node. Times are seconds since 1970-01-01 UTC; `reason` is why this node does not take part."""

    round_id: bytes
    collection_id: str
    state: RoundState
    reason: str
    t_join: int
    t_report: int
    t_reveal: int


def progress(record: RoundRecord) -> pb.RoundProgress:
    """The furthest message that has a receipt: what the coordinator knows already, and no working state.

    A manifest is as good as a receipt for this node's Join. Were it not, a node whose receipts were all lost would not
    name the round, and its charge would outlast an abort that it never hears of.
    """
    shown = [progress for kind, progress in _SHOWN.items() if kind in record.receipted]
    if Paper.MANIFEST in record.papers and pb.MESSAGE_KIND_JOIN in record.messages:
        shown.append(pb.ROUND_PROGRESS_JOINED)
    return max(shown, default=pb.ROUND_PROGRESS_UNSPECIFIED)


def state_of(record: RoundRecord) -> RoundState:
    """The state of a round, from what is stored of it."""
    ready_and_sent = (
        (pb.MESSAGE_KIND_REVEAL, RoundState.REVEAL_READY, RoundState.REVEALED),
        (pb.MESSAGE_KIND_REPORT, RoundState.REPORT_READY, RoundState.REPORTED),
        (pb.MESSAGE_KIND_JOIN, RoundState.JOIN_READY, RoundState.JOINED),
    )
    if Paper.ABORT_CERTIFICATE in record.papers:
        return RoundState.ABORTED
    if Paper.RESULT in record.papers:
        return RoundState.CLOSED
    if record.burned:
        return RoundState.BURNED
    if record.verdict is not None and pb.MESSAGE_KIND_REVEAL not in record.messages:
        return RoundState.VOTED_COMMIT if record.committed else RoundState.VOTED_ABORT
    if Paper.DECLINED in record.papers and pb.MESSAGE_KIND_REVEAL not in record.messages:
        return RoundState.REFUSED
    for kind, ready, sent in ready_and_sent:
        if kind in record.messages:
            return sent if kind in record.receipted else ready
    return RoundState.IDLE


def standings(store: RoundStore) -> tuple[RoundStanding, ...]:
    """Every round that this node knows, in the order in which it learnt of them."""
    return tuple(_standing(record) for record in store.rounds())


def _standing(record: RoundRecord) -> RoundStanding:
    times = announced(record)
    return RoundStanding(
        record.round_id,
        record.collection_id,
        state_of(record),
        record.reason,
        times.t_join,
        times.t_report,
        times.t_reveal,
    )
