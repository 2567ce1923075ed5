"""The functions of ours say the same in every engine as in plain Python, for every pair of days that is special.

If this failed, a council whose records are in a warehouse would have figures that are wrong by a day at the edges that
decide them, and would stand beside councils with others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from frameworks.bank_holidays import bank_holidays
from frameworks.tables import TABLES
from node.engines import dialects
from node.engines.dialects import PostgreSql
from node.engines.engine import Engine
from node.engines.postgresql_engine import PostgresEngine
from tests.node.engines.copies import Rows, in_duckdb, in_postgresql, in_spark

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

YEAR = 2025
MONTHS = (-999, -30, -13, -12, -1, 0, 1, 2, 11, 12, 13, 24, 999)
_EPOCH = date(2000, 1, 1)
_FIRST, _LAST = date(1990, 1, 1), date(2040, 12, 31)

DAYS: tuple[date | None, ...] = (
    *(None, date(1, 1, 1), date(1582, 10, 10), date(1900, 2, 28), date(1900, 3, 1), date(9999, 12, 31)),
    *(date(1989, 12, 29), date(1989, 12, 31), _FIRST, date(1990, 1, 2), date(1999, 12, 31), date(2000, 2, 29)),
    *(date(2007, 4, 1), date(2008, 2, 29), date(2010, 4, 1), date(2011, 4, 29), date(2012, 2, 29), date(2022, 9, 19)),
    *(date(2023, 1, 31), date(2023, 2, 28), date(2023, 3, 31), date(2023, 4, 30), date(2023, 12, 23)),
    *(date(2024, 3, 27) + timedelta(days=number) for number in range(8)),
    *(date(2024, 1, 31), date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1), date(2024, 4, 30), date(2024, 5, 31)),
    *(date(2024, 8, 26), date(2024, 12, 24), date(2024, 12, 27), date(2025, 1, 1), date(2025, 2, 28)),
    *(
        date(2025, 3, 31),
        date(2040, 12, 24),
        date(2040, 12, 30),
        _LAST,
        date(2041, 1, 1),
        date(2041, 1, 2),
        date(2100, 2, 28),
    ),
)
PAIRS = [(first, last) for first in DAYS for last in DAYS]

_QUERY = f"""
SELECT event, days_between(start_date, conference_date), working_days_between(start_date, conference_date),
  age_on(start_date, conference_date), within_months(start_date, conference_date, 12),
  within_months(start_date, conference_date, -1), start_date <= year_end(), start_date >= year_start(),
  event + reference_year(), days_between(DATE '{_EPOCH}', add_years(start_date, 18)),
  {", ".join(f"days_between(DATE '{_EPOCH}', add_months(start_date, {months}))" for months in MONTHS)}
FROM section_47
"""


def _rows() -> Rows:
    pairs = [("1", number, None, None, *pair) for number, pair in enumerate(PAIRS)]
    return {name: pairs if name == "section_47" else [] for name in TABLES}


def _said(engine: Engine) -> dict[int, tuple[Any, ...]]:
    return {row[0]: tuple(row[1:]) for row in engine.rows(_QUERY, "the functions")}


def _running_working_days() -> dict[date, int]:
    holidays = set(bank_holidays(_FIRST.year, _LAST.year))
    running, count, day = {}, 0, _FIRST
    while day <= _LAST:
        count += day.weekday() < 5 and day not in holidays
        running[day] = count
        day += timedelta(days=1)
    return running


def _days_after_epoch(year: int, month: int, day: int) -> int:
    """Days from 1 January 2000 in the Gregorian calendar, of any year: Python's own calendar ends with 9999."""
    cycles = (year - 2000) // 400
    return (date(year - 400 * cycles, month, day) - _EPOCH).days + 146_097 * cycles


def _months_later(day: date, months: int) -> int:
    """The day that many months later, clipped to the month, in days after 1 January 2000."""
    year, month = divmod(12 * day.year + day.month - 1 + months, 12)
    length = _days_after_epoch(year + month // 11, (month + 1) % 12 + 1, 1) - _days_after_epoch(year, month + 1, 1)
    return _days_after_epoch(year, month + 1, min(day.day, length))


def _in_python(first: date | None, last: date | None, number: int, running: dict[date, int]) -> tuple[Any, ...]:
    single: tuple[Any, ...] = (None,) * (len(MONTHS) + 3)
    if first is not None:
        later = [_months_later(first, months) for months in (216, *MONTHS)]
        single = (first <= date(2025, 3, 31), first >= date(2024, 4, 1), *later)
    pair: tuple[Any, ...] = (None,) * 5
    if first is not None and last is not None:
        start, end = (running[min(max(day, _FIRST), _LAST)] for day in (first, last))
        age = last.year - first.year - ((last.month, last.day) < (first.month, first.day)) if first <= last else None
        after = (last - _EPOCH).days
        within = [first < last and after < _months_later(first, months) for months in (12, -1)]
        pair = ((last - first).days, max(0, end - start), age, *within)
    return (*pair, *single[:2], number + YEAR, *single[2:])


@pytest.fixture(scope="module")
def expected() -> dict[int, tuple[Any, ...]]:
    running = _running_working_days()
    return {number: _in_python(*pair, number, running) for number, pair in enumerate(PAIRS)}


@pytest.fixture(scope="module")
def postgresql(postgresql_server: str) -> Iterator[PostgresEngine]:
    with in_postgresql(postgresql_server, _rows(), YEAR) as engine:
        yield engine


def test_in_this_process(expected: dict[int, tuple[Any, ...]]) -> None:
    with in_duckdb(_rows(), YEAR) as engine:
        assert _said(engine) == expected


def test_in_postgresql(postgresql: PostgresEngine, expected: dict[int, tuple[Any, ...]]) -> None:
    assert _said(postgresql) == expected


def test_in_spark(spark_session: SparkSession, expected: dict[int, tuple[Any, ...]]) -> None:
    with in_spark(spark_session, _rows(), YEAR) as engine:
        assert _said(engine) == expected


class _MonthsWithoutClipping(PostgreSql):
    own: ClassVar[dict[str, str]] = PostgreSql.own | {
        "add_months(a, n)": "(CAST(CAST(a AS DATE) + 1 + MAKE_INTERVAL(0, n) AS DATE) - 1)"
    }


class _HolidaysADayLate(PostgreSql):
    own: ClassVar[dict[str, str]] = PostgreSql.own | {
        head: body.replace("(a,", "(a - 1,").replace("(b,", "(b - 1,")
        for head, body in PostgreSql.own.items()
        if head == "holidays_after(a, b)"
    }


@pytest.mark.parametrize("wrong", [_MonthsWithoutClipping, _HolidaysADayLate])
def test_a_function_written_wrongly_for_one_engine_is_noticed(
    postgresql: PostgresEngine, expected: dict[int, tuple[Any, ...]], wrong: type[PostgreSql]
) -> None:
    assert _said(replace(postgresql, _dialect=wrong(YEAR))) != expected


@pytest.mark.parametrize(
    ("function", "wrong"),
    [
        ("age_on(a, b)", "CASE WHEN a <= b THEN days_between(a, b) // 365 END"),
        ("calendar_number(a)", "greatest(days_between(DATE '1990-01-01', a), 0)"),
        ("within_months(a, b, n)", "(a <= b AND b < add_months(a, n))"),
        ("weekdays_up_to(n)", "(n + 1 - (n + 3) // 7 - (n + 1) // 7)"),
    ],
)
def test_a_function_written_wrongly_for_all_is_noticed(
    postgresql: PostgresEngine,
    expected: dict[int, tuple[Any, ...]],
    monkeypatch: pytest.MonkeyPatch,
    function: str,
    wrong: str,
) -> None:
    assert function in dialects.SHARED
    monkeypatch.setitem(dialects.SHARED, function, wrong)
    assert _said(replace(postgresql, _dialect=PostgreSql(YEAR))) != expected
