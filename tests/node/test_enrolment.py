"""If these failed, a council could be enrolled as another, lose its key, or be locked out by a call that was cut off.

The other end is a real gRPC server over mutual TLS that answers as a test says, honest or not.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from node.enrolment import ask_for_certificate, begin, is_enrolled, read_invitation
from node.errors import CoordinatorRefused, CoordinatorUnreachable, IdentityRefused, InvitationRefused, NotEnrolled
from node.identity import IdentityFiles
from protos.enrolment.v1 import enrolment_pb2, enrolment_pb2_grpc
from protos.enrolment.v1.enrolment_pb2 import EnrolRequest, EnrolResponse
from protos.invitation import Invitation
from protos.signing import Label, verify_bytes
from tests.pki import TestAuthority

AUTHORITY = TestAuthority()
Answer = Callable[[EnrolRequest], EnrolResponse]


def issued(certificate: bytes) -> EnrolResponse:
    return EnrolResponse(state=enrolment_pb2.ENROLMENT_STATE_ISSUED, certificate_chain=certificate)


def requested_key(request: EnrolRequest) -> ec.EllipticCurvePublicKey:
    key = x509.load_der_x509_csr(request.certificate_request).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return key


def honest(request: EnrolRequest) -> EnrolResponse:
    certificate = AUTHORITY.issue(uris=["newlyn://council/301"], client=True, public_key=requested_key(request))
    return issued(certificate.certificate)


def pending(_: EnrolRequest) -> EnrolResponse:
    return EnrolResponse(state=enrolment_pb2.ENROLMENT_STATE_PENDING)


class Peer(enrolment_pb2_grpc.EnrolmentServiceServicer):
    """Answers as the test says, or refuses with a status."""

    def __init__(self) -> None:
        self.answer: Answer | grpc.StatusCode = honest
        self.received: list[EnrolRequest] = []

    def Enrol(self, request: EnrolRequest, context: grpc.ServicerContext) -> EnrolResponse:  # noqa: N802
        """The one call."""
        self.received.append(request)
        if isinstance(self.answer, grpc.StatusCode):
            context.abort(self.answer, "no")
        return self.answer(request)


@pytest.fixture
def peer() -> Peer:
    return Peer()


@pytest.fixture
def invitation(peer: Peer) -> Iterator[Invitation]:
    own, invitee = AUTHORITY.issue(dns=["localhost"], server=True), AUTHORITY.issue(client=True)
    server = grpc.server(ThreadPoolExecutor(max_workers=1), options=[("grpc.so_reuseport", 0)])
    enrolment_pb2_grpc.add_EnrolmentServiceServicer_to_server(peer, server)
    tls = grpc.ssl_server_credentials([(own.key, own.certificate)], AUTHORITY.certificate, require_client_auth=True)
    port = server.add_secure_port("localhost:0", tls)
    server.start()
    yield Invitation(
        council_code="301",
        council_name="Test",
        address=f"localhost:{port}",
        authority_certificate=AUTHORITY.certificate.decode(),
        invitee_certificate=invitee.certificate.decode(),
        invitee_key=invitee.key.decode(),
        coordinator_signing_key=bytes(32),
        epoch_authority_key=bytes(32),
        token=b"t" * 32,
        expires_at=datetime.now(UTC) + timedelta(days=1),
    )
    server.stop(0).wait()


@pytest.fixture
def files(tmp_path: Path, invitation: Invitation) -> IdentityFiles:
    made = IdentityFiles(tmp_path / "state")
    begin(made, invitation)
    return made


def test_a_council_becomes_a_member_and_its_invitation_is_gone(files: IdentityFiles, peer: Peer) -> None:
    assert ask_for_certificate(files, 5)
    assert is_enrolled(files)
    assert not files.invitation.exists()
    assert ask_for_certificate(files, 5)
    assert len(peer.received) == 1


def test_the_private_keys_stay_here_for_their_owner_alone(files: IdentityFiles, peer: Peer) -> None:
    ask_for_certificate(files, 5)
    sent = peer.received[0].SerializeToString()
    for path in (files.transport_key, files.signing_key):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        body = b"".join(path.read_bytes().splitlines()[1:-1])
        assert body[20:60] not in sent
    assert stat.S_IMODE(files.state.stat().st_mode) == 0o700


def test_the_signing_key_is_proved_over_the_request(files: IdentityFiles, peer: Peer) -> None:
    ask_for_certificate(files, 5)
    request = peer.received[0]
    verify_bytes(request.signing_public_key, Label.ENROLMENT, request.certificate_request, request.signing_key_proof)


def test_asking_again_repeats_the_same_request_with_the_same_keys(files: IdentityFiles, peer: Peer) -> None:
    """The coordinator refuses another request for a used token: a council would be locked out by a lost answer."""
    peer.answer = grpc.StatusCode.UNAVAILABLE
    with pytest.raises(CoordinatorUnreachable):
        ask_for_certificate(files, 5)
    peer.answer = pending
    assert not ask_for_certificate(files, 5)
    begin(files, Invitation.model_validate_json(files.invitation.read_text(encoding="utf-8")))
    peer.answer = honest
    assert ask_for_certificate(files, 5)
    assert len({request.SerializeToString(deterministic=True) for request in peer.received}) == 1


def _another_council(request: EnrolRequest) -> EnrolResponse:
    key = requested_key(request)
    return issued(AUTHORITY.issue(uris=["newlyn://council/302"], client=True, public_key=key).certificate)


def _another_key(_: EnrolRequest) -> EnrolResponse:
    return issued(AUTHORITY.issue(uris=["newlyn://council/301"], client=True).certificate)


def _two_names(request: EnrolRequest) -> EnrolResponse:
    uris = ["newlyn://council/301", "newlyn://council/302"]
    return issued(AUTHORITY.issue(uris=uris, client=True, public_key=requested_key(request)).certificate)


def _no_name(request: EnrolRequest) -> EnrolResponse:
    return issued(AUTHORITY.issue(client=True, public_key=requested_key(request)).certificate)


def _junk(_: EnrolRequest) -> EnrolResponse:
    return issued(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")


@pytest.mark.parametrize("answer", [_another_council, _another_key, _two_names, _no_name, _junk])
def test_a_certificate_that_is_not_this_councils_is_not_kept(files: IdentityFiles, peer: Peer, answer: Answer) -> None:
    peer.answer = answer
    with pytest.raises(CoordinatorRefused):
        ask_for_certificate(files, 5)
    assert not is_enrolled(files)
    peer.answer = honest
    assert ask_for_certificate(files, 5)


@pytest.mark.parametrize("status", [grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED])
def test_a_used_or_expired_invitation_is_told_apart_from_a_fault(
    files: IdentityFiles, peer: Peer, status: grpc.StatusCode
) -> None:
    peer.answer = status
    with pytest.raises(IdentityRefused):
        ask_for_certificate(files, 5)
    assert files.invitation.exists()


def test_without_an_invitation_there_is_nothing_to_ask_with(tmp_path: Path) -> None:
    with pytest.raises(NotEnrolled):
        ask_for_certificate(IdentityFiles(tmp_path), 5)


def test_an_invitation_is_read_whole_and_in_date_or_refused(tmp_path: Path, invitation: Invitation) -> None:
    path, now = tmp_path / "invitation.json", datetime.now(UTC)
    path.write_text(invitation.to_text(), encoding="utf-8")
    assert read_invitation(path, now) == invitation
    with pytest.raises(InvitationRefused, match="expired"):
        read_invitation(path, now + timedelta(days=2))
    path.write_text(invitation.to_text()[:-20], encoding="utf-8")
    with pytest.raises(InvitationRefused, match="altered"):
        read_invitation(path, now)
    with pytest.raises(InvitationRefused, match="cannot be read"):
        read_invitation(tmp_path / "elsewhere.json", now)
