"""A directory of the made-up postcodes in the form of the ONS Postcode Directory, for the returns of one council."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from deploy.demo.generator.child import CENTRE, all_postcodes, coordinates
from deploy.demo.generator.council_rates import Council

_RADIUS: Final = 14_150.0
"""Metres from the middle of the made-up country to the council's boundary: what is further out is another council's.

So 18 in a hundred placements are both more than twenty miles from home and outside, as England's are."""
_COUNTY: Final = "E10"
_ELSEWHERE: Final = "E06999999"
_NO_COUNTY: Final = "E99999999"


def write_postcodes(council: Council, folder: Path, years: Sequence[int]) -> None:
    """Writes `<folder>/<year>/postcodes.csv` for every year, the same each time."""
    first = folder / str(years[0]) / "postcodes.csv"
    first.parent.mkdir(parents=True, exist_ok=True)
    with first.open("w", encoding="utf-8", newline="\r\n") as file:
        file.write("pcds,oseast1m,osnrth1m,oslaua,oscty\n")
        file.writelines(f"{','.join(row)}\n" for row in _rows(council))
    for year in years[1:]:
        (folder / str(year)).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(first, folder / str(year) / first.name)


def _rows(council: Council) -> Iterator[tuple[str, ...]]:
    county = council.ons_code if council.ons_code.startswith(_COUNTY) else _NO_COUNTY
    district = _ELSEWHERE.replace("E06", "E07") if county != _NO_COUNTY else council.ons_code
    for postcode in all_postcodes():
        east, north = coordinates(postcode)
        inside = math.hypot(east - CENTRE[0], north - CENTRE[1]) <= _RADIUS
        where = (district, county) if inside else (_ELSEWHERE, _NO_COUNTY)
        yield postcode, str(east), str(north), *where
