"""Every figure of every indicator, breakdowns included, is what a second reading of the reference computes.

The oracle (tests/oracle) was written from the indicators reference alone and shares no code with the node. If this
failed, a council would compare itself by figures that follow other rules than the published ones.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.node.oracle_comparison import CHILDREN, SEEDS, both_figures, council_of, disagreements, narrowed
from tests.oracle.figures import LEVELS


@pytest.mark.parametrize("seed", SEEDS)
def test_the_node_and_the_oracle_agree_on_every_figure(seed: int) -> None:
    found = disagreements(council_of(seed, CHILDREN))
    assert not found, str(narrowed(found[0]))


@pytest.mark.parametrize(
    "without",
    [
        ("census@2025", "header@2025"),
        ("census@2024", "episodes@2024", "oc2@2024"),
        ("census@2023", "header@2023", "oc2@2025", "oc3@2025", "missing@2025", "social_worker@2025", "uasc@2025"),
    ],
)
def test_they_agree_on_what_is_not_available_too(without: tuple[str, ...]) -> None:
    council = replace(council_of(4, 30), without=frozenset(without))
    assert council.year == 2025
    found = disagreements(council)
    assert not found, str(narrowed(found[0]))


def test_the_levels_of_a_breakdown_add_up_to_the_figure() -> None:
    of_node, _ = both_figures(council_of(11, CHILDREN))
    for indicator, figure in of_node.items():
        assert figure["status"] == "ok"
        for breakdown, levels in LEVELS.items():
            cells = figure["breakdowns"][breakdown]
            assert tuple(cells) == levels
            for part in ("numerator", "denominator"):
                values = [cell[part] for cell in cells.values()]
                whole = figure[part]
                assert (whole is None and set(values) == {None}) or sum(values) == whole, indicator
