"""Several years of SSDA903 returns become one history by the rules of the indicators reference, 5.2 and 5.3.

If this failed, a child's history would hold episodes that never were, or end care that went on: stability,
reunification and care-leaver figures would be wrong with every correction that a council makes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.node.ssda903_csv import EPISODES, HEADER, OC2, child, csv_text, episode, reading


def _histories(folder: Path, returns: dict[int, list[str]]) -> list[tuple[Any, ...]]:
    files: dict[str, str | bytes] = {}
    for year, rows in returns.items():
        files[f"{year}/a.csv"] = csv_text(HEADER, child("A"))
        files[f"{year}/b.csv"] = csv_text(EPISODES, *rows)
    with reading(folder, files, max(returns)) as read:
        return read.history()


def test_an_open_episode_followed_by_another_ends_where_that_begins(tmp_path: Path) -> None:
    rows = [episode("A", "01/05/2024"), episode("A", "01/09/2024", rne="P"), episode("A", "01/12/2024", rne="P")]
    with reading(
        tmp_path, {"2025/h.csv": csv_text(HEADER, child("A")), "2025/e.csv": csv_text(EPISODES, *rows)}, 2025
    ) as read:
        expected = [
            (1, "2024-05-01", "2024-09-01", "X1"),
            (2, "2024-09-01", "2024-12-01", "X1"),
            (3, "2024-12-01", None, None),
        ]
        assert read.rows("episode", "event start_date end_date end_reason") == expected
        assert read.rows("episode_history", "event start_date end_date end_reason") == expected


def test_a_later_return_replaces_an_episode_of_the_same_start_whatever_its_reason(tmp_path: Path) -> None:
    assert _histories(
        tmp_path,
        {
            2024: [episode("A", "01/05/2023", rne="S")],
            2025: [episode("A", "01/05/2023", "10/06/2024", rne="P", rec="E4A")],
        },
    ) == [("2023-05-01", "2024-06-10", "E4A")]


def test_episodes_of_earlier_returns_that_have_ended_stay(tmp_path: Path) -> None:
    assert _histories(
        tmp_path,
        {
            2024: [episode("A", "01/05/2023", "01/08/2023", rec="X1"), episode("A", "01/08/2023", rne="P")],
            2025: [episode("A", "01/08/2023", rne="P")],
        },
    ) == [("2023-05-01", "2023-08-01", "X1"), ("2023-08-01", None, None)]


def test_left_open_and_the_child_is_in_no_later_return(tmp_path: Path) -> None:
    """Rule 1: closed on that 31 March without a reason."""
    assert _histories(tmp_path, {2024: [episode("A", "01/05/2023")], 2025: [episode("B", "01/05/2024")]}) == [
        ("2023-05-01", "2024-03-31", None),
        ("2024-05-01", None, None),
    ]


def test_left_open_and_the_next_return_begins_after_that_31_march(tmp_path: Path) -> None:
    """Rule 1 again: an episode that begins later is not the *first* that could correct it."""
    assert _histories(
        tmp_path, {2024: [episode("A", "01/05/2023", rne="P")], 2025: [episode("A", "01/04/2024", rne="P")]}
    ) == [("2023-05-01", "2024-03-31", None), ("2024-04-01", None, None)]


@pytest.mark.parametrize(
    "first",
    [
        episode("A", "02/06/2023", rne="S", post="ZZ2 2ZZ"),
        episode("A", "01/04/2023", rne="P", post="ZZ2 2ZZ"),
        episode("A", "02/06/2023", rne="P", post="zz11zz"),
    ],
    ids=["a start", "an earlier date", "the same reason and place"],
)
def test_left_open_and_corrected_by_the_next_return(tmp_path: Path, first: str) -> None:
    """Rule 2: the next return's first episode is its correction, so it is dropped."""
    start = first.split(",")[1]
    assert _histories(tmp_path, {2024: [episode("A", "01/05/2023", rne="P")], 2025: [first]}) == [
        (f"2023-{start[3:5]}-{start[:2]}", None, None)
    ]


@pytest.mark.parametrize(
    "first",
    [
        episode("A", "02/06/2023", rne="P", post="ZZ2 2ZZ"),
        episode("A", "02/06/2023", rne="L"),
        episode("A", "02/06/2023", rne="P", urn="SC000002"),
    ],
    ids=["another postcode", "another reason", "another home"],
)
def test_left_open_and_moved_on_late(tmp_path: Path, first: str) -> None:
    """Rule 3: it ended when the next return's first episode began, with X1."""
    assert _histories(tmp_path, {2024: [episode("A", "01/05/2023", rne="P")], 2025: [first]}) == [
        ("2023-05-01", "2023-06-02", "X1"),
        ("2023-06-02", None, None),
    ]


def test_the_first_is_the_earliest_of_the_next_return(tmp_path: Path) -> None:
    """The first is a move (rule 3); that a start follows it changes nothing."""
    rows = [
        episode("A", "01/07/2023", "01/09/2023", rne="P", rec="E4A", post="ZZ2 2ZZ"),
        episode("A", "01/11/2023", rne="S"),
    ]
    assert _histories(tmp_path, {2024: [episode("A", "01/05/2023", rne="P")], 2025: rows}) == [
        ("2023-05-01", "2023-07-01", "X1"),
        ("2023-07-01", "2023-09-01", "E4A"),
        ("2023-11-01", None, None),
    ]


def test_a_year_without_a_return_is_bridged_from_the_31_march_of_the_last(tmp_path: Path) -> None:
    assert _histories(tmp_path, {2022: [episode("A", "01/05/2021")], 2025: [episode("A", "01/05/2024")]}) == [
        ("2021-05-01", "2022-03-31", None),
        ("2024-05-01", None, None),
    ]


def test_three_returns_are_stitched_one_after_the_other(tmp_path: Path) -> None:
    assert _histories(
        tmp_path,
        {
            2023: [episode("A", "01/05/2022")],
            2024: [episode("A", "01/05/2022", "01/06/2023", rec="X1"), episode("A", "01/06/2023", rne="P")],
            2025: [episode("A", "01/06/2023", "31/03/2025", rne="P", rec="E4B")],
        },
    ) == [("2022-05-01", "2023-06-01", "X1"), ("2023-06-01", "2025-03-31", "E4B")]


def test_the_year_s_own_episodes_are_those_of_its_return_alone(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "2024/h.csv": csv_text(HEADER, child("A"), child("B")),
        "2024/e.csv": csv_text(EPISODES, episode("A", "01/05/2023"), episode("B", "01/05/2023")),
        "2025/h.csv": csv_text(HEADER, child("A")),
        "2025/e.csv": csv_text(EPISODES, episode("A", "01/05/2023")),
        "2026/h.csv": csv_text(HEADER, child("A")),
        "2026/e.csv": csv_text(EPISODES, episode("A", "01/05/2023", "01/05/2025", rec="E11")),
    }
    with reading(tmp_path, files, 2025) as read:
        assert read.rows("episode", "child_id start_date end_date") == [("A", "2023-05-01", None)]
        assert read.rows("episode_history", "child_id return_year end_date") == [
            ("A", 2025, None),
            ("B", 2024, "2024-03-31"),
        ]


def test_of_repeated_rows_the_last_counts_but_a_day_s_episode_stands_beside(tmp_path: Path) -> None:
    rows = [
        episode("A", "01/05/2024", "01/06/2024", rec="X1"),
        episode("A", "01/05/2024", "01/05/2024", rne="S", rec="E4A"),
        episode("A", "01/05/2024", "01/07/2024", rec="E4B"),
    ]
    files: dict[str, str | bytes] = {
        "2025/h.csv": csv_text(HEADER, child("A")),
        "2025/e.csv": csv_text(EPISODES, *rows),
    }
    with reading(tmp_path, files, 2025) as read:
        assert read.rows("episode", "event start_date end_date end_reason") == [
            (1, "2024-05-01", "2024-05-01", "E4A"),
            (2, "2024-05-01", "2024-07-01", "E4B"),
        ]
        assert read.faults() == [("e.csv", 2, "", "repeated: the last one counts")]


def test_h5_is_k3_and_places_compare_without_case_and_blanks(tmp_path: Path) -> None:
    rows = [
        episode("A", "01/05/2024", "01/06/2024", rec="X1", place="H5", post="ZZ1 1ZZ", urn="sc1"),
        episode("A", "01/06/2024", rne="T", place="k3", post="zz11zz", urn="SC1"),
    ]
    files: dict[str, str | bytes] = {
        "2025/h.csv": csv_text(HEADER, child("A")),
        "2025/e.csv": csv_text(EPISODES, *rows),
    }
    with reading(tmp_path, files, 2025) as read:
        assert len({address for (address,) in read.rows("episode", "address")}) == 1
        assert read.rows("episode", "place") == [("K3",), ("K3",)]


def test_characteristics_come_from_the_latest_header_that_has_the_child(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "2024/h.csv": csv_text(HEADER, child("A", "1", "01/04/2010", "MWBC"), child("B", "2", "31/03/2007", "CHNE")),
        "2024/e.csv": csv_text(EPISODES),
        "2025/h.csv": csv_text(HEADER, child("A", "F", "", "REFU"), child("A", "U", "31/03/2015", "BCRB")),
        "2025/e.csv": csv_text(EPISODES),
    }
    with reading(tmp_path, files, 2025) as read:
        assert read.rows("looked_after_child", "child_id sex date_of_birth age age_band ethnicity_major") == [
            ("A", "unknown", "2015-03-31", 10, "10_15", "black"),
            ("B", "female", "2007-03-31", 18, "18_plus", "asian"),
        ]
        assert read.faults() == [("h.csv", 2, "", "repeated: the last one counts")]


def test_outcome_checks_of_every_return_are_kept_one_a_child(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {}
    for year, score in ((2024, "20"), (2025, "12")):
        files[f"{year}/h.csv"] = csv_text(HEADER, child("A"))
        files[f"{year}/e.csv"] = csv_text(EPISODES, episode("A", "01/05/2022"))
        files[f"{year}/o.csv"] = csv_text(OC2, "A,,40,,0,0,0,0,0,0,,", f"A,,{score},,1,,1,0,1,0,,1")
    with reading(tmp_path, files, 2025) as read:
        assert read.rows("outcome_check", "return_year sdq_score convicted health_check intervention_offered") == [
            (2024, 20, True, None, True),
            (2025, 12, True, None, True),
        ]
