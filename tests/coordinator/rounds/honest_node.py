"""A node that follows the protocol, written from the rules of `protos.sa1` alone: no disk, no policy, one round."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from coordinator.refusals import RoundNotOpen
from coordinator.rounds.desk import RoundDesk
from node.rounds.keys import NodeKeys
from protos.round.v1 import round_pb2 as pb
from protos.sa1 import hedging, sealing, sharing, transcript
from protos.sa1.announces import Announce, read_announce
from protos.sa1.epochs import Epoch
from protos.sa1.masking import add_masks, mask_private_key, pair_key, self_key, to_ring
from protos.sa1.rosters import Roster, read_manifest
from protos.sa1.statements import Statement, read_certificate, read_statement, revealed_kind
from protos.sa1.strict import encode
from protos.sa1.transcript import Signature


@dataclass
class Report:
    """What a node sends in its report."""

    header: pb.Signed
    vector: bytes
    shares: list[bytes]

    def sent(self, desk: RoundDesk, node_id: str) -> pb.Receipt:
        """Hands it in."""
        return desk.submit_report(node_id, self.header, self.vector, self.shares)


@dataclass
class HonestNode:
    """Answers whatever a poll brings. `vector` are its signed numbers; `messages` keeps what it has made, by kind."""

    keys: NodeKeys
    epoch: Epoch
    vector: Sequence[int]
    starts: int = 1
    announce: Announce | None = None
    roster: Roster | None = None
    statement: Statement | None = None
    work: pb.StatementWork | None = None
    join: pb.JoinSubmission | None = None
    report: Report | None = None
    verdict: pb.Signed | None = None
    reveal: pb.Signed | None = None
    certificate: pb.Certificate | None = None
    result: pb.Signed | None = None
    received: list[str] = field(default_factory=list)
    outbox: list[Callable[[RoundDesk], pb.Receipt]] = field(default_factory=list)
    receipts: list[pb.Receipt] = field(default_factory=list)
    a: int = 0

    @property
    def node_id(self) -> str:
        """Its ONS code."""
        return self.keys.node_id

    def poll_request(self) -> pb.PollRequest:
        """What it polls with."""
        request = pb.PollRequest(node_id=self.node_id, epoch_no=self.epoch.number)
        request.start.instance_generation = self.starts
        request.start.start_id = self.random("start", self.starts)[:16]
        sent = ((self.reveal, 4), (self.verdict, 3), (self.report, 2), (self.join, 1))
        progress = next((number for message, number in sent if message is not None), 0)
        if self.announce is not None and progress and self.result is None:
            request.open_rounds.add(round_id=self.announce.round_id, progress=progress)
        return request

    def step(self, desk: RoundDesk) -> None:
        """Sends what was not receipted, polls, does all that it is asked, and sends it."""
        self.send_all(desk)
        for work in desk.poll(self.node_id, self.poll_request()).work:
            kind = work.WhichOneof("work")
            assert kind is not None
            self.received.append(kind)
            getattr(self, f"take_{kind}")(desk, getattr(work, kind))
        self.send_all(desk)

    def send_all(self, desk: RoundDesk) -> None:
        """Sends again until there is a receipt, or the desk says that it is too late."""
        while self.outbox:
            with suppress(RoundNotOpen):
                self.receipts.append(self.outbox[0](desk))
            self.outbox.pop(0)

    def random(self, *names: object) -> bytes:
        """32 bytes, the same each time for the same names."""
        return hashlib.sha256(repr((self.node_id, names)).encode()).digest()

    def take_announce(self, desk: RoundDesk, signed: pb.Signed) -> None:
        first, self.announce = self.announce is None, read_announce(signed, self.epoch)
        if first and desk.standing(self.announce.round_id).phase == "joining":
            join = self.make_join()
            self.outbox.append(lambda desk: desk.submit_join(self.node_id, join))

    def make_join(self) -> pb.JoinSubmission:
        announce, epoch = self.known_announce, self.epoch
        secrets = hedging.join_secrets(self.random("join"), announce.hash, self.node_id, epoch.threshold)
        self.a = secrets.a
        mask_pk = mask_private_key(secrets.a, announce.hash, self.node_id).public_key().public_bytes_raw()
        infos = [
            sealing.a_share_info(announce.hash, self.node_id, member, place + 1, mask_pk)
            for place, member in enumerate(epoch.committee)
        ]
        shares = self.sealed(sharing.share(secrets.a, secrets.coefficients, len(epoch.committee)), infos)
        message = pb.Join(
            round_id=announce.round_id,
            announce_hash=announce.hash,
            node_id=self.node_id,
            mask_pk=mask_pk,
            a_shares_digest=transcript.digest_of(shares),
        )
        self.join = pb.JoinSubmission(join=self.keys.signed(Signature.JOIN, encode(message)), a_share_ct=shares)
        return self.join

    def take_manifest(self, desk: RoundDesk, signed: pb.Signed) -> None:
        self.roster = read_manifest(signed, self.known_announce, self.epoch)
        if desk.standing(self.known_announce.round_id).phase == "reporting":
            report = self.make_report()
            self.outbox.append(lambda desk: report.sent(desk, self.node_id))

    def make_report(self, salt: str = "report") -> Report:
        announce, roster, me = self.known_announce, self.known_roster, self.node_id
        cell = roster.cell_of(me)
        assert cell is not None
        total = to_ring(self.vector, announce.width).copy()
        secrets = hedging.report_secrets(self.random(salt), roster.hash, me, self.epoch.threshold, total)
        mine = mask_private_key(self.a, announce.hash, me)
        keys = {entry.node_id: entry.mask_pk for entry in roster.entries}

        def shared(other: str) -> bytes:
            lower, higher = sorted((me, other))
            return pair_key(mine, keys[other], roster.hash, cell, (lower, higher), (keys[lower], keys[higher]))

        others = [node for node in roster.cells[cell] if node != me]
        own = self_key(secrets.b, roster.hash, cell, me, secrets.nonce)
        add_masks(total, [own, *(shared(v) for v in others if v > me)], [shared(v) for v in others if v < me])
        infos = [
            sealing.b_share_info(roster.hash, me, member, place + 1, secrets.nonce)
            for place, member in enumerate(self.epoch.committee)
        ]
        shares = self.sealed(sharing.share(secrets.b, secrets.coefficients, len(self.epoch.committee)), infos)
        header = pb.ReportHeader(
            round_id=announce.round_id,
            manifest_hash=roster.hash,
            node_id=me,
            nonce=secrets.nonce,
            vector_digest=hashlib.sha256(total.tobytes()).digest(),
            b_commit=transcript.self_mask_commitment(secrets.b),
            b_shares_digest=transcript.digest_of(shares),
        )
        self.report = Report(self.keys.signed(Signature.REPORT, encode(header)), total.tobytes(), shares)
        return self.report

    def take_statement(self, _desk: RoundDesk, work: pb.StatementWork) -> None:
        self.work, announce = work, self.known_announce
        self.statement = read_statement(work.statement, work.headers, announce, self.known_roster, self.epoch)
        commit = pb.Commit(manifest_hash=self.known_roster.hash, stmt_hash=self.statement.hash)
        self.vote(pb.Verdict(commit=commit))

    def take_abort_request(self, _desk: RoundDesk, _signed: pb.Signed) -> None:
        self.vote(pb.Verdict(abort=pb.Abort()))

    def vote(self, verdict: pb.Verdict) -> pb.Signed:
        """Signs a choice, and sends it at the next occasion."""
        announce = self.known_announce
        verdict.round_id, verdict.announce_hash, verdict.node_id = announce.round_id, announce.hash, self.node_id
        self.verdict = signed = self.keys.signed(Signature.VERDICT, encode(verdict))
        self.outbox.append(lambda desk: desk.submit_verdict(self.node_id, signed))
        return signed

    def take_certificate(self, _desk: RoundDesk, work: pb.CertificateWork) -> None:
        self.certificate = work.certificate
        if read_certificate(work.certificate, self.known_announce, self.epoch).commits:
            reveal = self.make_reveal()
            self.outbox.append(lambda desk: desk.submit_reveal(self.node_id, reveal))

    def make_reveal(self) -> pb.Signed:
        assert self.statement is not None and self.work is not None
        announce, roster = self.known_announce, self.known_roster
        nonces = {header.node_id: header.nonce for cell in self.statement.released.values() for header in cell}
        key, place = self.keys.share_key(self.epoch), self.epoch.index(self.node_id)
        assert key is not None
        entries = []
        for index, entry in enumerate(roster.entries):
            kind = revealed_kind(entry.node_id, self.statement, roster)
            if kind == pb.SHARE_KIND_A:
                sealed = self.work.a_share_ct[index]
                info = sealing.a_share_info(announce.hash, entry.node_id, self.node_id, place, entry.mask_pk)
            elif kind == pb.SHARE_KIND_B:
                sealed = self.work.b_share_ct[index]
                nonce = nonces[entry.node_id]
                info = sealing.b_share_info(roster.hash, entry.node_id, self.node_id, place, nonce)
            else:
                continue
            try:
                share = transcript.le32(sealing.open_share(sealed, key, info))
            except sealing.ShareDoesNotOpen:
                continue
            entries.append(pb.RevealEntry(roster_index=index, kind=kind, share=share))
        message = pb.Reveal(
            round_id=announce.round_id, node_id=self.node_id, stmt_hash=self.statement.hash, entries=entries
        )
        self.reveal = self.keys.signed(Signature.REVEAL, encode(message))
        return self.reveal

    def take_result(self, _desk: RoundDesk, signed: pb.Signed) -> None:
        self.result = signed

    def take_epoch(self, _desk: RoundDesk, _signed: pb.Signed) -> None:
        """It was made with the epoch that it lives in."""

    def sealed(self, shares: Sequence[int], infos: Sequence[bytes]) -> list[bytes]:
        """Shares for every member of the committee."""
        members = [self.epoch.members[member] for member in self.epoch.committee]
        return [
            sealing.seal_share(share, member.ek, info)
            for share, member, info in zip(shares, members, infos, strict=True)
        ]

    @property
    def known_announce(self) -> Announce:
        assert self.announce is not None
        return self.announce

    @property
    def known_roster(self) -> Roster:
        assert self.roster is not None
        return self.roster
