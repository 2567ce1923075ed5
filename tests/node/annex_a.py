"""Annex A workbooks for tests, with the headings of the public sample; every id is invented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from io import BytesIO
from typing import Any

from openpyxl import Workbook

from node.sources.report import RowFault

YEAR = 2025
MADE = date(2025, 6, 30)
"""A day when the workbooks here were made, unless a test says otherwise."""

_CHILD = {"child": "Child Unique ID", "sex": "Gender", "ethnic": "Ethnicity", "born": "Date of Birth"}

HEADINGS: dict[int, dict[str, str]] = {
    3: _CHILD | {"start": "Date of Referral", "nfa": "Referral NFA?"},
    4: _CHILD | {"start": "Continuous Assessment Start Date", "end": "Continuous Assessment Date of Authorisation"},
    5: _CHILD | {"start": "Strategy discussion initiating Section 47 Enquiry Start Date"},
    6: _CHILD
    | {
        "start": "CIN Start Date",
        "need": "Primary Need Code",
        "seen": "Date Child Was Last Seen",
        "end": "CIN Closure Date",
        "reason": "Reason for Closure",
        "status": "Case Status",
    },
    7: _CHILD
    | {
        "start": "Child Protection Plan Start Date",
        "seen": "Date of the Last Statutory Visit",
        "end": "Child Protection Plan End Date",
        "previous": "Number of Previous Child Protection Plans",
    },
    8: _CHILD
    | {
        "start": "Date Started to be Looked After",
        "legal": "Child's Legal Status",
        "seen": "Date of Last Social Work Visit",
        "end": "Date Ceased to be Looked After",
        "reason": "Reason Ceased to be Looked After",
        "place": "Placement Type",
    },
    9: _CHILD
    | {
        "eligibility": "Eligibility Category",
        "touch": "LA in Touch",
        "seen": "Latest Date of Contact",
        "accommodation": "Type of Accommodation",
        "suitable": "Suitability of Accommodation",
        "activity": "Activity Status",
    },
}

_USUAL: dict[str, Any] = {
    "child": 1001,
    "sex": "b) Female",
    "ethnic": "a) WBRI",
    "born": date(2012, 6, 15),
    "start": date(2024, 2, 1),
    "seen": MADE,
    "status": "c) Child in need plan",
    "legal": "C2: FCO",
    "place": "f) U6: Foster placement - not FFA",
    "previous": 0,
    "eligibility": "b) Former relevant child",
    "touch": "a) Yes",
    "accommodation": "U: Independent living",
    "suitable": "a) Suitable",
    "activity": "F2: Full time in education other than higher",
}

Lists = Mapping[int, Sequence[Mapping[str, Any]]]


def book_of(lists: Lists) -> Workbook:
    """A workbook of these lists. A row says what differs from a usual one (a child seen on the day it was made)."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for number, rows in lists.items():
        sheet = book.create_sheet(f"List {number}")
        sheet.append([*HEADINGS[number].values(), "Allocated Team"])
        for row in rows:
            assert set(row) <= set(HEADINGS[number])
            sheet.append([row.get(key, _USUAL.get(key)) for key in HEADINGS[number]] + ["Team"])
    return book


def saved(book: Workbook) -> bytes:
    """The file of a workbook."""
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def workbook(lists: Lists) -> bytes:
    """The file of a workbook of these lists."""
    return saved(book_of(lists))


def texts(faults: Sequence[RowFault]) -> list[tuple[int, str, str]]:
    """Row, column and reason of some faults."""
    return [(fault.row, fault.column, fault.reason) for fault in faults]
