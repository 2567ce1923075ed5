"""The check as a page that a council starts from: one file, local, accessible, without a child's row in it."""

from __future__ import annotations

from frameworks.display.needs import file_title
from frameworks.model import Framework
from node.check import CheckReport, files_in_words
from node.local_page import local_page
from node.sources.inventory import NOT_MEASURED


def check_page(report: CheckReport, framework: Framework) -> str:
    """The page's HTML. It links to nothing, loads nothing and runs nothing."""
    questions = {question.id: question.title for question in framework.questions}
    able = {check.id for check in report.indicators if check.available}
    files = report.inventory.files
    kinds = [
        {
            "title": file_title(kind),
            "rows": [_rows(report, kind, year) for year in report.inventory.years],
            "supports": len({name for f in files if f.kind == kind for name in report.supports.get(f.need, ())})
            if kind not in NOT_MEASURED
            else None,
        }
        for kind in dict.fromkeys(file.kind for file in files)
    ]
    return local_page(
        "check.html.jinja",
        report=report,
        framework=framework,
        kinds=kinds,
        unused=[(fault.file, fault.problem) for fault in report.reading.file_faults]
        + [(file.name, file.reason) for file in report.inventory.ignored],
        able=[
            (title, [one.title for one in framework.indicators if one.question == key and one.id in able])
            for key, title in questions.items()
        ],
        reach=[(files_in_words(files), _titles(framework, names)) for files, names in report.within_reach.items()],
        beyond=[(files_in_words(files), _titles(framework, names)) for files, names in report.out_of_reach.items()],
        wanted=[(one.title, one.missing) for one in framework.wanted],
    )


def _rows(report: CheckReport, kind: str, year: int) -> str:
    """How many rows of a kind were read in a year; "not read" for a file that no indicator of the year needs."""
    names = [file.name for file in report.inventory.files if (file.kind, file.year) == (kind, year)]
    read = [report.reading.rows_read[name] for name in names if name in report.reading.rows_read]
    if not names:
        return "–"
    return f"{sum(read):,}" if read else "not read"


def _titles(framework: Framework, names: tuple[str, ...]) -> list[str]:
    return [framework.indicator(name).title for name in names]
