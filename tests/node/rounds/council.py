"""A council's machine over a real ledger, with a clock, randomness and a vector that a test knows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from frameworks.plan import ReleasePlan, ReleaseRequest, compile_plan
from frameworks.shares import SecureTerms
from node.decisions import Owner
from node.ledger import Ledger
from node.policy import Limits
from node.rounds.machine import Outgoing, RoundMachine
from node.rounds.pins import Pins, PinState, PinTerms
from node.rounds.policy import RoundPolicy
from node.rounds.sqlite_store import LedgerRounds, Wrapping
from node.rounds.store import RoundRecord
from node.rounds.wrapping import KeyWrapping
from protos.round.v1 import round_pb2 as pb
from protos.sa1.masking import Vector, to_ring
from tests.frameworks.small import small_framework
from tests.node.rounds.honest_desk import START, DeskRound, HonestDesk
from tests.protocol.epochs import MadeUpEpoch, made_up_epoch

LIMITS = Limits(10**12, 10**12)
POLICY = RoundPolicy(min_cell=2, min_pct=50, report_delay_seconds=(0, 0))


def small_plan(release_id: str = "national", *, dropped: int = 1, largest: int = 5) -> ReleasePlan:
    """A secure release of a few entries over England."""
    terms = SecureTerms(groups="england", largest_group=largest, max_dropped=dropped)
    indicators = ("healthy", "score", "mood", "responded")
    request = ReleaseRequest(id=release_id, mode="secure", indicators=indicators, rho_units=2 * 10**10, secure=terms)
    return compile_plan(small_framework(), "2025-test", 2025, request)


class MemoryPins:
    """Pins that end with the test."""

    def __init__(self) -> None:
        self.state = PinState()

    def load(self) -> PinState:
        return self.state

    def save(self, state: PinState) -> None:
        self.state = state


@dataclass
class Moment:
    """Seconds since 1970-01-01 UTC, as a test sets them."""

    now: int = START

    def __call__(self) -> int:
        return self.now

    def date(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)


@dataclass
class Council:
    """One council's node, as often as it is started. `folder` holds its ledger."""

    node_id: str
    made: MadeUpEpoch
    plan: ReleasePlan
    clock: Moment
    folder: Path
    values: Sequence[int]
    policy: RoundPolicy = POLICY
    limits: Limits = LIMITS
    approved: bool = True
    drawn: int = 0
    measured: list[int] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    noised: Callable[[ReleasePlan, int], Vector] | None = None
    store_of: Callable[[Ledger, Wrapping, Limits], LedgerRounds] = LedgerRounds
    open_files: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        keys = self.made.nodes[self.node_id]
        terms = PinTerms(
            self.made.authority_pub, self.node_id, frozenset(self.made.epoch.members), lambda _: True, True
        )
        self.pins = Pins(terms, MemoryPins())
        self.pins.adopt(self.made.signed)
        self.owner = Owner("301", keys.idk)
        self.wrapping = KeyWrapping(self.folder / "wrapping.key", self.random)
        self.start()

    def start(self) -> None:
        """The process starts, after it ended in whatever way."""
        self.open_files.close()
        self.ledger = self.open_files.enter_context(
            Ledger.open(self.folder / "ledger.db", self.clock.date, owner=self.owner, new_key=lambda: bytes(32))
        )
        self.store = self.store_of(self.ledger, self.wrapping, self.limits)
        self.machine = RoundMachine(
            store=self.store,
            keys=self.made.nodes[self.node_id],
            pins=self.pins,
            policy=self.policy,
            plans=lambda name: self.plan if self.approved and name == self.release else None,
            noised=lambda plan, shares: (self.noised or self.share)(plan, shares),
            clock=self.clock,
            randomness=self.random,
            alarm=self.alarms.append,
        )
        self.machine.start()

    @property
    def release(self) -> str:
        """Its name in the protocol."""
        return f"{self.plan.collection_id}/{self.plan.release_id}"

    def random(self, count: int) -> bytes:
        """Bytes that differ from draw to draw and from node to node."""
        self.drawn += 1
        return hashlib.sha256(f"{self.node_id}/{self.drawn}".encode()).digest()[:count]

    def share(self, plan: ReleasePlan, honest_shares: int) -> Vector:
        """The values as they are, without noise, so that a sum can be compared."""
        self.measured.append(honest_shares)
        assert plan.secure is not None
        return to_ring(self.values, plan.secure.modulus_bits)

    def hears(self, *work: pb.Work, previous: tuple[int, bytes] | None = None) -> None:
        """Polls, and is answered with this work."""
        self.machine.poll()
        response = pb.PollResponse(work=work)
        if previous is not None:
            response.previous_start.instance_generation, response.previous_start.start_id = previous
        self.machine.receive(response)

    def sends(self, desk: HonestDesk) -> list[Outgoing]:
        """Sends what it has to, and gets receipts."""
        sent = list(self.machine.outgoing())
        for outgoing in sent:
            self.machine.receipted(desk.take(self.node_id, outgoing))
        return sent

    def record(self, of: DeskRound) -> RoundRecord:
        """The round as it is stored."""
        record = self.store.find_round(of.announce.round_id)
        assert record is not None
        return record

    def spent(self) -> int:
        """What its ledger has charged and not refunded, in 1e-12 rho."""
        return self.ledger.spent_for_life()


@dataclass
class Town:
    """A desk and its councils; every step is one that a test asks for."""

    desk: HonestDesk
    councils: dict[str, Council]
    clock: Moment

    @property
    def ids(self) -> list[str]:
        """The node_ids, sorted."""
        return sorted(self.councils)

    @property
    def first(self) -> Council:
        """The council that most tests look at."""
        return self.councils[self.ids[0]]

    def joined(self, number: int = 1, *, by: Sequence[str] | None = None) -> DeskRound:
        """A round that these (all, by default) joined."""
        of = self.desk.announce(number, at=self.clock.now)
        for node_id in self.ids if by is None else by:
            self.councils[node_id].hears(pb.Work(announce=of.announced))
            self.councils[node_id].sends(self.desk)
        return of

    def reported(self, of: DeskRound, *, by: Sequence[str] | None = None) -> DeskRound:
        """All who joined hear the manifest, and these report."""
        self.clock.now = max(self.clock.now, of.announce.t_join)
        manifest = self.desk.manifest(of)
        for node_id in sorted(of.joins) if by is None else by:
            self.councils[node_id].hears(pb.Work(manifest=manifest))
            self.councils[node_id].sends(self.desk)
        return of

    def committed(self, of: DeskRound, *, by: Sequence[str] | None = None) -> DeskRound:
        """These hear the statement, and vote."""
        self.clock.now = max(self.clock.now, of.announce.t_report)
        for node_id in self.ids if by is None else by:
            self.councils[node_id].hears(
                pb.Work(announce=of.announced),
                pb.Work(manifest=self.desk.manifest(of)),
                self.desk.statement_work(of, node_id),
            )
            self.councils[node_id].sends(self.desk)
        return of

    def revealed(self, of: DeskRound, *, by: Sequence[str] | None = None) -> DeskRound:
        """These hear the certificate, and reveal."""
        for node_id in self.ids if by is None else by:
            self.councils[node_id].hears(self.desk.certificate_work(of))
            self.councils[node_id].sends(self.desk)
        return of

    def sums(self, of: DeskRound) -> dict[str, list[int]]:
        """What the vectors of those who reported add up to, by group."""
        return {
            cell_id: [
                sum(column)
                for column in zip(*(self.councils[node].values for node in nodes if node in of.reports), strict=True)
            ]
            for cell_id, nodes in self.desk.roster(of).cells.items()
        }

    def close(self) -> None:
        """Ends every process."""
        for council in self.councils.values():
            council.open_files.close()


def town_of(folder: Path, councils: int = 5, committee: int | None = None, plan: ReleasePlan | None = None) -> Town:
    """So many councils, all of them (or the first `committee`) the committee."""
    made, clock = made_up_epoch(councils, committee), Moment()
    plan = plan or small_plan(largest=councils)
    members = {}
    for place, node_id in enumerate(sorted(made.nodes)):
        values = [(-1) ** entry * (place + 1) * (entry + 1) for entry in range(plan.length)]
        members[node_id] = Council(node_id, made, plan, clock, folder / node_id, values)
    return Town(HonestDesk(made, plan), members, clock)
