"""What a release could tell about one child at most, in words a person can weigh: for previews and methods pages.

Everything follows from the plan; privacy reference 3.1, 3.2 and 3.4. Two readings stand side by side. Being in the
returns (add/remove) is what is charged. Where it is known that a child is in them, because councils publish how many
there are, the rows on a child "known to be in them" (replace-one) are the ones that speak.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from frameworks.accounting import UNITS_PER_RHO, epsilon_from_rho, rho_units_up, surest_guess
from frameworks.blocks import Block, Statistic
from frameworks.cost import ages_that_differ, cohort_admits, worst_child
from frameworks.model import Cohort, Framework, Source
from frameworks.plan import ReleasePlan
from frameworks.replacement import replace_one_rho_units

DELTA = 1e-7
"""The delta at which epsilon is shown; rho, which is what councils pay, does not depend on it."""


@dataclass(frozen=True)
class Exposure:
    """The most that a reader who knows everything else could learn of one question about one child.

    `probability` is where a fair guess (one half) ends at most.
    """

    question: str
    rho: float
    epsilon: float
    probability: float


def _exposure(question: str, exact_rho: Fraction) -> Exposure:
    rho = float(exact_rho)
    epsilon = epsilon_from_rho(rho, DELTA)
    return Exposure(question, rho, epsilon, surest_guess(epsilon))


def _priced(framework: Framework, blocks: Iterable[Block]) -> Fraction:
    """What a child added or removed costs in these blocks."""
    return worst_child((framework.cohort(block.cohort), block.statistic, block.cost) for block in blocks)


def _by_cohort(framework: Framework, plan: ReleasePlan) -> list[tuple[Cohort, Fraction]]:
    """What being in one cohort costs, in all its tables."""
    blocks: dict[str, list[Block]] = {}
    for block in plan.blocks:
        blocks.setdefault(block.cohort, []).append(block)
    return [(framework.cohort(cohort_id), _priced(framework, own)) for cohort_id, own in blocks.items()]


def two_councils_rho_units(framework: Framework, plan: ReleasePlan, *, in_one_sum: bool) -> int:
    """rho, in units of 1e-12 rounded up, of a child whom a second council counts in each cohort in which two may.

    Releases of two councils add up. In one sum over both, where they may count the child in the same cells, it moves
    twice as far. Each council goes by the age in its own records, so the two may differ. Privacy reference 3.4.
    """
    prices = _by_cohort(framework, plan)
    ages = ages_that_differ(cohort for cohort, _ in prices)
    power = 2 if in_one_sum else 1

    def cost(source: Source, one: int | None, other: int | None) -> Fraction:
        total = Fraction(0)
        for cohort, price in prices:
            if cohort.source is source:
                second = cohort.councils_per_child > 1 and cohort_admits(cohort, other)
                total += (cohort_admits(cohort, one) + second) ** power * price
        return total

    sources = {cohort.source for cohort, _ in prices}
    dearest = (max(cost(source, one, other) for one in ages for other in ages) for source in sources)
    return rho_units_up(sum(dearest, Fraction(0)))


def _dearest_move(framework: Framework, plan: ReleasePlan) -> Fraction:
    """A child of another level leaves one cell of each block of the breakdown and joins another.

    A family has no characteristics, so it stays where it is.
    """
    moved = {name: list[Block]() for name in plan.breakdowns}
    for block in plan.blocks:
        if block.breakdown and framework.cohort(block.cohort).source is not Source.FAMILIES:
            moved[block.breakdown].append(block)
    return max((2 * _priced(framework, blocks) for blocks in moved.values()), default=Fraction(0))


def _dearest_answer(plan: ReleasePlan) -> Fraction:
    """In each table a changed yes or no moves its contrast by 2, a changed category two counts by 1, for each event."""
    answers: dict[str, Fraction] = {}
    for block in plan.blocks:
        if block.statistic in (Statistic.CONTRAST, Statistic.HISTOGRAM):
            squared = (4 if block.statistic is Statistic.CONTRAST else 2) * block.event_cap**2
            answers[block.indicator] = answers.get(block.indicator, Fraction(0)) + block.cost_of(squared)
    return max(answers.values(), default=Fraction(0))


def exposures(framework: Framework, plan: ReleasePlan) -> tuple[Exposure, ...]:
    """What is charged comes first: being in the returns at all. Questions that a plan does not raise are left out."""
    listed = [_exposure("Whether the child is in the council's returns at all", _rho(plan.rho_units))]
    if plan.councils_per_child > 1:
        twice = two_councils_rho_units(framework, plan, in_one_sum=plan.mode != "council")
        listed.append(_exposure("A child known to two councils in the year", _rho(twice)))
    prices = [price for _, price in _by_cohort(framework, plan)]
    if len(prices) > 1:
        listed.append(_exposure("Whether the child is in one cohort, the one that tells most", max(prices)))
    if move := _dearest_move(framework, plan):
        listed.append(_exposure("Which level of a breakdown a child known to be in them has", move))
    if answer := _dearest_answer(plan):
        listed.append(_exposure("One answer, yes or no or one of a list, of a child known to be in them", answer))
    every = _rho(replace_one_rho_units(framework, plan))
    return (*listed, _exposure("Every answer of a child known to be in them", every))


def _rho(rho_units: int) -> Fraction:
    return Fraction(rho_units, UNITS_PER_RHO)
