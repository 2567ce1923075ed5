"""The preview as a terminal shows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from frameworks.display.formats import number
from node.preview_model import COHORT_SIZES, EXACT_WARNING, Preview, PreviewedIndicator, PreviewedRelease
from node.preview_page import at_most, error_in_words, exact_in_words, one_in


def _table(title: str, *columns: str, numeric: Sequence[str] = ()) -> Table:
    table = Table(title=title, title_justify="left", show_edge=False, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in numeric else "left")
    return table


def _moment(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(UTC):%d %B %Y %H:%M} UTC"


def show_previews(console: Console, previews: Sequence[Preview]) -> None:
    """Every collection that is offered."""
    if not previews:
        console.print("This node has not been offered a collection yet. Next: newlyn-node run --once")
    for preview in previews:
        _show_preview(console, preview)


def _show_preview(console: Console, preview: Preview) -> None:
    console.print(f"[bold]Collection {preview.collection}[/bold]")
    console.print(f"  Asked by {escape(preview.coordinator)}, whose signing key is {preview.coordinator_key}")
    console.print(f"  Asks for {escape(preview.framework)}, year ending 31 March {preview.reference_year}")
    console.print(f"  Open     {_moment(preview.opens)} to {_moment(preview.closes)}")
    for release in preview.releases:
        show_release(console, release)
    if preview.shows_exact_figures:
        console.print(f"\n[yellow]{EXACT_WARNING}[/yellow]")
    before, after = preview.budget, preview.budget_after
    console.print(
        f"\nBudget: {before.spent_this_year:.4f} of {before.limit_per_year:.4f} rho spent this year, "
        f"{after.spent_this_year:.4f} after this collection; "
        f"{before.spent_for_life:.4f} of {before.limit_for_life:.4f} for life, {after.spent_for_life:.4f} after."
    )
    console.print(
        "\nNever sent: names, ids, dates, rows, exact counts, how many rows could not be used, or why this council did "
        "not answer.\nNothing is measured before you approve: "
        f"newlyn-node approve {preview.collection} --by 'YOUR NAME'\n"
        f"A page to read, sign and file: newlyn-node preview {preview.collection} --html plan.html"
    )


def show_release(console: Console, release: PreviewedRelease) -> None:
    """One release: what is sent, what it costs, the noise on each indicator, and what it could tell."""
    console.print(f"\n[bold]Release {release.id}[/bold], mode {release.mode}: {release.standing}")
    console.print(f"  Sent     {release.numbers_sent} whole numbers, each with noise. No record, no exact count.")
    console.print(
        f"  Cost     rho {release.rho:.6g} of this council's budget (epsilon {at_most(release.epsilon, 2)} at delta "
        f"{release.delta:g}; replace-one {at_most(release.replace_one_epsilon, 2)})"
    )
    if release.secure:
        console.print(
            "  Group    only the sum over "
            f"{'England' if release.secure.groups == 'england' else 'each region'} can be read, never this council's "
            f"report; at most {release.secure.largest_group} councils"
        )
    if release.refusal:
        console.print(f"  [red]Refused[/red]  {escape(release.refusal)}")
    if release.breakdowns:
        console.print(f"  By       {', '.join(release.breakdowns)}")
    size = COHORT_SIZES[release.mode][1]
    exact = ["Yours, exact"] if any(indicator.exact for indicator in release.indicators) else []
    numeric = ("Cells", "Noise scale", "Typical error", f"In {size:,}")
    table = _table("", "Indicator", "Of", *numeric, *exact, numeric=numeric)
    for indicator in release.indicators:
        errors = {error.size: error_in_words(indicator, error) for error in indicator.cohort_errors}
        table.add_row(
            _title(indicator),
            escape(indicator.cohort),
            str(indicator.cells),
            number(indicator.noise_scale),
            f"±{number(indicator.typical_error, 0)}",
            errors.get(size, "–"),
            *([escape(exact_in_words(indicator, indicator.exact))] if indicator.exact else []),
        )
    console.print(table)
    console.print(
        "Noise is within the typical error, on a count or sum, 19 times in 20; beside it in percentage points (or the "
        "unit named) on the figure of a cohort of so many."
    )
    exposures = _table(
        "\nThe most that somebody who knows everything else could learn of one child",
        "About",
        "A 50 % guess becomes at most",
        "Epsilon",
        numeric=("A 50 % guess becomes at most", "Epsilon"),
    )
    for exposure in release.exposures:
        exposures.add_row(
            exposure.question, f"{at_most(100 * exposure.probability, 1)} %", at_most(exposure.epsilon, 2)
        )
    console.print(exposures)
    console.print(f"But for rare draws of the noise: fewer than 1 in {one_in(release.draws_within)}.")
    console.print(f"  Plan     {release.plan_hash}")


def _title(indicator: PreviewedIndicator) -> str:
    """The title; under it what a proxy stands for, and that zeros are sent where nothing is declared."""
    lines = [escape(indicator.title)]
    if indicator.proxy_for:
        lines.append(f"proxy for {escape(indicator.proxy_for)}")
    if not indicator.declared:
        lines.append("not declared: zeros with noise")
    return "\n".join(lines)
