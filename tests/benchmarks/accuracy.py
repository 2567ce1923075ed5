"""How accurate England's figures are at a given privacy cost: `python -m tests.benchmarks.accuracy --format json`.

The simulated England of privacy reference 6 (`tests.benchmarks.england`) through the product's own plans, costs,
planner, least squares, steadying, intervals and publishing rule. Errors are root mean squares over the 30 outcomes, in
percentage points (pp), of the privacy noise alone. Each figure is from variances; where `simulated` stands beside it,
also from drawing the noise (OpenDP's where the whole budget is England's, else numpy's of the same law).

Two ways of dividing a release's noise are named. *Planned*: by the planner's objective, with the headline at its usual
weight. *Equal tables*: every table and outcome the same, as the reference has it. A rival is always set against ours
divided in the same way. The hybrid plan (.5 councils' headlines, .25 England's tables, .25 regions'
headlines) is the one that is run; the whole budget for England's tables shows what theory allows.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from coordinator.planning.weights import Objective, optimal_precisions
from frameworks.accounting import UNITS_PER_RHO, epsilon_from_rho, gaussian_epsilon, rho_from_epsilon
from frameworks.blocks import OVERALL, Statistic
from frameworks.plan import ReleasePlan
from frameworks.replacement import replace_one_rho_units
from node.noise import add_noise
from tests.benchmarks import exclusive_outcomes
from tests.benchmarks.council_headlines import headline_errors
from tests.benchmarks.coverage import Noise, cases, coverage, headline_coverage
from tests.benchmarks.england import COHORT_SHARES, FRAMEWORK, TABLES, Area, SimulatedEngland, simulated_england
from tests.benchmarks.hybrid import (
    DiscreteGaussian,
    Plans,
    Simulated,
    agreements,
    answers,
    cell_variances,
    england_variances,
    hybrid_plans,
    nothing,
    plan_of,
    planned,
    rmse_pp,
    simulate,
)
from tests.benchmarks.residual_planner import OBJECTIVES, equal_split, variance_ratio
from tests.benchmarks.rivals import EQUAL_TABLES, NumeratorAndDenominator, YesNoCells

EPSILON = 1.0
DELTA = 1e-7
REPETITIONS = 200
WHOLE_BUDGET = (0.0, 1.0, 0.0)
_COVERAGE_DRAWS = 500
_RIVAL_DRAWS = 20


@dataclass(frozen=True)
class Figure:
    """One result: what is compared with what, the aim if it has one, and the simulated value where there is one."""

    key: str
    value: float
    compared: str
    at_most: float = math.inf
    at_least: float = -math.inf
    simulated: Simulated | None = None

    @property
    def has_aim(self) -> bool:
        """Whether there is an aim."""
        return math.isfinite(self.at_most) or math.isfinite(self.at_least)

    @property
    def reached(self) -> bool:
        """Whether the value is on the right side of its aim."""
        return self.at_least <= self.value <= self.at_most

    @property
    def aim(self) -> str:
        """The aim in words; empty where there is none."""
        if math.isfinite(self.at_most):
            return f"at most {self.at_most:g}"
        return f"at least {self.at_least:g}" if self.has_aim else ""


@dataclass(frozen=True)
class Setting:
    """What everything is measured on."""

    seed: int
    simulated: SimulatedEngland
    rho: float
    repetitions: int
    law: DiscreteGaussian

    @property
    def objective(self) -> Objective:
        """The planner's, with the headline at its usual weight."""
        return Objective(self.simulated.whole.size)

    def england(self, plans: Plans, tolerated_dropouts: int = 0, *, known_size: bool = False) -> float:
        """England's error under some plans, after least squares over all of them."""
        agreed = agreements(answers(plans, self.simulated, nothing, tolerated_dropouts))
        return rmse_pp(england_variances(agreed, self.simulated, known_size=known_size))

    def cells(self, plans: Plans) -> tuple[float, float]:
        """The median and the 95th percentile of the errors of the cells of England's breakdowns, in pp."""
        agreed = agreements(answers(plans, self.simulated, nothing))
        errors = 100 * np.sqrt(list(cell_variances(agreed, self.simulated)))
        return float(np.median(errors)), float(np.percentile(errors, 95))


def opendp_noise(plan: ReleasePlan, area: Area) -> list[int]:
    """The node's own noise."""
    return add_noise(plan, area.vector(plan))


def hybrid_figures(setting: Setting) -> Iterator[Figure]:
    """The plan that is run, and the national release alone."""
    plans = hybrid_plans(setting.rho, objective=setting.objective)
    equal = hybrid_plans(setting.rho)
    yield Figure(
        "england_hybrid_rmse_pp",
        setting.england(plans),
        "hybrid plan, planned, least squares over the three releases",
        at_most=0.105,
        simulated=simulate(plans, setting.simulated, setting.law, setting.repetitions),
    )
    yield Figure(
        "england_hybrid_equal_tables_rmse_pp",
        setting.england(equal),
        "the same with equal tables, the reference's way",
        at_most=0.105,
        simulated=simulate(equal, setting.simulated, setting.law, setting.repetitions),
    )
    yield Figure(
        "england_hybrid_one_release_rmse_pp",
        setting.england(replace(plans, councils=None, regions=None)),
        "hybrid plan, planned, England's release alone (no least squares across releases)",
    )
    yield Figure(
        "england_hybrid_regional_tables_rmse_pp",
        setting.england(hybrid_plans(setting.rho, objective=setting.objective, region_tables=True)),
        "hybrid plan, planned, with breakdowns in the regions' release too",
    )
    yield Figure(
        "england_hybrid_three_dropouts_rmse_pp",
        setting.england(plans, tolerated_dropouts=3),
        "hybrid plan, planned, without a trusted curator: noise made for 3 dropouts in each group that do not occur",
    )
    agreed = agreements(answers(plans, setting.simulated, nothing))
    regions = [
        agreed.variance(indicator, name, setting.simulated.whole.rate(indicator), size)
        for indicator in FRAMEWORK.indicators
        for name, councils in setting.simulated.regions.items()
        if (size := sum(council.size[indicator.cohort] for council in councils))
    ]
    yield Figure("region_hybrid_rmse_pp", rmse_pp(regions), "hybrid plan, planned, the nine regions' headlines")
    whole = hybrid_plans(setting.rho, WHOLE_BUDGET, setting.objective)
    yield Figure(
        "england_full_rmse_pp",
        setting.england(whole),
        "the whole budget for England's tables, planned",
        at_most=0.06,
        simulated=simulate(whole, setting.simulated, opendp_noise, setting.repetitions),
    )
    yield Figure(
        "england_full_equal_tables_rmse_pp",
        setting.england(hybrid_plans(setting.rho, WHOLE_BUDGET)),
        "the same with equal tables, the reference's way",
        at_most=0.06,
    )


def rival_figures(setting: Setting) -> Iterator[Figure]:
    """Other designs at the same rho and adjacency, all with equal tables and the whole budget, over ours."""
    ours = setting.england(hybrid_plans(setting.rho, WHOLE_BUDGET))
    yes_no = YesNoCells(setting.rho)
    split = NumeratorAndDenominator(setting.rho)
    laplace = NumeratorAndDenominator(setting.rho, laplace=True)
    england, rng, draws = setting.simulated, setting.law.rng, _RIVAL_DRAWS * setting.repetitions

    def drawn(design: NumeratorAndDenominator) -> Simulated:
        errors = [
            design.draw(england, indicator, rng, draws) - england.whole.rate(indicator)
            for indicator in FRAMEWORK.indicators
        ]
        return Simulated.of(np.mean(np.square(errors), axis=0))

    yes_no_errors = [
        shares - england.whole.rate(FRAMEWORK.indicator(name))
        for cohort in COHORT_SHARES
        for name, shares in yes_no.draw(england, cohort, rng, draws).items()
    ]
    rivals = (
        ("yes_no", rmse_pp(yes_no.variances(england)), 1.2, Simulated.of(np.mean(np.square(yes_no_errors), axis=0))),
        ("split", rmse_pp(split.variances(england)), 3.9, drawn(split)),
        ("laplace_zcdp", rmse_pp(laplace.variances(england)), 5.5, drawn(laplace)),
    )
    words = {
        "yes_no": "yes/no cells with the same least squares and totals pooled over a cohort's indicators",
        "split": "a numerator and a denominator for each indicator, Gaussian noise, the overall table alone",
        "laplace_zcdp": "the same with Laplace noise composed in zCDP",
    }
    for name, error, aim, simulated in rivals:
        yield Figure(f"{name}_rmse_pp", error, words[name], simulated=simulated)
        yield Figure(f"{name}_ratio", error / ours, f"{words[name]}, over ours", at_least=aim)
    agreed_split = NumeratorAndDenominator(setting.rho, least_squares=True)
    yield Figure(
        "split_least_squares_ratio",
        rmse_pp(agreed_split.variances(england)) / ours,
        "a numerator and a denominator for each indicator, Gaussian noise, with the same least squares, over ours",
        at_least=2.3,
    )
    yield Figure(
        "yes_no_planned_ratio",
        _planned_yes_no(setting) / setting.england(hybrid_plans(setting.rho, WHOLE_BUDGET, setting.objective)),
        "yes/no cells over ours, both planned: the same division between tables, each its best between cohorts",
    )
    yield Figure(
        "yes_no_replace_one_ratio",
        _replace_one_ratio(setting),
        "yes/no cells over ours, both calibrated to replace-one, totals at the precision that this leaves free",
    )


def _planned_yes_no(setting: Setting) -> float:
    """A count's precision in proportion to 1 / N is best for errors that go as 1 / N."""
    plan = planned(setting.rho, TABLES, setting.objective)
    spent = {name: sum(float(block.cost) for block in plan.blocks if block.breakdown == name) for name in EQUAL_TABLES}
    tables = {name: cost / sum(spent.values()) for name, cost in spent.items()}
    cohorts = {cohort: 1 / size for cohort, size in setting.simulated.whole.size.items()}
    return rmse_pp(YesNoCells(setting.rho, tables, cohorts).variances(setting.simulated))


def _replace_one_ratio(setting: Setting) -> float:
    """Replace-one charges totals nothing as long as they weigh no more than their cohort's contrasts; it charges ours
    4 where it charges yes/no cells 2, so that nothing is left of the gain (privacy reference 3.2)."""
    draft = plan_of(setting.rho, TABLES)
    sharing = {cohort: sum(one.cohort == cohort for one in FRAMEWORK.indicators) for cohort in COHORT_SHARES}
    plan = plan_of(
        setting.rho,
        TABLES,
        [sharing[block.cohort] if block.statistic is Statistic.TOTAL else 1 for block in draft.blocks],
    )
    dearer = replace_one_rho_units(FRAMEWORK, plan) / plan.rho_units
    ours = setting.england(Plans(None, plan, None)) * math.sqrt(dearer)
    return rmse_pp(YesNoCells(setting.rho).variances(setting.simulated)) * math.sqrt(2) / ours


def planner_figures() -> Iterator[Figure]:
    """The planner's split and the closed-form least squares against the best plan there is."""
    ratios = {name: variance_ratio(cells) for name, cells in OBJECTIVES.items()}
    yield Figure(
        "optimal_variance_ratio",
        max(ratios.values()),
        "variance of the planner's tables after least squares over ResidualPlanner's optimum, worst objective",
        at_most=1.05,
    )
    for name, cells in OBJECTIVES.items():
        words = name.replace("_", " ")
        yield Figure(f"optimal_variance_ratio_{name}", ratios[name], f"the same, objective: {words}", at_most=1.05)
        yield Figure(
            f"equal_tables_variance_ratio_{name}",
            variance_ratio(cells, equal_split),
            f"variance with equal tables over ResidualPlanner's optimum, objective: {words}",
        )


def council_figures(setting: Setting) -> Iterator[Figure]:
    """Councils' headlines in the 18 outcomes of the whole cohort, steadied."""
    alike = replace(setting.objective, sizes={})
    englands = [simulated_england(setting.seed + number) for number in range(max(setting.repetitions // 10, 2))]
    for suffix, share, objective, words, aim in (
        ("", 1.0, alike, "the whole budget for the councils, all cohorts alike", 3.7),
        ("_half_share", 0.5, alike, "half the budget for the councils, all cohorts alike", math.inf),
        ("_by_size", 1.0, setting.objective, "the whole budget, planned for England's sizes of cohorts", math.inf),
    ):
        plan = planned(setting.rho * share, (), objective)
        errors = headline_errors(plan, englands, setting.law.rng)
        simulated = Simulated(errors.steadied, errors.standard_error)
        yield Figure(f"council_eb_rmse_pp{suffix}", errors.steadied, words, at_most=aim, simulated=simulated)
        yield Figure(f"council_clamped_rmse_pp{suffix}", errors.clamped, f"{words}; not steadied, cut to 0..100 %")
        yield Figure(f"council_eb_coverage{suffix}", errors.covered, f"{words}; steadied intervals, on average")
        yield Figure(
            f"council_eb_coverage_far{suffix}",
            errors.covered_far,
            f"{words}; steadied intervals of councils beyond 1.5 standard deviations from the mean",
        )


def coverage_figures(setting: Setting) -> Iterator[Figure]:
    """Intervals of figures that are shown, nominally 95 %."""
    headlines = [
        plan_of(rho_from_epsilon(epsilon, DELTA) * share) for epsilon, share in ((1.0, 0.5), (1.0, 1.0), (4.0, 1.0))
    ]
    noises = [Noise.of(plan, "whole") for plan in (*headlines, plan_of(setting.rho / 4, TABLES))]
    draws = _COVERAGE_DRAWS * setting.repetitions
    found = coverage(cases(noises, draws, setting.law), draws)
    likely = (
        f"both readings, {found.counted} cases likely to be shown, {draws:,} draws each "
        f"(standard error at most {found.standard_error:.4f})"
    )
    yield Figure("coverage_min", found.least, f"least, {likely}", at_least=0.935)
    yield Figure(
        "coverage_max_interior",
        found.most_interior,
        "most, where the rate is further from 0 and 1 than the interval is wide",
        at_most=0.965,
    )
    yield Figure("coverage_max_boundary", found.most_boundary, "most, elsewhere", at_most=0.98)
    yield Figure("bad_intervals", found.bad, "empty, inverted or beyond 0 to 1, shown or not", at_most=0)
    yield Figure(
        "coverage_min_shown_by_luck",
        found.least_by_luck,
        f"least of cohorts below the rule's size that noise alone lets through (that case: {found.shown_by_luck:.1%})",
    )
    plan = hybrid_plans(setting.rho, objective=setting.objective).councils
    assert plan is not None
    every = headline_coverage(plan, setting.simulated, max(setting.repetitions // 4, 4), setting.law)
    yield Figure(
        "coverage_council_headlines",
        every.coverage,
        f"all councils' headlines shown in the hybrid plan ({every.shown:.0%} of all; {every.by_luck:.1%} by luck)",
    )


def further_figures(setting: Setting) -> Iterator[Figure]:
    """What would make England's hybrid figure better still, or pays for it elsewhere."""
    objective, plans = setting.objective, hybrid_plans(setting.rho, objective=setting.objective)
    for key, histograms, words in (
        ("exclusive_contrasts", False, "yes/no contrasts"),
        ("histograms", True, "one histogram a set"),
    ):
        framework = exclusive_outcomes.exclusive_framework(histograms=histograms)
        given = answers(hybrid_plans(setting.rho, objective=objective, framework=framework), setting.simulated, nothing)
        error = rmse_pp(exclusive_outcomes.england_variances(framework, given, setting.simulated))
        yield Figure(
            f"england_hybrid_{key}_rmse_pp",
            error,
            f"hybrid plan, planned; 12 of the 30 outcomes are two sets of six that exclude each other, as {words}",
        )
    yield Figure(
        "england_hybrid_public_totals_rmse_pp",
        setting.england(plans, known_size=True),
        "hybrid plan, planned, every denominator known from publications; nothing else changed",
    )
    yield Figure(
        "england_hybrid_public_totals_unspent_rmse_pp",
        setting.england(Plans(*(_without_totals(setting, plan) for plan in plans.listed)), known_size=True),
        "the same, and next to nothing spent on totals",
    )
    yield Figure(
        "england_hybrid_exact_gaussian_rmse_pp",
        setting.england(hybrid_plans(_exact_gaussian_rho(EPSILON, DELTA), objective=objective)),
        "hybrid plan, planned, at the rho whose Gaussian noise is exactly (1, 1e-7): no bound for discrete noise, and "
        "not what a ledger charges",
    )
    for name, way in (
        ("equal_tables", None),
        *((f"headline_{weight}", replace(objective, tables={OVERALL: float(weight)})) for weight in (1, 5, 20)),
        ("planned", objective),
    ):
        weighed = hybrid_plans(setting.rho, objective=way)
        median, high = setting.cells(weighed)
        words = f"hybrid plan, {name.replace('_', ' ')}"
        if name.startswith("headline"):
            yield Figure(f"england_hybrid_{name}_rmse_pp", setting.england(weighed), f"{words}: England's headlines")
        yield Figure(f"cells_hybrid_{name}_median_pp", median, f"{words}: the median cell of England's breakdowns")
        yield Figure(f"cells_hybrid_{name}_p95_pp", high, f"{words}: the 95th percentile of those cells")


def _without_totals(setting: Setting, plan: ReleasePlan) -> ReleasePlan:
    tables = [table for table in TABLES if table.id in plan.breakdowns]
    found = optimal_precisions(FRAMEWORK, plan, setting.objective)
    spent = [
        1 if block.statistic is Statistic.TOTAL else precision
        for block, precision in zip(plan.blocks, found, strict=True)
    ]
    return plan_of(plan.rho_units / UNITS_PER_RHO, tables, spent)


def _exact_gaussian_rho(epsilon: float, delta: float) -> float:
    low, high = 0.0, epsilon
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if gaussian_epsilon(middle, delta) <= epsilon else (low, middle)
    return low


def measure(repetitions: int, seed: int) -> tuple[dict[str, float], list[Figure]]:
    """The privacy cost and all figures."""
    started = time.monotonic()
    rho = rho_from_epsilon(EPSILON, DELTA)
    setting = Setting(seed, simulated_england(seed), rho, repetitions, DiscreteGaussian(np.random.default_rng(seed)))
    figures = [
        *hybrid_figures(setting),
        *rival_figures(setting),
        *planner_figures(),
        *council_figures(setting),
        *coverage_figures(setting),
        *further_figures(setting),
    ]
    plans = hybrid_plans(rho, objective=setting.objective)
    replaced = sum(replace_one_rho_units(FRAMEWORK, plan) for plan in plans.listed) / UNITS_PER_RHO
    cost = {
        "epsilon": epsilon_from_rho(plans.rho, DELTA),
        "delta": DELTA,
        "rho": plans.rho,
        "replace_one_epsilon": epsilon_from_rho(replaced, DELTA),
        "replace_one_rho": replaced,
        "seconds": round(time.monotonic() - started, 1),
    }
    return cost, figures


def as_json(cost: dict[str, float], figures: list[Figure]) -> dict[str, Any]:
    """Every figure by its key, and under `details` its aim and what it compares."""
    details = {
        figure.key: {
            "compared": figure.compared,
            "aim": figure.aim or None,
            "reached": figure.reached if figure.has_aim else None,
            "simulated": figure.simulated.rmse if figure.simulated else None,
            "standard_error": figure.simulated.standard_error if figure.simulated else None,
        }
        for figure in figures
    }
    return {figure.key: figure.value for figure in figures} | cost | {"details": details}


def as_text(cost: dict[str, float], figures: list[Figure]) -> Iterator[str]:
    """A line for each figure."""
    yield (
        f"epsilon {cost['epsilon']:.4f} at delta {cost['delta']:g} (rho {cost['rho']:.6f}); "
        f"replace-one epsilon {cost['replace_one_epsilon']:.4f}; {cost['seconds']:g} s"
    )
    for figure in figures:
        verdict = f"{figure.aim}: {'reached' if figure.reached else 'NOT REACHED'}" if figure.has_aim else ""
        drawn = f"{figure.simulated.rmse:.4f} ± {figure.simulated.standard_error:.4f}" if figure.simulated else ""
        yield f"{figure.key:48} {figure.value:9.4f}  {drawn:17}  {verdict:24}  {figure.compared}"


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--format", choices=["text", "json"], default="text")
    parser.add_argument("--repetitions", type=int, default=REPETITIONS, help="of England's noise (default 200)")
    parser.add_argument("--seed", type=int, default=2025)
    options = parser.parse_args()
    cost, figures = measure(options.repetitions, options.seed)
    if options.format == "json":
        print(json.dumps(as_json(cost, figures), indent=1))
    else:
        print("\n".join(as_text(cost, figures)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
