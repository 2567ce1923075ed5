"""What others would release of the same England at the same rho: the designs that ours is compared with.

All measure the same tables under the same adjacency (add/remove), with rho divided equally between tables and outcomes
unless said. Each design is stated once, as the noise variance of the two sums from which it makes a share; the
simulated errors come from drawing noise and making the share, and have no formula in common with the analytic ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from coordinator.estimates.agreement import Part, agree
from coordinator.estimates.sums import NoisySum
from frameworks.blocks import OVERALL
from frameworks.model import Indicator
from tests.benchmarks.england import COHORT_SHARES, FRAMEWORK, TABLES, SimulatedEngland, level_shares

_TABLES = (OVERALL, *(table.id for table in TABLES))
_SIZE = {cohort: sum(i.cohort == cohort for i in FRAMEWORK.indicators) for cohort in COHORT_SHARES}
Draws = np.ndarray


EQUAL_TABLES = dict.fromkeys(_TABLES, 1 / len(_TABLES))
EQUAL_COHORTS = dict.fromkeys(COHORT_SHARES, 1.0)


def _overall_variance(precisions: Mapping[str, float]) -> float:
    """Of the overall sum after the product's least squares, each table's cells having the precision given."""
    measured = {name: NoisySum(0.0, 1 / precision) for name, precision in precisions.items()}
    tables = [
        tuple(Part(f"{name} {number}", (measured[name],)) for number in range(len(level_shares(name))))
        for name in _TABLES
        if name != OVERALL
    ]
    return agree(Part(OVERALL, (measured[OVERALL],), tuple(tables))).sum(OVERALL).variance


@dataclass(frozen=True)
class NumeratorAndDenominator:
    """A numerator and a denominator for every indicator; Gaussian noise, or Laplace composed in zCDP.

    A child with every outcome moves 2 counts an indicator and table by 1. A Laplace count of scale b costs 1 / 2b^2
    (OpenDP's conversion from pure privacy), a Gaussian one 1 / 2 sigma^2: at one rho the scales are equal.
    """

    rho: float
    laplace: bool = False
    least_squares: bool = False

    @property
    def scale(self) -> float:
        """sigma, or b."""
        counts = 2 * len(FRAMEWORK.indicators) * len(_TABLES)
        return math.sqrt(counts / (2 * self.rho))

    @property
    def cell_variance(self) -> float:
        """The noise variance of a count: discrete Gaussian, or discrete Laplace."""
        if not self.laplace:
            return self.scale**2
        ratio = math.exp(-1 / self.scale)
        return 2 * ratio / (1 - ratio) ** 2

    def variances(self, simulated: SimulatedEngland) -> Iterator[float]:
        """Of England's shares p = Y / N: [v_Y + p^2 v_N] / N^2."""
        precisions = dict.fromkeys(_TABLES, 1 / self.cell_variance)
        count = _overall_variance(precisions) if self.least_squares else self.cell_variance
        whole = simulated.whole
        for indicator in FRAMEWORK.indicators:
            yield count * (1 + whole.rate(indicator) ** 2) / whole.size[indicator.cohort] ** 2

    def draw(self, simulated: SimulatedEngland, indicator: Indicator, rng: np.random.Generator, count: int) -> Draws:
        """Shares as they would be published, from the overall table alone."""
        whole = simulated.whole

        def noise() -> Draws:
            if not self.laplace:
                return np.rint(rng.normal(0.0, self.scale, count))
            fail = 1 - math.exp(-1 / self.scale)
            return rng.geometric(fail, count) - rng.geometric(fail, count)

        shares: Draws = (whole.yes[indicator.id] + noise()) / (whole.size[indicator.cohort] + noise())
        return shares


@dataclass(frozen=True)
class YesNoCells:
    """Everyone counted under yes or under no: the best plain design, with every step that is free.

    A child moves one count an indicator and table. Tables agree by the same least squares as ours, and a cohort's total
    is the mean of yes + no over all its indicators. `tables` divide rho; `cohorts` weigh their outcomes' precisions.
    """

    rho: float
    tables: Mapping[str, float] = field(default_factory=lambda: EQUAL_TABLES)
    cohorts: Mapping[str, float] = field(default_factory=lambda: EQUAL_COHORTS)

    def _precisions(self, cohort: str) -> dict[str, float]:
        """By table, of one count of the cohort: a child has one in every outcome and table, and they cost rho."""
        spent = sum(self.cohorts[indicator.cohort] for indicator in FRAMEWORK.indicators)
        return {name: 2 * self.rho * share * self.cohorts[cohort] / spent for name, share in self.tables.items()}

    def variances(self, simulated: SimulatedEngland) -> Iterator[float]:
        """Of England's shares: yes - no and the pooled yes + no are independent."""
        whole = simulated.whole
        counts = {cohort: _overall_variance(self._precisions(cohort)) for cohort in COHORT_SHARES}
        for indicator in FRAMEWORK.indicators:
            contrast = 2 * counts[indicator.cohort]
            total = contrast / _SIZE[indicator.cohort]
            squared = (2 * whole.rate(indicator) - 1) ** 2
            yield (contrast + squared * total) / (4 * whole.size[indicator.cohort] ** 2)

    def draw(self, simulated: SimulatedEngland, cohort: str, rng: np.random.Generator, count: int) -> dict[str, Draws]:
        """Shares by indicator of a cohort, from cells drawn in every table and made to agree by weighing their sums."""
        whole = simulated.whole
        precisions = self._precisions(cohort)
        cells = {name: len(level_shares(name)) for name in _TABLES}
        weights = np.array([precisions[name] / cells[name] for name in _TABLES])

        def counted(exact: int) -> Draws:
            sums = [
                np.rint(rng.normal(0.0, precisions[name] ** -0.5, (count, cells[name]))).sum(axis=1) for name in _TABLES
            ]
            combined: Draws = exact + (weights / weights.sum()) @ np.array(sums)
            return combined

        mine = [indicator for indicator in FRAMEWORK.indicators if indicator.cohort == cohort]
        yes = {indicator.id: counted(whole.yes[indicator.id]) for indicator in mine}
        no = {indicator.id: counted(whole.size[cohort] - whole.yes[indicator.id]) for indicator in mine}
        total = np.mean([yes[name] + no[name] for name in yes], axis=0)
        return {name: (1 + (yes[name] - no[name]) / total) / 2 for name in yes}
