"""A whole round, from its epoch to its result, played by everybody in turn (B.1, B.5 to B.7)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from . import members, wire
from .field import interpolate
from .members import Joined, Keys, Reported, self_signed
from .primitives import digest, prg, public, sha256, sign, unworded
from .wire import Envelope, fields

START = 1_790_000_000
DAY = 86_400
TIMES = [START + day * DAY for day in (1, 2, 3, 5, 6, 9)]
VALID = (START, START + 400 * DAY)


@dataclass(frozen=True)
class Case:
    """A round to play: who is in it, who stays away when, and the announced numbers.

    `groups` is the round's partition: every council of the epoch in one group. The committee is the first
    `committee` of them, all by default.
    """

    name: str
    groups: Mapping[str, Sequence[str]]
    committee: int | None = None
    length: int = 5
    width: int = 32
    abs_bound: int = 1000
    min_cell: int = 2
    min_pct: int = 50
    max_dropped: int = 1
    max_colluding: int = 0
    absent_at_join: frozenset[str] = frozenset()
    absent_at_report: frozenset[str] = frozenset()
    absent_at_vote: frozenset[str] = frozenset()
    absent_at_reveal: frozenset[str] = frozenset()

    def secret(self, name: str) -> bytes:
        """32 bytes that look random and are the same each time."""
        return hashlib.sha256(f"{self.name}/{name}".encode()).digest()

    def key(self, name: str) -> Ed25519PrivateKey:
        """The signing key of that name."""
        return Ed25519PrivateKey.from_private_bytes(self.secret(name))

    def ephemerals(self, name: str) -> list[bytes]:
        """The sealing keys of somebody's ciphertexts, one for each member of the committee."""
        return [self.secret(f"{name}/ephemeral/{index}") for index in range(1, len(self.committee_ids) + 1)]

    @property
    def node_ids(self) -> list[str]:
        """Everybody, sorted."""
        return sorted(node_id for group in self.groups.values() for node_id in group)

    @property
    def committee_ids(self) -> list[str]:
        """The committee, in its order."""
        return self.node_ids[: self.committee]

    def vector(self, node_id: str) -> list[int]:
        """What a council puts in: both ends of the range, then whatever its name gives."""
        bound = self.abs_bound
        drawn = (int.from_bytes(self.secret(f"{node_id}/entry/{at}"), "big") for at in range(2, self.length))
        return [bound, -bound, *(number % (2 * bound + 1) - bound for number in drawn)][: self.length]


@dataclass
class Transcript:
    """Everything of a round, in the order in which it came about. Lists and dicts are in the protocol's order."""

    case: Case
    keys: dict[str, Keys]
    t: int
    round_id: bytes
    epoch: Envelope
    epoch_hash: bytes
    announce: Envelope
    announce_hash: bytes
    committee: dict[str, bytes]
    joins: dict[str, Joined]
    manifest: Envelope
    manifest_hash: bytes
    reports: dict[str, Reported] = field(default_factory=dict)
    released: dict[str, list[str]] = field(default_factory=dict)
    statement: Envelope = field(init=False)
    stmt_hash: bytes = field(init=False)
    verdicts: list[Envelope] = field(default_factory=list)
    abort_request: Envelope = field(init=False)
    aborts: list[Envelope] = field(default_factory=list)
    reveals: list[Envelope] = field(default_factory=list)
    receipts: list[Envelope] = field(default_factory=list)
    sums: dict[str, list[int]] = field(default_factory=dict)
    result: Envelope = field(init=False)

    def roster(self, group: str) -> list[str]:
        """Those of a group who joined."""
        return [node_id for node_id in self.joins if node_id in self.case.groups[group]]

    @property
    def certificate(self) -> bytes:
        """The Certificate of the votes to commit."""
        return fields([verdict.encoded for verdict in self.verdicts])


def threshold(committee: int) -> int:
    """t."""
    return 2 * committee // 3 + 1


def ring_width(largest_group: int, abs_bound: int) -> int:
    """w."""
    return 32 if largest_group * abs_bound < 2**30 else 64


def honest_shares(roster: int, max_dropped: int, max_colluding: int) -> int:
    """m_g."""
    return roster - max_dropped - max_colluding


def meets_roster_floor(case: Case, members_of_group: int, roster: int) -> bool:
    """Whether a group's roster is large enough to report to."""
    return (
        100 * roster >= case.min_pct * members_of_group
        and roster - case.max_dropped >= case.min_cell
        and honest_shares(roster, case.max_dropped, case.max_colluding) >= 1
    )


def meets_release_floor(case: Case, roster: int, survivors: int) -> bool:
    """Whether enough of a group's roster reported for its sum to be opened."""
    return survivors >= roster - case.max_dropped


def convene(case: Case) -> Transcript:
    """A round up to its manifest."""
    authority, coordinator = case.key("authority"), case.key("coordinator")
    keys = {}
    for node_id in case.node_ids:
        certificate_key = case.key(f"{node_id}/certificate")
        ek = case.secret(f"{node_id}/ek")
        keys[node_id] = Keys(node_id, case.key(f"{node_id}/idk"), ek, certificate_key, self_signed(certificate_key))
    t = threshold(len(case.committee_ids))
    table = [fields(cell, sorted(nodes)) for cell, nodes in sorted(case.groups.items())]
    records = [members.record(each, authority, VALID, 1) for each in keys.values()]
    coordinator_pub = coordinator.public_key().public_bytes_raw()
    payload = fields(1, bytes(32), records, case.committee_ids, t, coordinator_pub, [fields("england", table)])
    epoch = Envelope(payload, sign(authority, "Epoch", payload), "authority")
    epoch_hash = digest("epoch", payload)

    round_id = case.secret("round")[:16]
    numbers = (case.min_cell, case.min_pct, case.max_dropped, case.max_colluding)
    what = ("collection-2025/national", case.secret("query"), case.length, case.width, case.abs_bound)
    payload = fields(round_id, epoch_hash, *what, "england", *numbers, 1, case.secret("noise"), *TIMES)
    announce = Envelope(payload, sign(coordinator, "RoundAnnounce", payload), "coordinator")
    announce_hash = digest("announce", payload)

    committee = {member: public(keys[member].ek) for member in case.committee_ids}
    joins = {}
    for node_id in case.node_ids:
        if node_id not in case.absent_at_join:
            r, sealing = case.secret(f"{node_id}/join"), case.ephemerals(f"{node_id}/join")
            joins[node_id] = members.join(keys[node_id], round_id, announce_hash, committee, t, r, sealing)
    payload = fields(round_id, announce_hash, [joined.envelope.encoded for joined in joins.values()])
    manifest = Envelope(payload, sign(coordinator, "RoundManifest", payload), "coordinator")
    manifest_hash = digest("manifest", announce_hash, len(joins), *(joined.hash for joined in joins.values()))
    heading = (case, keys, t, round_id, epoch, epoch_hash, announce, announce_hash, committee)
    return Transcript(*heading, joins, manifest, manifest_hash)


def play(case: Case) -> Transcript:
    """A whole round."""
    it = convene(case)
    _report(it)
    _state(it)
    _vote(it)
    _reveal(it)
    _open(it)
    _acknowledge(it)
    return it


def _report(it: Transcript) -> None:
    case = it.case
    for group in sorted(case.groups):
        mask_pks = {node_id: it.joins[node_id].mask_pk for node_id in it.roster(group)}
        for node_id in it.roster(group):
            if node_id not in case.absent_at_report:
                it.reports[node_id] = members.report(
                    it.keys[node_id],
                    it.joins[node_id],
                    case.vector(node_id),
                    case.width,
                    it.round_id,
                    it.manifest_hash,
                    group,
                    mask_pks,
                    it.committee,
                    it.t,
                    case.secret(f"{node_id}/report"),
                    case.ephemerals(f"{node_id}/report"),
                )


def _state(it: Transcript) -> None:
    cells = []
    for group, nodes in sorted(it.case.groups.items()):
        roster = it.roster(group)
        survivors = [node_id for node_id in roster if node_id in it.reports]
        enough = meets_roster_floor(it.case, len(nodes), len(roster))
        if enough and meets_release_floor(it.case, len(roster), len(survivors)):
            it.released[group] = survivors
            cells.append(fields(group, wire.RELEASE, [it.reports[node_id].hash for node_id in survivors]))
        else:
            cells.append(fields(group, wire.WITHHELD))
    payload = fields(it.round_id, it.announce_hash, it.manifest_hash, cells)
    it.statement = Envelope(payload, sign(it.case.key("coordinator"), "Statement", payload), "coordinator")
    it.stmt_hash = digest("stmt", payload)


def _vote(it: Transcript) -> None:
    payload = fields(it.round_id, it.announce_hash)
    it.abort_request = Envelope(payload, sign(it.case.key("coordinator"), "AbortRequest", payload), "coordinator")
    for member in sorted(set(it.committee) - it.case.absent_at_vote):
        keys = it.keys[member]
        it.verdicts.append(members.commit(keys, it.round_id, it.announce_hash, it.manifest_hash, it.stmt_hash))
        it.aborts.append(members.abort(keys, it.round_id, it.announce_hash))


def _revealed(it: Transcript, place: int) -> list[tuple[int, int, int]]:
    """What the committee member of that place reveals: a b-share for a survivor, an a-share for one who dropped."""
    entries = []
    for at, node_id in enumerate(it.joins):
        for group, survivors in it.released.items():
            if node_id in survivors:
                entries.append((at, wire.B, it.reports[node_id].dealt.shares[place]))
            elif node_id in it.roster(group):
                entries.append((at, wire.A, it.joins[node_id].dealt.shares[place]))
    return entries


def _revealing(it: Transcript) -> dict[str, int]:
    """Who reveals, and their places in the committee."""
    away = it.case.absent_at_vote | it.case.absent_at_reveal
    return {member: place for place, member in enumerate(it.committee) if member not in away}


def _reveal(it: Transcript) -> None:
    for member, place in _revealing(it).items():
        it.reveals.append(members.reveal(it.keys[member], it.round_id, it.stmt_hash, _revealed(it, place)))


def _opened(it: Transcript, at: int) -> int:
    """The secret of the roster's entry of that place, from the first t who revealed."""
    revealing = list(_revealing(it).values())[: it.t]
    return interpolate({place + 1: share for place in revealing for i, _, share in _revealed(it, place) if i == at})


def unmask(it: Transcript, group: str) -> list[int]:
    """The sum of a released group, signed, from reports and revealed shares alone."""
    width, length = it.case.width, it.case.length
    survivors, roster, places = it.released[group], it.roster(group), list(it.joins)
    mask_pks = {node_id: it.joins[node_id].mask_pk for node_id in roster}
    total = [0] * length

    def add(vector: Sequence[int], sign_of: int) -> None:
        total[:] = [value + sign_of * other for value, other in zip(total, vector, strict=True)]

    for u in survivors:
        b = _opened(it, places.index(u))
        own = members.self_key(b, it.reports[u].nonce, u, it.manifest_hash, group)
        add(it.reports[u].masked, 1)
        add(prg(own, length, width), -1)
    for v in sorted(set(roster) - set(survivors)):
        sk = members.mask_secret(_opened(it, places.index(v)), it.announce_hash, v)
        for u in survivors:
            key = members.pair_key(sk, v, u, mask_pks, it.manifest_hash, group)
            add(prg(key, length, width), -1 if v > u else 1)
    half = 2 ** (width - 1)
    return [(value + half) % 2**width - half for value in total]


def _open(it: Transcript) -> None:
    cells = []
    for group in sorted(it.case.groups):
        if group in it.released:
            it.sums[group] = unmask(it, group)
            survivors = it.released[group]
            dropped = sorted(set(it.roster(group)) - set(survivors))
            total = sha256(unworded(it.sums[group], it.case.width))
            cells.append(fields(group, wire.RELEASE, total, survivors, dropped))
        else:
            cells.append(fields(group, wire.WITHHELD))
    payload = fields(it.round_id, it.stmt_hash) + wire.present(3, it.certificate)
    payload += b"".join(wire.present(4, cell) for cell in cells)
    it.result = Envelope(payload, sign(it.case.key("coordinator"), "RoundResult", payload), "coordinator")


def _acknowledge(it: Transcript) -> None:
    said = [
        *((wire.JOIN, joined.envelope) for joined in it.joins.values()),
        *((wire.REPORT, it.reports[node_id].envelope) for node_id in sorted(it.reports)),
        *((wire.VERDICT, verdict) for verdict in it.verdicts),
        *((wire.REVEAL, reveal) for reveal in it.reveals),
    ]
    for kind, envelope in said:
        payload = fields(it.round_id, envelope.signer, kind, sha256(envelope.payload), TIMES[0] + kind)
        it.receipts.append(Envelope(payload, sign(it.case.key("coordinator"), "Receipt", payload), "coordinator"))
