"""The manifest of a round: who joined, and with which key (B.5, B.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from protos.round.v1 import round_pb2 as pb
from protos.sa1 import transcript
from protos.sa1.announces import Announce
from protos.sa1.epochs import Epoch
from protos.sa1.masking import is_usable_public_key
from protos.sa1.refusal import Refused
from protos.sa1.strict import Malformed, need_length, need_sorted, parse
from protos.sa1.transcript import Signature


@dataclass(frozen=True)
class JoinEntry:
    """A checked Join."""

    node_id: str
    mask_pk: bytes
    a_shares_digest: bytes
    payload: bytes


@dataclass(frozen=True)
class Roster:
    """A checked manifest: entries in node_id order, and the groups of the partition restricted to them."""

    hash: bytes
    entries: tuple[JoinEntry, ...]
    cells: Mapping[str, tuple[str, ...]]

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {entry.node_id: place for place, entry in enumerate(self.entries)}

    @cached_property
    def _cells_of(self) -> Mapping[str, str]:
        return {node_id: cell_id for cell_id, members in self.cells.items() for node_id in members}

    def entry(self, node_id: str) -> JoinEntry | None:
        """The Join of a node, or None."""
        place = self._places.get(node_id)
        return None if place is None else self.entries[place]

    def place(self, node_id: str) -> int:
        """The place of a node in the roster, from 0. Raises Refused for one who is not on it."""
        if node_id not in self._places:
            raise Refused("not on the roster")
        return self._places[node_id]

    def cell_of(self, node_id: str) -> str | None:
        """The group of a node that is on the roster, or None."""
        return self._cells_of.get(node_id)


def read_join(signed: pb.Signed, announce: Announce, epoch: Epoch) -> JoinEntry:
    """A Join of this round by the member it names, with a key that can be used. Raises Refused."""
    try:
        join = parse(pb.Join, signed.payload)
        need_length(join.mask_pk, 32, "mask_pk")
        need_length(join.a_shares_digest, 32, "a_shares_digest")
    except Malformed as error:
        raise Refused(str(error)) from error
    check_signer(signed, join.node_id, Signature.JOIN, epoch)
    if (join.round_id, join.announce_hash) != (announce.round_id, announce.hash):
        raise Refused("a Join of another round")
    if epoch.cell_of(announce.partition_id, join.node_id) is None:
        raise Refused("a Join of a node that is in no group")
    if not is_usable_public_key(join.mask_pk):
        raise Refused("a mask key that is not canonical, or of low order")
    return JoinEntry(join.node_id, join.mask_pk, join.a_shares_digest, signed.payload)


def read_manifest(signed: pb.Signed, announce: Announce, epoch: Epoch) -> Roster:
    """A manifest that the coordinator signed, every entry of which is a Join of this round. Raises Refused."""
    if not transcript.holds(epoch.coordinator_key, Signature.MANIFEST, signed.payload, signed.sig):
        raise Refused("a manifest that the coordinator did not sign")
    try:
        manifest = parse(pb.RoundManifest, signed.payload)
        need_sorted([entry.signer for entry in manifest.roster], "the roster")
    except Malformed as error:
        raise Refused(str(error)) from error
    if (manifest.round_id, manifest.announce_hash) != (announce.round_id, announce.hash):
        raise Refused("a manifest of another round")
    return roster_of([read_join(entry, announce, epoch) for entry in manifest.roster], announce, epoch)


def roster_of(entries: list[JoinEntry], announce: Announce, epoch: Epoch) -> Roster:
    """The roster of checked Joins, sorted by node_id. Raises Refused for a key that is there twice."""
    if len({entry.mask_pk for entry in entries}) != len(entries):
        raise Refused("a mask key that stands for two nodes")
    joined = {entry.node_id for entry in entries}
    cells = {
        cell_id: tuple(node_id for node_id in members if node_id in joined)
        for cell_id, members in epoch.partitions[announce.partition_id].items()
    }
    return Roster(transcript.manifest_hash(announce.hash, [entry.payload for entry in entries]), tuple(entries), cells)


def check_signer(signed: pb.Signed, node_id: str, kind: Signature, epoch: Epoch) -> None:
    """The key is the epoch's, never one from a message."""
    member = epoch.members.get(node_id)
    if member is None or signed.signer != node_id:
        raise Refused("a message whose signer is not the node it names, or no member")
    if not transcript.holds(member.idk, kind, signed.payload, signed.sig):
        raise Refused("a signature that does not hold")
