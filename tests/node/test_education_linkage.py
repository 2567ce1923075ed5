"""Whose an education record is. If these failed, a child's attendance would be another child's, or one child would
count as several and the noise, made to hide one, would not hide that child."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import node.sources.education
from frameworks.model import Source
from frameworks.tables import TABLES
from node.sources.education import ANOTHER_UPN
from tests.node.education_csv import ATTENDANCE, SCHOOL_CENSUS, SCHOOL_MOVES, in_need, looked_after, upn
from tests.node.ssda903_csv import csv_text, reading

EDUCATION_TABLES = tuple(table for table in TABLES.values() if table.source is Source.EDUCATION)


def _attendance(*rows: str) -> dict[str, str]:
    return {"2025/attendance.csv": csv_text(ATTENDANCE, *(f"{row},380,38,,," for row in rows))}


def _pupils(folder: Path, files: Mapping[str, str]) -> dict[str, list[str]]:
    """Owner of every row, by table."""
    with reading(folder, files, 2025) as read:
        return {
            table.name: [row[0] for row in read.rows(table.name, "child_id")]
            for table in EDUCATION_TABLES
            if read.rows(table.name, "child_id")
        }


def test_a_upn_joins_school_and_care_records(tmp_path: Path) -> None:
    files = looked_after(2025, ("c1", upn(1))) | in_need(2025, ("c2", upn(2))) | _attendance(f"{upn(1)},", f"{upn(2)},")
    found = _pupils(tmp_path, files)
    assert found["pupil"] == found["attendance"] == [upn(1), upn(2)]
    assert found["pupil_episode"] == [upn(1)]
    assert found["pupil_case"] == found["pupil_plan"] == [upn(2)]


def test_a_child_id_joins_them_where_no_record_has_a_upn(tmp_path: Path) -> None:
    files = looked_after(2025, ("c1", "UN1")) | in_need(2025, ("c1", "")) | _attendance(",c1", "UN3,C2")
    found = _pupils(tmp_path, files)
    assert found["pupil"] == found["attendance"] == ["id:C1", "id:C2"]
    assert found["pupil_episode"] == found["pupil_case"] == ["id:C1"]


@pytest.mark.parametrize("care", [looked_after(2025, ("c1", "UN1")), in_need(2025, ("c1", ""))])
def test_an_education_file_may_bring_the_upn_that_care_records_lack(tmp_path: Path, care: dict[str, str]) -> None:
    found = _pupils(tmp_path, care | _attendance(f"{upn(1)},c1", f"{upn(1)},", ",c1"))
    assert {owner for owners in found.values() for owner in owners} == {upn(1)}


def test_the_looked_after_return_knows_better_than_the_census(tmp_path: Path) -> None:
    files = looked_after(2025, ("c1", upn(1))) | in_need(2025, ("c1", upn(2))) | _attendance(",c1", f"{upn(2)},")
    found = _pupils(tmp_path, files)
    assert found["pupil_episode"] == found["pupil_case"] == [upn(1)]
    assert found["attendance"] == [upn(1), upn(2)]


def test_the_latest_return_knows_better_than_an_earlier_one(tmp_path: Path) -> None:
    files = looked_after(2024, ("c1", upn(1))) | looked_after(2025, ("c1", upn(2))) | _attendance(f"{upn(1)},", ",c1")
    found = _pupils(tmp_path, files)
    assert set(found["pupil_episode_history"]) == {upn(2)}
    assert found["attendance"] == [upn(1), upn(2)]


def test_two_child_ids_of_one_upn_are_one_pupil_with_rows_told_apart(tmp_path: Path) -> None:
    files = looked_after(2025, ("c1", upn(1)), ("c2", upn(1))) | _attendance(",c1", ",c2", f"{upn(1)},")
    with reading(tmp_path, files, 2025) as read:
        assert read.rows("attendance", "child_id sessions_possible sessions_missed") == [(upn(1), 1140, 114)]
        assert read.rows("pupil_episode", "child_id event") == [(upn(1), 1), (upn(1), 2)]


def test_the_child_id_counts_where_a_row_bears_another_upn_and_the_row_is_reported(tmp_path: Path) -> None:
    files = looked_after(2025, ("c1", upn(1)), ("c2", upn(2))) | _attendance(f"{upn(2)},c1", f"{upn(2)},c2")
    with reading(tmp_path, files, 2025) as read:
        assert read.rows("attendance", "child_id") == [(upn(1),), (upn(2),)]
        assert read.faults() == [("attendance.csv", 2, "UPN", ANOTHER_UPN)]


@pytest.mark.parametrize("placeholder", ["A999999999999", "UN1", "UNKNOWN", "0", "A12345678901", "1234567890123"])
def test_what_stands_where_there_is_no_upn_joins_nobody(tmp_path: Path, placeholder: str) -> None:
    care = looked_after(2025, ("c1", placeholder), ("c2", placeholder))
    found = _pupils(tmp_path, care | _attendance(f"{placeholder},c1", f"{placeholder},c2", f"{placeholder},"))
    assert found["pupil"] == found["attendance"] == found["pupil_episode"] == ["id:C1", "id:C2"]


def test_who_a_pupil_is_comes_from_care_first_and_from_school_where_care_knows_nothing(tmp_path: Path) -> None:
    files = (
        looked_after(2025, ("c1", upn(1)))
        | in_need(2025, ("c1", upn(1)), ("c2", upn(2)))
        | {"2025/attendance.csv": csv_text(ATTENDANCE, f"{upn(3)},,10,0,M,03/03/2012,BCRB", f"{upn(2)},,10,0,F,,BCRB")}
        | {"2025/census.csv": csv_text(SCHOOL_CENSUS, f"{upn(3)},,N,0,F,,", f"{upn(4)},,N,0,?,01/04/2025,?")}
    )
    with reading(tmp_path, files, 2025) as read:
        assert read.rows("pupil", "child_id sex date_of_birth age age_band ethnicity_major") == [
            (upn(1), "female", "2015-01-01", 10, "10_15", "white"),
            (upn(2), "male", "2014-02-02", 11, "10_15", "white"),
            (upn(3), "female", "2012-03-03", 13, "10_15", "black"),
            (upn(4), "unknown", "2025-04-01", None, "unknown", "unknown"),
        ]


@dataclass(frozen=True)
class _Record:
    """One row of a file: of care (`kind` is `903` or `census`, with a year) or of education."""

    kind: str
    year: int
    child_id: str
    number: str


def _records(seed: int) -> list[_Record]:
    """Few ids and few UPNs, put together by chance: shared, changing over the years, missing and not valid."""
    chance = random.Random(seed)
    children = ["c1", "C2", "c3", "c4"]
    numbers = [*(upn(number) for number in range(1, 4)), "UN1", "A999999999999"]
    care = [
        _Record(kind, year, child_id, chance.choice(numbers))
        for kind in ("903", "census")
        for year in (2024, 2025)
        for child_id in children
        if chance.random() < 0.6
    ]
    education = [
        _Record(chance.choice(("attendance", "moves")), 2025, chance.choice(["", *children]), chance.choice(numbers))
        for _ in range(12)
    ]
    return care + [row for row in education if row.child_id or _is_upn(row.number)]


def _is_upn(number: str) -> bool:
    return number in {upn(known) for known in range(1, 4)}


def _files(records: list[_Record]) -> dict[str, str]:
    def of(kind: str, year: int) -> list[tuple[str, str]]:
        return [(one.child_id, one.number) for one in records if (one.kind, one.year) == (kind, year)]

    files: dict[str, str] = {}
    for year in (2024, 2025):
        files |= looked_after(year, *of("903", year)) | in_need(year, *of("census", year))
    attendance = (f"{number},{child_id},100,10,,," for child_id, number in of("attendance", 2025))
    moves = (f"{number},{child_id},01/12/2024" for child_id, number in of("moves", 2025))
    return files | {
        "2025/attendance.csv": csv_text(ATTENDANCE, *attendance),
        "2025/moves.csv": csv_text(SCHOOL_MOVES, *moves),
    }


def _owner(record: _Record, records: list[_Record]) -> str:
    """Whose a record is, from the records of its child id alone; without one, from itself."""
    if not record.child_id:
        return record.number
    child_id = record.child_id.upper()
    same = [one for one in records if one.child_id.upper() == child_id]
    for kind in ("903", "census"):
        returned = [one for one in same if one.kind == kind]
        if returned:
            latest = max(returned, key=lambda one: one.year)
            if _is_upn(latest.number):
                return latest.number
    schools = sorted(one.number for one in same if one.kind in ("attendance", "moves") and _is_upn(one.number))
    return schools[0] if schools else f"id:{child_id}"


def _rows(folder: Path, records: list[_Record]) -> dict[str, Counter[tuple[object, ...]]]:
    with reading(folder, _files(records), 2025) as read:
        return {table.name: Counter(read.rows(table.name, " ".join(table.columns))) for table in EDUCATION_TABLES}


@pytest.mark.parametrize("seed", [3, 8])
def test_taking_one_pupils_records_away_takes_that_pupils_rows_away_and_touches_no_others(
    tmp_path: Path, seed: int
) -> None:
    records = _records(seed)
    owners = {record: _owner(record, records) for record in records}
    whole = _rows(tmp_path / "whole", records)
    assert {row[0] for row in whole["pupil"]} == set(owners.values())
    for owner in set(owners.values()):
        rest = _rows(tmp_path / owner.replace(":", "-"), [one for one in records if owners[one] != owner])
        for table, rows in whole.items():
            assert rest[table] == Counter({row: times for row, times in rows.items() if row[0] != owner}), table


OWN_UPN_FIRST = """
CREATE OR REPLACE TEMP TABLE {staged} AS
SELECT s.*, coalesce(s.upn, u.upn, concat('id:', s.child_id)) AS pupil
FROM {staged} AS s LEFT JOIN upn_of_child AS u ON u.child = s.child_id
"""


def _pupils_of_c1(folder: Path) -> set[str]:
    """The pupils that the records of one child are, when school rows bear the UPN of before and no child else does."""
    files = looked_after(2024, ("c1", upn(1))) | looked_after(2025, ("c1", upn(2)))
    found = _pupils(folder, files | _attendance(f"{upn(1)},c1", f"{upn(2)},c1", ",c1"))
    return {owner for owners in found.values() for owner in owners}


def test_one_child_id_is_one_pupil_whatever_upns_its_rows_bear(tmp_path: Path) -> None:
    assert _pupils_of_c1(tmp_path) == {upn(2)}


def test_were_a_rows_own_upn_to_come_first_one_child_would_be_two_pupils(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node.sources.education, "_WITH_PUPIL", OWN_UPN_FIRST)
    assert _pupils_of_c1(tmp_path) == {upn(1), upn(2)}
