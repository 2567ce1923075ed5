"""Children in need: each child's cases, from referral to closure, with the child protection plans in them.

A life is drawn in two steps. This outline is cheap, so that years before the returns can be lived through and
forgotten; the detail of a case (`case_detail`) is drawn only if a return shows it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from deploy.demo.generator.days import YEAR, add_working_days, to_weekday

MAJORITY: Final = int(18 * YEAR)
"""Days of the longest childhood: histories of need end here, and no new case begins."""

UNASSESSED: Final = 0.15
"""How many cases of need rest on an assessment made before the referral."""


@dataclass(frozen=True, slots=True)
class NeedRates:
    """How one council's cases go, as probabilities, days, and factors on England's durations."""

    no_further_action: float
    not_in_need: float
    plan: float
    plan_days: float
    earlier_plan: float
    case_factor: float
    return_probability: float
    return_days: float
    assessment_on_time: float
    conference_on_time: float
    review_on_time: float


@dataclass(slots=True)
class PlanOutline:
    """A child protection plan: first and last day (a conference opens it), and how many the child had before."""

    start: int
    end: int
    earlier: int = 0


@dataclass(slots=True)
class Case:
    """One case. `reason` is the code of its closure; empty for a referral with no further action.

    `assessed` is the day its first assessment is authorised, if that is drawn with the outline; `care_entry` the day
    the child comes into care.
    """

    referral: int
    closure: int
    reason: str
    plans: list[PlanOutline] = field(default_factory=list)
    assessed: int | None = None
    care_entry: int | None = None

    @property
    def no_further_action(self) -> bool:
        """Whether the referral went no further."""
        return not self.reason


@dataclass(slots=True)
class NeedLife:
    """A child's cases in order. `birth` may be after the first referral: an unborn child."""

    birth: int
    cases: list[Case]


def draw_need_life(
    chance: random.Random, first_referral: int, horizon: int, rates: NeedRates, birth: int | None = None
) -> NeedLife:
    """The cases of a child first referred on a day, up to `horizon` or the child's majority; any age by default."""
    pick = chance.random
    if birth is None:
        birth = _draw_birth(pick, first_referral)
    last = min(horizon, birth + MAJORITY)
    cases: list[Case] = []
    referral = first_referral
    earlier = 1 + int(pick() < 0.3) if pick() < rates.earlier_plan else 0
    while referral < last:
        case = _draw_case(chance, referral, birth + MAJORITY, rates, earlier)
        earlier += len(case.plans)
        cases.append(case)
        if pick() >= rates.return_probability:
            break
        referral = to_weekday(case.closure + 1 + int(chance.expovariate(1 / rates.return_days)))
    return NeedLife(birth, cases)


def _draw_birth(pick: Callable[[], float], referral: int) -> int:
    where = pick()
    if where < 0.03:
        return referral + 20 + int(130 * pick())
    if where < 0.1:
        return referral - int(YEAR * pick())
    return referral - int(YEAR * (1 + 16 * pick()))


def _draw_case(chance: random.Random, referral: int, majority: int, rates: NeedRates, earlier: int) -> Case:
    pick = chance.random
    course = pick()
    if course < rates.no_further_action:
        return Case(referral, referral + 1, "")
    course -= rates.no_further_action
    if course < rates.not_in_need:
        closure = add_working_days(referral, assessment_days(chance, rates))
        return Case(referral, closure, "RC8" if pick() < 0.7 else "RC9", assessed=closure)
    plans: list[PlanOutline] = []
    factor = rates.case_factor
    if pick() < rates.plan * (1.6 if earlier else 0.9):
        closure = _draw_plans(chance, referral, majority, rates, earlier, plans)
    else:
        kind = pick()
        mean = 60 if kind < 0.59 else 230 if kind < 0.89 else 1800
        closure = referral + 45 + int(chance.expovariate(1 / max(10, mean * factor)))
    assessed = None if pick() < UNASSESSED else add_working_days(referral, assessment_days(chance, rates))
    closure = max(min(closure, majority), assessed or referral + 20)
    reason = "RC6" if closure == majority else "RC5" if pick() < 0.05 else "RC7"
    return Case(referral, closure, reason, plans, assessed)


def assessment_days(chance: random.Random, rates: NeedRates) -> int:
    """Working days from the start of an assessment to its authorisation; 45 are allowed, and most are used."""
    if chance.random() < rates.assessment_on_time:
        return int(8 + 37.9 * chance.random() ** 0.5)
    return 49 + int(chance.expovariate(1 / 25))


def _draw_plans(
    chance: random.Random, referral: int, majority: int, rates: NeedRates, earlier: int, plans: list[PlanOutline]
) -> int:
    """Fills `plans` and gives the day the case closes; none begins in the child's last hundred days of minority."""
    start = to_weekday(referral + 22 + int(chance.expovariate(1 / 40)))
    while start < majority - 100:
        end = min(start + 60 + int(chance.gammavariate(1.4, max(20, rates.plan_days - 60) / 1.4)), majority - 5)
        plans.append(PlanOutline(start, to_weekday(end), earlier + len(plans)))
        if chance.random() > 0.05:
            break
        start = to_weekday(end + 30 + int(chance.expovariate(1 / 120)))
    last = plans[-1].end if plans else start
    return last + 20 + int(chance.expovariate(1 / 110))
