"""Rounds between the real desk and real nodes over a network and disks that fail, all of it drawn from one seed.

Messages are lost, doubled and late; nodes and coordinator crash at any transaction and any message and start again from
their disks; councils are absent; some of them are corrupt: they deal bad shares, vote twice, open wrong shares. What
must hold after each run is in `faults_of`. Every council's vector is its own digit, so that a double count shows.

    python -m tests.protocol.simulation --seeds 5000 [--nodes N] [--first SEED]
"""

from __future__ import annotations

import heapq
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count

import click

from coordinator.errors import RoundNotPossible
from coordinator.refusals import Refusal
from coordinator.rounds.announcing import Floors
from coordinator.rounds.desk import RoundDesk
from coordinator.rounds.records import Failure, Phase
from coordinator.rounds.windows import HOUR, Windows
from coordinator.store.database import store_in_memory
from coordinator.store.rounds import StoredRounds
from node.rounds.machine import Outgoing
from node.rounds.pins import Pins
from protos.round.v1 import round_pb2 as pb
from protos.sa1.announces import read_announce
from protos.sa1.statements import read_certificate, read_verdict
from tests.coordinator.rounds.federation import START, CrashingStore, small_plan
from tests.coordinator.rounds.federation import Crash as DeskCrash
from tests.protocol.corruption import HABITS, MAY_SPOIL, Corrupt
from tests.protocol.councils import Council, Crash, one_hot, pins_of, read_parts
from tests.protocol.epochs import MadeUpEpoch, made_up_epoch

WINDOWS = Windows(join=6 * HOUR, report=6 * HOUR, commit=12 * HOUR, reveal=24 * HOUR)
QUIET = 10 * HOUR
STEP = 60
"""The shortest time between two things that happen, in seconds."""


@lru_cache(maxsize=8)
def _epoch(councils: int, groups: int) -> tuple[MadeUpEpoch, Pins]:
    """An epoch, and pins that all of its councils share: what they accept is not what is simulated."""
    ids = sorted(made_up_epoch(councils).nodes)
    cells = {f"X1200000{group}": ids[group::groups] for group in range(groups)}
    made = made_up_epoch(councils, None, {"england": cells})
    return made, pins_of(made, ids[0], small_committee=True)


@dataclass(frozen=True)
class Weather:
    """How bad it is: chances for each message, transaction or poll."""

    lost: float
    doubled: float
    late: float
    node_crash: float
    desk_crash: float


@dataclass
class Scenario:
    """What is drawn before a run. `absent` never come; `leaving` go for good at some time; `restored` have their disk
    put back to a copy; `corrupt` have a habit each. All together may be no more than L - t, so that a round must end.
    """

    councils: int
    groups: int
    withholds: bool
    dropped: int
    weather: Weather
    absent: frozenset[str]
    leaving: dict[str, int]
    restored: dict[str, tuple[int, int]]
    corrupt: dict[str, str]
    aborted_at: int | None

    @classmethod
    def drawn(cls, rng: random.Random, councils: int) -> Scenario:
        """One for so many councils."""
        groups = 2 if councils >= 12 and rng.random() < 0.3 else 1
        made, _ = _epoch(councils, groups)
        spare = councils - made.epoch.threshold
        unlucky = rng.sample(sorted(made.nodes), rng.randint(0, spare))
        kinds = [rng.choice(["absent", "leaving", "restored", "corrupt"]) for _ in unlucky]
        of_kind = {kind: [u for u, k in zip(unlucky, kinds, strict=True) if k == kind] for kind in set(kinds)}
        whole = WINDOWS.join + WINDOWS.report + WINDOWS.commit
        severity = rng.choice([0.0, 0.3, 1.0])
        weather = Weather(
            lost=severity * rng.uniform(0, 0.3),
            doubled=severity * rng.uniform(0, 0.2),
            late=severity * rng.uniform(0, 0.2),
            node_crash=severity * rng.uniform(0, 0.05),
            desk_crash=severity * rng.uniform(0, 0.02),
        )
        restored = {
            node_id: (copied, copied + rng.randint(STEP, whole // 2))
            for node_id in of_kind.get("restored", [])
            for copied in [rng.randint(0, whole // 2)]
        }
        return cls(
            councils=councils,
            groups=groups,
            withholds=rng.random() < 0.3,
            dropped=rng.randint(0, max(1, spare)),
            weather=weather,
            absent=frozenset(of_kind.get("absent", [])),
            leaving={node_id: rng.randint(0, whole) for node_id in of_kind.get("leaving", [])},
            restored=restored,
            corrupt={node_id: rng.choice(sorted(HABITS)) for node_id in of_kind.get("corrupt", [])},
            aborted_at=rng.randint(0, whole) if rng.random() < 0.2 else None,
        )


@dataclass
class Process:
    """A council's process: `life` counts its starts, so that what belongs to an ended one is thrown away.

    `seen_since_copy`: the coordinator has had a poll of a start that is not on the copy of its disk, which starts up to
    `copied_generation` are, and can tell a restored one; `hidden` is one that was restored, and of which it cannot.
    """

    council: Council
    life: int = 0
    up: bool = False
    copy: bytes | None = None
    copied_generation: int = 0
    seen_since_copy: bool = False
    hidden: bool = False
    gone: bool = False


@dataclass
class Outcome:
    """What came of one run."""

    seed: int
    scenario: Scenario
    phases: tuple[Phase, ...]
    faults: tuple[str, ...]
    messages: int = 0
    crashes: int = 0
    restarts: int = 0


@dataclass
class Simulation:
    """One run. `now` is in seconds since 1970-01-01 UTC."""

    seed: int
    councils: int
    now: int = START
    faults: list[str] = field(default_factory=list)
    crashes: int = 0
    messages: int = 0
    calm: bool = False

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.scenario = Scenario.drawn(self.rng, self.councils)
        self.made, pins = _epoch(self.councils, self.scenario.groups)
        largest = -(-self.councils // self.scenario.groups)
        dropped = min(self.scenario.dropped, largest - 3)
        self.plan = small_plan(largest=largest, dropped=dropped)
        self.database = store_in_memory()
        self.events: list[tuple[int, int, Callable[[], None]]] = []
        self.numbers = count()
        self.drawn = 0
        self.rounds: list[bytes] = []
        self.revealed_early: set[tuple[bytes, str]] = set()
        self.verdicts: dict[bytes, dict[bytes, pb.Signed]] = {}
        self.name = f"{self.plan.collection_id}/{self.plan.release_id}"
        self.processes = {
            node_id: Process(
                Council(
                    self.made,
                    node_id,
                    plans={self.name: self.plan},
                    vector=one_hot(place, self.plan.length),
                    clock=lambda: self.now,
                    pins=pins,
                    crashes=self._node_crashes,
                )
            )
            for place, node_id in enumerate(sorted(self.made.nodes))
        }
        self.corrupt = {
            node_id: Corrupt(self.made.nodes[node_id], HABITS[habit], len(self.made.epoch.committee), self.rng)
            for node_id, habit in self.scenario.corrupt.items()
        }
        self.desk = self._new_desk()

    # Chance.

    def _chance(self, probability: float) -> bool:
        return not self.calm and probability > 0 and self.rng.random() < probability

    def _node_crashes(self, _after: bool) -> bool:
        return self._chance(self.scenario.weather.node_crash)

    def _random(self, length: int) -> bytes:
        self.drawn += 1
        return random.Random(f"{self.seed}/{self.drawn}").randbytes(length)

    def _new_desk(self) -> RoundDesk:
        crashes = lambda _name, _after: self._chance(self.scenario.weather.desk_crash)  # noqa: E731
        store = CrashingStore(StoredRounds(self.database), crashes)
        return RoundDesk(
            store=store, signing_key=self.made.coordinator_key, clock=lambda: self.now, randomness=self._random
        )

    # Time.

    def at(self, when: int, what: Callable[[], None]) -> None:
        """Something that happens then."""
        heapq.heappush(self.events, (when, next(self.numbers), what))

    def after(self, seconds: int, what: Callable[[], None]) -> None:
        """Something that happens so much later."""
        self.at(self.now + max(1, seconds), what)

    def run(self) -> Outcome:
        """Until the last round has ended, and a quiet while later."""
        while not self.rounds:
            with self._desk_up():
                self.desk.publish_epoch(self.made.signed, self.made.authority_pub)
                self._announce()
        for node_id in self.processes:
            self.after(self.rng.randint(0, HOUR), lambda node_id=node_id: self._begin(node_id))  # type: ignore[misc]
            if node_id in self.scenario.restored:
                copied, restored = self.scenario.restored[node_id]
                self.after(copied, lambda node_id=node_id: self._copy(node_id))  # type: ignore[misc]
                self.after(restored, lambda node_id=node_id: self._restore(node_id))  # type: ignore[misc]
            if node_id in self.scenario.leaving:
                self.after(self.scenario.leaving[node_id], lambda node_id=node_id: self._leave(node_id))  # type: ignore[misc]
        self._advance()
        if self.scenario.aborted_at is not None:
            self.after(self.scenario.aborted_at, self._operator_aborts)
        while self.events:
            self.now, _, what = heapq.heappop(self.events)
            what()
        self.faults.extend(faults_of(self))
        phases = tuple(self.desk.standing(round_id).phase for round_id in self.rounds)
        restarts = sum(process.life for process in self.processes.values())
        return Outcome(self.seed, self.scenario, phases, tuple(self.faults), self.messages, self.crashes, restarts)

    def _announce(self) -> None:
        """Another round of the release; where the desk crashed, it is stored or not."""
        with self._desk_up():
            floors = Floors(3, 67)
            self.desk.announce(self.plan, self.made.epoch, WINDOWS, floors=floors, withholds=self.scenario.withholds)
        for standing in self.desk.rounds_of(self.name)[len(self.rounds) :]:
            self.rounds.append(standing.round_id)
            self.until = WINDOWS.times(self.now).t_reveal + 600
            self.end = self.until + QUIET

    def _advance(self) -> None:
        with self._desk_up():
            self.desk.advance()
        with self._desk_up():
            self._announce_again()
            self._calm_down()
        if self.now < self.end:
            self.after(self.rng.randint(10 * STEP, 40 * STEP), self._advance)

    def _calm_down(self) -> None:
        """Once the last round or its time has ended, everything works for a while: all who are there hear of it."""
        if not self.calm and (self.now >= self.until or self.desk.standing(self.rounds[-1]).phase.ended):
            self.calm, self.end = True, self.now + QUIET

    def _announce_again(self) -> None:
        """After an aborted round, another of the same release, up to three."""
        if len(self.rounds) < 3 and self.desk.standing(self.rounds[-1]).phase is Phase.ABORTED:
            self._announce()

    def _operator_aborts(self) -> None:
        with self._desk_up():
            try:
                self.desk.abort(self.rounds[-1])
            except RoundNotPossible:
                return

    @contextmanager
    def _desk_up(self) -> Iterator[None]:
        """What the desk does; a crash of it loses the answer, and another process takes its place."""
        try:
            yield
        except DeskCrash:
            self.crashes += 1
            self.desk = self._new_desk()

    # Councils.

    def _begin(self, node_id: str) -> None:
        process = self.processes[node_id]
        if process.gone or node_id in self.scenario.absent:
            return
        with self._process(process):
            process.life += 1
            process.up = True
            self._poll(node_id, process.life)

    @contextmanager
    def _process(self, process: Process) -> Iterator[None]:
        """What a council's process does; a crash of it starts another one, some time later."""
        try:
            yield
        except Crash:
            self.crashes += 1
            process.up = False
            self.after(self.rng.randint(STEP, HOUR), lambda: self._begin(process.council.node_id))

    def _leave(self, node_id: str) -> None:
        self.processes[node_id].gone, self.processes[node_id].up = True, False

    def _copy(self, node_id: str) -> None:
        process = self.processes[node_id]
        process.copy, process.seen_since_copy = process.council.backup(), False
        process.copied_generation = process.council.store.latest_generation()

    def _restore(self, node_id: str) -> None:
        process = self.processes[node_id]
        assert process.copy is not None
        process.up = False
        process.life += 1
        process.hidden = not process.seen_since_copy
        process.council.restore(process.copy)
        self.after(self.rng.randint(STEP, HOUR), lambda: self._begin(node_id))

    def _poll(self, node_id: str, life: int) -> None:
        """Each turn is a start of its own, as it is in the node's agent."""
        process = self.processes[node_id]
        if not process.up or process.life != life:
            return
        with self._process(process):
            process.council.start()
            request = process.council.machine.poll()
            self._send(lambda: self._polled(node_id, life, request))
        if self.now < self.end:
            self.after(self.rng.randint(20 * STEP, 60 * STEP), lambda: self._poll(node_id, life))

    def _polled(self, node_id: str, life: int, request: pb.PollRequest) -> None:
        with self._desk_up():
            response = self.desk.poll(node_id, request)
            process = self.processes[node_id]
            is_new = request.start.instance_generation > process.copied_generation
            process.seen_since_copy |= process.copy is not None and process.life == life and is_new
            self._send(lambda: self._answered(node_id, life, request.start, response))

    def _answered(self, node_id: str, life: int, start: pb.InstanceStart, response: pb.PollResponse) -> None:
        process = self.processes[node_id]
        if not process.up or process.life != life or process.council.machine.poll().start != start:
            return
        with self._process(process):
            with self.corrupt[node_id].dealing() if node_id in self.corrupt else nullcontext():
                process.council.machine.receive(response)
            for outgoing in process.council.outgoing():
                self._note(node_id, outgoing)
                if self._chance(self.scenario.weather.node_crash):
                    raise Crash
                self._submit(node_id, life, outgoing)

    def _note(self, node_id: str, outgoing: Outgoing) -> None:
        """What may leave now; a reveal must have its certificate behind it."""
        if outgoing.kind == pb.MESSAGE_KIND_VERDICT:
            assert isinstance(outgoing.message, pb.Signed)
            self.verdicts.setdefault(outgoing.round_id, {})[outgoing.message.payload] = outgoing.message
        if outgoing.kind == pb.MESSAGE_KIND_REVEAL and not is_certified(self, outgoing):
            self.revealed_early.add((outgoing.round_id, node_id))

    def _submit(self, node_id: str, life: int, outgoing: Outgoing) -> None:
        message = outgoing.message
        if node_id in self.corrupt:
            for other in self.corrupt[node_id].instead(outgoing):
                if isinstance(other, pb.Signed) and outgoing.kind == pb.MESSAGE_KIND_VERDICT:
                    self.verdicts.setdefault(outgoing.round_id, {})[other.payload] = other
                self._send(lambda other=other: self._delivered(node_id, life, other, outgoing.kind))  # type: ignore[misc]
            return
        self._send(lambda: self._delivered(node_id, life, message, outgoing.kind))

    def _delivered(
        self,
        node_id: str,
        life: int,
        message: pb.JoinSubmission | tuple[pb.ReportPart, ...] | pb.Signed,
        kind: pb.MessageKind,
    ) -> None:
        with self._desk_up():
            try:
                if isinstance(message, pb.JoinSubmission):
                    receipt = self.desk.submit_join(node_id, message)
                elif isinstance(message, tuple):
                    receipt = self.desk.submit_report(node_id, *read_parts(message))
                elif kind == pb.MESSAGE_KIND_VERDICT:
                    receipt = self.desk.submit_verdict(node_id, message)
                else:
                    receipt = self.desk.submit_reveal(node_id, message)
            except Refusal:
                return
            self._send(lambda: self._receipted(node_id, life, receipt))

    def _receipted(self, node_id: str, life: int, receipt: pb.Receipt) -> None:
        process = self.processes[node_id]
        if process.up and process.life == life:
            with self._process(process):
                process.council.machine.receipted(receipt)

    # The network.

    def _send(self, deliver: Callable[[], None]) -> None:
        """Delivers once, twice or not at all, soon or much later."""
        self.messages += 1
        weather = self.scenario.weather
        if self._chance(weather.lost):
            return
        for _ in range(2 if self._chance(weather.doubled) else 1):
            self.after(self.rng.randint(1, 4 * HOUR if self._chance(weather.late) else STEP), deliver)


def is_certified(it: Simulation, outgoing: Outgoing) -> bool:
    """Whether t members have said COMMIT to the statement of a reveal, by now."""
    assert isinstance(outgoing.message, pb.Signed)
    statement = pb.Reveal.FromString(outgoing.message.payload).stmt_hash
    return len(committed_to(it, outgoing.round_id).get(statement, ())) >= it.made.epoch.threshold


def committed_to(it: Simulation, round_id: bytes) -> dict[bytes | None, set[str]]:
    """Who ever chose what in a round, by statement; None is ABORT."""
    chosen: dict[bytes | None, set[str]] = {}
    for signed in it.verdicts.get(round_id, {}).values():
        member, choice = read_verdict(signed, it.made.epoch)
        chosen.setdefault(choice.statement_hash, set()).add(member)
    return chosen


def faults_of(it: Simulation) -> Iterator[str]:
    """What does not hold after a run."""
    needed = it.made.epoch.threshold
    for member in sorted(it.revealed_early):
        yield f"{member[1]} revealed without a certificate"
    for round_id in it.rounds:
        phase = it.desk.standing(round_id).phase
        certified = [choice for choice, members in committed_to(it, round_id).items() if len(members) >= needed]
        if len(certified) > 1:
            yield "two decisions of one round could be certified"
        if not phase.ended:
            yield f"a round did not end: {phase}"
        yield from _faults_of_ending(it, round_id, phase)
    ended = [it.desk.standing(round_id).phase for round_id in it.rounds]
    if sum(phase in (Phase.PUBLISHED, Phase.FAILED) for phase in ended) > 1:
        yield "two rounds of one release count as released"
    for node_id, process in it.processes.items():
        if node_id not in it.corrupt:
            yield from _faults_of_council(it, process, ended)


def _faults_of_ending(it: Simulation, round_id: bytes, phase: Phase) -> Iterator[str]:
    standing = it.desk.standing(round_id)
    if phase is Phase.FAILED:
        excused = MAY_SPOIL & set(it.scenario.corrupt.values())
        if standing.failure is not Failure.SHARES_MISSING or not excused:
            yield f"a round failed: {standing.failure}"
    transcript = it.desk.transcript(round_id)
    if phase in (Phase.PUBLISHED, Phase.ABORTED):
        announce = read_announce(pb.Signed.FromString(transcript.record.announce), it.made.epoch)
        certificate = pb.Certificate.FromString(transcript.record.certificate)
        if read_certificate(certificate, announce, it.made.epoch).commits is not (phase is Phase.PUBLISHED):
            yield "an ending without its certificate"
    opened = it.desk.result(round_id)
    if opened is None:
        return
    for cell in opened.cells:
        vectors = [it.processes[node_id].council.vector for node_id in cell.survivors]
        if list(cell.values) != [sum(entries) for entries in zip(*vectors, strict=True)]:
            yield "a sum that is not that of its survivors"
        if set(cell.survivors) & set(cell.dropped):
            yield "a council that survived and was dropped"


def _faults_of_council(it: Simulation, process: Process, ended: list[Phase]) -> Iterator[str]:
    council = process.council
    for (_, kind), said in council.said.items():
        if len(said) > 1 and not process.hidden:
            yield f"{council.node_id} said two things of kind {kind} in a round"
    if council.ledger.verify():
        yield f"{council.node_id} has a ledger that does not verify"
    entries = Counter((entry.kind, entry.round_id) for entry in council.ledger.entries() if entry.round_id)
    if any(number > 1 for number in entries.values()):
        yield f"{council.node_id} charged or refunded a round twice"
    if council.node_id in it.scenario.restored or not process.up:
        return
    records = [council.store.find_round(round_id) for round_id in it.rounds]
    # A report that was stored and never got away is paid for too: only an abort gives budget back.
    kept = [
        record
        for record, phase in zip(records, ended, strict=True)
        if phase is not Phase.ABORTED and record is not None and record.reported
    ]
    if council.spent() != len(kept) * it.plan.rho_units:
        yield f"{council.node_id} is charged {council.spent()} after {len(kept)} rounds that count"


def simulate(seed: int, councils: int) -> Outcome:
    """One run."""
    return Simulation(seed, councils).run()


@click.command()
@click.option("--seeds", default=100, show_default=True, help="How many runs.")
@click.option("--first", default=0, show_default=True, help="The first seed.")
@click.option("--nodes", type=int, help="Councils in each run; by default between 10 and 13, by the seed.")
def main(seeds: int, first: int, nodes: int | None) -> None:
    """Runs the simulation, and names every seed after which something does not hold."""
    endings: Counter[str] = Counter()
    messages = crashes = failures = 0
    began = time.monotonic()
    for seed in range(first, first + seeds):
        outcome = simulate(seed, nodes or 10 + seed % 4)
        endings[" then ".join(outcome.phases)] += 1
        messages, crashes = messages + outcome.messages, crashes + outcome.crashes
        if outcome.faults:
            failures += 1
            click.echo(f"seed {seed}: {'; '.join(outcome.faults)}")
    click.echo(f"{seeds} runs, {messages} messages, {crashes} crashes, {time.monotonic() - began:.0f} s")
    for ending, number in endings.most_common():
        click.echo(f"{number:6} {ending}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
