"""CSV files of one kind to typed rows in the engine. Every row or value that cannot be used is reported by its line.

The text is split into lines here and into fields and values by the engine, which takes it as one parameter: nothing
is written to a disk, and no parser of the engine meets a damaged file. A field of these files holds no line break, so
a quote that is not closed spoils its own line only.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from node.engines.duckdb_engine import DuckDbEngine
from node.sources.csv_columns import Column, Value
from node.sources.inventory import ReturnFile, first_line, header_columns
from node.sources.report import ReportBuilder
from node.sources.text import lines_of
from node.sources.upn import UNKNOWN_UPN, upn_sql

_FIELD_SEPARATOR = "\x1f"
_UNREADABLE = re.compile("[\x00\x1f\ufffd]")
_EARLIEST = date(1900, 1, 1)
_LATEST = date(2100, 12, 31)

NO_CHILD = "no child id"
BLANK = "blank"
NOT_A_DATE = "not a date dd/mm/yyyy"
AFTER_YEAR_END = "date after 31 March"
NOT_A_CODE = "code not in the list"
NOT_A_FLAG = "neither 0 nor 1"
NOT_A_WHOLE_NUMBER = "not a whole number from {low} to {high}"
NOT_A_NUMBER = "not a number from {low} to {high}"
NOT_A_UPN = "not a unique pupil number"
TOO_MANY = "more fields than columns"
CUT_OFF = "the file ends within the row"
UNBALANCED = "quotes are not balanced"
NOT_TEXT = "characters that are no text"
REPEATED = "repeated: the last one counts"
"""The closed list of what can be wrong with a row or value. A code that is not in the list stays as it is: the rules
name the codes they mean, and any other is any other. Another value at fault is taken as blank, and a row without an
essential value is not used."""

WHOLE_ROW = ""
"""The column named in a fault of a whole row."""

_SUBJECT = "the CSV files of the returns"


class UnusableFile(Exception):
    """A file of which nothing can be used, whatever its records. The text names a column at most, never a value."""


@dataclass(frozen=True)
class _Text:
    delimiter: str
    columns: tuple[str, ...]
    lines: list[str]


def _read_text(file: ReturnFile) -> _Text:
    try:
        lines = lines_of(file.path.read_bytes())
    except OSError:
        raise UnusableFile("the file cannot be opened") from None
    first = first_line(lines)
    delimiter, columns = header_columns(lines[first].strip("\ufeff"))
    lines[: first + 1] = [""] * (first + 1)
    return _Text(delimiter, columns, lines)


def _positions(read: Sequence[Column], names: Sequence[str]) -> dict[str, int]:
    """Where each column that is read stands, from 1. Raises UnusableFile for one that is missing or stands twice."""
    positions: dict[str, int] = {}
    for column in read:
        found = [place for place, name in enumerate(names, start=1) if name == column.name]
        if len(found) > 1:
            raise UnusableFile(f"the column {column.name} stands more than once")
        if not found and not column.optional:
            raise UnusableFile(f"there is no column {column.name}")
        if found:
            positions[column.name] = found[0]
    return positions


def _separated(text: _Text, file: ReturnFile, report: ReportBuilder) -> list[str]:
    """The lines with their fields parted by `_FIELD_SEPARATOR`; a line that cannot be used becomes blank."""
    separated = []
    for number, line in enumerate(text.lines, start=1):
        fields = ""
        if _UNREADABLE.search(line):
            report.row_fault(file.name, number, WHOLE_ROW, NOT_TEXT)
        elif '"' not in line:
            fields = line.replace(text.delimiter, _FIELD_SEPARATOR)
        else:
            try:
                fields = _FIELD_SEPARATOR.join(next(csv.reader((line,), delimiter=text.delimiter, strict=True)))
            except (csv.Error, StopIteration):
                report.row_fault(file.name, number, WHOLE_ROW, UNBALANCED)
        separated.append(fields)
    _drop_cut_off_row(separated, len(text.columns), file, report)
    return separated


def _drop_cut_off_row(separated: list[str], columns: int, file: ReturnFile, report: ReportBuilder) -> None:
    """A short last row without a line end is the mark of a file that was cut off; other short rows are exports that
    leave out trailing blanks."""
    last = separated[-1]
    if last.strip() and last.count(_FIELD_SEPARATOR) + 1 < columns:
        report.row_fault(file.name, len(separated), WHOLE_ROW, CUT_OFF)
        separated[-1] = ""


def _date_sql(text: str) -> str:
    """A date of the form dd/mm/yyyy or yyyy-mm-dd, a time of day after it ignored."""
    parsed = f"CAST(try_strptime(split_part({text}, ' ', 1), ['%d/%m/%Y', '%Y-%m-%d']) AS DATE)"
    return f"CASE WHEN {parsed} BETWEEN DATE '{_EARLIEST}' AND DATE '{_LATEST}' THEN {parsed} END"


def _listed(codes: Iterable[str]) -> str:
    return ", ".join(f"'{code}'" for code in sorted(codes))


@dataclass(frozen=True)
class _Shape:
    """How a column becomes SQL over the table `fields(line, f)`, at `place` of `f` (0 where the file lacks it)."""

    column: Column
    place: int
    year_end: date

    @property
    def text(self) -> str:
        """The name of the text as it stands: trimmed, in capitals, blank as null."""
        return f"{self.column.name.lower()}_text"

    @property
    def name(self) -> str:
        """The name of the value."""
        return self.column.name.lower()

    def select(self) -> str:
        """The text, for a date also the date whatever the year, and the value."""
        text = f"nullif(upper(trim(f[{self.place}])), '')" if self.place else "CAST(NULL AS VARCHAR)"
        value = self.text
        dated = ""
        if self.column.value is Value.DATE:
            dated, value = f", {_date_sql(self.text)} AS {self.name}_date", f"{self.name}_date"
            if self.column.by_year_end:
                value = f"CASE WHEN {value} <= DATE '{self.year_end}' THEN {value} END"
        elif self.column.value is Value.FLAG:
            value = f"CASE {self.text} WHEN '1' THEN true WHEN '0' THEN false END"
        elif self.column.value is Value.WHOLE:
            value = self._bounded(f"regexp_full_match({self.text}, '-?[0-9]{{1,9}}')")
        elif self.column.value is Value.SCALED:
            value = self._bounded(f"regexp_full_match({self.text}, '-?[0-9]{{1,6}}([.][0-9]{{1,6}})?')")
        elif self.column.value is Value.UPN:
            value = upn_sql(self.text)
        return f"{text} AS {self.text}{dated}, {value} AS {self.name}"

    def _bounded(self, is_number: str) -> str:
        number = f"TRY_CAST({self.text} AS DECIMAL(18, 6))"
        within = f"{is_number} AND {number} BETWEEN {self.column.low} AND {self.column.high}"
        return f"CASE WHEN {within} THEN CAST(round({number} * {self.column.parts}) AS INTEGER) END"

    def faults(self) -> list[tuple[str, str]]:
        """Conditions over what `select` yields that say what is wrong, each with its reason."""
        refused = f"{self.text} IS NOT NULL AND {self.name} IS NULL"
        faults: list[tuple[str, str]] = []
        if self.column.essential:
            faults.append((f"{self.text} IS NULL", NO_CHILD if self.column.name == "CHILD" else BLANK))
        if self.column.value is Value.DATE:
            faults.append((f"{refused} AND {self.name}_date IS NULL", NOT_A_DATE))
            if self.column.by_year_end:
                faults.append((f"{self.name}_date > DATE '{self.year_end}'", AFTER_YEAR_END))
        elif self.column.value is Value.FLAG:
            faults.append((refused, NOT_A_FLAG))
        elif self.column.value in (Value.WHOLE, Value.SCALED):
            reason = NOT_A_WHOLE_NUMBER if self.column.value is Value.WHOLE else NOT_A_NUMBER
            faults.append((refused, reason.format(low=self.column.low, high=self.column.high)))
        elif self.column.value is Value.UPN:
            faults.append((f"{refused} AND {self.text} NOT IN ({_listed(UNKNOWN_UPN)})", NOT_A_UPN))
        elif self.column.value is Value.CODE:
            faults.append((f"{self.text} NOT IN ({_listed(self.column.codes)})", NOT_A_CODE))
        return faults


FileCheck = Callable[[DuckDbEngine, ReturnFile], str | None]
"""Looks at `typed_line` (the columns as read, `<column>_date` a date whatever the year) and says what looks wrong with
the file as a whole, if anything. Records never decide that a file is not used: it is used all the same."""


def stage(
    engine: DuckDbEngine,
    files: Sequence[ReturnFile],
    columns: Sequence[Column],
    report: ReportBuilder,
    check: FileCheck | None = None,
) -> str | None:
    """Reads the files of one kind and year, in the order given, into a temp table, and returns its name.

    The table holds `file` (0, 1, ...), `line` and `columns` in lower case: text in capitals, dates, booleans and whole
    numbers, null where there is no value. None when no file can be used.
    """
    name = f"staged_{files[0].kind.partition('.')[2]}"
    staged = False
    for number, file in enumerate(files):
        try:
            shapes = _load(engine, file, columns, report)
        except UnusableFile as fault:
            report.file_fault(file.name, str(fault))
            continue
        doubt = check(engine, file) if check is not None else None
        if doubt is not None:
            report.file_doubt(file.name, doubt)
        _report_faults(engine, shapes, file, report)
        selected = ", ".join(shape.name for shape in shapes)
        usable = " AND ".join(f"{shape.name} IS NOT NULL" for shape in shapes if shape.column.essential) or "true"
        rows = f"SELECT {number} AS file, line, {selected} FROM typed_line WHERE {usable}"
        engine.run(
            f"INSERT INTO {name} {rows}" if staged else f"CREATE OR REPLACE TEMP TABLE {name} AS {rows}", _SUBJECT
        )
        staged = True
    engine.run("DROP TABLE IF EXISTS split_line; DROP TABLE IF EXISTS typed_line", _SUBJECT)
    return name if staged else None


def _load(engine: DuckDbEngine, file: ReturnFile, columns: Sequence[Column], report: ReportBuilder) -> list[_Shape]:
    """Fills `typed_line` from one file. Raises UnusableFile."""
    text = _read_text(file)
    positions = _positions(columns, text.columns)
    year_end = date(file.year, 3, 31)
    shapes = [_Shape(column, positions.get(column.name, 0), year_end) for column in columns]
    engine.rows(
        "CREATE OR REPLACE TEMP TABLE split_line AS SELECT line, string_split(fields, chr(31)) AS f FROM ("
        "SELECT unnest(lines) AS fields, generate_subscripts(lines, 1) AS line "
        "FROM (SELECT string_split($1, chr(10)) AS lines)"
        ") WHERE trim(replace(fields, chr(31), '')) <> ''",
        _SUBJECT,
        ["\n".join(_separated(text, file, report))],
    )
    width = len(text.columns)
    overlong = f"len(f) > {width} AND array_to_string(f[{width + 1}:], '') <> ''"
    for (line,) in engine.rows(f"SELECT line FROM split_line WHERE {overlong} ORDER BY line", _SUBJECT):
        report.row_fault(file.name, line, WHOLE_ROW, TOO_MANY)
    selected = ", ".join(shape.select() for shape in shapes)
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE typed_line AS SELECT line, {selected} FROM split_line WHERE NOT ({overlong})",
        _SUBJECT,
    )
    return shapes


def _report_faults(engine: DuckDbEngine, shapes: Sequence[_Shape], file: ReturnFile, report: ReportBuilder) -> None:
    possible = [(shape.column.name, condition, reason) for shape in shapes for condition, reason in shape.faults()]
    counts = ", ".join(f"count(*) FILTER ({condition})" for _, condition, _ in possible)
    rows, *found = engine.rows(f"SELECT count(*), {counts} FROM typed_line", _SUBJECT)[0]
    report.rows_read(file.name, rows)
    for (column, condition, reason), count in zip(possible, found, strict=True):
        if count:
            for (line,) in engine.rows(f"SELECT line FROM typed_line WHERE {condition} ORDER BY line", _SUBJECT):
                report.row_fault(file.name, line, column, reason)


def keep_last(engine: DuckDbEngine, table: str, key: str, files: Sequence[ReturnFile], report: ReportBuilder) -> None:
    """Deletes every row of a staged table that a later one of the same key replaces, and reports it.

    One row per child in Header, OC2 and OC3, one per start in Episodes: the last one counts (indicators reference
    5.2); across files of one kind and year, the file whose name sorts last.
    """
    newest_first = f"row_number() OVER (PARTITION BY {key} ORDER BY file DESC, line DESC)"
    replaced = f"SELECT file, line FROM {table} QUALIFY {newest_first} > 1"
    for file, line in engine.rows(f"{replaced} ORDER BY file, line", _SUBJECT):
        report.row_fault(files[file].name, line, WHOLE_ROW, REPEATED)
    engine.run(f"DELETE FROM {table} WHERE (file, line) IN ({replaced})", _SUBJECT)


def drop_rows(
    engine: DuckDbEngine,
    table: str,
    condition: str,
    column: str,
    reason: str,
    files: Sequence[ReturnFile],
    report: ReportBuilder,
) -> None:
    """Deletes every row of a staged table that meets a condition, and reports it."""
    for file, line in engine.rows(f"SELECT file, line FROM {table} WHERE {condition} ORDER BY file, line", _SUBJECT):
        report.row_fault(files[file].name, line, column, reason)
    engine.run(f"DELETE FROM {table} WHERE {condition}", _SUBJECT)
