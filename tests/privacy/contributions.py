"""What each child adds to every block of a plan, read off in one run, for tests of what a child can cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache

import pytest

from frameworks.blocks import Block, Statistic
from frameworks.model import BREAKDOWNS, OWNER_COLUMN, Breakdown, Framework
from frameworks.plan import ReleasePlan, ReleaseRequest, compile_plan
from frameworks.tables import CHILD_TABLE
from node import measure
from node.engines.duckdb_engine import DuckDbEngine
from tests.frameworks.shipped import everything_shipped
from tests.privacy.random_children import YEAR, Rows, fill, population

RHO_UNITS = 2 * 10**10
BlockName = tuple[Statistic, str, str]
Contributions = dict[str, dict[BlockName, tuple[int, ...]]]
"""By child, then by statistic, cohort and indicator: what the child adds to the cohort as a whole."""


def request_of(framework: Framework, *indicators: str) -> ReleaseRequest:
    """A request for those indicators, or for all, by every breakdown."""
    return ReleaseRequest(
        id="r",
        mode="council",
        indicators=indicators or tuple(indicator.id for indicator in framework.indicators),
        breakdowns=tuple(breakdown.id for breakdown in BREAKDOWNS),
        rho_units=RHO_UNITS,
    )


def plan_of(framework: Framework, *indicators: str) -> ReleasePlan:
    """A plan of those indicators, or of all, with every breakdown."""
    return compile_plan(framework, "collection", YEAR, request_of(framework, *indicators))


def name_of(block: Block) -> BlockName:
    """What a block is of, whatever its table."""
    return block.statistic, block.cohort, block.indicator


def squared(entries: Iterable[int]) -> int:
    """The square of the L2 norm."""
    return sum(entry * entry for entry in entries)


def contributions(children: Mapping[str, Rows], framework: Framework, plan: ReleasePlan) -> Contributions:
    """What each child adds to each overall block: `tabulate` by a breakdown whose levels are the children."""
    ids = tuple(children)
    by_child = Breakdown(id="sex", title="Child", levels=(*ids, "unknown"), labels=(*ids, "unknown"))
    blocks = tuple(replace(block, breakdown="sex", levels=ids) for block in plan.blocks if block.breakdown == "")
    with pytest.MonkeyPatch.context() as patch, DuckDbEngine.create(YEAR) as engine:
        patch.setattr(measure, "BREAKDOWNS", (by_child,))
        level = measure._Measuring._level
        patch.setattr(
            measure._Measuring, "_level", staticmethod(lambda name, levels, **_: level(name, levels, known=True))
        )
        fill(engine, children)
        for source, table in CHILD_TABLE.items():
            engine.connection.execute(f"UPDATE {table} SET sex = {OWNER_COLUMN[source]}")
        entries = measure.tabulate(engine, framework, replace(plan, blocks=blocks))
    return {
        child: {
            name_of(block): values[place * len(values) // len(ids) : (place + 1) * len(values) // len(ids)]
            for block, values in entries.items()
        }
        for place, child in enumerate(ids)
    }


def with_characteristics(children: Mapping[str, Rows]) -> dict[str, Rows]:
    """The children who have any: `contributions` tells them apart by those."""
    return {child: rows for child, rows in children.items() if any(table in rows for table in CHILD_TABLE.values())}


@cache
def random_contributions(seed: int, *indicators: str) -> Contributions:
    """What 400 random children of each source add to a plan of those indicators, or of all that are shipped."""
    framework = everything_shipped()
    children = with_characteristics(population(seed, 400))
    return contributions(children, framework, plan_of(framework, *indicators))
