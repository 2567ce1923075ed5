"""What a release could tell about one child at most, in words a person can weigh: for previews and methods pages.

Everything follows from the plan; privacy reference 3.1 and 3.2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from frameworks.accounting import UNITS_PER_RHO, epsilon_from_rho
from frameworks.model import Framework
from frameworks.plan import ReleasePlan, Statistic
from frameworks.replacement import replace_one_rho_units

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


def _exposure(question: str, rho: float) -> Exposure:
    epsilon = epsilon_from_rho(rho, DELTA)
    return Exposure(question, rho, epsilon, 1 / (1 + math.exp(-epsilon)))


def _dearest_answer(plan: ReleasePlan) -> Fraction:
    """A changed yes or no moves its contrast by twice the block's sensitivity, in every table: 4 times its cost."""
    answers: dict[str, Fraction] = {}
    for block in plan.blocks:
        if block.statistic is Statistic.CONTRAST:
            answers[block.indicator] = answers.get(block.indicator, Fraction(0)) + 4 * block.cost
    return max(answers.values(), default=Fraction(0))


def exposures(framework: Framework, plan: ReleasePlan) -> tuple[Exposure, ...]:
    """Being in the returns at all (add/remove, what is charged), one answer, and every answer (replace-one)."""
    listed = [_exposure("Whether the child is in the council's returns at all", plan.rho_units / UNITS_PER_RHO)]
    answer = _dearest_answer(plan)
    if answer:
        listed.append(_exposure("One yes or no answer of a child known to be in them", float(answer)))
    every = replace_one_rho_units(framework, plan) / UNITS_PER_RHO
    return (*listed, _exposure("Every answer of a child known to be in them", every))
