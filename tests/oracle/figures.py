"""Figures and breakdowns as the indicators reference 5.5 prints them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.oracle.dates import age


@dataclass(frozen=True)
class Kind:
    """What is computed of a cohort: a mean's scores are in so many `parts`, a histogram counts by `categories`."""

    name: str
    parts: int = 1
    categories: tuple[str, ...] = ()


COUNT, PERCENT, MEAN, RATIO = Kind("count"), Kind("percent"), Kind("mean"), Kind("ratio")

_GROUPS = {
    "white": "WBRI WIRI WOTH WIRT WROM",
    "mixed": "MWBC MWBA MWAS MOTH",
    "asian": "AIND APKN ABAN AOTH CHNE",
    "black": "BCRB BAFR BOTH",
    "other": "OOTH",
    "unknown": "",
}
_BANDS = {
    "0_4": range(5),
    "5_9": range(5, 10),
    "10_15": range(10, 16),
    "16_17": range(16, 18),
    "18_plus": range(18, 999),
}


@dataclass(frozen=True)
class Person:
    """What a return says of a child."""

    sex_code: str = ""
    born: date | None = None
    ethnicity_code: str = ""

    def age(self, day: date) -> int | None:
        """Completed years at `day`."""
        return age(self.born, day)

    def sex(self) -> str:
        """Level of the breakdown by sex."""
        return {"1": "male", "M": "male", "2": "female", "F": "female"}.get(self.sex_code, "unknown")

    def age_band(self, day: date) -> str:
        """Level of the breakdown by age."""
        years = self.age(day)
        return next((band for band, ages in _BANDS.items() if years in ages), "unknown")

    def ethnicity(self) -> str:
        """Level of the breakdown by ethnic group."""
        return next((group for group, codes in _GROUPS.items() if self.ethnicity_code in codes.split()), "unknown")


NOBODY = Person()

LEVELS = {
    "sex": ("female", "male", "unknown"),
    "age_band": (*_BANDS, "unknown"),
    "ethnicity_major": tuple(_GROUPS),
}


@dataclass(frozen=True)
class Member:
    """One member of a cohort (a child, or one of a child's events) with its outcome: yes or no, a score, or a part."""

    child: str
    outcome: int = 1
    whole: int = 0
    category: str = ""


def _histogram(kind: Kind, members: list[Member]) -> dict[str, Any]:
    counts = {category: sum(member.category == category for member in members) for category in kind.categories}
    counted = sum(counts.values())
    mean = sum(int(category) * count for category, count in counts.items()) / counted if counted else None
    return {"numerator": counted, "denominator": len(members), "value": mean, "categories": counts}


def _cell(kind: Kind, members: list[Member]) -> dict[str, Any]:
    if kind == COUNT:
        return {"numerator": len(members), "denominator": None, "value": None}
    if kind.categories:
        return _histogram(kind, members)
    numerator, denominator = sum(member.outcome for member in members), len(members)
    scale = 100 if kind in (PERCENT, RATIO) else 1
    if kind == RATIO:
        denominator = sum(member.whole for member in members)
    return {
        "numerator": numerator,
        "denominator": denominator,
        "value": scale * numerator / denominator / kind.parts if denominator else None,
    }


def figure(kind: Kind, members: Iterable[Member], person: Callable[[str], Person], year_end: date) -> dict[str, Any]:
    """The figure of an indicator that can be measured."""
    listed = list(members)
    level_of: dict[str, Callable[[Person], str]] = {
        "sex": Person.sex,
        "age_band": lambda someone: someone.age_band(year_end),
        "ethnicity_major": Person.ethnicity,
    }
    breakdowns: dict[str, dict[str, Any]] = {}
    for breakdown, levels in LEVELS.items():
        by_level: dict[str, list[Member]] = {level: [] for level in levels}
        for member in listed:
            by_level[level_of[breakdown](person(member.child))].append(member)
        breakdowns[breakdown] = {level: _cell(kind, found) for level, found in by_level.items()}
    return _cell(kind, listed) | {"status": "ok", "breakdowns": breakdowns}


NOT_AVAILABLE: dict[str, Any] = {
    "numerator": None,
    "denominator": None,
    "value": None,
    "status": "not_available",
    "breakdowns": {},
}
