"""A made-up federation: exact vectors of councils that never were, and the benchmark made of them with noise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import numpy as np
import numpy.typing as npt

from coordinator.data import ENGLAND, Council, current_councils, population_for, regions
from coordinator.estimates.benchmark import Benchmark, make_benchmark
from coordinator.records import GroupSum, StoredSummary
from frameworks.accounting import rho_from_epsilon, rho_units_down
from frameworks.availability import required_files
from frameworks.blocks import OVERALL, Block, Statistic
from frameworks.collection import Collection
from frameworks.model import Framework, Indicator, Kind
from frameworks.plan import ReleasePlan, ReleaseRequest, compile_plan
from frameworks.shares import Groups, SecureTerms

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
    indicators: Sequence[str],
    *,
    epsilon: float,
    breakdowns: tuple[str, ...] = (),
    release_id: str = "headlines",
    groups: Groups | None = None,
) -> ReleaseRequest:
    """A release in mode council, or of the sums of `groups` in mode secure."""
    largest = {"england": 153, "regions": 33}
    return ReleaseRequest(
        id=release_id,
        mode="secure" if groups else "council",
        indicators=tuple(indicators),
        breakdowns=breakdowns,
        rho_units=rho_units_down(rho_from_epsilon(epsilon, 1e-7)),
        secure=SecureTerms(groups=groups, largest_group=largest[groups]) if groups else None,
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
        yield from _counts(plan, indicator.id, splits, np.exp(-4 * np.abs(places - rate)), rng)
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


def _counts(
    plan: ReleasePlan, name: str, splits: dict[str, Split], likely: npt.NDArray[np.float64], rng: np.random.Generator
) -> Iterator[tuple[Block, Split]]:
    """Each block of a histogram: in every table the same children in each category."""
    whole = rng.multinomial(int(splits[OVERALL][0]), likely / likely.sum())
    for breakdown, split in splits.items():
        left, columns = split.copy(), []
        for count in whole:
            columns.append(rng.multivariate_hypergeometric(left, int(count)))
            left = left - columns[-1]
        yield plan.block(Statistic.HISTOGRAM, name, breakdown), np.stack(columns, axis=1).ravel()


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
    rates = {
        indicator.id: children.rate(indicator, council, rng)
        for indicator in map(framework.indicator, plan.indicators)
        if indicator.kind is not Kind.COUNT
    }
    filled: list[tuple[Block, Split]] = []
    for block in plan.blocks:
        if block.breakdown == OVERALL and block.indicator and block.indicator not in rates:
            shares = np.array([rates[name] for name in block.categories if name in rates])
            likely = np.append(shares, max(1 - shares.sum(), 0.0))
            filled.extend(_counts(plan, block.indicator, splits[block.cohort], likely, rng))
    in_sets = {name for block, _ in filled for name in block.categories}
    for name, rate in rates.items():
        if name not in in_sets:
            indicator = framework.indicator(name)
            filled.extend(_answers(plan, indicator, splits[indicator.cohort], rate, rng))
    for block, entries in filled:
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
    """Every council (or those named) answers every release, about the same children; `undeclared` are files that a
    council does not hold, `declared_too` those that it holds besides. A secure sum has just the noise of the plan.

    A council sends zeros where an undeclared file is needed for an indicator's contrast; here its vector is simply
    drawn like any other, which only makes a figure that wrongly counts it easier to see.
    """
    rng = np.random.default_rng(seed)
    add = noise or quick_noise(rng)
    collection = collection_of(framework, requests)
    plans = tuple(compile_plan(framework, collection.id, YEAR, request) for request in requests)
    answering = [current_councils()[code] for code in (councils or current_councils())]
    everything = plan_of_all(framework, requests)
    whole = {
        council.code: exact_vector(everything, framework, council, rng, children or LikeEngland(framework))
        for council in answering
    }
    exact = {(plan.release_id, code): cut_to(plan, everything, whole[code]) for plan in plans for code in whole}
    declared = {
        code: required_files(framework, everything.indicators, YEAR) - (undeclared or {}).get(code, frozenset())
        | (declared_too or {}).get(code, frozenset())
        for code in whole
    }
    summaries = [
        StoredSummary(
            council_code=code,
            collection_id=collection.id,
            release_id=plan.release_id,
            values=tuple(add(plan, exact[plan.release_id, code])),
            declared_files=declared[code],
            payload_digest=b"\0" * 32,
            received_at=PUBLISHED_AT,
        )
        for plan in plans
        if plan.mode == "council"
        for code in whole
    ]
    sums = [
        GroupSum(
            collection_id=collection.id,
            release_id=plan.release_id,
            group_code=group,
            councils=codes,
            values=tuple(add(plan, np.sum([exact[plan.release_id, code] for code in codes], axis=0).tolist())),
            noise_ratio=1.0,
            declared_files=tuple(declared[code] for code in codes),
        )
        for plan in plans
        if plan.secure is not None
        for group, codes in _groups(answering, plan.secure.groups)
    ]
    benchmark = make_benchmark(collection, framework, plans, summaries, PUBLISHED_AT, sums=sums)
    return Federation(framework, plans, exact, benchmark)


def plan_of_all(framework: Framework, requests: Sequence[ReleaseRequest]) -> ReleasePlan:
    """A plan that holds every indicator and breakdown of some releases, to draw the children from."""
    names = dict.fromkeys(name for request in requests for name in request.indicators)
    breakdowns = dict.fromkeys(name for request in requests for name in request.breakdowns)
    everything = request_of(tuple(names), epsilon=1.0, breakdowns=tuple(breakdowns))
    return compile_plan(framework, "made-up", YEAR, everything)


def cut_to(plan: ReleasePlan, everything: ReleasePlan, vector: Sequence[int]) -> list[int]:
    """The entries of a vector of everything that a plan asks for, in its order."""
    entries: list[int] = []
    for block in plan.blocks:
        name = block.cohort if block.statistic is Statistic.TOTAL else block.indicator
        entries.extend(vector[everything.block(block.statistic, name, block.breakdown).indices])
    return entries


def _groups(councils: Sequence[Council], groups: Groups) -> Iterator[tuple[str, tuple[str, ...]]]:
    for code in (ENGLAND,) if groups == "england" else regions():
        if members := tuple(c.code for c in councils if code in (ENGLAND, c.region_code)):
            yield code, members
