"""If these failed, a stop, a crash or a second server would lose or double what a council was told is stored."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import shutil
import signal
import subprocess
from functools import partial
from pathlib import Path

import grpc
import pytest
from sqlalchemy import Connection

from coordinator.config import ServerSection
from coordinator.errors import ServerFailed
from coordinator.log import make_logger
from coordinator.records import LedgerHead
from coordinator.server import ServerCredentials, Worker, build_server
from coordinator.service import Service
from coordinator.store import summaries
from coordinator.wire import stored_summary
from protos.collection.v1.collection_pb2 import HelloRequest
from protos.summary.v1.summary_pb2 import SubmitSummaryRequest
from tests.coordinator.processes import serving_process
from tests.coordinator.world import Member, World, sealed_summary, summary_message

HELLO = HelloRequest(software_version="0.1.0")


def credentials_of(world: World) -> ServerCredentials:
    return ServerCredentials(
        world.files.server_key.read_bytes(), world.files.server_certificate.read_bytes(), world.root
    )


async def test_a_port_is_never_shared(world: World) -> None:
    worker, log = Worker(world.service, 1), make_logger(world.log)
    settings = ServerSection(listen="localhost", port=0)
    first, port = build_server(worker, credentials_of(world), settings, log)
    await first.start()
    with pytest.raises(ServerFailed):
        build_server(worker, credentials_of(world), settings.model_copy(update={"port": port}), log)
    await first.stop(None)
    worker.close()


async def test_the_server_works_without_the_authority_and_the_signing_key(world: World) -> None:
    member = world.enrol("301")
    world.open()
    world.store.close()
    shutil.rmtree(world.config.authority.folder)
    world.files.signing_key.unlink()
    with serving_process(world.files.home) as (_, address):
        async with world.connected(address, member.credentials) as stubs:
            await stubs.collections.Hello(HELLO)


class SlowService(Service):
    """Answers only when told to."""

    def __init__(self, world: World, told: asyncio.Event) -> None:
        super().__init__(world.store, world.clock, world.service.rounds)
        self._loop, self._told = asyncio.get_running_loop(), told
        self.started = asyncio.Event()

    def hello(self, caller: object, software_version: str) -> tuple[LedgerHead | None, object]:  # type: ignore[override]
        self._loop.call_soon_threadsafe(self.started.set)
        asyncio.run_coroutine_threadsafe(self._told.wait(), self._loop).result()
        return super().hello(caller, software_version)  # type: ignore[arg-type]


async def test_a_call_in_flight_is_finished_and_a_new_one_is_not_begun_when_the_server_stops(world: World) -> None:
    member, told = world.enrol("301"), asyncio.Event()
    service = SlowService(world, told)
    worker = Worker(service, 2)
    settings = ServerSection(listen="localhost", port=0)
    server, port = build_server(worker, credentials_of(world), settings, make_logger(world.log))
    await server.start()
    async with world.connected(f"localhost:{port}", member.credentials) as stubs:
        in_flight = stubs.collections.Hello(HELLO)
        await service.started.wait()
        stopping = asyncio.create_task(server.stop(10))
        await asyncio.sleep(0.1)
        late = stubs.collections.Hello(HELLO)
        assert await late.code() is grpc.StatusCode.UNAVAILABLE
        told.set()
        assert (await in_flight).time > 0
        await stopping
    worker.close()


async def test_sigterm_ends_the_program_in_order(world: World) -> None:
    member = world.enrol("301")
    world.store.close()
    with serving_process(world.files.home) as (process, address):
        async with world.connected(address, member.credentials) as stubs:
            await stubs.collections.Hello(HELLO)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    assert not (world.files.home / "serving.json").exists()
    events = [json.loads(line)["event"] for line in (world.files.home / "serve.log").read_text().splitlines()]
    assert events == ["serving", "call", "draining", "stopped"]


async def send_until_killed(world: World, address: str, process: subprocess.Popen[bytes], work: list[Work]) -> None:
    """Sends from every council at once; kills the server at a random moment."""

    async def send(item: Work) -> None:
        async with world.connected(address, item.member.credentials) as stubs:
            for number, request in enumerate(item.requests):
                try:
                    answer = await stubs.summaries.SubmitSummary(request, timeout=20)
                except grpc.aio.AioRpcError as error:
                    assert error.code() is grpc.StatusCode.UNAVAILABLE, error
                    return
                item.acknowledged[number] = answer.payload_digest

    async def kill() -> None:
        await asyncio.sleep(random.uniform(0.02, 0.3))
        process.kill()

    await asyncio.gather(kill(), *map(send, work))


class Work:
    """What one council has to send, and what it was told is stored."""

    def __init__(self, member: Member, requests: list[SubmitSummaryRequest]) -> None:
        self.member, self.requests = member, requests
        self.acknowledged: dict[int, bytes] = {}


async def test_killed_in_the_middle_of_intake_every_summary_counts_once(world: World) -> None:
    """Each value is the council's own power of two, so that a sum shows a loss as well as a double count."""
    collections = [f"2025-{number}" for number in range(12)]
    plans = [world.open(name).plans[0] for name in collections]
    work = []
    for place, code in enumerate(("301", "302", "303", "304")):
        member = world.enrol(code)
        messages = [
            summary_message(code, plan, sequence + 1, values=[2**place] * plan.length)
            for sequence, plan in enumerate(plans)
        ]
        requests = [SubmitSummaryRequest(summary=sealed_summary(member, message)) for message in messages]
        work.append(Work(member, requests))
    for _ in range(4):
        with serving_process(world.files.home) as (process, address):
            await send_until_killed(world, address, process, work)
        for item in work:
            for number, digest in item.acknowledged.items():
                assert digest == hashlib.sha256(item.requests[number].summary.payload).digest()
                assert number in _stored_of(world, item, collections)
    with serving_process(world.files.home) as (_, address):
        for item in work:
            async with world.connected(address, item.member.credentials) as stubs:
                for request in item.requests:
                    await stubs.summaries.SubmitSummary(request)
    for name, plan in zip(collections, plans, strict=True):
        listed = world.store.read("test", partial(summaries.list_summaries, collection_id=name))
        columns = zip(*(stored_summary(each).values for each in listed), strict=True)
        assert [sum(column) for column in columns] == [0b1111] * plan.length


def _stored_of(world: World, item: Work, collections: list[str]) -> set[int]:
    def work(tx: Connection) -> set[int]:
        return {
            number
            for number, name in enumerate(collections)
            for each in summaries.list_summaries(tx, name)
            if stored_summary(each).council_code == item.member.code
        }

    return world.store.read("test", work)


def test_the_folder_is_the_operators_alone(world: World, tmp_path: Path) -> None:
    world.invite("301")
    assert tmp_path in world.files.home.parents
    for path in world.files.home.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
