"""Opening the sums of a certified round: secrets from shares, and the masks that did not cancel (B.6).

Pure, and streaming: beside the sums themselves nothing as long as a vector is in memory. A secret is used only if it
belongs to the key or the commitment that its owner signed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from coordinator.rounds.records import Doubt
from protos.sa1 import transcript
from protos.sa1.announces import Announce
from protos.sa1.masking import Vector, add_masks, mask_private_key, pair_key, self_key, word
from protos.sa1.rosters import Roster
from protos.sa1.sharing import NotShares, correct, lagrange_at_zero, recover
from protos.sa1.statements import Header, Statement

Shares = Mapping[int, int]
"""A secret's shares by their index."""


@dataclass(frozen=True)
class Secrets:
    """What members' shares gave: `a` of every dropped node and `b` of every survivor of the released groups.

    `lost` are the owners whose secret is not among them. `doubts` are the shares that did not fit.
    """

    a: Mapping[str, int] = field(repr=False)
    b: Mapping[str, int] = field(repr=False)
    lost: tuple[str, ...]
    doubts: tuple[Doubt, ...]


def find_secrets(
    reveals: Mapping[str, Mapping[str, int]],
    committee: Sequence[str],
    needed: int,
    announce: Announce,
    roster: Roster,
    statement: Statement,
) -> Secrets:
    """Puts together every secret of the released groups from the shares in `reveals`, by member and owner.

    One set of indices serves all owners, so that its weights are computed once; an owner for whom a member gave no
    share has a set of its own. Where a secret does not belong to its owner's key or commitment, all its shares are read
    as a Reed-Solomon word, which (r - needed) // 2 wrong shares of r do not spoil.
    """
    index = {member: place + 1 for place, member in enumerate(committee)}
    by_owner: dict[str, dict[int, int]] = {}
    for member, shares in reveals.items():
        place = index[member]
        for owner, share in shares.items():
            by_owner.setdefault(owner, {})[place] = share
    interpolation = _Interpolation([index[member] for member in reveals], needed)
    headers = {header.node_id: header for cell in statement.released.values() for header in cell}
    found: dict[str, int] = {}
    lost: list[str] = []
    doubts: list[Doubt] = []
    for owner in (node for cell_id in statement.released for node in roster.cells[cell_id]):
        secret, wrong = interpolation.secret(by_owner.get(owner, {}), _belongs(owner, announce, roster, headers))
        doubts.extend(Doubt(owner, committee[place - 1]) for place in sorted(wrong))
        if secret is None:
            lost.append(owner)
        else:
            found[owner] = secret
    a = {owner: secret for owner, secret in found.items() if owner not in headers}
    b = {owner: secret for owner, secret in found.items() if owner in headers}
    return Secrets(a, b, tuple(sorted(lost)), tuple(doubts))


def _belongs(owner: str, announce: Announce, roster: Roster, headers: Mapping[str, Header]) -> Callable[[int], bool]:
    """Whether a secret is the one its owner committed to: a survivor in its header, a dropped node by its key."""
    if owner in headers:
        return lambda b: transcript.self_mask_commitment(b) == headers[owner].b_commit
    mask_pk = roster.entries[roster.place(owner)].mask_pk
    return lambda a: mask_private_key(a, announce.hash, owner).public_key().public_bytes_raw() == mask_pk


class _Interpolation:
    """Secrets from shares, with the weights of sets of indices that were used before."""

    def __init__(self, indices: Sequence[int], needed: int) -> None:
        self._order = sorted(indices)
        self._needed = needed
        self._weights: dict[tuple[int, ...], list[int]] = {}

    def secret(self, shares: Shares, belongs: Callable[[int], bool]) -> tuple[int | None, frozenset[int]]:
        """The secret, or None where it is lost, and the indices of shares that did not fit."""
        chosen = tuple([place for place in self._order if place in shares][: self._needed])
        if len(chosen) < self._needed:
            return None, frozenset()
        if chosen not in self._weights:
            self._weights[chosen] = lagrange_at_zero(chosen)
        secret = recover([shares[place] for place in chosen], self._weights[chosen])
        if belongs(secret):
            return secret, frozenset()
        try:
            secret, wrong = correct(shares, self._needed)
        except NotShares:
            return None, frozenset()
        # Shares that went wrong once are left to the last for the next owners: each correction is expensive.
        self._order.sort(key=lambda place: place in wrong)
        return (secret, wrong) if belongs(secret) else (None, wrong)


def open_sum(
    masked: bytes, cell_id: str, announce: Announce, roster: Roster, statement: Statement, secrets: Secrets
) -> Vector:
    """The sum of a released group's vectors, from the sum of its masked ones (little-endian words).

    The survivors' own masks are taken off, and so are the masks that they share with nodes that were dropped: a pair
    of survivors' cancel. Raises KeyError where a secret is lost, ValueError for a sum of another length.
    """
    total = np.frombuffer(bytearray(masked), dtype=word(announce.width))
    if len(total) != announce.length:
        raise ValueError("a sum of another length than the announcement says")
    survivors = statement.released[cell_id]
    own = (
        self_key(secrets.b[header.node_id], roster.hash, cell_id, header.node_id, header.nonce) for header in survivors
    )
    add_masks(total, (), own)
    reported = {header.node_id for header in survivors}
    for dropped in roster.cells[cell_id]:
        if dropped not in reported:
            added, subtracted = _left_over(dropped, cell_id, announce, roster, sorted(reported), secrets.a[dropped])
            add_masks(total, added, subtracted)
    return total


def _left_over(
    dropped: str, cell_id: str, announce: Announce, roster: Roster, survivors: Sequence[str], a: int
) -> tuple[Iterator[bytes], Iterator[bytes]]:
    """The keys of the masks that survivors share with a dropped node: to add again, and to subtract.

    In a pair the node of the lower id adds the mask, and the other subtracts it (B.4).
    """
    mine = mask_private_key(a, announce.hash, dropped)
    keys = {entry.node_id: entry.mask_pk for entry in roster.entries}

    def shared(survivor: str) -> bytes:
        lower, higher = sorted((dropped, survivor))
        return pair_key(mine, keys[survivor], roster.hash, cell_id, (lower, higher), (keys[lower], keys[higher]))

    added = (shared(survivor) for survivor in survivors if survivor > dropped)
    subtracted = (shared(survivor) for survivor in survivors if survivor < dropped)
    return added, subtracted
