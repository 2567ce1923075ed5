"""What the publication cost each child's privacy, for the methods page: from the plan alone."""

from __future__ import annotations

from dataclasses import dataclass

from frameworks.exposure import Exposure, exposures
from frameworks.model import Framework
from frameworks.plan import ReleasePlan


@dataclass(frozen=True)
class ReleaseCost:
    """One release: how many numbers each council sent, and what they cost, in ledger units of 1e-12 rho and to read."""

    release_id: str
    mode: str
    entries: int
    rho_units: int
    rho: float
    epsilon: float
    exposures: tuple[Exposure, ...]


def release_cost(framework: Framework, plan: ReleasePlan) -> ReleaseCost:
    """The cost of a release under add/remove, with the changed answers of a known child beside it."""
    listed = exposures(framework, plan)
    return ReleaseCost(
        plan.release_id, plan.mode, plan.length, plan.rho_units, listed[0].rho, listed[0].epsilon, listed
    )
