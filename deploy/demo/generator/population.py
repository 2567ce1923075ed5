"""Living a council's children through the years, one child after the other.

Lives begin long before the first year, so that its first 1 April finds the cases, plans and looked-after children that
a council would have; those over before it are forgotten at once. One child is in memory at a time.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from deploy.demo.generator.calibration import Settings, calibrate
from deploy.demo.generator.care_history import CareLife, draw_care_life, draw_life_after_transfer, draw_respite_life
from deploy.demo.generator.care_outcomes import (
    draw_allocations,
    draw_care_leaver_years,
    draw_checks,
    draw_incidents,
    draw_reviews,
)
from deploy.demo.generator.case_detail import CaseDetail, draw_detail
from deploy.demo.generator.child import Child, draw_child, draw_postcode
from deploy.demo.generator.council_rates import Council
from deploy.demo.generator.days import YEAR, to_weekday, year_end, year_start
from deploy.demo.generator.episodes import AdoptionDates, Episode, draw_episodes
from deploy.demo.generator.history import Adoption, CareRecord, History, HistoryWriter
from deploy.demo.generator.moves import Move
from deploy.demo.generator.need_history import Case, draw_need_life

NEED_WARM_UP_YEARS: Final = 14
CARE_WARM_UP_YEARS: Final = 22
YEARS_FROM_NEED_TO_CARE: Final = 4
"""How long before care a child's case may begin: children who enter after the last year are in need before its end."""


@dataclass(frozen=True)
class Part:
    """One of `of` equal parts of a council, which can be drawn apart from the others; `number` counts from 0."""

    number: int = 0
    of: int = 1

    @property
    def suffix(self) -> str:
        """What tells the part's own chance from that of the others; empty for the whole."""
        return f" {self.number} of {self.of}" if self.of > 1 else ""


WHOLE: Final = Part()


class Population:
    """A council's children as they are drawn: in need only, then looked after, then those who move in."""

    def __init__(
        self,
        la_code: str,
        settings: Settings,
        years: Sequence[int],
        chance: random.Random,
        *,
        moves_in: Sequence[Move] = (),
        part: Part = WHOLE,
    ) -> None:
        self._la_code = la_code
        self._settings = settings
        self._years = years
        self._chance = chance
        self._moves_in = moves_in
        self._part = part
        self._first, self._last = year_start(years[0]), year_end(years[-1])
        self._next_number = 1 + part.number

    def histories(self) -> Iterator[History]:
        """Every child that any file of the years could hold."""
        yield from self._children_in_need()
        yield from self._looked_after_children()
        for move in self._moves_in:
            yield self._moved_in(move)

    def _next_id(self) -> str:
        number = self._next_number
        self._next_number += self._part.of
        return f"{self._la_code}{number:06d}"

    def _arrivals(self, a_year: float, warm_up_years: int, years_after: int = 0) -> Iterator[int]:
        """The days on which children arrive, evenly at random, from the warm-up to so many years after the last."""
        day = self._first - warm_up_years * YEAR
        a_day = a_year / YEAR / self._part.of
        while True:
            day += self._chance.expovariate(a_day)
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

    def _children_in_need(self) -> Iterator[History]:
        """Children who are never looked after, with their cases that touch the years."""
        settings, chance = self._settings, self._chance
        for day in self._arrivals(settings.need_arrivals, NEED_WARM_UP_YEARS):
            life = draw_need_life(chance, to_weekday(day), self._last, settings.need)
            cases = self._detailed(life.cases)
            if cases:
                yield History(draw_child(chance, self._next_id(), life.birth), cases)

    def _looked_after_children(self) -> Iterator[History]:
        """Looked-after children and care leavers, with their record and their cases that touch the years."""
        settings, chance = self._settings, self._chance
        for day in self._arrivals(settings.care_arrivals, CARE_WARM_UP_YEARS, YEARS_FROM_NEED_TO_CARE):
            life = draw_care_life(chance, day, settings.care)
            over = max(life.cases[-1].closure, life.birth + 22 * YEAR)
            if over >= self._first and life.cases[0].referral <= self._last:
                yield self._in_care(life)
        for day in self._arrivals(settings.respite_arrivals, CARE_WARM_UP_YEARS):
            life = draw_respite_life(chance, day)
            if life.cases[-1].closure >= self._first:
                yield self._in_care(life)

    def _in_care(self, life: CareLife) -> History:
        child = draw_child(self._chance, self._next_id(), life.birth, unaccompanied=life.unaccompanied)
        return self._with_record(child, life)

    def _with_record(self, child: Child, life: CareLife) -> History:
        record = self._record(child, life)
        return History(child, self._detailed(life.cases), record)

    def _moved_in(self, move: Move) -> History:
        """A child of another council, who keeps its pupil number and becomes another child by its id."""
        child = replace(move.child, child_id=self._next_id())
        settings, chance = self._settings, self._chance
        if move.looked_after:
            alone = move.unaccompanied
            life = draw_life_after_transfer(chance, child.birth, move.day, settings.care, unaccompanied=alone)
            return self._with_record(child, life)
        need = draw_need_life(chance, to_weekday(move.day), self._last, settings.need, birth=child.birth)
        return History(child, self._detailed(need.cases))

    def _record(self, child: Child, life: CareLife) -> CareRecord:
        settings, chance, years = self._settings, self._chance, self._years
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


def council_histories(
    council: Council,
    years: Sequence[int],
    *,
    scale: float = 1,
    seed: int | str = 0,
    moves_in: Sequence[Move] = (),
    part: Part = WHOLE,
) -> Iterator[History]:
    """The histories of a council's children, or of a part of them; always the same for the same arguments.

    Raises ValueError for no years, or years with a gap.
    """
    if not years or list(years) != list(range(years[0], years[0] + len(years))):
        raise ValueError("years must follow each other")
    chance = random.Random(f"{seed} {council.la_code}")
    settings = calibrate(council.scaled(scale), chance)
    if part.suffix:
        chance = random.Random(f"{seed} {council.la_code}{part.suffix}")
    return Population(council.la_code, settings, years, chance, moves_in=moves_in, part=part).histories()


def write_histories(
    council: Council, years: Sequence[int], writers: Sequence[HistoryWriter], *, scale: float = 1, seed: int | str = 0
) -> None:
    """Gives every history of a council to each writer, one child after the other.

    Raises ValueError for no years, or years with a gap.
    """
    for history in council_histories(council, years, scale=scale, seed=seed):
        for writer in writers:
            writer.write(history)
