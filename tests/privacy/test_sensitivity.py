"""No child can move the exact vector by more than the plan says: the noise is measured against nothing else.

If this failed, the noise would be too small for some child, and every statement of privacy would be false for that
child. All indicators of all frameworks and all breakdowns are tried with random, busy children; and each guard that the
bound rests on is taken away once, to show that these tests would notice.

A child's contribution to every block is read off in one run by a breakdown whose levels are the children themselves;
runs with and without a child's records show that those contributions are all there is. What one child can change in its
family is in `test_families`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction

import pytest

from frameworks.accounting import UNITS_PER_RHO
from frameworks.blocks import SIGMA_UNITS, Block, Statistic
from frameworks.model import Framework, Source, Unit
from frameworks.plan import ReleasePlan
from node import measure
from node.engines.duckdb_engine import DuckDbEngine
from node.vector import exact_vector
from tests.frameworks.shipped import everything_shipped
from tests.privacy.contributions import (
    RHO_UNITS,
    Contributions,
    contributions,
    name_of,
    plan_of,
    random_contributions,
    squared,
    with_characteristics,
)
from tests.privacy.random_children import YEAR, Rows, fill, population


def _vector(children: Mapping[str, Rows], framework: Framework, plan: ReleasePlan) -> list[int]:
    with DuckDbEngine.create(YEAR) as engine:
        fill(engine, children)
        return exact_vector(plan, measure.tabulate(engine, framework, plan))


def _price(plan: ReleasePlan, moves: Callable[[Block], Iterable[int]]) -> Fraction:
    """rho of a child that moves each block by those entries: sum of delta^2 / (2 sigma^2)."""
    return sum(
        (Fraction(squared(moves(block)) * SIGMA_UNITS**2, 2 * block.sigma_units**2) for block in plan.blocks),
        Fraction(0),
    )


def _largest_price(plan: ReleasePlan, contributions: Contributions, source: str) -> Fraction:
    """The price of the dearest child of a source, who stands in one cell of each table."""
    prices: list[Fraction] = []
    for child, moves in contributions.items():
        if child.startswith(f"{source}-"):
            prices.append(_price(plan, lambda block, moves=moves: moves[name_of(block)]))  # type: ignore[misc]
    return max(prices)


@pytest.mark.parametrize("seed", [1, 2])
def test_no_child_moves_a_block_by_more_than_its_sensitivity(seed: int) -> None:
    sensitivity = {name_of(block): block.sensitivity for block in plan_of(everything_shipped()).blocks}
    for child, moves in random_contributions(seed).items():
        for name, moved in moves.items():
            assert squared(moved) <= sensitivity[name] ** 2, (child, name)


def test_some_child_moves_every_block_by_its_whole_sensitivity() -> None:
    """So the tests above look at children who try every block, and no sensitivity is larger than it has to be.

    Sums are tried to nine tenths at least. A family that appears moves its outcomes half as far as one that changes
    them.
    """
    largest: dict[tuple[Statistic, str, str], int] = {}
    for seed in (1, 2):
        for moves in random_contributions(seed).values():
            for name, moved in moves.items():
                largest[name] = max(largest.get(name, 0), squared(moved))
    for block in plan_of(everything_shipped()).blocks:
        halved = (
            everything_shipped().cohort(block.cohort).unit is Unit.FAMILY and block.statistic is not Statistic.TOTAL
        )
        share = Fraction(9 if "sum" in block.statistic else 10, 20 if halved else 10)
        assert largest[name_of(block)] >= (block.sensitivity * share) ** 2, name_of(block)


@pytest.mark.parametrize("seed", [1, 2])
def test_no_child_of_all_sources_costs_more_than_the_plan(seed: int) -> None:
    plan = plan_of(everything_shipped())
    dearest = sum(_largest_price(plan, random_contributions(seed), source) for source in Source)
    assert dearest <= Fraction(plan.rho_units, UNITS_PER_RHO) <= Fraction(RHO_UNITS, UNITS_PER_RHO)


@pytest.mark.parametrize(
    "indicators",
    [
        ("cla_31_march", "placed_foster", "placed_childrens_home"),
        ("referrals", "referral_nfa", "cin_any_point"),
        ("cla_31_march", "placed_foster", "cin_open_31_march", "referrals", "referral_nfa"),
        ("cla_31_march", "sdq_mean", "sdq_normal", "sdq_concern", "sdq_borderline", "sdq_coverage"),
    ],
    ids=["children", "events", "two sources", "a mean"],
)
def test_some_child_costs_all_of_a_plan(indicators: tuple[str, ...]) -> None:
    """A plan whose outcomes one child can have together costs what its dearest child costs, and not more."""
    plan = plan_of(everything_shipped(), *indicators)
    sources = {everything_shipped().cohort(block.cohort).source.value for block in plan.blocks}
    dearest = sum(
        (
            max(_largest_price(plan, random_contributions(seed), source) for seed in (1, 2))
            for source in sorted(sources)
        ),
        Fraction(0),
    )
    assert 0 <= Fraction(plan.rho_units, UNITS_PER_RHO) - dearest < Fraction(1, UNITS_PER_RHO)


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_taking_a_child_away_changes_one_cell_of_each_table_by_what_the_child_adds(seed: int) -> None:
    """The whole vector with and without one child of all sources, all other records kept."""
    framework = everything_shipped()
    plan = plan_of(framework)
    children = population(seed, 40)
    child = {f"{source}-{seed}": children[f"{source}-{seed}"] for source in Source}
    rest = {name: rows for name, rows in children.items() if name not in child}
    change = [a - b for a, b in zip(_vector(children, framework, plan), _vector(rest, framework, plan), strict=True)]
    assert change == _vector(child, framework, plan)
    assert not any(_vector({}, framework, plan))
    for block in plan.blocks:
        moved = change[block.indices]
        assert sum(entry != 0 for entry in moved) <= 1
        assert squared(moved) <= block.sensitivity**2
    assert _price(plan, lambda block: change[block.indices]) <= Fraction(plan.rho_units, UNITS_PER_RHO)


# Positive controls: without one of the guards, the same observations break the bound.


def _exceeds(contributions: Contributions, plan: ReleasePlan) -> bool:
    sensitivity = {name_of(block): block.sensitivity for block in plan.blocks}
    return any(
        squared(moved) > sensitivity[name] ** 2 for moves in contributions.values() for name, moved in moves.items()
    )


def test_without_the_event_cap_a_child_moves_more(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of(everything_shipped(), "referrals", "referral_nfa")
    children = with_characteristics(population(1, 60))
    assert not _exceeds(contributions(children, everything_shipped(), plan), plan)
    members = measure._Measuring._members
    monkeypatch.setattr(measure._Measuring, "_members", lambda self, cohort, _event_cap: members(self, cohort, 99))
    assert _exceeds(contributions(children, everything_shipped(), plan), plan)


def test_without_one_row_a_child_a_child_moves_more(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of(everything_shipped(), "cla_31_march", "placed_foster")
    children = with_characteristics(population(1, 60))
    assert not _exceeds(contributions(children, everything_shipped(), plan), plan)
    members = measure._Measuring._members
    monkeypatch.setattr(
        measure._Measuring,
        "_members",
        lambda self, cohort, cap: f"{members(self, cohort, cap)} UNION ALL {members(self, cohort, cap)}",
    )
    assert _exceeds(contributions(children, everything_shipped(), plan), plan)


def _altered(indicator_id: str, **changes: object) -> Framework:
    """The framework with one indicator changed, past the checker."""
    framework = everything_shipped()
    return framework.model_copy(
        update={
            "indicators": tuple(
                indicator.model_copy(update=changes) if indicator.id == indicator_id else indicator
                for indicator in framework.indicators
            )
        }
    )


def test_without_clipping_a_child_moves_more(monkeypatch: pytest.MonkeyPatch) -> None:
    framework = _altered("sdq_mean", bounds=(10, 20))
    plan = plan_of(framework, "sdq_mean")
    children = with_characteristics(population(1, 300))
    assert not _exceeds(contributions(children, framework, plan), plan)
    join = measure._Measuring._outcome_join
    monkeypatch.setattr(
        measure._Measuring,
        "_outcome_join",
        lambda self, cohort, indicator, alias, **_: join(self, cohort, indicator, alias, clip=False),
    )
    assert _exceeds(contributions(children, framework, plan), plan)


def test_without_the_ages_a_child_costs_more() -> None:
    """Cohorts of different ages exclude each other in the price; without the age test one child pays in both."""
    framework = everything_shipped()
    plan = plan_of(framework, "care_leaver_eet_17_18", "care_leaver_eet_19_21")
    children = with_characteristics(population(1, 300))
    ageless = framework.model_copy(
        update={"cohorts": tuple(cohort.model_copy(update={"ages": None}) for cohort in framework.cohorts)}
    )
    price = Fraction(plan.rho_units, UNITS_PER_RHO)
    assert _largest_price(plan, contributions(children, framework, plan), "ssda903") <= price
    assert _largest_price(plan, contributions(children, ageless, plan), "ssda903") > price


def test_a_definition_that_compares_children_is_noticed() -> None:
    """The checker refuses such a definition; were it let through, one child would move all the others."""
    average = "SELECT child_id FROM looked_after_child WHERE age >= (SELECT avg(age) FROM looked_after_child)"
    framework = _altered("placed_foster", outcome=average)
    plan = plan_of(framework, "placed_foster")
    children = with_characteristics(population(1, 30))
    for child, rows in children.items():
        if child.startswith("ssda903"):
            rows["looked_after_child"] = [{"sex": "female", "age": 17 if child == "ssda903-0" else 10}]
    rest = {child: rows for child, rows in children.items() if child != "ssda903-0"}
    block = plan.block(Statistic.CONTRAST, "placed_foster")
    change = _vector(children, framework, plan)[block.start] - _vector(rest, framework, plan)[block.start]
    assert abs(change) > block.sensitivity
