"""How long adoption takes, stage by stage (6.5), and early permanence (6.2). If these failed, a council would be told
that its children wait longer, or shorter, than they do; or be held to a threshold with the wrong children."""

from __future__ import annotations

import pytest

from tests.frameworks.looked_after import NO, OUTSIDE, YES, Child, contribution

NOBODY = (0, 0)
ENTRY, DECISION, ORDERED, MATCH, MOVE, ADOPTION = (
    "2023-01-10",
    "2023-06-10",
    "2023-09-01",
    "2023-12-01",
    "2024-01-15",
    "2024-10-01",
)
BEFORE = f"""
    {ENTRY} S U4 oak -> {ORDERED} X1
    {ORDERED} L U4 oak E1 -> {MOVE} X1"""
COURSE = f"{MOVE} P A6 elm E1 -> {ADOPTION} E11"
AD1 = {2025: {"decision_date": DECISION, "match_date": MATCH, "by_foster_carer": False}}


def adopted(
    episodes: str = COURSE,
    earlier: str = BEFORE,
    decision_date: str | None = DECISION,
    match_date: str | None = MATCH,
    by_foster_carer: bool | None = False,
) -> Child:
    """A child who entered care, was placed with foster carers, then with another family that adopted."""
    ad1 = {"decision_date": decision_date, "match_date": match_date, "by_foster_carer": by_foster_carer}
    return Child(episodes, earlier=earlier, adoptions={2025: ad1})


DAYS = {
    "adoption_entry_to_placed": 370,
    "adoption_entry_to_decision": 151,
    "adoption_decision_to_match": 174,
    "adoption_match_to_placed": 45,
    "adoption_placed_to_order": 260,
    "adoption_entry_to_order": 630,
    "adoption_a1": 370,
    "adoption_a10": 370,
    "adoption_a2": 91,
    "adoption_a20": 91,
}
OF_THE_YEAR = [name for name in DAYS if "_a" not in name.removeprefix("adoption")]
OF_THREE_YEARS = [name for name in DAYS if name not in OF_THE_YEAR]


@pytest.mark.parametrize(("name", "days"), DAYS.items())
def test_each_stage_is_the_days_between_its_two_days(name: str, days: int) -> None:
    assert contribution(name, adopted()) == (days, 1)
    assert contribution(name, adopted(), adopted()) == (2 * days, 2)


def test_the_stages_add_up() -> None:
    stages = "entry_to_decision", "decision_to_match", "match_to_placed", "placed_to_order"
    assert sum(DAYS[f"adoption_{stage}"] for stage in stages) == DAYS["adoption_entry_to_order"]


@pytest.mark.parametrize("name", DAYS)
@pytest.mark.parametrize(
    ("order", "in_year", "in_three_years"),
    [
        ("2024-04-01", True, True),
        ("2025-03-31", True, True),
        ("2024-03-31", False, True),
        ("2022-04-01", False, True),
        ("2022-03-31", False, False),
    ],
)
def test_adopted_in_the_year_or_in_three_by_the_day_of_the_order(
    name: str, order: str, in_year: bool, in_three_years: bool
) -> None:
    course = f"""
        2020-01-10 S U4 oak -> 2020-05-01 X1
        2020-05-01 L U4 oak E1 -> 2021-01-15 X1
        2021-01-15 P A6 elm E1 -> {order} E12"""
    child = adopted(course, "", "2020-04-01", "2020-12-01")
    counted = in_year if name in OF_THE_YEAR else in_three_years
    assert contribution(name, child)[1] == int(counted)


@pytest.mark.parametrize("reason", ["E4A", "E45", "E41", "X1", "E3"])
@pytest.mark.parametrize("name", DAYS)
def test_a_child_who_left_otherwise_was_not_adopted(name: str, reason: str) -> None:
    assert contribution(name, adopted(COURSE.replace("E11", reason))) == NOBODY


def test_the_last_end_of_care_decides() -> None:
    back = f"{COURSE}\n2024-11-01 S U4 oak -> 2025-01-10 E4A"
    assert contribution("adoption_entry_to_order", adopted(back)) == NOBODY
    returned = f"{COURSE}\n2024-11-01 S U4 oak"
    assert contribution("adoption_entry_to_order", adopted(returned)) == (630, 1)


def test_entry_is_the_start_of_the_period_of_care_that_ended_in_adoption() -> None:
    before = f"2018-01-10 S U4 oak -> 2018-03-10 E4A{BEFORE}"
    assert contribution("adoption_entry_to_order", adopted(earlier=before)) == (630, 1)


WITHOUT = {
    "decision": {"adoption_entry_to_decision", "adoption_decision_to_match"},
    "match": {"adoption_decision_to_match", "adoption_match_to_placed", "adoption_a2", "adoption_a20"},
    "placement order": {"adoption_a2", "adoption_a20"},
    "placement for adoption": {
        "adoption_entry_to_placed",
        "adoption_match_to_placed",
        "adoption_placed_to_order",
        "adoption_a1",
        "adoption_a10",
        "adoption_a2",
        "adoption_a20",
    },
}
LACKING = {
    "decision": adopted(decision_date=None),
    "match": adopted(match_date=None),
    "placement order": adopted(COURSE.replace(" E1 ", " C2 "), BEFORE.replace(" E1 ", " C2 ")),
    "placement for adoption": adopted(COURSE.replace(" A6 ", " U4 ")),
}


@pytest.mark.parametrize("what", WITHOUT)
@pytest.mark.parametrize("name", DAYS)
def test_a_child_without_a_day_is_left_out_where_it_is_needed_and_nowhere_else(what: str, name: str) -> None:
    assert contribution(name, LACKING[what])[1] == int(name not in WITHOUT[what])


def test_without_ad1_only_the_stages_of_episodes_are_measured() -> None:
    child = Child(COURSE, earlier=BEFORE)
    assert contribution("adoption_entry_to_placed", child) == (370, 1)
    assert contribution("adoption_a10", child) == (370, 1)
    assert contribution("adoption_entry_to_decision", child) == NOBODY


def test_of_several_ad1_rows_the_latest_counts() -> None:
    corrected = {2024: {"decision_date": "2023-01-10"}, 2025: {"decision_date": DECISION}}
    assert contribution("adoption_entry_to_decision", Child(COURSE, earlier=BEFORE, adoptions=corrected)) == (151, 1)


MOVES = {
    "a change of legal status in the placement": (
        "2024-01-15 P A4 elm C2 -> 2024-03-01 X1\n2024-03-01 L A6 elm E1 -> 2024-10-01 E11",
        370,
    ),
    "respite during the placement": (
        "2024-01-15 P A6 elm -> 2024-03-01 X1\n2024-03-01 P T0 inn -> 2024-03-08 X1\n"
        "2024-03-08 P A6 elm -> 2024-10-01 E11",
        370,
    ),
    "another adoptive family": (
        "2024-01-15 P A6 elm -> 2024-03-15 X1\n2024-03-15 P A6 ash -> 2024-10-01 E11",
        430,
    ),
    "back to fostering between": (
        "2024-01-15 P A6 elm -> 2024-02-15 X1\n2024-02-15 P U4 oak -> 2024-03-15 X1\n"
        "2024-03-15 P A6 elm -> 2024-10-01 E11",
        430,
    ),
    "the family moves house": (
        "2024-01-15 P A6 elm -> 2024-03-15 X1\n2024-03-15 T A6 hut -> 2024-10-01 E11",
        370,
    ),
}


@pytest.mark.parametrize("what", MOVES)
def test_the_move_is_to_the_family_that_adopted(what: str) -> None:
    episodes, days = MOVES[what]
    assert contribution("adoption_a1", adopted(episodes)) == (days, 1)


FOSTERED = """
    2023-01-10 S U4 hut -> 2023-04-20 X1
    2023-04-20 P U4 oak -> 2023-09-01 X1
    2023-09-01 L U4 oak E1 -> 2024-01-15 X1"""
BY_CARER = "2024-01-15 U A5 oak E1 -> 2024-10-01 E11"


@pytest.mark.parametrize(
    ("name", "by_foster_carer", "days"),
    [
        ("adoption_a1", True, 370),
        ("adoption_a10", True, 100),
        ("adoption_a10", False, 370),
        ("adoption_a10", None, 370),
        ("adoption_entry_to_placed", True, 370),
        ("adoption_a2", True, 91),
        ("adoption_a20", True, 0),
        ("adoption_a20", False, 91),
    ],
)
def test_an_adoption_by_the_foster_carer_stops_where_the_fostering_began(
    name: str, by_foster_carer: bool | None, days: int
) -> None:
    assert contribution(name, adopted(BY_CARER, FOSTERED, by_foster_carer=by_foster_carer)) == (days, 1)


def test_a_fostering_that_began_between_order_and_match_stops_a20_on_that_day() -> None:
    fostered = """
        2023-01-10 S U4 hut -> 2023-09-01 X1
        2023-09-01 L U4 hut E1 -> 2023-09-21 X1
        2023-09-21 P U4 oak E1 -> 2024-01-15 X1"""
    assert contribution("adoption_a20", adopted(BY_CARER, fostered, by_foster_carer=True)) == (20, 1)


def test_a_foster_carer_who_moves_house_is_the_same_carer() -> None:
    moved = FOSTERED.replace("2023-09-01 L U4 oak E1", "2023-09-01 T U4 ash E1")
    assert contribution("adoption_a10", adopted(BY_CARER.replace("oak", "ash"), moved, by_foster_carer=True)) == (
        100,
        1,
    )


@pytest.mark.parametrize(
    ("match", "days"), [("2023-08-31", 0), ("2023-09-01", 0), ("2023-09-02", 1), ("2023-06-11", 0)]
)
def test_matched_before_the_placement_order_counts_as_no_days(match: str, days: int) -> None:
    assert contribution("adoption_a2", adopted(match_date=match)) == (days, 1)
    assert contribution("adoption_a20", adopted(match_date=match)) == (days, 1)


def test_the_first_placement_order_of_the_period_of_care_counts() -> None:
    before = f"""
        2018-01-10 S U4 oak E1 -> 2018-03-10 E4A
        {ENTRY} S U4 oak -> {ORDERED} X1
        {ORDERED} L U4 oak E1 -> 2023-10-01 X1
        2023-10-01 L U4 oak C2 -> 2023-11-01 X1
        2023-11-01 L U4 oak E1 -> {MOVE} X1"""
    assert contribution("adoption_a2", adopted(earlier=before)) == (91, 1)


# Who waits less than 14 months (A3)


@pytest.mark.parametrize(
    ("entry", "expected"), [("2022-11-16", YES), ("2022-11-15", NO), ("2022-11-14", NO), ("2023-06-01", YES)]
)
def test_adopted_children_waited_less_than_14_months_until_the_anniversary(
    entry: str, expected: tuple[int, int]
) -> None:
    assert contribution("adoption_a3", adopted(earlier=f"{entry} S U4 oak -> {MOVE} X1")) == expected


@pytest.mark.parametrize(
    ("entry", "expected"), [("2024-02-01", YES), ("2024-01-31", NO), ("2024-01-30", NO), ("2025-03-31", YES)]
)
def test_a_child_who_still_waits_has_waited_until_31_march(entry: str, expected: tuple[int, int]) -> None:
    assert contribution("adoption_a3", Child(f"{entry} S U4 oak", placed=((2025, "2025-03-31", None),))) == expected


def test_a_child_placed_but_not_yet_adopted_waited_until_the_move() -> None:
    placed = "2023-01-10 S U4 oak -> 2024-03-09 X1\n2024-03-09 P A6 elm"
    assert contribution("adoption_a3", Child(placed, placed=((2025, "2023-06-10", None),))) == YES
    late = placed.replace("2024-03-09", "2024-03-10")
    assert contribution("adoption_a3", Child(late, placed=((2025, "2023-06-10", None),))) == NO


@pytest.mark.parametrize(
    ("decisions", "expected"),
    [
        (((2025, "2025-01-10", None),), YES),
        (((2025, "2025-01-10", "2025-04-01"),), YES),
        (((2025, "2025-01-10", "2025-03-31"),), OUTSIDE),
        (((2024, "2024-01-10", None),), OUTSIDE),
        (((2025, "2024-11-01", "2024-12-01"), (2025, "2025-01-10", None)), YES),
        ((), OUTSIDE),
    ],
)
def test_only_a_decision_that_stands_at_31_march_makes_a_child_wait(
    decisions: tuple[tuple[int, str, str | None], ...], expected: tuple[int, int]
) -> None:
    assert contribution("adoption_a3", Child("2024-10-01 S U4 oak", placed=decisions)) == expected


def test_a_child_who_left_care_does_not_wait() -> None:
    left = Child("2024-10-01 S U4 oak -> 2025-03-01 E4A", placed=((2025, "2025-01-10", None),))
    assert contribution("adoption_a3", left) == OUTSIDE


# Early permanence


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({2025: {"decision_date": DECISION, "early_permanence_date": "2023-02-01"}}, YES),
        ({2025: {"decision_date": DECISION, "early_permanence_date": None}}, NO),
        ({2025: {"decision_date": None, "early_permanence_date": "2023-02-01"}}, OUTSIDE),
        ({2024: {"decision_date": DECISION, "early_permanence_date": "2023-02-01"}}, OUTSIDE),
        ({}, OUTSIDE),
    ],
)
def test_early_permanence_is_of_children_with_a_decision_in_the_record_of_the_year(
    rows: dict[int, dict[str, str | bool | None]], expected: tuple[int, int]
) -> None:
    assert contribution("early_permanence", Child("2023-01-10 S U4 oak", adoptions=rows)) == expected
