"""The CIN census becomes the child-level tables exactly as the reference says, quirks of the format included.

If this failed, a council's figures would be of other children, other years or other events than it reported, and
every indicator from the census would be wrong without a sign of it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from node.sources.characteristics import ETHNICITY_CODES, age_band, ethnicity_level, sex_level
from node.sources.cin_census_rows import FACTORS
from tests.node.census_xml import assessment, child, details, message, plan, reading, section_47

_XSD = Path(__file__).parents[2] / "node" / "sources" / "xsd"
_PUBLIC_SAMPLE = Path(__file__).parents[3] / "shared" / "data" / "returns" / "d2i_cin_validator" / "fake_CIN_data.xml"


def test_a_whole_group_arrives_in_every_table(tmp_path: Path) -> None:
    text = message(
        2025,
        child(
            "007",
            details(
                "2024-05-01",
                assessment("2024-05-02", "2024-06-01", ["1A", "2b"]),
                section_47("2024-05-03", "2024-05-20"),
                plan("2024-05-20", "2025-01-05", "2", ["2024-08-01", "2024-12-01"]),
                nfa="0",
                more="<CINclosureDate>2025-02-01</CINclosureDate><ReasonForClosure>RC8</ReasonForClosure>"
                "<DateOfInitialCPC>2024-05-21</DateOfInitialCPC>",
            ),
            identifiers="<PersonBirthDate>2014-04-01</PersonBirthDate><Sex>M</Sex>",
            ethnicity="CHNE",
        ),
    )
    with reading(tmp_path, {2025: text}, 2025) as census:
        assert census.faults() == []
        assert census.report.rows_read == {"census-2025.xml": 1}
        assert census.rows("census_child", "child_id sex date_of_birth age age_band ethnicity_major") == [
            ("007", "male", "2014-04-01", 10, "10_15", "asian")
        ]
        assert census.rows(
            "referral",
            "child_id event return_year referral_date no_further_action closure_date closure_reason"
            " transfer_in_conference_date",
        ) == [("007", 1, 2025, "2024-05-01", False, "2025-02-01", "RC8", "2024-05-21")]
        assert census.rows(
            "assessment", "child_id event return_year referral_event referral_date start_date authorisation_date"
        ) == [("007", 1, 2025, 1, "2024-05-01", "2024-05-02", "2024-06-01")]
        assert census.rows("assessment_factor", "child_id event return_year referral_event factor") == [
            ("007", 1, 2025, 1, "1A"),
            ("007", 1, 2025, 1, "2B"),
        ]
        assert census.rows("section_47", "child_id event return_year referral_date start_date conference_date") == [
            ("007", 1, 2025, "2024-05-01", "2024-05-03", "2024-05-20")
        ]
        assert census.rows(
            "child_protection_plan", "child_id event return_year start_date end_date previous_plans"
        ) == [("007", 1, 2025, "2024-05-20", "2025-01-05", 2)]
        assert census.rows("plan_review", "child_id event plan_start_date review_date") == [
            ("007", 1, "2024-05-20", "2024-08-01"),
            ("007", 2, "2024-05-20", "2024-12-01"),
        ]


def test_ids_are_text_and_repeated_child_groups_are_one_child(tmp_path: Path) -> None:
    text = message(
        2025,
        child("01", details("2024-05-01", assessment("2024-05-02"))),
        child("1", details("2024-05-01")),
        child("01", details("2024-07-01", assessment("2024-07-02")), identifiers="<Sex>M</Sex>"),
    )
    with reading(tmp_path, {2025: text}, 2025) as census:
        assert census.rows("census_child", "child_id sex") == [("01", "male"), ("1", "female")]
        assert census.rows("referral", "child_id event referral_date") == [
            ("01", 1, "2024-05-01"),
            ("01", 2, "2024-07-01"),
            ("1", 1, "2024-05-01"),
        ]
        assert census.rows("assessment", "child_id event referral_event") == [("01", 1, 1), ("01", 2, 2)]


@pytest.mark.parametrize(
    ("written", "read"), [("1", True), ("true", True), ("TRUE", True), ("0", False), ("false", False)]
)
def test_booleans_of_the_guide_and_of_the_schema_are_read(tmp_path: Path, written: str, read: bool) -> None:
    with reading(tmp_path, {2025: message(2025, child("1", details("2024-05-01", nfa=written)))}, 2025) as census:
        assert census.rows("referral", "no_further_action") == [(read,)]
        assert census.faults() == []


@pytest.mark.parametrize(("written", "reason"), [("", "missing"), ("yes", "not a code of the list")])
def test_no_decision_is_not_a_decision_to_close(tmp_path: Path, written: str, reason: str) -> None:
    with reading(tmp_path, {2025: message(2025, child("1", details("2024-05-01", nfa=written)))}, 2025) as census:
        assert census.rows("referral", "no_further_action") == [(False,)]
        assert [fault[1:] for fault in census.faults()] == [("ReferralNFA", reason)]


@pytest.mark.parametrize(
    ("element", "level"),
    [
        ("<Sex>M</Sex>", "male"),
        ("<Sex>f</Sex>", "female"),
        ("<Sex>U</Sex>", "unknown"),
        ("<Sex/>", "unknown"),
        ("<GenderCurrent>1</GenderCurrent>", "male"),
        ("<GenderCurrent>2</GenderCurrent>", "female"),
        ("<GenderCurrent>0</GenderCurrent>", "unknown"),
        ("<GenderCurrent>9</GenderCurrent>", "unknown"),
        ("", "unknown"),
    ],
)
def test_sex_is_read_in_both_eras(tmp_path: Path, element: str, level: str) -> None:
    born = "<PersonBirthDate>2015-01-01</PersonBirthDate>"
    text = message(2025, child("1", details("2024-05-01"), identifiers=born + element))
    with reading(tmp_path, {2025: text}, 2025) as census:
        assert census.rows("census_child", "sex") == [(level,)]
        assert census.faults() == []


@pytest.mark.parametrize(
    ("born", "age", "band"),
    [
        ("<PersonBirthDate>2024-04-01</PersonBirthDate>", 0, "0_4"),
        ("<PersonBirthDate>2025-03-31</PersonBirthDate>", 0, "0_4"),
        ("<PersonBirthDate>2025-04-01</PersonBirthDate>", None, "unknown"),
        ("<PersonBirthDate>2020-03-31</PersonBirthDate>", 5, "5_9"),
        ("<PersonBirthDate>2020-04-01</PersonBirthDate>", 4, "0_4"),
        ("<PersonBirthDate>2004-02-29</PersonBirthDate>", 21, "18_plus"),
        ("<ExpectedPersonBirthDate>2024-12-01</ExpectedPersonBirthDate>", None, "unknown"),
    ],
)
def test_age_is_in_completed_years_at_the_end_of_the_reference_year(
    tmp_path: Path, born: str, age: int | None, band: str
) -> None:
    text = message(2025, child("1", details("2024-05-01"), identifiers=born + "<Sex>F</Sex>"))
    with reading(tmp_path, {2025: text}, 2025) as census:
        assert census.rows("census_child", "age age_band") == [(age, band)]
        assert census.faults() == []


def test_a_fault_names_the_line_and_never_the_value(tmp_path: Path) -> None:
    text = message(
        2025,
        child(
            "1",
            "<CINdetails>\n<CINreferralDate>2024-02-30</CINreferralDate>\n<CINclosureDate>31/03/2025</CINclosureDate>\n"
            "<ReasonForClosure>RC99</ReasonForClosure>\n<ReferralNFA>0</ReferralNFA>\n"
            + plan("2024-13-01", reviews=["2024-08-01"])
            + plan("2024-05-01", previous="many", reviews=["soon"])
            + assessment("", "2024-06-01", ["99Z"])
            + "</CINdetails>\n",
            identifiers="<PersonBirthDate>unknown</PersonBirthDate><Sex>X</Sex>",
            ethnicity="WHIT",
        ),
    )
    lines = text.splitlines()

    def line(part: str) -> int:
        return 1 + next(number for number, content in enumerate(lines) if part in content)

    with reading(tmp_path, {2025: text}, 2025) as census:
        assert sorted(census.faults()) == sorted(
            [
                (line("<Sex>X"), "Sex", "not a code of the list"),
                (line("<PersonBirthDate>"), "PersonBirthDate", "not a date of the form YYYY-MM-DD"),
                (line("WHIT"), "Ethnicity", "not a code of the list"),
                (line("2024-02-30"), "CINreferralDate", "not a date of the form YYYY-MM-DD"),
                (line("31/03/2025"), "CINclosureDate", "not a date of the form YYYY-MM-DD"),
                (line("RC99"), "ReasonForClosure", "not a code of the list"),
                (line("2024-13-01"), "CPPstartDate", "not a date of the form YYYY-MM-DD"),
                (line("many"), "NumberOfPreviousCPP", "not a whole number"),
                (line("soon"), "CPPreviewDate", "not a date of the form YYYY-MM-DD"),
                (line("99Z"), "AssessmentActualStartDate", "missing"),
                (line("99Z"), "AssessmentFactors", "not a code of the list"),
            ]
        )
        assert census.rows("referral", "child_id") == []
        assert census.rows("child_protection_plan", "start_date previous_plans") == [("2024-05-01", None)]
        assert census.rows("plan_review", "review_date") == []
        assert census.rows("assessment", "referral_event referral_date start_date authorisation_date") == [
            (1, None, None, "2024-06-01")
        ]


def test_a_child_without_an_id_is_reported_and_left_out(tmp_path: Path) -> None:
    text = message(2025, child("", details("2024-05-01")), child("2", details("2024-05-01")))
    with reading(tmp_path, {2025: text}, 2025) as census:
        assert census.rows("census_child", "child_id") == [("2",)]
        assert next(fault[1:] for fault in census.faults()) == ("LAchildID", "missing")


def test_the_latest_return_that_has_a_referral_wins_with_all_its_groups(tmp_path: Path) -> None:
    closed = "<CINclosureDate>{}</CINclosureDate><ReasonForClosure>RC8</ReasonForClosure>"
    censuses = {
        2023: message(2023, child("1", details("2022-06-01"))),
        2024: message(
            2024,
            child("1", details("2022-06-01", more=closed.format("2023-05-01")), details("2023-06-01")),
            child("2", details("2023-06-01")),
        ),
        2025: message(2025, child("1", details("2023-06-01", nfa="1"), details("2023-06-01"), details("2024-06-01"))),
        2026: message(2026, child("1", details("2023-06-01", more=closed.format("2025-05-01")))),
    }
    with reading(tmp_path, censuses, 2025) as census:
        assert census.rows("referral", "child_id event return_year referral_date no_further_action closure_date") == [
            ("1", 1, 2024, "2022-06-01", False, "2023-05-01"),
            ("1", 2, 2025, "2023-06-01", True, None),
            ("1", 3, 2025, "2023-06-01", False, None),
            ("1", 4, 2025, "2024-06-01", False, None),
            ("2", 1, 2024, "2023-06-01", False, None),
        ]


def test_assessments_of_every_return_stay_and_enquiries_are_those_of_the_year(tmp_path: Path) -> None:
    censuses = {
        2024: message(
            2024,
            child("1", details("2024-03-01", assessment("2024-03-05"), section_47("2024-03-06", "2024-03-20"))),
        ),
        2025: message(
            2025,
            child(
                "1",
                details("2024-02-01"),
                details("2024-03-01", assessment("2024-03-05", "2024-04-20", ["3A", "3A"]), section_47("2024-04-02")),
            ),
        ),
    }
    with reading(tmp_path, censuses, 2025) as census:
        assert census.rows("assessment", "event return_year referral_event start_date authorisation_date") == [
            (1, 2024, 1, "2024-03-05", None),
            (2, 2025, 2, "2024-03-05", "2024-04-20"),
        ]
        assert set(census.rows("assessment_factor", "event return_year factor")) == {(2, 2025, "3A")}
        assert census.rows("section_47", "event return_year start_date conference_date") == [
            (1, 2025, "2024-04-02", None)
        ]


def test_a_plan_is_the_last_row_of_the_latest_return_with_that_row_s_reviews(tmp_path: Path) -> None:
    censuses = {
        2024: message(
            2024,
            child(
                "1", details("2023-05-01", plan("2023-06-01", reviews=["2023-08-01"]), plan("2023-04-02", "2024-01-01"))
            ),
        ),
        2025: message(
            2025,
            child("1", details("2023-05-01", plan("2023-06-01", "2024-09-01", "0", ["2024-02-01"]))),
            child("1", details("2023-05-01", plan("2023-06-01", "", "1", ["2024-02-01", "2024-07-01"]))),
        ),
    }
    with reading(tmp_path, censuses, 2025) as census:
        assert census.rows("child_protection_plan", "event return_year start_date end_date previous_plans") == [
            (1, 2024, "2023-04-02", "2024-01-01", 0),
            (2, 2025, "2023-06-01", None, 1),
        ]
        assert census.rows("plan_review", "event plan_start_date review_date") == [
            (1, "2023-06-01", "2024-02-01"),
            (2, "2023-06-01", "2024-07-01"),
        ]


def test_characteristics_are_those_of_the_latest_census_that_has_the_child(tmp_path: Path) -> None:
    censuses = {
        2024: message(
            2024,
            child("1", details("2023-05-01"), identifiers="<PersonBirthDate>2010-01-01</PersonBirthDate><Sex>M</Sex>"),
            child("2", details("2023-05-01"), identifiers="<PersonBirthDate>2010-01-01</PersonBirthDate><Sex>M</Sex>"),
        ),
        2025: message(2025, child("1", details("2024-05-01"), identifiers="<Sex>F</Sex>", ethnicity="NOBT")),
    }
    with reading(tmp_path, censuses, 2025) as census:
        assert census.rows("census_child", "child_id sex age age_band ethnicity_major") == [
            ("1", "female", None, "unknown", "unknown"),
            ("2", "male", 15, "10_15", "white"),
        ]


def test_namespaces_stray_text_comments_and_unknown_elements_do_not_matter(tmp_path: Path) -> None:
    plain = child(
        "1",
        "PersonBirthDate<!-- a note --><CINdetails>stray<CINreferralDate> 2024-05-01 </CINreferralDate>text"
        "<ReferralNFA>0</ReferralNFA><PreProceedingsandFGDM><PPStartDate>2024-06-01</PPStartDate>"
        "</PreProceedingsandFGDM></CINdetails>",
    )
    namespaced = message(2025, plain, root='<Message xmlns="urn:invented">')
    for text in (message(2025, "stray", plain, "stray"), namespaced, message(2025, plain).encode("utf-16")):
        with reading(tmp_path, {2025: text}, 2025) as census:
            assert census.report.file_faults == ()
            assert census.rows("referral", "child_id referral_date") == [("1", "2024-05-01")]


def test_a_census_of_no_children_is_read(tmp_path: Path) -> None:
    with reading(tmp_path, {2025: message(2025)}, 2025) as census:
        assert census.report.file_faults == ()
        assert census.report.rows_read == {"census-2025.xml": 0}


def test_every_code_of_the_schemas_is_known() -> None:
    for schema in sorted(_XSD.glob("*.xsd")):
        types = {
            simple.get("name"): {value.get("value") for value in simple.iter("{*}enumeration")}
            for simple in etree.parse(str(schema)).iter("{*}simpleType")
        }
        assert types["ethnicitytype"] == ETHNICITY_CODES
        assert types["assessmentfactorstype"] <= FACTORS


def test_every_code_falls_in_a_level_of_its_breakdown() -> None:
    assert {sex_level(code) for code in ("1", "2", "0", "9", "M", "F", "U", "")} == {"female", "male", "unknown"}
    assert {ethnicity_level(code) for code in ETHNICITY_CODES} == {
        "white",
        "mixed",
        "asian",
        "black",
        "other",
        "unknown",
    }
    assert [age_band(age) for age in (0, 4, 5, 9, 10, 15, 16, 17, 18, 25, None)] == (
        ["0_4"] * 2 + ["5_9"] * 2 + ["10_15"] * 2 + ["16_17"] * 2 + ["18_plus"] * 2 + ["unknown"]
    )


def test_the_public_sample_is_read_whole_and_its_departures_are_only_a_report(tmp_path: Path) -> None:
    """332 children, 402 referrals, invalid in every ReferralNFA; where the sample is not at hand, a census like it."""
    if _PUBLIC_SAMPLE.exists():
        text, children, referrals = _PUBLIC_SAMPLE.read_bytes(), 332, 402
    else:
        text, children, referrals = message(2022, child("1", details("2021-05-01", nfa="true"))).encode(), 1, 1
    with reading(tmp_path, {2022: text}, 2022, validate=True) as census:
        assert census.report.rows_read == {"census-2022.xml": children}
        assert len(census.rows("referral", "event")) == referrals
        assert census.faults() == []
        assert sum("ReferralNFA" in fault.problem for fault in census.report.schema_report) == referrals
