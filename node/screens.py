"""What a person sees in a terminal: each result of the node as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from frameworks.accounting import UNITS_PER_RHO
from frameworks.display.formats import category_in_words, marked_title
from frameworks.model import Framework, Kind
from node.agent import CycleReport
from node.compare import WARNING, ComparedIndicator, Comparison, Published
from node.config import NodeConfig
from node.doctor import Finding, Verdict
from node.identity import KeyFingerprints
from node.ledger_entries import Entry, EntryKind, spent
from node.ledger_repair import Repair
from node.measure import Figure
from node.status import Status
from protos.signing import key_id

_MARKS = {
    Verdict.OK: "[green]ok[/green]",
    Verdict.LOOK: "[yellow]look[/yellow]",
    Verdict.FAILED: "[red]failed[/red]",
}


def _number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def _moment(text: str) -> str:
    return f"{datetime.fromisoformat(text):%d %B %Y %H:%M} UTC"


def _whole(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _table(title: str, *columns: str, numeric: Sequence[str] = ()) -> Table:
    table = Table(title=title, title_justify="left", show_edge=False, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in numeric else "left")
    return table


def show_initialised(
    console: Console, config_path: Path, config: NodeConfig, keys: KeyFingerprints, *, enrolled: bool
) -> None:
    """What `init` has done, and the next step."""
    console.print(f"Council     {config.council.code} {escape(config.council.name)}")
    console.print(f"Written     {config_path}; the keys were made here, in {config.state}")
    console.print(f"Declared    {', '.join(config.returns.declared) or 'nothing'}")
    console.print(
        f"Keys        transport {keys.transport}, signing {keys.signing}; the operator should read out the same"
    )
    if enrolled:
        console.print("Enrolled    the certificate is here. Next: newlyn-node doctor")
    else:
        console.print("Waiting     for the enrolment authority to sign. Next: repeat this command, or start the node")


def show_findings(console: Console, findings: Sequence[Finding]) -> None:
    """The doctor's findings, each with what to do next."""
    table = _table("", "Check", "", "Found", "What to do next")
    for finding in findings:
        table.add_row(finding.check, _MARKS[finding.verdict], escape(finding.found), escape(finding.next_step))
    console.print(table)


def show_figures(console: Console, framework: Framework, figures: Mapping[str, Figure], year: int) -> None:
    """Exact figures, question by question."""
    console.print(f"Exact figures of the year ending 31 March {year}, for your eyes only.\n")
    for question in framework.questions:
        table = _table(
            question.title,
            "Indicator",
            "Numerator",
            "Denominator",
            "Value",
            "England",
            numeric=("Numerator", "Denominator", "Value", "England"),
        )
        for indicator in framework.indicators:
            figure = figures.get(indicator.id)
            if indicator.question != question.id or figure is None:
                continue
            if figure.status != "ok":
                table.add_row(marked_title(indicator), "not available", "", "", "")
                continue
            england = indicator.england if indicator.kind is not Kind.COUNT else None
            table.add_row(
                marked_title(indicator),
                _whole(figure.numerator),
                _whole(figure.denominator),
                _number(figure.value),
                f"{_number(england.value)} ({england.year})" if england else "",
            )
            for category, count in (figure.categories or {}).items():
                share = _number(100 * count / figure.numerator) if figure.numerator else "-"
                name = escape(category_in_words(category))
                table.add_row(f"  {name}", _whole(count), _whole(figure.numerator), f"{share} %", "")
        console.print(table)
        console.print()
    missing = sum(figure.status != "ok" for figure in figures.values())
    if missing:
        console.print(f"{missing} of {len(figures)} indicators are not available: `newlyn-node check` says why.")


def _title(indicator: ComparedIndicator) -> str:
    """The title, and under that of a proxy what it stands for."""
    return indicator.title + (f"\nproxy for {indicator.proxy_for}" if indicator.proxy_for else "")


def show_cycle(console: Console, report: CycleReport) -> None:
    """What one poll did."""
    if not report.outcomes and not report.refused_collections:
        console.print("Nothing is open.")
    for outcome in report.outcomes:
        console.print(f"{outcome.collection} / {outcome.release}: {outcome.state.value}")
        if outcome.reason:
            console.print(f"  {escape(outcome.reason)} {escape(outcome.next_step)}")
    for reason in report.refused_collections:
        console.print(f"[red]Refused[/red] {escape(reason)}")
    for collection in report.benchmarks:
        console.print(f"The benchmark of {collection} is here: newlyn-node compare --collection {collection}")


def show_status(console: Console, status: Status) -> None:
    """Five lines, one for each round, and what was wrong in any."""
    console.print(f"Council   {escape(status.council)}{'' if status.enrolled else ' (not enrolled yet)'}")
    console.print(f"Open      {', '.join(status.open_collections) or 'nothing'}")
    for release in status.releases:
        since = f" on {_moment(release.since)}" if release.since else ""
        console.print(
            f"Release   {release.collection} / {release.release}: {release.standing}{since}; "
            f"waiting for {release.waiting_for}"
        )
    budget = status.budget
    console.print(
        f"Budget    {budget.spent_this_year:.4f} of {budget.limit_per_year:.4f} rho spent this year, "
        f"{budget.spent_for_life:.4f} of {budget.limit_for_life:.4f} for life"
    )
    console.print(f"Next      {_moment(status.next_date) if status.next_date else 'no date known'}")
    if status.benchmarks:
        console.print(f"Published {', '.join(status.benchmarks)}: newlyn-node compare")
    for each in status.rounds:
        reason = f" ({each.reason})" if each.reason else ""
        console.print(
            f"Round     {each.release} {each.round[:8]}: {each.standing}{reason}; ends by {_moment(each.ends)}",
            markup=False,
            soft_wrap=True,
        )
    for alarm in status.alarms:
        console.print(f"Alarm     {_moment(alarm.at)}: {alarm.text}", markup=False, soft_wrap=True)


def _interval(published: Published) -> str:
    if published.value is None:
        return published.symbol or "-"
    if published.lower is None or published.upper is None:
        return _number(published.value)
    return f"{_number(published.value)} ({_number(published.lower)} to {_number(published.upper)})"


def _published_own(indicator: ComparedIndicator) -> str:
    """The council's unbiased figure, and under it the steadied one."""
    lines, shrunk = [_interval(indicator.published_own)], indicator.shrunk_own
    if shrunk is not None:
        lines.append(f"steadied {_number(shrunk.value)} ({_number(shrunk.lower)} to {_number(shrunk.upper)})")
    return "\n".join(lines)


def show_comparison(console: Console, comparison: Comparison) -> None:
    """The council's exact figures beside England's published ones."""
    console.print(
        f"{comparison.collection}: year ending 31 March {comparison.reference_year}, "
        f"{comparison.councils} councils counted\n[yellow]{WARNING}[/yellow]\n"
    )
    table = _table(
        "",
        "Indicator",
        "Unit",
        "Yours, exact",
        "England (95 % interval)",
        "Yours, published",
        "Yours is",
        numeric=("Yours, exact",),
    )
    for indicator in comparison.indicators:
        own = _number(indicator.own_value) if indicator.own_value is not None else _whole(indicator.own_numerator)
        table.add_row(
            _title(indicator),
            indicator.unit,
            own,
            _interval(indicator.england),
            _published_own(indicator),
            indicator.position,
        )
        for category in indicator.categories:
            table.add_row(
                f"  {escape(category_in_words(category.category))}",
                "%",
                _number(category.own_share),
                _interval(category.england),
                _interval(category.published_own),
                "",
            )
    console.print(table)
    console.print("c: too few children for a figure beside the noise. x: not available.")
    if any(indicator.shrunk_own for indicator in comparison.indicators):
        console.print(
            "steadied: the published figure drawn towards the other councils by a model, more where noise weighs more; "
            "the interval is of the exact figure."
        )


def _rho(units: int | None) -> str:
    return f"{(units or 0) / UNITS_PER_RHO:.6f}"


def _about(entry: Entry) -> str:
    """What an entry is about: a release, limits, or the head that a repair accepted."""
    if entry.kind is EntryKind.LIMIT:
        return f"{_rho(entry.year_limit_units)} a year, {_rho(entry.life_limit_units)} for life"
    if entry.kind is EntryKind.REPAIRED:
        return f"after summary {entry.remembered_sequence}"
    return f"{entry.collection_id} / {entry.release_id}"


def show_ledger(console: Console, entries: Sequence[Entry]) -> None:
    """Every entry of the ledger, oldest first."""
    table = _table("", "No.", "Time", "Entry", "About", "By", "Key", "rho charged", numeric=("No.", "rho charged"))
    for entry in entries:
        charged = spent([entry])
        table.add_row(
            str(entry.sequence),
            f"{entry.at:%Y-%m-%d %H:%M:%S}",
            entry.decision or entry.kind.value,
            _about(entry),
            escape(entry.decided_by or ""),
            key_id(entry.signer) if entry.signer else "",
            _rho(charged) if entry.rho_units is not None else "",
        )
    console.print(table)


def show_verification(console: Console, faults: Sequence[str], head: str | None) -> None:
    """The outcome of `ledger verify`, and the head of the last stored summary in short form."""
    for fault in faults:
        console.print(f"[red]Fault[/red] {escape(fault)}")
    if not faults:
        console.print("The ledger is whole: chain, signatures, sums and digests of stored summaries hold.")
    console.print(f"Head     {head or 'none: no summary was ever stored'}")


def show_raised_limit(console: Console, entry: Entry) -> None:
    """The limits that are in force from here on."""
    console.print(f"In force {_about(entry)} (rho).")
    console.print(f"Signed by {entry.decided_by} with the key {key_id(entry.signer or b'')}.", markup=False)


def show_repair(console: Console, repair: Repair, head: str, unanswered: Sequence[str], *, done: bool) -> None:
    """What a repair costs, before or after it is done."""
    console.print(f"Accepted {head}: the last summary that the coordinator took; this ledger does not know it")
    console.print(
        f"Charged  {_rho(repair.rho_units)} rho: all that was left of the year ending 31 March {repair.budget_year}"
    )
    if repair.earlier_rho_units:
        console.print(f"         {_rho(repair.earlier_rho_units)} rho: all that was left of earlier years")
    console.print(f"Never    {', '.join(unanswered) or 'nothing that is offered now'} is answered from here any more")
    if done:
        console.print(
            "\nThe ledger is repaired. Nothing is released before 1 April, unless the year's limit is raised."
        )
    else:
        console.print(
            "\nNothing is done yet. If a newer copy of ledger.db (with its -wal file) exists, put that back instead. "
            "Otherwise repeat this with --by 'YOUR NAME' --yes."
        )
