"""CIN census files, and the stitching of the years (indicators reference 5.3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

from tests.oracle.figures import NOBODY, Person


@dataclass(frozen=True)
class Assessment:
    """An Assessments group."""

    start: date | None
    authorised: date | None
    factors: frozenset[str]


@dataclass(frozen=True)
class Enquiry:
    """A Section47 group."""

    start: date | None
    conference: date | None


@dataclass(frozen=True)
class Plan:
    """A ChildProtectionPlans group."""

    start: date
    end: date | None
    previous: int
    reviews: tuple[date, ...]


@dataclass(frozen=True)
class Episode:
    """A CINdetails group: a referral and what followed it."""

    child: str
    referred: date | None
    not_taken_further: bool
    closed: date | None
    reason: str
    transfer_conference: date | None
    assessments: tuple[Assessment, ...]
    enquiries: tuple[Enquiry, ...]
    plans: tuple[Plan, ...]

    @property
    def of_need(self) -> bool:
        """Neither closed at referral nor after assessment."""
        return not self.not_taken_further and self.reason not in {"RC8", "RC9"}


@dataclass
class Census:
    """The return of one year."""

    episodes: list[Episode] = field(default_factory=list)
    people: dict[str, Person] = field(default_factory=dict)
    pupil_numbers: dict[str, str] = field(default_factory=dict)

    def plans(self) -> dict[tuple[str, date], Plan]:
        """Plans by child and start: of two rows, the last."""
        return {(episode.child, plan.start): plan for episode in self.episodes for plan in episode.plans}


def _text(element: ElementTree.Element | None, name: str) -> str:
    return "" if element is None else (element.findtext(name) or "").strip()


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _dated(element: ElementTree.Element | None, name: str) -> date | None:
    return _date(_text(element, name))


def _plan(element: ElementTree.Element) -> Plan | None:
    start = _dated(element, "CPPstartDate")
    if start is None:
        return None
    reviews = (_date((item.text or "").strip()) for item in element.iterfind("Reviews/CPPreviewDate"))
    return Plan(
        start,
        _dated(element, "CPPendDate"),
        int(_text(element, "NumberOfPreviousCPP") or 0),
        tuple(day for day in reviews if day is not None),
    )


def _episode(child: str, element: ElementTree.Element) -> Episode:
    return Episode(
        child,
        _dated(element, "CINreferralDate"),
        _text(element, "ReferralNFA").lower() in {"1", "true"},
        _dated(element, "CINclosureDate"),
        _text(element, "ReasonForClosure").upper(),
        _dated(element, "DateOfInitialCPC"),
        tuple(
            Assessment(
                _dated(item, "AssessmentActualStartDate"),
                _dated(item, "AssessmentAuthorisationDate"),
                frozenset(
                    (factor.text or "").strip().upper()
                    for factor in item.iterfind("FactorsIdentifiedAtAssessment/AssessmentFactors")
                ),
            )
            for item in element.iterfind("Assessments")
        ),
        tuple(
            Enquiry(_dated(item, "S47ActualStartDate"), _dated(item, "DateOfInitialCPC"))
            for item in element.iterfind("Section47")
        ),
        tuple(plan for item in element.iterfind("ChildProtectionPlans") if (plan := _plan(item)) is not None),
    )


def read_census(path: Path) -> Census:
    """One census file."""
    census = Census()
    for element in ElementTree.parse(path).getroot().iterfind("Children/Child"):  # noqa: S314 (our own files)
        identifiers = element.find("ChildIdentifiers")
        child = _text(identifiers, "LAchildID")
        if not child:
            continue
        census.people[child] = Person(
            (_text(identifiers, "Sex") or _text(identifiers, "GenderCurrent")).upper(),
            _dated(identifiers, "PersonBirthDate"),
            _text(element.find("ChildCharacteristics"), "Ethnicity").upper(),
        )
        census.pupil_numbers[child] = _text(identifiers, "UPN").upper()
        census.episodes.extend(_episode(child, item) for item in element.iterfind("CINdetails"))
    return census


@dataclass(frozen=True)
class CensusHistory:
    """The censuses up to a year."""

    returns: dict[int, Census]

    def person(self, child: str) -> Person:
        """From the latest census that has the child."""
        return next(
            (
                self.returns[year].people[child]
                for year in sorted(self.returns, reverse=True)
                if child in self.returns[year].people
            ),
            NOBODY,
        )

    def referrals(self) -> list[Episode]:
        """Every referral; per child and referral date, the groups of the latest return that has it."""
        latest: dict[tuple[str, date], int] = {}
        for year in sorted(self.returns):
            for episode in self.returns[year].episodes:
                if episode.referred is not None:
                    latest[episode.child, episode.referred] = year
        return [
            episode
            for year, census in self.returns.items()
            for episode in census.episodes
            if episode.referred is not None and latest[episode.child, episode.referred] == year
        ]

    def plans(self) -> dict[tuple[str, date], Plan]:
        """Every plan by child and start, from the latest return that has it."""
        known: dict[tuple[str, date], Plan] = {}
        for year in sorted(self.returns):
            known |= self.returns[year].plans()
        return known

    def assessments(self) -> list[tuple[str, Assessment]]:
        """Every assessment of every return."""
        return [
            (episode.child, assessment)
            for census in self.returns.values()
            for episode in census.episodes
            for assessment in episode.assessments
        ]
