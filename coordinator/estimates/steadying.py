"""From what councils sent to steadied headlines: the figures that `shrinkage` needs, freed of the noise in their sizes.

A small council's figure is a quotient of two noised sums, and its noise is neither normal nor of known variance. So
shrinkage gets, in place of part / whole, r + (part - r * whole) / size: r is England's figure, part - r * whole a sum
with normal noise of known variance, and size the noised whole, itself steadied by how many children live in each
council. For large councils it is the published figure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from coordinator.estimates.decode import Distribution, Mean, Measured, Rate, scale_of
from coordinator.estimates.intervals import Interval
from coordinator.estimates.shrinkage import HeadlineFigure, Shrunk, shrink
from frameworks.model import Indicator, Kind


def _whole(measured: Measured) -> float:
    """What the figure is divided by: noised, but for a rate's exposure."""
    return measured.exposure if isinstance(measured, Rate) else measured.divisor.value


def _sizes(councils: Mapping[str, Measured], children: Mapping[str, int]) -> dict[str, float]:
    """Each whole with the noise in it steadied, per child who lives there. Councils where it may be 0 are left out."""
    exact = {code: measured.exposure for code, measured in councils.items() if isinstance(measured, Rate)}
    noised = {code: measured.divisor for code, measured in councils.items() if code not in exact}
    per_child = [
        HeadlineFigure(divisor.value / children[code], divisor.variance / children[code] ** 2)
        for code, divisor in noised.items()
    ]
    steadied = zip(noised, shrink(per_child), strict=False)
    return exact | {code: size.value * children[code] for code, size in steadied if size.lower > 0}


def _chance(indicator: Indicator, england: Measured) -> float:
    """How outcomes vary from child to child (for a rate, per unit of exposure), where that is known: the binomial,
    Poisson or observed variance. A mean's and a ratio's is not sent; 0 then, as `HeadlineFigure` allows."""
    match england:
        case Rate():
            return england.value
        case Distribution():
            squares = sum(count.value * place**2 for count, place in zip(england.counts, england.places, strict=True))
            half = (england.high - england.low) / 2
            q = (england.value - england.low) / half - 1
            return max(half**2 * (squares / england.size.value - q**2), 0.0)
        case Mean() if indicator.kind is Kind.PERCENT:
            return (england.value - england.low) * (england.high - england.value)
    return 0.0


def _headline(own: Measured, england: Measured, size: float, chance: float) -> HeadlineFigure:
    """The variance is that at England's figure: England's slopes, for a whole of this size."""
    r = england.unclamped
    slopes = [slope * _whole(england) / size for slope in england.slopes]
    return HeadlineFigure(
        r + (own.unclamped - r) * _whole(own) / size,
        sum(slope**2 * noised.variance for slope, noised in zip(slopes, own.sums, strict=True)),
        chance=chance / size,
    )


def _possible(indicator: Indicator) -> Interval:
    """What a figure can be, in the indicator's unit."""
    if indicator.kind is Kind.COUNT:
        return Interval(0.0, math.inf)
    if indicator.kind is Kind.RATIO:
        assert indicator.bounds is not None and indicator.whole_bounds is not None
        return Interval(0.0, 100.0 if indicator.bounds[1] <= indicator.whole_bounds[1] else math.inf)
    return Interval(*scale_of(indicator))


def steadied_headlines(
    indicator: Indicator, councils: Mapping[str, Measured], england: Measured, children: Mapping[str, int]
) -> dict[str, Shrunk]:
    """Councils' headline figures steadied towards one another, by council code, cut to what is possible.

    `councils` are all that were measured, `england` their figure together, `children` how many live in each. Empty
    where councils are too few (`shrinkage.FEWEST_COUNCILS`); without those whose size may be 0.
    """
    if not (_whole(england) > 0 and england.size.value > 0):
        return {}
    sizes, chance = _sizes(councils, children), _chance(indicator, england)
    codes = [code for code in councils if code in sizes and math.isfinite(councils[code].unclamped)]
    figures = [_headline(councils[code], england, sizes[code], chance) for code in codes]
    possible = _possible(indicator)
    return {code: shrunk.cut(possible) for code, shrunk in zip(codes, shrink(figures), strict=False)}
