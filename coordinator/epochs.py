"""Epochs: who is a member of rounds of secure aggregation, with which keys, and in which groups.

Three hands make one. Each council certifies its own keys (a record). The operator puts the records together into a
draft. The enrolment authority, offline, sees what changed since the epoch it signed before, checks every record against
the certificates that it issued itself, and signs. Secure aggregation reference, B.1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from coordinator.authority import Authority
from coordinator.data import ENGLAND, current_councils
from coordinator.errors import EpochNotAccepted
from protos.identity import NotAnIdentity, Role, parse_identity
from protos.round.v1 import round_pb2 as pb
from protos.sa1 import transcript
from protos.sa1.epochs import NO_EPOCH, Epoch, Member, read_epoch, read_record
from protos.sa1.refusal import Refused
from protos.sa1.sharing import threshold
from protos.sa1.strict import Malformed, encode, parse
from protos.sa1.transcript import AUTHORITY, Signature
from protos.signing import public_bytes

LARGEST_COMMITTEE = 256
SMALLEST_COMMITTEE = 10
"""In production: nodes refuse a smaller one unless their own configuration says it is a demonstration."""


def partitions(node_ids: Iterable[str]) -> list[pb.Partition]:
    """The two ways in which members form groups: England as a whole, and its regions."""
    members = sorted(node_ids)
    region_of = {council.ons_code: council.region_code for council in current_councils().values()}
    regions: dict[str, list[str]] = {}
    for node_id in members:
        regions.setdefault(region_of[node_id], []).append(node_id)
    cells = [pb.Group(cell_id=code, node_ids=nodes) for code, nodes in sorted(regions.items())]
    return [
        pb.Partition(partition_id="england", cells=[pb.Group(cell_id=ENGLAND, node_ids=members)]),
        pb.Partition(partition_id="regions", cells=cells),
    ]


def draft_epoch(
    records: Sequence[pb.SignedRecord], previous: Epoch | None, coordinator_key: bytes, *, small_committee: bool
) -> pb.Epoch:
    """The epoch that follows `previous`, of these records (sorted by node_id), without the authority's signatures.

    Raises EpochNotAccepted for fewer members than the smallest committee, unless `small_committee`.
    """
    members = [read_record(record).node_id for record in records]
    if not members or (len(members) < SMALLEST_COMMITTEE and not small_committee):
        raise EpochNotAccepted(
            f"{len(members)} councils have handed in keys; a committee has at least {SMALLEST_COMMITTEE} members.",
            "Wait for more, or for a demonstration give --small-committee (nodes must allow it too).",
        )
    committee = members[:LARGEST_COMMITTEE]
    return pb.Epoch(
        epoch_no=previous.number + 1 if previous else 1,
        prev_epoch_hash=previous.hash if previous else NO_EPOCH,
        records=records,
        committee=committee,
        t=threshold(len(committee)),
        coordinator_pub=coordinator_key,
        partition_table=partitions(members),
    )


@dataclass(frozen=True)
class EpochChanges:
    """What an epoch changes beside the one before: node_ids, sorted. `moved` have another signing key."""

    joined: tuple[str, ...]
    left: tuple[str, ...]
    moved: tuple[str, ...]
    unattested: tuple[str, ...]
    other_coordinator: bool


def changes(members: Mapping[str, Member], coordinator_key: bytes, previous: Epoch | None) -> EpochChanges:
    """What is new. `unattested` are those of `moved` whose old key did not sign the new one."""
    before = previous.members if previous else {}
    moved = [name for name in sorted(members) if name in before and members[name].idk != before[name].idk]
    return EpochChanges(
        joined=tuple(sorted(set(members) - set(before))),
        left=tuple(sorted(set(before) - set(members))),
        moved=tuple(moved),
        unattested=tuple(name for name in moved if not _is_attested(members[name], before[name])),
        other_coordinator=previous is not None and previous.coordinator_key != coordinator_key,
    )


def _is_attested(member: Member, before: Member) -> bool:
    signature = member.previous_idk_signature
    return transcript.holds(before.idk, Signature.RECORD_KEY, member.payload, signature)


@dataclass(frozen=True)
class CheckedDraft:
    """A draft that the authority may sign: its members, and what it changes."""

    epoch: pb.Epoch
    members: Mapping[str, Member]
    changes: EpochChanges


def check_draft(authority: Authority, payload: bytes, previous: Epoch | None, now: datetime) -> CheckedDraft:
    """Checks a draft (a serialised Epoch) as its signer must: trusting nothing that the coordinator says.

    Raises EpochNotAccepted for one that does not follow `previous`, the last that this authority signed; whose groups
    or committee are not as members give them; or with a record that its council's certificate does not vouch for.
    """
    try:
        draft = parse(pb.Epoch, payload)
        members = {member.node_id: member for member in [read_record(record) for record in draft.records]}
    except (Malformed, Refused) as error:
        raise _not_accepted(str(error)) from error
    number, hash_before = (previous.number + 1, previous.hash) if previous else (1, NO_EPOCH)
    if (draft.epoch_no, draft.prev_epoch_hash) != (number, hash_before):
        raise _not_accepted("it does not follow the epoch that this authority signed last")
    committee = sorted(members)[:LARGEST_COMMITTEE]
    records = sorted(draft.records, key=lambda record: read_record(record).node_id)
    expected = pb.Epoch(
        epoch_no=number,
        prev_epoch_hash=hash_before,
        records=records,
        committee=committee,
        t=threshold(len(committee)),
        coordinator_pub=draft.coordinator_pub,
        partition_table=_known_partitions(members),
    )
    if not members or len(members) != len(draft.records) or encode(expected) != payload:
        raise _not_accepted("its members, committee, threshold or groups are not those that its records give")
    for record in records:
        _check_certificate(authority, record, members[read_record(record).node_id], now)
    for name in set(members) & set(previous.members if previous else ()):
        before = previous.members[name] if previous else members[name]
        if members[name].certificate_sha256 == before.certificate_sha256 and members[name].seq < before.seq:
            raise _not_accepted(f"the record of {name} is older than in the epoch before")
    return CheckedDraft(draft, members, changes(members, draft.coordinator_pub, previous))


def _known_partitions(members: Mapping[str, Member]) -> list[pb.Partition]:
    if not set(members) <= {council.ons_code for council in current_councils().values()}:
        raise _not_accepted("it has a member that is not a council of England")
    return partitions(members)


def _check_certificate(authority: Authority, record: pb.SignedRecord, member: Member, now: datetime) -> None:
    certificate = x509.load_der_x509_certificate(record.certificate)
    try:
        certificate.verify_directly_issued_by(authority.certificate)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        identity = parse_identity(names.get_values_for_type(x509.UniformResourceIdentifier))
    except (InvalidSignature, ValueError, TypeError, x509.ExtensionNotFound, NotAnIdentity) as error:
        raise _not_accepted(f"the record of {member.node_id} comes with a certificate of somebody else") from error
    council = current_councils().get(identity.name)
    if identity.role is not Role.COUNCIL or council is None or council.ons_code != member.node_id:
        raise _not_accepted(f"the record of {member.node_id} comes with another council's certificate")
    if certificate.not_valid_after_utc <= now or member.valid_to <= now.timestamp():
        raise _not_accepted(f"the record of {member.node_id} has expired")


def _not_accepted(reason: str) -> EpochNotAccepted:
    return EpochNotAccepted(
        f"This epoch cannot be signed: {reason}.", "Prepare it again with `newlyn-coordinator epoch prepare`."
    )


def sign_epoch(authority: Authority, draft: pb.Epoch) -> pb.Signed:
    """The authority's signature on a checked draft, and on each of its records.

    Raises EpochNotAccepted for what no node would accept, such as one key for two members.
    """
    signed = pb.Epoch()
    signed.CopyFrom(draft)
    for record in signed.records:
        record.authority_sig = transcript.sign(authority.epoch_key, Signature.RECORD, record.payload)
    payload = encode(signed)
    epoch = pb.Signed(
        payload=payload, sig=transcript.sign(authority.epoch_key, Signature.EPOCH, payload), signer=AUTHORITY
    )
    try:
        read_epoch(epoch, public_bytes(authority.epoch_key))
    except Refused as error:
        raise _not_accepted(str(error)) from error
    return epoch


def payload_digest(signed: pb.SignedRecord) -> bytes:
    """What a record's receipt names."""
    return hashlib.sha256(signed.payload).digest()
