"""Privacy accounting in zero-concentrated differential privacy (zCDP): exact rho, and epsilon for people to read.

rho is the currency: it adds up, and holds for discrete noise without numerics. It is kept in integer units of 1e-12.
Every rounding is against us: a cost up, a limit down, epsilon from rho up, rho from epsilon down; noise scales go up to
a multiple of 1/1024, and what a plan costs is computed again from those (`frameworks.plan`).

Epsilon at a stated delta is the conversion of Canonne, Kamath and Steinke, *The Discrete Gaussian for Differential
Privacy* (2020), Corollary 13: rho-zCDP gives (epsilon, delta) where, for some alpha > 1,
delta >= exp((alpha-1)(alpha*rho-epsilon)) / (alpha-1) * (1-1/alpha)^alpha. With x = alpha - 1 and L = ln(1/delta) that
is epsilon >= (1+x) rho + (L - ln(1+x))/x - ln(1+1/x). Every x gives a valid bound, so an inexact x errs against us.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

UNITS_PER_RHO = 10**12
"""The ledger's currency: one unit is 1e-12 rho."""

_FLOAT_ERROR = 1e-14
"""More than the relative error of a few operations in floats."""

_LARGEST_EXPONENT = 64.0
"""x is sought between exp(-64) and exp(64): enough for rho between 1e-50 and 1e50."""


def rho_units_up(rho: Fraction) -> int:
    """`rho` in ledger units, rounded up (a cost)."""
    return math.ceil(rho * UNITS_PER_RHO)


def root_up(value: Fraction) -> int:
    """The smallest whole number whose square is at least `value`."""
    root = math.isqrt(value.numerator // value.denominator)
    while root * root * value.denominator < value.numerator:
        root += 1
    return root


def rho_units_down(rho: float | Fraction) -> int:
    """`rho` in ledger units, rounded down (a limit)."""
    return math.floor(Fraction(rho) * UNITS_PER_RHO)


def _end(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Where a condition that holds at `low` ends, to the last bit and from above: it does not hold at what is found."""
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if holds(middle) else (low, middle)
    return high


def _without_rho(x: float, log_inverse_delta: float) -> tuple[float, float]:
    """The terms of the bound on epsilon at x in which rho does not occur."""
    return (log_inverse_delta - math.log1p(x)) / x, -math.log1p(1 / x)


def epsilon_from_rho(rho: float, delta: float) -> float:
    """The epsilon that rho-zCDP gives at `delta`, rounded up. Raises ValueError outside rho >= 0, 0 < delta < 1.

    The best x is where the derivative of the bound, rho - (L - ln(1+x))/x^2, vanishes: there is one such place.
    """
    if not (rho >= 0 and math.isfinite(rho) and 0 < delta < 1):
        raise ValueError("rho must be a number of at least 0, and delta between 0 and 1")
    if rho == 0:
        return 0.0
    target = -math.log(delta)

    def falls(exponent: float) -> bool:
        x = math.exp(exponent)
        return rho * x * x + math.log1p(x) < target

    x = math.exp(_end(falls, -_LARGEST_EXPONENT, _LARGEST_EXPONENT))
    terms = (rho, x * rho, *_without_rho(x, target))
    return max(0.0, sum(terms) + _FLOAT_ERROR * sum(map(abs, terms)))


def rho_from_epsilon(epsilon: float, delta: float) -> float:
    """The largest rho whose epsilon at `delta` does not exceed `epsilon`, rounded down.

    Along the best x for each rho, where rho = (L - ln(1+x))/x^2, both rho and epsilon fall as x grows.
    Raises ValueError outside epsilon > 0, 0 < delta < 1.
    """
    if not (epsilon > 0 and math.isfinite(epsilon) and 0 < delta < 1):
        raise ValueError("epsilon must be a number above 0, and delta between 0 and 1")
    target = -math.log(delta)

    def exceeds(exponent: float) -> bool:
        x = math.exp(exponent)
        ratio, rest = _without_rho(x, target)
        return (1 + x) * ratio / x + ratio + rest > epsilon

    x = math.exp(_end(exceeds, -_LARGEST_EXPONENT, _LARGEST_EXPONENT))
    terms = (epsilon, *(-term for term in _without_rho(x, target)))
    return max(0.0, (sum(terms) - _FLOAT_ERROR * sum(map(abs, terms))) / (1 + x))


def surest_guess(epsilon: float) -> float:
    """How sure somebody who thought a question about a child even can become, but for a chance of delta.

    1 / (1 + exp(-epsilon)): the odds grow by at most exp(epsilon).
    """
    return 1 / (1 + math.exp(-epsilon))


def gaussian_epsilon(rho: float, delta: float) -> float:
    """The epsilon at `delta` of Gaussian noise that costs rho, in one number or in many that cost rho together.

    For display beside `epsilon_from_rho`, never for charging: it is exact for Gaussian noise over the real numbers, and
    no bound for the discrete Gaussian of a release. The discrete Gaussian's own figure, by dp-accounting's privacy loss
    distributions at delta 1e-7, is higher: by 0.7 % for one number with noise of scale 2, by 0.14 % at scale 5 and less
    at larger scales; over the many numbers of a release the two agree within 0.05 %.

    The analytic Gaussian mechanism of Balle and Wang (2018), theorem 8: with m = sqrt(2 rho),
    delta = Phi(m/2 - epsilon/m) - exp(epsilon) Phi(-m/2 - epsilon/m). Solved from above. Where floats cannot hold the
    second term it is left out, which errs upwards. Raises ValueError outside rho >= 0, 0 < delta < 1.
    """
    high = epsilon_from_rho(rho, delta)
    if high == 0:
        return 0.0
    m = math.sqrt(2 * rho)

    def exceeds(epsilon: float) -> bool:
        below = math.erfc((epsilon / m - m / 2) / math.sqrt(2)) / 2
        above = math.erfc((epsilon / m + m / 2) / math.sqrt(2)) / 2
        return below - (math.exp(epsilon) * above if epsilon < 700 else 0) > delta

    return _end(exceeds, 0.0, high)
