"""What measuring asks of an engine: to name a relation, and to give the rows of a SELECT."""

from __future__ import annotations

from typing import Any, Protocol

Row = tuple[Any, ...]


class Engine(Protocol):
    """Runs the definitions where a council's records are.

    SQL comes in the subset of DuckDB's that the checker of definitions allows, with joins of subqueries, CASE, GROUP BY
    columns, row_number() in subqueries, least, greatest and CAST AS BIGINT, and with our functions by name; an engine
    translates it.
    """

    def define(self, name: str, sql: str, subject: str) -> None:
        """Makes `name` a relation with the rows of a SELECT, for later queries; a later one of that name replaces it.

        `subject` says in an error what is computed. Raises ReturnsNotReady, with a text of ours only.
        """

    def rows(self, sql: str, subject: str) -> list[Row]:
        """Every row of a SELECT. Raises as `define` does."""
