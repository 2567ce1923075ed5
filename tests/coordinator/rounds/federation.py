"""A coordinator's desk with honest nodes around it, a clock that moves when told, and crashes where they are wanted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from coordinator.rounds.announcing import Floors
from coordinator.rounds.desk import RoundDesk
from coordinator.rounds.records import OpenedRound, Phase, RoundBook, RoundStanding
from coordinator.rounds.windows import Windows
from coordinator.store.database import Store, store_in_memory
from coordinator.store.rounds import StoredRounds
from frameworks.plan import ReleasePlan, ReleaseRequest, compile_plan
from frameworks.shares import Groups, SecureTerms
from tests.coordinator.rounds.honest_node import HonestNode
from tests.frameworks.small import small_framework
from tests.protocol.epochs import MadeUpEpoch, Partitions, made_up_epoch

Result = TypeVar("Result")

START = 1_800_000_000
WINDOWS = Windows(join=100, report=100, commit=100, reveal=100)


class Crash(Exception):
    """The process ended here."""


class CrashingStore:
    """The store, with a process that ends just before or just after the transactions for which `crashes` says so."""

    def __init__(self, store: StoredRounds, crashes: Callable[[str, bool], bool]) -> None:
        self._store = store
        self._crashes = crashes

    def write(self, name: str, work: Callable[[RoundBook], Result]) -> Result:
        if self._crashes(name, False):
            raise Crash
        result = self._store.write(name, work)
        if self._crashes(name, True):
            raise Crash
        return result

    def read(self, name: str, work: Callable[[RoundBook], Result]) -> Result:
        return self._store.read(name, work)


def small_plan(
    release_id: str = "national",
    *,
    groups: Groups = "england",
    dropped: int = 2,
    colluding: int = 0,
    largest: int = 20,
    rho_units: int = 2 * 10**10,
) -> ReleasePlan:
    """A secure release of a few entries."""
    terms = SecureTerms(groups=groups, largest_group=largest, max_dropped=dropped, max_colluding=colluding)
    indicators = ("healthy", "score", "mood", "responded")
    request = ReleaseRequest(id=release_id, mode="secure", indicators=indicators, rho_units=rho_units, secure=terms)
    return compile_plan(small_framework(), "2025-test", 2025, request)


@dataclass
class Federation:
    """So many councils, all of them (or the first `committee`) the committee. `vectors` are what each reports."""

    councils: int = 12
    committee: int | None = None
    partitions: Partitions | None = None
    plan: ReleasePlan = field(default_factory=small_plan)
    floors: Floors = field(default_factory=lambda: Floors(min_cell=3))
    withholds: bool = False
    keep_vectors: bool = False
    database: Store = field(default_factory=store_in_memory)
    now: int = START
    drawn: int = 0
    crashes: Callable[[str, bool], bool] = lambda _name, _after: False

    def __post_init__(self) -> None:
        self.made: MadeUpEpoch = made_up_epoch(self.councils, self.committee, self.partitions)
        self.desk = self.new_desk()
        self.nodes = {
            node_id: HonestNode(keys, self.made.epoch, self.vector(place))
            for place, (node_id, keys) in enumerate(self.made.nodes.items())
        }
        self.desk.publish_epoch(self.made.signed, self.made.authority_pub)

    def vector(self, place: int) -> list[int]:
        """Negative and positive numbers, and one entry that is one council's alone."""
        return [1 if entry == place else place * (-1) ** entry * (entry + 7) for entry in range(self.plan.length)]

    def new_desk(self) -> RoundDesk:
        """The coordinator after a restart: another process over the same database."""
        return RoundDesk(
            store=CrashingStore(StoredRounds(self.database), lambda name, after: self.crashes(name, after)),
            signing_key=self.made.coordinator_key,
            clock=lambda: self.now,
            randomness=self.random,
            keep_vectors=self.keep_vectors,
        )

    def random(self, count: int) -> bytes:
        """Bytes that differ from draw to draw, alike in every run."""
        self.drawn += 1
        return hashlib.sha256(self.drawn.to_bytes(8, "big")).digest()[:count]

    def announce(self, windows: Windows = WINDOWS) -> bytes:
        """A new round."""
        self.round_id = self.desk.announce(
            self.plan, self.made.epoch, windows, floors=self.floors, withholds=self.withholds
        )
        return self.round_id

    def step(self, nodes: Iterable[str] | None = None) -> None:
        """These nodes (all, by default) poll once and do what they are asked; then time does what it can."""
        for node_id in sorted(self.nodes if nodes is None else nodes):
            self.nodes[node_id].step(self.desk)
        self.desk.advance()

    def at(self, seconds: int) -> None:
        """So many seconds after the beginning."""
        self.now = START + seconds
        self.desk.advance()

    @property
    def standing(self) -> RoundStanding:
        return self.desk.standing(self.round_id)

    def phase(self) -> Phase:
        """Where the latest round is."""
        return self.standing.phase

    @property
    def ids(self) -> list[str]:
        """The node_ids, sorted."""
        return sorted(self.nodes)

    def opened(self) -> OpenedRound:
        """The result, which must be there."""
        result = self.desk.result(self.round_id)
        assert result is not None
        return result

    def exact(self, survivors: Iterable[str]) -> tuple[int, ...]:
        """The sum of the vectors of these nodes."""
        return tuple(map(sum, zip(*(self.nodes[node_id].vector for node_id in survivors), strict=True)))


def ready_to_report(world: Federation, joining: list[str] | None = None) -> Federation:
    """Announced, and joined by these (all, by default)."""
    world.announce()
    world.desk.advance()
    world.step(joining)
    if world.phase() is Phase.JOINING:
        world.at(100)
    return world


def certifying(world: Federation, reporting: list[str] | None = None) -> Federation:
    """Reported by these (all, by default), of all who joined."""
    ready_to_report(world).step(reporting)
    if world.phase() is Phase.REPORTING:
        world.at(200)
    return world


def revealing(world: Federation) -> Federation:
    """Committed to by everybody."""
    certifying(world).step()
    assert world.phase() is Phase.REVEALING
    return world


def finish(world: Federation, nodes: list[str] | None = None) -> Federation:
    """Polls until nothing more happens."""
    for _ in range(4):
        world.step(nodes)
    return world
