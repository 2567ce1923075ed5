"""Placements and stays with one carer (5.2, 6.5). If these failed, councils would be compared on moves that never
happened, or not on those that did, and no one would find out from the totals."""

from __future__ import annotations

import pytest

from tests.frameworks.looked_after import NO, OUTSIDE, YES, Child, cases, contribution

LONG = "2020-01-10 S U4 oak"
"""In care, and with one carer, since long before the year."""


def placements(episodes: str, earlier: str = "") -> int | None:
    """The placements of the year of a child looked after at 31 March."""
    placed, children = contribution("placements_mean", Child(episodes, earlier=earlier))
    assert children == 1
    return placed


@cases(
    ("the one placement of a quiet year", 1, LONG),
    (
        "a move with a new carer (P) begins one, also at the same place",
        2,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 P U4 oak""",
    ),
    (
        "a move with a new carer and a new legal status (B) begins one",
        2,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 B U4 elm""",
    ),
    (
        "a change of legal status (L) never begins one, wherever it says the child is",
        1,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 L U4 elm""",
    ),
    (
        "a change of place with the same carer (T) begins one",
        2,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 T U4 elm""",
    ),
    (
        "T at the same place begins none",
        1,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 T U4 oak""",
    ),
    (
        "T at the same address under another placement code begins one",
        2,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 T U1 oak""",
    ),
    (
        "U (place and legal status, same carer) is read as T is",
        2,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 U U4 oak -> 2024-07-01 X1
        2024-07-01 U U4 elm""",
    ),
    (
        "K3 took the place of H5: T from one to the other at the same address begins none",
        1,
        """
        2023-01-10 S H5 inn -> 2024-06-01 X1
        2024-06-01 T K3 inn""",
    ),
    (
        "elsewhere and back later is three",
        3,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 P U4 elm -> 2024-07-01 X1
        2024-07-01 P U4 oak""",
    ),
    (
        "the placement that ends on 1 April is active in the year",
        2,
        """
        2020-01-10 S U4 oak -> 2024-04-01 X1
        2024-04-01 P U4 elm""",
    ),
    (
        "the placement that ends on 31 March before is not",
        1,
        """
        2020-01-10 S U4 oak -> 2024-03-31 X1
        2024-03-31 P U4 elm""",
    ),
    (
        "the placement that begins on 31 March is",
        2,
        """
        2020-01-10 S U4 oak -> 2025-03-31 X1
        2025-03-31 P U4 elm""",
    ),
    (
        "a placement of several episodes is one",
        1,
        """
        2020-01-10 S U4 oak -> 2024-05-01 X1
        2024-05-01 L U4 oak -> 2024-09-01 X1
        2024-09-01 L U4 oak""",
    ),
)
def test_what_begins_a_placement(expected: int, episodes: str) -> None:
    assert placements(episodes) == expected


@pytest.mark.parametrize("temporary", ["T0", "T1", "T2", "T3", "T4"])
@pytest.mark.parametrize("reason", ["P", "T", "B", "U", "L"])
def test_going_back_after_a_temporary_move_continues_the_placement(temporary: str, reason: str) -> None:
    assert (
        placements(f"""
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 P {temporary} inn -> 2024-06-08 X1
        2024-06-08 {reason} U4 oak""")
        == 1
    )


@pytest.mark.parametrize("reason", ["P", "T", "B", "U", "L"])
def test_elsewhere_after_a_temporary_move_is_a_new_placement_whatever_the_reason(reason: str) -> None:
    assert (
        placements(f"""
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 P T3 inn -> 2024-06-08 X1
        2024-06-08 {reason} U4 elm""")
        == 2
    )


@cases(
    (
        "a long temporary move is still none",
        1,
        """
        2020-01-10 S U4 oak -> 2024-05-01 X1
        2024-05-01 P T1 inn -> 2025-02-01 X1
        2025-02-01 P U4 oak""",
    ),
    (
        "two temporary moves in a row are skipped together",
        1,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 P T3 inn -> 2024-06-08 X1
        2024-06-08 P T0 spa -> 2024-06-09 X1
        2024-06-09 P U4 oak""",
    ),
    (
        "only directly after: the next move is read as ever",
        2,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 P T3 inn -> 2024-06-08 X1
        2024-06-08 P U4 oak -> 2024-07-01 X1
        2024-07-01 P U4 oak""",
    ),
    (
        "a child in a temporary move on 31 March has the placement before it",
        1,
        """
        2020-01-10 S U4 oak -> 2025-03-25 X1
        2025-03-25 P T3 inn""",
    ),
    ("a child who has only been in a temporary move has none", 0, "2025-03-25 S T3 inn"),
    (
        "a period of care that begins with a temporary move: the first placement after it is the first",
        1,
        """
        2024-06-01 S T3 inn -> 2024-06-08 X1
        2024-06-08 L U4 oak""",
    ),
    (
        "less than 24 hours is none, and going back continues",
        1,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 P U4 elm -> 2024-06-01 X1
        2024-06-01 P U4 oak""",
    ),
    (
        "less than 24 hours on the way to a third place is none",
        2,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 P U4 elm -> 2024-06-01 X1
        2024-06-01 P U4 ash""",
    ),
    (
        "a night is a placement",
        3,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 P U4 elm -> 2024-06-02 X1
        2024-06-02 P U4 oak""",
    ),
    (
        "the first episode of care, of less than 24 hours, is none",
        1,
        """
        2024-06-01 S U4 oak -> 2024-06-01 X1
        2024-06-01 P U4 elm""",
    ),
    (
        "a placement ends where its last episode ends: a temporary move after 1 April does not carry it over",
        1,
        """
        2020-01-10 S U4 oak -> 2024-03-20 X1
        2024-03-20 P T1 inn -> 2024-04-20 X1
        2024-04-20 P U4 elm""",
    ),
)
def test_skipped_episodes_are_no_placement(expected: int, episodes: str) -> None:
    assert placements(episodes) == expected


@cases(
    (
        "A3 after a foster placement, whatever the reason",
        1,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 P A3 oak""",
    ),
    (
        "A5 after a foster placement, also at another address",
        1,
        """
        2020-01-10 S U1 oak -> 2024-06-01 X1
        2024-06-01 B A5 elm""",
    ),
    (
        "A5 directly after a temporary move out of a foster placement",
        1,
        """
        2020-01-10 S U1 oak -> 2024-06-01 X1
        2024-06-01 P T3 inn -> 2024-06-08 X1
        2024-06-08 P A5 oak""",
    ),
    (
        "A4 and A6 are with someone new",
        3,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 P A4 elm -> 2024-07-01 X1
        2024-07-01 P A6 ash""",
    ),
    (
        "A3 after a children's home",
        2,
        """
        2020-01-10 S K2 hut -> 2024-06-01 X1
        2024-06-01 P A3 oak""",
    ),
    ("A3 at the beginning of a period of care", 1, "2024-06-01 S A3 oak"),
)
def test_adoption_by_the_foster_carer_is_no_new_placement(expected: int, episodes: str) -> None:
    assert placements(episodes) == expected


@cases(
    (
        "all periods of care of the year count, each from its first placement",
        2,
        """
        2020-01-10 S U4 oak -> 2024-06-01 E4A
        2024-09-01 S U4 oak""",
    ),
    (
        "an S begins a period, whatever ended before it",
        2,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 P T3 inn -> 2024-06-08 X1
        2024-06-08 S U4 oak""",
    ),
    (
        "without an S, care that ended begins again with the next episode",
        2,
        """
        2020-01-10 S U4 oak -> 2024-06-01 E4A
        2024-09-01 L U4 oak""",
    ),
    (
        "a gap after X1 does not end the period",
        1,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-09-01 L U4 oak""",
    ),
    (
        "an episode that is in no return at hand does not make the first one known any less the first",
        1,
        "2024-03-01 L U4 oak",
    ),
    (
        "a series of short-term placements is left out before anything else",
        1,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 P U4 elm V3 -> 2024-06-10 X1
        2024-06-10 L U4 oak""",
    ),
    (
        "so the end of a short-term placement ends no period of care",
        1,
        """
        2020-01-10 S U4 oak -> 2024-06-01 X1
        2024-06-01 P U4 elm V4 -> 2024-06-10 E4A
        2024-06-10 L U4 oak""",
    ),
)
def test_periods_of_care_part_placements(expected: int, episodes: str) -> None:
    assert placements(episodes) == expected


THREE = """
    2020-01-10 S U4 oak -> 2024-06-01 X1
    2024-06-01 P U4 elm -> 2024-07-01 X1
    2024-07-01 P U4 ash"""


def test_three_placements_are_three_or_more_and_two_are_not() -> None:
    assert contribution("placements_3plus", Child(THREE)) == YES
    assert contribution("placements_3plus", Child("2020-01-10 S U4 oak -> 2024-06-01 X1\n2024-06-01 P U4 elm")) == NO


def test_only_children_looked_after_at_31_march_have_their_placements_counted() -> None:
    gone = THREE + " -> 2025-03-31 E4A"
    assert contribution("placements_3plus", Child(gone)) == OUTSIDE
    assert contribution("placements_mean", Child(gone)) == OUTSIDE


def test_placements_of_the_year_come_from_the_return_of_the_year_alone() -> None:
    earlier = "2024-02-01 P U4 yew -> 2024-12-01 X1"
    assert placements(LONG, earlier=earlier) == 1


def test_the_average_is_over_children_and_is_not_clipped() -> None:
    restless = "2020-01-10 S U4 oak0 -> 2024-05-01 X1\n" + "\n".join(
        f"2024-05-{day:02d} P U4 oak{day} -> 2024-05-{day + 1:02d} X1" for day in range(1, 12)
    )
    assert contribution("placements_mean", Child(LONG), Child(restless + "\n2024-05-12 P U4 elm")) == (14, 2)


TWO_YEARS = """
    2021-01-10 S U4 oak -> 2023-06-01 X1
    2023-06-01 P U4 elm -> 2024-02-01 X1
    2024-02-01 P U4 ash"""


@cases(
    ("three placements in two years", YES, TWO_YEARS),
    ("the first ended on 31 March two years ago", YES, TWO_YEARS.replace("2023-06-01", "2023-03-31")),
    ("the first ended on the day before", NO, TWO_YEARS.replace("2023-06-01", "2023-03-30")),
    ("in care since 31 March two years ago", YES, TWO_YEARS.replace("2021-01-10", "2023-03-31")),
    ("in care since the day after", OUTSIDE, TWO_YEARS.replace("2021-01-10", "2023-04-01")),
    ("home for a day in between", OUTSIDE, TWO_YEARS.replace("2024-02-01 X1", "2024-01-31 E4B")),
    ("no longer looked after", OUTSIDE, TWO_YEARS + " -> 2025-03-31 E4A"),
    ("a quiet two years", NO, LONG),
)
def test_three_placements_in_two_years_of_one_period_of_care(expected: tuple[int, int], episodes: str) -> None:
    assert contribution("placements_3plus_2y", Child(episodes)) == expected
