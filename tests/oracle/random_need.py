"""One invented child's CIN censuses, year by year."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random

from tests.oracle.dates import add_months
from tests.oracle.random_values import Dates, codes, ethnicity_code, messy_case, sex_code

_FACTOR_CODES = codes("1A 3A 3B 3C 4A 4B 7A 10A 11A 12A 13A 15A 16A 17A 18A 18B 18C 19B 19C 20 21 22A 23A 24A")


@dataclass(frozen=True)
class _Plan:
    start: date
    end: date | None
    previous: str
    reviews: tuple[date, ...]


@dataclass(frozen=True)
class _Case:
    referred: date
    closed: date | None
    reason: str
    nfa: str
    transfer_conference: date | None
    assessments: tuple[tuple[date, date | None, tuple[str, ...]], ...] = ()
    enquiries: tuple[tuple[date, date | None], ...] = ()
    plans: tuple[_Plan, ...] = field(default=())


def _plan(random: Random, dates: Dates, start: date) -> _Plan:
    reviews = []
    day = start
    orderly = random.random() < 0.7
    for number in range(random.randrange(9)):
        due = add_months(day, 6 if number else 3) + timedelta(days=random.choice((-20, -1, -1, 0, 0, 0, 1)))
        day = due if orderly and random.random() < 0.9 else dates.after(day)
        if random.random() < 0.1:
            day = date(dates.year - 1, 4, 1)
        reviews.append(day)
    end = dates.after(start) if random.random() < 0.4 else None
    return _Plan(start, end, random.choice(("0", "0", "1", "2", "")), tuple(reviews))


def _case(random: Random, dates: Dates, referred: date, closed_before: date | None) -> _Case:
    assessments = []
    for _ in range(random.choice((0, 1, 1, 2))):
        start = dates.after(referred) if random.random() < 0.6 else referred
        if closed_before is not None and random.random() < 0.4:
            start = add_months(closed_before, random.choice((6, 12))) + timedelta(days=random.choice((-1, 0, 0, 1)))
        authorised = dates.after(start) if random.random() < 0.8 else None
        assessments.append((start, authorised, tuple(random.sample(_FACTOR_CODES, random.randrange(4)))))
    enquiries = []
    for _ in range(random.choice((0, 0, 1, 2))):
        start = dates.any(2) if random.random() < 0.5 else dates.after(referred)
        conference = start + timedelta(days=random.randrange(14, 26)) if random.random() < 0.6 else None
        if random.random() < 0.2:
            conference = dates.after(start)
        enquiries += [(start, conference)] * random.choice((1, 1, 2))
    if len(enquiries) > 1 and random.random() < 0.4:
        enquiries = [(start, enquiries[0][1]) for start, _ in enquiries]
    transfer = dates.after(referred) if random.random() < 0.15 else None
    if transfer is not None and enquiries and random.random() < 0.3:
        transfer = enquiries[0][1]
    plans: list[_Plan] = []
    start = referred
    for _ in range(random.choice((0, 0, 1, 1, 2))):
        start = dates.any() if random.random() < 0.4 else dates.after(start)
        if random.random() < 0.15:
            start = date(dates.year - 1, 12, 31)
        plans.append(_plan(random, dates, start))
        start = plans[-1].end or start
    return _Case(
        referred,
        dates.after(referred) if random.random() < 0.5 else None,
        random.choice(("RC1", "RC7", "RC8", "RC8", "RC9", "")),
        random.choice(("0", "0", "0", "false", "1", "true", "")),
        transfer,
        tuple(assessments),
        tuple(enquiries),
        tuple(plans),
    )


def need_slices(random: Random, child: str, year: int, pupil_numbers: dict[int, str]) -> dict[int, list[str]]:
    """The Child groups of each year's census, as XML."""
    dates = Dates(random, year)
    cases: list[_Case] = []
    referred = dates.any(3)
    for _ in range(random.choice((0, 1, 2, 2, 3, 4))):
        cases.append(_case(random, dates, referred, cases[-1].closed if cases else None))
        referred = dates.after(referred) if random.random() < 0.9 else referred
        if random.random() < 0.1:
            referred = add_months(date(year, 3, 31), -random.choice((23, 24, 25)))
    born = dates.birth()
    groups: dict[int, list[str]] = defaultdict(list)
    for return_year in range(year - 2, year + 2):
        start, end = date(return_year - 1, 4, 1), date(return_year, 3, 31)
        listed = [
            _as_returned(random, case, end)
            for case in cases
            if case.referred <= end and (case.closed is None or case.closed >= start)
        ]
        if not listed or random.random() < 0.1:
            continue
        random.shuffle(listed)
        if random.random() < 0.15:
            listed.append(listed[0])
        identifiers = _identifiers(random, child, born, return_year, pupil_numbers[return_year])
        split = random.randrange(len(listed)) if random.random() < 0.15 else 0
        for part in (listed[:split], listed[split:]):
            if part:
                groups[return_year].append(_child(identifiers, ethnicity_code(random), part))
    return groups


def _as_returned(random: Random, case: _Case, end: date) -> _Case:
    """The case as a return shows it: nothing after its end, and at times a row of plans twice or a correction."""
    plans = [replace(plan, end=_by(plan.end, end)) for plan in case.plans if plan.start <= end]
    if plans and random.random() < 0.15:
        plans.append(_plan(random, Dates(random, end.year), plans[0].start))
        plans[-1] = replace(plans[-1], end=_by(plans[-1].end, end))
    closed = case.closed if random.random() < 0.1 else _by(case.closed, end)
    corrected = random.random() < 0.1
    return replace(
        case,
        closed=closed,
        reason=random.choice(("RC7", "RC8")) if corrected else case.reason if closed or random.random() < 0.05 else "",
        nfa=random.choice(("0", "1")) if corrected else case.nfa,
        assessments=tuple(
            (start, _by(authorised, end), factors) for start, authorised, factors in case.assessments if start <= end
        ),
        plans=tuple(plans),
    )


def _by(day: date | None, end: date) -> date | None:
    return day if day is not None and day <= end else None


def _element(name: str, value: date | str | None) -> str:
    return "" if value is None else f"<{name}>{value}</{name}>"


def _identifiers(random: Random, child: str, born: date | None, year: int, pupil_number: str) -> str:
    name = "GenderCurrent" if year < 2025 else "Sex"
    expected = born is None and random.random() < 0.5
    return (
        _element("LAchildID", child)
        + _element("UPN", pupil_number or None)
        + _element("PersonBirthDate", born)
        + (_element("ExpectedPersonBirthDate", date(year, 5, 1)) if expected else "")
        + _element(name, messy_case(random, sex_code(random, year)))
    )


def _child(identifiers: str, ethnicity: str, cases: list[_Case]) -> str:
    return (
        f"<Child><ChildIdentifiers>{identifiers}</ChildIdentifiers>"
        f"<ChildCharacteristics><Ethnicity>{ethnicity}</Ethnicity></ChildCharacteristics>\n"
        + "".join(_details(case) for case in cases)
        + "</Child>\n"
    )


def _details(case: _Case) -> str:
    closed = None if case.closed is None else "2024-02-30" if case.reason == "" else case.closed
    parts = [
        _element("CINreferralDate", case.referred),
        _element("CINclosureDate", closed),
        _element("ReasonForClosure", case.reason or None),
        _element("DateOfInitialCPC", case.transfer_conference),
    ]
    for start, authorised, factors in case.assessments:
        listed = "".join(_element("AssessmentFactors", factor) for factor in factors)
        parts.append(
            f"<Assessments>{_element('AssessmentActualStartDate', start)}"
            f"{_element('AssessmentAuthorisationDate', authorised)}"
            + (_element("FactorsIdentifiedAtAssessment", listed) if listed else "")
            + "</Assessments>\n"
        )
    parts += [
        f"<Section47>{_element('S47ActualStartDate', start)}{_element('DateOfInitialCPC', conference)}</Section47>\n"
        for start, conference in case.enquiries
    ]
    parts.append(_element("ReferralNFA", case.nfa))
    for plan in case.plans:
        reviews = "".join(_element("CPPreviewDate", day) for day in plan.reviews)
        parts.append(
            f"<ChildProtectionPlans>{_element('CPPstartDate', plan.start)}{_element('CPPendDate', plan.end)}"
            f"{_element('NumberOfPreviousCPP', plan.previous)}"
            + (_element("Reviews", reviews) if reviews else "")
            + "</ChildProtectionPlans>\n"
        )
    return f"<CINdetails>{''.join(parts)}</CINdetails>\n"
