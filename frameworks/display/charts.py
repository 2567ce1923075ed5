"""Charts as values: marks on an axis, which the macros of `templates/charts.svg.jinja` draw.

Positions are shares of the drawing's width, so that a chart stretches with the page and its text does not. A chart has
a title and a description that states the finding; the numbers stand in a table beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class Axis:
    """From `low` to `high`, both round numbers, with a tick at each `step`."""

    low: float
    high: float
    step: float

    def at(self, value: float) -> str:
        """Where a value stands, as an SVG percentage; values beyond the axis stand at its end."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return f"{100 * share:.2f}%"

    def ticks(self) -> tuple[float, ...]:
        """The values at which the axis is marked, both ends included."""
        return tuple(self.low + self.step * number for number in range(round((self.high - self.low) / self.step) + 1))


def axis_for(values: Iterable[float], lowest: float, highest: float) -> Axis:
    """The shortest axis of about four round steps that holds all values, within `lowest` and `highest` where finite.

    The axis need not begin at 0: marks are read by position, not by length, and both ends are labelled.
    """
    held = [value for value in values if math.isfinite(value)] or [lowest]
    low, high = max(min(held), lowest), min(max(held), highest)
    raw = max((high - low) / 4, 1e-3)
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= raw)
    step = max(step, 0.5)
    first = math.floor(low / step) * step
    last = min(max(math.ceil(high / step) * step, first + step), highest)
    return Axis(max(min(first, last - step), lowest), last, step)


class Shape(StrEnum):
    """What a mark stands for, told by its shape as well as by its colour."""

    ENGLAND = "england"
    REGION = "region"
    COUNCIL = "council"
    PUBLISHED = "published"


@dataclass(frozen=True)
class Mark:
    """A figure with its interval, `height` pixels down the chart. `value` is None where the interval stands alone."""

    shape: Shape
    height: int
    value: float | None = None
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True)
class Strip:
    """Marks on one axis, whose ends are labelled. `identifier` makes the ids of its title unique on the page."""

    identifier: str
    title: str
    description: str
    axis: Axis
    low_label: str
    high_label: str
    height: int
    marks: Sequence[Mark]


@dataclass(frozen=True)
class Bar:
    """A category's share with its interval; `value` is None where the interval stands alone.

    `reference` is the share that another area has, marked on the bar.
    """

    label: str
    value: float | None
    lower: float | None
    upper: float | None
    reference: float | None = None


@dataclass(frozen=True)
class Bars:
    """A bar for each category on one axis that begins at 0, whose ends are labelled."""

    identifier: str
    title: str
    description: str
    axis: Axis
    low_label: str
    high_label: str
    bars: Sequence[Bar]

    @property
    def beside(self) -> bool:
        """Whether all labels are short enough to stand beside their bars; else they stand above them."""
        return all(len(bar.label) <= 3 for bar in self.bars)

    @property
    def pitch(self) -> int:
        """Pixels from one bar to the next."""
        return 24 if self.beside else 46

    @property
    def height(self) -> int:
        """Height of the drawing in pixels."""
        return self.pitch * len(self.bars) + 10
