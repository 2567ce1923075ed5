"""Corrupt councils: they run the real machine, with another hand that deals its shares, votes and opens.

Whatever they sign holds: it is their own key.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

from node.rounds.keys import NodeKeys
from node.rounds.machine import Outgoing
from protos.round.v1 import round_pb2 as pb
from protos.sa1 import sealing, transcript
from protos.sa1.sharing import ORDER
from protos.sa1.strict import encode
from protos.sa1.transcript import Signature

Message = pb.JoinSubmission | tuple[pb.ReportPart, ...] | pb.Signed


@dataclass(frozen=True)
class Habit:
    """For how many members the shares that it deals are of nothing, and what it sends in place of a message."""

    wrong_shares: int = 0
    instead: Callable[[Corrupt, Outgoing], Sequence[Message]] = lambda _corrupt, outgoing: [outgoing.message]


@dataclass(frozen=True)
class Corrupt:
    """A corrupt council with its keys and its habit, in a committee of so many."""

    keys: NodeKeys
    habit: Habit
    members: int
    rng: random.Random

    def instead(self, outgoing: Outgoing) -> Sequence[Message]:
        """What it sends in place of a message."""
        return self.habit.instead(self, outgoing)

    @contextmanager
    def dealing(self) -> Iterator[None]:
        """What its machine does inside deals wrong shares, sealed as right ones are."""
        original, numbers = sealing.seal_share, count()
        wrong = set(self.rng.sample(range(self.members), min(self.habit.wrong_shares, self.members)))

        def deal(share: int, member_key: bytes, info: bytes) -> bytes:
            is_wrong = next(numbers) % self.members in wrong
            return original(self.rng.randrange(ORDER) if is_wrong else share, member_key, info)

        sealing.seal_share = deal
        try:
            yield
        finally:
            sealing.seal_share = original

    def other_vote(self, signed: pb.Signed) -> pb.Signed:
        """An ABORT in the round of a COMMIT."""
        verdict = pb.Verdict.FromString(signed.payload)
        verdict.abort.SetInParent()
        return self.keys.signed(Signature.VERDICT, encode(verdict))

    def wrong_openings(self, signed: pb.Signed) -> pb.Signed:
        """A reveal of shares that were never dealt."""
        reveal = pb.Reveal.FromString(signed.payload)
        for entry in reveal.entries:
            entry.share = transcript.le32(self.rng.randrange(ORDER))
        return self.keys.signed(Signature.REVEAL, encode(reveal))


def _votes_twice(corrupt: Corrupt, outgoing: Outgoing) -> Sequence[Message]:
    if outgoing.kind != pb.MESSAGE_KIND_VERDICT:
        return [outgoing.message]
    assert isinstance(outgoing.message, pb.Signed)
    both = [outgoing.message, corrupt.other_vote(outgoing.message)]
    corrupt.rng.shuffle(both)
    return both


def _opens_wrong_shares(corrupt: Corrupt, outgoing: Outgoing) -> Sequence[Message]:
    if outgoing.kind != pb.MESSAGE_KIND_REVEAL:
        return [outgoing.message]
    assert isinstance(outgoing.message, pb.Signed)
    return [corrupt.wrong_openings(outgoing.message)]


def _only_joins(_corrupt: Corrupt, outgoing: Outgoing) -> Sequence[Message]:
    return [outgoing.message] if outgoing.kind == pb.MESSAGE_KIND_JOIN else []


def _reveals_nothing(_corrupt: Corrupt, outgoing: Outgoing) -> Sequence[Message]:
    return [] if outgoing.kind == pb.MESSAGE_KIND_REVEAL else [outgoing.message]


HABITS = {
    "deals one wrong share": Habit(wrong_shares=1),
    "deals wrong shares only": Habit(wrong_shares=10**6),
    "votes twice": Habit(instead=_votes_twice),
    "opens wrong shares": Habit(instead=_opens_wrong_shares),
    "only joins": Habit(instead=_only_joins),
    "reveals nothing": Habit(instead=_reveals_nothing),
}
MAY_SPOIL = frozenset({"deals one wrong share", "deals wrong shares only", "opens wrong shares"})
"""Habits that can make a certified round fail: denial of service, which nobody can prevent (reference B.9)."""
