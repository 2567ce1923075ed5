"""A round's papers as the file that an auditor receives (`protos.sa1.audit` checks it)."""

from __future__ import annotations

from coordinator.rounds.records import RoundTranscript
from protos.round.v1 import round_pb2 as pb
from protos.round.v1 import transcript_pb2


def as_transcript(told: RoundTranscript) -> transcript_pb2.Transcript:
    """The file's content: every signed message as it came or left, and the sums of a published round."""
    record = told.record

    def of(kind: pb.MessageKind) -> list[pb.Signed]:
        listed = [pb.Signed.FromString(message.signed) for message in told.messages if message.kind == kind]
        return sorted(listed, key=lambda signed: signed.signer)

    def paper(content: bytes) -> pb.Signed | None:
        return pb.Signed.FromString(content) if content else None

    return transcript_pb2.Transcript(
        authority_key=told.epoch.authority_key,
        epoch=paper(told.epoch.signed),
        announce=paper(record.announce),
        manifest=paper(record.manifest),
        headers=of(pb.MESSAGE_KIND_REPORT),
        statement=paper(record.statement),
        abort_request=paper(record.abort_request),
        verdicts=of(pb.MESSAGE_KIND_VERDICT),
        reveals=of(pb.MESSAGE_KIND_REVEAL),
        certificate=pb.Certificate.FromString(record.certificate) if record.certificate else None,
        result=paper(record.result),
        sums=[transcript_pb2.Words(of=cell_id, words=words) for cell_id, words in sorted(told.sums.items())],
        vectors=[transcript_pb2.Words(of=node_id, words=words) for node_id, words in sorted(told.vectors.items())],
    )
