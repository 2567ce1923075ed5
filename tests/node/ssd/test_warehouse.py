"""A warehouse is only read, its URL is told to nobody, and what it cannot give stops a release without a word of why.

If this failed, a council's live database could be changed, its password could stand in a log, or a release would send a
figure that the warehouse does not hold.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner

from frameworks.blocks import Statistic
from frameworks.catalogue import load_framework
from frameworks.model import Source
from frameworks.plan import ReleasePlan, ReleaseRequest, compile_plan
from node.cli import main
from node.config import load_config, load_warehouse
from node.engines.duckdb_engine import DuckDbEngine
from node.errors import InvalidConfiguration, ReturnsNotReady, WarehouseNotReady
from node.returns import measure_returns, release_vector
from node.warehouse import Warehouse
from node.warehouse_check import check_warehouse
from node.warehouse_rows import WarehouseRows
from tests.node.ssd.small_ssd import Tables, rows, tables, write_sqlite
from tests.node.ssda903_csv import write_returns

_FRAMEWORK = load_framework("outcomes-2019")
_SOURCES = (Source.SSDA903, Source.CIN_CENSUS)
_SECRET = "a-secret-word"
_DECLARED = frozenset(f"{kind}@{year}" for kind in ("ssda903", "ssda903.oc2", "cin_census") for year in (2024, 2025))


def _warehouse(folder: Path, held: Tables | None = None) -> Warehouse:
    return Warehouse(write_sqlite(folder / "warehouse.db", held or tables()), _SOURCES, years=3)


def _plan(*indicators: str) -> ReleasePlan:
    request = ReleaseRequest(id="r", mode="council", indicators=indicators, breakdowns=(), rho_units=10**10)
    return compile_plan(_FRAMEWORK, "c", 2025, request)


def test_the_session_of_a_warehouse_cannot_write(tmp_path: Path) -> None:
    """The same connection without the setting can: the test bites."""
    import sqlalchemy

    url = _warehouse(tmp_path).url
    write = sqlalchemy.text("UPDATE ssd_person SET pers_sex = 'X'")
    with WarehouseRows.open(url, 60) as reading, pytest.raises(sqlalchemy.exc.OperationalError, match="readonly"):
        reading._connection.execute(write)
    with sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool).begin() as control:
        control.execute(write)
    changed = sqlite3.connect(tmp_path / "warehouse.db")
    assert changed.execute("SELECT DISTINCT pers_sex FROM ssd_person").fetchall() == [("X",)]
    changed.close()


def test_a_release_says_what_measure_says(tmp_path: Path) -> None:
    warehouse = _warehouse(tmp_path)
    figures = measure_returns(None, 2025, _FRAMEWORK, warehouse=warehouse)
    plan = _plan("cla_31_march", "sdq_coverage", "placed_foster", "referrals")
    vector = list(release_vector(tmp_path, plan, _FRAMEWORK, _DECLARED, warehouse=warehouse))
    total = plan.block(Statistic.TOTAL, "cla_31_march", "")
    assert vector[total.start] == figures["cla_31_march"].numerator == 3
    contrast = plan.block(Statistic.CONTRAST, "placed_foster", "")
    foster = figures["placed_foster"]
    assert foster.numerator is not None and foster.denominator is not None
    assert vector[contrast.start] == 2 * foster.numerator - foster.denominator


@pytest.mark.parametrize(("first_year", "expected"), [(None, 2024), (2025, 2025)])
def test_years_before_the_first_declared_one_are_not_looked_back_on(
    tmp_path: Path, first_year: int | None, expected: int
) -> None:
    with DuckDbEngine.create(2025) as local, _warehouse(tmp_path).open(2025, local, first_year) as opened:
        engine = opened.engines[Source.SSDA903]
        assert engine.rows("SELECT MIN(return_year) AS first FROM episode_history", "a test") == [(expected,)]
        assert f"ssda903@{expected}" in opened.available and f"ssda903@{expected - 2}" not in opened.available


def test_what_the_warehouse_cannot_give_is_undeclared_and_stops_nothing_else(tmp_path: Path) -> None:
    plan = _plan("cla_31_march", "substance_intervention_refused", "substance_misuse")
    vector = list(release_vector(tmp_path, plan, _FRAMEWORK, _DECLARED, warehouse=_warehouse(tmp_path)))
    refused = plan.block(Statistic.CONTRAST, "substance_intervention_refused")
    assert vector[refused.indices] == [0]
    assert vector[plan.block(Statistic.TOTAL, "cla_31_march").indices] == [3]


def test_what_the_warehouse_cannot_give_is_missing_where_it_is_declared(tmp_path: Path) -> None:
    declared = _DECLARED | {"ssda903.oc2_offered@2025"}
    plan = _plan("substance_intervention_refused")
    with pytest.raises(ReturnsNotReady, match="oc2_offered"):
        release_vector(tmp_path, plan, _FRAMEWORK, declared, warehouse=_warehouse(tmp_path))


def test_a_declared_year_before_the_warehouse_s_window_is_missing(tmp_path: Path) -> None:
    declared = _DECLARED | {"ssda903@2020"}
    with pytest.raises(ReturnsNotReady, match="ssda903@2020"):
        release_vector(tmp_path, _plan("cla_31_march"), _FRAMEWORK, declared, warehouse=_warehouse(tmp_path))


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+psycopg://newlyn:{_SECRET}@127.0.0.1:1/ssd?connect_timeout=1",
        f"mssql+nothing://newlyn:{_SECRET}@127.0.0.1/ssd",
        f"not a url {_SECRET}",
        f"sqlite:////nowhere/{_SECRET}.db",
    ],
)
@pytest.mark.parametrize("in_place", [True, False])
def test_a_url_stands_in_no_error_and_no_representation(tmp_path: Path, url: str, in_place: bool) -> None:
    warehouse = Warehouse(url, _SOURCES, in_place=in_place)
    assert _SECRET not in repr(warehouse)
    with pytest.raises(ReturnsNotReady) as caught:
        measure_returns(None, 2025, _FRAMEWORK, warehouse=warehouse)
    assert _SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    file = tmp_path / "warehouse.toml"
    (tmp_path / "url").write_text(url)
    file.write_text(f"[warehouse]\nurl_file = 'url'\nin_place = {str(in_place).lower()}\n")
    shown = CliRunner().invoke(main, ["measure", "--warehouse", str(file), "--year", "2025"])
    assert shown.exit_code in (ReturnsNotReady.exit_code, WarehouseNotReady.exit_code)
    assert _SECRET not in shown.output + str(shown.exception)


def _node_toml(folder: Path, section: str) -> Path:
    path = folder / "node.toml"
    path.write_text(
        'state = "state"\n[council]\ncode = "202"\nname = "Made up"\n[coordinator]\naddress = "localhost:1"\n'
        f'signing_key = "{"A" * 43}="\n[returns]\nfolder = "returns"\n{section}'
    )
    return path


def test_config_show_does_not_show_the_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"postgresql://newlyn:{_SECRET}@db.example/ssd"
    path = _node_toml(tmp_path, '[warehouse]\nschema = "ssd"\n')
    monkeypatch.setenv("NEWLYN_WAREHOUSE__URL", url)
    config = load_config(path)
    assert config.warehouse is not None and config.warehouse.address() == url
    shown = CliRunner().invoke(main, ["config", "show", "--config", str(path)])
    assert shown.exit_code == 0 and '"schema": "ssd"' in shown.output
    assert _SECRET not in shown.output and _SECRET not in repr(config)


@pytest.mark.parametrize(
    "section",
    ["[warehouse]\n", f'[warehouse]\nurl = "postgresql://x:{_SECRET}@y/z"\nurl_file = "u"\n',
     f'[warehouse]\nurl = ["{_SECRET}"]\n', f'[warehouse]\nurl_file = "u"\npassword = "{_SECRET}"\n',
     '[warehouse]\nurl_file = "u"\nsources = ["education"]\n', '[warehouse]\nurl_file = "u"\nsources = []\n'],
)  # fmt: skip
def test_a_section_that_is_not_allowed_is_refused_without_its_values(tmp_path: Path, section: str) -> None:
    for load in (load_config, load_warehouse):
        with pytest.raises(InvalidConfiguration) as caught:
            load(_node_toml(tmp_path, section))
        assert _SECRET not in str(caught.value) and caught.value.__cause__ is None


def test_a_url_file_is_found_beside_the_configuration(tmp_path: Path) -> None:
    section = load_warehouse(_node_toml(tmp_path, '[warehouse]\nurl_file = "u"\n'))
    with pytest.raises(InvalidConfiguration, match="cannot be read"):
        section.address()
    (tmp_path / "u").write_text("sqlite:///x.db\n")
    assert section.address() == "sqlite:///x.db"


def test_check_says_what_is_there_and_what_is_not_understood(tmp_path: Path) -> None:
    held = tables()
    held["ssd_cla_placement"][0]["clap_cla_placement_type"] = "In a lighthouse"
    held["ssd_sdq_scores"][0]["csdq_sdq_completed_date"] = "whenever"
    del held["ssd_missing"]
    report = check_warehouse(_warehouse(tmp_path, held), _FRAMEWORK, 2025)
    assert report.missing_tables == ("ssd_linked_identifiers", "ssd_missing", "ssd_voice_of_child")
    assert ("clap_cla_placement_type", 1) in [(one.column, one.rows) for one in report.unmapped]
    assert [(one.column, one.rows) for one in report.unread] == [("csdq_sdq_completed_date", 2)]
    assert report.lacking["missing_cla"] == ("ssda903.missing@2025",)
    assert report.lacking["cpp_repeat_ever"] == ("cin_census.previous_plans@2025",)
    assert "cla_31_march" in report.able and not report.education_apart


def test_check_shows_it_on_screen(tmp_path: Path) -> None:
    (tmp_path / "url").write_text(_warehouse(tmp_path).url)
    file = tmp_path / "warehouse.toml"
    file.write_text("[warehouse]\nurl_file = 'url'\nyears = 3\n")
    runner = CliRunner()
    shown = runner.invoke(main, ["check", "--warehouse", str(file), "--year", "2025"])
    assert shown.exit_code == 0, shown.output
    assert "SSD of" in shown.output and "Cannot     cpp_repeat_ever" in shown.output
    assert runner.invoke(main, ["check", "--year", "2025"]).exit_code == 2
    assert runner.invoke(main, ["check", "--warehouse", str(file)]).exit_code == 2
    assert runner.invoke(main, ["measure", "--year", "2025"]).exit_code == 2


def test_answers_of_children_are_feedback_with_who_could_have_answered(tmp_path: Path) -> None:
    held = tables()
    held["ssd_voice_of_child"] = rows(
        "voch_person_id voch_explained_worries voch_story_help_understand voch_agree_worker voch_plan_safe"
        " voch_tablet_help_explain",
        "N|Y|N|Y||N",
    )
    url = write_sqlite(tmp_path / "warehouse.db", held)
    figures = measure_returns(None, 2025, _FRAMEWORK, warehouse=Warehouse(url, (Source.FEEDBACK,), years=3))
    named = {
        name: figures[f"feedback_ssd_voice_1_all_{name}"]
        for name in ("response_rate", "understands_worries", "plan_safe")
    }
    found = {name: (figure.numerator, figure.denominator) for name, figure in named.items()}
    assert found == {"response_rate": (1, 3), "understands_worries": (1, 1), "plan_safe": (0, 0)}
    assert figures["referrals"].status == "not_available"


def test_pupils_are_joined_to_the_children_of_a_warehouse(tmp_path: Path) -> None:
    held = tables()
    for row in held["ssd_person"]:
        row["pers_upn"] = "H801200001001" if row["pers_person_id"] == "A" else None
    url = write_sqlite(tmp_path / "warehouse.db", held)
    attendance = "UPN,SESSIONS_POSSIBLE,SESSIONS_MISSED\nH801200001001,300,60\nH801200001009,300,3\n"
    folder = write_returns(tmp_path / "returns", {"2025/a.csv": attendance})
    figures = measure_returns(folder, 2025, _FRAMEWORK, warehouse=Warehouse(url, _SOURCES, years=3))
    missed = figures["absence_overall_cla12"]
    assert (missed.numerator, missed.denominator) == (60, 300)
