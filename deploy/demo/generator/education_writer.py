"""Education files as CSV, one set a year: pupils of school age whom social care knows, and some whom it does not.

Most rows bear the pupil number and the council's own child id; some bear one of the two, as schools' and virtual
schools' lists do.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Final

from deploy.demo.generator.child import Child, draw_child
from deploy.demo.generator.council_rates import Council
from deploy.demo.generator.csv_writer import CsvFiles
from deploy.demo.generator.days import YEAR, british, year_end
from deploy.demo.generator.education_rates import Group, group_on_31_march, school_rates
from deploy.demo.generator.history import History
from deploy.demo.generator.schooling import FIRST_AGE, LAST_AGE, Pupil, SchoolYear, age_at_start

_PUPIL = "UPN,CHILD_ID,SEX,DOB,ETHNIC"
COLUMNS: Final = {
    "attendance": f"{_PUPIL},SESSIONS_POSSIBLE,SESSIONS_MISSED",
    "suspensions": f"{_PUPIL},SUSPENSIONS,PERMANENT_EXCLUSIONS",
    "attainment": f"{_PUPIL},STAGE,EXPECTED,ATTAINMENT8,PROGRESS8,ENGLISH_GRADE,MATHS_GRADE",
    "school_census": f"{_PUPIL},SEN,FREE_SCHOOL_MEALS",
    "school_moves": f"{_PUPIL},MOVE_DATE",
}
"""The header line of every file."""

OTHERS: Final = 0.25
"""Pupils whom social care does not know, for each whom it knows: enough for the reader to have to tell them apart."""
MATCHED: Final = 0.94
NUMBER_ONLY: Final = 0.15
CHILD_ID_ONLY: Final = 0.05


class EducationWriter:
    """Writes the education files of every year, a child at a time."""

    def __init__(self, files: CsvFiles, council: Council, years: Sequence[int], seed: int | str) -> None:
        self._files = files
        self._years = years
        self._rates = school_rates(council)
        self._chance = random.Random(f"{seed} {council.la_code} education")
        self._others = 0

    def write(self, history: History) -> None:
        """Writes what the files hold of a child with a case in the years, and perhaps of another pupil beside it."""
        chance = self._chance
        own = random.Random(chance.getrandbits(32))
        other = random.Random(chance.getrandbits(32))
        if history.cases and own.random() < MATCHED:
            groups = [group_on_31_march(history, year) for year in self._years]
            self._write_pupil(own, history.child, groups)
        if other.random() < OTHERS:
            self._others += 1
            birth = year_end(self._years[-1]) - int(YEAR * (4 + 14 * other.random()))
            child = draw_child(other, f"{history.child.child_id}9", birth)
            self._write_pupil(other, child, [Group.UNKNOWN] * len(self._years))

    def _write_pupil(self, chance: random.Random, child: Child, groups: Sequence[Group]) -> None:
        pupil = Pupil(chance)
        earlier: list[int] = []
        for year, group in zip(self._years, groups, strict=True):
            if not FIRST_AGE <= age_at_start(child.birth, year) <= LAST_AGE:
                continue
            rates = self._rates[group]
            moves = pupil.moves(year, rates)
            for kind, values in _rows(pupil.year(child.birth, year, rates)):
                self._files.row(year, kind, *self._who(chance, child, group), *values)
            for day in (*earlier, *moves):
                self._files.row(year, "school_moves", *self._who(chance, child, group), british(day))
            earlier = moves

    def _who(self, chance: random.Random, child: Child, group: Group) -> tuple[str, ...]:
        upn, child_id = child.upn, child.child_id
        which = chance.random()
        if group is Group.UNKNOWN or which < NUMBER_ONLY:
            child_id = ""
        elif which > 1 - CHILD_ID_ONLY:
            upn = ""
        return upn, child_id, "M" if child.male else "F", british(child.birth), child.ethnicity


def _rows(year: SchoolYear) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "attendance", (str(year.attendance.possible), str(year.attendance.missed))
    yield "suspensions", (str(year.suspensions), str(year.exclusions))
    yield "school_census", (year.sen, "1" if year.free_meals else "0")
    if year.result is not None:
        result = year.result
        scores = (result.attainment8, result.progress8, result.english_grade, result.maths_grade)
        yield "attainment", (result.stage, result.expected, *scores)
