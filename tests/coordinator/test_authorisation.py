"""If these failed, a peer could call what its certificate does not admit it to, or be taken for somebody else."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from coordinator.authorisation import ALLOWED_ROLES, Peer, check_allowed, identify
from coordinator.authority import create_authority, fingerprint, pem
from coordinator.files import private_pem
from coordinator.interceptors import Around, Context, current_peer, error_boundary
from coordinator.log import make_logger
from coordinator.refusals import NoIdentity, NotAllowed
from coordinator.server import Worker, add_services
from coordinator.store import members, schema
from protos.benchmark.v1.benchmark_pb2 import GetBenchmarkRequest
from protos.collection.v1.collection_pb2 import HelloRequest, ListCollectionsRequest
from protos.enrolment.v1.enrolment_pb2 import EnrolRequest
from protos.generate import proto_files
from protos.identity import Identity, NotAnIdentity, Role, parse_identity
from protos.round.v1 import round_pb2 as rounds
from protos.summary.v1.summary_pb2 import SubmitSummaryRequest
from tests.coordinator.world import Credentials, Stubs, World, certificate_request, new_key

HELLO = HelloRequest(software_version="0.1.0")


def declared_methods() -> set[str]:
    """The full name of every method of every service in protos/."""
    found = set()
    for path in proto_files():
        module = importlib.import_module(f"{'.'.join(path.with_suffix('').parts)}_pb2")
        for service in module.DESCRIPTOR.services_by_name.values():
            found |= {f"/{service.full_name}/{method.name}" for method in service.methods}
    return found


def test_every_method_has_an_entry_and_every_entry_a_method() -> None:
    assert declared_methods() == set(ALLOWED_ROLES)
    assert all(ALLOWED_ROLES.values())


def test_a_method_without_an_entry_is_refused_to_everybody() -> None:
    for role in Role:
        with pytest.raises(NotAllowed):
            check_allowed("/newlyn.summary.v1.SummaryService/Forgotten", Identity(role, "301"))


def test_the_coordinators_own_certificate_may_call_nothing() -> None:
    for method in ALLOWED_ROLES:
        with pytest.raises(NotAllowed):
            check_allowed(method, Identity(Role.COORDINATOR, "england"))


async def status_of(call: grpc.aio.UnaryUnaryCall) -> grpc.StatusCode:  # type: ignore[type-arg]
    return await call.code()


async def statuses(stubs: Stubs) -> dict[str, grpc.StatusCode]:
    """What each method answers to an empty request."""
    return {
        "Enrol": await status_of(stubs.enrolment.Enrol(EnrolRequest())),
        "Hello": await status_of(stubs.collections.Hello(HELLO)),
        "ListCollections": await status_of(stubs.collections.ListCollections(ListCollectionsRequest())),
        "SubmitSummary": await status_of(stubs.summaries.SubmitSummary(SubmitSummaryRequest())),
        "GetBenchmark": await status_of(stubs.benchmarks.GetBenchmark(GetBenchmarkRequest(collection_id="none"))),
        "Poll": await status_of(stubs.rounds.Poll(rounds.PollRequest())),
        "SubmitJoin": await status_of(stubs.rounds.SubmitJoin(rounds.JoinSubmission())),
        "SubmitReport": await status_of(stubs.rounds.SubmitReport(iter([rounds.ReportPart()]))),
        "SubmitVerdict": await status_of(stubs.rounds.SubmitVerdict(rounds.Signed())),
        "SubmitReveal": await status_of(stubs.rounds.SubmitReveal(rounds.Signed())),
        "SubmitRecord": await status_of(stubs.rounds.SubmitRecord(rounds.SignedRecord())),
    }


async def test_an_invitee_may_enrol_and_do_nothing_else(world: World) -> None:
    applicant = world.invite("301")
    async with world.serving() as address, world.connected(address, applicant.credentials) as stubs:
        answered = await statuses(stubs)
    assert answered.pop("Enrol") is grpc.StatusCode.INVALID_ARGUMENT
    assert set(answered.values()) == {grpc.StatusCode.PERMISSION_DENIED}


async def test_a_council_may_do_everything_but_enrol(world: World) -> None:
    member = world.enrol("301")
    async with world.serving() as address, world.connected(address, member.credentials) as stubs:
        answered = await statuses(stubs)
    assert answered == {
        "Enrol": grpc.StatusCode.PERMISSION_DENIED,
        "Hello": grpc.StatusCode.OK,
        "ListCollections": grpc.StatusCode.OK,
        "SubmitSummary": grpc.StatusCode.INVALID_ARGUMENT,
        "GetBenchmark": grpc.StatusCode.NOT_FOUND,
        "Poll": grpc.StatusCode.INVALID_ARGUMENT,
        "SubmitJoin": grpc.StatusCode.INVALID_ARGUMENT,
        "SubmitReport": grpc.StatusCode.INVALID_ARGUMENT,
        "SubmitVerdict": grpc.StatusCode.INVALID_ARGUMENT,
        "SubmitReveal": grpc.StatusCode.INVALID_ARGUMENT,
        "SubmitRecord": grpc.StatusCode.INVALID_ARGUMENT,
    }


async def test_nothing_is_parsed_before_it_is_known_who_sent_it(world: World) -> None:
    applicant, member = world.invite("302"), world.enrol("301")
    answered = []
    async with world.serving() as address:
        for credentials in (applicant.credentials, member.credentials):
            tls = grpc.ssl_channel_credentials(world.root, credentials.key, credentials.certificate)
            async with grpc.aio.secure_channel(address, tls) as channel:
                call: Any = channel.unary_unary("/newlyn.collection.v1.CollectionService/Hello")
                answered.append(await status_of(call(b"\xff no message at all")))
    assert answered == [grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.INVALID_ARGUMENT]


def misissue(
    world: World,
    names: Sequence[x509.GeneralName],
    *,
    common_name: str = "council 301",
    usage: ObjectIdentifier = ExtendedKeyUsageOID.CLIENT_AUTH,
    known: bool = True,
    life: timedelta = timedelta(days=1),
) -> Credentials:
    """A certificate that the authority signed by mistake, and (if `known`) that the coordinator has on its books as
    council 301's, so that only the check under test stands in the way."""
    key, now = new_key(), world.clock()
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
        .issuer_name(world.authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + life)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    certificate = builder.sign(world.authority.key, hashes.SHA256())
    if known:
        world.enrol("301")
        table, known_as = schema.enrolments, fingerprint(certificate)
        swap = table.update().where(table.c.council_code == "301").values(fingerprint=known_as)
        world.store.run_tx("test", lambda tx: tx.execute(swap))
        assert world.store.read("test", lambda tx: members.find_certificate(tx, known_as)) is not None
    return Credentials(pem(certificate), private_pem(key))


async def hello_status(world: World, credentials: Credentials) -> grpc.StatusCode:
    async with world.serving() as address, world.connected(address, credentials) as stubs:
        return await status_of(stubs.collections.Hello(HELLO, timeout=10))


COUNCIL_URI = x509.UniformResourceIdentifier("newlyn://council/301")


async def test_the_one_uri_is_the_identity(world: World) -> None:
    assert await hello_status(world, misissue(world, [COUNCIL_URI])) is grpc.StatusCode.OK


@pytest.mark.parametrize(
    "names",
    [
        [],
        [x509.DNSName("newlyn://council/301")],
        [x509.RFC822Name("newlyn://council/301")],
        [COUNCIL_URI, x509.UniformResourceIdentifier("newlyn://council/302")],
        [COUNCIL_URI, COUNCIL_URI],
        [COUNCIL_URI, x509.UniformResourceIdentifier("https://council.example/")],
        [x509.UniformResourceIdentifier("spiffe://council/301")],
        [x509.UniformResourceIdentifier("newlyn://mayor/301")],
        [x509.UniformResourceIdentifier("newlyn://council/301/")],
        [x509.UniformResourceIdentifier("NEWLYN://council/301")],
    ],
    ids=str,
)
async def test_anything_but_one_uri_of_ours_is_no_identity(world: World, names: list[x509.GeneralName]) -> None:
    credentials = misissue(world, names, common_name="newlyn://council/301")
    assert await hello_status(world, credentials) is grpc.StatusCode.UNAUTHENTICATED


async def test_a_uri_of_another_council_does_not_fit_a_known_certificate(world: World) -> None:
    world.enrol("302")
    credentials = misissue(world, [x509.UniformResourceIdentifier("newlyn://council/302")])
    assert await hello_status(world, credentials) is grpc.StatusCode.UNAUTHENTICATED


async def test_a_certificate_that_is_not_on_the_books_is_refused(world: World) -> None:
    world.enrol("301")
    assert await hello_status(world, misissue(world, [COUNCIL_URI], known=False)) is grpc.StatusCode.UNAUTHENTICATED


async def test_positive_control_the_untyped_names_would_let_the_dns_trick_in(world: World) -> None:
    """The same trick certificate, against a server that reads the untyped list: it is taken for the council."""

    @asynccontextmanager
    async def careless(method: str, context: Context) -> AsyncIterator[None]:
        listed = context.auth_context()["x509_subject_alternative_name"]
        identity = parse_identity(name.decode() for name in listed)
        current_peer.set(Peer(identity, known))
        yield

    credentials = misissue(world, [x509.DNSName("newlyn://council/301")])
    known = fingerprint(x509.load_pem_x509_certificate(credentials.certificate))
    worker = Worker(world.service, 1)
    server = grpc.aio.server(interceptors=[Around(error_boundary(make_logger(world.log))), Around(careless)])
    add_services(worker, server)
    tls = grpc.ssl_server_credentials(
        [(world.files.server_key.read_bytes(), world.files.server_certificate.read_bytes())], world.root, True
    )
    port = server.add_secure_port("localhost:0", tls)
    await server.start()
    async with world.connected(f"localhost:{port}", credentials) as stubs:
        assert await status_of(stubs.collections.Hello(HELLO)) is grpc.StatusCode.OK
    await server.stop(None)
    worker.close()


@pytest.mark.parametrize("case", ["expired", "server's usage", "foreign authority", "self-made"])
async def test_certificates_that_do_not_even_reach_a_handler(world: World, case: str) -> None:
    if case == "expired":
        credentials = misissue(world, [COUNCIL_URI], life=timedelta(days=-1))
    elif case == "server's usage":
        credentials = misissue(world, [COUNCIL_URI], usage=ExtendedKeyUsageOID.SERVER_AUTH)
    else:
        foreign = create_authority(world.files.home / "foreign", world.clock())
        honest, world.authority = world.authority, foreign
        credentials = misissue(world, [COUNCIL_URI], known=False)
        world.authority = honest
    assert await hello_status(world, credentials) is grpc.StatusCode.UNAVAILABLE
    assert "/newlyn.collection.v1.CollectionService/Hello" not in world.log.getvalue()


async def test_no_certificate_no_call(world: World) -> None:
    async with world.serving() as address:
        tls = grpc.ssl_channel_credentials(world.root)
        async with grpc.aio.secure_channel(address, tls) as channel:
            call: Any = channel.unary_unary("/newlyn.collection.v1.CollectionService/Hello")
            assert await status_of(call(b"", timeout=10)) is grpc.StatusCode.UNAVAILABLE


async def test_a_certificate_that_expires_on_an_open_connection_is_refused(world: World) -> None:
    member = world.enrol("301")
    async with world.serving() as address, world.connected(address, member.credentials) as stubs:
        assert await status_of(stubs.collections.Hello(HELLO)) is grpc.StatusCode.OK
        world.clock.now += timedelta(days=399)
        assert await status_of(stubs.collections.Hello(HELLO)) is grpc.StatusCode.UNAUTHENTICATED


def test_identities_that_are_not_text_are_refused() -> None:
    with pytest.raises(NoIdentity):
        identify([b"newlyn://council/\xff"])
    with pytest.raises(NotAnIdentity):
        parse_identity([])


def test_requests_name_nobody() -> None:
    """What this file's helpers hand in must not carry names of its own, or the tests above would prove less."""
    request = x509.load_der_x509_csr(certificate_request(new_key()))
    assert len(request.extensions) == 0
