"""What reading the returns found: rows read, rows and files that could not be used. For the council's own screen only.

A fault names a file, a row and a column, with a reason from the source's closed list: never a value from a record.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class RowFault:
    """A value or row that was not used. `row` is the line of the file (from 1)."""

    file: str
    row: int
    column: str
    reason: str


@dataclass(frozen=True)
class FileFault:
    """A file of which nothing is used."""

    file: str
    problem: str


@dataclass(frozen=True)
class FileDoubt:
    """A file that is used, although its records as a whole look wrong."""

    file: str
    problem: str


@dataclass(frozen=True)
class SchemaFault:
    """A place where a file departs from its published schema; the file is used all the same."""

    file: str
    line: int
    problem: str


@dataclass(frozen=True)
class ReadReport:
    """The whole report. `available` names the files readable as a whole, such as `cin_census@2025`."""

    available: frozenset[str]
    rows_read: dict[str, int]
    faults: tuple[RowFault, ...]
    file_faults: tuple[FileFault, ...]
    file_doubts: tuple[FileDoubt, ...]
    schema_report: tuple[SchemaFault, ...]


@dataclass
class ReportBuilder:
    """Collects a report while the sources read."""

    _rows_read: dict[str, int] = field(default_factory=dict)
    _faults: list[RowFault] = field(default_factory=list)
    _file_faults: list[FileFault] = field(default_factory=list)
    _file_doubts: list[FileDoubt] = field(default_factory=list)
    _schema_faults: list[SchemaFault] = field(default_factory=list)

    def row_fault(self, file: str, row: int, column: str, reason: str) -> None:
        """Notes a value or row that is not used."""
        self._faults.append(RowFault(file, row, column, reason))

    def file_fault(self, file: str, problem: str) -> None:
        """Notes a file of which nothing is used."""
        self._file_faults.append(FileFault(file, problem))

    def file_doubt(self, file: str, problem: str) -> None:
        """Notes a file that is used and looks wrong."""
        self._file_doubts.append(FileDoubt(file, problem))

    def rows_read(self, file: str, count: int) -> None:
        """Adds to the rows read of a file."""
        self._rows_read[file] = self._rows_read.get(file, 0) + count

    def schema_fault(self, file: str, line: int, problem: str) -> None:
        """Notes a departure from the published schema."""
        self._schema_faults.append(SchemaFault(file, line, problem))

    def build(self, available: frozenset[str]) -> ReadReport:
        """The report as it stands."""
        return ReadReport(
            available,
            dict(self._rows_read),
            tuple(self._faults),
            tuple(self._file_faults),
            tuple(self._file_doubts),
            tuple(self._schema_faults),
        )
