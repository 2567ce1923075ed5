"""Reading signed payloads so that equal hashes mean equal readings (secure aggregation reference, B.2).

protobuf accepts unknown fields, a field given twice, and other encodings of the same number. A payload is taken only if
writing it again, without unknown fields and in the fixed order, gives the bytes that arrived.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

from google.protobuf.message import DecodeError, Message

M = TypeVar("M", bound=Message)


class Malformed(Exception):
    """A payload that is not a message of this protocol. The text never holds content."""


def parse(kind: type[M], payload: bytes) -> M:
    """The message of a payload. Raises Malformed for any that is not written in the one way."""
    try:
        message = kind.FromString(payload)
    except DecodeError as error:
        raise Malformed(f"not a {kind.DESCRIPTOR.name}") from error
    message.DiscardUnknownFields()
    if encode(message) != payload:
        raise Malformed(f"a {kind.DESCRIPTOR.name} that is not written in the one way")
    return message


def encode(message: Message) -> bytes:
    """A message in the one way it is written."""
    return message.SerializeToString(deterministic=True)


def need_length(content: bytes, length: int, what: str) -> None:
    """Raises Malformed unless `content` has exactly that many bytes."""
    if len(content) != length:
        raise Malformed(f"{what} is not {length} bytes long")


def need_sorted(names: Sequence[str], what: str) -> None:
    """Raises Malformed unless the names are strictly increasing, as ASCII bytes."""
    if not all(name and name.isascii() for name in names):
        raise Malformed(f"{what} is empty or not ASCII")
    if any(one >= other for one, other in pairwise(names)):
        raise Malformed(f"{what} is out of order, or there twice")
