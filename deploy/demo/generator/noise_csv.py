"""Noise of format in a CSV file."""

from __future__ import annotations

import csv
import io
import random
import re
from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial

from deploy.demo.generator.noise_kinds import ENCODINGS, NOT_ASCII, Noise, Written, shuffled_places

_Rows = list[list[str]]
_DATE = re.compile(r"\d\d/\d\d/\d{4}")
_ERAS = {"SEX": {"M": "1", "F": "2", "1": "M", "2": "F"}, "PLACE": {"H5": "K3", "K3": "H5"}}
_ADDED = {"LA": "made up", "COLLECTION_YEAR": "2025", "NOTES": NOT_ASCII}
_LOOKED_UP = "PCDS"
"""The column of a postcode directory, which is no return and is left alone."""


def noisy_csv(text: str, chosen: Collection[Noise], chance: random.Random) -> list[Written] | None:
    """A CSV file with the noise that was chosen, in one part or several; None for a file that is no return."""
    header, *rows = csv.reader(io.StringIO(text))
    if _LOOKED_UP in (name.upper() for name in header):
        return None
    if Noise.CODE_ERAS in chosen:
        rows = [
            [_ERAS.get(name, {}).get(value, value) for name, value in zip(header, row, strict=True)] for row in rows
        ]
    if Noise.DATES in chosen:
        written = chance.choice(("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M:%S"))
        rows = [[_date(value, written) if _DATE.fullmatch(value) else value for value in row] for row in rows]
    encoding = chance.choice(ENCODINGS) if Noise.ENCODING in chosen else "utf-8"
    if Noise.MORE_COLUMNS in chosen or encoding == "cp1252":
        header = [*header, *_ADDED]
        rows = [[*row, *_ADDED.values()] for row in rows]
    if Noise.COLUMN_ORDER in chosen:
        places = shuffled_places(len(header), chance)
        header, rows = [header[place] for place in places], [[row[place] for place in places] for row in rows]
    if Noise.CASE in chosen:
        header, rows = [_any_case(name, chance) for name in header], [[value.lower() for value in row] for row in rows]
    if Noise.SPACES in chosen:
        header, rows = [f" {name} " for name in header], [[f" {value}  " for value in row] for row in rows]
    halves = [rows]
    if Noise.SPLIT in chosen:
        middle = chance.randrange(len(rows) + 1)
        halves = [rows[:middle], rows[middle:]]
    layout = _layout(chosen, chance)
    return [Written(layout([header, *half]), encoding) for half in halves]


def _of_other_era(name: str, value: str) -> str:
    return _ERAS.get(name, {}).get(value, value)


def _date(value: str, written: str) -> str:
    return datetime.strptime(value, "%d/%m/%Y").strftime(written)


def _any_case(name: str, chance: random.Random) -> str:
    """A name in other letters: small ones, or a capital first."""
    return name.lower() if chance.random() < 0.5 else name.title()


def _layout(chosen: Collection[Noise], chance: random.Random) -> Callable[[_Rows], str]:
    """How rows become text: delimiter, quotes, line ends, blank and short rows."""
    delimiter = chance.choice("\t;|") if Noise.DELIMITER in chosen else ","
    line_end = chance.choice(("\n", "\r")) if Noise.LINE_ENDS in chosen else "\r\n"
    dialect = partial(csv.writer, delimiter=delimiter, lineterminator="")
    writer = partial(dialect, quoting=csv.QUOTE_ALL) if Noise.QUOTES in chosen else dialect

    def line(row: list[str]) -> str:
        text = io.StringIO()
        writer(text).writerow(row)
        return text.getvalue()

    def layout(rows: _Rows) -> str:
        width = len(rows[0])
        lines = [line(row) for row in rows]
        if Noise.SHORT_ROWS in chosen:
            short = [line(_without_trailing_blanks(row)) for row in rows]
            lines = [lines[0], *short[1:-1], *lines[1:][-1:]]
        if Noise.BLANK_ROWS in chosen:
            lines = [found for each in lines for found in (each, *_blank_rows(delimiter * (width - 1), chance))]
            lines += ["", delimiter * (width - 1), "", ""]
        return "".join(f"{each}{line_end}" for each in lines)

    return layout


def _without_trailing_blanks(row: list[str]) -> list[str]:
    last = max((place for place, value in enumerate(row) if value.strip()), default=0)
    return row[: last + 1]


def _blank_rows(delimiters: str, chance: random.Random) -> list[str]:
    return [chance.choice(("", delimiters, "  "))] if chance.random() < 0.05 else []
