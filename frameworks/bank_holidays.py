"""Bank holidays of England and Wales, 1990 to 2040: a public calendar, the same for every node.

Source: the Banking and Financial Dealings Act 1971 (with the proclamations that give a substitute day, the next
weekday that is not itself a bank holiday, when 1 January, 25 or 26 December fall on a weekend), and the proclamations
that moved or added single days, as listed at gov.uk/bank-holidays. Good Friday and Christmas Day are common law
holidays and count alike. Future years follow the rule; a day proclaimed later is added here by an update.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

FIRST_YEAR, LAST_YEAR = 1990, 2040

_MOVED: dict[date, date] = {
    date(1995, 5, 1): date(1995, 5, 8),
    date(2002, 5, 27): date(2002, 6, 4),
    date(2012, 5, 28): date(2012, 6, 4),
    date(2020, 5, 4): date(2020, 5, 8),
    date(2022, 5, 30): date(2022, 6, 2),
}
"""Days moved for the anniversaries of VE Day and the Golden, Diamond and Platinum Jubilees."""

_ADDED: tuple[date, ...] = (
    date(1999, 12, 31),
    date(2002, 6, 3),
    date(2011, 4, 29),
    date(2012, 6, 5),
    date(2022, 6, 3),
    date(2022, 9, 19),
    date(2023, 5, 8),
)
"""Days of their own: the Millennium, jubilees, a royal wedding, the Queen's State Funeral, the Coronation."""


def easter_sunday(year: int) -> date:
    """Easter Sunday in the Gregorian calendar, by the algorithm of Meeus, Jones and Butcher."""
    golden, century, of_century = year % 19, year // 100, year % 100
    leap_centuries, century_rest = divmod(century, 4)
    correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap_centuries - correction + 15) % 30
    leap_years, year_rest = divmod(of_century, 4)
    weekday = (32 + 2 * century_rest + 2 * leap_years - epact - year_rest) % 7
    shift = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)


def _first_monday(year: int, month: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=-first.weekday() % 7)


def _last_monday(year: int, month: int) -> date:
    last = date(year, month, 31)
    return last - timedelta(days=last.weekday())


def _of_year(year: int) -> set[date]:
    easter = easter_sunday(year)
    spring = [_first_monday(year, 5), _last_monday(year, 5)]
    days = {easter - timedelta(days=2), easter + timedelta(days=1), _last_monday(year, 8)}
    days |= {_MOVED.get(day, day) for day in spring}
    days |= {day for day in _ADDED if day.year == year}
    fixed = [date(year, 1, 1), date(year, 12, 25), date(year, 12, 26)]
    days |= {day for day in fixed if day.weekday() < 5}
    for day in fixed:
        if day.weekday() >= 5:
            substitute = day
            while substitute.weekday() >= 5 or substitute in days:
                substitute += timedelta(days=1)
            days.add(substitute)
    return days


@cache
def bank_holidays(first_year: int, last_year: int) -> tuple[date, ...]:
    """Every bank holiday of England in the calendar years given, both included, in order.

    Raises ValueError outside 1990 to 2040.
    """
    if not FIRST_YEAR <= first_year <= last_year <= LAST_YEAR:
        raise ValueError(f"the calendar holds the years {FIRST_YEAR} to {LAST_YEAR}")
    return tuple(sorted(day for year in range(first_year, last_year + 1) for day in _of_year(year)))
