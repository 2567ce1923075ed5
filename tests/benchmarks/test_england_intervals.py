"""If England's intervals did not hold the truth about 95 times in 100, every page would claim more than is known.

A short run of the benchmark beside this file. The node's noise takes no seed: of 45 intervals about 2 miss, and 10 or
more do by chance in fewer than 1 of 1,000 runs.
"""

from __future__ import annotations

from collections.abc import Sequence

from frameworks.plan import ReleasePlan
from node.noise import add_noise
from tests.benchmarks.england_intervals import simulate

RUNS = 3
MOST_MISSES = 10


def test_englands_intervals_hold_the_truth_in_both_readings() -> None:
    """Real plan, real noise, real benchmark, 153 councils."""
    result = simulate(RUNS, seed=1, epsilon=1.0)
    for held in (result.privacy_interval_holds_exact_figure, result.published_interval_holds_generating_rate):
        assert held.intervals - held.held < MOST_MISSES


def test_noise_larger_than_the_plan_says_would_be_noticed() -> None:
    """Positive control: eight times the noise leaves most exact figures outside their intervals."""

    def louder(plan: ReleasePlan, exact: Sequence[int]) -> list[int]:
        return [8 * noised - 7 * entry for noised, entry in zip(add_noise(plan, exact), exact, strict=True)]

    held = simulate(1, seed=1, epsilon=1.0, noise=louder).privacy_interval_holds_exact_figure
    assert held.share < 0.8
