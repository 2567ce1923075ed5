"""What the publication cost each child's privacy, for the methods page: from the plan alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

from frameworks.accounting import UNITS_PER_RHO, epsilon_from_rho
from frameworks.plan import ReleasePlan, Statistic

DELTA = 1e-7
"""The delta at which epsilon is shown; rho, which is what councils pay, does not depend on it."""


@dataclass(frozen=True)
class Exposure:
    """The most that a reader who knows everything else could learn of one question about one child.

    `probability` is where a fair guess (one half) ends at most: 1 / (1 + exp(-epsilon)).
    """

    question: str
    rho: float
    epsilon: float
    probability: float


@dataclass(frozen=True)
class ReleaseCost:
    """One release: how many numbers each council sent, and what they cost."""

    release_id: str
    mode: str
    entries: int
    rho: float
    epsilon: float
    exposures: tuple[Exposure, ...]


def _exposure(question: str, rho: float) -> Exposure:
    epsilon = epsilon_from_rho(rho, DELTA)
    return Exposure(question, rho, epsilon, 1 / (1 + math.exp(-epsilon)))


def release_cost(plan: ReleasePlan) -> ReleaseCost:
    """The cost of a release under add/remove, with the changed answers of a known child beside it.

    A changed yes/no answer moves its contrast by twice the block's sensitivity in every table, which is 4 times the
    block's cost; all answers at once cost at most 4 rho (privacy reference 3.1).
    """
    rho = plan.rho_units / UNITS_PER_RHO
    answers: dict[str, float] = {}
    for block in plan.blocks:
        if block.statistic is Statistic.CONTRAST:
            answers[block.indicator] = answers.get(block.indicator, 0.0) + float(4 * block.cost)
    exposures = [_exposure("Whether the child is in the council's returns at all", rho)]
    if answers:
        exposures.append(_exposure("One yes or no answer of a child known to be in them", max(answers.values())))
    exposures.append(_exposure("Every answer of a child known to be in them (at most)", 4 * rho))
    return ReleaseCost(plan.release_id, plan.mode, plan.length, rho, exposures[0].epsilon, tuple(exposures))
