"""How far councils' headline figures are from their exact ones: as sent, cut to 0..100 %, and steadied.

All outcomes of a cohort (18 of the whole one) at all 153 councils, the exact figure of the council being the truth.
Each repetition has councils of its own, with rates drawn anew: how much they differ is part of what is measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from coordinator.estimates.decode import Mean
from coordinator.estimates.steadying import steadied_headlines
from coordinator.estimates.sums import NoisySum, combine
from frameworks.blocks import Block, Statistic
from frameworks.plan import ReleasePlan
from tests.benchmarks.england import FRAMEWORK, SimulatedEngland
from tests.benchmarks.hybrid import DiscreteGaussian

FAR_IN_STANDARD_DEVIATIONS = 1.5


@dataclass(frozen=True)
class HeadlineErrors:
    """Root mean squared errors in percentage points over councils, outcomes and repetitions.

    `standard_error` is the steadied figure's, between repetitions; `covered` how many of its intervals hold the truth,
    `covered_far` of councils further than 1.5 standard deviations from the others' mean.
    """

    clamped: float
    steadied: float
    standard_error: float
    covered: float
    covered_far: float


def headline_errors(
    plan: ReleasePlan, englands: Sequence[SimulatedEngland], rng: np.random.Generator, cohort: str = "whole"
) -> HeadlineErrors:
    """Draws the councils' headlines under a plan, steadies each outcome's, and compares with the exact figures.

    Where the product gives no steadied figure, England's stands in: what a reader would take.
    """
    draw = DiscreteGaussian(rng).draw
    total_block = plan.block(Statistic.TOTAL, cohort)
    clamped, steadied, held, far = [], [], [], []
    for simulated in englands:
        codes = [str(number) for number in range(len(simulated.councils))]
        children = {code: council.children for code, council in zip(codes, simulated.councils, strict=True)}
        size = np.array([council.size[cohort] for council in simulated.councils])
        totals = [NoisySum(value, total_block.variance) for value in _noised(size, total_block, draw)]
        for indicator in (one for one in FRAMEWORK.indicators if one.cohort == cohort):
            block = plan.block(Statistic.CONTRAST, indicator.id)
            yes = np.array([council.yes[indicator.id] for council in simulated.councils])
            exact = 100 * yes / size
            contrasts = [NoisySum(value, block.variance) for value in _noised(2 * yes - size, block, draw)]
            figures = [Mean(*sums, 0.0, 100.0) for sums in zip(contrasts, totals, strict=True)]
            england = Mean(combine(contrasts), combine(totals), 0.0, 100.0)
            found = steadied_headlines(indicator, dict(zip(codes, figures, strict=True)), england, children)
            values = [found[code].value if code in found else england.value for code in codes]
            inside = [
                code in found and found[code].lower <= truth <= found[code].upper
                for code, truth in zip(codes, exact, strict=True)
            ]
            clamped.append(np.nanmean((np.array([figure.value for figure in figures]) - exact) ** 2))
            steadied.append(np.mean((np.array(values) - exact) ** 2))
            held.append(np.mean(inside))
            far.extend(np.array(inside)[np.abs(exact - exact.mean()) > FAR_IN_STANDARD_DEVIATIONS * exact.std()])
    by_repetition = np.array(steadied).reshape(len(englands), -1).mean(axis=1)
    root = math.sqrt(float(by_repetition.mean()))
    return HeadlineErrors(
        clamped=math.sqrt(float(np.mean(clamped))),
        steadied=root,
        standard_error=float(by_repetition.std(ddof=1)) / math.sqrt(len(englands)) / (2 * root),
        covered=float(np.mean(held)),
        covered_far=float(np.mean(far)),
    )


def _noised(exact: np.ndarray, block: Block, draw: Callable[[int, int], np.ndarray]) -> list[float]:
    return [float(value) for value in exact + draw(block.sigma_units, len(exact))]
