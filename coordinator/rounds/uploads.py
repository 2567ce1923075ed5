"""Reports whose upload was interrupted go on where they stopped (secure aggregation reference, B.8, item 6).

What is held is a node's own masked words, under the header that it signed. It is believed no more than what arrives:
the whole vector must have the digest of its header, and whatever is refused is dropped, so that nothing stale stays.
"""

from __future__ import annotations

from collections.abc import Callable

from coordinator.refusals import Malformed
from coordinator.rounds.intake import read_incoming
from coordinator.rounds.reader import Reader
from coordinator.rounds.records import BegunUpload, DeskStore, Phase, RoundBook
from coordinator.rounds.report_stream import CHUNK_BYTES
from protos.round.v1 import round_pb2 as pb
from protos.sa1.refusal import Refused
from protos.sa1.statements import read_header


class ReportUploads:
    """The first chunks of unfinished reports. `clock` gives seconds since 1970-01-01 UTC."""

    def __init__(self, store: DeskStore, clock: Callable[[], int]) -> None:
        self._store = store
        self._clock = clock
        self._reader = Reader()

    def keep(self, node_id: str, header: pb.Signed, seq: int, data: bytes) -> None:
        """Keeps a whole chunk, unless the round takes no report under this header from this node now: then nothing is
        kept, and the report is judged when it is complete. Raises Malformed or MessageNotAccepted as
        `coordinator.rounds.intake.read_incoming` does."""
        incoming = read_incoming(node_id, pb.MESSAGE_KIND_REPORT, header)

        def work(book: RoundBook) -> None:
            record = book.find_round(incoming.round_id)
            if record is None or record.phase is not Phase.REPORTING:
                return
            epoch, announce = self._reader.epoch(book, record.epoch_hash), self._reader.announce(book, record)
            over = self._clock() >= announce.t_report
            past_end = (seq + 1) * CHUNK_BYTES >= announce.length * announce.width // 8
            if over or past_end or book.find_message(record.round_id, node_id, incoming.kind) is not None:
                return
            try:
                read_header(header, announce, self._reader.roster(book, record), epoch)
            except Refused:
                return
            book.put_chunk(BegunUpload(record.round_id, incoming.payload_sha256, seq), node_id, data)

        self._store.write("keep chunk", work)

    def held(self, node_id: str, header: pb.Signed, count: int) -> list[bytes]:
        """The first `count` chunks of a report. Raises Malformed where fewer are held under this header."""
        incoming = read_incoming(node_id, pb.MESSAGE_KIND_REPORT, header)
        digest = incoming.payload_sha256
        chunks = self._store.read("held chunks", lambda book: book.chunks(incoming.round_id, node_id, digest))
        if len(chunks) < count:
            raise Malformed
        return chunks[:count]

    def begun(self, node_id: str) -> list[pb.UploadBegun]:
        """What a node need not send again."""
        uploads = self._store.read("begun uploads", lambda book: book.begun_uploads(node_id))
        return [
            pb.UploadBegun(round_id=upload.round_id, header_sha256=upload.header_sha256, chunks=upload.chunks)
            for upload in uploads
        ]

    def drop(self, node_id: str, round_id: bytes) -> None:
        """Forgets what is held of a report."""
        self._store.write("drop chunks", lambda book: book.erase_chunks(round_id, node_id))
