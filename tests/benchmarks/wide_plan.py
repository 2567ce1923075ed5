"""Secure releases of any length and any scales: what rounds and noise see of a plan."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from frameworks.accounting import rho_units_up
from frameworks.blocks import Block, Statistic
from frameworks.plan import ReleasePlan
from frameworks.shares import SecureTerms, secure_share

_MOST_CATEGORIES = 100


def wide_plan(sigma_units: Sequence[int], entries: int, terms: SecureTerms) -> ReleasePlan:
    """A release with a histogram of so many entries for each scale (in 1/1024), that one child moves by 1."""
    categories = next(count for count in range(min(entries, _MOST_CATEGORIES), 0, -1) if entries % count == 0)
    blocks = tuple(
        Block(
            Statistic.HISTOGRAM,
            "children",
            f"outcome-{number}",
            "made up",
            tuple(str(level) for level in range(entries // categories)),
            number * entries,
            1,
            1,
            scale,
            categories=tuple(str(category) for category in range(categories)),
        )
        for number, scale in enumerate(sigma_units)
    )
    return ReleasePlan(
        collection_id="benchmark",
        release_id="secure",
        mode="secure",
        framework_id="made-up",
        framework_version="1",
        framework_digest="0" * 64,
        reference_year=2025,
        indicators=tuple(block.indicator for block in blocks),
        breakdowns=("made up",),
        blocks=blocks,
        rho_units=rho_units_up(sum((block.cost for block in blocks), Fraction())),
        councils_per_child=1,
        secure=secure_share(terms, blocks),
    )
