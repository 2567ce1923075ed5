"""Epochs that a test makes up: members with all their keys, an authority and a coordinator, the same for the same seed.

The first 153 members have the ONS codes of England's councils, in the order of those; further ones have codes that are
no council's. Certificates are signed with themselves: who may have one is not what these epochs are about.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.x509.oid import NameOID

from coordinator.data import ENGLAND, current_councils
from node.rounds.keys import NodeKeys, make_record
from protos.round.v1 import round_pb2 as pb
from protos.sa1 import transcript
from protos.sa1.epochs import NO_EPOCH, Epoch, read_epoch
from protos.sa1.sharing import threshold
from protos.sa1.strict import encode
from protos.sa1.transcript import AUTHORITY, Signature
from protos.signing import public_bytes

VALID_FROM = 1_790_000_000
"""September 2026: where the records of these epochs begin to be valid."""

Partitions = Mapping[str, Mapping[str, Sequence[str]]]


def ed25519(seed: str, name: str) -> Ed25519PrivateKey:
    """A key of that name."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest())


def x25519(seed: str, name: str) -> X25519PrivateKey:
    """A key of that name."""
    return X25519PrivateKey.from_private_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest())


def node_ids(count: int) -> list[str]:
    """So many node_ids, sorted."""
    known = sorted(council.ons_code for council in current_councils().values())
    return [*known[:count], *(f"X{number:08d}" for number in range(1, count - len(known) + 1))]


def england_and_regions(members: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """The two partitions: England as one group, and the regions that have members; codes of no council have none."""
    region_of = {council.ons_code: council.region_code for council in current_councils().values()}
    regions: dict[str, list[str]] = {}
    for member in sorted(members):
        if member in region_of:
            regions.setdefault(region_of[member], []).append(member)
    return {"england": {ENGLAND: sorted(members)}, "regions": dict(sorted(regions.items()))}


def partition_table(partitions: Partitions) -> list[pb.Partition]:
    """Partitions as an epoch holds them."""
    return [
        pb.Partition(
            partition_id=name,
            cells=[pb.Group(cell_id=cell, node_ids=sorted(nodes)) for cell, nodes in sorted(cells.items())],
        )
        for name, cells in sorted(partitions.items())
    ]


@dataclass(frozen=True)
class MadeUpEpoch:
    """An epoch as the authority signed it and as it is read, and everybody's keys."""

    signed: pb.Signed
    epoch: Epoch
    nodes: dict[str, NodeKeys]
    share_keys: dict[str, X25519PrivateKey]
    authority_key: Ed25519PrivateKey
    coordinator_key: Ed25519PrivateKey

    @property
    def authority_pub(self) -> bytes:
        """The 32 bytes that nodes pin."""
        return public_bytes(self.authority_key)


def self_signed(key: Ed25519PrivateKey) -> x509.Certificate:
    """A certificate of a key, the same each time."""
    start = datetime.fromtimestamp(VALID_FROM, UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "made up")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start + timedelta(days=398))
    return builder.sign(key, None)


def made_up_record(
    seed: str, node_id: str, seq: int = 1, *, idk: str = "idk", was: str | None = None
) -> pb.SignedRecord:
    """A member's record without the authority's signature. `idk` and `was` name its signing key, and the one before."""
    certificate_key = ed25519(seed, f"{node_id}/certificate")
    return make_record(
        node_id=node_id,
        idk=ed25519(seed, f"{node_id}/{idk}"),
        share_key=x25519(seed, f"{node_id}/ek/{seq}"),
        certificate=self_signed(certificate_key),
        certificate_key=certificate_key,
        seq=seq,
        now=VALID_FROM,
        previous_idk=ed25519(seed, f"{node_id}/{was}") if was else None,
    )


def signed_epoch(authority: Ed25519PrivateKey, epoch: pb.Epoch) -> pb.Signed:
    """An epoch signed by the authority, its records too; whatever it holds."""
    for record in epoch.records:
        record.authority_sig = transcript.sign(authority, Signature.RECORD, record.payload)
    payload = encode(epoch)
    return pb.Signed(payload=payload, sig=transcript.sign(authority, Signature.EPOCH, payload), signer=AUTHORITY)


def made_up_epoch(
    councils: int,
    committee: int | None = None,
    partitions: Partitions | None = None,
    *,
    seed: str = "made up",
    number: int = 1,
    previous: bytes = NO_EPOCH,
) -> MadeUpEpoch:
    """An epoch of so many councils, the first `committee` of which (all, by default) are its committee.

    Epochs of one seed have the same authority, coordinator and signing keys; each has its own keys for shares.
    """
    members = node_ids(councils)
    committee_ids = members[:committee]
    authority, coordinator = ed25519(seed, "authority"), ed25519(seed, "coordinator")
    signed = signed_epoch(
        authority,
        pb.Epoch(
            epoch_no=number,
            prev_epoch_hash=previous,
            records=[made_up_record(seed, node_id, number) for node_id in members],
            committee=committee_ids,
            t=threshold(len(committee_ids)),
            coordinator_pub=public_bytes(coordinator),
            partition_table=partition_table(partitions or england_and_regions(members)),
        ),
    )
    epoch = read_epoch(signed, public_bytes(authority))
    share_keys = {node_id: x25519(seed, f"{node_id}/ek/{number}") for node_id in members}
    nodes = {
        node_id: NodeKeys(node_id, ed25519(seed, f"{node_id}/idk"), {key.public_key().public_bytes_raw(): key}.get)
        for node_id, key in share_keys.items()
    }
    return MadeUpEpoch(signed, epoch, nodes, share_keys, authority, coordinator)
