"""If these failed, noise would not cover what one child can change, or the two ends would disagree on what is sent."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frameworks.accounting import UNITS_PER_RHO
from frameworks.blocks import SIGMA_UNITS, Block, Statistic
from frameworks.errors import InvalidRelease
from frameworks.model import BREAKDOWNS, Source
from frameworks.plan import ReleasePlan, ReleaseRequest, compile_plan
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
    indices = [index for block in plan.blocks for index in range(plan.length)[block.indices]]
    assert indices == list(range(plan.length))


def test_a_histogram_has_an_entry_for_each_category_in_every_level_and_needs_no_total() -> None:
    plan = plan_of("responded", "mood", breakdowns=("sex",))
    block = plan.block(Statistic.HISTOGRAM, "mood", "sex")
    assert (block.categories, block.length) == (("good", "fair", "poor"), 9)
    assert "answered" not in {block.cohort for block in plan.blocks if block.statistic is Statistic.TOTAL}


def test_three_of_a_set_share_a_histogram_and_need_no_total() -> None:
    plan = plan_of("went_home", "adopted", "moved_on", breakdowns=("sex",))
    assert [(block.statistic, block.indicator, block.breakdown) for block in plan.blocks] == [
        (Statistic.HISTOGRAM, "why_left", ""),
        (Statistic.HISTOGRAM, "why_left", "sex"),
    ]
    for block in plan.blocks:
        assert block.categories == ("went_home", "adopted", "moved_on", "other")
        assert (block.sensitivity, block.length) == (1, 4 * len(block.levels))
    for name in plan.indicators:
        assert plan.block_of(FRAMEWORK.indicator(name), "sex") == plan.block(Statistic.HISTOGRAM, "why_left", "sex")


def test_two_of_a_set_are_two_contrasts() -> None:
    plan = plan_of("went_home", "adopted")
    assert [block.statistic for block in plan.blocks] == [Statistic.TOTAL, Statistic.CONTRAST, Statistic.CONTRAST]
    assert plan.block_of(FRAMEWORK.indicator("adopted")) == plan.block(Statistic.CONTRAST, "adopted")


def test_the_histogram_of_a_set_is_as_precise_as_its_shares_call_for() -> None:
    """2 sqrt(K) contrasts' worth: its shares have about four times a contrast's error for the same noise, and are K."""
    plan = plan_of("healthy", "went_home", "adopted", "moved_on")
    contrast = plan.block(Statistic.CONTRAST, "healthy")
    histogram = plan.block(Statistic.HISTOGRAM, "why_left")
    assert contrast.variance / histogram.variance == pytest.approx(2 * 3**0.5, rel=0.01)


def test_only_indicators_that_use_a_total_make_it_more_precise() -> None:
    looked_after = tuple(
        indicator.model_copy(update={"cohort": "looked_after"}) if indicator.exclusive else indicator
        for indicator in FRAMEWORK.indicators
    )
    framework = FRAMEWORK.model_copy(update={"indicators": looked_after})
    indicators = ("healthy", "score", "went_home", "adopted", "moved_on")
    request = ReleaseRequest(id="release", mode="council", indicators=indicators, rho_units=20_000_000_000)
    plan = compile_plan(framework, "2025-test", 2025, request)
    total, contrast = plan.block(Statistic.TOTAL, "looked_after"), plan.block(Statistic.CONTRAST, "healthy")
    assert contrast.variance / total.variance == pytest.approx((0.36 * 2) ** 0.5, rel=0.02)


def test_a_block_is_found_by_what_it_measures() -> None:
    plan = plan_of("children", "healthy", "score", "absence", "responded", "mood")
    found = {name: plan.block_of(FRAMEWORK.indicator(name)).statistic for name in plan.indicators}
    assert found == {
        "children": Statistic.TOTAL,
        "healthy": Statistic.CONTRAST,
        "score": Statistic.CENTRED_SUM,
        "absence": Statistic.CENTRED_SUM,
        "responded": Statistic.CONTRAST,
        "mood": Statistic.HISTOGRAM,
    }
    with pytest.raises(KeyError):
        plan.block_of(FRAMEWORK.indicator("went_home"))


def test_a_ratio_is_two_sums_and_the_total_that_they_are_distances_from() -> None:
    plan = plan_of("absence")
    assert [(block.statistic, block.sensitivity, block.step) for block in plan.blocks] == [
        (Statistic.TOTAL, 1, 1),
        (Statistic.CENTRED_SUM, 10, 1),
        (Statistic.WHOLE_SUM, 19, 2),
    ]


def test_an_indicator_is_never_released_without_its_companions() -> None:
    with pytest.raises(InvalidRelease, match="mood without responded") as refusal:
        plan_of("healthy", "mood")
    assert refusal.value.next_step
    assert plan_of("mood", "responded").indicators == ("mood", "responded")


def test_a_plan_says_how_many_councils_may_count_a_child() -> None:
    assert plan_of("healthy").councils_per_child == 1
    assert plan_of("healthy", "responded").councils_per_child == 2


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
    [
        ("healthy", 1, 1),
        ("returned", 2, 1),
        ("returned_late", 3, 1),
        ("score", 20, 1),
        ("odd_score", 5, 2),
        ("settled", 2, 1),
        ("first_need", 2, 1),
    ],
)
def test_a_block_moves_by_at_most_what_its_kind_allows(indicator: str, sensitivity: int, step: int) -> None:
    block = next(block for block in plan_of(indicator).blocks if block.indicator == indicator)
    assert (block.sensitivity, block.step) == (sensitivity, step)


def test_a_family_appears_or_changes_its_outcome_and_never_both() -> None:
    """The total of families is told as exactly as costs nothing: three quarters of the weight of a flipped contrast."""
    plan = plan_of("settled")
    total, contrast = plan.block(Statistic.TOTAL, "families"), plan.block(Statistic.CONTRAST, "settled")
    assert (total.sensitivity, contrast.sensitivity) == (1, 2)
    assert contrast.cost * UNITS_PER_RHO <= plan.rho_units < contrast.cost * UNITS_PER_RHO + 1
    assert total.cost + contrast.cost_of(1) <= contrast.cost
    assert total.sigma_units < contrast.sigma_units


def test_events_with_different_caps_cannot_share_their_total() -> None:
    with pytest.raises(InvalidRelease, match="different numbers of events"):
        plan_of("returned", "returned_late")


def _oracle_worst_child(blocks: tuple[Block, ...]) -> Fraction:
    """Every age from 0 to 30 and unknown in every source, and a family that appears or changes in each cohort."""
    cohorts = {cohort.id: cohort for cohort in FRAMEWORK.cohorts}

    def paid(block: Block, squared: Fraction) -> Fraction:
        return squared / (2 * Fraction(block.sigma_units, SIGMA_UNITS) ** 2)

    def total(of_source: Source, age: int | None) -> Fraction:
        listed = Fraction(0)
        for block in blocks:
            limits = cohorts[block.cohort].ages
            if cohorts[block.cohort].source is of_source and (
                limits is None or (age is not None and limits[0] <= age <= limits[1])
            ):
                listed += paid(block, Fraction(block.sensitivity**2))
        return listed

    def family() -> Fraction:
        changes = {Statistic.TOTAL: 0, Statistic.CONTRAST: 4, Statistic.HISTOGRAM: 2}
        of_families = [block for block in blocks if block.cohort == "families"]
        appears = sum((paid(block, Fraction(1)) for block in of_families), Fraction(0))
        return max(
            appears, sum((paid(block, Fraction(changes[block.statistic])) for block in of_families), Fraction(0))
        )

    children = set(Source) - {Source.FAMILIES}
    return sum((max(total(source, age) for age in [None, *range(31)]) for source in children), family())


@given(
    st.lists(st.sampled_from(ONE_CAP), min_size=1, unique=True),
    st.lists(st.sampled_from([breakdown.id for breakdown in BREAKDOWNS]), unique=True),
    st.integers(1_000_000, 10 * UNITS_PER_RHO),
)
def test_the_cost_is_the_dearest_feasible_childs_and_within_what_was_asked(
    indicators: list[str], breakdowns: list[str], rho_units: int
) -> None:
    companions = ["responded"] if "mood" in indicators and "responded" not in indicators else []
    plan = plan_of(*indicators, *companions, breakdowns=tuple(breakdowns), rho_units=rho_units)
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
