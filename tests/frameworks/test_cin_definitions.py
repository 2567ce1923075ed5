"""Children in need and referrals (5.1, 6.1). If these failed, councils would count cases on the wrong side of
31 March, or call a referral a return that came a year after the last, and compare themselves on it."""

from __future__ import annotations

import pytest

from tests.frameworks.in_need import NO, OUTSIDE, YES, cases, contribution, count


@cases(
    ("open", 1, "referral 2024-06-01"),
    ("begun on 31 March", 1, "referral 2025-03-31"),
    ("ended on 31 March: not open", 0, "referral 2024-06-01 -> 2025-03-31 RC7"),
    ("ended on 1 April: open on 31 March", 1, "referral 2024-06-01 -> 2025-04-01 RC7"),
    ("begun on 1 April after", 0, "referral 2025-04-01"),
    ("no further action at referral", 0, "referral 2024-06-01 nfa"),
    ("assessed, no need, without a closure date (RC8)", 0, "referral 2024-06-01 RC8"),
    ("assessed, early help, without a closure date (RC9)", 0, "referral 2024-06-01 RC9"),
    ("closed for another reason, after 31 March", 1, "referral 2024-06-01 -> 2025-05-01 RC7"),
    ("several open cases count once", 1, "referral 2020-06-01\nreferral 2024-06-01"),
    ("one open beside one not in need", 1, "referral 2024-05-01 RC8\nreferral 2024-06-01"),
    ("in the return of last year only", 0, "2024 referral 2023-06-01"),
)
def test_in_need_at_31_march(expected: int, groups: str) -> None:
    assert count("cin_open_31_march", groups) == expected


@cases(
    ("ended on 1 April: active in the year", 1, "referral 2023-06-01 -> 2024-04-01 RC7"),
    ("ended on 31 March before", 0, "referral 2023-06-01 -> 2024-03-31 RC7"),
    ("two cases, one child", 1, "referral 2023-06-01 -> 2024-05-01 RC7\nreferral 2024-09-01"),
    ("no further action at referral", 0, "referral 2024-06-01 nfa"),
    ("assessed and not in need", 0, "referral 2024-06-01 -> 2024-07-15 RC8"),
)
def test_in_need_at_any_point_in_the_year(expected: int, groups: str) -> None:
    assert count("cin_any_point", groups) == expected


@cases(
    ("the second anniversary is 31 March", YES, "referral 2023-03-31"),
    ("the second anniversary is 1 April", NO, "referral 2023-04-01"),
    ("the earliest of several open cases decides", YES, "referral 2024-06-01\nreferral 2020-06-01"),
    ("a long case that ended does not count", NO, "referral 2020-06-01 -> 2024-05-01 RC7\nreferral 2024-06-01"),
    ("a long case that is not in need does not count", NO, "referral 2020-06-01 RC9\nreferral 2024-06-01"),
    ("not in need", OUTSIDE, "referral 2020-06-01 nfa"),
)
def test_in_need_for_two_years(expected: tuple[int, int], groups: str) -> None:
    assert contribution("cin_duration_2y", groups) == expected


@cases(
    ("on 1 April", 1, "referral 2024-04-01"),
    ("on 31 March before", 0, "referral 2024-03-31"),
    ("on 31 March", 1, "referral 2025-03-31"),
    ("each counts, no further action included", 3, "referral 2024-05-01 nfa\nreferral 2024-06-01\nreferral 2024-07-01"),
    ("two on one day", 2, "referral 2024-05-01\nreferral 2024-05-01"),
)
def test_referrals_of_the_year(expected: int, groups: str) -> None:
    assert count("referrals", groups) == expected


@cases(
    ("the day before the anniversary", YES, "2024 referral 2023-05-02\nreferral 2024-05-01"),
    ("the anniversary itself", NO, "2024 referral 2023-05-01\nreferral 2024-05-01"),
    ("the same day", (0, 2), "referral 2024-05-01\nreferral 2024-05-01"),
    ("the day after", (1, 2), "referral 2024-05-01\nreferral 2024-05-02"),
    ("after no further action", YES, "2024 referral 2023-09-01 nfa\nreferral 2024-05-01"),
    ("every repeat in a chain", (2, 3), "referral 2024-05-01\nreferral 2024-06-01\nreferral 2024-07-01"),
    ("29 February: the anniversary is 28 February", NO, "2024 referral 2024-02-29\nreferral 2025-02-28"),
    ("29 February: the day before it", YES, "2024 referral 2024-02-29\nreferral 2025-02-27"),
    ("the clock does not run from the closure", NO, "2024 referral 2022-05-01 -> 2024-04-20 RC7\nreferral 2024-05-01"),
    ("an earlier referral that was not in need", YES, "2024 referral 2023-09-01 RC8\nreferral 2024-05-01"),
)
def test_referrals_within_12_months_of_another(expected: tuple[int, int], groups: str) -> None:
    assert contribution("rereferral_12m_referrals", groups) == expected


@cases(
    ("one child, however many repeats", YES, "referral 2024-05-01\nreferral 2024-06-01\nreferral 2024-07-01"),
    ("no repeat", NO, "2024 referral 2022-05-01\nreferral 2024-06-01"),
    (
        "repeats of last year do not count",
        NO,
        "2024 referral 2023-04-05\n2024 referral 2023-05-05\nreferral 2025-01-01",
    ),
    ("not referred in the year", OUTSIDE, "2024 referral 2023-05-01\n2024 referral 2023-06-01"),
)
def test_children_referred_again_within_12_months(expected: tuple[int, int], groups: str) -> None:
    assert contribution("rereferral_12m_children", groups) == expected


def test_another_childs_referral_is_no_earlier_one() -> None:
    assert contribution("rereferral_12m_referrals", "referral 2024-05-01", "referral 2024-06-01") == (0, 2)


def test_no_further_action_at_referral() -> None:
    assert contribution("referral_nfa", "referral 2024-05-01 nfa\nreferral 2024-06-01") == (1, 2)


@cases(
    ("RC8 in the year", YES, "referral 2024-05-01 -> 2024-06-15 RC8"),
    ("RC9 in the year", YES, "referral 2024-05-01 -> 2024-06-15 RC9"),
    ("closed on 31 March", YES, "referral 2025-02-01 -> 2025-03-31 RC8"),
    ("closed after it", NO, "referral 2025-02-01 -> 2025-04-01 RC8"),
    ("without a closure date", NO, "referral 2025-02-01 RC8"),
    ("another reason", NO, "referral 2024-05-01 -> 2024-06-15 RC7"),
    ("referred last year", OUTSIDE, "referral 2024-03-31 -> 2024-06-15 RC8"),
)
def test_assessed_and_not_in_need(expected: tuple[int, int], groups: str) -> None:
    assert contribution("assessed_not_in_need", groups) == expected


CLOSED = "2024 referral 2023-04-20 -> 2023-06-15 RC8"


@cases(
    ("the next day", YES, f"{CLOSED}\nassessment 2023-06-16"),
    ("the same day", NO, f"{CLOSED}\nassessment 2023-06-15"),
    ("the day before the anniversary", YES, f"{CLOSED}\nassessment 2024-06-14"),
    ("the anniversary", NO, f"{CLOSED}\nassessment 2024-06-15"),
    ("an assessment of an earlier return", YES, f"{CLOSED}\n2024 assessment 2023-09-01 -> 2023-10-01"),
    ("the assessment that led to the closure", NO, f"{CLOSED}\n2024 assessment 2023-05-01 -> 2023-06-14"),
    ("RC9", YES, "2024 referral 2023-04-20 -> 2023-06-15 RC9\nassessment 2024-05-01"),
    ("closed on 1 April of the year before", NO, "2024 referral 2023-02-20 -> 2023-04-01 RC8"),
    ("closed on 31 March of the year before", NO, "2024 referral 2024-02-20 -> 2024-03-31 RC8"),
    ("closed on 31 March earlier", OUTSIDE, "2024 referral 2023-02-20 -> 2023-03-31 RC8"),
    ("closed on 1 April of this year", OUTSIDE, "referral 2024-02-20 -> 2024-04-01 RC8"),
    ("no further action at referral has no assessment", OUTSIDE, "2024 referral 2023-06-15 nfa\nassessment 2024-05-01"),
    ("closed for another reason", OUTSIDE, "2024 referral 2023-04-20 -> 2023-06-15 RC7\nassessment 2024-05-01"),
    (
        "the first closure of the year decides",
        NO,
        f"{CLOSED}\n2024 referral 2024-01-02 -> 2024-02-15 RC9\nassessment 2024-08-01",
    ),
)
def test_back_at_assessment_within_12_months(expected: tuple[int, int], groups: str) -> None:
    assert contribution("nfa_return_12m", groups) == expected


@pytest.mark.parametrize(
    ("start", "expected"),
    [("2023-12-14", NO), ("2023-12-15", YES), ("2024-06-14", YES), ("2024-06-15", NO)],
)
def test_back_at_assessment_after_6_to_12_months(start: str, expected: tuple[int, int]) -> None:
    assert contribution("nfa_return_6_12m", f"{CLOSED}\nassessment {start}") == expected


def test_six_months_after_31_august_is_the_last_of_february() -> None:
    closed = "2024 referral 2023-07-01 -> 2023-08-31 RC8"
    assert contribution("nfa_return_6_12m", f"{closed}\nassessment 2024-02-28") == NO
    assert contribution("nfa_return_6_12m", f"{closed}\nassessment 2024-02-29") == YES
