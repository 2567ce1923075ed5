"""Files of families and their needs. If these failed, a need that was mistyped would go missing unnoticed, and its
family would seem to have fewer needs than it has."""

from __future__ import annotations

from pathlib import Path

from node.sources.csv_files import NOT_A_WHOLE_NUMBER, REPEATED
from node.sources.families import NO_FAMILY
from tests.node.education_csv import FAMILIES, NEEDS
from tests.node.ssda903_csv import csv_text, reading


def _files(families: tuple[str, ...], needs: tuple[str, ...]) -> dict[str, str]:
    return {"2025/a.csv": csv_text(FAMILIES, *families), "2025/b.csv": csv_text(NEEDS, *needs)}


def test_families_and_needs_are_read(tmp_path: Path) -> None:
    files = _files(("f1,01/12/2024", "f2,"), ("f1,8,2024-05-01,", "f1,1,01/04/2024,01/11/2024", "f2,10,,"))
    with reading(tmp_path, files, 2025) as read:
        assert read.rows("family", "family_id sex age age_band ethnicity_major closed_date") == [
            ("F1", "unknown", None, "unknown", "unknown", "2024-12-01"),
            ("F2", "unknown", None, "unknown", "unknown", None),
        ]
        assert read.rows("family_need", "family_id event need outcome_date lapsed_date") == [
            ("F1", 1, 1, "2024-04-01", "2024-11-01"),
            ("F1", 2, 8, "2024-05-01", None),
            ("F2", 1, 10, None, None),
        ]
        assert read.faults() == []
        assert read.report.available == {"families.families@2025", "families.needs@2025"}


def test_of_a_family_and_of_a_need_the_last_row_counts(tmp_path: Path) -> None:
    files = _files(("f1,01/12/2024", "f1,"), ("f1,1,01/05/2024,", "f1,1,,"))
    with reading(tmp_path, files, 2025) as read:
        assert read.rows("family", "closed_date") == read.rows("family_need", "outcome_date") == [(None,)]
        assert read.faults() == [("a.csv", 2, "", REPEATED), ("b.csv", 2, "", REPEATED)]


def test_needs_that_belong_to_no_family_or_are_none_of_the_ten_are_reported_and_not_used(tmp_path: Path) -> None:
    files = _files(("f1,01/12/2024",), ("f2,1,,", "f1,0,,", "f1,11,,", "f1,1.5,,", ",1,,", "f1,10,,"))
    with reading(tmp_path, files, 2025) as read:
        assert read.rows("family_need", "family_id need") == [("F1", 10)]
        number = NOT_A_WHOLE_NUMBER.format(low=1, high=10)
        assert read.faults() == [
            ("b.csv", 2, "FAMILY_ID", NO_FAMILY),
            ("b.csv", 3, "NEED", number),
            ("b.csv", 4, "NEED", number),
            ("b.csv", 5, "NEED", number),
            ("b.csv", 6, "FAMILY_ID", "blank"),
        ]


def test_one_family_taken_away_leaves_every_other_as_it_is(tmp_path: Path) -> None:
    families, needs = ("f1,01/12/2024", "F1,02/12/2024", "f2,"), ("f1,1,,", "f2,1,,", "f3,1,,", "f2,2,01/05/2024,")
    with reading(tmp_path / "whole", _files(families, needs), 2025) as read:
        whole = [read.rows("family", "family_id closed_date"), read.rows("family_need", "family_id event need")]
    for gone in ("F1", "F2", "F3"):

        def rest(rows: tuple[str, ...], gone: str = gone) -> tuple[str, ...]:
            return tuple(row for row in rows if not row.upper().startswith(gone))

        with reading(tmp_path / gone, _files(rest(families), rest(needs)), 2025) as read:
            found = [read.rows("family", "family_id closed_date"), read.rows("family_need", "family_id event need")]
        assert found == [[row for row in rows if row[0] != gone] for rows in whole]


def test_only_the_files_of_the_year_are_read(tmp_path: Path) -> None:
    files = {"2024/a.csv": csv_text(FAMILIES, "f1,"), "2025/a.csv": csv_text(FAMILIES, "f2,")}
    with reading(tmp_path, files, 2025) as read:
        assert read.rows("family", "family_id") == [("F2",)]
