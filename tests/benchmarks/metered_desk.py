"""The coordinator's desk as the nodes of a benchmark see it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TypeVar

from coordinator.rounds.desk import RoundDesk
from protos.round.v1 import round_pb2 as pb

Answer = TypeVar("Answer", pb.PollResponse, pb.Receipt)


class MeteredDesk:
    """The desk as nodes see it: how long it worked, and what went over the wire, by node."""

    def __init__(self, desk: RoundDesk) -> None:
        self._desk = desk
        self.cpu = 0.0
        self.bytes: defaultdict[str, int] = defaultdict(int)

    def _metered(self, node_id: str, sent: int, call: Callable[[], Answer]) -> Answer:
        began = time.process_time()
        answer = call()
        self.cpu += time.process_time() - began
        self.bytes[node_id] += sent + answer.ByteSize()
        return answer

    def poll(self, node_id: str, request: pb.PollRequest) -> pb.PollResponse:
        return self._metered(node_id, request.ByteSize(), lambda: self._desk.poll(node_id, request))

    def submit_join(self, node_id: str, submission: pb.JoinSubmission) -> pb.Receipt:
        return self._metered(node_id, submission.ByteSize(), lambda: self._desk.submit_join(node_id, submission))

    def submit_report(self, node_id: str, header: pb.Signed, vector: bytes, shares: Sequence[bytes]) -> pb.Receipt:
        dealt = pb.ShareCiphertexts(b_share_ct=shares)
        sent = header.ByteSize() + len(vector) + dealt.ByteSize()
        return self._metered(node_id, sent, lambda: self._desk.submit_report(node_id, header, vector, shares))

    def submit_verdict(self, node_id: str, signed: pb.Signed) -> pb.Receipt:
        return self._metered(node_id, signed.ByteSize(), lambda: self._desk.submit_verdict(node_id, signed))

    def submit_reveal(self, node_id: str, signed: pb.Signed) -> pb.Receipt:
        return self._metered(node_id, signed.ByteSize(), lambda: self._desk.submit_reveal(node_id, signed))
