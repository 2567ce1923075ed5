"""Every figure of every indicator, breakdowns included, is what a second reading of the reference computes.

The oracle (tests/oracle) was written from the indicators reference alone and shares no code with the node. If this
failed, a council would compare itself by figures that follow other rules than the published ones.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from frameworks.catalogue import load_framework
from node.returns import measure_returns
from tests.node.oracle_comparison import CHILDREN, FRAMEWORK, SEEDS, both_figures, council_of, disagreements, narrowed
from tests.oracle.figures import LEVELS
from tests.oracle.measure import measure
from tests.oracle.random_returns import write_returns


@pytest.mark.parametrize("seed", SEEDS)
def test_the_node_and_the_oracle_agree_on_every_figure(seed: int) -> None:
    found = disagreements(council_of(seed, CHILDREN))
    assert not found, str(narrowed(found[0]))


@pytest.mark.parametrize(
    "without",
    [
        ("census@2025", "header@2025"),
        ("census@2024", "episodes@2024", "oc2@2024", "ad1@2024"),
        ("ad1@2025", "placed_for_adoption@2025", "attendance@2025", "school_census@2025", "answers@2025", "needs@2025"),
        ("postcodes@2025", "suspensions@2025", "attainment@2025", "moves@2025", "invitations@2025", "families@2025"),
        ("census@2023", "header@2023", "oc2@2025", "oc3@2025", "missing@2025", "social_worker@2025", "uasc@2025"),
    ],
)
def test_they_agree_on_what_is_not_available_too(without: tuple[str, ...]) -> None:
    council = replace(council_of(4, 30), without=frozenset(without))
    assert council.year == 2025
    found = disagreements(council)
    assert not found, str(narrowed(found[0]))


def test_what_is_outside_the_council_is_not_available_without_its_code() -> None:
    council = council_of(4, 30)
    with TemporaryDirectory() as folder:
        write_returns(council, Path(folder))
        of_node = measure_returns(Path(folder), council.year, load_framework(FRAMEWORK))
        of_oracle = measure(Path(folder), council.year)
    not_available = {indicator for indicator, figure in of_node.items() if figure.status == "not_available"}
    assert not_available == {"early_permanence", "placed_20mi_outside_la"}
    assert not_available == {name for name, figure in of_oracle.items() if figure["status"] == "not_available"}


def test_the_levels_of_a_breakdown_add_up_to_the_figure() -> None:
    of_node, _ = both_figures(council_of(11, CHILDREN))
    assert of_node.pop("early_permanence")["status"] == "not_available"  # from a warehouse alone
    for indicator, figure in of_node.items():
        assert figure["status"] == "ok"
        for breakdown, levels in LEVELS.items():
            cells = figure["breakdowns"][breakdown]
            assert tuple(cells) == levels
            for part in ("numerator", "denominator"):
                values = [cell[part] for cell in cells.values()]
                whole = figure[part]
                assert (whole is None and set(values) == {None}) or sum(values) == whole, indicator
