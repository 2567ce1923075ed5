"""If these failed, a sum over councils would carry less noise than it is charged for, or lose figures in a wrap."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frameworks.blocks import SIGMA_UNITS, Block, Statistic
from frameworks.errors import InvalidRelease
from frameworks.plan import ReleaseRequest, compile_plan
from frameworks.shares import (
    MOST_CHILDREN,
    SHARE_UNITS,
    SecureTerms,
    grid_for,
    secure_share,
    share_residue,
    share_units,
    tau,
)
from tests.frameworks.small import small_framework

FULL_TABLES = 216
"""The squared sensitivity of the reference's table set (privacy 5.2), at rho for epsilon 1 and delta 1e-7."""
RHO = 0.020187


def block(sigma: float, sensitivity: int = 1, cells: int = 1) -> Block:
    return Block(
        Statistic.CONTRAST,
        "cohort",
        "indicator",
        "",
        tuple(str(cell) for cell in range(cells)),
        0,
        sensitivity,
        1,
        math.ceil(sigma * SIGMA_UNITS),
    )


CENTRAL = block(math.sqrt(FULL_TABLES / (2 * RHO)))


@pytest.mark.parametrize(
    ("roster", "dropped", "colluding", "share"),
    [
        (153, 0, 0, 5.913),
        (153, 3, 0, 5.972),
        (153, 15, 0, 6.226),
        (153, 45, 0, 7.038),
        (153, 15, 15, 6.595),
        (153, 45, 51, 9.688),
        (10, 1, 0, 24.4),
        (33, 9, 0, 14.9),
    ],
)
def test_a_node_adds_the_share_that_the_reference_states(
    roster: int, dropped: int, colluding: int, share: float
) -> None:
    terms = SecureTerms(groups="england", largest_group=roster, max_dropped=dropped, max_colluding=colluding)
    secure = secure_share(terms, [CENTRAL])
    assert secure.grid == 1
    found = share_units(CENTRAL, secure.honest_shares(roster), secure.grid) / SHARE_UNITS
    assert found == pytest.approx(share, abs=0.05 if share > 10 else 0.002)


@given(
    sigma_units=st.integers(1, 2**24),
    honest=st.integers(1, 1000),
    grid=st.sampled_from([1, 2, 16, 1024]),
)
def test_the_honest_shares_alone_carry_all_that_is_charged_for(sigma_units: int, honest: int, grid: int) -> None:
    shared = replace(CENTRAL, sigma_units=sigma_units)
    central = Fraction(sigma_units, SIGMA_UNITS)
    assert Fraction(share_units(shared, honest, grid), grid * SHARE_UNITS) ** 2 * honest >= central**2
    assert Fraction(share_units(shared, honest, grid) - 1, grid * SHARE_UNITS) ** 2 * honest < central**2


@given(sigmas=st.lists(st.floats(0.3, 500), min_size=1, max_size=4), honest=st.integers(1, 200))
def test_the_grid_is_the_coarsest_on_which_every_share_has_a_scale_of_2(sigmas: list[float], honest: int) -> None:
    blocks = [block(sigma) for sigma in sigmas]
    grid = grid_for(blocks, honest)
    assert all(share_units(each, honest, grid) >= 2 * SHARE_UNITS for each in blocks)
    assert grid == 1 or any(share_units(each, honest, grid // 2) < 2 * SHARE_UNITS for each in blocks)


@pytest.mark.parametrize(("sigma", "stated"), [(1.0, 5.5e-4), (1.5, 2.3e-9), (2.0, 7.2e-17)])
def test_tau_is_the_reference_s(sigma: float, stated: float) -> None:
    """Privacy reference 5.1. The first terms of the sum are all that counts."""
    assert tau(150, sigma) == pytest.approx(stated, rel=0.05)


def test_what_a_sum_of_shares_adds_is_negligible_on_the_grid() -> None:
    terms = SecureTerms(groups="england", largest_group=153)
    blocks = [block(0.9, cells=10_000), block(60, cells=10_000)]
    secure = secure_share(terms, blocks)
    assert secure.grid == 32
    assert share_residue(secure, blocks, 153) < 1e-10
    assert share_residue(replace(secure, grid=1), blocks, 153) > 1


def test_renyi_divergences_of_real_sums_stay_within_the_bound() -> None:
    """The exact divergence of a sum of three shares at a scale of 0.6, where tau is large, by convolution."""
    sigma, shares, reach = 0.6, 3, 40
    weights = [math.exp(-(k**2) / (2 * sigma**2)) for k in range(-reach, reach + 1)]
    one = [weight / math.fsum(weights) for weight in weights]
    total = one
    for _ in range(shares - 1):
        total = [
            math.fsum(total[i - j] * one[j] for j in range(len(one)) if 0 <= i - j < len(total))
            for i in range(len(total) + len(one) - 1)
        ]
    for alpha in (1.5, 2.0, 4.0, 8.0):
        sums = math.fsum(
            math.exp(alpha * math.log(p) + (1 - alpha) * math.log(q))
            for p, q in zip(total[1:], total, strict=False)
            if p > 1e-300 and q > 1e-300
        )
        divergence = math.log(sums) / (alpha - 1)
        assert divergence <= alpha / (2 * shares * sigma**2) + tau(shares, sigma)


def test_the_modulus_holds_the_largest_group_s_sum_and_is_no_wider() -> None:
    narrow = secure_share(SecureTerms(groups="england", largest_group=153), [CENTRAL])
    assert narrow.modulus_bits == 32
    assert narrow.entry_bound > MOST_CHILDREN + 7 * CENTRAL.sigma
    assert 153 * narrow.entry_bound < 2**30
    wide = secure_share(SecureTerms(groups="england", largest_group=153), [block(60, sensitivity=200)])
    assert wide.modulus_bits == 64
    assert 153 * wide.entry_bound >= 2**30


def test_a_group_in_which_nobody_s_noise_is_sure_is_refused() -> None:
    request = ReleaseRequest(
        id="release",
        mode="secure",
        indicators=("healthy",),
        rho_units=10**10,
        secure=SecureTerms(groups="regions", largest_group=12, max_dropped=8, max_colluding=4),
    )
    with pytest.raises(InvalidRelease, match="honest share"):
        compile_plan(small_framework(), "c", 2025, request)


def test_a_release_in_mode_secure_and_no_other_has_terms() -> None:
    values = {"id": "release", "indicators": ("healthy",), "rho_units": 10**10}
    terms = SecureTerms(groups="england", largest_group=153)
    for mode, secure in (("secure", None), ("council", terms)):
        with pytest.raises(ValueError, match="terms"):
            ReleaseRequest.model_validate(values | {"mode": mode, "secure": secure})
