"""If these failed, the noise on what leaves would not be the noise that the ledger charged for.

The noise is read off what the door would send: value sent minus exact value. Each test is made at alpha = 1e-6, 54 of
them in all, so a sound sampler fails at most one run in 18,000; the controls show that each test finds what it is for,
and miss it less often still.
Reference: the exact probabilities of the discrete Gaussian, exp(-k^2 / 2 sigma^2) / sum over all integers of the same.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from scipy import stats

from frameworks.blocks import SIGMA_UNITS
from frameworks.plan import ReleasePlan
from node.noise import add_noise
from node.release import Noise
from tests.node.small_release import PLAN, door_of, open_ledger, prepare, summary_of

ALPHA = 1e-6
LARGEST_Z = float(stats.norm.isf(ALPHA / 2))
ENTRIES = 40_000
SIGMA_UNITS_OF_BLOCKS = (700, 1024, 3379, 30_618)
"""sigma 0.68, 1, 3.3 and 29.9."""

WIDE = replace(
    PLAN,
    blocks=tuple(
        replace(
            PLAN.blocks[0],
            levels=tuple(str(level) for level in range(ENTRIES)),
            start=number * ENTRIES,
            sigma_units=sigma_units,
        )
        for number, sigma_units in enumerate(SIGMA_UNITS_OF_BLOCKS)
    ),
)
"""A plan of four blocks that are wide enough to see their distribution in one release."""

EXACT = [(index * 37) % 2_003 - 1_000 for index in range(WIDE.length)]


def released_noise(folder: Path, noise: Noise = add_noise) -> list[list[int]]:
    """Puts the wide release through the door and gives the noise of each block, as a reader who knew all would."""
    with open_ledger(folder) as ledger:
        door = door_of(ledger, noise=noise)
        prepare(door, plan=WIDE, exact_vector=lambda: EXACT)
        (stored,) = door.outgoing()
    difference = [sent - exact for sent, exact in zip(summary_of(stored.envelope).values, EXACT, strict=True)]
    return [difference[block.start : block.start + ENTRIES] for block in WIDE.blocks]


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> list[list[int]]:
    """The noise of one release."""
    return released_noise(tmp_path_factory.mktemp("council"))


def _probabilities(sigma: float, furthest: int) -> dict[int, float]:
    weights = {k: math.exp(-(k**2) / (2 * sigma**2)) for k in range(-furthest, furthest + 1)}
    total = math.fsum(weights.values())
    return {k: weight / total for k, weight in weights.items()}


def chi_squared_p(sample: Sequence[int], sigma: float) -> float:
    """p of a sample under the exact discrete Gaussian; values are bins, those expected less than 10 times are one."""
    probabilities = _probabilities(sigma, math.ceil(12 * sigma) + 2)
    counts = Counter(sample)
    statistic, bins, rest, rest_expected = 0.0, 0, len(sample), float(len(sample))
    for k, probability in probabilities.items():
        expected = probability * len(sample)
        if expected >= 10:
            statistic += (counts[k] - expected) ** 2 / expected
            bins += 1
            rest -= counts[k]
            rest_expected -= expected
    statistic += (rest - rest_expected) ** 2 / rest_expected
    return float(stats.chi2.sf(statistic, bins))


def correlation_z(one: Sequence[int], two: Sequence[int]) -> float:
    """How many standard errors the correlation of two samples is from 0."""
    return float(stats.pearsonr(one, two).statistic) * math.sqrt(len(one))


@pytest.mark.parametrize("block", range(4))
def test_the_noise_of_each_block_is_the_discrete_gaussian_of_its_scale(noise: list[list[int]], block: int) -> None:
    assert chi_squared_p(noise[block], SIGMA_UNITS_OF_BLOCKS[block] / SIGMA_UNITS) > ALPHA


@pytest.mark.parametrize("block", range(4))
def test_mean_and_variance_are_those_of_the_scale(noise: list[list[int]], block: int) -> None:
    probabilities = _probabilities(SIGMA_UNITS_OF_BLOCKS[block] / SIGMA_UNITS, 500)
    variance = math.fsum(p * k**2 for k, p in probabilities.items())
    fourth = math.fsum(p * k**4 for k, p in probabilities.items())
    found = math.fsum(entry**2 for entry in noise[block]) / ENTRIES
    assert abs(math.fsum(noise[block]) / ENTRIES) < LARGEST_Z * math.sqrt(variance / ENTRIES)
    assert abs(found - variance) < LARGEST_Z * math.sqrt((fourth - variance**2) / ENTRIES)


def tail_p(sample: Sequence[int], sigma: float, sigmas: int) -> float:
    """p of how many entries lie at least so many sigma from 0, under the exact discrete Gaussian."""
    far = {k: p for k, p in _probabilities(sigma, math.ceil(12 * sigma) + 2).items() if abs(k) >= sigmas * sigma}
    found = sum(abs(entry) >= sigmas * sigma for entry in sample)
    return float(stats.binomtest(found, len(sample), math.fsum(far.values())).pvalue)


@pytest.mark.parametrize("block", range(4))
@pytest.mark.parametrize("sigmas", [2, 3, 4])
def test_as_many_entries_lie_far_out_as_should(noise: list[list[int]], block: int, sigmas: int) -> None:
    assert tail_p(noise[block], SIGMA_UNITS_OF_BLOCKS[block] / SIGMA_UNITS, sigmas) > ALPHA


@pytest.mark.parametrize("block", range(4))
def test_noise_is_as_often_above_0_as_below(noise: list[list[int]], block: int) -> None:
    above, below = (sum(sign * entry > 0 for entry in noise[block]) for sign in (1, -1))
    assert stats.binomtest(above, above + below).pvalue > ALPHA


@pytest.mark.parametrize("distance", [1, 2, ENTRIES // 2])
def test_entries_of_a_block_are_independent(noise: list[list[int]], distance: int) -> None:
    for block in noise:
        assert abs(correlation_z(block[:-distance], block[distance:])) < LARGEST_Z


def test_blocks_are_independent_of_each_other_and_of_the_exact_figures(noise: list[list[int]]) -> None:
    for number, block in enumerate(noise):
        assert abs(correlation_z(block, EXACT[number * ENTRIES : (number + 1) * ENTRIES])) < LARGEST_Z
        for other in noise[:number]:
            assert abs(correlation_z(block, other)) < LARGEST_Z


def test_two_councils_with_the_same_figures_draw_independent_noise(noise: list[list[int]], tmp_path: Path) -> None:
    for one, two in zip(noise, released_noise(tmp_path), strict=True):
        assert abs(correlation_z(one, two)) < LARGEST_Z


def _scaled_by(factor: Fraction) -> Noise:
    def noise(plan: ReleasePlan, exact: Sequence[int]) -> list[int]:
        blocks = tuple(replace(block, sigma_units=int(block.sigma_units * factor)) for block in plan.blocks)
        return add_noise(replace(plan, blocks=blocks), exact)

    return noise


def _one_block_for_all(plan: ReleasePlan, exact: Sequence[int]) -> list[int]:
    """The scale of the first block for every block."""
    blocks = tuple(replace(block, sigma_units=plan.blocks[0].sigma_units) for block in plan.blocks)
    return add_noise(replace(plan, blocks=blocks), exact)


def _one_draw_for_two_entries(plan: ReleasePlan, exact: Sequence[int]) -> list[int]:
    drawn = add_noise(plan, [0] * len(exact))
    return [drawn[index // 2 * 2] + entry for index, entry in enumerate(exact)]


def _never_below_0(plan: ReleasePlan, exact: Sequence[int]) -> list[int]:
    """What an unsigned type does: it clamps."""
    return [max(noised, entry) for noised, entry in zip(add_noise(plan, exact), exact, strict=True)]


def _never_far(plan: ReleasePlan, exact: Sequence[int]) -> list[int]:
    """What a sampler does that gives up at two sigma."""
    noised: list[int] = []
    for block in plan.blocks:
        one_block = replace(plan, blocks=(replace(block, start=0),))
        noised += [
            entry if abs(entry - wanted) < 2 * block.sigma else wanted
            for entry, wanted in zip(add_noise(one_block, exact[block.indices]), exact[block.indices], strict=True)
        ]
    return noised


def test_control_noise_that_is_never_far_from_0_is_found(tmp_path: Path) -> None:
    for number, block in enumerate(released_noise(tmp_path, _never_far)):
        assert tail_p(block, SIGMA_UNITS_OF_BLOCKS[number] / SIGMA_UNITS, 2) < ALPHA


@pytest.mark.parametrize(
    ("noise", "found_in"),
    [
        (_scaled_by(Fraction(95, 100)), range(4)),
        (_scaled_by(Fraction(105, 100)), range(4)),
        (_one_block_for_all, range(1, 4)),
        (_never_below_0, range(4)),
    ],
    ids=["5 % too little", "5 % too much", "one scale for all", "clamped"],
)
def test_control_noise_of_another_scale_is_found(tmp_path: Path, noise: Noise, found_in: range) -> None:
    blocks = released_noise(tmp_path, noise)
    for number in found_in:
        assert chi_squared_p(blocks[number], SIGMA_UNITS_OF_BLOCKS[number] / SIGMA_UNITS) < ALPHA


def test_control_noise_that_is_used_twice_is_found(tmp_path: Path) -> None:
    for block in released_noise(tmp_path, _one_draw_for_two_entries):
        assert abs(correlation_z(block[:-1], block[1:])) > LARGEST_Z
