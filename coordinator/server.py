"""The server: grpc.aio over mutual TLS. It parses, calls the service on a thread, and converts the answer."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import grpc
import structlog

from coordinator import wire
from coordinator.authorisation import Caller, Peer
from coordinator.config import ServerSection
from coordinator.errors import ServerFailed
from coordinator.interceptors import Around, Context, current_peer, error_boundary, identification, request_log
from coordinator.rounds.report_stream import ReportAssembly, report_header, round_of
from coordinator.service import Service
from protos.benchmark.v1.benchmark_pb2 import GetBenchmarkRequest, GetBenchmarkResponse
from protos.benchmark.v1.benchmark_pb2_grpc import BenchmarkServiceServicer, add_BenchmarkServiceServicer_to_server
from protos.collection.v1.collection_pb2 import (
    HelloRequest,
    HelloResponse,
    ListCollectionsRequest,
    ListCollectionsResponse,
)
from protos.collection.v1.collection_pb2_grpc import CollectionServiceServicer, add_CollectionServiceServicer_to_server
from protos.enrolment.v1.enrolment_pb2 import EnrolRequest, EnrolResponse
from protos.enrolment.v1.enrolment_pb2_grpc import EnrolmentServiceServicer, add_EnrolmentServiceServicer_to_server
from protos.round.v1 import round_pb2 as rounds
from protos.round.v1.round_pb2_grpc import RoundServiceServicer, add_RoundServiceServicer_to_server
from protos.summary.v1.summary_pb2 import SubmitSummaryRequest, SubmitSummaryResponse
from protos.summary.v1.summary_pb2_grpc import SummaryServiceServicer, add_SummaryServiceServicer_to_server

Answer = TypeVar("Answer")

ADVANCE_SECONDS = 1.0
"""Between two looks at whether time or messages allow a round to go on."""


class Worker:
    """Runs the synchronous service on a bounded pool of threads, for an admitted caller only.

    There is no other way to the service. What has started is finished, whoever still waits.
    """

    def __init__(self, service: Service, threads: int) -> None:
        self._service = service
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="service")

    async def run(self, call: Callable[[Service, Caller], Answer]) -> Answer:
        """Admits the current peer and gives the answer of `call(service, caller)`, both on one thread.

        Raises CertificateNotAccepted, and what the call raises.
        """
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._admitted, call, current_peer.get())

    def _admitted(self, call: Callable[[Service, Caller], Answer], peer: Peer) -> Answer:
        return call(self._service, self._service.admit(peer))

    async def advance_rounds(self) -> None:
        """Moves every round as far as time and what has come allow."""
        await asyncio.get_running_loop().run_in_executor(self._pool, self._service.rounds.desk.advance)

    def close(self) -> None:
        """Waits for what has started."""
        self._pool.shutdown(wait=True, cancel_futures=True)


class EnrolmentServicer(EnrolmentServiceServicer):
    """newlyn.enrolment.v1.EnrolmentService."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def Enrol(self, request: EnrolRequest, context: Context) -> EnrolResponse:  # noqa: N802, ARG002
        """Hands in a certificate request, or asks what became of one."""
        parsed = wire.read_enrol_request(request)
        return wire.enrol_response(await self._worker.run(lambda service, caller: service.enrol(caller, parsed)))


class CollectionServicer(CollectionServiceServicer):
    """newlyn.collection.v1.CollectionService."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def Hello(self, request: HelloRequest, context: Context) -> HelloResponse:  # noqa: N802, ARG002
        """The first call of a node's cycle."""
        version = wire.read_hello(request)
        return wire.hello_response(*await self._worker.run(lambda service, caller: service.hello(caller, version)))

    async def ListCollections(  # noqa: N802
        self,
        request: ListCollectionsRequest,  # noqa: ARG002
        context: Context,  # noqa: ARG002
    ) -> ListCollectionsResponse:
        """The collections that are open."""
        return wire.list_response(await self._worker.run(lambda service, _: service.open_collections()))


class SummaryServicer(SummaryServiceServicer):
    """newlyn.summary.v1.SummaryService."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def SubmitSummary(  # noqa: N802
        self,
        request: SubmitSummaryRequest,
        context: Context,  # noqa: ARG002
    ) -> SubmitSummaryResponse:
        """Takes a summary."""
        envelope = wire.read_submission(request)
        digest = await self._worker.run(lambda service, caller: service.submit(caller, envelope))
        return SubmitSummaryResponse(payload_digest=digest)


class BenchmarkServicer(BenchmarkServiceServicer):
    """newlyn.benchmark.v1.BenchmarkService."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def GetBenchmark(  # noqa: N802
        self,
        request: GetBenchmarkRequest,
        context: Context,  # noqa: ARG002
    ) -> GetBenchmarkResponse:
        """The published benchmark of a collection."""
        collection_id = wire.read_benchmark_request(request)
        return wire.benchmark_response(await self._worker.run(lambda service, _: service.benchmark(collection_id)))


class RoundServicer(RoundServiceServicer):
    """newlyn.round.v1.RoundService."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def Poll(self, request: rounds.PollRequest, context: Context) -> rounds.PollResponse:  # noqa: N802, ARG002
        """What there is for a node to do."""
        return await self._worker.run(lambda service, caller: service.rounds.poll(caller, request))

    async def SubmitJoin(self, request: rounds.JoinSubmission, context: Context) -> rounds.Receipt:  # noqa: N802, ARG002
        """Takes a Join."""
        return await self._worker.run(lambda service, caller: service.rounds.submit_join(caller, request))

    async def SubmitReport(  # noqa: N802
        self,
        request_iterator: AsyncIterator[rounds.ReportPart],
        context: Context,  # noqa: ARG002
    ) -> rounds.Receipt:
        """Takes a report, part by part. Of one in several chunks they are kept as they come, so that it can go on after
        an interruption."""
        parts = aiter(request_iterator)
        header = report_header(await anext(parts, rounds.ReportPart()))
        round_id = round_of(header)
        length = await self._worker.run(lambda service, _: service.rounds.vector_bytes(round_id))
        assembly = ReportAssembly(header, length)
        async for part in parts:
            if count := assembly.resumes_at(part):
                assembly.resume(await self._worker.run(_held_chunks(header, count)))
            assembly.add(part)
            if assembly.to_keep:
                await self._worker.run(_keep_chunk(header, part.chunk))
        report = assembly.whole()
        return await self._worker.run(
            lambda service, caller: service.rounds.submit_report(caller, report.header, report.vector, report.shares)
        )

    async def SubmitVerdict(self, request: rounds.Signed, context: Context) -> rounds.Receipt:  # noqa: N802, ARG002
        """Takes a verdict."""
        return await self._worker.run(lambda service, caller: service.rounds.submit_verdict(caller, request))

    async def SubmitReveal(self, request: rounds.Signed, context: Context) -> rounds.Receipt:  # noqa: N802, ARG002
        """Takes a reveal."""
        return await self._worker.run(lambda service, caller: service.rounds.submit_reveal(caller, request))

    async def SubmitRecord(  # noqa: N802
        self,
        request: rounds.SignedRecord,
        context: Context,  # noqa: ARG002
    ) -> rounds.RecordReceipt:
        """Takes a council's keys for the next epoch."""
        return await self._worker.run(lambda service, caller: service.rounds.submit_record(caller, request))


def _held_chunks(header: rounds.Signed, count: int) -> Callable[[Service, Caller], list[bytes]]:
    return lambda service, caller: service.rounds.held_chunks(caller, header, count)


def _keep_chunk(header: rounds.Signed, chunk: rounds.Chunk) -> Callable[[Service, Caller], None]:
    return lambda service, caller: service.rounds.keep_chunk(caller, header, chunk.seq, chunk.data)


@dataclass(frozen=True)
class ServerCredentials:
    """PEM texts: the server's key and certificate, and the root that every caller's certificate must come from."""

    private_key: bytes
    certificate: bytes
    root: bytes


def _options(settings: ServerSection) -> list[tuple[str, int]]:
    milliseconds = settings.connection_seconds * 1000
    return [
        # A second server on the port must fail, not share it (engineering reference, finding 6).
        ("grpc.so_reuseport", 0),
        ("grpc.max_receive_message_length", settings.message_bytes),
        # The handshake is once a connection: a connection must not outlive a certificate for long.
        ("grpc.max_connection_age_ms", milliseconds),
        ("grpc.max_connection_age_grace_ms", int(settings.drain_seconds * 1000)),
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.http2.min_ping_interval_without_data_ms", 30_000),
    ]


def add_services(worker: Worker, server: grpc.aio.Server) -> None:
    """Adds every service of the house to a server."""
    add_EnrolmentServiceServicer_to_server(EnrolmentServicer(worker), server)
    add_CollectionServiceServicer_to_server(CollectionServicer(worker), server)
    add_SummaryServiceServicer_to_server(SummaryServicer(worker), server)
    add_BenchmarkServiceServicer_to_server(BenchmarkServicer(worker), server)
    add_RoundServiceServicer_to_server(RoundServicer(worker), server)


def build_server(
    worker: Worker, credentials: ServerCredentials, settings: ServerSection, log: structlog.stdlib.BoundLogger
) -> tuple[grpc.aio.Server, int]:
    """A server with every service, bound and not started, and its port.

    Raises ServerFailed when the address is taken or not this machine's.
    """
    server = grpc.aio.server(
        interceptors=[Around(error_boundary(log)), Around(request_log(log)), Around(identification)],
        options=_options(settings),
        maximum_concurrent_rpcs=settings.concurrent_calls,
    )
    add_services(worker, server)
    tls = grpc.ssl_server_credentials(
        [(credentials.private_key, credentials.certificate)], credentials.root, require_client_auth=True
    )
    try:
        port = server.add_secure_port(f"{settings.listen}:{settings.port}", tls)
    except RuntimeError as error:
        raise ServerFailed(
            f"The server cannot listen on {settings.listen} port {settings.port}.",
            "Stop the program that uses the port, or choose another with --port or [server] in coordinator.toml.",
        ) from error
    return server, port


async def advance_always(worker: Worker, log: structlog.stdlib.BoundLogger) -> None:
    """Moves rounds forward every second; what stops it once is tried again."""
    while True:
        try:
            await worker.advance_rounds()
        except Exception as error:
            log.error("fault", method="advance rounds", fault=type(error).__name__)
        await asyncio.sleep(ADVANCE_SECONDS)


async def serve(
    service: Service,
    credentials: ServerCredentials,
    settings: ServerSection,
    log: structlog.stdlib.BoundLogger,
    started: Callable[[int], None],
) -> None:
    """Serves until SIGTERM or SIGINT, then lets calls in flight finish. `started` is told the port.

    Raises ServerFailed when the server cannot listen.
    """
    worker = Worker(service, settings.workers)
    server, port = build_server(worker, credentials, settings, log)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await server.start()
    log.info("serving", address=f"{settings.listen}:{port}", version=wire.SOFTWARE_VERSION)
    advancing = asyncio.create_task(advance_always(worker, log))
    started(port)
    await stopping.wait()
    log.info("draining")
    advancing.cancel()
    await server.stop(settings.drain_seconds)
    worker.close()
    log.info("stopped")
