"""`newlyn-coordinator framework`: what is measured, for whoever reads, compares or writes frameworks.

No store is opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from coordinator.command_line import format_option, reporting, said, show
from coordinator.errors import UsageProblem
from frameworks.availability import indicator_needs
from frameworks.catalogue import DATA, installed_frameworks, load_framework
from frameworks.crosswalk import CrosswalkRow, Difference, crosswalk, definition_digest, differences, members
from frameworks.display.needs import needs_in_words
from frameworks.errors import FrameworkError
from frameworks.model import Availability, DataType, Framework, Indicator, WantedIndicator

_SPINE = "outcomes-2019"


@click.group("framework")
def framework_commands() -> None:
    """Show, compare and cross-reference the outcomes frameworks.

    A framework is named by its id, or by the path of its file (of another version, say), beside whose `definitions`
    folder it stands.
    """


def all_frameworks() -> tuple[Framework, ...]:
    """The installed frameworks, the outcomes framework first."""
    names = sorted(installed_frameworks(), key=lambda name: (name != _SPINE, name))
    return tuple(_load(name) for name in names)


def _load(name: str) -> Framework:
    try:
        if name.endswith(".toml"):
            return load_framework(Path(name).stem, Path(name).resolve().parent)
        return load_framework(name, DATA)
    except FrameworkError as error:
        raise UsageProblem(error.problem, error.next_step) from error


def _needs(framework: Framework, one: Indicator | WantedIndicator) -> tuple[str, ...]:
    if isinstance(one, WantedIndicator):
        return (one.missing,)
    return needs_in_words(indicator_needs(framework, one.id))


def indicator_json(framework: Framework, one: Indicator | WantedIndicator) -> dict[str, Any]:
    """Everything a framework says of an indicator, as `framework show --format json` prints it."""
    described = one.model_dump(mode="json")
    if isinstance(one, Indicator):
        cohort = framework.cohort(one.cohort)
        described |= {
            "cohort": {"title": cohort.title, "unit": cohort.unit.value, "source": cohort.source.value},
            "councils_per_child": cohort.councils_per_child,
            "needs": list(indicator_needs(framework, one.id)),
            "definition_digest": definition_digest(framework, one.id),
        }
    return described | {"needs_in_words": list(_needs(framework, one))}


@framework_commands.command("list")
@format_option
@reporting
def list_command(output_format: str) -> None:
    """The frameworks that are installed.

    \b
    Example: newlyn-coordinator framework list --format json
    """
    frameworks = all_frameworks()
    value = [
        {
            "id": framework.id,
            "version": framework.version,
            "title": framework.title,
            "indicators": len(framework.indicators),
            "wanted": len(framework.wanted),
            "digest": framework.digest,
        }
        for framework in frameworks
    ]

    def text(console: Console) -> None:
        for framework in frameworks:
            console.print(
                f"[bold]{framework.id}[/bold] {framework.version}  {escape(framework.title)}\n"
                f"  {len(framework.indicators)} indicators, {len(framework.wanted)} more that need new data",
                soft_wrap=True,
            )

    show(output_format, value, text)


@framework_commands.command("show")
@click.argument("framework_id", default=_SPINE)
@click.option("--indicator", "indicator_id", help="All that is known about one indicator, its definition included.")
@click.option("--data-type", type=click.Choice([one.value for one in DataType]), help="Only this type of data.")
@click.option("--availability", type=click.Choice([one.value for one in Availability]), help="Only these.")
@format_option
@reporting
def show_command(
    framework_id: str, indicator_id: str | None, data_type: str | None, availability: str | None, output_format: str
) -> None:
    """A framework: its questions, and every indicator with its type of data and what it needs.

    \b
    Example: newlyn-coordinator framework show outcomes-2019 --data-type longitudinal
    Example: newlyn-coordinator framework show outcomes-2019 --indicator rereferral_12m_children
    """
    framework = _load(framework_id)
    listed = [
        one
        for one in members(framework)
        if (data_type is None or one.data_type.value == data_type)
        and (availability is None or one.availability.value == availability)
        and (indicator_id is None or one.id == indicator_id)
    ]
    if indicator_id is not None:
        if not listed:
            raise UsageProblem(
                f"{framework.id} holds no indicator {indicator_id}.", "Look for it with `framework crosswalk`."
            )
        shown = indicator_json(framework, listed[0])
        show(output_format, shown, lambda console: _print_indicator(console, framework, listed[0]))
        return
    value = {
        "id": framework.id,
        "version": framework.version,
        "title": framework.title,
        "source": framework.source,
        "note": framework.note,
        "digest": framework.digest,
        "questions": [question.model_dump() for question in framework.questions],
        "indicators": [indicator_json(framework, one) for one in listed],
    }
    show(output_format, value, lambda console: _print_framework(console, framework, listed))


def _print_framework(console: Console, framework: Framework, listed: Sequence[Indicator | WantedIndicator]) -> None:
    console.print(f"[bold]{escape(framework.title)}[/bold]  {framework.id} {framework.version}", soft_wrap=True)
    for question in framework.questions:
        here = [one for one in listed if one.question == question.id]
        if not here:
            continue
        table = Table(title=f"\n{question.title}", title_justify="left", show_edge=False, pad_edge=False)
        for column in ("Indicator", "Title", "Data type", "Availability"):
            table.add_column(column, overflow="fold")
        for one in here:
            table.add_row(one.id, escape(one.title), one.data_type.value, one.availability.value)
        console.print(table)


def _print_indicator(console: Console, framework: Framework, one: Indicator | WantedIndicator) -> None:
    questions = {question.id: question.title for question in framework.questions}
    facts: list[tuple[str, str]] = [
        ("Id", one.id),
        ("Question", questions[one.question]),
        ("Domain", one.domain),
        ("Data type", one.data_type.value),
        ("Availability", one.availability.value),
        ("Unit", one.unit),
        ("Better is", {"high": "higher", "low": "lower", "none": "neither"}[one.polarity.value]),
        ("Needs", "; ".join(_needs(framework, one))),
    ]
    if one.lineage:
        facts.append(("Lineage", one.lineage))
    if one.england is not None:
        facts.append(("England", f"{one.england.value:g} in {one.england.year} ({one.england.source})"))
    if isinstance(one, Indicator):
        facts.append(("Of whom", framework.cohort(one.cohort).title))
        if one.proxy_for:
            facts.append(("Proxy for", one.proxy_for))
        if one.follow_up:
            facts.append(("Followed", f"{one.follow_up.window} {one.follow_up.completeness}"))
        facts += [("Differs", text) for text in one.differs]
        facts += [("Caveat", text) for text in one.caveats]
    console.print(f"[bold]{escape(one.title)}[/bold]", soft_wrap=True)
    for name, text in facts:
        console.print(f"  {name:<13}{escape(text)}", soft_wrap=True)
    if isinstance(one, Indicator):
        console.print(f"  Cohort\n{framework.cohort(one.cohort).sql}", markup=False, soft_wrap=True)
        if one.outcome is not None:
            console.print(f"  Outcome\n{one.outcome}", markup=False, soft_wrap=True)


@framework_commands.command("diff")
@click.argument("before")
@click.argument("after")
@format_option
@reporting
def diff_command(before: str, after: str, output_format: str) -> None:
    """What differs between two frameworks, or two versions of one: added, removed, moved, redefined, reworded.

    \b
    Example: newlyn-coordinator framework diff outcomes-2019 national-framework-2023
    Example: newlyn-coordinator framework diff outcomes-2019 next/outcomes-2019.toml
    """
    found = differences(_load(before), _load(after))
    show(output_format, [one.as_json() for one in found], lambda console: _print_differences(console, found))


def _print_differences(console: Console, found: Sequence[Difference]) -> None:
    if not found:
        console.print("Nothing differs.")
    for one in found:
        details = f": {'; '.join(one.details)}" if one.details else ""
        console.print(f"{one.change.value:<10} {one.id}{escape(details)}", soft_wrap=True)


@framework_commands.command("crosswalk")
@click.option("--indicator", "indicator_id", help="Only this indicator.")
@format_option
@reporting
def crosswalk_command(indicator_id: str | None, output_format: str) -> None:
    """Where each indicator sits in each framework.

    \b
    Example: newlyn-coordinator framework crosswalk --indicator cpp_repeat_12m
    """
    frameworks = all_frameworks()
    rows = [row for row in crosswalk(frameworks) if indicator_id in (None, row.id)]
    if not rows:
        raise UsageProblem(f"No framework holds an indicator {indicator_id}.", "List them without --indicator.")
    show(output_format, [row.as_json() for row in rows], lambda console: _print_crosswalk(console, frameworks, rows))


def _print_crosswalk(console: Console, frameworks: Sequence[Framework], rows: Sequence[CrosswalkRow]) -> None:
    table = Table(show_edge=False, pad_edge=False)
    for column in ("Indicator", *(framework.id for framework in frameworks)):
        table.add_column(column, overflow="fold")
    for row in rows:
        cells = []
        for framework in frameworks:
            standing = row.standings.get(framework.id)
            wanted = " (needs new data)" if standing and standing.wanted else ""
            cells.append(escape(f"{standing.question_id}: {standing.domain}{wanted}") if standing else "-")
        table.add_row(row.id, *cells)
    console.print(table)


@framework_commands.command("page")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for the page.")
@format_option
@reporting
def page_command(out: Path, output_format: str) -> None:
    """The catalogue as accessible pages: every framework, every indicator, the crosswalk. No network is needed.

    \b
    Example: newlyn-coordinator framework page --out catalogue
    """
    from coordinator.publication.catalogue_pages import write_catalogue

    write_catalogue(all_frameworks(), out)
    said(output_format, {"page": str(out / "index.html")}, f"Open {out / 'index.html'}")
