"""Attainment, special needs and free school meals by group (section 7). If these failed, results of one stage would be
taken for another's, or a score in tenths for points."""

from __future__ import annotations

from dataclasses import replace

import pytest

from frameworks.catalogue import load_framework
from tests.frameworks.pupils import GROUPS, IN_GROUP, NO, OUTSIDE, YES, contribution, figure

STAGES = {"ks2_rwm": "KS2", "eyfsp_gld": "EYFSP"}


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("indicator", STAGES)
def test_reached_the_standard_of_its_stage_and_no_other(group: str, indicator: str) -> None:
    stage, pupil = STAGES[indicator], IN_GROUP[group]
    assert contribution(f"{indicator}_{group}", replace(pupil, results={stage: {"expected": True}})) == YES
    assert contribution(f"{indicator}_{group}", replace(pupil, results={stage: {"expected": False}})) == NO
    assert contribution(f"{indicator}_{group}", replace(pupil, results={stage: {}})) == NO
    for other in {"EYFSP", "KS2", "KS4", "KS1"} - {stage}:
        assert contribution(f"{indicator}_{group}", replace(pupil, results={other: {"expected": True}})) == OUTSIDE


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize(
    ("grade", "four", "five"), [(None, NO, NO), (0, NO, NO), (3, NO, NO), (4, YES, NO), (5, YES, YES), (9, YES, YES)]
)
def test_english_and_maths_by_the_lower_grade(
    group: str, grade: int | None, four: tuple[int, int], five: tuple[int, int]
) -> None:
    result = {} if grade is None else {"english_maths_grade": grade}
    pupil = replace(IN_GROUP[group], results={"KS4": result})
    assert contribution(f"ks4_engmaths_4_{group}", pupil) == four
    assert contribution(f"ks4_engmaths_5_{group}", pupil) == five
    assert contribution(f"ks4_engmaths_4_{group}", replace(IN_GROUP[group], results={"KS2": result})) == OUTSIDE


@pytest.mark.parametrize("group", GROUPS)
def test_attainment_8_is_the_mean_of_those_with_a_score_in_points(group: str) -> None:
    scores: tuple[dict[str, int], ...] = (
        {"attainment8_tenths": 173},
        {"attainment8_tenths": 0},
        {"attainment8_tenths": 460},
        {},
    )
    found = figure(f"ks4_attainment8_{group}", *(replace(IN_GROUP[group], results={"KS4": score}) for score in scores))
    assert (found.numerator, found.denominator) == (633, 3)
    assert found.value == pytest.approx(21.1)


@pytest.mark.parametrize("group", GROUPS)
def test_progress_8_may_be_negative_and_is_in_hundredths(group: str) -> None:
    scores = ({"progress8_hundredths": -159}, {"progress8_hundredths": 20}, {"attainment8_tenths": 300})
    found = figure(f"ks4_progress8_{group}", *(replace(IN_GROUP[group], results={"KS4": score}) for score in scores))
    assert (found.numerator, found.denominator) == (-139, 2)
    assert found.value == pytest.approx(-0.695)


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize(
    ("census", "ehcp", "support", "meals"),
    [
        (("EHCP", True), YES, NO, YES),
        (("SUPPORT", False), NO, YES, NO),
        (("NONE", None), NO, NO, NO),
        ((None, True), NO, NO, YES),
        (None, OUTSIDE, OUTSIDE, OUTSIDE),
    ],
)
def test_special_needs_and_free_school_meals_of_those_in_the_school_census(
    group: str,
    census: tuple[str | None, bool | None] | None,
    ehcp: tuple[int, int],
    support: tuple[int, int],
    meals: tuple[int, int],
) -> None:
    pupil = replace(IN_GROUP[group], census=census)
    assert contribution(f"sen_ehcp_{group}", pupil) == ehcp
    assert contribution(f"sen_support_{group}", pupil) == support
    assert contribution(f"fsm_{group}", pupil) == meals


def test_special_needs_and_free_school_meals_carry_no_judgement() -> None:
    framework = load_framework("outcomes-2019")
    for kind in ("sen_ehcp", "sen_support", "fsm"):
        for group in GROUPS:
            assert framework.indicator(f"{kind}_{group}").polarity == "none"
