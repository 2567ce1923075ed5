"""Figures drawn on an axis: marks, rows of a table, and strips."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from coordinator.estimates.benchmark import Estimate
from coordinator.estimates.decode import scale_of
from coordinator.publication.layout import Row
from frameworks.display.charts import Axis, Mark, Shape, Strip, axis_for
from frameworks.display.formats import figure
from frameworks.model import Indicator, Kind


def is_plain_count(indicator: Indicator) -> bool:
    """Whether the figure is a number that grows with the area, and areas are not compared."""
    return indicator.kind is Kind.COUNT and indicator.rate_per is None


def _limits(indicator: Indicator) -> tuple[float, float]:
    if indicator.kind in (Kind.COUNT, Kind.RATIO):
        return 0.0, math.inf
    return scale_of(indicator)


def mark_of(shape: Shape, height: int, estimate: Estimate | None, *, interval: bool = True) -> tuple[Mark, ...]:
    """The mark of a figure, with or without its interval; none where there is nothing to draw."""
    if estimate is None or estimate.lower is None:
        return ()
    if not interval:
        return (Mark(shape, height, estimate.value),) if estimate.value is not None else ()
    return (Mark(shape, height, estimate.value, estimate.lower, estimate.upper),)


def marks_of(rows: Iterable[Row]) -> tuple[Mark, ...]:
    """The marks of all rows."""
    return tuple(mark for row in rows for mark in row.marks)


def axis_of(indicator: Indicator, marks: Iterable[Mark]) -> Axis:
    """An axis for the figures; an interval that stands alone may run off it, as its numbers in the table show."""
    values: list[float] = []
    alone: list[float] = []
    for mark in marks:
        ends = [value for value in (mark.value, mark.lower, mark.upper) if value is not None]
        (values if mark.value is not None else alone).extend(ends)
    low, high = _limits(indicator)
    return axis_for(values or alone, low, high)


def strip_of(
    identifier: str, title: str, description: str, height: int, indicator: Indicator, marks: Sequence[Mark]
) -> Strip:
    """Marks on an axis that fits them."""
    axis = axis_of(indicator, marks)
    return Strip(
        identifier=identifier,
        title=title,
        description=description,
        axis=axis,
        low_label=figure(indicator, axis.low),
        high_label=figure(indicator, axis.high),
        height=height,
        marks=tuple(marks),
    )
