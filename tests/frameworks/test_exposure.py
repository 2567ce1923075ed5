"""If these failed, a guardian would sign for less than a release can tell about a child."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from frameworks.accounting import UNITS_PER_RHO, epsilon_from_rho
from frameworks.exposure import DELTA, exposures
from frameworks.model import ReleaseMode
from frameworks.plan import ReleaseRequest, Statistic, compile_plan
from frameworks.replacement import replace_one_rho_units
from frameworks.shares import SecureTerms
from tests.frameworks.small import small_framework

FRAMEWORK = small_framework()


def shown(
    *indicators: str, breakdowns: tuple[str, ...] = (), mode: ReleaseMode = "council"
) -> tuple[tuple[str, float], ...]:
    request = ReleaseRequest(
        id="release",
        mode=mode,
        indicators=indicators,
        breakdowns=breakdowns,
        rho_units=20 * 10**9,
        secure=SecureTerms(groups="england", largest_group=153) if mode == "secure" else None,
    )
    plan = compile_plan(FRAMEWORK, "c", 2025, request)
    for exposure in exposures(FRAMEWORK, plan):
        assert exposure.epsilon == epsilon_from_rho(exposure.rho, DELTA)
        assert exposure.probability == pytest.approx(1 / (1 + math.exp(-exposure.epsilon)))
    return tuple((exposure.question, exposure.rho) for exposure in exposures(FRAMEWORK, plan))


def test_being_there_is_what_is_charged() -> None:
    assert 0.99 * 0.02 < shown("healthy")[0][1] <= 0.02


def test_a_changed_answer_moves_its_sum_by_two_in_every_table() -> None:
    """A yes that becomes a no moves the contrast from +1 to -1: rho is (2 / sigma)^2 / 2 for each table."""
    request = ReleaseRequest(
        id="release", mode="council", indicators=("healthy",), breakdowns=("sex",), rho_units=20 * 10**9
    )
    plan = compile_plan(FRAMEWORK, "c", 2025, request)
    by_hand = sum(
        Fraction(4 * 1024**2, 2 * plan.block(Statistic.CONTRAST, "healthy", table).sigma_units ** 2)
        for table in ("", "sex")
    )
    assert shown("healthy", breakdowns=("sex",))[1][1] == pytest.approx(float(by_hand))


def test_all_answers_tell_at_least_what_one_does_and_no_more_than_a_child_removed_and_another_added() -> None:
    (_, being), (_, one), (_, every) = shown("children", "healthy", "score", "helped", breakdowns=("sex",))
    assert one <= every + 1 / UNITS_PER_RHO
    assert being <= every <= 4 * being + 1 / UNITS_PER_RHO


def test_a_release_without_yes_or_no_answers_says_nothing_of_one() -> None:
    assert [question for question, _ in shown("children", "score")] == [
        "Whether the child is in the council's returns at all",
        "Every answer of a child known to be in them",
    ]


def test_a_changed_category_leaves_one_count_and_joins_another() -> None:
    """The histogram moves by 1 in two entries: rho is 2 / (2 sigma^2) for each table."""
    request = ReleaseRequest(id="release", mode="council", indicators=("mood", "responded"), rho_units=20 * 10**9)
    plan = compile_plan(FRAMEWORK, "c", 2025, request)
    sigma = plan.block(Statistic.HISTOGRAM, "mood").sigma_units
    contrast = plan.block(Statistic.CONTRAST, "responded").sigma_units
    assert contrast == sigma
    (answer,) = (rho for question, rho in shown("mood", "responded") if question.startswith("One answer"))
    assert answer == pytest.approx(4 * 1024**2 / (2 * contrast**2))
    assert replace_one_rho_units(FRAMEWORK, plan) == pytest.approx(10**12 * (4 + 2) * 1024**2 / (2 * sigma**2), abs=1)


def test_a_family_that_changes_its_answer_costs_what_is_charged() -> None:
    (_, being), (_, one), (_, every) = shown("settled")
    assert one == pytest.approx(being)
    assert every == pytest.approx(4 * being)


@pytest.mark.parametrize(("mode", "times"), [("council", 2), ("secure", 4)])
def test_a_child_known_to_two_councils_is_shown_where_that_may_be(mode: ReleaseMode, times: int) -> None:
    """Two releases add up; in a sum over councils the child moves the sum twice as far."""
    question = "A child known to two councils in the year"
    listed = dict(shown("responded", mode=mode))
    assert listed[question] == pytest.approx(times * shown("responded")[0][1])
    assert question not in dict(shown("healthy", mode=mode))
