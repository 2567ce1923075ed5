"""If these failed, somebody who is not a council could become one, or a council could become another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from coordinator import membership
from coordinator.enrolment import MAXIMUM_FAILED_ATTEMPTS
from coordinator.errors import UnknownCouncil
from coordinator.store.audit import AuditEvent, list_entries
from protos.collection.v1.collection_pb2 import HelloRequest
from protos.enrolment.v1.enrolment_pb2 import ENROLMENT_STATE_ISSUED, ENROLMENT_STATE_PENDING, EnrolRequest
from protos.signing import Label, public_bytes, sign_bytes
from tests.coordinator.world import Applicant, Credentials, Stubs, World, new_key


@asynccontextmanager
async def invitee(world: World, applicant: Applicant) -> AsyncIterator[Stubs]:
    async with world.serving() as address, world.connected(address, applicant.credentials) as stubs:
        yield stubs


async def refused(stubs: Stubs, message: EnrolRequest) -> grpc.StatusCode:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stubs.enrolment.Enrol(message)
    return caught.value.code()


async def test_an_invited_council_becomes_a_member_and_is_served(world: World) -> None:
    applicant = world.invite("301")
    async with world.serving() as address:
        async with world.connected(address, applicant.credentials) as stubs:
            assert (await stubs.enrolment.Enrol(applicant.message())).state == ENROLMENT_STATE_PENDING
            assert world.sign() == ["301"]
            answer = await stubs.enrolment.Enrol(applicant.message())
        assert answer.state == ENROLMENT_STATE_ISSUED
        key = applicant.transport_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        async with world.connected(address, Credentials(answer.certificate_chain, key)) as stubs:
            assert (await stubs.collections.Hello(HelloRequest(software_version="0.1.0"))).time > 0


async def test_the_certificate_holds_our_names_and_only_the_key_of_the_request(world: World) -> None:
    applicant = world.invite("301")
    key = new_key()
    wish = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "newlyn://council/302")]))
        .add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier("newlyn://coordinator/england")]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    greedy = Applicant(applicant.invitation, key, request=wish.public_bytes(serialization.Encoding.DER))
    async with invitee(world, greedy) as stubs:
        await stubs.enrolment.Enrol(greedy.message())
        world.sign()
        answer = await stubs.enrolment.Enrol(greedy.message())
    (certificate,) = x509.load_pem_x509_certificates(answer.certificate_chain)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [x509.UniformResourceIdentifier("newlyn://council/301")]
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert certificate.public_key() == key.public_key()
    assert certificate.not_valid_after_utc <= world.clock() + timedelta(days=398)
    certificate.verify_directly_issued_by(world.authority.certificate)


async def test_another_councils_code_is_refused(world: World) -> None:
    applicant = world.invite("301")
    world.invite("302")
    async with invitee(world, applicant) as stubs:
        assert await refused(stubs, applicant.message(council_code="302")) is grpc.StatusCode.PERMISSION_DENIED


async def test_a_token_stolen_from_another_council_is_refused(world: World) -> None:
    thief, victim = world.invite("301"), world.invite("302")
    async with invitee(world, thief) as stubs:
        for code in ("301", "302"):
            message = thief.message(council_code=code, invitation_token=victim.invitation.token)
            assert await refused(stubs, message) is grpc.StatusCode.PERMISSION_DENIED
    async with invitee(world, victim) as stubs:
        await stubs.enrolment.Enrol(victim.message())


async def test_a_token_is_used_once_and_repeating_the_same_request_changes_nothing(world: World) -> None:
    applicant = world.invite("301")
    second = Applicant(applicant.invitation)
    async with invitee(world, applicant) as stubs:
        for _ in range(3):
            await stubs.enrolment.Enrol(applicant.message())
        assert await refused(stubs, second.message()) is grpc.StatusCode.PERMISSION_DENIED
        assert world.sign() == ["301"]
        assert await refused(stubs, second.message()) is grpc.StatusCode.PERMISSION_DENIED


async def test_another_signing_key_with_the_same_request_is_refused(world: World) -> None:
    applicant = world.invite("301")
    other = Applicant(applicant.invitation, applicant.transport_key, request=applicant.request)
    async with invitee(world, applicant) as stubs:
        await stubs.enrolment.Enrol(applicant.message())
        assert await refused(stubs, other.message()) is grpc.StatusCode.PERMISSION_DENIED


async def test_an_expired_invitation_is_refused(world: World) -> None:
    applicant = world.invite("301")
    async with invitee(world, applicant) as stubs:
        world.clock.now += timedelta(days=31)
        assert await refused(stubs, applicant.message()) is grpc.StatusCode.UNAUTHENTICATED
        world.clock.now -= timedelta(days=2)
        await stubs.enrolment.Enrol(applicant.message())


async def test_a_newer_invitation_voids_the_one_before(world: World) -> None:
    lost, found = world.invite("301"), world.invite("301")
    async with world.serving() as address:
        async with world.connected(address, lost.credentials) as stubs:
            assert await refused(stubs, lost.message()) is grpc.StatusCode.UNAUTHENTICATED
        async with world.connected(address, found.credentials) as stubs:
            await stubs.enrolment.Enrol(found.message())


async def test_guessing_ends_the_invitation(world: World) -> None:
    applicant = world.invite("301")
    async with invitee(world, applicant) as stubs:
        for guess in range(MAXIMUM_FAILED_ATTEMPTS):
            message = applicant.message(invitation_token=guess.to_bytes(32, "big"))
            assert await refused(stubs, message) is grpc.StatusCode.PERMISSION_DENIED
        assert await refused(stubs, applicant.message()) is grpc.StatusCode.PERMISSION_DENIED
    refusals = [
        entry for entry in world.store.read("test", list_entries) if entry.event is AuditEvent.ENROLMENT_REFUSED
    ]
    assert len(refusals) == MAXIMUM_FAILED_ATTEMPTS + 1


async def test_both_keys_must_be_proven(world: World) -> None:
    applicant = world.invite("301")
    other = Applicant(applicant.invitation)
    altered = bytearray(applicant.request)
    altered[-1] ^= 1
    rsa_request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .sign(rsa.generate_private_key(public_exponent=65537, key_size=2048), hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )
    unproven = [
        applicant.message(signing_key_proof=bytes(64)),
        applicant.message(signing_public_key=public_bytes(other.signing_key)),
        applicant.message(signing_key_proof=sign_bytes(applicant.signing_key, Label.SUMMARY, applicant.request)),
        applicant.message(certificate_request=other.request),
        *(
            applicant.message(
                certificate_request=request,
                signing_key_proof=sign_bytes(applicant.signing_key, Label.ENROLMENT, request),
            )
            for request in (bytes(altered), rsa_request, b"not a request")
        ),
    ]
    async with invitee(world, applicant) as stubs:
        for message in unproven:
            assert await refused(stubs, message) is grpc.StatusCode.INVALID_ARGUMENT
        await stubs.enrolment.Enrol(applicant.message())


@pytest.mark.parametrize(
    "change",
    [
        {"council_code": ""},
        {"council_code": "3010"},
        {"invitation_token": b""},
        {"invitation_token": bytes(31)},
        {"certificate_request": b""},
        {"certificate_request": bytes(5000)},
        {"signing_public_key": b""},
        {"signing_key_proof": b""},
    ],
    ids=str,
)
async def test_missing_and_malformed_fields_are_refused(world: World, change: dict[str, object]) -> None:
    applicant = world.invite("301")
    async with invitee(world, applicant) as stubs:
        assert await refused(stubs, applicant.message(**change)) is grpc.StatusCode.INVALID_ARGUMENT


def test_the_token_is_not_in_the_database(world: World) -> None:
    token = world.invite("301").invitation.token
    world.store.close()
    assert all(token not in path.read_bytes() for path in world.files.home.glob("coordinator.sqlite*"))


def test_only_current_councils_can_be_invited(world: World) -> None:
    for code in ("000", "999", "30", "drop"):
        with pytest.raises(UnknownCouncil):
            world.invite(code)


async def test_a_revoked_council_is_refused_on_the_connection_it_already_has(world: World) -> None:
    member, other = world.enrol("301"), world.enrol("302")
    async with world.serving() as address, world.connected(address, member.credentials) as stubs:
        await stubs.collections.Hello(HelloRequest(software_version="0.1.0"))
        membership.revoke(world.store, "301", world.clock())
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stubs.collections.Hello(HelloRequest(software_version="0.1.0"))
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
        async with world.connected(address, other.credentials) as others:
            await others.collections.Hello(HelloRequest(software_version="0.1.0"))


async def test_revoking_ends_invitations_and_waiting_requests_too(world: World) -> None:
    waiting, invited = world.invite("301"), world.invite("302")
    async with world.serving() as address:
        async with world.connected(address, waiting.credentials) as stubs:
            await stubs.enrolment.Enrol(waiting.message())
            for code in ("301", "302"):
                membership.revoke(world.store, code, world.clock())
            assert world.sign() == []
            assert await refused(stubs, waiting.message()) is grpc.StatusCode.UNAUTHENTICATED
        async with world.connected(address, invited.credentials) as stubs:
            assert await refused(stubs, invited.message()) is grpc.StatusCode.UNAUTHENTICATED
    with pytest.raises(UnknownCouncil):
        membership.revoke(world.store, "301", world.clock())


async def test_enrolling_again_replaces_the_certificate_before(world: World) -> None:
    old, new = world.enrol("301"), world.enrol("301")
    async with world.serving() as address:
        async with world.connected(address, old.credentials) as stubs:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await stubs.collections.Hello(HelloRequest(software_version="0.1.0"))
            assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
        async with world.connected(address, new.credentials) as stubs:
            await stubs.collections.Hello(HelloRequest(software_version="0.1.0"))
