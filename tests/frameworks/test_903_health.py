"""Children looked after for 12 months, and the outcomes recorded for them (5.2, 6.4). If these failed, councils would
be compared on checks of children who had not been in care long enough to have them."""

from __future__ import annotations

import pytest

from tests.frameworks.looked_after import NO, OUTSIDE, YES, Child, cases, contribution

LONG = "2020-01-10 S U4 oak"


@cases(
    ("all year", YES, LONG),
    ("since 1 April", YES, "2024-04-01 S U4 oak"),
    ("since 2 April", OUTSIDE, "2024-04-02 S U4 oak"),
    ("ceased on 31 March", YES, "2020-01-10 S U4 oak -> 2025-03-31 E4A"),
    ("ceased on the day before", OUTSIDE, "2020-01-10 S U4 oak -> 2025-03-30 E4A"),
    ("ceased on 1 April", OUTSIDE, "2020-01-10 S U4 oak -> 2024-04-01 E4A"),
    ("ceased on 31 March before, started on 1 April", YES, "2020-01-10 S U4 o -> 2024-03-31 E4A\n2024-04-01 S U4 o"),
    ("home in between", OUTSIDE, "2020-01-10 S U4 oak -> 2024-06-01 E4A\n2024-06-02 S U4 oak"),
    ("moved", YES, "2020-01-10 S U4 oak -> 2024-06-01 X1\n2024-06-01 P U4 elm"),
    ("closed without a reason ends no care", YES, "2020-01-10 S U4 oak -> 2024-06-01"),
    ("a short-term placement (V3) in the year", OUTSIDE, "2020-01-10 S U4 o -> 2024-04-02 X1\n2024-04-02 L U4 o V3"),
    (
        "a short-term placement (V4) that ended on 1 April",
        OUTSIDE,
        "2024-01-10 S U4 o V4 -> 2024-04-01 X1\n2024-04-01 P U4 o",
    ),
    (
        "a short-term placement that ended on 31 March before",
        YES,
        "2024-01-10 S U4 o V4 -> 2024-03-31 X1\n2024-03-31 P U4 o",
    ),
    ("an episode of the year before only", OUTSIDE, "2020-01-10 S U4 oak -> 2024-03-31 X1"),
)
def test_looked_after_continuously_for_12_months(expected: tuple[int, int], episodes: str) -> None:
    checked = Child(episodes, checks={2025: {"health_assessment": True}})
    assert contribution("health_assessment", checked) == expected


CHECKS = {
    "health_assessment": "health_assessment",
    "immunisation": "immunisations",
    "dental_check": "teeth_check",
    "development_check_u5": "health_check",
    "substance_misuse": "substance_misuse",
    "convicted": "convicted",
}


def _born(indicator_id: str) -> str:
    return "2021-06-15" if indicator_id == "development_check_u5" else "2012-06-15"


@pytest.mark.parametrize("indicator_id", CHECKS)
def test_each_check_has_its_field_and_a_missing_row_or_a_blank_is_not_received(indicator_id: str) -> None:
    field, born = CHECKS[indicator_id], _born(indicator_id)
    others = {other: True for other in CHECKS.values() if other != field}
    assert contribution(indicator_id, Child(LONG, born, checks={2025: {field: True}})) == YES
    assert contribution(indicator_id, Child(LONG, born, checks={2025: {field: False} | others})) == NO
    assert contribution(indicator_id, Child(LONG, born, checks={2025: others})) == NO
    assert contribution(indicator_id, Child(LONG, born, checks={2024: {field: True}})) == NO
    assert contribution(indicator_id, Child(LONG, born)) == NO


@pytest.mark.parametrize("indicator_id", [*CHECKS, "sdq_coverage", "sdq_mean", "sdq_concern", "sdq_improved"])
def test_a_row_of_a_child_outside_the_cohort_is_ignored(indicator_id: str) -> None:
    check = dict.fromkeys(CHECKS.values(), True) | {"sdq_score": 20}
    newly = Child("2024-06-01 S U4 oak", _born(indicator_id), checks={2025: check, 2024: {"sdq_score": 30}})
    assert contribution(indicator_id, newly) == OUTSIDE


def test_an_intervention_of_a_child_outside_the_cohort_is_ignored() -> None:
    check = {"substance_misuse": True, "intervention_received": True, "intervention_offered": True}
    newly = Child("2024-06-01 S U4 oak", checks={2025: check})
    assert contribution("substance_intervention_received", newly) == OUTSIDE
    assert contribution("substance_intervention_refused", newly) == OUTSIDE


@pytest.mark.parametrize(
    ("indicator_id", "field", "oldest", "youngest", "too_old", "too_young"),
    [
        ("development_check_u5", "health_check", "2020-04-01", "2025-03-31", "2020-03-31", "2025-04-01"),
        ("convicted", "convicted", "2007-04-01", "2015-03-31", "2007-03-31", "2015-04-01"),
        ("sdq_coverage", "sdq_score", "2008-04-01", "2020-03-31", "2008-03-31", "2020-04-01"),
        ("sdq_mean", "sdq_score", "2008-04-01", "2020-03-31", "2008-03-31", "2020-04-01"),
        ("sdq_improved", "sdq_score", "2008-04-01", "2020-03-31", "2008-03-31", "2020-04-01"),
    ],
)
def test_ages_are_completed_years_at_31_march_and_must_be_known(
    indicator_id: str, field: str, oldest: str, youngest: str, too_old: str, too_young: str
) -> None:
    def has(born: str | None) -> tuple[int | None, int | None]:
        episodes = "2024-04-01 S U4 oak"
        return contribution(indicator_id, Child(episodes, born, checks={2025: {field: True}, 2024: {"sdq_score": 2}}))

    assert has(oldest) == has(youngest) == YES
    assert has(too_old) == has(too_young) == has(None) == OUTSIDE


def test_other_checks_are_of_all_ages_known_or_not() -> None:
    for indicator_id in ("health_assessment", "immunisation", "dental_check", "substance_misuse"):
        checked = [
            Child(LONG, born, checks={2025: {CHECKS[indicator_id]: True}})
            for born in (None, "2025-01-01", "2006-05-01")
        ]
        assert contribution(indicator_id, *checked) == (3, 3)


def _score(score: int | None, last_year: int | None = None) -> Child:
    checks: dict[int, dict[str, int | bool]] = {2025: {} if score is None else {"sdq_score": score}}
    if last_year is not None:
        checks[2024] = {"sdq_score": last_year}
    return Child(LONG, checks=checks)


@pytest.mark.parametrize(
    ("score", "band"),
    [(0, "normal"), (13, "normal"), (14, "borderline"), (16, "borderline"), (17, "concern"), (40, "concern")],
)
def test_a_score_is_in_one_band(score: int, band: str) -> None:
    for name in ("normal", "borderline", "concern"):
        assert contribution(f"sdq_{name}", _score(score)) == (YES if name == band else NO)


def test_coverage_is_of_all_and_the_mean_and_the_bands_are_of_those_with_a_score() -> None:
    children = (_score(0), _score(20), _score(None, last_year=8), Child(LONG))
    assert contribution("sdq_coverage", *children) == (2, 4)
    assert contribution("sdq_mean", *children) == (20, 2)
    assert contribution("sdq_normal", *children) == (1, 2)


@pytest.mark.parametrize(
    ("score", "last_year", "expected"),
    [(12, 13, YES), (13, 13, NO), (14, 13, NO), (0, 40, YES), (13, None, OUTSIDE), (None, 13, OUTSIDE)],
)
def test_improved_is_one_point_less_than_the_year_before(
    score: int | None, last_year: int | None, expected: tuple[int, int]
) -> None:
    assert contribution("sdq_improved", _score(score, last_year)) == expected


def test_improved_compares_with_the_year_before_and_no_other() -> None:
    earlier = Child(LONG, checks={2025: {"sdq_score": 10}, 2023: {"sdq_score": 20}})
    for indicator_id in ("sdq_improved", "sdq_band_improved", "sdq_mean_difference"):
        assert contribution(indicator_id, earlier) == OUTSIDE


@pytest.mark.parametrize(
    ("score", "last_year", "expected"),
    [
        (13, 14, YES),
        (14, 16, NO),
        (16, 17, YES),
        (13, 40, YES),
        (17, 40, NO),
        (0, 13, NO),
        (14, 13, NO),
        (17, 16, NO),
        (None, 17, OUTSIDE),
        (13, None, OUTSIDE),
    ],
)
def test_a_better_band_is_normal_from_borderline_or_either_from_a_concern(
    score: int | None, last_year: int | None, expected: tuple[int, int]
) -> None:
    assert contribution("sdq_band_improved", _score(score, last_year)) == expected


def test_the_mean_difference_is_below_nought_where_scores_improved() -> None:
    assert contribution("sdq_mean_difference", _score(10, 17), _score(20, 16), _score(9, 9)) == (-3, 3)
    assert contribution("sdq_mean_difference", _score(None, 17), _score(40, 0)) == (40, 1)


@pytest.mark.parametrize(
    ("check", "received", "refused"),
    [
        ({"substance_misuse": True, "intervention_received": True}, YES, NO),
        ({"substance_misuse": True, "intervention_received": False, "intervention_offered": True}, NO, YES),
        ({"substance_misuse": True, "intervention_offered": True}, NO, YES),
        ({"substance_misuse": True, "intervention_received": True, "intervention_offered": True}, YES, NO),
        ({"substance_misuse": True}, NO, NO),
        ({"intervention_received": True, "intervention_offered": True}, OUTSIDE, OUTSIDE),
    ],
)
def test_interventions_are_of_children_with_a_problem(
    check: dict[str, int | bool], received: tuple[int, int], refused: tuple[int, int]
) -> None:
    child = Child(LONG, checks={2025: check})
    assert contribution("substance_intervention_received", child) == received
    assert contribution("substance_intervention_refused", child) == refused
