"""Whether a round may be announced, and as what (secure aggregation reference, B.5 and B.7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from coordinator.errors import RoundNotPossible
from coordinator.rounds.progress import possible_cells
from coordinator.rounds.records import MOST_ROUNDS, Phase, RoundRecord
from coordinator.rounds.sums import release_name
from coordinator.rounds.voice import Voice
from coordinator.rounds.windows import Times
from frameworks.plan import ReleasePlan
from frameworks.shares import SecureShare
from protos.round.v1 import round_pb2 as pb
from protos.sa1.announces import read_announce, ring_width
from protos.sa1.epochs import Epoch
from protos.sa1.refusal import Refused
from protos.sa1.sealing import SUITE
from protos.sa1.transcript import Signature


@dataclass(frozen=True)
class Floors:
    """The smallest group that is revealed, and the least part of a group's members on its roster, in percent."""

    min_cell: int = 8
    min_pct: int = 67


def announcement(
    round_id: bytes, plan: ReleasePlan, epoch: Epoch, times: Times, floors: Floors, voice: Voice
) -> pb.Signed:
    """The signed announcement of a round of a secure release, as nodes accept it.

    Raises RoundNotPossible for a plan that is not secure, an epoch of another coordinator, groups that are all too
    small, larger than their noise was planned for, or whose sum may not fit.
    """
    secure = plan.secure
    if secure is None:
        raise RoundNotPossible(f"Release {plan.release_id} is not in mode secure.", "Name a secure release.")
    if epoch.coordinator_key != voice.public_key:
        raise RoundNotPossible("The epoch names another coordinator's signing key.", "Publish one of this one.")
    largest = max(map(len, epoch.partitions.get(secure.groups, {}).values()), default=0)
    width = ring_width(largest, secure.entry_bound)
    signed = voice.say(
        Signature.ANNOUNCE,
        pb.RoundAnnounce(
            round_id=round_id,
            epoch_hash=epoch.hash,
            collection_id=release_name(plan.collection_id, plan.release_id),
            query_hash=plan.plan_hash,
            d=plan.length,
            w=width,
            abs_bound=secure.entry_bound,
            partition_id=secure.groups,
            min_cell=floors.min_cell,
            min_pct=floors.min_pct,
            max_dropped=secure.max_dropped,
            max_colluding=secure.max_colluding,
            suite=SUITE,
            dp_spec_hash=plan.noise_hash,
            **asdict(times),
        ),
    )
    _check_groups(signed, epoch, secure, largest, width)
    return signed


def _check_groups(signed: pb.Signed, epoch: Epoch, secure: SecureShare, largest: int, width: int) -> None:
    try:
        announce = read_announce(signed, epoch)
    except Refused as refused:
        raise RoundNotPossible(f"Nodes would refuse the round: {refused}.", "Correct what it names.") from refused
    if not possible_cells(announce, epoch):
        raise RoundNotPossible(
            "No group of the epoch is large enough, even if every council joins.",
            f"A group needs {announce.min_cell} councils besides the {announce.max_dropped} that may drop out.",
        )
    if largest > secure.largest_group:
        raise RoundNotPossible(
            f"A group of the epoch has {largest} councils, and the noise was planned for {secure.largest_group}.",
            "Open a collection that is planned for the councils of this epoch.",
        )
    if largest * secure.entry_bound >= 2 ** (width - 1):
        raise RoundNotPossible("The sum of a group may not fit 64 bits.", "Ask for less noise or fewer entries.")


def check_first_or_aborted(earlier: Sequence[RoundRecord]) -> None:
    """A release has one round; another only after an aborted one, and at most three (B.7, reference decision 4).

    Raises RoundNotPossible.
    """
    if any(record.phase is Phase.PUBLISHED for record in earlier):
        raise RoundNotPossible("The sums of this release have been revealed.", "Ask in a new collection.")
    if any(record.phase is Phase.FAILED for record in earlier):
        raise RoundNotPossible(
            "A round of this release failed, and somebody may know its sums.", "Ask in a new collection."
        )
    if any(not record.phase.ended for record in earlier):
        raise RoundNotPossible("A round of this release is still running.", "Wait until it has ended.")
    if len(earlier) >= MOST_ROUNDS:
        raise RoundNotPossible(f"This release has had {MOST_ROUNDS} rounds.", "Ask in a new collection.")
