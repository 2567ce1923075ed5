"""Living a council's children through the years, one child after the other, into the returns of each year.

Lives begin long before the first year, so that its first 1 April finds the cases, plans and looked-after children that
a council would have; those over before it are forgotten at once. One child is in memory at a time.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from deploy.demo.generator.calibration import Settings, calibrate
from deploy.demo.generator.care_history import CareLife, draw_care_life, draw_respite_life
from deploy.demo.generator.care_outcomes import (
    draw_allocations,
    draw_care_leaver_years,
    draw_checks,
    draw_incidents,
    draw_reviews,
)
from deploy.demo.generator.case_detail import CaseDetail, draw_detail
from deploy.demo.generator.child import Child, draw_child, draw_postcode
from deploy.demo.generator.cin_census_writer import CinCensusWriter
from deploy.demo.generator.council_rates import Council
from deploy.demo.generator.days import YEAR, to_weekday, year_end, year_start
from deploy.demo.generator.episodes import AdoptionDates, Episode, draw_episodes
from deploy.demo.generator.need_history import Case, draw_need_life
from deploy.demo.generator.ssda903_writer import Adoption, CareRecord, Ssda903Writer

NEED_WARM_UP_YEARS: Final = 14
CARE_WARM_UP_YEARS: Final = 22
YEARS_FROM_NEED_TO_CARE: Final = 4
"""How long before care a child's case may begin: children who enter after the last year are in need before its end."""


def write_returns(
    council: Council, folder: Path, years: Sequence[int], *, scale: float = 1, seed: int | str = 0
) -> None:
    """Writes SSDA903 and CIN census returns of a made-up council to `<folder>/<year>/` for consecutive years.

    The same council, years, scale and seed give the same bytes. `scale` multiplies the number of children. Raises
    ValueError for no years, or years with a gap.
    """
    if not years or list(years) != list(range(years[0], years[0] + len(years))):
        raise ValueError("years must follow each other")
    chance = random.Random(f"{seed} {council.la_code}")
    sized = council.scaled(scale)
    settings = calibrate(sized, chance)
    with ExitStack() as stack:
        care_files, census_files = [], []
        for year in years:
            (folder / str(year)).mkdir(parents=True, exist_ok=True)
            care_files.append(stack.enter_context(Ssda903Writer(folder / str(year), year)))
            census_files.append(stack.enter_context(CinCensusWriter(folder / str(year), year, council.la_code)))
        population = _Population(council.la_code, settings, tuple(years), chance)
        for child, cases in population.children_in_need():
            for census in census_files:
                census.write(child, cases)
        for record, cases in population.looked_after_children():
            for census in census_files:
                census.write(record.child, cases)
            for care in care_files:
                care.write(record)


class _Population:
    """A council's children as they are drawn, in order of their first day."""

    def __init__(self, la_code: str, settings: Settings, years: tuple[int, ...], chance: random.Random) -> None:
        self._la_code = la_code
        self._settings = settings
        self._years = years
        self._chance = chance
        self._first, self._last = year_start(years[0]), year_end(years[-1])
        self._drawn = 0

    def _next_id(self) -> str:
        self._drawn += 1
        return f"{self._la_code}{self._drawn:06d}"

    def _arrivals(self, a_year: float, warm_up_years: int, years_after: int = 0) -> Iterator[int]:
        """The days on which children arrive, evenly at random, from the warm-up to so many years after the last."""
        day = self._first - warm_up_years * YEAR
        while True:
            day += self._chance.expovariate(a_year / YEAR)
            if day > self._last + years_after * YEAR:
                return
            yield int(day)

    def _detailed(self, cases: Sequence[Case]) -> list[tuple[Case, CaseDetail]]:
        rates = self._settings.need
        return [
            (case, draw_detail(self._chance, case, rates, self._first, self._last))
            for case in cases
            if case.referral <= self._last and case.closure >= self._first
        ]

    def children_in_need(self) -> Iterator[tuple[Child, list[tuple[Case, CaseDetail]]]]:
        """Children who are never looked after, with their cases that touch the years."""
        settings, chance = self._settings, self._chance
        for day in self._arrivals(settings.need_arrivals, NEED_WARM_UP_YEARS):
            life = draw_need_life(chance, to_weekday(day), self._last, settings.need)
            cases = self._detailed(life.cases)
            if cases:
                yield draw_child(chance, self._next_id(), life.birth), cases

    def looked_after_children(self) -> Iterator[tuple[CareRecord, list[tuple[Case, CaseDetail]]]]:
        """Looked-after children and care leavers, with their record and their cases that touch the years."""
        settings, chance = self._settings, self._chance
        for day in self._arrivals(settings.care_arrivals, CARE_WARM_UP_YEARS, YEARS_FROM_NEED_TO_CARE):
            life = draw_care_life(chance, day, settings.care)
            over = max(life.cases[-1].closure, life.birth + 22 * YEAR)
            if over >= self._first and life.cases[0].referral <= self._last:
                yield self._record(life), self._detailed(life.cases)
        for day in self._arrivals(settings.respite_arrivals, CARE_WARM_UP_YEARS):
            life = draw_respite_life(chance, day)
            if life.cases[-1].closure >= self._first:
                yield self._record(life), self._detailed(life.cases)

    def _record(self, life: CareLife) -> CareRecord:
        settings, chance, years = self._settings, self._chance, self._years
        child = draw_child(chance, self._next_id(), life.birth, unaccompanied=life.unaccompanied)
        episodes: list[Episode] = []
        adoptions: dict[int, Adoption] = {}
        for period in life.periods:
            if period.start > self._last:
                continue
            found, dates = draw_episodes(chance, period, life.birth, settings.placements)
            episodes += found
            if dates:
                adoptions[period.end] = _draw_adopters(chance, dates)
        sixteenth = life.birth + int(16 * YEAR)
        mother_of = None
        if not child.male and chance.random() < 0.02:
            mother_of = sixteenth + int(700 * chance.random())
        return CareRecord(
            child=child,
            life=life,
            need_code=_need_code(chance, life),
            home_postcode="" if life.unaccompanied else draw_postcode(chance),
            mother_of=mother_of,
            previous_permanence="Z1" if chance.random() < 0.96 else chance.choice(("P1", "P2", "P3")),
            episodes=episodes,
            adoptions=adoptions,
            checks=draw_checks(chance, life, years, settings.outcomes),
            care_leaver_years=draw_care_leaver_years(chance, life, years, settings.outcomes),
            incidents=draw_incidents(chance, life, years),
            allocations=draw_allocations(chance, life, self._first, self._last, settings.outcomes),
            reviews=draw_reviews(chance, life, self._first, self._last),
        )


def _need_code(chance: random.Random, life: CareLife) -> str:
    if life.unaccompanied:
        return "N8"
    if life.respite:
        return "N2"
    return chance.choices(("N1", "N2", "N3", "N4", "N5", "N6", "N8"), (66, 3, 3, 7, 14, 1, 6))[0]


def _draw_adopters(chance: random.Random, dates: AdoptionDates) -> Adoption:
    adopters = chance.choices(("MF", "F1", "M1", "MM", "FF"), (70, 10, 2, 10, 8))[0]
    legal_status = "L0" if "1" in adopters else chance.choice(("L11", "L11", "L11", "L12", "L2", "L3"))
    return Adoption(dates, adopters, legal_status)
