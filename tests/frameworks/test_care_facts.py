"""What the catalogue says about the indicators of the SSDA903 and of the census, beside how they are computed. If these
failed, a reader would take a figure that joins several years for one that anybody has, a recorded factor for how common
something is, or our reading for the DfE's; and a plan would promise more than it holds to a child who moved."""

from __future__ import annotations

import pytest

from frameworks.availability import indicator_needs
from frameworks.catalogue import load_framework
from frameworks.model import Availability, DataType, Indicator, Source

FRAMEWORK = load_framework("outcomes-2019")
CARE = (Source.SSDA903, Source.CIN_CENSUS)
INDICATORS = {one.id: one for one in FRAMEWORK.indicators if FRAMEWORK.cohort(one.cohort).source in CARE}
COHORTS = {one.id: one for one in FRAMEWORK.cohorts if one.source in CARE}

NOT_COLLECTED = {"early_permanence"}
WITHOUT_A_WINDOW = {"cpp_repeat_ever", "early_permanence"} | {name for name in INDICATORS if name.startswith("ceased_")}
"""Longitudinal by what they tell, with no time over which a child is followed."""
DURING_A_YEAR = {
    *("in_need_in_year", "referrals", "referred_children", "closed_after_assessment", "assessments"),
    *("section_47_enquiries", "conferences", "plans_started", "plans_ceased"),
    *("cla_started", "cla_ceased", "went_home_last_year", "cla_in_year", "adoption_decided"),
} | {name for name in COHORTS if name.startswith("factor_")}


def _joins(indicator: Indicator) -> bool:
    """Whether it joins returns of several years, or a return with another source."""
    source = FRAMEWORK.cohort(indicator.cohort).source.value
    needs = indicator_needs(FRAMEWORK, indicator.id)
    return any("@Y-" in need or not need.startswith(source) for need in needs) or indicator.id.startswith("adoption_")


@pytest.mark.parametrize("name", INDICATORS)
def test_what_joins_returns_of_several_years_or_another_source_needs_linkage(name: str) -> None:
    expected = Availability.LINKAGE if _joins(INDICATORS[name]) else Availability.NOW
    assert INDICATORS[name].availability is (Availability.NEW_DATA if name in NOT_COLLECTED else expected)


@pytest.mark.parametrize("name", INDICATORS)
def test_what_follows_children_says_over_how_long_and_for_whom(name: str) -> None:
    indicator = INDICATORS[name]
    follows = indicator.data_type is DataType.LONGITUDINAL and name not in WITHOUT_A_WINDOW
    assert (indicator.follow_up is not None) == follows
    if indicator.follow_up is not None:
        years = {int(need.partition("@Y-")[2] or 0) for need in indicator_needs(FRAMEWORK, name)}
        assert indicator.follow_up.months in (12, 24, 36)
        assert max(years) <= indicator.follow_up.months // 12
        assert indicator.follow_up.window.endswith(".") and indicator.follow_up.completeness.endswith(".")


def test_what_happens_in_a_year_may_be_counted_by_two_councils_and_a_snapshot_by_one() -> None:
    assert {name for name, cohort in COHORTS.items() if cohort.councils_per_child == 2} == DURING_A_YEAR


def test_each_group_of_proxies_stands_for_something_of_its_own() -> None:
    texts = {name: one.proxy_for for name, one in INDICATORS.items() if one.proxy_for}
    assert {name for name, one in INDICATORS.items() if one.data_type is DataType.PROXY} == set(texts)
    assert len(set(texts.values())) == 11
    assert texts["assessment_factor_cce"] == texts["assessment_factor_gangs"] != texts["assessment_factor_neglect"]


@pytest.mark.parametrize("name", INDICATORS)
def test_what_we_read_is_said_once_as_a_difference_and_not_among_the_caveats(name: str) -> None:
    indicator = INDICATORS[name]
    assert not set(indicator.differs) & set(indicator.caveats)
    assert not [caveat for caveat in indicator.caveats if "our reading" in caveat.lower()]
    assert len(set(indicator.differs)) == len(indicator.differs)
    assert all(text.endswith(".") for text in (*indicator.differs, *indicator.caveats))


UNVERIFIED = {
    "adoption_a20": "unverified",
    "rereferral_12m_referrals": "does not state how it counts the days",
    "cla_31_march": "not open on that day",
    "same_carer_2y": "may be 1 October",
    "assessment_45wd": "guidance sets the limit from the referral",
    "placed_childrens_home": "K1",
    "placed_20mi": "interactive tool",
    "care_leaver_he_19_21": "not checked",
    "adoption_a3": "its method was not read",
}


@pytest.mark.parametrize(("name", "words"), UNVERIFIED.items())
def test_what_is_not_known_of_the_dfes_definition_is_said(name: str, words: str) -> None:
    assert words in " ".join(INDICATORS[name].differs)
