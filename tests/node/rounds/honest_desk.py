"""A coordinator that follows the protocol, from the rules of `protos.sa1` alone: no disk, no time of its own.

It says what a test asks it to say, and takes in what nodes say, so that a test can also make it say something else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message

from frameworks.plan import ReleasePlan
from node.rounds.machine import Outgoing
from protos.round.v1 import round_pb2 as pb
from protos.round.v1 import transcript_pb2
from protos.sa1 import transcript
from protos.sa1.announces import Announce, read_announce, ring_width
from protos.sa1.masking import to_ring
from protos.sa1.rosters import Roster, read_manifest
from protos.sa1.sealing import SUITE
from protos.sa1.strict import encode
from protos.sa1.transcript import COORDINATOR, Signature
from tests.protocol.epochs import MadeUpEpoch

START = 1_800_000_000
"""When everything begins; a round's parts follow each other at a distance of 100 seconds."""


@dataclass
class DeskRound:
    """A round as the desk knows it: what each node said, by node_id."""

    announced: pb.Signed
    announce: Announce
    joins: dict[str, pb.JoinSubmission] = field(default_factory=dict)
    reports: dict[str, tuple[pb.Signed, bytes, list[bytes]]] = field(default_factory=dict)
    verdicts: dict[str, pb.Signed] = field(default_factory=dict)
    reveals: dict[str, pb.Signed] = field(default_factory=dict)


class HonestDesk:
    """The desk of one release's rounds over the groups of an epoch."""

    def __init__(self, made: MadeUpEpoch, plan: ReleasePlan) -> None:
        self.made = made
        self.plan = plan
        self.rounds: dict[bytes, DeskRound] = {}

    def say(self, kind: Signature, message: Message) -> pb.Signed:
        """A message under the coordinator's signature."""
        payload = encode(message)
        return pb.Signed(
            payload=payload, sig=transcript.sign(self.made.coordinator_key, kind, payload), signer=COORDINATOR
        )

    def announce(self, number: int = 1, *, at: int = START, **changes: Any) -> DeskRound:
        """Announces a round; `number` gives it its id."""
        secure, epoch = self.plan.secure, self.made.epoch
        assert secure is not None
        largest = max(map(len, epoch.partitions[secure.groups].values()))
        values: dict[str, Any] = {
            "round_id": number.to_bytes(16, "big"),
            "epoch_hash": epoch.hash,
            "collection_id": f"{self.plan.collection_id}/{self.plan.release_id}",
            "query_hash": self.plan.plan_hash,
            "d": self.plan.length,
            "w": ring_width(largest, secure.entry_bound),
            "abs_bound": secure.entry_bound,
            "partition_id": secure.groups,
            "min_cell": 2,
            "min_pct": 50,
            "max_dropped": secure.max_dropped,
            "max_colluding": secure.max_colluding,
            "suite": SUITE,
            "dp_spec_hash": self.plan.noise_hash,
            "announced_at": at,
            "not_before": at,
            "t_join": at + 100,
            "t_report": at + 200,
            "t_commit": at + 300,
            "t_reveal": at + 400,
        }
        signed = self.say(Signature.ANNOUNCE, pb.RoundAnnounce(**values | changes))
        running = DeskRound(signed, read_announce(signed, epoch))
        self.rounds[running.announce.round_id] = running
        return running

    def manifest(self, of: DeskRound, joined: Iterable[str] | None = None) -> pb.Signed:
        """The manifest of those who joined, or of some of them."""
        roster = [of.joins[node_id].join for node_id in sorted(of.joins if joined is None else joined)]
        announce = of.announce
        message = pb.RoundManifest(round_id=announce.round_id, announce_hash=announce.hash, roster=roster)
        return self.say(Signature.MANIFEST, message)

    def roster(self, of: DeskRound, manifest: pb.Signed | None = None) -> Roster:
        """The roster of a manifest, by default that of all who joined."""
        return read_manifest(manifest or self.manifest(of), of.announce, self.made.epoch)

    def statement(
        self,
        of: DeskRound,
        survivors: Iterable[str] | None = None,
        *,
        manifest: pb.Signed | None = None,
        withheld: Sequence[str] = (),
    ) -> pb.Signed:
        """The statement that all who reported survived, or some of them."""
        roster = self.roster(of, manifest)
        chosen = set(of.reports if survivors is None else survivors)
        cells = []
        for cell_id, nodes in sorted(roster.cells.items()):
            if cell_id in withheld:
                cells.append(pb.StatementCell(cell_id=cell_id, outcome=pb.CELL_OUTCOME_WITHHELD))
                continue
            hashes = [transcript.header_hash(of.reports[node][0].payload) for node in nodes if node in chosen]
            cells.append(pb.StatementCell(cell_id=cell_id, outcome=pb.CELL_OUTCOME_RELEASE, header_hash=hashes))
        announce = of.announce
        message = pb.Statement(
            round_id=announce.round_id, announce_hash=announce.hash, manifest_hash=roster.hash, cells=cells
        )
        return self.say(Signature.STATEMENT, message)

    def statement_work(
        self, of: DeskRound, member: str, statement: pb.Signed | None = None, *, manifest: pb.Signed | None = None
    ) -> pb.Work:
        """A statement with its headers, and this member's ciphertexts."""
        statement = statement or self.statement(of, manifest=manifest)
        by_hash = {transcript.header_hash(signed.payload): signed for signed, _, _ in of.reports.values()}
        cells = pb.Statement.FromString(statement.payload).cells
        listed = [by_hash[each] for cell in cells for each in cell.header_hash]
        survivors = {header.signer for header in listed}
        place = self.made.epoch.committee.index(member)
        roster = self.roster(of, manifest)
        return pb.Work(
            statement=pb.StatementWork(
                statement=statement,
                headers=listed,
                a_share_ct=[of.joins[entry.node_id].a_share_ct[place] for entry in roster.entries],
                b_share_ct=[
                    of.reports[entry.node_id][2][place] if entry.node_id in survivors else b""
                    for entry in roster.entries
                ],
            )
        )

    def abort_request(self, of: DeskRound) -> pb.Work:
        """What asks members to abort."""
        announce = of.announce
        message = pb.AbortRequest(round_id=announce.round_id, announce_hash=announce.hash)
        return pb.Work(abort_request=self.say(Signature.ABORT_REQUEST, message))

    def certificate(self, of: DeskRound, verdicts: Iterable[pb.Signed] | None = None) -> pb.Certificate:
        """What members decided, by default with the votes of all who voted."""
        listed: list[pb.Signed] = list(of.verdicts.values() if verdicts is None else verdicts)
        listed.sort(key=lambda signed: signed.signer)
        return pb.Certificate(verdicts=listed)

    def abort_certificate(self, of: DeskRound) -> pb.Certificate:
        """A certificate of ABORTs by the whole committee, whose keys the test holds."""
        announce, aborts = of.announce, []
        for member in sorted(self.made.epoch.committee):
            verdict = pb.Verdict(round_id=announce.round_id, announce_hash=announce.hash, node_id=member)
            verdict.abort.SetInParent()
            aborts.append(self.made.nodes[member].signed(Signature.VERDICT, encode(verdict)))
        return pb.Certificate(verdicts=aborts)

    def certificate_work(self, of: DeskRound, certificate: pb.Certificate | None = None) -> pb.Work:
        """A certificate as it is told."""
        told = certificate or self.certificate(of)
        return pb.Work(certificate=pb.CertificateWork(round_id=of.announce.round_id, certificate=told))

    def result(self, of: DeskRound, statement: pb.Signed, sums: dict[str, list[int]]) -> pb.Signed:
        """The result of a round whose sums by group are known."""
        roster = self.roster(of)
        survivors = {
            node
            for node, (signed, _, _) in of.reports.items()
            if any(
                transcript.header_hash(signed.payload) in cell.header_hash
                for cell in pb.Statement.FromString(statement.payload).cells
            )
        }
        cells = []
        for cell_id, nodes in sorted(roster.cells.items()):
            if cell_id not in sums:
                cells.append(pb.CellResult(cell_id=cell_id, outcome=pb.CELL_OUTCOME_WITHHELD))
                continue
            cells.append(
                pb.CellResult(
                    cell_id=cell_id,
                    outcome=pb.CELL_OUTCOME_RELEASE,
                    sum_digest=hashlib.sha256(self.words(of, sums[cell_id])).digest(),
                    survivors=[node for node in nodes if node in survivors],
                    dropped=[node for node in nodes if node not in survivors],
                )
            )
        message = pb.RoundResult(
            round_id=of.announce.round_id,
            stmt_hash=transcript.statement_hash(statement.payload),
            certificate=self.certificate(of),
            cells=cells,
        )
        return self.say(Signature.RESULT, message)

    def words(self, of: DeskRound, values: list[int]) -> bytes:
        """Signed numbers as a round's words."""
        return to_ring(values, of.announce.width).tobytes()

    def transcript(self, of: DeskRound, statement: pb.Signed, sums: dict[str, list[int]]) -> transcript_pb2.Transcript:
        """Everything signed in a round, and its masked vectors, as an auditor receives it."""
        return transcript_pb2.Transcript(
            authority_key=self.made.authority_pub,
            epoch=self.made.signed,
            announce=of.announced,
            manifest=self.manifest(of),
            headers=[of.reports[node][0] for node in sorted(of.reports)],
            statement=statement,
            verdicts=[of.verdicts[node] for node in sorted(of.verdicts)],
            reveals=[of.reveals[node] for node in sorted(of.reveals)],
            certificate=self.certificate(of),
            result=self.result(of, statement, sums),
            sums=[transcript_pb2.Words(of=cell, words=self.words(of, sums[cell])) for cell in sorted(sums)],
            vectors=[transcript_pb2.Words(of=node, words=of.reports[node][1]) for node in sorted(of.reports)],
        )

    def take(self, node_id: str, outgoing: Outgoing) -> pb.Receipt:
        """Takes a message in, and gives its receipt."""
        of, message = self.rounds[outgoing.round_id], outgoing.message
        if isinstance(message, pb.JoinSubmission):
            of.joins[node_id] = message
            signed = message.join
        elif isinstance(message, tuple):
            signed = message[0].header
            vector = b"".join(part.chunk.data for part in message[1:-1])
            of.reports[node_id] = signed, vector, list(message[-1].shares.b_share_ct)
        else:
            signed = message
            kept = of.verdicts if outgoing.kind == pb.MESSAGE_KIND_VERDICT else of.reveals
            kept[node_id] = signed
        return self.receipt(node_id, outgoing.round_id, outgoing.kind, signed)

    def receipt(self, node_id: str, round_id: bytes, kind: pb.MessageKind, signed: pb.Signed) -> pb.Receipt:
        """A receipt for a message."""
        body = pb.ReceiptBody(
            round_id=round_id,
            node_id=node_id,
            kind=kind,
            payload_sha256=hashlib.sha256(signed.payload).digest(),
            time=START,
        )
        return pb.Receipt(body=self.say(Signature.RECEIPT, body))
