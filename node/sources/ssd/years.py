"""The returns that a warehouse stands in for: which year's return a day belongs to, and what was known on 31 March.

What would stand in the return of a year has that `return_year` (indicators reference 5.3). A warehouse is read after
the year has ended: what happened after 31 March of the reference year is not known to the relations.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

Step = tuple[str, str]
"""A relation: its name and its SELECT."""


@dataclass(frozen=True)
class Years:
    """The reference year Y, and the first year whose return the warehouse stands in for."""

    reference: int
    first: int

    @property
    def start(self) -> str:
        """1 April Y-1, as SQL."""
        return f"DATE '{date(self.reference - 1, 4, 1)}'"

    @property
    def end(self) -> str:
        """31 March Y, as SQL."""
        return f"DATE '{date(self.reference, 3, 31)}'"

    @property
    def first_start(self) -> str:
        """1 April at the beginning of the first year, as SQL."""
        return f"DATE '{date(self.first - 1, 4, 1)}'"

    def known(self, day: str) -> str:
        """A day, null where it came after 31 March Y."""
        return f"CASE WHEN {day} <= {self.end} THEN {day} END"

    def last_return(self, end: str) -> str:
        """The last return that holds something which ended on a day, or which goes on where the day is null."""
        return f"CASE WHEN {end} IS NULL THEN {self.reference} ELSE {return_year_of(end)} END"

    @property
    def each(self) -> Step:
        """The relation `ssd_return_year` (return_year, year_start, year_end), one row per return."""
        rows = " UNION ALL ".join(
            f"SELECT {year} AS return_year, DATE '{date(year - 1, 4, 1)}' AS year_start,"
            f" DATE '{date(year, 3, 31)}' AS year_end"
            for year in range(self.first, self.reference + 1)
        )
        return "ssd_return_year", rows


def return_year_of(day: str) -> str:
    """The reference year that a day belongs to, as SQL."""
    return f"CAST(EXTRACT(YEAR FROM add_months({day}, 9)) AS INTEGER)"
