"""What a council's returns hold, what of them could not be used, and which indicators they support.

For the council's own screen and files: nothing of it ever leaves (privacy reference 12). Screens, pages and JSON hold
counts; where a row stands, and which child a finding concerns, is written only to the file that `--rows` names.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from frameworks.availability import file_needed, indicator_needs, missing_files
from frameworks.display.needs import file_title
from frameworks.model import Framework, Source
from node.data import council_ons_code
from node.engines.duckdb_engine import DuckDbEngine
from node.errors import StorageFailed, UsageProblem
from node.identity import write_private
from node.quality import Finding, Rule, concerned, find, load_rules
from node.sources.inventory import COMES_WITH, NOT_MEASURED, Inventory, take_inventory
from node.sources.reading import read_returns
from node.sources.report import ReadReport


@dataclass(frozen=True)
class RowFinding:
    """How many rows or values of a file were not used for one reason. `column` is "" for whole rows."""

    file: str
    column: str
    reason: str
    count: int


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
    """The whole check of the returns up to `inventory.year` against one framework.

    `supports` says of each file which of the indicators that can be measured draw on it.
    """

    framework: str
    inventory: Inventory
    reading: ReadReport
    findings: tuple[Finding, ...]
    indicators: tuple[IndicatorCheck, ...]
    supports: Mapping[str, tuple[str, ...]]

    @property
    def row_findings(self) -> tuple[RowFinding, ...]:
        """The rows and values not used, by file, column and reason, most first."""
        places = Counter((fault.file, fault.column, fault.reason) for fault in self.reading.faults)
        return tuple(RowFinding(*place, count) for place, count in places.most_common())

    @property
    def able(self) -> int:
        """How many indicators can be measured."""
        return sum(check.available for check in self.indicators)

    @property
    def within_reach(self) -> dict[tuple[str, ...], tuple[str, ...]]:
        """For every source that is not there: its missing files, and the indicators that need nothing else.

        Files of one source and year that some indicator needs together, as those of a survey, come together.
        """
        alone = [check for check in self.indicators if len({_source_and_year(file) for file in check.missing}) == 1]
        together: dict[tuple[str, str], set[str]] = {}
        for check in alone:
            if len(check.missing) > 1:
                together.setdefault(_source_and_year(check.missing[0]), set()).update(check.missing)
        reach: dict[tuple[str, ...], list[str]] = {}
        for check in alone:
            files = together.get(_source_and_year(check.missing[0]), check.missing)
            reach.setdefault(tuple(sorted(files)), []).append(check.id)
        return {files: tuple(names) for files, names in sorted(reach.items(), key=lambda item: -len(item[1]))}

    @property
    def out_of_reach(self) -> dict[tuple[str, ...], tuple[str, ...]]:
        """The indicators that miss several sources, by the files they miss."""
        near = {name for names in self.within_reach.values() for name in names}
        names: dict[tuple[str, ...], list[str]] = {}
        for check in self.indicators:
            if check.missing and check.id not in near:
                names.setdefault(check.missing, []).append(check.id)
        return {files: tuple(found) for files, found in names.items()}

    def as_json(self) -> dict[str, Any]:
        """The report as `check --format json` prints it: counts only."""
        return {
            "framework": self.framework,
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
            "file_doubts": [asdict(doubt) for doubt in self.reading.file_doubts],
            "row_findings": [asdict(finding) for finding in self.row_findings],
            "quality_findings": [finding.as_json() for finding in self.findings],
            "schema_departures": len(self.reading.schema_report),
            "available": sorted(self.reading.available),
            "supports": {file: list(names) for file, names in self.supports.items()},
            "indicators": {
                check.id: {"available": check.available, "missing": list(check.missing)} for check in self.indicators
            },
            "within_reach": [
                {"files": list(files), "indicators": list(names)} for files, names in self.within_reach.items()
            ],
        }


def _source_and_year(file: str) -> tuple[str, str]:
    kind, _, year = file.partition("@")
    return kind.partition(".")[0], year


def files_in_words(files: tuple[str, ...]) -> str:
    """Files in words: "Attendance of 2025"; "Feedback: answers of 2025, Feedback: invitations of 2025"."""
    return ", ".join(f"{file_title(file.partition('@')[0])} of {file.partition('@')[2]}" for file in files)


def check_returns(
    folder: Path,
    framework: Framework,
    *,
    year: int | None,
    rows_path: Path | None,
    council_code: str | None = None,
) -> CheckReport:
    """Reads the returns up to `year` (None: the latest found) as `measure` does, and says what came of it.

    With `rows_path` it also writes, to a file that only its owner may read, where each row stands that could not be
    used, and the ids of the children that each finding concerns. Raises NodeError for a folder that cannot be read.
    """
    inventory = take_inventory(folder, year)
    with DuckDbEngine.create(inventory.year) as engine:
        engines = dict.fromkeys(Source, engine)
        own = None if council_code is None else council_ons_code(council_code)
        reading = read_returns(engine, inventory, inventory.year, validate=True, council_ons_code=own)
        rules = load_rules()
        findings = find(engines, rules, inventory.year, reading.available)
        if rows_path is not None:
            found = {finding.rule for finding in findings}
            ids = {rule: concerned(engines, rule) for rule in rules if rule.id in found}
            _write_rows(rows_path, reading, ids)
    indicators = tuple(
        IndicatorCheck(
            one.id, one.title, _to_look_for(missing_files(framework, one.id, inventory.year, reading.available))
        )
        for one in framework.indicators
    )
    return CheckReport(
        framework.id, inventory, reading, findings, indicators, _supports(framework, indicators, inventory.year)
    )


def _to_look_for(missing: tuple[str, ...]) -> tuple[str, ...]:
    """The missing files without what comes with another of them."""
    come = {
        f"{with_it}@{file.partition('@')[2]}" for file in missing if (with_it := COMES_WITH.get(file.partition("@")[0]))
    }
    return tuple(file for file in missing if file not in come)


def _supports(framework: Framework, indicators: tuple[IndicatorCheck, ...], year: int) -> dict[str, tuple[str, ...]]:
    drawn: dict[str, list[str]] = {}
    for check in indicators:
        if check.available:
            for need in indicator_needs(framework, check.id):
                drawn.setdefault(file_needed(need, year), []).append(check.id)
    return {file: tuple(names) for file, names in sorted(drawn.items())}


def _write_rows(path: Path, reading: ReadReport, concerned_by: Mapping[Rule, tuple[str, ...]]) -> None:
    """Writes file, row, column, reason and, for findings, the child or family; never another value of a record."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("file", "row", "column", "reason", "id"))
    writer.writerows((fault.file, "", "", fault.problem, "") for fault in reading.file_faults)
    writer.writerows((doubt.file, "", "", doubt.problem, "") for doubt in reading.file_doubts)
    writer.writerows((fault.file, fault.row, fault.column, fault.reason, "") for fault in reading.faults)
    for rule, ids in concerned_by.items():
        writer.writerows((rule.source.value, "", "", rule.title, one) for one in ids)
    write_local(path, text.getvalue())


def write_local(path: Path, text: str) -> None:
    """Writes a file for the person who named it, and nobody else. Raises UsageProblem where that cannot be."""
    problem = UsageProblem(f"{path} cannot be written.", "Name a file in a folder you may write to.")
    if not path.parent.is_dir():
        raise problem
    try:
        write_private(path, text.encode())
    except StorageFailed as error:
        raise problem from error
