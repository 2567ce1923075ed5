"""How children known to social care fare at school, by group: England's published figures of 2025 (indicators
reference 7), where there are none those of children in need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from deploy.demo.generator.care_outcomes import looked_after_all_year
from deploy.demo.generator.council_rates import Council
from deploy.demo.generator.days import year_end
from deploy.demo.generator.history import History


class Group(Enum):
    """What a pupil is to social care on 31 March; the first that holds, from below."""

    UNKNOWN = "not known"
    KNOWN = "known, but no open case"
    IN_NEED = "in need only"
    PROTECTED = "on a child protection plan"
    LOOKED_AFTER = "looked after"
    LOOKED_AFTER_ALL_YEAR = "looked after for twelve months"


def group_on_31_march(history: History, year: int) -> Group:
    """The group of a child on 31 March (indicators reference 4.2)."""
    day = year_end(year)
    record = history.care
    if record is not None and any(period.start <= day < period.end for period in record.life.periods):
        if looked_after_all_year(record.life, year):
            return Group.LOOKED_AFTER_ALL_YEAR
        if not record.life.respite:
            return Group.LOOKED_AFTER
    open_cases = [
        (case, detail)
        for case, detail in history.cases
        if case.referral <= day < case.closure and not case.no_further_action
    ]
    if any(plan.start <= day < plan.end for _, detail in open_cases for plan in detail.plans):
        return Group.PROTECTED
    return Group.IN_NEED if open_cases else Group.KNOWN


@dataclass(frozen=True)
class SchoolRates:
    """A group's shares, from 0 to 1, and mean scores. `missed` is sessions missed over sessions possible.

    `little` is the mean share that pupils miss who miss less than a tenth, `no_score` the share of pupils whose
    Attainment 8 is 0. Moves are counted a year: within the school year, and in the summer between two.
    """

    missed: float
    persistent: float
    severe: float
    little: float
    suspended: float
    excluded: float
    good_development: float
    expected: float
    attainment8: float
    no_score: float
    progress8: float
    grade_4: float
    grade_5: float
    care_plan: float
    support: float
    free_meals: float
    moves: float
    summer_moves: float


_IN_NEED: Final = SchoolRates(
    missed=0.174,
    persistent=0.46,
    severe=0.113,
    little=0.042,
    suspended=0.1424,
    excluded=0.0103,
    good_development=0.396,
    expected=0.30,
    attainment8=17.3,
    no_score=0.26,
    progress8=-1.59,
    grade_4=0.181,
    grade_5=0.097,
    care_plan=0.314,
    support=0.219,
    free_meals=0.617,
    moves=0.11,
    summer_moves=0.05,
)
_PROTECTED: Final = replace(
    _IN_NEED,
    missed=0.218,
    persistent=0.554,
    severe=0.154,
    good_development=0.336,
    expected=0.32,
    attainment8=16.9,
    progress8=-1.86,
    grade_4=0.166,
    grade_5=0.085,
)
_LOOKED_AFTER: Final = replace(
    _IN_NEED,
    missed=0.09,
    persistent=0.203,
    severe=0.064,
    little=0.032,
    suspended=0.1455,
    good_development=0.429,
    expected=0.35,
    attainment8=17.3,
    progress8=-1.31,
    grade_4=0.174,
    grade_5=0.094,
    care_plan=0.339,
    support=0.273,
    free_meals=0.4,
    moves=0.083,
    summer_moves=0.034,
)
_ANY_PUPIL: Final = SchoolRates(
    missed=0.0678,
    persistent=0.1814,
    severe=0.0239,
    little=0.035,
    suspended=0.0404,
    excluded=0.00129,
    good_development=0.683,
    expected=0.63,
    attainment8=46.0,
    no_score=0.02,
    progress8=-0.03,
    grade_4=0.648,
    grade_5=0.454,
    care_plan=0.053,
    support=0.142,
    free_meals=0.257,
    moves=0.03,
    summer_moves=0.02,
)
_KNOWN: Final = replace(
    _IN_NEED,
    missed=0.13,
    persistent=0.36,
    severe=0.07,
    suspended=0.11,
    excluded=0.006,
    good_development=0.5,
    expected=0.43,
    attainment8=27.0,
    no_score=0.12,
    progress8=-0.9,
    grade_4=0.35,
    grade_5=0.2,
    care_plan=0.15,
)


def school_rates(council: Council) -> Mapping[Group, SchoolRates]:
    """A council's rates by group: England's, with as much absence as the council has."""
    looked_after = _with_absence(_LOOKED_AFTER, council.absence_persistent_cla12)
    in_need = _with_absence(_IN_NEED, council.absence_persistent_cino)
    return {
        Group.UNKNOWN: _ANY_PUPIL,
        Group.KNOWN: _KNOWN,
        Group.IN_NEED: in_need,
        Group.PROTECTED: _with_absence(_PROTECTED, council.absence_persistent_cppo),
        Group.LOOKED_AFTER: replace(looked_after, moves=0.25),
        Group.LOOKED_AFTER_ALL_YEAR: looked_after,
    }


def _with_absence(rates: SchoolRates, persistent: float) -> SchoolRates:
    factor = min(1.6, max(0.4, persistent / 100 / rates.persistent))
    return replace(
        rates,
        missed=rates.missed * factor,
        persistent=rates.persistent * factor,
        severe=rates.severe * factor,
    )
