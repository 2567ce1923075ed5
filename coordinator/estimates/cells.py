"""Reading noised vectors: every table taken apart into two pieces whose noises are independent of each other.

The entries of a table have independent noises of one scale. So the noise of their sum says nothing about the noise of
the deviations from their mean: what the sum is found to be from other tables, other releases or larger areas never
changes the deviations, and least squares over both is least squares over each (privacy reference 6.4, where all s_j are
1/k).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from coordinator.estimates.sums import NoisySum
from frameworks.blocks import Block, Statistic
from frameworks.plan import ReleasePlan


@dataclass(frozen=True)
class Column:
    """What is added up over children: a statistic of a cohort (totals) or of an indicator.

    `category` is one of a histogram's `categories`, which are empty for every other statistic. Two releases add up the
    same only where they keep as many of a child's events (`event_cap`), and have the same categories.
    """

    statistic: Statistic
    name: str
    event_cap: int = 1
    categories: tuple[str, ...] = ()
    category: str = ""


@dataclass(frozen=True)
class Table:
    """A column of one table: the sum over its levels, and how far each level is from a level's mean share of that sum.

    All deviations have the same variance, and their covariance is -1/(k - 1) of it, k being the number of levels.
    """

    total: NoisySum
    deviations: tuple[NoisySum, ...]


def _table(entries: Sequence[float], variance: float) -> Table:
    size, total = len(entries), sum(entries)
    deviations = tuple(NoisySum(entry - total / size, variance * (1 - 1 / size)) for entry in entries)
    return Table(NoisySum(float(total), variance * size), deviations)


def columns(block: Block) -> tuple[Column, ...]:
    """What a block adds up: one column for each category of a histogram, else one in all."""
    name = block.cohort if block.statistic is Statistic.TOTAL else block.indicator
    column = Column(block.statistic, name, block.event_cap, block.categories)
    return tuple(replace(column, category=category) for category in block.categories or ("",))


def read_vector(
    plan: ReleasePlan, vector: Sequence[float], noise_ratio: float = 1.0
) -> Mapping[tuple[Column, str], Table]:
    """A noised vector as tables, by column and breakdown.

    The variance of its noise is the plan's times `noise_ratio`. Raises ValueError for a vector whose length is not the
    plan's.
    """
    if len(vector) != plan.length:
        raise ValueError(f"a vector of {len(vector)} entries, where the plan has {plan.length}")
    return {
        (column, block.breakdown): _table(entries, block.variance * noise_ratio)
        for block in plan.blocks
        for column, entries in _by_column(block, vector)
    }


def _by_column(block: Block, vector: Sequence[float]) -> Iterable[tuple[Column, Sequence[float]]]:
    """Each column with its entries by level; a histogram's stand level after level."""
    found, entries = columns(block), vector[block.indices]
    return ((column, entries[index :: len(found)]) for index, column in enumerate(found))
