"""Real processes on a real wire: what a node says and sends is the same whatever one child's records are, or a bad one.

Two councils of one coordinator, each behind a proxy whose keys the test holds. If these failed, something that no test
inside the process sees (a header, a frame, a line of a command, an exit code, a file) would tell them apart. Privacy
reference 12; faults of other kinds and times of sending: `test_silence_of_returns`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate
from hpack import Encoder

from node.identity import IdentityFiles
from protos.round.v1.round_pb2 import SignedRecord
from tests.federation.house import House, Ran, house
from tests.federation.recording_proxy import ClientFiles, _frames, decoded_headers, recording_proxy
from tests.node.ssda903_csv import episode, write_returns
from tests.privacy.differing_councils import BASE, CHILDREN, REQUEST, files_of

_DATA = 0
_EPISODES = "2025/episodes.csv"


@dataclass(frozen=True)
class Seen:
    """What one council showed: on the wire, connection by connection, then by its commands, then in its folder."""

    headers: tuple[frozenset[bytes], ...]
    data: tuple[tuple[int, ...], ...]
    said: tuple[tuple[int, str, str], ...]
    files: tuple[tuple[str, int], ...]


def _headers(stream: bytes | bytearray) -> frozenset[bytes]:
    """The header fields of a connection, but for the proxy's port and how long a call may still take."""
    own = (b"grpc-timeout: ", b":authority: ")
    return frozenset(line for line in decoded_headers(stream).splitlines() if not line.startswith(own))


def _size(message: bytes, certificate: bytes) -> int:
    """The size of a message; of the record of a council's keys, but for the certificate and the signature in it, which
    differ in length by chance (ASN.1)."""
    if certificate not in message:
        return len(message)
    record = SignedRecord.FromString(message[_GRPC_PREFIX:])
    return len(message) - len(record.certificate) - len(record.node_sig)


def _data(stream: bytes | bytearray, certificate: bytes) -> tuple[int, ...]:
    """The sizes of the messages of a connection."""
    return tuple(_size(bytes(payload), certificate) for kind, _, payload in _frames(stream) if kind == _DATA)


_GRPC_PREFIX = 5
"""A byte and a length before each message (gRPC over HTTP/2)."""

_OWN = {"council", "since", "time"}
"""What a council says of itself, and when."""


def _but_own(line: str) -> str:
    return json.dumps({name: value for name, value in json.loads(line).items() if name not in _OWN})


def _said(ran: Ran) -> tuple[int, str, str]:
    """What a command ended with, printed and logged, both as JSON."""
    printed = json.loads(ran.stdout)
    for release in printed.get("releases", ()):
        release.pop("since")
    return ran.exit_code, _but_own(json.dumps(printed)), "\n".join(map(_but_own, ran.stderr.splitlines()))


def _files(folder: Path) -> tuple[tuple[str, int], ...]:
    """Names and sizes in the state folder, but for keys and certificates, which differ by what they encode."""
    return tuple(
        (str(path.relative_to(folder)), path.stat().st_size)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in {".pem", ".key", ".json", ".csr"}
    )


def _seen(world: House, folder: Path, code: str, files: Mapping[str, str | bytes]) -> Seen:
    """A council's first poll, in which it measures and sends, and what it says afterwards."""
    council = world.enrol(code, write_returns(folder / code / "returns", files))
    council.edit('approval = "named"', 'approval = "automatic"')
    identity = IdentityFiles(council.state)
    certificate = load_pem_x509_certificate(identity.certificate.read_bytes()).public_bytes(Encoding.DER)
    with recording_proxy(
        certificate=world.coordinator / "server.pem",
        key=world.coordinator / "server.key",
        root=world.coordinator / "authority.pem",
        upstream_port=world.port,
        client=lambda: ClientFiles(identity.certificate, identity.transport_key),
    ) as proxy:
        council.edit(f"localhost:{world.port}", f"localhost:{proxy.port}")
        said = [council.node(*command, "--format", "json") for command in (("run", "--once"), ("status",))]
        return Seen(
            tuple(map(_headers, proxy.recording.outward)),
            tuple(_data(stream, certificate) for stream in proxy.recording.outward),
            tuple(map(_said, said)),
            _files(council.state),
        )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("silence")) as made:
        made.open(REQUEST.indicators)
        yield made


@pytest.fixture(scope="module")
def base(world: House, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """What the council with the returns `BASE` shows."""
    return _seen(world, tmp_path_factory.mktemp("base"), "301", BASE)


def test_two_councils_cannot_be_told_apart(world: House, base: Seen, tmp_path: Path) -> None:
    """One of them has a child less, and a row that cannot be read."""
    unreadable = episode("Q99", "31/02/2024") + "\n"
    files = files_of(*CHILDREN[:-1])
    other = _seen(world, tmp_path, "302", {**files, _EPISODES: files[_EPISODES] + unreadable})
    assert other.said == base.said
    assert other.headers == base.headers
    assert other.data == base.data
    assert other.files == base.files


def test_what_is_looked_at_is_there(base: Seen) -> None:
    assert [code for code, _, _ in base.said] == [0, 0]
    assert all('"sent"' in printed for _, printed, _ in base.said)
    assert "summary acknowledged" in base.said[0][2]
    calls = [line for connection in base.headers for line in connection if line.startswith(b":path: ")]
    assert sum(call.endswith(b"/SubmitSummary") for call in calls) == 1
    assert max(max(sizes) for sizes in base.data) > 500


def test_control_a_header_and_a_longer_message_are_found() -> None:
    def stream(*fields: tuple[str, str], body: bytes) -> bytes:
        block = Encoder().encode([(":path", "/a"), *fields])
        return (
            len(block).to_bytes(3, "big") + bytes([1, 4]) + (1).to_bytes(4, "big") + block
            + len(body).to_bytes(3, "big") + bytes([_DATA, 1]) + (1).to_bytes(4, "big") + body
        )  # fmt: skip

    silent = stream(("grpc-timeout", "9S"), body=b"12")
    assert _headers(silent) == _headers(stream(("grpc-timeout", "10S"), body=b"123"))
    assert _headers(silent) != _headers(stream(("x-rows", "12"), body=b"12"))
    none = b"no certificate"
    assert _data(silent, none) != _data(stream(body=b"123"), none)
