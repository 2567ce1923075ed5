"""Public reference data: the councils of England and how many children live in each. Origin: LICENCE.md beside it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

ENGLAND = "E92000001"
"""The ONS code of England."""


@dataclass(frozen=True)
class Council:
    """A current local authority with children's services. `code` is the Department for Education's, three digits."""

    code: str
    name: str
    region_code: str
    region_name: str
    ons_code: str


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return csv.DictReader(text.splitlines())


@lru_cache(maxsize=1)
def current_councils() -> dict[str, Council]:
    """The 153 current councils by code, in the order of their codes."""
    return {
        row["la_code"]: Council(row["la_code"], row["name"], row["region_ons_code"], row["region"], row["ons_code"])
        for row in _rows("councils.csv")
    }


@lru_cache(maxsize=1)
def regions() -> dict[str, str]:
    """The names of the nine regions by ONS code, in the order of their codes."""
    return dict(sorted({(council.region_code, council.region_name) for council in current_councils().values()}))


@lru_cache(maxsize=1)
def _populations() -> dict[int, dict[str, int]]:
    by_year: dict[int, dict[str, int]] = {}
    for row in _rows("population_0_17.csv"):
        by_year.setdefault(int(row["year"]), {})[row["la_code"]] = int(row["children"])
    return by_year


@dataclass(frozen=True)
class Population:
    """Mid-year estimates of children aged 0 to 17: `children` by council code, in June of `year`."""

    year: int
    children: dict[str, int]


def population_for(reference_year: int) -> Population:
    """The estimate on which rates of a reference year rest: mid-year of the year before (as the DfE's rates do).

    Where that is not yet held, the nearest year that is; `Population.year` says which.
    """
    held = _populations()
    year = min(held, key=lambda candidate: (abs(candidate - (reference_year - 1)), candidate))
    return Population(year, held[year])
