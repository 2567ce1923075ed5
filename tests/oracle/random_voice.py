"""What one invented respondent says, and one invented family's needs."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from random import Random

from tests.oracle.dates import add_months
from tests.oracle.feedback import FORMS
from tests.oracle.random_values import Dates, ethnicity_code, messy_case, sex_code

Rows = list[dict[str, str]]


def _form(form: str) -> dict[str, str]:
    instrument, version, age = form.replace("ssd_voice", "ssd-voice").split("_", 2)
    return {"INSTRUMENT": instrument.replace("-", "_"), "VERSION": version, "AGE_FORM": age}


def voice_rows(random: Random, number: int, year: int) -> dict[str, Rows]:
    """The person's rows in the files of feedback, by kind."""
    files: dict[str, Rows] = defaultdict(list)
    for form in random.sample([*FORMS, "ylyc_2_4_7"], 2):
        who = {"RESPONDENT": random.choice((f"r{number:04d}",) * 9 + (f"R{number:04d}", "")), **_form(form)}
        for _ in range(random.choice((0, 1, 1, 1, 2))):
            born = Dates(random, year).birth((4, 5, 9, 10, 15, 16, 18))
            files["invitations"].append(
                who
                | {
                    "RESPONDED": random.choice(("1", "1", "1", "0", "0", "", "Y")),
                    "SEX": sex_code(random, year),
                    "DOB": "" if born is None else born.strftime("%d/%m/%Y"),
                    "ETHNIC": ethnicity_code(random),
                }
            )
        for question, answers in FORMS.get(form, {"trusted_adult": {"yes"}}).items():
            for _ in range(random.choice((0, 1, 1, 1, 1, 2))):
                answer = (
                    random.choice(sorted(answers)) if random.random() < 0.95 else random.choice(("11", "perhaps", ""))
                )
                asked = question if random.random() < 0.97 else "no_such_question"
                files["answers"].append(who | {"QUESTION": asked, "ANSWER": messy_case(random, answer)})
    return files


def family_rows(random: Random, number: int, year: int) -> dict[str, Rows]:
    """The family's rows in the files of families, by kind."""
    files: dict[str, Rows] = defaultdict(list)
    end = date(year, 3, 31)

    def near(*days: date) -> str:
        return (random.choice(days) + timedelta(days=random.choice((-1, 0, 0, 1)))).strftime("%d/%m/%Y")

    family = f"F{number:04d}"
    for _ in range(random.choice((0, 1, 1, 1, 1, 2))):
        closed = random.choice((near(end, date(year - 1, 3, 31)), near(end), "", "31/02/2024"))
        files["families"].append({"FAMILY_ID": messy_case(random, family), "CLOSED_DATE": closed})
    held = random.random() < 0.7
    for _ in range(random.choice((0, 2, 3, 3, 3, 4, 6))):
        outcome = add_months(end, -random.choice((6, 6, 7, 12) if held else (1, 6)))
        outcome += timedelta(days=random.choice((0, 0, 0, -1, 1)))
        over = add_months(outcome, 6)
        lapsed = random.choice(("", "", "", near(over), near(over), near(outcome)))
        files["needs"].append(
            {
                "FAMILY_ID": random.choice((family,) * 12 + ("F9999", "")),
                "NEED": random.choice(("1", "2", "3", "4", "5", "6", "10", "10", "11", "0", "x")),
                "OUTCOME_DATE": outcome.strftime("%d/%m/%Y") if random.random() < 0.95 else "",
                "LAPSED_DATE": lapsed if not held or random.random() < 0.3 else "",
            }
        )
    return files
