"""If this fails, a council of the size of England cannot be made, or is not one council."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import pytest
from lxml import etree

from deploy.demo.generator import Files, council_like_england, write_returns
from deploy.demo.generator.parts_writer import write_files_in_parts
from tests.deploy.plain_figures import census, rows

YEARS = range(2024, 2026)
COUNCIL = council_like_england(40_000)
XSD = Path(__file__).resolve().parents[2] / "node" / "sources" / "xsd" / "CIN_schema_2025.xsd"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("parts") / "returns"
    write_files_in_parts(COUNCIL, made, YEARS, tuple(Files), parts=3, workers=2, seed=9)
    return made


def digests(folder: Path) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_the_parts_are_one_return_of_as_many_children(folder: Path, tmp_path: Path) -> None:
    write_returns(COUNCIL, tmp_path, YEARS, seed=9)
    for year in YEARS:
        in_parts = [child.child_id for child in census(folder, year)]
        assert len(set(in_parts)) == len(in_parts)
        assert len(in_parts) == pytest.approx(len(list(census(tmp_path, year))), rel=0.08)
        looked_after = {row["CHILD"] for row in rows(folder, year, "episodes")}
        assert len(looked_after) == pytest.approx(
            len({row["CHILD"] for row in rows(tmp_path, year, "episodes")}), rel=0.2
        )
        assert looked_after <= set(in_parts)


def test_every_file_has_one_beginning_and_one_ending(folder: Path) -> None:
    assert not list(folder.glob(".*"))
    schema = etree.XMLSchema(etree.parse(str(XSD)))
    assert schema.validate(etree.parse(str(folder / "2025" / "CIN_census_2025.xml"))), str(schema.error_log)
    for path in folder.glob("*/*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            header, *lines = csv.reader(file)
        assert header not in lines
        assert {len(line) for line in lines} == {len(header)}


def test_the_bytes_do_not_depend_on_how_many_work(folder: Path, tmp_path: Path) -> None:
    write_files_in_parts(COUNCIL, tmp_path, YEARS, tuple(Files), parts=3, workers=1, seed=9)
    assert digests(tmp_path) == digests(folder)
