"""Noised sums: reading a council's vector, making its tables agree, and adding councils up.

All of it is linear in the vectors, so that noise stays independent between councils and variances just add. Nothing is
clamped or rounded here: cutting sums at 0 would bias every total made of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from frameworks.plan import OVERALL, Block, ReleasePlan, Statistic


@dataclass(frozen=True)
class NoisySum:
    """A sum with noise in it, and the variance of that noise."""

    value: float
    variance: float

    def __add__(self, other: NoisySum) -> NoisySum:
        return NoisySum(self.value + other.value, self.variance + other.variance)

    def without(self, part: NoisySum) -> NoisySum:
        """This sum less one of the sums it was added up from, noise and all."""
        return NoisySum(self.value - part.value, max(self.variance - part.variance, 0.0))

    def scaled(self, factor: float) -> NoisySum:
        """The sum in other units."""
        return NoisySum(self.value * factor, self.variance * factor**2)


NOTHING = NoisySum(0.0, 0.0)


@dataclass(frozen=True)
class Cell:
    """Where a noised sum stands: a statistic of a cohort or indicator, in one level of one breakdown.

    `category` is one of a histogram's, empty for every other statistic.
    """

    statistic: Statistic
    name: str
    breakdown: str
    level: str
    category: str = ""


Cells = Mapping[Cell, NoisySum]


def _name(block: Block) -> str:
    return block.cohort if block.statistic is Statistic.TOTAL else block.indicator


def _columns(block: Block, vector: Sequence[int]) -> Iterable[tuple[str, Sequence[int]]]:
    """A block's entries by level, once for each category of a histogram (level-major), else once in all."""
    categories = block.categories or ("",)
    entries = vector[block.indices]
    return ((category, entries[index :: len(categories)]) for index, category in enumerate(categories))


def _agreed(tables: Sequence[tuple[Block, Sequence[int]]]) -> Iterable[tuple[str, str, NoisySum]]:
    """Breakdown, level and sum for one statistic's tables made to agree: least squares in closed form (privacy 6.4).

    The overall figure is the inverse-variance mean of the overall entry and of each table's sum; each cell of a table
    then takes an equal share of what its table is off, for its noise is equal. No figure becomes less certain. Each
    category of a histogram is a statistic of its own: nothing ties the categories to one another.
    """
    weighted = [
        (float(sum(entries)), 1 / (block.variance * len(entries)) if block.variance else 0.0)
        for block, entries in tables
    ]
    precision = sum(weight for _, weight in weighted)
    if not precision:
        overall = NoisySum(weighted[0][0], 0.0)
    else:
        overall = NoisySum(sum(value * weight for value, weight in weighted) / precision, 1 / precision)
    for block, entries in tables:
        share = 1 / len(entries)
        correction = (overall.value - sum(entries)) * share
        variance = block.variance * (1 - share) + overall.variance * share**2
        for level, entry in zip(block.levels, entries, strict=True):
            yield block.breakdown, level, NoisySum(entry + correction, variance)


def read_vector(plan: ReleasePlan, vector: Sequence[int]) -> Cells:
    """A council's noised vector as cells that agree: each table adds up to the overall figure.

    Raises ValueError for a vector whose length is not the plan's.
    """
    if len(vector) != plan.length:
        raise ValueError(f"a vector of {len(vector)} entries, where the plan has {plan.length}")
    tables: dict[tuple[Statistic, str, str], list[tuple[Block, Sequence[int]]]] = {}
    for block in plan.blocks:
        for category, entries in _columns(block, vector):
            tables.setdefault((block.statistic, _name(block), category), []).append((block, entries))
    return {
        Cell(statistic, name, breakdown, level, category): value
        for (statistic, name, category), group in tables.items()
        for breakdown, level, value in _agreed(group)
    }


def combine(sums: Iterable[NoisySum]) -> NoisySum:
    """The sum over councils: values add, and so do the variances of their independent noises."""
    total = NOTHING
    for part in sums:
        total = total + part
    return total


def overall_cell(statistic: Statistic, name: str) -> Cell:
    """The cell of the cohort as a whole."""
    return Cell(statistic, name, OVERALL, "")
