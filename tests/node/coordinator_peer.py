"""The other end of the wire, as a real gRPC server over mutual TLS whose answers a test sets, honest or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import grpc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from frameworks.collection import Collection
from frameworks.plan import ReleaseRequest, compile_plan
from node.identity import TransportCredentials
from protos.benchmark.v1 import benchmark_pb2, benchmark_pb2_grpc
from protos.collection.v1 import collection_pb2, collection_pb2_grpc
from protos.envelope.v1.envelope_pb2 import SignedEnvelope
from protos.signing import Label, public_bytes, seal
from protos.summary.v1 import summary_pb2, summary_pb2_grpc
from tests.node.small_release import FRAMEWORK
from tests.pki import TestAuthority

COORDINATOR_KEY = Ed25519PrivateKey.from_private_bytes(b"c" * 32)
COORDINATOR_PUBLIC_KEY = public_bytes(COORDINATOR_KEY)
FOREIGN_KEY = Ed25519PrivateKey.from_private_bytes(b"f" * 32)

_MODES = {
    "council": collection_pb2.RELEASE_MODE_COUNCIL,
    "secure": collection_pb2.RELEASE_MODE_SECURE,
}
_GROUPS = {
    "england": collection_pb2.RELEASE_GROUPS_ENGLAND,
    "regions": collection_pb2.RELEASE_GROUPS_REGIONS,
}


def _secure_terms(release: ReleaseRequest) -> collection_pb2.SecureTerms | None:
    if release.secure is None:
        return None
    return collection_pb2.SecureTerms(
        groups=_GROUPS[release.secure.groups],
        largest_group=release.secure.largest_group,
        max_dropped=release.secure.max_dropped,
        max_colluding=release.secure.max_colluding,
    )


def collection_message(
    collection: Collection, plan_hashes: Mapping[str, bytes] | None = None
) -> collection_pb2.Collection:
    """A collection as an honest coordinator writes it, but for the plan hashes that are given."""
    given = plan_hashes or {}
    return collection_pb2.Collection(
        id=collection.id,
        framework_id=collection.framework_id,
        framework_version=collection.framework_version,
        framework_digest=bytes.fromhex(collection.framework_digest),
        reference_year=collection.reference_year,
        opens_at=int(collection.opens_at.timestamp()),
        closes_at=int(collection.closes_at.timestamp()),
        releases=[
            collection_pb2.Release(
                id=release.id,
                mode=_MODES[release.mode],
                indicators=release.indicators,
                breakdowns=release.breakdowns,
                rho_units=release.rho_units,
                precisions=release.precisions,
                secure=_secure_terms(release),
                plan_hash=given.get(release.id)
                or compile_plan(FRAMEWORK, collection.id, collection.reference_year, release).plan_hash,
            )
            for release in collection.releases
        ],
    )


def signed(
    message: collection_pb2.Collection | benchmark_pb2.Benchmark,
    key: Ed25519PrivateKey = COORDINATOR_KEY,
    label: Label | None = None,
) -> SignedEnvelope:
    """A message in its envelope, signed by the coordinator unless said."""
    own = Label.COLLECTION if isinstance(message, collection_pb2.Collection) else Label.BENCHMARK
    return seal(key, label or own, message.SerializeToString(deterministic=True))


def offered(collection: Collection) -> SignedEnvelope:
    """A collection as an honest coordinator offers it."""
    return signed(collection_message(collection))


class CoordinatorPeer:
    """What the server answers, and what has reached it: `calls` are method names with the size of the request."""

    def __init__(self) -> None:
        self.collections: list[SignedEnvelope] = []
        self.benchmarks: dict[str, SignedEnvelope] = {}
        self.remembered_head: collection_pb2.LedgerHead | None = None
        self.refusals: dict[str, grpc.StatusCode] = {}
        self.acknowledged_digest: bytes | None = None
        self.received: list[SignedEnvelope] = []
        self.calls: list[tuple[str, int]] = []

    def _called(self, method: str, request: Any) -> None:
        self.calls.append((method, request.ByteSize()))

    def Hello(self, request: Any, _context: grpc.ServicerContext) -> collection_pb2.HelloResponse:  # noqa: N802
        """Versions and the remembered head."""
        self._called("Hello", request)
        return collection_pb2.HelloResponse(software_version="0.1.0", remembered_head=self.remembered_head, time=1)

    def ListCollections(  # noqa: N802
        self, request: Any, _context: grpc.ServicerContext
    ) -> collection_pb2.ListCollectionsResponse:
        """The collections that the test put there."""
        self._called("ListCollections", request)
        return collection_pb2.ListCollectionsResponse(collections=self.collections)

    def SubmitSummary(  # noqa: N802
        self, request: summary_pb2.SubmitSummaryRequest, context: grpc.ServicerContext
    ) -> summary_pb2.SubmitSummaryResponse:
        """Keeps what has come, then acknowledges, or refuses as if it had not."""
        self._called("SubmitSummary", request)
        self.received.append(request.summary)
        release = summary_pb2.Summary.FromString(request.summary.payload).release_id
        if release in self.refusals:
            context.abort(self.refusals[release], "refused")
        digest = self.acknowledged_digest or sha256(request.summary.payload).digest()
        return summary_pb2.SubmitSummaryResponse(payload_digest=digest)

    def GetBenchmark(  # noqa: N802
        self, request: benchmark_pb2.GetBenchmarkRequest, context: grpc.ServicerContext
    ) -> benchmark_pb2.GetBenchmarkResponse:
        """The benchmark that the test put there."""
        self._called("GetBenchmark", request)
        if request.collection_id not in self.benchmarks:
            context.abort(grpc.StatusCode.NOT_FOUND, "not published")
        return benchmark_pb2.GetBenchmarkResponse(benchmark=self.benchmarks[request.collection_id])


@contextmanager
def served(peer: CoordinatorPeer) -> Iterator[tuple[str, TransportCredentials]]:
    """Serves the peer on loopback; gives its address and the credentials of a council that it lets in."""
    authority = TestAuthority()
    server_credentials = authority.issue(dns=["localhost"], server=True)
    council = authority.issue(uris=["newlyn://council/301"], client=True)
    server = grpc.server(ThreadPoolExecutor(max_workers=2), options=[("grpc.so_reuseport", 0)])
    collection_pb2_grpc.add_CollectionServiceServicer_to_server(peer, server)
    summary_pb2_grpc.add_SummaryServiceServicer_to_server(peer, server)
    benchmark_pb2_grpc.add_BenchmarkServiceServicer_to_server(peer, server)
    credentials = grpc.ssl_server_credentials(
        [(server_credentials.key, server_credentials.certificate)], authority.certificate, require_client_auth=True
    )
    port = server.add_secure_port("localhost:0", credentials)
    server.start()
    try:
        yield f"localhost:{port}", TransportCredentials(authority.certificate, council.certificate, council.key)
    finally:
        server.stop(0).wait()
