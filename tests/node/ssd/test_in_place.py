"""Where the warehouse is PostgreSQL, the same figures come out of it without a row leaving it.

A real server is started. If this failed, what a council sends would depend on where its computing is done; or the
node's login could be used to write.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from frameworks.catalogue import load_framework
from frameworks.model import Source
from node.engines.duckdb_engine import DuckDbEngine
from node.errors import ReturnsNotReady
from node.returns import measure_returns
from node.sources.ssd.schema import TABLES, Kind
from node.warehouse import Warehouse
from node.warehouse_check import check_warehouse
from node.warehouse_rows import WarehouseRows
from tests.node.ssd.small_ssd import ECLIPSE, tables
from tests.node.ssda903_csv import write_returns

_SOURCES = (Source.SSDA903, Source.CIN_CENSUS)
_INDICATORS = (
    *("cla_31_march", "placements_3plus", "same_carer_2y", "ceased_home_planned", "sdq_improved", "health_assessment"),
    *("social_workers_3plus", "missing_cla", "care_leaver_eet_19_21", "adoption_a10", "early_permanence"),
    *("placement_distance_mean", "referrals", "icpc_15wd", "cpp_review_on_time", "cpp_repeat_12m"),
    *("assessment_factor_mental_health_parent", "absence_overall_cla12"),
)
_WHOLE = load_framework("outcomes-2019")
_FRAMEWORK = _WHOLE.model_copy(update={"indicators": tuple(_WHOLE.indicator(name) for name in _INDICATORS)})
_TYPES = {
    Kind.ID: "varchar(48)",
    Kind.TEXT: "varchar(255)",
    Kind.DATE: "timestamp",
    Kind.WHOLE: "integer",
    Kind.NUMBER: "double precision",
}


@pytest.fixture(scope="module")
def url(postgresql_server: str) -> Iterator[str]:
    """A database with the small SSD as Eclipse has it, in a schema of its own, every row twice."""
    where = postgresql_server
    with psycopg.connect(f"{where} dbname=postgres", autocommit=True) as server:
        server.execute("CREATE DATABASE warehouse")
    with psycopg.connect(f"{where} dbname=warehouse") as database:
        database.execute("CREATE SCHEMA eclipse")
        for table, held in tables().items():
            own = ECLIPSE.columns(held[0])
            types = {name: _TYPES[TABLES[table].column(name).kind] for name in own}
            listed = ", ".join(f"{own[name]} {types[name]}" for name in own)
            database.execute(f"CREATE TABLE eclipse.{table} ({listed})".encode())
            for row in held * 2:
                places = ", ".join("%s" for _ in own)
                database.execute(
                    f"INSERT INTO eclipse.{table} VALUES ({places})".encode(),
                    [ECLIPSE.value(name, row[name]) for name in own],
                )
    words = dict(word.split("=") for word in where.split())
    yield f"postgresql+psycopg://{words['user']}@/warehouse?host={quote(words['host'], safe='')}"


def test_figures_in_place_are_those_of_the_rows_read(url: str) -> None:
    read = measure_returns(None, 2025, _FRAMEWORK, warehouse=Warehouse(url, _SOURCES, years=3, in_place=False))
    in_place = measure_returns(None, 2025, _FRAMEWORK, warehouse=Warehouse(url, _SOURCES, years=3))
    assert in_place == read
    assert (in_place["cla_31_march"].numerator, in_place["placement_distance_mean"].numerator) == (3, 122)


def test_no_child_s_row_comes_into_the_node(url: str) -> None:
    with DuckDbEngine.create(2025) as local, Warehouse(url, _SOURCES, years=3).open(2025, local) as opened:
        assert opened.in_place
        (here,) = local.rows("SELECT count(*) FROM episode", "a test")
        (there,) = opened.engines[Source.SSDA903].rows("SELECT count(*) AS n FROM episode", "a test")
    assert here == (0,) and there == (10,)


def test_education_is_said_not_to_be_available_beside_it(url: str, tmp_path: Path) -> None:
    attendance = "UPN,SESSIONS_POSSIBLE,SESSIONS_MISSED\nH801200001001,300,60\n"
    folder = write_returns(tmp_path, {"2025/a.csv": attendance})
    warehouse = Warehouse(url, _SOURCES, years=3)
    assert measure_returns(folder, 2025, _FRAMEWORK, warehouse=warehouse)["absence_overall_cla12"].status == (
        "not_available"
    )
    report = check_warehouse(warehouse, _FRAMEWORK, 2025)
    assert report.education_apart and report.in_place and report.case_system == "Eclipse"
    assert report.version == "an older one"
    assert {(one.column, one.rows) for one in report.unmapped} == {("lega_legal_status", 1)}


def test_the_sessions_cannot_write(url: str) -> None:
    """Neither of them; the same login without the setting can: the test bites."""
    import sqlalchemy

    write = sqlalchemy.text("UPDATE eclipse.ssd_person SET pers_sex = pers_sex")
    with WarehouseRows.open(url, 60) as reading, pytest.raises(sqlalchemy.exc.InternalError, match="read-only"):
        reading._connection.execute(write)
    with DuckDbEngine.create(2025) as local, Warehouse(url, _SOURCES).open(2025, local) as opened:
        engine = opened.engines[Source.SSDA903]
        with pytest.raises(ReturnsNotReady):
            engine.rows("SELECT * FROM (UPDATE eclipse.ssd_person SET pers_sex = 'X' RETURNING 1) AS u", "a test")
    with sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool).begin() as control:
        assert control.execute(write).rowcount == 18
