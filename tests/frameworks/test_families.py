"""Families with every need met (3.3). If these failed, a family that was helped with two needs of three, or for a
month, would count as a success, or one family as several."""

from __future__ import annotations

import atexit
from contextlib import ExitStack
from functools import cache

import pytest

from frameworks.catalogue import load_framework
from frameworks.model import Framework, Unit
from node.engines.duckdb_engine import DuckDbEngine
from node.measure import Figure, measure

YEAR = 2025
INDICATOR = "families_outcomes_sustained"
FILES = frozenset({"families.families@2025", "families.needs@2025"})

YES, NO, OUTSIDE = (1, 1), (0, 1), (0, 0)

Need = tuple[int, str | None, str | None]
HELD: tuple[Need, ...] = ((1, "2024-05-01", None), (5, "2024-06-01", None), (8, "2024-07-01", None))


@cache
def _only() -> Framework:
    framework = load_framework("outcomes-2019")
    return framework.model_copy(update={"indicators": (framework.indicator(INDICATOR),)})


@cache
def _engine() -> DuckDbEngine:
    still_open = ExitStack()
    atexit.register(still_open.close)
    return still_open.enter_context(DuckDbEngine.create(YEAR))


def figure(*families: tuple[str | None, tuple[Need, ...]], files: frozenset[str] = FILES) -> Figure:
    """The figure of a council of these families: the day on which each was closed, and its needs."""
    connection = _engine().connection
    connection.execute("DELETE FROM family; DELETE FROM family_need")
    for number, (closed, needs) in enumerate(families):
        connection.execute(
            "INSERT INTO family VALUES (?, 'unknown', NULL, NULL, 'unknown', 'unknown', ?)", (f"f{number}", closed)
        )
        for event, need in enumerate(needs, 1):
            connection.execute("INSERT INTO family_need VALUES (?, ?, ?, ?, ?)", (f"f{number}", event, *need))
    return measure(_engine(), _only(), YEAR, files)[INDICATOR]


def contribution(closed: str | None, needs: tuple[Need, ...]) -> tuple[int | None, int | None]:
    found = figure((closed, needs))
    assert found.status == "ok"
    return found.numerator, found.denominator


@pytest.mark.parametrize(
    ("closed", "counts"),
    [("2024-03-31", False), ("2024-04-01", True), ("2025-03-31", True), ("2025-04-01", False), (None, False)],
)
def test_families_closed_in_the_year(closed: str | None, counts: bool) -> None:
    assert contribution(closed, HELD) == (YES if counts else OUTSIDE)


@pytest.mark.parametrize(
    ("needs", "expected"),
    [
        ((), NO),
        (HELD[:2], NO),
        (HELD, YES),
        ((*HELD, (10, "2024-08-01", None)), YES),
        ((*HELD, (10, None, None)), NO),
        ((HELD[0], HELD[1], HELD[1]), NO),
    ],
)
def test_three_needs_or_more_and_each_with_an_outcome(needs: tuple[Need, ...], expected: tuple[int, int]) -> None:
    assert contribution("2024-12-01", needs) == expected


@pytest.mark.parametrize(
    ("outcome", "lapsed", "expected"),
    [
        ("2024-09-30", None, YES),
        ("2024-10-01", None, NO),
        ("2024-06-15", "2024-12-14", NO),
        ("2024-06-15", "2024-12-15", YES),
        ("2024-06-15", "2025-02-01", YES),
        ("2024-06-15", "2024-06-15", NO),
        ("2024-06-15", "2024-01-01", NO),
        ("2024-08-31", "2025-02-27", NO),
        ("2024-08-31", "2025-02-28", YES),
        ("2022-01-01", None, YES),
        (None, "2024-06-15", NO),
    ],
)
def test_an_outcome_holds_for_six_months_that_are_over_by_31_march(
    outcome: str | None, lapsed: str | None, expected: tuple[int, int]
) -> None:
    assert contribution("2024-12-01", (*HELD, (10, outcome, lapsed))) == expected


def test_another_familys_needs_help_nobody() -> None:
    found = figure(("2024-12-01", HELD[:2]), ("2024-12-01", HELD), ("2023-12-01", HELD))
    assert (found.numerator, found.denominator, found.value) == (1, 2, 50)


def test_the_family_is_the_unit_and_both_files_are_needed() -> None:
    framework = load_framework("outcomes-2019")
    assert framework.cohort(framework.indicator(INDICATOR).cohort).unit is Unit.FAMILY
    for file in FILES:
        assert figure(("2024-12-01", HELD), files=FILES - {file}).status == "not_available"
