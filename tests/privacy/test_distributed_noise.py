"""If these failed, the sum over a group would carry less noise than the ledgers of its councils charged for, or so much
more than a trusted curator's that the secure mode would not be worth its trouble.

Shares are drawn as a node draws them, added modulo the plan's modulus as reports are, and read as the coordinator reads
sums. Each statistical test is made at alpha = 1e-6, 24 of them in all, so that sound noise fails at most one run in
41,000; the controls show that each finds what it is for, and miss it less often still.
Reference: the exact probabilities of the discrete Gaussian; privacy reference 5.1 to 5.3.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from frameworks.blocks import SIGMA_UNITS, Block
from frameworks.plan import ReleasePlan
from frameworks.shares import SHARE_UNITS
from node.errors import PlanRefused
from node.noise import add_share
from protos.sa1.masking import from_ring, to_ring
from tests.benchmarks.distributed_noise import (
    COLLUDERS,
    COUNCILS,
    GATES,
    SIGMA_UNITS_OF_SUM,
    colluder_rows,
    drawn_shares,
    measured_ratio,
    national_plan,
    ratio,
    secure_terms,
    share_scale,
)

ALPHA = 1e-6
LARGEST_Z = float(stats.norm.isf(ALPHA / 2))
ENTRIES = 1_500
DROPPED = 3
PLAN = national_plan(DROPPED, 0, ENTRIES, (3_379, SIGMA_UNITS_OF_SUM))
"""sigma 3.3, whose shares are too small without a grid, and sigma 73.1."""
HONEST = secure_terms(PLAN).honest_shares(COUNCILS)


def test_the_plan_has_shares_that_need_the_grid() -> None:
    assert (HONEST, secure_terms(PLAN).grid) == (150, 8)


@pytest.fixture(scope="module")
def shares() -> NDArray[np.int64]:
    """The share of each of 153 councils, by entry."""
    return drawn_shares(PLAN, COUNCILS)


def added(shares: NDArray[np.int64], plan: ReleasePlan) -> list[int]:
    """The sum of these nodes' shares, as it comes out of a round: modulo a power of two, with its sign."""
    width = secure_terms(plan).modulus_bits
    words = np.sum([to_ring(share, width) for share in shares], axis=0, dtype=f"<u{width // 8}")
    return from_ring(words)


def sum_scale(block: Block, honest: int) -> float:
    """The scale of the discrete Gaussian that a sum of so many shares is claimed to be, on the grid."""
    return math.sqrt(honest) * share_scale(PLAN, block) / SHARE_UNITS


def chi_squared_p(sample: Sequence[int], sigma: float) -> float:
    """p of a sample under the exact discrete Gaussian, in bins of consecutive values that hold 25 of it on average."""
    furthest = math.ceil(12 * sigma)
    weights = [math.exp(-(k**2) / (2 * sigma**2)) for k in range(-furthest, furthest + 1)]
    total = math.fsum(weights)
    edges, expected, running = [-furthest], [], 0.0
    for k, weight in zip(range(-furthest, furthest + 1), weights, strict=True):
        running += weight / total * len(sample)
        if running >= 25:
            edges.append(k + 1)
            expected.append(running)
            running = 0.0
    expected[-1] += running
    edges[0], edges[-1] = min(-furthest, *sample), max(furthest, *sample) + 1
    counts = Counter(int(place) for place in np.searchsorted(edges, sample, side="right"))
    statistic = sum((counts[bin_ + 1] - mean) ** 2 / mean for bin_, mean in enumerate(expected))
    return float(stats.chi2.sf(statistic, len(expected) - 1))


def variance_z(sample: Sequence[int], sigma: float) -> float:
    """How many standard errors the mean square of a sample is from sigma squared."""
    mean_square = math.fsum(value**2 for value in sample) / len(sample)
    return (mean_square / sigma**2 - 1) / math.sqrt(2 / len(sample))


@pytest.mark.parametrize("block", [0, 1])
@pytest.mark.parametrize("dropped", range(DROPPED + 1))
def test_the_sum_is_the_discrete_gaussian_of_as_many_shares_as_are_in_it(
    shares: NDArray[np.int64], block: int, dropped: int
) -> None:
    own = PLAN.blocks[block]
    sample = added(shares[dropped:], PLAN)[own.indices]
    scale = sum_scale(own, COUNCILS - dropped)
    assert scale >= own.sigma * secure_terms(PLAN).grid
    assert chi_squared_p(sample, scale) > ALPHA
    assert abs(variance_z(sample, scale)) < LARGEST_Z


@pytest.mark.parametrize("block", [0, 1])
def test_control_a_sum_of_half_the_honest_shares_is_found(shares: NDArray[np.int64], block: int) -> None:
    own = PLAN.blocks[block]
    sample = added(shares[: HONEST // 2], PLAN)[own.indices]
    assert chi_squared_p(sample, sum_scale(own, HONEST)) < ALPHA
    assert variance_z(sample, sum_scale(own, HONEST)) < -LARGEST_Z


@pytest.mark.parametrize("block", [0, 1])
def test_control_a_share_that_is_in_the_sum_of_everybody_else_is_found(shares: NDArray[np.int64], block: int) -> None:
    """Councils that draw alike, as from a generator that was copied, add more than they should."""
    own = PLAN.blocks[block]
    sample = added(np.repeat(shares[: COUNCILS // 3], 3, axis=0), PLAN)[own.indices]
    assert variance_z(sample, sum_scale(own, COUNCILS)) > LARGEST_Z


def test_shares_of_councils_and_of_entries_are_independent(shares: NDArray[np.int64]) -> None:
    for own in PLAN.blocks:
        drawn = shares[:, own.indices].astype(float)
        for one, other in ((drawn[:-1], drawn[1:]), (drawn[:, :-1], drawn[:, 1:])):
            correlation = float(np.mean(one * other) / np.mean(drawn**2))
            assert abs(correlation) * math.sqrt(one.size) < LARGEST_Z


@pytest.mark.parametrize("dropped", GATES)
def test_the_error_is_that_of_the_central_model_but_for_what_the_plan_allows_to_drop_out(dropped: int) -> None:
    """With all 153 in the sum, which is the worst: each council beyond m adds noise for nothing."""
    plan = national_plan(dropped, 0, 1_000)
    (block,) = plan.blocks
    assert math.sqrt(COUNCILS / (COUNCILS - dropped)) <= GATES[dropped]
    rounding = 1 + 1 / share_scale(plan, block)
    for missing in range(dropped + 1):
        survivors = COUNCILS - missing
        theory = ratio(plan, block, survivors)
        assert 1 <= theory <= math.sqrt(survivors / (COUNCILS - dropped)) * rounding
        found = measured_ratio(plan, block, drawn_shares(plan, 40), survivors) if missing in (0, dropped) else None
        assert found is None or abs(found.ratio - theory) < LARGEST_Z * found.error


def test_the_table_of_colluders_is_that_of_the_privacy_reference() -> None:
    """5.3, to the digits it states."""
    rows = colluder_rows(10, 2)
    assert [row["colluders"] for row in rows] == list(COLLUDERS)
    assert [f"{row['epsilon_if_none_allowed']:.3f}" for row in rows] == (
        ["1.000", "1.004", "1.018", "1.057", "1.126", "1.253"]
    )
    stated = [1.010, 1.013, 1.027, 1.065, 1.129, 1.249]
    assert [row["theory_if_allowed"] for row in rows] == pytest.approx(stated, abs=7e-4)
    assert all(one["theory_if_allowed"] < other["theory_if_allowed"] for one, other in pairwise(rows))


groups = st.tuples(st.integers(10, 153), st.integers(0, 15), st.integers(0, 52), st.integers(1_024, 10**6)).filter(
    lambda group: group[0] - group[1] - group[2] >= 1
)


def _plan(group: tuple[int, int, int, int]) -> tuple[ReleasePlan, Block]:
    _, dropped, colluding, sigma_units = group
    plan = national_plan(dropped, colluding, 1, (sigma_units,))
    return plan, plan.blocks[0]


@given(groups, st.data())
def test_whoever_survives_and_colludes_the_honest_shares_carry_the_noise_that_is_charged(
    group: tuple[int, int, int, int], data: st.DataObject
) -> None:
    """A released group has survivors >= m + t, so that m shares are left where t colluders take theirs off."""
    roster, dropped, colluding, sigma_units = group
    plan, block = _plan(group)
    survivors = data.draw(st.integers(roster - dropped, roster))
    colluders = data.draw(st.integers(0, colluding))
    honest = survivors - colluders
    charged = (sigma_units * secure_terms(plan).grid * SHARE_UNITS // SIGMA_UNITS) ** 2
    assert honest * share_scale(plan, block, roster) ** 2 >= charged


@given(groups)
def test_control_with_survivors_of_m_alone_colluders_would_leave_too_little(group: tuple[int, int, int, int]) -> None:
    roster, _, colluding, sigma_units = group
    plan, block = _plan(group)
    secure = secure_terms(plan)
    honest = secure.honest_shares(roster) - colluding
    charged = (sigma_units * secure.grid * SHARE_UNITS // SIGMA_UNITS) ** 2
    left = max(0, honest) * share_scale(plan, block, roster) ** 2
    assert left < charged or colluding == 0


def test_shares_for_nobody_and_of_council_releases_are_not_drawn() -> None:
    plan = national_plan(DROPPED, 0, 1)
    with pytest.raises(ValueError, match="honest"):
        add_share(plan, [0], 0)
    with pytest.raises(PlanRefused):
        add_share(national_plan(DROPPED, 52, 1, (64,)), [0], 10**9)
