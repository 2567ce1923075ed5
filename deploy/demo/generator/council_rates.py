"""The made-up councils: each has the name, size and published rates of a real one, and not one of its children.

The figures are in `deploy/demo/data/councils.csv` (origin and licence beside it). A figure that is suppressed or not
published is filled: counts by England's rate for the council's population, percentages by the middle council's.
"""

from __future__ import annotations

import csv
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path

COUNCILS = Path(__file__).resolve().parent.parent / "data" / "councils.csv"


@dataclass(frozen=True)
class Council:
    """One council's size and rates: counts a year or on 31 March, percentages from 0 to 100, and the mean SDQ score.

    The rate columns are named like the indicators of frameworks/data (reference year 2025).
    """

    la_code: str
    name: str
    ons_code: str
    region: str
    children_0_17: float
    cin_open_31_march: float
    referrals: float
    cpp_started: float
    cpp_open_31_march: float
    cla_31_march: float
    cla_started: float
    rereferral_12m_referrals: float
    referral_nfa: float
    assessed_not_in_need: float
    cpp_repeat_ever: float
    placements_3plus: float
    same_carer_2y: float
    social_workers_3plus: float
    sdq_coverage: float
    health_assessment: float
    immunisation: float
    dental_check: float
    development_check_u5: float
    substance_misuse: float
    convicted: float
    care_leaver_eet_17_18: float
    care_leaver_eet_19_21: float
    care_leaver_he_19_21: float
    care_leaver_activity_unknown_17_18: float
    care_leaver_activity_unknown_19_21: float
    care_leaver_suitable_17_18: float
    care_leaver_suitable_19_21: float
    sdq_mean: float
    absence_persistent_cino: float
    absence_persistent_cppo: float
    absence_persistent_cla12: float

    def scaled(self, factor: float) -> Council:
        """The same rates over `factor` times as many children."""
        return replace(self, **{count: getattr(self, count) * factor for count in COUNTS})

    def scaled_to(self, looked_after: int, in_need: int) -> Council:
        """The same rates; about `looked_after` children with episodes and `in_need` in the census, in each year."""
        care = looked_after / (self.cla_31_march + self.cla_started)
        need = in_need / (self.cin_open_31_march + self.referrals * 0.9)
        children = {"cla_31_march": care, "cla_started": care}
        return replace(self, **{count: getattr(self, count) * children.get(count, need) for count in COUNTS})


COUNTS = (
    "children_0_17",
    "cin_open_31_march",
    "referrals",
    "cpp_started",
    "cpp_open_31_march",
    "cla_31_march",
    "cla_started",
)
"""The columns that are numbers of children or events."""

_NAMES = ("la_code", "name", "ons_code", "region")


@cache
def all_councils() -> tuple[Council, ...]:
    """The 153 councils in order of code, with every gap filled."""
    with COUNCILS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = [field.name for field in fields(Council) if field.name not in _NAMES]
    typical = {column: _typical(rows, column) for column in columns}

    def value(row: dict[str, str], column: str) -> float:
        if row[column]:
            return float(row[column])
        return typical[column] * (float(row["children_0_17"]) if column in COUNTS else 1)

    return tuple(
        Council(**{name: row[name] for name in _NAMES}, **{column: value(row, column) for column in columns})  # type: ignore[arg-type]
        for row in rows
    )


def _typical(rows: Sequence[dict[str, str]], column: str) -> float:
    """England's rate per child for a count, the median for a percentage or a mean."""
    known = [row for row in rows if row[column]]
    if column in COUNTS:
        return sum(float(row[column]) for row in known) / sum(float(row["children_0_17"]) for row in known)
    return statistics.median(float(row[column]) for row in known)


def choose_councils(count: int, chance: random.Random) -> tuple[Council, ...]:
    """`count` councils at random, in order of code.

    Raises ValueError for more than there are.
    """
    return tuple(sorted(chance.sample(all_councils(), count), key=lambda council: council.la_code))


def council_like_england(children_0_17: float) -> Council:
    """An invented council (code 999) of that many children, whose rates are all councils' weighted by population."""
    councils = all_councils()
    population = sum(council.children_0_17 for council in councils)

    def average(column: str) -> float:
        if column in COUNTS:
            return sum(float(getattr(council, column)) for council in councils) / population * children_0_17
        return sum(float(getattr(council, column)) * council.children_0_17 for council in councils) / population

    columns = [field.name for field in fields(Council) if field.name not in _NAMES]
    names = {"la_code": "999", "name": "Like England", "ons_code": "E99999999", "region": "Nowhere"}
    return Council(**names, **{column: average(column) for column in columns})  # type: ignore[arg-type]
