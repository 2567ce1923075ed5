"""Where an area stands against the rest of England, in four words and never in a rank.

The area is taken out of England first: its children and its noise would else stand on both sides. The difference of two
independent figures gets the interval of Newcombe, "Interval estimation for the difference between independent
proportions", Statistics in Medicine 17 (1998), method 10, from the two score intervals.
"""

from __future__ import annotations

import math
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


def difference_interval(first: Measured, second: Measured, z: float) -> Interval:
    """The interval of first minus second, sampling and privacy noise of both in it."""
    one, two = first.interval(sampling=True, z=z), second.interval(sampling=True, z=z)
    difference = first.value - second.value
    return Interval(
        difference - math.hypot(first.value - one.lower, two.upper - second.value),
        difference + math.hypot(one.upper - first.value, second.value - two.lower),
    )


def position(area: Measured, rest: Measured, areas_compared: int) -> Position:
    """Higher or lower only where the difference stands out among all areas compared at once; similar only where any
    larger difference can be excluded.

    For higher and lower the interval's error is divided by `areas_compared` (Bonferroni), so that a table in which all
    areas are alike holds a false word in at most one of twenty tables. Similar: the 95 % interval reaches no further
    than `rest.margin` either way. Between the two lies what the data cannot tell.
    """
    if not (enough(area) and enough(rest)):
        return Position.UNCERTAIN
    strict = difference_interval(area, rest, normal_quantile(1 - (1 - CONFIDENCE) / areas_compared))
    if strict.lower > 0:
        return Position.HIGHER
    if strict.upper < 0:
        return Position.LOWER
    plain = difference_interval(area, rest, normal_quantile(CONFIDENCE))
    if -rest.margin <= plain.lower and plain.upper <= rest.margin:
        return Position.SIMILAR
    return Position.UNCERTAIN
