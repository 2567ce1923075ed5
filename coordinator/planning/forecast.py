"""What a collection will cost and how noisy it will be, known before any data are opened."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from coordinator.collections import CompiledCollection
from coordinator.data import population_for
from coordinator.planning.expected_error import ExpectedError, expected_errors
from frameworks.accounting import UNITS_PER_RHO, epsilon_from_rho
from frameworks.blocks import Block
from frameworks.model import Framework, ReleaseMode
from frameworks.plan import ReleasePlan
from frameworks.replacement import replace_one_rho_units
from frameworks.shares import SHARE_UNITS, Groups, share_residue, share_units


@dataclass(frozen=True)
class BlockForecast:
    """One block: what it holds, how far one child moves it, and its noise: of the sum, and what each node draws."""

    statistic: str
    name: str
    breakdown: str
    cells: int
    sensitivity: int
    sigma: float
    sigma_node: float


@dataclass(frozen=True)
class ReleaseForecast:
    """What a release costs and how much noise it carries, known before any data are opened.

    `rho` is under add/remove of one child, `replace_one_rho` that of changing one child's records for another's; both
    epsilons are at `delta`. `sigma` is the smallest noise scale of any block; `sigma_node` what a node draws for it:
    the same in mode council, in mode secure its share where every council of the largest group answers, before both
    are multiplied by `grid`; sums are modulo 2**`modulus_bits`. `share_residue` is what a sum of shares adds to the
    divergence of one discrete Gaussian. `indicators` are the standard errors that this release alone would give.
    """

    id: str
    mode: ReleaseMode
    groups: Groups | None
    breakdowns: tuple[str, ...]
    vector_length: int
    rho: float
    replace_one_rho: float
    epsilon: float
    replace_one_epsilon: float
    delta: float
    sigma: float
    sigma_node: float
    grid: int
    modulus_bits: int
    share_residue: float
    plan_hash: str
    indicators: tuple[ExpectedError, ...]
    blocks: tuple[BlockForecast, ...]


@dataclass(frozen=True)
class CollectionForecast:
    """All releases of a collection, what they cost a child who is in each, and what their figures will be together."""

    rho: float
    epsilon: float
    delta: float
    indicators: tuple[ExpectedError, ...]
    releases: tuple[ReleaseForecast, ...]

    def as_json(self) -> dict[str, Any]:
        """The same as JSON-ready values."""
        return asdict(self)


def forecast(compiled: CompiledCollection) -> CollectionForecast:
    """The cost and the expected error of each release, and of all of them together."""
    population = population_for(compiled.collection.reference_year)
    rho = sum(plan.rho_units for plan in compiled.plans) / UNITS_PER_RHO
    delta = min(compiled.deltas)
    return CollectionForecast(
        rho=rho,
        epsilon=epsilon_from_rho(rho, delta),
        delta=delta,
        indicators=expected_errors(compiled.framework, compiled.plans, population),
        releases=tuple(
            _forecast_release(plan, compiled.framework, own, expected_errors(compiled.framework, [plan], population))
            for plan, own in zip(compiled.plans, compiled.deltas, strict=True)
        ),
    )


def _node_sigma(plan: ReleasePlan, block: Block) -> float:
    if plan.secure is None:
        return block.sigma
    honest = plan.secure.honest_shares(plan.secure.largest_group)
    return share_units(block, honest, plan.secure.grid) / (plan.secure.grid * SHARE_UNITS)


def _block(plan: ReleasePlan, block: Block) -> BlockForecast:
    return BlockForecast(
        statistic=block.statistic.value,
        name=block.indicator or block.cohort,
        breakdown=block.breakdown,
        cells=block.length,
        sensitivity=block.sensitivity,
        sigma=block.sigma,
        sigma_node=_node_sigma(plan, block),
    )


def _forecast_release(
    plan: ReleasePlan, framework: Framework, delta: float, errors: tuple[ExpectedError, ...]
) -> ReleaseForecast:
    rho = plan.rho_units / UNITS_PER_RHO
    replace_one_rho = replace_one_rho_units(framework, plan) / UNITS_PER_RHO
    blocks = tuple(_block(plan, block) for block in plan.blocks)
    secure = plan.secure
    return ReleaseForecast(
        id=plan.release_id,
        mode="council" if secure is None else "secure",
        groups=secure.groups if secure else None,
        breakdowns=plan.breakdowns,
        vector_length=plan.length,
        rho=rho,
        replace_one_rho=replace_one_rho,
        epsilon=epsilon_from_rho(rho, delta),
        replace_one_epsilon=epsilon_from_rho(replace_one_rho, delta),
        delta=delta,
        sigma=min(block.sigma for block in blocks),
        sigma_node=min(block.sigma_node for block in blocks),
        grid=secure.grid if secure else 1,
        modulus_bits=secure.modulus_bits if secure else 64,
        share_residue=share_residue(secure, plan.blocks, secure.largest_group) if secure else 0.0,
        plan_hash=plan.plan_hash.hex(),
        indicators=errors,
        blocks=blocks,
    )
