"""From the child-level tables to figures: exact ones for the council's own screen, and the bounded ones of a release.

The system, not the author of a definition, enforces what the sensitivity of a plan rests on: a child (or a child's
event) stands once in a cohort, has one age and one level of each breakdown, all from the table of characteristics of
the cohort's source, and each outcome is read once per child or event. A child without characteristics is `unknown`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from frameworks.availability import indicator_needs, needs_met
from frameworks.model import BREAKDOWNS, Cohort, Framework, Indicator, Kind, Source, Unit
from frameworks.plan import OVERALL, Block, ReleasePlan, Statistic
from frameworks.tables import CHILD_TABLE
from node.engines.duckdb_engine import DuckDbEngine

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Cell:
    """One figure of one table cell (indicators reference 5.5). All three are None where nothing can be computed."""

    numerator: int | None
    denominator: int | None
    value: float | None

    def as_json(self) -> dict[str, Any]:
        """The cell as `measure --format json` prints it."""
        return {"numerator": self.numerator, "denominator": self.denominator, "value": self.value}


@dataclass(frozen=True)
class Figure:
    """An indicator's exact figure, and the same by each level of each breakdown. `status` is ok or not_available."""

    numerator: int | None
    denominator: int | None
    value: float | None
    status: str
    breakdowns: dict[str, dict[str, Cell]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The figure as `measure --format json` prints it (indicators reference 5.5)."""
        return {
            "numerator": self.numerator,
            "denominator": self.denominator,
            "value": self.value,
            "status": self.status,
            "breakdowns": {
                name: {level: cell.as_json() for level, cell in cells.items()}
                for name, cells in self.breakdowns.items()
            },
        }


NOT_AVAILABLE = Figure(None, None, None, "not_available")


@dataclass(frozen=True)
class _Count:
    """Rows of a cohort and, of one outcome, how many had it and the sum of its values."""

    rows: int = 0
    positive: int = 0
    total: int = 0

    def __add__(self, other: _Count) -> _Count:
        return _Count(self.rows + other.rows, self.positive + other.positive, self.total + other.total)


@dataclass(frozen=True)
class _Tally:
    """Counts of one cohort by (sex, age band, ethnic group) and indicator id; "" is the cohort without an outcome."""

    cells: Mapping[tuple[str, ...], Mapping[str, _Count]]

    def by(self, breakdown: str, indicator_id: str) -> dict[str, _Count]:
        """The counts of an indicator by the levels of a breakdown, all of them; by "" for the cohort as a whole."""
        names = [known.id for known in BREAKDOWNS]
        place = None if breakdown == OVERALL else names.index(breakdown)
        counts = dict.fromkeys((OVERALL,) if place is None else BREAKDOWNS[place].levels, _Count())
        for levels, found in self.cells.items():
            level = OVERALL if place is None else levels[place]
            counts[level] += found[indicator_id]
        return counts


class _Measuring:
    """One engine with the views that its definitions need, each computed once."""

    def __init__(self, engine: DuckDbEngine, framework: Framework) -> None:
        self._engine = engine
        self._views = {view.id: view.sql for view in framework.views}
        self._ready: set[str] = set()

    def tally(self, cohort: Cohort, indicators: Sequence[Indicator], event_cap: int | None = None) -> _Tally:
        """Counts a cohort and the outcomes of `indicators` by every combination of levels.

        With an `event_cap`, as a release asks for it, each child's earliest events alone are kept and values are
        clipped to their indicator's bounds.
        """
        outcomes = [indicator for indicator in indicators if indicator.outcome is not None]
        self._prepare(cohort.sql)
        joins: list[str] = []
        sums = ["count(*)"]
        for number, indicator in enumerate(outcomes):
            self._prepare(str(indicator.outcome))
            joins.append(self._outcome_join(cohort, indicator, f"o{number}", clip=event_cap is not None))
            sums.append(f"count(o{number}.child_id)")
            sums.append(f"coalesce(sum(o{number}.value), 0)" if indicator.kind is Kind.MEAN else "0")
        levels = ", ".join(f"m.{breakdown.id}" for breakdown in BREAKDOWNS)
        rows = self._engine.rows(
            f"SELECT {levels}, {', '.join(sums)} FROM ({self._members(cohort, event_cap)}) AS m "
            f"{' '.join(joins)} GROUP BY ALL",
            f"the cohort {cohort.id}",
        )
        cells: dict[tuple[str, ...], dict[str, _Count]] = {}
        for row in rows:
            size, *counted = map(int, row[len(BREAKDOWNS) :])
            found = {"": _Count(size)}
            for indicator, positive, total in zip(outcomes, counted[::2], counted[1::2], strict=True):
                found[indicator.id] = _Count(size, positive, total)
            cells[row[: len(BREAKDOWNS)]] = found
        return _Tally(cells)

    def _prepare(self, sql: str) -> None:
        """Computes the views that `sql` names, and those they name, each once. Raises ReturnsNotReady."""
        for name in dict.fromkeys(_NAME.findall(sql.lower())):
            if name in self._views and name not in self._ready:
                self._ready.add(name)
                self._prepare(self._views[name])
                self._engine.run(f"CREATE OR REPLACE TEMP TABLE {name} AS {self._views[name]}", f"the view {name}")

    def _characteristics(self, source: Source) -> str:
        """The table of one row per child with its levels; made once per source, whatever the source's table holds."""
        name = f"characteristics_{source.value}"
        if name not in self._ready:
            self._ready.add(name)
            levels = ", ".join(
                f"CASE WHEN {known.id} IN ({', '.join(repr(level) for level in known.levels)}) THEN {known.id} "
                f"ELSE 'unknown' END AS {known.id}"
                for known in BREAKDOWNS
            )
            self._engine.run(
                f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT child_id, age, {levels} FROM {CHILD_TABLE[source]} "
                "QUALIFY row_number() OVER (PARTITION BY child_id ORDER BY age, sex, age_band, ethnicity_major) = 1",
                "the characteristics of the children",
            )
        return name

    def _members(self, cohort: Cohort, event_cap: int | None) -> str:
        """SELECT child_id, event and levels: each child, or each event of a child, of the cohort once."""
        if cohort.unit is Unit.CHILD:
            members = f"SELECT DISTINCT child_id, 0 AS event FROM ({cohort.sql}) WHERE child_id IS NOT NULL"
        else:
            members = (
                f"SELECT child_id, event, min(event_date) AS event_date FROM ({cohort.sql}) "
                "WHERE child_id IS NOT NULL AND event IS NOT NULL GROUP BY child_id, event"
            )
            if event_cap is not None:
                members += (
                    " QUALIFY row_number() OVER (PARTITION BY child_id ORDER BY min(event_date) NULLS LAST, event) "
                    f"<= {event_cap}"
                )
        ages = "" if cohort.ages is None else f" WHERE c.age BETWEEN {cohort.ages[0]} AND {cohort.ages[1]}"
        levels = ", ".join(f"coalesce(c.{known.id}, 'unknown') AS {known.id}" for known in BREAKDOWNS)
        return (
            f"SELECT c0.child_id, c0.event, {levels} FROM ({members}) AS c0 "
            f"LEFT JOIN {self._characteristics(cohort.source)} AS c ON c.child_id = c0.child_id{ages}"
        )

    def _outcome_join(self, cohort: Cohort, indicator: Indicator, alias: str, *, clip: bool) -> str:
        """LEFT JOIN of an outcome, read once per child, or per event where it names events."""
        subject = f"the indicator {indicator.id}"
        sql = str(indicator.outcome)
        keys = ["child_id"]
        if cohort.unit is Unit.EVENT and "event" in self._engine.columns(sql, subject):
            keys.append("event")
        value = ""
        if indicator.kind is Kind.MEAN:
            assert indicator.bounds is not None
            value = ", min(CAST(value AS BIGINT)) AS value"
            if clip:
                low, high = indicator.bounds
                value = f", least({high}, greatest({low}, min(CAST(value AS BIGINT)))) AS value"
            sql = f"SELECT * FROM ({sql}) WHERE value IS NOT NULL"
        on = " AND ".join(f"{alias}.{key} = m.{key}" for key in keys)
        names = ", ".join(keys)
        return f"LEFT JOIN (SELECT {names}{value} FROM ({sql}) GROUP BY {names}) AS {alias} ON {on}"


def _by_cohort(framework: Framework, indicators: Sequence[Indicator]) -> Iterator[tuple[Cohort, list[Indicator]]]:
    for cohort in framework.cohorts:
        members = [indicator for indicator in indicators if indicator.cohort == cohort.id]
        if members:
            yield cohort, members


def _cell(kind: Kind, count: _Count) -> Cell:
    if kind is Kind.COUNT:
        return Cell(count.rows, None, None)
    if kind is Kind.PERCENT:
        return Cell(count.positive, count.rows, 100 * count.positive / count.rows if count.rows else None)
    return Cell(count.total, count.positive, count.total / count.positive if count.positive else None)


def _figure(indicator: Indicator, tally: _Tally) -> Figure:
    outcome = indicator.id if indicator.outcome is not None else ""

    def cells(breakdown: str) -> dict[str, Cell]:
        return {level: _cell(indicator.kind, count) for level, count in tally.by(breakdown, outcome).items()}

    whole = cells(OVERALL)[OVERALL]
    breakdowns = {breakdown.id: cells(breakdown.id) for breakdown in BREAKDOWNS}
    return Figure(whole.numerator, whole.denominator, whole.value, "ok", breakdowns)


def measure(engine: DuckDbEngine, framework: Framework, year: int, available: frozenset[str]) -> dict[str, Figure]:
    """The exact figure of every indicator, in the framework's order: every event counted, no value clipped.

    An indicator that needs a file which is not in `available` (file names as in `frameworks.availability`) is
    not_available. Raises ReturnsNotReady when the engine cannot compute a definition.
    """
    measurable = [
        indicator
        for indicator in framework.indicators
        if needs_met(indicator_needs(framework, indicator.id), year, available)
    ]
    measuring = _Measuring(engine, framework)
    figures: dict[str, Figure] = {}
    for cohort, indicators in _by_cohort(framework, measurable):
        tally = measuring.tally(cohort, indicators)
        figures |= {indicator.id: _figure(indicator, tally) for indicator in indicators}
    return {indicator.id: figures.get(indicator.id, NOT_AVAILABLE) for indicator in framework.indicators}


def _entry(block: Block, count: _Count) -> int:
    if block.statistic is Statistic.TOTAL:
        return count.rows
    if block.statistic is Statistic.CONTRAST:
        return 2 * count.positive - count.rows
    return (2 * count.total - block.centre_doubled * count.positive) * block.step // 2


def tabulate(engine: DuckDbEngine, framework: Framework, plan: ReleasePlan) -> dict[Block, tuple[int, ...]]:
    """The exact entries of every block of a plan, bounded as the plan says.

    Outcomes are decided on the uncapped history first; then each child's `event_cap` earliest events (by event date,
    then event) are kept (indicators reference 5.4). A mean's values are clipped to its bounds and sent as distances
    from their middle. Raises ReturnsNotReady when the engine cannot compute a definition.
    """
    measuring = _Measuring(engine, framework)
    entries: dict[Block, tuple[int, ...]] = {}
    for cohort, indicators in _by_cohort(framework, [framework.indicator(name) for name in plan.indicators]):
        blocks = [block for block in plan.blocks if block.cohort == cohort.id]
        tally = measuring.tally(cohort, indicators, blocks[0].event_cap)
        for block in blocks:
            counts = tally.by(block.breakdown, block.indicator)
            entries[block] = tuple(_entry(block, counts[level]) for level in block.levels)
    return entries
