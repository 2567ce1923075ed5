"""How a release's budget is best spent: the precision of each block for which the weighted error is least.

The error of a figure follows from the noise of its sums after least squares (privacy reference 3.2, 6.4): of a share
p = (1 + D/T)/2 it is [v_D + q^2 v_T] / 4N^2 with q = 2p - 1, and in a table of k cells each cell keeps
v (1 - 1/k) + V/k^2, V being the variance of the overall figure, to which every table adds w/k. N and p are published
figures; where they are not, N is the median of those that are and q^2 is 0.36, England's mean. Weighted by table and by
indicator, the error is a sum of terms a / w over statistics; a child's cost is the sum of w over the cohorts that admit
the child's age. So it splits in two convex problems, each solved by a multiplicative iteration that only goes down:

* how one statistic's precision is divided between its tables, the same for all statistics;
* how much each statistic gets: sqrt(a / lambda), where lambda is how dear the ages are that its cohort admits.

Nothing rests on the result being the optimum: whatever the precisions, the plan's cost is exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median

from coordinator.planning.effects import StatisticName, squared_effect, statistic_of, users_of
from frameworks.blocks import OVERALL, Block
from frameworks.cost import ages_that_differ, cohort_admits, quarters_flipped
from frameworks.model import Framework, Source
from frameworks.plan import ReleasePlan

HEADLINE_WEIGHT = 10.0

_FINEST = 2**20
_ROUNDS = 400

_Payer = tuple[Source, int | None]


@dataclass(frozen=True)
class Objective:
    """What counts as an error.

    `sizes` are England's cohorts by id. `tables` weigh the mean squared error of a table's cells, in children, by
    breakdown ("" for the cohort as a whole), `indicators` that of an indicator; a table that is not named weighs 1, the
    cohort as a whole 10, for a headline is read more often than any cell, and an indicator 1.
    """

    sizes: Mapping[str, int] = field(default_factory=dict)
    tables: Mapping[str, float] = field(default_factory=dict)
    indicators: Mapping[str, float] = field(default_factory=dict)

    def table_weight(self, breakdown: str) -> float:
        """The weight of a table."""
        return self.tables.get(breakdown, HEADLINE_WEIGHT if breakdown == OVERALL else 1.0)

    def sizes_of(self, cohorts: Iterable[str]) -> dict[str, float]:
        """The sizes of these cohorts; of one that is not known, the median of the others."""
        listed = list(dict.fromkeys(cohorts))
        known = [self.sizes[cohort] for cohort in listed if self.sizes.get(cohort)] or [1]
        return {cohort: self.sizes.get(cohort) or median(known) for cohort in listed}


def optimal_precisions(framework: Framework, plan: ReleasePlan, objective: Objective) -> tuple[int, ...]:
    """A precision for each block of a plan, in its order, from 1 to 2**20."""
    cells = {block.breakdown: len(block.levels) for block in plan.blocks}
    split = table_split({name: (count, objective.table_weight(name)) for name, count in cells.items()})
    statistics = tuple(block for block in plan.blocks if block.breakdown == OVERALL)
    sizes = objective.sizes_of(block.cohort for block in statistics)
    errors = {
        statistic_of(block): _error(framework, block, statistics, objective) / sizes[block.cohort] ** 2
        for block in statistics
    }
    budgets = _budgets(_bills(framework, statistics, errors))
    budgets |= _family_totals(statistics, budgets)
    precisions = [budgets[statistic_of(block)] * split[block.breakdown] for block in plan.blocks]
    scale = _FINEST / max(precisions)
    return tuple(max(1, round(precision * scale)) for precision in precisions)


def table_split(tables: Mapping[str, tuple[int, float]]) -> dict[str, float]:
    """How a statistic's precision is divided between its tables, given each one's number of cells and weight.

    Minimises sum over tables of weight * mean variance of a cell after least squares. The shares add up to 1.
    """
    shares = dict.fromkeys(tables, 1 / len(tables))
    on_overall = math.fsum(weight / cells**2 for cells, weight in tables.values())
    for _ in range(_ROUNDS):
        overall = 1 / math.fsum(shares[name] / cells for name, (cells, _) in tables.items())
        gains = {
            name: on_overall * overall**2 / cells + weight * (1 - 1 / cells) / shares[name] ** 2
            for name, (cells, weight) in tables.items()
        }
        shares = _normalised({name: share * math.sqrt(gains[name]) for name, share in shares.items()})
    return shares


def _normalised(values: Mapping[str, float]) -> dict[str, float]:
    total = math.fsum(values.values())
    return {name: value / total for name, value in values.items()}


def _error(framework: Framework, block: Block, statistics: tuple[Block, ...], objective: Objective) -> float:
    """a: the weighted squared error, times N^2, of what rests on a block, were its precision 1 and the scale s 1."""
    return float(block.sensitivity**2) * math.fsum(
        objective.indicators.get(indicator.id, 1.0) * squared_effect(indicator, block)
        for indicator in users_of(framework, block, statistics)
    )


@dataclass(frozen=True)
class _Bill:
    """Who pays for a statistic's precision: children of each source and age that its cohort admits."""

    error: float
    price: float
    payers: frozenset[_Payer]


def _budgets(bills: Mapping[StatisticName, _Bill]) -> dict[StatisticName, float]:
    """Precision by statistic that minimises the sum of error / precision for the worst child's cost.

    How dear a payer is, is found by making those dearer who pay more than others of their source.
    """
    payers = sorted(frozenset().union(*(bill.payers for bill in bills.values())), key=str)
    dearness = dict.fromkeys(payers, 1.0)
    floor = max(bill.error for bill in bills.values()) * 1e-9
    budgets: dict[StatisticName, float] = {}
    for _ in range(_ROUNDS):
        for name, bill in bills.items():
            price = bill.price * math.fsum(dearness[payer] for payer in bill.payers)
            budgets[name] = math.sqrt(max(bill.error, floor) / price)
        paid = {
            payer: dearness[payer]
            * math.fsum(budgets[name] * bill.price for name, bill in bills.items() if payer in bill.payers)
            for payer in payers
        }
        for source in {source for source, _ in payers}:
            total = math.fsum(value for payer, value in paid.items() if payer[0] == source)
            dearness |= {payer: value / total for payer, value in paid.items() if payer[0] == source}
    return budgets


def _bills(
    framework: Framework, statistics: tuple[Block, ...], errors: Mapping[StatisticName, float]
) -> dict[StatisticName, _Bill]:
    """A family that changes its outcome moves no total, so totals of families cost nothing, within limits."""
    cohorts = {block.cohort: framework.cohort(block.cohort) for block in statistics}
    ages = ages_that_differ(cohorts.values())
    bills = {}
    for block in statistics:
        cohort = cohorts[block.cohort]
        price = quarters_flipped(block.statistic) / 4 if cohort.source is Source.FAMILIES else 1.0
        payers = frozenset((cohort.source, age) for age in ages if cohort_admits(cohort, age))
        if price:
            bills[statistic_of(block)] = _Bill(errors[statistic_of(block)], price, payers)
    return bills


def _family_totals(statistics: tuple[Block, ...], budgets: Mapping[StatisticName, float]) -> dict[StatisticName, float]:
    """Totals of families get what costs nothing beside the outcomes that may change, as in `frameworks.plan`."""
    return {
        statistic_of(block): math.fsum(
            budgets[statistic_of(other)] * (quarters_flipped(other.statistic) - 1) / 4
            for other in statistics
            if other.cohort == block.cohort and other is not block
        )
        for block in statistics
        if statistic_of(block) not in budgets
    }
