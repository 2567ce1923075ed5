"""The payloads of round.proto, field by field (Protocol Buffers encoding): defaults left out, numbers in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Value = int | bytes | str


def varint(number: int) -> bytes:
    """Seven bits a byte, least significant first."""
    out = b""
    while number > 127:
        out += bytes([number % 128 + 128])
        number //= 128
    return out + bytes([number])


def present(number: int, value: Value) -> bytes:
    """One field, also where it holds its default: an entry of a list, a message, a choice."""
    if isinstance(value, int):
        return varint(number * 8) + varint(value)
    content = value.encode() if isinstance(value, str) else value
    return varint(number * 8 + 2) + varint(len(content)) + content


def fields(*values: Value | Sequence[bytes] | Sequence[str]) -> bytes:
    """A message whose fields are numbered 1, 2, 3, ... in this order."""
    out = b""
    for number, value in enumerate(values, 1):
        if isinstance(value, int | bytes | str):
            out += present(number, value) if value else b""
        else:
            out += b"".join(present(number, entry) for entry in value)
    return out


@dataclass(frozen=True)
class Envelope:
    """A Signed."""

    payload: bytes
    sig: bytes
    signer: str

    @property
    def encoded(self) -> bytes:
        """As it travels inside another message."""
        return fields(self.payload, self.sig, self.signer)


RELEASE, WITHHELD = 1, 2
A, B = 1, 2
JOIN, REPORT, VERDICT, REVEAL = 1, 2, 3, 4


def commit(round_id: bytes, announce_hash: bytes, node_id: str, manifest_hash: bytes, stmt_hash: bytes) -> bytes:
    """A Verdict that commits."""
    return fields(round_id, announce_hash, node_id) + present(4, fields(manifest_hash, stmt_hash))


def abort(round_id: bytes, announce_hash: bytes, node_id: str) -> bytes:
    """A Verdict that aborts."""
    return fields(round_id, announce_hash, node_id) + present(5, b"")
