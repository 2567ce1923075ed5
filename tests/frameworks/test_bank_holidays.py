"""If these failed, an assessment or a conference would be called late, or on time, by a day that nobody worked."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from frameworks.bank_holidays import FIRST_YEAR, LAST_YEAR, bank_holidays, easter_sunday

PUBLISHED = {
    2010: "01-01 04-02 04-05 05-03 05-31 08-30 12-27 12-28",
    2011: "01-03 04-22 04-25 04-29 05-02 05-30 08-29 12-26 12-27",
    2012: "01-02 04-06 04-09 05-07 06-04 06-05 08-27 12-25 12-26",
    2015: "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28",
    2016: "01-01 03-25 03-28 05-02 05-30 08-29 12-26 12-27",
    2018: "01-01 03-30 04-02 05-07 05-28 08-27 12-25 12-26",
    2019: "01-01 04-19 04-22 05-06 05-27 08-26 12-25 12-26",
    2020: "01-01 04-10 04-13 05-08 05-25 08-31 12-25 12-28",
    2021: "01-01 04-02 04-05 05-03 05-31 08-30 12-27 12-28",
    2022: "01-03 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-26 12-27",
    2023: "01-02 04-07 04-10 05-01 05-08 05-29 08-28 12-25 12-26",
    2024: "01-01 03-29 04-01 05-06 05-27 08-26 12-25 12-26",
    2025: "01-01 04-18 04-21 05-05 05-26 08-25 12-25 12-26",
    2026: "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28",
    2027: "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28",
}
"""As published at gov.uk/bank-holidays for England and Wales."""


@pytest.mark.parametrize("year", PUBLISHED)
def test_the_days_are_those_published(year: int) -> None:
    published = tuple(date.fromisoformat(f"{year}-{day}") for day in PUBLISHED[year].split())
    assert bank_holidays(year, year) == published


@pytest.mark.parametrize(
    ("on", "off"),
    [
        ("1995-05-08", "1995-05-01"),
        ("1999-12-31", None),
        ("2002-06-03", None),
        ("2002-06-04", "2002-05-27"),
        ("2011-04-29", None),
        ("2012-06-04", "2012-05-28"),
        ("2012-06-05", None),
        ("2020-05-08", "2020-05-04"),
        ("2022-06-02", "2022-05-30"),
        ("2022-06-03", None),
        ("2022-09-19", None),
        ("2023-05-08", None),
    ],
)
def test_days_that_were_moved_or_added(on: str, off: str | None) -> None:
    calendar = bank_holidays(FIRST_YEAR, LAST_YEAR)
    assert date.fromisoformat(on) in calendar
    assert off is None or date.fromisoformat(off) not in calendar


@pytest.mark.parametrize("year", range(FIRST_YEAR, LAST_YEAR + 1))
def test_every_year_has_eight_weekdays_and_those_added(year: int) -> None:
    days = bank_holidays(year, year)
    added = {1999: 1, 2002: 1, 2011: 1, 2012: 1, 2022: 2, 2023: 1}
    assert len(days) == len(set(days)) == 8 + added.get(year, 0)
    assert all(day.weekday() < 5 for day in days)
    assert easter_sunday(year).weekday() == 6
    assert {easter_sunday(year) - timedelta(days=2), easter_sunday(year) + timedelta(days=1)} <= set(days)


@pytest.mark.parametrize(("year", "easter"), [(1990, "04-15"), (2008, "03-23"), (2011, "04-24"), (2038, "04-25")])
def test_easter_at_its_earliest_and_latest(year: int, easter: str) -> None:
    assert easter_sunday(year) == date.fromisoformat(f"{year}-{easter}")


@pytest.mark.parametrize(("first", "last"), [(1989, 2000), (2000, 2041), (2010, 2009)])
def test_years_that_the_calendar_does_not_hold_are_refused(first: int, last: int) -> None:
    with pytest.raises(ValueError, match="1990 to 2040"):
        bank_holidays(first, last)
