"""Looked-after children: why a child enters care, how long it stays, and how it leaves; and the case around it.

Shares and durations give England's published stocks and flows (indicators reference 9): about a fifth of entries are
unaccompanied children near eighteen, a fifth return home, a tenth are adopted, and those who stay until eighteen are
most of the stock.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from deploy.demo.generator.days import YEAR, add_working_days, add_years
from deploy.demo.generator.need_history import Case, PlanOutline


class Pathway(StrEnum):
    """How a period in care goes."""

    HOME = "returns home"
    GUARDIANSHIP = "leaves to relatives by an order"
    ADOPTION = "is adopted"
    TRANSFER = "leaves otherwise before eighteen"
    UNTIL_18 = "stays until eighteen"
    UNACCOMPANIED = "came alone, seeking asylum"
    RESPITE = "has a series of short breaks"


@dataclass(frozen=True, slots=True)
class CareRates:
    """How one council's looked-after children go. Shares are of entries that are not unaccompanied children."""

    unaccompanied: float
    home: float
    guardianship: float
    adoption: float
    transfer: float
    until_18: float
    return_probability: float
    plan_before_care: float
    plan_days: float


@dataclass(slots=True)
class Period:
    """One period of care: the days it starts and ends, its pathway, and the code of its end."""

    start: int
    end: int
    pathway: Pathway
    reason: str


@dataclass(slots=True)
class CareLife:
    """A looked-after child's periods of care, and the cases around them; `transferred` in from another council."""

    birth: int
    periods: list[Period]
    cases: list[Case] = field(default_factory=list)
    transferred: bool = False

    @property
    def unaccompanied(self) -> bool:
        """Whether the child came alone, seeking asylum."""
        return self.periods[0].pathway is Pathway.UNACCOMPANIED

    @property
    def respite(self) -> bool:
        """Whether the child has short breaks only."""
        return self.periods[0].pathway is Pathway.RESPITE


GUARDIANSHIP_REASONS: Final = {"E45": 35.0, "E46": 30.0, "E47": 9.0, "E48": 5.0, "E41": 21.0}
TRANSFER_REASONS: Final = {"E3": 51.0, "E8": 36.0, "E13": 5.0, "E9": 4.0, "E16": 4.0}
EIGHTEEN_REASONS: Final = {"E5": 32.0, "E6": 24.0, "E17": 22.0, "E7": 6.0, "E8": 10.0, "E4A": 4.0, "E13": 2.0}
CLOSURE_BY_REASON: Final = {"E11": "RC1", "E12": "RC1", "E41": "RC3", "E3": "RC5", "E7": "RC6"} | dict.fromkeys(
    ("E45", "E46", "E47", "E48"), "RC4"
)


def draw_care_life(chance: random.Random, entry: int, rates: CareRates) -> CareLife:
    """A child who first enters care on a day: every period of care to the child's majority, and every case."""
    pathway = _draw_pathway(chance, rates)
    birth = entry - _draw_entry_age(chance, pathway)
    return _draw_life(chance, birth, entry, pathway, rates)


def draw_life_after_transfer(
    chance: random.Random, birth: int, entry: int, rates: CareRates, *, unaccompanied: bool
) -> CareLife:
    """A looked-after child of another council whose care this one takes over on a day."""
    pathway = Pathway.UNACCOMPANIED if unaccompanied else _draw_pathway(chance, rates, returning=True)
    return _draw_life(chance, birth, entry, pathway, rates, transferred=True)


def _draw_life(
    chance: random.Random, birth: int, entry: int, pathway: Pathway, rates: CareRates, *, transferred: bool = False
) -> CareLife:
    periods: list[Period] = []
    start = entry
    while True:
        periods.append(_draw_period(chance, birth, start, pathway))
        last = periods[-1]
        if last.pathway is not Pathway.HOME or chance.random() >= rates.return_probability:
            break
        start = last.end + 1 + int(chance.expovariate(1 / 420))
        if start > birth + 17.5 * YEAR:
            break
        pathway = _draw_pathway(chance, rates, returning=True)
    life = CareLife(birth, periods, transferred=transferred)
    life.cases = _draw_cases(chance, life, rates)
    return life


def draw_respite_life(chance: random.Random, entry: int) -> CareLife:
    """A disabled child with an agreed series of short breaks: one period under V4, or a stay a month under V3."""
    birth = entry - int(YEAR * (3 + 12 * chance.random()))
    eighteenth = add_years(birth, 18)
    periods = []
    if chance.random() < 0.7:
        end = min(eighteenth, entry + 90 + int(chance.expovariate(1 / 600)))
        periods.append(Period(entry, end, Pathway.RESPITE, "E8"))
    else:
        start = entry
        for _ in range(1 + int(chance.expovariate(1 / 12))):
            periods.append(Period(start, start + 1 + int(3 * chance.random()), Pathway.RESPITE, "E4A"))
            start += 21 + int(20 * chance.random())
            if start > eighteenth - 30:
                break
    life = CareLife(birth, periods)
    referral = max(birth, entry - 30 - int(chance.expovariate(1 / 200)))
    life.cases = [Case(referral, min(eighteenth, periods[-1].end + 60), "RC7", care_entry=entry)]
    return life


def _draw_pathway(chance: random.Random, rates: CareRates, *, returning: bool = False) -> Pathway:
    if not returning and chance.random() < rates.unaccompanied:
        return Pathway.UNACCOMPANIED
    if returning:
        return Pathway.UNTIL_18 if chance.random() < 0.55 else Pathway.HOME
    shares = (rates.home, rates.guardianship, rates.adoption, rates.transfer, rates.until_18)
    return chance.choices(_SETTLED, shares)[0]


_SETTLED = (Pathway.HOME, Pathway.GUARDIANSHIP, Pathway.ADOPTION, Pathway.TRANSFER, Pathway.UNTIL_18)


def _draw_entry_age(chance: random.Random, pathway: Pathway) -> int:
    pick = chance.random
    if pathway is Pathway.UNACCOMPANIED:
        years = 15.7 + 2.1 * pick() ** 0.7
    elif pathway is Pathway.ADOPTION:
        years = 3.2 * pick() ** 2.2
    elif pathway is Pathway.GUARDIANSHIP:
        years = 12 * pick() ** 1.7
    elif pathway is Pathway.UNTIL_18:
        years = 2.5 + 15 * pick() ** 0.9
    elif pathway is Pathway.TRANSFER:
        years = 4 + 13.3 * pick() ** 0.7
    else:
        years = 16.5 * pick()
    return int(YEAR * years)


def _draw_period(chance: random.Random, birth: int, start: int, pathway: Pathway) -> Period:
    eighteenth = add_years(birth, 18)
    exponential = chance.expovariate
    if pathway is Pathway.HOME:
        days = 5 + exponential(1 / 60) if chance.random() < 0.42 else 30 + exponential(1 / 520)
        reason = "E4A" if chance.random() < 0.84 else "E4B"
    elif pathway is Pathway.GUARDIANSHIP:
        days, reason = 200 + chance.gammavariate(2, 190), _drawn(chance, GUARDIANSHIP_REASONS)
    elif pathway is Pathway.ADOPTION:
        days, reason = 400 + chance.gammavariate(2.2, 195), "E12" if chance.random() < 0.75 else "E11"
    elif pathway is Pathway.TRANSFER:
        days, reason = 10 + exponential(1 / 330), _drawn(chance, TRANSFER_REASONS)
    elif pathway is Pathway.UNACCOMPANIED and chance.random() < 0.2:
        days, reason = 15 + exponential(1 / 45), "E3" if chance.random() < 0.75 else "E15"
    else:
        days, reason = eighteenth - start, ""
    end = start + int(days)
    if end >= eighteenth or not reason:
        return Period(start, eighteenth, pathway, _drawn(chance, EIGHTEEN_REASONS))
    return Period(start, end, pathway, reason)


def _drawn(chance: random.Random, weights: dict[str, float]) -> str:
    return chance.choices(tuple(weights), tuple(weights.values()))[0]


def _draw_cases(chance: random.Random, life: CareLife, rates: CareRates) -> list[Case]:
    """One case around every period of care, or around several when the child returns before it has closed."""
    cases: list[Case] = []
    twenty_first = add_years(life.birth, 21)
    eighteenth = add_years(life.birth, 18)
    for period in life.periods:
        closure = _closure(chance, period, eighteenth, twenty_first)
        if cases and period.start <= cases[-1].closure:
            cases[-1].closure, cases[-1].reason = closure, _closure_reason(period)
            continue
        referral = _referral_before(chance, life, period, cases)
        assessed = min(add_working_days(referral, 8 + int(36 * chance.random())), closure)
        case = Case(referral, closure, _closure_reason(period), assessed=assessed, care_entry=period.start)
        if period.start - referral > 130 and chance.random() < rates.plan_before_care:
            plan_start = referral + 25 + int(40 * chance.random())
            days = min(period.start - plan_start, 60 + int(chance.expovariate(1 / rates.plan_days)))
            earlier = sum(len(past.plans) for past in cases)
            case.plans.append(PlanOutline(plan_start, plan_start + days, earlier))
        cases.append(case)
    return cases


def _referral_before(chance: random.Random, life: CareLife, period: Period, cases: list[Case]) -> int:
    if life.unaccompanied or (life.transferred and not cases):
        return period.start
    lead = chance.expovariate(1 / 25) if chance.random() < 0.45 else 60 + chance.expovariate(1 / 380)
    referral = max(period.start - int(lead), life.birth - 150)
    return max(referral, cases[-1].closure + 1) if cases else referral


def _closure_reason(period: Period) -> str:
    return CLOSURE_BY_REASON.get(period.reason, "RC7")


def _closure(chance: random.Random, period: Period, eighteenth: int, twenty_first: int) -> int:
    """When the case closes: at once after an order or a transfer; a care leaver's is often open until 21."""
    if period.reason in CLOSURE_BY_REASON and period.reason != "E7":
        return period.end
    if period.end >= eighteenth:
        return twenty_first if chance.random() < 0.55 else eighteenth + int(chance.expovariate(1 / 60))
    return min(period.end + 20 + int(chance.expovariate(1 / 150)), eighteenth)
