"""A node that ends at any moment of a round goes on where it was. If this failed, a node could say two things under one
id, and what is said twice with different noise or masks can be subtracted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from node.ledger import Ledger
from node.ledger_entries import EntryKind
from node.policy import Limits
from node.rounds.sqlite_store import LedgerRounds, Wrapping
from protos.round.v1 import round_pb2 as pb
from protos.sa1.audit import verify
from tests.node.rounds.council import Council, Town, town_of
from tests.node.rounds.honest_desk import DeskRound


class Crash(BaseException):
    """The process ends here."""


class Countdown:
    """Ends the process at the transaction of that number, before or after it is on the disk; and then no more."""

    def __init__(self, transaction: int, *, after: bool) -> None:
        self.left, self.after, self.ended = transaction, after, False

    def store(self, ledger: Ledger, wrapping: Wrapping, limits: Limits) -> LedgerRounds:
        """A store over this countdown."""
        return CrashingRounds(ledger, wrapping, limits, self)

    def is_now(self) -> bool:
        self.left -= 1
        return self.left == 0


class CrashingRounds(LedgerRounds):
    """Counts outermost transactions, which are what a crash can fall between."""

    def __init__(self, ledger: Ledger, wrapping: Wrapping, limits: Limits, countdown: Countdown) -> None:
        super().__init__(ledger, wrapping, limits)
        self._countdown = countdown
        self._depth = 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        now = self._depth == 0 and self._countdown.is_now()
        self._depth += 1
        try:
            with super().transaction():
                yield
                if now and not self._countdown.after:
                    self._countdown.ended = True
                    raise Crash
        finally:
            self._depth -= 1
        if now:
            self._countdown.ended = True
            raise Crash


def hears_and_sends(town: Town, council: Council, work: list[pb.Work], sent: list[tuple[int, bytes]]) -> None:
    """Hears work, and sends what it has to without ever getting a receipt; starts again where it ended, and repeats."""
    for _ in range(3):
        try:
            council.hears(*work)
        except Crash:
            council.start()
            continue
        for outgoing in council.machine.outgoing():
            town.desk.take(council.node_id, outgoing)
            message = outgoing.message
            parts = message if isinstance(message, tuple) else (message,)
            sent.append((outgoing.kind, b"".join(part.SerializeToString(deterministic=True) for part in parts)))
        return
    raise AssertionError("ended more than once")


def lived_through(town: Town, council: Council) -> tuple[DeskRound, list[tuple[int, bytes]]]:
    """A whole round, in which one council hears everything twice and never gets a receipt."""
    others = [node_id for node_id in town.ids if node_id != council.node_id]
    sent: list[tuple[int, bytes]] = []
    of = town.joined(by=others)

    def twice(*work: pb.Work) -> None:
        for _ in range(2):
            hears_and_sends(town, council, list(work), sent)

    announced = pb.Work(announce=of.announced)
    twice(announced)
    town.reported(of, by=others)
    manifest = pb.Work(manifest=town.desk.manifest(of))
    twice(announced, manifest)
    town.committed(of, by=others)
    twice(announced, manifest, town.desk.statement_work(of, council.node_id))
    certificate = town.desk.certificate_work(of)
    town.revealed(of, by=others)
    twice(announced, certificate)
    return of, sent


def check_one_of_each(of: DeskRound, town: Town, council: Council, sent: list[tuple[int, bytes]]) -> None:
    """Of each kind one message was sent, the sum is exact, and it was paid once."""
    kinds = {pb.MESSAGE_KIND_JOIN, pb.MESSAGE_KIND_REPORT, pb.MESSAGE_KIND_VERDICT, pb.MESSAGE_KIND_REVEAL}
    assert {kind for kind, _ in sent} == kinds
    assert len(set(sent)) == len(kinds)
    statement = town.desk.statement(of)
    audit = verify(town.desk.transcript(of, statement, town.sums(of)), town.desk.made.authority_pub)
    assert audit.outcome == "published" and council.node_id in audit.counted
    charges = [entry for entry in council.ledger.entries() if entry.kind is EntryKind.RESERVED]
    assert len(charges) == 1 and council.ledger.verify() == ()


def test_transactions_of_a_round(tmp_path: Path) -> None:
    """How many there are to end at: the test below counts on no more than this."""
    town = town_of(tmp_path)
    countdown = Countdown(10**6, after=False)
    town.first.store_of = countdown.store
    town.first.start()
    of, sent = lived_through(town, town.first)
    check_one_of_each(of, town, town.first, sent)
    assert 10**6 - countdown.left < 20
    town.close()


@pytest.mark.parametrize("after", [False, True], ids=["before the disk", "after the disk"])
@pytest.mark.parametrize("transaction", range(1, 20))
def test_a_node_that_ends_at_any_transaction_says_everything_once(
    tmp_path: Path, transaction: int, after: bool
) -> None:
    town = town_of(tmp_path, councils=3)
    countdown = Countdown(transaction + 1, after=after)
    town.first.store_of = countdown.store
    town.first.start()
    of, sent = lived_through(town, town.first)
    check_one_of_each(of, town, town.first, sent)
    town.close()


def test_figures_are_drawn_again_only_where_none_were_stored(town: Town) -> None:
    """A crash before the report is on the disk: nothing left, so measuring again tells nothing more."""
    council = town.first
    of = town.joined()
    town.clock.now = of.announce.t_join
    manifest = pb.Work(manifest=town.desk.manifest(of))
    countdown = Countdown(10**6, after=False)
    council.store_of = countdown.store
    council.start()
    countdown.left = 3  # that the poll was answered, and the manifest, are kept first
    with pytest.raises(Crash):
        council.hears(manifest)
    council.start()
    assert council.measured == [4] and council.spent() == 0 and not council.record(of).reported
    for _ in range(3):
        council.hears(manifest)
        council.start()
    assert council.measured == [4, 4] and council.spent() == council.plan.rho_units
