"""What a release costs when one child is replaced by another, the figure that protects a known child's outcomes.

A plan charges for a child added or removed. Where a council publishes how many children a cohort has, the data sets
still in doubt differ by one child replaced, and the release says more about that child's outcomes (privacy reference
3.1). The figure is shown beside the cost and never charged.

Let T and K be what a cohort's totals and its contrasts and sums cost for a child that moves them as far as one can. In
one table, two children in the same cell of a cohort move it by at most max(4K, T + K): the answers all differ, or one
of the two is not in the cohort. In different cells they move both, 2(T + K). Cohorts that admit different ages exclude
each other, so the sum over cohorts is taken for each pair of ages. This is exact where T <= 3K, and never too small.
"""

from __future__ import annotations

from fractions import Fraction

from frameworks.accounting import rho_units_up
from frameworks.model import Cohort, Framework
from frameworks.plan import OVERALL, ReleasePlan, Statistic, ages_that_differ, cohort_admits

_Costs = dict[str, tuple[Fraction, Fraction]]
"""Of one table: T and K by cohort."""


def _tables(plan: ReleasePlan) -> dict[str, _Costs]:
    tables: dict[str, _Costs] = {}
    for block in plan.blocks:
        costs = tables.setdefault(block.breakdown, {})
        totals, others = costs.get(block.cohort, (Fraction(0), Fraction(0)))
        if block.statistic is Statistic.TOTAL:
            costs[block.cohort] = (totals + block.cost, others)
        else:
            costs[block.cohort] = (totals, others + block.cost)
    return tables


def _pair_cost(costs: _Costs, cohorts: list[Cohort], one: int | None, other: int | None, *, cells: bool) -> Fraction:
    """The most that a child of one age replaced by one of another costs in a table, with several `cells` or one."""
    same = different = Fraction(0)
    for cohort in cohorts:
        totals, others = costs[cohort.id]
        admitted = cohort_admits(cohort, one) + cohort_admits(cohort, other)
        if admitted:
            same += max(4 * others, totals + others) if admitted == 2 else totals + others
            different += admitted * (totals + others)
    return max(same, different) if cells else same


def replace_one_rho_units(framework: Framework, plan: ReleasePlan) -> int:
    """rho, in units of 1e-12 rounded up, of replacing one child's whole record set by another's."""
    tables = _tables(plan)
    used = [cohort for cohort in framework.cohorts if any(block.cohort == cohort.id for block in plan.blocks)]
    cost = Fraction(0)
    for source in {cohort.source for cohort in used}:
        cohorts = [cohort for cohort in used if cohort.source is source]
        ages = ages_that_differ(cohorts)
        cost += max(
            sum(
                (_pair_cost(costs, cohorts, one, other, cells=name != OVERALL) for name, costs in tables.items()),
                Fraction(0),
            )
            for one in ages
            for other in ages
        )
    return rho_units_up(cost)
