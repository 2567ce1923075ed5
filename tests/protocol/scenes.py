"""A round's messages, as honest parties sent them, and a hand that changes one and signs it again with the right key.

What a reader refuses is then refused for what the message says, and not for a signature that no longer holds.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf.message import Message

from protos.round.v1 import round_pb2 as pb
from protos.sa1 import transcript
from protos.sa1.announces import Announce, read_announce
from protos.sa1.epochs import Epoch, read_epoch
from protos.sa1.rosters import Roster, read_manifest
from protos.sa1.statements import Statement, read_statement
from protos.sa1.strict import encode
from protos.sa1.transcript import AUTHORITY, COORDINATOR, Signature
from tests.protocol.model.rounds import Case, play
from tests.protocol.model.wire import Envelope

M = TypeVar("M", bound=Message)

NORTH, SOUTH = "X12000001", "X12000002"
TEN = Case(
    "ten councils in two groups",
    {
        NORTH: ["X00000001", "X00000002", "X00000003", "X00000004", "X00000005", "X00000006"],
        SOUTH: ["X00000007", "X00000008", "X00000009", "X00000010"],
    },
    absent_at_join=frozenset({"X00000006"}),
    absent_at_report=frozenset({"X00000003"}),
    min_cell=3,
    min_pct=67,
)
"""In NORTH one did not join and one did not report; in SOUTH everybody did. The committee is all ten, t is 7."""


def signed(envelope: Envelope) -> pb.Signed:
    """The model's message as it arrives."""
    return pb.Signed(payload=envelope.payload, sig=envelope.sig, signer=envelope.signer)


class Scene:
    """The messages of a case and what the production readers make of them."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.it = play(case)
        self.authority_pub = case.key("authority").public_key().public_bytes_raw()

    def key(self, signer: str) -> Ed25519PrivateKey:
        """The key that a signer of this round signs with."""
        return self.case.key(signer if signer in (AUTHORITY, COORDINATOR) else f"{signer}/idk")

    def say(self, kind: Signature, message: Message, signer: str) -> pb.Signed:
        """A message under a signature that holds."""
        payload = encode(message)
        return pb.Signed(payload=payload, sig=transcript.sign(self.key(signer), kind, payload), signer=signer)

    def changed(
        self, kind: Signature, message_type: type[M], original: pb.Signed, change: Callable[[M], object]
    ) -> pb.Signed:
        """A message with `change` made to it, signed again."""
        message = message_type.FromString(original.payload)
        change(message)
        return self.say(kind, message, original.signer)

    @cached_property
    def epoch_message(self) -> pb.Signed:
        """The Epoch."""
        return signed(self.it.epoch)

    @cached_property
    def announce_message(self) -> pb.Signed:
        """The RoundAnnounce."""
        return signed(self.it.announce)

    @cached_property
    def manifest_message(self) -> pb.Signed:
        """The RoundManifest."""
        return signed(self.it.manifest)

    @cached_property
    def statement_message(self) -> pb.Signed:
        """The Statement."""
        return signed(self.it.statement)

    @cached_property
    def headers(self) -> list[pb.Signed]:
        """The ReportHeaders that the statement names, in its order."""
        return [signed(self.it.reports[node_id].envelope) for nodes in self.it.released.values() for node_id in nodes]

    @cached_property
    def verdicts(self) -> list[pb.Signed]:
        """Everybody's COMMIT, sorted."""
        return [signed(verdict) for verdict in self.it.verdicts]

    @cached_property
    def aborts(self) -> list[pb.Signed]:
        """Everybody's ABORT, sorted."""
        return [signed(verdict) for verdict in self.it.aborts]

    @cached_property
    def epoch(self) -> Epoch:
        """The checked epoch."""
        return read_epoch(self.epoch_message, self.authority_pub)

    @cached_property
    def announce(self) -> Announce:
        """The checked announcement."""
        return read_announce(self.announce_message, self.epoch)

    @cached_property
    def roster(self) -> Roster:
        """The checked manifest."""
        return read_manifest(self.manifest_message, self.announce, self.epoch)

    @cached_property
    def statement(self) -> Statement:
        """The checked statement."""
        return read_statement(self.statement_message, self.headers, self.announce, self.roster, self.epoch)
