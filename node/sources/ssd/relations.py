"""From a deployment to the child-level tables: every relation in the order in which an engine defines them."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from frameworks.model import Source
from node.sources.ssd.canonical import canonical_sql
from node.sources.ssd.care import care_steps
from node.sources.ssd.census import case_steps, census_steps
from node.sources.ssd.fingerprint import Deployment
from node.sources.ssd.outcomes import outcome_steps
from node.sources.ssd.people import person_steps
from node.sources.ssd.schema import TABLES
from node.sources.ssd.voice import voice_steps
from node.sources.ssd.years import Step, Years

SOURCES = (Source.SSDA903, Source.CIN_CENSUS, Source.FEEDBACK)
"""The sources that a warehouse can stand in for."""

YEARS_KEPT = 6
"""How many years an SSD holds unless it is told otherwise (returns reference 1)."""

_TABLE = re.compile(r"\b(ssd_[a-z0-9_]+)\b")


def ssd_relations(
    deployment: Deployment, year: int, first_year: int | None = None, sources: Collection[Source] = SOURCES
) -> tuple[Step, ...]:
    """The relations of reference year `year`, name and SELECT, each in terms of those before it.

    The tables of the specification come first, under their names; then the steps, up to every child-level table of
    `sources`. `first_year` is the first year whose return the warehouse stands in for: by default the first of the
    `YEARS_KEPT`.
    """
    steps = _steps(Years(year, year - YEARS_KEPT + 1 if first_year is None else first_year), sources)
    return (*((name, canonical_sql(name, deployment)) for name in _tables_of(steps)), *steps)


def tables_needed(sources: Collection[Source]) -> tuple[str, ...]:
    """The tables of the specification that the child-level tables of `sources` are made from."""
    return _tables_of(_steps(Years(2000, 2000), sources))


def _tables_of(steps: Sequence[Step]) -> tuple[str, ...]:
    named = {name for _, sql in steps for name in _TABLE.findall(sql)}
    return tuple(name for name in TABLES if name in named)


def _steps(years: Years, sources: Collection[Source]) -> tuple[Step, ...]:
    steps: tuple[Step, ...] = (years.each, *person_steps())
    if Source.SSDA903 in sources:
        steps += (*care_steps(years), *outcome_steps(years))
    if Source.CIN_CENSUS in sources or Source.FEEDBACK in sources:
        steps += case_steps(years)
    if Source.CIN_CENSUS in sources:
        steps += census_steps(years)
    if Source.FEEDBACK in sources:
        steps += voice_steps(years)
    return steps
