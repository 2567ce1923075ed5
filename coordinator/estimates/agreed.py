"""Sums that agree over areas, breakdowns and releases: England with its regions, a region with its councils.

One tree of areas is solved for a column's sum, and one for each level's deviation from the mean level (see `cells`):
every table of every release measures the sums, and those of the breakdown the deviations. As the noises of the two are
independent, this is generalised least squares over everything that was measured (privacy reference 6.5), tables that
cross (a breakdown sent by councils, and by groups as well) included. Levels add up to their area, and areas to what
they make up.

An area in a tree is one set of councils. A sum over another set, one council more or less, is never mixed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from coordinator.data import ENGLAND, current_councils, regions
from coordinator.estimates.agreement import Agreement, Part, agree
from coordinator.estimates.cells import Column
from coordinator.estimates.returned import Councils, Returned
from coordinator.estimates.sums import NoisySum
from frameworks.blocks import Block

Measured = Callable[[str, Councils], tuple[NoisySum, ...]]


@dataclass(frozen=True)
class Place:
    """An area within a larger one (or itself) that is made of `councils`, whose tree its sums are read from."""

    area: str
    within: str
    councils: Councils


class AgreedSums:
    """The agreed sums of every place. Each tree is solved once."""

    def __init__(self, returned: Returned) -> None:
        self._returned = returned
        self._solved: dict[tuple[Column, str, int, str, Councils], Agreement] = {}

    def sum(self, column: Column, place: Place) -> NoisySum:
        """The column's sum, with the covariance of its noise with that of the area it is within.

        Its variance is infinite where no measurement says it.
        """
        return self._read(
            (column, "", 0, place.within, place.councils),
            place,
            lambda area, councils: self._returned.totals(column, area, councils),
        )

    def level(self, column: Column, place: Place, block: Block, level: str) -> NoisySum:
        """The same for one level of the block's breakdown: its part of an equal share, and its deviation from it."""
        breakdown, index = block.breakdown, block.levels.index(level)
        deviation = self._read(
            (column, breakdown, index, place.within, place.councils),
            place,
            lambda area, councils: self._returned.deviations(column, breakdown, index, area, councils),
        )
        return self.sum(column, place).scaled(1 / len(block.levels)) + deviation

    def _read(self, key: tuple[Column, str, int, str, Councils], place: Place, measured: Measured) -> NoisySum:
        if key not in self._solved:
            self._solved[key] = agree(_tree(place.within, place.councils, measured))
        solved = self._solved[key]
        own = solved.sum(place.area)
        return NoisySum(own.value, own.variance, solved.covariance(place.area, place.within))


def _tree(area: str, councils: Councils, measured: Measured) -> Part:
    children = tuple(_tree(*child, measured) for child in _divided(area, councils))
    return Part(area, measured(area, councils), (children,) if children else ())


@lru_cache(maxsize=4096)
def _divided(area: str, councils: Councils) -> tuple[tuple[str, Councils], ...]:
    return tuple(_parts(area, councils))


def _parts(area: str, councils: Councils) -> Iterator[tuple[str, Councils]]:
    """England into regions, a region into councils, a council not at all; in the order of their codes."""
    if area == ENGLAND:
        region_of = {code: council.region_code for code, council in current_councils().items()}
        for region in regions():
            if some := frozenset(member for member in councils if region_of[member.code] == region):
                yield region, some
    elif area in regions():
        for member in sorted(councils, key=lambda member: member.code):
            yield member.code, frozenset([member])
