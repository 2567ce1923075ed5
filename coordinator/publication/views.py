"""What each page shows, as values: the templates only lay it out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from coordinator.data import ENGLAND, Council, current_councils, population_for, regions
from coordinator.estimates.benchmark import Benchmark, Coverage, Estimate
from coordinator.publication.figures import (
    Figures,
    ShareRow,
    bar_chart,
    finding,
    has_mean,
    largest,
)
from coordinator.publication.layout import (
    BreakdownRows,
    Card,
    CouncilPage,
    IndicatorCoverage,
    IndicatorPage,
    Line,
    RegionCoverage,
    RegionRows,
    Row,
    Section,
    ShareTable,
    Wanted,
)
from coordinator.publication.strips import axis_of, is_plain_count, mark_of, marks_of, strip_of
from coordinator.publication.words import (
    AVAILABILITY,
    councils_in_words,
    privacy_sentence,
    published_sentence,
    share,
    shown,
    wanted_published,
)
from frameworks.display.charts import Bars, Mark, Shape, Strip
from frameworks.display.formats import (
    category_in_words,
    figure,
    marked_title,
    number,
    polarity_in_words,
    unit_beside,
    unit_in_words,
    within_breakdown,
)
from frameworks.model import BREAKDOWNS, Availability, Breakdown, Indicator, WantedIndicator


def _notes(indicator: Indicator) -> Iterator[str]:
    """Availability where it is not today, and how long children are followed."""
    if indicator.availability is not Availability.NOW:
        yield AVAILABILITY[indicator.availability]
    if indicator.follow_up:
        yield f"Followed up for {indicator.follow_up.months} months"


class Views:
    """Builds the views of a benchmark."""

    def __init__(self, benchmark: Benchmark) -> None:
        self.benchmark = benchmark
        self._figures = Figures(benchmark)
        self._coverage = {coverage.indicator_id: coverage for coverage in benchmark.coverage}
        self._answered = {council.code for council in benchmark.councils}

    def _by_question(self, cards: Sequence[Card], wanted: Sequence[WantedIndicator] = ()) -> tuple[Section, ...]:
        sections = (
            Section(
                q.id,
                q.title,
                tuple(card for card in cards if card.indicator.question == q.id),
                tuple(
                    Wanted(w, AVAILABILITY[w.availability], wanted_published(w)) for w in wanted if w.question == q.id
                ),
            )
            for q in self.benchmark.framework.questions
        )
        return tuple(section for section in sections if section.cards or section.wanted)

    def _card(
        self,
        indicator: Indicator,
        area: str,
        chart: Strip | Bars,
        lines: tuple[Line, ...],
    ) -> Card:
        estimate = self._figures.any_of(indicator, area)
        companions = self._figures.companions(indicator, area)
        beside, words = unit_beside(indicator), shown(indicator, estimate)
        if not has_mean(indicator):
            top = largest(shares := self._figures.shares(indicator, area))
            words = (top or shares[0]).shown
            beside = f"“{top.label}”, the most frequent" if top else ""
        return Card(
            indicator=indicator,
            unit=unit_in_words(indicator),
            beside=beside,
            polarity=polarity_in_words(indicator),
            shown=words,
            councils=councils_in_words(estimate.councils if estimate else 0).capitalize(),
            published=published_sentence(indicator),
            published_figure=f"{figure(indicator, indicator.england.value)} ({indicator.england.year})"
            if indicator.england
            else "–",
            notes=(*_notes(indicator), *(companion.sentence for companion in companions)),
            strip=chart if isinstance(chart, Strip) else None,
            bars=chart if isinstance(chart, Bars) else None,
            lines=lines,
            companions=companions,
        )

    def _row(
        self,
        indicator: Indicator,
        name: str,
        shape: Shape,
        area: str,
        href: str = "",
        breakdown: str = "",
        level: str = "",
    ) -> Row:
        estimate = self._figures.of(indicator, area, breakdown, level)
        words = shown(indicator, estimate)
        return Row(
            name,
            href,
            words,
            mark_of(shape, 10, estimate),
            f"{name}: {words.sentence}",
            self._figures.companions(indicator, area, breakdown, level),
        )

    def _lines(self, indicator: Indicator, areas: Sequence[tuple[str, Shape, str]]) -> tuple[Line, ...]:
        """The indicator by area: one line, or one for each category of a histogram of words."""
        if has_mean(indicator):
            rows = tuple(self._row(indicator, name, shape, area) for name, shape, area in areas)
            return (Line("", unit_in_words(indicator), rows),)
        by_area = [(name, self._figures.shares(indicator, area)) for name, _, area in areas]
        return tuple(
            Line(
                category_in_words(category),
                "%",
                tuple(Row(name, "", shares[index].shown, (), "") for name, shares in by_area),
            )
            for index, category in enumerate(indicator.categories)
        )

    @cached_property
    def england_cards(self) -> dict[str, Card]:
        """For each indicator: the regions, England and the published figure on three lines of one axis."""
        return {indicator.id: self._england_card(indicator) for indicator in self.benchmark.indicators}

    def _england_card(self, indicator: Indicator) -> Card:
        lines = self._lines(indicator, [("England", Shape.ENGLAND, ENGLAND)])
        title, identifier = marked_title(indicator), f"strip-{indicator.id}"
        if not has_mean(indicator):
            shares = self._figures.shares(indicator, ENGLAND)
            return self._card(indicator, ENGLAND, bar_chart(identifier, title, "England", indicator, shares), lines)
        england = self._figures.of(indicator, ENGLAND)
        by_region = [] if is_plain_count(indicator) else [self._figures.of(indicator, code) for code in regions()]
        marks = [mark for estimate in by_region for mark in mark_of(Shape.REGION, 9, estimate, interval=False)]
        marks += mark_of(Shape.ENGLAND, 26, england)
        comparable = by_region or (england is not None and england.councils == len(current_councils()))
        if indicator.england and comparable:
            marks.append(Mark(Shape.PUBLISHED, 43, indicator.england.value))
        words = self._finding(indicator, england, by_region)
        return self._card(indicator, ENGLAND, strip_of(identifier, title, words, 58, indicator, marks), lines)

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
        """England, question by question, with what belongs to a question and cannot be computed yet."""
        return self._by_question(tuple(self.england_cards.values()), self.benchmark.framework.wanted)

    def indicator_page(self, indicator: Indicator) -> IndicatorPage:
        """One indicator: England, the regions, and where every council stands, region by region."""
        england = self._figures.any_of(indicator, ENGLAND)
        cohort = self.benchmark.framework.cohort(indicator.cohort)
        alone, plain = has_mean(indicator), is_plain_count(indicator)
        region_rows = self._region_rows(indicator) if alone else ()
        by_region = tuple(self._council_rows(indicator)) if alone else ()
        strip = self._councils_strip(indicator, by_region) if alone else None
        shares = self._figures.shares(indicator, ENGLAND)
        return IndicatorPage(
            card=self.england_cards[indicator.id],
            privacy=privacy_sentence(indicator, england) if alone else "",
            coverage=self._coverage_words(self._coverage[indicator.id]),
            size=self._size(indicator, england),
            cohort=" ".join(cohort.title.split()),
            distribution=bar_chart("distribution", marked_title(indicator), "England", indicator, shares)
            if shares
            else None,
            shares=shares,
            axis=strip.axis if strip else None,
            reference=None if plain or england is None or not alone else england.value,
            councils_strip=strip,
            region_rows=region_rows,
            region_axis=axis_of(indicator, marks_of(region_rows)) if plain else strip.axis if strip else None,
            regions=tuple(group for group in by_region if group.rows),
            has_steadied=any(row.shown.steadied for group in by_region for row in group.rows),
            breakdowns=tuple(self._breakdowns(within_breakdown(indicator), england)) if alone else (),
            share_breakdowns=() if alone else tuple(self._share_breakdowns(indicator)),
            share_regions=None if alone else self._share_regions(indicator),
            share_councils=() if alone else tuple(self._share_councils(indicator)),
            definition="\n\n".join(part.strip() for part in (cohort.sql, indicator.outcome or "") if part),
        )

    def _councils_of(self, region: str) -> list[Council]:
        inside = (council for council in self.benchmark.councils if council.region_code == region)
        return sorted(inside, key=lambda council: council.name)

    def _region_rows(self, indicator: Indicator) -> tuple[Row, ...]:
        return tuple(self._row(indicator, name, Shape.REGION, code) for code, name in regions().items())

    def _council_rows(self, indicator: Indicator) -> Iterator[RegionRows]:
        for code, name in regions().items():
            rows = (
                self._row(indicator, council.name, Shape.COUNCIL, council.code, f"../councils/{council.code}.html")
                for council in self._councils_of(code)
            )
            yield RegionRows(name, tuple(rows))

    def _councils_strip(self, indicator: Indicator, by_region: Sequence[RegionRows]) -> Strip:
        shown_marks = [mark for group in by_region for mark in marks_of(group.rows)]
        marks = [Mark(Shape.COUNCIL, 9, mark.value) for mark in shown_marks if mark.value is not None]
        if not is_plain_count(indicator):
            marks += mark_of(Shape.ENGLAND, 30, self._figures.of(indicator, ENGLAND))
        title = f"{marked_title(indicator)}: where councils stand"
        return strip_of("councils", title, self._council_finding(indicator, by_region), 48, indicator, marks)

    def _share_row(
        self, indicator: Indicator, name: str, area: str, href: str = "", breakdown: str = "", level: str = ""
    ) -> ShareRow:
        shares = self._figures.shares(indicator, area, breakdown, level)
        return ShareRow(name, href, shares, self._figures.companions(indicator, area, breakdown, level))

    def _share_table(self, indicator: Indicator, caption: str, first: str, rows: Iterable[ShareRow]) -> ShareTable:
        return ShareTable(caption, first, tuple(map(category_in_words, indicator.categories)), tuple(rows))

    def _share_regions(self, indicator: Indicator) -> ShareTable:
        rows = (self._share_row(indicator, name, code) for code, name in regions().items())
        return self._share_table(indicator, "Regions of England", "Region", rows)

    def _share_councils(self, indicator: Indicator) -> Iterator[ShareTable]:
        for code, name in regions().items():
            councils = self._councils_of(code)
            rows = (self._share_row(indicator, c.name, c.code, f"../councils/{c.code}.html") for c in councils)
            if councils:
                yield self._share_table(indicator, name, "Council", rows)

    def _share_breakdowns(self, indicator: Indicator) -> Iterator[ShareTable]:
        for breakdown in BREAKDOWNS:
            rows = [
                self._share_row(indicator, label, ENGLAND, "", breakdown.id, level)
                for level, label in self._levels(indicator, breakdown)
            ]
            if rows:
                yield self._share_table(indicator, f"England by {breakdown.title.lower()}", breakdown.title, rows)

    def _levels(self, indicator: Indicator, breakdown: Breakdown) -> Iterator[tuple[str, str]]:
        """The levels that were published, with their labels."""
        for level, label in zip(breakdown.levels, breakdown.labels, strict=True):
            if self._figures.any_of(indicator, ENGLAND, breakdown.id, level) is not None:
                yield level, label

    def _breakdowns(self, indicator: Indicator, england: Estimate | None) -> Iterator[BreakdownRows]:
        reference = None if is_plain_count(indicator) or england is None else england.value
        for breakdown in BREAKDOWNS:
            rows = tuple(
                self._row(indicator, label, Shape.ENGLAND, ENGLAND, "", breakdown.id, level)
                for level, label in self._levels(indicator, breakdown)
            )
            if rows:
                yield BreakdownRows(breakdown.title, rows, axis_of(indicator, marks_of(rows)), reference)

    def _council_finding(self, indicator: Indicator, by_region: Sequence[RegionRows]) -> str:
        rows = [row for group in by_region for row in group.rows]
        if is_plain_count(indicator):
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

    def _size(self, indicator: Indicator, england: Estimate | None) -> str:
        size = self._figures.size_with_interval(indicator, england)
        return f"{size[0].upper()}{size[1:]} in {councils_in_words(england.councils)}" if size and england else ""

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
        has_steadied = any(card.shown.steadied for card in cards)
        return CouncilPage(council, number(children, 0), self._by_question(cards), has_steadied)

    def _council_card(self, indicator: Indicator, council: Council) -> Card:
        areas = [(council.name, Shape.COUNCIL, council.code)]
        if not is_plain_count(indicator):
            areas.append((council.region_name, Shape.REGION, council.region_code))
            areas.append(("England", Shape.ENGLAND, ENGLAND))
        lines = self._lines(indicator, areas)
        title, identifier = f"{council.name}: {marked_title(indicator)}", f"strip-{indicator.id}"
        if not has_mean(indicator):
            shares, others = (self._figures.shares(indicator, area) for area in (council.code, ENGLAND))
            chart = bar_chart(identifier, title, council.name, indicator, shares, others)
            chart = replace(chart, description=f"{chart.description} {finding('England', others)}")
            return self._card(indicator, council.code, chart, lines)
        marks = tuple(
            mark
            for line, (_, shape, area) in enumerate(areas)
            for mark in mark_of(shape, 9 + 17 * line, self._figures.of(indicator, area))
        )
        (only,) = lines
        words = " ".join(f"{row.name}: {row.shown.sentence}." for row in only.rows)
        words = f"{words} {only.rows[0].shown.against_sentence}".strip()
        return self._card(indicator, council.code, strip_of(identifier, title, words, 58, indicator, marks), lines)

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
