"""Where postcodes are, from the ONS Postcode Directory: grid reference and local authority of those that are asked for.

The directory is public and larger than a gigabyte, so it is read line by line and only the postcodes of the return are
kept. Its columns were renamed in 2025 (OSEAST1M became EAST1M, OSLAUA became LAD25CD and so on); both forms are read.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from node.engines.duckdb_engine import DuckDbEngine
from node.sources.csv_files import CUT_OFF, NOT_A_WHOLE_NUMBER, UNBALANCED, UnusableFile
from node.sources.inventory import ReturnFile, header_columns
from node.sources.report import ReportBuilder

PLACES = "postcode_place"
"""The temp table that `read_postcodes` makes."""

_SUBJECT = "the postcodes of the returns"
_LONGEST_LINE = 16_384

_COLUMNS: dict[str, re.Pattern[str]] = {
    "PCDS": re.compile("PCDS"),
    "OSEAST1M": re.compile("OSEAST1M|EAST1M"),
    "OSNRTH1M": re.compile("OSNRTH1M|NORTH1M"),
    "OSLAUA": re.compile(r"OSLAUA|LAUA|LAD\d\dCD"),
    "OSCTY": re.compile(r"OSCTY|CTY\d\dCD"),
}
"""The columns that are read, by their older names; without the last one the file is read all the same."""

_HIGHEST = {"OSEAST1M": 700_000, "OSNRTH1M": 1_300_000}
_NORTHERN_IRELAND = "N"
_COUNTY = "E10"

_REPLACED = {
    "E06000048": "E06000057",
    "E08000016": "E08000038",
    "E08000019": "E08000039",
    "E08000020": "E08000037",
}
"""Codes of whole councils that got another (Northumberland, Barnsley, Sheffield, Gateshead)."""


@dataclass(frozen=True)
class Place:
    """Where a postcode is: metres east and north on the National Grid, and the council with children's services.

    In a county `area` is the county's code, as far as the directory says it; elsewhere the local authority's.
    """

    easting: int | None
    northing: int | None
    area: str | None


def postcode_key(text: str) -> str:
    """A postcode as it is matched: without blanks, in capitals."""
    return "".join(text.split()).upper()


def read_postcodes(
    engine: DuckDbEngine, files: Sequence[ReturnFile], wanted: frozenset[str], report: ReportBuilder
) -> None:
    """Fills the temp table `postcode_place(postcode, easting, northing, area)` with what the directories say.

    `wanted` are postcodes as `postcode_key` writes them; no other is kept. Of files in the order given the last that
    has a postcode counts. A file that is no directory goes into `report` and is not used.
    """
    places: dict[str, Place] = {}
    alphanumeric = frozenset(postcode for postcode in wanted if postcode.isalnum())
    for file in files:
        try:
            places |= _read_directory(file, alphanumeric, report)
        except UnusableFile as fault:
            report.file_fault(file.name, str(fault))
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE {PLACES} (postcode VARCHAR, easting INTEGER, northing INTEGER, area VARCHAR)",
        _SUBJECT,
    )
    lines = "\n".join(
        ",".join("" if value is None else str(value) for value in (postcode, place.easting, place.northing, place.area))
        for postcode, place in places.items()
    )
    engine.rows(
        f"INSERT INTO {PLACES} SELECT f[1], CAST(nullif(f[2], '') AS INTEGER), CAST(nullif(f[3], '') AS INTEGER), "
        "nullif(f[4], '') FROM (SELECT string_split(line, ',') AS f FROM "
        "(SELECT unnest(string_split($1, chr(10))) AS line) WHERE line <> '')",
        _SUBJECT,
        [lines],
    )


def _read_directory(file: ReturnFile, wanted: frozenset[str], report: ReportBuilder) -> dict[str, Place]:
    places: dict[str, Place] = {}
    rows = 0
    try:
        with file.path.open(encoding=file.encoding, errors="replace") as stream:
            lines = _lines(iter(partial(stream.readline, _LONGEST_LINE), ""))
            header = next((line for _, line in lines if line.strip("\ufeff \n")), "")
            delimiter, names = header_columns(header.strip("\ufeff\n"))
            positions = _positions(names)
            before = positions["PCDS"]
            for number, line in lines:
                rows += line != "\n"
                # Nothing before the postcode holds a delimiter: only lines of postcodes asked for are read as CSV.
                fields = line.split(delimiter, before + 1)
                postcode = postcode_key(fields[before].replace('"', "")) if len(fields) > before else ""
                if postcode in wanted:
                    place = _place(file, number, line, delimiter, positions, report)
                    if place is not None:
                        places[postcode] = place
    except OSError:
        raise UnusableFile("the file cannot be opened") from None
    report.rows_read(file.name, rows)
    return places


def _lines(read: Iterator[str]) -> Iterator[tuple[int, str]]:
    """The lines with their numbers. Raises UnusableFile for one that no directory holds, before more of it is read."""
    for number, line in enumerate(read, start=1):
        if len(line) >= _LONGEST_LINE:
            raise UnusableFile("a line is longer than any of a postcode directory")
        yield number, line


def _positions(names: Sequence[str]) -> dict[str, int]:
    positions: dict[str, int] = {}
    for column, pattern in _COLUMNS.items():
        found = [place for place, name in enumerate(names) if pattern.fullmatch(name)]
        if len(found) > 1:
            raise UnusableFile(f"the column {column} stands more than once")
        if not found and column != "OSCTY":
            raise UnusableFile(f"there is no column {column}")
        if found:
            positions[column] = found[0]
    return positions


def _place(
    file: ReturnFile, number: int, line: str, delimiter: str, positions: Mapping[str, int], report: ReportBuilder
) -> Place | None:
    """The place that a row gives; None, with a fault, for a damaged row."""
    try:
        fields = next(csv.reader((line,), delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration):
        report.row_fault(file.name, number, "", UNBALANCED)
        return None
    if len(fields) <= max(positions.values()):
        report.row_fault(file.name, number, "", CUT_OFF)
        return None
    text = {column: fields[place].strip().upper() for column, place in positions.items()}
    district, county = text["OSLAUA"], text.get("OSCTY", "")
    area = county if county.startswith(_COUNTY) else district
    east, north = (_metres(file, number, text, column, report) for column in _HIGHEST)
    if east is None or north is None or district.startswith(_NORTHERN_IRELAND):
        east = north = None  # Northern Ireland is on the Irish Grid
    return Place(east, north, area if re.fullmatch("[A-Z][0-9]{8}", area) else None)


def _metres(file: ReturnFile, number: int, text: Mapping[str, str], column: str, report: ReportBuilder) -> int | None:
    if not text[column]:
        return None
    if re.fullmatch("[0-9]{1,7}", text[column]) and int(text[column]) <= _HIGHEST[column]:
        return int(text[column])
    report.row_fault(file.name, number, column, NOT_A_WHOLE_NUMBER.format(low=0, high=_HIGHEST[column]))
    return None


def current_code(column: str) -> str:
    """A column of ONS codes as SQL, with the code of a council that got another read as the one it has now."""
    cases = " ".join(f"WHEN '{old}' THEN '{new}'" for old, new in _REPLACED.items())
    return f"CASE {column} {cases} ELSE {column} END"
