"""Noise that no single council adds: each adds a share, and the sum over a group carries the plan's scale.

In a secure release the scales of the plan are those of the sum. A node does not know who else will be heard, so the
shares are computed for m councils that surely are, and do not reveal theirs: m = roster - dropped - colluding. Each
adds a discrete Gaussian of scale sigma / sqrt(m); the councils heard beyond m add noise for nothing, which harms nobody
(privacy reference 5.2).

A sum of discrete Gaussians is not quite one. Its Renyi divergence of order alpha is at most that of the discrete
Gaussian plus tau for each entry that differs (Kairouz, Liu and Steinke 2021, *The Distributed Discrete Gaussian
Mechanism for Federated Learning with Secure Aggregation*, proposition 14); tau falls below 1e-16 as a share's scale
reaches 2. So all integers, noise included, are multiplied by a power of two, the `grid`, until the smallest share of
any block has a scale of at least 2 of the finer units.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from pydantic import Field

from frameworks.accounting import root_up
from frameworks.blocks import SIGMA_UNITS, Block
from frameworks.model import Model

SHARE_UNITS = 2**20
"""Scales of shares are multiples of 2**-20, exact in a float: rounding each up costs a sum less than a millionth."""

SMALLEST_SHARE = 2
"""The least scale of a node's share of noise, in units of the grid."""

MOST_CHILDREN = 2**16
"""No council has so many children in a cohort, by public statistics: exact sums are clipped to what they could move."""

_WRAP_BITS = 40
"""The noise carries an entry beyond its bound with a probability of less than 2**-40."""

Groups = Literal["england", "regions"]


class SecureTerms(Model):
    """What a collection asks of the rounds of a secure release.

    `groups` says whose sums it reveals: England's councils together, or those of each region. `largest_group` is the
    number of councils in the largest. Of a group's roster at most `max_dropped` may be missing in the end, and the
    noise holds while at most `max_colluding` councils reveal theirs.
    """

    groups: Groups
    largest_group: int = Field(ge=2, le=10_000)
    max_dropped: int = Field(default=3, ge=0)
    max_colluding: int = Field(default=0, ge=0)


@dataclass(frozen=True)
class SecureShare:
    """The terms of a secure release, and what follows from them and the blocks.

    Integers are sent times `grid`, added modulo 2**`modulus_bits`; no entry of a node's noised vector lies beyond
    `entry_bound` but for a probability of less than 2**-40, whatever its data.
    """

    groups: Groups
    largest_group: int
    max_dropped: int
    max_colluding: int
    grid: int
    modulus_bits: int
    entry_bound: int

    def honest_shares(self, roster: int) -> int:
        """m, for a group with so many councils on its roster. Raises ValueError where nobody would be left."""
        shares = roster - self.max_dropped - self.max_colluding
        if shares < 1:
            raise ValueError("no honest share of noise would be sure to be in the sum")
        return shares


def share_units(block: Block, honest_shares: int, grid: int) -> int:
    """The scale of a node's share of a block's noise on the grid, in 2**-20, rounded up."""
    whole = block.sigma_units * (SHARE_UNITS // SIGMA_UNITS) * grid
    return root_up(Fraction(whole**2, honest_shares))


def grid_for(blocks: Iterable[Block], honest_shares: int) -> int:
    """The smallest power of two that gives every block's smallest share a scale of `SMALLEST_SHARE`."""
    grid = 1
    listed = list(blocks)
    while any(share_units(block, honest_shares, grid) < SMALLEST_SHARE * SHARE_UNITS for block in listed):
        grid *= 2
    return grid


def secure_share(terms: SecureTerms, blocks: Sequence[Block]) -> SecureShare:
    """Grid, modulus and bound of a secure release. Raises ValueError where no honest share would be left.

    The modulus is 32 bits wide where the largest group's sum surely fits 30 (secure aggregation reference B.3), or 64.
    """
    draft = SecureShare(terms.groups, terms.largest_group, terms.max_dropped, terms.max_colluding, 1, 64, 0)
    grid = grid_for(blocks, draft.honest_shares(terms.largest_group))
    entries = sum(block.length for block in blocks)
    tail = math.sqrt(2 * (math.log(2 * entries) + _WRAP_BITS * math.log(2)))
    bound = max(grid * block.sensitivity * MOST_CHILDREN + math.ceil(grid * block.sigma * tail) for block in blocks)
    bits = 32 if terms.largest_group * bound < 2**30 else 64
    return SecureShare(terms.groups, terms.largest_group, terms.max_dropped, terms.max_colluding, grid, bits, bound)


def tau(shares: int, sigma: float) -> float:
    """How far a sum of `shares` discrete Gaussians of that scale is from one, in an entry: an addition to Renyi
    divergence of every order (proposition 14 of the paper above)."""
    return 10 * math.fsum(math.exp(-2 * (math.pi * sigma) ** 2 * k / (k + 1)) for k in range(1, shares))


def share_residue(share: SecureShare, blocks: Iterable[Block], roster: int) -> float:
    """What the sum of shares adds to the divergence of one discrete Gaussian, over all entries: tau * d by block."""
    honest = share.honest_shares(roster)
    return math.fsum(
        block.length * tau(honest, share_units(block, honest, share.grid) / SHARE_UNITS) for block in blocks
    )
