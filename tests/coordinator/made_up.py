"""A made-up federation: exact vectors of councils that never were, and the benchmark made of them with noise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import numpy as np
import numpy.typing as npt

from coordinator.data import Council, current_councils, population_for
from coordinator.estimates.benchmark import Benchmark, make_benchmark
from coordinator.records import StoredSummary
from frameworks.accounting import rho_from_epsilon, rho_units_down
from frameworks.availability import required_files
from frameworks.collection import Collection
from frameworks.model import Framework, Indicator, Kind
from frameworks.plan import OVERALL, Block, ReleasePlan, ReleaseRequest, Statistic, compile_plan

YEAR = 2025
PUBLISHED_AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)

AddNoise = Callable[[ReleasePlan, Sequence[int]], Sequence[int]]


CHILDREN_IN_ENGLAND = 12_183_016
"""Mid-year estimate of 2024."""


class Children(Protocol):
    """Who lives where: how many are in a cohort, and how many of them have the outcome."""

    def size(self, cohort_id: str, council: Council, rng: np.random.Generator) -> int:
        """The number of children (or events) in the cohort."""
        ...

    def rate(self, indicator: Indicator, council: Council, rng: np.random.Generator) -> float:
        """The probability of a yes, or of a value at the upper end of a mean's scale (else at the lower)."""
        ...


@dataclass(frozen=True)
class LikeEngland:
    """Cohorts as large as England's published ones, and rates that differ between councils by a standard deviation.

    `otherwise` is the share of all children in a cohort whose published size is not known.
    """

    framework: Framework
    between_councils: float = 0.04
    otherwise: float = 0.0067

    def expected_size(self, cohort_id: str, council: Council) -> float:
        """In proportion to the council's children."""
        children = population_for(YEAR).children[council.code]
        return children * cohort_share(self.framework, cohort_id, self.otherwise)

    def size(self, cohort_id: str, council: Council, rng: np.random.Generator) -> int:
        """A Poisson number around the expected one."""
        return int(rng.poisson(self.expected_size(cohort_id, council)))

    def rate(self, indicator: Indicator, council: Council, rng: np.random.Generator) -> float:  # noqa: ARG002
        """A normal rate around England's."""
        return float(np.clip(rng.normal(national_rate(indicator), self.between_councils), 0.001, 0.999))


def collection_of(framework: Framework, requests: Sequence[ReleaseRequest]) -> Collection:
    """A collection of the reference year."""
    return Collection(
        id="made-up",
        framework_id=framework.id,
        framework_version=framework.version,
        framework_digest=framework.digest,
        reference_year=YEAR,
        opens_at=datetime(2025, 4, 1, tzinfo=UTC),
        closes_at=datetime(2026, 3, 31, tzinfo=UTC),
        releases=tuple(requests),
    )


def request_of(
    indicators: Sequence[str], *, epsilon: float, breakdowns: tuple[str, ...] = (), release_id: str = "headlines"
) -> ReleaseRequest:
    """A council-mode release."""
    rho = rho_units_down(rho_from_epsilon(epsilon, 1e-7))
    return ReleaseRequest(
        id=release_id, mode="council", indicators=tuple(indicators), breakdowns=breakdowns, rho_units=rho
    )


def national_rate(indicator: Indicator) -> float:
    """The share of yes answers in England: the published one where there is one, else one half."""
    if indicator.kind in (Kind.PERCENT, Kind.RATIO) and indicator.england is not None:
        return min(max(indicator.england.value / 100, 0.01), 0.99)
    return 0.5


def cohort_share(framework: Framework, cohort_id: str, otherwise: float) -> float:
    """The share of England's children in a cohort, from the published figures of its indicators."""
    for indicator in framework.indicators:
        if indicator.cohort == cohort_id and indicator.england is not None:
            england = indicator.england
            size = england.numerator if indicator.kind is Kind.COUNT else england.denominator
            if size is not None and indicator.kind is not Kind.RATIO:
                return size / CHILDREN_IN_ENGLAND
    return otherwise


Split = npt.NDArray[np.int64]


def _answers(
    plan: ReleasePlan, indicator: Indicator, splits: dict[str, Split], rate: float, rng: np.random.Generator
) -> Iterator[tuple[Block, Split]]:
    """Each block of an indicator with its entries, in tables that add up to the overall figure.

    A percentage's answers are yes or no, a mean's values at the ends of its scale. Of a ratio nine wholes in ten are at
    the upper end, and only these have a part there. A histogram's categories are the likelier the nearer they stand to
    `rate` of the way along.
    """
    total = int(splits[OVERALL][0])
    if indicator.kind is Kind.HISTOGRAM:
        places = np.linspace(0, 1, len(indicator.categories))
        likely = np.exp(-4 * np.abs(places - rate))
        whole = rng.multinomial(total, likely / likely.sum())
        for breakdown, split in splits.items():
            left, columns = split.copy(), []
            for count in whole:
                columns.append(rng.multivariate_hypergeometric(left, int(count)))
                left = left - columns[-1]
            yield plan.block(Statistic.HISTOGRAM, indicator.id, breakdown), np.stack(columns, axis=1).ravel()
        return
    holders = splits
    if indicator.kind is Kind.RATIO:
        large = int(rng.binomial(total, 0.9))
        holders = {breakdown: rng.multivariate_hypergeometric(split, large) for breakdown, split in splits.items()}
        for breakdown, split in splits.items():
            block = plan.block(Statistic.WHOLE_SUM, indicator.id, breakdown)
            yield block, _at_the_ends(block, holders[breakdown], split)
    yes = int(rng.binomial(int(holders[OVERALL][0]), rate))
    statistic = Statistic.CONTRAST if indicator.kind is Kind.PERCENT else Statistic.CENTRED_SUM
    for breakdown, split in splits.items():
        block = plan.block(statistic, indicator.id, breakdown)
        yield block, _at_the_ends(block, rng.multivariate_hypergeometric(holders[breakdown], yes), split)


def _at_the_ends(block: Block, upper: Split, split: Split) -> Split:
    """The sum of +half for those at the upper end and -half for the others, half being the range a child can move."""
    return block.sensitivity // block.event_cap * (2 * upper - split)


def exact_vector(
    plan: ReleasePlan, framework: Framework, council: Council, rng: np.random.Generator, children: Children
) -> list[int]:
    """A council's exact vector, in tables that add up to the overall figure."""
    vector = np.zeros(plan.length, dtype=np.int64)
    splits: dict[str, dict[str, Split]] = {}
    tables = sorted({(block.breakdown, block.levels) for block in plan.blocks}, key=lambda table: table[0])
    for cohort_id in dict.fromkeys(block.cohort for block in plan.blocks):
        size = children.size(cohort_id, council, rng)
        for breakdown, levels in tables:
            split = rng.multinomial(size, np.full(len(levels), 1 / len(levels)))
            splits.setdefault(cohort_id, {})[breakdown] = split
            with suppress(KeyError):
                vector[plan.block(Statistic.TOTAL, cohort_id, breakdown).indices] = split
    for name in plan.indicators:
        indicator = framework.indicator(name)
        if indicator.kind is not Kind.COUNT:
            rate = children.rate(indicator, council, rng)
            for block, entries in _answers(plan, indicator, splits[indicator.cohort], rate, rng):
                vector[block.indices] = entries
    return [int(entry) for entry in vector]


def quick_noise(rng: np.random.Generator) -> AddNoise:
    """Rounded Gaussian noise at the plan's scales: quick, for tests of what is made of it (never for a release)."""

    def add(plan: ReleasePlan, exact: Sequence[int]) -> list[int]:
        noised = list(exact)
        for block in plan.blocks:
            for index in range(block.start, block.start + block.length):
                noised[index] += round(rng.normal(0, block.sigma))
        return noised

    return add


def no_noise(plan: ReleasePlan, exact: Sequence[int]) -> list[int]:
    """The exact vector itself."""
    return list(exact)


@dataclass(frozen=True)
class Federation:
    """Councils, their exact vectors (by release and council) and the benchmark made of the noised ones."""

    framework: Framework
    plans: tuple[ReleasePlan, ...]
    exact: dict[tuple[str, str], list[int]]
    benchmark: Benchmark


def federate(
    framework: Framework,
    requests: Sequence[ReleaseRequest],
    *,
    seed: int,
    councils: Sequence[str] | None = None,
    undeclared: dict[str, frozenset[str]] | None = None,
    declared_too: dict[str, frozenset[str]] | None = None,
    noise: AddNoise | None = None,
    children: Children | None = None,
) -> Federation:
    """Every council (or those named) answers every release; `undeclared` are files that a council does not hold,
    `declared_too` those that it holds besides.

    A council sends zeros where an undeclared file is needed for an indicator's contrast; here its vector is simply
    drawn like any other, which only makes a figure that wrongly counts it easier to see.
    """
    rng = np.random.default_rng(seed)
    add = noise or quick_noise(rng)
    collection = collection_of(framework, requests)
    plans = tuple(compile_plan(framework, collection.id, YEAR, request) for request in requests)
    answering = [current_councils()[code] for code in (councils or current_councils())]
    exact = {
        (plan.release_id, council.code): exact_vector(plan, framework, council, rng, children or LikeEngland(framework))
        for plan in plans
        for council in answering
    }
    summaries = [
        StoredSummary(
            council_code=council.code,
            collection_id=collection.id,
            release_id=plan.release_id,
            values=tuple(add(plan, exact[plan.release_id, council.code])),
            declared_files=required_files(framework, plan.indicators, YEAR)
            - (undeclared or {}).get(council.code, frozenset())
            | (declared_too or {}).get(council.code, frozenset()),
            payload_digest=b"\0" * 32,
            received_at=PUBLISHED_AT,
        )
        for plan in plans
        for council in answering
    ]
    return Federation(framework, plans, exact, make_benchmark(collection, framework, plans, summaries, PUBLISHED_AT))
