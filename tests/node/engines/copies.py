"""The child-level tables of an engine in this process, copied into a PostgreSQL and a Spark, and measured in each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb
import psycopg
from psycopg import sql

from frameworks.accounting import UNITS_PER_RHO
from frameworks.catalogue import installed_frameworks, load_framework
from frameworks.model import BREAKDOWNS, Framework
from frameworks.plan import ReleasePlan, ReleaseRequest, compile_plan
from frameworks.tables import TABLES
from node.engines.duckdb_engine import DuckDbEngine
from node.engines.engine import Engine
from node.engines.postgresql_engine import PostgresEngine
from node.engines.spark_engine import SparkEngine
from node.measure import measure, tabulate

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Rows = dict[str, list[tuple[Any, ...]]]

_SPARK_TYPES = {"VARCHAR": "string", "INTEGER": "int", "DATE": "date", "BOOLEAN": "boolean"}
SCHEMA = "warehouse"
_SPARK_SCHEMA = "global_temp"


def rows_of(connection: duckdb.DuckDBPyConnection) -> Rows:
    """Every row of every child-level table."""
    return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in TABLES}


@contextmanager
def in_duckdb(rows: Rows, year: int) -> Iterator[DuckDbEngine]:
    """The engine in this process over the same rows."""
    with DuckDbEngine.create(year) as engine:
        for table in TABLES.values():
            if rows[table.name]:
                marks = ", ".join("?" for _ in table.columns)
                engine.connection.executemany(f"INSERT INTO {table.name} VALUES ({marks})", rows[table.name])
        yield engine


@contextmanager
def in_postgresql(server: str, rows: Rows, year: int) -> Iterator[PostgresEngine]:
    """An engine over copies of the tables, by a login that may read their columns and do nothing else."""
    with psycopg.connect(f"{server} dbname=postgres", autocommit=True) as connection:
        if not connection.execute("SELECT FROM pg_roles WHERE rolname = 'reader'").fetchall():
            connection.execute("CREATE ROLE reader LOGIN")
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
        for table in TABLES.values():
            columns = ", ".join(f"{column} {sql_type}" for column, sql_type in table.columns.items())
            connection.execute(sql.SQL(f"CREATE TABLE {SCHEMA}.{table.name} ({columns})"))
            with connection.cursor() as cursor, cursor.copy(f"COPY {SCHEMA}.{table.name} FROM STDIN") as copy:
                for row in rows[table.name]:
                    copy.write_row(row)
        connection.execute(f"GRANT USAGE ON SCHEMA {SCHEMA} TO reader")
        connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO reader")
        connection.execute("ANALYZE")
    with PostgresEngine.open(as_reader(server), year, schema=SCHEMA) as engine:
        yield engine


def as_reader(server: str) -> str:
    """How the login that may only read reaches the database."""
    return f"{server.replace('user=newlyn', 'user=reader')} dbname=postgres"


@contextmanager
def in_spark(session: SparkSession, rows: Rows, year: int) -> Iterator[SparkEngine]:
    """An engine over copies of the tables, as views that every session of this Spark sees."""
    frames = []
    for table in TABLES.values():
        schema = ", ".join(f"{name} {_SPARK_TYPES[sql_type]}" for name, sql_type in table.columns.items())
        frame = session.createDataFrame(rows[table.name], schema).coalesce(1).persist()
        frame.createOrReplaceGlobalTempView(table.name)
        frames.append(frame)
    try:
        with SparkEngine.over(session, year, schema=_SPARK_SCHEMA) as engine:
            yield engine
    finally:
        for frame in frames:
            frame.unpersist()


def everything() -> Framework:
    """All that is installed as one framework: every view, cohort and indicator once."""
    installed = [load_framework(name) for name in installed_frameworks()]

    def merged(part: str) -> tuple[Any, ...]:
        return tuple({one.id: one for framework in installed for one in getattr(framework, part)}.values())

    parts = {part: merged(part) for part in ("questions", "views", "cohorts", "indicators")}
    return installed[0].model_copy(update={"id": "everything"} | parts)


def plan_of(framework: Framework, year: int) -> ReleasePlan:
    """A release of all indicators by all breakdowns."""
    request = ReleaseRequest(
        id="everything",
        mode="council",
        indicators=tuple(indicator.id for indicator in framework.indicators),
        breakdowns=tuple(breakdown.id for breakdown in BREAKDOWNS),
        rho_units=UNITS_PER_RHO,
    )
    return compile_plan(framework, "differential", year, request)


def all_files(framework: Framework, year: int) -> frozenset[str]:
    """Every file that an indicator may need for a reference year."""
    needs = {need for cohort in framework.cohorts for need in cohort.needs}
    needs |= {need for indicator in framework.indicators for need in (*indicator.needs, *indicator.also_from)}
    found = set()
    for need in needs:
        file, _, back = need.partition("@Y")
        found.add(f"{file}@{year + int(back or 0)}")
    return frozenset(found)


def measured(engine: Engine, framework: Framework, year: int) -> dict[str, Any]:
    """The figure of every indicator, as JSON would carry it."""
    figures = measure(engine, framework, year, all_files(framework, year))
    return {name: figure.as_json() for name, figure in figures.items()}


def tabulated(engine: Engine, framework: Framework, year: int) -> dict[str, Any]:
    """The entries of every block of a release of all indicators by all breakdowns."""
    entries = tabulate(engine, framework, plan_of(framework, year))
    return {
        f"{block.statistic} of {block.indicator or block.cohort} by {block.breakdown or 'nothing'}": found
        for block, found in entries.items()
    }
