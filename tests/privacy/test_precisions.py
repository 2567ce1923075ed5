"""Whatever precisions a coordinator asks for, the plan charges the dearest child, exactly, and no other.

The maximum is over the weighted sum: the child that moves most numbers need not be the dearest (privacy reference 3.3).
If this failed, a coordinator could choose precisions under which some child pays more than any ledger records. Costs
are fractions; nothing here is rounded.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from fractions import Fraction
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frameworks.accounting import UNITS_PER_RHO
from frameworks.blocks import OVERALL, Block
from frameworks.model import BREAKDOWNS, Source
from frameworks.plan import ReleasePlan, compile_plan
from frameworks.replacement import replace_one_rho_units
from frameworks.tables import CHILD_TABLE
from tests.frameworks.shipped import everything_shipped
from tests.privacy.contributions import (
    BlockName,
    Contributions,
    name_of,
    plan_of,
    random_contributions,
    request_of,
    squared,
)
from tests.privacy.random_children import YEAR, population

SEED = 1
PLANS: Mapping[str, tuple[str, ...]] = {
    "children": ("cla_31_march", "placed_foster", "placed_childrens_home"),
    "events": ("referrals", "referral_nfa", "cin_any_point"),
    "two sources": ("cla_31_march", "placed_foster", "cin_open_31_march", "referrals", "referral_nfa"),
    "a mean": ("cla_31_march", "sdq_mean", "sdq_coverage"),
    "ages that exclude each other": (
        "care_leaver_he_17_18",
        "care_leaver_he_19_21",
        "care_leaver_suitable_19_21",
        "care_leaver_not_in_touch",
    ),
    "outcomes that exclude each other": (
        "care_leaver_eet_17_18",
        "care_leaver_neet_17_18",
        "care_leaver_activity_unknown_17_18",
        "care_leaver_he_19_21",
    ),
    "everything": (),
}

precisions = st.integers(0, 2**32).map(random.Random)
rhos = st.integers(10**6, 4 * 10**12)


def asked(chance: random.Random, rho_units: int, *indicators: str) -> ReleasePlan:
    """A plan with precisions by chance, from all alike to very unequal."""
    likely = chance.choice(((1,), (1, 2, 5), (1, 40), (1, 10**3, 2**32 - 1)))
    numbers = tuple(chance.choice(likely) for _ in range(_blocks(*indicators)))
    request = request_of(everything_shipped(), *indicators)
    changes = {"rho_units": rho_units, "precisions": numbers}
    return compile_plan(everything_shipped(), "collection", YEAR, request.model_copy(update=changes))


@cache
def _blocks(*indicators: str) -> int:
    return len(plan_of(everything_shipped(), *indicators).blocks)


@cache
def _children() -> dict[Source, tuple[tuple[str, ...], npt.NDArray[np.float64], tuple[tuple[str, ...], ...]]]:
    """By source: ids, what each adds to every overall entry (one row a child), and each one's level by breakdown."""
    found = random_contributions(SEED)
    records = population(SEED, 400)
    of_source = {}
    for source in Source:
        ids = tuple(child for child in found if child.startswith(f"{source}-"))
        rows = np.array([[entry for moves in found[child].values() for entry in moves] for child in ids], dtype=float)
        of_source[source] = (ids, rows, tuple(_levels(source, records[child][CHILD_TABLE[source]][0]) for child in ids))
    return of_source


def _levels(source: Source, row: Mapping[str, object]) -> tuple[str, ...]:
    known = () if source is Source.FAMILIES else BREAKDOWNS
    return tuple(
        str(row[one.id]) if one in known and row.get(one.id) in one.levels else "unknown" for one in BREAKDOWNS
    )


def _prices(plan: ReleasePlan, table: str, contributions: Contributions) -> npt.NDArray[np.float64]:
    """1/(2 sigma^2) of each overall entry in the order of `_children`, 0 for those of no block of the table."""
    price = {name_of(block): float(block.cost_of(1)) for block in plan.blocks if block.breakdown == table}
    first = next(iter(contributions.values()))
    assert price.keys() <= first.keys()
    return np.concatenate([np.full(len(moves), price.get(name, 0.0)) for name, moves in first.items()])


def _exactly(plan: ReleasePlan, moved: Mapping[str, Mapping[BlockName, int]]) -> Fraction:
    """rho of what is moved, by table and block squared."""

    def cost(block: Block) -> Fraction:
        return block.cost_of(moved[block.breakdown].get(name_of(block), 0))

    return sum(map(cost, plan.blocks), Fraction(0))


def dearest_child(plan: ReleasePlan, source: Source) -> Fraction:
    """The exact cost of the dearest child found in a source, added or removed."""
    found = random_contributions(SEED)
    ids, rows, _ = _children()[source]
    tables = {block.breakdown for block in plan.blocks}
    cost = (rows**2) @ sum(_prices(plan, table, found) for table in tables)
    likely = np.flatnonzero(cost >= cost.max() * (1 - 1e-9))[:5]
    squares = [{name: squared(moves) for name, moves in found[ids[child]].items()} for child in likely]
    return max(_exactly(plan, {table: moved for table in tables}) for moved in squares)


def dearest_replacement(plan: ReleasePlan, source: Source) -> Fraction:
    """The exact cost of the dearest pair found in a source, one in place of the other."""
    found = random_contributions(SEED)
    ids, rows, levels = _children()[source]
    cost = np.zeros((len(ids), len(ids)))
    for table in {block.breakdown for block in plan.blocks}:
        weighted = rows * _prices(plan, table, found)
        norms = np.sum(weighted * rows, axis=1)
        together = weighted @ rows.T
        cost += norms[:, None] + norms[None, :] - 2 * np.where(_same_cell(levels, table), together, 0)
    return max(
        _exactly(plan, _replaced(found, (ids[one], levels[one]), (ids[other], levels[other])))
        for one, other in np.argwhere(cost >= cost.max() * (1 - 1e-9))[:5]
    )


def sources_of(plan: ReleasePlan) -> set[Source]:
    """The sources of a plan's cohorts."""
    return {everything_shipped().cohort(block.cohort).source for block in plan.blocks}


def _place(table: str) -> int:
    return [breakdown.id for breakdown in BREAKDOWNS].index(table)


def _same_cell(levels: tuple[tuple[str, ...], ...], table: str) -> npt.NDArray[np.bool_]:
    if table == OVERALL:
        return np.ones((len(levels), len(levels)), dtype=bool)
    own = np.array([of_child[_place(table)] for of_child in levels])
    return np.asarray(own[:, None] == own[None, :])


def _replaced(
    found: Contributions, one: tuple[str, tuple[str, ...]], other: tuple[str, tuple[str, ...]]
) -> dict[str, dict[BlockName, int]]:
    moved: dict[str, dict[BlockName, int]] = {}
    for table in (OVERALL, *(breakdown.id for breakdown in BREAKDOWNS)):
        same = table == OVERALL or one[1][_place(table)] == other[1][_place(table)]
        moved[table] = {
            name: squared(a - b for a, b in zip(moves, found[other[0]][name], strict=True))
            if same
            else squared(moves) + squared(found[other[0]][name])
            for name, moves in found[one[0]].items()
        }
    return moved


@pytest.mark.parametrize("name", PLANS)
@settings(max_examples=8, deadline=None)
@given(chance=precisions, rho_units=rhos)
def test_no_child_costs_more_than_the_plan_and_the_plan_no_more_than_was_asked(
    name: str, chance: random.Random, rho_units: int
) -> None:
    plan = asked(chance, rho_units, *PLANS[name])
    cost = sum(dearest_child(plan, source) for source in sources_of(plan))
    assert cost <= Fraction(plan.rho_units, UNITS_PER_RHO) <= Fraction(rho_units, UNITS_PER_RHO)


@pytest.mark.parametrize("name", [name for name in PLANS if name != "everything"])
@settings(max_examples=8, deadline=None)
@given(chance=precisions, rho_units=rhos)
def test_some_child_costs_all_of_the_plan_to_the_last_unit(name: str, chance: random.Random, rho_units: int) -> None:
    """Where one child can have all outcomes together. What is asked for is reached but for the rounding of sigma."""
    plan = asked(chance, rho_units, *PLANS[name])
    cost = sum(dearest_child(plan, source) for source in sources_of(plan))
    assert Fraction(plan.rho_units, UNITS_PER_RHO) - cost < Fraction(1, UNITS_PER_RHO)
    coarsest = min(block.sigma_units for block in plan.blocks)
    assert plan.rho_units >= rho_units * (1 - Fraction(2, coarsest)) - 1


@pytest.mark.parametrize("name", PLANS)
@settings(max_examples=4, deadline=None)
@given(chance=precisions, rho_units=rhos)
def test_no_child_in_place_of_another_costs_more_than_the_replace_one_figure(
    name: str, chance: random.Random, rho_units: int
) -> None:
    plan = asked(chance, rho_units, *PLANS[name])
    cost = sum(dearest_replacement(plan, source) for source in sources_of(plan))
    assert cost <= Fraction(replace_one_rho_units(everything_shipped(), plan), UNITS_PER_RHO)


@settings(max_examples=8, deadline=None)
@given(chance=precisions, total=st.integers(1, 6))
def test_some_pair_costs_all_of_the_replace_one_figure_where_totals_are_no_dearer_than_three_times_the_answers(
    chance: random.Random, total: int
) -> None:
    framework = everything_shipped()
    request = request_of(framework, *PLANS["children"]).model_copy(update={"breakdowns": ("sex",)})
    contrasts = [chance.randint(1, 9) for _ in range(4)]
    numbers = (min(total, 3 * sum(contrasts[:2])), *contrasts[:2], min(total, 3 * sum(contrasts[2:])), *contrasts[2:])
    plan = compile_plan(framework, "collection", YEAR, request.model_copy(update={"precisions": numbers}))
    figure = Fraction(replace_one_rho_units(framework, plan), UNITS_PER_RHO)
    assert 0 <= figure - dearest_replacement(plan, Source.SSDA903) < Fraction(1, UNITS_PER_RHO)


def test_control_the_child_that_moves_most_numbers_is_not_the_dearest() -> None:
    """The reference's example, found again: precisions that make one age dear, whose children move fewer numbers."""
    framework = everything_shipped()
    names = PLANS["ages that exclude each other"]
    dear = tuple(30 if block.cohort.endswith("17_18") else 1 for block in plan_of(framework, *names).blocks)
    request = request_of(framework, *names).model_copy(update={"precisions": dear})
    plan = compile_plan(framework, "collection", YEAR, request)
    found = random_contributions(SEED)
    tables = {block.breakdown for block in plan.blocks}
    squares = {
        child: {name: squared(entries) for name, entries in moves.items()}
        for child, moves in found.items()
        if child.startswith("ssda903-")
    }
    moving = {name_of(block) for block in plan.blocks}
    most = max(squares, key=lambda child: sum(square for name, square in squares[child].items() if name in moving))
    unweighted = _exactly(plan, {table: squares[most] for table in tables})
    assert unweighted < Fraction(plan.rho_units, UNITS_PER_RHO) / 2 < dearest_child(plan, Source.SSDA903)
