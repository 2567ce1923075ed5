"""From the files of an inventory to filled child-level tables, and the report of what could not be used."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from frameworks.model import Source
from node.engines.duckdb_engine import DuckDbEngine
from node.sources.annex_a import IN_PLACE_OF, read_annex_a
from node.sources.cin_census import read_census
from node.sources.education import read_education
from node.sources.families import read_families
from node.sources.feedback import read_feedback
from node.sources.inventory import (
    ANNEX_A,
    CENSUS,
    COMES_WITH,
    LOOKED_AFTER,
    OWN_COUNCIL,
    POSTCODES,
    Inventory,
    ReturnFile,
)
from node.sources.report import ReadReport, ReportBuilder
from node.sources.ssda903 import read_ssda903


def read_returns(
    engine: DuckDbEngine,
    inventory: Inventory,
    year: int,
    *,
    validate: bool = False,
    council_ons_code: str | None = None,
    filled: Collection[Source] = (),
) -> ReadReport:
    """Fills the tables of `engine` from every file of `inventory` up to `year`.

    Those of the sources `filled` hold the rows of a warehouse already; the inventory has no file of theirs.

    The report's `available` are the files of the inventory of which all parts could be used: a row that cannot be
    used never takes a file away, so that no record decides what is available. `validate` adds where a census departs
    from its schema. Without `council_ons_code` no placement is known to be outside the council, and what needs that
    is not available. Raises ReturnsNotReady when the engine fails.
    """
    report = ReportBuilder()
    files = [file for file in inventory.files if file.year <= year]
    censuses = [file for file in files if file.kind == CENSUS]
    if censuses:
        read_census(engine, censuses, year, report, validate)
    looked_after = [file for file in files if file.kind.startswith(LOOKED_AFTER) or file.kind == POSTCODES]
    if Source.SSDA903 not in filled:
        read_ssda903(engine, looked_after, year, report, council_ons_code)
    annex_a = [file for file in files if file.kind.startswith(ANNEX_A)]
    if annex_a:
        readable = inventory.available - _unusable(files, report)
        wanted = frozenset(number for number, kind in IN_PLACE_OF.items() if f"{kind}@{year}" not in readable)
        read_annex_a(engine, annex_a, year, report, wanted)
    read_feedback(engine, [file for file in files if file.kind.startswith("feedback.")], year, report)
    read_education(engine, files, year, report)
    read_families(engine, files, year, report)
    lost = _unusable(files, report)
    if council_ons_code is None:
        lost |= {f"{OWN_COUNCIL}@{file.year}" for file in files}
    return report.build(frozenset(need for need in inventory.available if need not in lost))


def _unusable(files: Sequence[ReturnFile], report: ReportBuilder) -> set[str]:
    """What the files are declared as of which, so far, nothing could be used."""
    names = {fault.file for fault in report.build(frozenset()).file_faults}
    return {
        f"{kind}@{file.year}"
        for file in files
        if file.name in names
        for kind in (file.need.partition("@")[0], COMES_WITH.get(file.kind))
        if kind is not None
    }
