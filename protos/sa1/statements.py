"""Reports, the statement of who survived, verdicts on it, certificates and reveals (B.5, B.7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from protos.round.v1 import round_pb2 as pb
from protos.sa1 import transcript
from protos.sa1.announces import Announce
from protos.sa1.epochs import Epoch
from protos.sa1.floors import meets_release_floor, meets_roster_floor
from protos.sa1.refusal import Refused
from protos.sa1.rosters import Roster, check_signer
from protos.sa1.sharing import NotShares, decode
from protos.sa1.strict import Malformed, need_length, parse
from protos.sa1.transcript import Signature


@dataclass(frozen=True)
class Header:
    """A checked report header: what a node says of its masked vector and its self-mask."""

    hash: bytes
    node_id: str
    nonce: bytes
    vector_digest: bytes
    b_commit: bytes
    b_shares_digest: bytes
    payload: bytes


@dataclass(frozen=True)
class Statement:
    """A checked statement: the survivors' headers by released group, in node_id order; other groups are withheld."""

    hash: bytes
    released: Mapping[str, tuple[Header, ...]]
    withheld: tuple[str, ...]

    @cached_property
    def survivors(self) -> frozenset[str]:
        """The nodes of every released group that survived."""
        return frozenset(header.node_id for headers in self.released.values() for header in headers)


@dataclass(frozen=True)
class Choice:
    """What a verdict says: `statement_hash` and `manifest_hash` of a COMMIT, None of an ABORT."""

    round_id: bytes
    announce_hash: bytes
    manifest_hash: bytes | None
    statement_hash: bytes | None

    @property
    def commits(self) -> bool:
        """Whether it is a COMMIT."""
        return self.statement_hash is not None


def read_header(signed: pb.Signed, announce: Announce, roster: Roster, epoch: Epoch) -> Header:
    """A header of this round and this manifest, by a node on its roster. Raises Refused."""
    try:
        header = parse(pb.ReportHeader, signed.payload)
        for content, what in (
            (header.manifest_hash, "manifest_hash"),
            (header.nonce, "nonce"),
            (header.vector_digest, "vector_digest"),
            (header.b_commit, "b_commit"),
            (header.b_shares_digest, "b_shares_digest"),
        ):
            need_length(content, 32, what)
    except Malformed as error:
        raise Refused(str(error)) from error
    check_signer(signed, header.node_id, Signature.REPORT, epoch)
    if header.round_id != announce.round_id:
        raise Refused("a report of another round")
    if header.manifest_hash != roster.hash:
        raise Refused("a report under another manifest")
    if roster.entry(header.node_id) is None:
        raise Refused("a report of a node that is not on the roster")
    return Header(
        transcript.header_hash(signed.payload),
        header.node_id,
        header.nonce,
        header.vector_digest,
        header.b_commit,
        header.b_shares_digest,
        signed.payload,
    )


def read_statement(
    signed: pb.Signed, headers: Sequence[pb.Signed], announce: Announce, roster: Roster, epoch: Epoch
) -> Statement:
    """A statement that the coordinator signed, about exactly the headers beside it, floors met. Raises Refused."""
    if not transcript.holds(epoch.coordinator_key, Signature.STATEMENT, signed.payload, signed.sig):
        raise Refused("a statement that the coordinator did not sign")
    try:
        message = parse(pb.Statement, signed.payload)
    except Malformed as error:
        raise Refused(str(error)) from error
    if (message.round_id, message.announce_hash) != (announce.round_id, announce.hash):
        raise Refused("a statement of another round")
    if message.manifest_hash != roster.hash:
        raise Refused("a statement under another manifest")
    if [cell.cell_id for cell in message.cells] != sorted(roster.cells):
        raise Refused("a statement that does not hold the whole partition, each group once")
    checked = [read_header(header, announce, roster, epoch) for header in headers]
    remaining = iter(checked)
    released: dict[str, tuple[Header, ...]] = {}
    withheld = []
    for cell in message.cells:
        if cell.outcome == pb.CELL_OUTCOME_WITHHELD and not cell.header_hash:
            withheld.append(cell.cell_id)
            continue
        if cell.outcome != pb.CELL_OUTCOME_RELEASE:
            raise Refused("a group that is neither released nor withheld")
        released[cell.cell_id] = _survivors(cell, remaining, roster)
    if next(remaining, None) is not None:
        raise Refused("headers beside those that the statement names")
    statement = Statement(transcript.statement_hash(signed.payload), released, tuple(withheld))
    check_floors(statement, announce, roster, epoch)
    return statement


def _survivors(cell: pb.StatementCell, remaining: Iterator[Header], roster: Roster) -> tuple[Header, ...]:
    headers: list[Header] = []
    for expected in cell.header_hash:
        header = next(remaining, None)
        if header is None or header.hash != expected:
            raise Refused("headers that are not those that the statement names")
        if header.node_id not in roster.cells[cell.cell_id]:
            raise Refused("a survivor of another group")
        if headers and header.node_id <= headers[-1].node_id:
            raise Refused("survivors out of order, or there twice")
        headers.append(header)
    return tuple(headers)


def check_floors(statement: Statement, announce: Announce, roster: Roster, epoch: Epoch) -> None:
    """Raises Refused unless every released group meets both floors."""
    for cell_id, headers in statement.released.items():
        members, on_roster = len(epoch.partitions[announce.partition_id][cell_id]), len(roster.cells[cell_id])
        if not meets_roster_floor(announce, members, on_roster):
            raise Refused("a group released with too few on its roster")
        if not meets_release_floor(announce, on_roster, len(headers)):
            raise Refused("a group released with too few survivors")


def read_verdict(signed: pb.Signed, epoch: Epoch) -> tuple[str, Choice]:
    """A verdict of a member of the committee: who, and what. Raises Refused."""
    try:
        verdict = parse(pb.Verdict, signed.payload)
        need_length(verdict.round_id, 16, "round_id")
        need_length(verdict.announce_hash, 32, "announce_hash")
    except Malformed as error:
        raise Refused(str(error)) from error
    check_signer(signed, verdict.node_id, Signature.VERDICT, epoch)
    if verdict.node_id not in epoch.committee:
        raise Refused("a verdict of one who is not in the committee")
    choice = verdict.WhichOneof("choice")
    if choice == "abort":
        return verdict.node_id, Choice(verdict.round_id, verdict.announce_hash, None, None)
    commit = verdict.commit
    if choice is None or len(commit.manifest_hash) != 32 or len(commit.stmt_hash) != 32:
        raise Refused("a verdict that is neither COMMIT nor ABORT")
    return verdict.node_id, Choice(verdict.round_id, verdict.announce_hash, commit.manifest_hash, commit.stmt_hash)


def read_certificate(certificate: pb.Certificate, announce: Announce, epoch: Epoch) -> Choice:
    """What at least t distinct members of the announce's committee decided, for this round and no other.

    Raises Refused. A certificate counts whatever else its members may have signed.
    """
    verdicts = [read_verdict(signed, epoch) for signed in certificate.verdicts]
    signers = [member for member, _ in verdicts]
    if any(one >= other for one, other in pairwise(signers)):
        raise Refused("verdicts out of order, or two of one member")
    if len(signers) < epoch.threshold:
        raise Refused("a certificate of fewer members than the threshold")
    choices = {choice for _, choice in verdicts}
    if len(choices) != 1:
        raise Refused("a certificate of different decisions")
    (choice,) = choices
    if (choice.round_id, choice.announce_hash) != (announce.round_id, announce.hash):
        raise Refused("a certificate of another round")
    return choice


def revealed_kind(node_id: str, statement: Statement, roster: Roster) -> pb.ShareKind | None:
    """Which share of an owner may be opened: B of a survivor, A of a dropped node, None where the group is withheld."""
    cell_id = roster.cell_of(node_id)
    if cell_id is None or cell_id not in statement.released:
        return None
    return pb.SHARE_KIND_B if node_id in statement.survivors else pb.SHARE_KIND_A


def read_reveal(
    signed: pb.Signed, announce: Announce, roster: Roster, statement: Statement, epoch: Epoch
) -> tuple[str, Mapping[str, int]]:
    """A member of the committee, and the shares that it opened, by owner: of released groups, of a survivor's self-mask
    or of a dropped node's pair-mask secret. Raises Refused."""
    try:
        reveal = parse(pb.Reveal, signed.payload)
    except Malformed as error:
        raise Refused(str(error)) from error
    check_signer(signed, reveal.node_id, Signature.REVEAL, epoch)
    if reveal.node_id not in epoch.committee:
        raise Refused("a reveal of one who is not in the committee")
    if (reveal.round_id, reveal.stmt_hash) != (announce.round_id, statement.hash):
        raise Refused("a reveal of another round or statement")
    places = [entry.roster_index for entry in reveal.entries]
    if any(one >= other for one, other in pairwise(places)) or (places and places[-1] >= len(roster.entries)):
        raise Refused("reveals out of order, or beyond the roster")
    shares = {}
    for place, entry in zip(places, reveal.entries, strict=True):
        owner = roster.entries[place].node_id
        if entry.kind != revealed_kind(owner, statement, roster):
            raise Refused("a share that the statement does not open")
        try:
            shares[owner] = decode(entry.share)
        except NotShares as error:
            raise Refused("a share that is no field element") from error
    return reveal.node_id, shares
