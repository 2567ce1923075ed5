"""Random children in every child-level table, and the question whether a definition lets one of them move another.

Values collide on purpose: few days, codes and workers, so that anything that compares children finds something.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta

import duckdb

from frameworks.tables import TABLES
from node.engines.duckdb_engine import DuckDbEngine

YEAR = 2025
CHILDREN = tuple(f"child-{number:02}" for number in range(48))

_CODES: dict[str, tuple[str | None, ...]] = {
    "sex": ("female", "male", "unknown"),
    "age_band": ("0_4", "5_9", "16_17"),
    "ethnicity_major": ("white", "black", "unknown"),
    "closure_reason": (None, "RC7", "RC8", "RC9"),
    "factor": (
        *("3A", "3B", "3C", "4A", "4B", "7A", "10A", "11A", "12A", "13A"),
        *("15A", "16A", "17A", "18B", "18C", "19B", "19C", "22A", "23A", "24A"),
    ),
    "start_reason": ("S", "P", "T", "L", "U", "B"),
    "legal_status": (None, "C2", "C2", "C2", "V3", "V4"),
    "place": ("U4", "U1", "K1", "K2", "K3", "A3", "A5", "T1", "P1"),
    "address": ("oak", "elm", "ash"),
    "end_reason": (None, "X1", "E4A", "E4B", "E45", "E41", "E11", "E3"),
    "in_touch": (None, "YES", "NO", "DIED", "RHOM"),
    "activity": (None, "F1", "P2", "G4", "G5", "0"),
    "accommodation": (None, "B1", "B2", "G1", "0"),
    "kind": ("M", "A"),
    "worker_id": ("w1", "w2", "w3"),
}


def _value(chance: random.Random, column: str, sql_type: str) -> object:
    if sql_type == "DATE":
        if column in ("end_date", "closure_date", "ceased_date") and chance.random() < 0.5:
            return None
        return date(2022, 6, 1) + timedelta(
            days=chance.choice((chance.randrange(1100), 760 + chance.randrange(60), 945 + chance.randrange(80)))
        )
    if sql_type == "BOOLEAN":
        return chance.choice((True, False, None))
    if sql_type == "INTEGER":
        spread = {"return_year": (2024, 2025), "sdq_score": range(41), "age": range(23)}
        return chance.choice(spread.get(column, range(1, 5)))
    return chance.choice(_CODES[column])


def _fill(connection: duckdb.DuckDBPyConnection, chance: random.Random) -> None:
    for table in TABLES.values():
        rows: list[list[object]] = []
        several = "event" in table.columns or table.name == "outcome_check"
        for child in CHILDREN:
            for event in range(1, 1 + (chance.choice((0, 1, 1, 2, 3, 5, 7)) if several else 1)):
                row = {name: _value(chance, name, kind) for name, kind in table.columns.items() if name != "child_id"}
                if "event" in row:
                    row["event"] = row["event"] if table.name == "assessment_factor" else event
                    row["return_year"] = 2024 if row["event"] == 1 else 2025
                row = {name: row[name] for name in table.columns if name != "child_id"}
                rows.append([child, *row.values()])
        chance.shuffle(rows)
        connection.executemany(f"INSERT INTO {table.name} VALUES ({', '.join('?' for _ in table.columns)})", rows)


@contextmanager
def random_council(seed: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to tables full of random children."""
    with DuckDbEngine.create(YEAR) as engine:
        _fill(engine.connection, random.Random(seed))
        yield engine.connection


def rows_of(connection: duckdb.DuckDBPyConnection, sql: str) -> Counter[tuple[object, ...]]:
    """The rows of a definition, `child_id` first, with how often each stands there."""
    return Counter(connection.execute(f"SELECT child_id, COLUMNS(* EXCLUDE (child_id)) FROM ({sql})").fetchall())


@contextmanager
def without(connection: duckdb.DuckDBPyConnection, child: str) -> Iterator[None]:
    """The same tables without one child, for a while."""
    connection.execute("BEGIN")
    try:
        for table in TABLES:
            connection.execute(f"DELETE FROM {table} WHERE child_id = ?", [child])
        yield
    finally:
        connection.execute("ROLLBACK")


def children_moved(
    connection: duckdb.DuckDBPyConnection, definitions: dict[str, str], taken_out: Sequence[str] = CHILDREN[::16]
) -> dict[str, str]:
    """The definitions whose rows of other children change when a child is taken out, and what changed."""
    complete = {name: rows_of(connection, sql) for name, sql in definitions.items()}
    moved: dict[str, str] = {}
    for child in taken_out:
        with without(connection, child):
            for name, sql in definitions.items():
                expected = Counter({row: times for row, times in complete[name].items() if row[0] != child})
                found = rows_of(connection, sql)
                if found != expected:
                    moved[name] = f"without {child}: new {found - expected}, gone {expected - found}"
    return moved
