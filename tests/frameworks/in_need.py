"""Hand-worked children in need: a child's census groups in a few readable lines, and what the child adds to an
indicator.

The reference year is 2025 (1 April 2024 to 31 March 2025). Rows go straight into the child-level tables; how returns
become those tables is tested with the sources. A line is one group, of the return of 2025 unless a year stands first:

    referral 2024-05-01 -> 2024-09-01 RC7          a referral, its closure and reason
    referral 2024-05-01 nfa                        one without further action
    referral 2024-05-01 conference 2024-05-20      a conference of a child who moved in
    assessment 2024-05-02 -> 2024-06-01 3A,4B of 2 start, authorisation, factors, number of the CINdetails group
    enquiry 2024-05-02 conference 2024-05-20       a section 47 enquiry and its conference; `enquiry - ...` has no start
    plan 2024-05-20 -> 2024-12-01 previous 1       a child protection plan
    review 2024-08-01 of 2024-05-20                a review of the plan that started on that day
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

import pytest

from frameworks.catalogue import load_framework
from frameworks.model import Framework
from node.engines.duckdb_engine import DuckDbEngine
from node.measure import measure

YEAR = 2025

YES = (1, 1)
"""In the cohort, with the outcome: one in the numerator, one in the denominator."""
NO = (0, 1)
"""In the cohort, without the outcome."""
OUTSIDE = (0, 0)
"""Not in the cohort."""

ALL_FILES = frozenset(
    f"{file}@{year}" for year in range(2020, YEAR + 1) for file in ("cin_census", "cin_census.previous_plans")
)


def _details(words: Sequence[str]) -> dict[str, str | None]:
    """What stands after a group's first date: `-> end`, `<name> <value>`, and single words under their own name."""
    rest = list(words)
    found: dict[str, str | None] = {}
    while rest:
        word = rest.pop(0)
        if word == "->":
            found["end"] = rest.pop(0)
        elif word in ("conference", "of", "previous"):
            found[word] = rest.pop(0)
        elif word == "nfa":
            found["nfa"] = word
        else:
            found["code"] = word
    return found


def _row(
    kind: str, day: str | None, year: int, event: int, of: dict[str, str | None]
) -> tuple[str, tuple[object, ...]]:
    if kind == "referral":
        rest = (day, "nfa" in of, of.get("end"), of.get("code"), of.get("conference"))
        return "referral", (event, year, *rest)
    if kind == "assessment":
        return "assessment", (event, year, int(of.get("of") or 1), None, day, of.get("end"))
    if kind == "enquiry":
        return "section_47", (event, year, None, day, of.get("conference"))
    if kind == "plan":
        previous = of.get("previous")
        return "child_protection_plan", (event, year, day, of.get("end"), int(previous) if previous else None)
    assert kind == "review", kind
    return "plan_review", (event, of["of"], day)


def rows_of(groups: str) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Table and row without its child_id, for every row of a child."""
    events: dict[str, int] = {}
    for line in filter(None, (line.strip() for line in groups.splitlines())):
        words = line.split()
        year = int(words.pop(0)) if words[0].isdigit() else YEAR
        kind, day, details = words[0], None if words[1] == "-" else words[1], _details(words[2:])
        events[kind] = events.get(kind, 0) + 1
        yield _row(kind, day, year, events[kind], details)
        if kind == "assessment" and details.get("code"):
            for factor in str(details["code"]).split(","):
                yield "assessment_factor", (events[kind], year, int(details.get("of") or 1), factor)


@cache
def _only(indicator_id: str) -> Framework:
    framework = load_framework("outcomes-2019")
    return framework.model_copy(update={"indicators": (framework.indicator(indicator_id),)})


@contextmanager
def council_of(children: Sequence[str]) -> Iterator[DuckDbEngine]:
    """An engine that holds these children: `child-0`, `child-1`, ..."""
    with DuckDbEngine.create(YEAR) as engine:
        for number, groups in enumerate(children):
            child_id = f"child-{number}"
            engine.connection.execute(
                "INSERT INTO census_child VALUES (?, 'female', '2015-06-15', 9, '5_9', 'white')", [child_id]
            )
            for table, row in rows_of(groups):
                places = ", ".join("?" for _ in range(len(row) + 1))
                engine.connection.execute(f"INSERT INTO {table} VALUES ({places})", [child_id, *row])
        yield engine


def contribution(indicator_id: str, *children: str) -> tuple[int | None, int | None]:
    """Numerator and denominator that a council of these children has."""
    with council_of(children) as engine:
        figure = measure(engine, _only(indicator_id), YEAR, ALL_FILES)[indicator_id]
    assert figure.status == "ok"
    return figure.numerator, figure.denominator


def count(indicator_id: str, *children: str) -> int | None:
    """The number that a council of these children counts."""
    counted, denominator = contribution(indicator_id, *children)
    assert denominator is None
    return counted


def cases(*listed: tuple[str, object, str]) -> pytest.MarkDecorator:
    """Parametrizes a test over `expected` and `groups`, each case under the words that say what it is about."""
    return pytest.mark.parametrize(
        ("expected", "groups"), [pytest.param(expected, groups, id=what) for what, expected, groups in listed]
    )
