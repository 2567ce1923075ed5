"""Annex A stands in for a return that is not there, and says only what it can say. If these failed, a workbook of
another time would pass for the year's without a word, would be added to a return that is there, or a person would be
counted who had gone by 31 March."""

from __future__ import annotations

from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from frameworks.availability import missing_files
from frameworks.catalogue import load_framework
from node.returns import measure_returns
from node.sources.annex_a import MORE_THAN_ONE, NO_DATE_CLOSED, TOO_EARLY, TOO_LATE, UNDATED
from node.sources.inventory import take_inventory
from tests.node.annex_a import MADE, YEAR, Lists, book_of, saved, texts, workbook
from tests.node.census_xml import child as census_child
from tests.node.census_xml import details, message
from tests.node.ssda903_csv import EPISODES, HEADER, OC3, Read, child, csv_text, episode, reading, write_returns

SAMPLE = Path(__file__).parents[3] / "shared/data/returns/liia_tools_pipeline/annex_a/samples/Annex_A_2024_Jan.xlsx"
FRAMEWORK = load_framework("outcomes-2019")
BY_LIST = {
    "annex_a.list_6@Y": {"cin_open_31_march", "cin_duration_2y"},
    "annex_a.list_7@Y": {"cpp_open_31_march", "cpp_2y_open"},
    "annex_a.list_8@Y": {"cla_31_march", "placed_foster", "placed_childrens_home", "placed_supported"},
    "annex_a.list_9@Y": {"care_leaver_not_in_touch"}
    | {
        f"care_leaver_{stem}_{band}"
        for stem in ("eet", "he", "neet", "activity_unknown", "suitable")
        for band in ("17_18", "19_21")
    },
}

LAST_DAY, NEXT_DAY = date(2025, 3, 31), date(2025, 4, 1)


def figure(tmp_path: Path, name: str, lists: Lists, **others: str | bytes) -> tuple[int | None, int | None]:
    """Numerator and denominator of an indicator from a workbook (and from other files of the year)."""
    files: dict[str, str | bytes] = {"2025/annex_a.xlsx": workbook(lists)}
    files |= {f"2025/{key}": content for key, content in others.items()}
    folder = write_returns(tmp_path / "returns", files)
    found = measure_returns(folder, YEAR, FRAMEWORK.model_copy(update={"indicators": (FRAMEWORK.indicator(name),)}))[
        name
    ]
    assert found.status == "ok"
    return found.numerator, found.denominator


@pytest.mark.parametrize(
    ("row", "open_then"),
    [
        ({}, True),
        ({"end": LAST_DAY}, False),
        ({"end": NEXT_DAY, "reason": "RC7 - any other", "status": "e) Closed episode"}, True),
        ({"end": NEXT_DAY, "reason": "RC8 - Case closed after assessment, no further action"}, True),
        ({"end": date(2025, 2, 1), "reason": "RC1 - Adopted"}, False),
        ({"start": LAST_DAY}, True),
        ({"start": NEXT_DAY}, False),
        ({"status": "e) Closed episode"}, False),
        ({"status": "a) Looked after child"}, True),
    ],
)
def test_in_need_on_31_march(tmp_path: Path, row: dict[str, Any], open_then: bool) -> None:
    assert figure(tmp_path, "cin_open_31_march", {6: [row]}) == (int(open_then), None)


def test_two_years_in_need(tmp_path: Path) -> None:
    rows = [{"child": 1, "start": date(2023, 3, 31)}, {"child": 2, "start": date(2023, 4, 1)}]
    assert figure(tmp_path, "cin_duration_2y", {6: rows}) == (1, 2)


def test_plans_on_31_march_and_of_two_years(tmp_path: Path) -> None:
    rows = [
        {"child": 1, "start": date(2023, 4, 2)},
        {"child": 2, "start": date(2023, 4, 3)},
        {"child": 3, "start": date(2022, 1, 1), "end": LAST_DAY},
        {"child": 4, "start": date(2022, 1, 1), "end": NEXT_DAY},
        {"child": 5, "start": NEXT_DAY},
    ]
    assert figure(tmp_path, "cpp_open_31_march", {7: rows}) == (3, None)
    assert figure(tmp_path, "cpp_2y_open", {7: rows}) == (2, 3)


def test_looked_after_on_31_march_and_where(tmp_path: Path) -> None:
    rows = [
        {"child": 1, "place": "a) U1: Foster placement - relatives - long term"},
        {"child": 2, "place": "K2 - Children's Homes"},
        {"child": 3, "place": "n) H5: Residential accommodation"},
        {"child": 4, "legal": "V4 - series of short breaks"},
        {"child": 5, "end": LAST_DAY, "reason": "E4A"},
        {"child": 6, "end": NEXT_DAY, "reason": "E4A", "place": "m) T0: Temporary placement"},
    ]
    assert figure(tmp_path, "cla_31_march", {8: rows}) == (4, None)
    for name in ("placed_foster", "placed_childrens_home", "placed_supported"):
        assert figure(tmp_path, name, {8: rows}) == (1, 4)


def test_care_leavers_as_the_workbook_has_them(tmp_path: Path) -> None:
    aged_20 = date(2004, 6, 15)
    rows = [
        {"child": 1, "born": aged_20},
        {"child": 2, "born": aged_20, "activity": "G5: Not in education, employment or training - other"},
        {"child": 3, "born": aged_20, "activity": None, "accommodation": "G: Abroad", "suitable": None},
        {"child": 4, "born": aged_20, "touch": "f) Rhom"},
        {"child": 5, "born": aged_20, "eligibility": "c) Qualifying care leaver"},
        {"child": 6, "born": date(2003, 3, 31)},
        {"child": 7, "born": aged_20, "touch": "b) No", "activity": None, "accommodation": None, "suitable": None},
    ]
    assert figure(tmp_path, "care_leaver_eet_19_21", {9: rows}) == (1, 4)
    assert figure(tmp_path, "care_leaver_neet_19_21", {9: rows}) == (1, 4)
    assert figure(tmp_path, "care_leaver_activity_unknown_19_21", {9: rows}) == (2, 4)
    assert figure(tmp_path, "care_leaver_suitable_19_21", {9: rows}) == (2, 3)
    assert figure(tmp_path, "care_leaver_not_in_touch", {9: rows}) == (1, 4)


def test_just_what_the_lists_hold_is_available() -> None:
    files = {need: need.replace("Y", str(YEAR)) for need in BY_LIST}
    for need, names in BY_LIST.items():
        able = {
            i.id for i in FRAMEWORK.indicators if not missing_files(FRAMEWORK, i.id, YEAR, frozenset({files[need]}))
        }
        assert able == names
        assert all("from Annex A" in " ".join(FRAMEWORK.indicator(name).caveats) for name in names)


def test_a_census_goes_before_lists_6_and_7(tmp_path: Path) -> None:
    census = message(2025, census_child("C", details("2024-05-01")))
    lists: Lists = {6: [{"child": 1}, {"child": 2}], 7: [{"child": 1}]}
    assert figure(tmp_path, "cin_open_31_march", lists, **{"census.xml": census}) == (1, None)
    assert figure(tmp_path, "cpp_open_31_march", lists, **{"census.xml": census}) == (0, None)


def test_a_census_that_cannot_be_read_does_not(tmp_path: Path) -> None:
    census = message(2025, census_child("C", details("2024-05-01")))[:-40]
    assert figure(tmp_path, "cin_open_31_march", {6: [{"child": 1}, {"child": 2}]}, **{"census.xml": census}) == (
        2,
        None,
    )


def test_an_ssda903_return_goes_before_list_8_and_its_oc3_before_list_9(tmp_path: Path) -> None:
    born = "15/06/2004"
    lists: Lists = {8: [{"child": 1}, {"child": 2}], 9: [{"child": 3, "born": date(2004, 6, 15)}]}
    episodes = {
        "header.csv": csv_text(HEADER, child("A", born=born)),
        "episodes.csv": csv_text(EPISODES, episode("A", "01/05/2020")),
    }
    assert figure(tmp_path, "cla_31_march", lists, **episodes) == (1, None)
    assert figure(tmp_path, "care_leaver_eet_19_21", lists, **episodes) == (1, 1)
    leavers = {"oc3.csv": csv_text(OC3, f"A,{born},YES,G5,B1")}
    assert figure(tmp_path, "care_leaver_eet_19_21", lists, **episodes, **leavers) == (0, 1)


def test_a_child_keeps_the_characteristics_of_a_return(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "2024/header.csv": csv_text(HEADER, child("1001", sex="1")),
        "2024/episodes.csv": csv_text(EPISODES, episode("1001", "01/05/2020")),
        "2025/annex_a.xlsx": workbook({8: [{}, {"child": 1002, "ethnic": "Pakistani"}]}),
    }
    with reading(tmp_path, files, YEAR) as read:
        assert read.rows("looked_after_child", "child_id sex age ethnicity_major") == [
            ("1001", "male", 10, "white"),
            ("1002", "female", 12, "asian"),
        ]


def test_what_an_earlier_census_has_too_is_told_once_by_the_workbook(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "2024/census.xml": message(2024, census_child("1001", details("2024-02-01"), details("2023-05-01"))),
        "2025/annex_a.xlsx": workbook({6: [{}, {"child": 1002}]}),
    }
    with reading(tmp_path, files, YEAR) as read:
        assert read.rows("referral", "child_id event return_year referral_date") == [
            ("1001", 2, 2024, "2023-05-01"),
            ("1001", 3, 2025, "2024-02-01"),
            ("1002", 1, 2025, "2024-02-01"),
        ]


def _doubts(read: Read) -> list[tuple[str, str]]:
    return [(doubt.file, doubt.problem) for doubt in read.report.file_doubts]


def _referred() -> list[dict[str, Any]]:
    """Nine children referred on the day when the workbook was made."""
    return [{"child": number, "start": MADE} for number in range(9)]


def _seen(day: date) -> list[dict[str, Any]]:
    """Five children looked after, all seen last on a day."""
    return [{"child": number, "seen": day} for number in range(5)]


@pytest.mark.parametrize(
    ("lists", "problem"),
    [
        ({8: _seen(date(2025, 3, 30))}, TOO_EARLY),
        ({8: _seen(date(2025, 3, 31))}, None),
        ({8: _seen(date(2025, 9, 30))}, None),
        ({8: _seen(date(2025, 10, 1))}, TOO_LATE),
        ({9: [{"seen": None}]}, UNDATED),
        ({8: []}, None),
        ({8: _seen(date(2024, 9, 1)), 5: _referred()}, None),
    ],
)
def test_a_workbook_of_another_time_is_used_and_doubted(tmp_path: Path, lists: Lists, problem: str | None) -> None:
    """Were it refused, the third child that a day is told of would decide whether the council answers."""
    with reading(tmp_path, {"2025/a.xlsx": workbook(lists)}, YEAR) as read:
        number = next(iter(lists))
        assert _doubts(read) == ([] if problem is None else [(f"2025/a.xlsx (list {number})", problem)])
        assert f"annex_a.list_{number}@2025" in read.report.available


@pytest.mark.parametrize("mistyped", [date(2052, 6, 1), date(2025, 12, 31), date(2015, 6, 1)])
@pytest.mark.parametrize("made", [date(2025, 3, 31), date(2025, 6, 30), date(2025, 9, 30)])
def test_no_single_child_decides_when_a_workbook_was_made(tmp_path: Path, mistyped: date, made: date) -> None:
    rows: list[dict[str, Any]] = [*_seen(made), {"child": 99, "seen": mistyped}]
    with reading(tmp_path, {"2025/a.xlsx": workbook({8: rows, 7: [{"child": 99, "seen": mistyped}]})}, YEAR) as read:
        assert _doubts(read) == []


def test_of_repeated_rows_the_last_counts(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"end": date(2025, 2, 1)},
        {},
        {"child": "1001 ", "start": "01/02/2024 00:00:00", "seen": "30 June 2025"},
    ]
    with reading(tmp_path, {"2025/a.xlsx": workbook({8: rows})}, YEAR) as read:
        assert read.rows("episode", "child_id event start_date end_date") == [("1001", 1, "2024-02-01", None)]
        assert texts(read.report.faults) == [
            (2, "", "repeated: the last one counts"),
            (3, "", "repeated: the last one counts"),
        ]


def test_a_list_that_stands_twice_is_not_used(tmp_path: Path) -> None:
    twice = book_of({8: [{}]})
    twice.copy_worksheet(twice["List 8"])
    for name, files in {
        "one": {"2025/a.xlsx": saved(twice)},
        "two": {"2025/a.xlsx": workbook({8: [{}]}), "2025/b.xlsx": workbook({8: [{}]})},
    }.items():
        with reading(tmp_path / name, files, YEAR) as read:
            assert {problem for _, problem in read.file_faults()} == {MORE_THAN_ONE}
            assert read.rows("episode", "child_id") == []
            assert read.report.available == frozenset()


def test_each_value_that_cannot_be_used_is_named_by_its_row_and_column(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"child": None},
        {"child": 1, "start": "soon"},
        {"child": 2, "start": None},
        {"child": 3, "legal": "nothing of the kind", "place": "elsewhere", "end": "31/02/2025"},
    ]
    files = {"2025/a.xlsx": workbook({8: rows, 6: [{"status": "Closed"}], 7: [{"previous": "some"}]})}
    with reading(tmp_path, files, YEAR) as read:
        by_list = {
            number: [fault for fault in read.report.faults if fault.file.endswith(f"(list {number})")]
            for number in (6, 7, 8)
        }
        assert texts(by_list[6]) == [(2, "cin closure date", NO_DATE_CLOSED)]
        assert texts(by_list[7]) == [(2, "number of previous child protection plans", "not a whole number")]
        assert texts(by_list[8]) == [
            (2, "child unique id", "no child id"),
            (3, "date started to be looked after", "not a date"),
            (4, "date started to be looked after", "blank"),
            (5, "childs legal status", "code not in the list"),
            (5, "date ceased to be looked after", "not a date"),
            (5, "placement type", "code not in the list"),
        ]
        assert read.rows("episode", "child_id legal_status place") == [("3", None, None)]
        assert read.report.rows_read["2025/a.xlsx (list 8)"] == 4


def test_lists_are_known_by_their_headings_in_any_spelling_order_and_row(tmp_path: Path) -> None:
    book = book_of({})
    sheet = book.create_sheet("CLA")
    sheet.append(["Children looked after, as at 30 June 2025"])
    sheet.append([])
    headings = [
        "DATE CEASED TO BE LOOKED AFTER ",
        "Child’s Legal\nStatus",
        "Placement  Type",
        "x",
        "SEX",
        "date of birth",
    ]
    sheet.append([*headings, "Date started to be looked after", "Child ID", "Date of Last Social Work Visit"])
    sheet.append([None, "c2", "u4", 1, "F", "2012-06-15", "01-Feb-2024", "ab1", MADE])
    with reading(tmp_path, {"2025/whatever.xlsx": saved(book)}, YEAR) as read:
        assert read.rows("episode", "*")[0][:6] == ("AB1", 1, "2024-02-01", "S", "C2", "U4")
        assert read.faults() == []


def test_what_is_no_annex_a_is_listed_as_ignored(tmp_path: Path) -> None:
    book = book_of({})
    book.create_sheet("Costs").append(["Team", "Pounds"])
    inventory = take_inventory(write_returns(tmp_path, {"2025/costs.xlsx": saved(book)}), YEAR)
    assert inventory.files == ()
    assert [(file.name, file.reason) for file in inventory.ignored] == [
        ("2025/costs.xlsx", "a workbook without a list of Annex A")
    ]


def test_the_public_sample_is_read(tmp_path: Path) -> None:
    """It was made in March 2021; moved on by a month, it tells of 31 March."""
    if not SAMPLE.exists():
        content, children = workbook({6: [{}], 7: [{}], 8: [{}], 9: [{}]}), 1
        year = YEAR
    else:
        book = load_workbook(SAMPLE)
        for sheet in book.worksheets:
            for row in sheet.iter_rows(min_row=2):
                for cell in row:
                    if isinstance(cell.value, datetime) and cell.value.year == 2021:
                        cell.value = cell.value.replace(month=cell.value.month + 1)
        stream = BytesIO()
        book.save(stream)
        content, children, year = stream.getvalue(), 5, 2021
        with reading(tmp_path / "as it is", {f"{year}/a.xlsx": SAMPLE.read_bytes()}, year) as read:
            assert {problem for _, problem in _doubts(read)} == {TOO_EARLY}
    with reading(tmp_path / "moved", {f"{year}/a.xlsx": content}, year) as read:
        assert read.report.available == {f"annex_a.list_{number}@{year}" for number in (6, 7, 8, 9)}
        assert len(read.rows("referral", "child_id")) == children
        assert len(read.rows("episode", "child_id")) == children
        assert len(read.rows("census_child", "child_id")) >= children
        assert [fault for fault in read.faults() if fault[3] not in ("blank", "code not in the list")] == []
