"""The exact vector of a plan: the tabulated blocks in the plan's order. It exists in memory only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from frameworks.blocks import Block
from frameworks.plan import ReleasePlan


def exact_vector(plan: ReleasePlan, tabulation: Mapping[Block, Sequence[int]]) -> list[int]:
    """The entries of `tabulation` (one sequence per block, `block.length` entries) as one vector of `plan.length`.

    Entries are as they are: the noise clips them to its public bound. Raises KeyError for a block not tabulated.
    """
    return [entry for block in plan.blocks for entry in tabulation[block]]
