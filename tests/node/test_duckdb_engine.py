"""The engine's date functions are those of the indicators reference, 5.1, and it reaches nothing outside.

If this failed, figures would be wrong by a day at the edges that decide them, or a child's records could be written to
a disk or read from a file that a definition names.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frameworks.bank_holidays import bank_holidays
from frameworks.tables import TABLES
from node.engines.duckdb_engine import DuckDbEngine
from node.errors import ReturnsNotReady
from node.sources.characteristics import age_at

_DAYS = st.dates(date(2000, 1, 1), date(2030, 12, 31))


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDbEngine]:
    with DuckDbEngine.create(2024) as created:
        yield created


def _value(engine: DuckDbEngine, sql: str, *parameters: Any) -> Any:
    return engine.rows(f"SELECT {sql}", "a value", parameters)[0][0]


def test_the_year(engine: DuckDbEngine) -> None:
    assert _value(engine, "year_start()") == date(2023, 4, 1)
    assert _value(engine, "year_end()") == date(2024, 3, 31)
    assert _value(engine, "reference_year()") == 2024


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("add_months(DATE '2024-01-31', 1)", date(2024, 2, 29)),
        ("add_months(DATE '2024-03-31', -30)", date(2021, 9, 30)),
        ("add_years(DATE '2024-02-29', 1)", date(2025, 2, 28)),
        ("add_years(NULL, 1)", None),
        ("days_between(DATE '2024-02-28', DATE '2024-03-01')", 2),
        ("days_between(DATE '2024-03-01', DATE '2024-02-28')", -2),
        ("days_between(NULL, DATE '2024-03-01')", None),
        ("within_months(DATE '2024-02-29', DATE '2025-02-27', 12)", True),
        ("within_months(DATE '2024-02-29', DATE '2025-02-28', 12)", False),
        ("within_months(DATE '2024-02-29', DATE '2024-02-29', 12)", False),
        ("within_months(DATE '2024-02-29', DATE '2024-03-01', 12)", True),
        ("age_on(DATE '2010-03-31', DATE '2024-03-31')", 14),
        ("age_on(DATE '2010-04-01', DATE '2024-03-31')", 13),
        ("age_on(DATE '2024-04-01', DATE '2024-03-31')", None),
        ("working_days_between(NULL, DATE '2024-03-31')", None),
        ("working_days_between(DATE '2024-03-28', DATE '2024-04-02')", 1),
        ("working_days_between(DATE '2024-03-28', DATE '2024-03-28')", 0),
        ("working_days_between(DATE '2024-04-02', DATE '2024-03-28')", 0),
    ],
)
def test_dates_at_their_edges(engine: DuckDbEngine, sql: str, expected: Any) -> None:
    """Easter 2024: Good Friday 29 March and Easter Monday 1 April are no working days."""
    assert _value(engine, sql) == expected


@settings(max_examples=50, deadline=None)
@given(first=_DAYS, length=st.integers(0, 800))
def test_working_days_are_counted_one_by_one(engine: DuckDbEngine, first: date, length: int) -> None:
    last = first + timedelta(days=length)
    holidays = set(bank_holidays(1990, 2040))
    days = (first + timedelta(days=number) for number in range(1, length + 1))
    expected = sum(day.weekday() < 5 and day not in holidays for day in days)
    assert _value(engine, "working_days_between($1, $2)", first, last) == expected


@settings(max_examples=50, deadline=None)
@given(born=_DAYS, day=_DAYS)
def test_age_is_that_of_the_characteristics(engine: DuckDbEngine, born: date, day: date) -> None:
    assert _value(engine, "age_on($1, $2)", born, day) == age_at(born, day)


def test_every_table_is_there_with_its_columns(engine: DuckDbEngine) -> None:
    for table in TABLES.values():
        assert [row[0] for row in engine.rows(f"DESCRIBE {table.name}", table.name)] == list(table.columns)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('{path}')",
        "SELECT * FROM '{path}'",
        "COPY (SELECT 1) TO '{path}.out'",
        "ATTACH '{path}.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET temp_directory = '{path}.tmp'",
    ],
)
def test_nothing_outside_is_reached(engine: DuckDbEngine, tmp_path: Path, statement: str) -> None:
    path = tmp_path / "other.csv"
    path.write_text("a\n1\n")
    with pytest.raises(ReturnsNotReady):
        engine.run(statement.format(path=path), "a statement")
    assert [found.name for found in tmp_path.iterdir()] == ["other.csv"]


def test_beyond_its_memory_a_query_fails_and_nothing_is_spilled() -> None:
    with DuckDbEngine.create(2024, memory_limit="64MB") as small, pytest.raises(ReturnsNotReady, match="memory"):
        small.run("CREATE TEMP TABLE big AS SELECT range, random() AS r FROM range(20000000)", "a large table")
