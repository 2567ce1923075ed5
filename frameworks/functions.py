"""The types of a definition, and the functions of ours that it may call.

The functions stand for date rules that no two engines write alike (indicators reference 5.1). Every engine supplies
them under these names, total (no argument makes them fail) and null where an argument is null:

`year_start()` 1 April Y-1, `year_end()` 31 March Y, `reference_year()` Y; `add_months(d, n)` and `add_years(d, n)`,
clipped to the last day of the month; `days_between(a, b)`, b - a; `age_on(date_of_birth, d)`, completed years;
`working_days_between(a, b)`, the days t with a < t <= b that are Monday to Friday and no bank holiday of England;
`within_months(d1, d2, n)`, d1 < d2 and d2 < add_months(d1, n).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SqlType(StrEnum):
    """The type of an expression, in the words an author reads. There is no conversion between them.

    `CHILD` is the type of every column `child_id` (`family_id` in families) and of nothing else, so no text can be
    passed off as a child.
    """

    CHILD = "child id"
    TEXT = "text"
    WHOLE = "whole number"
    DATE = "date"
    TRUTH = "yes or no"
    NULL = "null"


SQL_TYPES: dict[str, SqlType] = {
    "VARCHAR": SqlType.TEXT,
    "INTEGER": SqlType.WHOLE,
    "DATE": SqlType.DATE,
    "BOOLEAN": SqlType.TRUTH,
}
"""The type that a column of `frameworks.tables.TABLES` has in a definition, by its SQL type."""


@dataclass(frozen=True)
class Function:
    """A function of ours. `constant_last`: the last argument is a whole number written out, so that no record can
    carry a date out of the calendar."""

    takes: tuple[SqlType, ...]
    gives: SqlType
    constant_last: bool = False


_DATE, _WHOLE = SqlType.DATE, SqlType.WHOLE

FUNCTIONS: dict[str, Function] = {
    "year_start": Function((), _DATE),
    "year_end": Function((), _DATE),
    "reference_year": Function((), _WHOLE),
    "add_months": Function((_DATE, _WHOLE), _DATE, constant_last=True),
    "add_years": Function((_DATE, _WHOLE), _DATE, constant_last=True),
    "days_between": Function((_DATE, _DATE), _WHOLE),
    "age_on": Function((_DATE, _DATE), _WHOLE),
    "working_days_between": Function((_DATE, _DATE), _WHOLE),
    "within_months": Function((_DATE, _DATE, _WHOLE), SqlType.TRUTH, constant_last=True),
}
"""Every function of ours by name."""
