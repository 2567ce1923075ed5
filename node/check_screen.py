"""The check as a terminal shows it: found, read, look at, can do. Counts only."""

from __future__ import annotations

from collections import Counter

from rich.console import Console
from rich.markup import escape

from node.check import CheckReport, files_in_words
from node.sources.inventory import CENSUS, HEADER

_SOURCE_TITLES = {
    "ssda903": "SSDA903",
    "cin_census": "CIN census",
    "education": "education",
    "feedback": "feedback",
    "families": "families",
    "annex_a": "Annex A",
    "postcodes": "postcodes",
}
_NAMED_WHERE_MISSING = ("ssda903", "cin_census", "education", "feedback")
_SHOWN = 12


def show_check(console: Console, report: CheckReport) -> None:
    """Four headings, and what would bring more indicators within reach."""
    console.print(f"[bold]Found[/bold]    {_found(report)}", soft_wrap=True)
    console.print(f"[bold]Read[/bold]     {_read(report)}", soft_wrap=True)
    for number, line in enumerate(_look_at(report) or ["nothing"]):
        console.print(f"{'         ' if number else '[bold]Look at[/bold]  '}{escape(line)}", soft_wrap=True)
    console.print(f"[bold]Can do[/bold]   {report.able} of {len(report.indicators)} indicators", soft_wrap=True)
    for files, names in report.within_reach.items():
        console.print(f"         with {escape(files_in_words(files))}: +{len(names)}", soft_wrap=True)
    console.print(
        "         each indicator and finding in full: --html FILE, --format json; where each row stands: --rows FILE",
        soft_wrap=True,
    )


def _found(report: CheckReport) -> str:
    counts = Counter((file.kind.partition(".")[0], file.year) for file in report.inventory.files)
    parts = [" ".join(str(year) for year in report.inventory.years) or "no return"]
    missing = []
    for source, title in _SOURCE_TITLES.items():
        most = max((count for (found, _), count in counts.items() if found == source), default=0)
        if most:
            parts.append(title if most == 1 else f"{title} ({most} files a year)")
        elif source in _NAMED_WHERE_MISSING:
            missing.append(f"no {title}")
    return "     ".join([*parts, *([", ".join(missing)] if missing else [])])


def _read(report: CheckReport) -> str:
    rows: Counter[str] = Counter()
    for file in report.inventory.files:
        if file.year == report.inventory.year:
            rows[file.kind] += report.reading.rows_read.get(file.name, 0)
    other = Counter(file.encoding.upper() for file in report.inventory.files if file.encoding != "utf-8")
    encodings = "".join(f"     {count} files in {name}, read all the same" for name, count in other.items())
    return f"{rows[HEADER]:,} looked after     {rows[CENSUS]:,} in the census{encodings}"


def _look_at(report: CheckReport) -> list[str]:
    lines = [f"{fault.file} is not used: {fault.problem}" for fault in report.reading.file_faults]
    lines += [f"{file.name} is not used: {file.reason}" for file in report.inventory.ignored]
    lines += [f"{doubt.file} is used, but {doubt.problem}" for doubt in report.reading.file_doubts]
    findings = report.row_findings
    if findings:
        lines.append(f"{len(report.reading.faults):,} rows or values not used:")
        lines += [f"  {f.count:>6,}  {f.file}  {f.column or 'whole row'}: {f.reason}" for f in findings[:_SHOWN]]
        if len(findings) > _SHOWN:
            lines.append(f"          and {len(findings) - _SHOWN} more kinds")
    if report.findings:
        lines.append("used, and worth a look:")
        lines += [f"  {finding.count:>6,}  {finding.title}" for finding in report.findings]
    if report.reading.schema_report:
        lines.append(f"{len(report.reading.schema_report):,} departures from the census schema; read all the same")
    return lines
