"""Dates and codes that sit on boundaries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

from tests.oracle.dates import add_months


def codes(listed: str) -> list[str]:
    """Codes from a text with spaces between them."""
    return listed.split()


ETHNICITIES = codes(
    "WBRI WIRI WOTH WIRT WROM MWBC MWBA MWAS MOTH AIND APKN ABAN AOTH BCRB BAFR BOTH CHNE OOTH REFU NOBT"
)


class Dates:
    """Dates near the boundaries of the years up to `year`."""

    def __init__(self, random: Random, year: int) -> None:
        self.random = random
        self.year = year

    def any(self, first: int = 3, last: int = 0) -> date:
        """A date from `first` years before 31 March of the year to `last` years before it."""
        random = self.random
        end = date(self.year - random.randint(last, first), 3, 31)
        kind = random.random()
        if kind < 0.45:
            return end + timedelta(days=random.choice((-1, 0, 0, 0, 1, 1, 1, 2)))
        if kind < 0.6:
            return add_months(end, -random.choice((3, 3, 6))) + timedelta(days=random.choice((-1, 0, 1)))
        if kind < 0.7:
            return date(end.year - 1, 12, 24) + timedelta(days=random.randrange(10))
        if kind < 0.75:
            return add_months(date(2024, 2, 29), 12 * random.randint(-3, 1))
        return end - timedelta(days=random.randrange(365))

    def after(self, day: date) -> date:
        """A date some telling distance after another."""
        random = self.random
        kind = random.random()
        if kind < 0.1:
            return day
        if kind < 0.4:
            return add_months(day, random.choice((3, 6, 12, 24))) + timedelta(days=random.choice((-1, 0, 1)))
        if kind < 0.5:
            return day + timedelta(days=random.choice((728, 729, 730)))
        if kind < 0.6:
            return day + timedelta(days=random.choice((20, 21, 22, 23, 62, 63, 64, 65, 66)))
        if kind < 0.75:
            later = [
                moment
                for year in range(self.year - 3, self.year + 1)
                for moment in (date(year, 3, 31), date(year, 4, 1))
                if moment > day
            ]
            return random.choice(later) if later else day + timedelta(days=1)
        return day + timedelta(days=random.randrange(1, 500))

    def birth(self, ages: Sequence[int] = (0, 4, 5, 9, 10, 15, 16, 17, 18)) -> date | None:
        """A date of birth at which one of the ages is reached on 31 March or 1 April, or thereabouts, or none."""
        random = self.random
        if random.random() < 0.08:
            return None
        born = add_months(date(self.year, 3, 31), -12 * random.choice(ages))
        return born + timedelta(days=random.choice((-1, 0, 0, 1, 1, -200, 30)))


def messy_case(random: Random, code: str) -> str:
    """The code, at times in small letters or with a space."""
    kind = random.random()
    return code.lower() if kind < 0.05 else f" {code} " if kind < 0.08 else code


def sex_code(random: Random, year: int) -> str:
    """A code of the year's era, and at times of the other."""
    old = (year < 2025) != (random.random() < 0.1)
    return random.choice(("1", "2", "0", "9", "") if old else ("M", "F", "U", ""))


def ethnicity_code(random: Random) -> str:
    """A code, and at times none or one that is not of the list."""
    return random.choice((*ETHNICITIES, "", "WXYZ"))
