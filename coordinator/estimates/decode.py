"""From noised sums to figures: percentages, means, counts and rates, with their intervals.

A percentage is a mean on the scale from 0 to 100 whose contrast is the sum of +1 and -1; a mean between bounds is
recentred the same way by the node (contrast = sum of distances from the middle, over half the range). So both are one
`Mean`: value = middle + half * D / T, Var = half^2 [v_D + q^2 v_T] / T^2, q = D / T (privacy reference 3.2, 3.3). A
histogram's shares and mean are a `Distribution`, one sum over another a `Ratio`, a count or a rate a `Rate`. An event
cap changes the noise, which the plan states, and nothing here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self

from coordinator.estimates.intervals import (
    NO_SPREAD,
    Z_95,
    Interval,
    Spread,
    contrast_interval,
    count_interval,
    ratio_interval,
)
from coordinator.estimates.sums import NoisySum, combine
from frameworks.model import Indicator, Kind

SMALLEST_TOTAL = 30
SMALLEST_TOTAL_IN_SIGMAS = 5


class Measured(Protocol):
    """A figure in the units of its indicator."""

    @property
    def size(self) -> NoisySum:
        """The noised number of children, or events, in the cohort."""
        ...

    @property
    def divisor(self) -> NoisySum:
        """What the figure is divided by, where that carries noise; else its size."""
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

    @property
    def sums(self) -> tuple[NoisySum, ...]:
        """The sums that it is made of, whose noises are independent of one another."""
        ...

    @property
    def slopes(self) -> tuple[float, ...]:
        """How much `unclamped` moves with each of the sums: its partial derivatives, NaN where it is."""
        ...

    def interval(self, *, sampling: bool, z: float = Z_95) -> Interval:
        """The interval of the value, with or without the chance in children's outcomes."""
        ...

    def without(self, part: Self) -> Self:
        """The figure of all councils but those of `part`, which are among them, with the noise that is left."""
        ...


def _scale_margin(value: float, low: float, high: float) -> float:
    """A twentieth of the scale (5 percentage points), or half the way to its nearer end where that is less."""
    return min((high - low) / 20, (value - low) / 2, (high - value) / 2)


def _slopes_of_quotient(
    factor: float, part: NoisySum, whole: NoisySum, of_part: Sequence[float], of_whole: Sequence[float]
) -> tuple[float, ...]:
    """The derivatives of factor * part / whole by sums that move the part and the whole by so much each."""
    if whole.value == 0:
        return (math.nan,) * len(of_part)
    quotient = part.value / whole.value
    return tuple(factor * (p - quotient * w) / whole.value for p, w in zip(of_part, of_whole, strict=True))


@dataclass(frozen=True)
class Mean:
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
    def divisor(self) -> NoisySum:
        """The size."""
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
        """A twentieth of the scale, less near its ends."""
        return _scale_margin(self.value, self.low, self.high)

    @property
    def sums(self) -> tuple[NoisySum, ...]:
        """Contrast and total."""
        return self.contrast, self.total

    @property
    def slopes(self) -> tuple[float, ...]:
        """half / T, and -half * q / T."""
        return _slopes_of_quotient(self._half, self.contrast, self.total, (1.0, 0.0), (0.0, 1.0))

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
        """The mean of what remains."""
        return replace(self, contrast=self.contrast.without(part.contrast), total=self.total.without(part.total))


@dataclass(frozen=True)
class Distribution:
    """What the counts of outcomes that exclude each other say, each outcome having a place on a scale.

    `counts` are the noised numbers of children by category; `places` are between -1 (`low`) and 1 (`high`). The share
    of one category puts that one at 1 and the others at -1, on the scale from 0 to 100; the mean of numbers puts the
    least at -1 and the greatest at 1. Contrast and total are made of the same counts, so that their noises are
    correlated. The spread between children is known from the counts: the sampling part of the interval takes it, plus
    what the noise may hide of it (never more than the scale allows).
    """

    counts: tuple[NoisySum, ...]
    places: tuple[float, ...]
    low: float
    high: float

    def _weighted(self, power: int) -> NoisySum:
        pairs = [(count, place**power) for count, place in zip(self.counts, self.places, strict=True)]
        return combine(count.scaled(weight) for count, weight in pairs)

    @property
    def size(self) -> NoisySum:
        """The noised number of children in one of the categories."""
        return self._weighted(0)

    @property
    def divisor(self) -> NoisySum:
        """The size."""
        return self.size

    @property
    def _mean(self) -> Mean:
        return Mean(self._weighted(1), self.size, self.low, self.high)

    @property
    def unclamped(self) -> float:
        """The share or the mean, unbiased but for the noise of the total. NaN where the total is 0."""
        return self._mean.unclamped

    @property
    def value(self) -> float:
        """The figure between `low` and `high`."""
        return self._mean.value

    @property
    def margin(self) -> float:
        """A twentieth of the scale, less near its ends."""
        return self._mean.margin

    @property
    def sums(self) -> tuple[NoisySum, ...]:
        """The counts."""
        return self.counts

    @property
    def slopes(self) -> tuple[float, ...]:
        """half * (place - q) / T for each count."""
        half = (self.high - self.low) / 2
        return _slopes_of_quotient(half, self._weighted(1), self.size, self.places, (1.0,) * len(self.places))

    def interval(self, *, sampling: bool, z: float = Z_95) -> Interval:
        """The score interval, between `low` and `high`."""
        contrast, total, squares = self._weighted(1), self.size, self._weighted(2)
        held = (squares.value + z * math.sqrt(squares.variance)) / total.value if total.value > 0 else 1.0
        least = (contrast.value / total.value) ** 2 if total.value > 0 else 0.0
        q = contrast_interval(
            contrast.value,
            total.value,
            contrast.variance,
            total.variance,
            covariance=sum(count.variance * place for count, place in zip(self.counts, self.places, strict=True)),
            second_moment=min(max(held, least), 1.0),
            sampling=sampling,
            z=z,
        )
        return q.scaled((self.high - self.low) / 2, (self.low + self.high) / 2)

    def without(self, part: Self) -> Self:
        """What the counts that remain say."""
        counts = tuple(mine.without(its) for mine, its in zip(self.counts, part.counts, strict=True))
        return replace(self, counts=counts)


@dataclass(frozen=True)
class Ratio:
    """One sum over another, in percent: sessions missed of sessions possible.

    The node sends both sums as distances from the middles of their bounds, beside the total T of children: part =
    middle * T + `part_distance`, and so the whole. Both move with the noise of T, and so are correlated. Only the sums
    are known; the sampling part of the interval takes the largest spread between children that the bounds allow.
    """

    part_distance: NoisySum
    whole_distance: NoisySum
    total: NoisySum
    part_bounds: tuple[float, float]
    whole_bounds: tuple[float, float]

    @property
    def _middles(self) -> tuple[float, float]:
        return sum(self.part_bounds) / 2, sum(self.whole_bounds) / 2

    @property
    def part(self) -> NoisySum:
        """The noised sum of the parts."""
        return self.total.scaled(self._middles[0]) + self.part_distance

    @property
    def divisor(self) -> NoisySum:
        """The sum of the wholes."""
        return self.whole

    @property
    def whole(self) -> NoisySum:
        """The noised sum of the wholes."""
        return self.total.scaled(self._middles[1]) + self.whole_distance

    @property
    def size(self) -> NoisySum:
        """The noised number of children in the cohort."""
        return self.total

    @property
    def _possible(self) -> Interval:
        """What the bounds leave possible. A part whose bound is no more than the whole's is taken to lie within it."""
        (low, high), (whole_low, whole_high) = self.part_bounds, self.whole_bounds
        return Interval(low / whole_high, 1.0 if high <= whole_high else high / max(whole_low, 1.0))

    @property
    def unclamped(self) -> float:
        """A hundred times part over whole. NaN where the whole is 0."""
        return 100 * self.part.value / self.whole.value if self.whole.value else math.nan

    @property
    def value(self) -> float:
        """The figure, moved to the nearest possible one."""
        possible = self._possible
        return min(max(self.unclamped, 100 * possible.lower), 100 * possible.upper)

    @property
    def margin(self) -> float:
        """5 percentage points, less near 0 and 100."""
        return _scale_margin(min(self.value, 100.0), 0.0, 100.0)

    @property
    def sums(self) -> tuple[NoisySum, ...]:
        """The distances of parts and wholes, and the total."""
        return self.part_distance, self.whole_distance, self.total

    @property
    def slopes(self) -> tuple[float, ...]:
        """The total moves the parts by the middle of their bounds, and the wholes by that of theirs."""
        middle, whole_middle = self._middles
        return _slopes_of_quotient(100.0, self.part, self.whole, (1.0, 0.0, middle), (0.0, 1.0, whole_middle))

    def interval(self, *, sampling: bool, z: float = Z_95) -> Interval:
        """The score interval.

        The spread of part - r * whole around 0 is at most (its upper bound) * -(its lower bound) for each child (Bhatia
        and Davis 2000), its bounds being those of a part at one end and of a whole at the other.
        """
        (low, high), (whole_low, whole_high) = self.part_bounds, self.whole_bounds
        middle, whole_middle = self._middles
        children = max(self.total.value, 0.0)
        widest = Spread(
            -low * high * children,
            (high * whole_high + low * whole_low) * children,
            -whole_low * whole_high * children,
        )
        r = ratio_interval(
            self.part.value,
            self.whole.value,
            self.part.variance,
            self.whole.variance,
            middle * whole_middle * self.total.variance,
            spread=widest if sampling else NO_SPREAD,
            possible=self._possible,
            z=z,
        )
        return r.scaled(100.0)

    def without(self, part: Self) -> Self:
        """The ratio of what remains."""
        return replace(
            self,
            part_distance=self.part_distance.without(part.part_distance),
            whole_distance=self.whole_distance.without(part.whole_distance),
            total=self.total.without(part.total),
        )


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
    def divisor(self) -> NoisySum:
        """The size: population estimates carry no noise of ours."""
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

    @property
    def sums(self) -> tuple[NoisySum, ...]:
        """The count."""
        return (self.count,)

    @property
    def slopes(self) -> tuple[float, ...]:
        """One over the exposure."""
        return (1 / self.exposure,)

    def interval(self, *, sampling: bool, z: float = Z_95) -> Interval:
        """The interval of the count over the exposure, which is taken as exact."""
        counted = count_interval(self.count.value, self.count.variance, sampling=sampling, z=z)
        return counted.scaled(1 / self.exposure)

    def without(self, part: Self) -> Self:
        """The remaining count over the remaining exposure. Raises ValueError where none remains."""
        if part.exposure >= self.exposure:
            raise ValueError("no exposure remains")
        return replace(self, count=self.count.without(part.count), exposure=self.exposure - part.exposure)


def enough(measured: Measured, expected: float = math.inf) -> bool:
    """Whether there is enough for a figure: a noised size of at least 30, and size and divisor 5 times their noise.

    `expected` is the size that public figures let one expect. Where it is less than half of what is needed, noise alone
    would decide what is shown, and show what it made too large.

    The size of the noise and of the cohort decide, never the width of the figure's own interval, which shrinks near the
    ends of the scale and would show small figures by preference (privacy reference 7.3).
    """
    clear = all(
        base.value >= SMALLEST_TOTAL_IN_SIGMAS * math.sqrt(base.variance) for base in (measured.size, measured.divisor)
    )
    needed = max(SMALLEST_TOTAL, SMALLEST_TOTAL_IN_SIGMAS * math.sqrt(measured.size.variance))
    return clear and measured.size.value >= SMALLEST_TOTAL and 2 * expected >= needed


def category_numbers(indicator: Indicator) -> tuple[int, ...]:
    """The categories of a histogram as whole numbers, from which its mean is made; empty where one is a word."""
    if all(re.fullmatch(r"-?\d+", category) for category in indicator.categories):
        return tuple(int(category) for category in indicator.categories)
    return ()


def categories_shown(indicator: Indicator) -> tuple[str, ...]:
    """The categories under which the indicator has figures; the empty one is the indicator's own figure."""
    if indicator.kind is not Kind.HISTOGRAM:
        return ("",)
    return ("", *indicator.categories) if category_numbers(indicator) else indicator.categories


def scale_of(indicator: Indicator) -> tuple[float, float]:
    """The ends of the scale that a percentage, a mean or the mean of a histogram of numbers is on, in its own unit.

    Raises ValueError for every other indicator.
    """
    if indicator.kind is Kind.PERCENT:
        return 0.0, 100.0
    if indicator.kind is Kind.MEAN and indicator.bounds is not None:
        low, high = indicator.bounds
        return low / indicator.parts_per_unit, high / indicator.parts_per_unit
    if numbers := category_numbers(indicator):
        return min(numbers), max(numbers)
    raise ValueError(f"{indicator.id} has no scale")


def contrast_of(indicator: Indicator, measured: NoisySum) -> NoisySum:
    """The sum as a contrast: of a mean that of distances from the middle, over half the range of its values."""
    if indicator.kind is Kind.PERCENT:
        return measured
    assert indicator.bounds is not None
    low, high = indicator.bounds
    return measured.scaled(2 / (high - low))


def share_of(counts: Sequence[NoisySum], index: int) -> Distribution:
    """The share, in percent, of the category that stands at `index`."""
    return Distribution(tuple(counts), tuple(1.0 if i == index else -1.0 for i in range(len(counts))), 0.0, 100.0)


def mean_of(counts: Sequence[NoisySum], numbers: Sequence[float]) -> Distribution:
    """The mean of categories that are numbers."""
    low, high = min(numbers), max(numbers)
    return Distribution(tuple(counts), tuple(2 * (n - low) / (high - low) - 1 for n in numbers), low, high)
