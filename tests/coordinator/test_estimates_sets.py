"""Shares of outcomes that exclude each other, from councils' vectors to published figures.

If this failed, the reasons why care ceased would be published with a bias, or with intervals that promise too much.
Draws are seeded; each assertion allows 4.5 standard errors.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from coordinator.data import ENGLAND, population_for
from coordinator.estimates.benchmark import Estimate
from coordinator.planning.expected_error import expected_errors
from frameworks.blocks import Statistic
from frameworks.catalogue import load_framework
from frameworks.model import Framework
from frameworks.plan import compile_plan
from tests.coordinator.made_up import YEAR, Federation, LikeEngland, federate, no_noise, request_of

FRAMEWORK = load_framework("outcomes-2019")
SETS = {
    "ceased_reason": ("ceased_sgo", "ceased_cao", "ceased_home_planned", "ceased_home_unplanned", "ceased_adopted"),
    "sdq_band": ("sdq_normal", "sdq_borderline", "sdq_concern"),
}
INDICATORS = tuple(name for members in SETS.values() for name in members)
COUNCILS = ("202", "203", "301", "330", "800", "816", "840")
SEEDS = range(60)


def _federation(seed: int, **options: object) -> Federation:
    return federate(
        FRAMEWORK,
        [request_of((*INDICATORS, "sdq_mean"), epsilon=1.0)],
        seed=seed,
        councils=COUNCILS,
        children=LikeEngland(FRAMEWORK),
        **options,  # type: ignore[arg-type]
    )


@cache
def _federations() -> tuple[Federation, ...]:
    return tuple(_federation(seed) for seed in SEEDS)


def _estimates(federation: Federation) -> dict[tuple[str, str], Estimate]:
    return {
        (one.area_code, one.indicator_id): one
        for one in federation.benchmark.estimates
        if one.indicator_id in INDICATORS and not one.breakdown
    }


def _exact(federation: Federation, area: str, indicator: str) -> tuple[int, int]:
    """The children with the outcome and those in the cohort: all councils' for England."""
    block = federation.plans[0].block_of(FRAMEWORK.indicator(indicator))
    councils = COUNCILS if area == ENGLAND else (area,)
    counts = np.sum([federation.exact["headlines", code][block.indices] for code in councils], axis=0)
    return int(counts[block.categories.index(indicator)]), int(counts.sum())


def test_a_set_is_sent_as_one_histogram_and_a_mean_of_its_cohort_keeps_the_total() -> None:
    (plan,) = _federations()[0].plans
    assert [(block.statistic, block.indicator or block.cohort) for block in plan.blocks] == [
        (Statistic.HISTOGRAM, "ceased_reason"),
        (Statistic.TOTAL, "sdq_received"),
        (Statistic.CENTRED_SUM, "sdq_mean"),
        (Statistic.HISTOGRAM, "sdq_band"),
    ]


def test_without_noise_every_share_is_the_exact_one() -> None:
    federation = _federation(1, noise=no_noise)
    for (area, indicator), estimate in _estimates(federation).items():
        if area in (ENGLAND, *COUNCILS):
            count, size = _exact(federation, area, indicator)
            assert estimate.value == pytest.approx(100 * count / size)


@pytest.mark.parametrize("indicator", INDICATORS)
def test_englands_share_is_unbiased_and_its_error_is_that_of_the_derivation(indicator: str) -> None:
    """Var = [(1-p)^2 + K p^2] v / N^2, v being the noise of a count, summed over councils (frameworks.plan)."""
    standardised: list[float] = []
    for federation in _federations():
        count, size = _exact(federation, ENGLAND, indicator)
        block = federation.plans[0].block_of(FRAMEWORK.indicator(indicator))
        share, others = count / size, len(block.categories) - 1
        variance = len(COUNCILS) * block.variance * ((1 - share) ** 2 + others * share**2) / size**2
        unclamped = _estimates(federation)[ENGLAND, indicator].unclamped
        assert unclamped is not None
        standardised.append((unclamped / 100 - share) / math.sqrt(variance))
    assert abs(np.mean(standardised)) <= 4.5 / math.sqrt(len(SEEDS))
    assert np.mean(np.square(standardised)) == pytest.approx(1, abs=4.5 * math.sqrt(2 / len(SEEDS)))


@pytest.mark.parametrize("set_name", SETS)
def test_the_noise_interval_holds_the_exact_share(set_name: str) -> None:
    """For England 95 %, more only where a share is so small that the interval is one-sided; for councils at least."""
    held: dict[bool, list[float]] = {True: [], False: []}
    for federation in _federations():
        estimates = _estimates(federation)
        for area in (ENGLAND, *COUNCILS):
            hits = []
            for indicator in SETS[set_name]:
                count, size = _exact(federation, area, indicator)
                estimate = estimates[area, indicator]
                assert estimate.privacy_lower is not None and estimate.privacy_upper is not None
                hits.append(estimate.privacy_lower - 1e-9 <= 100 * count / size <= estimate.privacy_upper + 1e-9)
            held[area == ENGLAND].append(float(np.mean(hits)))
    for is_england, rates in held.items():
        slack = 4.5 * math.sqrt(0.95 * 0.05 / len(rates))
        assert np.mean(rates) >= 0.945 - slack
        assert np.mean(rates) <= (0.965 if is_england else 0.98) + slack


@pytest.mark.parametrize(("name", "factor"), [("ceased_reason", 1.5), ("sdq_band", 1.15)])
def test_at_the_same_cost_the_shares_of_a_set_are_more_certain_than_as_contrasts(name: str, factor: float) -> None:
    """Root mean squared expected errors for England, asked for alone: the reason to declare a set at all."""
    undeclared = FRAMEWORK.model_copy(
        update={"indicators": tuple(one.model_copy(update={"exclusive": None}) for one in FRAMEWORK.indicators)}
    )

    def error(framework: Framework) -> float:
        plan = compile_plan(framework, "c", YEAR, request_of(SETS[name], epsilon=1.0))
        errors = expected_errors(framework, [plan], population_for(YEAR))
        return math.sqrt(math.fsum((one.england or math.nan) ** 2 for one in errors) / len(errors))

    assert error(undeclared) >= factor * error(FRAMEWORK)
