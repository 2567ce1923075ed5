"""A census file that is damaged as a whole, of the wrong kind, or made to harm is refused by name, and nothing of it is
used; one child's record that cannot be read is left out alone.

If this failed, a file could make the node read other files, call out, fill the memory, or print a child's record in
an error; half a return would be counted as a whole one; or one record would decide that a council does not answer.
"""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from lxml import etree

from node.sources.cin_census import NOT_READ
from node.sources.cin_census_xml import UnusableCensus, stream_children
from tests.node.census_xml import Census, child, details, message, reading

_GOOD = message(2025, *(child(str(number), details("2024-05-01")) for number in range(3)))
_ENTITIES = "".join(f'<!ENTITY e{level + 1} "{f"&e{level};" * 10}">' for level in range(9))
_BOMB = f'<!DOCTYPE Message [<!ENTITY e0 "SECRET">{_ENTITIES}]>' + _GOOD.replace("<LAchildID>1<", "<LAchildID>&e9;<")
_PARAMETER_BOMB = (
    '<!DOCTYPE Message [<!ENTITY % a "SECRET SECRET SECRET">'
    + "".join(f"<!ENTITY % {chr(98 + n)} '{f'&#37;{chr(97 + n)};' * 10}'>" for n in range(9))
    + "%j;]>"
    + _GOOD
)
_NO_CHILDREN = "it is not a CIN census: no element Children holds its Child groups"


def _tables_are_empty(census: Census) -> bool:
    return all(
        census.rows(table, "child_id") == []
        for table in ("census_child", "referral", "assessment", "section_47", "child_protection_plan", "plan_review")
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (_BOMB, "it declares a document type (DOCTYPE), which a census never has"),
        (_PARAMETER_BOMB, "not well-formed XML at line 1"),
        ("<!DOCTYPE Message>" + _GOOD, "it declares a document type (DOCTYPE), which a census never has"),
        ('<?xml version="1.0"?><!-- x -->' + _BOMB, "it declares a document type (DOCTYPE), which a census never has"),
        (_GOOD[: _GOOD.index("</Children>")], "the file is cut off: the end of Children is missing"),
        (_GOOD[: _GOOD.index("</Message>")], "not well-formed XML after the end of Children"),
        (_GOOD + "<SECRET/>", "not well-formed XML after the end of Children"),
        (_GOOD.replace("</Header>", "<&SECRET></Header>"), "not well-formed XML at line 2"),
        (_GOOD.replace("Children>", "SECRET>"), _NO_CHILDREN),
        (_GOOD.replace("<Children>", "\n" * 300_000 + "<Children>"), _NO_CHILDREN),
        ("", "not well-formed XML at line 1"),
        ("SECRET", "not well-formed XML at line 1"),
        ("<Messages>" + _GOOD + "</Messages>", "it is not a CIN census: the outermost element is not Message"),
        (_GOOD.replace("<Year>2025", "<Year>2024"), "this is the return of another year"),
        (_GOOD.replace("2025-03-31", "2024-03-31"), "this is the return of another year"),
        (message(2024), "this is the return of another year"),
    ],
    ids=[
        "entity bomb",
        "parameter entity bomb",
        "empty document type",
        "bomb after a comment",
        "truncated among the children",
        "truncated after them",
        "second root",
        "header that is no XML",
        "another name for Children",
        "Children after 300,000 lines",
        "empty",
        "not XML",
        "another root",
        "another Year",
        "another ReferenceDate",
        "another year without children",
    ],
)
def test_a_harmful_or_damaged_file_is_a_file_fault_and_nothing_else(tmp_path: Path, text: str, problem: str) -> None:
    with reading(tmp_path, {2025: text}, 2025, validate=True) as census:
        assert [(fault.file, fault.problem) for fault in census.report.file_faults] == [("census-2025.xml", problem)]
        assert "SECRET" not in repr(census.report)
        assert census.report.rows_read == {}
        assert _tables_are_empty(census)


def test_an_external_entity_is_never_fetched(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("TOPSECRET")
    uri = (tmp_path / "secret.txt").as_uri()
    body = _GOOD.replace("<LAchildID>1<", "<LAchildID>&x;<")
    hostile = f'<!DOCTYPE Message [<!ENTITY x SYSTEM "{uri}">]>{body}'
    careless = etree.fromstring(hostile, etree.XMLParser(resolve_entities=True))
    assert "TOPSECRET" in etree.tostring(careless, encoding="unicode"), "the attack works on a careless parser"
    with reading(tmp_path, {2025: hostile}, 2025) as census:
        assert [fault.problem for fault in census.report.file_faults] == [
            "it declares a document type (DOCTYPE), which a census never has"
        ]
        assert "TOPSECRET" not in repr(census.report)
        assert _tables_are_empty(census)


_MARKS = {"utf-8": b"", "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
_BORN = "<PersonBirthDate>2015-01-01</PersonBirthDate>"
_SECOND = "<LAchildID>1</LAchildID>"

DAMAGE: dict[str, tuple[str, str]] = {
    "entity nobody declared": (_SECOND, f"{_SECOND}&SECRET;"),
    "bare ampersand": (_SECOND, f"{_SECOND}SECRET & SONS"),
    "control character": (_SECOND, f"{_SECOND}SECRET\x01"),
    "control character by its number": (_SECOND, f"{_SECOND}SECRET&#31;"),
    "tags crossed": (f"{_SECOND}\n", f"{_SECOND}\n</SECRET>"),
    "tag of ours cut": (_SECOND, "<LAchildID"),
    "comment that does not end": (_SECOND, f"{_SECOND}<!-- SECRET"),
    "CDATA that does not end": (_SECOND, f"{_SECOND}<![CDATA[ SECRET"),
    "document type": (_SECOND, f"{_SECOND}<!DOCTYPE SECRET>"),
    "end of all in a comment": (_SECOND, f"{_SECOND}<!-- </Child></Children></Message> -->"),
    "text of eleven megabytes": (_SECOND, f"<LAchildID>{'SECRET' * 1_900_000}</LAchildID>"),
    "nesting of 300 elements": (_SECOND, f"{_SECOND}{'<a>' * 300}{'</a>' * 300}"),
    "no start tag": (f"<Child>\n<ChildIdentifiers>\n{_SECOND}", f"<ChildIdentifiers>\n{_SECOND}"),
    "no end tag": ("</Child>\n", "\n"),
}
"""What is wrong with the second child of three, as the text that it takes the place of and the text."""


def _damaged(replaced: str, damage: str, encoding: str) -> bytes:
    before, second, after = _GOOD.partition(f"<Child>\n<ChildIdentifiers>\n{_SECOND}")
    assert replaced in second + after
    return _MARKS[encoding] + (before + (second + after).replace(replaced, damage, 1)).encode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", DAMAGE)
def test_one_childs_record_that_cannot_be_read_is_left_out_alone(tmp_path: Path, name: str, encoding: str) -> None:
    with reading(tmp_path, {2025: _damaged(*DAMAGE[name], encoding)}, 2025, validate=True) as census:
        assert census.report.file_faults == ()
        assert census.rows("census_child", "child_id") == census.rows("referral", "child_id") == [("0",), ("2",)]
        assert (19, "Child", NOT_READ) in census.faults() or name == "no start tag"
        assert {(column, reason) for _, column, reason in census.faults()} == {("Child", NOT_READ)}
        assert all(19 <= row <= 33 for row, _, _ in census.faults())
        assert census.report.rows_read == {"census-2025.xml": 2}
        assert "SECRET" not in repr(census.report)


@pytest.mark.parametrize(
    ("damage", "left", "faults"),
    [
        (f"{_BORN}</ChildIdentifiers></Child></Children></Message>", ["0", "1", "2"], [(33, "Child", NOT_READ)]),
        (
            "<Child><ChildIdentifiers/></Child>",
            ["0", "2"],
            [(19, "Child", NOT_READ), (21, "LAchildID", "missing"), (33, "Child", NOT_READ)],
        ),
    ],
    ids=["end of all", "child within a child"],
)
def test_a_record_that_ends_early_ends_there_and_its_remains_are_reported(
    tmp_path: Path, damage: str, left: list[str], faults: list[tuple[int, str, str]]
) -> None:
    with reading(tmp_path, {2025: _damaged(_SECOND, f"{_SECOND}{damage}", "utf-8")}, 2025) as census:
        assert census.report.file_faults == ()
        assert census.rows("census_child", "child_id") == [(child_id,) for child_id in left]
        assert sorted(census.faults()) == faults


@pytest.mark.parametrize("encoding", _MARKS)
def test_bytes_that_are_no_text_spoil_one_record(tmp_path: Path, encoding: str) -> None:
    """In UTF-16 one byte too many would also make nonsense of all that follows, were it read as one text."""
    text = _MARKS[encoding] + _GOOD.encode(encoding)
    text = text.replace("WBRI".encode(encoding), b"\xff\xfe\xfa" + "WBRI".encode(encoding), 1)
    with reading(tmp_path, {2025: text}, 2025) as census:
        assert census.report.file_faults == ()
        assert census.rows("census_child", "child_id") == [("1",), ("2",)]
        assert census.faults() == [(4, "Child", NOT_READ)]


@pytest.mark.parametrize("size", [200_000, 5_000_000, 9_000_000])
def test_a_record_of_any_size_is_read_or_left_out_alone(tmp_path: Path, size: int) -> None:
    """Whatever part of it the node holds when its next tag comes in."""
    for shift in range(0, 12, 3):
        padding = " " * (size + shift)
        text = _GOOD.replace(_SECOND, f"{_SECOND}{padding}")
        with reading(tmp_path, {2025: text}, 2025) as census:
            left = [("0",), ("2",)] if size > 4_194_304 else [("0",), ("1",), ("2",)]
            assert census.rows("census_child", "child_id") == left
            assert bool(census.faults()) == (size > 4_194_304)


def test_lines_after_a_record_that_is_left_out_are_the_files_own(tmp_path: Path) -> None:
    text = _damaged(*DAMAGE["tags crossed"], "utf-8").decode().replace("2024-05-01", "2024-02-30")
    with reading(tmp_path, {2025: text}, 2025, validate=True) as census:
        rows = [row for row, column, _ in census.faults() if column == "CINreferralDate"]
        lines = [number for number, line in enumerate(text.splitlines(), start=1) if "2024-02-30" in line]
        assert rows == [lines[0], lines[2]]
        assert set(rows) <= {fault.line for fault in census.report.schema_report}


def test_a_damaged_return_leaves_the_other_years_whole(tmp_path: Path) -> None:
    good = message(2024, child("9", details("2023-05-01")))
    with reading(tmp_path, {2024: good, 2025: _GOOD[:-20]}, 2025) as census:
        assert len(census.report.file_faults) == 1
        assert census.rows("referral", "child_id return_year") == [("9", 2024)]


def test_a_missing_file_is_a_file_fault(tmp_path: Path) -> None:
    with pytest.raises(UnusableCensus, match="cannot be opened"):
        list(stream_children(tmp_path / "nowhere.xml", 2025, print))


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """The tree never holds more than one child, however many have passed."""
    path = tmp_path / "large.xml"
    path.write_text(message(2025, *(child(str(number), details("2024-05-01")) + "stray" for number in range(5_000))))
    largest = 0
    for position, group in enumerate(stream_children(path, 2025, print)):
        if position % 100 == 0:
            largest = max(largest, sum(1 for _ in group.getroottree().getroot().iter()))
    assert path.stat().st_size > 1_000_000
    assert 10 < largest < 100


def test_a_line_beyond_65535_is_still_named(tmp_path: Path) -> None:
    text = message(2025, "\n" * 70_000, child("1", details("2024-02-30")))
    with reading(tmp_path, {2025: text}, 2025, validate=True) as census:
        ((row, column, _),) = census.faults()
        assert column == "CINreferralDate"
        assert text.splitlines()[row - 1] == "<CINreferralDate>2024-02-30</CINreferralDate>"
        assert row in {fault.line for fault in census.report.schema_report}
