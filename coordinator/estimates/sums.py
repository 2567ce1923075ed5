"""Sums with noise of known variance in them: adding them up, taking them apart, pooling measurements of the same one.

All of it is linear, and nothing is clamped or rounded: cutting sums at 0 would bias every total made of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class NoisySum:
    """A sum with noise in it, and the variance of that noise.

    `covariance_with_whole` is the covariance of its noise with that of the sum it is a part of (an area's with
    England's). None where that sum was added up from it and from noises independent of its own: it is then its
    variance.
    """

    value: float
    variance: float
    covariance_with_whole: float | None = None

    @property
    def shared(self) -> float:
        """The covariance with the whole, whichever way it is known."""
        return self.variance if self.covariance_with_whole is None else self.covariance_with_whole

    def __add__(self, other: NoisySum) -> NoisySum:
        """The sum of two with independent noises."""
        plain = self.covariance_with_whole is None and other.covariance_with_whole is None
        return NoisySum(
            self.value + other.value, self.variance + other.variance, None if plain else self.shared + other.shared
        )

    def without(self, part: NoisySum) -> NoisySum:
        """This sum less one of its parts, whose covariance with it counts twice: Var W + Var P - 2 Cov(W, P)."""
        plain = part.covariance_with_whole is None
        return NoisySum(
            self.value - part.value,
            max(self.variance + part.variance - 2 * part.shared, 0.0),
            None if plain else self.variance - part.shared,
        )

    def scaled(self, factor: float) -> NoisySum:
        """The sum, and the whole it is a part of, in other units."""
        shared = self.covariance_with_whole
        return NoisySum(self.value * factor, self.variance * factor**2, None if shared is None else shared * factor**2)


NOTHING = NoisySum(0.0, 0.0)
UNKNOWN = NoisySum(0.0, math.inf)
"""A sum that nothing was measured of."""


def combine(sums: Iterable[NoisySum]) -> NoisySum:
    """The total of sums with independent noises: values add, and so do variances."""
    total = NOTHING
    for part in sums:
        total = total + part
    return total


def pooled(measurements: Iterable[NoisySum]) -> NoisySum:
    """The inverse-variance mean of independent measurements of one sum, such as a provisional and a final release's.

    No mean of them without bias is less uncertain (Gauss and Markov). An exact one settles it, the first where there
    are several; where there is none at all the sum is UNKNOWN.
    """
    known = [one for one in measurements if one.variance < math.inf]
    exact = next((one for one in known if one.variance == 0), None)
    if exact is not None or len(known) == 1:
        return NoisySum((exact or known[0]).value, (exact or known[0]).variance)
    if not known:
        return UNKNOWN
    precision = math.fsum(1 / one.variance for one in known)
    return NoisySum(math.fsum(one.value / one.variance for one in known) / precision, 1 / precision)
