"""What anybody can check of a round afterwards, from everything signed in it: each signature, each rule, each sum.

The sums are recomputed in the plainest way, mask by mask, apart from the code that opened them. Without masked vectors
in the transcript they are only compared with the digest that the coordinator signed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from protos.round.v1 import round_pb2 as pb
from protos.round.v1 import transcript_pb2
from protos.sa1 import transcript
from protos.sa1.announces import Announce, read_announce
from protos.sa1.epochs import Epoch, read_epoch
from protos.sa1.masking import Vector, add_masks, mask_private_key, pair_key, self_key, word
from protos.sa1.refusal import Refused
from protos.sa1.rosters import Roster, read_manifest
from protos.sa1.sharing import NotShares, correct, lagrange_at_zero, recover
from protos.sa1.statements import (
    Header,
    Statement,
    read_certificate,
    read_header,
    read_reveal,
    read_statement,
    read_verdict,
)
from protos.sa1.strict import Malformed, encode, parse
from protos.sa1.transcript import Signature

Shares = Mapping[int, int]
"""A secret's shares by their index."""


@dataclass(frozen=True)
class AuditedCell:
    """A group of a published round: node_ids, sorted. `recomputed` says whether its sum was, from masked vectors."""

    cell_id: str
    survivors: tuple[str, ...]
    dropped: tuple[str, ...]
    recomputed: bool

    def as_json(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True)
class Audit:
    """A round whose transcript holds. `outcome` is "published", "aborted" or "without a certificate".

    `reports` are the header_hash of each node's report, by node_id, and `counted` those in a revealed sum: a council
    compares its own with the receipt that it holds.
    """

    round_id: bytes
    collection_id: str
    epoch_number: int
    epoch_hash: bytes
    authority_key: bytes
    outcome: str
    signatures: int
    reports: Mapping[str, bytes]
    counted: frozenset[str]
    cells: tuple[AuditedCell, ...]
    withheld: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "round": self.round_id.hex(),
            "release": self.collection_id,
            "epoch": self.epoch_number,
            "authority_key": self.authority_key.hex(),
            "outcome": self.outcome,
            "signatures": self.signatures,
            "groups": [cell.as_json() for cell in self.cells],
            "withheld": list(self.withheld),
            "reports": {node_id: header.hex() for node_id, header in sorted(self.reports.items())},
        }

    def lines(self) -> list[str]:
        """The same in words."""
        described = [
            f"Round {self.round_id.hex()} of {self.collection_id}, epoch {self.epoch_number}: {self.outcome}",
            f"  {self.signatures} signatures hold, under the authority's key {self.authority_key.hex()}",
        ]
        for cell in self.cells:
            how = "recomputed" if cell.recomputed else "as signed; its masked vectors are not in the file"
            missing = f"; dropped: {', '.join(cell.dropped)}" if cell.dropped else ""
            described.append(f"  {cell.cell_id}: the sum of {len(cell.survivors)} councils, {how}{missing}")
        return [*described, *(f"  {cell_id}: withheld" for cell_id in self.withheld)]


def read_transcript(content: bytes) -> transcript_pb2.Transcript:
    """A transcript from its file. Raises Refused for any other content."""
    try:
        return transcript_pb2.Transcript.FromString(content)
    except DecodeError as error:
        raise Refused("not the transcript of a round") from error


def verify(told: transcript_pb2.Transcript, authority_key: bytes | None = None) -> Audit:
    """Checks everything that a transcript holds.

    `authority_key` (Ed25519, 32 bytes) is the enrolment authority's, from elsewhere than the transcript; without it the
    transcript's own is used, and whoever made the transcript is believed about that. Raises Refused for the first
    thing that does not hold.
    """
    try:
        return _verify(told, authority_key or told.authority_key)
    except (Malformed, NotShares) as error:
        raise Refused(str(error)) from error


def _verify(told: transcript_pb2.Transcript, authority_key: bytes) -> Audit:
    epoch = read_epoch(told.epoch, authority_key)
    announce = read_announce(told.announce, epoch)
    roster = read_manifest(told.manifest, announce, epoch) if told.HasField("manifest") else None
    if told.HasField("abort_request"):
        _check_abort_request(told.abort_request, announce, epoch)
    headers = _headers(told.headers, announce, roster, epoch)
    statement = None
    if told.HasField("statement"):
        if roster is None:
            raise Refused("a statement without a manifest")
        listed = _listed(told.statement, told.headers)
        statement = read_statement(told.statement, listed, announce, roster, epoch)
    for signed in told.verdicts:
        _, choice = read_verdict(signed, epoch)
        if (choice.round_id, choice.announce_hash) != (announce.round_id, announce.hash):
            raise Refused("a verdict of another round")
    outcome = "without a certificate"
    if told.HasField("certificate"):
        choice = read_certificate(told.certificate, announce, epoch)
        if choice.commits and (statement is None or choice.statement_hash != statement.hash):
            raise Refused("a certificate for another statement")
        outcome = "certified" if choice.commits else "aborted"
    cells: tuple[AuditedCell, ...] = ()
    if told.HasField("result"):
        if outcome != "certified" or statement is None or roster is None:
            raise Refused("a result without a commit certificate")
        _check_result(told, announce, statement, roster, epoch)
        cells = _check_sums(told, announce, statement, roster, epoch)
        outcome = "published"
    elif told.reveals and outcome != "certified":
        raise Refused("shares that were revealed without a commit certificate")
    return Audit(
        round_id=announce.round_id,
        collection_id=announce.collection_id,
        epoch_number=epoch.number,
        epoch_hash=epoch.hash,
        authority_key=authority_key,
        outcome=outcome,
        signatures=_count(told, epoch, roster),
        reports={node_id: header.hash for node_id, header in headers.items()},
        counted=statement.survivors if statement is not None and cells else frozenset(),
        cells=cells,
        withheld=statement.withheld if statement is not None and cells else (),
    )


def _check_abort_request(signed: pb.Signed, announce: Announce, epoch: Epoch) -> None:
    if not transcript.holds(epoch.coordinator_key, Signature.ABORT_REQUEST, signed.payload, signed.sig):
        raise Refused("a request to abort that the coordinator did not sign")
    request = parse(pb.AbortRequest, signed.payload)
    if (request.round_id, request.announce_hash) != (announce.round_id, announce.hash):
        raise Refused("a request to abort another round")


def _headers(listed: Sequence[pb.Signed], announce: Announce, roster: Roster | None, epoch: Epoch) -> dict[str, Header]:
    if listed and roster is None:
        raise Refused("reports without a manifest")
    found: dict[str, Header] = {}
    for signed in listed:
        assert roster is not None
        header = read_header(signed, announce, roster, epoch)
        if header.node_id in found:
            raise Refused("two reports of one node")
        found[header.node_id] = header
    return found


def _listed(statement: pb.Signed, headers: Sequence[pb.Signed]) -> list[pb.Signed]:
    by_hash = {transcript.header_hash(signed.payload): signed for signed in headers}
    named = [each for cell in parse(pb.Statement, statement.payload).cells for each in cell.header_hash]
    if not set(named) <= set(by_hash):
        raise Refused("a statement that names a report which is not here")
    return [by_hash[each] for each in named]


def _check_result(
    told: transcript_pb2.Transcript, announce: Announce, statement: Statement, roster: Roster, epoch: Epoch
) -> None:
    if not transcript.holds(epoch.coordinator_key, Signature.RESULT, told.result.payload, told.result.sig):
        raise Refused("a result that the coordinator did not sign")
    result = parse(pb.RoundResult, told.result.payload)
    if (result.round_id, result.stmt_hash) != (announce.round_id, statement.hash):
        raise Refused("a result of another round or statement")
    if encode(result.certificate) != encode(told.certificate):
        raise Refused("a result with another certificate")
    if [cell.cell_id for cell in result.cells] != sorted(roster.cells):
        raise Refused("a result that does not hold the whole partition")
    sums = {each.of: each.words for each in told.sums}
    if set(sums) != set(statement.released):
        raise Refused("sums of other groups than those that were released")
    for cell in result.cells:
        survivors = [header.node_id for header in statement.released.get(cell.cell_id, ())]
        released = cell.cell_id in statement.released
        if (cell.outcome == pb.CELL_OUTCOME_RELEASE) != released or (released and list(cell.survivors) != survivors):
            raise Refused("a result about others than the statement's survivors")
        if released and list(cell.dropped) != [each for each in roster.cells[cell.cell_id] if each not in survivors]:
            raise Refused("a result that names others as dropped")
        if released and hashlib.sha256(sums[cell.cell_id]).digest() != cell.sum_digest:
            raise Refused("a sum that is not the one that the result names")


def _check_sums(
    told: transcript_pb2.Transcript, announce: Announce, statement: Statement, roster: Roster, epoch: Epoch
) -> tuple[AuditedCell, ...]:
    shares = _shares(told.reveals, announce, statement, roster, epoch)
    vectors = {each.of: each.words for each in told.vectors}
    sums = {each.of: each.words for each in told.sums}
    cells = []
    for cell_id, headers in sorted(statement.released.items()):
        survivors = tuple(header.node_id for header in headers)
        recomputed = set(survivors) <= set(vectors)
        if recomputed:
            total = _sum(cell_id, headers, vectors, shares, announce, roster, epoch)
            if total.tobytes() != sums[cell_id]:
                raise Refused("a sum that its masked vectors and revealed shares do not give")
        dropped = tuple(each for each in roster.cells[cell_id] if each not in survivors)
        cells.append(AuditedCell(cell_id, survivors, dropped, recomputed))
    return tuple(cells)


def _shares(
    reveals: Sequence[pb.Signed], announce: Announce, statement: Statement, roster: Roster, epoch: Epoch
) -> dict[str, dict[int, int]]:
    by_owner: dict[str, dict[int, int]] = {}
    for signed in reveals:
        member, revealed = read_reveal(signed, announce, roster, statement, epoch)
        for owner, share in revealed.items():
            by_owner.setdefault(owner, {})[epoch.index(member)] = share
    return by_owner


def _sum(
    cell_id: str,
    headers: Sequence[Header],
    vectors: Mapping[str, bytes],
    shares: Mapping[str, Shares],
    announce: Announce,
    roster: Roster,
    epoch: Epoch,
) -> Vector:
    """The sum of a group: masked vectors, less each survivor's own mask, less what it shares with dropped nodes."""
    total = np.zeros(announce.length, dtype=word(announce.width))
    keys = {entry.node_id: entry.mask_pk for entry in roster.entries}
    survivors = [header.node_id for header in headers]
    for header in headers:
        masked = vectors[header.node_id]
        if hashlib.sha256(masked).digest() != header.vector_digest or len(masked) != total.nbytes:
            raise Refused("a masked vector that is not the one its report names")
        total += np.frombuffer(masked, dtype=total.dtype)
        b = _secret(shares.get(header.node_id, {}), epoch.threshold, _is_committed(header))
        add_masks(total, (), [self_key(b, roster.hash, cell_id, header.node_id, header.nonce)])
    for dropped in (each for each in roster.cells[cell_id] if each not in survivors):
        a = _secret(shares.get(dropped, {}), epoch.threshold, _is_behind(keys[dropped], announce.hash, dropped))
        private = mask_private_key(a, announce.hash, dropped)
        for survivor in survivors:
            first, second = sorted((dropped, survivor))
            pair = pair_key(private, keys[survivor], roster.hash, cell_id, (first, second), (keys[first], keys[second]))
            # The survivor added the mask where its id is the lower one, and subtracted it otherwise.
            added, subtracted = ((), (pair,)) if survivor == first else ((pair,), ())
            add_masks(total, added, subtracted)
    return total


def _is_committed(header: Header) -> Callable[[int], bool]:
    return lambda b: transcript.self_mask_commitment(b) == header.b_commit


def _is_behind(mask_pk: bytes, announce_hash: bytes, owner: str) -> Callable[[int], bool]:
    return lambda a: mask_private_key(a, announce_hash, owner).public_key().public_bytes_raw() == mask_pk


@lru_cache(maxsize=8)
def _weights(indices: tuple[int, ...]) -> list[int]:
    """Most owners' shares are of the same members."""
    return lagrange_at_zero(indices)


def _secret(shares: Shares, needed: int, belongs: Callable[[int], bool]) -> int:
    """The secret behind shares: from any `needed` of them, or where some are wrong, from all. Raises NotShares."""
    chosen = tuple(sorted(shares)[:needed])
    if len(chosen) == needed:
        secret = recover([shares[index] for index in chosen], _weights(chosen))
        if belongs(secret):
            return secret
        secret, _ = correct(shares, needed)
        if belongs(secret):
            return secret
    raise NotShares("a secret that the revealed shares do not give")


def _count(told: transcript_pb2.Transcript, epoch: Epoch, roster: Roster | None) -> int:
    """How many signatures were checked."""
    single = ("epoch", "announce", "manifest", "statement", "abort_request", "result")
    several = len(told.headers) + len(told.verdicts) + len(told.reveals) + len(told.certificate.verdicts)
    return sum(map(told.HasField, single)) + several + 2 * len(epoch.members) + (len(roster.entries) if roster else 0)
