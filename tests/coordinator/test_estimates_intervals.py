"""An interval that holds the truth less often than it says would make every published comparison a lie.

Coverage is simulated with seeded draws; each assertion allows 4.5 standard errors, so that a fresh seed would fail one
of the cells in fewer than 1 of 1,000 runs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.estimates.decode import Mean, Rate, enough
from coordinator.estimates.intervals import Interval, contrast_interval, count_interval, normal_quantile
from coordinator.estimates.sums import NoisySum

REPETITIONS = 2000
SLACK = 4.5 * math.sqrt(0.95 * 0.05 / REPETITIONS)
TOTAL_WEIGHT = 1.5


@dataclass(frozen=True)
class Coverage:
    """The share of intervals that hold the truth: of all, and of those whose figure is shown (None if too few)."""

    every: float
    shown: float | None


def _percent_coverage(children: int, rate: float, sigma: float, *, sampling: bool, seed: int) -> Coverage:
    rng = np.random.default_rng(seed)
    sigma_total = sigma / math.sqrt(TOTAL_WEIGHT)
    yes = rng.binomial(children, rate, REPETITIONS)
    contrasts = 2 * yes - children + np.rint(rng.normal(0, sigma, REPETITIONS))
    totals = children + np.rint(rng.normal(0, sigma_total, REPETITIONS))
    held, shown = [], []
    for answers, contrast, total in zip(yes, contrasts, totals, strict=True):
        ratio = Mean(NoisySum(contrast, sigma**2), NoisySum(total, sigma_total**2), 0, 100)
        interval = ratio.interval(sampling=sampling)
        assert 0 <= interval.lower <= interval.upper <= 100
        truth = 100 * (rate if sampling else answers / children)
        held.append(interval.lower - 1e-9 <= truth <= interval.upper + 1e-9)
        shown.append(enough(ratio))
    displayed = [hit for hit, seen in zip(held, shown, strict=True) if seen]
    return Coverage(float(np.mean(held)), float(np.mean(displayed)) if len(displayed) >= REPETITIONS / 4 else None)


@pytest.mark.parametrize("sigma", [8.2, 29.9])
@pytest.mark.parametrize("rate", [0.02, 0.1, 0.3, 0.5])
@pytest.mark.parametrize("children", [60, 150, 400, 2_000, 10_000, 83_000])
@pytest.mark.parametrize("sampling", [True, False])
def test_percentages_are_covered_in_both_readings(children: int, rate: float, sigma: float, sampling: bool) -> None:
    """About 95 % hold the truth, whether or not the figure is shown; more only where the interval is one-sided."""
    coverage = _percent_coverage(children, rate, sigma, sampling=sampling, seed=children + round(1000 * rate))
    assert coverage.every >= 0.945 - SLACK
    if coverage.shown is not None:
        assert coverage.shown >= 0.945 - SLACK
    half_width = 2 * math.sqrt(sigma**2 + children) / children
    if rate > half_width:
        assert coverage.every <= 0.965 + SLACK


@pytest.mark.parametrize("children", [400, 10_000])
def test_leaving_out_the_noise_would_be_noticed(children: int) -> None:
    """Positive control: the same check fails for an interval that forgets the privacy noise."""
    rng = np.random.default_rng(1)
    sigma = 4 * math.sqrt(children)
    yes = rng.binomial(children, 0.3, REPETITIONS)
    contrasts = 2 * yes - children + np.rint(rng.normal(0, sigma, REPETITIONS))
    intervals = [contrast_interval(float(d), children, 0.0, 0.0, sampling=True) for d in contrasts]
    assert np.mean([i.lower <= -0.4 <= i.upper for i in intervals]) < 0.945 - SLACK


@pytest.mark.parametrize("sigma", [8.2, 29.9])
@pytest.mark.parametrize("count", [40, 300, 5_000, 80_000])
def test_counts_and_rates_are_covered_in_both_readings(count: int, sigma: float) -> None:
    """The exact count with the noise alone; the expected count with the chance of a Poisson count as well."""
    rng = np.random.default_rng(count)
    exact = rng.poisson(count, REPETITIONS)
    noised = exact + np.rint(rng.normal(0, sigma, REPETITIONS))
    rates = [Rate(NoisySum(float(value), sigma**2), 12.5) for value in noised]
    for sampling, truths in ((True, np.full(REPETITIONS, count)), (False, exact)):
        intervals = [rate.interval(sampling=sampling) for rate in rates]
        held = [i.lower <= truth / 12.5 <= i.upper for i, truth in zip(intervals, truths, strict=True)]
        assert np.mean(held) >= 0.945 - SLACK
        assert np.mean(held) <= 0.975 + SLACK


@pytest.mark.parametrize("spread", [0.1, 0.5, 1.0])
def test_means_are_covered_at_least(spread: float) -> None:
    """Values on 0 to 40: two-point values have the largest spread and 95 %; any other has more, never less."""
    rng = np.random.default_rng(round(10 * spread))
    children, mean, sigma = 400, 15.0, 20 * 8.2
    held = []
    for _ in range(REPETITIONS):
        widest = rng.random(children) < mean / 40
        values = mean + spread * (np.where(widest, 40.0, 0.0) - mean)
        noised = float(np.sum(values - 20)) + float(np.rint(rng.normal(0, sigma)))
        total = children + float(np.rint(rng.normal(0, 8.2)))
        ratio = Mean(NoisySum(noised, sigma**2).scaled(1 / 20), NoisySum(total, 8.2**2), 0, 40)
        interval = ratio.interval(sampling=True)
        held.append(interval.lower <= mean <= interval.upper)
    assert np.mean(held) >= 0.945 - SLACK
    if spread == 1.0:
        assert np.mean(held) <= 0.965 + SLACK


@pytest.mark.parametrize("sampling", [True, False])
@pytest.mark.parametrize("total", [-500.0, -20.0, 0.0, 9.9])
def test_a_total_that_may_be_nothing_leaves_every_rate_possible(total: float, sampling: bool) -> None:
    """First edge rule, negative totals included: their quadratic has roots, with the sign of the rate reversed."""
    variance = (10 / 1.959964) ** 2
    assert contrast_interval(5.0, total, 4.0, variance, sampling=sampling) == Interval(-1.0, 1.0)


@pytest.mark.parametrize("sampling", [True, False])
@pytest.mark.parametrize("contrast", [-260.0, -201.0, 201.0, 260.0])
def test_a_contrast_beyond_its_total_still_gives_an_interval(contrast: float, sampling: bool) -> None:
    """Second edge rule: without the clamp the set leaves [-1, 1] and its cut ends would change places."""
    interval = contrast_interval(contrast, 200.0, 29.9**2, 24.0**2, sampling=sampling)
    end = math.copysign(1.0, contrast)
    assert interval.lower < interval.upper
    assert end in (interval.lower, interval.upper)


@settings(deadline=None)
@given(
    contrast=st.floats(-1e6, 1e6),
    total=st.floats(-1e5, 1e6),
    sigma=st.floats(0, 1e4),
    sigma_total=st.floats(0, 1e4),
    sampling=st.booleans(),
    confidence=st.floats(0.5, 0.99999),
)
def test_no_interval_is_empty_inverted_or_outside_the_scale(
    contrast: float, total: float, sigma: float, sigma_total: float, sampling: bool, confidence: float
) -> None:
    """For any noise and any total the interval is one, lies within the scale and holds the figure as it is read."""
    z = normal_quantile(confidence)
    ratio = Mean(NoisySum(contrast, sigma**2), NoisySum(total, sigma_total**2), 0, 100)
    interval = ratio.interval(sampling=sampling, z=z)
    assert 0 <= interval.lower <= interval.upper <= 100
    if total > 0:
        assert interval.lower - 1e-6 <= ratio.value <= interval.upper + 1e-6
    counted = count_interval(total, sigma_total**2, sampling=sampling, z=z)
    assert 0 <= counted.lower <= counted.upper
    assert counted.lower - 1e-6 <= max(total, 0) <= counted.upper + 1e-6


@settings(deadline=None)
@given(total=st.floats(50, 1e6), q=st.floats(-1, 1), sigma=st.floats(0.1, 5))
def test_sampling_only_widens(total: float, q: float, sigma: float) -> None:
    """The reading with chance in it holds the reading without."""
    noise = contrast_interval(q * total, total, sigma**2, sigma**2, sampling=False)
    both = contrast_interval(q * total, total, sigma**2, sigma**2, sampling=True)
    assert both.lower <= noise.lower + 1e-9
    assert both.upper >= noise.upper - 1e-9


def test_without_noise_the_interval_is_wilsons() -> None:
    """The closed form against Wilson's for 15 of 120, z = 1.96 (PHEindicatormethods' formula)."""
    z, x, n = normal_quantile(0.95), 15.0, 120.0
    root = z * math.sqrt(z**2 + 4 * x * (1 - x / n))
    expected = [(2 * x + z**2 + sign * root) / (2 * (n + z**2)) for sign in (-1, 1)]
    interval = contrast_interval(2 * x - n, n, 0.0, 0.0, sampling=True).scaled(0.5, 0.5)
    assert [interval.lower, interval.upper] == pytest.approx(expected, abs=1e-12)
