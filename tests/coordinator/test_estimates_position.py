"""A word such as "higher" is what a lead member acts on: said without ground, it would make of chance a finding."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from coordinator.estimates.decode import Distribution, Mean, Measured, Rate, Ratio
from coordinator.estimates.position import Position, difference_interval, position
from coordinator.estimates.sums import NoisySum, combine

COUNCILS = 60
SIGMA = 12.0


def _councils(rng: np.random.Generator, rate: float, sizes: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[Mean]:
    yes = rng.binomial(sizes, rate)
    contrasts = 2 * yes - sizes + np.rint(rng.normal(0, SIGMA, len(sizes)))
    totals = sizes + np.rint(rng.normal(0, SIGMA, len(sizes)))
    return [
        Mean(NoisySum(float(d), SIGMA**2), NoisySum(float(t), SIGMA**2), 0, 100)
        for d, t in zip(contrasts, totals, strict=True)
    ]


def _england(councils: list[Mean]) -> Mean:
    return Mean(combine(c.contrast for c in councils), combine(c.total for c in councils), 0, 100)


def test_where_all_councils_are_alike_false_words_are_rare() -> None:
    """Of 200 tables of 60 like councils, about 10 may hold a false "higher" or "lower"; 24 fails.

    Seeded; a fresh seed would fail in fewer than 1 of 10,000 runs (binomial, 5 % of 200).
    """
    rng = np.random.default_rng(11)
    tables_with_a_false_word = 0
    for _ in range(200):
        councils = _councils(rng, 0.3, rng.integers(100, 2000, COUNCILS))
        england = _england(councils)
        words = {position(council, england.without(council), COUNCILS) for council in councils}
        tables_with_a_false_word += bool(words & {Position.HIGHER, Position.LOWER})
    assert tables_with_a_false_word < 24


def test_a_council_that_differs_is_found() -> None:
    """Power: 400 children at 60 % among councils at 30 % stand out in every one of 50 draws."""
    rng = np.random.default_rng(12)
    for _ in range(50):
        councils = _councils(rng, 0.3, rng.integers(100, 2000, COUNCILS)) + _councils(rng, 0.6, np.array([400]))
        england = _england(councils)
        assert position(councils[-1], england.without(councils[-1]), COUNCILS + 1) is Position.HIGHER


def test_similar_is_never_said_of_a_council_that_may_differ_much() -> None:
    """A council 8 points above the rest is called similar in at most 5 % of draws; 1 of 150 is expected at most."""
    rng = np.random.default_rng(13)
    similar = 0
    for _ in range(150):
        councils = _councils(rng, 0.3, rng.integers(500, 2000, COUNCILS)) + _councils(rng, 0.38, np.array([900]))
        england = _england(councils)
        similar += position(councils[-1], england.without(councils[-1]), COUNCILS + 1) is Position.SIMILAR
    assert similar <= 8


def test_a_large_council_like_the_rest_is_similar() -> None:
    """Similar is not an empty word: with enough children it is said."""
    rest = Mean(NoisySum(-32_000, 2e4), NoisySum(80_000, 2e4), 0, 100)
    assert position(Mean(NoisySum(-1_600, 144), NoisySum(4_000, 144), 0, 100), rest, 153) is Position.SIMILAR


def test_a_small_council_is_too_uncertain_to_place() -> None:
    """Neither a difference nor its absence can be read from 60 children; below 30 nothing is compared at all."""
    rest = Mean(NoisySum(-32_000, 2e4), NoisySum(80_000, 2e4), 0, 100)
    assert position(Mean(NoisySum(-20, 36), NoisySum(60, 36), 0, 100), rest, 153) is Position.UNCERTAIN
    assert position(Mean(NoisySum(20, 1), NoisySum(20, 1), 0, 100), rest, 153) is Position.UNCERTAIN


def test_noise_shared_with_england_is_taken_out() -> None:
    """A council that is half of England: against England its own noise would hide half of every difference."""
    council = Mean(NoisySum(500, 100), NoisySum(1_000, 100), 0, 100)
    other = Mean(NoisySum(-500, 100), NoisySum(1_000, 100), 0, 100)
    england = _england([council, other])
    assert england.without(council) == other
    assert difference_interval(council, england.without(council), 1.96).lower > 40


def test_the_difference_is_newcombes() -> None:
    """56 of 70 against 48 of 80: 0.0524 to 0.3339 (Newcombe 1998, table II, method 10)."""
    first = Mean(NoisySum(2 * 56 - 70, 0), NoisySum(70, 0), 0, 1)
    second = Mean(NoisySum(2 * 48 - 80, 0), NoisySum(80, 0), 0, 1)
    interval = difference_interval(first, second, 1.959964)
    assert math.isclose(interval.lower, 0.0524, abs_tol=5e-5)
    assert math.isclose(interval.upper, 0.3339, abs_tol=5e-5)


def test_rates_are_compared_per_child() -> None:
    """A council with a tenth of the children and a fifth of the count is higher."""
    england = Rate(NoisySum(10_000, 900), 1_000)
    council = Rate(NoisySum(2_000, 9), 100)
    assert position(council, england.without(council), 153) is Position.HIGHER


@pytest.mark.parametrize("correlation", [-0.9, 0.0, 0.6])
def test_the_interval_of_a_difference_holds_it_whatever_the_correlation(correlation: float) -> None:
    """Two figures whose contrasts have correlated noise: two areas, or two levels of one breakdown.

    Positive control: without the covariance the interval is too narrow where noises pull apart, too wide where not.
    """
    rng = np.random.default_rng(24)
    sigma, children, rates = 60.0, 4000, (0.3, 0.4)
    covariance = correlation * sigma**2
    held: list[bool] = []
    forgetful: list[bool] = []
    for _ in range(2000):
        noise = rng.multivariate_normal([0, 0], [[sigma**2, covariance], [covariance, sigma**2]])
        first, second = (
            Mean(NoisySum(2 * rng.binomial(children, rate) - children + e, sigma**2), NoisySum(children, 0), 0, 100)
            for rate, e in zip(rates, noise, strict=True)
        )
        for intervals, covariances in ((held, (covariance, 0.0)), (forgetful, ())):
            interval = difference_interval(first, second, 1.959964, covariances)
            intervals.append(interval.lower <= -10 <= interval.upper)
    slack = 4.5 * math.sqrt(0.95 * 0.05 / 2000)
    assert 0.945 - slack <= np.mean(held) <= 0.955 + slack
    if correlation:
        assert abs(np.mean(forgetful) - 0.95) > 0.005 + slack


COUNTS = (NoisySum(30, 1), NoisySum(50, 1), NoisySum(20, 1))
DISTANCES = (NoisySum(-16_000, 9), NoisySum(19_000, 4), NoisySum(100, 2))


@pytest.mark.parametrize(
    ("figure_of", "sums"),
    [
        (lambda sums: Mean(sums[0], sums[1], 0, 40), (NoisySum(-30, 1), NoisySum(120, 1))),
        (lambda sums: Distribution(tuple(sums), (-1.0, 0.2, 1.0), 0, 100), COUNTS),
        (lambda sums: Ratio(sums[0], sums[1], sums[2], (0, 400), (0, 400)), DISTANCES),
        (lambda sums: Rate(sums[0], 12.5), (NoisySum(80, 1),)),
    ],
    ids=["mean", "distribution", "ratio", "rate"],
)
def test_slopes_are_derivatives(
    figure_of: Callable[[Sequence[NoisySum]], Measured], sums: tuple[NoisySum, ...]
) -> None:
    """What a covariance of sums means for figures: each slope against a difference quotient."""
    figure = figure_of(sums)
    assert figure.sums == sums
    for index, slope in enumerate(figure.slopes):
        moved = list(sums)
        moved[index] = NoisySum(sums[index].value + 1e-4, 1)
        assert (figure_of(moved).unclamped - figure.unclamped) / 1e-4 == pytest.approx(slope, rel=1e-4)
