"""Hand-worked pupils: their care and school records in a few readable lines, and what a pupil adds to an indicator.

The reference year is 2025: groups at 31 March 2025, the school year from September 2024. Rows go straight into the
child-level tables; how files become those tables, and which records are one pupil's, is tested with the sources.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache

from frameworks.catalogue import load_framework
from frameworks.model import Framework
from frameworks.tables import TABLES
from node.engines.duckdb_engine import DuckDbEngine
from node.measure import Figure, measure
from tests.frameworks.in_need import rows_of
from tests.frameworks.looked_after import YEAR_START, episodes_of

YEAR = 2025
GROUPS = ("cino", "cppo", "cla12")

YES = (1, 1)
"""In the cohort, with the outcome: one in the numerator, one in the denominator."""
NO = (0, 1)
"""In the cohort, without the outcome."""
OUTSIDE = (0, 0)
"""Not in the cohort."""

NEED = "referral 2024-06-01"
PLAN = "referral 2024-06-01\nplan 2024-07-01"
CARE = "2020-01-10 S U4 oak"

ALL_FILES = frozenset(
    f"{file}@{year}"
    for year in range(2020, YEAR + 1)
    for file in (
        *("cin_census", "ssda903", "education.attendance", "education.suspensions", "education.attainment"),
        *("education.school_census", "education.school_moves"),
    )
)


@dataclass(frozen=True)
class Pupil:
    """A pupil's records. `social` are census lines (`tests.frameworks.in_need`), `care` are episodes as of
    `tests.frameworks.looked_after`, those that ended before the year in earlier returns only.

    `attendance` is sessions possible and missed; `suspensions` are suspensions and permanent exclusions; `results` are
    columns of attainment by stage; `census` is SEN and free school meals; `moves` are days.
    """

    social: str = ""
    care: str = ""
    born: str | None = "2014-06-15"
    attendance: tuple[int, int] | None = None
    suspensions: tuple[int, int] | None = None
    results: Mapping[str, Mapping[str, int | bool]] = field(default_factory=dict)
    census: tuple[str | None, bool | None] | None = None
    moves: tuple[str, ...] = ()


IN_GROUP = {"cino": Pupil(social=NEED), "cppo": Pupil(social=PLAN), "cla12": Pupil(care=CARE)}
"""A pupil of each group, without school records."""


def _rows(pupil: Pupil) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Table and row without its child_id, for every row of a pupil."""
    yield "pupil", ("male", pupil.born, None, "unknown", "white")
    for table, row in rows_of(pupil.social):
        if table == "referral":
            yield "pupil_case", row[:-1]
        else:
            assert table == "child_protection_plan", table
            yield "pupil_plan", row[:-1]
    known = episodes_of(pupil.care)
    for event, e in enumerate((e for e in known if e.end is None or e.end >= YEAR_START), 1):
        yield "pupil_episode", (event, e.start, e.start_reason, e.legal_status, e.end, e.end_reason)
    for event, e in enumerate(known, 1):
        yield "pupil_episode_history", (event, YEAR, e.start, e.start_reason, e.legal_status, e.end, e.end_reason)
    if pupil.attendance is not None:
        yield "attendance", pupil.attendance
    if pupil.suspensions is not None:
        yield "suspension", pupil.suspensions
    columns = list(TABLES["attainment"].columns)[2:]
    for stage, result in pupil.results.items():
        assert set(result) <= set(columns)
        yield "attainment", (stage, *(result.get(column) for column in columns))
    if pupil.census is not None:
        yield "school_census", pupil.census
    for event, day in enumerate(pupil.moves, 1):
        yield "school_move", (event, day)


@cache
def _only(indicator_id: str) -> Framework:
    framework = load_framework("outcomes-2019")
    return framework.model_copy(update={"indicators": (framework.indicator(indicator_id),)})


@cache
def _engine() -> DuckDbEngine:
    """One engine for every test: making one takes longer than measuring."""
    still_open = ExitStack()
    atexit.register(still_open.close)
    return still_open.enter_context(DuckDbEngine.create(YEAR))


def fill(engine: DuckDbEngine, pupils: Sequence[Pupil]) -> None:
    """Makes these pupils the council's only ones: `pupil-0`, `pupil-1`, ..."""
    for table in TABLES:
        engine.connection.execute(f"DELETE FROM {table}")
    for number, pupil in enumerate(pupils):
        for table, row in _rows(pupil):
            places = ", ".join("?" for _ in range(len(row) + 1))
            engine.connection.execute(f"INSERT INTO {table} VALUES ({places})", (f"pupil-{number}", *row))


def figure(indicator_id: str, *pupils: Pupil, files: frozenset[str] = ALL_FILES) -> Figure:
    """The figure of a council of these pupils."""
    fill(_engine(), pupils)
    return measure(_engine(), _only(indicator_id), YEAR, files)[indicator_id]


def contribution(indicator_id: str, *pupils: Pupil) -> tuple[int | None, int | None]:
    """Numerator and denominator that a council of these pupils has."""
    found = figure(indicator_id, *pupils)
    assert found.status == "ok"
    return found.numerator, found.denominator
