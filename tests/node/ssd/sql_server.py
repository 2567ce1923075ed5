"""A stand-in for SQL Server: a DBAPI module, in the shape of pyodbc, that answers from prepared tables with SQL
Server's types and writes down every statement that it is sent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from node.sources.ssd.schema import TABLES, Kind
from tests.node.ssd.small_ssd import Tables

_SELECT = re.compile(r"SELECT (?P<columns>.+) FROM \[(?P<schema>\w+)\]\.\[(?P<table>\w+)\]")
_TYPES = {Kind.ID: "nvarchar", Kind.TEXT: "nvarchar", Kind.DATE: "datetime", Kind.WHOLE: "int", Kind.NUMBER: "decimal"}

START_UP = frozenset(
    {
        "SELECT CAST(SERVERPROPERTY('ProductVersion') AS VARCHAR)",
        "SELECT schema_name()",
        "SELECT name FROM sys.system_views WHERE name IN ('dm_exec_sessions', 'dm_pdw_nodes_exec_sessions')",
        "SELECT CAST('test max support' AS NVARCHAR(max))",
        "SELECT 1 FROM fn_listextendedproperty(default, default, default, default, default, default, default)",
    }
)
"""What SQLAlchemy's dialect itself asks when it first connects: its version and habits, never a table."""


class Error(Exception):
    """pyodbc's base class; its texts quote values, as a driver's do."""


def _value(column: str, value: Any) -> Any:
    """A value as pyodbc gives it: datetime, bit as bool, decimal, and text padded to the width of nchar."""
    if value is None:
        return None
    if column.endswith(("_date", "_dob", "_contact")):
        return datetime.fromisoformat(str(value))
    if column.endswith("_distance"):
        return Decimal(str(value))
    if column.endswith("_score"):
        return int(value)
    if column.endswith(("_flag", "_nfa", "_transfer_in")):
        return value == "Y"
    if column.endswith(("_sex", "_status")):
        return f"{value}   "
    return str(value)


@dataclass
class Cursor:
    """A cursor over one answer."""

    server: SqlServer
    description: Sequence[tuple[Any, ...]] | None = None
    rowcount: int = -1
    arraysize: int = 1
    _rows: list[tuple[Any, ...]] = field(default_factory=list)

    def execute(self, statement: str, *parameters: Any) -> Cursor:
        self.server.statements.append(statement)
        if parameters and parameters[0]:
            raise Error("no statement of ours has parameters")
        names, self._rows = self.server.answer(statement)
        self.description = [(name, None, None, None, None, None, True) for name in names]
        return self

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        size = size or self.arraysize
        taken, self._rows = self._rows[:size], self._rows[size:]
        self.server.fetched.append(len(taken))
        return taken

    def fetchall(self) -> list[tuple[Any, ...]]:
        taken, self._rows = self._rows, []
        return taken

    def close(self) -> None: ...


@dataclass
class Connection:
    """A connection; `timeout` is pyodbc's limit of a statement, in seconds."""

    server: SqlServer
    timeout: int = 0
    autocommit: bool = False

    def cursor(self) -> Cursor:
        return Cursor(self.server)

    def commit(self) -> None:
        self.server.commits += 1

    def rollback(self) -> None: ...

    def close(self) -> None:
        self.server.timeouts.append(self.timeout)

    def getinfo(self, _: Any) -> Any:
        return "11.00.2100"

    def add_output_converter(self, *_: Any) -> None: ...


@dataclass
class SqlServer:
    """The module itself: what `create_engine(..., module=...)` takes. Tables stand in the schema `ssd_live`."""

    tables: Tables
    statements: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    fetched: list[int] = field(default_factory=list)
    timeouts: list[int] = field(default_factory=list)
    commits: int = 0
    fails_at: str | None = None
    more_columns: Sequence[tuple[str, str]] = ()

    paramstyle = "qmark"
    apilevel = "2.0"
    threadsafety = 1
    version = "5.3.0"
    Cursor = Cursor
    Error = Error
    Warning = Warning
    InterfaceError = DatabaseError = DataError = OperationalError = Error
    IntegrityError = InternalError = ProgrammingError = NotSupportedError = Error
    SQL_DBMS_VER = 18
    SQL_DRIVER_NAME = 6

    def connect(self, text: str, **_: Any) -> Connection:
        self.asked.append(text)
        return Connection(self)

    def Binary(self, value: bytes) -> bytes:  # noqa: N802 (the DBAPI's name)
        return value

    def answer(self, statement: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """The names of the columns and the rows of a statement."""
        if "INFORMATION_SCHEMA.COLUMNS" in statement:
            return ["TABLE_SCHEMA", "TABLE_NAME", "COLUMN_NAME", "DATA_TYPE"], self._catalogue()
        if "SERVERPROPERTY" in statement:
            return ["v"], [("11.00.2100",)]
        if "schema_name" in statement.lower():
            return ["s"], [("dbo",)]
        found = _SELECT.fullmatch(" ".join(statement.split()))
        if found is None:
            return ["x"], []
        held = self.tables[found["table"].lower()]
        if self.fails_at == found["table"].lower():
            raise Error(f"('22003', \"[SQL Server] the value {held[0]} is not one\")")
        names = [name.strip("[]").lower() for name in found["columns"].split(", ")]
        return names, [tuple(_value(name, row.get(name)) for name in names) for row in held * 2]

    def _catalogue(self) -> list[tuple[str, str, str, str]]:
        listed = [
            ("ssd_live", table.upper(), column, _TYPES[TABLES[table].column(column).kind])
            for table, held in self.tables.items()
            for column in held[0]
        ]
        unread = [("ssd_live", table, column, "nvarchar") for table, column in self.more_columns]
        return listed + unread + [("dbo", "payroll", "salary", "money")]
