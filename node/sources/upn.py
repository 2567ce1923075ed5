"""Unique pupil numbers: a letter, eleven digits, and a digit or (of a temporary number) a letter.

The form is that of rule 168 of the SSDA903. The check letter is not looked at: a wrong one parts a child from some of
its records and never joins two children. What would join them is a number written where there is none; one whose
digits are all alike is no number.
"""

from __future__ import annotations

import re

_FIRST = "ABCDEFGHJKLMNPQRTUVWXYZ"
_DIGITS = "0123456789"
_LAST = _DIGITS + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

UNKNOWN_UPN = frozenset(f"UN{number}" for number in range(1, 8))
"""Codes that stand for a number that is not known (UN6 and UN7 in the census alone)."""


_UPN = re.compile(rf"[{_FIRST}](\d)(?!\1{{10}})\d{{10}}[{_LAST}]", re.ASCII)


def upn_or_none(text: str) -> str | None:
    """The number of a text in capitals, None where it holds none."""
    return text if _UPN.fullmatch(text) else None


def upn_sql(text: str) -> str:
    """The same as SQL over a column of texts in capitals, in what every engine reads."""
    digits = f"substring({text}, 2, 11)"
    return (
        f"CASE WHEN length({text}) = 13 AND translate(substring({text}, 1, 1), '{_FIRST}', '') = '' "
        f"AND translate({digits}, '{_DIGITS}', '') = '' AND translate(substring({text}, 13, 1), '{_LAST}', '') = '' "
        f"AND replace({digits}, substring({text}, 2, 1), '') <> '' THEN {text} END"
    )
