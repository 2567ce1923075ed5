"""What a person reads before approving: who asks, for what, what is sent, what it costs, what it could reveal.

Everything here follows from the plan, the policy and the ledger; no data are opened.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from frameworks.exposure import DELTA, Exposure, exposures
from frameworks.model import BREAKDOWNS, Framework
from frameworks.plan import OVERALL, Block, ReleasePlan, Statistic
from node.errors import NodeError
from node.offers import Offer
from node.policy import Policy, check_allowed
from node.status import Budget

_NORMAL_95 = 1.959964


@dataclass(frozen=True)
class PreviewedIndicator:
    """One indicator of a release. `typical_error` is the half-width, at 95 %, of the noise on its count or sum."""

    id: str
    title: str
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


def _measured_block(plan: ReleasePlan, indicator_id: str, cohort_id: str, breakdown: str) -> Block:
    for statistic in (Statistic.CONTRAST, Statistic.CENTRED_SUM):
        try:
            return plan.block(statistic, indicator_id, breakdown)
        except KeyError:
            continue
    return plan.block(Statistic.TOTAL, cohort_id, breakdown)


def _indicators(plan: ReleasePlan, framework: Framework) -> tuple[PreviewedIndicator, ...]:
    previewed = []
    for indicator_id in plan.indicators:
        indicator = framework.indicator(indicator_id)
        cohort = framework.cohort(indicator.cohort)
        block = _measured_block(plan, indicator_id, cohort.id, OVERALL)
        scale = 2 if block.statistic is Statistic.CONTRAST else block.step
        previewed.append(
            PreviewedIndicator(
                id=indicator.id,
                title=indicator.title,
                cohort=cohort.title,
                cells=sum(
                    len(_measured_block(plan, indicator_id, cohort.id, name).levels)
                    for name in (OVERALL, *plan.breakdowns)
                ),
                noise_scale=block.sigma,
                typical_error=_NORMAL_95 * block.sigma / scale,
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
