"""Whatever the checker allows gives the same rows in every engine.

Definitions are put together by chance from the whole language, over rows full of nulls, awkward texts and days at
every edge; PostgreSQL's own order of texts is English here. If this failed, an author could write a definition that is
accepted and means another thing in a council whose records are in a warehouse.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlglot import exp

from frameworks.definitions import Checked
from node.engines import dialects
from node.engines.dialects import PostgreSql
from node.engines.engine import Engine, Row
from node.engines.postgresql_engine import PostgresEngine
from tests.node.engines.authors import Author, awkward_rows, side_by_side
from tests.node.engines.copies import in_duckdb, in_postgresql, in_spark

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

YEAR, SEED = 2025, 20261124
IN_POSTGRESQL, IN_SPARK = 240, 60
AT_ONCE = 20
"""Definitions run in one query: engines spend longer on a query than on its rows."""

Said = dict[int, Counter[Row]]


def _said(engine: Engine, definitions: list[Checked]) -> Said:
    """The rows of each definition, with how often each stands there."""
    said: Said = {number: Counter() for number in range(len(definitions))}
    for first in range(0, len(definitions), AT_ONCE):
        for row in engine.rows(side_by_side(definitions[first : first + AT_ONCE]), "the definitions"):
            said[first + row[0]][row[1:]] += 1
    return said


def _differing(engine: Engine, definitions: list[Checked], expected: Said) -> list[str]:
    """The definitions whose rows an engine gives differently."""
    said = _said(engine, definitions)
    return [one.sql for number, one in enumerate(definitions) if said[number] != expected[number]]


@pytest.fixture(scope="module")
def definitions() -> list[Checked]:
    return list(Author(SEED).allowed(IN_POSTGRESQL))


@pytest.fixture(scope="module")
def expected(definitions: list[Checked]) -> Said:
    with in_duckdb(awkward_rows(SEED), YEAR) as engine:
        return _said(engine, definitions)


@pytest.fixture(scope="module")
def postgresql(postgresql_server: str) -> Iterator[PostgresEngine]:
    with in_postgresql(postgresql_server, awkward_rows(SEED), YEAR) as engine:
        yield engine


def test_the_definitions_say_something(definitions: list[Checked], expected: Said) -> None:
    assert sum(1 for rows in expected.values() if len(rows) > 1) > len(definitions) // 2
    written = " ".join(one.sql for one in definitions)
    for part in (
        *("EXISTS", "NOT EXISTS", "IN (SELECT", "UNION ALL", "DISTINCT", "LEFT JOIN", "HAVING", "LIKE", "BETWEEN"),
        *("LAG(", "LEAD(", "FIRST_VALUE(", "LAST_VALUE(", "DENSE_RANK(", "ROW_NUMBER(", "ROWS", "RANGE", "NULLS FIRST"),
        *("ADD_MONTHS(", "ADD_YEARS(", "WORKING_DAYS_BETWEEN(", "AGE_ON(", "DAYS_BETWEEN(", "WITHIN_MONTHS("),
        *("NULLIF(", "COALESCE(", "CASE", "COUNT(DISTINCT", "SUM(", "(SELECT MAX(", "(SELECT COUNT(", "IS TRUE"),
    ):
        assert part in written, part


def test_in_postgresql(postgresql: PostgresEngine, definitions: list[Checked], expected: Said) -> None:
    assert _differing(postgresql, definitions, expected) == []


def test_in_spark(spark_session: SparkSession, definitions: list[Checked], expected: Said) -> None:
    with in_spark(spark_session, awkward_rows(SEED), YEAR) as engine:
        assert _differing(engine, definitions[:IN_SPARK], expected) == []


class _NullsWhereTheyFall(PostgreSql):
    def write(self, tree: exp.Query) -> str:
        return super().write(tree).replace(" NULLS LAST", "").replace(" NULLS FIRST", "")


def test_an_order_that_forgets_nulls_is_noticed(
    postgresql: PostgresEngine, definitions: list[Checked], expected: Said
) -> None:
    assert _differing(replace(postgresql, _dialect=_NullsWhereTheyFall(YEAR)), definitions, expected)


def test_an_order_of_texts_as_the_database_likes_it_is_noticed(
    postgresql: PostgresEngine, definitions: list[Checked], expected: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialects, "by_bytes", lambda text: text)
    monkeypatch.setattr("node.engines.postgresql_engine.by_bytes", lambda text: text)
    own_order = replace(postgresql, _relations={}, _current={})
    assert _differing(own_order, definitions, expected)
