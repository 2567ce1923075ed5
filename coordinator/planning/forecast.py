"""What a collection will cost and how noisy it will be, known before any data are opened."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from coordinator.collections import CompiledCollection
from coordinator.estimates.returned import measured_block
from frameworks.accounting import UNITS_PER_RHO, epsilon_from_rho
from frameworks.model import Framework, Kind, ReleaseMode
from frameworks.plan import ReleasePlan, ReleaseRequest, Statistic
from frameworks.replacement import replace_one_rho_units


@dataclass(frozen=True)
class IndicatorNoise:
    """Standard deviation of the noise on an indicator's overall sum: of one council, and of England's councils added.

    In children (events, families), of a histogram in those of any one category; for a mean, and the parts of a ratio,
    in units of the value times `step`.
    """

    indicator: str
    council: float
    england: float


@dataclass(frozen=True)
class ReleaseForecast:
    """What a release costs and how much noise it carries, known before any data are opened.

    `rho` is under add/remove of one child, `replace_one_rho` that of changing one child's records for another's.
    """

    id: str
    mode: ReleaseMode
    breakdowns: tuple[str, ...]
    vector_length: int
    rho: float
    replace_one_rho: float
    epsilon: float
    replace_one_epsilon: float
    delta: float
    sigma_lowest: float
    sigma_highest: float
    plan_hash: str
    indicators: tuple[IndicatorNoise, ...]

    def as_json(self) -> dict[str, Any]:
        """The same as JSON-ready values."""
        return asdict(self)


def _noise(plan: ReleasePlan, framework: Framework, indicator_id: str, councils: int) -> IndicatorNoise:
    indicator = framework.indicator(indicator_id)
    block = measured_block(plan, indicator)
    variance = block.variance
    if indicator.kind is Kind.RATIO:
        total = plan.block(Statistic.TOTAL, indicator.cohort)
        variance += total.variance * (block.centre_doubled * block.step / 2) ** 2
    council = math.sqrt(variance)
    return IndicatorNoise(indicator_id, council, council * math.sqrt(councils) if plan.mode == "council" else council)


def forecast(compiled: CompiledCollection, councils: int) -> tuple[ReleaseForecast, ...]:
    """The cost of each release. `councils` is how many England has: noise of council releases adds up over them."""
    return tuple(
        _forecast_release(plan, request, compiled.framework, delta, councils)
        for plan, request, delta in zip(compiled.plans, compiled.collection.releases, compiled.deltas, strict=True)
    )


def _forecast_release(
    plan: ReleasePlan, request: ReleaseRequest, framework: Framework, delta: float, councils: int
) -> ReleaseForecast:
    rho = plan.rho_units / UNITS_PER_RHO
    replace_one_rho = replace_one_rho_units(framework, plan) / UNITS_PER_RHO
    sigmas = [block.sigma for block in plan.blocks]
    return ReleaseForecast(
        id=plan.release_id,
        mode=request.mode,
        breakdowns=plan.breakdowns,
        vector_length=plan.length,
        rho=rho,
        replace_one_rho=replace_one_rho,
        epsilon=epsilon_from_rho(rho, delta),
        replace_one_epsilon=epsilon_from_rho(replace_one_rho, delta),
        delta=delta,
        sigma_lowest=min(sigmas),
        sigma_highest=max(sigmas),
        plan_hash=plan.plan_hash.hex(),
        indicators=tuple(_noise(plan, framework, name, councils) for name in plan.indicators),
    )
