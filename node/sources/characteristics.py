"""The breakdown attributes of a child, from the codes of both returns (indicators reference 5.5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

_SEX = {"1": "male", "M": "male", "2": "female", "F": "female"}

_ETHNICITY_MAJOR = {
    code: group
    for group, codes in {
        "white": "WBRI WIRI WOTH WIRT WROM",
        "mixed": "MWBC MWBA MWAS MOTH",
        "asian": "AIND APKN ABAN AOTH CHNE",
        "black": "BCRB BAFR BOTH",
        "other": "OOTH",
        "unknown": "REFU NOBT",
    }.items()
    for code in codes.split()
}

_AGE_BANDS = ((4, "0_4"), (9, "5_9"), (15, "10_15"), (17, "16_17"))
_OLDEST = "18_plus"

SEX_CODES = frozenset({*_SEX, "U", "0", "9"})
"""Codes of sex of either era (1/2/0/9 up to 2024, M/F/U from 2025)."""

ETHNICITY_CODES = frozenset(_ETHNICITY_MAJOR)
"""Every ethnicity code of the returns."""


def sex_level(code: str) -> str:
    """`male`, `female` or `unknown` for a code of either era, in capitals; anything else is unknown."""
    return _SEX.get(code, "unknown")


def ethnicity_level(code: str) -> str:
    """The major ethnic group of a code, in capitals; refused, not obtained, blank or any other code is unknown."""
    return _ETHNICITY_MAJOR.get(code, "unknown")


def age_at(date_of_birth: date | None, day: date) -> int | None:
    """Completed years at `day`; None without a date of birth, or with one after `day`."""
    if date_of_birth is None or date_of_birth > day:
        return None
    return day.year - date_of_birth.year - ((day.month, day.day) < (date_of_birth.month, date_of_birth.day))


def age_band(age: int | None) -> str:
    """The level of the breakdown `age_band` for an age in completed years at 31 March."""
    if age is None:
        return "unknown"
    return next((band for last, band in _AGE_BANDS if age <= last), _OLDEST)


def _levels_sql(column: str, levels: Mapping[str, str]) -> str:
    cases = " ".join(f"WHEN '{code}' THEN '{level}'" for code, level in sorted(levels.items()))
    return f"CASE {column} {cases} ELSE 'unknown' END"


def sex_sql(code: str) -> str:
    """`sex_level` as SQL over a column of codes in capitals."""
    return _levels_sql(code, _SEX)


def ethnicity_sql(code: str) -> str:
    """`ethnicity_level` as SQL over a column of codes in capitals."""
    return _levels_sql(code, _ETHNICITY_MAJOR)


def characteristics_from_levels_sql(sex: str, date_of_birth: str, ethnicity: str) -> str:
    """The characteristics of a child in the order of the child-level tables, from levels of sex and ethnic group."""
    age = f"age_on({date_of_birth}, year_end())"
    bands = " ".join(f"WHEN {age} <= {last} THEN '{band}'" for last, band in _AGE_BANDS)
    return (
        f"{sex}, {date_of_birth}, {age}, CASE WHEN {age} IS NULL THEN 'unknown' {bands} ELSE '{_OLDEST}' END, "
        f"{ethnicity}"
    )


def characteristics_sql(sex: str, date_of_birth: str, ethnicity: str) -> str:
    """The same from columns of codes in capitals."""
    return characteristics_from_levels_sql(sex_sql(sex), date_of_birth, ethnicity_sql(ethnicity))
