"""If these failed, the budget shown or charged would not be the one that the proofs speak of."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from frameworks.accounting import (
    UNITS_PER_RHO,
    epsilon_from_rho,
    log_delta_from_rho,
    rho_from_epsilon,
    rho_units_down,
    rho_units_up,
)


@pytest.mark.parametrize(
    ("epsilon", "delta", "rho"),
    [
        (0.5, 1e-7, 0.005427),
        (1, 1e-7, 0.020187),
        (2, 1e-7, 0.074181),
        (4, 1e-7, 0.266314),
        (8, 1e-7, 0.919229),
        (1, 1e-6, 0.024356),
        (1, 1e-8, 0.017205),
        (8, 1e-10, 0.665104),
    ],
)
def test_epsilon_converts_to_the_rho_of_the_published_conversion(epsilon: float, delta: float, rho: float) -> None:
    assert rho_from_epsilon(epsilon, delta) == pytest.approx(rho, abs=6e-7)


@given(st.floats(1e-6, 5), st.sampled_from([1e-6, 1e-7, 1e-8, 1e-10]))
def test_converting_there_and_back_never_gains_budget(rho: float, delta: float) -> None:
    epsilon = epsilon_from_rho(rho, delta)
    assert rho_from_epsilon(epsilon, delta) <= rho * (1 + 1e-6)
    assert epsilon_from_rho(rho_from_epsilon(epsilon, delta), delta) <= epsilon * (1 + 1e-8)


@given(st.floats(1e-5, 3), st.floats(0.05, 10))
def test_delta_agrees_with_an_independent_minimiser(rho: float, epsilon: float) -> None:
    def objective(exponent: float) -> float:
        alpha = 1 + math.exp(exponent)
        return (alpha - 1) * (alpha * rho - epsilon) - math.log(alpha - 1) + alpha * math.log1p(-1 / alpha)

    grid = min((objective(-20 + 0.05 * step), -20 + 0.05 * step) for step in range(801))
    best = minimize_scalar(objective, bounds=(grid[1] - 0.1, grid[1] + 0.1), method="bounded", options={"xatol": 1e-10})
    assert log_delta_from_rho(rho, epsilon) == pytest.approx(min(float(best.fun), grid[0]), abs=1e-6)


def test_costs_round_up_and_limits_round_down() -> None:
    assert rho_units_up(Fraction(1, 3)) == 333_333_333_334
    assert rho_units_down(Fraction(1, 3)) == 333_333_333_333
    assert rho_units_up(Fraction(1)) == rho_units_down(Fraction(1)) == UNITS_PER_RHO


@pytest.mark.parametrize(("rho", "delta"), [(-1, 1e-7), (math.nan, 1e-7), (math.inf, 1e-7), (1, 0), (1, 1)])
def test_a_conversion_that_means_nothing_is_refused(rho: float, delta: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        epsilon_from_rho(rho, delta)
