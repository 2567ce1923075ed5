"""Workbooks that are damaged, or made to do harm. If these failed, a file in the council's own folder could fill the
machine's memory, make the node run or fetch something, stop every other return from being read, or put a child's words
into a report."""

from __future__ import annotations

import re
import time
import zipfile
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from node.sources import annex_a_workbook
from node.sources.annex_a_lists import LISTS, NOT_A_CODE, NOT_A_DATE, NOT_A_NUMBER, Column, NotRead
from node.sources.annex_a_workbook import BROKEN, DOCUMENT_TYPE, TOO_LARGE, UnusableWorkbook, list_numbers, read_sheets
from node.sources.inventory import take_inventory
from tests.node.annex_a import HEADINGS, MADE, YEAR, book_of, saved, workbook
from tests.node.ssda903_csv import HEADER, child, csv_text, reading

SECRET = "QX7SECRET"
GOOD = workbook({8: [{"child": number} for number in range(3)]})
SHEET = "xl/worksheets/sheet1.xml"


def changed(content: bytes, change: Callable[[dict[str, bytes]], object]) -> bytes:
    """A workbook whose parts have been changed."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return stream.getvalue()


def in_sheet(old: str, new: str) -> bytes:
    """The good workbook with a text of its sheet replaced, once."""

    def change(parts: dict[str, bytes]) -> None:
        assert old in parts[SHEET].decode()
        parts[SHEET] = parts[SHEET].decode().replace(old, new, 1).encode()

    return changed(GOOD, change)


def refusal(path: Path, content: bytes) -> str:
    """Why a workbook is not read: the same when the inventory is taken and when it is read."""
    path.write_bytes(content)
    with pytest.raises(UnusableWorkbook) as first:
        list_numbers(path)
    with pytest.raises(UnusableWorkbook) as second:
        read_sheets(path)
    assert str(first.value) == str(second.value)
    return str(first.value)


def rows(tmp_path: Path, content: bytes) -> list[tuple[Any, ...]]:
    """Child, start and place of every episode that a workbook gives."""
    with reading(tmp_path, {"2025/a.xlsx": content}, YEAR) as read:
        return read.rows("episode", "child_id start_date place")


def _bomb() -> bytes:
    return changed(GOOD, lambda parts: parts.update({"xl/worksheets/sheet9.xml": b"<a>" + b" " * (130 << 20)}))


def test_a_small_file_that_unpacks_to_much_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = _bomb()
    assert len(bomb) < 1 << 20
    assert refusal(tmp_path / "bomb.xlsx", bomb) == TOO_LARGE
    monkeypatch.setattr(annex_a_workbook, "MAXIMUM_UNPACKED", 1 << 30)
    assert list_numbers(tmp_path / "bomb.xlsx") == {8}


def test_a_bomb_that_lies_about_its_size_unpacks_to_no_more_than_it_says(tmp_path: Path) -> None:
    bomb = _bomb()
    size = (130 << 20) + 3
    lying = bomb.replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert lying != bomb
    assert refusal(tmp_path / "bomb.xlsx", lying) == BROKEN


def test_more_rows_than_any_council_has_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.xlsx").write_bytes(GOOD)
    monkeypatch.setattr(annex_a_workbook, "_MAXIMUM_ROWS", 3)
    assert len(read_sheets(tmp_path / "a.xlsx")[0].rows) == 3
    monkeypatch.setattr(annex_a_workbook, "_MAXIMUM_ROWS", 2)
    with pytest.raises(UnusableWorkbook, match="larger than any council"):
        read_sheets(tmp_path / "a.xlsx")


@pytest.mark.parametrize("part", [SHEET, "xl/styles.xml", "xl/workbook.xml", "[Content_Types].xml"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_in_any_part(tmp_path: Path, part: str, encoding: str) -> None:
    def change(parts: dict[str, bytes]) -> None:
        text = re.sub(r"^<\?xml[^>]*\?>\s*", "", parts[part].decode())
        padding = "<!--" + "x" * 10_000 + "-->"
        parts[part] = f'{padding}<!DOCTYPE a [<!ENTITY e "{SECRET}">]>{text}'.encode(encoding)

    assert refusal(tmp_path / "a.xlsx", changed(GOOD, change)) == DOCUMENT_TYPE


def test_a_document_type_is_refused_in_a_sheet_under_any_name(tmp_path: Path) -> None:
    def change(parts: dict[str, bytes]) -> None:
        parts["xl/printerSettings/p.bin"] = b"<!DOCTYPE a [<!ENTITY e 'x'>]>" + parts.pop(SHEET)
        for name in ("xl/_rels/workbook.xml.rels", "[Content_Types].xml"):
            parts[name] = parts[name].replace(b"worksheets/sheet1.xml", b"printerSettings/p.bin")

    assert refusal(tmp_path / "a.xlsx", changed(GOOD, change)) == DOCUMENT_TYPE


def test_parts_that_are_no_xml_do_no_harm(tmp_path: Path) -> None:
    assert (
        len(rows(tmp_path, changed(GOOD, lambda parts: parts.update({"xl/media/image1.png": b"\x89PNG\r\n\x1a\n"}))))
        == 3
    )


def test_without_that_check_an_entity_would_become_a_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def change(parts: dict[str, bytes]) -> None:
        sheet = parts[SHEET].decode()
        first = re.search(r'<c r="A2"[^>]*>.*?</c>', sheet)
        assert first is not None
        cell = '<c r="A2" t="str"><v>&e;</v></c>'
        sheet = re.sub(r"^<\?xml[^>]*\?>", "", sheet).replace(first[0], cell)
        parts[SHEET] = f'<!DOCTYPE worksheet [<!ENTITY e "{SECRET}">]>{sheet}'.encode()

    (tmp_path / "a.xlsx").write_bytes(changed(GOOD, change))
    monkeypatch.setattr(annex_a_workbook, "_refuse_document_type", lambda _: None)
    assert read_sheets(tmp_path / "a.xlsx")[0].rows[0][1]["child_id"] == SECRET


@pytest.mark.parametrize(
    "content",
    [
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"EncryptedPackage" * 200,
        GOOD[:-200],
        GOOD[: len(GOOD) // 2],
        b"PK\x03\x04",
        GOOD[:100] + b"\xff" * 200 + GOOD[300:],
        changed(GOOD, lambda parts: parts.pop("xl/workbook.xml")),
        changed(GOOD, lambda parts: parts.update({"xl/styles.xml": b"<styleSheet"})),
        in_sheet('r="A1"', 'r="1A"'),
    ],
    ids=["encrypted", "cut", "half", "mark", "spoilt", "no workbook", "styles", "cell"],
)
def test_a_workbook_that_cannot_be_opened_leaves_the_other_returns_alone(tmp_path: Path, content: bytes) -> None:
    assert refusal(tmp_path / "a.xlsx", content) == BROKEN
    files: dict[str, str | bytes] = {"2025/a.xlsx": content, "2025/header.csv": csv_text(HEADER, child("A"))}
    with reading(tmp_path / "returns", files, YEAR) as read:
        assert read.rows("looked_after_child", "child_id") == [("A",)]
    ignored = take_inventory(tmp_path / "returns", YEAR).ignored
    assert [(file.name, file.reason) for file in ignored] == [("2025/a.xlsx", BROKEN)]


@pytest.mark.parametrize(
    "content",
    [
        changed(GOOD, lambda parts: parts.update({SHEET: parts[SHEET][:-300]})),
        in_sheet('t="n"><v>0</v>', 't="s"><v>99999</v>'),
    ],
    ids=["cut", "no such string"],
)
def test_a_workbook_broken_below_its_headings_is_not_used_in_part(tmp_path: Path, content: bytes) -> None:
    with reading(tmp_path, {"2025/a.xlsx": content}, YEAR) as read:
        assert read.file_faults() == [("a.xlsx (list 8)", BROKEN)]
        assert read.rows("episode", "child_id") == []
        assert read.report.available == frozenset()


def test_a_formula_is_not_run_and_one_never_computed_is_blank(tmp_path: Path) -> None:
    book = book_of({8: [{"child": 1}, {"child": 2}]})
    sheet = book.worksheets[0]
    keys = list(HEADINGS[8])
    sheet.cell(2, keys.index("place") + 1).value = '=CONCATENATE("U","4")'
    sheet.cell(3, keys.index("child") + 1).value = '=WEBSERVICE("https://attacker.invalid/")'
    assert rows(tmp_path, saved(book)) == [("1", "2024-02-01", None)]


def test_a_formula_gives_the_value_last_computed(tmp_path: Path) -> None:
    def change(parts: dict[str, bytes]) -> None:
        sheet = re.sub(
            r'<c r="A2"[^>]*>.*?</c>', '<c r="A2" t="str"><f>1/0</f><v>AB7</v></c>', parts[SHEET].decode(), count=1
        )
        parts[SHEET] = sheet.encode()

    assert ("AB7", "2024-02-01", "U6") in rows(tmp_path, changed(GOOD, change))


def test_a_link_to_another_file_is_not_followed(tmp_path: Path) -> None:
    def change(parts: dict[str, bytes]) -> None:
        parts["xl/externalLinks/externalLink1.xml"] = b"<externalLink><broken"
        kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLink"
        relation = f'<Relationship Id="rIdX" Type="{kind}" Target="externalLinks/externalLink1.xml"/></Relationships>'
        name = "xl/_rels/workbook.xml.rels"
        parts[name] = parts[name].replace(b"</Relationships>", relation.encode())
        parts["xl/externalLinks/externalLink1.xml"] = b'<externalLink xmlns:r="x" r:id="file:///etc/passwd"/>'
        parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(
            b"</sheets>",
            b'</sheets><externalReferences><externalReference xmlns:r="http://schemas.openxmlformats.org/'
            b'officeDocument/2006/relationships" r:id="rIdX"/></externalReferences>',
        )

    assert len(rows(tmp_path, changed(GOOD, change))) == 3


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('<row r="2"', '<row r="99999999999999"'),
        ('r="A2"', 'r="XFD2"'),
        ("<dimension ref=", '<dimension ref="A1"/><dimension ref='),
    ],
)
def test_a_sheet_that_lies_about_its_size_costs_no_time(tmp_path: Path, old: str, new: str) -> None:
    begun = time.monotonic()
    assert len(rows(tmp_path, in_sheet(old, new))) <= 3
    assert time.monotonic() - begun < 60


def test_no_report_holds_a_value_of_a_child(tmp_path: Path) -> None:
    everything: dict[int, list[dict[str, Any]]] = {
        number: [dict.fromkeys(columns, f"{SECRET} {number}")] for number, columns in HEADINGS.items()
    }
    everything[8] += [
        {"child": f"{SECRET}{n}", "start": SECRET, "seen": MADE, "legal": f"{SECRET} x"} for n in range(5)
    ]
    with reading(tmp_path, {"2025/a.xlsx": workbook(everything)}, YEAR) as read:
        assert len(read.report.faults) > 15
        assert SECRET not in repr(read.report)


def test_a_date_that_no_calendar_has_says_nothing_on_the_screen(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    content = workbook({8: [{"child": 1, "end": MADE - timedelta(days=1)}, *({"child": n} for n in range(2, 6))]})
    content = changed(
        content, lambda parts: parts.update({SHEET: parts[SHEET].replace(b"<v>45837</v>", b"<v>7e99</v>")})
    )
    assert ("1", "2024-02-01", "U6") in rows(tmp_path, content)
    assert capfd.readouterr() == ("", "")
    assert len(recwarn) == 0
    with pytest.warns(UserWarning, match=r"7e\+99"):
        list(load_workbook(BytesIO(content), read_only=True, data_only=True).worksheets[0].values)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spoilt=st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_whatever_byte_is_spoilt_a_workbook_is_read_or_refused(tmp_path: Path, spoilt: list[tuple[int, int]]) -> None:
    content = bytearray(GOOD)
    for place, byte in spoilt:
        content[place] = byte
    (tmp_path / "a.xlsx").write_bytes(content)
    for read in (list_numbers, read_sheets):
        try:
            read(tmp_path / "a.xlsx")
        except UnusableWorkbook as fault:
            assert str(fault) in (BROKEN, TOO_LARGE, DOCUMENT_TYPE)


@pytest.mark.parametrize("column", [column for columns in LISTS.values() for column in columns], ids=lambda c: c.name)
@settings(max_examples=40, deadline=None)
@given(value=st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.datetimes(), st.text(max_size=12)))
def test_whatever_a_cell_holds_it_is_read_or_refused_without_being_quoted(column: Column, value: object) -> None:
    try:
        column.read(value)
    except NotRead as fault:
        assert str(fault) in (NOT_A_DATE, NOT_A_CODE, NOT_A_NUMBER)
