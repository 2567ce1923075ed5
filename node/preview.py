"""What a person reads before approving: who asks, for what, what is sent, what it costs, what it could reveal.

Everything here follows from the plan, the policy and the ledger; no data are opened.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from frameworks.exposure import DELTA, Exposure, exposures
from frameworks.model import BREAKDOWNS, Framework, Indicator, Kind
from frameworks.plan import OVERALL, Block, ReleasePlan, Statistic
from node.errors import NodeError
from node.offers import Offer
from node.policy import Policy, check_allowed
from node.status import Budget

_NORMAL_95 = 1.959964


@dataclass(frozen=True)
class PreviewedIndicator:
    """One indicator of a release. `typical_error` is the half-width, at 95 %, of the noise on its count or sum: of a
    histogram on each category's count, of a ratio on the sum of its parts.

    `proxy_for` says what a proxy stands for and is "" for every other.
    """

    id: str
    title: str
    proxy_for: str
    cohort: str
    cells: int
    noise_scale: float
    typical_error: float


@dataclass(frozen=True)
class PreviewedRelease:
    """One release as a person reads it. `refusal` says why this council's policy does not allow it, else is empty."""

    id: str
    mode: str
    numbers_sent: int
    rho: float
    epsilon: float
    delta: float
    indicators: tuple[PreviewedIndicator, ...]
    breakdowns: tuple[str, ...]
    exposures: tuple[Exposure, ...]
    refusal: str
    plan_hash: str


@dataclass(frozen=True)
class Preview:
    """A collection as a person reads it before approving."""

    collection: str
    framework: str
    reference_year: int
    opens: str
    closes: str
    releases: tuple[PreviewedRelease, ...]
    budget: Budget

    def as_json(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)


_STATISTICS = {
    Kind.COUNT: Statistic.TOTAL,
    Kind.PERCENT: Statistic.CONTRAST,
    Kind.MEAN: Statistic.CENTRED_SUM,
    Kind.RATIO: Statistic.CENTRED_SUM,
    Kind.HISTOGRAM: Statistic.HISTOGRAM,
}


def _measured_block(plan: ReleasePlan, indicator: Indicator, breakdown: str) -> Block:
    name = indicator.cohort if indicator.kind is Kind.COUNT else indicator.id
    return plan.block(_STATISTICS[indicator.kind], name, breakdown)


def _deviation(plan: ReleasePlan, indicator: Indicator) -> float:
    """The standard deviation of the noise on what is counted, in children, events or the indicator's unit.

    A contrast moves by 2 for one child. The sum of a ratio's parts is that of their distances from the middle and, for
    every child, the middle.
    """
    block = _measured_block(plan, indicator, OVERALL)
    if indicator.kind is Kind.RATIO:
        middles = block.centre_doubled / 2 * plan.block(Statistic.TOTAL, indicator.cohort).sigma
        return math.hypot(block.sigma / block.step, middles) / indicator.parts_per_unit
    return block.sigma / (2 if indicator.kind is Kind.PERCENT else block.step * indicator.parts_per_unit)


def _indicators(plan: ReleasePlan, framework: Framework) -> tuple[PreviewedIndicator, ...]:
    previewed = []
    for indicator in map(framework.indicator, plan.indicators):
        blocks = [_measured_block(plan, indicator, name) for name in (OVERALL, *plan.breakdowns)]
        previewed.append(
            PreviewedIndicator(
                id=indicator.id,
                title=indicator.title,
                proxy_for=indicator.proxy_for or "",
                cohort=framework.cohort(indicator.cohort).title,
                cells=sum(block.length for block in blocks),
                noise_scale=blocks[0].sigma,
                typical_error=_NORMAL_95 * _deviation(plan, indicator),
            )
        )
    return tuple(previewed)


def _refusal(policy: Policy, plan: ReleasePlan) -> str:
    try:
        check_allowed(policy, plan)
    except NodeError as error:
        return str(error)
    return ""


def preview_release(plan: ReleasePlan, framework: Framework, policy: Policy) -> PreviewedRelease:
    """What a person should know of one release."""
    titles = {breakdown.id: breakdown.title for breakdown in BREAKDOWNS}
    listed = exposures(framework, plan)
    return PreviewedRelease(
        id=plan.release_id,
        mode=plan.mode,
        numbers_sent=plan.length,
        rho=listed[0].rho,
        epsilon=listed[0].epsilon,
        delta=DELTA,
        indicators=_indicators(plan, framework),
        breakdowns=tuple(titles[name] for name in plan.breakdowns),
        exposures=listed,
        refusal=_refusal(policy, plan),
        plan_hash=plan.plan_hash.hex(),
    )


def preview(offer: Offer, policy: Policy, budget: Budget) -> Preview:
    """What a person should know of a collection before approving it."""
    collection = offer.collection
    return Preview(
        collection=collection.id,
        framework=f"{offer.framework.title} ({collection.framework_id} {collection.framework_version})",
        reference_year=collection.reference_year,
        opens=collection.opens_at.isoformat(),
        closes=collection.closes_at.isoformat(),
        releases=tuple(preview_release(plan, offer.framework, policy) for plan in offer.plans),
        budget=budget,
    )
