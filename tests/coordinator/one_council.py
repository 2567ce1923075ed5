"""One council's vector, made to agree with itself: for tests of what a single release says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coordinator.estimates.agreed import AgreedSums, Place
from coordinator.estimates.cells import columns
from coordinator.estimates.returned import Answers, Returned
from coordinator.estimates.sums import NoisySum
from coordinator.records import StoredSummary
from frameworks.availability import required_files
from frameworks.blocks import OVERALL, Statistic
from frameworks.model import Framework
from frameworks.plan import ReleasePlan
from tests.coordinator.made_up import PUBLISHED_AT, collection_of, request_of

CODE = "330"


@dataclass(frozen=True)
class OneCouncil:
    """The agreed sums of a plan and a vector."""

    plan: ReleasePlan
    agreed: AgreedSums
    place: Place

    @classmethod
    def of(cls, framework: Framework, plan: ReleasePlan, vector: Sequence[int]) -> OneCouncil:
        """A council that declared every file answered with that vector."""
        collection = collection_of(framework, [request_of(plan.indicators, epsilon=1.0)])
        files = required_files(framework, plan.indicators, plan.reference_year)
        summary = StoredSummary(CODE, collection.id, plan.release_id, tuple(vector), files, b"", PUBLISHED_AT)
        returned = Returned(framework, Answers(collection, (plan,), (summary,)))
        return cls(plan, AgreedSums(returned), Place(CODE, CODE, returned.vectors[0].councils))

    def sum(
        self, statistic: Statistic, name: str, breakdown: str = OVERALL, level: str = "", category: str = ""
    ) -> NoisySum:
        """The agreed sum of a table cell, and of a histogram's category there."""
        block = self.plan.block(statistic, name, breakdown)
        column = next(column for column in columns(block) if column.category == category)
        if breakdown == OVERALL:
            return self.agreed.sum(column, self.place)
        return self.agreed.level(column, self.place, block, level)
