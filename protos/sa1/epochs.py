"""An epoch: the certified keys of every member, the committee, and how members are divided into groups.

Only the enrolment authority makes one, offline. What the authority cannot certify to a node, the node checks itself:
`node.rounds.pins`. Secure aggregation reference, B.1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256

from protos.round.v1 import round_pb2 as pb
from protos.sa1 import transcript
from protos.sa1.masking import is_usable_public_key
from protos.sa1.refusal import Refused
from protos.sa1.sharing import threshold
from protos.sa1.strict import Malformed, need_length, need_sorted, parse
from protos.sa1.transcript import Signature

NO_EPOCH = bytes(32)
"""What the first epoch names as the one before it."""


@dataclass(frozen=True)
class Member:
    """A council's certified record: `idk` signs (Ed25519), shares are sealed to `ek` (X25519); 32 bytes each."""

    node_id: str
    idk: bytes
    ek: bytes
    certificate_sha256: bytes
    valid_from: int
    valid_to: int
    seq: int
    previous_idk_signature: bytes
    payload: bytes


@dataclass(frozen=True)
class Epoch:
    """A checked epoch. `partitions` are group members by partition and group, sorted; share index = place + 1."""

    hash: bytes
    number: int
    previous_hash: bytes
    members: Mapping[str, Member]
    committee: tuple[str, ...]
    coordinator_key: bytes
    partitions: Mapping[str, Mapping[str, tuple[str, ...]]]

    @property
    def threshold(self) -> int:
        """t."""
        return threshold(len(self.committee))

    @cached_property
    def _indices(self) -> Mapping[str, int]:
        return {member: place + 1 for place, member in enumerate(self.committee)}

    @cached_property
    def _cells_of(self) -> Mapping[str, Mapping[str, str]]:
        return {
            partition_id: {node_id: cell_id for cell_id, members in cells.items() for node_id in members}
            for partition_id, cells in self.partitions.items()
        }

    def index(self, member: str) -> int:
        """The share index of a member of the committee. Raises Refused for one who is not in it."""
        if member not in self._indices:
            raise Refused("not a member of the committee")
        return self._indices[member]

    def cell_of(self, partition_id: str, node_id: str) -> str | None:
        """The group of a node in a partition, or None."""
        return self._cells_of[partition_id].get(node_id)


def read_record(signed: pb.SignedRecord) -> Member:
    """A record whose signature by its own certificate's key holds. Raises Refused."""
    try:
        record = parse(pb.EnrolmentRecord, signed.payload)
        for content, what in ((record.idk_pub, "idk"), (record.ek_pub, "ek"), (record.x509_sha256, "certificate")):
            need_length(content, 32, what)
        need_sorted([record.node_id], "node_id")
    except Malformed as error:
        raise Refused(str(error)) from error
    if not is_usable_public_key(record.ek_pub):
        raise Refused("a share key that is not canonical, or of low order")
    if not record.valid_from < record.valid_to or record.seq < 1:
        raise Refused("a record without a time, or without a number")
    if hashlib.sha256(signed.certificate).digest() != record.x509_sha256:
        raise Refused("a record that names another certificate")
    if not _certificate_signed(signed.certificate, signed.payload, signed.node_sig):
        raise Refused("a record that is not signed by its certificate's key")
    return Member(
        record.node_id,
        record.idk_pub,
        record.ek_pub,
        record.x509_sha256,
        record.valid_from,
        record.valid_to,
        record.seq,
        signed.previous_idk_sig,
        signed.payload,
    )


def record_statement(payload: bytes) -> bytes:
    """What the key of a node's certificate signs of its record."""
    return transcript.label(Signature.RECORD.value) + transcript.lp(payload)


def _certificate_signed(certificate: bytes, payload: bytes, signature: bytes) -> bool:
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, record_statement(payload), ec.ECDSA(SHA256()))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, record_statement(payload))
        else:
            return False
    except (InvalidSignature, ValueError):
        return False
    return True


def read_epoch(signed: pb.Signed, authority_key: bytes) -> Epoch:
    """An epoch that the authority signed and that holds together.

    Raises
    ------
    Refused
        For another signer, records not certified, sorted or unique, another threshold than floor(2L/3) + 1, a committee
        member or group member without a record, or groups of a partition that overlap.
    """
    if not transcript.holds(authority_key, Signature.EPOCH, signed.payload, signed.sig):
        raise Refused("an epoch that the enrolment authority did not sign")
    try:
        message = parse(pb.Epoch, signed.payload)
        need_length(message.prev_epoch_hash, 32, "the hash of the epoch before")
        need_length(message.coordinator_pub, 32, "the coordinator's key")
        need_sorted([parse(pb.EnrolmentRecord, record.payload).node_id for record in message.records], "the records")
        partitions = _partitions(message)
    except Malformed as error:
        raise Refused(str(error)) from error
    members = {}
    for record in message.records:
        if not transcript.holds(authority_key, Signature.RECORD, record.payload, record.authority_sig):
            raise Refused("a record that the enrolment authority did not sign")
        member = read_record(record)
        members[member.node_id] = member
    keys = [key for member in members.values() for key in (member.idk, member.ek)]
    if len(set(keys)) != len(keys):
        raise Refused("a key that stands for two members")
    committee = tuple(message.committee)
    if not committee or len(set(committee)) != len(committee) or not set(committee) <= set(members):
        raise Refused("a committee of others than members, each once")
    if message.t != threshold(len(committee)):
        raise Refused("another threshold than two thirds of the committee plus one")
    if not all(set(nodes) <= set(members) for cells in partitions.values() for nodes in cells.values()):
        raise Refused("a group of others than members")
    return Epoch(
        transcript.epoch_hash(signed.payload),
        message.epoch_no,
        message.prev_epoch_hash,
        members,
        committee,
        message.coordinator_pub,
        partitions,
    )


def _partitions(message: pb.Epoch) -> dict[str, dict[str, tuple[str, ...]]]:
    partitions = {}
    need_sorted([partition.partition_id for partition in message.partition_table], "the partitions")
    for partition in message.partition_table:
        need_sorted([cell.cell_id for cell in partition.cells], "the groups")
        for cell in partition.cells:
            need_sorted(list(cell.node_ids), "a group")
        everyone = [node_id for cell in partition.cells for node_id in cell.node_ids]
        if len(set(everyone)) != len(everyone):
            raise Malformed("groups of a partition that overlap")
        partitions[partition.partition_id] = {cell.cell_id: tuple(cell.node_ids) for cell in partition.cells}
    return partitions
