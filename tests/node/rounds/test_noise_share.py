"""A council's share of noise. If this failed, a sum would carry less noise than its ledger entry says."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import opendp.prelude as dp
import pytest

from frameworks.blocks import SIGMA_UNITS
from frameworks.plan import ReleasePlan
from frameworks.shares import MOST_CHILDREN, SHARE_UNITS, share_units
from node import noise
from node.errors import PlanRefused
from node.noise import add_share
from node.rounds import noise_share
from node.rounds.checks import EntryBeyondBound
from node.rounds.noise_share import add_noise_share
from protos.sa1.masking import from_ring
from tests.node.rounds.council import small_plan


def of_scale(plan: ReleasePlan, sigma_units: int, grid: int) -> ReleasePlan:
    """One block of 200 entries at that scale, on that grid."""
    assert plan.secure is not None
    block = replace(plan.blocks[0], levels=tuple(map(str, range(200))), sigma_units=sigma_units, sensitivity=1, start=0)
    return replace(plan, blocks=(block,), secure=replace(plan.secure, grid=grid))


def test_shares_of_honest_nodes_add_up_to_the_plans_noise() -> None:
    """The variance of 5,000 entries is within five standard errors (one in a million) of sigma squared."""
    plan, honest = of_scale(small_plan(), 3 * SIGMA_UNITS, 4), 6
    assert plan.secure is not None
    sums = np.concatenate(
        [np.sum([add_share(plan, [0] * 200, honest) for _ in range(honest)], axis=0) for _ in range(25)]
    )
    variance = float(np.mean((sums / plan.secure.grid) ** 2))
    assert abs(variance / 9 - 1) < 5 * math.sqrt(2 / len(sums))


def test_the_scale_of_a_share_is_the_plans_over_the_root_of_honest_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = small_plan()
    scales: list[float] = []
    make: Any = dp.m.make_gaussian

    def recorded(*space: Any, scale: float) -> Any:
        scales.append(scale)
        return make(*space, scale)

    monkeypatch.setattr(dp.m, "make_gaussian", recorded)
    assert plan.secure is not None
    add_share(plan, [0] * plan.length, 4)
    for block in plan.blocks:
        units = share_units(block, 4, plan.secure.grid)
        assert units / SHARE_UNITS in scales
        assert units / SHARE_UNITS >= block.sigma * plan.secure.grid / 2


def test_exact_sums_are_clipped_before_noise_and_put_on_the_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    plan, given = small_plan(), []

    def recorded(entries: list[int]) -> list[int]:
        given.extend(entries)
        return entries

    monkeypatch.setattr(noise, "_share_mechanism", lambda *_: recorded)
    assert plan.secure is not None
    add_share(plan, [10**15, -(10**15)] + [7] * (plan.length - 2), 4)
    most = plan.blocks[0].sensitivity * MOST_CHILDREN * plan.secure.grid
    assert given[0] == most and min(given) == -plan.secure.grid * max(
        block.sensitivity * MOST_CHILDREN for block in plan.blocks if block.start <= 1 < block.start + block.length
    )
    assert given[2:] == [7 * plan.secure.grid] * (plan.length - 2)


def test_a_share_too_fine_to_add_up_is_refused() -> None:
    """Below a scale of 2 the sum is not the discrete Gaussian that is paid for (privacy reference 5.1)."""
    fine = of_scale(small_plan(), 3 * SIGMA_UNITS, 1)
    add_share(fine, [0] * 200, 2)
    with pytest.raises(PlanRefused):
        add_share(fine, [0] * 200, 3)


def test_a_plan_that_is_not_secure_has_no_shares() -> None:
    plan = small_plan()
    with pytest.raises(PlanRefused):
        add_share(replace(plan, secure=None), [0] * plan.length, 4)
    with pytest.raises(ValueError, match="honest"):
        add_share(plan, [0] * plan.length, 0)
    with pytest.raises(ValueError, match="long"):
        add_share(plan, [0], 4)
    with pytest.raises(TypeError):
        add_share(plan, [True] * plan.length, 4)


def test_words_are_the_noised_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = small_plan()
    values = [(-1) ** entry * entry for entry in range(plan.length)]
    monkeypatch.setattr(noise_share, "add_share", lambda *_: values)
    assert from_ring(add_noise_share(plan, [0] * plan.length, 4)) == values


def test_noise_beyond_the_bound_is_refused_and_never_clipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the number would not fit the words at all."""
    plan = small_plan()
    assert plan.secure is not None
    for beyond in (plan.secure.entry_bound + 1, -plan.secure.entry_bound - 1, 2**40):
        monkeypatch.setattr(noise_share, "add_share", lambda *_, beyond=beyond: [beyond] + [0] * (plan.length - 1))
        with pytest.raises(EntryBeyondBound):
            add_noise_share(plan, [0] * plan.length, 4)


def test_every_entry_gets_noise_the_empty_ones_too() -> None:
    plan = small_plan()
    drawn = np.array([add_share(plan, [0] * plan.length, 4) for _ in range(40)])
    assert np.all(drawn.std(axis=0) > 0)
