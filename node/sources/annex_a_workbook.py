"""Annex A workbooks (.xlsx), opened so that a hostile one does no harm: their lists are found by column headings.

Ofsted's Annex A is one workbook with a sheet per list (returns reference 4). What a spreadsheet could do is left out:
formulas give the value last computed and are never run, links to other files are not followed, macros are not looked
at. A workbook that would unpack to more than any council's does, holds a document type (the way in for entities that
grow without end), is encrypted or broken is refused before a sheet is read.
"""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from xml.parsers import expat

from node.sources.annex_a_lists import LISTS, heading

MAXIMUM_UNPACKED = 128 * 1024 * 1024
_MAXIMUM_PARTS = 2_000
_MAXIMUM_ROWS = 200_000
_LAST_ROW = 1_048_576
_MAXIMUM_COLUMNS = 80
_HEADINGS_WITHIN = 20

TOO_LARGE = "the workbook is larger than any council's: more than 128 MB unpacked, or 200,000 rows in a sheet"
DOCUMENT_TYPE = "the workbook holds a document type, which no spreadsheet program writes"
BROKEN = "the workbook is broken or encrypted: open it, and save it as .xlsx without a password"

Row = dict[str, Any]


class UnusableWorkbook(Exception):
    """A workbook of which nothing can be used. The text holds no value of it."""


@dataclass(frozen=True)
class Sheet:
    """A sheet that holds a list. `rows` are their numbers in the sheet and, by the names of columns, their values."""

    number: int
    rows: tuple[tuple[int, Row], ...]


def list_numbers(path: Path) -> frozenset[int]:
    """The numbers of the lists that a workbook holds, from its headings alone. Raises UnusableWorkbook."""
    return frozenset(sheet.number for sheet in _read(path, with_rows=False))


def read_sheets(path: Path) -> tuple[Sheet, ...]:
    """The sheets of a workbook that hold a list, in its order. Raises UnusableWorkbook."""
    return _read(path, with_rows=True)


def _read(path: Path, *, with_rows: bool) -> tuple[Sheet, ...]:
    # Few councils need it, and it is slow to load.
    from openpyxl import load_workbook

    try:
        stream = path.open("rb")
    except OSError:
        raise UnusableWorkbook("the file cannot be opened") from None
    try:
        with stream, warnings.catch_warnings():
            # A warning of the parser's may quote a cell.
            warnings.simplefilter("ignore")
            _check_parts(stream)
            book = load_workbook(stream, read_only=True, data_only=True, keep_links=False, keep_vba=False)
            try:
                return tuple(_sheets(book, with_rows=with_rows))
            finally:
                book.close()
    except UnusableWorkbook:
        raise
    except Exception:
        # A parser fails in as many ways as a file can be damaged; its texts may quote a cell.
        raise UnusableWorkbook(BROKEN) from None


def _check_parts(stream: BinaryIO) -> None:
    with zipfile.ZipFile(stream) as archive:
        parts = archive.infolist()
        if len(parts) > _MAXIMUM_PARTS or sum(part.file_size for part in parts) > MAXIMUM_UNPACKED:
            raise UnusableWorkbook(TOO_LARGE)
        for part in parts:
            with archive.open(part) as content:
                _refuse_document_type(content)
    stream.seek(0)


class _RootReached(Exception):
    """Nothing before the root element was a document type."""


def _refuse_document_type(content: Any) -> None:
    """Reads a part up to its root element, before which alone a document type may stand. Whatever its name it may be a
    sheet; what is no XML cannot."""

    def declared(*_: object) -> None:
        raise UnusableWorkbook(DOCUMENT_TYPE)

    def root(*_: object) -> None:
        raise _RootReached

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = declared
    parser.StartElementHandler = root
    try:
        parser.ParseFile(content)
    except (_RootReached, expat.ExpatError):
        return


def _values(sheet: Any, first: int, last: int) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """The rows of a sheet that hold a value, with their numbers."""
    # The dimensions a file states are not to be trusted: some exporters write A1 for all.
    sheet.reset_dimensions()
    rows = sheet.iter_rows(min_row=first, max_row=last, max_col=_MAXIMUM_COLUMNS, values_only=True)
    for number, values in enumerate(rows, start=first):
        if any(value is not None for value in values):
            yield number, values


def _sheets(book: Any, *, with_rows: bool) -> Iterator[Sheet]:
    for sheet in book.worksheets:
        for number, values in _values(sheet, 1, _HEADINGS_WITHIN):
            found = _list_of(values)
            if found is not None:
                yield Sheet(found[0], tuple(_below(sheet, number, found[1])) if with_rows else ())
                break


def _below(sheet: Any, headings: int, places: Mapping[str, int]) -> Iterator[tuple[int, Row]]:
    for count, (number, values) in enumerate(_values(sheet, headings + 1, _LAST_ROW), start=1):
        if count > _MAXIMUM_ROWS:
            raise UnusableWorkbook(TOO_LARGE)
        yield number, {name: values[place] for name, place in places.items()}


def _list_of(values: tuple[Any, ...]) -> tuple[int, dict[str, int]] | None:
    """The list whose columns a row names, and where each of them stands; None for a row that names no list's."""
    places: dict[str, int] = {}
    for place, value in enumerate(values):
        if isinstance(value, str):
            places.setdefault(heading(value), place)
    for number, columns in LISTS.items():
        found = {
            column.name: places[name] for column in columns for name in reversed(column.headings) if name in places
        }
        if all(column.name in found for column in columns if column.tells):
            return number, found
    return None
