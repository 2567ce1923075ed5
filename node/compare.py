"""The council's own exact figures beside the published benchmark, on the council's own machine.

The exact figures never leave. Shown beside the noised ones they reveal the noise of this council's release; the text
says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from frameworks.model import Framework, Indicator, Kind
from node.measure import Figure
from protos.benchmark.v1.benchmark_pb2 import Benchmark, Estimate

ENGLAND = "E92000001"
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
class ComparedIndicator:
    """One indicator: the council's exact figure, and England's published one.

    `position` is "higher", "similar" or "lower" than England's interval, or "" where either figure is missing.
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
    position: str


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


def _position(own: float | None, england: Published) -> str:
    if own is None or england.lower is None or england.upper is None:
        return ""
    if own > england.upper:
        return "higher"
    return "lower" if own < england.lower else "similar"


def _own_value(indicator: Indicator, figure: Figure | None) -> float | None:
    if figure is None:
        return None
    return None if indicator.kind is Kind.COUNT else figure.value


def compare(benchmark: Benchmark, framework: Framework, figures: Mapping[str, Figure], council_code: str) -> Comparison:
    """Sets exact figures beside a benchmark, in the framework's order, for the indicators that it publishes.

    A count has no value to compare (its rate needs a population); its number is shown.
    """
    overall = {
        (estimate.indicator_id, estimate.area_code): estimate
        for estimate in benchmark.estimates
        if not estimate.breakdown
    }
    published = {indicator_id for indicator_id, _ in overall}
    compared = []
    for indicator in framework.indicators:
        if indicator.id not in published:
            continue
        figure = figures.get(indicator.id)
        own = _own_value(indicator, figure)
        england = _published(overall.get((indicator.id, ENGLAND)))
        compared.append(
            ComparedIndicator(
                id=indicator.id,
                title=indicator.title,
                question=indicator.question,
                unit=indicator.unit,
                own_value=own,
                own_numerator=figure.numerator if figure else None,
                own_denominator=figure.denominator if figure else None,
                england=england,
                published_own=_published(overall.get((indicator.id, council_code))),
                position=_position(own, england),
            )
        )
    return Comparison(benchmark.collection_id, benchmark.reference_year, len(benchmark.councils), tuple(compared))
