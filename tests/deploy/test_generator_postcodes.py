"""If this fails, no made-up child can be said to live far from home, or none as often as England's children do."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.demo.generator import all_councils, council_like_england, write_returns, write_ssd
from deploy.demo.generator.postcodes_writer import write_postcodes
from deploy.demo.generator.ssd_tables import Value
from tests.deploy.plain_figures import Row, rows

YEAR = 2025
COUNCIL = council_like_england(120_000)
METRES_IN_20_MILES = 32_186.88


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("postcodes")
    write_returns(COUNCIL, made, [YEAR], seed=3)
    write_postcodes(COUNCIL, made, [YEAR])
    return made


def directory(folder: Path) -> dict[str, Row]:
    with (folder / str(YEAR) / "postcodes.csv").open(encoding="utf-8") as file:
        return {row["pcds"]: row for row in csv.DictReader(file)}


def metres(places: Mapping[str, Row], home: str, placement: str) -> float:
    east, north = (float(places[placement][axis]) - float(places[home][axis]) for axis in ("oseast1m", "osnrth1m"))
    return math.hypot(east, north)


def test_children_live_as_far_from_home_as_englands(folder: Path) -> None:
    places = directory(folder)
    far, outside, known = 0, 0, 0
    for row in rows(folder, YEAR, "episodes"):
        if row["DEC"] or not row["HOME_POST"]:
            continue
        known += 1
        if metres(places, row["HOME_POST"], row["PL_POST"]) > METRES_IN_20_MILES:
            far += 1
            outside += places[row["PL_POST"]]["oslaua"] != COUNCIL.ons_code
    assert 100 * far / known == pytest.approx(22, abs=3.5)
    assert 100 * outside / known == pytest.approx(18, abs=3.5)


def test_a_warehouse_holds_the_same_distances(folder: Path) -> None:
    places = directory(folder)
    homes: dict[Value, str] = {row["CHILD"]: row["HOME_POST"] for row in rows(folder, YEAR, "episodes")}
    compared = 0

    def compare(table: str, row: Mapping[str, Value]) -> None:
        nonlocal compared
        if table == "ssd_cla_placement" and homes.get(row["clap_person_id"]):
            found = metres(places, homes[row["clap_person_id"]], str(row["clap_cla_placement_postcode"]))
            assert row["clap_cla_placement_distance"] == pytest.approx(found / 1609.344, abs=1e-4)
            compared += 1

    write_ssd(COUNCIL, [YEAR], compare, seed=3)
    assert compared > 500


@pytest.mark.parametrize("kind", ["E06", "E08", "E09", "E10"])
def test_a_county_is_named_as_a_county(tmp_path: Path, kind: str) -> None:
    council = next(council for council in all_councils() if council.ons_code.startswith(kind))
    write_postcodes(council, tmp_path, [YEAR])
    columns = [row["oscty" if kind == "E10" else "oslaua"] for row in directory(tmp_path).values()]
    assert 0.3 < columns.count(council.ons_code) / len(columns) < 0.6
