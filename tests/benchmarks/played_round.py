"""A secure round from its announcement to its published sums, in one process, with a meter on both sides."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from coordinator.rounds.announcing import Floors
from coordinator.rounds.desk import RoundDesk
from coordinator.rounds.sums import release_name
from coordinator.rounds.windows import Windows
from coordinator.store.database import store_in_memory
from coordinator.store.rounds import StoredRounds
from frameworks.blocks import SIGMA_UNITS
from frameworks.plan import ReleasePlan
from frameworks.shares import SecureTerms
from node.rounds.machine import Outgoing
from node.rounds.pins import Pins
from protos.round.v1 import round_pb2 as pb
from protos.sa1.masking import Vector, to_ring
from tests.benchmarks.metered_desk import MeteredDesk
from tests.benchmarks.secure_floor import Bare, Shape, node_operations, unmasking_operations
from tests.benchmarks.stand_ins import StandIns
from tests.benchmarks.wide_plan import wide_plan
from tests.protocol.councils import Council, pins_of, read_parts
from tests.protocol.epochs import MadeUpEpoch, made_up_epoch, node_ids

LARGEST_COMMITTEE = 256
STEPS = ("join", "report", "commit", "reveal", "result")

_START = 1_800_000_000
_WINDOWS = Windows(join=1000, report=1000, commit=1000, reveal=1000)
_FLOORS = Floors(min_cell=3)
_SIGMA = 73
_FLOOR_SAMPLES = 20


def _groups(nodes: Sequence[str], largest: int) -> dict[str, list[str]]:
    """Nodes dealt into as few groups as hold them, alike in size."""
    count = -(-len(nodes) // largest)
    return {f"S{number:08d}": list(nodes[number::count]) for number in range(count)}


def _dropping(groups: dict[str, list[str]], dropouts: int) -> frozenset[str]:
    """So many nodes, spread over the groups: of each the last."""
    turns = (members[-1 - turn] for turn in range(dropouts) for members in groups.values() if turn < len(members))
    return frozenset(node for _, node in zip(range(dropouts), turns, strict=False))


@dataclass
class Clock:
    """A clock that is moved. In seconds since 1970-01-01 UTC."""

    now: int = _START

    def __call__(self) -> int:
        return self.now


class MeasuredNode(Council):
    """A node's machine over a disk in memory, that noises a vector which is ready."""

    def __init__(self, made: MadeUpEpoch, node_id: str, plan: ReleasePlan, ready: Vector, clock: Clock, pins: Pins):
        plans = {release_name(plan.collection_id, plan.release_id): plan}
        super().__init__(made, node_id, plans=plans, vector=(), clock=clock, pins=pins)
        self.ready = ready
        self.start()

    def _noised(self, plan: ReleasePlan, honest_shares: int) -> Vector:  # noqa: ARG002
        return self.ready.copy()

    def step(self, desk: MeteredDesk) -> None:
        """Polls, does what it is asked, and hands in what comes of it. Raises AssertionError at any alarm."""
        self.machine.receive(desk.poll(self.node_id, self.machine.poll()))
        for outgoing in self.machine.outgoing():
            self.machine.receipted(self._handed_in(outgoing, desk))
        assert not self.alarms, self.alarms

    def _handed_in(self, outgoing: Outgoing, desk: MeteredDesk) -> pb.Receipt:
        message = outgoing.message
        if isinstance(message, pb.JoinSubmission):
            return desk.submit_join(self.node_id, message)
        if isinstance(message, tuple):
            return desk.submit_report(self.node_id, *read_parts(message))
        if outgoing.kind == pb.MESSAGE_KIND_VERDICT:
            return desk.submit_verdict(self.node_id, message)
        return desk.submit_reveal(self.node_id, message)


@dataclass
class Played:
    """What a round cost. Lists are processor seconds, by step: of each measured node, and of the bare primitives that
    one node cannot do without, in turns with them; `bytes` went to and from a node that did every step."""

    shape: Shape
    nodes: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    node_floor: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    coordinator: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    unmasking_floor: list[float] = field(default_factory=list)
    bytes: list[int] = field(default_factory=list)


class Round:
    """One round, in as few groups of at most `largest_group` nodes as hold them all (one, by default).

    So many of its nodes as `measured` says (all, by default) run the node's machine, the others are stand-ins.
    """

    def __init__(
        self, nodes: int, length: int, dropouts: int, *, largest_group: int | None = None, measured: int | None = None
    ) -> None:
        ids = node_ids(nodes)
        self.groups = _groups(ids, largest_group or nodes)
        self.dropped = _dropping(self.groups, dropouts)
        self.made = made_up_epoch(nodes, min(nodes, LARGEST_COMMITTEE), {"england": self.groups})
        terms = SecureTerms(
            groups="england",
            largest_group=max(map(len, self.groups.values())),
            max_dropped=-(-dropouts // len(self.groups)),
        )
        self.plan = wide_plan([_SIGMA * SIGMA_UNITS], length, terms)
        assert self.plan.secure is not None
        width, committee = self.plan.secure.modulus_bits, len(self.made.epoch.committee)
        self.shape = Shape(nodes, dropouts, len(self.groups), committee, length, width)
        self.clock = Clock()
        self.desk = RoundDesk(
            store=StoredRounds(store_in_memory()),
            signing_key=self.made.coordinator_key,
            clock=self.clock,
            randomness=os.urandom,
        )
        self.meter = MeteredDesk(self.desk)
        self._pins = pins_of(self.made, ids[0], small_committee=True)
        self._place = {node_id: place for place, node_id in enumerate(ids)}
        members = [node for node in self.made.epoch.committee if node not in self.dropped]
        chosen = members if measured is None else members[:: len(members) // max(1, measured)][:measured]
        self.members = [*chosen, *(node for node in members if node not in set(chosen))]
        self.measured = {node: self._measured_node(node) for node in (ids if measured is None else chosen)}
        self.stand_ins = StandIns(self.made, frozenset(self.measured), self.dropped, self.vector)

    def vector(self, node_id: str) -> list[int]:
        """What a node reports."""
        return ((np.arange(self.shape.length) + 7) * (self._place[node_id] + 1) % 2_003 - 1_000).tolist()

    def play(self) -> Played:
        """Plays the round. Raises AssertionError where a sum is not exactly that of the survivors."""
        self.played, self._bare = Played(self.shape), Bare(self.shape)
        self.desk.publish_epoch(self.made.signed, self.made.authority_pub)
        self.round_id = self.desk.announce(self.plan, self.made.epoch, _WINDOWS, floors=_FLOORS)
        self._advance("announce")
        everyone, present = list(self.made.nodes), [node for node in self.made.nodes if node not in self.dropped]
        self._step("join", everyone)
        self._step("report", present)
        self.clock.now += _WINDOWS.join + _WINDOWS.report
        self._advance("report")
        self._step("commit", self.members)
        revealing = self.members[: self.shape.threshold]
        self._step("reveal", revealing, advance=False)
        self._unmask()
        self._step("result", [node for node in revealing if node in self.measured])
        self.played.bytes = [self.meter.bytes[node] for node in revealing if node in self.measured]
        self._check()
        return self.played

    def _measured_node(self, node_id: str) -> MeasuredNode:
        ready = to_ring(self.vector(node_id), self.shape.width)
        return MeasuredNode(self.made, node_id, self.plan, ready, self.clock, self._pins)

    def _advance(self, step: str) -> None:
        began = time.process_time()
        self.desk.advance()
        self.played.coordinator[step] += time.process_time() - began

    def _step(self, step: str, nodes: Sequence[str], *, advance: bool = True) -> None:
        self.meter.cpu = 0.0
        self._hear(step)
        floor = node_operations(self.shape)[step]
        measured = [node for node in nodes if node in self.measured]
        every = max(1, len(measured) // _FLOOR_SAMPLES)
        for place, node_id in enumerate(measured):
            at_desk, began = self.meter.cpu, time.process_time()
            self.measured[node_id].step(self.meter)
            spent = time.process_time() - began - (self.meter.cpu - at_desk)
            self.played.nodes[step].append(spent)
            if place % every == 0:
                self.played.node_floor[step].append(self._bare.cpu_seconds(floor))
        for node_id in nodes:
            if node_id not in self.measured:
                self._play_stand_in(step, node_id)
        self.played.coordinator[step] += self.meter.cpu
        if advance:
            self._advance(step)

    def _play_stand_in(self, step: str, node_id: str) -> None:
        if step == "commit":
            (work,) = self._polled(node_id, "statement")
            self.stand_ins.commit(node_id, work, self.meter)
        else:
            getattr(self.stand_ins, step)(node_id, self.meter)

    def _hear(self, step: str) -> None:
        """The stand-ins have the papers of a step from one poll."""
        paper = {"join": "announce", "report": "manifest", "commit": "statement"}.get(step)
        others = self.stand_ins.node_ids
        if paper and others:
            voting = next((node for node in others if node in self.members), others[0])
            for work in self._polled(voting, paper):
                getattr(self.stand_ins, f"hear_{paper}")(work)

    def _polled(self, node_id: str, paper: str) -> list[Any]:
        request = pb.PollRequest(node_id=node_id, epoch_no=self.made.epoch.number)
        request.start.instance_generation, request.start.start_id = 1, bytes(16)
        return [getattr(work, paper) for work in self.meter.poll(node_id, request).work if work.HasField(paper)]

    def _unmask(self) -> None:
        """From the reveals to the result, in turns with the primitives."""
        floor = unmasking_operations(self.shape)
        self.played.unmasking_floor.append(self._bare.cpu_seconds(floor))
        self._advance("unmask")
        self.played.unmasking_floor.append(self._bare.cpu_seconds(floor))

    def _check(self) -> None:
        opened = self.desk.result(self.round_id)
        assert opened is not None and len(opened.cells) == len(self.groups)
        for cell in opened.cells:
            survivors = [node for node in self.groups[cell.cell_id] if node not in self.dropped]
            assert list(cell.survivors) == survivors
            total = sum(np.array(self.vector(node)) for node in survivors)
            assert np.array_equal(np.array(cell.values), total)
