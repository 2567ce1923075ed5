"""A child whose records say two things that exclude each other counts once, so the noise of their histogram covers it.

If this failed, a mistake in one child's records, or in a definition, would let that child move two counts of a block
whose noise is measured for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, combinations

import pytest

from frameworks.blocks import Statistic
from frameworks.model import BREAKDOWNS, Framework
from frameworks.plan import ReleasePlan, ReleaseRequest, compile_plan
from node import measure
from node.engines.duckdb_engine import DuckDbEngine
from node.vector import exact_vector
from tests.frameworks.small import small_framework

YEAR = 2025
OUTCOMES = {"adopted": "E11", "went_home": "E4A", "moved_on": "E8"}
CHILDREN = {
    "-".join(("child", *held)): held
    for held in chain.from_iterable(combinations(OUTCOMES, number) for number in range(len(OUTCOMES) + 1))
}
"""A child for every set of outcomes that records could hold, contradictory ones included."""


def _framework() -> Framework:
    """The small framework, where an end of care is an outcome and nothing stops a child from having several."""
    framework = small_framework()
    outcomes = {
        name: f"SELECT child_id FROM episode_history WHERE end_reason = '{reason}'" for name, reason in OUTCOMES.items()
    }
    return framework.model_copy(
        update={
            "indicators": tuple(
                one.model_copy(update={"outcome": outcomes[one.id]}) if one.id in outcomes else one
                for one in framework.indicators
            )
        }
    )


def _plan(indicators: Sequence[str] = tuple(OUTCOMES)) -> ReleasePlan:
    request = ReleaseRequest(
        id="r",
        mode="council",
        indicators=tuple(indicators),
        breakdowns=tuple(breakdown.id for breakdown in BREAKDOWNS),
        rho_units=2 * 10**10,
    )
    return compile_plan(_framework(), "collection", YEAR, request)


def _filled(engine: DuckDbEngine, children: Iterable[str]) -> DuckDbEngine:
    """Those children, and one with every outcome who is not in the cohort."""
    for child in children:
        engine.connection.execute(
            "INSERT INTO looked_after_child (child_id, sex, age) VALUES (?, 'female', 9)", [child]
        )
    for child, held in {**{child: CHILDREN[child] for child in children}, "stranger": tuple(OUTCOMES)}.items():
        for name in held:
            engine.connection.execute(
                "INSERT INTO episode_history (child_id, end_reason) VALUES (?, ?), (?, ?)",
                [child, OUTCOMES[name]] * 2,
            )
    return engine


def _vector(children: Iterable[str], plan: ReleasePlan) -> list[int]:
    with DuckDbEngine.create(YEAR) as engine:
        return exact_vector(plan, measure.tabulate(_filled(engine, list(children)), _framework(), plan))


def _moved_by(child: str, plan: ReleasePlan) -> list[int]:
    rest = [other for other in CHILDREN if other != child]
    return [a - b for a, b in zip(_vector(CHILDREN, plan), _vector(rest, plan), strict=True)]


def _largest_move(plan: ReleasePlan) -> int:
    """The most a child moves a block, squared."""
    moves = {child: _moved_by(child, plan) for child in CHILDREN}
    return max(sum(entry**2 for entry in moved[block.indices]) for moved in moves.values() for block in plan.blocks)


def test_every_child_moves_one_count_of_each_table_by_one_whatever_its_records_say() -> None:
    plan = _plan()
    for child in CHILDREN:
        moved = _moved_by(child, plan)
        for block in plan.blocks:
            assert sorted(moved[block.indices])[-2:] == [0, 1]
            assert sum(entry**2 for entry in moved[block.indices]) == 1 == block.sensitivity**2


@pytest.mark.parametrize("order", [("adopted", "went_home", "moved_on"), ("moved_on", "went_home", "adopted")])
def test_a_child_counts_in_the_first_outcome_that_the_release_names(order: tuple[str, ...]) -> None:
    plan = _plan(order)
    counts = dict(zip((*order, "other"), _vector(CHILDREN, plan), strict=False))
    assert plan.blocks[0].categories == tuple(counts)
    first = [next((name for name in order if name in held), "other") for held in CHILDREN.values()]
    assert counts == {name: first.count(name) for name in counts}
    assert sum(counts.values()) == len(CHILDREN)


def test_a_table_has_its_counts_level_by_level() -> None:
    plan = _plan()
    block = plan.block(Statistic.HISTOGRAM, "why_left", "sex")
    assert block.levels == ("female", "male", "unknown")
    assert _vector(CHILDREN, plan)[block.indices] == [4, 2, 1, 1, *[0] * 8]


def test_without_a_source_every_count_is_nothing() -> None:
    plan = _plan()
    assert exact_vector(plan, measure.tabulate({}, _framework(), plan)) == [0] * plan.length


def test_exact_figures_count_every_outcome_a_child_has() -> None:
    """The council's own figures say what its records say, and are not bounded by anything."""
    with DuckDbEngine.create(YEAR) as engine:
        figures = measure.measure(_filled(engine, CHILDREN), _framework(), YEAR, frozenset({"ssda903@2025"}))
    assert {name: (figures[name].numerator, figures[name].denominator) for name in OUTCOMES} == {
        name: (4, 8) for name in OUTCOMES
    }


# Positive control: without the one guard, the same observation breaks the bound.


def test_without_the_first_that_holds_a_contradictory_child_moves_more(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = _plan()
    assert _largest_move(plan) == 1

    def every_one_that_holds(holders: Sequence[str]) -> list[str]:
        none = " AND ".join(f"{holder} IS NULL" for holder in holders)
        return [*(f"count({holder})" for holder in holders), f"sum(CASE WHEN {none} THEN 1 ELSE 0 END)"]

    monkeypatch.setattr(measure, "_first_of", every_one_that_holds)
    assert _largest_move(plan) == len(OUTCOMES)
