"""Rows of a warehouse over SQLAlchemy into the node's own engine: plain SELECTs of just the columns that are needed.

Nothing that any SQL Server since 2012 would not understand is sent, and nothing but SELECT. The session is read-only
where the database knows that (PostgreSQL, SQLite), says so where it can be said (SQL Server's ApplicationIntent), and
ends without a commit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from node.engines.duckdb_engine import DuckDbEngine
from node.errors import NodeError, WarehouseNotReady
from node.sources.ssd.fingerprint import Deployment, FoundTable, ReportedColumn
from node.sources.ssd.schema import SQL_TYPE, TABLES, Kind, SsdColumn

if TYPE_CHECKING:
    import sqlalchemy

_ROWS_PER_BATCH = 5_000
_FIELD, _ROW = "\x1f", "\x1e"
_SEPARATORS = str.maketrans({_FIELD: " ", _ROW: " "})
_SUBJECT = "the rows of the warehouse"
_CATALOGUE = {"mssql": "INFORMATION_SCHEMA.COLUMNS"}
_COLUMNS = ("TABLE_SCHEMA", "TABLE_NAME", "COLUMN_NAME", "DATA_TYPE")
_EARLIEST, _LATEST = date(1900, 1, 2), date(2100, 12, 31)
_LARGEST = 1_000_000


@dataclass(frozen=True)
class Unread:
    """How many values of a column are not of its kind (a day, a number) and are taken as none."""

    table: str
    column: str
    rows: int


@dataclass
class WarehouseRows:
    """An open connection to a warehouse. `open` makes one."""

    _connection: sqlalchemy.Connection
    _unread: dict[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def open(cls, url: str, seconds: int) -> Iterator[WarehouseRows]:
        """Connects; a statement that takes longer than `seconds` is given up where the driver can.

        Raises WarehouseNotReady, with a text of ours only: SQLAlchemy's own quotes statements, values and addresses.
        """
        engine = _engine(url, seconds)
        try:
            with _own_words("let this node in", "Check the URL, the login, the driver and the network."):
                connection = engine.connect()
            try:
                with _own_words("begin a session that only reads", "Ask its keepers."):
                    _only_read(connection, seconds)
                yield cls(connection)
            finally:
                connection.close()
        finally:
            engine.dispose()

    def columns(self) -> list[ReportedColumn]:
        """Every column of every table that the login may read, as the database's catalogue reports it."""
        import sqlalchemy

        with _own_words("list its tables", "Ask for leave to see the tables of the SSD."):
            if self._connection.dialect.name == "sqlite":
                inspector = sqlalchemy.inspect(self._connection)
                return [
                    ReportedColumn("main", table, column["name"], str(column["type"]))
                    for table in inspector.get_table_names()
                    for column in inspector.get_columns(table)
                ]
            catalogue = _CATALOGUE.get(self._connection.dialect.name, "information_schema.columns")
            names = _COLUMNS if catalogue.isupper() else tuple(name.lower() for name in _COLUMNS)
            found = self._connection.execute(sqlalchemy.text(f"SELECT {', '.join(names)} FROM {catalogue}"))
            return [ReportedColumn(*(str(value) for value in row)) for row in found]

    def stage(self, deployment: Deployment, tables: Sequence[str], engine: DuckDbEngine) -> None:
        """Reads tables of a deployment into the temporary tables `staged_<table>` of an engine."""
        for name in tables:
            if name in deployment.tables:
                self._stage(name, deployment.tables[name], engine)

    @property
    def unread(self) -> tuple[Unread, ...]:
        """What was not of its kind so far."""
        return tuple(Unread(table, column, rows) for (table, column), rows in sorted(self._unread.items()))

    def _stage(self, name: str, found: FoundTable, engine: DuckDbEngine) -> None:
        columns = [column for column in TABLES[name].columns if column.name in found.columns]
        listed = ", ".join(f"{column.name} {SQL_TYPE[column.kind]}" for column in columns)
        engine.run(f"CREATE OR REPLACE TEMP TABLE staged_{name} ({listed})", _SUBJECT)
        fields = ", ".join(
            f"CAST(nullif(f[{place}], '') AS {SQL_TYPE[column.kind]})" for place, column in enumerate(columns, start=1)
        )
        insert = (
            f"INSERT INTO staged_{name} SELECT {fields} FROM (SELECT string_split(line, chr({ord(_FIELD)})) AS f FROM"
            f" (SELECT unnest(string_split($1, chr({ord(_ROW)}))) AS line))"
        )
        for batch in self._batches(name, found, columns):
            engine.rows(insert, _SUBJECT, [batch])

    def _batches(self, name: str, found: FoundTable, columns: Sequence[SsdColumn]) -> Iterator[str]:
        """The rows of a table as text, many at a time; a blank field is null."""
        import sqlalchemy

        quote = self._connection.dialect.identifier_preparer.quote_identifier
        listed = ", ".join(quote(found.columns[column.name].name) for column in columns)
        schema = f"{quote(found.schema)}." if found.schema else ""
        statement = sqlalchemy.text(f"SELECT {listed} FROM {schema}{quote(found.name)}".replace(":", r"\:"))
        with _own_words(f"give the rows of {name}", "Ask for leave to read it, or try again when it is less busy."):
            options = {"stream_results": True, "max_row_buffer": _ROWS_PER_BATCH}
            result = self._connection.execute(statement, execution_options=options)
            for rows in result.partitions(_ROWS_PER_BATCH):
                yield _ROW.join(
                    _FIELD.join(self._text(name, column, value) for column, value in zip(columns, row, strict=True))
                    for row in rows
                )

    def _text(self, table: str, column: SsdColumn, value: Any) -> str:
        if value is None:
            return ""
        text = _TEXT_OF[column.kind](value)
        if text is None:
            self._unread[table, column.name] = self._unread.get((table, column.name), 0) + 1
            return ""
        return text


def _engine(url: str, seconds: int) -> sqlalchemy.Engine:
    try:
        import sqlalchemy
    except ImportError:
        raise WarehouseNotReady(
            "SQLAlchemy, by which a warehouse is read, is not installed.",
            "Install newlyn[sqlserver], newlyn[postgresql] or newlyn[warehouse] on this machine.",
        ) from None
    try:
        parsed = sqlalchemy.make_url(url)
        if parsed.get_backend_name() == "mssql":
            parsed = parsed.update_query_dict(_READ_ONLY_INTENT | _with_intent(parsed.query.get("odbc_connect")))
        engine = sqlalchemy.create_engine(parsed, poolclass=sqlalchemy.NullPool, hide_parameters=True)
    except ImportError:
        raise WarehouseNotReady(
            "The driver that the warehouse's URL names is not installed.",
            "Install newlyn[sqlserver] for mssql+pyodbc, newlyn[postgresql] for postgresql+psycopg.",
        ) from None
    except Exception:
        # Drivers and dialects raise what they like for a URL, and may quote it.
        raise WarehouseNotReady(
            "The warehouse's URL cannot be used.", "Correct it, as in mssql+pyodbc://@server/database?driver=..."
        ) from None
    if parsed.get_backend_name() == "mssql":

        def give_up_after(connection: Any, _: Any) -> None:
            connection.timeout = seconds

        sqlalchemy.event.listen(engine, "connect", give_up_after)
    return engine


_READ_ONLY_INTENT = {"ApplicationIntent": "ReadOnly"}


def _with_intent(odbc_connect: str | tuple[str, ...] | None) -> dict[str, str]:
    """An ODBC connection string written out in a URL, with the intent to read only: it stands in for all else."""
    return {"odbc_connect": f"{odbc_connect};ApplicationIntent=ReadOnly"} if isinstance(odbc_connect, str) else {}


def _only_read(connection: sqlalchemy.Connection, seconds: int) -> None:
    import sqlalchemy

    if connection.dialect.name == "postgresql":
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        connection.execute(sqlalchemy.text(f"SELECT set_config('statement_timeout', '{1000 * seconds}', true)"))
    elif connection.dialect.name == "sqlite":
        connection.execute(sqlalchemy.text("PRAGMA query_only = ON"))


@contextmanager
def _own_words(what: str, next_step: str) -> Iterator[None]:
    """Raises WarehouseNotReady for what the driver or SQLAlchemy raises, without a word of theirs.

    Drivers raise errors of many kinds, and their texts quote statements, values and addresses.
    """
    try:
        yield
    except NodeError:
        raise
    except Exception:
        raise WarehouseNotReady(f"The warehouse did not {what}.", next_step) from None


def _as_text(value: Any) -> str:
    """An id that a driver gives as 17.0 is 17, as it is where it is a text."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, (float, Decimal)) and math.isfinite(value) and value == int(value):
        value = int(value)
    return str(value).translate(_SEPARATORS).strip()


def _as_day(value: Any) -> str | None:
    """The day as ISO text; nothing for the days that stand for none, None for what is no day."""
    if isinstance(value, str):
        if not value.strip():
            return ""
        value = _day_of_text(value.strip())
    if isinstance(value, datetime):
        value = value.date()
    if not isinstance(value, date):
        return None
    return value.isoformat() if _EARLIEST <= value <= _LATEST else ""


def _day_of_text(text: str) -> date | None:
    day = text[:10]
    if day[2:3] == "/":
        day = f"{day[6:]}-{day[3:5]}-{day[:2]}"
    try:
        return date.fromisoformat(day)
    except ValueError:
        return None


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if abs(number) < _LARGEST else None


def _as_number(value: Any) -> str | None:
    if isinstance(value, str) and not value.strip():
        return ""
    number = _number(value)
    return None if number is None else repr(number)


def _as_whole(value: Any) -> str | None:
    if isinstance(value, str) and not value.strip():
        return ""
    number = _number(value)
    return str(int(number)) if number is not None and number.is_integer() else None


_TEXT_OF = {
    Kind.ID: _as_text,
    Kind.TEXT: _as_text,
    Kind.DATE: _as_day,
    Kind.WHOLE: _as_whole,
    Kind.NUMBER: _as_number,
}
