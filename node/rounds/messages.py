"""What a node says in a round, made from what it knows; pure. Secure aggregation reference, B.4 and B.5."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from google.protobuf.message import Message

from node.rounds.keys import NodeKeys
from protos.round.v1 import round_pb2 as pb
from protos.sa1 import hedging, sealing, sharing, transcript
from protos.sa1.announces import Announce
from protos.sa1.epochs import Epoch
from protos.sa1.masking import Vector, add_masks, mask_private_key, pair_key, self_key
from protos.sa1.refusal import Refused
from protos.sa1.rosters import Roster
from protos.sa1.statements import Statement, revealed_kind
from protos.sa1.strict import encode
from protos.sa1.transcript import Signature

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class MadeJoin:
    """A Join, its share ciphertexts in committee order, and the secret behind this node's pair masks."""

    signed: pb.Signed
    shares: tuple[bytes, ...]
    a: int


@dataclass(frozen=True)
class MadeReport:
    """A report's header, its share ciphertexts in committee order, and the masked vector (little-endian words)."""

    signed: pb.Signed
    shares: tuple[bytes, ...]
    vector: bytes


def make_join(keys: NodeKeys, announce: Announce, epoch: Epoch, randomness: bytes) -> MadeJoin:
    """A Join with fresh secrets, from 32 random bytes."""
    me = keys.node_id
    secrets = hedging.join_secrets(randomness, announce.hash, me, epoch.threshold)
    mask_pk = mask_private_key(secrets.a, announce.hash, me).public_key().public_bytes_raw()
    infos = [
        sealing.a_share_info(announce.hash, me, member, place + 1, mask_pk)
        for place, member in enumerate(epoch.committee)
    ]
    shares = _dealt(secrets.a, secrets.coefficients, infos, epoch)
    message = pb.Join(
        round_id=announce.round_id,
        announce_hash=announce.hash,
        node_id=me,
        mask_pk=mask_pk,
        a_shares_digest=transcript.digest_of(shares),
    )
    return MadeJoin(_signed(keys, Signature.JOIN, message), shares, secrets.a)


def make_report(
    keys: NodeKeys, announce: Announce, roster: Roster, epoch: Epoch, a: int, noised: Vector, randomness: bytes
) -> MadeReport:
    """A report of a noised vector under this manifest, with a self-mask drawn now, from 32 random bytes.

    `noised` is masked in place. Raises Refused where this node is not on the roster.
    """
    me = keys.node_id
    cell_id = roster.cell_of(me)
    if cell_id is None:
        raise Refused("not on the roster")
    secrets = hedging.report_secrets(randomness, roster.hash, me, epoch.threshold, noised)
    pair_keys = _pair_keys(mask_private_key(a, announce.hash, me), me, cell_id, roster)
    own = self_key(secrets.b, roster.hash, cell_id, me, secrets.nonce)
    add_masks(
        noised,
        [own, *(key for other, key in pair_keys.items() if other > me)],
        [key for other, key in pair_keys.items() if other < me],
    )
    vector = noised.tobytes()
    infos = [
        sealing.b_share_info(roster.hash, me, member, place + 1, secrets.nonce)
        for place, member in enumerate(epoch.committee)
    ]
    shares = _dealt(secrets.b, secrets.coefficients, infos, epoch)
    header = pb.ReportHeader(
        round_id=announce.round_id,
        manifest_hash=roster.hash,
        node_id=me,
        nonce=secrets.nonce,
        vector_digest=hashlib.sha256(vector).digest(),
        b_commit=transcript.self_mask_commitment(secrets.b),
        b_shares_digest=transcript.digest_of(shares),
    )
    return MadeReport(_signed(keys, Signature.REPORT, header), shares, vector)


def make_verdict(keys: NodeKeys, announce: Announce, committed: tuple[Roster, Statement] | None) -> pb.Signed:
    """COMMIT to a statement under its manifest, or ABORT."""
    verdict = pb.Verdict(round_id=announce.round_id, announce_hash=announce.hash, node_id=keys.node_id)
    if committed is None:
        verdict.abort.SetInParent()
    else:
        roster, statement = committed
        verdict.commit.manifest_hash, verdict.commit.stmt_hash = roster.hash, statement.hash
    return _signed(keys, Signature.VERDICT, verdict)


def make_reveal(
    keys: NodeKeys,
    share_key: X25519PrivateKey,
    announce: Announce,
    roster: Roster,
    statement: Statement,
    epoch: Epoch,
    work: pb.StatementWork,
) -> pb.Signed:
    """The shares that the statement opens, of those sealed to this member; one that does not open is left out.

    Raises Refused for a node that is not in the committee.
    """
    me, index = keys.node_id, epoch.index(keys.node_id)
    nonces = {header.node_id: header.nonce for headers in statement.released.values() for header in headers}
    entries = []
    for place, entry in enumerate(roster.entries):
        owner, kind = entry.node_id, revealed_kind(entry.node_id, statement, roster)
        if kind == pb.SHARE_KIND_B:
            sealed, info = work.b_share_ct[place], sealing.b_share_info(roster.hash, owner, me, index, nonces[owner])
        elif kind == pb.SHARE_KIND_A:
            sealed, info = (
                work.a_share_ct[place],
                sealing.a_share_info(announce.hash, owner, me, index, entry.mask_pk),
            )
        else:
            continue
        try:
            share = sealing.open_share(sealed, share_key, info)
        except sealing.ShareDoesNotOpen:
            continue
        entries.append(pb.RevealEntry(roster_index=place, kind=kind, share=transcript.le32(share)))
    message = pb.Reveal(round_id=announce.round_id, node_id=me, stmt_hash=statement.hash, entries=entries)
    return _signed(keys, Signature.REVEAL, message)


def join_submission(signed: pb.Signed, shares: Sequence[bytes]) -> pb.JoinSubmission:
    """A Join as it is sent."""
    return pb.JoinSubmission(join=signed, a_share_ct=shares)


def report_parts(signed: pb.Signed, vector: bytes, shares: Sequence[bytes]) -> tuple[pb.ReportPart, ...]:
    """A report as it is sent: its header, its vector in chunks, its shares."""
    chunks = [
        pb.ReportPart(chunk=pb.Chunk(seq=seq, data=vector[start : start + CHUNK_BYTES]))
        for seq, start in enumerate(range(0, len(vector), CHUNK_BYTES))
    ]
    return (
        pb.ReportPart(header=signed),
        *chunks,
        pb.ReportPart(shares=pb.ShareCiphertexts(b_share_ct=shares)),
    )


def _signed(keys: NodeKeys, kind: Signature, message: Message) -> pb.Signed:
    return keys.signed(kind, encode(message))


def _dealt(secret: int, coefficients: Sequence[int], infos: Sequence[bytes], epoch: Epoch) -> tuple[bytes, ...]:
    """A secret's shares, sealed to each member of the committee."""
    shares = sharing.share(secret, coefficients, len(epoch.committee))
    return tuple(
        sealing.seal_share(share, epoch.members[member].ek, info)
        for share, member, info in zip(shares, epoch.committee, infos, strict=True)
    )


def _pair_keys(mine: X25519PrivateKey, me: str, cell_id: str, roster: Roster) -> dict[str, bytes]:
    """The keys of the masks that this node shares with every other of its group on the roster."""
    public = {entry.node_id: entry.mask_pk for entry in roster.entries}
    keys = {}
    for other in roster.cells[cell_id]:
        if other != me:
            pair = (me, other) if me < other else (other, me)
            keys[other] = pair_key(mine, public[other], roster.hash, cell_id, pair, (public[pair[0]], public[pair[1]]))
    return keys
