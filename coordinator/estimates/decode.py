"""From noised sums to figures: percentages, means, counts and rates, with their intervals.

A percentage is a mean on the scale from 0 to 100 whose contrast is the sum of +1 and -1; a mean between bounds is
recentred the same way by the node (contrast = sum of distances from the middle, over half the range). So both are one
`Ratio`: value = middle + half * D / T, Var = half^2 [v_D + q^2 v_T] / T^2, q = D / T (privacy reference 3.2, 3.3). An
event cap changes the noise, which the plan states, and nothing here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Protocol, Self

from coordinator.estimates.cells import NoisySum
from coordinator.estimates.intervals import Z_95, Interval, contrast_interval, count_interval
from frameworks.model import Indicator, Kind
from frameworks.plan import Block

SMALLEST_TOTAL = 30
SMALLEST_TOTAL_IN_SIGMAS = 5


class Measured(Protocol):
    """A figure in the units of its indicator."""

    @property
    def size(self) -> NoisySum:
        """The noised number of children, or events, in the cohort."""
        ...

    @property
    def unclamped(self) -> float:
        """The unbiased figure: noise may carry it past what is possible, and it is for adding up, not for reading."""
        ...

    @property
    def value(self) -> float:
        """The figure as it is read: `unclamped`, moved to the nearest possible value."""
        ...

    @property
    def margin(self) -> float:
        """The largest difference from this figure that still counts as similar."""
        ...

    def interval(self, *, sampling: bool, z: float = Z_95) -> Interval:
        """The interval of the value, with or without the chance in children's outcomes."""
        ...

    def without(self, part: Self) -> Self:
        """The figure of all councils but those of `part`, which are among them: their noise goes with them."""
        ...


@dataclass(frozen=True)
class Ratio:
    """A percentage or a mean: `contrast` over `total`, on the scale from `low` to `high`.

    The sampling part of a mean's interval takes the largest spread that values between its bounds can have around that
    mean, because the spread itself is not sent: such an interval is wider than it need be, never narrower.
    """

    contrast: NoisySum
    total: NoisySum
    low: float
    high: float

    @property
    def _half(self) -> float:
        return (self.high - self.low) / 2

    @property
    def size(self) -> NoisySum:
        """The noised number of children, or events, in the cohort."""
        return self.total

    @property
    def unclamped(self) -> float:
        """The middle of the scale plus half of it times contrast over total. NaN where the total is 0."""
        if self.total.value == 0:
            return math.nan
        return (self.low + self.high) / 2 + self._half * self.contrast.value / self.total.value

    @property
    def value(self) -> float:
        """The figure between `low` and `high`."""
        return min(max(self.unclamped, self.low), self.high)

    @property
    def margin(self) -> float:
        """A twentieth of the scale (5 percentage points), or half the way to its nearer end where that is less."""
        return min((self.high - self.low) / 20, (self.value - self.low) / 2, (self.high - self.value) / 2)

    def interval(self, *, sampling: bool, z: float = Z_95) -> Interval:
        """The score interval, between `low` and `high`."""
        q = contrast_interval(
            self.contrast.value,
            self.total.value,
            self.contrast.variance,
            self.total.variance,
            sampling=sampling,
            z=z,
        )
        return q.scaled(self._half, (self.low + self.high) / 2)

    def without(self, part: Self) -> Self:
        """The ratio of what remains."""
        return replace(self, contrast=self.contrast.without(part.contrast), total=self.total.without(part.total))


@dataclass(frozen=True)
class Rate:
    """A count over `exposure`: children aged 0 to 17 in ten thousands for a rate, 1 for the count itself."""

    count: NoisySum
    exposure: float = 1.0

    @property
    def size(self) -> NoisySum:
        """The noised count."""
        return self.count

    @property
    def unclamped(self) -> float:
        """Count over exposure."""
        return self.count.value / self.exposure

    @property
    def value(self) -> float:
        """The figure, at least 0."""
        return max(self.unclamped, 0.0)

    @property
    def margin(self) -> float:
        """A quarter of the rate."""
        return self.value / 4

    def interval(self, *, sampling: bool, z: float = Z_95) -> Interval:
        """The interval of the count over the exposure, which is taken as exact."""
        counted = count_interval(self.count.value, self.count.variance, sampling=sampling, z=z)
        return counted.scaled(1 / self.exposure)

    def without(self, part: Self) -> Self:
        """The remaining count over the remaining exposure. Raises ValueError where none remains."""
        if part.exposure >= self.exposure:
            raise ValueError("no exposure remains")
        return replace(self, count=self.count.without(part.count), exposure=self.exposure - part.exposure)


def enough(measured: Measured) -> bool:
    """Whether the cohort is large enough for a figure: a noised size of at least 30 and 5 times its noise.

    The size of the noise and of the cohort decide, never the width of the figure's own interval, which shrinks near the
    ends of the scale and would show small figures by preference (privacy reference 7.3).
    """
    smallest = max(SMALLEST_TOTAL, SMALLEST_TOTAL_IN_SIGMAS * math.sqrt(measured.size.variance))
    return measured.size.value >= smallest


def bounds_of(indicator: Indicator) -> tuple[float, float]:
    """The scale of a percentage (0 to 100) or of a mean. Raises ValueError for a count, which has none."""
    if indicator.kind is Kind.COUNT:
        raise ValueError("a count has no scale")
    return (0.0, 100.0) if indicator.bounds is None else (float(indicator.bounds[0]), float(indicator.bounds[1]))


def contrast_of(indicator: Indicator, block: Block, measured: NoisySum) -> NoisySum:
    """The block's sum as a contrast: a mean's centred sum, sent times `step`, over half the range of its values."""
    if indicator.kind is Kind.PERCENT:
        return measured
    low, high = bounds_of(indicator)
    return measured.scaled(2 / (block.step * (high - low)))
