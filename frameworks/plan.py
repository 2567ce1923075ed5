"""The release plan: which vector index is which table cell, how far one child can move it, the noise, the cost.

Both ends compile the plan from the framework they hold and compare `plan_hash`; nothing in it depends on data.

Encoding (privacy reference 3.2, 3.3). A *table* is the cohort as a whole ("overall") or one breakdown, with all its
levels. In each table every cohort has one block of totals (children, or events, per cell), every percent indicator
one block of contrasts (yes counts +1, no counts -1, summed per cell) and every mean one block of centred sums. One
child stands in one cell of each table, so a block moves by at most its `sensitivity` (in the L2 norm and in any
single entry): 1 for children, `event_cap` for events, half the range for a centred mean (the whole range where the
middle is not an integer, and twice the distance from the middle is sent).

Noise. Block j has weight w_j (1 for a contrast or sum; for a cohort's totals sqrt(0.36 I), at least 1 where a count is
published, I being the number of indicators that share them: the optimum when (2p-1)^2 averages 0.36, as England's
published proportions do about) and scale sigma_j = sensitivity_j / sqrt(w_j) * s. One s is found for the rho given.

Cost. rho = 1/2 max over feasible children of the sum over blocks of sensitivity_j^2 / sigma_j^2, under add/remove of
one child's whole record set. A child of one source has one age, enforced by the node, so cohorts that admit different
ages exclude each other; ids of two sources are not linked, so sources add up.
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


@dataclass(frozen=True)
class Block:
    """Consecutive vector entries with one sensitivity and one noise scale: one statistic of one table.

    `start` is the index of its first entry; `levels` are its cells in order (a single "" in the overall table);
    `sigma_units` is the scale of the discrete Gaussian in 1/1024; `event_cap` bounds a child's events.
    `centre_doubled` is low + high of a mean's bounds, and `step` 2 where twice the distance is sent, else 1.
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
        return Fraction(self.sensitivity**2 * SIGMA_UNITS**2, 2 * self.sigma_units**2)


@dataclass(frozen=True)
class ReleasePlan:
    """A compiled release. `rho_units` is its exact cost for the worst child, rounded up to 1e-12."""

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

    @property
    def length(self) -> int:
        """Number of entries of the vector."""
        last = self.blocks[-1]
        return last.start + len(last.levels)

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


def _total_weight(sharing: int, count_published: bool) -> Fraction:
    squared = _MEAN_SQUARED_CONTRAST * sharing * _WEIGHT_GRID**2
    weight = Fraction(_integer_sqrt_up(squared), _WEIGHT_GRID)
    return max(weight, Fraction(1)) if count_published else weight


def _event_cap(cohort: Cohort, indicators: list[Indicator]) -> int:
    if cohort.unit is Unit.CHILD:
        return 1
    caps = {indicator.event_cap for indicator in indicators}
    if len(caps) != 1:
        raise InvalidRelease(
            f"Indicators of the cohort {cohort.id} keep different numbers of events for a child.",
            "Give them one event_cap, or put them into releases of their own.",
        )
    return caps.pop()


def _cohort_blocks(
    cohort: Cohort, indicators: list[Indicator], breakdown: str, levels: tuple[str, ...]
) -> Iterable[tuple[Block, Fraction]]:
    cap = _event_cap(cohort, indicators)
    measured = [indicator for indicator in indicators if indicator.kind is not Kind.COUNT]
    weight = _total_weight(len(measured), count_published=len(measured) < len(indicators))
    yield Block(Statistic.TOTAL, cohort.id, "", breakdown, levels, 0, cap, cap, 0), weight
    for indicator in measured:
        if indicator.kind is Kind.PERCENT:
            yield (
                Block(Statistic.CONTRAST, cohort.id, indicator.id, breakdown, levels, 0, cap, cap, 0),
                Fraction(1),
            )
            continue
        assert indicator.bounds is not None
        low, high = indicator.bounds
        step = 1 + (low + high) % 2
        sensitivity = (high - low) * step // 2 * cap
        yield (
            Block(
                Statistic.CENTRED_SUM,
                cohort.id,
                indicator.id,
                breakdown,
                levels,
                0,
                sensitivity,
                cap,
                0,
                low + high,
                step,
            ),
            Fraction(1),
        )


def _drafts(framework: Framework, indicators: list[Indicator], breakdowns: tuple[str, ...]) -> list[_Draft]:
    levels = {breakdown.id: breakdown.levels for breakdown in BREAKDOWNS} | {OVERALL: ("",)}
    by_cohort: dict[str, list[Indicator]] = {}
    for indicator in indicators:
        by_cohort.setdefault(indicator.cohort, []).append(indicator)
    return [
        _Draft(block, framework.cohort(cohort_id), weight)
        for breakdown in (OVERALL, *breakdowns)
        for cohort_id, members in by_cohort.items()
        for block, weight in _cohort_blocks(framework.cohort(cohort_id), members, breakdown, levels[breakdown])
    ]


def cohort_admits(cohort: Cohort, age: int | None) -> bool:
    """Whether a child of that age (None: unknown) can be in the cohort."""
    return cohort.ages is None or (age is not None and cohort.ages[0] <= age <= cohort.ages[1])


def ages_that_differ(cohorts: Iterable[Cohort]) -> set[int | None]:
    """Ages enough to find the worst: whatever cohorts admit a child of some age, one of these is in all of them."""
    return {None, *(age for cohort in cohorts for age in cohort.ages or ())}


def worst_child(priced: Iterable[tuple[Cohort, Fraction]]) -> Fraction:
    """The largest total price a feasible child can meet: over ages within a source, summed over sources."""
    listed = list(priced)
    ages = ages_that_differ(cohort for cohort, _ in listed)
    sources = {cohort.source for cohort, _ in listed}
    return sum(
        (
            max(
                sum(
                    (price for cohort, price in listed if cohort.source is source and cohort_admits(cohort, age)),
                    Fraction(0),
                )
                for age in ages
            )
            for source in sources
        ),
        Fraction(0),
    )


def _scaled(drafts: list[_Draft], rho: Fraction) -> list[_Draft]:
    """Gives every block its noise scale: the smallest multiples of 1/1024 whose worst child costs at most rho."""
    s_squared = worst_child((draft.cohort, draft.weight) for draft in drafts) / (2 * rho)

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
    return [known[name] for name in request.indicators]


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
        For an unknown indicator or breakdown, a privacy cost that is not above 0, event caps that differ within a
        cohort, or a vector of more than 100,000 entries.
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
        start += len(draft.block.levels)
    if start > MAXIMUM_LENGTH:
        raise InvalidRelease(
            f"Release {request.id} has {start} entries; at most {MAXIMUM_LENGTH} are allowed.",
            "Ask for fewer indicators or breakdowns.",
        )
    cost = worst_child((draft.cohort, draft.block.cost) for draft in scaled)
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
    )
