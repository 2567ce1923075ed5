"""A warehouse says of the same children what their returns say, whatever case system it was made from.

If this failed, a council would be measured otherwise for having a warehouse, and its benchmark would say nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest

from deploy.demo.generator.council_rates import all_councils
from deploy.demo.generator.returns_writer import write_returns as write_returns_of
from deploy.demo.generator.ssd_deployments import DEPLOYMENTS
from deploy.demo.generator.ssd_tables import Value as SsdValue
from deploy.demo.generator.ssd_writer import write_ssd
from frameworks.catalogue import load_framework
from frameworks.model import Source
from node.measure import Figure
from node.returns import measure_returns
from node.warehouse import Warehouse
from tests.node.ssd.small_ssd import WRITTEN, returns, tables, write_sqlite
from tests.node.ssda903_csv import write_returns

_FRAMEWORK = load_framework("outcomes-2019")
_SOURCES = (Source.SSDA903, Source.CIN_CENSUS)
_NOT_FROM_A_WAREHOUSE = {"cpp_repeat_ever", "substance_intervention_refused"}
_FROM_A_WAREHOUSE_ALONE = {"early_permanence", "placed_20mi", "placement_distance_mean"}


@pytest.fixture(scope="module")
def from_returns(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Figure]:
    folder = write_returns(tmp_path_factory.mktemp("returns"), returns())
    return measure_returns(folder, 2025, _FRAMEWORK)


@pytest.mark.parametrize("written", WRITTEN)
def test_every_indicator_that_both_support_is_the_same(
    tmp_path: Path, from_returns: dict[str, Figure], written: str
) -> None:
    url = write_sqlite(tmp_path / "warehouse.db", tables(), WRITTEN[written])
    figures = measure_returns(None, 2025, _FRAMEWORK, warehouse=Warehouse(url, _SOURCES, years=3))
    of_sources = [one.id for one in _FRAMEWORK.indicators if _FRAMEWORK.cohort(one.cohort).source in _SOURCES]
    both = [name for name in of_sources if from_returns[name].status == figures[name].status == "ok"]
    differing = {
        name: (from_returns[name].as_json(), figures[name].as_json())
        for name in both
        if from_returns[name].as_json() != figures[name].as_json()
    }
    assert differing == {}
    only = {name for name in of_sources if from_returns[name].status != figures[name].status}
    assert only == _NOT_FROM_A_WAREHOUSE | _FROM_A_WAREHOUSE_ALONE


def test_the_figures_are_those_worked_by_hand(from_returns: dict[str, Figure], tmp_path: Path) -> None:
    """So that the two cannot agree by being empty."""
    url = write_sqlite(tmp_path / "warehouse.db", tables())
    figures = measure_returns(None, 2025, _FRAMEWORK, warehouse=Warehouse(url, _SOURCES, years=3))
    expected = {
        "cla_31_march": (3, None),
        "cla_31_march_uasc": (1, None),
        "cla_started": (1, None),
        "cla_ceased": (2, None),
        "ceased_home_planned": (1, 2),
        "ceased_adopted": (1, 2),
        "placements_3plus": (1, 3),
        "same_carer_2y": (2, 2),
        "missing_cla": (1, 5),
        "away_cla": (1, 5),
        "social_workers_3plus": (1, 3),
        "sdq_mean": (25, 2),
        "sdq_improved": (1, 1),
        "health_assessment": (1, 2),
        "dental_check": (1, 2),
        "immunisation": (1, 2),
        "convicted": (1, 2),
        "substance_intervention_received": (1, 1),
        "care_leaver_eet_19_21": (1, 1),
        "care_leaver_suitable_19_21": (1, 1),
        "early_permanence": (1, 1),
        "placement_distance_mean": (122, 2),
        "referrals": (2, None),
        "rereferral_12m_children": (1, 2),
        "cin_open_31_march": (3, None),
        "nfa_return_12m": (1, 1),
        "assessment_45wd": (1, 2),
        "s47_started": (2, None),
        "icpc_15wd": (1, 2),
        "cpp_open_31_march": (1, None),
        "cpp_repeat_12m": (1, 1),
        "cpp_review_on_time": (1, 1),
        "assessment_factor_domestic_abuse_child": (1, None),
        "assessment_factor_mental_health_parent": (1, None),
    }
    found = {name: (figures[name].numerator, figures[name].denominator) for name in expected}
    assert found == expected


@pytest.mark.parametrize("deployment", ["system_c", "mosaic"])
def test_a_made_up_council_is_measured_alike(tmp_path: Path, deployment: str) -> None:
    """Hundreds of lives; breakdowns apart where a warehouse knows by now what an earlier census did not."""
    council, years = all_councils()[60], [2022, 2023, 2024, 2025]
    write_returns_of(council, tmp_path / "returns", years, scale=0.15, seed=5)
    made = DEPLOYMENTS[deployment]
    database = sqlite3.connect(tmp_path / "warehouse.db")
    for table, columns in made.tables.items():
        database.execute(f"CREATE TABLE {table} ({', '.join(columns)})")

    def insert(table: str, row: Mapping[str, SsdValue]) -> None:
        values = [str(value) if isinstance(value, datetime) else value for value in row.values()]
        database.execute(f"INSERT INTO {table} VALUES ({', '.join('?' for _ in values)})", values)

    write_ssd(council, years, insert, deployment=made, scale=0.15, seed=5)
    database.commit()
    database.close()
    expected = measure_returns(tmp_path / "returns", 2025, _FRAMEWORK)
    warehouse = Warehouse(f"sqlite:///{tmp_path / 'warehouse.db'}", _SOURCES, years=4)
    figures = measure_returns(None, 2025, _FRAMEWORK, warehouse=warehouse)
    both = [name for name, figure in figures.items() if figure.status == expected[name].status == "ok"]
    assert len(both) > 90
    differing = {
        name: (expected[name].numerator, figures[name].numerator)
        for name in both
        if (expected[name].numerator, expected[name].denominator, expected[name].value)
        != (figures[name].numerator, figures[name].denominator, figures[name].value)
    }
    assert differing == {}
    assert (expected["cla_31_march"].numerator or 0) > 20 and (expected["referrals"].numerator or 0) > 100


def test_only_the_sources_that_the_warehouse_stands_in_for_come_from_it(tmp_path: Path) -> None:
    """The others come from the folder: here the census, which knows nobody that the warehouse does not."""
    url = write_sqlite(tmp_path / "warehouse.db", tables())
    files = {name: text for name, text in returns().items() if name.endswith(".xml")}
    folder = write_returns(tmp_path / "returns", files)
    figures = measure_returns(folder, 2025, _FRAMEWORK, warehouse=Warehouse(url, (Source.SSDA903,), years=3))
    assert figures["cla_31_march"].numerator == 3
    assert figures["cpp_repeat_ever"].status == "ok"
    del files["2025/c.xml"]
    without = write_returns(tmp_path / "without", files)
    figures = measure_returns(without, 2025, _FRAMEWORK, warehouse=Warehouse(url, (Source.SSDA903,), years=3))
    assert figures["cla_31_march"].numerator == 3
    assert figures["referrals"].status == "not_available"
