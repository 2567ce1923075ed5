"""The least variance that any plan for one-way tables can have, in closed form, to measure ours against.

ResidualPlanner (Xiao, He, Zhang and Kifer 2023, *An Optimal and Scalable Matrix Mechanism for Noisy Marginals under
Convex Loss Functions*) measures the total and each table's residual (what the table adds to the total) with correlated
noise. With v_0 and v_t their variances a cell of a table of k cells has v_0 / k^2 + v_t (1 - 1/k), and a child costs
1 / v_0 + sum over tables of (1 - 1/k) / v_t. A weighted sum of variances is least where each v is as the square root of
cost over gain, and is then (sum of square roots of cost times gain)^2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from coordinator.estimates.agreement import Part, agree
from coordinator.estimates.sums import NoisySum
from coordinator.planning.weights import table_split
from frameworks.blocks import OVERALL
from tests.benchmarks.england import TABLES, level_shares

Cells = Mapping[str, tuple[int, float]]
"""By table, its number of cells and the weight of the mean of its cells' variances."""

Split = Callable[[Cells], Mapping[str, float]]


def _objective(weight: Callable[[str], float]) -> Cells:
    names = (OVERALL, *(table.id for table in TABLES))
    return {name: (len(level_shares(name)), weight(name)) for name in names}


OBJECTIVES: Mapping[str, Cells] = {
    "equal_per_cell": _objective(lambda _: 1.0),
    "table_sums": _objective(lambda name: float(len(level_shares(name)))),
    "relative": _objective(lambda name: sum(share**-2 for share in level_shares(name)) / len(level_shares(name))),
    "headline_20": _objective(lambda name: 20.0 if name == OVERALL else 1.0),
}
"""The four of privacy reference 6.4: the mean variance of each table's cells; the sum; relative to the cells' sizes
(their percentages'); and the first with the overall figure twenty times."""


def optimal_variance(cells: Cells) -> float:
    """ResidualPlanner's least weighted variance at a cost of 1 (sum of precisions)."""
    of_total = math.fsum(weight / count**2 for count, weight in cells.values())
    residuals = (math.sqrt(weight) * (1 - 1 / count) for count, weight in cells.values() if count > 1)
    return (math.sqrt(of_total) + math.fsum(residuals)) ** 2


def agreed_variance(cells: Cells, split: Mapping[str, float]) -> float:
    """The same of independent tables with those precisions once the product has made them agree."""
    measured = {name: NoisySum(0.0, 1 / max(share, 1e-12)) for name, share in split.items()}
    tables = [
        tuple(Part(f"{name} {number}", (measured[name],)) for number in range(count))
        for name, (count, _) in cells.items()
        if name != OVERALL
    ]
    agreed = agree(Part(OVERALL, (measured[OVERALL],), tuple(tables)))
    return math.fsum(
        weight * agreed.sum(name if name == OVERALL else f"{name} 0").variance for name, (_, weight) in cells.items()
    )


def variance_ratio(cells: Cells, split: Split = table_split) -> float:
    """How much more variance the product's split and least squares leave than the best plan."""
    return agreed_variance(cells, split(cells)) / optimal_variance(cells)


def equal_split(cells: Cells) -> dict[str, float]:
    """Every table gets the same: the default plan."""
    return dict.fromkeys(cells, 1 / len(cells))
