"""newlyn-demo: a whole federation on one machine, from made-up children to a published benchmark."""

from __future__ import annotations

import json
import random
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from deploy.demo import federation
from deploy.demo.generator import choose_councils, write_returns
from deploy.demo.processes import ProgramFailed, Services, run, signals_as_exceptions
from frameworks.catalogue import load_framework
from frameworks.model import Framework, Kind

FRAMEWORK = "outcomes-2019"
YEARS = (2022, 2023, 2024, 2025)
HEADLINES = ("rereferral_12m_children", "placements_3plus", "care_leaver_eet_19_21")
"""The three figures shown at the end, one of each question."""

INDICATORS = (
    "cin_open_31_march",
    "rereferral_12m_children",
    "nfa_return_12m",
    "cpp_open_31_march",
    "cpp_2y_open",
    "cpp_review_on_time",
    "cla_31_march",
    "placed_foster",
    "placements_3plus",
    "cla_started",
    "cla_ceased",
    "ceased_sgo",
    "ceased_adopted",
    "reunified_no_return_12m",
    "missing_cla",
    "same_carer_2y",
    "social_workers_3plus",
    "care_leaver_eet_17_18",
    "care_leaver_eet_19_21",
    "care_leaver_he_19_21",
    "sdq_coverage",
    "sdq_mean",
    "sdq_concern",
    "sdq_improved",
    "health_assessment",
    "dental_check",
    "immunisation",
    "substance_misuse",
    "convicted",
    "care_leaver_suitable_19_21",
)
"""What the demo's collection asks for: child-unit headlines over the three questions."""


@dataclass(frozen=True)
class Headline:
    """A published figure of the federation beside the exact synthetic truth, in percent."""

    indicator: str
    title: str
    published: float
    lower: float
    upper: float
    truth: float


def _prepare_folder(out: Path, force: bool) -> None:
    if out.exists() and any(out.iterdir()):
        if not force and not (out / "demo.json").exists():
            raise click.UsageError(f"{out} is not empty and was not made by the demo; choose another --out.")
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "demo.json").write_text("{}\n", encoding="utf-8")


def _make_members(out: Path, councils: int, scale: float, seed: int, say: federation.Say) -> list[federation.Member]:
    members = []
    for number, council in enumerate(choose_councils(councils, random.Random(seed)), start=1):
        say(f"  making the returns of {council.name} ({number} of {councils})")
        folder = out / "nodes" / council.la_code
        write_returns(council, folder / "returns", YEARS, scale=scale, seed=seed + number)
        members.append(federation.Member(council.la_code, council.name, folder, folder / "returns"))
    return members


def _configure_for_demo(member: federation.Member) -> None:
    """The demo polls and sends every second or two, where a council would take minutes."""
    text = member.config.read_text(encoding="utf-8")
    text = text.replace("poll_seconds = 600", "poll_seconds = 2").replace(
        "send_every_seconds = 60", "send_every_seconds = 1"
    )
    member.config.write_text(text, encoding="utf-8")


def _headlines(
    framework: Framework, published: dict[str, Any], truth: dict[str, federation.Truth]
) -> tuple[Headline, ...]:
    england = {
        row["indicator_id"]: row for row in published["estimates"] if row["area_code"] == "E92000001" and not row["level"]
    }
    return tuple(
        Headline(
            indicator,
            framework.indicator(indicator).title,
            england[indicator]["value"],
            england[indicator]["lower"],
            england[indicator]["upper"],
            truth[indicator].percent,
        )
        for indicator in HEADLINES
    )


def _within(framework: Framework, published: dict[str, Any], truth: dict[str, federation.Truth]) -> tuple[int, int]:
    """How many of England's published proportions hold the exact truth, and of how many."""
    rows = [
        row
        for row in published["estimates"]
        if row["area_code"] == "E92000001"
        and not row["level"]
        and row["lower"] is not None
        and framework.indicator(row["indicator_id"]).kind is Kind.PERCENT
    ]
    inside = [row for row in rows if row["lower"] <= truth[row["indicator_id"]].percent <= row["upper"]]
    return len(inside), len(rows)


def _federate(
    services: Services, members: Sequence[federation.Member], out: Path, epsilon: float, workers: int, say: federation.Say
) -> Path:
    coordinator = out / "coordinator"
    say("Starting the coordinator")
    address = federation.start_coordinator(services, coordinator)
    say(f"Enrolling {len(members)} councils over mutual TLS at {address}")
    federation.enrol(services, coordinator, address, members, workers)
    for member in members:
        _configure_for_demo(member)
    collection = federation.collection_file(out / "2025-demo.toml", FRAMEWORK, INDICATORS, epsilon)
    say(f"Opening the collection {federation.COLLECTION_ID}, {len(INDICATORS)} indicators, epsilon {epsilon:g}")
    run("newlyn-coordinator", "collection", "open", collection, "--dir", coordinator)
    say("Starting one node process per council")
    federation.start_nodes(services, members)
    for member in members:
        federation.approve(member, services)
    say("Every council has approved the plan; nodes measure, add noise, and send")
    _await_summaries(services, coordinator, len(members), say)
    run("newlyn-coordinator", "collection", "close", federation.COLLECTION_ID, "--dir", coordinator)
    site = out / "site"
    say("Publishing")
    run("newlyn-coordinator", "publish", federation.COLLECTION_ID, "--dir", coordinator, "--out", site)
    return site


def _await_summaries(services: Services, coordinator: Path, expected: int, say: federation.Say) -> None:
    seen = -1

    def complete() -> bool:
        nonlocal seen
        received = federation.summaries_received(coordinator)
        if received != seen:
            seen = received
            say(f"  {received} of {expected} councils have answered")
        return received == expected

    services.wait_until(complete, "every council's summary", 900)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--councils", type=click.IntRange(3, 153), default=12, show_default=True, help="How many councils.")
@click.option("--scale", type=click.FloatRange(0.01, 5), default=0.5, show_default=True, help="Size of each council.")
@click.option("--epsilon", type=click.FloatRange(0.01, 50), default=2.0, show_default=True, help="Cost of the release.")
@click.option("--seed", type=int, default=2025, show_default=True, help="Children are the same for the same seed.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Councils set up at a time.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo-output"),
    show_default=True,
    help="Folder for everything the demo makes; an earlier demo's is replaced.",
)
@click.option("--force", is_flag=True, help="Replace --out whatever it holds.")
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def main(
    councils: int,
    scale: float,
    epsilon: float,
    seed: int,
    workers: int,
    out: Path,
    force: bool,
    output_format: str,
) -> None:
    """Make councils, run their nodes and a coordinator, publish, and compare with the exact truth.

    \b
    Example: newlyn-demo --councils 12 --out demo-output
    """
    console = Console(stderr=output_format == "json", highlight=False)
    started = time.monotonic()

    def say(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - started:5.0f} s[/dim]  {text}")

    try:
        with ExitStack() as stack:
            stack.enter_context(signals_as_exceptions())
            services = stack.enter_context(Services())
            result = _demonstrate(services, councils, scale, epsilon, seed, workers, out.resolve(), force, say)
    except ProgramFailed as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    if output_format == "json":
        click.echo(json.dumps(result, indent=2))
    else:
        _print_result(console, result)


def _demonstrate(
    services: Services,
    councils: int,
    scale: float,
    epsilon: float,
    seed: int,
    workers: int,
    out: Path,
    force: bool,
    say: federation.Say,
) -> dict[str, Any]:
    _prepare_folder(out, force)
    say(f"Making {councils} synthetic councils (every child is invented)")
    members = _make_members(out, councils, scale, seed, say)
    site = _federate(services, members, out, epsilon, workers, say)
    say("Waiting for the benchmark to reach the councils")
    compared = _await_benchmark(services, members[0])
    services.stop()
    say("Adding up the exact truth, which no one in a real federation can know")
    truth = federation.exact_truth(members, FRAMEWORK, workers)
    framework = load_framework(FRAMEWORK)
    published = json.loads((site / "benchmark.json").read_text(encoding="utf-8"))
    inside, shown = _within(framework, published, truth)
    return {
        "site": str(site / "index.html"),
        "headlines": [asdict(headline) for headline in _headlines(framework, published, truth)],
        "proportions_inside_interval": inside,
        "proportions_shown": shown,
        "compare": f"newlyn-node compare --config {members[0].config}",
        "compared_indicators": len(compared["indicators"]),
        "councils": [member.name for member in members],
    }


def _await_benchmark(services: Services, member: federation.Member) -> dict[str, Any]:
    shown: dict[str, Any] = {}

    def arrived() -> bool:
        text = run("newlyn-node", "compare", "--config", member.config, "--format", "json", accept=(0, 1))
        if text.startswith("{"):
            shown.update(json.loads(text))
        return bool(shown)

    services.wait_until(arrived, "the benchmark to reach the first council", 120)
    return shown


def _print_result(console: Console, result: dict[str, Any]) -> None:
    console.print("\n[bold]England, as these councils[/bold] (95 % interval), beside the exact truth\n")
    for headline in result["headlines"]:
        console.print(
            f"  {headline['title']}: [bold]{headline['published']:.1f} %[/bold] "
            f"({headline['lower']:.1f} to {headline['upper']:.1f}); exactly {headline['truth']:.1f} %"
        )
    console.print(
        f"\n  {result['proportions_inside_interval']} of {result['proportions_shown']} proportions of England "
        "hold the exact truth inside their interval.\n"
    )
    console.print(f"Open     {result['site']}")
    console.print(f"Compare  {result['compare']}")


if __name__ == "__main__":
    main()
