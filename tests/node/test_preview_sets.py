"""If these failed, a guardian would be told another noise on an outcome of a set than its figure will carry."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from frameworks.blocks import Statistic
from frameworks.plan import ReleaseRequest
from node.preview import preview
from node.preview_noise import error_in_cohort, typical_error
from tests.node.previews import config_of, offer_of
from tests.node.small_release import NOW, open_ledger

REASONS = ("adopted", "went_home", "moved_on")
REQUEST = ReleaseRequest(
    id="leavers", mode="council", indicators=REASONS, breakdowns=("sex",), rho_units=10_000_000_000
)
OFFER = offer_of(REQUEST)
BLOCK = OFFER.plans[0].block(Statistic.HISTOGRAM, "why_left")


def test_each_outcome_of_a_set_is_one_count_of_every_table(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        (release,) = preview(OFFER, config_of(tmp_path), ledger, NOW).releases
    assert release.numbers == {"how many had each of several answers or outcomes": 16}
    assert [(one.id, one.cells, one.noise_scale) for one in release.indicators] == [
        (reason, 4, BLOCK.sigma) for reason in REASONS
    ]


@pytest.mark.parametrize("reason", REASONS)
def test_the_error_shown_is_that_of_a_share_of_the_counts(reason: str) -> None:
    """A fifth of 1,000 children, read from noised counts many times over."""
    plan, indicator = OFFER.plans[0], OFFER.framework.indicator(reason)
    assert typical_error(plan, indicator) == pytest.approx(1.959964 * BLOCK.sigma)
    noise = np.random.default_rng(7).normal(0, BLOCK.sigma, (20_000, len(BLOCK.categories)))
    counts = np.array([200, 250, 250, 300]) + noise
    shares = 100 * counts[:, 0] / counts.sum(axis=1)
    shown = error_in_cohort(plan, indicator, 1000)
    assert shown is not None
    assert float(np.std(shares)) * 1.959964 == pytest.approx(shown, rel=4.5 / math.sqrt(2 * len(shares)) + 0.01)
