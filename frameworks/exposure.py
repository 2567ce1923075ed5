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
    """In every table a changed yes or no moves its contrast by 2 for each event, a changed category two counts by 1."""
    answers: dict[str, Fraction] = {}
    for block in plan.blocks:
        if block.statistic in (Statistic.CONTRAST, Statistic.HISTOGRAM):
            squared = 2 if block.statistic is Statistic.HISTOGRAM else (2 * block.event_cap) ** 2
            answers[block.indicator] = answers.get(block.indicator, Fraction(0)) + block.cost_of(squared)
    return max(answers.values(), default=Fraction(0))


def _in_several_councils(plan: ReleasePlan) -> int:
    """How often a plan is paid for a child in as many councils as may count it (privacy reference 3.4).

    Releases of two councils add up; in a sum over councils, where both may count the child in the same cells, the child
    moves the sum twice as far.
    """
    return plan.councils_per_child if plan.mode == "council" else plan.councils_per_child**2


def exposures(framework: Framework, plan: ReleasePlan) -> tuple[Exposure, ...]:
    """Being in the returns at all (add/remove, what is charged), in two councils' where that may be, one answer, and
    every answer (replace-one)."""
    being = plan.rho_units / UNITS_PER_RHO
    listed = [_exposure("Whether the child is in the council's returns at all", being)]
    if plan.councils_per_child > 1:
        listed.append(_exposure("A child known to two councils in the year", _in_several_councils(plan) * being))
    answer = float(_dearest_answer(plan))
    if answer:
        listed.append(_exposure("One answer, yes or no or one of a list, of a child known to be in them", answer))
    every = replace_one_rho_units(framework, plan) / UNITS_PER_RHO
    return (*listed, _exposure("Every answer of a child known to be in them", every))
