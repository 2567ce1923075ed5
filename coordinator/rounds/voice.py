"""What the coordinator signs in a round."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf.message import Message

from protos.round.v1 import round_pb2 as pb
from protos.sa1 import transcript
from protos.sa1.strict import encode
from protos.sa1.transcript import Signature


class Voice:
    """Signs with the key that epochs name as the coordinator's."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_key = key.public_key().public_bytes_raw()

    def say(self, kind: Signature, message: Message) -> pb.Signed:
        """A message as nodes receive it."""
        payload = encode(message)
        return pb.Signed(payload=payload, sig=transcript.sign(self._key, kind, payload), signer=transcript.COORDINATOR)

    def receipt(self, message: tuple[bytes, str, pb.MessageKind], payload_sha256: bytes, now: int) -> pb.Receipt:
        """That a message of a round, by a node, of a kind, came with this payload."""
        round_id, node_id, kind = message
        body = pb.ReceiptBody(round_id=round_id, node_id=node_id, kind=kind, payload_sha256=payload_sha256, time=now)
        return pb.Receipt(body=self.say(Signature.RECEIPT, body))
