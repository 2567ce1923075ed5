"""If the accuracy benchmark measured something else than the product, its figures would be claims without a ground.

A short run of the benchmark beside this file: its aims are reached, figures from variances agree with drawn noise, and
each part that makes a figure good moves it when it is switched off. All draws are seeded but those of OpenDP's noise,
which takes no seed; tests that use it state how often they fail by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2

from coordinator.estimates.agreement import Agreement, Part, agree
from frameworks.accounting import UNITS_PER_RHO, epsilon_from_rho, rho_from_epsilon, rho_units_up
from frameworks.blocks import OVERALL, Block, Statistic
from frameworks.cost import worst_child
from frameworks.plan import ReleasePlan
from frameworks.replacement import replace_one_rho_units
from node.noise import add_noise
from tests.benchmarks import accuracy, coverage, hybrid
from tests.benchmarks.accuracy import DELTA, WHOLE_BUDGET, Figure, Setting, as_json, as_text
from tests.benchmarks.coverage import Noise, cases, drawn, mean_of, score_intervals
from tests.benchmarks.england import CHILDREN, FRAMEWORK, TABLES, Area, council_sizes, england_rates, simulated_england
from tests.benchmarks.hybrid import (
    ENGLAND,
    DiscreteGaussian,
    Plans,
    agreement,
    answers,
    hybrid_plans,
    nothing,
    plan_of,
    planned,
    simulate,
)
from tests.benchmarks.residual_planner import OBJECTIVES, agreed_variance, optimal_variance

SEED = 11
REPETITIONS = 12
RHO = rho_from_epsilon(1.0, DELTA)
AIMS = {
    "england_hybrid_rmse_pp",
    "england_full_rmse_pp",
    "yes_no_ratio",
    "split_ratio",
    "laplace_zcdp_ratio",
    "optimal_variance_ratio",
    "council_eb_rmse_pp",
    "coverage_min",
    "coverage_max_interior",
    "coverage_max_boundary",
    "bad_intervals",
}


@pytest.fixture(scope="module")
def setting() -> Setting:
    """The simulated England of the short run."""
    law = DiscreteGaussian(np.random.default_rng(SEED))
    return Setting(SEED, simulated_england(SEED), RHO, REPETITIONS, law)


@pytest.fixture(scope="module")
def measured() -> tuple[dict[str, float], dict[str, Figure]]:
    """The short run itself."""
    cost, figures = accuracy.measure(REPETITIONS, SEED)
    return cost, {figure.key: figure for figure in figures}


def test_every_aim_is_reached(measured: tuple[dict[str, float], dict[str, Figure]]) -> None:
    """At epsilon 1 under add/remove, and by figures that are there under their names."""
    cost, figures = measured
    assert {key for key, figure in figures.items() if figure.has_aim} >= AIMS
    assert [key for key, figure in figures.items() if not figure.reached] == []
    assert 0.9999 < cost["epsilon"] <= 1.0
    assert 1.8 < cost["replace_one_epsilon"] < 2.0


def test_variances_and_drawn_noise_tell_the_same(measured: tuple[dict[str, float], dict[str, Figure]]) -> None:
    """Within 3 standard errors; OpenDP's, of twelve repetitions, within 8: more in fewer than 1 of 100,000 runs."""
    _, figures = measured
    drawn_too = {key: figure for key, figure in figures.items() if figure.simulated is not None}
    assert len(drawn_too) >= 8
    for key, figure in drawn_too.items():
        assert figure.simulated is not None
        reach = 8 if key == "england_full_rmse_pp" else 3
        assert abs(figure.value - figure.simulated.rmse) <= reach * figure.simulated.standard_error, key


def test_a_figure_says_what_it_is_compared_with(measured: tuple[dict[str, float], dict[str, Figure]]) -> None:
    """Keys are unique, and the hybrid plan, which is the one that is run, comes first."""
    cost, figures = measured
    listed = list(figures.values())
    found = as_json(cost, listed)
    assert len({figure.key for figure in listed}) == len(listed)
    assert next(iter(found)) == "england_hybrid_rmse_pp"
    assert all(found["details"][figure.key]["compared"] for figure in listed)
    assert len(list(as_text(cost, listed))) == len(listed) + 1


def test_steadying_carries_the_councils_figure(measured: tuple[dict[str, float], dict[str, Figure]]) -> None:
    """Cut to 0..100 % alone they miss the aim by far; steadied intervals hold the truth on average, not far out."""
    _, figures = measured
    assert figures["council_eb_rmse_pp"].value < 3.7 < 5 < figures["council_clamped_rmse_pp"].value
    assert figures["council_eb_rmse_pp"].value < figures["council_eb_rmse_pp_half_share"].value
    assert 0.93 < figures["council_eb_coverage"].value < 0.97
    assert figures["council_eb_coverage_far"].value < 0.9


def test_louder_noise_than_the_plan_says_is_noticed(setting: Setting) -> None:
    """Positive control: noise half as large again is not within the simulated error's reach."""

    def louder(plan: ReleasePlan, area: Area) -> Sequence[int]:
        exact = area.vector(plan)
        return [
            entry + round(1.5 * (noised - entry)) for noised, entry in zip(setting.law(plan, area), exact, strict=True)
        ]

    plans = hybrid_plans(RHO, WHOLE_BUDGET)
    analytic = setting.england(plans)
    assert simulate(plans, setting.simulated, setting.law, 30).agrees(analytic)
    assert not simulate(plans, setting.simulated, louder, 30).agrees(analytic)


def test_least_squares_carry_the_figure(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    """Positive control: without them England's is its own entry alone, and the aim is missed."""
    plans = hybrid_plans(RHO)
    with_them = setting.england(plans)

    def each_for_itself(root: Part) -> Agreement:
        return agree(replace(root, partitions=()))

    monkeypatch.setattr(hybrid, "agree", each_for_itself)
    without = setting.england(plans)
    assert with_them < 0.105 < 1.5 * with_them < without
    assert plans.england is not None
    assert without == pytest.approx(setting.england(Plans(None, plans.england, None)))


def test_the_planner_carries_the_figure(setting: Setting) -> None:
    """The same budget without it leaves a fifth more error in England's headlines."""
    assert setting.england(hybrid_plans(RHO)) > 1.2 * setting.england(hybrid_plans(RHO, objective=setting.objective))


def test_least_squares_are_those_of_the_whole_matrix(setting: Setting) -> None:
    """England's variance by the normal equations over every council, region and cell, unknowns written out."""
    plans = hybrid_plans(RHO, objective=setting.objective)
    given = answers(plans, setting.simulated, nothing)
    assert given.england is not None
    councils = len(setting.simulated.councils)
    free = councils + sum(len(table.levels) - 1 for table in TABLES)
    england = np.array([1.0] * councils + [0.0] * (free - councils))
    rows, variances = [england], [given.england.sums(Statistic.TOTAL, "some", OVERALL, "")[0].variance]
    start = councils
    for table in TABLES:
        cells = [np.eye(free)[start + level] for level in range(len(table.levels) - 1)]
        rows += [*cells, england - np.sum(cells, axis=0)]
        variances += [cell.variance for cell in given.england.sums(Statistic.TOTAL, "some", table.id, "")]
        start += len(cells)
    first = 0
    for name, listed in setting.simulated.regions.items():
        members = np.eye(free)[first : first + len(listed)]
        rows += [members.sum(axis=0), *members]
        variances += [
            given.regions[name].sums(Statistic.TOTAL, "some", OVERALL, "")[0].variance,
            *(sent.sums(Statistic.TOTAL, "some", OVERALL, "")[0].variance for sent in given.councils[name]),
        ]
        first += len(listed)
    design = np.array(rows)
    covariance = np.linalg.inv(design.T @ (design / np.array(variances)[:, None]))
    ours = agreement(given, Statistic.TOTAL, "some").sum(ENGLAND).variance
    assert ours == pytest.approx(float(england @ covariance @ england), rel=1e-9)


def test_a_plan_put_together_from_tables_costs_what_the_product_charges(setting: Setting) -> None:
    """The dearest child over all blocks pays the sum of the tables' costs, which the budget holds and nearly fills."""
    for plan in (plan_of(RHO, TABLES), planned(RHO, TABLES, setting.objective), plan_of(RHO / 2)):
        cost = worst_child((FRAMEWORK.cohort(block.cohort), block.statistic, block.cost) for block in plan.blocks)
        assert 0 <= plan.rho_units - rho_units_up(cost) <= len(plan.breakdowns)
        assert [block.start for block in plan.blocks[1:]] == [block.start + block.length for block in plan.blocks[:-1]]
    assert 0.999 * RHO < plan_of(RHO, TABLES).rho_units / UNITS_PER_RHO <= RHO


def test_the_replace_one_figure_is_the_references(setting: Setting) -> None:
    """At epsilon 1 a child's every answer is protected by 1.90 (privacy reference 3.2), up to our totals' weights."""
    plan = plan_of(RHO, TABLES)
    assert epsilon_from_rho(replace_one_rho_units(FRAMEWORK, plan) / UNITS_PER_RHO, DELTA) == pytest.approx(1.90, 0.02)


def test_no_division_between_tables_beats_residual_planner() -> None:
    """The closed form is a lower bound: random divisions, made to agree by the product, all leave more variance."""
    rng = np.random.default_rng(SEED)
    for cells in OBJECTIVES.values():
        for shares in rng.dirichlet(np.ones(len(cells)), 20):
            assert agreed_variance(cells, dict(zip(cells, shares, strict=True))) > optimal_variance(cells)


def test_intervals_computed_at_once_are_the_products() -> None:
    """Of cohorts down to one child, where totals are negative and contrasts beyond them."""
    law = DiscreteGaussian(np.random.default_rng(SEED))
    noise = Noise.of(plan_of(RHO), "whole")
    for size in (1, 12, 60, 150, 411):
        draws = drawn(size, 0.05, noise, 200, law)
        for sampling in (True, False):
            lower, upper = score_intervals(draws.contrast, draws.total, noise, sampling=sampling)
            for index in range(200):
                mean = mean_of(float(draws.contrast[index]), float(draws.total[index]), noise)
                interval = mean.interval(sampling=sampling)
                assert (interval.lower, interval.upper) == pytest.approx((lower[index], upper[index]), abs=1e-12)


def test_intervals_that_ignore_the_noise_fail_the_coverage_aim(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Positive control: as most published intervals do (privacy reference 7.2)."""
    noise = Noise.of(plan_of(RHO), "whole")
    quiet = Noise.of(plan_of(400 * RHO), "whole")

    def least() -> float:
        found = cases([noise], 2_000, setting.law, sizes=(150, 300, 800), rates=(0.2, 0.5))
        return coverage.coverage(found, 2_000).least

    assert least() > 0.93
    honest = score_intervals
    monkeypatch.setattr(
        coverage,
        "score_intervals",
        lambda contrast, total, _, *, sampling: honest(contrast, total, quiet, sampling=sampling),
    )
    assert least() < 0.8


def test_quick_noise_has_the_law_of_the_nodes() -> None:
    """Chi-squared against the exact probabilities, numpy's by inversion and OpenDP's through the node's own noise.

    OpenDP's fails by chance in 1 of a million runs.
    """
    count, sigma_units = 20_000, 4_301
    block = Block(Statistic.TOTAL, "whole", "", OVERALL, ("",) * count, 0, 1, 1, sigma_units)
    plan = replace(plan_of(RHO), blocks=(block,), breakdowns=())
    sigma = sigma_units / 1024
    values = np.arange(-60, 61)
    weights = np.exp(-(values**2) / (2 * sigma**2))
    edges = np.arange(-9, 10)
    expected = count * np.add.reduceat(weights / weights.sum(), [0, *(edges + 60)])
    for noised in (
        add_noise(plan, [0] * count),
        DiscreteGaussian(np.random.default_rng(SEED)).draw(sigma_units, count).tolist(),
    ):
        found = np.bincount(np.searchsorted(edges, noised, side="right"), minlength=len(edges) + 1)
        assert float(((found - expected) ** 2 / expected).sum()) < chi2.isf(1e-6, len(edges))


def test_england_is_as_the_reference_says() -> None:
    """Sizes, rates and spread of privacy reference 6 and 3.2, and exact counts that add up in every way."""
    sizes = sorted(council_sizes())
    assert (len(sizes), sum(sizes), sizes[76]) == (153, CHILDREN, 411)
    assert 45 <= sizes[0] <= 60
    assert 2_000 <= sizes[-1] <= 2_103
    rates = np.array(list(england_rates().values()))
    assert (rates.mean(), ((2 * rates - 1) ** 2).mean()) == pytest.approx((0.45, 0.368), abs=0.002)
    simulated = simulated_england(SEED)
    whole = [one for one in FRAMEWORK.indicators if one.cohort == "whole"]
    spread = [np.std([council.rate(one) for council in simulated.councils]) for one in whole]
    assert np.sqrt(np.mean(np.square(spread))) == pytest.approx(0.06, abs=0.004)
    plan = plan_of(RHO, TABLES)
    exact = simulated.whole.vector(plan)
    for block in plan.blocks:
        name = block.cohort if block.statistic is Statistic.TOTAL else block.indicator
        assert sum(exact[block.indices]) == sum(exact[plan.block(block.statistic, name).indices])
    headline = plan_of(RHO)
    councils = np.array([council.vector(headline) for council in simulated.councils])
    assert councils.sum(axis=0).tolist() == exact[: headline.length]
