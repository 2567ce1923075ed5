"""From the child-level tables to figures: exact ones for the council's own screen, and the bounded ones of a release.

The system, not the author of a definition, enforces what the sensitivity of a plan rests on: a child (or a child's
event, or a family) stands once in a cohort, has one age and one level of each breakdown, all from the table of
characteristics of the cohort's source, and each outcome is read once per child or event. A child without
characteristics is `unknown`; so is every family, and it has no age.

The SQL here is written once for every engine (`node.engines.engine`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import sqlglot
from sqlglot import exp

from frameworks.availability import missing_files
from frameworks.blocks import OVERALL, Block, Statistic
from frameworks.definitions import DIALECT
from frameworks.model import BREAKDOWNS, Cohort, Framework, Indicator, Kind, Source, Unit
from frameworks.plan import ReleasePlan
from frameworks.tables import CHILD_TABLE
from node.engines.engine import Engine

_WHOLE_NUMBER = re.compile(r"-?[0-9]+")


@dataclass(frozen=True)
class Cell:
    """One figure of one table cell (indicators reference 5.5). All are None where nothing can be computed.

    `categories` counts the outcomes of a histogram, and of nothing else.
    """

    numerator: int | None
    denominator: int | None
    value: float | None
    categories: dict[str, int] | None = None

    def as_json(self) -> dict[str, Any]:
        """The cell as `measure --format json` prints it."""
        counted = {} if self.categories is None else {"categories": self.categories}
        return {"numerator": self.numerator, "denominator": self.denominator, "value": self.value} | counted


@dataclass(frozen=True)
class Figure:
    """An indicator's exact figure, and the same by each level of each breakdown. `status` is ok or not_available."""

    numerator: int | None
    denominator: int | None
    value: float | None
    status: str
    breakdowns: dict[str, dict[str, Cell]] = field(default_factory=dict)
    categories: dict[str, int] | None = None

    def as_json(self) -> dict[str, Any]:
        """The figure as `measure --format json` prints it (indicators reference 5.5)."""
        whole = Cell(self.numerator, self.denominator, self.value, self.categories)
        cells = {
            name: {level: cell.as_json() for level, cell in cells.items()} for name, cells in self.breakdowns.items()
        }
        return whole.as_json() | {"status": self.status, "breakdowns": cells}


NOT_AVAILABLE = Figure(None, None, None, "not_available")


@dataclass(frozen=True)
class _Count:
    """Rows of a cohort and, of one outcome, how many had it and the `sums` that its kind asks for (`_sums`)."""

    rows: int
    positive: int
    sums: tuple[int, ...]

    def __add__(self, other: _Count) -> _Count:
        sums = tuple(one + another for one, another in zip(self.sums, other.sums, strict=True))
        return _Count(self.rows + other.rows, self.positive + other.positive, sums)


_Tally = Mapping[tuple[str, ...], Mapping[str, _Count]]
"""Counts of one cohort by (sex, age band, ethnic group) and indicator; "" is the cohort without an outcome."""


def _by_level(tally: _Tally, breakdown: str, outcome: str, nothing: _Count) -> dict[str, _Count]:
    """The counts of an outcome by the levels of a breakdown, all of them; by "" for the cohort as a whole."""
    names = [known.id for known in BREAKDOWNS]
    place = None if breakdown == OVERALL else names.index(breakdown)
    counts = dict.fromkeys((OVERALL,) if place is None else BREAKDOWNS[place].levels, nothing)
    for levels, found in tally.items():
        counts[OVERALL if place is None else levels[place]] += found[outcome]
    return counts


def _columns(indicator: Indicator) -> dict[str, tuple[int, int]]:
    """The columns of numbers that an outcome of the kind yields, with the bounds that clip them in a release."""
    if indicator.kind is Kind.MEAN and indicator.bounds:
        return {"value": indicator.bounds}
    if indicator.kind is Kind.RATIO and indicator.bounds and indicator.whole_bounds:
        return {"part": indicator.bounds, "whole": indicator.whole_bounds}
    return {}


def _sums(indicator: Indicator, alias: str) -> list[str]:
    """What is summed of an outcome: its values; its parts and wholes; or, of a histogram, each category's children."""
    if indicator.kind is Kind.HISTOGRAM:
        return [
            f"sum(CASE WHEN {alias}.category = {place} THEN 1 ELSE 0 END)" for place in range(len(indicator.categories))
        ]
    return [f"coalesce(sum({alias}.{column}), 0)" for column in _columns(indicator)]


def _first_of(holders: Sequence[str]) -> list[str]:
    """The number for whom each of these columns is the first that is not null, and last that for whom all are."""
    places = " ".join(f"WHEN {holder} IS NOT NULL THEN {place}" for place, holder in enumerate(holders))
    first = f"CASE {places} ELSE {len(holders)} END"
    return [f"sum(CASE WHEN {first} = {place} THEN 1 ELSE 0 END)" for place in range(len(holders) + 1)]


def _nothing(indicator: Indicator | None, categories: Sequence[str] = ()) -> _Count:
    return _Count(0, 0, (0,) * len(categories if indicator is None else _sums(indicator, "")))


def _outcome(indicator: Indicator) -> str:
    """The name under which a tally holds an indicator's counts."""
    return "" if indicator.outcome is None else indicator.id


@cache
def _tables_of(sql: str) -> tuple[str, ...]:
    """The tables and views that a SELECT reads, each once."""
    found = sqlglot.parse_one(sql, dialect=DIALECT).find_all(exp.Table)
    return tuple(dict.fromkeys(table.name for table in found))


class _Measuring:
    """One engine with the views that the definitions of one source need, each defined once."""

    def __init__(self, engine: Engine, framework: Framework) -> None:
        self._engine = engine
        self._views = {view.id: view.sql for view in framework.views}
        self._ready: set[str] = set()

    def tally(
        self,
        cohort: Cohort,
        indicators: Sequence[Indicator],
        event_cap: int | None = None,
        sets: Mapping[str, Sequence[str]] | None = None,
    ) -> _Tally:
        """Counts a cohort and the outcomes of `indicators` by every combination of levels.

        With an `event_cap`, as a release asks for it, each child's earliest events alone are kept and values are
        clipped to their indicator's bounds. Each of `sets`, indicators by name, is counted as one outcome: by the first
        indicator that holds, and last those for whom none does.
        """
        outcomes = {f"o{number}": one for number, one in enumerate(indicators) if one.outcome is not None}
        self._prepare(cohort.sql)
        joins: list[str] = []
        sums = ["count(*)"]
        for alias, indicator in outcomes.items():
            self._prepare(str(indicator.outcome))
            joins.append(self._outcome_join(cohort, indicator, alias, clip=event_cap is not None))
            sums += [f"count({alias}.{cohort.owner})", *_sums(indicator, alias)]
        alias_of = {indicator.id: alias for alias, indicator in outcomes.items()}
        for members in (sets or {}).values():
            sums += _first_of([f"{alias_of[member]}.{cohort.owner}" for member in members])
        levels = ", ".join(f"m.{breakdown.id}" for breakdown in BREAKDOWNS)
        rows = self._engine.rows(
            f"SELECT {levels}, {', '.join(sums)} FROM ({self._members(cohort, event_cap)}) AS m "
            f"{' '.join(joins)} GROUP BY {levels}",
            f"the cohort {cohort.id}",
        )
        tally: dict[tuple[str, ...], dict[str, _Count]] = {}
        for row in rows:
            numbers = map(int, row[len(BREAKDOWNS) :])
            size = next(numbers)
            counts = tally[tuple(row[: len(BREAKDOWNS)])] = {"": _Count(size, 0, ())}
            for alias, indicator in outcomes.items():
                positive = next(numbers)
                counts[indicator.id] = _Count(size, positive, tuple(next(numbers) for _ in _sums(indicator, alias)))
            for name, members in (sets or {}).items():
                counts[name] = _Count(size, size, tuple(next(numbers) for _ in (*members, "")))
        return tally

    def _prepare(self, sql: str) -> None:
        """Defines the views that `sql` reads, and those they read, each once. Raises ReturnsNotReady."""
        for name in _tables_of(sql):
            if name in self._views and name not in self._ready:
                self._ready.add(name)
                self._prepare(self._views[name])
                self._engine.define(name, self._views[name], f"the view {name}")

    def _characteristics(self, cohort: Cohort) -> str:
        """The relation of one row per child with its levels; made once, whatever the source's table holds.

        A family has none: whatever stood there, one of its children could change it (privacy reference 3.3).
        """
        name = f"_characteristics_{cohort.source.value}"
        if name not in self._ready:
            self._ready.add(name)
            known = cohort.source is not Source.FAMILIES
            levels = ", ".join(self._level(breakdown.id, breakdown.levels, known=known) for breakdown in BREAKDOWNS)
            age = "age" if known else "CAST(NULL AS INTEGER) AS age"
            order = ", ".join(("age", *(breakdown.id for breakdown in BREAKDOWNS)))
            self._engine.define(
                name,
                f"SELECT {cohort.owner}, {age}, {levels} FROM (SELECT {cohort.owner}, {order}, row_number() OVER "
                f"(PARTITION BY {cohort.owner} ORDER BY {order}) AS place FROM {CHILD_TABLE[cohort.source]}) AS t "
                "WHERE place = 1",
                "the characteristics of the children",
            )
        return name

    @staticmethod
    def _level(breakdown: str, levels: Sequence[str], *, known: bool) -> str:
        if not known:
            return f"'unknown' AS {breakdown}"
        listed = ", ".join(map(_text, levels))
        return f"CASE WHEN {breakdown} IN ({listed}) THEN {breakdown} ELSE 'unknown' END AS {breakdown}"

    def _members(self, cohort: Cohort, event_cap: int | None) -> str:
        """SELECT the owner, `event` where the cohort is of events, and levels: each of the cohort once."""
        owner = cohort.owner
        if cohort.unit is Unit.EVENT:
            event = ", c0.event"
            members = self._events(cohort, event_cap)
        else:
            event = ""
            members = f"SELECT DISTINCT {owner} FROM ({cohort.sql}) AS s WHERE {owner} IS NOT NULL"
        ages = "" if cohort.ages is None else f" WHERE c.age BETWEEN {cohort.ages[0]} AND {cohort.ages[1]}"
        levels = ", ".join(f"coalesce(c.{known.id}, 'unknown') AS {known.id}" for known in BREAKDOWNS)
        return (
            f"SELECT c0.{owner}{event}, {levels} FROM ({members}) AS c0 "
            f"LEFT JOIN {self._characteristics(cohort)} AS c ON c.{owner} = c0.{owner}{ages}"
        )

    @staticmethod
    def _events(cohort: Cohort, event_cap: int | None) -> str:
        owner = cohort.owner
        events = (
            f"SELECT {owner}, event, min(event_date) AS first_date FROM ({cohort.sql}) AS s "
            f"WHERE {owner} IS NOT NULL AND event IS NOT NULL GROUP BY {owner}, event"
        )
        if event_cap is None:
            return events
        return (
            f"SELECT {owner}, event FROM (SELECT {owner}, event, row_number() OVER (PARTITION BY {owner} "
            f"ORDER BY first_date NULLS LAST, event) AS place FROM ({events}) AS e) AS p WHERE place <= {event_cap}"
        )

    def _outcome_join(self, cohort: Cohort, indicator: Indicator, alias: str, *, clip: bool) -> str:
        """LEFT JOIN of an outcome, read once per child or event: of several values, the smallest counts.

        Of several categories, the one listed first does; what is not listed is no outcome.
        """
        sql = str(indicator.outcome)
        if indicator.kind is Kind.HISTOGRAM:
            places = " ".join(f"WHEN {_text(name)} THEN {place}" for place, name in enumerate(indicator.categories))
            sql = f"SELECT {cohort.owner}, CASE category {places} END AS category FROM ({sql}) AS c"
            values = {"category": "min(category)"}
        else:
            values = {
                column: f"least({high}, greatest({low}, min(CAST({column} AS BIGINT))))"
                if clip
                else f"min(CAST({column} AS BIGINT))"
                for column, (low, high) in _columns(indicator).items()
            }
        keys = [cohort.owner, *(["event"] if cohort.unit is Unit.EVENT else [])]
        selected = ", ".join((*keys, *(f"{value} AS {column}" for column, value in values.items())))
        known = " AND ".join(f"{column} IS NOT NULL" for column in values)
        on = " AND ".join(f"{alias}.{key} = m.{key}" for key in keys)
        where = f" WHERE {known}" if known else ""
        return f"LEFT JOIN (SELECT {selected} FROM ({sql}) AS s{where} GROUP BY {', '.join(keys)}) AS {alias} ON {on}"


def _text(value: str) -> str:
    """A text as SQL writes it."""
    return str(exp.Literal.string(value).sql(DIALECT))


def _measuring(engine: Engine | Mapping[Source, Engine], framework: Framework) -> dict[Source, _Measuring]:
    engines = engine if isinstance(engine, Mapping) else dict.fromkeys(Source, engine)
    return {source: _Measuring(one, framework) for source, one in engines.items()}


def _by_cohort(framework: Framework, indicators: Sequence[Indicator]) -> Iterator[tuple[Cohort, list[Indicator]]]:
    for cohort in framework.cohorts:
        members = [indicator for indicator in indicators if indicator.cohort == cohort.id]
        if members:
            yield cohort, members


def _mean_category(categories: Mapping[str, int]) -> float | None:
    """The mean of categories that are all whole numbers; None for others, and where there is none to count."""
    answered = sum(categories.values())
    if not answered or not all(_WHOLE_NUMBER.fullmatch(category) for category in categories):
        return None
    return sum(int(category) * count for category, count in categories.items()) / answered


def _cell(indicator: Indicator, count: _Count) -> Cell:
    match indicator.kind:
        case Kind.COUNT:
            return Cell(count.rows, None, None)
        case Kind.PERCENT:
            return Cell(count.positive, count.rows, 100 * count.positive / count.rows if count.rows else None)
        case Kind.MEAN:
            (total,) = count.sums
            mean = total / count.positive / indicator.parts_per_unit if count.positive else None
            return Cell(total, count.positive, mean)
        case Kind.RATIO:
            part, whole = count.sums
            return Cell(part, whole, 100 * part / whole if whole else None)
        case Kind.HISTOGRAM:
            categories = dict(zip(indicator.categories, count.sums, strict=True))
            return Cell(count.positive, count.rows, _mean_category(categories), categories)


def _figure(indicator: Indicator, tally: _Tally) -> Figure:
    nothing = _nothing(indicator)

    def cells(breakdown: str) -> dict[str, Cell]:
        counts = _by_level(tally, breakdown, _outcome(indicator), nothing)
        return {level: _cell(indicator, count) for level, count in counts.items()}

    whole = cells(OVERALL)[OVERALL]
    breakdowns = {breakdown.id: cells(breakdown.id) for breakdown in BREAKDOWNS}
    return Figure(whole.numerator, whole.denominator, whole.value, "ok", breakdowns, whole.categories)


def measure(
    engine: Engine | Mapping[Source, Engine], framework: Framework, year: int, available: frozenset[str]
) -> dict[str, Figure]:
    """The exact figure of every indicator, in the framework's order: every event counted, no value clipped.

    `engine` holds all tables, or those of each source have an engine of their own. An indicator that needs a file which
    is not in `available` (file names as in `frameworks.availability`), or whose source has no engine, is
    not_available. Raises ReturnsNotReady when an engine cannot compute a definition.
    """
    measurable = [one for one in framework.indicators if not missing_files(framework, one.id, year, available)]
    measuring = _measuring(engine, framework)
    figures: dict[str, Figure] = {}
    for cohort, indicators in _by_cohort(framework, measurable):
        if cohort.source in measuring:
            tally = measuring[cohort.source].tally(cohort, indicators)
            figures |= {indicator.id: _figure(indicator, tally) for indicator in indicators}
    return {indicator.id: figures.get(indicator.id, NOT_AVAILABLE) for indicator in framework.indicators}


def _entries(block: Block, count: _Count) -> tuple[int, ...]:
    """The entries of one level."""

    def centred(total: int) -> tuple[int]:
        return ((2 * total - block.centre_doubled * count.positive) * block.step // 2,)

    match block.statistic:
        case Statistic.TOTAL:
            return (count.rows,)
        case Statistic.CONTRAST:
            return (2 * count.positive - count.rows,)
        case Statistic.CENTRED_SUM:
            return centred(count.sums[0])
        case Statistic.WHOLE_SUM:
            return centred(count.sums[1])
        case Statistic.HISTOGRAM:
            return count.sums


def tabulate(
    engine: Engine | Mapping[Source, Engine], framework: Framework, plan: ReleasePlan
) -> dict[Block, tuple[int, ...]]:
    """The exact entries of every block of a plan, bounded as the plan says; `block.length` of them each.

    Outcomes are decided on the uncapped history first; then each child's `event_cap` earliest events (by event date,
    then event) are kept (indicators reference 5.4). The values of a mean, and the parts and wholes of a ratio, are
    clipped to their bounds and sent as distances from the middle. Of outcomes that exclude each other and share a
    histogram, a child has the first that holds. A source without an engine has no records. Raises ReturnsNotReady when
    an engine cannot compute a definition.
    """
    measuring = _measuring(engine, framework)
    indicators = {name: framework.indicator(name) for name in plan.indicators}
    entries: dict[Block, tuple[int, ...]] = {}
    for cohort, members in _by_cohort(framework, list(indicators.values())):
        blocks = [block for block in plan.blocks if block.cohort == cohort.id]
        sets = {
            block.indicator: block.categories[:-1]
            for block in blocks
            if block.categories and block.indicator not in indicators
        }
        tally: _Tally = {}
        if cohort.source in measuring:
            tally = measuring[cohort.source].tally(cohort, members, blocks[0].event_cap, sets)
        for block in blocks:
            nothing = _nothing(indicators.get(block.indicator), block.categories)
            counts = _by_level(tally, block.breakdown, block.indicator, nothing)
            entries[block] = tuple(entry for level in block.levels for entry in _entries(block, counts[level]))
    return entries
