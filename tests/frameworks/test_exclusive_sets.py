"""If these failed, a child would have two outcomes that are said to exclude each other, and be counted with one of them
only: figures would be too low, though no child would be told more of.

A release never relies on it (`tests/node/test_exclusive`); what it publishes does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations

import duckdb
import pytest

from frameworks.model import Framework, Kind
from node.engines.duckdb_engine import DuckDbEngine
from tests.frameworks.random_children import random_council
from tests.frameworks.shipped import everything_shipped
from tests.privacy.random_children import YEAR, fill, population

SETS = {
    "ceased_reason": ("ceased_sgo", "ceased_cao", "ceased_home_planned", "ceased_home_unplanned", "ceased_adopted"),
    "sdq_band": ("sdq_normal", "sdq_borderline", "sdq_concern"),
    **{
        f"care_leaver_activity_{ages}": tuple(
            f"care_leaver_{activity}_{ages}" for activity in ("eet", "neet", "activity_unknown")
        )
        for ages in ("17_18", "19_21")
    },
}


@contextmanager
def _busy_council() -> Iterator[duckdb.DuckDBPyConnection]:
    """Children whose histories hang together, with every code that a definition names."""
    with DuckDbEngine.create(YEAR) as engine:
        fill(engine, population(1, 400))
        yield engine.connection


def _children_with(
    connection: duckdb.DuckDBPyConnection, framework: Framework, indicators: Sequence[str]
) -> dict[str, set[str]]:
    for view in framework.views:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {view.id} AS {view.sql}")
    return {
        name: {str(child) for (child, *_) in connection.execute(str(framework.indicator(name).outcome)).fetchall()}
        for name in indicators
    }


def _in_two(held: dict[str, set[str]]) -> set[str]:
    return {child for one, other in combinations(held.values(), 2) for child in one & other}


def test_the_sets_shipped_are_those_tested_here() -> None:
    declared: dict[str, tuple[str, ...]] = {}
    for indicator in everything_shipped().indicators:
        if indicator.exclusive is not None:
            assert indicator.kind is Kind.PERCENT
            declared[indicator.exclusive] = (*declared.get(indicator.exclusive, ()), indicator.id)
    assert declared == SETS


@pytest.mark.parametrize("name", SETS)
def test_no_child_has_two_outcomes_of_a_set(name: str) -> None:
    """Histories that hang together, and rows in which anything stands beside anything."""
    seen: set[str] = set()
    for council in (_busy_council(), random_council(4)):
        with council as connection:
            held = _children_with(connection, everything_shipped(), SETS[name])
            seen |= {indicator for indicator, children in held.items() if children}
            assert _in_two(held) == set()
    assert seen == set(SETS[name])


def test_placements_on_31_march_are_no_set_because_two_episodes_may_be_open() -> None:
    """And so the children above would be seen to have two outcomes."""
    with random_council(4) as connection:
        placed = _children_with(
            connection, everything_shipped(), ("placed_foster", "placed_childrens_home", "placed_supported")
        )
    assert _in_two(placed)
