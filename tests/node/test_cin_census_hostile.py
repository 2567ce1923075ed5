"""A census file that is damaged, of the wrong kind, or made to harm is refused by name, and nothing of it is used.

If this failed, a file could make the node read other files, call out, fill the memory, or print a child's record in
an error; or half a return would be counted as a whole one.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

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
        (_GOOD.replace("<LAchildID>2<", "<LAchildID>&SECRET;<"), None),
        (_GOOD[: _GOOD.index("</Children>")], None),
        (_GOOD.replace("</CINdetails>", "</SECRET>", 1), None),
        (_GOOD + "<SECRET/>", None),
        (_GOOD.encode().replace(b"WBRI", b"\xff\xfe\xfa\xfb", 1), None),
        ("", "not well-formed XML at line 1"),
        ("SECRET", "not well-formed XML at line 1"),
        ("<Messages>" + _GOOD + "</Messages>", "it is not a CIN census: the outermost element is not Message"),
        (_GOOD.replace("<Year>2025", "<Year>2024"), "this is the return of another year"),
        (_GOOD.replace("2025-03-31", "2024-03-31"), "this is the return of another year"),
        (message(2024), "this is the return of another year"),
        (_GOOD.replace("<LAchildID>1<", "<LAchildID>" + "SECRET" * 1_700_000 + "<"), None),
        (_GOOD.replace("<ChildIdentifiers>", "<a>" * 300 + "</a>" * 300 + "<ChildIdentifiers>", 1), None),
    ],
    ids=[
        "entity bomb",
        "parameter entity bomb",
        "empty document type",
        "bomb after a comment",
        "entity nobody declared",
        "truncated",
        "tags crossed",
        "second root",
        "bytes that are no text",
        "empty",
        "not XML",
        "another root",
        "another Year",
        "another ReferenceDate",
        "another year without children",
        "text of ten megabytes",
        "nesting of 300 elements",
    ],
)
def test_a_harmful_or_damaged_file_is_a_file_fault_and_nothing_else(
    tmp_path: Path, text: str | bytes, problem: str | None
) -> None:
    with reading(tmp_path, {2025: text}, 2025, validate=True) as census:
        ((file, found),) = ((fault.file, fault.problem) for fault in census.report.file_faults)
        assert file == "census-2025.xml"
        assert found == problem if problem else found.startswith("not well-formed XML at line ")
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


def test_the_line_of_the_damage_is_named(tmp_path: Path) -> None:
    lines = _GOOD.splitlines(keepends=True)
    lines[20] = "<&>\n"
    with reading(tmp_path, {2025: "".join(lines)}, 2025) as census:
        assert [fault.problem for fault in census.report.file_faults] == ["not well-formed XML at line 21"]


def test_a_damaged_return_leaves_the_other_years_whole(tmp_path: Path) -> None:
    good = message(2024, child("9", details("2023-05-01")))
    with reading(tmp_path, {2024: good, 2025: _GOOD[:-20]}, 2025) as census:
        assert len(census.report.file_faults) == 1
        assert census.rows("referral", "child_id return_year") == [("9", 2024)]


def test_a_missing_file_is_a_file_fault(tmp_path: Path) -> None:
    with pytest.raises(UnusableCensus, match="cannot be opened"):
        list(stream_children(tmp_path / "nowhere.xml", 2025))


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """The tree never holds more than the parser's read-ahead, however many children have passed."""
    path = tmp_path / "large.xml"
    path.write_text(message(2025, *(child(str(number), details("2024-05-01")) + "stray" for number in range(5_000))))
    largest = 0
    for position, group in enumerate(stream_children(path, 2025)):
        if position % 100 == 0:
            largest = max(largest, sum(1 for _ in group.getroottree().getroot().iter()))
    assert path.stat().st_size > 1_000_000
    assert largest < 3_000


def test_a_line_beyond_65535_is_still_named(tmp_path: Path) -> None:
    text = message(2025, "\n" * 70_000, child("1", details("2024-02-30")))
    with reading(tmp_path, {2025: text}, 2025, validate=True) as census:
        ((row, column, _),) = census.faults()
        assert column == "CINreferralDate"
        assert text.splitlines()[row - 1] == "<CINreferralDate>2024-02-30</CINreferralDate>"
        assert row in {fault.line for fault in census.report.schema_report}
