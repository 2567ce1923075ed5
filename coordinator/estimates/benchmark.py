"""The benchmark: every published figure of a collection, with its intervals, its coverage and what it cost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from coordinator.data import ENGLAND, Council, current_councils, population_for
from coordinator.errors import WrongState
from coordinator.estimates.agreed import AgreedSums
from coordinator.estimates.areas import Area, council_area, england, region_areas
from coordinator.estimates.costs import ReleaseCost, SumCost, release_cost, sum_cost
from coordinator.estimates.decode import Measured, Rate, categories_shown, enough
from coordinator.estimates.position import Position, position
from coordinator.estimates.reader import Reader, holds
from coordinator.estimates.returned import Answers, Returned
from coordinator.estimates.revisions import check_revised
from coordinator.estimates.shrinkage import Shrunk
from coordinator.estimates.steadying import steadied_headlines
from coordinator.records import GroupSum, StoredSummary
from frameworks.blocks import OVERALL
from frameworks.collection import Collection
from frameworks.model import BREAKDOWNS, Framework, Indicator, Kind
from frameworks.plan import ReleasePlan

TOO_FEW = "c"
"""Too few children for a reliable figure: the interval stands alone."""
NOT_AVAILABLE = "x"
"""No council of the area declared the files that the indicator needs."""


@dataclass(frozen=True)
class Estimate:
    """One published figure.

    `value` and the two intervals are in the indicator's unit: percent, the mean's own, a rate, or a number (the level
    of a breakdown has no population, and so no rate). The share of a histogram's `category` is in percent; the category
    is empty for every other figure, the mean of a histogram of numbers included. `lower` and `upper` hold the chance in
    children's outcomes and the privacy noise; `privacy_lower` and `privacy_upper` the noise alone, around the exact
    figure of the councils counted. `unclamped` is the unbiased figure, before it was moved to the nearest possible
    value. `size` is the noised number of children, events or families it is about. `councils` is how many councils it
    is made of, `position` how it stands against the rest of England (None where that is not said).

    `shrunk` is a council's headline figure steadied towards those of the other councils, a model, and its interval that
    of the exact figure. It stands beside `value` and never without it; None for everything else.
    """

    indicator_id: str
    area_code: str
    area_name: str
    breakdown: str
    level: str
    value: float | None
    lower: float | None
    upper: float | None
    privacy_lower: float | None
    privacy_upper: float | None
    symbol: str
    councils: int
    unclamped: float | None = None
    size: float | None = None
    size_lower: float | None = None
    size_upper: float | None = None
    position: Position | None = None
    category: str = ""
    shrunk: float | None = None
    shrunk_lower: float | None = None
    shrunk_upper: float | None = None


@dataclass(frozen=True)
class Coverage:
    """The councils whose figures an indicator is made of (codes, in order), and their share of all children, 0 to 1."""

    indicator_id: str
    councils: tuple[str, ...]
    population_share: float


@dataclass(frozen=True)
class NoiseScale:
    """How far the noise moves an indicator's numerator, 19 times in 20: for one council, and for all of them.

    Of a histogram, the number of children in any one category. None for one council where councils have no figures.
    """

    indicator_id: str
    one_council: float | None
    all_councils: float


@dataclass(frozen=True)
class Benchmark:
    """A collection's published figures, and what a reader must know of them. Immutable.

    `councils` are those that answered, `missing` those that did not; `population_year` is the mid-year estimate under
    rates and coverage. `indicators` are those that the collection asked for, in the framework's order. `combined_with`
    are earlier collections whose releases the figures rest on as well.
    """

    collection: Collection
    framework: Framework
    indicators: tuple[Indicator, ...]
    councils: tuple[Council, ...]
    missing: tuple[Council, ...]
    estimates: tuple[Estimate, ...]
    coverage: tuple[Coverage, ...]
    noise: tuple[NoiseScale, ...]
    costs: tuple[ReleaseCost, ...]
    sums: tuple[SumCost, ...]
    population_year: int
    published_at: datetime
    combined_with: tuple[str, ...] = ()


def _figure(
    reader: Reader,
    area: Area,
    level: str,
    category: str,
    measured: Measured,
    councils: int,
    stands: Position | None = None,
    shrunk: Shrunk | None = None,
    expected: float = math.inf,
) -> Estimate:
    shown = enough(measured, expected)
    steadied = shrunk if shown else None
    both, noise = measured.interval(sampling=True), measured.interval(sampling=False)
    size = Rate(measured.size).interval(sampling=False)
    return Estimate(
        indicator_id=reader.indicator.id,
        area_code=area.code,
        area_name=area.label(councils),
        breakdown=reader.breakdown,
        level=level,
        value=measured.value if shown else None,
        lower=both.lower,
        upper=both.upper,
        privacy_lower=noise.lower,
        privacy_upper=noise.upper,
        symbol="" if shown else TOO_FEW,
        councils=councils,
        unclamped=measured.unclamped if shown else None,
        size=max(measured.size.value, 0.0) if shown else None,
        size_lower=size.lower,
        size_upper=size.upper,
        position=stands if shown or stands is None else Position.UNCERTAIN,
        category=category,
        shrunk=steadied.value if steadied else None,
        shrunk_lower=steadied.lower if steadied else None,
        shrunk_upper=steadied.upper if steadied else None,
    )


def _no_figures(reader: Reader, area: Area, level: str) -> Iterator[Estimate]:
    for category in categories_shown(reader.indicator):
        yield Estimate(
            indicator_id=reader.indicator.id,
            area_code=area.code,
            area_name=area.label(0),
            breakdown=reader.breakdown,
            level=level,
            value=None,
            lower=None,
            upper=None,
            privacy_lower=None,
            privacy_upper=None,
            symbol=NOT_AVAILABLE,
            councils=0,
            category=category,
        )


def _is_compared(indicator: Indicator, category: str) -> bool:
    """Whether areas are set against the rest of England: by a rate or a mean, not by a number or by one category."""
    return not category and (indicator.kind is not Kind.COUNT or indicator.rate_per is not None)


def _steadied(reader: Reader, england: Mapping[str, Measured]) -> dict[str, Shrunk]:
    """The councils' headlines steadied towards one another, where areas are compared at all."""
    if "" not in england or not _is_compared(reader.indicator, ""):
        return {}
    councils = {code: dict(reader.measured(code))[""] for code in current_councils() if reader.councils(code)}
    return steadied_headlines(reader.indicator, councils, england[""], reader.population.children)


def _stands(reader: Reader, area: Area, own: Measured, whole: Measured, compared: int) -> Position | None:
    """How an area stands against the rest of England. Nothing is said where England is made of it alone, or of some of
    its councils but not all; an area that is not in England's figure is set against that as it is."""
    inside, of_england = set(reader.councils(area.code)), set(reader.councils(ENGLAND))
    if reader.is_within_england(area.code):
        return position(own, whole.without(own), compared) if inside < of_england else None
    return None if inside & of_england else position(own, whole, compared)


def _overall_estimates(reader: Reader, answered: Sequence[Council]) -> Iterator[Estimate]:
    """England, the nine regions, and each council that answered; the last two against the rest of England."""
    groups = (
        region_areas() if reader.gives_regions else (),
        tuple(map(council_area, answered)) if reader.gives_councils else (),
    )
    everyone = reader.councils(ENGLAND)
    if not everyone:
        for area in (england(), *groups[0], *groups[1]):
            yield from _no_figures(reader, area, "")
        return
    total = dict(reader.measured(ENGLAND))
    steadied = _steadied(reader, total)
    for category, measured in total.items():
        yield _figure(reader, england(), "", category, measured, len(everyone))
    for areas in groups:
        compared = sum(bool(reader.councils(area.code)) for area in areas)
        for area in areas:
            included = reader.councils(area.code)
            if not included:
                yield from _no_figures(reader, area, "")
                continue
            for category, measured in reader.measured(area.code):
                is_compared = _is_compared(reader.indicator, category)
                stands = _stands(reader, area, measured, total[category], compared) if is_compared else None
                shrunk = steadied.get(area.code) if not category else None
                expected = total[category].size.value * _population_share(reader, included, everyone)
                yield _figure(reader, area, "", category, measured, len(included), stands, shrunk, expected)


def _population_share(reader: Reader, included: Sequence[str], everyone: Sequence[str]) -> float:
    children = reader.population.children
    return sum(children[code] for code in included) / sum(children[code] for code in everyone)


def _breakdown_estimates(reader: Reader, levels: Sequence[str]) -> Iterator[Estimate]:
    """England and the regions only: a breakdown of one council is mostly noise (privacy reference 1, 8)."""
    for area in (england(), *(region_areas() if reader.gives_regions else ())):
        included = reader.councils(area.code)
        for level in levels:
            if not included:
                yield from _no_figures(reader, area, level)
                continue
            for category, measured in reader.measured(area.code, level):
                yield _figure(reader, area, level, category, measured, len(included))


def _coverage(reader: Reader) -> Coverage:
    children, councils = reader.population.children, reader.councils(ENGLAND)
    share = sum(children[code] for code in councils) / sum(children[code] for code in current_councils())
    return Coverage(reader.indicator.id, councils, share)


def _noise(reader: Reader, answered: Sequence[Council]) -> NoiseScale:
    def reach(area: str) -> float:
        return Rate(reader.noise(area)).interval(sampling=False).upper

    one = next((council.code for council in answered if reader.gives_councils and reader.councils(council.code)), None)
    everyone = reach(ENGLAND) if reader.councils(ENGLAND) else 0.0
    return NoiseScale(reader.indicator.id, None if one is None else reach(one), everyone)


def make_benchmark(
    collection: Collection,
    framework: Framework,
    plans: Sequence[ReleasePlan],
    summaries: Sequence[StoredSummary],
    published_at: datetime,
    *,
    sums: Sequence[GroupSum] = (),
    earlier: Sequence[Answers] = (),
) -> Benchmark:
    """Turns what came for a collection into the figures to publish.

    Every release that holds a sum measures it: councils' summaries and the secure `sums` of groups are combined by
    least squares (see `agreed`), and so is what came for `earlier` collections over the same returns (see `revisions`),
    for the councils that answered this one.

    England is made of the councils in its secure sum, else of those that have figures of their own or are in a region's
    sum; it is named so. Breakdowns are given for England and the regions. A secure release without a sum adds nothing.

    Raises
    ------
    WrongState
        When no council has answered.
    UsageProblem
        When an earlier collection asked something else.
    UnknownCouncil
        For an answer from a council that is not one of the 153.
    StorageFailed
        For a summary or a sum that does not fit the plans of its collection.
    """
    check_revised(collection, earlier)
    with_sums = {opened.release_id for opened in sums}
    usable = [plan for plan in plans if plan.mode == "council" or plan.release_id in with_sums]
    current = Answers(collection, tuple(usable), tuple(summaries), tuple(sums))
    returned = Returned(framework, current, earlier)
    if not returned.councils:
        raise WrongState(
            f"No council has answered {collection.id}, so there is nothing to publish.",
            "Wait for summaries; `newlyn-coordinator status` shows who has answered.",
        )
    agreed = AgreedSums(returned)
    councils = current_councils()
    answered = tuple(council for code, council in councils.items() if code in returned.councils)
    population = population_for(collection.reference_year)
    costs = {plan.release_id: release_cost(framework, plan) for plan in usable}
    asked = {indicator_id for plan in usable for indicator_id in plan.indicators}
    indicators = tuple(indicator for indicator in framework.indicators if indicator.id in asked)
    estimates: list[Estimate] = []
    coverage: list[Coverage] = []
    noise: list[NoiseScale] = []
    for indicator in indicators:
        for breakdown, levels in ((OVERALL, ("",)), *((b.id, b.levels) for b in BREAKDOWNS)):
            holding = [plan for plan in usable if holds(plan, indicator, breakdown)]
            if not holding:
                continue
            reader = Reader(indicator, breakdown, holding, returned, agreed, population)
            if breakdown == OVERALL:
                estimates.extend(_overall_estimates(reader, answered))
                coverage.append(_coverage(reader))
                noise.append(_noise(reader, answered))
            else:
                estimates.extend(_breakdown_estimates(reader, levels))
    return Benchmark(
        collection=collection,
        framework=framework,
        indicators=indicators,
        councils=answered,
        missing=tuple(council for code, council in councils.items() if code not in returned.councils),
        estimates=tuple(estimates),
        coverage=tuple(coverage),
        noise=tuple(noise),
        costs=tuple(costs.values()),
        sums=tuple(sum_cost(opened, costs[opened.release_id]) for opened in sums),
        population_year=population.year,
        published_at=published_at,
        combined_with=tuple(answers.collection.id for answers in earlier),
    )
