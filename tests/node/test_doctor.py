"""If these failed, a council would be told "unavailable" where the clock, a proxy or a certificate is the cause.

Each fault is a real listening socket with real certificates; the doctor has to tell them apart.
"""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from node.config import NodeConfig, load_config
from node.doctor import Finding, Verdict, check_certificate, examine
from node.identity import IdentityFiles, ensure_keys, write_private
from tests.pki import Credentials, TestAuthority

AUTHORITY = TestAuthority("Enrolment authority")
NOW = datetime.now(UTC)


def now() -> datetime:
    return NOW


def configure(folder: Path, port: int, host: str = "localhost", certificate: Credentials | None = None) -> NodeConfig:
    (folder / "node.toml").write_text(
        f"""state = "state"
[council]
code = "301"
name = "Test"
[coordinator]
address = "{host}:{port}"
signing_key = "{base64.b64encode(bytes(32)).decode()}"
[returns]
folder = "returns"
[agent]
deadline_seconds = 2
""",
        encoding="utf-8",
    )
    config = load_config(folder / "node.toml")
    files = IdentityFiles(config.state)
    ensure_keys(files)
    own = certificate or AUTHORITY.issue(uris=["newlyn://council/301"], client=True, ends=timedelta(days=365))
    write_private(files.authority, AUTHORITY.certificate)
    write_private(files.certificate, own.certificate)
    write_private(files.transport_key, own.key)
    return config


@contextmanager
def tls_server(folder: Path, credentials: Credentials) -> Iterator[int]:
    (folder / "server.pem").write_bytes(credentials.certificate)
    (folder / "server.key").write_bytes(credentials.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    with serving(lambda connection: context.wrap_socket(connection, server_side=True).close()) as port:
        yield port


@contextmanager
def strict_server(folder: Path, credentials: Credentials) -> Iterator[int]:
    """Asks for a certificate of our authority, and greets whoever has one."""
    (folder / "server.pem").write_bytes(credentials.certificate)
    (folder / "server.key").write_bytes(credentials.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    context.load_verify_locations(cadata=AUTHORITY.certificate.decode())
    context.verify_mode = ssl.CERT_REQUIRED

    def greet(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.sendall(b"hello")

    with serving(greet) as port:
        yield port


@contextmanager
def serving(answer: object) -> Iterator[int]:
    listener = socket.create_server(("localhost", 0))
    listener.settimeout(0.1)
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            connection.settimeout(2)
            try:
                answer(connection)  # type: ignore[operator]
            except OSError:
                pass
            finally:
                connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stop.set()
        thread.join()
        listener.close()


def failed(config: NodeConfig, environment: dict[str, str] | None = None) -> Finding:
    findings = [finding for finding in examine(config, now, environment or {}) if finding.verdict is Verdict.FAILED]
    assert len(findings) == 1, findings
    assert findings[0].next_step
    return findings[0]


def server(**names: object) -> Credentials:
    return AUTHORITY.issue(server=True, **({"dns": ["localhost"]} | names))  # type: ignore[arg-type]


def test_tls_inspection_is_recognised_and_the_inspector_named(tmp_path: Path) -> None:
    inspector = TestAuthority("Council Web Filter")
    with tls_server(tmp_path, inspector.issue(dns=["localhost"], server=True)) as port:
        finding = failed(configure(tmp_path, port))
    assert finding.check == "server certificate"
    assert "Council Web Filter" in finding.found
    assert "inspection" in finding.next_step


def test_an_expired_server_certificate_or_a_wrong_clock(tmp_path: Path) -> None:
    old = server(starts=timedelta(days=-30), ends=timedelta(days=-1))
    with tls_server(tmp_path, old) as port:
        finding = failed(configure(tmp_path, port))
    assert "out of date" in finding.found
    assert "clock" in finding.next_step


def test_a_certificate_for_another_name(tmp_path: Path) -> None:
    with tls_server(tmp_path, server(dns=["elsewhere.example"])) as port:
        finding = failed(configure(tmp_path, port))
    assert "not for localhost" in finding.found


def test_a_blocked_port(tmp_path: Path) -> None:
    with socket.create_server(("localhost", 0)) as taken:
        port = taken.getsockname()[1]
    finding = failed(configure(tmp_path, port))
    assert finding.check == "port"
    assert str(port) in finding.next_step


def test_a_name_that_does_not_resolve(tmp_path: Path) -> None:
    finding = failed(configure(tmp_path, 443, host="coordinator.invalid"))
    assert finding.check == "name"


def test_something_that_does_not_speak_tls(tmp_path: Path) -> None:
    with serving(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        finding = failed(configure(tmp_path, port))
    assert "cut off" in finding.found


def test_a_good_handshake_is_not_enough_the_coordinator_must_answer(tmp_path: Path) -> None:
    with tls_server(tmp_path, server()) as port:
        finding = failed(configure(tmp_path, port))
    assert finding.check == "acceptance"


def test_a_certificate_that_another_authority_signed(tmp_path: Path) -> None:
    stranger = TestAuthority("Another authority").issue(uris=["newlyn://council/301"], client=True)
    good = AUTHORITY.issue(uris=["newlyn://council/301"], client=True, ends=timedelta(days=365))
    with strict_server(tmp_path, server()) as port:
        finding = failed(configure(tmp_path, port, certificate=stranger))
        accepted = examine(configure(tmp_path, port, certificate=good), now, {})
    assert finding.check == "acceptance"
    assert {found.check: found.verdict for found in accepted}["acceptance"] is Verdict.OK


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [(timedelta(days=365), Verdict.OK), (timedelta(days=10), Verdict.LOOK), (timedelta(hours=-1), Verdict.FAILED)],
)
def test_the_nodes_own_certificate_is_watched(tmp_path: Path, ends: timedelta, verdict: Verdict) -> None:
    own = AUTHORITY.issue(uris=["newlyn://council/301"], client=True, ends=ends)
    assert check_certificate(configure(tmp_path, 1, certificate=own), NOW).verdict is verdict


def test_a_state_folder_open_to_others_is_pointed_out(tmp_path: Path) -> None:
    config = configure(tmp_path, 1)
    config.state.chmod(0o755)
    findings = {finding.check: finding for finding in examine(config, now, {})}
    assert findings["state"].verdict is Verdict.LOOK
