"""Days as whole numbers (`date.toordinal`), which histories add and compare by the million, and their text."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

YEAR: Final = 365.25
"""Mean length of a calendar year in days."""

_FIRST = date(1980, 1, 1).toordinal()
_LAST = date(2060, 12, 31).toordinal()
_DATES = [date.fromordinal(day) for day in range(_FIRST, _LAST + 1)]
_BRITISH = [day.strftime("%d/%m/%Y") for day in _DATES]
_ISO = [day.isoformat() for day in _DATES]
_MIDNIGHTS = [datetime(day.year, day.month, day.day) for day in _DATES]


def day_number(year: int, month: int, day: int) -> int:
    """The number of a calendar day."""
    return date(year, month, day).toordinal()


def year_start(year: int) -> int:
    """1 April before the end of reference year `year`."""
    return day_number(year - 1, 4, 1)


def year_end(year: int) -> int:
    """31 March of `year`."""
    return day_number(year, 3, 31)


def british(day: int) -> str:
    """dd/mm/yyyy, as in an SSDA903 return."""
    return _BRITISH[day - _FIRST]


def iso(day: int) -> str:
    """yyyy-mm-dd, as in a CIN census."""
    return _ISO[day - _FIRST]


def midnight(day: int) -> datetime:
    """The beginning of a day, as a warehouse holds dates."""
    return _MIDNIGHTS[day - _FIRST]


def add_years(day: int, years: int) -> int:
    """The same day `years` later; 29 February becomes the 28th where there is none."""
    start = date.fromordinal(day)
    try:
        return start.replace(year=start.year + years).toordinal()
    except ValueError:
        return day_number(start.year + years, 2, 28)


def completed_years(birth: int, day: int) -> int:
    """Age in completed years; negative before birth."""
    born, on = _DATES[birth - _FIRST], _DATES[day - _FIRST]
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def add_working_days(day: int, count: int) -> int:
    """The day `count` Mondays to Fridays after `day` (bank holidays are taken as worked)."""
    weekday = (day - 1) % 7
    if weekday > 4:
        day, weekday = day - (weekday - 4), 4
    weeks, rest = divmod(count, 5)
    return day + 7 * weeks + rest + (2 if weekday + rest > 4 else 0)


def to_weekday(day: int) -> int:
    """`day`, or the Monday after it."""
    weekday = (day - 1) % 7
    return day + (7 - weekday) if weekday > 4 else day


def generated_at(year: int) -> str:
    """The moment a census of `year` claims to have been made: at noon, three months after its end."""
    return f"{date.fromordinal(year_end(year)) + timedelta(days=91)}T12:00:00"
