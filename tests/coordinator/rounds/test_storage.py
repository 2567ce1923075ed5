"""If these failed, two replicas of the coordinator would add a report twice or not at all, or PostgreSQL would keep
rounds in another way than SQLite does."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine

from coordinator.errors import RoundNotPossible
from coordinator.rounds.records import BegunUpload, Phase
from coordinator.store import schema
from coordinator.store.database import Store, create_store, open_store
from coordinator.store.rounds import StoredRounds
from protos.sa1.refusal import Refused
from tests.coordinator.rounds.federation import Federation, certifying, finish, ready_to_report, revealing
from tests.node.postgresql import programs, running_server
from tests.protocol.epochs import made_up_epoch

KINDS = ["sqlite", "postgresql"] if programs() else ["sqlite"]


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    with running_server() as server:
        yield server


@pytest.fixture(params=KINDS)
def replicas(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Store]]:
    """Two stores over one empty database."""
    if request.param == "sqlite":
        path = tmp_path / "coordinator.sqlite"
        stores = [create_store(path), open_store(path)]
    else:
        server = request.getfixturevalue("postgresql")
        name = f"rounds_{abs(hash(str(tmp_path)))}"
        with psycopg.connect(f"{server} dbname=postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        connect = f"{server} dbname={name}"
        engines = [create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(connect)) for _ in range(2)]
        schema.metadata.create_all(engines[0])
        stores = [Store(engine) for engine in engines]
    yield stores
    for store in stores:
        store.close()


def over(store: Store, **settings: object) -> Federation:
    """A federation whose coordinator has this database."""
    return Federation(councils=6, database=store, **settings)  # type: ignore[arg-type]


def test_two_replicas_run_one_round(replicas: list[Store]) -> None:
    world = over(replicas[0], keep_vectors=True)
    desks = [world.desk]
    world.database = replicas[1]
    desks.append(world.new_desk())
    ready_to_report(world)
    for node in world.nodes.values():
        for work in world.desk.poll(node.node_id, node.poll_request()).work:
            node.take_manifest(world.desk, work.manifest)

    def send(place: int) -> None:
        node = world.nodes[world.ids[place // 2]]
        assert node.report is not None
        node.report.sent(desks[place % 2], node.node_id)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(2 * len(world.ids))))
        list(pool.map(lambda place: desks[place % 2].advance(), range(4)))
    for node in world.nodes.values():
        node.outbox.clear()
    finish(world)
    assert desks[0].result(world.round_id) == world.opened()
    assert world.opened().cells[0].values == world.exact(world.ids)
    assert len(desks[0].transcript(world.round_id).vectors) == len(world.ids)


def test_an_aborted_round_leaves_the_same_in_every_database(replicas: list[Store]) -> None:
    world = over(replicas[0], withholds=True)
    certifying(world)
    world.desk.abort(world.round_id)
    finish(world)
    world.database = replicas[1]
    world.desk = world.new_desk()
    assert world.phase() is Phase.ABORTED
    assert not world.standing.conflicts
    assert not world.standing.doubts


def test_reveals_from_many_threads_are_each_taken_once(replicas: list[Store]) -> None:
    world = revealing(over(replicas[0]))
    for node in world.nodes.values():
        for work in world.desk.poll(node.node_id, node.poll_request()).work:
            node.take_certificate(world.desk, work.certificate)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda node: node.send_all(world.desk), world.nodes.values()))
    finish(world)
    assert world.opened().cells[0].values == world.exact(world.ids)


# Epochs.


def test_epochs_follow_each_other_and_the_newest_may_be_published_again() -> None:
    world = Federation(councils=6)
    world.desk.publish_epoch(world.made.signed, world.made.authority_pub)
    second = made_up_epoch(6, number=2, previous=world.made.epoch.hash)
    world.desk.publish_epoch(second.signed, second.authority_pub)
    for wrong in (world.made, made_up_epoch(6, number=3), made_up_epoch(6, number=2, previous=second.epoch.hash)):
        with pytest.raises(RoundNotPossible):
            world.desk.publish_epoch(wrong.signed, wrong.authority_pub)


def test_an_epoch_is_this_coordinators_and_its_authoritys() -> None:
    world = Federation(councils=6)
    other = made_up_epoch(6, seed="another coordinator")
    with pytest.raises(RoundNotPossible):
        world.desk.publish_epoch(other.signed, other.authority_pub)
    with pytest.raises(Refused):
        world.desk.publish_epoch(world.made.signed, other.authority_pub)


def test_no_round_is_announced_in_an_epoch_that_was_not_published() -> None:
    world = Federation(councils=6)
    for epoch in (
        made_up_epoch(6, number=2, previous=world.made.epoch.hash),
        made_up_epoch(6, seed="another coordinator"),
    ):
        world.made = epoch
        with pytest.raises(RoundNotPossible):
            world.announce()


def keep_chunk(store: StoredRounds, upload: BegunUpload, data: bytes) -> None:
    """A chunk of one council arrives."""
    store.write("keep", lambda book: book.put_chunk(upload, "E09000001", data))


def test_chunks_of_an_unfinished_report_are_held_for_every_replica(replicas: list[Store]) -> None:
    round_id = ready_to_report(over(replicas[0])).round_id
    one, other = (StoredRounds(store) for store in replicas)
    for seq, header in ((0, b"old"), (0, b"new"), (1, b"new"), (2, b"new"), (1, b"new"), (3, b"new")):
        keep_chunk(one, BegunUpload(round_id, header, seq), f"{header.decode()} {seq}".encode())
    assert other.read("begun", lambda book: book.begun_uploads("E09000001")) == [BegunUpload(round_id, b"new", 2)]
    assert other.read("held", lambda book: book.chunks(round_id, "E09000001", b"new")) == [b"new 0", b"new 1"]
    assert other.read("old", lambda book: book.chunks(round_id, "E09000001", b"old")) == []
    other.write("drop another's", lambda book: book.erase_chunks(round_id, "E09000002"))
    assert one.read("begun", lambda book: book.begun_uploads("E09000001"))
    other.write("drop", lambda book: book.erase_chunks(round_id))
    assert one.read("begun", lambda book: book.begun_uploads("E09000001")) == []
