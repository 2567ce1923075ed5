"""What councils sent, ready to be added up for any set of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coordinator.data import Population, current_councils
from coordinator.errors import StorageFailed, UnknownCouncil
from coordinator.estimates.cells import Cell, Cells, NoisySum, combine, read_vector
from coordinator.estimates.decode import Measured, Rate, Ratio, bounds_of, contrast_of
from coordinator.records import StoredSummary
from frameworks.availability import needs_met
from frameworks.collection import Collection
from frameworks.model import Indicator, Kind
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

    def source(self, plan: ReleasePlan, breakdown: str, needs: Sequence[str]) -> Source:
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
                and needs_met(needs, plan.reference_year, self._declared[release_id, council])
            },
        )


def measured_block(plan: ReleasePlan, indicator: Indicator, breakdown: str) -> Block:
    """The block that holds what the indicator measures. Raises KeyError where the plan has none."""
    if indicator.kind is Kind.COUNT:
        return plan.block(Statistic.TOTAL, indicator.cohort, breakdown)
    statistic = Statistic.CONTRAST if indicator.kind is Kind.PERCENT else Statistic.CENTRED_SUM
    return plan.block(statistic, indicator.id, breakdown)


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

    def measured(self, councils: Sequence[str], level: str) -> Measured:
        """The figure of `councils` together. The count of a level has no rate: nobody counts its population."""
        size = self._sum(Statistic.TOTAL, self.indicator.cohort, councils, level)
        if self.indicator.kind is Kind.COUNT:
            if self.indicator.rate_per is None or level:
                return Rate(size)
            children = sum(self.population.children[code] for code in councils)
            return Rate(size, children / self.indicator.rate_per)
        block = measured_block(self.source.plan, self.indicator, self.source.breakdown)
        contrast = self._sum(block.statistic, self.indicator.id, councils, level)
        return Ratio(contrast_of(self.indicator, block, contrast), size, *bounds_of(self.indicator))

    def noise(self, councils: Sequence[str]) -> NoisySum:
        """The noise alone on what is counted: a sum of 0 in children with the outcome, events, or units of a mean."""
        block = measured_block(self.source.plan, self.indicator, self.source.breakdown)
        name = self.indicator.cohort if self.indicator.kind is Kind.COUNT else self.indicator.id
        unit = 1 / (2 if self.indicator.kind is Kind.PERCENT else block.step)
        return NoisySum(0.0, self._sum(block.statistic, name, councils, "").scaled(unit).variance)

    def _sum(self, statistic: Statistic, name: str, councils: Sequence[str], level: str) -> NoisySum:
        cell = Cell(statistic, name, self.source.breakdown, level)
        return combine(self.source.cells[code][cell] for code in councils)
