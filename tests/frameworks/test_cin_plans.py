"""Child protection plans and their reviews (5.1, 6.1). If these failed, a plan would be called repeated, long or late
by a day, and the children on it are few enough for a day to matter."""

from __future__ import annotations

import pytest

from tests.frameworks.in_need import NO, OUTSIDE, YES, cases, contribution, count


@cases(
    ("open", 1, "plan 2024-06-01"),
    ("begun on 31 March", 1, "plan 2025-03-31"),
    ("ended on 31 March: not open", 0, "plan 2024-06-01 -> 2025-03-31"),
    ("ended on 1 April", 1, "plan 2024-06-01 -> 2025-04-01"),
    ("several open plans count once", 1, "plan 2024-06-01\nplan 2024-07-01"),
    ("in the return of last year only", 0, "2024 plan 2023-06-01"),
)
def test_on_a_plan_at_31_march(expected: int, groups: str) -> None:
    assert count("cpp_open_31_march", groups) == expected


@cases(
    ("on 1 April", 1, "plan 2024-04-01"),
    ("on 31 March before", 0, "plan 2024-03-31"),
    ("each occasion", 2, "plan 2024-04-01 -> 2024-07-01\nplan 2024-09-01"),
)
def test_plans_started(expected: int, groups: str) -> None:
    assert count("cpp_started", groups) == expected


@cases(
    ("on 1 April", 1, "plan 2023-06-01 -> 2024-04-01"),
    ("on 31 March", 1, "plan 2023-06-01 -> 2025-03-31"),
    ("on 31 March before", 0, "plan 2023-06-01 -> 2024-03-31"),
    ("open", 0, "plan 2024-06-01"),
)
def test_plans_ended(expected: int, groups: str) -> None:
    assert count("cpp_ceased", groups) == expected


@cases(
    ("one before", YES, "plan 2024-06-01 previous 1"),
    ("none before", NO, "plan 2024-06-01 previous 0"),
    ("blank is none", NO, "plan 2024-06-01"),
    ("the field decides, not the plans seen", (0, 2), "plan 2024-04-02 -> 2024-05-01\nplan 2024-06-01 previous 0"),
)
def test_second_or_later_plans(expected: tuple[int, int], groups: str) -> None:
    assert contribution("cpp_repeat_ever", groups) == expected


@cases(
    ("the day before the anniversary", YES, "2024 plan 2023-01-10 -> 2023-06-02\nplan 2024-06-01"),
    ("the anniversary", NO, "2024 plan 2023-01-10 -> 2023-06-01\nplan 2024-06-01"),
    ("a start on the day of the end", NO, "plan 2023-01-10 -> 2024-06-01\nplan 2024-06-01"),
    ("a start on the day after the end", YES, "plan 2023-01-10 -> 2024-05-31\nplan 2024-06-01"),
    (
        "any earlier plan, not only the last",
        YES,
        "plan 2023-01-10 -> 2024-05-01\nplan 2023-02-10 -> 2024-06-01\nplan 2024-06-01",
    ),
    ("a plan without an end", NO, "plan 2023-01-10\nplan 2024-06-01"),
    ("a later plan", (0, 2), "plan 2024-06-01 -> 2024-08-01\nplan 2024-06-01"),
    ("within the year", (1, 2), "plan 2024-04-02 -> 2024-05-01\nplan 2024-06-01"),
    ("the number of previous plans does not decide", NO, "plan 2024-06-01 previous 3"),
    ("started last year", OUTSIDE, "2024 plan 2023-01-10 -> 2023-06-02\n2024 plan 2023-07-01"),
)
def test_plans_within_12_months_of_another(expected: tuple[int, int], groups: str) -> None:
    assert contribution("cpp_repeat_12m", groups) == expected


@cases(
    ("the day before the second anniversary", YES, "2023 plan 2022-01-10 -> 2022-06-02\nplan 2024-06-01"),
    ("the second anniversary", NO, "2023 plan 2022-01-10 -> 2022-06-01\nplan 2024-06-01"),
    ("29 February two years on", NO, "2024 plan 2023-01-10 -> 2023-02-28\nplan 2025-02-28"),
)
def test_plans_within_24_months_of_another(expected: tuple[int, int], groups: str) -> None:
    assert contribution("cpp_repeat_24m", groups) == expected


@cases(
    ("729 days", YES, "plan 2023-04-02"),
    ("728 days", NO, "plan 2023-04-03"),
    ("the earliest of several open plans decides", YES, "plan 2024-06-01\nplan 2023-04-02"),
    ("not open", OUTSIDE, "plan 2020-06-01 -> 2025-03-31"),
)
def test_open_plans_of_two_years(expected: tuple[int, int], groups: str) -> None:
    assert contribution("cpp_2y_open", groups) == expected


@cases(
    ("729 days", YES, "plan 2022-06-02 -> 2024-05-31"),
    ("728 days", NO, "plan 2022-06-03 -> 2024-05-31"),
    ("open", OUTSIDE, "plan 2020-06-01"),
)
def test_ended_plans_of_two_years(expected: tuple[int, int], groups: str) -> None:
    assert contribution("cpp_2y_ceased", groups) == expected


def reviewed(start: str, *reviews: str) -> str:
    """A plan with these reviews."""
    return "\n".join([f"plan {start}", *(f"review {review} of {start}" for review in reviews)])


@cases(
    ("three months to 31 March, reviewed by then: due on the day", YES, reviewed("2024-12-31")),
    ("three months passed the day before", NO, reviewed("2024-12-30")),
    ("three months not yet passed", OUTSIDE, reviewed("2025-01-01")),
    ("first review on the last day", YES, reviewed("2024-10-15", "2025-01-15")),
    ("first review a day late", NO, reviewed("2024-10-15", "2025-01-16")),
    ("next within six months", YES, reviewed("2024-06-01", "2024-09-01", "2025-03-01")),
    ("next a day late", NO, reviewed("2024-06-01", "2024-08-31", "2025-03-01")),
    ("none overdue at 31 March", YES, reviewed("2024-07-01", "2024-10-01")),
    ("overdue at 31 March, by a day", NO, reviewed("2024-07-01", "2024-09-30")),
    ("a review of last year is the anchor", YES, reviewed("2023-06-01", "2023-12-01", "2024-06-01", "2024-12-01")),
    ("late after a review of last year", NO, reviewed("2023-06-01", "2023-12-01", "2024-06-02", "2024-12-01")),
    (
        "lateness of last year is not held against it",
        YES,
        reviewed("2023-01-01", "2024-03-31", "2024-09-30", "2025-03-30"),
    ),
    (
        "begun last year, first review due in the year",
        NO,
        reviewed("2024-01-15", "2024-04-16", "2024-10-01", "2025-03-01"),
    ),
    ("reviews after 31 March do not help", NO, reviewed("2024-07-01", "2024-09-01", "2025-04-01")),
    ("reviews before the start do not help", NO, reviewed("2024-06-01", "2024-05-30", "2024-11-29")),
    ("a review on the first day starts the six months", YES, reviewed("2024-10-01", "2024-10-01")),
    ("ended", OUTSIDE, "plan 2024-06-01 -> 2025-03-31"),
    (
        "the earliest open plan decides",
        NO,
        f"{reviewed('2024-06-01', '2024-10-01')}\n{reviewed('2024-08-01', '2024-10-01')}",
    ),
    ("reviews of another plan do not help", NO, "plan 2024-06-01\nreview 2024-08-01 of 2024-07-01"),
)
def test_reviewed_on_time(expected: tuple[int, int], groups: str) -> None:
    assert contribution("cpp_review_on_time", groups) == expected


@pytest.mark.parametrize(("review", "expected"), [("2025-02-28", YES), ("2025-03-01", NO)])
def test_three_months_after_30_november_is_the_last_of_february(review: str, expected: tuple[int, int]) -> None:
    assert contribution("cpp_review_on_time", reviewed("2024-11-30", review)) == expected
