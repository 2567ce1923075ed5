"""Who a made-up child is: codes only. There is no name, and no identifier or postcode that could be a real one."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

ETHNICITIES: Final = {
    "WBRI": 62.0, "WIRI": 0.3, "WOTH": 5.5, "WIRT": 0.3, "WROM": 0.5, "MWBC": 3.2, "MWBA": 1.4, "MWAS": 1.4,
    "MOTH": 3.3, "AIND": 0.9, "APKN": 3.0, "ABAN": 1.3, "AOTH": 2.9, "BCRB": 1.6, "BAFR": 4.6, "BOTH": 1.4,
    "CHNE": 0.2, "OOTH": 3.2, "REFU": 0.4, "NOBT": 2.6,
}  # fmt: skip
"""National ethnicity codes and roughly how many children in a hundred have them."""

UNACCOMPANIED_ETHNICITIES: Final = {"AOTH": 30.0, "BAFR": 32.0, "OOTH": 33.0, "WOTH": 5.0}

DISABILITIES: Final = ("MOB", "HAND", "PC", "INC", "COMM", "LD", "HEAR", "VIS", "BEH", "CON", "AUT", "DDA")

_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
_ETHNIC_CODES = tuple(ETHNICITIES)
_ETHNIC_WEIGHTS = tuple(accumulate(ETHNICITIES.values()))


@dataclass(frozen=True, slots=True)
class Child:
    """One made-up child. `birth` is a day number; `disabilities` is empty for a child without any."""

    child_id: str
    male: bool
    birth: int
    ethnicity: str
    upn: str
    disabilities: tuple[str, ...]


def draw_child(chance: random.Random, child_id: str, birth: int, *, unaccompanied: bool = False) -> Child:
    """A child of that day of birth. The UPN is of the local authority 000, which has never existed."""
    if unaccompanied:
        ethnicity = chance.choices(tuple(UNACCOMPANIED_ETHNICITIES), tuple(UNACCOMPANIED_ETHNICITIES.values()))[0]
        male = chance.random() < 0.95
    else:
        ethnicity = chance.choices(_ETHNIC_CODES, cum_weights=_ETHNIC_WEIGHTS)[0]
        male = chance.random() < 0.53
    disabilities: tuple[str, ...] = ()
    if chance.random() < 0.13:
        disabilities = tuple(sorted({chance.choice(DISABILITIES), chance.choice(DISABILITIES)}))
    return Child(child_id, male, birth, ethnicity, f"Z000{int(child_id):09d}", disabilities)


def draw_postcode(chance: random.Random) -> str:
    """A postcode of the area ZZ, which is not in use."""
    pick = chance.random
    district, sector = int(pick() * 30) + 1, int(pick() * 10)
    return f"ZZ{district} {sector}{_LETTERS[int(pick() * 20)]}{_LETTERS[int(pick() * 20)]}"
