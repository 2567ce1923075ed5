"""If these failed, a release would spend a child's privacy on noise in the wrong places."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from coordinator.planning.effects import squared_effect, statistic_of, users_of
from coordinator.planning.weights import Objective, optimal_precisions, table_split
from frameworks.blocks import OVERALL
from frameworks.catalogue import load_framework
from frameworks.model import BREAKDOWNS, Framework
from frameworks.plan import ReleasePlan, ReleaseRequest, compile_plan
from tests.frameworks.small import small_framework

FRAMEWORK = small_framework()
RHO_UNITS = 20_187_000_000
TABLES = {name: (count, 1.0) for name, count in zip("abcdef", (1, 2, 4, 5, 6, 9), strict=True)}


def plan_of(framework: Framework, *indicators: str, breakdowns: tuple[str, ...] = (), **rest: object) -> ReleasePlan:
    values = {"id": "r", "mode": "council", "indicators": indicators, "breakdowns": breakdowns, "rho_units": RHO_UNITS}
    return compile_plan(framework, "c", 2025, ReleaseRequest.model_validate(values | rest))


def weighted_error(framework: Framework, plan: ReleasePlan, objective: Objective) -> float:
    """What the optimiser is to make small, computed from the plan's noise alone."""
    overall = tuple(block for block in plan.blocks if block.breakdown == OVERALL)
    sizes = objective.sizes_of(block.cohort for block in overall)
    error = 0.0
    for like in overall:
        tables = [block for block in plan.blocks if statistic_of(block) == statistic_of(like)]
        whole = 1 / sum(1 / (len(block.levels) * block.variance) for block in tables)
        cells = sum(
            objective.table_weight(block.breakdown)
            * (block.variance * (1 - 1 / len(block.levels)) + whole / len(block.levels) ** 2)
            for block in tables
        )
        effect = sum(
            objective.indicators.get(indicator.id, 1.0) * squared_effect(indicator, like)
            for indicator in users_of(framework, like, overall)
        )
        error += effect * cells / sizes[like.cohort] ** 2
    return error


def table_error(shares: dict[str, float], tables: dict[str, tuple[int, float]]) -> float:
    whole = 1 / sum(shares[name] / cells for name, (cells, _) in tables.items())
    return sum(weight * ((1 - 1 / cells) / shares[name] + whole / cells**2) for name, (cells, weight) in tables.items())


@given(weights=st.lists(st.floats(0.05, 50), min_size=6, max_size=6))
@settings(max_examples=20, deadline=None)
def test_no_other_division_between_tables_has_a_smaller_error(weights: list[float]) -> None:
    tables = {name: (cells, weight) for (name, (cells, _)), weight in zip(TABLES.items(), weights, strict=True)}
    found = table_split(tables)
    assert sum(found.values()) == pytest.approx(1)

    def error(logs: np.ndarray) -> float:
        shares = np.exp(logs - logs.max())
        return table_error(dict(zip(tables, shares / shares.sum(), strict=True)), tables)

    best = min(
        optimize.minimize(error, start, method="Nelder-Mead", options={"maxiter": 20_000, "xatol": 1e-6}).fun
        for start in (np.zeros(6), np.log(np.maximum([found[name] for name in tables], 1e-12)))
    )
    assert table_error(found, tables) <= best * (1 + 1e-4)


@pytest.mark.parametrize("breakdowns", [(), ("sex",), ("sex", "age_band", "ethnicity_major")])
@pytest.mark.parametrize(
    "indicators",
    [
        ("children", "healthy", "score"),
        ("healthy", "developed", "convicted"),
        ("healthy", "returned", "helped"),
        ("absence",),
        ("responded", "mood"),
        ("settled", "first_need"),
    ],
)
def test_the_error_is_never_larger_than_at_the_default_and_the_cost_no_higher(
    indicators: tuple[str, ...], breakdowns: tuple[str, ...]
) -> None:
    objective = Objective({"looked_after": 80_000, "infants": 9_000, "teenagers": 30_000, "in_need": 400_000})
    default = plan_of(FRAMEWORK, *indicators, breakdowns=breakdowns)
    precisions = optimal_precisions(FRAMEWORK, default, objective)
    chosen = plan_of(FRAMEWORK, *indicators, breakdowns=breakdowns, precisions=precisions)
    assert chosen.rho_units <= RHO_UNITS
    assert weighted_error(FRAMEWORK, chosen, objective) <= weighted_error(FRAMEWORK, default, objective) * 1.001


def test_no_other_division_between_cohorts_of_different_ages_has_a_smaller_error() -> None:
    """Infants and teenagers exclude each other: what one pays costs the other nothing."""
    objective = Objective({"looked_after": 80_000, "infants": 9_000, "teenagers": 30_000})
    asked = ("healthy", "developed", "convicted")
    draft = plan_of(FRAMEWORK, *asked)

    def error(logs: np.ndarray) -> float:
        precisions = tuple(max(1, round(value)) for value in 1e6 * np.exp(logs - logs.max()))
        return weighted_error(FRAMEWORK, plan_of(FRAMEWORK, *asked, precisions=precisions), objective)

    chosen = optimal_precisions(FRAMEWORK, draft, objective)
    found = optimize.minimize(error, np.log(np.array(chosen, dtype=float)), method="Nelder-Mead")
    assert error(np.log(np.array(chosen, dtype=float))) <= found.fun * 1.001
    other = optimize.minimize(error, np.zeros(len(chosen)), method="Nelder-Mead", options={"maxiter": 4_000})
    assert error(np.log(np.array(chosen, dtype=float))) <= other.fun * 1.01


def test_a_weight_moves_precision_to_what_it_names() -> None:
    draft = plan_of(FRAMEWORK, "healthy", "score", breakdowns=("sex",))

    def precision_of(objective: Objective, name: str, breakdown: str) -> float:
        chosen = optimal_precisions(FRAMEWORK, draft, objective)
        return next(
            precision / sum(chosen)
            for block, precision in zip(draft.blocks, chosen, strict=True)
            if (block.indicator, block.breakdown) == (name, breakdown)
        )

    plain = Objective()
    assert precision_of(Objective(indicators={"healthy": 9}), "healthy", "") > 1.5 * precision_of(plain, "healthy", "")
    assert precision_of(Objective(tables={"sex": 90}), "healthy", "sex") > precision_of(plain, "healthy", "sex")
    assert precision_of(Objective(tables={"": 0.01}), "healthy", "") < precision_of(plain, "healthy", "")


def test_the_whole_catalogue_is_planned_in_a_moment() -> None:
    framework = load_framework("outcomes-2019")
    indicators = tuple(i.id for i in framework.indicators if framework.cohort(i.cohort).unit != "event")
    breakdowns = tuple(breakdown.id for breakdown in BREAKDOWNS)
    draft = plan_of(framework, *indicators, breakdowns=breakdowns)
    chosen = optimal_precisions(framework, draft, Objective())
    assert len(chosen) == len(draft.blocks)
    assert all(1 <= precision < 2**32 for precision in chosen)
    assert math.isfinite(sum(chosen))
