"""How the noise of each sum moves the figures that are made of it (privacy reference 3.2, 3.3).

All errors are squared, on the scale of the indicator from 0 to 1, and times N^2, N being the size of the cohort.
"""

from __future__ import annotations

from frameworks.blocks import Block, Statistic
from frameworks.model import Framework, Indicator, Kind

MEAN_SQUARED_CONTRAST = 0.36
"""(2p - 1)^2 of a share that is not published: what England's published shares average."""

StatisticName = tuple[Statistic, str]


def statistic_of(block: Block) -> StatisticName:
    """What a block holds in its table: the same in every other table and release."""
    return block.statistic, block.cohort if block.statistic is Statistic.TOTAL else block.indicator


def scale_length(indicator: Indicator) -> float:
    """From the lowest to the highest value a figure can have, in the indicator's unit; 1 for a count."""
    if indicator.kind is Kind.COUNT:
        return 1.0
    if indicator.kind is Kind.MEAN and indicator.bounds is not None:
        return (indicator.bounds[1] - indicator.bounds[0]) / indicator.parts_per_unit
    return 100.0


def users_of(framework: Framework, block: Block, others: tuple[Block, ...]) -> tuple[Indicator, ...]:
    """The indicators whose figures a block's noise moves. `others` are the blocks of the same table."""
    names = (*block.categories, block.indicator)
    if block.statistic is Statistic.TOTAL:
        names = tuple(other.indicator for other in others if other.cohort == block.cohort)
    return tuple(
        indicator
        for indicator in framework.indicators
        if indicator.cohort == block.cohort
        and (indicator.id in names or (indicator.kind is Kind.COUNT and block.statistic is Statistic.TOTAL))
    )


def squared_effect(indicator: Indicator, block: Block) -> float:
    """An indicator's squared error for each unit of the variance of one of the sums it is made of."""
    if block.statistic is Statistic.HISTOGRAM:
        return _effect_of_count(indicator, len(block.categories))
    if indicator.kind is Kind.RATIO:
        return _effect_on_ratio(indicator, block)
    if indicator.kind is Kind.COUNT:
        return 1.0
    if block.statistic is Statistic.TOTAL:
        return 0.0 if indicator.kind is Kind.HISTOGRAM else _squared_contrast(indicator) / 4
    if indicator.kind is Kind.MEAN and indicator.bounds is not None:
        return 1 / ((indicator.bounds[1] - indicator.bounds[0]) * block.step) ** 2
    return 1 / 4


def _effect_of_count(indicator: Indicator, categories: int) -> float:
    """A share is one count over the sum of all: (1 - p)^2 from its own noise, p^2 from every other's."""
    share = 1 / categories
    if indicator.kind is Kind.PERCENT and indicator.england is not None:
        share = min(indicator.england.value / 100, 1.0)
    return (1 - share) ** 2 + (categories - 1) * share**2


def _effect_on_ratio(indicator: Indicator, block: Block) -> float:
    """Of (m T + P) / (M T + W), m and M being the middles of the bounds, divided by M N."""
    assert indicator.bounds is not None and indicator.whole_bounds is not None
    part, whole = sum(indicator.bounds) / 2, sum(indicator.whole_bounds) / 2
    ratio = indicator.england.value / 100 if indicator.england else part / whole
    if block.statistic is Statistic.TOTAL:
        return ((part - ratio * whole) / whole) ** 2
    moved = ratio if block.statistic is Statistic.WHOLE_SUM else 1.0
    return (moved / block.step / whole) ** 2


def _squared_contrast(indicator: Indicator) -> float:
    """q^2: how far the figure is from the middle of its scale, in halves of the scale, squared."""
    if indicator.england is None:
        return MEAN_SQUARED_CONTRAST
    low, high = (0.0, 100.0) if indicator.bounds is None else map(float, indicator.bounds)
    value = indicator.england.value * indicator.parts_per_unit
    return float(min(((2 * value - low - high) / (high - low)) ** 2, 1.0))
