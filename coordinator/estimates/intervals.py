"""Intervals that hold the privacy noise and, where asked, the chance by which children's outcomes vary.

Two readings (privacy reference 7.1). With `sampling` the interval is for the rate behind the figure (superpopulation:
what the same services would show with other children); without, for the exact figure of the councils that answered, so
that only the privacy noise is in it. All noise variances are known, which is what makes the intervals exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True)
class Interval:
    """From `lower` to `upper`, both included."""

    lower: float
    upper: float

    def scaled(self, factor: float, shift: float = 0.0) -> Interval:
        """Both ends times `factor` (above 0), plus `shift`."""
        return Interval(self.lower * factor + shift, self.upper * factor + shift)


def normal_quantile(confidence: float) -> float:
    """z such that a normal variable lies within z standard deviations with probability `confidence`."""
    return NormalDist().inv_cdf((1 + confidence) / 2)


Z_95 = normal_quantile(0.95)


@dataclass(frozen=True)
class Spread:
    """The sampling variance of part - r * whole as a polynomial in r: `constant` + `slope` * r + `curve` * r^2.

    It must not be negative for any r that is possible.
    """

    constant: float = 0.0
    slope: float = 0.0
    curve: float = 0.0


NO_SPREAD = Spread()


def ratio_interval(
    part: float,
    whole: float,
    part_variance: float,
    whole_variance: float,
    covariance: float,
    *,
    spread: Spread,
    possible: Interval,
    z: float = Z_95,
) -> Interval:
    """The score (Fieller) interval for r = part / whole, within the values that are `possible`.

    {r : (P - rW)^2 <= z^2 [v_P - 2 r c + r^2 v_W + spread(r)]}, in closed form: the delta method's variance of P - rW,
    taken at each r that is asked about instead of at the estimate (Fieller 1954; privacy reference 7.2). Three rules
    keep the set whole, in this order: where the whole is less than one or does not differ from nothing, every r is
    possible; the part is moved to the nearest possible value, which can only add to the set; both roots are cut to what
    is possible. The set then holds part / whole, where the left side is 0 and the right not less: its roots are real.
    """
    if whole < 1 or whole <= z * math.sqrt(whole_variance):
        return possible
    part = min(max(part, possible.lower * whole), possible.upper * whole)
    a = whole**2 - z**2 * (whole_variance + spread.curve)
    half_b = z**2 * (covariance - spread.slope / 2) - part * whole
    c = part**2 - z**2 * (part_variance + spread.constant)
    root = math.sqrt(max(half_b**2 - a * c, 0.0))
    return Interval(max((-half_b - root) / a, possible.lower), min((-half_b + root) / a, possible.upper))


def contrast_interval(
    contrast: float,
    total: float,
    contrast_variance: float,
    total_variance: float,
    *,
    sampling: bool,
    covariance: float = 0.0,
    second_moment: float = 1.0,
    z: float = Z_95,
) -> Interval:
    """The score interval for q = contrast / total, within [-1, 1]: Wilson's where there is no noise.

    With sampling the spread is (m - q^2) T. m, the mean of squared values, is 1 for a yes/no answer coded +1/-1, and
    that is the most it can be for any value on [-1, 1] (Bhatia and Davis 2000); `second_moment` is a smaller m.

    The noise is taken as normal. Below a scale of about 5 its whole-number steps show: without sampling, such an
    interval may hold the truth 93 times in 100.
    """
    return ratio_interval(
        contrast,
        total,
        contrast_variance,
        total_variance,
        covariance,
        spread=Spread(second_moment * total, 0.0, -total) if sampling else NO_SPREAD,
        possible=Interval(-1.0, 1.0),
        z=z,
    )


def count_interval(count: float, variance: float, *, sampling: bool, z: float = Z_95) -> Interval:
    """The interval for a count, at least 0: noise alone, or with the chance of a Poisson count.

    With sampling {m : (T - m)^2 <= z^2 (v_T + m)}, the score interval of a Poisson mean with the noise added. A
    negative count is moved to 0 first, which can only add to the set.
    """
    count = max(count, 0.0)
    if not sampling:
        reach = z * math.sqrt(variance)
        return Interval(max(count - reach, 0.0), count + reach)
    centre = count + z**2 / 2
    reach = z * math.sqrt(variance + count + z**2 / 4)
    return Interval(max(centre - reach, 0.0), centre + reach)
