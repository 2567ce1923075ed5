"""What a person reads before approving: who asks, for what, what is sent, what it costs, what it could reveal.

Everything here follows from the plan, the policy and the ledger; no data are opened. Exact figures come in only where
the caller measured them (`figures`), for the council's own eyes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from frameworks.accounting import UNITS_PER_RHO, epsilon_from_rho
from frameworks.availability import missing_files
from frameworks.blocks import OVERALL, Statistic
from frameworks.display.formats import counted
from frameworks.exposure import DELTA, exposures
from frameworks.model import BREAKDOWNS, Framework, Indicator, Kind
from frameworks.plan import ReleasePlan
from frameworks.programme import (
    CHILDHOOD,
    ColluderRow,
    colluder_table,
    mover_table,
    programme_table,
    release_charge,
    sibling_table,
)
from frameworks.replacement import replace_one_rho_units
from node.config import NodeConfig
from node.errors import NodeError
from node.ledger import Ledger
from node.measure import NOT_AVAILABLE, Cell, Figure
from node.offers import Offer
from node.policy import Policy, check_allowed, check_budget
from node.preview_model import (
    COHORT_SIZES,
    CohortError,
    Preview,
    PreviewedIndicator,
    PreviewedRelease,
    Programme,
)
from node.preview_noise import chance_beyond, error_in_cohort, typical_error
from node.status import ReleaseStanding, read_status
from protos.signing import key_id

_YEARS = (1, 5, 10, 18, CHILDHOOD)


def _indicators(
    plan: ReleasePlan, framework: Framework, declared: frozenset[str], figures: Mapping[str, Figure] | None
) -> tuple[PreviewedIndicator, ...]:
    questions = {question.id: question.title for question in framework.questions}

    def previewed(indicator: Indicator) -> PreviewedIndicator:
        cohort = framework.cohort(indicator.cohort)
        blocks = [plan.block_of(indicator, name) for name in (OVERALL, *plan.breakdowns)]
        sized = ((size, error_in_cohort(plan, indicator, size)) for size in COHORT_SIZES[plan.mode])
        return PreviewedIndicator(
            id=indicator.id,
            title=indicator.title,
            proxy_for=indicator.proxy_for or "",
            cohort=cohort.title,
            cells=sum(len(block.levels) for block in blocks) * max(1, len(indicator.categories)),
            noise_scale=blocks[0].sigma,
            typical_error=typical_error(plan, indicator),
            question=questions[indicator.question],
            domain=indicator.domain,
            kind=indicator.kind.value,
            counts=counted(cohort.unit),
            error_unit=indicator.unit if indicator.kind is Kind.MEAN else "percentage points",
            cohort_errors=tuple(CohortError(size, error) for size, error in sized if error is not None),
            declared=not missing_files(framework, indicator.id, plan.reference_year, declared),
            exact=None if figures is None else _exact(figures.get(indicator.id, NOT_AVAILABLE)),
        )

    return tuple(previewed(framework.indicator(name)) for name in plan.indicators)


def _exact(figure: Figure) -> Cell:
    return Cell(figure.numerator, figure.denominator, figure.value, figure.categories)


_NUMBERS = {
    Statistic.TOTAL: "how many there are",
    Statistic.CONTRAST: "those with an outcome minus those without",
    Statistic.CENTRED_SUM: "sums of values, each as its distance from the middle of its range",
    Statistic.WHOLE_SUM: "sums of what the values are out of, likewise",
    Statistic.HISTOGRAM: "how many had each of several answers or outcomes",
}


def _numbers(plan: ReleasePlan) -> dict[str, int]:
    """How many of the plan's numbers are what; together they are all of them."""
    sent = {
        words: sum(block.length for block in plan.blocks if block.statistic is statistic)
        for statistic, words in _NUMBERS.items()
    }
    return {words: number for words, number in sent.items() if number}


def _refusal(
    policy: Policy, plan: ReleasePlan, ledger: Ledger, opens_at: datetime, now: datetime, before_it_units: int
) -> str:
    """Why the plan may not be released by the policy and the ledger, once `before_it_units` more are spent; or ""."""
    repaired_at = ledger.repaired_since(opens_at)
    if repaired_at is not None and ledger.acknowledged_at(plan.collection_id, plan.release_id) is None:
        return (
            f"It may have been answered before the ledger was repaired on {repaired_at:%d %B %Y}: not from here again."
        )
    try:
        check_allowed(policy, plan)
        if not _is_charged(ledger, plan):
            limits = ledger.limits_in_force(policy.limits)
            check_budget(
                plan.rho_units,
                spent_in_year=ledger.spent_in_year(now) + before_it_units,
                year_limit_units=limits.year_units,
                spent_for_life=ledger.spent_for_life() + before_it_units,
                life_limit_units=limits.life_units,
            )
    except NodeError as error:
        return str(error)
    return ""


def _is_charged(ledger: Ledger, plan: ReleasePlan) -> bool:
    return ledger.reservation(plan.collection_id, plan.release_id, plan.plan_hash) is not None


def _colluders(plan: ReleasePlan) -> tuple[ColluderRow, ...]:
    """For no councils, 1, a tenth, and a third of the largest group, about as many as the masks withstand."""
    if plan.secure is None:
        return ()
    roster, dropped, expected = plan.secure.largest_group, plan.secure.max_dropped, plan.secure.max_colluding
    most = roster - dropped - 1
    counts = sorted({min(number, most) for number in (0, 1, roster // 10, (roster - 1) // 3)})
    return colluder_table(plan.rho_units, DELTA, roster, dropped, counts, expected)


def _programme(framework: Framework, plans: Sequence[ReleasePlan]) -> Programme:
    units = sum(plan.rho_units for plan in plans)
    rho = units / UNITS_PER_RHO
    return Programme(
        rho=rho,
        epsilon=epsilon_from_rho(rho, DELTA),
        years=programme_table(units, (DELTA,), _YEARS),
        siblings=sibling_table(units, DELTA),
        movers=mover_table((release_charge(framework, plan) for plan in plans), DELTA),
    )


def _release(
    plan: ReleasePlan,
    framework: Framework,
    indicators: tuple[PreviewedIndicator, ...],
    standing: ReleaseStanding,
    *,
    refusal: str,
    charged: bool,
) -> PreviewedRelease:
    known = {breakdown.id: breakdown for breakdown in BREAKDOWNS}
    listed = exposures(framework, plan)
    rho = plan.rho_units / UNITS_PER_RHO
    replaced = replace_one_rho_units(framework, plan) / UNITS_PER_RHO
    return PreviewedRelease(
        id=plan.release_id,
        mode=plan.mode,
        numbers_sent=plan.length,
        rho=rho,
        epsilon=epsilon_from_rho(rho, DELTA),
        delta=DELTA,
        indicators=indicators,
        breakdowns=tuple(known[name].title for name in plan.breakdowns),
        exposures=listed,
        refusal=refusal,
        plan_hash=plan.plan_hash.hex(),
        numbers=_numbers(plan),
        table_cells=len({(block.cohort, block.breakdown, level) for block in plan.blocks for level in block.levels}),
        levels={known[name].title: known[name].labels for name in plan.breakdowns},
        replace_one_rho=replaced,
        replace_one_epsilon=epsilon_from_rho(replaced, DELTA),
        draws_within=int(1 / max(chance_beyond(one.rho, one.epsilon) for one in listed)),
        secure=plan.secure,
        colluders=_colluders(plan),
        charged=charged,
        standing=standing.standing,
        waiting_for=standing.waiting_for,
    )


def preview(
    offer: Offer, config: NodeConfig, ledger: Ledger, now: datetime, figures: Mapping[str, Figure] | None = None
) -> Preview:
    """What a person should know of a collection before approving it. `figures` are the council's own exact ones."""
    collection, framework, policy = offer.collection, offer.framework, config.policy
    declared = frozenset(config.returns.declared)
    status = read_status(
        council=f"{config.council.code} {config.council.name}",
        enrolled=True,
        offers=[offer],
        ledger=ledger,
        policy=policy,
        benchmarks=(),
        now=now,
    )
    releases = []
    to_pay_units = 0
    for plan, standing in zip(offer.plans, status.releases, strict=True):
        refusal = _refusal(policy, plan, ledger, collection.opens_at, now, to_pay_units)
        charged = not refusal and _is_charged(ledger, plan)
        to_pay_units += 0 if refusal or charged else plan.rho_units
        indicators = _indicators(plan, framework, declared, figures)
        releases.append(_release(plan, framework, indicators, standing, refusal=refusal, charged=charged))
    cost = to_pay_units / UNITS_PER_RHO
    return Preview(
        collection=collection.id,
        framework=f"{framework.title} ({collection.framework_id} {collection.framework_version})",
        reference_year=collection.reference_year,
        opens=collection.opens_at.isoformat(),
        closes=collection.closes_at.isoformat(),
        releases=tuple(releases),
        budget=status.budget,
        prepared_at=now.isoformat(timespec="seconds"),
        council=status.council,
        coordinator=config.coordinator.address,
        coordinator_key=key_id(config.coordinator.signing_key_bytes),
        framework_id=collection.framework_id,
        framework_version=collection.framework_version,
        framework_digest=collection.framework_digest,
        cost=cost,
        epsilon=epsilon_from_rho(cost, DELTA),
        budget_after=replace(
            status.budget,
            spent_this_year=status.budget.spent_this_year + cost,
            spent_for_life=status.budget.spent_for_life + cost,
        ),
        programme=_programme(framework, offer.plans),
        declared=config.returns.declared,
        policy=policy,
        shows_exact_figures=figures is not None,
    )
