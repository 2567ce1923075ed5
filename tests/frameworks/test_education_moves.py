"""School moves of children looked after (section 7). If these failed, a move at the end of primary school, or one
before a child came into care, would be held against the council."""

from __future__ import annotations

import pytest

from tests.frameworks.pupils import CARE, NO, OUTSIDE, YES, Pupil, contribution

ONE_YEAR = {"school_midyear_move": True, "school_any_move": False}
TWO_YEARS = {"school_midyear_move_2y": True, "school_any_move_2y": False}
IN_CENSUS = ("NONE", False)


def _moved(*moves: str, care: str = CARE) -> Pupil:
    return Pupil(care=care, census=IN_CENSUS, moves=moves)


@pytest.mark.parametrize("indicator", ONE_YEAR | TWO_YEARS)
@pytest.mark.parametrize(
    ("care", "census", "expected"),
    [
        (CARE, IN_CENSUS, YES),
        (CARE, None, OUTSIDE),
        ("", IN_CENSUS, OUTSIDE),
        ("2020-01-10 S U4 oak V4", IN_CENSUS, OUTSIDE),
        ("2020-01-10 S U4 oak -> 2025-03-31 E4A", IN_CENSUS, OUTSIDE),
        ("2020-01-10 S U4 oak -> 2025-04-01 E4A", IN_CENSUS, YES),
        ("2024-11-01 S U4 oak", IN_CENSUS, YES),
    ],
)
def test_children_looked_after_at_31_march_who_are_in_the_school_census(
    indicator: str, care: str, census: tuple[str, bool] | None, expected: tuple[int, int]
) -> None:
    assert contribution(indicator, Pupil(care=care, census=census, moves=("2024-12-01",))) == expected


@pytest.mark.parametrize(
    ("day", "mid_year", "at_any_time"),
    [
        ("2024-03-31", NO, NO),
        ("2024-04-01", YES, YES),
        ("2024-07-31", YES, YES),
        ("2024-08-01", NO, YES),
        ("2024-09-30", NO, YES),
        ("2024-10-01", YES, YES),
        ("2025-03-31", YES, YES),
        ("2025-04-01", NO, NO),
    ],
)
def test_moves_of_the_year(day: str, mid_year: tuple[int, int], at_any_time: tuple[int, int]) -> None:
    assert contribution("school_midyear_move", _moved(day)) == mid_year
    assert contribution("school_any_move", _moved(day)) == at_any_time


@pytest.mark.parametrize(
    ("day", "mid_year", "at_any_time"),
    [
        ("2023-03-31", NO, NO),
        ("2023-04-01", YES, YES),
        ("2023-07-31", YES, YES),
        ("2023-08-01", NO, YES),
        ("2023-09-30", NO, YES),
        ("2023-10-01", YES, YES),
        ("2024-08-01", NO, YES),
        ("2024-09-30", NO, YES),
        ("2024-10-01", YES, YES),
        ("2025-03-31", YES, YES),
        ("2025-04-01", NO, NO),
    ],
)
def test_moves_of_two_years(day: str, mid_year: tuple[int, int], at_any_time: tuple[int, int]) -> None:
    assert contribution("school_midyear_move_2y", _moved(day)) == mid_year
    assert contribution("school_any_move_2y", _moved(day)) == at_any_time


ENTERED = "2024-11-05 S U4 oak"
CAME_BACK = "2023-06-01 S U4 oak -> 2024-02-01 E4A\n2024-11-05 S U4 oak"
AT_HOME_IN_MAY = "2020-01-10 S U4 oak -> 2024-05-01 E4A\n2024-11-05 S U4 oak"
SHORT_TERM_FIRST = "2024-04-10 S U4 oak V4 -> 2024-11-05 X1\n2024-11-05 L U4 oak"
BEFORE_THE_YEAR = "2024-02-01 S U4 oak"


@pytest.mark.parametrize(
    ("care", "day", "in_year", "in_two_years"),
    [
        (ENTERED, "2024-11-04", NO, NO),
        (ENTERED, "2024-11-05", YES, YES),
        (CAME_BACK, "2023-05-31", NO, NO),
        (CAME_BACK, "2023-06-01", NO, YES),
        (CAME_BACK, "2024-06-20", NO, YES),
        (CAME_BACK, "2024-11-05", YES, YES),
        (AT_HOME_IN_MAY, "2024-06-20", YES, YES),
        (SHORT_TERM_FIRST, "2024-11-04", NO, NO),
        (SHORT_TERM_FIRST, "2024-11-05", YES, YES),
        (BEFORE_THE_YEAR, "2024-01-31", NO, NO),
        (BEFORE_THE_YEAR, "2024-02-01", NO, YES),
        (BEFORE_THE_YEAR, "2024-04-01", YES, YES),
    ],
)
def test_a_move_before_the_first_day_of_care_within_the_time_does_not_count(
    care: str, day: str, in_year: tuple[int, int], in_two_years: tuple[int, int]
) -> None:
    assert contribution("school_any_move", _moved(day, care=care)) == in_year
    assert contribution("school_midyear_move", _moved(day, care=care)) == in_year
    assert contribution("school_any_move_2y", _moved(day, care=care)) == in_two_years
    assert contribution("school_midyear_move_2y", _moved(day, care=care)) == in_two_years


def test_several_moves_count_once_and_one_that_counts_is_enough() -> None:
    moves = ("2024-08-15", "2024-12-01", "2025-01-10")
    assert contribution("school_midyear_move", _moved(*moves)) == YES
    assert contribution("school_any_move", _moved(*moves), _moved()) == (1, 2)
