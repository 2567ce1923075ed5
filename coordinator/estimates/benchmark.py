"""The benchmark: every published figure of a collection, with its intervals, its coverage and what it cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from coordinator.data import Council, current_councils, population_for
from coordinator.errors import WrongState
from coordinator.estimates.areas import Area, council_area, england, region_areas
from coordinator.estimates.costs import ReleaseCost, release_cost
from coordinator.estimates.decode import Measured, Rate, categories_shown, enough
from coordinator.estimates.position import Position, position
from coordinator.estimates.returned import Reader, Returned, quietest_plan
from coordinator.records import StoredSummary
from frameworks.collection import Collection
from frameworks.model import BREAKDOWNS, Framework, Indicator, Kind
from frameworks.plan import OVERALL, ReleasePlan

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


@dataclass(frozen=True)
class Coverage:
    """The councils whose figures an indicator is made of (codes, in order), and their share of all children, 0 to 1."""

    indicator_id: str
    councils: tuple[str, ...]
    population_share: float


@dataclass(frozen=True)
class NoiseScale:
    """How far the noise moves an indicator's numerator, 19 times in 20: for one council, and for all of them.

    Of a histogram, the number of children in any one category.
    """

    indicator_id: str
    one_council: float
    all_councils: float


@dataclass(frozen=True)
class Benchmark:
    """A collection's published figures, and what a reader must know of them. Immutable.

    `councils` are those that answered, `missing` those that did not; `population_year` is the mid-year estimate under
    rates and coverage. `indicators` are those that the collection asked for, in the framework's order.
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
    population_year: int
    published_at: datetime


def _figure(
    reader: Reader,
    area: Area,
    level: str,
    category: str,
    measured: Measured,
    councils: int,
    stands: Position | None = None,
) -> Estimate:
    shown = enough(measured)
    both, noise = measured.interval(sampling=True), measured.interval(sampling=False)
    size = Rate(measured.size).interval(sampling=False)
    return Estimate(
        indicator_id=reader.indicator.id,
        area_code=area.code,
        area_name=area.label(councils),
        breakdown=reader.source.breakdown,
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
        position=stands,
        category=category,
    )


def _no_figures(reader: Reader, area: Area, level: str) -> Iterator[Estimate]:
    for category in categories_shown(reader.indicator):
        yield Estimate(
            indicator_id=reader.indicator.id,
            area_code=area.code,
            area_name=area.label(0),
            breakdown=reader.source.breakdown,
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


def _included(reader: Reader, area: Area) -> list[str]:
    return [code for code in area.members if code in reader.source.cells]


def _is_compared(indicator: Indicator, category: str) -> bool:
    """Whether areas are set against the rest of England: by a rate or a mean, not by a number or by one category."""
    return not category and (indicator.kind is not Kind.COUNT or indicator.rate_per is not None)


def _overall_estimates(reader: Reader, answered: Sequence[Council]) -> Iterator[Estimate]:
    """England, the nine regions, and each council that answered; the last two against the rest of England."""
    everyone = _included(reader, england())
    if not everyone:
        for area in (england(), *region_areas(), *map(council_area, answered)):
            yield from _no_figures(reader, area, "")
        return
    total = dict(reader.measured(everyone, ""))
    for category, measured in total.items():
        yield _figure(reader, england(), "", category, measured, len(everyone))
    for areas in (region_areas(), tuple(map(council_area, answered))):
        compared = sum(bool(_included(reader, area)) for area in areas)
        for area in areas:
            included = _included(reader, area)
            if not included:
                yield from _no_figures(reader, area, "")
                continue
            others = len(included) < len(everyone)
            for category, measured in reader.measured(included, ""):
                stands = (
                    position(measured, total[category].without(measured), compared)
                    if others and _is_compared(reader.indicator, category)
                    else None
                )
                yield _figure(reader, area, "", category, measured, len(included), stands)


def _breakdown_estimates(reader: Reader, levels: Sequence[str]) -> Iterator[Estimate]:
    """England and the regions only: a breakdown of one council is mostly noise (privacy reference 1, 8)."""
    for area in (england(), *region_areas()):
        included = _included(reader, area)
        for level in levels:
            if not included:
                yield from _no_figures(reader, area, level)
                continue
            for category, measured in reader.measured(included, level):
                yield _figure(reader, area, level, category, measured, len(included))


def _coverage(reader: Reader) -> Coverage:
    children = reader.population.children
    share = sum(children[code] for code in reader.source.cells) / sum(children[code] for code in current_councils())
    return Coverage(reader.indicator.id, tuple(reader.source.cells), share)


def _noise(reader: Reader) -> NoiseScale:
    councils = tuple(reader.source.cells)
    one, everyone = (
        Rate(reader.noise(included)).interval(sampling=False).upper for included in (councils[:1], councils)
    )
    return NoiseScale(reader.indicator.id, one, everyone)


def make_benchmark(
    collection: Collection,
    framework: Framework,
    plans: Sequence[ReleasePlan],
    summaries: Sequence[StoredSummary],
    published_at: datetime,
) -> Benchmark:
    """Turns a collection's stored summaries into the figures to publish.

    England is the sum of the councils that answered and declared the files an indicator needs, and is named so. An
    indicator that several releases hold is read from the one with the least noise. Breakdowns are given for England and
    the regions. Plans of mode `secure` have no summaries and add nothing here.

    Raises
    ------
    WrongState
        When no council has answered.
    UnknownCouncil
        For a summary from a council that is not one of the 153.
    StorageFailed
        For a summary that does not fit the collection's plans.
    """
    usable = [plan for plan in plans if plan.mode == "council"]
    returned = Returned(collection, usable, summaries)
    if not returned.councils:
        raise WrongState(
            f"No council has answered {collection.id}, so there is nothing to publish.",
            "Wait for summaries; `newlyn-coordinator status` shows who has answered.",
        )
    councils = current_councils()
    answered = tuple(council for code, council in councils.items() if code in returned.councils)
    population = population_for(collection.reference_year)
    asked = {indicator_id for plan in usable for indicator_id in plan.indicators}
    indicators = tuple(indicator for indicator in framework.indicators if indicator.id in asked)
    estimates: list[Estimate] = []
    coverage: list[Coverage] = []
    noise: list[NoiseScale] = []
    for indicator in indicators:
        for breakdown, levels in ((OVERALL, ("",)), *((b.id, b.levels) for b in BREAKDOWNS)):
            plan = quietest_plan(usable, indicator, breakdown)
            if plan is None:
                continue
            reader = Reader(indicator, returned.source(framework, indicator, plan, breakdown), population)
            if breakdown == OVERALL:
                estimates.extend(_overall_estimates(reader, answered))
                coverage.append(_coverage(reader))
                noise.append(_noise(reader))
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
        costs=tuple(release_cost(framework, plan) for plan in usable),
        population_year=population.year,
        published_at=published_at,
    )
