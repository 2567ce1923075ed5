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

Percentages of which at most one can hold for a child (`IndicatorDefinition.exclusive`) become one histogram where a
release asks for at least three of a set: its categories are their ids in the order of the release and, last, `other`. A
child counts in the first that holds, whatever its records say, so the sensitivity of 1 does not rest on the author. For
one unit of cost K contrasts leave a squared error of K^2/4 on the shares, were the total known, and a histogram
K^2/(K+1), each count's variance less a (K+1)th: two are better off as contrasts, three are as good either way, more as
a histogram. It needs no total besides, so that a cohort of which nothing else is asked has none.

A family is counted once, but what is charged for is still a child. A child added or removed makes a family appear, or
changes its outcome: a no that becomes a yes moves a contrast by 2, a value a sum by its whole range, a category two
counts by 1 each. So all but the totals of families have twice the sensitivity. That holds for a child of one family; a
family has no characteristics, so it never changes its cell.

Noise. Block j has precision w_j and scale sigma_j = sensitivity_j / sqrt(w_j) * s, so that a child who moves it as far
as one can pays in proportion to w_j; one s is found for the rho given. A request may name the precisions, one integer
a block in the order of the plan: a coordinator chooses them for the least error, and whatever it chose, the cost is
exact and so is what nodes charge. Without them every block has 1 but for totals: those of a cohort have sqrt(0.36 I),
at least 1 where a count is published, I being the number of indicators that share them: the optimum when (2p-1)^2
averages 0.36, as England's published proportions do about. Totals of families have as much as costs nothing beside the
outcomes that may change. The histogram of a set of K has 2 sqrt(K): the least error sum of a/w under a given sum of w
has w in proportion to sqrt(a), where a contrast's a is 1/4, and that of K shares read from their counts alone the sum
of (1-p)^2 + K p^2, each of them 1 or a little less (0.86 to 0.95, averaged over the published shares of a set).

Cost: `frameworks.cost`. In mode secure the scales are those of the sum: `frameworks.shares`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Self

from pydantic import Field, model_validator

from frameworks.accounting import UNITS_PER_RHO, rho_units_up, root_up
from frameworks.blocks import OVERALL, SIGMA_UNITS, Block, Statistic
from frameworks.cost import quarters_flipped, worst_child
from frameworks.errors import InvalidRelease
from frameworks.model import (
    BREAKDOWNS,
    OTHER,
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
from frameworks.shares import SecureShare, SecureTerms, secure_share

MAXIMUM_LENGTH = 100_000
Precision = Annotated[int, Field(ge=1, lt=2**32)]

_MEAN_SQUARED_CONTRAST = Fraction(36, 100)
_WEIGHT_GRID = 64
_SMALLEST_SET = 3
_STATISTICS = {
    Kind.COUNT: Statistic.TOTAL,
    Kind.PERCENT: Statistic.CONTRAST,
    Kind.MEAN: Statistic.CENTRED_SUM,
    Kind.RATIO: Statistic.CENTRED_SUM,
    Kind.HISTOGRAM: Statistic.HISTOGRAM,
}


class ReleaseRequest(Model):
    """What a collection asks for in one release.

    `rho_units` is the most it may cost, in 1e-12 rho; `precisions` are relative, one a block, or none for the default;
    a release in mode secure, and no other, has terms.
    """

    id: Identifier
    mode: ReleaseMode
    indicators: tuple[Identifier, ...]
    breakdowns: tuple[Identifier, ...] = ()
    rho_units: int
    precisions: tuple[Precision, ...] = ()
    secure: SecureTerms | None = None

    @model_validator(mode="after")
    def _secure_has_terms(self) -> Self:
        if (self.mode == "secure") != (self.secure is not None):
            raise ValueError("a release in mode secure, and no other, has terms of its rounds")
        return self


@dataclass(frozen=True)
class ReleasePlan:
    """A compiled release. `rho_units` is its exact cost for the worst child, rounded up to 1e-12.

    `secure` says how the noise is shared in mode secure, where the scales of the blocks are those of a group's sum.

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
    secure: SecureShare | None = None

    @property
    def length(self) -> int:
        """Number of entries of the vector."""
        last = self.blocks[-1]
        return last.start + last.length

    @cached_property
    def plan_hash(self) -> bytes:
        """SHA-256 of the plan as canonical JSON (sorted keys, no spaces), 32 bytes."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).digest()

    @cached_property
    def noise_hash(self) -> bytes:
        """SHA-256 of what is said of the noise alone, 32 bytes: how it is shared, and each block's part in it."""
        blocks = [(block.start, block.length, block.sensitivity, block.sigma_units) for block in self.blocks]
        noise = {"blocks": blocks, "secure": asdict(self.secure) if self.secure else None}
        return hashlib.sha256(json.dumps(noise, sort_keys=True, separators=(",", ":")).encode()).digest()

    def block(self, statistic: Statistic, name: str, breakdown: str = OVERALL) -> Block:
        """The block of a statistic: `name` is a cohort's id for totals, an indicator's or a set's otherwise.

        Raises KeyError when the plan has none.
        """
        for block in self.blocks:
            own = block.cohort if block.statistic is Statistic.TOTAL else block.indicator
            if (block.statistic, own, block.breakdown) == (statistic, name, breakdown):
                return block
        raise KeyError(f"{statistic} {name} {breakdown}")

    def block_of(self, indicator: Indicator, breakdown: str = OVERALL) -> Block:
        """The block that holds what an indicator measures: of a ratio the parts, of one of a set the set's histogram.

        Raises KeyError when the plan has none.
        """
        for block in self.blocks:
            place = block.indicator, block.breakdown
            if place == (indicator.exclusive, breakdown) and indicator.id in block.categories:
                return block
        name = indicator.cohort if indicator.kind is Kind.COUNT else indicator.id
        return self.block(_STATISTICS[indicator.kind], name, breakdown)


@dataclass(frozen=True)
class _Draft:
    block: Block
    cohort: Cohort
    weight: Fraction


def _root(squared: Fraction) -> Fraction:
    """The square root as a weight, rounded up to 1/64."""
    return Fraction(root_up(squared * _WEIGHT_GRID**2), _WEIGHT_GRID)


def _total_weight(cohort: Cohort, indicators: list[Indicator], others: list[Block]) -> Fraction:
    if cohort.source is Source.FAMILIES:
        weight = Fraction(sum(quarters_flipped(block.statistic) - 1 for block in others), 4)
    else:
        sharing = sum(indicator.kind not in (Kind.COUNT, Kind.HISTOGRAM) for indicator in indicators)
        weight = _root(_MEAN_SQUARED_CONTRAST * sharing)
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


def _sets(indicators: list[Indicator]) -> dict[str, tuple[str, ...]]:
    """By the name of each set that is asked for as one histogram: its indicators, in order."""
    names = dict.fromkeys(indicator.exclusive for indicator in indicators if indicator.exclusive is not None)
    sets = {name: tuple(one.id for one in indicators if one.exclusive == name) for name in names}
    return {name: members for name, members in sets.items() if len(members) >= _SMALLEST_SET}


def _cohort_blocks(cohort: Cohort, indicators: list[Indicator]) -> Iterable[tuple[Block, Fraction]]:
    """The blocks of a cohort in the overall table with their weights."""
    cap = _event_cap(cohort, indicators)
    sets = _sets(indicators)
    single = [indicator for indicator in indicators if indicator.exclusive not in sets]
    others = [block for indicator in single for block in _indicator_blocks(cohort, indicator, cap)]
    if any(indicator.kind is not Kind.HISTOGRAM for indicator in single):
        total = Block(Statistic.TOTAL, cohort.id, "", OVERALL, ("",), 0, cap, cap, 0)
        yield total, _total_weight(cohort, single, others)
    for block in others:
        yield block, Fraction(1)
    for name, members in sets.items():
        histogram = Block(Statistic.HISTOGRAM, cohort.id, name, OVERALL, ("",), 0, cap, cap, 0)
        yield replace(histogram, categories=(*members, OTHER)), _root(Fraction(4 * len(members)))


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


def _scaled(drafts: list[_Draft], rho: Fraction) -> list[_Draft]:
    """Gives every block its noise scale: the smallest multiples of 1/1024 whose worst child costs at most rho."""
    s_squared = worst_child((draft.cohort, draft.block.statistic, draft.weight) for draft in drafts) / (2 * rho)

    def scaled(draft: _Draft) -> _Draft:
        variance = draft.block.sensitivity**2 * s_squared / draft.weight
        return replace(draft, block=replace(draft.block, sigma_units=root_up(variance * SIGMA_UNITS**2)))

    return [scaled(draft) for draft in drafts]


def _with_precisions(drafts: list[_Draft], request: ReleaseRequest) -> list[_Draft]:
    if not request.precisions:
        return drafts
    if len(request.precisions) != len(drafts):
        raise InvalidRelease(
            f"Release {request.id} has {len(request.precisions)} precisions for {len(drafts)} blocks.",
            "Give one for each block of the plan, or none.",
        )
    return [
        replace(draft, weight=Fraction(precision)) for draft, precision in zip(drafts, request.precisions, strict=True)
    ]


def _secure_share(request: ReleaseRequest, blocks: list[Block]) -> SecureShare | None:
    if request.secure is None:
        return None
    try:
        return secure_share(request.secure, blocks)
    except ValueError as error:
        raise InvalidRelease(
            f"Release {request.id} would have groups in which {error}.",
            "Allow fewer councils to drop out or collude, or form larger groups.",
        ) from error


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
        0, event caps that differ within a cohort, another number of precisions than of blocks, secure groups in which
        nobody's noise is sure, or a vector of more than 100,000 entries.
    """
    if request.rho_units <= 0:
        raise InvalidRelease(
            f"Release {request.id} asks for no privacy cost; a figure without noise is never released.",
            "Give the release a rho (or epsilon) above 0.",
        )
    indicators = _requested_indicators(framework, request)
    drafts = _with_precisions(_drafts(framework, indicators, _checked_breakdowns(request)), request)
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
        secure=_secure_share(request, blocks),
    )
