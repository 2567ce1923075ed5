"""Steadying councils' headline figures towards one another: empirical Bayes where the noise is known.

A council's figure is y = mu + difference + chance + noise. The councils' underlying figures differ from their mean mu
with variance tau^2; chance, with variance s, is how outcomes vary around the underlying figure; v is the variance of
the privacy noise. Only the noise is taken out: the steadied value is the expected exact figure, y + b (mu - y) with
b = v / (tau^2 + s + v), and y itself where there is no noise.

tau^2 is not fixed at one estimate. Everything is averaged over the values it may have, weighted by their restricted
likelihood (a flat prior on tau^2: Morris, "Parametric empirical Bayes inference", JASA 78, 1983), so that the interval
holds what is not known of tau^2 and mu. Paule and Mandel's estimate (privacy reference 6.6) gives the same errors; but
where the noise is large it is often 0, and then draws every council to the mean with an interval that is too short.

The intervals cover 19 times in 20 over all councils, and not for each: for a council far from the others they hold the
truth less often. So positions and statements about outliers rest on the unbiased figure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from coordinator.estimates.intervals import Z_95, Interval

FEWEST_COUNCILS = 10
"""Fewer do not tell how much councils differ."""

_GRID_STEP = 0.2
_GRID_POINTS = 64
_GRID_TOP = 10.0
"""tau^2 from 10 times the figures' variance (and the least of their noises) down to 0.00003 times, by factors of e^0.2:
closer than the likelihood of 153 councils can tell apart, and wide enough for 10."""
_NEGLIGIBLE = 1e-9
_NO_SCALE = 1e-100


@dataclass(frozen=True)
class HeadlineFigure:
    """A council's unbiased, unclamped figure in its unit, and the variances (unit squared) of noise and of chance.

    The prior is learnt from the `usable` figures. An infinite `variance` says that nothing is known of the council.
    With `chance` 0 exact figures are taken to differ as much between small councils as between large ones.
    """

    value: float
    variance: float
    usable: bool = True
    chance: float = 0.0


@dataclass(frozen=True)
class Shrunk:
    """A figure steadied towards the others, and the 95 % interval of the exact figure; not cut to any scale.

    `weight`, from 0 to 1, is how much of the council's own figure is in it; the rest is the councils' mean.
    """

    value: float
    lower: float
    upper: float
    weight: float

    def cut(self, possible: Interval) -> Shrunk:
        """Value and interval moved to the nearest `possible` ones."""
        value, lower, upper = (
            min(max(end, possible.lower), possible.upper) for end in (self.value, self.lower, self.upper)
        )
        return Shrunk(value, lower, upper, self.weight)


@dataclass(frozen=True)
class _Point:
    """One value that tau^2 (`between`) may have, how likely it is, and with it mu and the variance of that estimate."""

    probability: float
    between: float
    mean: float
    mean_variance: float


@dataclass(frozen=True)
class Prior:
    """What the figures together say of how councils differ."""

    points: tuple[_Point, ...]

    def _expected(self, values: Iterable[float]) -> float:
        return sum(point.probability * value for point, value in zip(self.points, values, strict=True))

    @property
    def mean(self) -> float:
        """The councils' mean, mu."""
        return self._expected(point.mean for point in self.points)

    @property
    def variance(self) -> float:
        """The variance between councils, tau^2."""
        return self._expected(point.between for point in self.points)

    @property
    def mean_uncertainty(self) -> float:
        """The variance of what is known of mu."""
        mean = self.mean
        return self._expected(point.mean_variance + (point.mean - mean) ** 2 for point in self.points)

    @property
    def variance_uncertainty(self) -> float:
        """The variance of what is known of tau^2."""
        variance = self.variance
        return self._expected((point.between - variance) ** 2 for point in self.points)

    def shrink(self, figure: HeadlineFigure, z: float = Z_95) -> Shrunk:
        """The figure steadied, with z standard deviations of what remains unknown either side."""
        pulls = [_pull(figure, point) for point in self.points]
        known = figure.value if math.isfinite(figure.variance) else 0.0
        moves = [pull * (point.mean - known) for pull, point in zip(pulls, self.points, strict=True)]
        move = self._expected(moves)
        variance = self._expected(
            pull * (point.between + figure.chance) + pull**2 * point.mean_variance + (own - move) ** 2
            for pull, point, own in zip(pulls, self.points, moves, strict=True)
        )
        value, reach = known + move, z * math.sqrt(variance)
        return Shrunk(value, value - reach, value + reach, 1 - self._expected(pulls))


def _pull(figure: HeadlineFigure, point: _Point) -> float:
    """b, the part of the way to the mean: 0 where there is no noise, 1 where there is nothing else."""
    if not figure.variance:
        return 0.0
    return 1 / (1 + (point.between + figure.chance) / figure.variance)


def _likelihood(figures: Sequence[HeadlineFigure], between: float) -> tuple[float, float, float]:
    """With variance `between` councils: the logarithm of the restricted likelihood, the least-squares mean, and the
    variance of that mean."""
    weights = [1 / (between + figure.chance + figure.variance) for figure in figures]
    total = sum(weights)
    mean = sum(weight * figure.value for weight, figure in zip(weights, figures, strict=True)) / total
    squares = sum(weight * (figure.value - mean) ** 2 for weight, figure in zip(weights, figures, strict=True))
    return (sum(map(math.log, weights)) - math.log(total) - squares) / 2, mean, 1 / total


def fit_prior(figures: Sequence[HeadlineFigure]) -> Prior | None:
    """The prior that the usable figures give; None where fewer than `FEWEST_COUNCILS` are usable."""
    usable = [figure for figure in figures if figure.usable and math.isfinite(figure.variance)]
    if len(usable) < FEWEST_COUNCILS:
        return None
    middle = sum(figure.value for figure in usable) / len(usable)
    spread = sum((figure.value - middle) ** 2 for figure in usable) / (len(usable) - 1)
    scale = spread + min(figure.variance + figure.chance for figure in usable)
    if scale < _NO_SCALE:
        return Prior((_Point(1.0, 0.0, middle, 0.0),))
    grid = [_GRID_TOP * scale * math.exp(-_GRID_STEP * step) for step in range(_GRID_POINTS)]
    found = [_likelihood(usable, between) for between in grid]
    logs = [log + math.log(between) for (log, _, _), between in zip(found, grid, strict=True)]
    top = max(logs)
    likely = [math.exp(log - top) for log in logs]
    kept = [place for place, likelihood in enumerate(likely) if likelihood > _NEGLIGIBLE]
    total = sum(likely[place] for place in kept)
    return Prior(tuple(_Point(likely[place] / total, grid[place], *found[place][1:]) for place in kept))


def shrink(figures: Sequence[HeadlineFigure]) -> tuple[Shrunk, ...]:
    """All figures steadied by the prior that they give together, in their order; empty where they give none."""
    prior = fit_prior(figures)
    return tuple(prior.shrink(figure) for figure in figures) if prior else ()
