"""The accountants of others, who share no code with ours, find what we find.

If these failed, a cryptographer with Google's dp-accounting would compute another epsilon than the one we print.
"""

from __future__ import annotations

import math

import pytest
from dp_accounting.dp_event import ComposedDpEvent, GaussianDpEvent
from dp_accounting.pld.privacy_loss_distribution import (
    PrivacyLossDistribution,
    from_discrete_gaussian_mechanism,
    from_gaussian_mechanism,
)
from dp_accounting.rdp import RdpAccountant

from frameworks.accounting import UNITS_PER_RHO, epsilon_from_rho, gaussian_epsilon
from frameworks.plan import ReleasePlan, ReleaseRequest, compile_plan
from tests.frameworks.small import small_framework

DELTA = 1e-7


def _plan(*breakdowns: str, rho: float = 0.02) -> ReleasePlan:
    """A release in which the worst child moves every block: one source, one cohort, a contrast and a mean."""
    request = ReleaseRequest(
        id="release",
        mode="council",
        indicators=("healthy", "score"),
        breakdowns=breakdowns,
        rho_units=int(rho * UNITS_PER_RHO),
    )
    return compile_plan(small_framework(), "c", 2025, request)


def _epsilon_by_renyi(plan: ReleasePlan, years: int) -> float:
    """Over orders that lie densely below the one that Bun and Steinke's conversion takes."""
    highest = math.sqrt(math.log(1 / DELTA) / (years * plan.rho_units / UNITS_PER_RHO))
    accountant = RdpAccountant([1 + highest * math.exp(-step / 20_000) for step in range(10_000)])
    events = [GaussianDpEvent(block.sigma / block.sensitivity) for block in plan.blocks]
    accountant.compose(ComposedDpEvent(events), years)
    return float(accountant.get_epsilon(DELTA))


@pytest.mark.parametrize("years", [1, 2, 26])
@pytest.mark.parametrize("rho", [0.002, 0.02, 0.2])
def test_blocks_of_several_noise_scales_and_several_years_compose_to_our_epsilon(rho: float, years: int) -> None:
    plan = _plan("sex", "age_band", rho=rho)
    assert len({block.sigma / block.sensitivity for block in plan.blocks}) > 1
    assert epsilon_from_rho(years * plan.rho_units / UNITS_PER_RHO, DELTA) == pytest.approx(
        _epsilon_by_renyi(plan, years), rel=1e-9
    )


@pytest.mark.parametrize("sigma", [0.7, 1.3, 2.4, 4.7, 9.0])
def test_the_tighter_figure_is_the_exact_one_of_a_gaussian(sigma: float) -> None:
    exact = from_gaussian_mechanism(sigma).get_epsilon_for_delta(DELTA)
    assert gaussian_epsilon(1 / (2 * sigma**2), DELTA) == pytest.approx(exact, rel=1e-6)


def _composed(sigma: float, times: int, *, pessimistic: bool, interval: float = 2e-6) -> float:
    one: PrivacyLossDistribution = from_discrete_gaussian_mechanism(
        sigma, pessimistic_estimate=pessimistic, value_discretization_interval=interval
    )
    return float(one.self_compose(times).get_epsilon_for_delta(DELTA))


@pytest.mark.parametrize(("sigma", "above"), [(2.0, 0.008), (4.977, 0.0014), (9.6, 0.0005)])
def test_noise_in_whole_numbers_tells_a_little_more_than_the_tighter_figure(sigma: float, above: float) -> None:
    """The direction: shown beside epsilon, the tighter figure is no bound for one number with little noise."""
    tighter = gaussian_epsilon(1 / (2 * sigma**2), DELTA)
    assert tighter < _composed(sigma, 1, pessimistic=False) <= _composed(sigma, 1, pessimistic=True)
    assert _composed(sigma, 1, pessimistic=True) < tighter * (1 + above)


@pytest.mark.parametrize(("sigma", "numbers"), [(73.14, 216), (36.0, 36)])
def test_over_a_whole_release_the_two_agree(sigma: float, numbers: int) -> None:
    tighter = gaussian_epsilon(numbers / (2 * sigma**2), DELTA)
    for pessimistic in (False, True):
        assert _composed(sigma, numbers, pessimistic=pessimistic) == pytest.approx(tighter, rel=5e-4)


def test_what_is_charged_is_never_below_what_the_discrete_noise_tells() -> None:
    for sigma, numbers in ((4.977, 1), (4.977, 10), (73.14, 216)):
        charged = epsilon_from_rho(numbers / (2 * sigma**2), DELTA)
        assert _composed(sigma, numbers, pessimistic=True, interval=2e-5) < charged


def test_the_figures_of_the_reference_are_found_again() -> None:
    """At sigma 4.977: .9376 where zCDP says 1.000, and for ten releases 3.234 against 3.437."""
    rho = 1 / (2 * 4.977**2)
    assert _composed(4.977, 1, pessimistic=True) == pytest.approx(0.9376, abs=1e-4)
    assert _composed(4.977, 10, pessimistic=True, interval=2e-5) == pytest.approx(3.234, abs=1e-3)
    assert epsilon_from_rho(rho, DELTA) == pytest.approx(1.000, abs=5e-4)
    assert epsilon_from_rho(10 * rho, DELTA) == pytest.approx(3.437, abs=1e-3)
