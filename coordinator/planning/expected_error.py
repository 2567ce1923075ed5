"""How far off each figure will be, from the plan and published sizes alone: before any data are opened.

The noise of an indicator's sums after least squares over its tables and over the releases that hold it (closed form,
privacy reference 6.4, 6.5), set against the size that its cohort has by published figures. Sizes of regions and
councils are England's, divided as children live: an assumption about each, right on the whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from coordinator.data import Population, current_councils, regions
from coordinator.planning.effects import StatisticName, scale_length, squared_effect, statistic_of, users_of
from coordinator.planning.sizes import england_sizes, population_shares
from frameworks.blocks import OVERALL, Block
from frameworks.model import Framework, Indicator, Kind
from frameworks.plan import ReleasePlan


@dataclass(frozen=True)
class ExpectedError:
    """The standard error that noise gives an indicator's figure, in the indicator's own unit (percentage points for a
    percent): for England, the median region and the median council.

    None where the plans give no such figure, or no published figure says how large the cohort is.
    """

    indicator: str
    england: float | None
    region: float | None
    council: float | None

    def as_json(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True)
class _Place:
    """An area by the number of its councils, its share of England's children, and how many there are."""

    level: str
    councils: int
    share: float
    children: int


def _places(population: Population) -> dict[str, list[_Place]]:
    shares, councils = population_shares(population), current_councils()
    members = {region: [code for code in councils if councils[code].region_code == region] for region in regions()}
    children = population.children

    def place(level: str, codes: list[str], share: float) -> _Place:
        return _Place(level, len(codes), share, sum(children[code] for code in codes))

    return {
        "england": [place("england", list(councils), 1.0)],
        "region": [place("region", codes, shares[region]) for region, codes in members.items()],
        "council": [place("council", [code], shares[code]) for code in councils],
    }


def _noises_added(plan: ReleasePlan, place: _Place) -> int | None:
    """How many independent noises of the plan's scale are in the area's sum; None where no such sum is opened."""
    if plan.secure is None:
        return place.councils
    if place.level == "england":
        return 1 if plan.secure.groups == "england" else len(regions())
    return 1 if (place.level, plan.secure.groups) == ("region", "regions") else None


def _variance(plans: Iterable[ReleasePlan], place: _Place, like: Block) -> float:
    """The noise on an overall sum after least squares over every table of every plan that holds it; infinite if none.

    A table of k cells with variance v adds a precision of 1 / (k v): its cells add up to the overall sum.
    """
    precision = 0.0
    for plan in plans:
        noises = _noises_added(plan, place)
        if noises is not None:
            same = (block for block in plan.blocks if statistic_of(block) == statistic_of(like))
            precision += math.fsum(1 / (len(block.levels) * block.variance * noises) for block in same)
    return 1 / precision if precision else math.inf


def expected_errors(
    framework: Framework, plans: Sequence[ReleasePlan], population: Population
) -> tuple[ExpectedError, ...]:
    """The expected error of every indicator that the plans hold, all of them taken together, in their order."""
    sizes, places = england_sizes(framework), _places(population)
    made_of: dict[str, dict[StatisticName, Block]] = {}
    for plan in plans:
        overall = tuple(block for block in plan.blocks if block.breakdown == OVERALL)
        for block in overall:
            for indicator in users_of(framework, block, overall):
                made_of.setdefault(indicator.id, {})[statistic_of(block)] = block

    def typical(indicator: Indicator, level: str) -> float | None:
        blocks, size = made_of[indicator.id].values(), sizes.get(indicator.cohort)
        errors = [
            math.sqrt(math.fsum(squared_effect(indicator, block) * _variance(plans, place, block) for block in blocks))
            for place in places[level]
        ]
        if indicator.kind is Kind.COUNT:
            rates = (indicator.rate_per / place.children if indicator.rate_per else 1.0 for place in places[level])
            return _finite(median(error * rate for error, rate in zip(errors, rates, strict=True)))
        if size is None:
            return None
        relative = (error / (size * place.share) for error, place in zip(errors, places[level], strict=True))
        return _finite(scale_length(indicator) * median(relative))

    names = dict.fromkeys(name for plan in plans for name in plan.indicators)
    return tuple(
        ExpectedError(name, *(typical(framework.indicator(name), level) for level in ("england", "region", "council")))
        for name in names
    )


def _finite(error: float) -> float | None:
    return error if math.isfinite(error) else None
