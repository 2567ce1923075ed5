"""What the publication cost each child's privacy, for the methods page: from the plan, and who was in its sums."""

from __future__ import annotations

from dataclasses import dataclass

from coordinator.records import GroupSum
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


@dataclass(frozen=True)
class SumCost:
    """A sum that councils opened together: over those of a group (its code), in a round (its id in hex).

    The noise of at least `honest_shares` councils was planned to be in it. `rho_of_one` is what a council's report
    would tell about a child to somebody who knows the reports of all others: the release's rho times those shares
    (privacy reference 5.3).
    """

    release_id: str
    group_code: str
    round_id: str
    councils: tuple[str, ...]
    honest_shares: int
    rho_of_one: float


def sum_cost(opened: GroupSum, release: ReleaseCost) -> SumCost:
    """The sum of a group, and what its councils rely on one another for."""
    shares = round(len(opened.councils) / opened.noise_ratio)
    return SumCost(opened.release_id, opened.group_code, opened.round_id, opened.councils, shares, release.rho * shares)
