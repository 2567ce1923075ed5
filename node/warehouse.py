"""The council's warehouse: an SSD that stands in for returns, read-only.

From SQL Server, and from any database by choice, the columns that are needed are read into the node's own engine. On
PostgreSQL and Spark the relations and the definitions run where the records are, and only counts come back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from frameworks.model import Framework, Source
from node.config import WarehouseSection
from node.engines.duckdb_engine import DuckDbEngine
from node.engines.engine import Engine
from node.engines.postgresql_engine import PostgresEngine
from node.engines.spark_engine import SparkEngine
from node.errors import WarehouseNotReady
from node.sources.ssd.fingerprint import AmbiguousDeployment, Deployment, ReportedColumn, fingerprint, may_be_a_table
from node.sources.ssd.relations import YEARS_KEPT, ssd_relations, tables_needed
from node.sources.ssd.support import columns_lacking, files_supported, indicators_lacking
from node.sources.ssd.unmapped import Unmapped, count_unmapped
from node.warehouse_rows import Unread, WarehouseRows

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_SUBJECT = "the tables of the warehouse"
_POSTGRESQL = re.compile(r"^(postgresql|postgres)(\+\w+)?(?=://)")
_SPARK = re.compile(r"^(spark|sc)://|^local(\[|$)")


@dataclass(frozen=True)
class WarehouseTables:
    """The child-level tables of the sources that a warehouse stands in for, where `engines` holds them.

    `available` are the files it stands in for, as declarations name them; `lacking` the columns of child-level tables
    that it cannot fill. `unmapped` and `unread` are for the council's own screen.
    """

    engines: Mapping[Source, Engine]
    deployment: Deployment
    in_place: bool
    available: frozenset[str]
    lacking: frozenset[str]
    unread: tuple[Unread, ...] = ()
    _tables: tuple[str, ...] = ()

    def cannot(self, framework: Framework) -> dict[str, tuple[str, ...]]:
        """The indicators that the warehouse cannot give, with the columns of child-level tables that they miss."""
        return indicators_lacking(framework, self.lacking)

    def unmapped(self) -> tuple[Unmapped, ...]:
        """How much of which column no code is known for. Raises ReturnsNotReady when the engine fails."""
        return count_unmapped(next(iter(self.engines.values())), self._tables)


@dataclass(frozen=True)
class Warehouse:
    """How to reach a warehouse, and the sources it stands in for. It holds no connection, and its text no URL."""

    url: str = field(repr=False)
    sources: tuple[Source, ...]
    schema: str | None = None
    in_place: bool = True
    seconds: int = 600
    years: int = YEARS_KEPT

    @classmethod
    def of(cls, section: WarehouseSection | None) -> Warehouse | None:
        """The warehouse of a configuration, if it has one. Raises InvalidConfiguration when its URL cannot be read."""
        if section is None:
            return None
        return cls(
            url=section.address(),
            sources=tuple(Source(source) for source in section.sources),
            schema=section.schema_name,
            in_place=section.in_place,
            seconds=section.timeout_seconds,
            years=section.years,
        )

    @property
    def runs_in_place(self) -> bool:
        """Whether definitions run in the warehouse itself."""
        return self.in_place and bool(_POSTGRESQL.match(self.url) or _SPARK.match(self.url))

    @contextmanager
    def open(self, year: int, local: DuckDbEngine, first_year: int | None = None) -> Iterator[WarehouseTables]:
        """The tables of reference year `year`; `local` receives them where they do not stay in the warehouse.

        `first_year` is the first year whose return the warehouse stands in for, by default the first that it keeps.

        Raises WarehouseNotReady when it cannot be reached, or holds no SSD; ReturnsNotReady when an engine fails.
        """
        first = year - self.years + 1 if first_year is None else first_year
        if _SPARK.match(self.url):
            if not self.in_place:
                raise WarehouseNotReady(
                    "Rows cannot be read from Spark: it computes in place.", "Set [warehouse] in_place = true."
                )
            with SparkEngine.open(self.url, year, schema=self.schema) as engine:
                yield self._in_place(engine, _spark_columns(self.schema), year, first)
        elif self.runs_in_place:
            address = _POSTGRESQL.sub("postgresql", self.url)
            with PostgresEngine.open(address, year, schema=self.schema, seconds=self.seconds) as engine:
                yield self._in_place(engine, _postgresql_columns(engine), year, first)
        else:
            yield self._read(local, year, first)

    def _in_place(self, engine: Engine, columns: list[ReportedColumn], year: int, first: int) -> WarehouseTables:
        deployment = self._recognised(columns).in_place()
        for name, sql in ssd_relations(deployment, year, first, self.sources):
            engine.define(name, sql, _SUBJECT)
        return self._tables(dict.fromkeys(self.sources, engine), deployment, year, first, in_place=True)

    def _read(self, local: DuckDbEngine, year: int, first: int) -> WarehouseTables:
        needed = tables_needed(self.sources)
        with WarehouseRows.open(self.url, self.seconds) as rows:
            deployment = self._recognised(rows.columns())
            rows.stage(deployment, needed, local)
            unread = rows.unread
        for name, sql in ssd_relations(deployment.staged(), year, first, self.sources):
            local.define(name, sql, _SUBJECT)
        for name in needed:
            local.run(f"DROP TABLE IF EXISTS staged_{name}", _SUBJECT)
        return self._tables(dict.fromkeys(self.sources, local), deployment, year, first, in_place=False, unread=unread)

    def _recognised(self, columns: list[ReportedColumn]) -> Deployment:
        try:
            deployment = fingerprint(columns, self.schema)
        except AmbiguousDeployment as found:
            raise WarehouseNotReady(
                f"It is not clear which tables to read: {found}.", "Name one in [warehouse] schema."
            ) from None
        if not deployment.tables:
            raise WarehouseNotReady(
                "There is no table of the Standard Safeguarding Dataset that this login may read.",
                "Correct [warehouse] schema, or ask for leave to read the tables.",
            )
        return deployment

    def _tables(
        self,
        engines: Mapping[Source, Engine],
        deployment: Deployment,
        year: int,
        first: int,
        *,
        in_place: bool,
        unread: tuple[Unread, ...] = (),
    ) -> WarehouseTables:
        return WarehouseTables(
            engines=engines,
            deployment=deployment,
            in_place=in_place,
            available=files_supported(deployment, self.sources, first, year),
            lacking=columns_lacking(deployment, self.sources),
            unread=unread,
            _tables=tables_needed(self.sources),
        )


def _postgresql_columns(engine: PostgresEngine) -> list[ReportedColumn]:
    rows = engine.rows(
        "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns", _SUBJECT
    )
    return [ReportedColumn(*(str(value) for value in row)) for row in rows]


def _spark_columns(schema: str | None) -> list[ReportedColumn]:
    """The columns of the tables of a schema (or of the session's own) that may be an SSD's."""
    from pyspark.sql import SparkSession

    try:
        session: SparkSession | None = SparkSession.getActiveSession()
        assert session is not None
        place = schema or session.catalog.currentDatabase()
        quoted = ".".join(f"`{part}`" for part in place.split("."))
        tables = [
            str(row.tableName) for row in session.sql(f"SHOW TABLES IN {quoted}").collect() if not row.isTemporary
        ]
        return [
            ReportedColumn(place, table, column.name, column.dataType.simpleString())
            for table in tables
            if may_be_a_table(table)
            for column in session.table(f"{quoted}.`{table}`").schema.fields
        ]
    except Exception:
        # Spark and the bridge to Java raise errors of many kinds.
        raise WarehouseNotReady(
            "Spark does not list the tables of the warehouse.", "Correct [warehouse] schema, or ask for leave."
        ) from None
