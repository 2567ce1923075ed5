"""What returns say of looked-after children and care leavers besides episodes: checks, activity, incidents, workers."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from deploy.demo.generator.care_history import CareLife, Period
from deploy.demo.generator.days import add_working_days, add_years, completed_years, year_end, year_start


@dataclass(frozen=True, slots=True)
class OutcomeRates:
    """A council's probabilities of outcomes, its mean SDQ score and how often a child's social worker changes."""

    sdq_coverage: float
    sdq_mean: float
    health_assessment: float
    immunisation: float
    dental_check: float
    development_check_u5: float
    substance_misuse: float
    convicted: float
    eet_17_18: float
    eet_19_21: float
    he_19_21: float
    unknown_17_18: float
    unknown_19_21: float
    suitable_17_18: float
    suitable_19_21: float
    worker_changes_a_year: float
    workers: int


@dataclass(frozen=True, slots=True)
class OutcomeCheck:
    """An OC2 row: a score or the reason why there is none, and yes, no or not asked for the rest."""

    sdq_score: int | None
    sdq_reason: str
    convicted: bool
    health_check: bool | None
    immunisations: bool
    teeth_check: bool
    health_assessment: bool
    substance_misuse: bool
    intervention_received: bool
    intervention_offered: bool


@dataclass(frozen=True, slots=True)
class CareLeaver:
    """An OC3 row."""

    in_touch: str
    activity: str
    accommodation: str


@dataclass(frozen=True, slots=True)
class Incident:
    """A child missing (M) or away (A) from its place."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """A child's social worker from a day to a day, and why it ended."""

    worker: str
    start: int
    end: int
    reason: str


WORKER_REASONS: Final = ("MANAGE", "FCONTA", "LEFTRL", "ORGRST", "TSPROC", "ABSENC", "CHCHAN", "PCCHAN", "OTHERS")
_SUITABLE = ("B1", "C1", "D1", "D1", "K1", "T1", "U1", "U1", "V1", "Y1")
_UNSUITABLE = ("S2", "T2", "U2", "V2", "W2", "X2", "X2", "Y2")


def looked_after_all_year(life: CareLife, year: int) -> bool:
    """Whether the child is in the OC2 cohort: in care from 1 April to 31 March, and not in a series of short breaks."""
    first, last = year_start(year), year_end(year)
    if life.respite:
        return False
    active = [period for period in life.periods if period.start <= last and period.end >= first]
    return bool(active) and not any(first < period.start <= last or first <= period.end < last for period in active)


def draw_checks(
    chance: random.Random, life: CareLife, years: Sequence[int], rates: OutcomeRates
) -> dict[int, OutcomeCheck]:
    """OC2 rows of the years in which the child is in the cohort; scores of one child resemble each other."""
    level = chance.gauss(rates.sdq_mean - 0.1, 7.2)
    return {
        year: _draw_check(chance, completed_years(life.birth, year_end(year)), level, rates)
        for year in years
        if looked_after_all_year(life, year)
    }


def _draw_check(chance: random.Random, age: int, level: float, rates: OutcomeRates) -> OutcomeCheck:
    pick = chance.random
    score, reason = None, ""
    if 4 <= age <= 16:
        if pick() < rates.sdq_coverage:
            score = max(0, min(40, round(chance.gauss(level, 3.8))))
        else:
            reason = chance.choice(("SDQ2", "SDQ3", "SDQ4", "SDQ4", "SDQ5"))
    else:
        reason = "SDQ1"
    misuse = age >= 12 and pick() < min(0.9, rates.substance_misuse * 1.85)
    received = misuse and pick() < 0.41
    return OutcomeCheck(
        sdq_score=score,
        sdq_reason=reason,
        convicted=age >= 10 and pick() < rates.convicted,
        health_check=pick() < rates.development_check_u5 if age < 5 else None,
        immunisations=pick() < rates.immunisation,
        teeth_check=pick() < rates.dental_check,
        health_assessment=pick() < rates.health_assessment,
        substance_misuse=misuse,
        intervention_received=received,
        intervention_offered=misuse and not received and pick() < 0.75,
    )


def is_care_leaver(life: CareLife, year: int) -> bool:
    """Whether a 17th to 21st birthday falls in the year after care that gives the right to support.

    The right: thirteen weeks of care after fourteen, some of it after sixteen, and no transfer to another council.
    """
    age = completed_years(life.birth, year_end(year))
    last = life.periods[-1]
    if not 17 <= age <= 21 or life.respite or last.reason == "E3" or last.end > add_years(life.birth, age):
        return False
    fourteenth, sixteenth = add_years(life.birth, 14), add_years(life.birth, 16)
    days = sum(max(0, period.end - max(period.start, fourteenth)) for period in life.periods)
    return days >= 91 and last.end > sixteenth


def draw_care_leaver_years(
    chance: random.Random, life: CareLife, years: Sequence[int], rates: OutcomeRates
) -> dict[int, CareLeaver]:
    """OC3 rows of the years in which the child is a care leaver."""
    return {
        year: _draw_care_leaver(chance, completed_years(life.birth, year_end(year)), life.periods[-1], rates)
        for year in years
        if is_care_leaver(life, year)
    }


def _draw_care_leaver(chance: random.Random, age: int, last: Period, rates: OutcomeRates) -> CareLeaver:
    pick = chance.random
    apart = pick()
    if apart < 0.012:
        return CareLeaver("DIED" if apart < 0.004 else "RHOM", "0", "0")
    young = age < 19
    activity = _draw_activity(chance, young, rates)
    in_touch = "YES"
    if activity == "0":
        in_touch = chance.choice(("NO", "NO", "REFU", "NREQ", "YES"))
    elif apart > 0.985:
        in_touch = "NREQ"
    suitable = rates.suitable_17_18 if young else rates.suitable_19_21
    if pick() < suitable:
        return CareLeaver(in_touch, activity, "Z1" if last.reason == "E17" and age < 21 else chance.choice(_SUITABLE))
    if in_touch != "YES" or pick() < 0.15:
        return CareLeaver(in_touch, activity, "0")
    return CareLeaver(in_touch, activity, chance.choice(_UNSUITABLE))


def _draw_activity(chance: random.Random, young: bool, rates: OutcomeRates) -> str:
    eet, unknown, higher = (
        (rates.eet_17_18, rates.unknown_17_18, min(0.03, rates.eet_17_18))
        if young
        else (rates.eet_19_21, rates.unknown_19_21, min(rates.he_19_21, rates.eet_19_21))
    )
    what = chance.random()
    if what < higher:
        return "F1" if chance.random() < 0.9 else "P1"
    if what < eet:
        return chance.choice(("F2", "F2", "F2", "P2", "F4", "F5", "F5", "P4", "P5") if young else _WORK)
    if what < eet + unknown:
        return "0"
    return chance.choice(("G4", "G4", "G5", "G5", "G5", "G6"))


_WORK = ("F2", "F2", "P2", "F4", "F5", "F5", "F5", "P5", "P4")


def draw_incidents(chance: random.Random, life: CareLife, years: Sequence[int]) -> list[Incident]:
    """Missing and away incidents in the years, inside the child's time in care; most are short and after eleven."""
    incidents = []
    for year in years:
        age = completed_years(life.birth, year_end(year))
        if age < 11 or life.respite:
            continue
        for kind, share, repeats in (("M", 0.24, 5.0), ("A", 0.065, 2.0)):
            if chance.random() < share * (0.5 if age < 14 else 1.0):
                incidents += _draw_incidents_of_year(chance, life, year, kind, repeats)
    return sorted(incidents, key=lambda incident: incident.start)


def _draw_incidents_of_year(
    chance: random.Random, life: CareLife, year: int, kind: str, repeats: float
) -> list[Incident]:
    found = []
    free_from = 0
    for day in sorted(
        year_start(year) + chance.randrange(365) for _ in range(1 + int(chance.expovariate(1 / repeats)))
    ):
        period = next((period for period in life.periods if period.start <= day < period.end), None)
        if period is None or day <= free_from:
            continue
        length = int(chance.random() * 2) if chance.random() < 0.85 else int(chance.expovariate(1 / 12))
        free_from = min(day + length, period.end)
        found.append(Incident(kind, day, free_from))
    return found


def draw_allocations(
    chance: random.Random, life: CareLife, first: int, last: int, rates: OutcomeRates
) -> list[Allocation]:
    """The child's social workers one after the other, from the first case to the end of the last period of care.

    Allocations that end before the day `first` are not drawn.
    """
    mean = 365 / rates.worker_changes_a_year
    start = max(life.cases[0].referral, first - int(chance.expovariate(1 / mean)))
    until = min(life.periods[-1].end, last + 400)
    allocations: list[Allocation] = []
    worker = chance.randrange(rates.workers)
    while start < until:
        end = min(start + 1 + int(chance.expovariate(1 / mean)), until)
        allocations.append(Allocation(f"ZZ{worker:05d}", start, end, chance.choice(WORKER_REASONS)))
        start = end
        worker = (worker + 1 + chance.randrange(rates.workers - 1)) % rates.workers
    return allocations


def draw_reviews(chance: random.Random, life: CareLife, first: int, last: int) -> list[tuple[int, str]]:
    """Reviews of the child's care with their code: after twenty working days, three months, then every six."""
    reviews = []
    for period in life.periods:
        day = add_working_days(period.start, 19)
        step = 85
        while day <= min(period.end, last):
            if day >= first:
                young = completed_years(life.birth, day) < 4
                reviews.append((day, "PN0" if young else f"PN{chance.choice((1, 1, 1, 2, 3, 4, 5, 6, 7))}"))
            day, step = day + step, 178
    return reviews
