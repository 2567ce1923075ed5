"""Attendance and suspensions by group (section 7). If these failed, a council would be told of absence that its
children did not have, or not of absence that they had."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.frameworks.pupils import GROUPS, IN_GROUP, NO, OUTSIDE, YES, contribution, figure


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize(
    ("attendance", "persistent", "severe"),
    [
        ((380, 0), NO, NO),
        ((380, 37), NO, NO),
        ((380, 38), YES, NO),
        ((300, 29), NO, NO),
        ((300, 30), YES, NO),
        ((305, 30), NO, NO),
        ((305, 31), YES, NO),
        ((380, 189), YES, NO),
        ((380, 190), YES, YES),
        ((381, 190), YES, NO),
        ((381, 191), YES, YES),
        ((1, 1), YES, YES),
        ((1, 0), NO, NO),
        ((0, 0), OUTSIDE, OUTSIDE),
    ],
)
def test_persistent_is_a_tenth_of_the_pupils_own_sessions_and_severe_half(
    group: str, attendance: tuple[int, int], persistent: tuple[int, int], severe: tuple[int, int]
) -> None:
    pupil = replace(IN_GROUP[group], attendance=attendance)
    assert contribution(f"absence_persistent_{group}", pupil) == persistent
    assert contribution(f"absence_severe_{group}", pupil) == severe


@pytest.mark.parametrize("group", GROUPS)
def test_overall_absence_is_all_sessions_missed_of_all_possible(group: str) -> None:
    pupils = [replace(IN_GROUP[group], attendance=attendance) for attendance in ((380, 38), (20, 20), (100, 0))]
    found = figure(f"absence_overall_{group}", *pupils)
    assert (found.numerator, found.denominator) == (58, 500)
    assert found.value == pytest.approx(11.6)
    assert figure(f"absence_overall_{group}", replace(IN_GROUP[group], attendance=(0, 0))).value is None


@pytest.mark.parametrize("indicator", ["absence_overall", "absence_persistent", "absence_severe"])
@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize(
    ("born", "counts"),
    [
        ("2019-08-31", True),
        ("2019-09-01", False),
        ("2008-09-01", True),
        ("2008-08-31", False),
        (None, False),
    ],
)
def test_ages_are_5_to_15_at_31_august_before_the_school_year(
    indicator: str, group: str, born: str | None, counts: bool
) -> None:
    pupil = replace(IN_GROUP[group], born=born, attendance=(380, 380))
    expected = (380, 380) if indicator == "absence_overall" else YES
    assert contribution(f"{indicator}_{group}", pupil) == (expected if counts else OUTSIDE)


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize(
    ("suspensions", "suspended", "excluded"),
    [((0, 0), NO, NO), ((1, 0), YES, NO), ((7, 0), YES, NO), ((0, 1), NO, YES), ((2, 1), YES, YES)],
)
def test_suspended_once_or_more_and_excluded_for_good_at_any_age(
    group: str, suspensions: tuple[int, int], suspended: tuple[int, int], excluded: tuple[int, int]
) -> None:
    for born in ("2021-06-15", "2014-06-15", "2007-06-15", None):
        pupil = replace(IN_GROUP[group], born=born, suspensions=suspensions)
        assert contribution(f"suspended_{group}", pupil) == suspended
        assert contribution(f"permanently_excluded_{group}", pupil) == excluded
