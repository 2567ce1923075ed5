"""Nodes that a large round needs for its size alone: they say what the coordinator and the measured nodes must read,
and leave out every work whose effect nobody can see.

They check nothing. Among each other they add no masks, which would cancel. They share a secret by the polynomial that
is the secret everywhere, and seal shares to measured nodes only: another stand-in knows what it would have opened. So
their own cost says nothing; that of the coordinator and of the measured nodes is as in a round without them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from protos.round.v1 import round_pb2 as pb
from protos.sa1 import sealing, transcript
from protos.sa1.announces import Announce, read_announce
from protos.sa1.epochs import Epoch
from protos.sa1.masking import add_masks, mask_private_key, pair_key, self_key, to_ring
from protos.sa1.rosters import Roster, read_manifest
from protos.sa1.sharing import ORDER
from protos.sa1.statements import Statement, read_statement, revealed_kind
from protos.sa1.strict import encode
from protos.sa1.transcript import Signature
from tests.benchmarks.metered_desk import MeteredDesk
from tests.protocol.epochs import MadeUpEpoch

_NOT_A_SHARE = bytes(sealing.CIPHERTEXT_LENGTH)


def _element(*names: str) -> int:
    """A field element that is the same each time for the same names."""
    return int.from_bytes(hashlib.sha512("/".join(names).encode()).digest(), "little") % ORDER


@dataclass
class StandIns:
    """Every node of a round that is not measured. `vectors` gives what a node reports; `dropped` do not."""

    made: MadeUpEpoch
    measured: frozenset[str]
    dropped: frozenset[str]
    vector: Callable[[str], Sequence[int]]
    _keys: dict[str, bytes] = field(default_factory=dict)
    _opened: dict[str, dict[int, int]] = field(default_factory=dict)

    @property
    def epoch(self) -> Epoch:
        """The epoch that the round lives in."""
        return self.made.epoch

    @property
    def node_ids(self) -> list[str]:
        """The nodes that this stands for, sorted."""
        return [node_id for node_id in self.made.nodes if node_id not in self.measured]

    def hear_announce(self, signed: pb.Signed) -> None:
        """Takes the papers of the round in as they come."""
        self.announce: Announce = read_announce(signed, self.epoch)

    def hear_manifest(self, signed: pb.Signed) -> None:
        """See `hear_announce`."""
        self.roster: Roster = read_manifest(signed, self.announce, self.epoch)
        self._keys = {entry.node_id: entry.mask_pk for entry in self.roster.entries}

    def hear_statement(self, work: pb.StatementWork) -> None:
        """See `hear_announce`."""
        self.statement: Statement = read_statement(work.statement, work.headers, self.announce, self.roster, self.epoch)
        survivors = (header for cell in self.statement.released.values() for header in cell)
        self._nonces = {header.node_id: header.nonce for header in survivors}

    def join(self, node_id: str, desk: MeteredDesk) -> None:
        """Hands a Join in."""
        a = _element(node_id, "a")
        mask_pk = mask_private_key(a, self.announce.hash, node_id).public_key().public_bytes_raw()
        shares = self._sealed(
            a, lambda member, index: sealing.a_share_info(self.announce.hash, node_id, member, index, mask_pk)
        )
        message = pb.Join(
            round_id=self.announce.round_id,
            announce_hash=self.announce.hash,
            node_id=node_id,
            mask_pk=mask_pk,
            a_shares_digest=transcript.digest_of(shares),
        )
        signed = self.made.nodes[node_id].signed(Signature.JOIN, encode(message))
        desk.submit_join(node_id, pb.JoinSubmission(join=signed, a_share_ct=shares))

    def report(self, node_id: str, desk: MeteredDesk) -> None:
        """Hands a report in, masked with what will not cancel: the own mask, and those shared with measured nodes and
        with nodes that drop out."""
        cell = self.roster.cell_of(node_id)
        assert cell is not None
        b, nonce = _element(node_id, "b"), hashlib.sha256(node_id.encode()).digest()
        vector = to_ring(self.vector(node_id), self.announce.width)
        mine = mask_private_key(_element(node_id, "a"), self.announce.hash, node_id)

        def shared(other: str) -> bytes:
            low, high = sorted((node_id, other))
            public = self._keys[low], self._keys[high]
            return pair_key(mine, self._keys[other], self.roster.hash, cell, (low, high), public)

        seen = [other for other in self.roster.cells[cell] if other in self.measured or other in self.dropped]
        own = self_key(b, self.roster.hash, cell, node_id, nonce)
        added = (shared(other) for other in seen if other > node_id)
        add_masks(vector, [own, *added], (shared(other) for other in seen if other < node_id))
        shares = self._sealed(
            b, lambda member, index: sealing.b_share_info(self.roster.hash, node_id, member, index, nonce)
        )
        header = pb.ReportHeader(
            round_id=self.announce.round_id,
            manifest_hash=self.roster.hash,
            node_id=node_id,
            nonce=nonce,
            vector_digest=hashlib.sha256(vector.tobytes()).digest(),
            b_commit=transcript.self_mask_commitment(b),
            b_shares_digest=transcript.digest_of(shares),
        )
        signed = self.made.nodes[node_id].signed(Signature.REPORT, encode(header))
        desk.submit_report(node_id, signed, vector.tobytes(), shares)

    def commit(self, node_id: str, work: pb.StatementWork, desk: MeteredDesk) -> None:
        """Hands a COMMIT in, and keeps the shares of measured nodes that the statement opens."""
        self._opened[node_id] = {
            place: self._open(node_id, place, work)
            for place, entry in enumerate(self.roster.entries)
            if entry.node_id in self.measured and revealed_kind(entry.node_id, self.statement, self.roster) is not None
        }
        commit = pb.Commit(manifest_hash=self.roster.hash, stmt_hash=self.statement.hash)
        message = pb.Verdict(
            round_id=self.announce.round_id, announce_hash=self.announce.hash, node_id=node_id, commit=commit
        )
        desk.submit_verdict(node_id, self.made.nodes[node_id].signed(Signature.VERDICT, encode(message)))

    def reveal(self, node_id: str, desk: MeteredDesk) -> None:
        """Hands in the shares that the statement opens."""
        opened, entries = self._opened[node_id], []
        for place, entry in enumerate(self.roster.entries):
            kind = revealed_kind(entry.node_id, self.statement, self.roster)
            if kind is not None:
                secret = _element(entry.node_id, "b" if kind == pb.SHARE_KIND_B else "a")
                share = transcript.le32(opened.get(place, secret))
                entries.append(pb.RevealEntry(roster_index=place, kind=kind, share=share))
        message = pb.Reveal(
            round_id=self.announce.round_id, node_id=node_id, stmt_hash=self.statement.hash, entries=entries
        )
        desk.submit_reveal(node_id, self.made.nodes[node_id].signed(Signature.REVEAL, encode(message)))

    def _open(self, member: str, place: int, work: pb.StatementWork) -> int:
        """A share of a measured node, which is a survivor."""
        owner, index = self.roster.entries[place].node_id, self.epoch.index(member)
        info = sealing.b_share_info(self.roster.hash, owner, member, index, self._nonces[owner])
        return sealing.open_share(work.b_share_ct[place], self.made.share_keys[member], info)

    def _sealed(self, secret: int, info: Callable[[str, int], bytes]) -> list[bytes]:
        return [
            sealing.seal_share(secret, self.epoch.members[member].ek, info(member, place + 1))
            if member in self.measured
            else _NOT_A_SHARE
            for place, member in enumerate(self.epoch.committee)
        ]
