"""The same England where twelve outcomes of the whole cohort are two sets of six that exclude each other.

Reasons for leaving care, or kinds of placement: a child has one of the six or none. The rates of a set fall as
1 / rank^1.3 over its six outcomes and none. Measured as yes/no contrasts, and as one histogram a set.
"""

from __future__ import annotations

from collections.abc import Iterator

from frameworks.blocks import Statistic
from frameworks.model import Framework, Indicator
from tests.benchmarks.england import COHORT_SHARES, FRAMEWORK, SimulatedEngland, framework_of, percent
from tests.benchmarks.hybrid import ENGLAND, Answers, agreement

SETS = ("first_set", "second_set")
_SIZE = 6
_SHARES = [rank**-1.3 for rank in range(1, _SIZE + 2)]
_RATES = [share / sum(_SHARES) for share in _SHARES[:_SIZE]]


def exclusive_framework(*, histograms: bool) -> Framework:
    """The 30 outcomes, twelve of them in two sets; the framework says so, or leaves it out."""
    whole = [indicator for indicator in FRAMEWORK.indicators if indicator.cohort == "whole"]
    replaced = {indicator.id for indicator in whole[: _SIZE * len(SETS)]}
    in_sets = [
        percent(f"{name}_{rank}", "whole", rate).model_copy(update={"exclusive": name if histograms else None})
        for name in SETS
        for rank, rate in enumerate(_RATES)
    ]
    return framework_of([*in_sets, *(one for one in FRAMEWORK.indicators if one.id not in replaced)])


def england_variances(framework: Framework, given: Answers, simulated: SimulatedEngland) -> Iterator[float]:
    """The variance of each of England's shares: of contrast over total, or of a count over the sum of its set's counts.

    Of the latter [(1-p)^2 v_k + p^2 (sum of the others' v)] / N^2.
    """
    totals = {cohort: agreement(given, Statistic.TOTAL, cohort).sum(ENGLAND).variance for cohort in COHORT_SHARES}
    for indicator in framework.indicators:
        rate, size = _rate(indicator), simulated.whole.size[indicator.cohort]
        if indicator.exclusive is None:
            contrast = agreement(given, Statistic.CONTRAST, indicator.id).sum(ENGLAND).variance
            yield (contrast + (2 * rate - 1) ** 2 * totals[indicator.cohort]) / (4 * size**2)
        else:
            count = agreement(given, Statistic.HISTOGRAM, indicator.exclusive, indicator.id).sum(ENGLAND).variance
            yield count * ((1 - rate) ** 2 + _SIZE * rate**2) / size**2


def _rate(indicator: Indicator) -> float:
    assert indicator.england is not None
    return indicator.england.value / 100
