"""The council's own exact figures beside the published benchmark, on the council's own machine.

The exact figures never leave. Shown beside the noised ones they reveal the noise of this council's release; the text
says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from frameworks.display.formats import unit_in_words
from frameworks.model import Framework, Indicator, Kind
from node.measure import Figure
from protos.benchmark.v1.benchmark_pb2 import Benchmark, Estimate

ENGLAND = "E92000001"
_Z = 1.959964
WARNING = (
    "Exact figures, for your eyes only. Whoever sees them beside the published figure of this council learns the noise "
    "that protects it: do not publish both."
)


@dataclass(frozen=True)
class Published:
    """A published figure with its interval; `symbol` says why there is none."""

    value: float | None
    lower: float | None
    upper: float | None
    symbol: str


@dataclass(frozen=True)
class Shrunk:
    """A council's published figure steadied towards the other councils by a model; the interval of the exact figure."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True)
class ComparedCategory:
    """One category of a histogram: how many children of the council, and their share in percent beside the published
    ones."""

    category: str
    own_count: int
    own_share: float | None
    england: Published
    published_own: Published


@dataclass(frozen=True)
class ComparedIndicator:
    """One indicator: the council's exact figure, and England's published one.

    `own_value` is a percentage, a mean, or (for a count) the rate by the population that the benchmark used.
    `shrunk_own` stands beside `published_own`, never without its value.
    `position` is one of four statements about the difference, or "" where none is made. `proxy_for` says what a proxy
    stands for and is "" for every other. A histogram has its `categories`.
    """

    id: str
    title: str
    question: str
    unit: str
    own_value: float | None
    own_numerator: int | None
    own_denominator: int | None
    england: Published
    published_own: Published
    shrunk_own: Shrunk | None
    position: str
    proxy_for: str
    categories: tuple[ComparedCategory, ...]


@dataclass(frozen=True)
class Comparison:
    """A benchmark compared with this council's own figures."""

    collection: str
    reference_year: int
    councils: int
    indicators: tuple[ComparedIndicator, ...]

    def as_json(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self) | {"warning": WARNING}


def _published(estimate: Estimate | None) -> Published:
    if estimate is None:
        return Published(None, None, None, "x")

    def number(name: str) -> float | None:
        return float(getattr(estimate, name)) if estimate.HasField(name) else None

    return Published(number("value"), number("lower"), number("upper"), estimate.symbol)


class _Estimates:
    """The published figures of whole areas."""

    def __init__(self, benchmark: Benchmark) -> None:
        self._found = {
            (estimate.indicator_id, estimate.area_code, estimate.category): estimate
            for estimate in benchmark.estimates
            if not estimate.breakdown
        }
        self.indicators = {indicator_id for indicator_id, _, _ in self._found}

    def of(self, indicator: Indicator, area_code: str, category: str = "") -> Published:
        return _published(self._found.get((indicator.id, area_code, category)))

    def shrunk(self, indicator: Indicator, area_code: str) -> Shrunk | None:
        estimate = self._found.get((indicator.id, area_code, ""))
        if estimate is None or not all(map(estimate.HasField, ("value", "shrunk", "shrunk_lower", "shrunk_upper"))):
            return None
        return Shrunk(estimate.shrunk, estimate.shrunk_lower, estimate.shrunk_upper)


def _categories(
    indicator: Indicator, figure: Figure, estimates: _Estimates, council_code: str
) -> Iterator[ComparedCategory]:
    for category, count in (figure.categories or {}).items():
        yield ComparedCategory(
            category,
            count,
            100 * count / figure.numerator if figure.numerator else None,
            estimates.of(indicator, ENGLAND, category),
            estimates.of(indicator, council_code, category),
        )


def _own_value(indicator: Indicator, figure: Figure, population: int | None) -> float | None:
    if indicator.kind is not Kind.COUNT:
        return figure.value
    if figure.numerator is None or not population or indicator.rate_per is None:
        return None
    return indicator.rate_per * figure.numerator / population


def _own_interval(indicator: Indicator, figure: Figure, value: float) -> tuple[float, float] | None:
    """The 95 % score interval of a count or a percentage, for the chance by which outcomes vary; None for the others.

    A proportion's is Wilson's (1927), a count's the score interval of a Poisson mean.
    """
    count, total = figure.numerator, figure.denominator
    if indicator.kind is Kind.PERCENT and count is not None and total:
        centre = (count + _Z**2 / 2) / (total + _Z**2)
        reach = _Z / (total + _Z**2) * math.sqrt(count * (total - count) / total + _Z**2 / 4)
        return 100 * (centre - reach), 100 * (centre + reach)
    if indicator.kind is Kind.COUNT and count:
        reach = _Z * math.sqrt(count + _Z**2 / 4)
        return value * (count + _Z**2 / 2 - reach) / count, value * (count + _Z**2 / 2 + reach) / count
    return None


def _position(indicator: Indicator, figure: Figure, value: float | None, england: Published) -> str:
    """The difference from England's published figure, in words and never a rank.

    Its interval is Newcombe's (1998, method 10) from both intervals. "Similar" is said only where a larger difference
    than 5 percentage points, or a quarter of a rate, can be excluded.
    """
    if value is None or england.value is None or england.lower is None or england.upper is None:
        return ""
    own = _own_interval(indicator, figure, value)
    if own is None:
        return ""
    difference = value - england.value
    lower = difference - math.hypot(value - own[0], england.upper - england.value)
    upper = difference + math.hypot(own[1] - value, england.value - england.lower)
    if lower > 0:
        return "higher than England"
    if upper < 0:
        return "lower than England"
    margin = 5 if indicator.kind is Kind.PERCENT else england.value / 4
    return "similar to England" if -margin <= lower and upper <= margin else "too uncertain to say"


def compare(benchmark: Benchmark, framework: Framework, figures: Mapping[str, Figure], council_code: str) -> Comparison:
    """Sets exact figures beside a benchmark, in the framework's order, for the indicators that it publishes."""
    estimates = _Estimates(benchmark)
    population = {area.code: area.population_0_17 for area in benchmark.areas}.get(council_code)
    compared = []
    for indicator in framework.indicators:
        if indicator.id not in estimates.indicators or indicator.id not in figures:
            continue
        figure = figures[indicator.id]
        own = _own_value(indicator, figure, population)
        england = estimates.of(indicator, ENGLAND)
        compared.append(
            ComparedIndicator(
                id=indicator.id,
                title=indicator.title,
                question=indicator.question,
                unit=unit_in_words(indicator),
                own_value=own,
                own_numerator=figure.numerator,
                own_denominator=figure.denominator,
                england=england,
                published_own=estimates.of(indicator, council_code),
                shrunk_own=estimates.shrunk(indicator, council_code),
                position=_position(indicator, figure, own, england),
                proxy_for=indicator.proxy_for or "",
                categories=tuple(_categories(indicator, figure, estimates, council_code)),
            )
        )
    return Comparison(benchmark.collection_id, benchmark.reference_year, len(benchmark.councils), tuple(compared))
