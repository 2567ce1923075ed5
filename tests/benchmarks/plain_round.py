"""How long one round takes: 153 councils each send one summary, at once, to the real coordinator process.

`python -m tests.benchmarks.plain_round --format json` prints the median wall-clock `seconds` of a round in which every
council connects over mutual TLS and sends, as nodes do; `floor_seconds` of a bare grpc.aio server that receives the
same bytes over the same TLS and does nothing with them; their `ratio`; and the `machine`. The same over connections
that stand already is given as `standing_seconds` and so on. Gate: a ratio of at most 2 (engineering reference 9.7).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import grpc

from coordinator import lifecycle
from coordinator.collections import CompiledCollection, compile_collection
from coordinator.data import current_councils
from coordinator.records import CollectionState
from coordinator.status import read_status
from frameworks.catalogue import load_framework
from frameworks.collection import Collection
from frameworks.model import BREAKDOWNS, Kind
from frameworks.plan import ReleasePlan, ReleaseRequest
from protos.summary.v1.summary_pb2 import SubmitSummaryRequest
from tests.coordinator.processes import serving_process
from tests.coordinator.world import Member, World, sealed_summary, summary_message

GATE = 2.0
_SUBMIT = "/newlyn.summary.v1.SummaryService/SubmitSummary"
_OPTIONS = [("grpc.use_local_subchannel_pool", 1)]


def _open_collections(world: World, rounds: int) -> list[ReleasePlan]:
    """One collection a round, of every yes/no indicator whose cohort is of children, in every breakdown."""
    framework = load_framework("outcomes-2019")
    indicators = tuple(
        indicator.id
        for indicator in framework.indicators
        if indicator.kind is Kind.PERCENT and framework.cohort(indicator.cohort).unit == "child"
    )
    plans: list[ReleasePlan] = []
    for number in range(rounds):
        collection = Collection(
            id=f"round-{number}",
            framework_id=framework.id,
            framework_version=framework.version,
            framework_digest=framework.digest,
            reference_year=2025,
            opens_at=world.clock().replace(year=world.clock().year - 1),
            closes_at=world.clock().replace(year=world.clock().year + 1),
            releases=(
                ReleaseRequest(
                    id="everything",
                    mode="council",
                    indicators=indicators,
                    breakdowns=tuple(breakdown.id for breakdown in BREAKDOWNS),
                    rho_units=10**11,
                ),
            ),
        )
        compiled = CompiledCollection(collection, framework, compile_collection(collection, framework), (1e-7,))
        lifecycle.open_collection(world.store, compiled, world.signing_key, world.clock())
        plans.extend(compiled.plans)
    return plans


def _requests(members: Sequence[Member], plan: ReleasePlan, sequence: int) -> list[bytes]:
    return [
        SubmitSummaryRequest(
            summary=sealed_summary(member, summary_message(member.code, plan, sequence))
        ).SerializeToString()
        for member in members
    ]


async def _submit(channel: grpc.aio.Channel, request: bytes) -> None:
    call: Any = channel.unary_unary(_SUBMIT)
    await call(request)


class _Callers:
    """Every council's end of the wire, to one server."""

    def __init__(self, world: World, members: Sequence[Member], address: str) -> None:
        self._address = address
        self._credentials = [
            grpc.ssl_channel_credentials(world.root, member.credentials.key, member.credentials.certificate)
            for member in members
        ]
        self._standing: list[grpc.aio.Channel] = []

    def _channel(self, credentials: grpc.ChannelCredentials) -> grpc.aio.Channel:
        return grpc.aio.secure_channel(self._address, credentials, options=_OPTIONS)

    async def connect(self, stack: AsyncExitStack) -> None:
        """Connects every council and waits until all connections stand."""
        self._standing = [await stack.enter_async_context(self._channel(each)) for each in self._credentials]
        await asyncio.gather(*(channel.channel_ready() for channel in self._standing))

    async def round(self, requests: Sequence[bytes]) -> float:
        """Every council connects and sends, at once; gives the seconds until the last has its answer."""

        async def send(credentials: grpc.ChannelCredentials, request: bytes) -> None:
            async with self._channel(credentials) as channel:
                await _submit(channel, request)

        began = time.perf_counter()
        await asyncio.gather(*map(send, self._credentials, requests))
        return time.perf_counter() - began

    async def standing_round(self, requests: Sequence[bytes]) -> float:
        """The same over the connections that stand."""

        began = time.perf_counter()
        await asyncio.gather(*map(_submit, self._standing, requests))
        return time.perf_counter() - began


@dataclass
class _Timed:
    """Seconds of each round at the coordinator, and beside it at the bare server."""

    ours: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)

    def summary(self, prefix: str) -> dict[str, float]:
        """The medians, and that of the ratios."""
        ratios = [ours / floor for ours, floor in zip(self.ours, self.floor, strict=True)]
        return {
            f"{prefix}seconds": statistics.median(self.ours),
            f"{prefix}floor_seconds": statistics.median(self.floor),
            f"{prefix}ratio": statistics.median(ratios),
        }


async def _timed_rounds(ours: _Callers, floor: _Callers, rounds: Sequence[Sequence[bytes]]) -> tuple[_Timed, _Timed]:
    """Rounds at both servers in turn, so that whatever else the machine does burdens both alike.

    Gives rounds that connect, then rounds over standing connections.
    """
    connecting, standing = _Timed(), _Timed()
    half = len(rounds) // 2
    for requests in rounds[:half]:
        connecting.ours.append(await ours.round(requests))
        connecting.floor.append(await floor.round(requests))
    async with AsyncExitStack() as stack:
        await ours.connect(stack)
        await floor.connect(stack)
        for requests in rounds[half:]:
            standing.ours.append(await ours.standing_round(requests))
            standing.floor.append(await floor.standing_round(requests))
    return connecting, standing


class _Bare(grpc.GenericRpcHandler):
    """Answers whatever comes with 32 bytes."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:  # noqa: ARG002
        async def answer(_request: bytes, _context: object) -> bytes:
            return bytes(32)

        return grpc.unary_unary_rpc_method_handler(answer)


async def _serve_bare(home: Path) -> None:
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers((_Bare(),))
    pair = ((home / "server.key").read_bytes(), (home / "server.pem").read_bytes())
    tls = grpc.ssl_server_credentials([pair], (home / "authority.pem").read_bytes(), require_client_auth=True)
    port = server.add_secure_port("localhost:0", tls)
    await server.start()
    print(port, flush=True)
    await server.wait_for_termination()


@contextmanager
def _bare_process(home: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.benchmarks.plain_round", "--serve-bare", str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"localhost:{process.stdout.readline().strip()}"
        finally:
            process.kill()


def measure(councils: int, rounds: int) -> dict[str, Any]:
    """Runs the rounds against both servers and checks that the coordinator counted every council once."""
    with TemporaryDirectory() as folder:
        home = Path(folder) / "coordinator"
        world = World(home)
        members = [world.enrol(code) for code in list(current_councils())[:councils]]
        plans = _open_collections(world, rounds)
        requests = [_requests(members, plan, sequence) for sequence, plan in enumerate(plans, start=1)]
        with _bare_process(home) as bare, serving_process(home) as (_, real):
            ends = _Callers(world, members, real), _Callers(world, members, bare)
            connecting, standing = asyncio.run(_timed_rounds(*ends, requests))
        for coverage in read_status(world.store, world.clock()).collections:
            assert coverage.state is CollectionState.OPEN
            assert len(coverage.complete) == councils
        world.store.close()
    return {
        **connecting.summary(""),
        **standing.summary("standing_"),
        "gate": GATE,
        "councils": councils,
        "rounds": rounds,
        "vector_length": plans[0].length,
        "bytes_per_summary": len(requests[0][0]),
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
    }


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--format", choices=["text", "json"], default="text")
    parser.add_argument("--councils", type=int, default=153)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--serve-bare", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve_bare:
        asyncio.run(_serve_bare(arguments.serve_bare))
        return 0
    result = measure(arguments.councils, arguments.rounds)
    if arguments.format == "json":
        print(json.dumps(result, indent=2))
    else:
        print(
            f"{result['councils']} summaries in {result['seconds']:.3f} s, {result['ratio']:.2f} times a bare server "
            f"(gate {GATE:g}); over standing connections {result['standing_seconds']:.3f} s, "
            f"{result['standing_ratio']:.2f} times"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
