"""Where the warehouse is a lakehouse, the same figures come out of Spark without a row leaving it.

A Spark of our own is started, with Java. If this failed, a council or region whose data sits in a lakehouse would send
other figures than the same records give elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from frameworks.catalogue import load_framework
from frameworks.model import Source
from node.returns import measure_returns
from node.sources.ssd.schema import TABLES, Kind
from node.warehouse import Warehouse
from tests.node.ssd.small_ssd import SPECIFICATION, tables, write_sqlite

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_SOURCES = (Source.SSDA903, Source.CIN_CENSUS)
_INDICATORS = ("cla_31_march", "sdq_mean", "referrals")
_WHOLE = load_framework("outcomes-2019")
_FRAMEWORK = _WHOLE.model_copy(update={"indicators": tuple(_WHOLE.indicator(name) for name in _INDICATORS)})
_TYPES = {Kind.ID: "STRING", Kind.TEXT: "STRING", Kind.DATE: "TIMESTAMP", Kind.WHOLE: "INT", Kind.NUMBER: "DOUBLE"}


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, (date, datetime)):
        return f"'{value.isoformat()}'"
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


@pytest.fixture(scope="module")
def lake(spark_session: SparkSession) -> Iterator[str]:
    """The small SSD as tables of a database in Spark; gives the name of the database."""
    spark_session.sql("CREATE DATABASE lake")
    for table, held in tables().items():
        own = SPECIFICATION.columns(held[0])
        typed = ", ".join(
            f"CAST({own[name]} AS {_TYPES[TABLES[table].column(name).kind]}) AS {own[name]}" for name in own
        )
        values = ", ".join(
            "(" + ", ".join(_literal(SPECIFICATION.value(name, row[name])) for name in own) + ")" for row in held
        )
        spark_session.sql(
            f"CREATE TABLE lake.{table} USING parquet AS "
            f"SELECT {typed} FROM VALUES {values} AS held ({', '.join(own.values())})"
        )
    yield "lake"
    spark_session.sql("DROP DATABASE lake CASCADE")


def test_figures_in_spark_are_those_of_the_rows_read(lake: str, tmp_path: Path) -> None:
    url = write_sqlite(tmp_path / "warehouse.db", tables())
    read = measure_returns(None, 2025, _FRAMEWORK, warehouse=Warehouse(url, _SOURCES, years=2))
    in_spark = measure_returns(None, 2025, _FRAMEWORK, warehouse=Warehouse("local[2]", _SOURCES, schema=lake, years=2))
    assert in_spark == read
    assert Warehouse("local[2]", _SOURCES, schema=lake).runs_in_place
    assert {name: figure.status for name, figure in read.items()} == dict.fromkeys(_INDICATORS, "ok")
    assert read["cla_31_march"].numerator == 3
