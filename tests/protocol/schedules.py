"""A hostile coordinator with corrupt councils, against the real machines of the others, in an order that a seed draws.

It announces several rounds of one release, makes manifests and statements of any who joined or reported, asks for
aborts, shows whatever certificates it can put together to whom it likes, withholds receipts, and puts honest councils
back to copies of their disks without their noticing. Corrupt and restored councils together are 2t - L - 1: the bound.

    python -m tests.protocol.schedules --seeds 5000 [--nodes N] [--first SEED] [--beyond 1]
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import click

from node.ledger_entries import EntryKind
from protos.round.v1 import round_pb2 as pb
from protos.sa1 import transcript
from tests.coordinator.rounds.federation import small_plan
from tests.protocol.hostile import Adversary, Played, cached_epoch

MOST_ROUNDS = 4
STEPS = 60

Decision = tuple[bytes, bytes | None]
"""A round and the statement that is committed to in it, or None for ABORT."""


@dataclass
class Seen:
    """A round as this coordinator plays it: the papers that it has made."""

    played: Played
    manifests: list[pb.Signed] = field(default_factory=list)
    statements: list[tuple[pb.Signed, pb.StatementWork]] = field(default_factory=list)


class Schedule:
    """One run. `beyond` is by how many double voters the bound is passed."""

    def __init__(self, seed: int, councils: int, beyond: int = 0) -> None:
        self.rng = random.Random(seed)
        epoch = cached_epoch(councils).epoch
        bound = 2 * epoch.threshold - councils - 1 + beyond
        corrupt = bound if beyond else self.rng.randint(0, bound)
        dropped = self.rng.randint(0, councils // 3)
        self.world = Adversary(councils, corrupt=corrupt, plan=small_plan(dropped=dropped, largest=councils))
        self.world.tells_starts = False
        self.restorable = self.rng.sample(self.world.honest, bound - corrupt)
        self.backups: dict[str, bytes] = {}
        self.seen: list[Seen] = []
        self.faults: list[str] = []
        self.needed = epoch.threshold

    def run(self) -> Schedule:
        """So many things that a coordinator can do, each to some councils."""
        actions: list[tuple[int, Callable[[], None]]] = [
            (2, self._announce),
            (3, self._show_announcement),
            (2, self._make_manifest),
            (3, self._show_manifest),
            (2, self._make_statement),
            (4, self._serve_statement),
            (2, self._ask_to_abort),
            (4, self._show_certificate),
            (1, self._put_back),
        ]
        weights = [weight for weight, _ in actions]
        self._announce()
        for _ in range(STEPS):
            self.world.now += self.rng.choice([0, 0, 1, 5])
            self.world.gives_receipts = self.rng.random() < 0.5
            self.rng.choices(actions, weights)[0][1]()
        self.faults.extend(self._faults())
        return self

    def _some(self) -> list[str]:
        """Some honest councils, often all, in any order."""
        honest = self.world.honest
        size = len(honest) if self.rng.random() < 0.5 else self.rng.randint(1, len(honest))
        return self.rng.sample(honest, size)

    def _tell(self, node_ids: list[str], *work: pb.Work) -> None:
        self.world.tell(node_ids, *work)

    def _announce(self) -> None:
        if len(self.seen) < MOST_ROUNDS:
            now = self.world.now
            times = {"t_join": now + 60, "t_report": now + 120, "t_commit": now + 180, "t_reveal": now + 400}
            self.seen.append(Seen(self.world.announced(**times)))
            for node_id in self.world.corrupt:
                self.world.puppet_join(self.seen[-1].played, node_id)
            self._show_announcement()

    def _show_announcement(self) -> None:
        self._tell(self._some(), pb.Work(announce=self.rng.choice(self.seen).played.signed))

    def _make_manifest(self) -> None:
        seen = self.rng.choice(self.seen)
        joined = sorted(seen.played.joins)
        least = min(len(joined), max(1, len(joined) - 3))
        chosen = self.rng.sample(joined, self.rng.randint(least, len(joined)))
        if chosen:
            joins = [seen.played.joins[node_id].join for node_id in chosen]
            seen.manifests.append(self.world.manifest(seen.played, joins))

    def _show_manifest(self) -> None:
        seen = self.rng.choice(self.seen)
        if not seen.manifests:
            self._make_manifest()
            return
        manifest = self.rng.choice(seen.manifests)
        self._tell(self._some(), pb.Work(manifest=manifest))
        on_it = self.world.roster(seen.played, manifest)
        for node_id in self.world.corrupt:
            if on_it.entry(node_id):
                self.world.puppet_report(seen.played, manifest, node_id, [0] * self.world.plan.length)

    def _make_statement(self) -> None:
        seen = self.rng.choice(self.seen)
        if not seen.manifests:
            return
        manifest = self.rng.choice(seen.manifests)
        roster = self.world.roster(seen.played, manifest)
        reported = [
            node_id
            for node_id, report in seen.played.reports.items()
            if pb.ReportHeader.FromString(report.header.payload).manifest_hash == roster.hash or self.rng.random() < 0.1
        ]
        chosen = self.rng.sample(reported, max(0, len(reported) - self.rng.randint(0, 2)))
        seen.statements.append((manifest, self.world.statement(seen.played, manifest, chosen)))

    def _serve_statement(self) -> None:
        seen = self.rng.choice(self.seen)
        if not seen.statements:
            self._make_statement()
            return
        manifest, statement = self.rng.choice(seen.statements)
        self.world.state(seen.played, manifest, statement, self._some())

    def _ask_to_abort(self) -> None:
        seen = self.rng.choice(self.seen)
        self._tell(self._some()[:3] if self.rng.random() < 0.5 else self._some(), self.world.abort_request(seen.played))

    def _show_certificate(self) -> None:
        """Whatever can be put together from votes and the corrupt councils' keys; also what is one too few."""
        for seen in self.seen:
            round_id = seen.played.announce.round_id
            for decision, voters in sorted(self.votes().items(), key=repr):
                if decision[0] == round_id and len(voters) + len(self.world.corrupt) >= self.needed - 1:
                    self._tell(
                        self._some(), self.world.certificate_work(seen.played, self._certificate(seen, decision))
                    )

    def _certificate(self, seen: Seen, decision: Decision) -> pb.Certificate:
        votes = [self._signed(node_id, decision) for node_id in sorted(self.votes()[decision])]
        committed = None
        if decision[1] is not None:
            manifest, work = next(
                each for each in seen.statements if transcript.statement_hash(each[1].statement.payload) == decision[1]
            )
            roster, statement = (
                self.world.roster(seen.played, manifest),
                self.world.parsed(work),
            )
            committed = roster, statement
        puppets = [self.world.puppet_vote(seen.played, node_id, committed) for node_id in self.world.corrupt]
        return self.world.certificate(seen.played, [*votes, *puppets])

    def _signed(self, node_id: str, decision: Decision) -> pb.Signed:
        said = self.world.councils[node_id].said[decision[0], pb.MESSAGE_KIND_VERDICT]
        return next(signed for signed in map(pb.Signed.FromString, said) if _decision(signed) == decision)

    def _put_back(self) -> None:
        """Copies the disk of a council that may be restored, or puts it back to that copy."""
        if not self.restorable:
            return
        node_id = self.rng.choice(self.restorable)
        council = self.world.councils[node_id]
        if node_id in self.backups:
            council.restore(self.backups.pop(node_id))
            council.start()
        else:
            self.backups[node_id] = council.backup()

    def votes(self) -> dict[Decision, set[str]]:
        """Who of the honest ever chose what."""
        chosen: dict[Decision, set[str]] = {}
        for node_id, council in self.world.councils.items():
            for (_, kind), said in council.said.items():
                for message in said if kind == pb.MESSAGE_KIND_VERDICT else ():
                    chosen.setdefault(_decision(pb.Signed.FromString(message)), set()).add(node_id)
        return chosen

    def certifiable(self) -> list[Decision]:
        """Every decision of which the adversary can have a certificate."""
        corrupt = len(self.world.corrupt)
        return [decision for decision, voters in self.votes().items() if len(voters) + corrupt >= self.needed]

    def _faults(self) -> Iterator[str]:
        certified = self.certifiable()
        commits = [decision for decision in certified if decision[1] is not None]
        if len(commits) > 1:
            yield "two statements of one release could be certified"
        if len({round_id for round_id, _ in certified}) < len(certified):
            yield "two decisions of one round could be certified"
        for node_id, council in self.world.councils.items():
            for (round_id, kind), said in council.said.items():
                if len(said) > 1 and node_id not in self.restorable:
                    yield f"{node_id} said two things of kind {kind} in a round"
                for message in said if kind == pb.MESSAGE_KIND_REVEAL else ():
                    reveal = pb.Reveal.FromString(pb.Signed.FromString(message).payload)
                    if (round_id, reveal.stmt_hash) not in commits:
                        yield f"{node_id} revealed without a certificate"
            if node_id not in self.restorable:
                yield from self._faults_of_ledger(node_id, certified)

    def _faults_of_ledger(self, node_id: str, certified: list[Decision]) -> Iterator[str]:
        council = self.world.councils[node_id]
        entries = [(entry.kind, entry.round_id) for entry in council.ledger.entries() if entry.round_id]
        if len(set(entries)) < len(entries) or council.ledger.verify():
            yield f"{node_id} has a ledger that does not hold together"
        for kind, round_id in entries:
            if kind is EntryKind.REFUNDED and (round_id, None) not in certified:
                yield f"{node_id} refunded a round without its abort certificate"
        for round_id, said in council.said:
            if said == pb.MESSAGE_KIND_REPORT and (EntryKind.RESERVED, round_id) not in entries:
                yield f"{node_id} reported without a charge"


def _decision(signed: pb.Signed) -> Decision:
    verdict = pb.Verdict.FromString(signed.payload)
    return verdict.round_id, verdict.commit.stmt_hash if verdict.HasField("commit") else None


@click.command()
@click.option("--seeds", default=100, show_default=True, help="How many runs.")
@click.option("--first", default=0, show_default=True, help="The first seed.")
@click.option("--nodes", default=10, show_default=True, help="Councils in each run, all in the committee.")
@click.option("--beyond", default=0, show_default=True, help="Double voters beyond what the protocol tolerates.")
def main(seeds: int, first: int, nodes: int, beyond: int) -> None:
    """Runs the schedules, and names every seed after which something does not hold."""
    began, failures, commits, aborts, reveals = time.monotonic(), 0, 0, 0, 0
    for seed in range(first, first + seeds):
        schedule = Schedule(seed, nodes, beyond).run()
        certified = schedule.certifiable()
        commits += any(statement is not None for _, statement in certified)
        aborts += any(statement is None for _, statement in certified)
        reveals += any(seen.played.reveals for seen in schedule.seen)
        if schedule.faults:
            failures += 1
            click.echo(f"seed {seed}: {'; '.join(sorted(set(schedule.faults)))}")
    click.echo(
        f"{seeds} schedules in {time.monotonic() - began:.0f} s: {commits} with a commit that can be certified, "
        f"{aborts} with an abort, {reveals} with reveals"
    )
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
