"""If these failed, an operator would open a collection whose figures are noise, or never dare to open one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from coordinator.data import current_councils, population_for, regions
from coordinator.planning.expected_error import ExpectedError, expected_errors
from coordinator.planning.sizes import england_sizes, population_shares
from frameworks.blocks import Statistic
from frameworks.catalogue import load_framework
from frameworks.plan import ReleasePlan, ReleaseRequest, compile_plan
from frameworks.shares import SecureTerms

FRAMEWORK = load_framework("outcomes-2019")
POPULATION = population_for(2025)
DRAWS = 40_000


def plan_of(*indicators: str, groups: str = "", breakdowns: tuple[str, ...] = (), rho: float = 0.02) -> ReleasePlan:
    request = ReleaseRequest(
        id="r",
        mode="secure" if groups else "council",
        indicators=indicators,
        breakdowns=breakdowns,
        rho_units=round(rho * 10**12),
        secure=SecureTerms.model_validate({"groups": groups, "largest_group": 153}) if groups else None,
    )
    return compile_plan(FRAMEWORK, "c", 2025, request)


def errors(*plans: ReleasePlan) -> dict[str, ExpectedError]:
    return {error.indicator: error for error in expected_errors(FRAMEWORK, plans, POPULATION)}


def drawn(plan: ReleasePlan, statistic: Statistic, name: str, noises: int, size: int = 1) -> np.ndarray:
    """The noise on an overall sum of `noises` releases, many times."""
    block = plan.block(statistic, name)
    return np.random.default_rng(20260331).normal(0, block.sigma * math.sqrt(noises), (DRAWS, size))


def test_a_share_is_as_far_off_as_noise_makes_it() -> None:
    """Standard errors of 40,000 draws are within 1.5 % of their expectation, with 4 standard errors to spare."""
    plan = plan_of("cla_31_march", "placed_foster")
    size, share = england_sizes(FRAMEWORK)["cla_31_march"], 67.0
    england = FRAMEWORK.indicator("placed_foster").england
    assert england is not None
    assert england.value == share
    contrast = size * (2 * share / 100 - 1) + drawn(plan, Statistic.CONTRAST, "placed_foster", 153)[:, 0]
    total = size + np.random.default_rng(7).normal(
        0, plan.block(Statistic.TOTAL, "cla_31_march").sigma * math.sqrt(153), DRAWS
    )
    simulated = float(np.std(50 * (1 + contrast / total)))
    assert errors(plan)["placed_foster"].england == pytest.approx(simulated, rel=0.015)
    counted = errors(plan)["cla_31_march"].england
    per_10_000 = sum(POPULATION.children[code] for code in current_councils()) / 10_000
    assert counted == pytest.approx(float(np.std(total)) / per_10_000, rel=0.015)


def test_a_mean_is_as_far_off_as_noise_makes_it() -> None:
    plan = plan_of("sdq_mean")
    size = england_sizes(FRAMEWORK)["sdq_received"]
    indicator = FRAMEWORK.indicator("sdq_mean")
    assert indicator.bounds is not None
    assert indicator.england is not None
    middle = sum(indicator.bounds) / 2
    block = plan.block(Statistic.CENTRED_SUM, "sdq_mean")
    distances = (
        size * (indicator.england.value - middle)
        + drawn(plan, Statistic.CENTRED_SUM, "sdq_mean", 153)[:, 0] / block.step
    )
    total = size + np.random.default_rng(7).normal(
        0, plan.block(Statistic.TOTAL, "sdq_received").sigma * math.sqrt(153), DRAWS
    )
    assert errors(plan)["sdq_mean"].england == pytest.approx(float(np.std(distances / total)), rel=0.015)


def test_a_sum_that_nobody_opens_spares_england_the_noise_of_all_councils() -> None:
    asked = ("cla_31_march", "placed_foster", "sdq_mean")
    council, england, by_region = plan_of(*asked), plan_of(*asked, groups="england"), plan_of(*asked, groups="regions")
    for name in asked:
        one, all_, nine = (errors(plan)[name] for plan in (council, england, by_region))
        assert one.england is not None
        assert all_.england == pytest.approx(one.england / math.sqrt(153))
        assert nine.england == pytest.approx(one.england * 3 / math.sqrt(153))
        assert (all_.region, all_.council, nine.council) == (None, None, None)
        assert nine.region is not None
        assert one.region is not None
        assert nine.region < one.region


def test_releases_together_are_never_further_off_than_the_best_of_them() -> None:
    asked = ("cla_31_march", "placed_foster")
    plans = [
        plan_of(*asked, rho=0.01),
        plan_of(*asked, rho=0.005, groups="england", breakdowns=("sex", "age_band")),
        plan_of(*asked, rho=0.005, groups="regions", breakdowns=("sex",)),
    ]
    together = errors(*plans)
    for name in asked:
        alone = [errors(plan)[name].england for plan in plans]
        combined = together[name].england
        assert combined is not None
        assert combined < min(error for error in alone if error is not None)
        precision = math.fsum(1 / error**2 for error in alone if error is not None)
        if name == "cla_31_march":
            assert combined == pytest.approx(precision**-0.5)


def test_a_breakdown_s_cells_help_the_headline() -> None:
    plain = plan_of("cla_31_march", "placed_foster", rho=0.01)
    with_table = plan_of("cla_31_march", "placed_foster", breakdowns=("sex",), rho=0.02)
    one, other = (errors(plan)["placed_foster"].england for plan in (plain, with_table))
    assert one is not None
    assert other is not None
    assert other == pytest.approx(one * (1 + 1 / 3) ** -0.5, rel=1e-3)


def test_sizes_are_published_figures_and_shares_add_up() -> None:
    sizes, shares = england_sizes(FRAMEWORK), population_shares(POPULATION)
    assert 80_000 < sizes["cla_31_march"] < 85_000
    assert "feedback_ylyc_1_4_7_invited" not in sizes
    assert sum(shares[code] for code in current_councils()) == pytest.approx(1)
    assert sum(shares[code] for code in regions()) == pytest.approx(1)
    unknown = errors(plan_of("missing_cla"))["missing_cla"]
    assert (unknown.england, unknown.region, unknown.council) == (None, None, None)
