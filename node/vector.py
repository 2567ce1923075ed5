"""The exact vector of a plan: the tabulated blocks in the plan's order, clipped to public bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from frameworks.plan import Block, ReleasePlan

LARGEST_ENTRY = 2**40
"""No entry is larger in absolute value: far above any count of children, far inside int64 with its noise.

Entries beyond are clipped, never refused: a refusal would speak about the data (privacy reference 12). Clipping a sum
moves it by no more than the sum itself moves, so the plan's sensitivities hold."""


def exact_vector(plan: ReleasePlan, tabulation: Mapping[Block, Sequence[int]]) -> list[int]:
    """The entries of `tabulation` (one sequence per block, one entry per level) as one vector of `plan.length`.

    It exists in memory only. Raises KeyError for a block that was not tabulated.
    """
    return [max(-LARGEST_ENTRY, min(LARGEST_ENTRY, entry)) for block in plan.blocks for entry in tabulation[block]]
