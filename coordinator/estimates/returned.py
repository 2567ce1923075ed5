"""What councils sent, ready to be added up for any set of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from coordinator.data import Population, current_councils
from coordinator.errors import StorageFailed, UnknownCouncil
from coordinator.estimates.cells import Cell, Cells, NoisySum, combine, read_vector
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
from coordinator.records import StoredSummary
from frameworks.availability import missing_files
from frameworks.collection import Collection
from frameworks.model import Framework, Indicator, Kind
from frameworks.plan import OVERALL, Block, ReleasePlan, Statistic


@dataclass(frozen=True)
class Source:
    """Where an indicator's table is read: a plan, and by council code the cells of those who declared its files."""

    plan: ReleasePlan
    breakdown: str
    cells: Mapping[str, Cells]


class Returned:
    """The summaries of a collection, by release and council, read into cells.

    Raises UnknownCouncil for a council that is not one of the current ones, and StorageFailed for a summary that does
    not fit the collection's plans.
    """

    def __init__(
        self, collection: Collection, plans: Sequence[ReleasePlan], summaries: Sequence[StoredSummary]
    ) -> None:
        plan_of = {plan.release_id: plan for plan in plans}
        self._cells: dict[tuple[str, str], Cells] = {}
        self._declared: dict[tuple[str, str], frozenset[str]] = {}
        for summary in sorted(summaries, key=lambda summary: (summary.release_id, summary.council_code)):
            if summary.council_code not in current_councils():
                raise UnknownCouncil(
                    f"A summary is from council {summary.council_code}, which is not one of England's "
                    f"{len(current_councils())} councils.",
                    "Correct coordinator/data/councils.csv, or publish without that council's summary.",
                )
            key = (summary.release_id, summary.council_code)
            try:
                if summary.collection_id != collection.id or key in self._cells:
                    raise ValueError("not the one summary of this collection")
                self._cells[key] = read_vector(plan_of[summary.release_id], summary.values)
            except (KeyError, ValueError) as error:
                raise StorageFailed(
                    f"The summary of council {summary.council_code} for {summary.release_id} does not fit the "
                    f"releases of {collection.id}.",
                    "Restore the database from its last backup; intake never stores such a summary.",
                ) from error
            self._declared[key] = summary.declared_files

    @property
    def councils(self) -> frozenset[str]:
        """The councils that have answered at least one release."""
        return frozenset(council for _, council in self._cells)

    def source(self, framework: Framework, indicator: Indicator, plan: ReleasePlan, breakdown: str) -> Source:
        """The cells of the councils that answered that release and declared what the indicator needs.

        A council that did not declare a file sends noise around nothing in its place, which says nothing of it.
        """
        return Source(
            plan,
            breakdown,
            {
                council: cells
                for (release_id, council), cells in self._cells.items()
                if release_id == plan.release_id
                and not missing_files(framework, indicator.id, plan.reference_year, self._declared[release_id, council])
            },
        )


_STATISTICS = {
    Kind.COUNT: Statistic.TOTAL,
    Kind.PERCENT: Statistic.CONTRAST,
    Kind.MEAN: Statistic.CENTRED_SUM,
    Kind.RATIO: Statistic.CENTRED_SUM,
    Kind.HISTOGRAM: Statistic.HISTOGRAM,
}


def measured_block(plan: ReleasePlan, indicator: Indicator, breakdown: str = OVERALL) -> Block:
    """The block that holds what the indicator measures (of a ratio, the parts). Raises KeyError where there is none."""
    name = indicator.cohort if indicator.kind is Kind.COUNT else indicator.id
    return plan.block(_STATISTICS[indicator.kind], name, breakdown)


def quietest_plan(plans: Sequence[ReleasePlan], indicator: Indicator, breakdown: str) -> ReleasePlan | None:
    """The release with the least noise in the indicator's table, the first of equals; None where none has it."""
    holding = [
        plan
        for plan in plans
        if indicator.id in plan.indicators and (breakdown == OVERALL or breakdown in plan.breakdowns)
    ]
    return min(holding, key=lambda plan: measured_block(plan, indicator, breakdown).sigma_units, default=None)


@dataclass(frozen=True)
class Reader:
    """Reads one indicator's figure, for any councils that its source holds."""

    indicator: Indicator
    source: Source
    population: Population

    def measured(self, councils: Sequence[str], level: str) -> Iterator[tuple[str, Measured]]:
        """The figure of `councils` together, under an empty category; and of a histogram each category's share.

        A histogram has a figure of its own, the mean, where its categories are numbers. The count of a level has no
        rate: nobody counts its population.
        """
        indicator = self.indicator
        if indicator.kind is Kind.HISTOGRAM:
            counts = [self._sum(Statistic.HISTOGRAM, councils, level, category) for category in indicator.categories]
            if numbers := category_numbers(indicator):
                yield "", mean_of(counts, numbers)
            yield from ((name, share_of(counts, index)) for index, name in enumerate(indicator.categories))
            return
        size = self._sum(Statistic.TOTAL, councils, level)
        if indicator.kind is Kind.COUNT:
            yield "", Rate(size, self._exposure(councils, level))
            return
        block = measured_block(self.source.plan, indicator, self.source.breakdown)
        measured = self._sum(block.statistic, councils, level)
        if indicator.kind is Kind.RATIO:
            wholes = self.source.plan.block(Statistic.WHOLE_SUM, indicator.id, self.source.breakdown)
            assert indicator.bounds is not None and indicator.whole_bounds is not None
            yield (
                "",
                Ratio(
                    measured.scaled(1 / block.step),
                    self._sum(Statistic.WHOLE_SUM, councils, level).scaled(1 / wholes.step),
                    size,
                    indicator.bounds,
                    indicator.whole_bounds,
                ),
            )
            return
        yield "", Mean(contrast_of(indicator, block, measured), size, *scale_of(indicator))

    def noise(self, councils: Sequence[str]) -> NoisySum:
        """The noise alone on what is counted: a sum of 0 in children with the outcome or of one category, in events, or
        in units of a mean or a ratio's part."""
        indicator = self.indicator
        if indicator.kind is Kind.HISTOGRAM:
            return NoisySum(0.0, self._sum(Statistic.HISTOGRAM, councils, "", indicator.categories[0]).variance)
        block = measured_block(self.source.plan, indicator, self.source.breakdown)
        unit = 1 / (2 if indicator.kind is Kind.PERCENT else block.step * indicator.parts_per_unit)
        measured = self._sum(block.statistic, councils, "").scaled(unit)
        if indicator.kind is Kind.RATIO:
            middle = block.centre_doubled / (2 * indicator.parts_per_unit)
            measured = measured + self._sum(Statistic.TOTAL, councils, "").scaled(middle)
        return NoisySum(0.0, measured.variance)

    def _exposure(self, councils: Sequence[str], level: str) -> float:
        if self.indicator.rate_per is None or level:
            return 1.0
        return sum(self.population.children[code] for code in councils) / self.indicator.rate_per

    def _sum(self, statistic: Statistic, councils: Sequence[str], level: str, category: str = "") -> NoisySum:
        name = self.indicator.cohort if statistic is Statistic.TOTAL else self.indicator.id
        cell = Cell(statistic, name, self.source.breakdown, level, category)
        return combine(self.source.cells[code][cell] for code in councils)
