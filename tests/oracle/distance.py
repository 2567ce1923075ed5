"""How far from home children live (section 6.2), from the postcodes of the return of the year."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import isqrt

from tests.oracle.csv_files import Row, to_whole
from tests.oracle.figures import PERCENT, Kind, Member
from tests.oracle.looked_after_returns import Episode

Measured = Iterator[tuple[str, Kind, list[Member]]]

MILES = Kind("mean", parts=10)
TWENTY_MILES_IN_MILLIMETRES = 32_186_880
HALF_A_TENTH_IN_TENTHS_OF_MILLIMETRES = 804_672


@dataclass(frozen=True)
class Spot:
    """A postcode's grid reference, if it is known, and its council."""

    grid: tuple[int, int] | None
    area: str


def read_directory(rows: Iterable[Row]) -> dict[str, Spot]:
    """Postcodes by the last row of each."""
    spots = {}
    for row in rows:
        east, north = to_whole(row["OSEAST1M"], 0, 700_000), to_whole(row["OSNRTH1M"], 0, 1_300_000)
        known = east is not None and north is not None and not row["OSLAUA"].startswith("N")
        grid = (east, north) if known and east is not None and north is not None else None
        spots[row["PCDS"].replace(" ", "")] = Spot(grid, row["OSLAUA"])
    return spots


def metres_squared(one: Spot | None, other: Spot | None) -> int | None:
    """Square of the straight line between two spots, if both are known."""
    if one is None or other is None or one.grid is None or other.grid is None:
        return None
    return (one.grid[0] - other.grid[0]) ** 2 + (one.grid[1] - other.grid[1]) ** 2


def far_away(squared: int | None) -> bool:
    """More than 20 miles; not if the distance is not known."""
    return squared is not None and squared * 1000**2 > TWENTY_MILES_IN_MILLIMETRES**2


def tenths_of_a_mile(squared: int) -> int:
    """The root in tenths of a mile, halves up: a tenth is 160.9344 metres."""
    halves = isqrt(squared * 10_000**2) // HALF_A_TENTH_IN_TENTHS_OF_MILLIMETRES
    return (halves + 1) // 2


def distances(opened: dict[str, Episode], spots: dict[str, Spot], own_areas: frozenset[str]) -> Measured:
    """The indicators, of the episode each child is in at 31 March. `own_areas` are the codes the council has had."""
    squared = {
        child: metres_squared(spots.get(episode.home), spots.get(episode.place.postcode))
        for child, episode in opened.items()
    }
    outside = {
        child
        for child, episode in opened.items()
        if (spot := spots.get(episode.place.postcode)) is not None and spot.area and spot.area not in own_areas
    }
    yield "placed_20mi", PERCENT, [Member(child, far_away(found)) for child, found in squared.items()]
    yield (
        "placed_20mi_outside_la",
        PERCENT,
        [Member(child, far_away(found) and child in outside) for child, found in squared.items()],
    )
    yield (
        "placement_distance_mean",
        MILES,
        [Member(child, tenths_of_a_mile(found)) for child, found in squared.items() if found is not None],
    )
