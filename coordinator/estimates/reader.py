"""Reads an indicator's figures out of what councils sent, for England, its regions and councils."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from coordinator.data import ENGLAND, Population, current_councils, regions
from coordinator.estimates.agreed import AgreedSums, Place
from coordinator.estimates.cells import columns
from coordinator.estimates.decode import (
    Mean,
    Measured,
    Rate,
    Ratio,
    category_numbers,
    contrast_of,
    mean_of,
    scale_of,
    share_of,
)
from coordinator.estimates.returned import Councils, Member, Returned, Vector
from coordinator.estimates.sums import NoisySum
from frameworks.blocks import OVERALL, Block, Statistic
from frameworks.model import Indicator, Kind
from frameworks.plan import ReleasePlan


def holds(plan: ReleasePlan, indicator: Indicator, breakdown: str) -> bool:
    """Whether a plan asks for the indicator with that breakdown."""
    return indicator.id in plan.indicators and breakdown in (OVERALL, *plan.breakdowns)


@dataclass(frozen=True)
class Scope:
    """Which councils each area's figure of one table is made of.

    A region or England is made of the councils in its secure sum where there is one, else of its parts. `areas` holds
    those that are made of any, by code; `within_england` those that are made of just the councils that England has
    there, so that their figures agree with England's.
    """

    areas: Mapping[str, Councils]
    within_england: frozenset[str]

    @classmethod
    def of(cls, councils: Iterable[Member], groups: Mapping[str, Councils]) -> Scope:
        """The scope of councils with a figure of their own, and of secure sums by the code of their group."""
        areas = {**_by_area(councils), **groups}
        if ENGLAND not in groups:
            areas[ENGLAND] = frozenset(member for region in regions() for member in areas.get(region, ()))
        inside = _by_area(areas[ENGLAND])
        return cls(
            {code: members for code, members in areas.items() if members},
            frozenset(code for code, members in areas.items() if members == inside.get(code)),
        )


def _by_area(members: Iterable[Member]) -> dict[str, Councils]:
    known, found = current_councils(), defaultdict[str, list[Member]](list)
    for member in members:
        for code in (ENGLAND, known[member.code].region_code, member.code):
            found[code].append(member)
    return {code: frozenset(some) for code, some in found.items()}


def _blocks(plan: ReleasePlan, indicator: Indicator, breakdown: str) -> tuple[Block, ...]:
    """The blocks that a figure is made of: what is measured first, then the wholes of a ratio, then the total."""
    measured = plan.block_of(indicator, breakdown)
    if measured.statistic in (Statistic.TOTAL, Statistic.HISTOGRAM):
        return (measured,)
    total = plan.block(Statistic.TOTAL, indicator.cohort, breakdown)
    if indicator.kind is Kind.RATIO:
        return measured, plan.block(Statistic.WHOLE_SUM, indicator.id, breakdown), total
    return measured, total


def _scope(returned: Returned, indicator: Indicator, holding: Iterable[tuple[Vector, tuple[Block, ...]]]) -> Scope:
    """Where several releases hold the table, the first says which councils, and with which files.

    A secure sum is read only where all its blocks are of the same councils' children: a council that declared what the
    cohort needs, and not what the indicator does, is in the total and not in what is measured.
    """
    councils: dict[str, Member] = {}
    groups: dict[str, Councils] = {}
    for vector, blocks in holding:
        members = returned.declaring(vector, indicator.id)
        if not members or any(returned.counted(vector, block) != members for block in blocks):
            continue
        if vector.plan.mode == "secure":
            groups.setdefault(vector.area, members)
        else:
            councils.setdefault(vector.area, *members)
    return Scope.of(councils.values(), groups)


class Reader:
    """Reads one table of an indicator (overall, or a breakdown) for any area.

    `plans` are those of the collection that hold the table, at least one.
    """

    def __init__(
        self,
        indicator: Indicator,
        breakdown: str,
        plans: Sequence[ReleasePlan],
        returned: Returned,
        agreed: AgreedSums,
        population: Population,
    ) -> None:
        blocks = {plan.release_id: _blocks(plan, indicator, breakdown) for plan in plans}
        holding = [
            (vector, blocks[vector.plan.release_id])
            for vector in returned.vectors
            if not vector.is_earlier and vector.plan.release_id in blocks
        ]
        holding.sort(key=lambda held: held[1][0].variance * held[0].noise_ratio)
        self.indicator = indicator
        self.breakdown = breakdown
        self.population = population
        self._blocks = holding[0][1] if holding else blocks[plans[0].release_id]
        form = columns(self._blocks[0])
        self._scope = _scope(returned, indicator, (held for held in holding if columns(held[1][0]) == form))
        self._agreed = agreed
        self._modes = {plan.mode for plan in plans}

    @property
    def gives_councils(self) -> bool:
        """Whether councils have figures of their own."""
        return "council" in self._modes

    @property
    def gives_regions(self) -> bool:
        """Whether regions have figures: their councils' added up, or secure sums."""
        return self.gives_councils or any(region in self._scope.areas for region in regions())

    def councils(self, area: str) -> tuple[str, ...]:
        """The codes of the councils that the area's figure is made of, in order; empty where there is none."""
        return tuple(sorted(member.code for member in self._scope.areas.get(area, ())))

    def is_within_england(self, area: str) -> bool:
        """Whether the area's figure is of just those of its councils that England's is of, and agrees with it."""
        return area in self._scope.within_england

    def measured(self, area: str, level: str = "") -> Iterator[tuple[str, Measured]]:
        """The area's figure, under an empty category; and of a histogram each category's share.

        A histogram has a figure of its own, the mean, where its categories are numbers. One of a set of percentages
        that exclude each other is the share of its category in the set's. The count of a level has no rate: nobody
        counts its population.

        The sums within carry their covariance with England's where the area's figure is within England's.
        """
        indicator, block = self.indicator, self._blocks[0]
        sums = self._sums(area, level)
        if block.statistic is Statistic.HISTOGRAM and indicator.kind is Kind.PERCENT:
            yield "", share_of(sums, block.categories.index(indicator.id))
        elif indicator.kind is Kind.HISTOGRAM:
            if numbers := category_numbers(indicator):
                yield "", mean_of(sums, numbers)
            yield from ((name, share_of(sums, index)) for index, name in enumerate(indicator.categories))
        elif indicator.kind is Kind.COUNT:
            yield "", Rate(sums[0], self._exposure(area, level))
        elif indicator.kind is Kind.RATIO:
            parts, wholes, size = sums
            assert indicator.bounds is not None and indicator.whole_bounds is not None
            yield "", Ratio(parts, wholes, size, indicator.bounds, indicator.whole_bounds)
        else:
            measured, size = sums
            yield "", Mean(contrast_of(indicator, measured), size, *scale_of(indicator))

    def noise(self, area: str) -> NoisySum:
        """The noise alone on what is counted: a sum of 0 in children with the outcome or of one category, in events, or
        in units of a mean or a ratio's part."""
        indicator, block = self.indicator, self._blocks[0]
        sums = self._sums(area, "")
        measured = sums[0]
        if indicator.kind is Kind.RATIO:
            measured = measured + sums[-1].scaled(block.centre_doubled / 2)
        halved = indicator.kind is Kind.PERCENT and block.statistic is not Statistic.HISTOGRAM
        return NoisySum(0.0, measured.scaled(1 / (2 if halved else indicator.parts_per_unit)).variance)

    def _exposure(self, area: str, level: str) -> float:
        if self.indicator.rate_per is None or level:
            return 1.0
        return sum(self.population.children[code] for code in self.councils(area)) / self.indicator.rate_per

    def _sums(self, area: str, level: str) -> list[NoisySum]:
        """The agreed sums of all columns, block after block, in the units of what is added up."""
        place, agreed = self._place(area), self._agreed
        return [
            (agreed.level(column, place, block, level) if level else agreed.sum(column, place)).scaled(1 / block.step)
            for block in self._blocks
            for column in columns(block)
        ]

    def _place(self, area: str) -> Place:
        within = ENGLAND if self.is_within_england(area) else area
        return Place(area, within, self._scope.areas[within])
