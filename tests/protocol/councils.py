"""Councils whose nodes run the real machine of rounds, with a disk in memory: they crash, restart, and are restored.

What leaves a node is kept by round and kind, so that a test can ask what was ever said.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from frameworks.plan import ReleasePlan
from node.decisions import Owner
from node.ledger import Ledger
from node.policy import Limits
from node.rounds.machine import Outgoing, RoundMachine
from node.rounds.pins import Pins, PinState, PinTerms
from node.rounds.policy import RoundPolicy
from node.rounds.sqlite_store import LedgerRounds
from protos.round.v1 import round_pb2 as pb
from protos.sa1.masking import Vector, to_ring
from protos.sa1.strict import encode
from tests.protocol.epochs import MadeUpEpoch, ed25519

LIMITS = Limits(10**13, 10**14)
"""Enough for every round that a test asks for."""
POLICY = RoundPolicy(min_cell=3, min_pct=67, report_delay_seconds=(0, 0))


class Crash(BaseException):
    """The process ended here; nothing catches it."""


Crashes = Callable[[bool], bool]
"""Whether the process ends at this transaction: asked before it is committed (False), and after (True)."""


class BareWrapping:
    """Secrets as they are: a disk in memory needs no encryption."""

    def wrap(self, secret: bytes, about: bytes) -> bytes:
        return about + secret

    def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        assert wrapped.startswith(about)
        return wrapped[len(about) :]


class CrashingRounds(LedgerRounds):
    """The real store, with a process that ends where `crashes` says so."""

    def __init__(self, ledger: Ledger, crashes: Crashes) -> None:
        super().__init__(ledger, BareWrapping(), LIMITS)
        self._crashes = crashes
        self._depth = 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._depth += 1
        try:
            with super().transaction():
                yield
                if self._depth == 1 and self._crashes(False):
                    raise Crash
        finally:
            self._depth -= 1
        if self._depth == 0 and self._crashes(True):
            raise Crash


class PinsInMemory:
    """Pins that survive as long as this object."""

    def __init__(self) -> None:
        self.state = PinState()

    def load(self) -> PinState:
        return self.state

    def save(self, state: PinState) -> None:
        self.state = state


def pins_of(made: MadeUpEpoch, node_id: str, *, small_committee: bool = False) -> Pins:
    """Pins that allow every member of the epoch, and have accepted it."""
    own = made.epoch.members[node_id].idk
    terms = PinTerms(
        authority_key=made.authority_pub,
        node_id=node_id,
        allowed=frozenset(made.epoch.members),
        is_own_record=lambda payload: pb.EnrolmentRecord.FromString(payload).idk_pub == own,
        small_committee=small_committee,
    )
    pins = Pins(terms, PinsInMemory())
    pins.adopt(made.signed)
    return pins


def one_hot(place: int, length: int) -> list[int]:
    """A vector that is one council's alone: counted twice, its digit in the sum is 2, whoever else is in it.

    Councils beyond the length share an entry, each with a digit of its own to the base 4; those beyond ten digits have
    the same with a minus.
    """
    digit = place // length
    vector = [0] * length
    vector[place % length] = 4 ** (digit % 10) * (-1 if digit >= 10 else 1)
    return vector


class Council:
    """One council's node. `plans` are those it approved, by the protocol's collection_id; `vector` is what it counts,
    without noise: a sum is then exact or wrong.
    """

    def __init__(
        self,
        made: MadeUpEpoch,
        node_id: str,
        *,
        plans: Mapping[str, ReleasePlan],
        vector: Sequence[int],
        clock: Callable[[], int],
        pins: Pins | None = None,
        policy: RoundPolicy = POLICY,
        crashes: Crashes = lambda _after: False,
    ) -> None:
        self.node_id = node_id
        self.keys = made.nodes[node_id]
        self.pins = pins or pins_of(made, node_id)
        self.vector = list(vector)
        self.alarms: list[str] = []
        self.measured: list[int] = []
        self.said: dict[tuple[bytes, pb.MessageKind], set[bytes]] = {}
        self.policy = policy
        self.plans = plans
        self.clock = clock
        self.crashes = crashes
        self.randomness: Callable[[int], bytes] = self._draw
        self.measuring: Callable[[], None] = lambda: None
        self._drawn = 0
        self._disk = sqlite3.connect(":memory:", isolation_level=None)
        self.ledger = self._mounted()
        self.ledger._prepare(lambda: hashlib.sha256(node_id.encode()).digest())
        self.store = self._opened()

    def _mounted(self) -> Ledger:
        owner = Owner(self.node_id, ed25519("ledger", self.node_id))
        return Ledger(self._disk, lambda: datetime.fromtimestamp(self.clock(), UTC), owner)

    def _opened(self) -> CrashingRounds:
        return CrashingRounds(self.ledger, lambda after: self.crashes(after))

    def _draw(self, count: int) -> bytes:
        self._drawn += 1
        return hashlib.shake_256(f"{self.node_id}/{self._drawn}".encode()).digest(count)

    def _noised(self, plan: ReleasePlan, honest_shares: int) -> Vector:
        assert plan.secure is not None
        self.measured.append(honest_shares)
        self.measuring()
        return to_ring(self.vector, plan.secure.modulus_bits).copy()

    def start(self) -> None:
        """A new process over this disk."""
        self.store = self._opened()
        self.machine = RoundMachine(
            store=self.store,
            keys=self.keys,
            pins=self.pins,
            policy=self.policy,
            plans=self.plans.get,
            noised=self._noised,
            clock=self.clock,
            randomness=lambda count: self.randomness(count),
            alarm=self.alarms.append,
        )
        self.machine.start()

    def backup(self) -> bytes:
        """The disk as it is."""
        return self._disk.serialize()

    def restore(self, backup: bytes) -> None:
        """The disk as it was; whoever used it has ended."""
        self._disk = sqlite3.connect(":memory:", isolation_level=None)
        self._disk.deserialize(backup)
        self.ledger = self._mounted()

    def outgoing(self) -> tuple[Outgoing, ...]:
        """What is to be sent; from here on it may have left."""
        waiting = self.machine.outgoing()
        for each in waiting:
            self.said.setdefault((each.round_id, each.kind), set()).add(as_sent(each))
        return waiting

    def spent(self) -> int:
        """What the ledger has charged and not given back, in 1e-12 rho."""
        return self.ledger.spent_for_life()


def as_sent(outgoing: Outgoing) -> bytes:
    """A message's bytes on the wire."""
    message = outgoing.message
    parts = message if isinstance(message, tuple) else (message,)
    return b"".join(encode(part) for part in parts)


def read_parts(parts: Sequence[pb.ReportPart]) -> tuple[pb.Signed, bytes, list[bytes]]:
    """Header, masked vector and ciphertexts of a report."""
    header = next(part.header for part in parts if part.WhichOneof("part") == "header")
    vector = b"".join(part.chunk.data for part in parts if part.WhichOneof("part") == "chunk")
    shares = [share for part in parts for share in part.shares.b_share_ct]
    return header, vector, shares
