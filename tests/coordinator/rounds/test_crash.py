"""If these failed, a coordinator that is stopped at any moment would lose a message it receipted, count one twice,
serve a statement that it does not remember, or certify two things."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from coordinator.rounds.records import Phase
from coordinator.store.database import create_store, open_store
from coordinator.store.rounds import StoredRounds
from protos.round.v1 import round_pb2 as pb
from tests.coordinator.rounds.federation import START, Crash, Federation, certifying, finish

TRANSITIONS = (
    "open joining",
    "freeze roster",
    "open reporting",
    "close reports",
    "state survivors",
    "certify commit",
    "start unmasking",
    "publish sums",
)
CALLS = ("poll", *(f"take {kind}" for kind in (1, 2, 3, 4)))


class Once:
    """Ends the process at the n-th transaction of a name, before it or after it."""

    def __init__(self, name: str, after: bool, count: int) -> None:
        self.wanted, self.left = (name, after), count

    def __call__(self, name: str, after: bool) -> bool:
        self.left -= (name, after) == self.wanted
        return self.left == 0 and (name, after) == self.wanted


def run(world: Federation, nodes: list[str]) -> None:
    """Lives through a round, with another process after each crash; the nodes send and poll again."""

    def stepping(node_id: str) -> Callable[[], None]:
        return lambda: world.nodes[node_id].step(world.desk)

    def advance() -> None:
        world.desk.advance()

    calls = [stepping(node_id) for node_id in nodes]
    for seconds in (0, 50, 100, 150, 200, 250, 260, 270):
        world.now = START + seconds
        for call in 2 * [*calls, advance]:
            try:
                call()
            except Crash:
                world.desk = world.new_desk()
                call()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", [*TRANSITIONS, *CALLS])
def test_a_crash_at_any_transaction_changes_nothing_in_the_end(name: str, after: bool) -> None:
    world = Federation(councils=6)
    world.announce()
    crash = Once(name, after, 1 if name in TRANSITIONS else 3)
    world.crashes = crash
    run(world, world.ids[1:])
    assert crash.left <= 0, "nothing crashed"
    (cell,) = world.opened().cells
    assert cell.values == world.exact(world.ids[1:])
    transcript = world.desk.transcript(world.round_id)
    counts = Counter(message.kind for message in transcript.messages)
    assert counts == {kind: 5 for kind in (1, 2, 3, 4)}
    assert world.standing.conflicts == ()


@pytest.mark.parametrize("name", ["turn to aborting", "certify abort", "abort round"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_while_aborting_still_ends_in_one_abort_certificate(name: str, after: bool) -> None:
    world = certifying(Federation(councils=6))
    world.crashes = Once(name, after, 1)
    world.now += 300
    for _ in range(4):
        with suppress(Crash):
            if name == "abort round":
                world.desk.abort(world.round_id)
            world.step([])
            world.step()
    world.crashes = lambda _name, _after: False
    finish(world)
    assert world.phase() is Phase.ABORTED
    assert not any("statement" in node.received for node in world.nodes.values())


def test_a_round_goes_on_in_another_process_over_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "coordinator.sqlite"
    world = Federation(councils=6, database=create_store(path))
    world.announce()
    for seconds in (0, 0, 100, 200, 200, 200, 200):
        world.at(seconds)
        world.step(world.ids[1:])
        world.database.close()
        world.database = open_store(path)
        world.desk = world.new_desk()
    assert world.opened().cells[0].values == world.exact(world.ids[1:])
    world.database.close()


@pytest.mark.parametrize("abort", [False, True])
def test_what_could_be_opened_later_is_gone_when_a_round_has_ended(abort: bool) -> None:
    world = certifying(Federation(councils=6, keep_vectors=True))
    if abort:
        world.desk.abort(world.round_id)
    finish(world)
    assert world.phase() is (Phase.ABORTED if abort else Phase.PUBLISHED)
    rows = StoredRounds(world.database)
    for kind in (pb.SHARE_KIND_A, pb.SHARE_KIND_B):
        assert rows.read("shares", partial(lambda kind, book: book.shares_for(world.round_id, kind, 0), kind)) == {}
    kept = world.desk.transcript(world.round_id)
    assert (len(kept.vectors), len(kept.sums)) == ((0, 0) if abort else (6, 1))


def test_masked_vectors_are_kept_only_where_an_auditor_asks_for_them() -> None:
    world = certifying(Federation(councils=6))
    assert world.desk.transcript(world.round_id).vectors == {}
