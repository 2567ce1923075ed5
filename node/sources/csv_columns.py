"""How the columns of a council's CSV files are read: kinds of value, code lists, and what a row cannot be without."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Value(Enum):
    """How the text of a field is read. All text is trimmed and in capitals; blank is null.

    `WHOLE` is a whole number from `low` to `high`; `SCALED` a number with a decimal point between the two, read as a
    whole number of parts, `parts` to one (17.3 with 10 parts is 173), rounded half away from zero. `UPN` is a unique
    pupil number (`node.sources.upn`), null for a code that says there is none.
    """

    TEXT = "text"
    CODE = "code"
    DATE = "date"
    FLAG = "flag"
    WHOLE = "whole"
    SCALED = "scaled"
    UPN = "upn"


@dataclass(frozen=True)
class Column:
    """A column of a file. A row without an `essential` value is not used.

    `by_year_end`: a date after the return's 31 March cannot be known to it. `optional`: the file may be without it.
    """

    name: str
    value: Value = Value.TEXT
    essential: bool = False
    by_year_end: bool = False
    optional: bool = False
    codes: frozenset[str] = frozenset()
    low: int = 0
    high: int = 0
    parts: int = 1
