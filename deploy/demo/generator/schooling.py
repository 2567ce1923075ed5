"""A pupil's school years: attendance, exclusions, results, needs and moves, drawn so that they hang together.

A pupil keeps its nature: whoever misses much of one year mostly misses much of the next.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from statistics import NormalDist

from deploy.demo.generator.days import completed_years, day_number, year_end, year_start
from deploy.demo.generator.education_rates import SchoolRates

SEVERE_MEAN = 0.65
KEEPS = 0.7
"""How often a pupil's year is like the one before."""

STAGES = {4: "EYFSP", 10: "KS2", 15: "KS4"}
"""The stage that ends in the school year that begins at an age."""

FIRST_AGE, LAST_AGE = 4, 15
PROGRESS_8_UNTIL = 2024


@dataclass(frozen=True, slots=True)
class Attendance:
    """Sessions (half days) of six half-terms."""

    possible: int
    missed: int


@dataclass(frozen=True, slots=True)
class Result:
    """A result at the end of a stage, as written: empty where the stage has none."""

    stage: str
    expected: str = ""
    attainment8: str = ""
    progress8: str = ""
    english_grade: str = ""
    maths_grade: str = ""


@dataclass(frozen=True, slots=True)
class SchoolYear:
    """What the files of one year hold of a pupil."""

    attendance: Attendance
    suspensions: int
    exclusions: int
    result: Result | None
    sen: str
    free_meals: bool


def age_at_start(birth: int, year: int) -> int:
    """Age on 31 August before the school year of reference year `year`."""
    return completed_years(birth, day_number(year - 1, 8, 31))


class Pupil:
    """Draws the years of one pupil, in order."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._absence = chance.random()
        self._sen = chance.random()
        self._meals = chance.random()
        self._ability = chance.random()

    def year(self, birth: int, year: int, rates: SchoolRates) -> SchoolYear:
        """The school year of reference year `year`."""
        chance = self._chance
        if chance.random() > KEEPS:
            self._absence = chance.random()
        suspended = chance.random() < rates.suspended
        stage = STAGES.get(age_at_start(birth, year))
        plan, support = rates.care_plan, rates.care_plan + rates.support
        return SchoolYear(
            self._attendance(rates),
            1 + int(chance.expovariate(1 / 1.4)) if suspended else 0,
            int(chance.random() < rates.excluded),
            self._result(stage, year, rates) if stage else None,
            "EHCP" if self._sen < plan else "SUPPORT" if self._sen < support else "NONE",
            self._meals < rates.free_meals,
        )

    def _attendance(self, rates: SchoolRates) -> Attendance:
        chance = self._chance
        possible = 380 if chance.random() < 0.9 else 120 + chance.randrange(260)
        where = self._absence
        if where < rates.severe:
            share = 0.5 + 2 * (SEVERE_MEAN - 0.5) * chance.random()
            return Attendance(possible, math.ceil(share * possible))
        if where < rates.persistent:
            share = 0.1 + 0.4 * chance.random() ** _persistent_power(rates)
            return Attendance(possible, min(math.ceil(share * possible), (possible - 1) // 2))
        share = min(0.0999, rates.little * 2 * chance.random())
        return Attendance(possible, int(share * possible))

    def _result(self, stage: str, year: int, rates: SchoolRates) -> Result:
        chance = self._chance
        if stage == "EYFSP":
            return Result(stage, "1" if self._ability < rates.good_development else "0")
        if stage == "KS2":
            return Result(stage, "1" if self._ability < rates.expected else "0")
        rank = 1 - self._ability
        score = 0.0
        if rank >= rates.no_score:
            above = (rank - rates.no_score) / (1 - rates.no_score)
            mean = rates.attainment8 / (1 - rates.no_score)
            normal = NormalDist(mean, mean * 0.45).inv_cdf(min(0.9999, max(0.0001, above)))
            score = min(90.0, max(0.5, normal))
        lower = _lower_grade(self._ability, rates, chance)
        grades = [lower, min(9, lower + chance.choice((0, 0, 1, 2)))]
        chance.shuffle(grades)
        english, maths = (str(grade) if grade else "U" for grade in grades)
        progress = ""
        if year <= PROGRESS_8_UNTIL:
            progress = f"{min(4.0, max(-5.0, chance.gauss(rates.progress8, 1.3))):.2f}"
        return Result(stage, "", f"{score:.1f}", progress, english, maths)

    def moves(self, year: int, rates: SchoolRates) -> list[int]:
        """The days of a reference year, 1 April to 31 March, on which the pupil changes school."""
        chance = self._chance
        first, last = year_start(year), year_end(year)
        summer = range(day_number(year - 1, 8, 1), day_number(year - 1, 10, 1))
        days = []
        if chance.random() < rates.summer_moves:
            days.append(day_number(year - 1, 9, 1 + chance.randrange(8)))
        if chance.random() < rates.moves:
            day = chance.randrange(first, last + 1)
            while day in summer:
                day = chance.randrange(first, last + 1)
            days.append(day)
        return days


def _persistent_power(rates: SchoolRates) -> float:
    """The power of a uniform number at which the group misses as much as it does."""
    rest = rates.missed - rates.severe * SEVERE_MEAN - (1 - rates.persistent) * min(rates.little, 0.05)
    mean = rest / max(0.01, rates.persistent - rates.severe)
    return 0.4 / min(0.39, max(0.02, mean - 0.1)) - 1


def _lower_grade(ability: float, rates: SchoolRates, chance: random.Random) -> int:
    """The lower of the grades in English and mathematics; the able are those with a small number."""
    if ability < rates.grade_5:
        return 5 + min(4, int(chance.expovariate(1 / 0.9)))
    if ability < rates.grade_4:
        return 4
    if ability > 1 - rates.no_score:
        return 0
    return 1 + chance.randrange(3)
