"""A report as it arrives: its header, then its vector in chunks, then its shares, never more than was announced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coordinator.refusals import Malformed
from protos.round.v1 import round_pb2 as pb
from protos.sa1 import strict

CHUNK_BYTES = 1 << 20
"""A chunk is not larger."""


@dataclass(frozen=True)
class ArrivedReport:
    """A whole report; nothing of it has been checked but its order and size."""

    header: pb.Signed
    vector: bytes
    shares: tuple[bytes, ...]


class ReportAssembly:
    """Puts the parts of one report together. `vector_bytes` is the length that its round asks for."""

    def __init__(self, header: pb.Signed, vector_bytes: int) -> None:
        self._header = header
        self._vector = bytearray()
        self._vector_bytes = vector_bytes
        self._chunks = 0
        self._shares: tuple[bytes, ...] | None = None

    def resumes_at(self, part: pb.ReportPart) -> int:
        """How many chunks this part leaves out, as the first after the header: those that are held from before."""
        return part.chunk.seq if not self._chunks and part.WhichOneof("part") == "chunk" else 0

    def resume(self, held: Sequence[bytes]) -> None:
        """Begins with chunks that are held. Raises Malformed for more than the round asks for."""
        for seq, data in enumerate(held):
            self.add(pb.ReportPart(chunk=pb.Chunk(seq=seq, data=data)))

    @property
    def to_keep(self) -> bool:
        """Whether the last chunk is worth keeping: it is whole, as are those before it, and not the vector's last. A
        report of one chunk has none."""
        length = len(self._vector)
        return self._shares is None and 0 < length == self._chunks * CHUNK_BYTES < self._vector_bytes

    def add(self, part: pb.ReportPart) -> None:
        """The next part. Raises Malformed for one out of order, and for more than the round asks for."""
        kind = part.WhichOneof("part")
        if self._shares is not None:
            raise Malformed
        if kind == "chunk" and part.chunk.seq == self._chunks and 0 < len(part.chunk.data) <= CHUNK_BYTES:
            if len(self._vector) + len(part.chunk.data) > self._vector_bytes:
                raise Malformed
            self._vector += part.chunk.data
            self._chunks += 1
        elif kind == "shares" and len(self._vector) == self._vector_bytes:
            self._shares = tuple(part.shares.b_share_ct)
        else:
            raise Malformed

    def whole(self) -> ArrivedReport:
        """The report. Raises Malformed where a part is missing."""
        if self._shares is None:
            raise Malformed
        return ArrivedReport(self._header, bytes(self._vector), self._shares)


def round_of(header: pb.Signed) -> bytes:
    """The id of the round that a header says it is for. Raises Malformed for a payload that is no header."""
    try:
        return strict.parse(pb.ReportHeader, header.payload).round_id
    except strict.Malformed as error:
        raise Malformed from error


def report_header(part: pb.ReportPart) -> pb.Signed:
    """The header in the first part. Raises Malformed where that is another part."""
    if part.WhichOneof("part") != "header":
        raise Malformed
    return part.header
