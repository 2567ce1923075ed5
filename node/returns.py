"""Opening the council's returns: for exact figures on the council's own screen, or for a release's exact vector.

Both read the same way; a release uses only the files that the configuration declares, and what is undeclared counts
as zero, so that nothing about the presence of data is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from frameworks.availability import needs_met, required_files
from frameworks.model import Framework
from frameworks.plan import ReleasePlan, Statistic
from node.engines.duckdb_engine import DuckDbEngine
from node.errors import ReturnsNotReady
from node.measure import Figure, measure, tabulate
from node.sources.inventory import take_inventory
from node.sources.reading import read_returns
from node.vector import exact_vector


def measure_returns(folder: Path, year: int, framework: Framework) -> dict[str, Figure]:
    """The exact figures of every indicator, unbounded, from the returns up to `year`.

    Raises NodeError for a folder or a file that cannot be read.
    """
    inventory = take_inventory(folder, year)
    with DuckDbEngine.create(year) as engine:
        report = read_returns(engine, inventory, year)
        return measure(engine, framework, year, report.available)


def release_vector(folder: Path, plan: ReleasePlan, framework: Framework, declared: frozenset[str]) -> Sequence[int]:
    """The exact vector of a plan, in its order, bounded as the plan says.

    Raises ReturnsNotReady when a declared file that the plan needs is not there or cannot be read as a whole.
    """
    year = plan.reference_year
    needed = required_files(framework, plan.indicators, year) & declared
    inventory = take_inventory(folder, year).only(needed)
    with DuckDbEngine.create(year) as engine:
        report = read_returns(engine, inventory, year)
        missing = needed - report.available
        if missing:
            raise ReturnsNotReady(
                f"Declared files are not there or cannot be read: {', '.join(sorted(missing))}.",
                "Run `newlyn-node check`; put the file in place, or take it out of [returns] declared.",
            )
        tabulation = tabulate(engine, framework, plan.indicators, plan.breakdowns, bounded=True)
    exact = exact_vector(plan, tabulation)
    return _undeclared_as_zero(plan, framework, declared, exact)


def _undeclared_as_zero(
    plan: ReleasePlan, framework: Framework, declared: frozenset[str], exact: Sequence[int]
) -> list[int]:
    vector = list(exact)
    for block in plan.blocks:
        needs = framework.cohort(block.cohort).needs
        if block.statistic is not Statistic.TOTAL:
            needs += framework.indicator(block.indicator).needs
        if not needs_met(needs, plan.reference_year, declared):
            vector[block.start : block.start + len(block.levels)] = [0] * len(block.levels)
    return vector
