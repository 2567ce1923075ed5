"""Who a made-up child is: codes only. There is no name, and no identifier or postcode that could be a real one."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, product
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
    """A child of that day of birth. The UPN is of a local authority below 100, which has never existed."""
    if unaccompanied:
        ethnicity = chance.choices(tuple(UNACCOMPANIED_ETHNICITIES), tuple(UNACCOMPANIED_ETHNICITIES.values()))[0]
        male = chance.random() < 0.95
    else:
        ethnicity = chance.choices(_ETHNIC_CODES, cum_weights=_ETHNIC_WEIGHTS)[0]
        male = chance.random() < 0.53
    disabilities: tuple[str, ...] = ()
    if chance.random() < 0.13:
        disabilities = tuple(sorted({chance.choice(DISABILITIES), chance.choice(DISABILITIES)}))
    return Child(child_id, male, birth, ethnicity, f"Z{int(child_id):012d}", disabilities)


def draw_postcode(chance: random.Random) -> str:
    """A postcode of the area ZZ, which is not in use."""
    pick = chance.random
    district, sector = int(pick() * DISTRICTS) + 1, int(pick() * 10)
    return f"ZZ{district} {sector}{_LETTERS[int(pick() * 20)]}{_LETTERS[int(pick() * 20)]}"


def all_postcodes() -> Iterator[str]:
    """Every postcode that can be drawn."""
    for district, sector, first, second in product(range(1, DISTRICTS + 1), range(10), _LETTERS, _LETTERS):
        yield f"ZZ{district} {sector}{first}{second}"


DISTRICTS: Final = 30
CENTRE: Final = (400_000, 300_000)
_SPREAD: Final = 13_100.0
METRES_PER_MILE: Final = 1609.344


def coordinates(postcode: str) -> tuple[int, int]:
    """Metres east and north of a made-up postcode's middle on the National Grid, always the same.

    They spread so that 22 in a hundred pairs are more than twenty miles apart, as England's homes and placements are.
    """
    place = random.Random(postcode)
    return round(place.gauss(CENTRE[0], _SPREAD)), round(place.gauss(CENTRE[1], _SPREAD))


def distance_miles(home: str, placement: str) -> float | None:
    """Miles as the crow flies from home to a placement; None where one of them is not known."""
    if not home or not placement:
        return None
    (east, north), (other_east, other_north) = coordinates(home), coordinates(placement)
    return round(math.hypot(other_east - east, other_north - north) / METRES_PER_MILE, 4)
