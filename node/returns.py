"""Opening the council's returns: for exact figures on the council's own screen, or for a release's exact vector.

Both read the same way; a release uses only the files that the configuration declares, and what is undeclared counts
as zero, so that nothing about the presence of data is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from frameworks.availability import needs_met
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

    Every declared file of the plan's sources up to its year is read, whether an indicator needs it or looks back at it
    as far as it is there, so that a release says what `measure` says. No undeclared file is opened.

    Raises ReturnsNotReady when one of them is not there or cannot be read as a whole. A row that cannot be used is
    left out and never stops a release.
    """
    promised = _of_plan(plan, framework, declared)
    inventory = take_inventory(folder, plan.reference_year).only(promised)
    with DuckDbEngine.create(plan.reference_year) as engine:
        report = read_returns(engine, inventory, plan.reference_year)
        missing = promised - report.available
        if missing:
            raise ReturnsNotReady(
                f"Declared files are not there or cannot be read: {', '.join(sorted(missing))}.",
                "Run `newlyn-node check`; put the file in place, or take it out of [returns] declared.",
            )
        tabulation = tabulate(engine, framework, plan)
    return _undeclared_as_zero(plan, framework, declared, exact_vector(plan, tabulation))


def _of_plan(plan: ReleasePlan, framework: Framework, declared: frozenset[str]) -> frozenset[str]:
    """The declared files of the plan's sources and of years up to its own."""
    sources = {framework.cohort(block.cohort).source.value for block in plan.blocks}

    def belongs(file: str) -> bool:
        kind, _, year = file.partition("@")
        return kind.partition(".")[0] in sources and int(year) <= plan.reference_year

    return frozenset(file for file in declared if belongs(file))


def _undeclared_as_zero(
    plan: ReleasePlan, framework: Framework, declared: frozenset[str], exact: Sequence[int]
) -> list[int]:
    """Zeros where a needed file is not declared: what is not declared is public, and its noise says nothing."""
    vector = list(exact)
    for block in plan.blocks:
        needs = framework.cohort(block.cohort).needs
        if block.statistic is not Statistic.TOTAL:
            needs += framework.indicator(block.indicator).needs
        if not needs_met(needs, plan.reference_year, declared):
            vector[block.start : block.start + len(block.levels)] = [0] * len(block.levels)
    return vector
