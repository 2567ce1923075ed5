"""Looking up a benchmark's figures, and what must stand beside them: companions, and the shares of a histogram."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from coordinator.estimates.benchmark import Benchmark, Estimate
from coordinator.estimates.decode import category_numbers
from coordinator.publication.words import Shown, shown
from frameworks.display.charts import Bar, Bars, axis_for
from frameworks.display.formats import as_category, category_in_words, counted, figure, number
from frameworks.model import DataType, Indicator, Kind


@dataclass(frozen=True)
class Companion:
    """What is published with an indicator, such as a survey's response rate and how many could have answered.

    `title` and `size_title` head the columns of `figure` and `size`.
    """

    title: str
    figure: str
    size_title: str
    size: str
    sentence: str


@dataclass(frozen=True)
class Share:
    """One category of a histogram in one area."""

    label: str
    estimate: Estimate | None
    shown: Shown


@dataclass(frozen=True)
class ShareRow:
    """An area, or a level of a characteristic, with the share of every category."""

    name: str
    href: str
    shares: tuple[Share, ...]
    companions: tuple[Companion, ...]


RESPONSE_RATE = "Response rate"


def _is_response_rate(companion: Indicator) -> bool:
    return companion.data_type is DataType.FEEDBACK and companion.kind is Kind.PERCENT


def has_mean(indicator: Indicator) -> bool:
    """Whether the indicator has a figure of its own: all but a histogram of words."""
    return indicator.kind is not Kind.HISTOGRAM or bool(category_numbers(indicator))


class Figures:
    """The figures of a benchmark by indicator, area, breakdown, level and category."""

    def __init__(self, benchmark: Benchmark) -> None:
        self._benchmark = benchmark
        self._estimates = {
            (e.indicator_id, e.area_code, e.breakdown, e.level, e.category): e for e in benchmark.estimates
        }

    def of(
        self, indicator: Indicator, area: str, breakdown: str = "", level: str = "", category: str = ""
    ) -> Estimate | None:
        """The figure; None where the area did not answer, or the collection did not ask."""
        return self._estimates.get((indicator.id, area, breakdown, level, category))

    def any_of(self, indicator: Indicator, area: str, breakdown: str = "", level: str = "") -> Estimate | None:
        """The figure, or of a histogram of words its first share: for what both say, the size and the councils."""
        category = "" if has_mean(indicator) else indicator.categories[0]
        return self.of(indicator, area, breakdown, level, category)

    def counted(self, indicator: Indicator) -> str:
        """What the indicator's cohort is a number of."""
        return counted(self._benchmark.framework.cohort(indicator.cohort).unit)

    def size(self, indicator: Indicator, estimate: Estimate | None) -> str:
        """The noised size in words, no more exact than its noise: "about 12,300 children"."""
        if estimate is None or estimate.size is None:
            return ""
        return f"about {_roughly(estimate, estimate.size)} {self.counted(indicator)}"

    def size_with_interval(self, indicator: Indicator, estimate: Estimate | None) -> str:
        """The same with the ends between which the exact size lies."""
        if estimate is None or estimate.size_lower is None or estimate.size_upper is None or estimate.size is None:
            return ""
        low, high = _roughly(estimate, estimate.size_lower), _roughly(estimate, estimate.size_upper)
        return f"{self.size(indicator, estimate)} (between {low} and {high})"

    def companions(
        self, indicator: Indicator, area: str, breakdown: str = "", level: str = ""
    ) -> tuple[Companion, ...]:
        """What is published with the indicator, for the same area and level."""
        named = (self._benchmark.framework.indicator(name) for name in indicator.companions)
        found = ((companion, self.any_of(companion, area, breakdown, level)) for companion in named)
        return tuple(self._companion(companion, estimate) for companion, estimate in found if estimate is not None)

    def response(self, indicator: Indicator, estimate: Estimate) -> Estimate | None:
        """The response rate beside an estimate: the companion that says who answered, for its area and level."""
        for name in indicator.companions:
            companion = self._benchmark.framework.indicator(name)
            if _is_response_rate(companion):
                return self.of(companion, estimate.area_code, estimate.breakdown, estimate.level)
        return None

    def _companion(self, indicator: Indicator, estimate: Estimate) -> Companion:
        words = shown(indicator, estimate)
        size = "–" if estimate.size is None else _roughly(estimate, estimate.size)
        if not _is_response_rate(indicator):
            return Companion(indicator.title, words.figure, "Of how many", size, f"{indicator.title}: {words.sentence}")
        of = f"; {self.size(indicator, estimate)} could have answered" if estimate.size is not None else ""
        return Companion(
            RESPONSE_RATE, words.figure, "Could have answered", size, f"{RESPONSE_RATE}: {words.sentence}{of}"
        )

    def shares(self, indicator: Indicator, area: str, breakdown: str = "", level: str = "") -> tuple[Share, ...]:
        """The share of each category."""
        share = as_category(indicator)
        found = ((name, self.of(indicator, area, breakdown, level, name)) for name in indicator.categories)
        return tuple(Share(category_in_words(name), estimate, shown(share, estimate)) for name, estimate in found)


def _roughly(estimate: Estimate, size: float) -> str:
    assert estimate.size_lower is not None and estimate.size_upper is not None
    unit = 10 ** math.floor(math.log10(max((estimate.size_upper - estimate.size_lower) / 2, 1)))
    return number(unit * round(size / unit), 0)


def largest(shares: Sequence[Share]) -> Share | None:
    """The category with the largest share; None where no share is shown."""
    seen = [share for share in shares if share.estimate and share.estimate.value is not None]
    return max(seen, key=lambda share: share.estimate.value or 0.0 if share.estimate else 0.0, default=None)


def finding(area: str, shares: Sequence[Share]) -> str:
    """A histogram in a sentence: its largest and its smallest share, with their intervals."""
    seen = [share for share in shares if share.estimate and share.estimate.value is not None]
    if not seen:
        return f"{area}: {shares[0].shown.sentence}."
    ordered = sorted(seen, key=lambda share: share.estimate.value or 0.0 if share.estimate else 0.0)
    most, least = ordered[-1], ordered[0]
    words = f"{area}: most often “{most.label}” ({most.shown.sentence})"
    return f"{words}; least often “{least.label}” ({least.shown.sentence})." if least is not most else f"{words}."


def bar_chart(
    identifier: str, title: str, area: str, indicator: Indicator, shares: Sequence[Share], beside: Sequence[Share] = ()
) -> Bars:
    """A bar for each category of `area`, on an axis from 0; `beside` are the shares of an area to mark on the bars."""
    references = [share.estimate.value if share.estimate else None for share in beside] or [None] * len(shares)
    short = all(len(share.label) <= 3 for share in shares)
    bars = tuple(
        Bar(
            share.label if short else f"{share.label}: {share.shown.figure}",
            share.estimate.value if share.estimate else None,
            share.estimate.lower if share.estimate else None,
            share.estimate.upper if share.estimate else None,
            reference,
        )
        for share, reference in zip(shares, references, strict=True)
    )
    ends = [end for bar in bars for end in (bar.value, bar.reference) if end is not None]
    ends += [bar.upper for bar in bars if bar.upper is not None and bar.value is not None]
    axis = axis_for([0.0, *(ends or [100.0])], 0.0, 100.0)
    share = as_category(indicator)
    return Bars(identifier, title, finding(area, shares), axis, figure(share, axis.low), figure(share, axis.high), bars)
