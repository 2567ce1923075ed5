"""How far the noise moves England's percentages, by each way of adding councils up: foreseen, and in this run.

Each way is judged by the tables of whole cohorts alone, before least squares over the breakdowns, so that they compare.
A percentage is read from a contrast c and a total t as 50 (1 + c/t), and from counts n of outcomes that exclude each
other as 100 n/N (`frameworks.plan`). What is foreseen is the standard error to first order in noise over size.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.demo.asked import COLLECTION_ID, HEADLINES_RELEASE, MAX_DROPPED, REFERENCE_YEAR, SECURE_RELEASE
from deploy.demo.secure_round import Opened
from deploy.demo.truth import Figure, Truth
from frameworks.accounting import rho_units_down
from frameworks.blocks import Block, Statistic
from frameworks.model import Framework, Indicator
from frameworks.plan import ReleasePlan, ReleaseRequest, compile_plan

SMALLEST_COHORT = 1000


@dataclass(frozen=True)
class SumError:
    """The root mean square error of so many `percentages` of England, in percentage points: of those about
    `SMALLEST_COHORT` children or more, since one of a few hundred would outweigh all others.

    Foreseen from the noise alone: of councils' own noised headlines added up (`councils_added_up`), of the secure sum,
    and of one trusted office that adds the same noise once (`trusted_office`). `secure_sum` and `published` (the two
    kinds of release combined) are what this run gave.
    """

    percentages: int
    councils_added_up_foreseen: float
    secure_sum_foreseen: float
    trusted_office_foreseen: float
    secure_sum: float
    published: float


@dataclass(frozen=True)
class NoisyPlan:
    """Where each figure stands in a release's vector, and the noise scale of each block of it."""

    layout: ReleasePlan
    scales: Mapping[Block, float]

    @classmethod
    def of(cls, framework: Framework, foreseen: Mapping[str, Any]) -> NoisyPlan:
        """From what `collection validate` shows of a release. Where blocks stand does not depend on their noise."""
        request = ReleaseRequest(
            id=str(foreseen["id"]),
            mode="council",
            indicators=tuple(error["indicator"] for error in foreseen["indicators"]),
            breakdowns=tuple(foreseen["breakdowns"]),
            rho_units=rho_units_down(foreseen["rho"]),
        )
        layout = compile_plan(framework, COLLECTION_ID, REFERENCE_YEAR, request)
        scales = zip(layout.blocks, (float(block["sigma"]) for block in foreseen["blocks"]), strict=True)
        return cls(layout, dict(scales))

    def percentage(self, indicator: Indicator, values: Sequence[float]) -> float:
        """The indicator's percentage, from a vector of sums."""
        block = self.layout.block_of(indicator)
        if block.statistic is Statistic.HISTOGRAM:
            counts = values[block.start : block.start + block.length]
            return 100 * counts[block.categories.index(indicator.id)] / math.fsum(counts)
        return 50 * (1 + values[block.start] / values[self._total(indicator).start])

    def variance(self, indicator: Indicator, truth: Truth, noises: float) -> float:
        """Of the percentage, where so many noises of the plan's scales are in each sum."""
        block, share = self.layout.block_of(indicator), truth.value
        own = self.scales[block] ** 2
        if block.statistic is Statistic.HISTOGRAM:
            others = len(block.categories) - 1
            moved = 100**2 * own * ((1 - share) ** 2 + others * share**2)
        else:
            moved = 50**2 * (own + (2 * share - 1) ** 2 * self.scales[self._total(indicator)] ** 2)
        return noises * moved / truth.denominator**2

    def _total(self, indicator: Indicator) -> Block:
        return self.layout.block(Statistic.TOTAL, indicator.cohort)


def sum_error(
    framework: Framework,
    foreseen: Mapping[str, Any],
    opened: Opened,
    figures: Sequence[Figure],
    truth: Mapping[str, Truth],
) -> SumError:
    """The error of each way to the same percentages: those of `figures` that were published with a value.

    `foreseen` is what `collection validate` shows; `truth` holds the exact figures of the councils in the sum.
    """
    releases = {release["id"]: release for release in foreseen["releases"]}
    headlines, tables = (NoisyPlan.of(framework, releases[name]) for name in (HEADLINES_RELEASE, SECURE_RELEASE))
    sums = [value / releases[SECURE_RELEASE]["grid"] for value in opened.values]
    shown = [
        figure
        for figure in figures
        if figure.value is not None and truth[figure.indicator].denominator >= SMALLEST_COHORT
    ]
    indicators = [framework.indicator(figure.indicator) for figure in shown]
    councils = len(opened.survivors)
    noise_ratio = councils / (councils + len(opened.dropped) - MAX_DROPPED)

    def foreseen_error(plan: NoisyPlan, noises: float) -> float:
        return _root_mean([plan.variance(each, truth[each.id], noises) for each in indicators])

    return SumError(
        percentages=len(shown),
        councils_added_up_foreseen=foreseen_error(headlines, councils),
        secure_sum_foreseen=foreseen_error(tables, noise_ratio),
        trusted_office_foreseen=foreseen_error(tables, 1),
        secure_sum=_root_mean(
            [
                (tables.percentage(each, sums) - figure.truth) ** 2
                for each, figure in zip(indicators, shown, strict=True)
            ]
        ),
        published=_root_mean([(figure.value - figure.truth) ** 2 for figure in shown if figure.value is not None]),
    )


def _root_mean(squares: Sequence[float]) -> float:
    return math.sqrt(math.fsum(squares) / len(squares)) if squares else math.nan
