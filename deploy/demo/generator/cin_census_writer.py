"""CIN census returns as XML, valid against the schema of their year: every case open at any time of the year.

What happens after 31 March is blank; an assessment stands in the return of every year it touches; of a plan's reviews
those of the year are returned, and the last one before it (returns reference 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TextIO

from deploy.demo.generator.case_detail import CaseDetail, Enquiry, Plan
from deploy.demo.generator.child import Child
from deploy.demo.generator.days import add_working_days, add_years, generated_at, iso, year_end, year_start
from deploy.demo.generator.history import History
from deploy.demo.generator.need_history import Case

SEX_SINCE: Final = 2025
SUPPORT_PLANS_SINCE: Final = 2022
EARLY_HELP_CLOSURE_SINCE: Final = 2023
CRIMINAL_EXPLOITATION_SINCE: Final = 2022

LINES_BEFORE_CHILDREN: Final = 3
ENDING: Final = "</Children></Message>\n"
"""What stands around the children, who have a line each."""


def _date(name: str, day: int | None, last: int) -> str:
    """An element with a day, or nothing when there is none or it is still to come."""
    return f"<{name}>{iso(day)}</{name}>" if day is not None and day <= last else ""


class CinCensusWriter:
    """Writes one year's census, a child at a time; a context manager that closes the document."""

    def __init__(self, folder: Path, year: int, la_code: str) -> None:
        self._path = folder / f"CIN_census_{year}.xml"
        self._year = year
        self._la_code = la_code
        self._first, self._last = year_start(year), year_end(year)
        self._file: TextIO

    def __enter__(self) -> Self:
        self._file = self._path.open("w", encoding="utf-8", newline="\n")
        self._file.write(
            '<?xml version="1.0" encoding="utf-8"?>\n<Message><Header>'
            f"<CollectionDetails><Collection>CIN</Collection><Year>{self._year}</Year>"
            f"<ReferenceDate>{iso(self._last)}</ReferenceDate></CollectionDetails>"
            f"<Source><SourceLevel>L</SourceLevel><LEA>{self._la_code}</LEA><SoftwareCode>Made up</SoftwareCode>"
            f"<SerialNo>001</SerialNo><DateTime>{generated_at(self._year)}</DateTime></Source></Header>\n<Children>\n"
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.write(ENDING)
        self._file.close()

    def shows(self, case: Case) -> bool:
        """Whether a case is in this year's census; a referral without further action only in the year it came."""
        if case.no_further_action:
            return self._first <= case.referral <= self._last
        return case.referral <= self._last and case.closure >= self._first

    def write(self, history: History) -> None:
        """Writes what this year's census holds of a child; nothing for a child it does not have."""
        shown = [self._case(case, detail) for case, detail in history.cases if self.shows(case)]
        if shown:
            self._file.write(f"<Child>{self._identifiers(history.child)}{''.join(shown)}</Child>\n")

    def _identifiers(self, child: Child) -> str:
        born = child.birth <= self._last
        at_school = add_years(child.birth, 4) <= self._last
        upn = f"<UPN>{child.upn}</UPN>" if at_school else "<UPNunknown>UN1</UPNunknown>"
        if self._year >= SEX_SINCE:
            sex = f"<Sex>{('M' if child.male else 'F') if born else 'U'}</Sex>"
        else:
            sex = f"<GenderCurrent>{('1' if child.male else '2') if born else '0'}</GenderCurrent>"
        birth = "PersonBirthDate" if born else "ExpectedPersonBirthDate"
        disabilities = "".join(f"<Disability>{code}</Disability>" for code in child.disabilities or ("NONE",))
        return (
            f"<ChildIdentifiers><LAchildID>{child.child_id}</LAchildID>{upn}<{birth}>{iso(child.birth)}</{birth}>{sex}"
            f"</ChildIdentifiers><ChildCharacteristics><Ethnicity>{child.ethnicity if born else 'NOBT'}</Ethnicity>"
            f"<Disabilities>{disabilities}</Disabilities></ChildCharacteristics>"
        )

    def _case(self, case: Case, detail: CaseDetail) -> str:
        nfa = case.no_further_action
        reason = case.reason
        if reason == "RC9" and self._year < EARLY_HELP_CLOSURE_SINCE:
            reason = "RC8"
        closed = not nfa and case.closure <= self._last
        return "".join(
            (
                f"<CINdetails><CINreferralDate>{iso(case.referral)}</CINreferralDate>",
                f"<ReferralSource>{detail.source}</ReferralSource>",
                f"<PrimaryNeedCode>{detail.primary_need}</PrimaryNeedCode>",
                f"<CINclosureDate>{iso(case.closure)}</CINclosureDate><ReasonForClosure>{reason}</ReasonForClosure>"
                if closed
                else "",
                _date("DateOfInitialCPC", self._within(detail.transfer_conference), self._last),
                self._assessments(detail),
                self._support(detail.support),
                *map(self._enquiry, detail.enquiries),
                f"<ReferralNFA>{int(nfa)}</ReferralNFA>",
                *map(self._plan, detail.plans),
                "</CINdetails>",
            )
        )

    def _within(self, day: int | None) -> int | None:
        return day if day is not None and day >= self._first else None

    def _assessments(self, detail: CaseDetail) -> str:
        shown = []
        for assessment in detail.assessments:
            if assessment.start > self._last or assessment.authorised < self._first:
                continue
            factors = ""
            if assessment.authorised <= self._last:
                codes = self._factors(assessment.factors)
                factors = f"<FactorsIdentifiedAtAssessment>{codes}</FactorsIdentifiedAtAssessment>"
            start = _date("AssessmentActualStartDate", assessment.start, self._last)
            authorised = _date("AssessmentAuthorisationDate", assessment.authorised, self._last)
            shown.append(f"<Assessments>{start}{authorised}{factors}</Assessments>")
        return "".join(shown)

    def _factors(self, codes: Sequence[str]) -> str:
        if self._year < CRIMINAL_EXPLOITATION_SINCE:
            codes = [code for code in codes if code != "24A"] or ["20"]
        return "".join(f"<AssessmentFactors>{code}</AssessmentFactors>" for code in codes)

    def _support(self, periods: Sequence[tuple[int, int]]) -> str:
        if self._year < SUPPORT_PLANS_SINCE:
            return ""
        return "".join(
            f"<CINPlanDates><CINPlanStartDate>{iso(start)}</CINPlanStartDate>"
            f"{_date('CINPlanEndDate', end, self._last)}</CINPlanDates>"
            for start, end in periods
            if start <= self._last and end >= self._first
        )

    def _enquiry(self, enquiry: Enquiry) -> str:
        touched = enquiry.start if enquiry.conference is None else enquiry.conference
        if enquiry.start > self._last or touched < self._first:
            return ""
        return (
            f"<Section47><S47ActualStartDate>{iso(enquiry.start)}</S47ActualStartDate>"
            f"<InitialCPCtarget>{iso(add_working_days(enquiry.start, 15))}</InitialCPCtarget>"
            f"{_date('DateOfInitialCPC', enquiry.conference, self._last)}"
            f"<ICPCnotRequired>{int(enquiry.conference is None)}</ICPCnotRequired></Section47>"
        )

    def _plan(self, plan: Plan) -> str:
        if plan.start > self._last or plan.end < self._first:
            return ""
        before = [day for day in plan.reviews if day < self._first][-1:]
        reviews = [*before, *(day for day in plan.reviews if self._first <= day <= self._last)]
        dates = "".join(f"<CPPreviewDate>{iso(day)}</CPPreviewDate>" for day in reviews)
        return (
            f"<ChildProtectionPlans><CPPstartDate>{iso(plan.start)}</CPPstartDate>"
            f"{_date('CPPendDate', plan.end, self._last)}"
            f"<InitialCategoryOfAbuse>{plan.first_category}</InitialCategoryOfAbuse>"
            f"<LatestCategoryOfAbuse>{plan.latest_category}</LatestCategoryOfAbuse>"
            f"<NumberOfPreviousCPP>{plan.earlier}</NumberOfPreviousCPP>"
            f"{f'<Reviews>{dates}</Reviews>' if dates else ''}</ChildProtectionPlans>"
        )
