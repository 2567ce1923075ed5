"""Stays with one carer and changes of social worker (5.2, 6.5). If these failed, long-term stability would be measured
from the wrong day or with the wrong carer."""

from __future__ import annotations

import pytest

from tests.frameworks.looked_after import NO, OUTSIDE, YES, Child, cases, contribution

LONG = "2020-01-10 S U4 oak"


@cases(
    ("with one carer for years", YES, LONG),
    ("in care since 30 September two and a half years ago", YES, "2022-09-30 S U4 oak"),
    ("in care since 1 October", OUTSIDE, "2022-10-01 S U4 oak"),
    ("no longer looked after: the episode ends on 31 March", OUTSIDE, "2020-01-10 S U4 oak -> 2025-03-31 E4A"),
    (
        "a new period of care two years ago",
        OUTSIDE,
        """
        2020-01-10 S U4 oak -> 2022-10-01 E4A
        2022-10-02 S U4 oak""",
    ),
    (
        "a new start two years ago, without an end before it",
        OUTSIDE,
        """
        2020-01-10 S U4 oak -> 2022-10-02 X1
        2022-10-02 S U4 oak""",
    ),
    (
        "the start of care is in no return at hand",
        YES,
        "2022-09-30 L U4 oak",
    ),
    (
        "the period that holds the open episode, not one that overlaps it and has ended",
        YES,
        """
        2020-01-10 S U4 oak
        2024-05-01 S U4 elm -> 2024-06-01 E4A""",
    ),
    (
        "short-term placements start no period of care",
        OUTSIDE,
        """
        2020-01-10 S U4 oak V3 -> 2023-01-01 X1
        2023-01-01 P U4 oak""",
    ),
)
def test_the_cohort_is_in_care_for_two_and_a_half_years(expected: tuple[int, int], episodes: str) -> None:
    assert contribution("same_carer_2y", Child(episodes)) == expected


@pytest.mark.parametrize(
    ("born", "expected"), [("2009-04-01", YES), ("2009-03-31", OUTSIDE), (None, OUTSIDE), ("2025-04-01", OUTSIDE)]
)
def test_the_cohort_is_under_16_at_31_march_by_a_known_age(born: str | None, expected: tuple[int, int]) -> None:
    assert contribution("same_carer_2y", Child(LONG, born=born)) == expected


@cases(
    (
        "with the carer since 31 March two years ago",
        YES,
        """
        2020-01-10 S U4 oak -> 2023-03-31 X1
        2023-03-31 P U4 elm""",
    ),
    (
        "since the day after",
        NO,
        """
        2020-01-10 S U4 oak -> 2023-04-01 X1
        2023-04-01 P U4 elm""",
    ),
    (
        "moved with the carer (T)",
        YES,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 T U4 elm""",
    ),
    (
        "moved with the carer, with a new legal status (U)",
        YES,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 U U4 elm""",
    ),
    (
        "a new legal status (L)",
        YES,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 L U4 oak""",
    ),
    (
        "a new carer at the same place (P)",
        NO,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 P U4 oak""",
    ),
    (
        "a new carer and a new legal status (B)",
        NO,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 B U4 elm""",
    ),
    (
        "a stay of an earlier period of care is none of this one",
        NO,
        """
        2015-01-10 S U4 yew -> 2016-01-10 X1
        2016-01-10 P U4 fir -> 2020-01-10 E4A
        2020-02-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 P U4 elm""",
    ),
    (
        "back after a temporary move",
        YES,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 P T1 inn -> 2024-07-01 X1
        2024-07-01 P U4 oak""",
    ),
    (
        "elsewhere after a temporary move",
        NO,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 P T1 inn -> 2024-07-01 X1
        2024-07-01 L U4 elm""",
    ),
    (
        "elsewhere with the same carer after a temporary move: T never begins a stay",
        YES,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 P T1 inn -> 2024-07-01 X1
        2024-07-01 T U4 elm""",
    ),
    (
        "in a temporary move on 31 March: the stay before it",
        YES,
        """
        2020-01-10 S U4 oak -> 2025-03-25 X1
        2025-03-25 P T3 inn""",
    ),
    (
        "in a temporary move on 31 March, out of a stay that is too short",
        NO,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 P U4 elm -> 2025-03-25 X1
        2025-03-25 P T3 inn""",
    ),
    ("never anywhere but in a temporary move", NO, "2020-01-10 S T1 inn"),
    (
        "elsewhere and back: the stay begins anew",
        NO,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 P U4 elm -> 2024-07-01 X1
        2024-07-01 P U4 oak""",
    ),
)
def test_the_stay_with_the_carer_began_two_years_ago(expected: tuple[int, int], episodes: str) -> None:
    assert contribution("same_carer_2y", Child(episodes)) == expected


@pytest.mark.parametrize("place", ["A3", "A4", "A5", "A6"])
def test_the_stay_before_a_placement_for_adoption_is_added(place: str) -> None:
    long_before = f"""
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 P {place} elm"""
    assert contribution("same_carer_2y", Child(long_before)) == YES
    short_before = f"""
        2020-01-10 S K2 hut -> 2024-01-01 X1
        2024-01-01 P K2 inn -> 2024-06-01 X1
        2024-06-01 P {place} elm"""
    assert contribution("same_carer_2y", Child(short_before)) == NO


def test_only_the_stay_before_and_only_of_the_same_period_of_care_is_added() -> None:
    two_before = """
        2020-01-10 S U4 oak -> 2024-01-01 X1
        2024-01-01 P U4 elm -> 2024-06-01 X1
        2024-06-01 P A4 ash"""
    assert contribution("same_carer_2y", Child(two_before)) == NO
    other_places = two_before.replace("A4", "U6")
    assert contribution("same_carer_2y", Child(other_places)) == NO


@pytest.mark.parametrize(("place", "expected"), [("A3", YES), ("A4", NO), ("A5", YES), ("A6", NO)])
def test_adoption_by_the_foster_carer_continues_the_stay_so_the_one_before_the_carer_is_added(
    place: str, expected: tuple[int, int]
) -> None:
    third = f"""
        2020-01-10 S U4 oak -> 2024-01-01 X1
        2024-01-01 P U4 elm -> 2024-06-01 X1
        2024-06-01 P {place} elm"""
    assert contribution("same_carer_2y", Child(third)) == expected


def test_a_child_no_longer_placed_for_adoption_has_the_last_stay_alone() -> None:
    broken_down = """
        2020-01-10 S U4 oak -> 2024-01-01 X1
        2024-01-01 P A4 elm -> 2024-06-01 X1
        2024-06-01 P U4 ash"""
    assert contribution("same_carer_2y", Child(broken_down)) == NO


def _workers(*workers: tuple[str, str, str | None], episodes: str = LONG) -> tuple[int | None, int | None]:
    return contribution("social_workers_3plus", Child(episodes, workers=workers))


def test_three_social_workers_are_three_and_going_back_to_the_first_adds_none() -> None:
    first, second = ("a", "2023-01-01", "2024-06-01"), ("b", "2024-06-01", "2024-09-01")
    assert _workers(first, second, ("c", "2024-09-01", None)) == YES
    assert _workers(first, second, ("a", "2024-09-01", None)) == NO
    assert _workers() == NO


def test_an_allocation_that_ended_on_1_april_counts_and_one_that_ended_on_31_march_does_not() -> None:
    rest = (("b", "2024-04-01", "2024-09-01"), ("c", "2024-09-01", None))
    assert _workers(("a", "2023-01-01", "2024-04-01"), *rest) == YES
    assert _workers(("a", "2023-01-01", "2024-03-31"), *rest) == NO


def test_social_workers_of_the_time_before_care_count_and_of_children_who_left_do_not() -> None:
    workers = (("a", "2024-05-01", "2024-06-01"), ("b", "2024-06-01", "2024-07-01"), ("c", "2024-07-01", None))
    assert _workers(*workers, episodes="2025-03-31 S U4 oak") == YES
    assert _workers(*workers, episodes="2020-01-10 S U4 oak -> 2025-03-31 E4A") == OUTSIDE
