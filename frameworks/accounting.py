"""Privacy accounting in zero-concentrated differential privacy (zCDP): exact rho, and epsilon for people to read.

rho is kept in integer units of 1e-12 and always rounded against us. Epsilon at a stated delta is the conversion of
Canonne, Kamath and Steinke, *The Discrete Gaussian for Differential Privacy* (2020), Corollary 13:
delta(eps) = min over alpha > 1 of exp((alpha-1)(alpha*rho-eps)) / (alpha-1) * (1-1/alpha)^alpha.
Any alpha gives a valid bound, so an inexact minimum errs on the safe side.
"""

from __future__ import annotations

import math
from fractions import Fraction

UNITS_PER_RHO = 10**12
"""The ledger's currency: one unit is 1e-12 rho."""

_SAFETY = 1e-9


def rho_units_up(rho: Fraction) -> int:
    """`rho` in ledger units, rounded up (a cost)."""
    return math.ceil(rho * UNITS_PER_RHO)


def rho_units_down(rho: float | Fraction) -> int:
    """`rho` in ledger units, rounded down (a limit)."""
    return math.floor(Fraction(rho) * UNITS_PER_RHO)


def _log_delta(alpha: float, rho: float, epsilon: float) -> float:
    return (alpha - 1) * (alpha * rho - epsilon) - math.log(alpha - 1) + alpha * math.log1p(-1 / alpha)


def log_delta_from_rho(rho: float, epsilon: float) -> float:
    """Natural logarithm of the delta at which rho-zCDP implies (epsilon, delta)-DP, never below the optimum.

    The function of alpha is minimised by golden section over log(alpha - 1), where it has one minimum.
    """
    low, high = -20.0, 20.0
    ratio = (math.sqrt(5) - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)

    def at(exponent: float) -> float:
        return _log_delta(1 + math.exp(exponent), rho, epsilon)

    value_left, value_right = at(left), at(right)
    for _ in range(120):
        if value_left <= value_right:
            high, right, value_right = right, left, value_left
            left = high - ratio * (high - low)
            value_left = at(left)
        else:
            low, left, value_left = left, right, value_right
            right = low + ratio * (high - low)
            value_right = at(right)
    return min(value_left, value_right)


def epsilon_from_rho(rho: float, delta: float) -> float:
    """The epsilon that rho-zCDP gives at `delta`, rounded up. Raises ValueError outside rho >= 0, 0 < delta < 1."""
    if not (rho >= 0 and math.isfinite(rho) and 0 < delta < 1):
        raise ValueError("rho must be a number of at least 0, and delta between 0 and 1")
    if rho == 0:
        return 0.0
    low, high = 0.0, rho + 2 * math.sqrt(rho * math.log(1 / delta))
    target = math.log(delta)
    for _ in range(200):
        middle = (low + high) / 2
        if log_delta_from_rho(rho, middle) <= target:
            high = middle
        else:
            low = middle
    return high * (1 + _SAFETY)


def rho_from_epsilon(epsilon: float, delta: float) -> float:
    """The largest rho found whose epsilon at `delta` does not exceed `epsilon`, rounded down.

    Raises ValueError outside epsilon > 0, 0 < delta < 1.
    """
    if not (epsilon > 0 and math.isfinite(epsilon) and 0 < delta < 1):
        raise ValueError("epsilon must be a number above 0, and delta between 0 and 1")
    low, high = 0.0, epsilon
    target = math.log(delta)
    for _ in range(200):
        middle = (low + high) / 2
        if log_delta_from_rho(middle, epsilon) <= target:
            low = middle
        else:
            high = middle
    return low * (1 - _SAFETY)
