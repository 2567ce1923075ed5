"""What a case holds besides its dates: source and need, assessments, enquiries, reviews of plans, times of support."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from deploy.demo.generator.days import add_working_days, to_weekday
from deploy.demo.generator.need_history import Case, NeedRates, PlanOutline, assessment_days

FACTORS: Final = {
    "1A": 0.04, "1B": 0.16, "2A": 0.07, "2B": 0.16, "3A": 0.113, "3B": 0.317, "3C": 0.06, "4A": 0.176, "4B": 0.335,
    "4C": 0.03, "5A": 0.09, "5B": 0.04, "6A": 0.07, "6B": 0.07, "7A": 0.037, "10A": 0.033, "11A": 0.024, "12A": 0.0044,
    "13A": 0.017, "14A": 0.08, "15A": 0.05, "16A": 0.176, "17A": 0.19, "18B": 0.05, "18C": 0.12, "19B": 0.02,
    "19C": 0.037, "22A": 0.0015, "23A": 0.0044, "24A": 0.032,
}  # fmt: skip
"""How often each factor is recorded at an assessment, from England's counts of 2025."""

REFERRAL_SOURCES: Final = {
    "1A": 7.0, "1B": 2.0, "1C": 2.0, "1D": 4.0, "2A": 20.0, "2B": 2.0, "3A": 2.0, "3B": 2.0, "3C": 4.0, "3D": 5.0,
    "3E": 2.0, "3F": 2.0, "4": 1.0, "5A": 6.0, "5B": 4.0, "5C": 3.0, "6": 29.0, "7": 3.0, "8": 3.0, "9": 4.0, "10": 1.0,
}  # fmt: skip
PRIMARY_NEEDS: Final = {"N1": 57.0, "N2": 9.0, "N3": 3.0, "N4": 8.0, "N5": 14.0, "N6": 2.0, "N7": 1.0, "N8": 3.0}
ABUSE: Final = {"NEG": 49.0, "EMO": 37.0, "PHY": 8.0, "SAB": 4.0, "MUL": 2.0}
"""Plausible shares of sources, needs and categories, in hundredths; no indicator depends on them."""


@dataclass(slots=True)
class Assessment:
    """Start and authorisation of an assessment, and the factors it identified."""

    start: int
    authorised: int
    factors: tuple[str, ...]


@dataclass(slots=True)
class Enquiry:
    """A section 47 enquiry; `conference` is None where none was required."""

    start: int
    conference: int | None


@dataclass(slots=True)
class Plan:
    """A child protection plan with its reviews and its first and latest category of abuse."""

    start: int
    end: int
    earlier: int
    first_category: str
    latest_category: str
    reviews: tuple[int, ...]


@dataclass(slots=True)
class CaseDetail:
    """What the census shows of a case besides its dates."""

    source: str
    primary_need: str
    transfer_conference: int | None
    assessments: list[Assessment]
    enquiries: list[Enquiry]
    plans: list[Plan]
    support: list[tuple[int, int]]


def draw_detail(chance: random.Random, case: Case, rates: NeedRates, first: int, last: int) -> CaseDetail:
    """What a case holds; of assessments only those that touch the days `first` to `last`."""
    source = chance.choices(tuple(REFERRAL_SOURCES), tuple(REFERRAL_SOURCES.values()))[0]
    detail = CaseDetail(source, "N0", None, [], [], [], [])
    if case.no_further_action:
        return detail
    detail.primary_need = chance.choices(tuple(PRIMARY_NEEDS), tuple(PRIMARY_NEEDS.values()))[0]
    detail.assessments = _draw_assessments(chance, case, rates, first, last)
    transferred_in = bool(case.plans) and chance.random() < 0.04
    for number, outline in enumerate(case.plans):
        if number == 0 and transferred_in:
            detail.transfer_conference = outline.start
        else:
            detail.enquiries.append(_enquiry_before(chance, outline.start, case.referral, rates))
        detail.plans.append(_draw_plan(chance, outline, rates))
    in_need = case.reason not in ("RC8", "RC9")
    if not transferred_in and chance.random() < (0.33 if in_need else 0.14):
        detail.enquiries.insert(0, _enquiry_without_plan(chance, case, rates))
    if in_need and case.closure > case.referral + 60:
        detail.support = _support(case)
    return detail


def _draw_assessments(chance: random.Random, case: Case, rates: NeedRates, first: int, last: int) -> list[Assessment]:
    assessments = []
    start = case.referral
    authorised = case.assessed or start
    while start <= last:
        if first <= authorised <= case.closure and authorised > start:
            assessments.append(Assessment(start, authorised, _draw_factors(chance)))
        if case.reason in ("RC8", "RC9"):
            break
        start = authorised + 300 + int(chance.expovariate(1 / 1500))
        authorised = add_working_days(start, assessment_days(chance, rates))
    return assessments


def _draw_factors(chance: random.Random) -> tuple[str, ...]:
    pick = chance.random
    found = tuple(code for code, share in FACTORS.items() if pick() < share)
    return found or (("20",) if pick() < 0.6 else ("21",))


def _days_to_conference(chance: random.Random, rates: NeedRates) -> int:
    """Working days from the strategy discussion: most conferences are held in the last week allowed."""
    if chance.random() < rates.conference_on_time:
        return 15 - int(6 * chance.random() ** 2.5)
    return 18 + int(chance.expovariate(1 / 8))


def _enquiry_before(chance: random.Random, conference: int, referral: int, rates: NeedRates) -> Enquiry:
    days = _days_to_conference(chance, rates)
    start = to_weekday(max(referral, conference - 7 * days // 5))
    while start < conference and add_working_days(start, days) > conference:
        days -= 1
    return Enquiry(min(start, conference), conference)


def _enquiry_without_plan(chance: random.Random, case: Case, rates: NeedRates) -> Enquiry:
    start = to_weekday(case.referral + int(chance.expovariate(1 / 25)))
    start = min(start, case.closure)
    if chance.random() > 0.1:
        return Enquiry(start, None)
    conference = add_working_days(start, _days_to_conference(chance, rates))
    return Enquiry(start, conference if conference <= case.closure else None)


def _draw_plan(chance: random.Random, outline: PlanOutline, rates: NeedRates) -> Plan:
    category = chance.choices(tuple(ABUSE), tuple(ABUSE.values()))[0]
    latest = category if chance.random() < 0.88 else chance.choice(tuple(ABUSE))
    reviews = []
    day, allowed = outline.start, 88
    while True:
        on_time = chance.random() < rates.review_on_time
        day = day + allowed - int(18 * chance.random()) if on_time else day + allowed + 6 + int(40 * chance.random())
        if day > outline.end:
            break
        reviews.append(day)
        allowed = 180
    return Plan(outline.start, outline.end, outline.earlier, category, latest, tuple(reviews))


def _support(case: Case) -> list[tuple[int, int]]:
    """Child in need plans: the days of a case after its first weeks that are under no child protection plan."""
    periods = []
    begin = case.referral + 45
    stop = case.care_entry if case.care_entry is not None else case.closure
    for outline in case.plans:
        if outline.start > begin:
            periods.append((begin, outline.start))
        begin = outline.end
    if begin < stop:
        periods.append((begin, stop))
    return periods
