"""The simulated England of privacy reference 6: councils, children, outcomes and tables, for measuring accuracy.

153 councils look after 83,000 children (49 to 2,103 each, median 411). 18 outcomes are asked of all of them, 6 of 60 %,
6 of 30 %. England's rates are the quantiles of a beta law with the moments that published proportions have: mean .45,
mean squared contrast (2p-1)^2 .368 (reference 3.2). Councils' own rates vary around them as a beta law does, and their
children's outcomes by chance: together by 6.0 percentage points (root mean square) at the outcomes of the whole cohort.
Breakdowns have 2, 4, 5, 6 and 9 levels with shares as 1 / rank^1.3, and every level England's rates. A council's
children aged 0 to 17 follow from a rate of care that varies as published ones do. All is drawn from the seed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import beta, norm

from frameworks.blocks import OVERALL, Block, Statistic
from frameworks.model import (
    Breakdown,
    Cohort,
    DataType,
    EnglandValue,
    Framework,
    Indicator,
    Kind,
    Polarity,
    Question,
    Source,
)
from frameworks.plan import ReleasePlan

CHILDREN = 83_000
REGION_SIZES = {
    "north_east": 12,
    "north_west": 24,
    "yorkshire": 15,
    "east_midlands": 10,
    "west_midlands": 14,
    "east": 11,
    "london": 33,
    "south_east": 19,
    "south_west": 15,
}
"""How many councils each of England's regions has."""

COHORT_SHARES = {"whole": 1.0, "most": 0.6, "some": 0.3}
_COHORT_OF_RANK = ("whole", "most", "whole", "some", "whole")
"""Outcomes in the order of their rates take turns, so that every cohort has high rates and low ones."""

OUTCOMES = 30
_SMALLEST, _LARGEST = 49, 2_103
_LOG_SIZE_MEAN, _LOG_SIZE_SD = 6.05474871, 0.91529965
_RATE_MEAN, _RATE_MEAN_SQUARE = 0.45, 0.292
_COUNCILS_SD = 0.060
_CARE_RATE, _CARE_RATE_LOG_SD = 0.0070, 0.4
_SHARE_EXPONENT = 1.3

TABLES = tuple(
    Breakdown(
        id=f"levels_{count}",
        title=f"A breakdown of {count} levels",
        levels=tuple(f"level_{rank}" for rank in range(1, count + 1)),
        labels=tuple(f"Level {rank}" for rank in range(1, count + 1)),
    )
    for count in (2, 4, 5, 6, 9)
)


def apportion(total: int, shares: Sequence[float]) -> list[int]:
    """Whole numbers in proportion to `shares` that add up to `total` (largest remainders)."""
    exact = [total * share / sum(shares) for share in shares]
    whole = [int(value) for value in exact]
    by_remainder = sorted(range(len(exact)), key=lambda index: whole[index] - exact[index])
    for index in by_remainder[: total - sum(whole)]:
        whole[index] += 1
    return whole


def level_shares(breakdown: str) -> list[float]:
    """The shares of a breakdown's levels, adding up to 1; of the overall table, one."""
    count = 1 if breakdown == OVERALL else len(next(table.levels for table in TABLES if table.id == breakdown))
    weights = [rank**-_SHARE_EXPONENT for rank in range(1, count + 1)]
    return [weight / sum(weights) for weight in weights]


def council_sizes() -> list[int]:
    """Children looked after by each council: quantiles of a lognormal law cut at the smallest and the largest.

    Its two parameters give the median 411 and the sum 83,000.
    """
    low, high = norm.cdf((np.log([_SMALLEST, _LARGEST]) - _LOG_SIZE_MEAN) / _LOG_SIZE_SD)
    count = sum(REGION_SIZES.values())
    quantiles = low + (high - low) * (np.arange(count) + 0.5) / count
    return apportion(CHILDREN, np.exp(_LOG_SIZE_MEAN + _LOG_SIZE_SD * norm.ppf(quantiles)).tolist())


def _beta_parameters(mean: float, variance: float) -> tuple[float, float]:
    concentration = mean * (1 - mean) / variance - 1
    return mean * concentration, (1 - mean) * concentration


def england_rates() -> dict[str, float]:
    """The expected rate of each outcome by indicator id, rising."""
    quantiles = (np.arange(OUTCOMES) + 0.5) / OUTCOMES
    rates = beta.ppf(quantiles, *_beta_parameters(_RATE_MEAN, _RATE_MEAN_SQUARE - _RATE_MEAN**2))
    return {f"outcome_{rank:02}": float(rate) for rank, rate in enumerate(rates)}


def _cohort(cohort_id: str) -> Cohort:
    return Cohort(
        id=cohort_id,
        title=cohort_id.capitalize(),
        source=Source.SSDA903,
        sql="SELECT child_id FROM looked_after_child",
        needs=("ssda903@Y",),
    )


def percent(indicator_id: str, cohort: str, rate: float) -> Indicator:
    """A yes/no indicator of a simulated framework, whose rate in England is published."""
    return Indicator(
        id=indicator_id,
        title=indicator_id.capitalize(),
        question="outcomes",
        domain="simulated",
        data_type=DataType.CROSS_SECTIONAL,
        kind=Kind.PERCENT,
        cohort=cohort,
        outcome="SELECT child_id FROM looked_after_child",
        polarity=Polarity.NONE,
        unit="%",
        england=EnglandValue(value=100 * rate, year=2025, source="simulated"),
    )


def framework_of(indicators: Sequence[Indicator]) -> Framework:
    """A framework of the three cohorts and some indicators."""
    return Framework(
        id="simulated",
        version="1",
        title="A simulated framework",
        source="privacy reference 6",
        note="",
        questions=(Question(id="outcomes", title="How do children fare?"),),
        cohorts=tuple(_cohort(cohort_id) for cohort_id in COHORT_SHARES),
        indicators=tuple(indicators),
        digest="00" * 32,
    )


FRAMEWORK = framework_of(
    [
        percent(name, _COHORT_OF_RANK[rank % len(_COHORT_OF_RANK)], rate)
        for rank, (name, rate) in enumerate(england_rates().items())
    ]
)
"""The 30 outcomes as yes/no indicators of three cohorts."""


@dataclass(frozen=True)
class Area:
    """A council, a region or England: exact children by cohort, exact children with the outcome by indicator, and how
    many `children` aged 0 to 17 live there, which is public."""

    size: Mapping[str, int]
    yes: Mapping[str, int]
    children: int

    def rate(self, indicator: Indicator) -> float:
        """The exact share of the cohort with the outcome."""
        return self.yes[indicator.id] / self.size[indicator.cohort]

    def counts(self, block: Block) -> list[int]:
        """The exact entries of a block of totals or contrasts."""
        sizes = apportion(self.size[block.cohort], level_shares(block.breakdown))
        if block.statistic is Statistic.TOTAL:
            return sizes
        yes = apportion(self.yes[block.indicator], sizes)
        return [2 * with_outcome - size for with_outcome, size in zip(yes, sizes, strict=True)]

    def vector(self, plan: ReleasePlan) -> list[int]:
        """The exact vector of a plan of totals and contrasts."""
        return [count for block in plan.blocks for count in self.counts(block)]


def together(areas: Sequence[Area]) -> Area:
    """The areas as one."""
    return Area(
        {cohort: sum(area.size[cohort] for area in areas) for cohort in areas[0].size},
        {name: sum(area.yes[name] for area in areas) for name in areas[0].yes},
        sum(area.children for area in areas),
    )


@dataclass(frozen=True)
class SimulatedEngland:
    """The councils by region."""

    regions: Mapping[str, tuple[Area, ...]]

    @property
    def councils(self) -> tuple[Area, ...]:
        """All councils, region after region."""
        return tuple(council for councils in self.regions.values() for council in councils)

    @property
    def whole(self) -> Area:
        """England."""
        return together(self.councils)


def simulated_england(seed: int) -> SimulatedEngland:
    """England with its councils' places and outcomes drawn from the seed."""
    rng = np.random.default_rng(seed)
    rates = england_rates()
    whole = [rates[indicator.id] for indicator in FRAMEWORK.indicators if indicator.cohort == "whole"]
    all_sizes = np.array(council_sizes())
    chance = float(np.mean(1 / all_sizes))
    differing = _COUNCILS_SD**2 / float(np.mean([rate * (1 - rate) for rate in whole]))
    spread = (differing - chance) / (1 - chance)
    councils: list[Area] = []
    for size in rng.permutation(all_sizes):
        sizes = {cohort: round(int(size) * share) for cohort, share in COHORT_SHARES.items()}
        own = {name: rng.beta(*_beta_parameters(rate, spread * rate * (1 - rate))) for name, rate in rates.items()}
        yes = {one.id: int(rng.binomial(sizes[one.cohort], own[one.id])) for one in FRAMEWORK.indicators}
        children = round(int(size) / (_CARE_RATE * math.exp(_CARE_RATE_LOG_SD * rng.standard_normal())))
        councils.append(Area(sizes, yes, children))
    ends = np.cumsum(list(REGION_SIZES.values()))
    return SimulatedEngland(
        {
            name: tuple(councils[end - count : end])
            for (name, count), end in zip(REGION_SIZES.items(), ends, strict=True)
        }
    )
