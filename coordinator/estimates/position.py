"""Where an area stands against the rest of England, in four words and never in a rank.

The area is taken out of England first: its children would else stand on both sides. The difference of two figures gets
the interval of Newcombe, "Interval estimation for the difference between independent proportions", Statistics in
Medicine 17 (1998), method 10, from the two score intervals. Where their noises are correlated (the rest of England is a
secure sum less the area's own noised figure) it is that of Zou and Donner, "Construction of confidence limits about
effect measures", Statistics in Medicine 27 (2008), which takes twice the covariance out of each square.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum

from coordinator.estimates.decode import Measured, enough
from coordinator.estimates.intervals import Interval, normal_quantile

CONFIDENCE = 0.95


class Position(StrEnum):
    """An area against the rest of England. None of the four is a judgement; `polarity` says which way is good."""

    HIGHER = "higher"
    SIMILAR = "similar"
    LOWER = "lower"
    UNCERTAIN = "too uncertain to say"


def difference_interval(first: Measured, second: Measured, z: float, covariances: Sequence[float] = ()) -> Interval:
    """The interval of first minus second, sampling and privacy noise of both in it.

    `covariances` are those of the noises of their sums, sum by sum, each of the first with the like one of the second;
    none for figures whose noises are independent. Both figures are of the same kind.
    """
    one, two = first.interval(sampling=True, z=z), second.interval(sampling=True, z=z)
    difference = first.value - second.value
    correlation = _correlation(
        first, second, (one.upper - one.lower) * (two.upper - two.lower) / (2 * z) ** 2, covariances
    )
    return Interval(
        difference - _reach(first.value - one.lower, two.upper - second.value, correlation),
        difference + _reach(one.upper - first.value, second.value - two.lower, correlation),
    )


def _correlation(first: Measured, second: Measured, scale: float, covariances: Sequence[float]) -> float:
    """The correlation of two figures; `scale` is the product of their standard deviations, each half an interval over
    z."""
    shared = sum(s * t * c for s, t, c in zip(first.slopes, second.slopes, covariances, strict=bool(covariances)))
    return min(max(shared / scale, -1.0), 1.0) if shared and scale else 0.0


def _reach(one: float, two: float, correlation: float) -> float:
    return math.sqrt(max(one**2 + two**2 - 2 * correlation * one * two, 0.0))


def position(area: Measured, rest: Measured, areas_compared: int) -> Position:
    """How an area stands against the rest of England, whose noises may be correlated: the sums of `area` carry their
    covariance with England's, and so with those of the rest.

    Higher or lower only where the difference stands out among all areas compared at once; similar only where any
    larger difference can be excluded.

    For higher and lower the interval's error is divided by `areas_compared` (Bonferroni), so that a table in which all
    areas are alike holds a false word in at most one of twenty tables. Similar: the 95 % interval reaches no further
    than `rest.margin` either way. Between the two lies what the data cannot tell.
    """
    if not (enough(area) and enough(rest)):
        return Position.UNCERTAIN
    covariances = [own.shared - own.variance for own in area.sums]
    strict = difference_interval(area, rest, normal_quantile(1 - (1 - CONFIDENCE) / areas_compared), covariances)
    if strict.lower > 0:
        return Position.HIGHER
    if strict.upper < 0:
        return Position.LOWER
    plain = difference_interval(area, rest, normal_quantile(CONFIDENCE), covariances)
    if -rest.margin <= plain.lower and plain.upper <= rest.margin:
        return Position.SIMILAR
    return Position.UNCERTAIN
