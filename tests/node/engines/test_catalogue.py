"""Every indicator that is installed has the same figures in every engine, and a release of them all the same vector.

If this failed, what a council is compared by would depend on where it keeps its records.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from node.engines.dialects import PostgreSql
from node.engines.postgresql_engine import PostgresEngine
from tests.frameworks.random_children import YEAR, random_council
from tests.node.engines.copies import (
    Rows,
    everything,
    in_duckdb,
    in_postgresql,
    in_spark,
    measured,
    rows_of,
    tabulated,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SEED = 4
FRAMEWORK = everything()


@pytest.fixture(scope="module")
def rows() -> Rows:
    with random_council(SEED) as connection:
        return rows_of(connection)


@pytest.fixture(scope="module")
def figures(rows: Rows) -> Mapping[str, Any]:
    with in_duckdb(rows, YEAR) as engine:
        return measured(engine, FRAMEWORK, YEAR)


@pytest.fixture(scope="module")
def vector(rows: Rows) -> Mapping[str, Any]:
    with in_duckdb(rows, YEAR) as engine:
        return tabulated(engine, FRAMEWORK, YEAR)


@pytest.fixture(scope="module")
def postgresql(postgresql_server: str, rows: Rows) -> Iterator[PostgresEngine]:
    with in_postgresql(postgresql_server, rows, YEAR) as engine:
        yield engine


def test_the_council_has_children_in_most_cohorts(figures: Mapping[str, Any]) -> None:
    assert sum(1 for figure in figures.values() if figure["numerator"]) > len(figures) // 2
    assert all(figure["status"] == "ok" for figure in figures.values())


def test_figures_in_postgresql(postgresql: PostgresEngine, figures: Mapping[str, Any]) -> None:
    assert measured(postgresql, FRAMEWORK, YEAR) == figures


def test_the_vector_in_postgresql(postgresql: PostgresEngine, vector: Mapping[str, Any]) -> None:
    assert tabulated(postgresql, FRAMEWORK, YEAR) == vector


def test_the_vector_in_spark(spark_session: SparkSession, rows: Rows, vector: Mapping[str, Any]) -> None:
    """Figures are read from the same rows as the vector; `tests.node.engines.differential` compares them too."""
    with in_spark(spark_session, rows, YEAR) as engine:
        assert tabulated(engine, FRAMEWORK, YEAR) == vector


class _MonthsOfThirtyDays(PostgreSql):
    own: ClassVar[dict[str, str]] = PostgreSql.own | {"add_months(a, n)": "(CAST(a AS DATE) + 30 * n)"}


class _EveryDayAWorkingDay(PostgreSql):
    own: ClassVar[dict[str, str]] = PostgreSql.own | {
        "working_days_between(a, b)": "GREATEST(0, CAST(b AS DATE) - CAST(a AS DATE))"
    }


@pytest.mark.parametrize("wrong", [_MonthsOfThirtyDays, _EveryDayAWorkingDay])
def test_a_wrong_calendar_in_one_engine_is_noticed(
    postgresql: PostgresEngine, figures: Mapping[str, Any], wrong: type[PostgreSql]
) -> None:
    mistaken = replace(postgresql, _dialect=wrong(YEAR), _relations={}, _current={})
    assert measured(mistaken, FRAMEWORK, YEAR) != figures
