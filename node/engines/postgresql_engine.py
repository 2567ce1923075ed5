"""PostgreSQL, where the council's warehouse is: definitions run there, and only what is asked for comes back.

A login that may read is enough. The transaction is read-only and sees one state of the database, so that all figures
of a release are of one moment. A relation that is defined is kept as text and written into every query that needs it
as a WITH clause; nothing is created.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlglot import exp
from sqlglot.errors import SqlglotError

from node.engines.dialects import Name, PostgreSql, by_bytes
from node.engines.engine import Row
from node.errors import ReturnsNotReady, WarehouseNotReady

if TYPE_CHECKING:
    import psycopg

_COLUMNS = """
SELECT a.attname, t.typcategory IN ('S', 'E')
FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
WHERE a.attrelid = pg_catalog.to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped
AND pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT') ORDER BY a.attnum
"""
"""The columns of a table that the login may read, and whether each is a text."""


@dataclass(frozen=True)
class _Relation:
    """One WITH clause, and the names of those it reads."""

    clause: str
    reads: frozenset[str]


@dataclass
class PostgresEngine:
    """An engine over the tables that a connection sees, for one reference year. `open` makes one."""

    _connection: psycopg.Connection[Row]
    _dialect: PostgreSql
    _schema: str | None
    _seconds: int
    _relations: dict[str, _Relation] = field(default_factory=dict)
    _current: dict[Name, str] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def open(cls, url: str, year: int, *, schema: str | None = None, seconds: int = 600) -> Iterator[PostgresEngine]:
        """An engine on the database at `url` (`postgresql://...`, or words such as `host=... dbname=...`).

        Tables that a text names without a schema are looked up in `schema`, or where the login looks by itself. A
        query that takes longer than `seconds` is given up. The connection ends with the context.

        Raises WarehouseNotReady, with a text of ours only: the driver's own may quote a value or a password.
        """
        try:
            import psycopg
        except ImportError:
            raise WarehouseNotReady(
                "The driver for PostgreSQL is not installed.", "Install newlyn[postgresql] on this machine."
            ) from None
        try:
            connection: psycopg.Connection[Row] = psycopg.connect(
                url, application_name="newlyn-node", connect_timeout=30, prepare_threshold=None
            )
        except psycopg.Error:
            raise WarehouseNotReady(
                "The database did not let this node in.", "Check its address, the login and the network."
            ) from None
        with connection:
            connection.read_only = True
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            engine = cls(connection, PostgreSql(year), schema, seconds)
            engine._settle()
            yield engine

    def define(self, name: str, sql: str, subject: str) -> None:
        """Keeps the text of a relation; a query that needs it computes it. Raises as `rows` does."""
        text, reads = self._written(sql, subject)
        self._keep((name,), f"AS ({text})", reads)

    def rows(self, sql: str, subject: str) -> list[Row]:
        """Every row of a SELECT. `subject` names what is asked for in the text of an error.

        Raises ReturnsNotReady (WarehouseNotReady where the database is in the way), with a text of ours only.
        """
        text, reads = self._written(sql, subject)
        needed: set[str] = set()
        rest = list(reads)
        while rest:
            name = rest.pop()
            if name not in needed:
                needed.add(name)
                rest += self._relations[name].reads
        clauses = ", ".join(
            f"{_quoted(name)} {kept.clause}" for name, kept in self._relations.items() if name in needed
        )
        found = self._fetched(f"WITH {clauses} {text}" if clauses else text, (), subject)
        return [tuple(int(value) if isinstance(value, Decimal) else value for value in row) for row in found]

    def _settle(self) -> None:
        settings = {
            "statement_timeout": str(1000 * self._seconds),
            "TimeZone": "UTC",
            "standard_conforming_strings": "on",
            # The planner takes what WITH yields for a handful of rows and would compare every child with every other;
            # all joins are on the child.
            "enable_nestloop": "off",
            "jit": "off",
        }
        for name, value in settings.items():
            self._fetched("SELECT pg_catalog.set_config(%s, %s, true)", (name, value), "its settings")

    def _written(self, sql: str, subject: str) -> tuple[str, frozenset[str]]:
        """The text in PostgreSQL's words, and the WITH clauses it reads."""
        reads: set[str] = set()

        def relation(name: Name) -> Name:
            own = self._current.get(name) or self._table(name, subject)
            reads.add(own)
            return (own,)

        try:
            tree = self._dialect.read(sql)
            self._dialect.bind(tree, relation)
            return self._dialect.write(tree), frozenset(reads)
        except SqlglotError:
            raise ReturnsNotReady(
                f"{subject.capitalize()} cannot be computed in PostgreSQL.",
                "Report this to the authors of the framework.",
            ) from None

    def _table(self, name: Name, subject: str) -> str:
        """A relation of a table of the database: the columns that the login may read, texts compared by their bytes."""
        places = (self._schema, *name) if self._schema is not None and len(name) == 1 else name
        quoted = ".".join(_quoted(part) for part in places)
        columns = self._fetched(_COLUMNS, (quoted,), subject)
        if not columns:
            raise WarehouseNotReady(
                f"There is no table {'.'.join(places)} in the database that this login may read.",
                "Ask for leave to read it, or correct the schema in node.toml.",
            )
        written = ", ".join(
            by_bytes(exp.cast(exp.column(column, quoted=True), exp.DType.TEXT)).sql("postgres")
            + f" AS {_quoted(str(column))}"
            if is_text
            else _quoted(str(column))
            for column, is_text in columns
        )
        return self._keep(name, f"AS NOT MATERIALIZED (SELECT {written} FROM {quoted})", frozenset())

    def _keep(self, name: Name, clause: str, reads: frozenset[str]) -> str:
        """Gives a relation a name of its own: what was written for an earlier one of that name goes on reading it."""
        own, number = ".".join(name), 1
        while own in self._relations:
            number += 1
            own = f"{name[-1]}.{number}"
        self._relations[own] = _Relation(clause, reads)
        self._current[name] = own
        return own

    def _fetched(self, sql: str, parameters: tuple[Any, ...], subject: str) -> list[Row]:
        import psycopg

        try:
            # With no parameters a % in the text is a %.
            return self._connection.execute(sql.encode(), parameters or None).fetchall()
        except psycopg.errors.QueryCanceled:
            raise WarehouseNotReady(
                f"The database was asked for {subject}, and had not computed it after {self._seconds} seconds.",
                "Try again when it is less busy, or allow it more time.",
            ) from None
        except (
            psycopg.errors.InsufficientPrivilege,
            psycopg.errors.UndefinedColumn,
            psycopg.errors.UndefinedTable,
        ):
            raise WarehouseNotReady(
                f"The database lacks a table or a column that {subject} needs, or this login may not read it.",
                "Ask for leave to read it, or take away what the warehouse stands in for.",
            ) from None
        except psycopg.OperationalError:
            raise WarehouseNotReady(
                f"The database stopped while it computed {subject}.", "Try again; if it happens again, ask its keepers."
            ) from None
        except psycopg.Error:
            raise ReturnsNotReady(
                f"The database could not compute {subject}.", "Report this to the authors of the framework."
            ) from None


def _quoted(name: str) -> str:
    return exp.to_identifier(name, quoted=True).sql("postgres")
