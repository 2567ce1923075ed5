"""How many values of a warehouse no code is known for, by column: for the council's own screen only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from node.engines.engine import Engine
from node.sources.ssd.code_sets import SET_OF_COLUMN
from node.sources.ssd.normaliser import unknown_sql
from node.sources.ssd.schema import TABLES


@dataclass(frozen=True)
class Unmapped:
    """How many rows of `table` hold a text in `column` that is neither a code nor a description of the code set."""

    table: str
    column: str
    code_set: str
    rows: int


def count_unmapped(engine: Engine, tables: Iterable[str]) -> tuple[Unmapped, ...]:
    """Counts over the canonical relations, which the engine must hold; columns without any are left out.

    A legal status that does not make a child looked after is no code of the set, and is counted. Raises
    ReturnsNotReady when the engine fails.
    """
    found = []
    for table in tables:
        columns = [column.name for column in TABLES[table].columns if column.name in SET_OF_COLUMN]
        if not columns:
            continue
        counts = ", ".join(
            f"COUNT(CASE WHEN {unknown_sql(SET_OF_COLUMN[column], column)} THEN 1 END)" for column in columns
        )
        (row,) = engine.rows(f"SELECT {counts} FROM {table}", "the codes that are not known")
        found += [
            Unmapped(table, column, SET_OF_COLUMN[column], int(rows))
            for column, rows in zip(columns, row, strict=True)
            if rows
        ]
    return tuple(found)
