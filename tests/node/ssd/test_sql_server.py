"""From SQL Server, of any year since 2012, nothing is asked but the columns that are needed, and nothing is changed.

If this failed, a council's database would be asked for names and addresses, or for what an old server cannot read.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy
from sqlfluff.core import Linter

from frameworks.catalogue import load_framework
from frameworks.model import Source
from node.errors import ReturnsNotReady, WarehouseNotReady
from node.returns import measure_returns
from node.sources.ssd.schema import TABLES
from node.warehouse import Warehouse
from tests.node.ssd.small_ssd import tables, write_sqlite
from tests.node.ssd.sql_server import START_UP, SqlServer

_FRAMEWORK = load_framework("outcomes-2019")
_SOURCES = (Source.SSDA903, Source.CIN_CENSUS)
_URL = "mssql+pyodbc://newlyn:a-secret-word@server.example/ssd?driver=ODBC+Driver+18+for+SQL+Server"
_UNREAD = [("SSD_PERSON", "pers_forename"), ("SSD_PERSON", "pers_surname"), ("SSD_ADDRESS", "addr_address_postcode")]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> SqlServer:
    """A stand-in that every engine of SQLAlchemy's for SQL Server talks to."""
    stand_in = SqlServer(tables(), more_columns=_UNREAD)
    create = sqlalchemy.create_engine

    def with_stand_in(url: Any, **options: Any) -> sqlalchemy.Engine:
        ours = {"module": stand_in} if sqlalchemy.make_url(url).get_backend_name() == "mssql" else {}
        return create(url, **ours, **options)

    monkeypatch.setattr(sqlalchemy, "create_engine", with_stand_in)
    return stand_in


def _asked(server: SqlServer) -> list[str]:
    """The statements that are ours: SQLAlchemy's own of the first connection left out."""
    return [one for one in server.statements if one not in START_UP]


def test_figures_are_those_of_the_same_tables_elsewhere(server: SqlServer, tmp_path: Any) -> None:
    figures = measure_returns(None, 2025, _FRAMEWORK, warehouse=Warehouse(_URL, _SOURCES, years=3))
    url = write_sqlite(tmp_path / "warehouse.db", tables())
    elsewhere = measure_returns(None, 2025, _FRAMEWORK, warehouse=Warehouse(url, _SOURCES, years=3))
    assert figures == elsewhere
    assert figures["cla_31_march"].numerator == 3


def test_every_statement_is_a_select_of_listed_columns_in_t_sql(server: SqlServer) -> None:
    measure_returns(None, 2025, _FRAMEWORK, warehouse=Warehouse(_URL, _SOURCES, years=3))
    linter = Linter(dialect="tsql")
    asked = _asked(server)
    assert len(asked) > 20
    read: dict[str, set[str]] = {}
    for statement in asked:
        parsed = linter.parse_string(statement)
        tree = parsed.tree
        assert tree is not None and parsed.violations == []
        assert "unparsable" not in tree.type_set()
        kinds = [
            part.get_type() for part in tree.recursive_crawl("statement") for part in part.segments if not part.is_meta
        ]
        assert kinds == ["select_statement"], statement
        assert not re.search(r"[;(*]|\bJOIN\b|\bWHERE\b|\bINTO\b|--", statement, re.IGNORECASE)
        listed, _, table = statement.removeprefix("SELECT ").partition(" FROM ")
        read[table] = {column.strip("[]") for column in listed.split(", ")}
    assert read.pop("INFORMATION_SCHEMA.COLUMNS") == {"TABLE_SCHEMA", "TABLE_NAME", "COLUMN_NAME", "DATA_TYPE"}
    for table, columns in read.items():
        schema, name = table.split(".")
        assert schema == "[ssd_live]"
        assert columns <= {column.name for column in TABLES[name.strip("[]").lower()].columns}


def test_the_grammar_would_have_seen_what_sql_server_cannot_read() -> None:
    linter = Linter(dialect="tsql")
    for statement in ("SELECT a FROM t LIMIT 1 OFFSET", "SELECT a IS NOT DISTINCT FROM b FROM", "SELECT a::int FROM"):
        parsed = linter.parse_string(statement)
        tree = parsed.tree
        assert parsed.violations or tree is None or "unparsable" in tree.type_set()


def test_names_and_addresses_are_never_asked_for(server: SqlServer) -> None:
    measure_returns(None, 2025, _FRAMEWORK, warehouse=Warehouse(_URL, _SOURCES, years=3))
    ours = " ".join(_asked(server)).lower()
    assert not any(word in ours for word in ("forename", "surname", "addr_", "payroll"))


def test_only_the_tables_of_the_sources_are_read(server: SqlServer) -> None:
    measure_returns(None, 2025, _FRAMEWORK, warehouse=Warehouse(_URL, (Source.CIN_CENSUS,), years=3))
    ours = " ".join(_asked(server)).lower()
    assert "ssd_cin_assessments" in ours
    assert "ssd_cla_placement" not in ours and "ssd_legal_status" not in ours


def test_the_session_says_that_it_only_reads_gives_up_in_time_and_commits_nothing(server: SqlServer) -> None:
    measure_returns(None, 2025, _FRAMEWORK, warehouse=Warehouse(_URL, _SOURCES, years=3, seconds=77))
    assert all("ApplicationIntent=ReadOnly" in text for text in server.asked)
    assert set(server.timeouts) == {77}
    assert server.commits == 0
    assert max(server.fetched) <= 5_000


def test_integrated_authentication_needs_no_password(server: SqlServer) -> None:
    url = "mssql+pyodbc://@server.example/ssd?driver=ODBC+Driver+18+for+SQL+Server&Trusted_Connection=yes"
    figures = measure_returns(None, 2025, _FRAMEWORK, warehouse=Warehouse(url, _SOURCES, years=3))
    assert figures["cla_31_march"].numerator == 3
    assert "PWD" not in server.asked[0] and "Trusted_Connection=yes" in server.asked[0].replace("Yes", "yes")


def test_what_the_driver_says_of_a_record_is_never_repeated(server: SqlServer) -> None:
    server.fails_at = "ssd_person"
    with pytest.raises(WarehouseNotReady) as caught:
        measure_returns(None, 2025, _FRAMEWORK, warehouse=Warehouse(_URL, _SOURCES, years=3))
    assert isinstance(caught.value, ReturnsNotReady)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__
    assert str(caught.value).startswith("The warehouse did not give the rows of ssd_person.")
    for told in ("2012-06-15", "WBRI", "a-secret-word", "server.example", "SELECT", "22003"):
        assert told not in str(caught.value)


def test_a_database_without_an_ssd_is_a_clear_error(server: SqlServer) -> None:
    server.tables = {}
    server.more_columns = ()
    with pytest.raises(WarehouseNotReady, match="no table of the Standard Safeguarding Dataset"):
        measure_returns(None, 2025, _FRAMEWORK, warehouse=Warehouse(_URL, _SOURCES, years=3))
