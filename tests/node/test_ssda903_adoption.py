"""AD1, the decisions for adoption, and unique pupil numbers, from every return that looks back. If these failed, a
child's adoption would be timed by another year's days, or a number that is none would join a child to a pupil."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.node.ssda903_csv import AD1, EPISODES, HEADER, PLACED_FOR_ADOPTION, child, csv_text, episode, reading


def _returns(years: tuple[int, ...] = (2025,), **files: str) -> dict[str, str | bytes]:
    """A return of one child for each year, and files by name, `<name>_<year>`."""
    whole: dict[str, str | bytes] = {}
    for year in years:
        whole[f"{year}/header.csv"] = csv_text(HEADER, child("1"))
        whole[f"{year}/episodes.csv"] = csv_text(EPISODES, episode("1", "01/05/2022"))
    for name, text in files.items():
        stem, _, year_text = name.rpartition("_")
        whole[f"{year_text}/{stem}.csv"] = text
    return whole


_ADOPTION = "child_id return_year decision_date match_date by_foster_carer early_permanence_date"
_DECISION = "child_id event return_year decision_date reversed_date"


def test_adoptions_of_every_return_up_to_the_year(tmp_path: Path) -> None:
    files = _returns(
        (2023, 2024, 2025, 2026),
        ad1_2023=csv_text(AD1, "a,,01/06/2022,01/12/2022,1,2,MF,L11"),
        ad1_2025=csv_text(AD1, "b,,01/06/2024,2025-01-02,0,2,MF,L11", "c,,,,,,,"),
        ad1_2026=csv_text(AD1, "d,,01/06/2025,01/12/2025,0,2,MF,L11"),
    )
    with reading(tmp_path, files, 2025) as read:
        assert read.faults() == []
        assert {"ssda903.ad1@2023", "ssda903.ad1@2025"} < read.report.available
        assert read.rows("adoption", _ADOPTION) == [
            ("A", 2023, "2022-06-01", "2022-12-01", True, None),
            ("B", 2025, "2024-06-01", "2025-01-02", False, None),
            ("C", 2025, None, None, None, None),
        ]


def test_decisions_of_every_return_are_numbered_through(tmp_path: Path) -> None:
    files = _returns(
        (2024, 2025),
        sbpfa_2024=csv_text(PLACED_FOR_ADOPTION, "a,,01/06/2023,01/09/2023,RD1", "a,,01/10/2023,,", "b,,02/10/2023,,"),
        sbpfa_2025=csv_text(PLACED_FOR_ADOPTION, "a,,01/10/2023,01/06/2024,RD2", "c,,03/10/2024,,"),
    )
    with reading(tmp_path, files, 2025) as read:
        assert read.faults() == []
        assert read.rows("adoption_decision", _DECISION) == [
            ("A", 1, 2024, "2023-06-01", "2023-09-01"),
            ("A", 2, 2024, "2023-10-01", None),
            ("A", 3, 2025, "2023-10-01", "2024-06-01"),
            ("B", 1, 2024, "2023-10-02", None),
            ("C", 1, 2025, "2024-10-03", None),
        ]


def test_each_value_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    files = _returns(
        ad1_2025=csv_text(
            AD1,
            "a,,31/06/2024,01/04/2025,2,,,",
            ",,01/06/2024,,,,,",
            "b,,01/06/2023,01/12/2023,1,,,",
            "b,,01/07/2023,01/12/2023,1,,,",
        ),
        sbpfa_2025=csv_text(PLACED_FOR_ADOPTION, "a,,,,", "b,,01/04/2025,,", "c,,01/06/2024,soon,", ",,01/06/2024,,"),
    )
    with reading(tmp_path, files, 2025) as read:
        assert read.faults() == [
            ("ad1.csv", 2, "DATE_INT", "not a date dd/mm/yyyy"),
            ("ad1.csv", 2, "DATE_MATCH", "date after 31 March"),
            ("ad1.csv", 2, "FOSTER_CARE", "neither 0 nor 1"),
            ("ad1.csv", 3, "CHILD", "no child id"),
            ("ad1.csv", 4, "", "repeated: the last one counts"),
            ("sbpfa.csv", 2, "DATE_PLACED", "blank"),
            ("sbpfa.csv", 3, "DATE_PLACED", "date after 31 March"),
            ("sbpfa.csv", 4, "DATE_PLACED_CEASED", "not a date dd/mm/yyyy"),
            ("sbpfa.csv", 5, "CHILD", "no child id"),
        ]
        assert read.rows("adoption", "child_id decision_date match_date by_foster_carer") == [
            ("A", None, None, None),
            ("B", "2023-07-01", "2023-12-01", True),
        ]
        assert read.rows("adoption_decision", "child_id decision_date reversed_date") == [("C", "2024-06-01", None)]


def test_a_file_without_a_column_it_needs_is_not_available(tmp_path: Path) -> None:
    files = _returns(ad1_2025=csv_text(AD1 + ",DATE_MATCH"), sbpfa_2025=csv_text("CHILD,DATE_PLACED"))
    with reading(tmp_path, files, 2025) as read:
        assert read.file_faults() == [("ad1.csv", "the column DATE_MATCH stands more than once")]
        assert read.report.available == {"ssda903@2025", "ssda903.placed_for_adoption@2025"}


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("A123456789012", "A123456789012"),
        (" a12345678901b ", "A12345678901B"),
        ("A12345678901", None),
        ("A1234567890123", None),
        ("1123456789012", None),
        ("A1234567890 2", None),
        ("AB23456789012", None),
        ("UN1", None),
        ("UN7", None),
        ("", None),
    ],
)
def test_a_unique_pupil_number_is_a_letter_eleven_digits_and_a_digit_or_letter(
    tmp_path: Path, written: str, known: str | None
) -> None:
    files = _returns()
    files["2025/header.csv"] = csv_text(HEADER, child("1", upn=written))
    with reading(tmp_path, files, 2025) as read:
        unusable = known is None and written not in ("UN1", "UN7", "")
        assert read.faults() == [("header.csv", 2, "UPN", "not a unique pupil number")] * unusable
        assert read.rows("looked_after_upn", "child_id upn") == [("1", known)]


def test_the_latest_header_that_has_the_child_says_its_pupil_number(tmp_path: Path) -> None:
    first, second = "A123456789012", "B123456789012"
    files: dict[str, str | bytes] = {
        "2023/h.csv": csv_text(HEADER, child("1", upn=first), child("2", upn=first), child("3", upn=first)),
        "2024/h.csv": csv_text(HEADER, child("1", upn=second), child("2", upn="UN3")),
        "2026/h.csv": csv_text(HEADER, child("3", upn=second)),
    }
    with reading(tmp_path, files, 2025) as read:
        assert read.rows("looked_after_upn", "child_id upn") == [("1", second), ("2", None), ("3", first)]


def test_a_header_without_pupil_numbers_is_read_all_the_same(tmp_path: Path) -> None:
    with reading(tmp_path, {"2025/h.csv": csv_text("CHILD,SEX,DOB,ETHNIC", "1,2,01/01/2015,WBRI")}, 2025) as read:
        assert read.file_faults() == []
        assert read.rows("looked_after_upn", "child_id upn") == [("1", None)]


def test_without_returns_nobody_has_a_pupil_number(tmp_path: Path) -> None:
    with reading(tmp_path, {"2025/notes.txt": "nothing"}, 2025) as read:
        assert read.rows("looked_after_upn", "child_id upn") == []
