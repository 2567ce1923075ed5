"""The announcement of a round: what will be summed, over whom, when, and with how much noise (B.5, B.7)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from protos.round.v1 import round_pb2 as pb
from protos.sa1 import transcript
from protos.sa1.epochs import Epoch
from protos.sa1.refusal import Refused
from protos.sa1.sealing import SUITE
from protos.sa1.strict import Malformed, need_length, parse
from protos.sa1.transcript import Signature

RING_ROOM = 2**30
"""A sum that stays below this needs 32 bits; any other has 64."""
WIDEST_SUM = 2**63
"""A sum from here on does not fit 64 bits with its sign."""
MOST_ENTRIES = 2**24


@dataclass(frozen=True)
class Announce:
    """A checked announcement. Times are in seconds since 1970-01-01 UTC."""

    hash: bytes
    round_id: bytes
    epoch_hash: bytes
    collection_id: str
    query_hash: bytes
    length: int
    width: int
    entry_bound: int
    partition_id: str
    min_cell: int
    min_pct: int
    max_dropped: int
    max_colluding: int
    dp_spec_hash: bytes
    announced_at: int
    not_before: int
    t_join: int
    t_report: int
    t_commit: int
    t_reveal: int
    payload: bytes


def ring_width(largest_cell: int, entry_bound: int) -> int:
    """32 where the largest group's sum surely fits 30 bits, else 64 (B.3)."""
    return 32 if largest_cell * entry_bound < RING_ROOM else 64


def read_announce(signed: pb.Signed, epoch: Epoch) -> Announce:
    """An announcement that the coordinator of that epoch signed and that holds together. Raises Refused."""
    if not transcript.holds(epoch.coordinator_key, Signature.ANNOUNCE, signed.payload, signed.sig):
        raise Refused("an announcement that the coordinator did not sign")
    try:
        message = parse(pb.RoundAnnounce, signed.payload)
        need_length(message.round_id, 16, "round_id")
        for content, what in (
            (message.epoch_hash, "epoch_hash"),
            (message.query_hash, "query_hash"),
            (message.dp_spec_hash, "dp_spec_hash"),
        ):
            need_length(content, 32, what)
    except Malformed as error:
        raise Refused(str(error)) from error
    if message.epoch_hash != epoch.hash:
        raise Refused("an announcement of another epoch")
    if message.partition_id not in epoch.partitions:
        raise Refused("a partition that the epoch does not know")
    if message.suite != SUITE:
        raise Refused("another suite than the one that is known")
    if not 0 < message.d <= MOST_ENTRIES or not message.abs_bound or not message.collection_id:
        raise Refused("an announcement without a length, a bound or a collection")
    largest = max(map(len, epoch.partitions[message.partition_id].values()), default=0)
    if max(largest, 1) * message.abs_bound >= WIDEST_SUM:
        raise Refused("a bound whose sum the ring does not hold")
    if message.w != ring_width(largest, message.abs_bound):
        raise Refused("another width than the bound asks for")
    if not 0 < message.min_pct <= 100 or message.min_cell < 1:
        raise Refused("floors that are none")
    times = (message.announced_at, message.not_before, message.t_join)
    later = (message.t_join, message.t_report, message.t_commit, message.t_reveal)
    if list(times) != sorted(times) or any(one >= other for one, other in pairwise(later)):
        raise Refused("times that do not follow each other")
    return Announce(
        transcript.announce_hash(signed.payload),
        message.round_id,
        message.epoch_hash,
        message.collection_id,
        message.query_hash,
        message.d,
        message.w,
        message.abs_bound,
        message.partition_id,
        message.min_cell,
        message.min_pct,
        message.max_dropped,
        message.max_colluding,
        message.dp_spec_hash,
        *times[:2],
        *later,
        signed.payload,
    )
