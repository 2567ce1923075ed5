"""The values of Annex A in the spellings of councils (returns reference 4; the public schema of the LIIA tools has
thousands). If these failed, a council's own way of writing would read as blank, or as another answer than it gives."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest

from node.sources.annex_a_lists import (
    LISTS,
    NotRead,
    accommodation,
    activity,
    child_id,
    closure_reason,
    day,
    eligibility,
    end_reason,
    ethnicity,
    heading,
    in_touch,
    legal_status,
    place,
    sex,
    suitability,
    whole_number,
)


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (child_id, 9212044, "9212044"),
        (child_id, 9212044.0, "9212044"),
        (child_id, " 00ab7\xa0", "00AB7"),
        (child_id, "-", None),
        (child_id, "#N/A", None),
        (day, datetime(2025, 2, 1, 13, 30), date(2025, 2, 1)),
        (day, date(2025, 2, 1), date(2025, 2, 1)),
        (day, 45689, date(2025, 2, 1)),
        (day, "01/02/2025", date(2025, 2, 1)),
        (day, "1/2/2025 00:00", date(2025, 2, 1)),
        (day, "2025-02-01T00:00:00", date(2025, 2, 1)),
        (day, "01-02-2025", date(2025, 2, 1)),
        (day, "01.02.2025", date(2025, 2, 1)),
        (day, "1 Feb 2025", date(2025, 2, 1)),
        (day, "01-Feb-2025", date(2025, 2, 1)),
        (day, "1 February 2025", date(2025, 2, 1)),
        (day, "", None),
        (day, "n/a", None),
        (sex, "a) Male", "M"),
        (sex, "b) Female", "F"),
        (sex, "FEMALE", "F"),
        (sex, 1, "M"),
        (sex, "2 - Female", "F"),
        (sex, "c) Not stated/recorded (or unborn)", "U"),
        (sex, "d) Neither", "U"),
        (sex, "Transgender Male", "U"),
        (ethnicity, "a) WBRI", "WBRI"),
        (ethnicity, "WBRI - White British (101)", "WBRI"),
        (ethnicity, "White - British [WBRI]", "WBRI"),
        (ethnicity, "(A.A3) Any Other White Background", "WOTH"),
        (ethnicity, "Gypsy or Irish Traveller", "WOTH"),
        (ethnicity, "White and Black Caribbean", "MOTH"),
        (ethnicity, "Asian or Asian British - Pakistani", "AOTH"),
        (ethnicity, "Black British", "BOTH"),
        (ethnicity, "Any other ethnic group", "OOTH"),
        (ethnicity, "Information not yet obtained", "NOBT"),
        (ethnicity, "s) NOBT", "NOBT"),
        (legal_status, "C2: FCO", "C2"),
        (legal_status, "V4 - Single period in a series", "V4"),
        (place, "f) U6: Foster placement - not FFA", "U6"),
        (place, "n) H5: Residential accommodation", "H5"),
        (place, "R1OUT - Residential Care Home (outside LA)", "R1"),
        (place, "zz) T4: Temporary placement - seven days or less", "T4"),
        (place, "Children's Homes", "K2"),
        (place, "Foster placement with relative or friend", "U6"),
        (end_reason, "k) E47: Special Guardianship Orders - relative/friend", "E47"),
        (end_reason, "E4A returned home", "E4A"),
        (closure_reason, "RC8 - Case closed after assessment, no further action", "RC8"),
        (closure_reason, "Case closed after assessment, referred to early help", "RC9"),
        (closure_reason, "Case closed directly after assessment", "RC8"),
        (closure_reason, "Adopted.", "RC1"),
        (closure_reason, "Step down to TAF", "RC7"),
        (eligibility, "b) Former relevant child", "RELEVANT"),
        (eligibility, "FR", "RELEVANT"),
        (eligibility, "a) Relevant child", "RELEVANT"),
        (eligibility, "Qualifying (Former Relevant)", "QUALIFYING"),
        (eligibility, "d) Eligible child", "ELIGIBLE"),
        (in_touch, "a) Yes", "YES"),
        (in_touch, "b) No", "NO"),
        (in_touch, "2 - No, resident in the UK", "NO"),
        (in_touch, "c) Died", "DIED"),
        (in_touch, "f) Rhom", "RHOM"),
        (in_touch, "Young person returned to live with parents", "RHOM"),
        (in_touch, "3 - Young Person Refuses contact", "REFU"),
        (in_touch, "10 - Young person no longer requires services", "NREQ"),
        (suitability, "a) Suitable", "1"),
        (suitability, "b) Unsuitable", "2"),
        (suitability, "Accommodation is not considered suitable", "2"),
        (suitability, 1, "1"),
        (suitability, "2 - Unsuitable", "2"),
        (activity, "F1: Full time in higher education", "F1"),
        (activity, "Full time in education other than higher", "F2"),
        (activity, "P5: Young person engaged part time in training or employment (not apprenticeship)", "P5"),
        (activity, "Full time in an apprenticeship", "F4"),
        (activity, "Not in education, employment or training - other", "G5"),
        (activity, "NEET: illness/disability", "G4"),
        (activity, "Not in education, employment or training: pregnancy or parenting", "G6"),
        (accommodation, "U: Independent living", "U"),
        (accommodation, "(S) No fixed abode/homeless", "S"),
        (accommodation, "K1", "K"),
        (accommodation, "With parents or relatives", "B"),
        (accommodation, "Semi-independent, transitional accommodation", "D"),
        (accommodation, "Supported lodgings", "E"),
        (accommodation, "Ordinary lodgings, without formal support", "K"),
        (accommodation, "Residence not known", "R"),
        (accommodation, "Staying put, provided by LA", "Z"),
        (accommodation, "Living with former foster carer", "Z"),
        (whole_number, 2.0, 2),
        (whole_number, "0", 0),
    ],
)
def test_a_spelling_and_what_it_means(read: Callable[[Any], Any], value: object, expected: object) -> None:
    assert read(value) == expected


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (day, "31/02/2025"),
        (day, "01/02/25"),
        (day, "yesterday"),
        (day, 20250201),
        (day, True),
        (day, date(1850, 1, 1)),
        (legal_status, "care order"),
        (place, "with friends"),
        (suitability, "Not recorded"),
        (eligibility, "Care Leaver - PA to 25"),
        (whole_number, "two"),
        (whole_number, 1.5),
    ],
)
def test_what_could_mean_more_than_one_thing_is_refused(read: Callable[[Any], Any], value: object) -> None:
    with pytest.raises(NotRead):
        read(value)


def test_every_heading_is_written_as_headings_are_compared_and_means_one_column() -> None:
    for columns in LISTS.values():
        names = [name for column in columns for name in column.headings]
        assert len(set(names)) == len(names)
        for name in names:
            assert heading(name) == name
    assert heading("Child’s  Legal\nStatus ") == heading("CHILD'S LEGAL STATUS") == "childs legal status"
