"""Hand-worked looked-after children: a child's SSDA903 rows in a few readable lines, and what the child adds to an
indicator.

The reference year is 2025 (1 April 2024 to 31 March 2025). Rows go straight into the child-level tables; how returns
become those tables is tested with the sources.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from functools import cache

import pytest

from frameworks.catalogue import load_framework
from frameworks.model import Framework
from frameworks.tables import TABLES
from node.engines.duckdb_engine import DuckDbEngine
from node.measure import measure

YEAR = 2025
YEAR_START = date(2024, 4, 1)

YES = (1, 1)
"""In the cohort, with the outcome: one in the numerator, one in the denominator."""
NO = (0, 1)
"""In the cohort, without the outcome."""
OUTSIDE = (0, 0)
"""Not in the cohort."""

ALL_FILES = frozenset(
    f"ssda903{part}@{year}"
    for year in range(2020, YEAR + 1)
    for part in (
        *("", ".oc2", ".oc2_offered", ".oc3", ".missing", ".social_worker", ".uasc", ".ad1"),
        ".placed_for_adoption",
    )
) | {f"{file}@{YEAR}" for file in ("postcodes.directory", "postcodes.own_council", "ssd.permanence")}


@dataclass(frozen=True)
class Child:
    """A child's rows. `episodes` are lines of `DECOM RNE PLACE home [LS] -> DEC REC`, open without an arrow; `home`
    stands for URN and postcode. Those that ended before the year are in earlier returns only, as are `earlier`.

    `checks` are OC2 rows by return year; `leaver` is IN_TOUCH, ACTIV, ACCOM (None is blank); `missing` are kind, start
    and end; `workers` are worker, start and end; `unaccompanied` is DUC, "" for blank. `distances` are, by home, tenths
    of a mile, whether beyond 20 miles, and whether outside the council. `adoptions` are AD1 rows by return year;
    `placed` are return year, the day of a decision for adoption and the day it was given up.
    """

    episodes: str = ""
    born: str | None = "2012-06-15"
    earlier: str = ""
    checks: Mapping[int, Mapping[str, int | bool]] = field(default_factory=dict)
    leaver: tuple[str | None, str | None, str | None] | None = None
    missing: tuple[tuple[str, str, str | None], ...] = ()
    workers: tuple[tuple[str, str, str | None], ...] = ()
    unaccompanied: str | None = None
    distances: Mapping[str, tuple[int | None, bool | None, bool | None]] = field(default_factory=dict)
    adoptions: Mapping[int, Mapping[str, str | bool | None]] = field(default_factory=dict)
    placed: tuple[tuple[int, str, str | None], ...] = ()


@dataclass(frozen=True)
class Episode:
    """One row of Episodes, as a line gives it."""

    start: date
    start_reason: str
    place: str
    home: str
    legal_status: str
    end: date | None
    end_reason: str | None

    @classmethod
    def read(cls, line: str) -> Episode:
        begins, _, ends = line.partition("->")
        start, reason, place, home, *legal = begins.split()
        end, end_reason = (*ends.split(), None, None)[:2]
        place = "K3" if place == "H5" else place
        return cls(
            date.fromisoformat(start),
            reason,
            place,
            home,
            legal[0] if legal else "C2",
            date.fromisoformat(end) if end else None,
            end_reason,
        )

    @property
    def address(self) -> str:
        return f"{self.place} {self.home}"


def episodes_of(text: str) -> list[Episode]:
    """The episodes of some lines, in order of start, then end."""
    read = [Episode.read(line) for line in text.splitlines() if line.strip()]
    return sorted(read, key=lambda episode: (episode.start, episode.end or date.max))


def _age(born: date | None) -> int | None:
    last_day = date(YEAR, 3, 31)
    if born is None or born > last_day:
        return None
    return YEAR - born.year - ((last_day.month, last_day.day) < (born.month, born.day))


def _age_band(age: int | None) -> str:
    if age is None:
        return "unknown"
    return next(
        name for last, name in ((4, "0_4"), (9, "5_9"), (15, "10_15"), (17, "16_17"), (99, "18_plus")) if age <= last
    )


def _columns(episode: Episode) -> dict[str, object]:
    return {
        "start_date": episode.start,
        "start_reason": episode.start_reason,
        "legal_status": episode.legal_status,
        "place": episode.place,
        "address": episode.address,
        "end_date": episode.end,
        "end_reason": episode.end_reason,
    }


def _rows(child: Child) -> Iterator[tuple[str, dict[str, object]]]:
    """Table and row by column, without the child's id, for every row of a child."""
    born = date.fromisoformat(child.born) if child.born else None
    age = _age(born)
    yield (
        "looked_after_child",
        {
            "sex": "female",
            "date_of_birth": born,
            "age": age,
            "age_band": _age_band(age),
            "ethnicity_major": "white",
        },
    )
    returned = [e for e in episodes_of(child.episodes) if e.end is None or e.end >= YEAR_START]
    for event, e in enumerate(returned, 1):
        tenths, beyond, outside = child.distances.get(e.home, (None, None, None))
        distance = {"distance_tenths": tenths, "beyond_20_miles": beyond, "outside_council": outside}
        yield "episode", {"event": event, **_columns(e), **distance}
    for event, e in enumerate(episodes_of(f"{child.earlier}\n{child.episodes}"), 1):
        yield "episode_history", {"event": event, "return_year": YEAR, **_columns(e)}
    for year, check in child.checks.items():
        yield "outcome_check", {"return_year": year, **check}
    if child.leaver is not None:
        yield "care_leaver", dict(zip(("in_touch", "activity", "accommodation"), child.leaver, strict=True))
    for event, (kind, start, end) in enumerate(child.missing, 1):
        yield "missing_incident", {"event": event, "kind": kind, "start_date": start, "end_date": end}
    for event, (worker, start, end) in enumerate(child.workers, 1):
        yield "social_worker_episode", {"event": event, "worker_id": worker, "start_date": start, "end_date": end}
    if child.unaccompanied is not None:
        yield "unaccompanied_child", {"ceased_date": child.unaccompanied or None}
    for year, adoption in child.adoptions.items():
        yield "adoption", {"return_year": year, **adoption}
    for event, (year, decided, given_up) in enumerate(child.placed, 1):
        row = {"event": event, "return_year": year, "decision_date": decided, "reversed_date": given_up}
        yield "adoption_decision", row


@cache
def _only(indicator_id: str) -> Framework:
    framework = load_framework("outcomes-2019")
    return framework.model_copy(update={"indicators": (framework.indicator(indicator_id),)})


def fill(engine: DuckDbEngine, children: Sequence[Child]) -> None:
    """Makes these children the council's only ones: `child-0`, `child-1`, ..."""
    for table in TABLES:
        engine.connection.execute(f"DELETE FROM {table}")
    for number, child in enumerate(children):
        for table, row in _rows(child):
            row = {"child_id": f"child-{number}", **row}
            columns, places = ", ".join(row), ", ".join("?" for _ in row)
            engine.connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", list(row.values()))


@cache
def _engine() -> DuckDbEngine:
    """One engine for every test: making one takes longer than measuring."""
    still_open = ExitStack()
    atexit.register(still_open.close)
    return still_open.enter_context(DuckDbEngine.create(YEAR))


def contribution(indicator_id: str, *children: Child) -> tuple[int | None, int | None]:
    """Numerator and denominator that a council of these children has."""
    fill(_engine(), children)
    figure = measure(_engine(), _only(indicator_id), YEAR, ALL_FILES)[indicator_id]
    assert figure.status == "ok"
    return figure.numerator, figure.denominator


def cases(*listed: tuple[str, object, str]) -> pytest.MarkDecorator:
    """Parametrizes a test over `expected` and `episodes`, each case under the words that say what it is about."""
    return pytest.mark.parametrize(
        ("expected", "episodes"), [pytest.param(expected, episodes, id=what) for what, expected, episodes in listed]
    )
