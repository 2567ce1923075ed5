"""What one invented child's SSDA903 says of adoption and of home, and where the postcodes are."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

from tests.oracle.dates import add_months

Rows = list[dict[str, str]]

OWN_COUNCIL = "370"
OWN_AREAS = frozenset({"E08000016", "E08000038"})
"""Barnsley's three-digit code, and the ONS codes it has had."""

_ELSEWHERE, _NORTHERN_IRELAND = "E06000001", "N09000001"
_EAST, _NORTH = 400_000, 300_000
_TWENTY_MILES = 32_187
"""In metres, the first whole number beyond."""

_PLACES = {
    "ZZ1 1ZZ": (str(_EAST), str(_NORTH), "E08000016"),
    "ZZ2 2ZZ": (str(_EAST + 2 * _TWENTY_MILES), str(_NORTH), _ELSEWHERE),
    "ZZ3 3ZZ": (str(_EAST), str(_NORTH + 3 * _TWENTY_MILES), ""),
    "ZY1 1ZZ": (str(_EAST + _TWENTY_MILES), str(_NORTH), "E08000038"),
    "ZY1 2ZZ": (str(_EAST + _TWENTY_MILES - 1), str(_NORTH), "E08000038"),
    "ZY1 3ZZ": (str(_EAST + 80), str(_NORTH), "E08000038"),
    "ZY1 4ZZ": (str(_EAST + 81), str(_NORTH), "E08000038"),
    "ZY1 5ZZ": (str(_EAST + 9_999), str(_NORTH + 7_777), "E08000038"),
    "ZY2 1ZZ": ("", "", "E08000038"),
    "ZY2 2ZZ": (str(_EAST), "1300001", "E08000038"),
    "ZY2 3ZZ": (str(_EAST), str(_NORTH), _NORTHERN_IRELAND),
    "ZX1 1ZZ": (str(_EAST + 50_000), str(_NORTH + 1), "E08000038"),
}
_HOMES = (*_PLACES, *_PLACES, "zy11zz", "ZY14ZZ", "ZW9 9ZZ", "")


def directory() -> Rows:
    """The postcode directory, one postcode twice."""
    rows = [
        {"PCDS": postcode, "OSEAST1M": east, "OSNRTH1M": north, "OSLAUA": area}
        for postcode, (east, north, area) in _PLACES.items()
    ]
    return [rows[-1] | {"OSEAST1M": "1", "OSNRTH1M": "1"}, *rows]


def _shown(day: date) -> str:
    return day.strftime("%d/%m/%Y")


def add_permanence(random: Random, child: str, slices: dict[int, dict[str, Rows]]) -> None:
    """Adds AD1, the decisions that the child be placed, and home postcodes to the rows of each year's files."""
    for year, files in slices.items():
        end = date(year, 3, 31)
        starts = [datetime.strptime(row["DECOM"], "%d/%m/%Y").date() for row in files["episodes"]]
        adopted = any(row["REC"].strip().upper() in {"E11", "E12"} for row in files["episodes"])
        homes = random.sample(_HOMES, 2)
        for row in files["episodes"]:
            row["HOME_POST"] = homes[random.random() < 0.1]
        moments = [*starts, end, add_months(end, -12)]
        for _ in range(random.choice((0, 1, 1, 1, 2)) if adopted else random.random() < 0.1):
            decided, matched = (random.choice(moments) + timedelta(days=random.choice((-60, -1, 0, 1))) for _ in "12")
            files["ad1"].append(
                {
                    "CHILD": child,
                    "DATE_INT": random.choice((_shown(decided), _shown(decided), _shown(decided), "", "31/02/2024")),
                    "DATE_MATCH": random.choice((_shown(matched), _shown(matched), _shown(matched), "")),
                    "FOSTER_CARE": random.choice(("1", "1", "0", "", "Y")),
                }
            )
        for _ in range(random.choice((0, 0, 1, 2))):
            ceased = random.choice(
                ("", "", _shown(end), _shown(end + timedelta(days=1)), _shown(random.choice(moments)))
            )
            placed = random.choice((_shown(random.choice(moments)), _shown(end + timedelta(days=1)), ""))
            decision = {"CHILD": child, "DATE_PLACED": placed}
            if random.random() < 0.2:
                files["placed_for_adoption"].append(decision | {"DATE_PLACED_CEASED": ""})
            files["placed_for_adoption"].append(decision | {"DATE_PLACED_CEASED": ceased})
