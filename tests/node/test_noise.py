"""If these failed, figures could leave with less noise than was paid for, or with none."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import opendp.prelude as dp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frameworks.blocks import SIGMA_UNITS, Block
from frameworks.plan import ReleasePlan
from node import noise
from node.errors import PlanRefused
from node.noise import CLIP, add_noise, check_noise
from tests.node.small_release import EXACT, PLAN, plan_of, request_of


def with_block(plan: ReleasePlan, **changes: Any) -> ReleasePlan:
    """The plan with its first block changed."""
    return replace(plan, blocks=(replace(plan.blocks[0], **changes), *plan.blocks[1:]))


@pytest.fixture
def scales_asked_for(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The scales that OpenDP is asked for from now on."""
    asked: list[float] = []
    make_gaussian = dp.m.make_gaussian

    def watched(domain: Any, metric: Any, scale: float) -> Any:
        asked.append(scale)
        return make_gaussian(domain, metric, scale)

    monkeypatch.setattr(dp.m, "make_gaussian", watched)
    return asked


NO_SCALES: dict[str, Any] = {
    "0": 0,
    "negative": -1,
    "not a number": math.nan,
    "infinite": math.inf,
    "negative and infinite": -math.inf,
    "a fraction": 0.5,
    "a whole float": 1024.0,
    "true": True,
    "false": False,
    "None": None,
    "text": "1024",
    "unsigned": np.uint64(1024),
    "a number of NumPy": np.int64(1024),
    "a fraction of ours": Fraction(1024),
    "beyond what a float holds exactly": 2**60,
}
NO_ENTRIES: dict[str, Any] = {
    "floats": [float(entry) for entry in EXACT],
    "not a number": [math.nan, *EXACT[1:]],
    "infinite": [*EXACT[:-1], math.inf],
    "true": [True, *EXACT[1:]],
    "None": [None, *EXACT[1:]],
    "text": [str(entry) for entry in EXACT],
    "an unsigned array": np.array(EXACT, dtype=np.uint64),
    "a small unsigned array": np.array(EXACT, dtype=np.uint32),
    "an array of floats": np.array(EXACT, dtype=np.float64),
    "an array of integers": np.array(EXACT, dtype=np.int64),
    "an unsigned entry": [np.uint64(3), *EXACT[1:]],
    "nested": [[entry] for entry in EXACT],
}


@pytest.mark.parametrize("sigma_units", NO_SCALES.values(), ids=NO_SCALES.keys())
def test_a_scale_that_is_no_integer_above_0_is_refused_before_opendp_is_asked(
    scales_asked_for: list[float], sigma_units: Any
) -> None:
    plan = with_block(PLAN, sigma_units=sigma_units)
    for refuses in (check_noise, lambda refused: add_noise(refused, EXACT)):
        with pytest.raises(PlanRefused, match="noise scale"):
            refuses(plan)
    assert scales_asked_for == []


@pytest.mark.parametrize("entries", NO_ENTRIES.values(), ids=NO_ENTRIES.keys())
def test_entries_that_are_no_integers_are_refused_before_opendp_is_asked(
    scales_asked_for: list[float], entries: Any
) -> None:
    with pytest.raises(TypeError, match="no integer"):
        add_noise(PLAN, entries)
    assert scales_asked_for == []


def test_a_vector_of_another_length_is_refused_before_opendp_is_asked(scales_asked_for: list[float]) -> None:
    for entries in ([], EXACT[:-1], [*EXACT, 0]):
        with pytest.raises(ValueError, match="not as long"):
            add_noise(PLAN, entries)
    assert scales_asked_for == []


def test_control_what_is_sound_is_asked_of_opendp(scales_asked_for: list[float]) -> None:
    add_noise(PLAN, EXACT)
    assert set(scales_asked_for) == {block.sigma for block in PLAN.blocks}


@pytest.mark.parametrize("entry", [2**63, -(2**63) - 1, 2**200, CLIP + 1, -CLIP - 1])
def test_an_entry_beyond_the_bound_reaches_opendp_as_the_bound(monkeypatch: pytest.MonkeyPatch, entry: int) -> None:
    """It is not refused: a refusal would speak about the data (privacy reference 12)."""
    monkeypatch.setattr(noise, "_mechanism", lambda _: list)
    assert add_noise(PLAN, [entry, *EXACT[1:]]) == [CLIP if entry > 0 else -CLIP, *EXACT[1:]]


def test_control_opendp_itself_adds_nothing_at_scale_0() -> None:
    space = dp.vector_domain(dp.atom_domain(T=dp.i64)), dp.l2_distance(T=float)
    mechanism: Any = dp.m.make_gaussian(*space, scale=0.0)
    assert mechanism([1, 2, 3]) == [1, 2, 3]


@pytest.mark.parametrize(
    "changes",
    [
        *({"sensitivity": sensitivity} for sensitivity in (0, -1, 1.0, True, None, math.nan)),
        {"start": 1},
        {"levels": ()},
    ],
    ids=str,
)
def test_a_block_that_no_plan_has_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(PlanRefused):
        check_noise(with_block(PLAN, **changes))


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
