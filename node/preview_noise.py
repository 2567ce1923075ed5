"""How large a plan's noise is on what a person reads, and how rarely it says more than a stated epsilon.

All half-widths hold 19 times in 20. What depends on the figure itself is shown for one a fifth of the way along its
range (a share of 20 % or 80 %, a mean a fifth from either bound), as in the release plan's choice of scales.
"""

from __future__ import annotations

import math

from frameworks.blocks import Block, Statistic
from frameworks.model import Indicator, Kind
from frameworks.plan import ReleasePlan

_NORMAL_95 = 1.959964
_SHARE = 0.2
_FROM_MIDDLE = 1 - 2 * _SHARE
"""How far from the middle of its range, in half ranges, a figure is taken to be."""


def typical_error(plan: ReleasePlan, indicator: Indicator) -> float:
    """The half-width of the noise on what is counted or summed, in children, events, families or the indicator's unit.

    A contrast moves by 2 for one child. The sum of a ratio's parts is that of their distances from the middle and, for
    every child, the middle.
    """
    block = plan.block_of(indicator)
    if indicator.kind is Kind.RATIO:
        middles = block.centre_doubled / 2 * plan.block(Statistic.TOTAL, indicator.cohort).sigma
        deviation = math.hypot(block.sigma / block.step, middles) / indicator.parts_per_unit
    elif block.statistic is Statistic.CONTRAST:
        deviation = block.sigma / 2
    else:
        deviation = block.sigma / (block.step * indicator.parts_per_unit)
    return _NORMAL_95 * deviation


def error_in_cohort(plan: ReleasePlan, indicator: Indicator, size: int) -> float | None:
    """The half-width of the noise on the published figure of a cohort of `size`, in percentage points or its unit.

    None for a count, whose error does not depend on the size. By the variances of privacy reference 3.2 and 3.3, to
    first order in noise over size; of a ratio, with wholes that are half-way along their range.
    """
    block = plan.block_of(indicator)
    match block.statistic:
        case Statistic.TOTAL:
            return None
        case Statistic.HISTOGRAM:
            spread = 1 - 2 * _SHARE + len(block.categories) * _SHARE**2
            deviation = 100 * math.sqrt(block.variance * spread) / size
        case Statistic.CONTRAST:
            total = plan.block(Statistic.TOTAL, indicator.cohort)
            deviation = 50 * math.hypot(block.sigma, _FROM_MIDDLE * total.sigma) / size
        case _ if indicator.kind is Kind.RATIO:
            deviation = _ratio_deviation(plan, indicator, block) / size
        case _:
            total = plan.block(Statistic.TOTAL, indicator.cohort)
            assert indicator.bounds is not None
            distance = _FROM_MIDDLE * (indicator.bounds[1] - indicator.bounds[0]) / 2
            summed = math.hypot(block.sigma / block.step, distance * total.sigma)
            deviation = summed / indicator.parts_per_unit / size
    return _NORMAL_95 * deviation


def _ratio_deviation(plan: ReleasePlan, indicator: Indicator, parts: Block) -> float:
    """Of one child's ratio, in percentage points: P and W are sums of distances from the middle plus T middles."""
    wholes = plan.block(Statistic.WHOLE_SUM, indicator.id)
    total = plan.block(Statistic.TOTAL, indicator.cohort)
    middle_part, middle_whole = parts.centre_doubled / 2, wholes.centre_doubled / 2
    own = math.hypot(parts.sigma / parts.step, _SHARE * wholes.sigma / wholes.step)
    return 100 * math.hypot(own, (middle_part - _SHARE * middle_whole) * total.sigma) / middle_whole


def chance_beyond(rho: float, epsilon: float) -> float:
    """The most probable it can be that a draw of the noise moves the odds by more than e to the `epsilon`.

    The tail of the privacy loss of rho-zCDP, exp(-(epsilon - rho)^2 / 4 rho) (Bun and Steinke 2016, in the proof of
    proposition 1.3). It is more than the delta at which `epsilon` was converted, an allowance of another kind.
    """
    if epsilon <= rho:
        return 1.0
    return math.exp(-((epsilon - rho) ** 2) / (4 * rho))
