"""Distances between home and placement, from postcodes and the ONS Postcode Directory. If these failed, children would
be counted on the wrong side of 20 miles or of the council's boundary, a postcode would outlive the reading, or a
damaged directory would stop a council."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from node.data import council_ons_code
from node.sources import postcodes
from node.sources.inventory import ReturnFile, take_inventory
from node.sources.postcodes import read_postcodes
from node.sources.report import ReportBuilder
from tests.node.ssda903_csv import EPISODES, HEADER, Read, child, csv_text, episode, reading, write_returns

DIRECTORY = "PCD,PCD2,PCDS,DOINTR,DOTERM,OSCTY,CED,OSLAUA,OSWARD,USERTYPE,OSEAST1M,OSNRTH1M,OSGRDIND,CTRY"
DIRECTORY_OF_2025 = (
    "pcd7,pcd8,pcds,dointr,doterm,cty25cd,ced25cd,lad25cd,wd25cd,usrtypind,east1m,north1m,gridind,ctry25cd"
)
UNITARY, ANOTHER, COUNTY, DISTRICT, NO_COUNTY = "E06000010", "E06000011", "E10000016", "E07000106", "E99999999"
_FOUND = "distance_tenths beyond_20_miles outside_council"


def at(postcode: str, east: object, north: object, district: str = UNITARY, county: str = NO_COUNTY) -> str:
    """A row of the directory, every text in quotes."""
    whole = postcode.replace(" ", "")
    return (
        f'"{whole}","{postcode}","{postcode}","198001","","{county}","E99999999","{district}","E05000001","0",'
        f'"{east}","{north}","1","E92000001"'
    )


HOME = at("ZZ9 9ZZ", 400_000, 300_000)


def _files(
    *rows: str, columns: str = DIRECTORY, home: str = "ZZ9 9ZZ", post: str = "ZZ1 1ZZ"
) -> dict[str, str | bytes]:
    return {
        "2025/header.csv": csv_text(HEADER, child("1")),
        "2025/episodes.csv": csv_text(EPISODES, episode("1", "01/05/2024", home=home, post=post)),
        "2025/places/directory.csv": csv_text(columns, *rows),
    }


def _found(read: Read) -> tuple[object, ...]:
    (row,) = read.rows("episode", _FOUND)
    return row


@pytest.mark.parametrize(
    ("east", "north", "tenths", "beyond"),
    [
        (400_000, 300_000, 0, False),
        (432_186, 300_000, 200, False),
        (432_187, 300_000, 200, True),
        (400_000, 332_186, 200, False),
        (400_000, 267_813, 200, True),
        (425_749, 319_312, 200, False),
        (425_750, 319_312, 200, True),
        (400_080, 300_000, 0, False),
        (400_081, 300_000, 1, False),
        (0, 0, 3107, True),
    ],
)
def test_a_distance_is_a_straight_line_and_20_miles_are_32_186_88_metres(
    tmp_path: Path, east: int, north: int, tenths: int, beyond: bool
) -> None:
    with reading(tmp_path, _files(HOME, at("ZZ1 1ZZ", east, north)), 2025, UNITARY) as read:
        assert _found(read) == (tenths, beyond, False)
        assert read.faults() == []
        assert {"postcodes.directory@2025", "postcodes.own_council@2025"} < read.report.available


@pytest.mark.parametrize(
    ("council", "district", "county", "outside"),
    [
        (UNITARY, UNITARY, NO_COUNTY, False),
        (UNITARY, ANOTHER, NO_COUNTY, True),
        (UNITARY, DISTRICT, COUNTY, True),
        (UNITARY, "S12000033", "S99999999", True),
        (COUNTY, DISTRICT, COUNTY, False),
        (COUNTY, DISTRICT, "E10000017", True),
        (COUNTY, UNITARY, NO_COUNTY, True),
        ("E08000038", "E08000016", "E11000003", False),
        ("E08000038", "E08000019", "E11000003", True),
        (UNITARY, "", "", None),
        (None, ANOTHER, NO_COUNTY, None),
    ],
)
def test_outside_the_council_by_its_own_code_and_the_place_of_the_placement_alone(
    tmp_path: Path, council: str | None, district: str, county: str, outside: bool | None
) -> None:
    files = _files(HOME, at("ZZ1 1ZZ", 400_000, 300_000, district, county))
    with reading(tmp_path, files, 2025, council) as read:
        assert _found(read) == (0, False, outside)
        assert ("postcodes.own_council@2025" in read.report.available) == (council is not None)


@pytest.mark.parametrize(
    ("council", "district", "outside"),
    [(COUNTY, DISTRICT, None), (COUNTY, UNITARY, True), (UNITARY, DISTRICT, True), (UNITARY, UNITARY, False)],
)
def test_a_directory_without_counties_does_not_tell_one_county_from_another(
    tmp_path: Path, council: str, district: str, outside: bool | None
) -> None:
    columns = "PCDS,OSEAST1M,OSNRTH1M,LAUA"
    rows = ["ZZ9 9ZZ,400000,300000,", f"ZZ1 1ZZ,400000,300000,{district}"]
    with reading(tmp_path, _files(*rows, columns=columns), 2025, council) as read:
        assert _found(read) == (0, False, outside)


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace('"', "").encode(),
        lambda text: text.replace(",", "\t").encode("cp1252"),
        lambda text: text.replace(DIRECTORY, DIRECTORY_OF_2025).encode(),
        lambda text: text.lower().encode(),
        lambda text: ("\n" + text).rstrip("\n").encode(),
        lambda text: text.replace("PCDS,DOINTR", "DOINTR,PCDS").replace("198001", "ZZ8 8ZZ").encode(),
    ],
    ids=["mark", "crlf", "utf-16", "no quotes", "tabs", "columns of 2025", "small letters", "no last end", "misplaced"],
)
def test_every_form_of_the_directory_is_read(tmp_path: Path, encode: object, request: pytest.FixtureRequest) -> None:
    assert callable(encode)
    files = _files(HOME, at("ZZ1 1ZZ", 432_187, 300_000, ANOTHER))
    files["2025/places/directory.csv"] = encode(str(files["2025/places/directory.csv"]))
    with reading(tmp_path, files, 2025, UNITARY) as read:
        misplaced = "misplaced" in request.node.name
        assert _found(read) == ((None, None, None) if misplaced else (200, True, True))


@pytest.mark.parametrize(("home", "post"), [("zz9 9zz", "ZZ11ZZ"), (" ZZ99ZZ ", "zz1  1zz")])
def test_postcodes_are_matched_without_blanks_and_in_capitals(tmp_path: Path, home: str, post: str) -> None:
    files = _files(HOME, at("ZZ1 1ZZ", 400_000, 300_000), home=home, post=post)
    with reading(tmp_path, files, 2025, UNITARY) as read:
        assert _found(read) == (0, False, False)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([HOME], (None, None, None)),
        ([at("ZZ1 1ZZ", 400_000, 300_000)], (None, None, False)),
        ([HOME, at("ZZ1 1ZZ", "", "")], (None, None, False)),
        ([HOME, at("ZZ1 1ZZ", 334_000, 374_000, "N09000003", "N99999999")], (None, None, True)),
        ([HOME, at("ZZ1 1ZZ", 1, 1), at("ZZ1 1ZZ", 400_000, 300_000)], (0, False, False)),
    ],
    ids=["no placement", "no home", "no grid reference", "Irish Grid", "twice: the last counts"],
)
def test_what_the_directory_does_not_say_is_not_known(
    tmp_path: Path, rows: list[str], expected: tuple[object, ...]
) -> None:
    with reading(tmp_path, _files(*rows), 2025, UNITARY) as read:
        assert _found(read) == expected
        assert read.faults() == []


def test_blank_postcodes_are_not_known_and_match_nothing(tmp_path: Path) -> None:
    files = _files(HOME, at("", 400_000, 300_000), home="", post="")
    with reading(tmp_path, files, 2025, UNITARY) as read:
        assert _found(read) == (None, None, None)


def test_without_a_directory_every_distance_is_unknown_and_not_available(tmp_path: Path) -> None:
    files = _files(HOME)
    del files["2025/places/directory.csv"]
    with reading(tmp_path, files, 2025, UNITARY) as read:
        assert _found(read) == (None, None, None)
        assert read.report.available == {"ssda903@2025"}


def test_a_directory_of_another_year_is_not_read(tmp_path: Path) -> None:
    files = _files(HOME, at("ZZ1 1ZZ", 400_000, 300_000))
    files["2024/directory.csv"] = files.pop("2025/places/directory.csv")
    with reading(tmp_path, files, 2025, UNITARY) as read:
        assert _found(read) == (None, None, None)
        assert "postcodes.directory@2025" not in read.report.available


def test_only_the_open_return_has_distances_and_no_postcode_stays(tmp_path: Path) -> None:
    files = _files(HOME, at("ZZ1 1ZZ", 432_187, 300_000, ANOTHER))
    files["2024/header.csv"] = csv_text(HEADER, child("2"))
    files["2024/episodes.csv"] = csv_text(EPISODES, episode("2", "01/05/2023", home="ZZ7 7ZZ", post="ZZ6 6ZZ"))
    with reading(tmp_path, files, 2025, UNITARY) as read:
        assert read.rows("episode", f"child_id {_FOUND}") == [("1", 200, True, True)]
        names = read.engine.rows("SELECT table_name, column_name FROM information_schema.columns", "columns")
        columns = {column for _, column in names}
        assert not {column for column in columns if "post" in column}
        assert "postcode_place" not in {table for table, _ in names}


# Hostile and damaged directories


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (csv_text(DIRECTORY.replace("OSEAST1M", "X"), HOME), "there is no column OSEAST1M"),
        (csv_text(DIRECTORY.replace("OSLAUA", "X"), HOME), "there is no column OSLAUA"),
        (csv_text(DIRECTORY + ",EAST1M", HOME), "the column OSEAST1M stands more than once"),
        (
            csv_text(DIRECTORY, HOME, '"' + "Z" * 100_000),
            "a line is longer than any of a postcode directory",
        ),
    ],
    ids=["no easting", "no council", "two eastings", "a line without end"],
)
def test_a_file_that_is_no_directory_takes_the_distances_away_and_nothing_else(
    tmp_path: Path, text: str, problem: str
) -> None:
    files = _files()
    files["2025/places/directory.csv"] = text
    with reading(tmp_path, files, 2025, UNITARY) as read:
        assert read.file_faults() == [("directory.csv", problem)]
        assert read.report.available == {"ssda903@2025"}
        assert _found(read) == (None, None, None)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (at("ZZ1 1ZZ", "4OO000", 300_000), ("OSEAST1M", "not a whole number from 0 to 700000")),
        (at("ZZ1 1ZZ", 400_000, -1), ("OSNRTH1M", "not a whole number from 0 to 1300000")),
        (at("ZZ1 1ZZ", 400_000, 9_999_999), ("OSNRTH1M", "not a whole number from 0 to 1300000")),
        (at("ZZ1 1ZZ", 400_000, 300_000) + '"', ("", "quotes are not balanced")),
        ('"ZZ11ZZ","ZZ1 1ZZ","ZZ1 1ZZ","198001"', ("", "the file ends within the row")),
    ],
)
def test_a_damaged_row_of_a_postcode_that_is_asked_for_is_named(
    tmp_path: Path, row: str, fault: tuple[str, str]
) -> None:
    files = _files(HOME, row, '"ZZ2', at("ZZ3 3ZZ", "damaged too, not asked for", ""))
    with reading(tmp_path, files, 2025, UNITARY) as read:
        assert read.faults() == [("directory.csv", 3, *fault)]
        assert "postcodes.directory@2025" in read.report.available
        assert _found(read)[:2] == (None, None)


def test_a_code_cannot_carry_sql(tmp_path: Path) -> None:
    rows = [at("ZZ9 9ZZ", 1, 1, "E0'; --"), at("ZZ1 1ZZ", 1, 1, "E0'; DROP TABLE episode; --")]
    with reading(tmp_path, _files(*rows), 2025, UNITARY) as read:
        assert _found(read) == (0, False, None)
    with pytest.raises(ValueError, match="ONS code"), reading(tmp_path, _files(*rows), 2025, "E0' OR '1"):
        pass


def test_a_postcode_cannot_carry_a_separator(tmp_path: Path) -> None:
    rows = [at(post, 1, 1).replace(",", "\t") for post in ("ZZ9 9ZZ", "ZZ,1 1ZZ")]
    files = _files(*rows, columns=DIRECTORY.replace(",", "\t"), post='"ZZ,1 1ZZ"')
    with reading(tmp_path, files, 2025, UNITARY) as read:
        assert read.faults() == []
        assert _found(read) == (None, None, None)


def test_a_large_directory_is_not_held_in_memory(tmp_path: Path) -> None:
    rows = "".join(f"{at(f'YY{n // 10000} {n % 10000}', 1, 1)}\n" for n in range(60_000))
    files = _files(HOME, at("ZZ1 1ZZ", 400_000, 300_000))
    files["2025/places/directory.csv"] = f"{DIRECTORY}\n{rows}{HOME}\n"
    folder = write_returns(tmp_path, files)
    (directory,) = [file for file in take_inventory(folder, 2025).files if file.kind == "postcodes.directory"]
    assert directory.path.stat().st_size > 7_000_000
    tracemalloc.start()
    places = postcodes._read_directory(directory, frozenset({"ZZ99ZZ"}), ReportBuilder())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert list(places) == ["ZZ99ZZ"]
    assert peak < 1_000_000


def test_a_directory_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    gone = ReturnFile(tmp_path / "gone.csv", 2025, "postcodes.directory", "2025/gone.csv")
    report = ReportBuilder()
    with reading(tmp_path, _files(HOME), 2025) as read:
        read_postcodes(read.engine, [gone], frozenset({"ZZ99ZZ"}), report)
    assert [fault.problem for fault in report.build(frozenset()).file_faults] == ["the file cannot be opened"]


def test_the_council_knows_its_own_code() -> None:
    assert council_ons_code("886") == COUNTY
    assert council_ons_code("370") == "E08000038"
    assert council_ons_code("000") is None
