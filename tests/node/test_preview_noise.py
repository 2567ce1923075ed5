"""If these failed, a guardian would be told that figures are sharper, or guesses rarer, than the noise makes them."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable

import pytest

from frameworks.accounting import epsilon_from_rho
from frameworks.blocks import Statistic
from node.preview_noise import chance_beyond, error_in_cohort
from tests.node.previews import offer_of

_OFFER = offer_of()
_PLAN = _OFFER.plans[0]
_SIZE = 100_000
_DRAWS = 4_000


def _noise(source: random.Random, statistic: Statistic, name: str) -> float:
    return source.gauss(0, _PLAN.block(statistic, name).sigma)


def _share(source: random.Random) -> float:
    total = _SIZE + _noise(source, Statistic.TOTAL, "looked_after")
    contrast = _SIZE * (2 * 0.2 - 1) + _noise(source, Statistic.CONTRAST, "healthy")
    return 100 * (1 + contrast / total) / 2


def _mean(source: random.Random) -> float:
    """Values of 0 to 5 whose mean is 1, sent as twice their distance from 2.5."""
    total = _SIZE + _noise(source, Statistic.TOTAL, "looked_after")
    centred = _SIZE * (2 * 1 - 5) + _noise(source, Statistic.CENTRED_SUM, "odd_score")
    return 2.5 + centred / total / 2


def _ratio(source: random.Random) -> float:
    """Wholes of 1 to 20 whose mean is 10.5, and parts of 0 to 20 that are a fifth of them."""
    total = _SIZE + _noise(source, Statistic.TOTAL, "pupils")
    parts = _SIZE * (2.1 - 10) + _noise(source, Statistic.CENTRED_SUM, "absence")
    wholes = _noise(source, Statistic.WHOLE_SUM, "absence")
    return 100 * (parts + 10 * total) / ((wholes + 21 * total) / 2)


def _category(source: random.Random) -> float:
    counts = [share * _SIZE + _noise(source, Statistic.HISTOGRAM, "mood") for share in (0.2, 0.4, 0.4)]
    return 100 * counts[0] / sum(counts)


@pytest.mark.parametrize(
    ("indicator", "published"), [("healthy", _share), ("odd_score", _mean), ("absence", _ratio), ("mood", _category)]
)
def test_the_error_in_a_cohort_is_that_of_the_figure_as_it_is_worked_out(
    indicator: str, published: Callable[[random.Random], float]
) -> None:
    """Drawn, with the noise of the plan. Two sizes apart by ten have errors apart by ten."""
    source = random.Random(2025)
    deviation = statistics.stdev(published(source) for _ in range(_DRAWS))
    told = error_in_cohort(_PLAN, _OFFER.framework.indicator(indicator), _SIZE)
    assert told == pytest.approx(1.959964 * deviation, rel=0.05)
    smaller = error_in_cohort(_PLAN, _OFFER.framework.indicator(indicator), _SIZE // 10)
    assert told is not None and smaller == pytest.approx(10 * told)


def test_a_count_has_the_same_error_whatever_its_size() -> None:
    assert error_in_cohort(_PLAN, _OFFER.framework.indicator("children"), 50) is None


@pytest.mark.parametrize("rho", [1e-4, 0.005, 0.02, 0.0742, 0.5, 3.0])
def test_the_noise_says_more_than_epsilon_no_more_often_than_told(rho: float) -> None:
    """The privacy loss of a Gaussian mechanism of that rho is Gaussian itself, with mean rho and variance 2 rho."""
    epsilon = epsilon_from_rho(rho, 1e-7)
    exact = math.erfc((epsilon - rho) / math.sqrt(2 * rho) / math.sqrt(2)) / 2
    assert exact <= chance_beyond(rho, epsilon) < 1


def test_delta_itself_would_understate_how_often() -> None:
    """At the epsilon of a yearly release the noise says more several times as often as delta."""
    epsilon = epsilon_from_rho(0.02, 1e-7)
    assert math.erfc((epsilon - 0.02) / math.sqrt(0.04) / math.sqrt(2)) / 2 > 5e-7


def test_nothing_is_promised_of_an_epsilon_that_is_met_on_average() -> None:
    assert chance_beyond(0.5, 0.4) == 1
