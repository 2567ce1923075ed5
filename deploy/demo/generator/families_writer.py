"""Families of the Supporting Families programme as CSV: when the work with each ended, and what came of its needs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

from deploy.demo.generator.council_rates import Council
from deploy.demo.generator.csv_writer import CsvFiles
from deploy.demo.generator.days import british, year_end, year_start
from deploy.demo.generator.families import Families
from deploy.demo.generator.history import History

COLUMNS: Final = {
    "families": "FAMILY_ID,CLOSED_DATE",
    "needs": "FAMILY_ID,NEED,OUTCOME_DATE,LAPSED_DATE",
}
"""The header line of each file."""

IN_PROGRAMME: Final = 0.3
"""How many of the families of children in need the programme works with."""
NEEDS: Final = {2: 6.0, 3: 40.0, 4: 28.0, 5: 16.0, 6: 10.0}
OUTCOME: Final = 0.9
LAPSES: Final = 0.06
"""Plausible shares: of needs that show an outcome, and of outcomes that do not last. None are published."""
HEADLINE_OUTCOMES: Final = 10


class FamiliesWriter:
    """Writes the files of every year: families worked with in it, and their needs as known on 31 March."""

    def __init__(self, files: CsvFiles, council: Council, years: Sequence[int], seed: int | str) -> None:
        self._files = files
        self._years = years
        self._chance = random.Random(f"{seed} {council.la_code} supporting families")
        self._families = Families(f"{seed} {council.la_code}")
        self._latest = ""

    def write(self, history: History) -> None:
        """Writes the family of a child, with the first of its children who has been in need."""
        family = self._families.family_of(history.child)
        cases = [case for case, _ in history.cases if not case.no_further_action]
        if family == self._latest or not cases:
            return
        self._latest = family
        chance = random.Random(self._chance.getrandbits(32))
        if chance.random() > IN_PROGRAMME:
            return
        opened = cases[0].referral
        closed = opened + 200 + int(chance.expovariate(1 / 200))
        needs = chance.sample(range(1, HEADLINE_OUTCOMES + 1), chance.choices(tuple(NEEDS), tuple(NEEDS.values()))[0])
        outcomes = {need: self._outcome(chance, opened, closed) for need in sorted(needs)}
        for year in self._years:
            last = year_end(year)
            if opened <= last and closed >= year_start(year):
                self._files.row(year, "families", family, british(closed) if closed <= last else "")
                for need, days in outcomes.items():
                    shown = (british(day) if day is not None and day <= last else "" for day in days)
                    self._files.row(year, "needs", family, str(need), *shown)

    @staticmethod
    def _outcome(chance: random.Random, opened: int, closed: int) -> tuple[int | None, int | None]:
        """The day from which a need shows an outcome and the day from which it no longer does, None for never.

        Work mostly goes on until an outcome has lasted for half a year.
        """
        if chance.random() > OUTCOME:
            return None, None
        late = chance.random() < 0.1
        since = closed - chance.randrange(184) if late else closed - 184 - chance.randrange(120)
        since = max(opened + 14, since)
        lapsed = since + 30 + chance.randrange(300) if chance.random() < LAPSES else None
        return since, lapsed
