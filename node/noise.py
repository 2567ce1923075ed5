"""Noise: OpenDP's integer discrete Gaussian, one call per block of the plan, each at the block's own scale.

OpenDP accepts a scale of 0 (and adds nothing), takes True for a scale of 1, clamps unsigned integers at 0 and saturates
at the bounds of its type. So all that it is given is checked here first: scales and entries are ints and nothing like
them, a scale is above 0, and entries are clipped to a public bound far inside 64 bits (clipping entry by entry cannot
raise sensitivity). Privacy reference 2.1, 2.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import opendp.prelude as dp

from frameworks.blocks import Block
from frameworks.plan import ReleasePlan
from frameworks.shares import MOST_CHILDREN, SHARE_UNITS, SMALLEST_SHARE, SecureShare, share_units
from node.errors import PlanRefused

CLIP = 2**40
"""Entries are clipped to +-CLIP, which no council's sums come near, and never refused: a refusal would speak about the
data (privacy reference 12). Clipping a sum moves it by no more than the sum itself moves, so sensitivities hold."""

_LARGEST_SIGMA_UNITS = 2**50
_MAP_TOLERANCE = Fraction(1, 10**12)

dp.enable_features("contrib")


def _refused(block: Block, problem: str) -> PlanRefused:
    return PlanRefused(
        f"The plan's block {block.statistic} {block.indicator or block.cohort} {problem}.",
        "Nothing is charged or sent. Tell the coordinator's operator.",
    )


def _is_integer(value: object) -> bool:
    """Whether it is an int itself: not a bool, a float that happens to be whole, or a number of NumPy."""
    return type(value) is int


def _mechanism(block: Block) -> Any:
    """The discrete Gaussian of a block. Raises PlanRefused for a scale it cannot have, or that costs otherwise."""
    if not (_is_integer(block.sigma_units) and 0 < block.sigma_units <= _LARGEST_SIGMA_UNITS):
        raise _refused(block, "has no noise scale above 0")
    if not (_is_integer(block.sensitivity) and block.sensitivity > 0):
        raise _refused(block, "has no sensitivity above 0")
    space = dp.vector_domain(dp.atom_domain(T=dp.i64)), dp.l2_distance(T=float)
    mechanism: Any = dp.m.make_gaussian(*space, scale=block.sigma)
    rho = Fraction(mechanism.map(float(block.sensitivity)))
    if not block.cost <= rho <= block.cost * (1 + _MAP_TOLERANCE):
        raise _refused(block, "costs more than the plan says")
    return mechanism


def check_noise(plan: ReleasePlan) -> None:
    """Whether every block can be given the noise that the plan charges for; nothing is drawn.

    Raises PlanRefused for a scale or a sensitivity that is not above 0, for blocks that do not follow each other, or
    where OpenDP's privacy map does not give the block's cost.
    """
    start = 0
    for block in plan.blocks:
        _mechanism(block)
        if block.start != start or not block.levels:
            raise _refused(block, "does not follow the block before it")
        start += block.length


def add_noise(plan: ReleasePlan, exact: Sequence[int]) -> list[int]:
    """Draws noise for every entry of an exact vector of `plan.length` integers, in the plan's order.

    Each call draws afresh: only the one door (`node.release`) may call it, once it has charged the release.

    Raises PlanRefused as `check_noise` does, ValueError for a vector of another length, and TypeError for an entry
    that is not an int.
    """
    _check_exact(plan, exact)
    check_noise(plan)
    noised: list[int] = []
    for block in plan.blocks:
        entries = exact[block.indices]
        noised += _mechanism(block)([max(-CLIP, min(CLIP, entry)) for entry in entries])
    return noised


def _check_exact(plan: ReleasePlan, exact: Sequence[int]) -> None:
    if len(exact) != plan.length:
        raise ValueError("the vector is not as long as the plan")
    if not all(map(_is_integer, exact)):
        raise TypeError("the vector holds something that is no integer")


def _share_mechanism(block: Block, secure: SecureShare, honest_shares: int) -> Any:
    """A node's part of a block's noise, on the grid. Raises PlanRefused for one that is too fine to add up to it.

    That shares add up to the block's scale is `frameworks.shares`; that this costs what the plan charges, OpenDP says
    of the block itself.
    """
    _mechanism(block)
    units = share_units(block, honest_shares, secure.grid)
    if not SMALLEST_SHARE * SHARE_UNITS <= units <= _LARGEST_SIGMA_UNITS:
        raise _refused(block, "has shares of noise that are too small, or too large, for their sum to be sure")
    space = dp.vector_domain(dp.atom_domain(T=dp.i64)), dp.l2_distance(T=float)
    return dp.m.make_gaussian(*space, scale=units / SHARE_UNITS)


def add_share(plan: ReleasePlan, exact: Sequence[int], honest_shares: int) -> list[int]:
    """A node's entries of a secure release, with its share of the noise for so many honest ones; times the grid.

    Every entry of the exact vector (`plan.length` integers) is first clipped to what `MOST_CHILDREN` children could
    move, so that what the noise may carry beyond the plan's bound does not depend on the data (privacy reference 5.5).
    The scale of a share is sigma / sqrt(`honest_shares`) (5.2). Each call draws afresh.

    Raises PlanRefused for a plan that is not secure and as `check_noise`, and for a share of a scale below 2 units of
    the grid; ValueError for a vector of another length or for no honest share; TypeError for an entry that is no int.
    """
    secure = plan.secure
    if secure is None:
        raise PlanRefused(
            f"The plan of release {plan.release_id} is not one of mode secure.",
            "Nothing is charged or sent. Tell the coordinator's operator.",
        )
    if honest_shares < 1:
        raise ValueError("no honest share of noise would be sure to be in the sum")
    _check_exact(plan, exact)
    check_noise(plan)
    noised: list[int] = []
    for block in plan.blocks:
        most = block.sensitivity * MOST_CHILDREN
        entries = [secure.grid * max(-most, min(most, entry)) for entry in exact[block.indices]]
        noised += _share_mechanism(block, secure, honest_shares)(entries)
    return noised
