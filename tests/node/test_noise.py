"""If these failed, figures could leave with less noise than was paid for, or with none."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frameworks.plan import SIGMA_UNITS, Block, ReleasePlan
from node import noise
from node.errors import PlanRefused
from node.noise import CLIP, add_noise, check_noise
from tests.node.small_release import EXACT, PLAN, plan_of, request_of


def with_block(plan: ReleasePlan, **changes: Any) -> ReleasePlan:
    """The plan with its first block changed."""
    return replace(plan, blocks=(replace(plan.blocks[0], **changes), *plan.blocks[1:]))


@pytest.mark.parametrize("sigma_units", [0, -1, math.nan, math.inf, 0.5, 2**60])
def test_a_scale_that_is_no_whole_multiple_above_0_is_refused(sigma_units: Any) -> None:
    plan = with_block(PLAN, sigma_units=sigma_units)
    with pytest.raises(PlanRefused, match="noise scale"):
        check_noise(plan)
    with pytest.raises(PlanRefused, match="noise scale"):
        add_noise(plan, EXACT)


def test_control_opendp_itself_adds_nothing_at_scale_0() -> None:
    import opendp.prelude as dp

    space = dp.vector_domain(dp.atom_domain(T=dp.i64)), dp.l2_distance(T=float)
    mechanism: Any = dp.m.make_gaussian(*space, scale=0.0)
    assert mechanism([1, 2, 3]) == [1, 2, 3]


@pytest.mark.parametrize("changes", [{"sensitivity": 0}, {"sensitivity": -1}, {"start": 1}, {"levels": ()}])
def test_a_block_that_no_plan_has_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(PlanRefused):
        check_noise(with_block(PLAN, **changes))


def test_a_vector_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="not as long"):
        add_noise(PLAN, EXACT[:-1])


class Dearer(Block):
    """A block that claims to cost half of what it does."""

    @property
    def cost(self) -> Fraction:
        """Half the truth."""
        return super().cost / 2


def test_a_block_that_costs_more_than_the_plan_says_is_refused() -> None:
    cheap = Dearer(**{name: getattr(PLAN.blocks[0], name) for name in Block.__dataclass_fields__})
    with pytest.raises(PlanRefused, match="costs more"):
        check_noise(replace(PLAN, blocks=(cheap, *PLAN.blocks[1:])))


@settings(max_examples=50, deadline=None)
@given(rho_units=st.integers(10**3, 10**12), breakdowns=st.sampled_from([(), ("sex",), ("sex", "age_band")]))
def test_every_plan_that_compiles_can_be_given_its_noise(rho_units: int, breakdowns: tuple[str, ...]) -> None:
    check_noise(plan_of(request_of(rho_units=rho_units, breakdowns=breakdowns)))


def test_entries_are_clipped_before_noise_is_added() -> None:
    small = replace(PLAN, blocks=tuple(replace(block, sigma_units=SIGMA_UNITS, sensitivity=1) for block in PLAN.blocks))
    noised = add_noise(small, [2**62 if index % 2 else -(2**62) for index in range(PLAN.length)])
    for index, entry in enumerate(noised):
        assert abs(entry - (CLIP if index % 2 else -CLIP)) < 100


def test_the_noised_vector_is_whole_numbers_and_never_the_same_twice() -> None:
    one, two = add_noise(PLAN, EXACT), add_noise(PLAN, EXACT)
    assert all(type(entry) is int for entry in one)
    assert len(one) == PLAN.length
    assert one != two


def test_each_block_is_given_its_own_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[float, int]] = []

    def watched(block: Block) -> Any:
        def draw(entries: list[int]) -> list[int]:
            asked.append((block.sigma, len(entries)))
            return entries

        return draw

    monkeypatch.setattr(noise, "_mechanism", watched)
    add_noise(PLAN, EXACT)
    assert asked == [(block.sigma_units / 1024, len(block.levels)) for block in PLAN.blocks]
