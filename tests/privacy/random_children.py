"""Children with random records in every child-level table, for tests of what one of them can do to a vector.

The records are busy rather than likely: many events, all ages, every code that a definition names.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, TypeVar

from frameworks.model import BREAKDOWNS, Source
from frameworks.tables import TABLES
from node.engines.duckdb_engine import DuckDbEngine
from node.sources.characteristics import age_at, age_band
from node.sources.cin_census_rows import FACTORS
from node.sources.ssda903_columns import END_REASONS

YEAR = 2025
YEAR_START, YEAR_END = date(YEAR - 1, 4, 1), date(YEAR, 3, 31)

Rows = dict[str, list[tuple[Any, ...]]]
"""Rows by table, in the order of its columns."""

_FACTORS = sorted(FACTORS)
_ENDS = ("X1", "X1", "X1", *sorted(END_REASONS))


_Choice = TypeVar("_Choice")


class ChildMaker:
    """Makes children of both sources from one seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def child(self, child_id: str, source: Source) -> Rows:
        """All records of one child of a source; some children have no characteristics."""
        rows = self._looked_after(child_id) if source is Source.SSDA903 else self._in_need(child_id)
        return {table: found for table, found in rows.items() if found}

    def _pick(self, *choices: _Choice) -> _Choice:
        return self._random.choice(choices)

    def _day(self, first: date, last: date) -> date:
        return first + timedelta(days=self._random.randint(0, (last - first).days))

    def _recent_day(self) -> date:
        """Mostly within the year, else within the three years before; its edges are likely."""
        return self._pick(
            YEAR_START,
            YEAR_END,
            self._day(YEAR_START, YEAR_END),
            self._day(YEAR_START, YEAR_END),
            self._day(date(YEAR - 2, 4, 1), YEAR_START),
            self._day(date(YEAR - 4, 4, 1), YEAR_START),
        )

    def _end_after(self, start: date, longest: int) -> date | None:
        end = start + timedelta(days=self._random.randint(0, longest))
        return self._pick(end, end, None)

    def _characteristics(self, child_id: str) -> tuple[Any, ...]:
        born = self._pick(None, *(self._day(date(YEAR - 22, 4, 1), YEAR_END) for _ in range(12)))
        age = age_at(born, YEAR_END)
        sex, _, ethnicity = (self._pick(*breakdown.levels) for breakdown in BREAKDOWNS)
        return (child_id, sex, born, age, age_band(age), ethnicity)

    def _flag(self) -> bool | None:
        return self._pick(True, True, False, None)

    def _looked_after(self, child_id: str) -> Rows:
        rows: Rows = {"looked_after_child": [self._characteristics(child_id)] if self._random.random() < 0.95 else []}
        history = self._episodes(child_id)
        rows["episode_history"] = history
        rows["episode"] = [
            (child_id, event, *row[3:]) for event, row in enumerate((row for row in history if row[2] == YEAR), start=1)
        ]
        rows["outcome_check"] = [
            (
                child_id,
                year,
                self._pick(None, 0, 13, 14, 16, 17, 40, self._random.randint(0, 40)),
                *(self._flag() for _ in range(8)),
            )
            for year in (YEAR - 1, YEAR)
            if self._random.random() < 0.8
        ]
        if self._random.random() < 0.6:
            rows["care_leaver"] = [
                (
                    child_id,
                    self._pick("YES", "YES", "NO", "DIED", "RHOM", None),
                    self._pick("F1", "P2", "G4", "G6", "0", None),
                    self._pick("B1", "C2", "G1", "R2", "Z1", "0", None),
                )
            ]
        rows["missing_incident"] = [
            (child_id, event, self._pick("M", "A"), start := self._recent_day(), self._end_after(start, 20))
            for event in range(1, self._random.randint(1, 6))
        ]
        rows["social_worker_episode"] = [
            (
                child_id,
                event,
                f"W{self._random.randint(1, 5)}",
                start := self._recent_day(),
                self._end_after(start, 300),
            )
            for event in range(1, self._random.randint(1, 6))
        ]
        if self._random.random() < 0.3:
            rows["unaccompanied_child"] = [(child_id, self._pick(None, self._recent_day()))]
        return rows

    def _episodes(self, child_id: str) -> list[tuple[Any, ...]]:
        """Rows of episode_history: episodes one after the other, most of them a move, up to 16."""
        start = self._day(date(YEAR - 5, 4, 1), YEAR_END)
        longest = self._pick(30, 120, 700)
        rows: list[tuple[Any, ...]] = []
        rne = "S"
        for event in range(1, self._random.randint(2, 17)):
            end = start + timedelta(days=self._random.randint(0, longest))
            reason: str | None = self._pick(*_ENDS)
            place = self._pick("U1", "U4", "U6", "K2", "K3", "A3", "A5", "T1", "R1", "P1")
            legal = self._pick("C2", "C2", "C2", "C2", "V2", "E1", "V3" if self._random.random() < 0.2 else "L1", None)
            year = end.year + (end > date(end.year, 3, 31))
            is_open = end > YEAR_END or self._random.random() < 0.05
            shown = (None, None) if is_open else (end, reason)
            home = self._pick("1", "2")
            rows.append((child_id, event, min(YEAR, year), start, rne, legal, place, f"{place}|{home}", *shown))
            if is_open:
                break
            rne = "S" if reason != "X1" else self._pick("P", "T", "B", "U", "L")
            start = end if reason == "X1" else end + timedelta(days=self._random.randint(0, 400))
            if start > YEAR_END:
                break
        return rows

    def _in_need(self, child_id: str) -> Rows:
        rows: Rows = {"census_child": [self._characteristics(child_id)] if self._random.random() < 0.95 else []}
        rows["referral"] = [
            (
                child_id,
                event,
                self._pick(YEAR, YEAR, YEAR - 1),
                start := self._recent_day(),
                self._pick(True, False, None),
                self._end_after(start, 400),
                self._pick("RC1", "RC8", "RC9", None),
                self._pick(None, None, self._recent_day()),
            )
            for event in range(1, self._random.randint(1, 7))
        ]
        assessments = [
            (
                child_id,
                event,
                self._pick(YEAR, YEAR, YEAR - 1),
                self._random.randint(1, 4),
                start := self._recent_day(),
                start,
                self._pick(None, start + timedelta(days=self._random.randint(0, 90))),
            )
            for event in range(1, self._random.randint(1, 7))
        ]
        rows["assessment"] = assessments
        rows["assessment_factor"] = [
            (child_id, row[1], row[2], row[3], factor)
            for row in assessments
            for factor in self._random.sample(_FACTORS, self._random.randint(0, len(_FACTORS)))
        ]
        rows["section_47"] = [
            (
                child_id,
                event,
                YEAR,
                start := self._recent_day(),
                start,
                self._pick(None, start + timedelta(days=self._random.randint(0, 40))),
            )
            for event in range(1, self._random.randint(1, 6))
        ]
        plans = [
            (
                child_id,
                event,
                YEAR,
                start := self._recent_day(),
                self._end_after(start, 900),
                self._pick(0, 0, 1, 3, None),
            )
            for event in range(1, self._random.randint(1, 6))
        ]
        rows["child_protection_plan"] = plans
        rows["plan_review"] = [
            (child_id, event, start, start + timedelta(days=days))
            for event, (start, days) in enumerate(
                ((plan[3], days) for plan in plans for days in self._pick((), (80, 200, 360, 500, 660), (90, 300))),
                start=1,
            )
        ]
        return rows


def population(seed: int, size: int) -> dict[str, Rows]:
    """`size` children of each source, by id; ids of the sources differ."""
    maker = ChildMaker(seed)
    return {
        f"{source.value}-{number}": maker.child(f"{source.value}-{number}", source)
        for source in Source
        for number in range(size)
    }


def fill(engine: DuckDbEngine, children: Iterable[Mapping[str, list[tuple[Any, ...]]]]) -> None:
    """Puts the records of children into an engine's tables, all of a table at once."""
    tables: Rows = {}
    for rows in children:
        for table, found in rows.items():
            tables.setdefault(table, []).extend(found)
    for table, found in tables.items():
        columns = TABLES[table].columns
        unnested = ", ".join(
            f"CAST(unnest(${place}) AS {sql_type})" for place, sql_type in enumerate(columns.values(), start=1)
        )
        engine.connection.execute(
            f"INSERT INTO {table} SELECT {unnested}", [list(column) for column in zip(*found, strict=True)]
        )
