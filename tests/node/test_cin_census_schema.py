"""Departures from the census schema are told to the council by line and element, and never by value.

If this failed, `check` would say nothing of a return that the collection system will reject, or print from a record.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.node.census_xml import child, details, message, reading

_VALID_IDENTIFIERS = "<PersonBirthDate>2015-01-01</PersonBirthDate><{0}>{1}</{0}>"


@pytest.mark.parametrize(
    ("year", "sex", "code"),
    [(2016, "GenderCurrent", "1"), (2024, "GenderCurrent", "9"), (2025, "Sex", "U"), (2030, "Sex", "F")],
)
def test_a_valid_return_has_no_departures_under_the_schema_of_its_year(
    tmp_path: Path, year: int, sex: str, code: str
) -> None:
    text = message(
        year, child("1", details(f"{year}-01-01"), identifiers=_VALID_IDENTIFIERS.format(sex, code))
    ).replace("<Header>", "<!-- a note --><Header>")
    with reading(tmp_path, {year: text}, year, validate=True) as census:
        assert census.report.schema_report == ()


def test_each_departure_is_a_line_an_element_and_a_closed_reason(tmp_path: Path) -> None:
    text = message(
        2025,
        child(
            "1",
            details("SECRETDATE", nfa="SECRETBOOL"),
            "<SECRETELEMENT/>",
            identifiers="<UPN>SECRETUPN</UPN><Sex>SECRETSEX</Sex>",
            ethnicity="SECRETETHNIC",
        ),
        child("2", "<CINdetails SECRET='1'>\nSECRETTEXT<CINreferralDate>2024-05-01</CINreferralDate>\n</CINdetails>\n"),
    ).replace("<Collection>CIN", "<Collection>SECRETCOLLECTION")
    lines = text.splitlines()
    with reading(tmp_path, {2025: text}, 2025, validate=True) as census:
        found = [(fault.line, fault.problem) for fault in census.report.schema_report]
        assert "SECRET" not in repr(census.report)
        assert {problem for _, problem in found} == {
            "Collection: not a code of the year's list",
            "UPN: not of the form asked for",
            "Sex: not a code of the year's list",
            "Ethnicity: not a code of the year's list",
            "CINreferralDate: not of the form asked for",
            "ReferralNFA: not a code of the year's list",
            "an element unknown to the schema: not expected at this place",
            "CINdetails: an attribute that is not allowed",
            "CINdetails: text where only elements may stand",
            "CINdetails: an element that must stand in it is missing",
        }
        for line, problem in found:
            name = problem.partition(":")[0]
            assert f"<{name}" in lines[line - 1] or "unknown" in name
        assert len(census.rows("census_child", "child_id")) == 2


def test_nothing_is_checked_unless_asked(tmp_path: Path) -> None:
    text = message(2025, child("1", details("2024-05-01", nfa="true")))
    with reading(tmp_path, {2025: text}, 2025) as census:
        assert census.report.schema_report == ()
