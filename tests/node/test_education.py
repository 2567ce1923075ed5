"""Education files as councils have them (one a school, with faults). If these failed, a row that cannot be right would
move a figure, or a good one be left out, and nobody would be told."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.engines.duckdb_engine import DuckDbEngine
from node.sources.csv_files import BLANK, NOT_A_UPN, NOT_A_WHOLE_NUMBER, REPEATED
from node.sources.education import MORE_MISSED, NO_PUPIL, read_education
from node.sources.education_columns import COLUMNS
from node.sources.inventory import ReturnFile
from node.sources.report import ReportBuilder
from tests.node.education_csv import (
    ATTAINMENT,
    ATTENDANCE,
    SCHOOL_CENSUS,
    SCHOOL_MOVES,
    SUSPENSIONS,
    looked_after,
    upn,
)
from tests.node.ssda903_csv import csv_text, reading

ONE, TWO = upn(1), upn(2)


def test_attendance_of_several_schools_is_added_up(tmp_path: Path) -> None:
    files = {
        "2025/north.csv": csv_text(ATTENDANCE, f"{ONE},,190,19,,,", f"{TWO},,380,0,,,"),
        "2025/schools/south.csv": csv_text(ATTENDANCE, f"{ONE},,180,20,,,", f"{ONE},,10,1,,,"),
    }
    with reading(tmp_path, files, 2025) as read:
        assert read.rows("attendance", "child_id sessions_possible sessions_missed") == [(ONE, 380, 40), (TWO, 380, 0)]
        assert read.faults() == []
        assert read.report.available == {"education.attendance@2025"}


def test_suspensions_are_added_up(tmp_path: Path) -> None:
    files = {"2025/a.csv": csv_text(SUSPENSIONS, f"{ONE},,1,0", f"{ONE},,2,1", f"{TWO},,0,0")}
    with reading(tmp_path, files, 2025) as read:
        assert read.rows("suspension", "child_id suspensions permanent_exclusions") == [(ONE, 3, 1), (TWO, 0, 0)]


def test_of_results_of_one_stage_the_last_counts(tmp_path: Path) -> None:
    files = {
        "2025/a.csv": csv_text(ATTAINMENT, f"{ONE},,KS2,0,,,,", f"{ONE},,KS2,1,,,,", f"{ONE},,KS4,,17.3,-1.59,5,4"),
        "2025/b.csv": csv_text(ATTAINMENT, f"{ONE},,KS2,0,,,,"),
    }
    with reading(tmp_path, files, 2025) as read:
        assert read.rows("attainment", "stage expected") == [("KS2", False), ("KS4", None)]
        assert read.faults() == [("a.csv", 2, "", REPEATED), ("a.csv", 3, "", REPEATED)]


def test_results_of_two_child_ids_of_one_upn_are_repeats(tmp_path: Path) -> None:
    care = looked_after(2025, ("c1", ONE), ("c2", ONE))
    with reading(tmp_path, care | {"2025/a.csv": csv_text(ATTAINMENT, ",c1,KS2,0,,,,", ",c2,KS2,1,,,,")}, 2025) as read:
        assert read.rows("attainment", "child_id expected") == [(ONE, True)]
        assert read.faults() == [("a.csv", 2, "", REPEATED)]


@pytest.mark.parametrize(
    ("english", "maths", "grade"),
    [
        ("5", "4", 4),
        ("4", "9", 4),
        ("7", "7", 7),
        ("U", "9", 0),
        ("u", "U", 0),
        ("", "9", None),
        ("9", "", None),
        ("10", "9", None),
        ("A", "9", None),
    ],
)
def test_the_lower_grade_of_english_and_maths(tmp_path: Path, english: str, maths: str, grade: int | None) -> None:
    files = {"2025/a.csv": csv_text(ATTAINMENT, f"{ONE},,KS4,,,,{english},{maths}")}
    with reading(tmp_path, files, 2025) as read:
        assert read.rows("attainment", "english_maths_grade") == [(grade,)]


@pytest.mark.parametrize(
    ("attainment8", "progress8", "expected"),
    [
        ("46", "0.03", (460, 3)),
        ("46.25", "-1.595", (463, -160)),
        ("0", "-10", (0, -1000)),
        ("90", "10", (900, 1000)),
        ("90.1", "10.1", (None, None)),
        ("-1", "--1", (None, None)),
        ("1e1", "", (None, None)),
        ("", "1.", (None, None)),
    ],
)
def test_scores_are_read_in_parts(
    tmp_path: Path, attainment8: str, progress8: str, expected: tuple[int | None, int | None]
) -> None:
    files = {"2025/a.csv": csv_text(ATTAINMENT, f"{ONE},,KS4,,{attainment8},{progress8},,")}
    with reading(tmp_path, files, 2025) as read:
        assert read.rows("attainment", "attainment8_tenths progress8_hundredths") == [expected]
        faulty = {column for _, _, column, _ in read.faults()}
        assert faulty == {
            column
            for column, text, value in zip(
                ("ATTAINMENT8", "PROGRESS8"), (attainment8, progress8), expected, strict=True
            )
            if text and value is None
        }


@pytest.mark.parametrize(
    ("code", "sen"),
    [
        ("E", "EHCP"),
        ("ehcp", "EHCP"),
        ("K", "SUPPORT"),
        ("Support", "SUPPORT"),
        ("N", "NONE"),
        ("none", "NONE"),
        ("S", None),
        ("", None),
    ],
)
def test_codes_and_words_of_special_needs(tmp_path: Path, code: str, sen: str | None) -> None:
    files = {"2025/a.csv": csv_text(SCHOOL_CENSUS, f"{ONE},,{code},1,,,")}
    with reading(tmp_path, files, 2025) as read:
        assert read.rows("school_census", "sen free_school_meals") == [(sen, True)]
        assert bool(read.faults()) == (code == "S")


def test_moves_of_two_years_are_kept_each_of_them(tmp_path: Path) -> None:
    days = ("31/03/2023", "01/04/2023", "2024-12-01", "01/12/2024", "31/03/2025", "01/04/2025", "yesterday", "")
    files = {"2025/a.csv": csv_text(SCHOOL_MOVES, *(f"{ONE},,{day}" for day in days))}
    with reading(tmp_path, files, 2025) as read:
        assert read.rows("school_move", "event move_date") == [
            (1, "2023-04-01"),
            (2, "2024-12-01"),
            (3, "2024-12-01"),
            (4, "2025-03-31"),
        ]
        assert [(line, column) for _, line, column, _ in read.faults()] == [
            (7, "MOVE_DATE"),
            (8, "MOVE_DATE"),
            (9, "MOVE_DATE"),
        ]


def test_what_cannot_be_right_is_reported_by_its_line_and_not_used(tmp_path: Path) -> None:
    rows = (
        f"{ONE},,380,381,,,",
        ",,380,0,,,",
        "UN1,,380,0,,,",
        "A12,,380,0,,,",
        f"{ONE},,,0,,,",
        f"{ONE},,380,-1,,,",
        f"{ONE},,1001,0,,,",
        f"{ONE},,38.5,0,,,",
        f"{TWO},,380,380,,,",
    )
    with reading(tmp_path, {"2025/a.csv": csv_text(ATTENDANCE, *rows)}, 2025) as read:
        assert read.rows("attendance", "child_id sessions_possible sessions_missed") == [(TWO, 380, 380)]
        number = NOT_A_WHOLE_NUMBER.format(low=0, high=1000)
        assert read.faults() == [
            ("a.csv", 2, "SESSIONS_MISSED", MORE_MISSED),
            ("a.csv", 3, "", NO_PUPIL),
            ("a.csv", 4, "", NO_PUPIL),
            ("a.csv", 5, "", NO_PUPIL),
            ("a.csv", 5, "UPN", NOT_A_UPN),
            ("a.csv", 6, "SESSIONS_POSSIBLE", BLANK),
            ("a.csv", 7, "SESSIONS_MISSED", number),
            ("a.csv", 8, "SESSIONS_POSSIBLE", number),
            ("a.csv", 9, "SESSIONS_POSSIBLE", number),
        ]
        assert "education.attendance@2025" in read.report.available


def test_one_pupil_repeated_without_end_does_not_stop_the_reading(tmp_path: Path) -> None:
    row = f"{ONE},,1000,1000,,,"
    with reading(tmp_path, {"2025/a.csv": csv_text(ATTENDANCE, *[row] * 1500)}, 2025) as read:
        assert read.rows("attendance", "sessions_possible sessions_missed") == [(1_000_000, 1_000_000)]


def test_a_file_that_cannot_be_used_takes_its_kind_away_and_no_other(tmp_path: Path) -> None:
    files = {
        "2025/north.csv": csv_text(ATTENDANCE, f"{ONE},,380,0,,,"),
        "2025/south.csv": csv_text(f"{ATTENDANCE},SESSIONS_MISSED", f"{TWO},,380,0,,,,0"),
        "2025/moves.csv": csv_text(SCHOOL_MOVES, f"{ONE},,01/12/2024"),
    }
    with reading(tmp_path, files, 2025) as read:
        assert read.report.available == {"education.school_moves@2025"}
        assert [name for name, _ in read.file_faults()] == ["south.csv"]


@pytest.mark.parametrize(
    "columns", ["upn,sessions_missed,sessions_possible", "Extra,SESSIONS_POSSIBLE,UPN,SESSIONS_MISSED"]
)
def test_columns_come_in_any_order_and_case_and_only_the_upn_is_needed(tmp_path: Path, columns: str) -> None:
    values = {"UPN": ONE.lower(), "SESSIONS_MISSED": "38", "SESSIONS_POSSIBLE": "380", "EXTRA": "x"}
    row = ",".join(values[name.upper()] for name in columns.split(","))
    with reading(tmp_path, {"2025/a.csv": csv_text(columns, row)}, 2025) as read:
        assert read.rows("attendance", "child_id sessions_possible sessions_missed") == [(ONE, 380, 38)]


def test_only_the_files_of_the_year_are_read(tmp_path: Path) -> None:
    files = {
        "2024/a.csv": csv_text(ATTENDANCE, f"{ONE},,380,38,,,"),
        "2025/a.csv": csv_text(ATTENDANCE, f"{TWO},,380,0,,,"),
    }
    with reading(tmp_path, files, 2025) as read:
        assert read.rows("attendance", "child_id") == [(TWO,)]
        assert set(read.report.rows_read) == {"2025/a.csv"}


def test_without_education_files_no_pupil_is_made_of_care_records(tmp_path: Path) -> None:
    with reading(tmp_path, looked_after(2025, ("c1", ONE)), 2025) as read:
        assert read.rows("pupil", "child_id") == read.rows("pupil_episode", "child_id") == []


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_file_with_a_header_alone_is_an_empty_table_and_not_a_missing_one(tmp_path: Path, kind: str) -> None:
    header = ",".join(column.name for column in COLUMNS[kind])
    with reading(tmp_path, {"2025/a.csv": f"{header}\n"}, 2025) as read:
        assert read.report.available == {f"{kind}@2025"}
        assert read.faults() == []


def test_care_records_may_come_from_anywhere_that_fills_their_tables(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(csv_text(SUSPENSIONS, f"{ONE},,1,0", ",w7,1,0"), encoding="utf-8")
    with DuckDbEngine.create(2025) as engine:
        engine.run("CREATE TEMP TABLE looked_after_upn AS SELECT 'w9' AS child_id, '" + ONE + "' AS upn", "test")
        engine.run("INSERT INTO episode (child_id, event, start_date) VALUES ('w9', 1, '2020-01-01')", "test")
        read_education(engine, [ReturnFile(path, 2025, "education.suspensions", "a.csv")], 2025, ReportBuilder())
        assert engine.rows("SELECT child_id FROM suspension ORDER BY child_id", "test") == [(ONE,), ("id:W7",)]
        assert engine.rows("SELECT child_id, event FROM pupil_episode", "test") == [(ONE, 1)]
