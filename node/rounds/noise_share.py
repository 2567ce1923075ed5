"""This node's share of a group's noise, as the words that a report masks (privacy reference 5.2 and 5.5)."""

from __future__ import annotations

from collections.abc import Sequence

from frameworks.plan import ReleasePlan
from node.noise import add_share
from node.rounds.checks import EntryBeyondBound
from protos.sa1.masking import Vector, to_ring


def add_noise_share(plan: ReleasePlan, exact: Sequence[int], honest_shares: int) -> Vector:
    """An exact vector of `plan.length` integers, clipped, on the grid, with a share of noise: words of the modulus.

    Each call draws afresh: only a report may ask for it. Raises as `node.noise.add_share` does, and EntryBeyondBound
    where the noise carries an entry beyond the plan's bound: such an entry is never clipped.
    """
    noised = add_share(plan, exact, honest_shares)
    assert plan.secure is not None
    if max(map(abs, noised)) > plan.secure.entry_bound:
        raise EntryBeyondBound("an entry beyond the bound of the plan")
    return to_ring(noised, plan.secure.modulus_bits)
