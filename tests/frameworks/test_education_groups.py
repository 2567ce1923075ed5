"""The social-care groups of pupils (4.2), and what their figures need. If these failed, the attendance or results of
children in care would be counted as those of children in need, or of children whom no group is about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from frameworks.availability import indicator_needs
from frameworks.catalogue import load_framework
from frameworks.model import Availability, Source
from tests.frameworks.pupils import ALL_FILES, CARE, GROUPS, IN_GROUP, NEED, PLAN, Pupil, contribution, figure

CLOSED_ON_31_MARCH = "referral 2024-06-01 -> 2025-03-31 RC7"
PLAN_TO_31_MARCH = "referral 2024-06-01\nplan 2024-07-01 -> 2025-03-31"

CASES = {
    "in need": (Pupil(social=NEED), {"cino"}),
    "on a plan": (Pupil(social=PLAN), {"cppo"}),
    "a plan without a case": (Pupil(social="plan 2024-07-01"), {"cppo"}),
    "looked after for 12 months": (Pupil(care=CARE), {"cla12"}),
    "in need and looked after": (Pupil(social=NEED, care=CARE), {"cla12"}),
    "on a plan and looked after": (Pupil(social=PLAN, care=CARE), {"cla12"}),
    "on a plan and looked after since June: in no group": (Pupil(social=PLAN, care="2024-06-01 S U4 oak"), set()),
    "in need, and in a series of short-term placements": (Pupil(social=NEED, care="2020-01-10 S U4 o V4"), {"cino"}),
    "on a plan, and in one": (Pupil(social=PLAN, care="2024-06-01 S U4 oak V3"), {"cppo"}),
    "in need, home since the day before 31 March": (
        Pupil(social=NEED, care="2020-01-10 S U4 oak -> 2025-03-30 E4A"),
        {"cino"},
    ),
    "in need, home on 31 March": (
        Pupil(social=NEED, care="2020-01-10 S U4 oak -> 2025-03-31 E4A"),
        {"cino", "cla12"},
    ),
    "in need, home on 1 April": (Pupil(social=NEED, care="2020-01-10 S U4 oak -> 2025-04-01 E4A"), {"cla12"}),
    "looked after since 1 April": (Pupil(care="2024-04-01 S U4 oak"), {"cla12"}),
    "looked after since 2 April": (Pupil(care="2024-04-02 S U4 oak"), set()),
    "moved within care": (Pupil(care="2020-01-10 S U4 o -> 2024-06-01 X1\n2024-06-01 P U4 elm"), {"cla12"}),
    "short-term placements latest": (Pupil(care="2020-01-10 S U4 o -> 2025-03-01 X1\n2025-03-01 L U4 o V4"), set()),
    "short-term placements up to 31 March before": (
        Pupil(care="2020-01-10 S U4 o V4 -> 2024-03-31 X1\n2024-03-31 L U4 o"),
        {"cla12"},
    ),
    "case begun on 31 March": (Pupil(social="referral 2025-03-31"), {"cino"}),
    "case begun on 1 April": (Pupil(social="referral 2025-04-01"), set()),
    "case closed on 31 March": (Pupil(social=CLOSED_ON_31_MARCH), set()),
    "case closed on 1 April": (Pupil(social="referral 2024-06-01 -> 2025-04-01 RC7"), {"cino"}),
    "no further action": (Pupil(social="referral 2024-06-01 nfa"), set()),
    "assessed and not in need": (Pupil(social="referral 2024-06-01 RC8"), set()),
    "assessed and stepped down": (Pupil(social="referral 2024-06-01 RC9"), set()),
    "case in the return of last year alone": (Pupil(social="2024 referral 2023-06-01"), set()),
    "plan ended on 31 March": (Pupil(social=PLAN_TO_31_MARCH), {"cino"}),
    "plan ended on 1 April": (Pupil(social="referral 2024-06-01\nplan 2024-07-01 -> 2025-04-01"), {"cppo"}),
    "plan begun on 1 April": (Pupil(social="referral 2024-06-01\nplan 2025-04-01"), {"cino"}),
    "plan in the return of last year alone": (Pupil(social="referral 2024-06-01\n2024 plan 2023-07-01"), {"cino"}),
    "two cases, of which one is open": (Pupil(social=f"{NEED} -> 2024-07-01 RC7\nreferral 2024-09-01"), {"cino"}),
    "in no care record": (Pupil(), set()),
}


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("case", CASES)
def test_who_is_in_a_group(case: str, group: str) -> None:
    pupil, groups = CASES[case]
    known = replace(pupil, suspensions=(1, 0))
    assert contribution(f"suspended_{group}", known) == ((1, 1) if group in groups else (0, 0))


@pytest.mark.parametrize("group", GROUPS)
def test_a_pupil_without_a_record_is_in_the_group_and_not_in_the_figure(group: str) -> None:
    assert contribution(f"suspended_{group}", IN_GROUP[group]) == (0, 0)


@pytest.mark.parametrize("group", GROUPS)
def test_another_pupils_care_puts_nobody_into_a_group_or_out_of_it(group: str) -> None:
    known = replace(IN_GROUP[group], suspensions=(1, 0))
    neighbours = (Pupil(social=PLAN, care=CARE), Pupil(suspensions=(1, 0)))
    assert contribution(f"suspended_{group}", known, *neighbours) == (1, 1)


EDUCATION = tuple(
    one
    for one in load_framework("outcomes-2019").indicators
    if load_framework("outcomes-2019").cohort(one.cohort).source is Source.EDUCATION
)


def test_every_education_indicator_of_the_reference_is_there_and_says_what_it_is() -> None:
    kinds = (
        *("absence_overall", "absence_persistent", "absence_severe", "suspended", "permanently_excluded", "ks2_rwm"),
        *("ks4_attainment8", "ks4_engmaths_4", "ks4_engmaths_5", "ks4_progress8", "eyfsp_gld"),
        *("sen_ehcp", "sen_support", "fsm"),
    )
    moves = {f"school_{what}_move{years}" for what in ("midyear", "any") for years in ("", "_2y")}
    assert {one.id for one in EDUCATION} == {f"{kind}_{group}" for kind in kinds for group in GROUPS} | moves
    for one in EDUCATION:
        assert one.availability is Availability.LINKAGE
        assert one.differs
        assert one.question == "education"


@pytest.mark.parametrize("indicator_id", [one.id for one in EDUCATION])
def test_a_figure_needs_its_own_file_and_the_returns_that_decide_the_group(indicator_id: str) -> None:
    needs = set(indicator_needs(load_framework("outcomes-2019"), indicator_id))
    care = {need for need in needs if not need.startswith("education.")}
    group = indicator_id.rpartition("_")[2]
    expected = {"ssda903@Y", "cin_census@Y"} if group in ("cino", "cppo") else {"ssda903@Y"}
    assert care == expected | ({"ssda903@Y-1"} if indicator_id.endswith("move_2y") else set())
    assert needs - care
    for need in needs:
        year = 2024 if need.endswith("-1") else 2025
        without = ALL_FILES - {f"{need.partition('@')[0]}@{year}"}
        assert figure(indicator_id, files=without).status == "not_available"
    assert figure(indicator_id).status == "ok"
