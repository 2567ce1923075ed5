"""If these failed, noise would not cover what one child can change, or the two ends would disagree on what is sent."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frameworks.accounting import UNITS_PER_RHO
from frameworks.errors import InvalidRelease
from frameworks.model import BREAKDOWNS
from frameworks.plan import SIGMA_UNITS, Block, ReleasePlan, ReleaseRequest, Statistic, compile_plan
from tests.frameworks.small import small_framework

FRAMEWORK = small_framework()
ONE_CAP = tuple(indicator.id for indicator in FRAMEWORK.indicators if indicator.id != "returned_late")


def plan_of(*indicators: str, breakdowns: tuple[str, ...] = (), rho_units: int = 20_000_000_000) -> ReleasePlan:
    request = ReleaseRequest(
        id="release", mode="council", indicators=indicators, breakdowns=breakdowns, rho_units=rho_units
    )
    return compile_plan(FRAMEWORK, "2025-test", 2025, request)


def test_every_cell_of_every_block_has_its_own_index() -> None:
    plan = plan_of(*ONE_CAP, breakdowns=("sex", "ethnicity_major"))
    indices = [block.start + offset for block in plan.blocks for offset in range(len(block.levels))]
    assert indices == list(range(plan.length))


def test_all_levels_are_listed_in_advance_unknown_included() -> None:
    plan = plan_of("healthy", breakdowns=tuple(breakdown.id for breakdown in BREAKDOWNS))
    for breakdown in BREAKDOWNS:
        assert plan.block(Statistic.CONTRAST, "healthy", breakdown.id).levels == breakdown.levels
        assert "unknown" in breakdown.levels


def test_indicators_of_one_cohort_share_its_totals() -> None:
    plan = plan_of("children", "healthy", "score")
    assert [block.statistic for block in plan.blocks] == [
        Statistic.TOTAL,
        Statistic.CONTRAST,
        Statistic.CENTRED_SUM,
    ]


@pytest.mark.parametrize(
    ("indicator", "sensitivity", "step"),
    [("healthy", 1, 1), ("returned", 2, 1), ("returned_late", 3, 1), ("score", 20, 1), ("odd_score", 5, 2)],
)
def test_a_block_moves_by_at_most_what_its_kind_allows(indicator: str, sensitivity: int, step: int) -> None:
    block = next(block for block in plan_of(indicator).blocks if block.indicator == indicator)
    assert (block.sensitivity, block.step) == (sensitivity, step)


def test_events_with_different_caps_cannot_share_their_total() -> None:
    with pytest.raises(InvalidRelease, match="different numbers of events"):
        plan_of("returned", "returned_late")


def _oracle_worst_child(blocks: tuple[Block, ...]) -> Fraction:
    """Every age from 0 to 30 and unknown, for a looked-after child, plus everything of a child in need."""
    ages = {cohort.id: cohort.ages for cohort in FRAMEWORK.cohorts}
    source = {cohort.id: cohort.source for cohort in FRAMEWORK.cohorts}

    def total(of_source: str, age: int | None) -> Fraction:
        paid = Fraction(0)
        for block in blocks:
            limits = ages[block.cohort]
            if source[block.cohort] == of_source and (
                limits is None or (age is not None and limits[0] <= age <= limits[1])
            ):
                paid += Fraction(block.sensitivity**2, 1) / (2 * Fraction(block.sigma_units, SIGMA_UNITS) ** 2)
        return paid

    return max(total("ssda903", age) for age in [None, *range(31)]) + total("cin_census", None)


@given(
    st.lists(st.sampled_from(ONE_CAP), min_size=1, unique=True),
    st.lists(st.sampled_from([breakdown.id for breakdown in BREAKDOWNS]), unique=True),
    st.integers(1_000_000, 10 * UNITS_PER_RHO),
)
def test_the_cost_is_the_dearest_feasible_childs_and_within_what_was_asked(
    indicators: list[str], breakdowns: list[str], rho_units: int
) -> None:
    plan = plan_of(*indicators, breakdowns=tuple(breakdowns), rho_units=rho_units)
    exact = _oracle_worst_child(plan.blocks) * UNITS_PER_RHO
    assert plan.rho_units - 1 < exact <= plan.rho_units <= rho_units


def test_noise_is_no_larger_than_the_budget_requires() -> None:
    plan = plan_of(*ONE_CAP, breakdowns=("sex",))
    assert plan.rho_units > 0.99 * 20_000_000_000


def test_ages_that_exclude_each_other_are_charged_once() -> None:
    both, one = plan_of("developed", "convicted"), plan_of("developed")
    assert both.block(Statistic.CONTRAST, "developed").sigma_units == (
        one.block(Statistic.CONTRAST, "developed").sigma_units
    )


def test_both_ends_compute_one_hash_and_any_difference_changes_it() -> None:
    assert plan_of("healthy").plan_hash == plan_of("healthy").plan_hash
    others = [plan_of("score"), plan_of("healthy", rho_units=1_000_000), plan_of("healthy", breakdowns=("sex",))]
    assert len({plan.plan_hash for plan in [plan_of("healthy"), *others]}) == 4


@pytest.mark.parametrize(
    ("indicators", "breakdowns", "rho_units", "message"),
    [
        (("nobody",), (), 1, "does not hold"),
        ((), (), 1, "each of its indicators once"),
        (("healthy", "healthy"), (), 1, "each of its indicators once"),
        (("healthy",), ("shoe_size",), 1, "breakdowns out of"),
        (("healthy",), ("sex", "sex"), 1, "breakdowns out of"),
        (("healthy",), (), 0, "no privacy cost"),
        (("healthy",), (), -5, "no privacy cost"),
    ],
)
def test_a_release_that_cannot_be_planned_is_refused_with_what_to_do(
    indicators: tuple[str, ...], breakdowns: tuple[str, ...], rho_units: int, message: str
) -> None:
    with pytest.raises(InvalidRelease, match=message) as refusal:
        plan_of(*indicators, breakdowns=breakdowns, rho_units=rho_units)
    assert refusal.value.next_step
