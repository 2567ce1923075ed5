"""If these failed, a guardian would sign for less than a release can tell about a child."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import pytest

from frameworks.accounting import UNITS_PER_RHO, epsilon_from_rho, rho_from_epsilon, surest_guess
from frameworks.blocks import SIGMA_UNITS, Block, Statistic
from frameworks.exposure import DELTA, exposures, two_councils_rho_units
from frameworks.model import Framework, ReleaseMode, Source
from frameworks.plan import ReleasePlan, ReleaseRequest, compile_plan
from frameworks.replacement import replace_one_rho_units
from frameworks.shares import SecureTerms
from tests.frameworks.small import small_framework

FRAMEWORK = small_framework()
BEING = "Whether the child is in the council's returns at all"
TWO_COUNCILS = "A child known to two councils in the year"
ONE_COHORT = "Whether the child is in one cohort, the one that tells most"
LEVEL = "Which level of a breakdown a child known to be in them has"
ONE_ANSWER = "One answer, yes or no or one of a list, of a child known to be in them"
EVERY_ANSWER = "Every answer of a child known to be in them"


def plan_of(
    *indicators: str,
    breakdowns: tuple[str, ...] = (),
    mode: ReleaseMode = "council",
    framework: Framework = FRAMEWORK,
) -> ReleasePlan:
    request = ReleaseRequest(
        id="release",
        mode=mode,
        indicators=indicators,
        breakdowns=breakdowns,
        rho_units=20 * 10**9,
        secure=SecureTerms(groups="england", largest_group=153) if mode == "secure" else None,
    )
    return compile_plan(framework, "c", 2025, request)


def shown(plan: ReleasePlan, framework: Framework = FRAMEWORK) -> dict[str, float]:
    listed = exposures(framework, plan)
    for exposure in listed:
        assert exposure.epsilon == epsilon_from_rho(exposure.rho, DELTA)
        assert exposure.probability == surest_guess(exposure.epsilon)
    return {exposure.question: exposure.rho for exposure in listed}


def cost(blocks: Iterable[Block], squared: int) -> float:
    """By hand: rho of moving each of the blocks by a vector of that squared length."""
    return float(sum(Fraction(squared * SIGMA_UNITS**2, 2 * block.sigma_units**2) for block in blocks))


def reference_plan(indicators: dict[str, int]) -> ReleasePlan:
    """The release of privacy reference 3.2 at epsilon 1: an overall table and five breakdowns, so many yes-or-no
    indicators in each cohort, totals at twice their precision; 216 units where there are 30 in three cohorts."""
    sigma = (216 / (2 * rho_from_epsilon(1, DELTA))) ** 0.5
    blocks = []
    for table in ("", "1", "2", "3", "4", "5"):
        contrast = Block(Statistic.CONTRAST, "", "", table, ("",), 0, 1, 1, round(sigma * SIGMA_UNITS))
        for cohort, number in indicators.items():
            total = round(sigma / 2**0.5 * SIGMA_UNITS)
            blocks.append(replace(contrast, statistic=Statistic.TOTAL, cohort=cohort, sigma_units=total))
            blocks.extend(replace(contrast, cohort=cohort, indicator=f"{cohort}{one}") for one in range(number))
    charged = round(UNITS_PER_RHO * float(sum(block.cost for block in blocks)))
    return replace(plan_of("healthy"), blocks=tuple(blocks), breakdowns=("1", "2", "3", "4", "5"), rho_units=charged)


def test_what_one_child_can_lose_is_as_in_the_reference() -> None:
    plan = reference_plan({"looked_after": 18, "in_need": 6, "pupils": 6})
    epsilons = {one.question: one.epsilon for one in exposures(FRAMEWORK, plan)}
    assert epsilons[BEING] == pytest.approx(1.00, abs=5e-3)
    assert epsilons[LEVEL] == pytest.approx(0.56, abs=5e-3)
    assert epsilons[ONE_ANSWER] == pytest.approx(0.31, abs=5e-3)
    assert epsilons[EVERY_ANSWER] == pytest.approx(1.90, abs=5e-3)


def test_being_in_a_cohort_of_six_indicators_is_as_in_the_reference() -> None:
    plan = reference_plan({"looked_after": 6, "in_need": 1})
    epsilons = {one.question: one.epsilon for one in exposures(FRAMEWORK, plan)}
    assert epsilons[ONE_COHORT] == pytest.approx(0.45, abs=5e-3)


def test_being_there_is_what_is_charged() -> None:
    plan = plan_of("healthy")
    assert 0.99 * 0.02 < shown(plan)[BEING] == plan.rho_units / UNITS_PER_RHO <= 0.02
    assert exposures(FRAMEWORK, plan)[0].question == BEING


def test_a_changed_answer_moves_its_sum_by_two_in_every_table() -> None:
    """A yes that becomes a no moves the contrast from +1 to -1: rho is (2 / sigma)^2 / 2 for each table."""
    plan = plan_of("healthy", breakdowns=("sex",))
    contrasts = [plan.block(Statistic.CONTRAST, "healthy", table) for table in ("", "sex")]
    assert shown(plan)[ONE_ANSWER] == pytest.approx(cost(contrasts, 4))


def test_another_level_leaves_one_cell_and_joins_another_in_its_own_table_alone() -> None:
    plan = plan_of("healthy", "score", breakdowns=("sex", "age_band"))
    for name in ("sex", "age_band"):
        moved = [block for block in plan.blocks if block.breakdown == name]
        by_hand = sum(cost([block], 2 * block.sensitivity**2) for block in moved)
        assert shown(plan)[LEVEL] == pytest.approx(by_hand)
    assert LEVEL not in shown(plan_of("healthy", "score"))


def test_the_dearest_cohort_is_shown_where_there_are_several() -> None:
    plan = plan_of("healthy", "score", "helped", "absence", breakdowns=("sex",))
    by_cohort = {
        cohort: sum(cost([block], block.sensitivity**2) for block in plan.blocks if block.cohort == cohort)
        for cohort in ("looked_after", "in_need", "pupils")
    }
    assert shown(plan)[ONE_COHORT] == pytest.approx(max(by_cohort.values()))
    assert ONE_COHORT not in shown(plan_of("healthy", "score"))


def test_no_question_about_a_child_tells_more_than_the_child_and_another_in_its_place() -> None:
    plan = plan_of("children", "healthy", "score", "helped", breakdowns=("sex",))
    found = shown(plan)
    slack = 1 / UNITS_PER_RHO
    assert found[ONE_COHORT] <= found[BEING] + slack
    assert max(found[ONE_ANSWER], found[LEVEL], found[BEING]) <= found[EVERY_ANSWER] + slack
    assert found[EVERY_ANSWER] <= 4 * found[BEING] + slack


def test_a_release_without_yes_or_no_answers_says_nothing_of_one() -> None:
    assert list(shown(plan_of("children", "score"))) == [BEING, EVERY_ANSWER]


def test_a_changed_category_leaves_one_count_and_joins_another() -> None:
    """The histogram moves by 1 in two entries: rho is 2 / (2 sigma^2) for each table."""
    plan = plan_of("mood", "responded")
    histogram = plan.block(Statistic.HISTOGRAM, "mood")
    contrast = plan.block(Statistic.CONTRAST, "responded")
    assert contrast.sigma_units == histogram.sigma_units
    assert shown(plan)[ONE_ANSWER] == pytest.approx(cost([contrast], 4))
    assert replace_one_rho_units(FRAMEWORK, plan) == pytest.approx(UNITS_PER_RHO * cost([contrast], 4 + 2), abs=1)


def test_another_outcome_of_a_set_leaves_one_count_and_joins_another() -> None:
    plan = plan_of("adopted", "went_home", "moved_on")
    assert shown(plan)[ONE_ANSWER] == pytest.approx(cost([plan.block(Statistic.HISTOGRAM, "why_left")], 1 + 1))


def test_an_answer_about_events_may_change_for_each_that_is_kept() -> None:
    plan = plan_of("returned")
    contrast = plan.block(Statistic.CONTRAST, "returned")
    assert shown(plan)[ONE_ANSWER] == pytest.approx(cost([contrast], (2 * 2) ** 2))
    histogram = replace(contrast, statistic=Statistic.HISTOGRAM, categories=("yes", "no"))
    counted = replace(plan, blocks=(histogram,))
    assert shown(counted)[ONE_ANSWER] == pytest.approx(cost([histogram], 2**2 + 2**2))


def test_a_histogram_may_bear_the_name_of_a_group_of_answers() -> None:
    plan = plan_of("mood", "responded")
    (histogram,) = (block for block in plan.blocks if block.statistic is Statistic.HISTOGRAM)
    grouped = replace(plan, blocks=(replace(histogram, indicator="a_group_of_answers"),))
    assert shown(grouped)[ONE_ANSWER] == pytest.approx(cost([histogram], 2))


def test_a_family_that_changes_its_answer_costs_what_is_charged() -> None:
    found = shown(plan_of("settled"))
    assert found[ONE_ANSWER] == pytest.approx(found[BEING])
    assert found[EVERY_ANSWER] == pytest.approx(4 * found[BEING])


def test_a_family_has_no_level_to_change() -> None:
    assert LEVEL not in shown(plan_of("settled", breakdowns=("sex",)))


@pytest.mark.parametrize(("mode", "times"), [("council", 2), ("secure", 4)])
def test_a_child_known_to_two_councils_is_shown_where_that_may_be(mode: ReleaseMode, times: int) -> None:
    """Two releases add up; in a sum over councils the child moves the sum twice as far."""
    plan = plan_of("responded", mode=mode)
    assert shown(plan)[TWO_COUNCILS] == pytest.approx(times * plan.rho_units / UNITS_PER_RHO)
    assert TWO_COUNCILS not in shown(plan_of("healthy", mode=mode))


def _counted_twice(*cohorts: str) -> Framework:
    changed = (
        cohort.model_copy(update={"councils_per_child": 2 if cohort.id in cohorts else 1})
        for cohort in FRAMEWORK.cohorts
    )
    return FRAMEWORK.model_copy(update={"cohorts": tuple(changed)})


def _searched(framework: Framework, plan: ReleasePlan, *, in_one_sum: bool) -> Fraction:
    """The most that a child costs two councils, by trying every pair of recorded ages, source by source."""
    total = Fraction(0)
    for source in Source:
        dearest = Fraction(0)
        for one in (None, *range(20)):
            for other in (None, *range(20)):
                met = Fraction(0)
                for block in plan.blocks:
                    cohort = framework.cohort(block.cohort)
                    first, last = cohort.ages or (0, 99)
                    here = cohort.ages is None or (one is not None and first <= one <= last)
                    there = cohort.ages is None or (other is not None and first <= other <= last)
                    moves = [block.sensitivity * here, block.sensitivity * (there and cohort.councils_per_child == 2)]
                    squared = sum(moves) ** 2 if in_one_sum else sum(move**2 for move in moves)
                    met += block.cost_of(squared) if cohort.source is source else 0
                dearest = max(dearest, met)
        total += dearest
    return total


@pytest.mark.parametrize("in_one_sum", [False, True])
@pytest.mark.parametrize(
    "twice",
    [
        (),
        ("looked_after",),
        ("infants",),
        ("teenagers", "in_need"),
        ("infants", "teenagers"),
        ("looked_after", "pupils"),
    ],
)
def test_the_second_council_is_charged_for_just_the_cohorts_it_may_count(
    twice: tuple[str, ...], in_one_sum: bool
) -> None:
    framework = _counted_twice(*twice)
    plan = plan_of("healthy", "developed", "convicted", "helped", "absence", breakdowns=("sex",), framework=framework)
    exact = _searched(framework, plan, in_one_sum=in_one_sum) * UNITS_PER_RHO
    assert 0 <= two_councils_rho_units(framework, plan, in_one_sum=in_one_sum) - exact < 1
