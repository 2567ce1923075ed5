"""What a release costs when one child is replaced by another, the figure that protects a known child's outcomes.

A plan charges for a child added or removed. Where a council publishes how many children a cohort has, the data sets
still in doubt differ by one child replaced, and the release says more about that child's outcomes (privacy reference
3.1). The figure is shown beside the cost and never charged.

Let T, K and H be what a cohort's totals, its contrasts and sums, and its histograms cost for a child that moves them as
far as one can. In one table, two children in the same cell of a cohort move it by at most max(4K + 2H, T + K + H): the
answers all differ (a contrast or sum moves twice as far, a histogram in two entries), or one of the two is not in the
cohort. In different cells they move both, 2(T + K + H). Cohorts that admit different ages exclude each other, so the
sum over cohorts is taken for each pair of ages. This is exact where T <= 3K + H, and never too small.

Two children of two families, all in one cell, may move it the same way: four times what one of them costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from frameworks.accounting import rho_units_up
from frameworks.blocks import OVERALL, Block, Statistic
from frameworks.cost import ages_that_differ, cohort_admits, worst_child
from frameworks.model import Cohort, Framework, Source
from frameworks.plan import ReleasePlan


@dataclass
class _Costs:
    """T, K and H of one cohort in one table."""

    totals: Fraction = Fraction(0)
    answers: Fraction = Fraction(0)
    histograms: Fraction = Fraction(0)

    def add(self, block: Block) -> None:
        match block.statistic:
            case Statistic.TOTAL:
                self.totals += block.cost
            case Statistic.HISTOGRAM:
                self.histograms += block.cost
            case _:
                self.answers += block.cost

    @property
    def one(self) -> Fraction:
        """A child in the cohort, and nobody in its place."""
        return self.totals + self.answers + self.histograms

    @property
    def both(self) -> Fraction:
        """Two children in the same cell of the cohort."""
        return max(4 * self.answers + 2 * self.histograms, self.one)


_Table = dict[str, _Costs]
"""Of one table: the costs by cohort."""


def _tables(plan: ReleasePlan) -> dict[str, _Table]:
    tables: dict[str, _Table] = {}
    for block in plan.blocks:
        tables.setdefault(block.breakdown, {}).setdefault(block.cohort, _Costs()).add(block)
    return tables


def _pair_cost(table: _Table, cohorts: list[Cohort], one: int | None, other: int | None, *, cells: bool) -> Fraction:
    """The most that a child of one age replaced by one of another costs in a table, with several `cells` or one."""
    same = different = Fraction(0)
    for cohort in cohorts:
        costs = table[cohort.id]
        admitted = cohort_admits(cohort, one) + cohort_admits(cohort, other)
        if admitted:
            same += costs.both if admitted == 2 else costs.one
            different += admitted * costs.one
    return max(same, different) if cells else same


def replace_one_rho_units(framework: Framework, plan: ReleasePlan) -> int:
    """rho, in units of 1e-12 rounded up, of replacing one child's whole record set by another's."""
    tables = _tables(plan)
    used = {block.cohort: framework.cohort(block.cohort) for block in plan.blocks}
    cost = 4 * worst_child(
        (used[block.cohort], block.statistic, block.cost)
        for block in plan.blocks
        if used[block.cohort].source is Source.FAMILIES
    )
    for source in {cohort.source for cohort in used.values()} - {Source.FAMILIES}:
        cohorts = [cohort for cohort in used.values() if cohort.source is source]
        ages = ages_that_differ(cohorts)
        cost += max(
            sum(
                (_pair_cost(table, cohorts, one, other, cells=name != OVERALL) for name, table in tables.items()),
                Fraction(0),
            )
            for one in ages
            for other in ages
        )
    return rho_units_up(cost)
