"""A coordinator that signs whatever it is told, the honest councils around it, and the keys of the corrupt ones.

Every attack is played against the real machine of the honest councils. What the adversary may do is anything: it holds
the coordinator's key, the corrupt councils' keys, and every message that ever left an honest council.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from google.protobuf.message import Message

from coordinator.rounds.unmask import Secrets, find_secrets, open_sum
from frameworks.plan import ReleasePlan
from node.rounds.machine import Outgoing
from node.rounds.messages import MadeJoin, MadeReport, make_join, make_report, make_reveal, make_verdict
from protos.round.v1 import round_pb2 as pb
from protos.sa1 import transcript
from protos.sa1.announces import Announce, read_announce, ring_width
from protos.sa1.epochs import Epoch
from protos.sa1.masking import from_ring, to_ring, word
from protos.sa1.rosters import JoinEntry, Roster, roster_of
from protos.sa1.sealing import SUITE
from protos.sa1.statements import Header, Statement, read_certificate, read_reveal
from protos.sa1.strict import encode
from protos.sa1.transcript import COORDINATOR, Signature
from tests.coordinator.rounds.federation import START, small_plan
from tests.protocol.councils import Council, one_hot, read_parts
from tests.protocol.epochs import MadeUpEpoch, Partitions, made_up_epoch

cached_epoch = lru_cache(maxsize=8)(made_up_epoch)


@dataclass
class Report:
    """A report as it came."""

    header: pb.Signed
    vector: bytes
    shares: list[bytes]


@dataclass
class Played:
    """One round as the adversary sees it: its announcement, and all that came under its id, by node."""

    signed: pb.Signed
    announce: Announce
    joins: dict[str, pb.JoinSubmission] = field(default_factory=dict)
    reports: dict[str, Report] = field(default_factory=dict)
    verdicts: dict[str, pb.Signed] = field(default_factory=dict)
    reveals: dict[str, pb.Signed] = field(default_factory=dict)
    puppet_joins: dict[str, MadeJoin] = field(default_factory=dict)

    def votes(self) -> dict[str, pb.Verdict]:
        """What was voted, by node."""
        return {node_id: pb.Verdict.FromString(signed.payload) for node_id, signed in self.verdicts.items()}

    def committed(self) -> list[str]:
        """Who signed COMMIT."""
        return sorted(node_id for node_id, verdict in self.votes().items() if verdict.HasField("commit"))

    def aborted(self) -> list[str]:
        """Who signed ABORT."""
        return sorted(node_id for node_id, verdict in self.votes().items() if verdict.HasField("abort"))


class Adversary:
    """The coordinator and `corrupt` councils (the last in order) together, against the others."""

    def __init__(
        self,
        councils: int = 10,
        *,
        corrupt: int = 0,
        dropped: int = 2,
        colluding: int = 0,
        plan: ReleasePlan | None = None,
        partitions: Partitions | None = None,
        made: MadeUpEpoch | None = None,
    ) -> None:
        self.made = made or (made_up_epoch(councils, None, partitions) if partitions else cached_epoch(councils))
        self.epoch: Epoch = self.made.epoch
        self.plan = plan or small_plan(dropped=dropped, colluding=colluding, largest=councils)
        self.now = START
        self.ids = sorted(self.made.nodes)
        self.corrupt = self.ids[len(self.ids) - corrupt :]
        self.honest = self.ids[: len(self.ids) - corrupt]
        self.collection_id = f"{self.plan.collection_id}/{self.plan.release_id}"
        self.tells_starts = True
        self.gives_receipts = True
        self.councils = {
            node_id: Council(
                self.made,
                node_id,
                plans={self.collection_id: self.plan},
                vector=one_hot(place, self.plan.length),
                clock=lambda: self.now,
            )
            for place, node_id in enumerate(self.honest)
        }
        self._starts: dict[str, list[pb.InstanceStart]] = {}
        self._rounds: dict[bytes, Played] = {}
        self._drawn = 0
        for council in self.councils.values():
            council.start()

    def draw(self, count: int = 32) -> bytes:
        """Bytes that differ from draw to draw."""
        self._drawn += 1
        return hashlib.shake_256(self._drawn.to_bytes(8, "big")).digest(count)

    def say(self, kind: Signature, message: Message) -> pb.Signed:
        """Anything, under the coordinator's signature."""
        payload = encode(message)
        signature = transcript.sign(self.made.coordinator_key, kind, payload)
        return pb.Signed(payload=payload, sig=signature, signer=COORDINATOR)

    # What the coordinator says.

    def announcement(self, **changes: Any) -> pb.RoundAnnounce:
        """That of the plan, with changes."""
        secure = self.plan.secure
        assert secure is not None
        largest = max(map(len, self.epoch.partitions[secure.groups].values()))
        fields: dict[str, Any] = {
            "round_id": self.draw(16),
            "epoch_hash": self.epoch.hash,
            "collection_id": self.collection_id,
            "query_hash": self.plan.plan_hash,
            "d": self.plan.length,
            "w": ring_width(largest, secure.entry_bound),
            "abs_bound": secure.entry_bound,
            "partition_id": secure.groups,
            "min_cell": 3,
            "min_pct": 67,
            "max_dropped": secure.max_dropped,
            "max_colluding": secure.max_colluding,
            "suite": SUITE,
            "dp_spec_hash": self.plan.noise_hash,
            "announced_at": self.now,
            "not_before": self.now,
            "t_join": self.now + 100,
            "t_report": self.now + 200,
            "t_commit": self.now + 300,
            "t_reveal": self.now + 400,
        }
        return pb.RoundAnnounce(**(fields | changes))

    def announced(self, **changes: Any) -> Played:
        """A round, not shown to anybody yet."""
        signed = self.say(Signature.ANNOUNCE, self.announcement(**changes))
        played = Played(signed, read_announce(signed, self.epoch))
        self._rounds[played.announce.round_id] = played
        return played

    def manifest(self, played: Played, joins: Iterable[pb.Signed] | None = None) -> pb.Signed:
        """A manifest of these Joins (all that came, by default)."""
        chosen = [each.join for each in played.joins.values()] if joins is None else list(joins)
        roster: list[pb.Signed] = sorted(chosen, key=lambda signed: signed.signer)
        announce = played.announce
        message = pb.RoundManifest(round_id=announce.round_id, announce_hash=announce.hash, roster=roster)
        return self.say(Signature.MANIFEST, message)

    def roster(self, played: Played, manifest: pb.Signed) -> Roster:
        """How a manifest is read, without any check of its entries."""
        entries = []
        for signed in pb.RoundManifest.FromString(manifest.payload).roster:
            join = pb.Join.FromString(signed.payload)
            entries.append(JoinEntry(join.node_id, join.mask_pk, join.a_shares_digest, signed.payload))
        return roster_of(entries, played.announce, self.epoch)

    def statement(
        self, played: Played, manifest: pb.Signed, survivors: Iterable[str] | None = None
    ) -> pb.StatementWork:
        """A statement that releases every group with these survivors (all who reported, by default), and headers."""
        roster = self.roster(played, manifest)
        alive = set(played.reports if survivors is None else survivors)
        cells, headers = [], []
        for cell_id, members in sorted(roster.cells.items()):
            listed = [played.reports[node_id].header for node_id in members if node_id in alive]
            hashes = [transcript.header_hash(header.payload) for header in listed]
            outcome = pb.CELL_OUTCOME_RELEASE if hashes else pb.CELL_OUTCOME_WITHHELD
            cells.append(pb.StatementCell(cell_id=cell_id, outcome=outcome, header_hash=hashes))
            headers.extend(listed)
        announce = played.announce
        message = pb.Statement(
            round_id=announce.round_id, announce_hash=announce.hash, manifest_hash=roster.hash, cells=cells
        )
        return pb.StatementWork(statement=self.say(Signature.STATEMENT, message), headers=headers)

    def served(self, played: Played, manifest: pb.Signed, statement: pb.StatementWork, member: str) -> pb.StatementWork:
        """A statement with the ciphertexts that were sealed to a member."""
        roster, place = self.roster(played, manifest), self.epoch.committee.index(member)
        listed = {header.signer for header in statement.headers}
        ids = [entry.node_id for entry in roster.entries]
        return pb.StatementWork(
            statement=statement.statement,
            headers=statement.headers,
            a_share_ct=[played.joins[node_id].a_share_ct[place] for node_id in ids],
            b_share_ct=[played.reports[node_id].shares[place] if node_id in listed else b"" for node_id in ids],
        )

    def abort_request(self, played: Played) -> pb.Work:
        """A request to abort."""
        message = pb.AbortRequest(round_id=played.announce.round_id, announce_hash=played.announce.hash)
        return pb.Work(abort_request=self.say(Signature.ABORT_REQUEST, message))

    def certificate(self, played: Played, verdicts: Iterable[pb.Signed] | None = None) -> pb.Certificate:
        """These verdicts (all that came, by default), sorted."""
        chosen = list(played.verdicts.values() if verdicts is None else verdicts)
        chosen.sort(key=lambda verdict: verdict.signer)
        return pb.Certificate(verdicts=chosen)

    def certificate_work(self, played: Played, certificate: pb.Certificate) -> pb.Work:
        """A certificate as it is shown, under this round's id."""
        return pb.Work(certificate=pb.CertificateWork(round_id=played.announce.round_id, certificate=certificate))

    def is_certificate(self, played: Played, certificate: pb.Certificate) -> bool:
        """Whether everybody would take it. Raises Refused otherwise."""
        return bool(read_certificate(certificate, played.announce, self.epoch))

    # How honest councils answer.

    def tell(self, node_ids: str | Iterable[str], *work: pb.Work) -> None:
        """Answers a poll of each of these councils with the work, and keeps all that they send then."""
        for node_id in [node_ids] if isinstance(node_ids, str) else node_ids:
            council = self.councils[node_id]
            request = council.machine.poll()
            response = pb.PollResponse(work=work)
            if self.tells_starts:
                self._name_start(node_id, request.start, response)
            council.machine.receive(response)
            self.collect(node_id)

    def _name_start(self, node_id: str, start: pb.InstanceStart, response: pb.PollResponse) -> None:
        seen = self._starts.setdefault(node_id, [])
        if not seen or seen[-1] != start:
            seen.append(start)
        if len(seen) > 1:
            response.previous_start.CopyFrom(seen[-2])

    def collect(self, node_id: str) -> list[Outgoing]:
        """What a council sends now; it gets its receipts unless they are withheld."""
        council = self.councils[node_id]
        waiting = council.outgoing()
        for each in waiting:
            self._take(node_id, each)
            if self.gives_receipts:
                council.machine.receipted(self.receipt(each))
        return list(waiting)

    def _take(self, node_id: str, outgoing: Outgoing) -> None:
        played, message = self._rounds[outgoing.round_id], outgoing.message
        if isinstance(message, pb.JoinSubmission):
            played.joins[node_id] = message
        elif isinstance(message, tuple):
            played.reports[node_id] = Report(*read_parts(message))
        elif outgoing.kind == pb.MESSAGE_KIND_VERDICT:
            played.verdicts[node_id] = message
        else:
            played.reveals[node_id] = message

    def receipt(self, outgoing: Outgoing) -> pb.Receipt:
        """A receipt for what a council sent."""
        message = outgoing.message
        if isinstance(message, pb.JoinSubmission):
            signed = message.join
        else:
            signed = message[0].header if isinstance(message, tuple) else message
        body = pb.ReceiptBody(
            round_id=outgoing.round_id,
            node_id=signed.signer,
            kind=outgoing.kind,
            payload_sha256=hashlib.sha256(signed.payload).digest(),
            time=self.now,
        )
        return pb.Receipt(body=self.say(Signature.RECEIPT, body))

    # What corrupt councils do.

    def puppet_join(self, played: Played, node_id: str) -> pb.Signed:
        """A Join of a corrupt council, as an honest one would make it."""
        made = make_join(self.made.nodes[node_id], played.announce, self.epoch, self.draw())
        played.puppet_joins[node_id] = made
        played.joins[node_id] = pb.JoinSubmission(join=made.signed, a_share_ct=made.shares)
        return made.signed

    def puppet_report(self, played: Played, manifest: pb.Signed, node_id: str, vector: Sequence[int]) -> MadeReport:
        """A report of a corrupt council, as an honest one would make it."""
        noised = to_ring(vector, played.announce.width).copy()
        a, roster = played.puppet_joins[node_id].a, self.roster(played, manifest)
        made = make_report(self.made.nodes[node_id], played.announce, roster, self.epoch, a, noised, self.draw())
        played.reports[node_id] = Report(made.signed, made.vector, list(made.shares))
        return made

    def puppet_vote(self, played: Played, node_id: str, committed: tuple[Roster, Statement] | None) -> pb.Signed:
        """A verdict of a corrupt council; it may have others."""
        return make_verdict(self.made.nodes[node_id], played.announce, committed)

    def puppet_reveal(
        self, played: Played, roster: Roster, statement: Statement, work: pb.StatementWork, node_id: str
    ) -> pb.Signed:
        """The shares that a corrupt council can open."""
        keys = self.made.nodes[node_id]
        share_key = self.made.share_keys[node_id]
        return make_reveal(keys, share_key, played.announce, roster, statement, self.epoch, work)

    # A whole round, as far as it is wanted.

    def joined(self, node_ids: Iterable[str] | None = None, **changes: Any) -> Played:
        """A round that these honest councils (all, by default) and every corrupt one have joined."""
        played = self.announced(**changes)
        self.tell(self.honest if node_ids is None else node_ids, pb.Work(announce=played.signed))
        for node_id in self.corrupt:
            self.puppet_join(played, node_id)
        return played

    def reported(self, played: Played, manifest: pb.Signed, node_ids: Iterable[str] | None = None) -> None:
        """Shows a manifest to these honest councils (all, by default); corrupt ones report zeros under it."""
        self.tell(self.honest if node_ids is None else node_ids, pb.Work(manifest=manifest))
        for node_id in self.corrupt:
            self.puppet_report(played, manifest, node_id, [0] * self.plan.length)

    def state(
        self,
        played: Played,
        manifest: pb.Signed,
        statement: pb.StatementWork,
        node_ids: Iterable[str] | None = None,
    ) -> None:
        """Serves a statement to these honest councils (all, by default); they vote or do not."""
        for node_id in self.honest if node_ids is None else node_ids:
            work = self.served(played, manifest, statement, node_id)
            self.tell(node_id, pb.Work(manifest=manifest), pb.Work(statement=work))

    def certified(self, played: Played, roster: Roster, statement: Statement) -> pb.Certificate:
        """The honest COMMITs to a statement, with those of the corrupt."""
        votes = played.votes()
        wanted = [
            signed
            for node_id, signed in played.verdicts.items()
            if votes[node_id].commit.stmt_hash == statement.hash and node_id not in self.corrupt
        ]
        puppets = [self.puppet_vote(played, node_id, (roster, statement)) for node_id in self.corrupt]
        return self.certificate(played, [*wanted, *puppets])

    @staticmethod
    def parsed(work: pb.StatementWork) -> Statement:
        """How a statement is read, without any check of it."""
        message, headers = pb.Statement.FromString(work.statement.payload), iter(work.headers)
        released: dict[str, tuple[Header, ...]] = {}
        for cell in message.cells:
            if cell.outcome == pb.CELL_OUTCOME_RELEASE:
                released[cell.cell_id] = tuple(_header(next(headers)) for _ in cell.header_hash)
        withheld = tuple(cell.cell_id for cell in message.cells if cell.cell_id not in released)
        return Statement(transcript.statement_hash(work.statement.payload), released, withheld)

    def secrets(self, played: Played, roster: Roster, statement: Statement) -> Secrets:
        """What the reveals of honest and corrupt councils give."""
        shares = dict(
            read_reveal(signed, played.announce, roster, statement, self.epoch) for signed in played.reveals.values()
        )
        committee, needed = self.epoch.committee, self.epoch.threshold
        return find_secrets(shares, committee, needed, played.announce, roster, statement)

    def opened(self, played: Played, roster: Roster, statement: Statement) -> Mapping[str, list[int]]:
        """The sums that the reveals open, by group. Raises KeyError where a secret stays closed."""
        secrets, sums = self.secrets(played, roster, statement), {}
        for cell_id, headers in statement.released.items():
            total = np.zeros(played.announce.length, dtype=word(played.announce.width))
            for header in headers:
                total += np.frombuffer(played.reports[header.node_id].vector, dtype=total.dtype)
            sums[cell_id] = from_ring(open_sum(total.tobytes(), cell_id, played.announce, roster, statement, secrets))
        return sums


def _header(signed: pb.Signed) -> Header:
    header = pb.ReportHeader.FromString(signed.payload)
    return Header(
        transcript.header_hash(signed.payload),
        header.node_id,
        header.nonce,
        header.vector_digest,
        header.b_commit,
        header.b_shares_digest,
        signed.payload,
    )
