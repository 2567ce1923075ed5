"""Dates of the indicators reference 5.1."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache


def add_months(day: date, months: int) -> date:
    """`day` that many calendar months later (or earlier), clipped to the end of the month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def within(first: date, second: date, months: int) -> bool:
    """`second` is after `first` and before the same day that many months on."""
    return first < second < add_months(first, months)


def age(born: date | None, day: date) -> int | None:
    """Completed years; unknown without a date of birth or with a later one."""
    if born is None or born > day:
        return None
    years = day.year - born.year
    return years if (day.month, day.day) >= (born.month, born.day) else years - 1


@dataclass(frozen=True)
class Year:
    """The reporting year that ends on 31 March of `number`."""

    number: int

    @property
    def start(self) -> date:
        """1 April."""
        return date(self.number - 1, 4, 1)

    @property
    def end(self) -> date:
        """31 March."""
        return date(self.number, 3, 31)

    def has(self, day: date | None) -> bool:
        """In year."""
        return day is not None and self.start <= day <= self.end

    def open_at_end(self, start: date | None, end: date | None) -> bool:
        """Open at 31 March: what ends on that day is not."""
        return start is not None and start <= self.end and (end is None or end > self.end)

    def active(self, start: date | None, end: date | None) -> bool:
        """Active at some day of the year."""
        return start is not None and start <= self.end and (end is None or end >= self.start)


def _easter(year: int) -> date:
    # Anonymous Gregorian algorithm.
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    f = d + e - 7 * ((a + 11 * d + 22 * e) // 451) + 114
    return date(year, f // 31, f % 31 + 1)


def _monday(year: int, month: int, *, last: bool) -> date:
    day = date(year, month, monthrange(year, month)[1] if last else 7)
    return day - timedelta(days=day.weekday())


_MOVED = {
    date(1995, 5, 1): date(1995, 5, 8),
    date(2020, 5, 4): date(2020, 5, 8),
    date(2002, 5, 27): date(2002, 6, 4),
    date(2012, 5, 28): date(2012, 6, 4),
    date(2022, 5, 30): date(2022, 6, 2),
}
_EXTRA = {
    date(1999, 12, 31),
    date(2002, 6, 3),
    date(2011, 4, 29),
    date(2012, 6, 5),
    date(2022, 6, 3),
    date(2022, 9, 19),
    date(2023, 5, 8),
}


@cache
def bank_holidays(year: int) -> frozenset[date]:
    """Bank holidays of England in a calendar year."""
    easter = _easter(year)
    days = {easter - timedelta(days=2), easter + timedelta(days=1)}
    days |= {_monday(year, 5, last=False), _monday(year, 5, last=True), _monday(year, 8, last=True)}
    days = {_MOVED.get(day, day) for day in days}
    for fixed in (date(year, 1, 1), date(year, 12, 25), date(year, 12, 26)):
        day = fixed
        while day.weekday() > 4 or day in days:
            day += timedelta(days=1)
        days.add(day)
    return frozenset(days | {day for day in _EXTRA if day.year == year})


def working_days(first: date, last: date) -> int:
    """Working days after `first`, up to and with `last`; the start is day 0."""
    count = 0
    day = first + timedelta(days=1)
    while day <= last:
        count += day.weekday() < 5 and day not in bank_holidays(day.year)
        day += timedelta(days=1)
    return count
