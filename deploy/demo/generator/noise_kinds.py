"""The kinds of noise of format, and what both kinds of file need of it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Noise(StrEnum):
    """A way in which a file may be written differently."""

    ENCODING = "encoding"
    COLUMN_ORDER = "column order"
    MORE_COLUMNS = "more columns"
    DELIMITER = "delimiter"
    CASE = "case"
    LINE_ENDS = "line ends"
    QUOTES = "quotes"
    CODE_ERAS = "code eras"
    DATES = "dates"
    BLANK_ROWS = "blank rows"
    SPACES = "spaces"
    SHORT_ROWS = "short rows"
    STRAY_TEXT = "stray text"
    NAMES = "names"
    SPLIT = "split files"


CSV_NOISE: Final = frozenset(Noise) - {Noise.STRAY_TEXT}
XML_NOISE: Final = frozenset(
    {
        *(Noise.ENCODING, Noise.MORE_COLUMNS, Noise.LINE_ENDS, Noise.CODE_ERAS, Noise.BLANK_ROWS, Noise.SPACES),
        *(Noise.STRAY_TEXT, Noise.NAMES),
    }
)
"""The kinds that a CSV file and an XML file can have: a census is one document."""

ENCODINGS: Final = ("utf-8-sig", "utf-16", "utf-16-be", "cp1252")
NOT_ASCII: Final = 'Café, £5; "seen" | d\'accord'
"""A remark that every delimiter, a quote and letters outside ASCII occur in."""


@dataclass(frozen=True)
class Written:
    """The text of a file with its encoding, as it is to be written."""

    text: str
    encoding: str = "utf-8"

    def data(self) -> bytes:
        """The bytes of the file. Big-endian text gets the mark that tells it from other text."""
        mark = "\ufeff" if self.encoding == "utf-16-be" else ""
        return (mark + self.text).encode(self.encoding)


def shuffled_places(count: int, chance: random.Random) -> Sequence[int]:
    """The numbers below `count` in another order than their own, if there is more than one."""
    places = list(range(count))
    while count > 1 and places == sorted(places):
        chance.shuffle(places)
    return places
