"""DuckDB inside the process: the child-level tables, the functions that definitions may use, and nothing outside.

The database is in memory and has no file system, no network and no extension to load: child records cannot be spilled
to a disk, and a definition that named a file would be refused. Sources hand rows in as parameters.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import duckdb

from frameworks.bank_holidays import bank_holidays
from frameworks.model import OWNER_COLUMN
from frameworks.tables import TABLES
from node.engines.engine import Row
from node.errors import ReturnsNotReady

_CALENDAR_FIRST_YEAR = 1990
_CALENDAR_LAST_YEAR = 2040

# indicators reference 5.1. Working days are differences of a running count, clamped to the calendar's ends.
_MACROS = """
CREATE MACRO year_start() AS DATE '{start}';
CREATE MACRO year_end() AS DATE '{end}';
CREATE MACRO reference_year() AS {year};
CREATE MACRO add_months(d, n) AS CAST(CAST(d AS DATE) + to_months(CAST(n AS INTEGER)) AS DATE);
CREATE MACRO add_years(d, n) AS CAST(CAST(d AS DATE) + to_months(CAST(12 * n AS INTEGER)) AS DATE);
CREATE MACRO days_between(a, b) AS date_diff('day', a, b);
CREATE MACRO within_months(d1, d2, n) AS (d1 < d2 AND d2 < add_months(d1, n));
CREATE MACRO age_on(born, d) AS CASE WHEN born <= d THEN CAST(
    year(d) - year(born) - CASE WHEN 100 * month(d) + day(d) < 100 * month(born) + day(born) THEN 1 ELSE 0 END
    AS INTEGER) END;
CREATE MACRO working_days_up_to(d) AS list_extract(
    getvariable('working_days'),
    greatest(1, least({calendar_days}, date_diff('day', DATE '{calendar_start}', d) + 1)));
CREATE MACRO working_days_between(a, b) AS CASE WHEN a IS NOT NULL AND b IS NOT NULL
    THEN greatest(0, working_days_up_to(b) - working_days_up_to(a)) END;
"""


@cache
def _running_working_days() -> tuple[int, ...]:
    """Working days of England from 1 January 1990 up to and with each day to the end of 2040."""
    holidays = frozenset(bank_holidays(_CALENDAR_FIRST_YEAR, _CALENDAR_LAST_YEAR))
    day, last = date(_CALENDAR_FIRST_YEAR, 1, 1), date(_CALENDAR_LAST_YEAR, 12, 31)
    counts: list[int] = []
    count = 0
    while day <= last:
        count += day.weekday() < 5 and day not in holidays
        counts.append(count)
        day += timedelta(days=1)
    return tuple(counts)


def _macros(year: int) -> str:
    return _MACROS.format(
        start=date(year - 1, 4, 1),
        end=date(year, 3, 31),
        year=year,
        calendar_start=date(_CALENDAR_FIRST_YEAR, 1, 1),
        calendar_days=len(_running_working_days()),
    )


def _column(name: str, sql_type: str) -> str:
    """The checker's proof of NOT IN rests on the owner: one row without an id would empty every such set."""
    return f"{name} {sql_type} NOT NULL" if name in OWNER_COLUMN.values() else f"{name} {sql_type}"


@dataclass(frozen=True)
class DuckDbEngine:
    """The child-level tables of one reference year. `connection` is for the sources, which fill them."""

    connection: duckdb.DuckDBPyConnection

    @classmethod
    @contextmanager
    def create(cls, year: int, *, memory_limit: str = "4GB") -> Iterator[DuckDbEngine]:
        """An engine with empty tables for reference year `year`, gone when the context ends.

        `memory_limit` is DuckDB's (such as "4GB"); beyond it a query fails, since nothing may be spilled.
        """
        connection = duckdb.connect(
            ":memory:",
            config={
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "temp_directory": "",
                "memory_limit": memory_limit,
                "threads": max(1, min(4, os.cpu_count() or 1)),
            },
        )
        try:
            connection.execute("SET VARIABLE working_days = $1", [list(_running_working_days())])
            connection.execute(_macros(year))
            for table in TABLES.values():
                columns = ", ".join(_column(name, sql_type) for name, sql_type in table.columns.items())
                connection.execute(f"CREATE TABLE {table.name} ({columns})")
            connection.execute("SET enable_external_access = false; SET lock_configuration = true")
            yield cls(connection)
        finally:
            connection.close()

    def rows(self, sql: str, subject: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Every row of a query. `subject` names what is asked for in the text of an error.

        Raises ReturnsNotReady, with a text of ours only: DuckDB's own may quote a value.
        """
        try:
            return self.connection.execute(sql, list(parameters)).fetchall()
        except duckdb.Error as error:
            full = isinstance(error, duckdb.OutOfMemoryException)
            raise ReturnsNotReady(
                f"The engine could not compute {subject}" + (": it ran out of memory." if full else "."),
                "Use a machine with more memory." if full else "Report this to the authors of the framework.",
            ) from None

    def define(self, name: str, sql: str, subject: str) -> None:
        """Computes a SELECT into the temporary table `name`, once. Raises as `rows` does."""
        self.rows(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}", subject)

    def run(self, sql: str, subject: str) -> None:
        """Runs a statement that yields nothing. Raises as `rows` does."""
        self.rows(sql, subject)
