"""Care leavers (6.5): who is counted, and what is said of them. If these failed, young people who died or moved to
another council's care would be counted as failures of this one, or those out of touch would be quietly left out."""

from __future__ import annotations

import pytest

from tests.frameworks.looked_after import NO, OUTSIDE, YES, Child, cases, contribution

AGED_20 = "2004-06-15"


def leaver(
    in_touch: str | None = "YES",
    activity: str | None = "F1",
    accommodation: str | None = "B1",
    born: str | None = AGED_20,
    earlier: str = "",
) -> Child:
    """A care leaver, in higher education and suitable accommodation unless it says otherwise."""
    return Child(born=born, earlier=earlier, leaver=(in_touch, activity, accommodation))


@pytest.mark.parametrize(
    ("born", "band"),
    [
        ("2008-03-31", "17_18"),
        ("2006-04-01", "17_18"),
        ("2006-03-31", "19_21"),
        ("2003-04-01", "19_21"),
        ("2008-04-01", None),
        ("2003-03-31", None),
        (None, None),
    ],
)
@pytest.mark.parametrize("stem", ["eet", "he", "suitable"])
def test_ages_at_31_march(stem: str, born: str | None, band: str | None) -> None:
    for listed in ("17_18", "19_21"):
        expected = YES if listed == band else OUTSIDE
        assert contribution(f"care_leaver_{stem}_{listed}", leaver(born=born)) == expected


@pytest.mark.parametrize(
    ("in_touch", "expected"),
    [("YES", YES), ("NO", YES), ("REFU", YES), ("NREQ", YES), (None, YES), ("DIED", OUTSIDE), ("RHOM", OUTSIDE)],
)
def test_out_of_touch_counts_and_died_or_returned_home_does_not(
    in_touch: str | None, expected: tuple[int, int]
) -> None:
    assert contribution("care_leaver_eet_19_21", leaver(in_touch)) == expected
    assert contribution("care_leaver_suitable_19_21", leaver(in_touch)) == expected


@cases(
    ("ceased for another reason", YES, "2015-01-10 S U4 oak -> 2022-06-15 E15"),
    ("taken over by another council", OUTSIDE, "2015-01-10 S U4 oak -> 2022-06-15 E3"),
    ("taken over, and back later", YES, "2015-01-10 S U4 oak -> 2021-06-15 E3\n2021-08-01 S U4 oak"),
    ("taken over, and back on the day", YES, "2015-01-10 S U4 oak -> 2021-06-15 E3\n2021-06-15 S U4 oak"),
    (
        "taken over, back, and ceased for another reason",
        YES,
        "2015-01-10 S U4 o -> 2019-06-15 E3\n2020-01-01 S U4 o -> 2022-06-15 E8",
    ),
    ("ceased, back, and taken over", OUTSIDE, "2015-01-10 S U4 o -> 2019-06-15 E8\n2020-01-01 S U4 o -> 2022-06-15 E3"),
    (
        "taken over on the day of the last move",
        OUTSIDE,
        "2015-01-10 S U4 o -> 2022-06-15 X1\n2022-06-15 P U4 e -> 2022-06-15 E3",
    ),
    (
        "taken over, and back for short-term placements only",
        OUTSIDE,
        "2015-01-10 S U4 o -> 2019-06-15 E3\n2020-01-01 S U4 o V3",
    ),
    (
        "known from short-term placements only",
        OUTSIDE,
        "2019-01-10 S U4 oak V3 -> 2019-01-12 E4A\n2019-02-10 S U4 oak V4",
    ),
    (
        "known from short-term placements and others",
        YES,
        "2019-01-10 S U4 o V3 -> 2019-01-12 E4A\n2020-02-10 S U4 o -> 2022-06-15 E8",
    ),
    (
        "taken over during an episode that ended later for another reason",
        YES,
        "2015-01-10 S U4 oak -> 2022-06-15 E8\n2019-01-10 P U4 elm -> 2020-06-15 E3",
    ),
    ("without known episodes", YES, ""),
)
def test_transferred_and_short_term_care_leavers_are_left_out(expected: tuple[int, int], episodes: str) -> None:
    assert contribution("care_leaver_eet_19_21", leaver(earlier=episodes)) == expected


ACTIVITIES = {
    "eet": ("F1", "P1", "F2", "P2", "F3", "P3", "F4", "P4", "F5", "P5"),
    "he": ("F1", "P1"),
    "neet": ("G4", "G5", "G6"),
    "activity_unknown": ("0",),
}


@pytest.mark.parametrize("stem", ACTIVITIES)
@pytest.mark.parametrize(("band", "born"), [("17_18", "2007-06-15"), ("19_21", AGED_20)])
def test_each_activity_has_its_codes_and_a_blank_stays_in_the_denominator(stem: str, band: str, born: str) -> None:
    codes = ("F1", "P1", "F2", "P2", "F3", "P3", "F4", "P4", "F5", "P5", "G4", "G5", "G6", "0", None)
    leavers = [leaver(activity=code, born=born) for code in codes]
    assert contribution(f"care_leaver_{stem}_{band}", *leavers) == (len(ACTIVITIES[stem]), len(codes))


@pytest.mark.parametrize(
    ("accommodation", "expected"),
    [("B1", YES), ("Z1", YES), ("B2", NO), ("S2", NO), ("X2", NO), ("0", NO), (None, NO)]
    + [(f"{letter}{digit}", OUTSIDE) for letter in "GHR" for digit in "12"],
)
def test_suitable_accommodation_leaves_out_abroad_deported_and_residence_not_known(
    accommodation: str | None, expected: tuple[int, int]
) -> None:
    assert contribution("care_leaver_suitable_19_21", leaver(accommodation=accommodation)) == expected
    assert contribution("care_leaver_eet_19_21", leaver(accommodation=accommodation)) == YES


@pytest.mark.parametrize(
    ("in_touch", "activity", "accommodation", "expected"),
    [
        ("NO", "0", "0", YES),
        ("NO", None, None, YES),
        ("NO", "0", None, YES),
        ("NO", "G5", "0", NO),
        ("NO", "0", "B1", NO),
        ("YES", "0", "0", NO),
        ("REFU", "0", "0", NO),
        ("NREQ", "0", "0", NO),
        (None, "0", "0", NO),
        ("DIED", "0", "0", OUTSIDE),
        ("RHOM", "0", "0", OUTSIDE),
    ],
)
def test_not_in_touch_is_when_nobody_else_knows_either(
    in_touch: str | None, activity: str | None, accommodation: str | None, expected: tuple[int, int]
) -> None:
    assert contribution("care_leaver_not_in_touch", leaver(in_touch, activity, accommodation)) == expected


def test_not_in_touch_is_of_care_leavers_aged_19_to_21() -> None:
    assert contribution("care_leaver_not_in_touch", leaver("NO", "0", "0", born="2006-06-15")) == OUTSIDE


FOSTERED_TO_18 = "2015-01-10 S U4 oak -> 2022-06-15 E15"


@cases(
    ("to the 18th birthday", YES, FOSTERED_TO_18),
    ("to the day before", OUTSIDE, "2015-01-10 S U4 oak -> 2022-06-14 E15"),
    ("to the day after", OUTSIDE, "2015-01-10 S U4 oak -> 2022-06-16 E15"),
    ("with relatives (U1)", YES, "2015-01-10 S U1 oak -> 2022-06-15 E15"),
    ("in a children's home", OUTSIDE, "2015-01-10 S K2 oak -> 2022-06-15 E15"),
    (
        "in a children's home at the last",
        OUTSIDE,
        "2015-01-10 S U4 o -> 2021-01-10 X1\n2021-01-10 P K2 h -> 2022-06-15 E15",
    ),
    (
        "with foster carers at the last",
        YES,
        "2015-01-10 S K2 h -> 2021-01-10 X1\n2021-01-10 P U4 oak -> 2022-06-15 E15",
    ),
    ("taken over on that day", OUTSIDE, "2015-01-10 S U4 oak -> 2022-06-15 E3"),
    ("in short-term placements", OUTSIDE, "2015-01-10 S U4 oak V3 -> 2022-06-15 E15"),
    ("without known episodes", OUTSIDE, ""),
)
def test_staying_put_is_of_those_fostered_to_their_18th_birthday(expected: tuple[int, int], episodes: str) -> None:
    assert contribution("staying_put", leaver(accommodation="Z1", earlier=episodes)) == expected


@pytest.mark.parametrize(
    ("accommodation", "expected"), [("Z1", YES), ("Z2", YES), ("B1", NO), ("G1", NO), ("0", NO), (None, NO)]
)
def test_staying_put_is_living_with_the_former_foster_carer(
    accommodation: str | None, expected: tuple[int, int]
) -> None:
    assert contribution("staying_put", leaver(accommodation=accommodation, earlier=FOSTERED_TO_18)) == expected


@pytest.mark.parametrize(
    ("born", "expected"),
    [("2007-03-31", YES), ("2007-04-01", OUTSIDE), ("2004-04-01", YES), ("2004-03-31", OUTSIDE), (None, OUTSIDE)],
)
def test_staying_put_is_of_ages_18_to_20(born: str | None, expected: tuple[int, int]) -> None:
    birthday = f"{int(born[:4]) + 18}{born[4:]}" if born else "2022-06-15"
    stayed = leaver(accommodation="Z1", born=born, earlier=f"2015-01-10 S U4 oak -> {birthday} E15")
    assert contribution("staying_put", stayed) == expected
