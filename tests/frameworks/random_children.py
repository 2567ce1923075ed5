"""Random children in every child-level table, and the question whether a definition lets one of them move another.

Values collide on purpose: few days, codes and workers, so that anything that compares children finds something.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta

import duckdb

from frameworks.feedback_forms import FORMS
from frameworks.model import OWNER_COLUMN
from frameworks.tables import TABLES, Table
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
    "sen": ("EHCP", "SUPPORT", "NONE"),
}
_NUMBERS: dict[str, tuple[int | None, ...]] = {
    "return_year": (2024, 2025),
    "sdq_score": (None, 0, 12, 13, 14, 15, 16, 17, 20, 40),
    "age": tuple(range(26)),
    "distance_tenths": (None, 0, 199, 200, 201, 900),
    "sessions_possible": (0, 1, 150, 380),
    "sessions_missed": (0, 5, 15, 40, 190),
    "suspensions": (0, 1, 2),
    "permanent_exclusions": (0, 1),
    "attainment8_tenths": (None, 0, 465, 900),
    "progress8_hundredths": (None, -120, 0, 75),
    "english_maths_grade": (None, 0, 3, 4, 5, 9),
    "need": tuple(range(1, 11)),
}
_MAY_BE_MISSING = (
    *("end_date", "closure_date", "ceased_date", "closed_date", "outcome_date", "lapsed_date"),
    *("early_permanence_date", "match_date"),
)
_STAGES = ("EYFSP", "KS2", "KS4")


def _value(chance: random.Random, column: str, sql_type: str) -> object:
    if column == "date_of_birth":
        return date(2005, 1, 1) + timedelta(days=chance.randrange(7300))
    if sql_type == "DATE":
        if column in _MAY_BE_MISSING and chance.random() < 0.5:
            return None
        return date(2022, 6, 1) + timedelta(
            days=chance.choice((chance.randrange(1100), 760 + chance.randrange(60), 945 + chance.randrange(80)))
        )
    if sql_type == "BOOLEAN":
        return chance.choice((True, False, None))
    if sql_type == "INTEGER":
        return chance.choice(_NUMBERS.get(column, tuple(range(1, 5))))
    return chance.choice(_CODES[column])


def _keys(chance: random.Random, table: Table) -> Iterator[Mapping[str, object]]:
    """What tells a child's rows of a table apart: for each row, the columns whose values it fixes."""
    number = chance.choice((0, 1, 1, 2, 3, 5, 7))
    match table.name:
        case "assessment_factor":
            yield from ({"event": chance.randrange(1, 5)} for _ in range(number))
        case "outcome_check" | "adoption":
            yield from ({"return_year": year} for year in chance.choice(((), (2025,), (2024, 2025), (2024, 2025))))
        case "attainment":
            yield from ({"stage": stage} for stage in chance.sample(_STAGES, chance.randrange(3)))
        case "feedback_invitation":
            yield from ({"form": form} for form in FORMS if chance.random() < 0.5)
        case "feedback_answer":
            for form in FORMS.values():
                for question, answers in form.questions.items():
                    answer = chance.choice(answers)
                    score = int(answer) if answer.isdecimal() else None
                    yield {"form": form.id, "question": question, "answer": answer, "score": score}
        case "family_need":
            held = {"outcome_date": date(2023, 5, 1), "lapsed_date": None} if chance.random() < 0.5 else {}
            for event, need in enumerate(chance.sample(range(1, 11), chance.choice((0, 1, 3, 4))), 1):
                yield {"event": event, "need": need, **held}
        case _ if "event" in table.columns:
            yield from ({"event": event} for event in range(1, 1 + number))
        case _:
            yield {}


def _fill(connection: duckdb.DuckDBPyConnection, chance: random.Random) -> None:
    for table in TABLES.values():
        rows: list[list[object]] = []
        for child in CHILDREN:
            for key in _keys(chance, table):
                known: dict[str, object] = {OWNER_COLUMN[table.source]: child, **key}
                if "event" in known:
                    known["return_year"] = 2024 if known["event"] == 1 else 2025
                rows.append(
                    [
                        known[name] if name in known else _value(chance, name, sql_type)
                        for name, sql_type in table.columns.items()
                    ]
                )
        chance.shuffle(rows)
        connection.executemany(f"INSERT INTO {table.name} VALUES ({', '.join('?' for _ in table.columns)})", rows)


@contextmanager
def random_council(seed: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to tables full of random children."""
    with DuckDbEngine.create(YEAR) as engine:
        _fill(engine.connection, random.Random(seed))
        yield engine.connection


def rows_of(connection: duckdb.DuckDBPyConnection, sql: str) -> Counter[tuple[object, ...]]:
    """The rows of a definition, whose they are first, with how often each stands there."""
    found = connection.execute(sql)
    names = [str(column[0]) for column in found.description or ()]
    (owner,) = (place for place, name in enumerate(names) if name in OWNER_COLUMN.values())
    return Counter((row[owner], *row[:owner], *row[owner + 1 :]) for row in found.fetchall())


@contextmanager
def without(connection: duckdb.DuckDBPyConnection, child: str) -> Iterator[None]:
    """The same tables without one child (or family of that id), for a while."""
    connection.execute("BEGIN")
    try:
        for table in TABLES.values():
            connection.execute(f"DELETE FROM {table.name} WHERE {OWNER_COLUMN[table.source]} = ?", [child])
        yield
    finally:
        connection.execute("ROLLBACK")


def _rows(
    connection: duckdb.DuckDBPyConnection, definitions: Mapping[str, str], views: Mapping[str, str]
) -> dict[str, Counter[tuple[object, ...]]]:
    for view, sql in views.items():
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {view} AS {sql}")
    return {name: rows_of(connection, sql) for name, sql in definitions.items()}


def children_moved(
    connection: duckdb.DuckDBPyConnection,
    definitions: Mapping[str, str],
    taken_out: Sequence[str] = CHILDREN[::16],
    views: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The definitions whose rows of other children change when a child is taken out, and what changed.

    They may read `views`, which are computed anew each time; those of all children stay.
    """
    complete = _rows(connection, definitions, views or {})
    moved: dict[str, str] = {}
    for child in taken_out:
        with without(connection, child):
            for name, found in _rows(connection, definitions, views or {}).items():
                expected = Counter({row: times for row, times in complete[name].items() if row[0] != child})
                if found != expected:
                    moved[name] = f"without {child}: new {found - expected}, gone {expected - found}"
    return moved
