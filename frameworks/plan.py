"""The release plan: which vector index is which table cell, how far one child can move it, the noise, the cost.

Both ends compile the plan from the framework they hold and compare `plan_hash`; nothing in it depends on data.

Encoding (privacy reference 3.2, 3.3). A *table* is the cohort as a whole ("overall") or one breakdown, with all its
levels. In each table a cohort has one block of totals (children, or events, per cell), every percent indicator one
block of contrasts (yes counts +1, no counts -1, summed per cell), every mean one block of centred sums, every ratio two
(of parts and of wholes), and every histogram one block of counts per cell and category, which needs no totals. One
child stands in one cell of each table, so a block moves by at most its `sensitivity` (in the L2 norm and in any
single entry): 1 for children and for a histogram, whose categories exclude each other; `event_cap` for events; half the
range for a centred sum (the whole range where the middle is not an integer, and twice the distance from the middle is
sent).

A family is counted once, but what is charged for is still a child. A child added or removed makes a family appear, or
changes its outcome: a no that becomes a yes moves a contrast by 2, a value a sum by its whole range, a category two
counts by 1 each. So all but the totals of families have twice the sensitivity. That holds for a child of one family; a
family has no characteristics, so it never changes its cell.

Noise. Block j has weight w_j (1 for all but totals) and scale sigma_j = sensitivity_j / sqrt(w_j) * s. The totals of a
cohort have sqrt(0.36 I), at least 1 where a count is published, I being the number of indicators that share them: the
optimum when (2p-1)^2 averages 0.36, as England's published proportions do about. Totals of families have as much as
costs nothing beside the outcomes that may change. One s is found for the rho given.

Cost. rho = 1/2 max over feasible children of the sum over blocks of what the child moves, squared, over sigma_j^2,
under add/remove of one child's whole record set. A child of one source has one age, enforced by the node, so cohorts
that admit different ages exclude each other; ids of two sources are not linked, so sources add up. A family that
changes its outcome moves no total, and one that appears moves a contrast or sum by half its sensitivity: of each cohort
of families the dearer is charged.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from fractions import Fraction

from frameworks.accounting import UNITS_PER_RHO, rho_units_up
from frameworks.errors import InvalidRelease
from frameworks.model import (
    BREAKDOWNS,
    Cohort,
    Framework,
    Identifier,
    Indicator,
    Kind,
    Model,
    ReleaseMode,
    Source,
    Unit,
)

SIGMA_UNITS = 1024
"""Noise scales are multiples of 1/1024: exact in a float, and as a fraction."""

MAXIMUM_LENGTH = 100_000
OVERALL = ""
"""The name of the table that holds the cohort as a whole."""

_MEAN_SQUARED_CONTRAST = Fraction(36, 100)
_WEIGHT_GRID = 64


class ReleaseRequest(Model):
    """What a collection asks for in one release. `rho_units` is the most it may cost, in 1e-12 rho."""

    id: Identifier
    mode: ReleaseMode
    indicators: tuple[Identifier, ...]
    breakdowns: tuple[Identifier, ...] = ()
    rho_units: int


class Statistic(StrEnum):
    """The kinds of vector entry."""

    TOTAL = "total"
    CONTRAST = "contrast"
    CENTRED_SUM = "centred sum"
    WHOLE_SUM = "centred sum of wholes"
    HISTOGRAM = "histogram"


@dataclass(frozen=True)
class Block:
    """Consecutive vector entries with one sensitivity and one noise scale: one statistic of one table.

    `start` is the index of its first entry; `levels` are its cells in order (a single "" in the overall table);
    `sigma_units` is the scale of the discrete Gaussian in 1/1024; `event_cap` bounds a child's events.
    `centre_doubled` is low + high of a sum's bounds, and `step` 2 where twice the distance is sent, else 1.
    A histogram has an entry for each of its `categories` in every level, level after level.
    """

    statistic: Statistic
    cohort: str
    indicator: str
    breakdown: str
    levels: tuple[str, ...]
    start: int
    sensitivity: int
    event_cap: int
    sigma_units: int
    centre_doubled: int = 0
    step: int = 1
    categories: tuple[str, ...] = ()

    @property
    def length(self) -> int:
        """Number of its entries."""
        return len(self.levels) * max(1, len(self.categories))

    @property
    def indices(self) -> slice:
        """Where its entries stand in the vector."""
        return slice(self.start, self.start + self.length)

    @property
    def sigma(self) -> float:
        """The noise scale as a float, exactly."""
        return self.sigma_units / SIGMA_UNITS

    @property
    def variance(self) -> float:
        """The variance parameter of the noise."""
        return self.sigma**2

    @property
    def cost(self) -> Fraction:
        """rho of a child that moves the block by its whole sensitivity."""
        return self.cost_of(self.sensitivity**2)

    def cost_of(self, squared: int) -> Fraction:
        """rho of a child that moves the block by a vector whose square (of the L2 norm) is `squared`."""
        return Fraction(squared * SIGMA_UNITS**2, 2 * self.sigma_units**2)


@dataclass(frozen=True)
class ReleasePlan:
    """A compiled release. `rho_units` is its exact cost for the worst child, rounded up to 1e-12.

    `councils_per_child` is the most councils that may count one child in one of its cohorts (privacy reference 3.4).
    """

    collection_id: str
    release_id: str
    mode: str
    framework_id: str
    framework_version: str
    framework_digest: str
    reference_year: int
    indicators: tuple[str, ...]
    breakdowns: tuple[str, ...]
    blocks: tuple[Block, ...]
    rho_units: int
    councils_per_child: int

    @property
    def length(self) -> int:
        """Number of entries of the vector."""
        last = self.blocks[-1]
        return last.start + last.length

    @property
    def plan_hash(self) -> bytes:
        """SHA-256 of the plan as canonical JSON (sorted keys, no spaces), 32 bytes."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).digest()

    def block(self, statistic: Statistic, name: str, breakdown: str = OVERALL) -> Block:
        """The block of a statistic: `name` is a cohort's id for totals, an indicator's otherwise.

        Raises KeyError when the plan has none.
        """
        for block in self.blocks:
            own = block.cohort if block.statistic is Statistic.TOTAL else block.indicator
            if (block.statistic, own, block.breakdown) == (statistic, name, breakdown):
                return block
        raise KeyError(f"{statistic} {name} {breakdown}")


@dataclass(frozen=True)
class _Draft:
    block: Block
    cohort: Cohort
    weight: Fraction


def _integer_sqrt_up(value: Fraction) -> int:
    root = math.isqrt(value.numerator // value.denominator)
    while root * root * value.denominator < value.numerator:
        root += 1
    return root


def _total_weight(cohort: Cohort, indicators: list[Indicator], others: list[Block]) -> Fraction:
    if cohort.source is Source.FAMILIES:
        weight = Fraction(sum(_quarters_flipped(block.statistic) - 1 for block in others), 4)
    else:
        sharing = sum(indicator.kind not in (Kind.COUNT, Kind.HISTOGRAM) for indicator in indicators)
        squared = _MEAN_SQUARED_CONTRAST * sharing * _WEIGHT_GRID**2
        weight = Fraction(_integer_sqrt_up(squared), _WEIGHT_GRID)
    count_published = any(indicator.kind is Kind.COUNT for indicator in indicators)
    return max(weight, Fraction(1)) if count_published else weight


def _event_cap(cohort: Cohort, indicators: list[Indicator]) -> int:
    if cohort.unit is not Unit.EVENT:
        return 1
    caps = {indicator.event_cap for indicator in indicators}
    if len(caps) != 1:
        raise InvalidRelease(
            f"Indicators of the cohort {cohort.id} keep different numbers of events for a child.",
            "Give them one event_cap, or put them into releases of their own.",
        )
    return caps.pop()


def _indicator_blocks(cohort: Cohort, indicator: Indicator, cap: int) -> Iterable[Block]:
    """The blocks of an indicator in the overall table, without its cohort's totals and without noise."""
    most = 2 * cap if cohort.source is Source.FAMILIES else cap
    block = Block(Statistic.CONTRAST, cohort.id, indicator.id, OVERALL, ("",), 0, most, cap, 0)
    if indicator.kind is Kind.PERCENT:
        yield block
    if indicator.kind is Kind.HISTOGRAM:
        yield replace(block, statistic=Statistic.HISTOGRAM, categories=indicator.categories)
    for statistic, bounds in (
        (Statistic.CENTRED_SUM, indicator.bounds),
        (Statistic.WHOLE_SUM, indicator.whole_bounds),
    ):
        if bounds is not None:
            low, high = bounds
            step = 1 + (low + high) % 2
            yield replace(
                block,
                statistic=statistic,
                sensitivity=(high - low) * step // 2 * most,
                centre_doubled=low + high,
                step=step,
            )


def _cohort_blocks(cohort: Cohort, indicators: list[Indicator]) -> Iterable[tuple[Block, Fraction]]:
    """The blocks of a cohort in the overall table with their weights."""
    cap = _event_cap(cohort, indicators)
    others = [block for indicator in indicators for block in _indicator_blocks(cohort, indicator, cap)]
    if any(indicator.kind is not Kind.HISTOGRAM for indicator in indicators):
        total = Block(Statistic.TOTAL, cohort.id, "", OVERALL, ("",), 0, cap, cap, 0)
        yield total, _total_weight(cohort, indicators, others)
    for block in others:
        yield block, Fraction(1)


def _drafts(framework: Framework, indicators: list[Indicator], breakdowns: tuple[str, ...]) -> list[_Draft]:
    levels = {breakdown.id: breakdown.levels for breakdown in BREAKDOWNS} | {OVERALL: ("",)}
    by_cohort: dict[str, list[Indicator]] = {}
    for indicator in indicators:
        by_cohort.setdefault(indicator.cohort, []).append(indicator)
    return [
        _Draft(replace(block, breakdown=breakdown, levels=levels[breakdown]), framework.cohort(cohort_id), weight)
        for breakdown in (OVERALL, *breakdowns)
        for cohort_id, members in by_cohort.items()
        for block, weight in _cohort_blocks(framework.cohort(cohort_id), members)
    ]


def cohort_admits(cohort: Cohort, age: int | None) -> bool:
    """Whether a child of that age (None: unknown) can be in the cohort."""
    return cohort.ages is None or (age is not None and cohort.ages[0] <= age <= cohort.ages[1])


def ages_that_differ(cohorts: Iterable[Cohort]) -> set[int | None]:
    """Ages enough to find the worst: whatever cohorts admit a child of some age, one of these is in all of them."""
    return {None, *(age for cohort in cohorts for age in cohort.ages or ())}


def _quarters_flipped(statistic: Statistic) -> int:
    """What a family that changes its outcome costs a block, in quarters of the cost of its whole sensitivity.

    The two counts of a histogram move by 1 each: half of the square of the sensitivity, which is 2.
    """
    return {Statistic.TOTAL: 0, Statistic.HISTOGRAM: 2}.get(statistic, 4)


def cohort_price(cohort: Cohort, prices: Iterable[tuple[Statistic, Fraction]]) -> Fraction:
    """The most a child in a cohort meets, given what each block would cost were it moved by its whole sensitivity."""
    listed = list(prices)
    if cohort.source is not Source.FAMILIES:
        return sum((price for _, price in listed), Fraction(0))
    flipped = sum((price * _quarters_flipped(statistic) for statistic, price in listed), Fraction(0))
    appeared = sum((price * (4 if statistic is Statistic.TOTAL else 1) for statistic, price in listed), Fraction(0))
    return max(flipped, appeared) / 4


def worst_child(priced: Iterable[tuple[Cohort, Statistic, Fraction]]) -> Fraction:
    """The largest total price a feasible child can meet: over ages within a source, summed over sources.

    `priced` lists blocks, each with what it would cost were it moved by its whole sensitivity.
    """
    cohorts: dict[str, Cohort] = {}
    blocks: dict[str, list[tuple[Statistic, Fraction]]] = {}
    for cohort, statistic, price in priced:
        cohorts[cohort.id] = cohort
        blocks.setdefault(cohort.id, []).append((statistic, price))
    prices = [(cohort, cohort_price(cohort, blocks[cohort.id])) for cohort in cohorts.values()]
    ages = ages_that_differ(cohorts.values())
    return sum(
        (
            max(
                sum(
                    (price for cohort, price in prices if cohort.source is source and cohort_admits(cohort, age)),
                    Fraction(0),
                )
                for age in ages
            )
            for source in {cohort.source for cohort in cohorts.values()}
        ),
        Fraction(0),
    )


def _scaled(drafts: list[_Draft], rho: Fraction) -> list[_Draft]:
    """Gives every block its noise scale: the smallest multiples of 1/1024 whose worst child costs at most rho."""
    s_squared = worst_child((draft.cohort, draft.block.statistic, draft.weight) for draft in drafts) / (2 * rho)

    def scaled(draft: _Draft) -> _Draft:
        variance = draft.block.sensitivity**2 * s_squared / draft.weight
        return replace(draft, block=replace(draft.block, sigma_units=_integer_sqrt_up(variance * SIGMA_UNITS**2)))

    return [scaled(draft) for draft in drafts]


def _requested_indicators(framework: Framework, request: ReleaseRequest) -> list[Indicator]:
    known = {indicator.id: indicator for indicator in framework.indicators}
    unknown = [name for name in request.indicators if name not in known]
    if unknown:
        raise InvalidRelease(
            f"Release {request.id} asks for indicators that {framework.id} does not hold: {', '.join(unknown)}.",
            "Correct the names in the collection file.",
        )
    if not request.indicators or len(set(request.indicators)) != len(request.indicators):
        raise InvalidRelease(
            f"Release {request.id} must name each of its indicators once.", "Correct the collection file."
        )
    indicators = [known[name] for name in request.indicators]
    for indicator in indicators:
        missing = [name for name in indicator.companions if name not in request.indicators]
        if missing:
            raise InvalidRelease(
                f"Release {request.id} asks for {indicator.id} without {', '.join(missing)}, which it must go with.",
                "Add that to the release, or leave both out.",
            )
    return indicators


def _checked_breakdowns(request: ReleaseRequest) -> tuple[str, ...]:
    known = {breakdown.id for breakdown in BREAKDOWNS}
    if not set(request.breakdowns) <= known or len(set(request.breakdowns)) != len(request.breakdowns):
        raise InvalidRelease(
            f"Release {request.id} must name breakdowns out of {', '.join(sorted(known))}, each once.",
            "Correct the collection file.",
        )
    return request.breakdowns


def compile_plan(framework: Framework, collection_id: str, reference_year: int, request: ReleaseRequest) -> ReleasePlan:
    """Compiles a release request against a framework.

    Raises
    ------
    InvalidRelease
        For an unknown indicator or breakdown, an indicator without its companions, a privacy cost that is not above
        0, event caps that differ within a cohort, or a vector of more than 100,000 entries.
    """
    if request.rho_units <= 0:
        raise InvalidRelease(
            f"Release {request.id} asks for no privacy cost; a figure without noise is never released.",
            "Give the release a rho (or epsilon) above 0.",
        )
    indicators = _requested_indicators(framework, request)
    drafts = _drafts(framework, indicators, _checked_breakdowns(request))
    scaled = _scaled(drafts, Fraction(request.rho_units, UNITS_PER_RHO))
    blocks: list[Block] = []
    start = 0
    for draft in scaled:
        blocks.append(replace(draft.block, start=start))
        start += draft.block.length
    if start > MAXIMUM_LENGTH:
        raise InvalidRelease(
            f"Release {request.id} has {start} entries; at most {MAXIMUM_LENGTH} are allowed.",
            "Ask for fewer indicators or breakdowns.",
        )
    cost = worst_child((draft.cohort, draft.block.statistic, draft.block.cost) for draft in scaled)
    return ReleasePlan(
        collection_id=collection_id,
        release_id=request.id,
        mode=request.mode,
        framework_id=framework.id,
        framework_version=framework.version,
        framework_digest=framework.digest,
        reference_year=reference_year,
        indicators=request.indicators,
        breakdowns=request.breakdowns,
        blocks=tuple(blocks),
        rho_units=rho_units_up(cost),
        councils_per_child=max(draft.cohort.councils_per_child for draft in drafts),
    )
