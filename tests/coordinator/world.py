"""A coordinator in a folder, with a clock that tests set, councils that are enrolled, and real servers on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coordinator import founding, lifecycle, membership
from coordinator.assembly import open_service
from coordinator.authorisation import Caller, Peer
from coordinator.authority import Authority, fingerprint, load_authority
from coordinator.collections import CompiledCollection, compile_collection
from coordinator.config import CoordinatorConfig
from coordinator.files import CoordinatorFiles, load_signing_key, private_pem
from coordinator.log import make_logger
from coordinator.server import ServerCredentials, Worker, build_server
from coordinator.service import Service
from coordinator.store.database import Store, open_store
from coordinator.wire import read_enrol_request
from frameworks.collection import Collection
from frameworks.plan import ReleasePlan, ReleaseRequest
from protos.benchmark.v1.benchmark_pb2_grpc import BenchmarkServiceStub
from protos.collection.v1.collection_pb2 import LedgerHead
from protos.collection.v1.collection_pb2_grpc import CollectionServiceStub
from protos.enrolment.v1.enrolment_pb2 import EnrolRequest
from protos.enrolment.v1.enrolment_pb2_grpc import EnrolmentServiceStub
from protos.envelope.v1.envelope_pb2 import SignedEnvelope
from protos.identity import Identity, Role
from protos.invitation import Invitation
from protos.round.v1.round_pb2_grpc import RoundServiceStub
from protos.signing import Label, public_bytes, seal, sign_bytes
from protos.summary.v1.summary_pb2 import Summary
from protos.summary.v1.summary_pb2_grpc import SummaryServiceStub
from tests.frameworks.small import small_framework


class Clock:
    """A clock that moves when told. It begins at the present: the TLS library looks at the real clock."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True)
class Credentials:
    """PEM texts of one peer."""

    certificate: bytes
    key: bytes


def new_key() -> ec.EllipticCurvePrivateKey:
    """A transport key."""
    return ec.generate_private_key(ec.SECP256R1())


def certificate_request(key: ec.EllipticCurvePrivateKey, common_name: str = "an invented node") -> bytes:
    """A PKCS #10 request (DER) that names nobody."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.DER)


@dataclass
class Applicant:
    """A council with an invitation, and the keys it has made."""

    invitation: Invitation
    transport_key: ec.EllipticCurvePrivateKey = field(default_factory=new_key)
    signing_key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    request: bytes = b""

    def __post_init__(self) -> None:
        self.request = self.request or certificate_request(self.transport_key)

    @property
    def credentials(self) -> Credentials:
        """Those of the invitation."""
        return Credentials(self.invitation.invitee_certificate.encode(), self.invitation.invitee_key.encode())

    def message(self, **changes: object) -> EnrolRequest:
        """A correct request, with `changes` to its fields."""
        values: dict[str, object] = {
            "council_code": self.invitation.council_code,
            "invitation_token": self.invitation.token,
            "certificate_request": self.request,
            "signing_public_key": public_bytes(self.signing_key),
            "signing_key_proof": sign_bytes(self.signing_key, Label.ENROLMENT, self.request),
            "software_version": "0.1.0",
        }
        return EnrolRequest(**(values | changes))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Member:
    """An enrolled council."""

    code: str
    credentials: Credentials
    signing_key: Ed25519PrivateKey


@dataclass(frozen=True)
class Stubs:
    """One peer's connection."""

    enrolment: EnrolmentServiceStub
    collections: CollectionServiceStub
    summaries: SummaryServiceStub
    benchmarks: BenchmarkServiceStub
    rounds: RoundServiceStub


class World:
    """The coordinator and everybody around it."""

    def __init__(self, home: Path) -> None:
        self.clock = Clock()
        self.files = CoordinatorFiles(home)
        self.config: CoordinatorConfig = founding.found(home, "localhost", "england", self.clock())
        self.authority: Authority = load_authority(self.config.authority.folder)
        self.signing_key = load_signing_key(self.files)
        self.store: Store = open_store(self.files.database)
        self.service: Service = open_service(self.files, self.store, self.config.rounds, self.clock)
        self.log = StringIO()

    @property
    def root(self) -> bytes:
        """The root certificate in PEM."""
        return self.files.root_certificate.read_bytes()

    def invite(self, code: str) -> Applicant:
        """A new invitation, in the hands of a council that has made its keys."""
        key = public_bytes(self.signing_key)
        return Applicant(membership.invite(self.store, self.authority, key, code, "localhost:1", self.clock()))

    def sign(self) -> list[str]:
        """The authority signs whatever waits."""
        return membership.sign_waiting(self.store, self.authority, lambda _: True, self.clock())

    def enrol(self, code: str) -> Member:
        """A council from invitation to certificate, without the wire."""
        applicant = self.invite(code)
        caller = self.admit(applicant.credentials, Identity(Role.INVITEE, code))
        request = read_enrol_request(applicant.message())
        self.service.enrol(caller, request)
        self.sign()
        certificate = self.service.enrol(caller, request)
        assert certificate is not None
        return Member(code, Credentials(certificate, private_pem(applicant.transport_key)), applicant.signing_key)

    def admit(self, credentials: Credentials, identity: Identity) -> Caller:
        """The caller that the server would make of these credentials."""
        certificate = x509.load_pem_x509_certificate(credentials.certificate)
        return self.service.admit(Peer(identity, fingerprint(certificate)))

    def caller(self, member: Member) -> Caller:
        """The caller that the server would make of a member."""
        return self.admit(member.credentials, Identity(Role.COUNCIL, member.code))

    def open(self, collection_id: str = "2025-test") -> CompiledCollection:
        """Opens a small collection of two releases, from yesterday until the day after tomorrow."""
        compiled = small_collection(collection_id, self.clock())
        lifecycle.open_collection(self.store, compiled, self.signing_key, self.clock())
        return compiled

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """A real server on loopback; gives its address."""
        worker = Worker(self.service, threads=4)
        settings = self.config.server.model_copy(update={"port": 0})
        credentials = ServerCredentials(
            self.files.server_key.read_bytes(), self.files.server_certificate.read_bytes(), self.root
        )
        server, port = build_server(worker, credentials, settings, make_logger(self.log))
        await server.start()
        try:
            yield f"localhost:{port}"
        finally:
            await server.stop(None)
            worker.close()

    @asynccontextmanager
    async def connected(self, address: str, credentials: Credentials) -> AsyncIterator[Stubs]:
        """A peer's connection."""
        tls = grpc.ssl_channel_credentials(self.root, credentials.key, credentials.certificate)
        async with grpc.aio.secure_channel(address, tls) as channel:
            yield Stubs(
                EnrolmentServiceStub(channel),
                CollectionServiceStub(channel),
                SummaryServiceStub(channel),
                BenchmarkServiceStub(channel),
                RoundServiceStub(channel),
            )


@contextmanager
def make_world(home: Path) -> Iterator[World]:
    """A world that closes its database."""
    world = World(home)
    try:
        yield world
    finally:
        world.store.close()


def small_collection(collection_id: str, now: datetime) -> CompiledCollection:
    """Two small council releases over the small framework."""
    framework = small_framework()
    collection = Collection(
        id=collection_id,
        framework_id=framework.id,
        framework_version=framework.version,
        framework_digest=framework.digest,
        reference_year=2025,
        opens_at=now - timedelta(days=1),
        closes_at=now + timedelta(days=2),
        releases=(
            ReleaseRequest(id="headlines", mode="council", indicators=("children", "healthy"), rho_units=10**11),
            ReleaseRequest(id="by_sex", mode="council", indicators=("healthy",), breakdowns=("sex",), rho_units=10**11),
        ),
    )
    return CompiledCollection(collection, framework, compile_collection(collection, framework), (1e-7, 1e-7))


def summary_message(member_code: str, plan: ReleasePlan, sequence: int = 1, **changes: object) -> Summary:
    """A correct summary, with `changes` to its fields."""
    values: dict[str, object] = {
        "council_code": member_code,
        "collection_id": plan.collection_id,
        "release_id": plan.release_id,
        "plan_hash": plan.plan_hash,
        "framework_digest": bytes.fromhex(plan.framework_digest),
        "ledger_head": LedgerHead(sequence=sequence, hash=sequence.to_bytes(32, "big")),
        "declared_files": ["ssda903@2025"],
        "values": range(100, 100 + plan.length),
    }
    return Summary(**(values | changes))  # type: ignore[arg-type]


def sealed_summary(member: Member, message: Summary) -> SignedEnvelope:
    """The message signed by the member."""
    return seal(member.signing_key, Label.SUMMARY, message.SerializeToString(deterministic=True))
