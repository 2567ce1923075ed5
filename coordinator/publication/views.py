"""What each page shows, as values: the templates only lay it out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from coordinator.data import ENGLAND, Council, current_councils, population_for, regions
from coordinator.estimates.benchmark import Benchmark, Coverage, Estimate
from coordinator.publication.words import Shown, councils_in_words, privacy_sentence, published_sentence, share, shown
from frameworks.display.charts import Axis, Mark, Shape, Strip, axis_for
from frameworks.display.formats import figure, number, polarity_in_words, unit_in_words, within_breakdown
from frameworks.model import BREAKDOWNS, Indicator, Kind


@dataclass(frozen=True)
class Row:
    """One area in a table: its figure in words, and drawn."""

    name: str
    href: str
    shown: Shown
    marks: tuple[Mark, ...]
    tooltip: str


@dataclass(frozen=True)
class Card:
    """One indicator as a strip: what it is, the figure in words, the chart, and the figures behind it."""

    indicator: Indicator
    unit: str
    polarity: str
    shown: Shown
    councils: str
    published: str
    published_figure: str
    strip: Strip
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Section:
    """A question of the framework with its cards."""

    id: str
    title: str
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class RegionRows:
    """The councils of a region, in the order of their names."""

    name: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class BreakdownRows:
    """England's figure by the levels of a characteristic."""

    title: str
    rows: tuple[Row, ...]
    axis: Axis
    reference: float | None


@dataclass(frozen=True)
class IndicatorPage:
    """Everything about one indicator."""

    card: Card
    privacy: str
    coverage: str
    size: str
    cohort: str
    axis: Axis
    reference: float | None
    councils_strip: Strip
    region_rows: tuple[Row, ...]
    region_axis: Axis
    regions: tuple[RegionRows, ...]
    breakdowns: tuple[BreakdownRows, ...]
    caveats: tuple[str, ...]
    definition: str


@dataclass(frozen=True)
class CouncilPage:
    """One council beside its region and England."""

    council: Council
    children: str
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class RegionCoverage:
    """Who answered in a region."""

    name: str
    answered: tuple[Council, ...]
    missing: tuple[Council, ...]


@dataclass(frozen=True)
class IndicatorCoverage:
    """How much of England one indicator is made of."""

    indicator: Indicator
    councils: str
    share: str
    without: tuple[Council, ...]


def _is_plain_count(indicator: Indicator) -> bool:
    return indicator.kind is Kind.COUNT and indicator.rate_per is None


def _limits(indicator: Indicator) -> tuple[float, float]:
    if indicator.kind is Kind.COUNT:
        return 0.0, math.inf
    return (0.0, 100.0) if indicator.bounds is None else (float(indicator.bounds[0]), float(indicator.bounds[1]))


def _mark(shape: Shape, height: int, estimate: Estimate | None, *, interval: bool = True) -> tuple[Mark, ...]:
    if estimate is None or estimate.lower is None:
        return ()
    if not interval:
        return (Mark(shape, height, estimate.value),) if estimate.value is not None else ()
    return (Mark(shape, height, estimate.value, estimate.lower, estimate.upper),)


def _marks(rows: Iterable[Row]) -> tuple[Mark, ...]:
    return tuple(mark for row in rows for mark in row.marks)


def _axis(indicator: Indicator, marks: Iterable[Mark]) -> Axis:
    """An axis for the figures; an interval that stands alone may run off it, as its numbers in the table show."""
    values: list[float] = []
    alone: list[float] = []
    for mark in marks:
        ends = [value for value in (mark.value, mark.lower, mark.upper) if value is not None]
        (values if mark.value is not None else alone).extend(ends)
    low, high = _limits(indicator)
    return axis_for(values or alone, low, high)


def _strip(
    identifier: str, title: str, description: str, height: int, indicator: Indicator, marks: Sequence[Mark]
) -> Strip:
    axis = _axis(indicator, marks)
    return Strip(
        identifier=identifier,
        title=title,
        description=description,
        axis=axis,
        low_label=figure(indicator, axis.low),
        high_label=figure(indicator, axis.high),
        height=height,
        marks=tuple(marks),
    )


class Views:
    """Builds the views of a benchmark."""

    def __init__(self, benchmark: Benchmark) -> None:
        self.benchmark = benchmark
        self._estimates = {(e.indicator_id, e.area_code, e.breakdown, e.level): e for e in benchmark.estimates}
        self._coverage = {coverage.indicator_id: coverage for coverage in benchmark.coverage}
        self._answered = {council.code for council in benchmark.councils}

    def _estimate(self, indicator: Indicator, area: str, breakdown: str = "", level: str = "") -> Estimate | None:
        return self._estimates.get((indicator.id, area, breakdown, level))

    def _by_question(self, cards: Sequence[Card]) -> tuple[Section, ...]:
        sections = (
            Section(q.id, q.title, tuple(card for card in cards if card.indicator.question == q.id))
            for q in self.benchmark.framework.questions
        )
        return tuple(section for section in sections if section.cards)

    def _card(self, indicator: Indicator, strip: Strip, estimate: Estimate | None, rows: tuple[Row, ...]) -> Card:
        return Card(
            indicator=indicator,
            unit=unit_in_words(indicator),
            polarity=polarity_in_words(indicator),
            shown=shown(indicator, estimate),
            councils=councils_in_words(estimate.councils if estimate else 0).capitalize(),
            published=published_sentence(indicator),
            published_figure=figure(indicator, indicator.england.value) if indicator.england else "–",
            strip=strip,
            rows=rows,
        )

    def _row(self, indicator: Indicator, name: str, href: str, shape: Shape, estimate: Estimate | None) -> Row:
        words = shown(indicator, estimate)
        return Row(name, href, words, _mark(shape, 10, estimate), f"{name}: {words.sentence}")

    @cached_property
    def england_cards(self) -> dict[str, Card]:
        """For each indicator: the regions, England and the published figure on three lines of one axis."""
        return {indicator.id: self._england_card(indicator) for indicator in self.benchmark.indicators}

    def _england_card(self, indicator: Indicator) -> Card:
        england = self._estimate(indicator, ENGLAND)
        by_region = [] if _is_plain_count(indicator) else [self._estimate(indicator, code) for code in regions()]
        marks = [mark for estimate in by_region for mark in _mark(Shape.REGION, 9, estimate, interval=False)]
        marks += _mark(Shape.ENGLAND, 26, england)
        comparable = by_region or (england is not None and england.councils == len(current_councils()))
        if indicator.england and comparable:
            marks.append(Mark(Shape.PUBLISHED, 43, indicator.england.value))
        finding = self._finding(indicator, england, by_region)
        strip = _strip(f"strip-{indicator.id}", indicator.title, finding, 58, indicator, marks)
        rows = (self._row(indicator, "England", "", Shape.ENGLAND, england),)
        return self._card(indicator, strip, england, rows)

    def _finding(self, indicator: Indicator, england: Estimate | None, by_region: Sequence[Estimate | None]) -> str:
        parts = [f"England: {shown(indicator, england).sentence}."]
        values = [estimate.value for estimate in by_region if estimate and estimate.value is not None]
        if len(values) > 1:
            parts.append(
                f"The figures of {len(values)} regions lie from {figure(indicator, min(values))} to "
                f"{figure(indicator, max(values))}."
            )
        parts.append(f"{published_sentence(indicator)}.")
        return " ".join(parts)

    def england_sections(self) -> tuple[Section, ...]:
        """England, question by question."""
        return self._by_question(tuple(self.england_cards.values()))

    def indicator_page(self, indicator: Indicator) -> IndicatorPage:
        """One indicator: England, the regions, and where every council stands, region by region."""
        england = self._estimate(indicator, ENGLAND)
        region_rows = tuple(
            self._row(indicator, name, "", Shape.REGION, self._estimate(indicator, code))
            for code, name in regions().items()
        )
        by_region = tuple(
            RegionRows(
                name,
                tuple(
                    self._row(
                        indicator,
                        council.name,
                        f"../councils/{council.code}.html",
                        Shape.COUNCIL,
                        self._estimate(indicator, council.code),
                    )
                    for council in sorted(self.benchmark.councils, key=lambda council: council.name)
                    if council.region_code == code
                ),
            )
            for code, name in regions().items()
        )
        plain = _is_plain_count(indicator)
        shown_marks = [mark for group in by_region for mark in _marks(group.rows)]
        council_marks = [Mark(Shape.COUNCIL, 9, mark.value) for mark in shown_marks if mark.value is not None]
        if not plain:
            council_marks += _mark(Shape.ENGLAND, 30, england)
        finding = self._council_finding(indicator, by_region)
        title = f"{indicator.title}: where councils stand"
        strip = _strip("councils", title, finding, 48, indicator, council_marks)
        cohort = self.benchmark.framework.cohort(indicator.cohort)
        return IndicatorPage(
            card=self.england_cards[indicator.id],
            privacy=privacy_sentence(indicator, england),
            coverage=self._coverage_words(self._coverage[indicator.id]),
            size=self._size(england),
            cohort=" ".join(cohort.title.split()),
            axis=strip.axis,
            reference=None if plain or england is None else england.value,
            councils_strip=strip,
            region_rows=region_rows,
            region_axis=_axis(indicator, _marks(region_rows)) if plain else strip.axis,
            regions=tuple(group for group in by_region if group.rows),
            breakdowns=tuple(self._breakdowns(within_breakdown(indicator), england)),
            caveats=indicator.caveats,
            definition="\n\n".join(part.strip() for part in (cohort.sql, indicator.outcome or "") if part),
        )

    def _breakdowns(self, indicator: Indicator, england: Estimate | None) -> Iterable[BreakdownRows]:
        reference = None if _is_plain_count(indicator) or england is None else england.value
        for breakdown in BREAKDOWNS:
            rows = tuple(
                self._row(indicator, label, "", Shape.ENGLAND, estimate)
                for level, label in zip(breakdown.levels, breakdown.labels, strict=True)
                if (estimate := self._estimate(indicator, ENGLAND, breakdown.id, level)) is not None
            )
            if rows:
                yield BreakdownRows(breakdown.title, rows, _axis(indicator, _marks(rows)), reference)

    def _council_finding(self, indicator: Indicator, by_region: Sequence[RegionRows]) -> str:
        rows = [row for group in by_region for row in group.rows]
        if _is_plain_count(indicator):
            return f"{len(rows)} councils; numbers depend on a council's size and are not compared."
        counted = {word: sum(row.shown.against == word for row in rows) for word in ("Higher", "Similar", "Lower")}
        uncertain = sum(row.shown.against == "Too uncertain to say" for row in rows)
        without = len(rows) - sum(counted.values()) - uncertain
        parts = [
            f"Of {len(rows)} councils, {counted['Higher']} are higher than the rest of England, {counted['Similar']} "
            f"similar and {counted['Lower']} lower; for {uncertain} it is too uncertain to say."
        ]
        if without:
            parts.append(f"{without} are not compared.")
        return " ".join(parts)

    def _size(self, england: Estimate | None) -> str:
        if england is None or england.size is None or england.size_lower is None or england.size_upper is None:
            return ""
        unit = 10 ** math.floor(math.log10(max((england.size_upper - england.size_lower) / 2, 1)))
        about, low, high = (
            number(unit * round(size / unit), 0) for size in (england.size, england.size_lower, england.size_upper)
        )
        return f"About {about} (between {low} and {high}) in {councils_in_words(england.councils)}"

    def _coverage_words(self, coverage: Coverage) -> str:
        if coverage.population_share == 1:
            return councils_in_words(len(coverage.councils)).capitalize()
        return (
            f"{councils_in_words(len(coverage.councils)).capitalize()}, home to {share(coverage.population_share)} of "
            "England’s children aged 0 to 17"
        )

    def council_page(self, council: Council) -> CouncilPage:
        """A council's headlines, each beside its region and England."""
        children = population_for(self.benchmark.collection.reference_year).children[council.code]
        cards = tuple(self._council_card(indicator, council) for indicator in self.benchmark.indicators)
        return CouncilPage(council, number(children, 0), self._by_question(cards))

    def _council_card(self, indicator: Indicator, council: Council) -> Card:
        own = self._estimate(indicator, council.code)
        areas = [(council.name, Shape.COUNCIL, own)]
        if not _is_plain_count(indicator):
            areas.append((council.region_name, Shape.REGION, self._estimate(indicator, council.region_code)))
            areas.append(("England", Shape.ENGLAND, self._estimate(indicator, ENGLAND)))
        marks = tuple(mark for line, (_, shape, e) in enumerate(areas) for mark in _mark(shape, 9 + 17 * line, e))
        rows = tuple(self._row(indicator, name, "", shape, estimate) for name, shape, estimate in areas)
        finding = " ".join(f"{row.name}: {row.shown.sentence}." for row in rows)
        finding = f"{finding} {rows[0].shown.against_sentence}".strip()
        title = f"{council.name}: {indicator.title}"
        strip = _strip(f"strip-{indicator.id}", title, finding, 58, indicator, marks)
        return self._card(indicator, strip, own, rows)

    def region_coverage(self) -> tuple[RegionCoverage, ...]:
        """Who answered, region by region."""
        listed = sorted(current_councils().values(), key=lambda council: council.name)
        return tuple(
            RegionCoverage(
                name,
                tuple(c for c in listed if c.region_code == code and c.code in self._answered),
                tuple(c for c in listed if c.region_code == code and c.code not in self._answered),
            )
            for code, name in regions().items()
        )

    def indicator_coverage(self) -> tuple[IndicatorCoverage, ...]:
        """For each indicator how many councils, which share of children, and who answered without the files."""
        return tuple(
            IndicatorCoverage(
                indicator,
                councils_in_words(len(coverage.councils)),
                share(coverage.population_share),
                tuple(council for council in self.benchmark.councils if council.code not in set(coverage.councils)),
            )
            for indicator in self.benchmark.indicators
            for coverage in [self._coverage[indicator.id]]
        )
