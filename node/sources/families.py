"""Families of the Supporting Families programme as a source, read from CSV files of our templates."""

from __future__ import annotations

from collections.abc import Sequence

from node.engines.duckdb_engine import DuckDbEngine
from node.sources.csv_columns import Column, Value
from node.sources.csv_files import drop_rows, keep_last, stage
from node.sources.inventory import ReturnFile
from node.sources.report import ReportBuilder

FAMILIES = "families.families"
NEEDS = "families.needs"

NO_FAMILY = "no family of that id in the file of families"
"""What can be wrong with a need besides its values."""

_SUBJECT = "the tables of families"

_HEADLINE_OUTCOMES = 10

COLUMNS: dict[str, tuple[Column, ...]] = {
    FAMILIES: (Column("FAMILY_ID", essential=True), Column("CLOSED_DATE", Value.DATE)),
    NEEDS: (
        Column("FAMILY_ID", essential=True),
        Column("NEED", Value.WHOLE, essential=True, low=1, high=_HEADLINE_OUTCOMES),
        Column("OUTCOME_DATE", Value.DATE),
        Column("LAPSED_DATE", Value.DATE),
    ),
}
"""The columns that are read, by kind of file. Needs are the headline outcomes of 2022 (indicators reference 3.2)."""

_KEYS = {FAMILIES: "family_id", NEEDS: "family_id, need"}
_TO_TABLE = {
    FAMILIES: "INSERT INTO family SELECT family_id, 'unknown', NULL, NULL, 'unknown', 'unknown', closed_date"
    " FROM {staged}",
    NEEDS: "INSERT INTO family_need SELECT family_id, row_number() OVER (PARTITION BY family_id ORDER BY need), need,"
    " outcome_date, lapsed_date FROM {staged}",
}


def read_families(engine: DuckDbEngine, files: Sequence[ReturnFile], year: int, report: ReportBuilder) -> None:
    """Fills `family` and `family_need` from the files of `year`: the last row of a family, or of its need, counts.

    What cannot be used goes into `report`. Raises ReturnsNotReady when the engine fails.
    """
    for kind, columns in COLUMNS.items():
        members = sorted((file for file in files if (file.kind, file.year) == (kind, year)), key=lambda file: file.name)
        staged = stage(engine, members, columns, report) if members else None
        if staged is None:
            continue
        keep_last(engine, staged, _KEYS[kind], members, report)
        if kind == NEEDS:
            unheard = "family_id NOT IN (SELECT family_id FROM family)"
            drop_rows(engine, staged, unheard, "FAMILY_ID", NO_FAMILY, members, report)
        engine.run(_TO_TABLE[kind].format(staged=staged), _SUBJECT)
        engine.run(f"DROP TABLE {staged}", _SUBJECT)
