"""What the operator sees in a terminal. No screen shows a value before publication."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from coordinator.membership import WaitingRequest
from coordinator.planning.forecast import CollectionForecast, ReleaseForecast
from coordinator.status import Coverage, Status, standing
from coordinator.store.audit import AuditEntry
from frameworks.model import Framework

_SHOWN_MISSING = 10


def _table(title: str, *columns: str, numeric: Sequence[str] = ()) -> Table:
    table = Table(title=title, title_justify="left", show_edge=False, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in numeric else "left")
    return table


def show_coverage(console: Console, coverage: Coverage) -> None:
    """One collection: how many have answered, and who is missing."""
    console.print(
        f"[bold]{coverage.id}[/bold]  {coverage.state.value}  "
        f"{len(coverage.complete)} of {coverage.enrolled} councils have answered  "
        f"(window {coverage.opens_at:%d %B %Y} to {coverage.closes_at:%d %B %Y})"
    )
    if coverage.missing:
        named = ", ".join(coverage.missing[:_SHOWN_MISSING])
        more = len(coverage.missing) - _SHOWN_MISSING
        console.print(f"  Missing  {escape(named)}{f' and {more} more' if more > 0 else ''}")
    if coverage.in_rounds:
        console.print(f"  In rounds  {', '.join(coverage.in_rounds)}: `newlyn-coordinator round status {coverage.id}`")


def show_status(console: Console, status: Status) -> None:
    """Collections first, then councils."""
    if not status.collections:
        console.print("No collection has been opened.")
    for coverage in status.collections:
        show_coverage(console, coverage)
    enrolled = sum(council.enrolled for council in status.councils)
    pending = sum(council.pending for council in status.councils)
    console.print(f"\n{enrolled} councils enrolled, {pending} waiting for the authority to sign")
    if status.silent:
        console.print(f"Not seen this week: {escape(', '.join(status.silent))}")
    if not status.councils:
        return
    table = _table("", "Code", "Council", "Standing", "Last seen (UTC)", "Software")
    for council in status.councils:
        seen = f"{council.last_seen:%Y-%m-%d %H:%M}" if council.last_seen else "never"
        table.add_row(council.code, escape(council.name), standing(council), seen, escape(council.software_version))
    console.print(table)


def show_forecast(console: Console, foreseen: CollectionForecast, framework: Framework) -> None:
    """What a collection costs each child, how noisy it will be, and how far off its figures."""
    for release in foreseen.releases:
        _show_release(console, release)
    console.print(
        f"[bold]Together[/bold]  rho {foreseen.rho:.6g} (epsilon {foreseen.epsilon:.3g} at delta {foreseen.delta:g}) "
        "for a child who is in every release\n"
    )
    console.print("What noise alone does to each figure (standard error, in its unit), all releases taken together:")
    columns = ("England", "a region", "a council")
    table = _table("", "Indicator", "Unit", *columns, numeric=columns)
    for error in foreseen.indicators:
        shown = ("-" if value is None else f"{value:.3g}" for value in (error.england, error.region, error.council))
        indicator = framework.indicator(error.indicator)
        unit = f"{indicator.unit} per {indicator.rate_per:,}" if indicator.rate_per else indicator.unit
        table.add_row(escape(indicator.id), escape(unit), *shown)
    console.print(table)
    console.print("-: the plan gives no such figure, or no published figure says how many children it is about.")


def _show_release(console: Console, release: ReleaseForecast) -> None:
    formed = f", sums over {release.groups}" if release.groups else ""
    console.print(f"[bold]Release {release.id}[/bold], mode {release.mode}{formed}")
    console.print(f"  Vector   {release.vector_length:,} whole numbers from each council")
    console.print(
        f"  Cost     rho {release.rho:.6g} (epsilon {release.epsilon:.3g} at delta {release.delta:g}) "
        "for whether a child is in the returns"
    )
    console.print(
        f"           rho {release.replace_one_rho:.6g} (epsilon {release.replace_one_epsilon:.3g}) at most "
        "for everything about a child known to be in them"
    )
    highest = max(block.sigma for block in release.blocks)
    shared = (
        f" of each sum; a council adds {release.sigma_node:.1f} at least, times {release.grid}, modulo 2^"
        f"{release.modulus_bits}"
        if release.groups
        else ""
    )
    console.print(f"  Noise    scale {release.sigma:.1f} to {highest:,.1f}{shared}")


def show_audit(console: Console, entries: Sequence[AuditEntry]) -> None:
    """The audit log, oldest first."""
    table = _table("", "At (UTC)", "Event", "Council", "Collection")
    for entry in entries:
        table.add_row(f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.event.value, entry.council_code, entry.collection_id)
    console.print(table)


def request_text(request: WaitingRequest) -> str:
    """A waiting request, with the fingerprints to compare by telephone."""
    return (
        f"{request.enrolment.council_code} {request.council_name}\n"
        f"  transport key  {request.transport_key}\n"
        f"  signing key    {request.signing_key}"
    )
