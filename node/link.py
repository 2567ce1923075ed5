"""The wire: calls to the coordinator over mutual TLS, outward only. It moves messages and decides nothing.

Every call has a deadline. Answers are turned into the node's own errors by status code alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import TypeVar, cast

import grpc

from node.errors import CoordinatorRefused, CoordinatorUnreachable, IdentityRefused
from node.identity import TransportCredentials
from protos.benchmark.v1.benchmark_pb2 import GetBenchmarkRequest, GetBenchmarkResponse
from protos.benchmark.v1.benchmark_pb2_grpc import BenchmarkServiceStub
from protos.collection.v1.collection_pb2 import HelloRequest, HelloResponse, ListCollectionsRequest
from protos.collection.v1.collection_pb2_grpc import CollectionServiceStub
from protos.enrolment.v1.enrolment_pb2 import EnrolRequest, EnrolResponse
from protos.enrolment.v1.enrolment_pb2_grpc import EnrolmentServiceStub
from protos.envelope.v1.envelope_pb2 import SignedEnvelope
from protos.round.v1 import round_pb2 as rounds
from protos.round.v1.round_pb2_grpc import RoundServiceStub
from protos.summary.v1.summary_pb2 import SubmitSummaryRequest, SubmitSummaryResponse
from protos.summary.v1.summary_pb2_grpc import SummaryServiceStub

SOFTWARE_VERSION = version("newlyn")

_OPTIONS = [
    ("grpc.max_receive_message_length", 16 * 1024 * 1024),
    ("grpc.enable_retries", 0),
    ("grpc.primary_user_agent", "newlyn-node"),
]

_UNREACHABLE = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED}
_IDENTITY = {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED}

Answer = TypeVar("Answer")


class Link:
    """One connection to the coordinator. Use `open_link`."""

    def __init__(self, channel: grpc.Channel, deadline_seconds: float) -> None:
        self._deadline = deadline_seconds
        self._enrolment = EnrolmentServiceStub(channel)
        self._collections = CollectionServiceStub(channel)
        self._summaries = SummaryServiceStub(channel)
        self._benchmarks = BenchmarkServiceStub(channel)
        self._rounds = RoundServiceStub(channel)

    def enrol(self, request: EnrolRequest) -> EnrolResponse:
        """Hands in a certificate request, or asks what became of it."""
        answer: EnrolResponse = self._call(lambda deadline: self._enrolment.Enrol(request, timeout=deadline))
        return answer

    def hello(self) -> HelloResponse:
        """Tells our version; learns theirs and the ledger head they remember."""
        request = HelloRequest(software_version=SOFTWARE_VERSION)
        answer: HelloResponse = self._call(lambda deadline: self._collections.Hello(request, timeout=deadline))
        return answer

    def collections(self) -> list[SignedEnvelope]:
        """The envelopes of the collections that are open."""
        answer = self._call(
            lambda deadline: self._collections.ListCollections(ListCollectionsRequest(), timeout=deadline)
        )
        return list(answer.collections)

    def submit(self, envelope: SignedEnvelope) -> SubmitSummaryResponse:
        """Sends stored bytes. Safe to repeat with the same bytes."""
        request = SubmitSummaryRequest(summary=envelope)
        answer: SubmitSummaryResponse = self._call(
            lambda deadline: self._summaries.SubmitSummary(request, timeout=deadline)
        )
        return answer

    def benchmark(self, collection_id: str) -> SignedEnvelope | None:
        """The published benchmark of a collection, or None while there is none."""
        request = GetBenchmarkRequest(collection_id=collection_id)
        try:
            answer: GetBenchmarkResponse = self._benchmarks.GetBenchmark(request, timeout=self._deadline)
        except grpc.RpcError as error:
            if _code(error) is grpc.StatusCode.NOT_FOUND:
                return None
            raise _translated(error) from None
        return answer.benchmark

    def poll_rounds(self, request: rounds.PollRequest) -> rounds.PollResponse | None:
        """What there is to do in rounds, or None where the coordinator is of a version that knows none."""
        try:
            answer: rounds.PollResponse = self._rounds.Poll(request, timeout=self._deadline)
        except grpc.RpcError as error:
            if _code(error) is grpc.StatusCode.UNIMPLEMENTED:
                return None
            raise _translated(error) from None
        return answer

    def submit_record(self, record: rounds.SignedRecord) -> rounds.RecordReceipt:
        """Hands in the record of this node's keys. Safe to repeat, as are the four calls below."""
        answer: rounds.RecordReceipt = self._call(lambda deadline: self._rounds.SubmitRecord(record, timeout=deadline))
        return answer

    def submit_join(self, submission: rounds.JoinSubmission) -> rounds.Receipt:
        """Sends a Join."""
        answer: rounds.Receipt = self._call(lambda deadline: self._rounds.SubmitJoin(submission, timeout=deadline))
        return answer

    def submit_report(self, parts: Iterable[rounds.ReportPart]) -> rounds.Receipt:
        """Sends a report, part by part."""
        answer: rounds.Receipt = self._call(lambda deadline: self._rounds.SubmitReport(iter(parts), timeout=deadline))
        return answer

    def submit_verdict(self, signed: rounds.Signed) -> rounds.Receipt:
        """Sends a verdict."""
        answer: rounds.Receipt = self._call(lambda deadline: self._rounds.SubmitVerdict(signed, timeout=deadline))
        return answer

    def submit_reveal(self, signed: rounds.Signed) -> rounds.Receipt:
        """Sends a reveal."""
        answer: rounds.Receipt = self._call(lambda deadline: self._rounds.SubmitReveal(signed, timeout=deadline))
        return answer

    def _call(self, call: Callable[[float], Answer]) -> Answer:
        try:
            return call(self._deadline)
        except grpc.RpcError as error:
            raise _translated(error) from None


def _code(error: grpc.RpcError) -> grpc.StatusCode:
    """The status of a failed call: what a stub raises is an RpcError and a Call at once."""
    code: grpc.StatusCode = cast(grpc.Call, error).code()
    return code


def _translated(error: grpc.RpcError) -> Exception:
    code = _code(error)
    if code in _UNREACHABLE:
        return CoordinatorUnreachable(
            "The coordinator did not answer.",
            "Nothing is lost: the node tries again at its next poll. `newlyn-node doctor` tells what is in the way.",
        )
    if code in _IDENTITY:
        return IdentityRefused(
            f"The coordinator does not accept this node's certificate ({code.name}).",
            "Run `newlyn-node doctor`; if the certificate has expired or was revoked, ask for a new invitation.",
        )
    return CoordinatorRefused(
        f"The coordinator refused the call ({code.name}).",
        "Nothing is lost. Tell the coordinator's operator the time and this status.",
    )


@contextmanager
def open_link(address: str, credentials: TransportCredentials, deadline_seconds: float) -> Iterator[Link]:
    """Opens a connection to `host:port` and closes it afterwards. A proxy is taken from the environment."""
    channel_credentials = grpc.ssl_channel_credentials(
        root_certificates=credentials.root,
        private_key=credentials.private_key,
        certificate_chain=credentials.certificate_chain,
    )
    with grpc.secure_channel(address, channel_credentials, options=_OPTIONS) as channel:
        yield Link(channel, deadline_seconds)
