"""Assessments, enquiries, conferences and factors (5.1, 6.1). If these failed, timeliness would be counted in the wrong
days, and councils that record a conference in several rows would seem to hold several."""

from __future__ import annotations

import pytest

from tests.frameworks.in_need import NO, OUTSIDE, YES, cases, contribution, count


@cases(
    ("the same day is day 0", YES, "assessment 2024-06-03 -> 2024-06-03"),
    ("45 working days without a holiday", YES, "assessment 2024-06-03 -> 2024-08-05"),
    ("46 working days", NO, "assessment 2024-06-03 -> 2024-08-06"),
    ("45, since Good Friday and Easter Monday do not count", YES, "assessment 2024-02-12 -> 2024-04-17"),
    ("46, over the same Easter", NO, "assessment 2024-02-12 -> 2024-04-18"),
    ("45 over Christmas and New Year", YES, "assessment 2024-11-25 -> 2025-01-30"),
    ("46 over Christmas and New Year", NO, "assessment 2024-11-25 -> 2025-01-31"),
    ("begun on a Saturday", YES, "assessment 2024-06-01 -> 2024-08-02"),
    ("authorised on 31 March before", OUTSIDE, "assessment 2024-03-01 -> 2024-03-31"),
    ("authorised on 1 April", YES, "assessment 2024-03-01 -> 2024-04-01"),
    ("not authorised", OUTSIDE, "assessment 2024-06-03"),
    ("without a start", OUTSIDE, "assessment - -> 2024-06-03"),
    ("in the return of last year", OUTSIDE, "2024 assessment 2024-04-02 -> 2024-04-03"),
    ("each counts", (2, 2), "assessment 2024-06-03 -> 2024-06-10\nassessment 2024-06-03 -> 2024-06-10"),
)
def test_assessments_within_45_working_days(expected: tuple[int, int], groups: str) -> None:
    assert contribution("assessment_45wd", groups) == expected


@cases(
    ("on 1 April", 1, "enquiry 2024-04-01"),
    ("on 31 March before", 0, "enquiry 2024-03-31"),
    ("on 31 March", 1, "enquiry 2025-03-31"),
    ("twice on one day", 1, "enquiry 2024-05-02\nenquiry 2024-05-02 conference 2024-05-20"),
    ("on two days", 2, "enquiry 2024-05-02\nenquiry 2024-05-03"),
    ("without a start", 0, "enquiry - conference 2024-05-20"),
)
def test_enquiries_started(expected: int, groups: str) -> None:
    assert count("s47_started", groups) == expected


def test_enquiries_of_two_children_on_one_day_are_two() -> None:
    assert count("s47_started", "enquiry 2024-05-02", "enquiry 2024-05-02") == 2


@cases(
    ("15 working days", YES, "enquiry 2024-06-03 conference 2024-06-24"),
    ("16 working days", NO, "enquiry 2024-06-03 conference 2024-06-25"),
    ("15 over the May bank holidays", YES, "enquiry 2024-05-03 conference 2024-05-28"),
    ("16 over the May bank holidays", NO, "enquiry 2024-05-03 conference 2024-05-29"),
    ("on the day of the enquiry", YES, "enquiry 2024-06-03 conference 2024-06-03"),
    ("in two rows", YES, "enquiry 2024-06-03 conference 2024-06-24\nenquiry 2024-06-03 conference 2024-06-24"),
    (
        "the latest of several starts",
        YES,
        "enquiry 2024-05-01 conference 2024-06-24\nenquiry 2024-06-10 conference 2024-06-24",
    ),
    (
        "a start after the conference does not count",
        NO,
        "enquiry 2024-05-01 conference 2024-06-24\nenquiry 2024-06-25 conference 2024-06-24",
    ),
    ("only a start after the conference", NO, "enquiry 2024-06-25 conference 2024-06-24"),
    ("no start", NO, "enquiry - conference 2024-06-24"),
    ("two conferences", (1, 2), "enquiry 2024-06-03 conference 2024-06-24\nenquiry 2024-06-03 conference 2024-09-24"),
    ("moved in: from the referral", YES, "referral 2024-06-03 conference 2024-06-24"),
    ("moved in: late", NO, "referral 2024-06-03 conference 2024-06-25"),
    (
        "moved in, and an enquiry here, for one conference",
        YES,
        "referral 2024-05-01 conference 2024-06-24\nenquiry 2024-06-10 conference 2024-06-24",
    ),
    ("on 31 March before", OUTSIDE, "enquiry 2024-03-20 conference 2024-03-31"),
    ("on 1 April", YES, "enquiry 2024-03-20 conference 2024-04-01"),
    ("an enquiry without a conference", OUTSIDE, "enquiry 2024-06-03"),
    ("moved in last year", OUTSIDE, "2024 referral 2024-03-03 conference 2024-04-10"),
)
def test_conferences_within_15_working_days(expected: tuple[int, int], groups: str) -> None:
    assert contribution("icpc_15wd", groups) == expected


@cases(
    ("recorded", 1, "assessment 2024-05-02 -> 2024-06-01 16A,3B"),
    ("another factor", 0, "assessment 2024-05-02 -> 2024-06-01 3B"),
    ("authorised on 31 March before", 0, "assessment 2024-03-02 -> 2024-03-31 16A"),
    ("not authorised", 0, "assessment 2024-05-02 16A"),
    ("twice in one episode", 1, "assessment 2024-05-02 -> 2024-06-01 16A\nassessment 2024-09-02 -> 2024-10-01 16A"),
    (
        "in two episodes",
        2,
        "assessment 2024-05-02 -> 2024-06-01 16A of 1\nassessment 2024-09-02 -> 2024-10-01 16A of 2",
    ),
    ("in the return of last year", 0, "2024 assessment 2024-03-02 -> 2024-04-01 16A"),
)
def test_episodes_assessed_with_a_factor(expected: int, groups: str) -> None:
    assert count("assessment_factor_neglect", groups) == expected


@pytest.mark.parametrize(
    ("factor", "code"),
    [
        ("domestic_abuse_child", "3A"),
        ("domestic_abuse_parent", "3B"),
        ("domestic_abuse_person", "3C"),
        ("mental_health_child", "4A"),
        ("mental_health_parent", "4B"),
        ("emotional_abuse", "17A"),
        ("neglect", "16A"),
        ("physical_abuse_adult", "18C"),
        ("physical_abuse_child", "18B"),
        ("sexual_abuse_adult", "19C"),
        ("sexual_abuse_child", "19B"),
        ("cce", "24A"),
        ("cse", "11A"),
        ("going_missing", "10A"),
        ("gangs", "13A"),
        ("trafficking", "12A"),
        ("self_harm", "15A"),
        ("young_carer", "7A"),
        ("fgm", "22A"),
        ("faith_linked", "23A"),
    ],
)
def test_each_factor_is_the_code_that_the_census_gives_it(factor: str, code: str) -> None:
    others = "1A,1B,1C,2A,2B,2C,4C,5A,5B,5C,6A,6B,6C,8B,8C,8D,8E,8F,9A,14A,18A,19A,20,21"
    assert count(f"assessment_factor_{factor}", f"assessment 2024-05-02 -> 2024-06-01 {others}") == 0
    assert count(f"assessment_factor_{factor}", f"assessment 2024-05-02 -> 2024-06-01 {others},{code}") == 1
