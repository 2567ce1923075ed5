"""Annex A as a source, where the return of the year is not there: who was in need, on a plan, looked after on 31 March.

A workbook made within six months after 31 March lists, by Ofsted's guidance, everybody open on that day or since
(returns reference 4). So lists 6 (children in need), 7 (plans) and 8 (looked after) hold those open on 31 March; list 9
holds care leavers as they were when the workbook was made. Lists 3 to 5 hold the events of some months, not of a year,
and only help to tell when the workbook was made. Counts over the last 12 months, and ages, are of another day and left
out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from node.engines.duckdb_engine import DuckDbEngine
from node.sources.annex_a_lists import LISTS, NotRead, text_of
from node.sources.annex_a_workbook import Row, Sheet, UnusableWorkbook, read_sheets
from node.sources.characteristics import age_at, age_band, ethnicity_level, sex_level
from node.sources.csv_files import BLANK, NO_CHILD, REPEATED, WHOLE_ROW
from node.sources.inventory import ANNEX_A, ReturnFile
from node.sources.report import ReportBuilder

NO_DATE_CLOSED = "closed, without the date"
MORE_THAN_ONE = "the list stands in more than one sheet or workbook of this year: keep one"
TOO_EARLY = "the workbook looks as if it was made before 31 March: make one between 1 April and 30 September"
TOO_LATE = "the workbook looks as if it was made after 30 September, and leaves out who has ceased since 31 March"
UNDATED = "no date tells when the workbook was made"

_SUBJECT = "the tables filled from Annex A"

NEED, PLANS, LOOKED_AFTER, CARE_LEAVERS = 6, 7, 8, 9
"""The lists that tables are filled from."""

IN_PLACE_OF = {NEED: "cin_census", PLANS: "cin_census", LOOKED_AFTER: "ssda903", CARE_LEAVERS: "ssda903.oc3"}
"""The return that a list stands in for, where that of the year is not there."""

_CHARACTERISTICS = (
    "child_id VARCHAR, sex VARCHAR, date_of_birth DATE, age INTEGER, age_band VARCHAR, ethnicity_major VARCHAR"
)
_AFTER_EARLIER = (
    "coalesce(b.last, 0) + row_number() OVER (PARTITION BY a.child_id ORDER BY a.start_date) "
    "FROM annex_a_row AS a LEFT JOIN (SELECT child_id, max(event) AS last FROM {table} GROUP BY child_id) AS b "
    "ON b.child_id = a.child_id"
)


@dataclass(frozen=True)
class _Table:
    """How a list fills a table: the key of its rows, of which the last counts; the columns that are kept; the SQL."""

    child_table: str
    key: tuple[str, ...]
    columns: str
    statements: tuple[str, ...]


_TABLES: dict[int, _Table] = {
    NEED: _Table(
        "census_child",
        ("child_id", "start_date"),
        "child_id VARCHAR, start_date DATE, end_date DATE, end_reason VARCHAR",
        (
            "DELETE FROM referral WHERE (child_id, referral_date) IN (SELECT child_id, start_date FROM annex_a_row)",
            "INSERT INTO referral (child_id, return_year, referral_date, closure_date, closure_reason, event) "
            "SELECT a.child_id, {year}, a.start_date, a.end_date, a.end_reason, "
            + _AFTER_EARLIER.format(table="referral"),
        ),
    ),
    PLANS: _Table(
        "census_child",
        ("child_id", "start_date"),
        "child_id VARCHAR, start_date DATE, end_date DATE, previous_plans INTEGER",
        (
            "DELETE FROM child_protection_plan"
            " WHERE (child_id, start_date) IN (SELECT child_id, start_date FROM annex_a_row)",
            "INSERT INTO child_protection_plan (child_id, return_year, start_date, end_date, previous_plans, event) "
            "SELECT a.child_id, {year}, a.start_date, a.end_date, a.previous_plans, "
            + _AFTER_EARLIER.format(table="child_protection_plan"),
        ),
    ),
    LOOKED_AFTER: _Table(
        "looked_after_child",
        ("child_id", "start_date"),
        "child_id VARCHAR, start_date DATE, legal_status VARCHAR, place VARCHAR, end_date DATE, end_reason VARCHAR",
        (
            "INSERT INTO episode"
            " (child_id, start_date, start_reason, legal_status, place, end_date, end_reason, event) "
            "SELECT child_id, start_date, 'S', legal_status, place, end_date, end_reason,"
            " row_number() OVER (PARTITION BY child_id ORDER BY start_date) FROM annex_a_row",
        ),
    ),
    CARE_LEAVERS: _Table(
        "looked_after_child",
        ("child_id",),
        "child_id VARCHAR, in_touch VARCHAR, activity VARCHAR, accommodation VARCHAR",
        (
            "INSERT INTO care_leaver (child_id, in_touch, activity, accommodation) "
            "SELECT child_id, in_touch, activity, accommodation FROM annex_a_row",
        ),
    ),
}


def read_annex_a(
    engine: DuckDbEngine, files: Sequence[ReturnFile], year: int, report: ReportBuilder, lists_wanted: frozenset[int]
) -> None:
    """Fills referral, child_protection_plan, episode and care_leaver, and their children, from the lists wanted.

    `files` are the lists that the inventory found; `lists_wanted` are the numbers of those for which no return of
    `year` is there: it would always go before. No workbook is opened for other lists. Children who already have their
    characteristics from a return keep those. Raises ReturnsNotReady when the engine fails.
    """
    lists = {file: _number(file) for file in files if file.year == year}
    wanted = {file: number for file, number in lists.items() if number in lists_wanted}
    often = Counter(lists.values())
    children: dict[str, dict[str, Row]] = {}
    for path in sorted({file.path for file in wanted}):
        members = {file: number for file, number in wanted.items() if file.path == path}
        try:
            sheets = read_sheets(path)
        except UnusableWorkbook as fault:
            for file in members:
                report.file_fault(file.name, str(fault))
            continue
        doubt = _doubt_of_time(sheets, year)
        for file, number in sorted(members.items(), key=lambda item: item[1]):
            found = [sheet for sheet in sheets if sheet.number == number]
            if often[number] > 1 or len(found) > 1:
                report.file_fault(file.name, MORE_THAN_ONE)
            elif found:
                if doubt is not None:
                    report.file_doubt(file.name, doubt)
                rows = _read_rows(found[0], file, report)
                _fill(engine, number, rows, year)
                for row in rows:
                    children.setdefault(_TABLES[number].child_table, {})[row["child_id"]] = row
    for table, rows_by_child in children.items():
        _add_children(engine, table, rows_by_child.values(), year)


def _number(file: ReturnFile) -> int:
    return int(file.kind.removeprefix(ANNEX_A))


def _doubt_of_time(sheets: Iterable[Sheet], year: int) -> str | None:
    """What to say of a workbook that looks as if it was made before 31 March or more than six months after.

    It was made about the latest day that its rows tell of as past. A date may be mistyped, so it is the day that three
    children reach, or one in a hundred where that is more.
    """
    latest: dict[str, date] = {}
    rows = 0
    for sheet in sheets:
        columns = {column.name: column for column in LISTS[sheet.number]}
        for _, row in sheet.rows:
            rows += 1
            for name, value in row.items():
                if columns[name].happened and (day := _quietly(columns[name].read, value)) is not None:
                    child = text_of(row["child_id"]) or ""
                    latest[child] = max(day, latest.get(child, day))
    if not rows:
        return None
    if not latest:
        return UNDATED
    days = sorted(latest.values(), reverse=True)
    made = days[min(len(days), max(3, len(days) // 100)) - 1]
    if made < date(year, 3, 31):
        return TOO_EARLY
    return TOO_LATE if made > date(year, 9, 30) else None


def _quietly(read: Callable[[Any], Any], value: Any) -> Any:
    try:
        return read(value)
    except NotRead:
        return None


def _read_rows(sheet: Sheet, file: ReturnFile, report: ReportBuilder) -> list[Row]:
    """The rows of a list with their values read, the last of each key, with its last place in the sheet."""
    kept: dict[tuple[Any, ...], tuple[int, Row]] = {}
    for number, row in sheet.rows:
        values = _read_row(sheet.number, number, row, file, report)
        if values is None:
            continue
        key = tuple(values[name] for name in _TABLES[sheet.number].key)
        if key in kept:
            report.row_fault(file.name, kept[key][0], WHOLE_ROW, REPEATED)
        kept[key] = (number, values)
    report.rows_read(file.name, len(sheet.rows))
    return [values for _, values in kept.values()]


def _read_row(number: int, line: int, row: Row, file: ReturnFile, report: ReportBuilder) -> Row | None:
    values: Row = {}
    usable = True
    for column in LISTS[number]:
        values[column.name] = None
        try:
            values[column.name] = column.read(row.get(column.name))
        except NotRead as fault:
            report.row_fault(file.name, line, column.headings[0], str(fault))
            usable &= not column.essential
            continue
        if column.essential and values[column.name] is None:
            report.row_fault(file.name, line, column.headings[0], NO_CHILD if column.name == "child_id" else BLANK)
            usable = False
    if number == NEED and "closed" in (values["status"] or "").lower() and values["end_date"] is None:
        report.row_fault(file.name, line, "cin closure date", NO_DATE_CLOSED)
        usable = False
    return values if usable else None


def _fill(engine: DuckDbEngine, number: int, rows: Sequence[Row], year: int) -> None:
    table = _TABLES[number]
    known = _care_leavers(rows) if number == CARE_LEAVERS else _as_on_31_march(rows, date(year, 3, 31))
    with_columns = [pair.split() for pair in table.columns.split(",")]
    _stage(engine, table.columns, [[row[name] for name, _ in with_columns] for row in known])
    for statement in table.statements:
        engine.run(statement.format(year=year), _SUBJECT)
    engine.run("DROP TABLE annex_a_row", _SUBJECT)


def _as_on_31_march(rows: Iterable[Row], last_day: date) -> list[Row]:
    """What had begun by then, and still open where it ended later."""
    begun = [dict(row) for row in rows if row["start_date"] <= last_day]
    for row in begun:
        if row["end_date"] is None or row["end_date"] > last_day:
            row["end_date"] = row["end_reason"] = None
        if row.get("place") == "H5":
            row["place"] = "K3"
    return begun


def _care_leavers(rows: Iterable[Row]) -> list[Row]:
    """Relevant and former relevant young people, with the codes of OC3: accommodation and its suitability in one, and 0
    for what is not known."""
    return [
        row
        | {
            "activity": row["activity"] or "0",
            "accommodation": f"{row['accommodation'] or ''}{row['suitability'] or ''}" or "0",
        }
        for row in rows
        if row["eligibility"] == "RELEVANT"
    ]


def _add_children(engine: DuckDbEngine, table: str, rows: Iterable[Row], year: int) -> None:
    last_day = date(year, 3, 31)
    children = []
    for row in rows:
        born = row["date_of_birth"]
        age = age_at(born, last_day)
        children.append(
            [row["child_id"], sex_level(row["sex"]), born, age, age_band(age), ethnicity_level(row["ethnicity"] or "")]
        )
    _stage(engine, _CHARACTERISTICS, children)
    engine.run(
        f"INSERT INTO {table} SELECT * FROM annex_a_row WHERE child_id NOT IN (SELECT child_id FROM {table});"
        "DROP TABLE annex_a_row",
        _SUBJECT,
    )


def _stage(engine: DuckDbEngine, columns: str, rows: Sequence[Sequence[Any]]) -> None:
    """Makes the table `annex_a_row` of these rows. As one text that the engine splits: a value holds no such character,
    since none can stand in an XML document."""
    lines = "\x1e".join("\x1f".join("" if value is None else str(value) for value in row) for row in rows)
    selected = ", ".join(
        f"CAST(nullif(f[{place}], '') AS {sql_type}) AS {name}"
        for place, (name, sql_type) in enumerate((pair.split() for pair in columns.split(",")), start=1)
    )
    engine.rows(
        f"CREATE OR REPLACE TEMP TABLE annex_a_row AS SELECT {selected} FROM"
        " (SELECT string_split(line, chr(31)) AS f FROM (SELECT unnest(string_split($1, chr(30))) AS line)"
        " WHERE line <> '')",
        _SUBJECT,
        [lines],
    )
