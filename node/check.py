"""What a council's returns hold, what of them could not be used, and which indicators they support.

For the council's own screen and files: nothing of it ever leaves (privacy reference 12).
"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from frameworks.availability import file_needed, indicator_needs
from frameworks.model import Framework, Source
from node.engines.duckdb_engine import DuckDbEngine
from node.errors import UsageProblem
from node.sources.inventory import CENSUS, HEADER, NOT_MEASURED, Inventory, take_inventory
from node.sources.reading import read_returns
from node.sources.report import ReadReport

_SOURCE_TITLES = {Source.SSDA903.value: "SSDA903", Source.CIN_CENSUS.value: "CIN census"}
_SHOWN = 12


@dataclass(frozen=True)
class IndicatorCheck:
    """Whether an indicator can be measured; if not, the files that are missing or cannot be read."""

    id: str
    title: str
    missing: tuple[str, ...]

    @property
    def available(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing


@dataclass(frozen=True)
class CheckReport:
    """The whole check of the returns up to `inventory.year` against one framework."""

    inventory: Inventory
    reading: ReadReport
    indicators: tuple[IndicatorCheck, ...]

    @property
    def unlocked_by(self) -> dict[str, int]:
        """For every file that is not there: how many indicators would need nothing else, most first."""
        alone = Counter(check.missing[0] for check in self.indicators if len(check.missing) == 1)
        return dict(alone.most_common())

    def as_json(self) -> dict[str, Any]:
        """The report as `check --format json` prints it, every row that could not be used included."""
        return {
            "year": self.inventory.year,
            "years": list(self.inventory.years),
            "files": [
                {
                    "file": file.name,
                    "year": file.year,
                    "kind": file.kind,
                    "encoding": file.encoding,
                    "measured": file.kind not in NOT_MEASURED,
                    "rows_read": self.reading.rows_read.get(file.name),
                }
                for file in self.inventory.files
            ],
            "ignored_files": [asdict(file) for file in self.inventory.ignored],
            "file_faults": [asdict(fault) for fault in self.reading.file_faults],
            "row_faults": [asdict(fault) for fault in self.reading.faults],
            "schema_faults": [asdict(fault) for fault in self.reading.schema_report],
            "available": sorted(self.reading.available),
            "indicators": {
                check.id: {"available": check.available, "missing": list(check.missing)} for check in self.indicators
            },
        }

    def write_rows(self, path: Path) -> None:
        """Writes where everything stands that could not be used, as CSV: file, row, column, reason; never a value.

        Raises UsageProblem when the file cannot be written.
        """
        try:
            with path.open("w", encoding="utf-8", newline="") as stream:
                writer = csv.writer(stream)
                writer.writerow(("file", "row", "column", "reason"))
                writer.writerows((fault.file, "", "", fault.problem) for fault in self.reading.file_faults)
                writer.writerows((fault.file, fault.row, fault.column, fault.reason) for fault in self.reading.faults)
        except OSError as error:
            raise UsageProblem(f"{path} cannot be written.", "Name a file in a folder you may write to.") from error

    def print_to(self, console: Console) -> None:
        """Found, Read, Look at, Can do; then what is not available and why."""
        console.print(f"[bold]Found[/bold]    {self._found()}", soft_wrap=True)
        console.print(f"[bold]Read[/bold]     {self._read()}", soft_wrap=True)
        for number, line in enumerate(self._look_at() or ["nothing"]):
            console.print(f"{'         ' if number else '[bold]Look at[/bold]  '}{escape(line)}", soft_wrap=True)
        able = sum(check.available for check in self.indicators)
        more = "".join(f"     with {_file_title(file)}: +{count}" for file, count in self.unlocked_by.items())
        console.print(f"[bold]Can do[/bold]   {able} of {len(self.indicators)} indicators{more}", soft_wrap=True)
        for missing, names in self._not_available().items():
            files = ", ".join(_file_title(file) for file in missing)
            console.print(f"         without {files}: not {', '.join(names)}", soft_wrap=True)

    def _not_available(self) -> dict[tuple[str, ...], list[str]]:
        """The ids of the indicators that cannot be measured, by the files they miss."""
        names: dict[tuple[str, ...], list[str]] = {}
        for check in self.indicators:
            if not check.available:
                names.setdefault(check.missing, []).append(check.id)
        return names

    def _found(self) -> str:
        counts = Counter((file.kind.partition(".")[0], file.year) for file in self.inventory.files)
        parts = [" ".join(str(year) for year in self.inventory.years) or "no return"]
        for source, title in _SOURCE_TITLES.items():
            most = max((count for (found, _), count in counts.items() if found == source), default=0)
            parts.append(f"no {title}" if not most else title if most == 1 else f"{title} ({most} files a year)")
        return "     ".join(parts)

    def _read(self) -> str:
        rows: Counter[str] = Counter()
        for file in self.inventory.files:
            if file.year == self.inventory.year:
                rows[file.kind] += self.reading.rows_read.get(file.name, 0)
        other = Counter(file.encoding.upper() for file in self.inventory.files if file.encoding != "utf-8")
        encodings = "".join(f"     {count} files in {name}, read all the same" for name, count in other.items())
        return f"{rows[HEADER]:,} looked after     {rows[CENSUS]:,} in the census{encodings}"

    def _look_at(self) -> list[str]:
        lines = [f"{fault.file} is not used: {fault.problem}" for fault in self.reading.file_faults]
        lines += [f"{file.name} is not used: {file.reason}" for file in self.inventory.ignored]
        if self.reading.faults:
            lines.append(
                f"{len(self.reading.faults):,} rows or values not used, each named by --rows and --format json:"
            )
            places = Counter((fault.file, fault.column, fault.reason) for fault in self.reading.faults)
            for (file, column, reason), count in places.most_common(_SHOWN):
                lines.append(f"  {count:>6,}  {file}  {column or 'whole row'}: {reason}")
            if len(places) > _SHOWN:
                lines.append(f"          and {len(places) - _SHOWN} more kinds")
        if self.reading.schema_report:
            lines.append(f"{len(self.reading.schema_report):,} departures from the census schema; read all the same")
        return lines


def _file_title(file: str) -> str:
    """`ssda903.oc2@2025` in words: SSDA903 OC2 of 2025."""
    kind, _, year = file.partition("@")
    source, _, part = kind.partition(".")
    title = _SOURCE_TITLES.get(source, source)
    return f"{title}{' ' + part.replace('_', ' ').upper() if part else ''} of {year}"


def check_returns(folder: Path, framework: Framework, *, year: int | None, rows_path: Path | None) -> CheckReport:
    """Reads the returns up to `year` (None: the latest found) as `measure` does, and says what came of it.

    With `rows_path` it also writes where each row stands that could not be used. Raises NodeError for a folder that
    cannot be read.
    """
    inventory = take_inventory(folder, year)
    with DuckDbEngine.create(inventory.year) as engine:
        reading = read_returns(engine, inventory, inventory.year, validate=True)
    indicators = tuple(
        IndicatorCheck(
            indicator.id,
            indicator.title,
            tuple(
                file
                for need in indicator_needs(framework, indicator.id)
                if (file := file_needed(need, inventory.year)) not in reading.available
            ),
        )
        for indicator in framework.indicators
    )
    report = CheckReport(inventory, reading, indicators)
    if rows_path is not None:
        report.write_rows(rows_path)
    return report
