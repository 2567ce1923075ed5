"""How often intervals hold the truth, of the figures that are shown: the product's intervals and its publishing rule.

A case is a cohort of one size with one rate, under one release's noise. In each repetition children's outcomes are
drawn (a binomial number), noise of the release's law is added to contrast and total, and the figure is shown or
withheld by `coordinator.estimates.decode.enough`. Of those shown: how often the published interval holds the rate that
the children were drawn from, and how often the privacy interval holds the exact figure.

A cohort smaller than the rule's limit is still shown when its noise is large enough, and then it is shown *because* its
total is wrong. Where that is a rare accident (fewer than half of the repetitions) the case is counted by itself, as
shown by luck: the reference's rule (7.3) leaves such a cohort out by its public size, before the noise.

The intervals of all repetitions are computed at once, by `score_intervals`; a test holds it to the product's own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from coordinator.estimates.decode import Mean, enough
from coordinator.estimates.intervals import Z_95
from coordinator.estimates.sums import NoisySum
from frameworks.blocks import Block, Statistic
from frameworks.plan import ReleasePlan
from tests.benchmarks.england import FRAMEWORK, SimulatedEngland
from tests.benchmarks.hybrid import DiscreteGaussian

SIZES = (60, 80, 100, 120, 150, 200, 300, 411, 800, 2_103, 8_000, 25_000, 83_000)
RATES = (0.002, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.9, 0.98)
TINY_SIZES = (1, 12, 30)
"""Never shown; their intervals must be whole all the same."""

FEWEST_SHOWN = 1_000
"""A case shown less often says nothing."""

Numbers = np.ndarray


@dataclass(frozen=True)
class Noise:
    """The noise of a contrast and a total, taken from the blocks of a plan."""

    contrast: Block
    total: Block

    @classmethod
    def of(cls, plan: ReleasePlan, cohort: str) -> Noise:
        """A cohort's overall table, with the contrast that has most noise."""
        mine = [block for block in plan.blocks if block.cohort == cohort and not block.breakdown]
        contrasts = [block for block in mine if block.statistic is Statistic.CONTRAST]
        return cls(max(contrasts, key=lambda block: block.sigma_units), plan.block(Statistic.TOTAL, cohort))


@dataclass(frozen=True)
class Draws:
    """Repetitions of one case: exact children with the outcome, and noised contrast and total."""

    yes: Numbers
    contrast: Numbers
    total: Numbers


@dataclass(frozen=True)
class Case:
    """What came of one case in one reading. `width` is the median interval's, as a share between 0 and 1."""

    size: int
    rate: float
    sampling: bool
    shown: float
    coverage: float
    standard_error: float
    width: float
    bad: int

    @property
    def by_luck(self) -> bool:
        """Whether it is withheld more often than shown."""
        return self.shown < 0.5

    @property
    def interior(self) -> bool:
        """Whether the rate is further from 0 and 1 than the interval is wide."""
        return min(self.rate, 1 - self.rate) > self.width


def drawn(size: int, rate: float, noise: Noise, repetitions: int, law: DiscreteGaussian) -> Draws:
    """Children and noise."""
    yes = law.rng.binomial(size, rate, repetitions)
    contrast = 2 * yes - size + law.draw(noise.contrast.sigma_units, repetitions)
    return Draws(yes, contrast, size + law.draw(noise.total.sigma_units, repetitions))


def mean_of(contrast: float, total: float, noise: Noise) -> Mean:
    """The product's figure, as a share between 0 and 1."""
    return Mean(NoisySum(contrast, noise.contrast.variance), NoisySum(total, noise.total.variance), 0.0, 1.0)


def smallest_shown(noise: Noise) -> int:
    """The smallest noised total at which the product's rule shows a figure."""
    total = 0
    while not enough(mean_of(0.0, total, noise)):
        total += 1
    return total


def score_intervals(contrast: Numbers, total: Numbers, noise: Noise, *, sampling: bool) -> tuple[Numbers, Numbers]:
    """The lower and upper ends, between 0 and 1, of `coordinator.estimates.intervals.contrast_interval` for many."""
    z = Z_95
    nothing = (total < 1) | (total <= z * math.sqrt(noise.total.variance))
    whole = np.where(nothing, 1.0, total)
    part = np.clip(contrast, -whole, whole)
    spread = whole if sampling else 0.0
    a = whole**2 - z**2 * (noise.total.variance - spread)
    b = -part * whole
    c = part**2 - z**2 * (noise.contrast.variance + spread)
    root = np.sqrt(np.maximum(b**2 - a * c, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        lower, upper = np.maximum((-b - root) / a, -1.0), np.minimum((-b + root) / a, 1.0)
    return np.where(nothing, 0.0, (1 + lower) / 2), np.where(nothing, 1.0, (1 + upper) / 2)


def _case(size: int, rate: float, draws: Draws, noise: Noise, limit: int, *, sampling: bool) -> Case:
    lower, upper = score_intervals(draws.contrast, draws.total, noise, sampling=sampling)
    truth = np.full(len(draws.yes), rate) if sampling else draws.yes / size
    shown = draws.total >= limit
    inside = ((lower <= truth) & (truth <= upper))[shown]
    coverage = float(inside.mean()) if len(inside) else math.nan
    return Case(
        size=size,
        rate=rate,
        sampling=sampling,
        shown=float(shown.mean()),
        coverage=coverage,
        standard_error=math.sqrt(coverage * (1 - coverage) / max(len(inside), 1)),
        width=float(np.median((upper - lower)[shown])) if len(inside) else 1.0,
        bad=int(np.sum(~((lower >= 0) & (lower <= upper) & (upper <= 1)))),
    )


def cases(
    noises: Iterable[Noise],
    repetitions: int,
    law: DiscreteGaussian,
    sizes: Sequence[int] = SIZES,
    rates: Sequence[float] = RATES,
) -> Iterator[Case]:
    """Every size, rate and noise, in both readings."""
    for noise in noises:
        limit = smallest_shown(noise)
        for size in (*TINY_SIZES, *sizes):
            for rate in rates:
                draws = drawn(size, rate, noise, repetitions, law)
                for sampling in (True, False):
                    yield _case(size, rate, draws, noise, limit, sampling=sampling)


@dataclass(frozen=True)
class HeadlineCoverage:
    """Of the councils' figures that are shown: how many privacy intervals hold the exact figure, and how many are of a
    cohort too small for the rule, shown by luck. `shown` is the part of all figures."""

    coverage: float
    shown: float
    by_luck: float


def headline_coverage(
    plan: ReleasePlan, simulated: SimulatedEngland, repetitions: int, law: DiscreteGaussian
) -> HeadlineCoverage:
    """Every council's headline in every outcome."""
    held, shown, lucky, figures = 0, 0, 0, 0
    for indicator in FRAMEWORK.indicators:
        noise = Noise(plan.block(Statistic.CONTRAST, indicator.id), plan.block(Statistic.TOTAL, indicator.cohort))
        limit = smallest_shown(noise)
        size = np.repeat([council.size[indicator.cohort] for council in simulated.councils], repetitions)
        yes = np.repeat([council.yes[indicator.id] for council in simulated.councils], repetitions)
        contrast = 2 * yes - size + law.draw(noise.contrast.sigma_units, len(size))
        total = size + law.draw(noise.total.sigma_units, len(size))
        lower, upper = score_intervals(contrast, total, noise, sampling=False)
        seen = total >= limit
        held += int(((lower <= yes / size) & (yes / size <= upper))[seen].sum())
        lucky += int((size < limit)[seen].sum())
        shown += int(seen.sum())
        figures += len(size)
    return HeadlineCoverage(held / shown, shown / figures, lucky / shown)


@dataclass(frozen=True)
class Coverage:
    """Over cases likely to be shown, the least coverage and the most, inside and near 0 or 1; over those shown by luck
    the least, with how often that one is shown; and how many intervals are empty, inverted or beyond [0, 1]."""

    least: float
    most_interior: float
    most_boundary: float
    bad: int
    least_by_luck: float
    shown_by_luck: float
    standard_error: float
    counted: int


def coverage(found: Iterable[Case], repetitions: int) -> Coverage:
    """Sums up. `standard_error` is the largest of any likely case's coverage."""
    listed = list(found)
    telling = [case for case in listed if case.shown * repetitions >= FEWEST_SHOWN]
    likely = [case for case in telling if not case.by_luck]
    luckiest = min((case for case in telling if case.by_luck), key=lambda case: case.coverage, default=None)
    return Coverage(
        least=min(case.coverage for case in likely),
        most_interior=max((case.coverage for case in likely if case.interior), default=math.nan),
        most_boundary=max((case.coverage for case in likely if not case.interior), default=math.nan),
        bad=sum(case.bad for case in listed),
        least_by_luck=luckiest.coverage if luckiest else math.nan,
        shown_by_luck=luckiest.shown if luckiest else 0.0,
        standard_error=max(case.standard_error for case in likely),
        counted=len(likely),
    )
