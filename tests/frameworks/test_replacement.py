"""If these failed, a council would be told that less can be learnt about a child's outcomes than can be."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import pytest

from frameworks.accounting import UNITS_PER_RHO
from frameworks.blocks import SIGMA_UNITS, Block, Statistic
from frameworks.plan import ReleasePlan, ReleaseRequest, compile_plan
from frameworks.replacement import replace_one_rho_units
from tests.frameworks.small import small_framework

FRAMEWORK = small_framework()

_Child = dict[str, tuple[int, ...] | None]
"""By cohort: the answers (1 or -1) in its blocks in the order of the plan, None for a child who is not in it.

In a histogram they are two of the categories.
"""


def plan_of(*indicators: str, breakdowns: tuple[str, ...] = ()) -> ReleasePlan:
    request = ReleaseRequest(
        id="release", mode="council", indicators=indicators, breakdowns=breakdowns, rho_units=20_000_000_000
    )
    return compile_plan(FRAMEWORK, "2025-test", 2025, request)


def _children(plan: ReleasePlan) -> Iterator[_Child]:
    """Every child whose answers are as far apart as they can be."""
    asked = {
        cohort: sum(block.cohort == cohort and block.indicator != "" and not block.breakdown for block in plan.blocks)
        for cohort in dict.fromkeys(block.cohort for block in plan.blocks)
    }
    for age in (None, *range(20)):
        choices: list[list[tuple[int, ...] | None]] = []
        for cohort, number in asked.items():
            ages = FRAMEWORK.cohort(cohort).ages
            admitted = ages is None or (age is not None and ages[0] <= age <= ages[1])
            choices.append([None, *(product((1, -1), repeat=number) if admitted else ())])
        for states in product(*choices):
            yield dict(zip(asked, states, strict=True))


def _moved(block: Block, place: int, one: _Child, other: _Child, same_cell: bool) -> Fraction:
    def entries(child: _Child) -> tuple[int, int]:
        answers = child[block.cohort]
        if answers is None:
            return 0, 0
        if block.statistic is Statistic.HISTOGRAM:
            return (1, 0) if answers[place] == 1 else (0, 1)
        return block.sensitivity * (1 if block.statistic is Statistic.TOTAL else answers[place]), 0

    left, right = entries(one), entries(other)
    moved = (*left, *right) if not same_cell else (left[0] - right[0], left[1] - right[1])
    return Fraction(sum(entry**2 for entry in moved) * SIGMA_UNITS**2, 2 * block.sigma_units**2)


def _searched(plan: ReleasePlan) -> Fraction:
    """The most that replacing one child by another costs, by trying every pair."""
    children = list({tuple(sorted(child.items())): child for child in _children(plan)}.values())
    places: dict[Block, int] = {}
    counters: dict[tuple[str, str], int] = {}
    for block in plan.blocks:
        if block.indicator:
            key = (block.breakdown, block.cohort)
            places[block] = counters.get(key, 0)
            counters[key] = counters.get(key, 0) + 1
    worst = Fraction(0)
    for one, other in product(children, children):
        total = Fraction(0)
        for table in dict.fromkeys(block.breakdown for block in plan.blocks):
            costs = [
                sum(
                    (
                        _moved(block, places.get(block, 0), one, other, same)
                        for block in plan.blocks
                        if block.breakdown == table
                    ),
                    Fraction(0),
                )
                for same in ((True,) if table == "" else (True, False))
            ]
            total += max(costs)
        worst = max(worst, total)
    return worst


@pytest.mark.parametrize(
    ("indicators", "breakdowns"),
    [
        (("healthy",), ()),
        (("healthy", "score"), ("sex",)),
        (("developed", "convicted"), ("sex",)),
        (("healthy", "developed", "convicted"), ("sex", "age_band")),
        (("absence",), ("sex",)),
        (("mood", "responded"), ()),
        (("mood", "responded"), ("sex",)),
        (("adopted", "went_home", "moved_on"), ("sex",)),
        (("healthy", "adopted", "went_home", "moved_on"), ("sex",)),
    ],
)
def test_the_figure_is_the_dearest_replacement_of_one_child_by_another(
    indicators: tuple[str, ...], breakdowns: tuple[str, ...]
) -> None:
    plan = plan_of(*indicators, breakdowns=breakdowns)
    exact = _searched(plan) * UNITS_PER_RHO
    assert replace_one_rho_units(FRAMEWORK, plan) - 1 < exact <= replace_one_rho_units(FRAMEWORK, plan)


def test_the_figure_of_a_count_alone_is_never_too_small() -> None:
    plan = plan_of("children", breakdowns=("sex",))
    assert _searched(plan) * UNITS_PER_RHO <= replace_one_rho_units(FRAMEWORK, plan)


def test_it_lies_between_the_cost_of_one_child_and_four_times_that() -> None:
    plan = plan_of("children", "healthy", "score", "developed", "convicted", "returned", "helped", breakdowns=("sex",))
    assert plan.rho_units <= replace_one_rho_units(FRAMEWORK, plan) <= 4 * plan.rho_units + 4
