"""If these failed, the budget shown or charged would not be the one that the proofs speak of."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize_scalar

from frameworks.accounting import (
    UNITS_PER_RHO,
    epsilon_from_rho,
    gaussian_epsilon,
    rho_from_epsilon,
    rho_units_down,
    rho_units_up,
    surest_guess,
)

EPSILONS = (0.5, 1, 2, 4, 8)
RHOS = st.floats(1e-9, 50)
DELTAS = st.sampled_from([1e-5, 1e-6, 1e-7, 1e-8, 1e-10])


def _log_delta(rho: float, epsilon: float) -> float:
    """Corollary 13 of Canonne, Kamath and Steinke as it is printed, by brute force over alpha."""

    def bound(exponent: float) -> float:
        alpha = 1 + math.exp(exponent)
        return (alpha - 1) * (alpha * rho - epsilon) - math.log(alpha - 1) + alpha * math.log1p(-1 / alpha)

    best = min((-20 + 0.1 * step for step in range(401)), key=bound)
    found = minimize_scalar(bound, bounds=(best - 0.2, best + 0.2), method="bounded", options={"xatol": 1e-12})
    return min(bound(best), float(found.fun))


def _exact_epsilon(rho: float, delta: float) -> Decimal:
    """The conversion with sixty digits: the least of its bounds is where rho x^2 + ln(1+x) = ln(1/delta)."""
    with localcontext() as context:
        context.prec = 60
        exact, target = Decimal(rho), -Decimal(delta).ln()
        low, high = Decimal(0), (target / exact).sqrt()
        for _ in range(190):
            x = (low + high) / 2
            low, high = (x, high) if exact * x * x + (1 + x).ln() < target else (low, x)
        return (1 + x) * exact + (target - (1 + x).ln()) / x - (1 + 1 / x).ln()


@pytest.mark.parametrize(
    ("delta", "rhos"),
    [
        (1e-6, (0.006642, 0.024356, 0.088153, 0.311065, 1.052358)),
        (1e-7, (0.005427, 0.020187, 0.074181, 0.266314, 0.919229)),
        (1e-8, (0.004578, 0.017205, 0.063940, 0.232594, 0.815663)),
        (1e-10, (0.003475, 0.013243, 0.049987, 0.185275, 0.665104)),
    ],
)
def test_epsilon_is_worth_the_rho_of_the_reference_table(delta: float, rhos: tuple[float, ...]) -> None:
    assert tuple(round(rho_from_epsilon(epsilon, delta), 6) for epsilon in EPSILONS) == rhos


def test_the_noise_per_unit_is_that_of_the_reference_table() -> None:
    """Of this conversion, of Bun and Steinke's older one, and of a real-valued Gaussian, at delta 1e-7."""
    ours = [1 / math.sqrt(2 * rho_from_epsilon(epsilon, 1e-7)) for epsilon in EPSILONS]
    log = math.log(1e7)
    older = [1 / math.sqrt(2 * (math.sqrt(log + epsilon) - math.sqrt(log)) ** 2) for epsilon in EPSILONS]
    assert ours == pytest.approx([9.60, 4.977, 2.596, 1.370, 0.738], abs=0.002)
    assert older == pytest.approx([11.44, 5.764, 2.924, 1.503, 0.789], abs=0.005)
    gaussian = [9.00, 4.679, 2.449, 1.298, 0.702]
    assert [gaussian_epsilon(1 / (2 * sigma**2), 1e-7) for sigma in gaussian] == pytest.approx(EPSILONS, rel=1e-3)


@pytest.mark.parametrize(
    ("rho", "delta", "epsilon"), [(2.56, 1e-10, 17.16), (0.015, 1e-7, 0.855), (150 * 0.020187, 1e-7, 16.1)]
)
def test_what_others_spent_reads_as_in_the_reference(rho: float, delta: float, epsilon: float) -> None:
    """The census of the United States in 2020, Wikimedia's page views, and everybody against one council."""
    assert epsilon_from_rho(rho, delta) == pytest.approx(epsilon, rel=1e-3)


@given(RHOS, DELTAS)
def test_epsilon_is_the_exact_one_rounded_up(rho: float, delta: float) -> None:
    exact = _exact_epsilon(rho, delta)
    assert exact <= Decimal(epsilon_from_rho(rho, delta)) <= exact * (1 + Decimal("1e-12"))


@given(st.floats(1e-4, 30), DELTAS)
def test_rho_is_the_exact_one_rounded_down(epsilon: float, delta: float) -> None:
    rho = rho_from_epsilon(epsilon, delta)
    assert _exact_epsilon(rho, delta) <= Decimal(epsilon) <= _exact_epsilon(rho * (1 + 1e-11), delta)


@given(st.floats(1e-5, 5), DELTAS)
def test_epsilon_agrees_with_a_brute_force_over_the_printed_formula(rho: float, delta: float) -> None:
    epsilon = brentq(lambda one: _log_delta(rho, one) - math.log(delta), 1e-9, 60, xtol=1e-12, rtol=1e-12)
    assert epsilon_from_rho(rho, delta) == pytest.approx(epsilon, rel=1e-9)


@given(RHOS, DELTAS)
def test_converting_there_and_back_never_gains_budget(rho: float, delta: float) -> None:
    back = rho_from_epsilon(epsilon_from_rho(rho, delta), delta)
    assert back == pytest.approx(rho, rel=1e-11)
    assert epsilon_from_rho(back, delta) == pytest.approx(epsilon_from_rho(rho, delta), rel=1e-11)


@given(RHOS, RHOS, DELTAS)
def test_two_releases_together_cost_more_than_either_and_read_less_than_their_sum(
    one: float, other: float, delta: float
) -> None:
    together = epsilon_from_rho(one + other, delta)
    assert max(epsilon_from_rho(one, delta), epsilon_from_rho(other, delta)) < together
    assert together <= epsilon_from_rho(one, delta) + epsilon_from_rho(other, delta) + delta


@given(RHOS, st.floats(1e-10, 1e-2), st.floats(1e-10, 1e-2))
def test_a_smaller_delta_never_reads_as_a_smaller_epsilon(rho: float, one: float, other: float) -> None:
    small, large = sorted((one, other))
    assert epsilon_from_rho(rho, small) >= epsilon_from_rho(rho, large) * (1 - 1e-12)
    assert gaussian_epsilon(rho, small) >= gaussian_epsilon(rho, large) * (1 - 1e-6)


@given(RHOS, DELTAS)
def test_epsilon_lies_between_the_gaussian_s_own_and_the_older_conversion(rho: float, delta: float) -> None:
    older = rho + 2 * math.sqrt(rho * math.log(1 / delta))
    assert gaussian_epsilon(rho, delta) <= epsilon_from_rho(rho, delta) <= older * (1 + 1e-12)


@pytest.mark.parametrize("rho", [1e3, 1e4, 1e6])
def test_what_no_float_can_exponentiate_still_reads(rho: float) -> None:
    assert rho < gaussian_epsilon(rho, 1e-7) <= epsilon_from_rho(rho, 1e-7)


def test_nothing_spent_reads_as_nothing() -> None:
    assert epsilon_from_rho(0, 1e-7) == gaussian_epsilon(0, 1e-7) == 0
    assert surest_guess(0) == 0.5


def test_a_guess_ends_where_the_reference_says() -> None:
    """Presence 50 % to 73 % at epsilon 1, one answer 50 % to 58 % at .31."""
    assert surest_guess(1) == pytest.approx(0.73, abs=0.005)
    assert surest_guess(0.31) == pytest.approx(0.58, abs=0.005)


def test_costs_round_up_and_limits_round_down() -> None:
    assert rho_units_up(Fraction(1, 3)) == 333_333_333_334
    assert rho_units_down(Fraction(1, 3)) == 333_333_333_333
    assert rho_units_up(Fraction(1)) == rho_units_down(Fraction(1)) == UNITS_PER_RHO


@pytest.mark.parametrize(("rho", "delta"), [(-1, 1e-7), (math.nan, 1e-7), (math.inf, 1e-7), (1, 0), (1, 1)])
def test_a_conversion_that_means_nothing_is_refused(rho: float, delta: float) -> None:
    for convert in (epsilon_from_rho, rho_from_epsilon, gaussian_epsilon):
        with pytest.raises(ValueError, match="between 0 and 1"):
            convert(rho, delta)
