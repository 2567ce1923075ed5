"""From the files of an inventory to filled child-level tables, and the report of what could not be used."""

from __future__ import annotations

from node.engines.duckdb_engine import DuckDbEngine
from node.sources.cin_census import read_census
from node.sources.inventory import CENSUS, LOOKED_AFTER, Inventory
from node.sources.report import ReadReport, ReportBuilder
from node.sources.ssda903 import read_ssda903


def read_returns(engine: DuckDbEngine, inventory: Inventory, year: int, *, validate: bool = False) -> ReadReport:
    """Fills the tables of `engine` from every file of `inventory` up to `year`.

    The report's `available` are the files of the inventory of which all parts could be used: a row that cannot be
    used never takes a file away, so that no record decides what is available. `validate` adds where a census departs
    from its schema. Raises ReturnsNotReady when the engine fails.
    """
    report = ReportBuilder()
    files = [file for file in inventory.files if file.year <= year]
    censuses = [file for file in files if file.kind == CENSUS]
    if censuses:
        read_census(engine, censuses, year, report, validate)
    read_ssda903(engine, [file for file in files if file.kind.startswith(LOOKED_AFTER)], year, report)
    unusable = {fault.file for fault in report.build(frozenset()).file_faults}
    lost = {file.need for file in files if file.name in unusable}
    return report.build(frozenset(need for need in inventory.available if need not in lost))
