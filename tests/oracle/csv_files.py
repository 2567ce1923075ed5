"""The CSV files of one year's folder, each kind known by a column that no other kind has."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache
from pathlib import Path

LOOKED_AFTER = {
    "episodes": "DECOM",
    "oc2": "SDQ_SCORE",
    "oc3": "IN_TOUCH",
    "missing": "MIS_START",
    "social_worker": "SW_ID",
    "uasc": "DUC",
    "ad1": "DATE_INT",
    "placed_for_adoption": "DATE_PLACED",
    "header": "MOTHER",
}
OTHERS = {
    "moves": "MOVE_DATE",
    "suspensions": "SUSPENSIONS",
    "attendance": "SESSIONS_MISSED",
    "attainment": "STAGE",
    "school_census": "SEN",
    "invitations": "RESPONDED",
    "answers": "ANSWER",
    "families": "CLOSED_DATE",
    "needs": "LAPSED_DATE",
    "postcodes": "PCDS",
}

Row = dict[str, str]
Files = dict[str, list[Row]]
"""The rows of each kind of file that is there, in the order of the files' names, then of the lines."""


def read_folder(folder: Path) -> Files:
    """Every CSV file under a folder: text trimmed and in capitals."""
    found: dict[str, list[Row]] = defaultdict(list)
    for path in sorted(folder.rglob("*.csv"), key=str):
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            names = {name.strip().upper() for name in reader.fieldnames or ()}
            kind = next(kind for kind, column in (LOOKED_AFTER | OTHERS).items() if column in names)
            found[kind] += [
                {column.strip().upper(): (value or "").strip().upper() for column, value in row.items()}
                for row in reader
            ]
    return dict(found)


@cache
def to_date(text: str) -> date | None:
    """A date dd/mm/yyyy; anything else is none."""
    try:
        return datetime.strptime(text, "%d/%m/%Y").date()
    except ValueError:
        return None


def to_whole(text: str, low: int, high: int) -> int | None:
    """A whole number from `low` to `high`; anything else is none."""
    digits = text.removeprefix("-")
    number = int(text) if digits.isascii() and digits.isdecimal() else None
    return number if number is not None and low <= number <= high else None


def to_parts(text: str, parts: int, low: int, high: int) -> int | None:
    """A number from `low` to `high` in so many parts of one, halves away from zero; anything else is none."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return int((number * parts).quantize(Decimal(1), ROUND_HALF_UP)) if low <= number <= high else None
