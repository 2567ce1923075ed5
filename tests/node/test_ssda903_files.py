"""Any SSDA903 file, whole or damaged, is read as far as it can be; what cannot be used is named by line and reason.

If this failed, one bad export would stop a council, or worse, would change its figures without a sign of it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.sources.inventory import take_inventory
from node.sources.text import lines_of
from tests.node.ssda903_csv import (
    EPISODES,
    HEADER,
    MISSING,
    OC2,
    OC3,
    SOCIAL_WORKER,
    UASC,
    child,
    csv_text,
    episode,
    reading,
    write_returns,
)

_WHOLE = {
    "2025/header.csv": csv_text(HEADER, child("007", "M", "01/01/2010"), child("8", "2", "02/02/2012")),
    "2025/episodes.csv": csv_text(EPISODES, episode("007", "01/05/2023"), episode("8", "02/06/2024")),
}


def _with(**files: str | bytes) -> dict[str, str | bytes]:
    return {**_WHOLE, **{f"2025/{name}.csv": content for name, content in files.items()}}


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.replace("UN1,", "UN1,\xa3").encode("cp1252"),
        lambda text: text.lower().encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: text.replace(",", "\t").encode("utf-16"),
        lambda text: text.replace(",", ";").encode(),
        lambda text: "\n".join(",".join(f'"{f}"' for f in line.split(",")) for line in text.split("\n")).encode(),
        lambda text: ("\n\n" + text.replace(",", " , ") + "\n,,,,\n").encode(),
        lambda text: "\n".join(",".join(["", *reversed(line.split(","))]) for line in text.split("\n")).encode(),
        lambda text: text.rstrip("\n").encode(),
    ],
    ids=[
        "utf-8 with mark",
        "utf-16 with mark",
        "utf-16 big end first",
        "utf-16 without mark",
        "cp1252",
        "small letters",
        "crlf",
        "cr",
        "tabs in utf-16",
        "semicolons",
        "all quoted",
        "blanks and empty rows",
        "columns the other way round and one more",
        "no line end at the end",
    ],
)
def test_every_form_of_the_same_file_is_read_alike(tmp_path: Path, encode: object) -> None:
    assert callable(encode)
    with reading(tmp_path / "plain", _WHOLE, 2025) as plain:
        expected = [
            plain.rows("looked_after_child", "child_id sex age"),
            plain.rows("episode", "child_id start_date address"),
        ]
    with reading(tmp_path / "other", {name: encode(text) for name, text in _WHOLE.items()}, 2025) as other:
        assert other.report.available == {"ssda903@2025"}
        assert other.faults() == []
        assert [
            other.rows("looked_after_child", "child_id sex age"),
            other.rows("episode", "child_id start_date address"),
        ] == expected
    assert expected[0] == [("007", "male", 15), ("8", "female", 13)]


def test_files_are_told_by_their_columns_and_the_rest_is_listed(tmp_path: Path) -> None:
    folder = write_returns(
        tmp_path,
        {
            "2025/a/x.txt": csv_text(HEADER + ",LA,YEAR"),
            "2025/b": csv_text(EPISODES),
            "2025/c.csv": csv_text("CHILD,DOB,REVIEW,REVIEW_CODE"),
            "2025/census.xml": '<?xml version="1.0"?><Message><Header/><Children/></Message>',
            "2025/notes.csv": "name,phone\n",
            "2025/empty.csv": b"",
            "2025/binary.dat": bytes(range(256)) * 40,
            "2025/other.xml": "<Message><Collection>SLASC</Collection></Message>",
            "2025/form.xml": "<EXPSSDA903><CHILD/></EXPSSDA903>",
            "2025/~$lock.csv": csv_text(HEADER),
            "2026/later.csv": csv_text(HEADER),
        },
    )
    inventory = take_inventory(folder, 2025)
    assert {(file.kind, file.name) for file in inventory.files} == {
        ("ssda903.header", "2025/a/x.txt"),
        ("ssda903.episodes", "2025/b"),
        ("ssda903.reviews", "2025/c.csv"),
        ("cin_census", "2025/census.xml"),
    }
    assert inventory.available == {"ssda903@2025", "cin_census@2025", "cin_census.previous_plans@2025"}
    assert [file.name for file in inventory.ignored] == [
        "2025/binary.dat",
        "2025/empty.csv",
        "2025/form.xml",
        "2025/notes.csv",
        "2025/other.xml",
    ]
    assert take_inventory(folder, None).year == 2026
    assert inventory.only(frozenset({"ssda903@2025"})).available == {"ssda903@2025"}


def test_header_alone_is_no_return(tmp_path: Path) -> None:
    folder = write_returns(tmp_path, {"2025/h.csv": csv_text(HEADER)})
    assert take_inventory(folder, 2025).available == frozenset()


def test_a_folder_without_years_is_the_return_of_the_year_asked_for(tmp_path: Path) -> None:
    folder = write_returns(tmp_path, {"h.csv": csv_text(HEADER), "e.csv": csv_text(EPISODES)})
    assert take_inventory(folder, 2019).available == {"ssda903@2019"}


def test_a_header_row_alone_is_an_empty_table(tmp_path: Path) -> None:
    with reading(tmp_path, _with(oc3=OC3, missing=MISSING + "\n", uasc=UASC), 2025) as read:
        assert read.report.available == {
            "ssda903@2025",
            "ssda903.oc3@2025",
            "ssda903.missing@2025",
            "ssda903.uasc@2025",
        }
        assert read.rows("care_leaver", "child_id") == []


def test_each_value_that_cannot_be_used_is_named_and_taken_as_blank(tmp_path: Path) -> None:
    files = _with(
        header=csv_text(HEADER, child("1", "X", "31/02/2010", "ABCD"), child("2", "1", "1850-01-01", "")),
        episodes=csv_text(
            EPISODES,
            episode("1", "2024-05-01", "1/6/2024", rec="ZZ"),
            episode("2", "01/05/2024", "01/04/2025", rec="E4A"),
            episode("", "01/05/2024"),
            episode("3", "May"),
            episode("4", ""),
            episode("5", "01/05/24"),
            episode("6", "01/04/2025"),
            episode("7", "01/05/2024", rne="Q", ls="Q9", place="Q8"),
        ),
        oc2=csv_text(OC2, "1,,41,,2,1,0,1,0,1,,", "2,,7.5,,,,,,,,,", "3,,4O,,,,,,,,,", "4,,9,,,,,,,,,"),
    )
    with reading(tmp_path, files, 2025) as read:
        assert read.faults() == [
            ("episodes.csv", 2, "REC", "code not in the list"),
            ("episodes.csv", 3, "DEC", "date after 31 March"),
            ("episodes.csv", 4, "CHILD", "no child id"),
            ("episodes.csv", 5, "DECOM", "not a date dd/mm/yyyy"),
            ("episodes.csv", 6, "DECOM", "blank"),
            ("episodes.csv", 7, "DECOM", "not a date dd/mm/yyyy"),
            ("episodes.csv", 8, "DECOM", "date after 31 March"),
            ("episodes.csv", 9, "LS", "code not in the list"),
            ("episodes.csv", 9, "PLACE", "code not in the list"),
            ("episodes.csv", 9, "RNE", "code not in the list"),
            ("header.csv", 2, "DOB", "not a date dd/mm/yyyy"),
            ("header.csv", 2, "ETHNIC", "code not in the list"),
            ("header.csv", 2, "SEX", "code not in the list"),
            ("header.csv", 3, "DOB", "not a date dd/mm/yyyy"),
            ("oc2.csv", 2, "CONVICTED", "neither 0 nor 1"),
            ("oc2.csv", 2, "SDQ_SCORE", "not a whole number from 0 to 40"),
            ("oc2.csv", 3, "SDQ_SCORE", "not a whole number from 0 to 40"),
            ("oc2.csv", 4, "SDQ_SCORE", "not a whole number from 0 to 40"),
        ]
        assert read.rows("episode", "child_id start_date end_date end_reason") == [
            ("1", "2024-05-01", "2024-06-01", "ZZ"),
            ("2", "2024-05-01", None, None),
            ("7", "2024-05-01", None, None),
        ]
        assert read.rows("looked_after_child", "child_id sex age age_band ethnicity_major") == [
            ("1", "unknown", None, "unknown", "unknown"),
            ("2", "male", None, "unknown", "unknown"),
        ]
        assert read.rows("outcome_check", "child_id sdq_score convicted health_check") == [
            ("1", None, None, True),
            ("2", None, None, None),
            ("3", None, None, None),
            ("4", 9, None, None),
        ]


def test_a_damaged_line_spoils_itself_only(tmp_path: Path) -> None:
    rows = [
        episode("1", "01/05/2024"),
        '"' + episode("2", "01/05/2024"),
        episode("3", "01/05/2024") + ",,x",
        episode("4", "01/05/2024").replace("N1", "N\x001"),
        episode("5", "01/05/2024") + ",,",
        "6,01/05/2024,S",
        '"7",01/05/2024,S,"C2",N1,"U4",PR1,,,"a, b",,,',
        "8,01/05/2024,S,C",
    ]
    with reading(tmp_path, _with(episodes=csv_text(EPISODES, *rows).rstrip("\n")), 2025) as read:
        assert [row[0] for row in read.rows("episode", "child_id")] == ["1", "5", "6", "7"]
        assert read.faults() == [
            ("episodes.csv", 3, "", "quotes are not balanced"),
            ("episodes.csv", 4, "", "more fields than columns"),
            ("episodes.csv", 5, "", "characters that are no text"),
            ("episodes.csv", 9, "", "the file ends within the row"),
        ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (csv_text(EPISODES.replace("REC,", "")), "there is no column REC"),
        (csv_text(EPISODES + ",DEC"), "the column DEC stands more than once"),
    ],
    ids=["no column", "twice"],
)
def test_a_file_of_which_nothing_can_be_used_is_not_available(tmp_path: Path, text: str, problem: str) -> None:
    with reading(tmp_path, _with(episodes=text, oc3=OC3), 2025) as read:
        assert read.file_faults() == [("episodes.csv", problem)]
        assert read.report.available == {"ssda903.oc3@2025"}
        assert read.rows("episode", "child_id") == []


@pytest.mark.parametrize(
    ("rows", "left"),
    [
        ([episode("1", "01/05/2026")], 0),
        ([episode(str(n), "01/05/2024", "01/06/2025", rec="E4A") for n in range(30)], 30),
        ([episode(str(n), "01/05/2022", "01/06/2023", rec="E4A") for n in range(120)], 120),
    ],
    ids=["all later", "mostly later", "all earlier"],
)
def test_episodes_of_another_year_are_used_and_doubted(tmp_path: Path, rows: list[str], left: int) -> None:
    """Were they refused, the last record that makes them so would decide whether the council answers."""
    with reading(tmp_path, _with(episodes=csv_text(EPISODES, *rows)), 2025) as read:
        assert [doubt.problem for doubt in read.report.file_doubts] == ["this looks like the return of another year"]
        assert read.report.file_doubts[0].file == "2025/episodes.csv"
        assert read.file_faults() == []
        assert read.report.available == {"ssda903@2025"}
        assert len(read.rows("episode", "child_id")) == left


def test_a_handful_of_old_episodes_is_no_other_year(tmp_path: Path) -> None:
    with reading(tmp_path, _with(episodes=csv_text(EPISODES, episode("1", "01/05/2019", "01/06/2019"))), 2025) as read:
        assert read.report.available == {"ssda903@2025"}
        assert read.report.file_doubts == ()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16-le", "utf-16-be"])
@settings(max_examples=100, deadline=None)
@given(junk=st.binary(min_size=1, max_size=9).filter(lambda junk: not {10, 13} & set(junk)))
def test_whatever_bytes_a_row_holds_no_other_row_is_read_otherwise(encoding: str, end: str, junk: bytes) -> None:
    """Ids that are not English are those that another encoding changes."""
    text = csv_text(HEADER, child("É1"), child("QQ"), child("Ã2", sex="1")).replace("\n", end)
    plain, place = text.encode(encoding), "QQ".encode(encoding)
    lines = lines_of(plain.replace(place, place + junk, 1))
    expected = lines_of(plain)
    assert len(lines) == len(expected) == 5
    assert lines[:2] + lines[3:] == expected[:2] + expected[3:]
    assert expected[1] == child("É1")


def test_control_reading_a_file_as_one_text_lets_a_row_change_the_others() -> None:
    plain = csv_text(HEADER, child("É1"), child("QQ")).encode()
    damaged = plain.replace(b"QQ", b"QQ\xe9")
    assert damaged.decode("cp1252").splitlines()[1] != plain.decode().splitlines()[1]
    wide = csv_text(HEADER, child("QQ"), child("É1")).encode("utf-16-le")
    longer = wide.replace(b"Q\0Q\0", b"Q\0Q\0\0")
    assert child("É1") not in longer.decode("utf-16-le", errors="replace")


@pytest.mark.parametrize("name", ["É1", "漢1", "İ1", "\u0a0a\u0d0d1", "\u0100\u0a01"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
def test_letters_of_any_script_are_read(name: str, encoding: str) -> None:
    """Of UTF-16 a few pairs of letters hold the bytes of a line end: that row alone is lost."""
    lines = lines_of(csv_text(HEADER, child(name), child("2")).encode(encoding))
    assert lines[0] == HEADER
    assert lines[-2] == child("2")
    assert lines[1] == child(name) or (encoding != "utf-8" and "\u0a01" in name)


def test_files_of_one_kind_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "2025/h2.csv": csv_text(HEADER, child("1", "2")),
        "2025/h1.csv": csv_text(HEADER, child("1", "1"), child("2", "1")),
        "2025/e.csv": csv_text(EPISODES),
    }
    with reading(tmp_path, files, 2025) as read:
        assert read.rows("looked_after_child", "child_id sex") == [("1", "female"), ("2", "male")]
        assert read.faults() == [("h1.csv", 2, "", "repeated: the last one counts")]


def test_the_files_of_the_year_fill_their_tables(tmp_path: Path) -> None:
    files = _with(
        oc3=csv_text(OC3, "007,01/01/2010,yes,f2,b1"),
        missing=csv_text(MISSING, "007,,M,01/05/2024,03/05/2024", "007,,A,01/03/2025,02/04/2025", "007,,M,,"),
        sw=csv_text(
            SOCIAL_WORKER, "007,,W1,01/05/2020,01/05/2024,OTHERS", "007,,W2,01/05/2024,,", "007,,,01/05/2024,,"
        ),
        uasc=csv_text(UASC, "007,1,01/01/2010,01/01/2028", "8,1,,"),
    )
    files["2024/oc3.csv"] = csv_text(OC3, "9,,NO,0,0")
    with reading(tmp_path, files, 2025) as read:
        assert read.rows("care_leaver", "child_id in_touch activity accommodation") == [("007", "YES", "F2", "B1")]
        assert read.rows("missing_incident", "child_id event kind start_date end_date") == [
            ("007", 1, "M", "2024-05-01", "2024-05-03"),
            ("007", 2, "A", "2025-03-01", None),
        ]
        assert read.rows("social_worker_episode", "event worker_id start_date end_date") == [
            (1, "W1", "2020-05-01", "2024-05-01"),
            (2, "W2", "2024-05-01", None),
        ]
        assert read.rows("unaccompanied_child", "child_id ceased_date") == [("007", "2028-01-01"), ("8", None)]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    damage=st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=6)), max_size=6),
    cut=st.integers(0, 400),
)
def test_no_damage_is_more_than_a_report(tmp_path: Path, damage: list[tuple[int, bytes]], cut: int) -> None:
    """Bytes put in anywhere and a file cut off anywhere: it is read, or ignored, or reported; nothing is raised."""
    content = csv_text(EPISODES, *(episode(str(n), "01/05/2024", "01/06/2024", rec="X1") for n in range(5))).encode()
    for place, inserted in damage:
        content = content[:place] + inserted + content[place:]
    with reading(tmp_path, _with(episodes=content[: len(content) - cut]), 2025) as read:
        for fault in read.report.faults:
            assert 1 <= fault.row <= 30
