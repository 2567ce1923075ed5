"""The CIN census (XML) as a source: fills the child-level tables of the census from the returns up to a year.

Structure and codes: returns reference 3; stitching of the years: indicators reference 5.3. The rows of each return
are staged, then stitched by one statement a table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

from node.engines.duckdb_engine import DuckDbEngine
from node.sources.cin_census_rows import CensusRows
from node.sources.cin_census_schema import SchemaCheck
from node.sources.cin_census_tables import create_stages, drop_stages, forget, stage, stitch
from node.sources.cin_census_xml import UnusableCensus, stream_children
from node.sources.inventory import ReturnFile
from node.sources.report import ReportBuilder

_ROWS_PER_BATCH = 20_000

NOT_READ = "not well-formed XML, or larger than any child's"
"""What can be wrong with a whole Child group."""


def read_census(
    engine: DuckDbEngine, files: Sequence[ReturnFile], year: int, report: ReportBuilder, validate: bool = False
) -> None:
    """Fills census_child, referral, assessment, assessment_factor, section_47, child_protection_plan and plan_review.

    The temporary table `census_upn` (child_id, upn) is for the source of education.

    Parameters
    ----------
    engine
        It holds the child-level tables, empty.
    files
        The censuses, one a year; those after `year` are not read.
    year
        The reference year Y.
    report
        Receives the Child groups read, values, rows and groups not used (row = line of the element), and files not
        used: one that is not well-formed around its groups, of another year, or beside a second census of its year.
    validate
        Also report departures from the XSD of each return's year, which never keep a file from being used.
    """
    create_stages(engine)
    per_year = Counter(file.year for file in files)
    for file in sorted(files, key=lambda file: file.year):
        if file.year > year:
            continue
        if per_year[file.year] > 1:
            report.file_fault(file.name, "there is more than one CIN census of this year: keep one")
            continue
        schema = SchemaCheck(file.year, file.name, report) if validate else None
        rows = CensusRows(file.name, file.year, year, report)
        left_out = partial(_leave_out, report, file.name)
        try:
            for child in stream_children(file.path, file.year, left_out):
                if schema is not None:
                    schema.check(child)
                rows.read(child)
                if rows.staged >= _ROWS_PER_BATCH:
                    stage(engine, rows.take())
        except UnusableCensus as fault:
            forget(engine, file.year)
            report.file_fault(file.name, str(fault))
            continue
        stage(engine, rows.take())
        report.rows_read(file.name, rows.children)
    stitch(engine, year)
    drop_stages(engine)


def _leave_out(report: ReportBuilder, file: str, line: int) -> None:
    report.row_fault(file, line, "Child", NOT_READ)
