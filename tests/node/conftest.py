"""Real servers for the tests: started once per session, where a test asks for one.

Where the program is not installed those tests are left out and say so; under CI=true they fail.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.node import postgresql, spark

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def _left_out(missing: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """How to reach the superuser of a PostgreSQL server: words for psycopg, to which ` dbname=...` is added."""
    if postgresql.programs() is None:
        _left_out("PostgreSQL is not installed: nothing was run in it")
    with postgresql.running_server() as server:
        yield server


@pytest.fixture(scope="session")
def spark_session() -> Iterator[SparkSession]:
    """A Spark in this process."""
    if not spark.is_installed():
        _left_out("Java is not installed: nothing was run in Spark")
    with spark.running_spark() as session:
        yield session
