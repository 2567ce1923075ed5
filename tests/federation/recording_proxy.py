"""A proxy on the wire that opens the TLS of a link whose keys the test holds, and records every byte.

It stands between a node and the coordinator with a server certificate of the test's own authority, calls onward with
the node's own certificate, and keeps what it forwards in the clear. `Recording.texts` also decodes the header blocks of
HTTP/2 (RFC 9113, RFC 7541), which are Huffman-coded and would hide a text from a plain search.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from hpack import Decoder

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEADERS, _CONTINUATION = 1, 9
_END_HEADERS, _PADDED, _PRIORITY = 0x04, 0x08, 0x20


@dataclass(frozen=True)
class ClientFiles:
    """The certificate and key with which the proxy calls onward: the node's own."""

    certificate: Path
    key: Path


@dataclass
class Recording:
    """What went through: one stream of bytes per connection and direction, in the clear."""

    outward: list[bytearray] = field(default_factory=list)
    inward: list[bytearray] = field(default_factory=list)

    def texts(self) -> list[bytes]:
        """Every byte that left the node: raw, and the decoded headers."""
        return [bytes(stream) for stream in self.outward] + [decoded_headers(stream) for stream in self.outward]


def _header_block(kind: int, flags: int, payload: bytes) -> bytes:
    if kind == _HEADERS:
        padding = payload[0] if flags & _PADDED else 0
        payload = payload[1:] if flags & _PADDED else payload
        payload = payload[5:] if flags & _PRIORITY else payload
        return payload[: len(payload) - padding]
    return payload if kind == _CONTINUATION else b""


def _frames(stream: bytes | bytearray) -> Iterator[tuple[int, int, bytes]]:
    """The whole frames of one direction of a connection: type, flags, payload."""
    data = bytes(stream).removeprefix(_PREFACE)
    while len(data) >= 9 and len(data) >= 9 + int.from_bytes(data[:3], "big"):
        length = int.from_bytes(data[:3], "big")
        yield data[3], data[4], data[9 : 9 + length]
        data = data[9 + length :]


def decoded_headers(stream: bytes | bytearray) -> bytes:
    """The header fields of one direction of a connection, as lines `name: value`."""
    decoder, lines, block = Decoder(), [], b""
    for kind, flags, payload in _frames(stream):
        block += _header_block(kind, flags, payload)
        if kind in (_HEADERS, _CONTINUATION) and flags & _END_HEADERS:
            lines += [bytes(name) + b": " + bytes(value) for name, value in decoder.decode(block, raw=True)]
            block = b""
    return b"\n".join(lines)


def _received(source: ssl.SSLSocket) -> bytes | None:
    """What is there to read now: None when nothing is, no bytes when the other end has closed."""
    try:
        return source.recv(65536)
    except ssl.SSLWantReadError:
        return None


def _answered(stream: bytearray) -> bool:
    return any(kind == _HEADERS for kind, _, _ in _frames(stream))


def _forward(
    near: ssl.SSLSocket, far: ssl.SSLSocket, outward: bytearray, inward: bytearray, loses_answer: bool
) -> None:
    """Forwards both ways until an end closes. One thread: an SSL connection is not to be used by two at once.

    With `loses_answer` the connection breaks when the first answer to a call has arrived, before it is forwarded.
    """
    ways = ((near, far, outward), (far, near, inward))
    while True:
        ready, _, _ = select.select([near, far], [], [], 0.2)
        for source, target, record in ways:
            if source not in ready and not source.pending():
                continue
            source.setblocking(False)
            chunk = _received(source)
            source.setblocking(True)
            if chunk == b"":
                return
            if chunk:
                record += chunk
                if loses_answer and _answered(inward):
                    return
                target.sendall(chunk)


class _Proxy:
    def __init__(self, server: ssl.SSLContext, root: Path, upstream: int, client: Callable[[], ClientFiles]) -> None:
        self.recording = Recording()
        self.loses_answer_of: frozenset[int] = frozenset()
        self._server, self._root, self._upstream, self._client = server, root, upstream, client
        self._listener = socket.create_server(("localhost", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _accept(self) -> None:
        while True:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            self._start(self._serve, raw)

    def _serve(self, raw: socket.socket) -> None:
        files = self._client()
        onward = ssl.create_default_context(cafile=str(self._root))
        onward.load_cert_chain(files.certificate, files.key)
        onward.set_alpn_protocols(["h2"])
        with suppress(OSError):
            near = self._server.wrap_socket(raw, server_side=True)
            far = onward.wrap_socket(
                socket.create_connection(("localhost", self._upstream)), server_hostname="localhost"
            )
            outward, inward = bytearray(), bytearray()
            loses_answer = len(self.recording.outward) in self.loses_answer_of
            self.recording.outward.append(outward)
            self.recording.inward.append(inward)
            with near, far:
                _forward(near, far, outward, inward, loses_answer)

    def close(self) -> None:
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=5)


@contextmanager
def recording_proxy(
    *, certificate: Path, key: Path, root: Path, upstream_port: int, client: Callable[[], ClientFiles]
) -> Iterator[_Proxy]:
    """Listens on a free port of localhost and forwards to `upstream_port`; `.recording` holds what went through.

    `.loses_answer_of` names connections, counted from 0, that break when the coordinator has answered and before the
    node hears it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["h2"])
    proxy = _Proxy(context, root, upstream_port, client)
    try:
        yield proxy
    finally:
        proxy.close()
