"""The Child groups of a CIN census as rows to be staged; what cannot be used is reported, never guessed.

Structure and codes: returns reference 3; sex and ethnicity: indicators reference 5.5.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from lxml import etree

from node.sources.characteristics import ETHNICITY_CODES, SEX_CODES, age_at, age_band, ethnicity_level, sex_level
from node.sources.cin_census_tables import FIELD_SEPARATOR, LIST_SEPARATOR, STAGES
from node.sources.cin_census_xml import line_of
from node.sources.report import ReportBuilder
from node.sources.upn import UNKNOWN_UPN, upn_or_none

MISSING = "missing"
NOT_A_DATE = "not a date of the form YYYY-MM-DD"
NOT_A_CODE = "not a code of the list"
NOT_A_NUMBER = "not a whole number"
NOT_A_UPN = "not a unique pupil number"

_CLOSURE_REASONS = frozenset(f"RC{number}" for number in range(1, 10))

FACTORS = frozenset(
    f"{number}{letter}"
    for number, letters in {
        **dict.fromkeys(range(1, 7), "ABC"),
        7: "A",
        8: "BCDEF",
        **dict.fromkeys(range(9, 18), "A"),
        18: "ABC",
        19: "ABC",
        **dict.fromkeys(range(22, 25), "A"),
    }.items()
    for letter in letters
) | {"20", "21"}
"""Assessment factors of every year, the retired 18A and 19A included."""

_BOOLEANS = {"1": "true", "true": "true", "0": "false", "false": "false"}


@lru_cache(maxsize=1 << 16)
def _as_date(text: str) -> date | None:
    if len(text) != 10 or text[4] != "-" or text[7] != "-":
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@lru_cache(maxsize=1 << 16)
def _age_and_band(date_of_birth: str, day: date) -> tuple[str, str]:
    age = age_at(_as_date(date_of_birth), day)
    return "" if age is None else str(age), age_band(age)


class _Group:
    """The text of a group's own elements, by name; the last counts where one is repeated."""

    __slots__ = ("element", "rows", "texts")

    def __init__(self, rows: CensusRows, element: etree._Element) -> None:
        self.rows = rows
        self.element = element
        self.texts = {item.tag: text.strip() for item in element if (text := item.text)}

    def fault(self, name: str, reason: str) -> None:
        line = line_of(self.element)
        for item in self.element:
            if item.tag == name:
                line = line_of(item)
        self.rows.fault(line, name, reason)

    def text(self, name: str) -> str:
        return self.texts.get(name, "")

    def date(self, name: str, *, required: bool = False) -> str:
        """The date as it stands, or nothing where there is none."""
        text = self.texts.get(name, "")
        if not text:
            if required:
                self.fault(name, MISSING)
            return ""
        if _as_date(text) is None:
            self.fault(name, NOT_A_DATE)
            return ""
        return text

    def code(self, name: str, codes: frozenset[str]) -> str:
        """The code in capitals, or nothing where there is none of the list."""
        text = self.texts.get(name, "").upper()
        if text and text not in codes:
            self.fault(name, NOT_A_CODE)
            return ""
        return text

    def is_true(self, name: str) -> str:
        """`true` for 1 or true, else `false`."""
        text = self.texts.get(name, "")
        value = _BOOLEANS.get(text.lower())
        if value is None:
            self.fault(name, NOT_A_CODE if text else MISSING)
            return "false"
        return value

    def upn(self) -> str:
        """The child's unique pupil number, or nothing where there is none."""
        text = self.texts.get("UPN", "").upper()
        if text and upn_or_none(text) is None and text not in UNKNOWN_UPN:
            self.fault("UPN", NOT_A_UPN)
        return upn_or_none(text) or ""

    def count(self, name: str) -> str:
        """A number of earlier plans; blank is none."""
        text = self.texts.get(name, "")
        if not text:
            return "0"
        if not (text.isascii() and text.isdecimal() and len(text) <= 4):
            self.fault(name, NOT_A_NUMBER)
            return ""
        return text


class CensusRows:
    """Turns the Child groups of one file into rows to be staged.

    `position` numbers the groups of the file in their order, so that a row can say which group it belongs to.
    """

    def __init__(self, file: str, return_year: int, reference_year: int, report: ReportBuilder) -> None:
        self.children = 0
        self.staged = 0
        self._file = file
        self._return_year = str(return_year)
        self._of_reference_year = return_year == reference_year
        self._year_end = date(reference_year, 3, 31)
        self._report = report
        self._position = 0
        self._rows: dict[str, list[str]] = {table: [] for table in STAGES}

    def take(self) -> dict[str, list[str]]:
        """The rows since the last time, by stage."""
        rows, self._rows, self.staged = self._rows, {table: [] for table in STAGES}, 0
        return rows

    def fault(self, line: int, column: str, reason: str) -> None:
        """Notes a value that is not used."""
        self._report.row_fault(self._file, line, column, reason)

    def read(self, child: etree._Element) -> None:
        """Adds the rows of a Child group; without an LAchildID nothing of it can be used."""
        self.children += 1
        sections: dict[str, _Group] = {}
        details: list[etree._Element] = []
        for section in child:
            name = section.tag
            if name == "CINdetails":
                details.append(section)
            else:
                sections[name] = _Group(self, section)
        identifiers = sections.get("ChildIdentifiers")
        child_id = identifiers.text("LAchildID") if identifiers else ""
        if identifiers is None or not child_id:
            self.fault(line_of(child), "LAchildID", MISSING)
            return
        self._read_characteristics(child_id, identifiers, sections.get("ChildCharacteristics"))
        for element in details:
            self._read_details(child_id, element)

    def _add(self, table: str, child_id: str, *values: str) -> str:
        self._position += 1
        self.staged += 1
        position = str(self._position)
        self._rows[table].append(FIELD_SEPARATOR.join((self._return_year, position, child_id, *values)))
        return position

    def _read_characteristics(self, child_id: str, identifiers: _Group, characteristics: _Group | None) -> None:
        sex = identifiers.code("Sex" if "Sex" in identifiers.texts else "GenderCurrent", SEX_CODES)
        date_of_birth = identifiers.date("PersonBirthDate", required="ExpectedPersonBirthDate" not in identifiers.texts)
        age, band = _age_and_band(date_of_birth, self._year_end)
        ethnicity = characteristics.code("Ethnicity", ETHNICITY_CODES) if characteristics else ""
        upn = identifiers.upn()
        self._add("child", child_id, sex_level(sex), date_of_birth, age, band, ethnicity_level(ethnicity), upn)

    def _read_details(self, child_id: str, element: etree._Element) -> None:
        group = _Group(self, element)
        referral_date = group.date("CINreferralDate", required=True)
        referral = self._add(
            "referral",
            child_id,
            referral_date,
            group.is_true("ReferralNFA"),
            group.date("CINclosureDate"),
            group.code("ReasonForClosure", _CLOSURE_REASONS),
            group.date("DateOfInitialCPC"),
        )
        for item in element.iterchildren("Assessments"):
            self._read_assessment(child_id, referral, referral_date, item)
        for item in element.iterchildren("ChildProtectionPlans"):
            self._read_plan(child_id, item)
        if self._of_reference_year:
            for item in element.iterchildren("Section47"):
                enquiry = _Group(self, item)
                start = enquiry.date("S47ActualStartDate", required=True)
                self._add("section_47", child_id, referral_date, start, enquiry.date("DateOfInitialCPC"))

    def _read_assessment(self, child_id: str, referral: str, referral_date: str, element: etree._Element) -> None:
        group = _Group(self, element)
        start = group.date("AssessmentActualStartDate", required=True)
        authorisation = group.date("AssessmentAuthorisationDate")
        factors = []
        for item in element.iter("AssessmentFactors"):
            factor = (item.text or "").strip().upper()
            if factor in FACTORS:
                factors.append(factor)
            elif factor:
                self.fault(line_of(item), "AssessmentFactors", NOT_A_CODE)
        self._add("assessment", child_id, referral, referral_date, start, authorisation, LIST_SEPARATOR.join(factors))

    def _read_plan(self, child_id: str, element: etree._Element) -> None:
        group = _Group(self, element)
        start = group.date("CPPstartDate", required=True)
        if not start:
            return
        reviews = []
        for item in element.iter("CPPreviewDate"):
            review = (item.text or "").strip()
            if _as_date(review) is None:
                self.fault(line_of(item), "CPPreviewDate", NOT_A_DATE if review else MISSING)
            else:
                reviews.append(review)
        end, previous = group.date("CPPendDate"), group.count("NumberOfPreviousCPP")
        self._add("plan", child_id, start, end, previous, LIST_SEPARATOR.join(reviews))
