"""`newlyn-coordinator collection`: draft, validate, open, close and watch what councils are asked."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from coordinator import lifecycle, screens
from coordinator.collections import read_collection, secure_releases
from coordinator.command_line import format_option, home_option, opened_store, reporting, said, show, utc_now
from coordinator.config import load_config
from coordinator.errors import UsageProblem
from coordinator.files import CoordinatorFiles, load_signing_key
from coordinator.planning.draft import draft_collection
from coordinator.planning.forecast import forecast
from coordinator.records import CollectionState
from coordinator.round_commands import announce_first_rounds, windows_of, windows_option
from coordinator.status import read_status
from frameworks.catalogue import load_framework
from frameworks.errors import FrameworkError

_path = click.argument("path", type=click.Path(path_type=Path, dir_okay=False))


@click.group("collection")
def collection_commands() -> None:
    """What councils are asked."""


@collection_commands.command()
@click.option("--framework", "framework_id", default="outcomes-2019", show_default=True)
@click.option("--year", type=int, required=True, help="Reference year (ending 31 March).")
@click.option(
    "--epsilon", type=click.FloatRange(0, min_open=True), default=1.0, show_default=True, help="For all releases."
)
@click.option("--indicator", "indicators", multiple=True, help="Ask for these only; may be repeated.")
@reporting
def draft(framework_id: str, year: int, epsilon: float, indicators: tuple[str, ...]) -> None:
    """Print a collection file to begin from, with the hybrid plan: councils' headlines by themselves, the tables of
    England and the regions as sums that nobody can open.

    \b
    Example: newlyn-coordinator collection draft --year 2026 > 2026-annual.toml
    """
    try:
        framework = load_framework(framework_id)
    except FrameworkError as error:
        raise UsageProblem(error.problem, error.next_step) from error
    click.echo(draft_collection(framework, year, epsilon, indicators), nl=False)


@collection_commands.command()
@_path
@format_option
@reporting
def validate(path: Path, output_format: str) -> None:
    """Compile a collection file; show what each release costs and how far off figures will be. Nothing is opened.

    \b
    Example: newlyn-coordinator collection validate 2026-annual.toml
    """
    compiled = read_collection(path)
    foreseen, asked = forecast(compiled), compiled.collection
    value = {
        "collection": asked.id,
        "framework": {"id": asked.framework_id, "version": asked.framework_version, "digest": asked.framework_digest},
        "reference_year": asked.reference_year,
        "opens": asked.opens_at.isoformat(),
        "closes": asked.closes_at.isoformat(),
        **foreseen.as_json(),
    }
    show(output_format, value, lambda console: screens.show_forecast(console, foreseen, compiled.framework))


@collection_commands.command("open")
@_path
@windows_option
@home_option
@format_option
@reporting
def open_command(path: Path, windows: str, home: Path, output_format: str) -> None:
    """Sign a collection and offer it to every council. What is asked never changes afterwards.

    Where an epoch has been published, the first round of each secure release is announced at once.

    \b
    Example: newlyn-coordinator collection open 2026-annual.toml --dir coordinator
    """
    compiled, files, config = read_collection(path), CoordinatorFiles(home), load_config(home)
    signing_key = load_signing_key(files)
    with opened_store(home) as store:
        lifecycle.open_collection(store, compiled, signing_key, utc_now())
        announced = announce_first_rounds(store, files, config, compiled.plans, windows_of(windows, config))
    asked, secure = compiled.collection, secure_releases(compiled.collection)
    unanswered = [release for release in secure if release not in announced]
    sentences = [f"{asked.id} is open; councils answer until {asked.closes_at:%d %B %Y %H:%M} UTC."]
    sentences += [f"{release} is answered in round {announced[release]}." for release in announced]
    if unanswered:
        sentences.append(
            f"No epoch has been published: announce {', '.join(unanswered)} later, with `newlyn-coordinator round`."
        )
    said(
        output_format,
        {"collection": asked.id, "state": CollectionState.OPEN.value, "rounds": announced, "unanswered": unanswered},
        "\n".join(sentences),
    )


@collection_commands.command()
@click.argument("collection_id")
@home_option
@format_option
@reporting
def close(collection_id: str, home: Path, output_format: str) -> None:
    """Take no more summaries, for good. A round whose reports have come goes on to its end.

    \b
    Example: newlyn-coordinator collection close 2026-annual --dir coordinator
    """
    with opened_store(home) as store:
        lifecycle.close_collection(store, collection_id, utc_now())
        running = lifecycle.running_rounds(store, collection_id)
        coverage = read_status(store, utc_now()).of(collection_id)

    def text(console: Console) -> None:
        screens.show_coverage(console, coverage)
        for release in running:
            console.print(f"The round of {release} is still under way: `newlyn-coordinator round status` shows it.")

    show(output_format, coverage.as_json() | {"rounds_running": list(running)}, text)


@collection_commands.command("status")
@click.argument("collection_id")
@home_option
@format_option
@reporting
def collection_status(collection_id: str, home: Path, output_format: str) -> None:
    """Who has answered one collection, and who is missing.

    \b
    Example: newlyn-coordinator collection status 2026-annual --dir coordinator
    """
    with opened_store(home) as store:
        coverage = read_status(store, utc_now()).of(collection_id)
    show(output_format, coverage.as_json(), lambda console: screens.show_coverage(console, coverage))
