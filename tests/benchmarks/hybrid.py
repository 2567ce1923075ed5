"""Releases about the simulated England, and the figures that least squares over all of them gives.

A release about England or its regions carries the noise of a trusted curator (what secure mode gives where every
council on the roster is heard), one about councils the noise of each council. Plans are compiled by the product. Its
breakdowns are fixed and the simulation's are others; so a plan is put together from plans of the overall table, one a
table: a child stands in one cell of each table, and what the tables cost adds up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from coordinator.estimates.agreement import Agreement, Part, agree
from coordinator.estimates.sums import NoisySum
from coordinator.planning.weights import Objective, optimal_precisions
from frameworks.accounting import UNITS_PER_RHO, rho_units_down
from frameworks.blocks import OVERALL, Block, Statistic
from frameworks.model import Breakdown, Framework, Indicator
from frameworks.plan import ReleasePlan, ReleaseRequest, compile_plan
from tests.benchmarks.england import COHORT_SHARES, FRAMEWORK, TABLES, Area, SimulatedEngland, level_shares, together

YEAR = 2025
ENGLAND = "england"
COUNCILS_HALF = (0.5, 0.25, 0.25)
"""The hybrid plan: shares of rho of the councils' headlines, England's tables and the regions' headlines."""


def _overall_plan(framework: Framework, rho_units: int, precisions: Sequence[int]) -> ReleasePlan:
    request = ReleaseRequest(
        id="simulated",
        mode="council",
        indicators=tuple(indicator.id for indicator in framework.indicators),
        rho_units=rho_units,
        precisions=tuple(precisions),
    )
    return compile_plan(framework, "simulated", YEAR, request)


def plan_of(
    rho: float, tables: Sequence[Breakdown] = (), precisions: Sequence[int] = (), framework: Framework = FRAMEWORK
) -> ReleasePlan:
    """A release of at most `rho` with the overall table and `tables`.

    `precisions` are relative, one a block, table after table; without them each table gets the same, divided within it
    as the product does by default.
    """
    names = (OVERALL, *(table.id for table in tables))
    levels = {OVERALL: ("",)} | {table.id: table.levels for table in tables}
    size = len(precisions) // len(names)
    blocks: list[Block] = []
    cost = 0
    for index, name in enumerate(names):
        own = precisions[index * size : (index + 1) * size]
        share = sum(own) / sum(precisions) if precisions else 1 / len(names)
        plan = _overall_plan(framework, rho_units_down(rho * share), own)
        cost += plan.rho_units
        for block in plan.blocks:
            start = blocks[-1].start + blocks[-1].length if blocks else 0
            blocks.append(replace(block, breakdown=name, levels=levels[name], start=start))
    return replace(plan, breakdowns=names[1:], blocks=tuple(blocks), rho_units=cost)


def planned(
    rho: float, tables: Sequence[Breakdown], objective: Objective | None, framework: Framework = FRAMEWORK
) -> ReleasePlan:
    """A release with the precisions that the product's planner finds for the objective; its default without one."""
    plan = plan_of(rho, tables, (), framework)
    if objective is None:
        return plan
    return plan_of(rho, tables, optimal_precisions(framework, plan, objective), framework)


@dataclass(frozen=True)
class Plans:
    """The compiled releases of a year; None for one that is left out."""

    councils: ReleasePlan | None
    england: ReleasePlan | None
    regions: ReleasePlan | None

    @property
    def listed(self) -> list[ReleasePlan]:
        """Those that there are."""
        return [plan for plan in (self.councils, self.england, self.regions) if plan is not None]

    @property
    def rho(self) -> float:
        """What the worst child of one council pays over all releases."""
        return sum(plan.rho_units for plan in self.listed) / UNITS_PER_RHO


def hybrid_plans(
    rho: float,
    shares: tuple[float, float, float] = COUNCILS_HALF,
    objective: Objective | None = None,
    *,
    region_tables: bool = False,
    framework: Framework = FRAMEWORK,
) -> Plans:
    """The councils' headlines, England's tables and the regions' headlines (or tables) with those shares of `rho`.

    The precisions are the planner's for an objective. For the councils' headlines it is taken without the cohorts'
    sizes: what is spent there on small cohorts is lost, a council's share of them being noise either way.
    """
    councils, england, regions = (rho * share for share in shares)
    alike = None if objective is None else replace(objective, sizes={})
    return Plans(
        planned(councils, (), alike, framework) if councils else None,
        planned(england, TABLES, objective, framework) if england else None,
        planned(regions, TABLES if region_tables else (), objective, framework) if regions else None,
    )


Noised = Callable[[ReleasePlan, Area], Sequence[int]]
"""What an area sends under a plan."""


def nothing(plan: ReleasePlan, area: Area) -> Sequence[int]:
    """Zeros: variances do not depend on the values."""
    return [0] * plan.length


class DiscreteGaussian:
    """Noise of the plan's law from numpy's generator, by inversion: for many repetitions, never for a release."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self._laws: dict[int, tuple[int, np.ndarray]] = {}

    def __call__(self, plan: ReleasePlan, area: Area) -> Sequence[int]:
        """The area's exact vector with noise."""
        noise = [self.draw(block.sigma_units, block.length) for block in plan.blocks]
        noised: list[int] = (np.array(area.vector(plan)) + np.concatenate(noise)).tolist()
        return noised

    def draw(self, sigma_units: int, count: int) -> np.ndarray:
        """`count` draws at a scale in 1/1024."""
        if sigma_units not in self._laws:
            sigma = sigma_units / 1024
            reach = math.ceil(12 * sigma)
            weights = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
            self._laws[sigma_units] = reach, np.cumsum(weights) / weights.sum()
        reach, cumulative = self._laws[sigma_units]
        return np.searchsorted(cumulative, self.rng.random(count)) - reach


@dataclass(frozen=True)
class Sent:
    """The noised vector of one area under a plan; `noise_ratio` is its noise's variance over the plan's."""

    plan: ReleasePlan
    vector: Sequence[int]
    noise_ratio: float = 1.0

    def sums(self, statistic: Statistic, name: str, breakdown: str, category: str) -> list[NoisySum]:
        """The entries of a block (of a histogram, those of one category), level after level."""
        block = self.plan.block(statistic, name, breakdown)
        categories = block.categories or ("",)
        entries = self.vector[block.indices][categories.index(category) :: len(categories)]
        return [NoisySum(float(entry), block.variance * self.noise_ratio) for entry in entries]


@dataclass(frozen=True)
class Answers:
    """Every noised vector of a year: England's, each region's, and each region's councils'."""

    england: Sent | None
    regions: Mapping[str, Sent]
    councils: Mapping[str, Sequence[Sent]]


def answers(plans: Plans, simulated: SimulatedEngland, noised: Noised, tolerated_dropouts: int = 0) -> Answers:
    """Everyone answers.

    The shares of a secure sum's noise are made for n - u councils: where all n are heard, it has n / (n - u) times the
    variance (privacy reference 5.2).
    """

    def secure(plan: ReleasePlan, councils: Sequence[Area]) -> Sent:
        count = len(councils)
        return Sent(plan, noised(plan, together(councils)), count / (count - tolerated_dropouts))

    england, regions, headline = plans.england, plans.regions, plans.councils
    return Answers(
        secure(england, simulated.councils) if england else None,
        {name: secure(regions, councils) for name, councils in simulated.regions.items()} if regions else {},
        {name: [Sent(headline, noised(headline, c)) for c in councils] for name, councils in simulated.regions.items()}
        if headline
        else {},
    )


def _measured(sent: Sent | None, key: str, statistic: Statistic, name: str, category: str) -> Part:
    """An area as far as its own vector tells: its overall sum, and the tables that add up to it."""
    if sent is None:
        return Part(key)
    tables = [
        tuple(
            Part(f"{key} {breakdown} {level}", (cell,))
            for level, cell in enumerate(sent.sums(statistic, name, breakdown, category))
        )
        for breakdown in sent.plan.breakdowns
    ]
    return Part(key, tuple(sent.sums(statistic, name, OVERALL, category)), tuple(tables))


def agreement(given: Answers, statistic: Statistic, name: str, category: str = "") -> Agreement:
    """One statistic's sums over all that was sent. Keys: "england", a region's name, the region's name and the number
    of a council; after a table's area, the breakdown and the number of a level."""

    def region(region_name: str) -> Part:
        own = _measured(given.regions.get(region_name), region_name, statistic, name, category)
        councils = tuple(
            _measured(sent, f"{region_name} {number}", statistic, name, category)
            for number, sent in enumerate(given.councils.get(region_name, ()))
        )
        return replace(own, partitions=(*own.partitions, councils)) if councils else own

    england = _measured(given.england, ENGLAND, statistic, name, category)
    regions = tuple(region(region_name) for region_name in given.regions or given.councils)
    return agree(replace(england, partitions=(*england.partitions, regions)) if regions else england)


@dataclass(frozen=True)
class Agreements:
    """The sums of all statistics of yes/no indicators after least squares."""

    totals: Mapping[str, Agreement]
    contrasts: Mapping[str, Agreement]

    def variance(self, indicator: Indicator, key: str, rate: float, size: float, *, known_size: bool = False) -> float:
        """Of the share p = (1 + D/T)/2 in an area: [v_D + (2p-1)^2 v_T] / 4T^2 (privacy reference 3.2)."""
        of_total = 0.0 if known_size else self.totals[indicator.cohort].sum(key).variance
        return (self.contrasts[indicator.id].sum(key).variance + (2 * rate - 1) ** 2 * of_total) / (4 * size**2)

    def share(self, indicator: Indicator, key: str) -> float:
        """The share itself, unclamped."""
        return (1 + self.contrasts[indicator.id].sum(key).value / self.totals[indicator.cohort].sum(key).value) / 2


def agreements(given: Answers, framework: Framework = FRAMEWORK) -> Agreements:
    """Makes every statistic agree."""
    return Agreements(
        {cohort: agreement(given, Statistic.TOTAL, cohort) for cohort in COHORT_SHARES},
        {indicator.id: agreement(given, Statistic.CONTRAST, indicator.id) for indicator in framework.indicators},
    )


def rmse_pp(variances: Iterable[float]) -> float:
    """Root of the mean of variances of shares, in percentage points."""
    return 100 * math.sqrt(float(np.mean(list(variances))))


@dataclass(frozen=True)
class Simulated:
    """A root mean squared error in percentage points over repetitions, and its standard error between them."""

    rmse: float
    standard_error: float

    @classmethod
    def of(cls, squares: Iterable[float]) -> Simulated:
        """From each repetition's mean squared error of shares."""
        listed = np.array(list(squares))
        root = math.sqrt(float(listed.mean()))
        return cls(100 * root, 100 * float(listed.std(ddof=1)) / math.sqrt(len(listed)) / (2 * root))

    def agrees(self, analytic: float) -> bool:
        """Whether an analytic figure is within 3 standard errors."""
        return abs(self.rmse - analytic) <= 3 * self.standard_error


def simulate(plans: Plans, simulated: SimulatedEngland, noised: Noised, repetitions: int) -> Simulated:
    """Draws all noise, makes everything agree, and sets England's shares against the exact ones, again and again."""
    whole = simulated.whole
    squares = []
    for _ in range(repetitions):
        agreed = agreements(answers(plans, simulated, noised))
        errors = [agreed.share(indicator, ENGLAND) - whole.rate(indicator) for indicator in FRAMEWORK.indicators]
        squares.append(float(np.mean(np.square(errors))))
    return Simulated.of(squares)


def cell_variances(agreed: Agreements, simulated: SimulatedEngland) -> Iterator[float]:
    """The variance of each share in each cell of England's breakdowns."""
    whole = simulated.whole
    for indicator in FRAMEWORK.indicators:
        for table in TABLES:
            for level, share in enumerate(level_shares(table.id)):
                size = share * whole.size[indicator.cohort]
                yield agreed.variance(indicator, f"{ENGLAND} {table.id} {level}", whole.rate(indicator), size)


def england_variances(agreed: Agreements, simulated: SimulatedEngland, *, known_size: bool = False) -> Iterator[float]:
    """The variance of each of England's shares."""
    whole = simulated.whole
    for indicator in FRAMEWORK.indicators:
        size = whole.size[indicator.cohort]
        yield agreed.variance(indicator, ENGLAND, whole.rate(indicator), size, known_size=known_size)
