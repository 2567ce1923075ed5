"""One invented child's unique pupil numbers, and what schools know of the child, badly linked at times."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from random import Random

from tests.oracle.dates import add_months
from tests.oracle.random_values import ethnicity_code, messy_case, sex_code

Rows = list[dict[str, str]]

_NONE = ("", "UN1", "UN7", "A123", "A11111111111B", "I12345678901B")
"""What is no pupil number."""


def _number(number: int, which: str = "0") -> str:
    return f"A{90_000_000_000 - 7 * number}{which}"


def pupil_number(random: Random, number: int) -> str:
    """The child's number; at times a later one, that of another child, or none."""
    kind = random.random()
    if kind < 0.7:
        return messy_case(random, _number(number))
    if kind < 0.78:
        return _number(number, "B")
    return _number(number ^ 1) if kind < 0.84 else random.choice(_NONE)


def august_birth(random: Random, year: int) -> str:
    """A date of birth at which 5 or 16 is reached at the beginning of the school year, or thereabouts."""
    born = add_months(date(year - 1, 8, 31), -12 * random.choice((5, 5, 16, 16, 10)))
    return (born + timedelta(days=random.choice((0, 0, 1, -100)))).strftime("%d/%m/%Y")


def _who(random: Random, number: int, year: int) -> dict[str, str]:
    kind = random.random()
    child = random.choice((f"C{number:04d}", f"c{number:04d}"))
    return {
        "UPN": "" if 0.45 < kind < 0.6 else pupil_number(random, number),
        "CHILD_ID": "" if kind < 0.45 else child,
        "SEX": sex_code(random, year),
        "DOB": random.choice(("", august_birth(random, year))),
        "ETHNIC": random.choice(("", ethnicity_code(random))),
    }


def _attendance(random: Random) -> dict[str, str]:
    possible = random.choice((0, 1, 10, 20, 100, 190, 300))
    missed = random.choice((0, possible // 10, possible // 10 - 1, possible // 2, possible // 2 - 1, possible))
    shown = random.choice((str(possible),) * 9 + ("", "1001", "x"))
    return {"SESSIONS_POSSIBLE": shown, "SESSIONS_MISSED": random.choice((str(missed),) * 9 + (str(possible + 1), ""))}


def _attainment(random: Random) -> dict[str, str]:
    grades = ("9", "5", "5", "4", "4", "3", "1", "U", "u", "", "X")
    return {
        "STAGE": random.choice(("EYFSP", "KS2", "KS4", "KS4", "ks4", "", "KS3")),
        "EXPECTED": random.choice(("1", "1", "0", "", "Y")),
        "ATTAINMENT8": random.choice(("0", "17.3", "46.05", "46.04", "90", "90.1", "-1", "", "x", "12")),
        "PROGRESS8": random.choice(("-1.59", "0.125", "-0.125", "-10", "10", "10.5", "", "0", "x", "-0.03")),
        "ENGLISH_GRADE": random.choice(grades),
        "MATHS_GRADE": random.choice(grades),
    }


def _move(random: Random, year: int, care_began: list[str]) -> dict[str, str]:
    end = date(year, 3, 31)
    boundaries = (
        end,
        date(year - 1, 4, 1),
        date(year - 1, 7, 31),
        date(year - 1, 8, 1),
        date(year - 1, 9, 30),
        date(year - 1, 10, 1),
        date(year - 2, 10, 1),
        date(year - 2, 4, 1),
        date(year - 2, 3, 31),
    )
    starts = [datetime.strptime(text, "%d/%m/%Y").date() for text in care_began]
    day = random.choice((*boundaries, *starts, *starts)) + timedelta(days=random.choice((0, 0, 0, -1, 1)))
    return {"MOVE_DATE": random.choice((day.strftime("%d/%m/%Y"),) * 9 + ("31/02/2024",))}


def school_rows(random: Random, number: int, year: int, care_began: list[str]) -> dict[str, Rows]:
    """The child's rows in the education files of a year, by kind."""
    files: dict[str, Rows] = defaultdict(list)

    def add(kind: str, likely: float, own: dict[str, str]) -> None:
        if random.random() < likely:
            files[kind].append(_who(random, number, year) | own)

    for likely in (0.7, 0.2):
        add("attendance", likely, _attendance(random))
        counts = ("0", "0", "1", "3", "", "-1", "401")
        own = {"SUSPENSIONS": random.choice(counts[:5]), "PERMANENT_EXCLUSIONS": random.choice(counts)}
        add("suspensions", likely, own)
        sen = random.choice(("E", "EHCP", "k", "SUPPORT", "N", "NONE", "", "Z"))
        add("school_census", likely, {"SEN": sen, "FREE_SCHOOL_MEALS": random.choice(("1", "1", "0", "", "Y"))})
    for likely in (0.8, 0.5, 0.2):
        add("attainment", likely, _attainment(random))
        add("moves", likely / 2, _move(random, year, care_began))
    return files
