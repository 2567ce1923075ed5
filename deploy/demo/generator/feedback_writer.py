"""Feedback as CSV, two files a year: who could have answered a questionnaire, and what was answered."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Final

from deploy.demo.generator.council_rates import Council
from deploy.demo.generator.csv_writer import CsvFiles
from deploy.demo.generator.days import british, completed_years, year_end
from deploy.demo.generator.feedback_answers import VOICE, draw_answers, draw_voice, has_social_worker, known_in_year
from deploy.demo.generator.history import History
from frameworks.feedback_forms import FORMS

_FORM = "RESPONDENT,INSTRUMENT,VERSION,AGE_FORM"
COLUMNS: Final = {
    "invitations": f"{_FORM},RESPONDED,SEX,DOB,ETHNIC",
    "answers": f"{_FORM},QUESTION,ANSWER",
}
"""The header line of each file."""

RESPONSE_RATES: Final = (0.23, 0.55)
"""The lowest and highest share of people who answer, by council (indicators reference 8)."""
COUNCILS_DIFFER: Final = 0.2
"""Standard deviation, between councils, of how well people fare."""
ANONYMOUS: Final = 0.2
"""How often a council's survey does not tell who answered."""


class FeedbackWriter:
    """Writes the feedback files of every year, a child at a time."""

    def __init__(self, files: CsvFiles, council: Council, years: Sequence[int], seed: int | str) -> None:
        self._files = files
        self._years = years
        self._seed = f"{seed} {council.la_code}"
        self._chance = random.Random(f"{self._seed} feedback")
        self._fares = self._chance.gauss(0, COUNCILS_DIFFER)
        self._response = {form: self._chance.uniform(*RESPONSE_RATES) for form in FORMS}
        self._anonymous = {form for form in FORMS if form != VOICE and self._chance.random() < ANONYMOUS}
        self._tokens = 0

    def write(self, history: History) -> None:
        """Writes what the files hold of a child: an invitation to every form that is for it, and its answers."""
        for year in self._years:
            day = year_end(year)
            for form in _forms_for(history, year, day):
                answers: dict[str, str] = {}
                if form == VOICE:
                    answers = draw_voice(self._seed, history, year)
                elif self._chance.random() < self._response[form]:
                    answers = draw_answers(self._chance, form, self._fares)
                self._write_form(history, year, form, answers)

    def _write_form(self, history: History, year: int, form: str, answers: dict[str, str]) -> None:
        child = history.child
        which = (FORMS[form].instrument, FORMS[form].version, FORMS[form].age_form)
        invited = answered = child.child_id
        born = child.birth <= year_end(year)
        about = ("M" if child.male else "F", british(child.birth), child.ethnicity) if born else ("", "", "")
        if form in self._anonymous:
            self._tokens += 1
            invited, answered, about = f"I{self._tokens}", f"A{self._tokens}", ("", "", "")
        self._files.row(year, "invitations", invited, *which, "1" if answers else "0", *about)
        for question, answer in answers.items():
            self._files.row(year, "answers", answered, *which, question, answer)


def _forms_for(history: History, year: int, day: int) -> Iterator[str]:
    """The forms that are for a child on 31 March."""
    age, record = completed_years(history.child.birth, day), history.care
    looked_after = record is not None and any(
        period.start <= day < period.end for period in record.life.periods if not record.life.respite
    )
    if looked_after and 4 <= age < 18:
        yield "ylyc_1_4_7" if age < 8 else "ylyc_1_8_11" if age < 11 else "ylyc_1_11_18"
    elif record is not None and year in record.care_leaver_years:
        yield "ylbc_1_16_25"
    elif 11 <= age < 18 and has_social_worker(history, day):
        yield "ons4_1_11_18"
    if known_in_year(history, year):
        yield VOICE
