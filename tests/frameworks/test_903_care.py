"""Who is looked after, who starts and ceases, who goes home and stays there, who goes missing (5.1, 5.2, 6.2). If these
failed, councils would count children on the wrong side of 31 March or 1 April, and every other figure with them."""

from __future__ import annotations

import pytest

from tests.frameworks.looked_after import NO, OUTSIDE, YES, Child, cases, contribution

COUNTED, NOT_COUNTED = (1, None), (0, None)


@cases(
    ("open", COUNTED, "2024-06-01 S U4 oak"),
    ("begun on 31 March", COUNTED, "2025-03-31 S U4 oak"),
    ("ended on 31 March: not open", NOT_COUNTED, "2024-06-01 S U4 oak -> 2025-03-31 E4A"),
    ("ended, and back", COUNTED, "2024-06-01 S U4 oak -> 2024-07-01 E4A\n2024-08-01 S U4 oak"),
    ("in a series of short-term placements (V3)", NOT_COUNTED, "2024-06-01 S U4 oak V3"),
    ("in a series of short-term placements (V4)", NOT_COUNTED, "2024-06-01 S U4 oak V4"),
    ("in a single short-term placement (V2)", COUNTED, "2024-06-01 S U4 oak V2"),
    ("in a temporary move", COUNTED, "2024-06-01 S U4 oak -> 2025-03-30 X1\n2025-03-30 P T0 inn"),
)
def test_looked_after_at_31_march(expected: tuple[int, None], episodes: str) -> None:
    assert contribution("cla_31_march", Child(episodes)) == expected


def test_a_child_without_a_date_of_birth_is_looked_after_all_the_same() -> None:
    assert contribution("cla_31_march", Child("2024-06-01 S U4 oak", born=None)) == COUNTED


@pytest.mark.parametrize(
    ("status_ceased", "expected"),
    [("", COUNTED), ("2025-04-01", COUNTED), ("2025-03-31", NOT_COUNTED), (None, NOT_COUNTED)],
)
def test_unaccompanied_at_31_march_while_the_status_has_not_ceased(
    status_ceased: str | None, expected: tuple[int, None]
) -> None:
    assert contribution("cla_31_march_uasc", Child("2024-06-01 S U4 oak", unaccompanied=status_ceased)) == expected


def test_an_unaccompanied_child_who_left_is_not_counted() -> None:
    left = Child("2024-06-01 S U4 oak -> 2024-07-01 E8", unaccompanied="")
    assert contribution("cla_31_march_uasc", left) == NOT_COUNTED


@cases(
    ("on 1 April", COUNTED, "2024-04-01 S U4 oak"),
    ("on 31 March", COUNTED, "2025-03-31 S U4 oak"),
    ("on 31 March before", NOT_COUNTED, "2024-03-31 S U4 oak"),
    ("twice, counted once", COUNTED, "2024-05-01 S U4 oak -> 2024-06-01 E4A\n2024-08-01 S U4 oak"),
    ("for less than 24 hours", COUNTED, "2024-05-01 S U4 oak -> 2024-05-01 E4A"),
    ("in a series of short-term placements", NOT_COUNTED, "2024-05-01 S U4 oak V3"),
    ("no start: a move", NOT_COUNTED, "2024-05-01 P U4 oak"),
)
def test_started_in_the_year(expected: tuple[int, None], episodes: str) -> None:
    assert contribution("cla_started", Child(episodes)) == expected


@cases(
    ("on 1 April", COUNTED, "2020-01-10 S U4 oak -> 2024-04-01 E4A"),
    ("on 31 March", COUNTED, "2020-01-10 S U4 oak -> 2025-03-31 E4A"),
    ("back by 31 March", COUNTED, "2020-01-10 S U4 oak -> 2024-06-01 E4A\n2024-08-01 S U4 oak"),
    ("moved on (X1)", NOT_COUNTED, "2020-01-10 S U4 oak -> 2024-06-01 X1\n2024-06-01 P U4 elm"),
    ("closed without a reason", NOT_COUNTED, "2020-01-10 S U4 oak -> 2024-06-01"),
    ("taken over by another council (E3)", COUNTED, "2020-01-10 S U4 oak -> 2024-06-01 E3"),
    ("out of a series of short-term placements", NOT_COUNTED, "2024-05-01 S U4 oak V3 -> 2024-06-01 E4A"),
    ("out of a temporary move", COUNTED, "2020-01-10 S U4 oak -> 2024-06-01 X1\n2024-06-01 P T0 inn -> 2024-06-02 E4B"),
)
def test_ceased_in_the_year(expected: tuple[int, None], episodes: str) -> None:
    assert contribution("cla_ceased", Child(episodes)) == expected


REASONS = {
    "ceased_sgo": ("E43", "E44", "E45", "E46", "E47", "E48"),
    "ceased_cao": ("E41",),
    "ceased_home_planned": ("E4A",),
    "ceased_home_unplanned": ("E4B",),
    "ceased_adopted": ("E11", "E12"),
}


@pytest.mark.parametrize("indicator_id", REASONS)
def test_each_reason_has_its_codes_and_no_other(indicator_id: str) -> None:
    codes = {code for listed in REASONS.values() for code in listed} | {"E2", "E3", "E5", "E8", "E13", "E15"}
    ceased = [Child(f"2020-01-10 S U4 oak -> 2024-06-01 {code}") for code in sorted(codes)]
    assert contribution(indicator_id, *ceased) == (len(REASONS[indicator_id]), len(codes))


def test_the_last_time_in_the_year_decides_the_reason() -> None:
    twice = Child("""
        2020-01-10 S U4 oak -> 2024-06-01 E4B
        2024-08-01 S U4 oak -> 2025-01-10 E4A""")
    assert contribution("ceased_home_planned", twice) == YES
    assert contribution("ceased_home_unplanned", twice) == NO


def test_of_two_ends_on_one_day_the_later_start_decides() -> None:
    twice = Child("""
        2020-01-10 S U4 oak -> 2024-06-01 E4B
        2024-05-01 P U4 elm -> 2024-06-01 E4A""")
    assert contribution("ceased_home_planned", twice) == YES


@cases(
    ("home for good", YES, "2020-01-10 S U4 oak -> 2023-06-01 E4A"),
    ("home unplanned, for good", YES, "2020-01-10 S U4 oak -> 2023-06-01 E4B"),
    ("adopted", OUTSIDE, "2020-01-10 S U4 oak -> 2023-06-01 E11"),
    ("back the next day", NO, "2020-01-10 S U4 oak -> 2023-06-01 E4A\n2023-06-02 S U4 oak"),
    ("back on the same day is not later", YES, "2020-01-10 S U4 oak -> 2023-06-01 E4A\n2023-06-01 S U4 oak"),
    ("an episode that starts no care is no return", YES, "2020-01-10 S U4 oak -> 2023-06-01 E4A\n2023-07-01 P U4 oak"),
    ("back on the day before the anniversary", NO, "2020-01-10 S U4 oak -> 2023-06-01 E4A\n2024-05-31 S U4 oak"),
    ("back on the anniversary", YES, "2020-01-10 S U4 oak -> 2023-06-01 E4A\n2024-06-01 S U4 oak"),
    ("home on 1 April two years ago", YES, "2020-01-10 S U4 oak -> 2023-04-01 E4A"),
    ("home on the day before", OUTSIDE, "2020-01-10 S U4 oak -> 2023-03-31 E4A"),
    ("home on 31 March a year ago", YES, "2020-01-10 S U4 oak -> 2024-03-31 E4A"),
    ("home this year", OUTSIDE, "2020-01-10 S U4 oak -> 2024-04-01 E4A"),
    ("back for a short-term placement", YES, "2020-01-10 S U4 oak -> 2023-06-01 E4A\n2023-09-01 S U4 oak V3"),
    ("home from a short-term placement", OUTSIDE, "2020-01-10 S U4 oak V3 -> 2023-06-01 E4A"),
    (
        "home, back, adopted: the last",
        OUTSIDE,
        "2020-01-10 S U4 oak -> 2023-06-01 E4A\n2023-07-01 S U4 o -> 2023-08-01 E11",
    ),
    (
        "home, back, home: since the last",
        YES,
        "2020-01-10 S U4 oak -> 2023-06-01 E4A\n2023-07-01 S U4 o -> 2023-08-01 E4A",
    ),
    (
        "home last year, back and home this year",
        NO,
        "2020-01-10 S U4 o -> 2023-06-01 E4A\n2024-04-05 S U4 o -> 2024-05-01 E11",
    ),
)
def test_home_and_no_return_within_12_months(expected: tuple[int, int], episodes: str) -> None:
    assert contribution("reunified_no_return_12m", Child(episodes)) == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2024-06-01", "2024-06-03", YES),
        ("2024-03-20", "2024-04-01", YES),
        ("2024-03-20", "2024-03-31", NO),
        ("2024-03-20", None, YES),
        ("2025-03-31", None, YES),
    ],
)
def test_missing_in_the_year_carried_over_included(start: str, end: str | None, expected: tuple[int, int]) -> None:
    looked_after = "2020-01-10 S U4 oak -> 2024-04-01 E4A"
    missing, away = Child(looked_after, missing=(("M", start, end),)), Child(looked_after, missing=(("A", start, end),))
    assert contribution("missing_cla", missing) == expected
    assert contribution("missing_cla", away) == NO
    assert contribution("away_cla", away) == expected
    assert contribution("away_cla", missing) == NO


@cases(
    ("ended on 1 April", NO, "2020-01-10 S U4 oak -> 2024-04-01 E4A"),
    ("begun on 31 March", NO, "2025-03-31 S U4 oak"),
    ("in short-term placements only", OUTSIDE, "2024-05-01 S U4 oak V3"),
)
def test_missing_is_of_children_looked_after_in_the_year(expected: tuple[int, int], episodes: str) -> None:
    assert contribution("missing_cla", Child(episodes)) == expected


PLACES = {
    "placed_foster": ("U1", "U2", "U3", "U4", "U5", "U6"),
    "placed_childrens_home": ("K2",),
    "placed_supported": ("H5", "K3"),
}


@pytest.mark.parametrize("indicator_id", PLACES)
def test_each_kind_of_placement_has_its_codes_and_no_other(indicator_id: str) -> None:
    codes = {code for listed in PLACES.values() for code in listed} | {"A3", "K1", "P1", "P2", "R3", "S1", "T0", "Z1"}
    placed = [Child(f"2024-06-01 S {code} oak") for code in sorted(codes)]
    assert contribution(indicator_id, *placed) == (len(PLACES[indicator_id]), len(codes))


def test_the_open_episode_says_where_the_child_is_placed() -> None:
    moved = Child("2024-06-01 S U4 oak -> 2024-07-01 X1\n2024-07-01 P K2 hut")
    assert contribution("placed_foster", moved) == NO
    assert contribution("placed_childrens_home", moved) == YES
