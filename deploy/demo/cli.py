"""newlyn-demo: a whole federation on one machine, from made-up children to a published benchmark."""

from __future__ import annotations

import json
import random
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from deploy.demo import federation, secure_round
from deploy.demo.asked import (
    COLLECTION_ID,
    DELTA,
    FRAMEWORK,
    INDICATORS,
    REFERENCE_YEAR,
    RELEASES,
    SMALLEST_FEDERATION,
    collection_file,
)
from deploy.demo.federation import Member, Say
from deploy.demo.generator import Council, choose_councils
from deploy.demo.processes import ProgramFailed, Programs, coordinator, generator, signals_as_exceptions
from deploy.demo.secure_round import Opened
from deploy.demo.sum_error import SMALLEST_COHORT, SumError, sum_error
from deploy.demo.truth import exact_truth, proportions_of_england
from frameworks.accounting import rho_from_epsilon
from frameworks.catalogue import load_framework

FIRST_YEAR = 2022
DEFAULT_EPSILON = 2.9
"""What both releases may tell about a child, together: the most that a node's own default policy allows in a year."""
DEFAULT_SEED = 3178
"""Twelve councils of all nine regions, large and small."""
HEADLINES = ("rereferral_12m_children", "care_leaver_eet_19_21", "placements_3plus")
"""The three figures shown at the end."""
MADE_UP = "A demonstration: every child, and every figure about these councils, is made up."
"""Stands on every page, because the councils' names are real."""


@dataclass(frozen=True)
class Options:
    """What the person at the terminal asked for. `scale` multiplies the children of every council."""

    councils: int
    scale: float
    epsilon: float
    seed: int
    workers: int
    out: Path


def _prepare_folder(out: Path, force: bool) -> None:
    if out.exists() and any(out.iterdir()):
        if not force and not (out / "demo.json").exists():
            raise click.UsageError(f"{out} is not empty and was not made by the demo; choose another --out.")
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "demo.json").write_text("{}\n", encoding="utf-8")


def _make_members(programs: Programs, options: Options, say: Say) -> list[Member]:
    """Chooses councils and makes their returns up, the largest first so that none is waited for at the end."""
    years = ("--first-year", str(FIRST_YEAR), "--last-year", str(REFERENCE_YEAR))
    size = ("--scale", str(options.scale), "--seed", str(options.seed))

    def make(council: Council) -> Member:
        folder = options.out / "nodes" / council.la_code
        returns = folder / "returns"
        programs.run(
            generator("--council", council.la_code, *years, *size, "--education", "--feedback", "--out", returns)
        )
        say(f"  the returns of {council.name}")
        return Member(
            council.la_code,
            council.ons_code,
            council.name,
            folder,
            returns,
            options.out / "invitations" / f"{council.la_code}.json",
        )

    chosen = choose_councils(options.councils, random.Random(options.seed))
    return programs.in_parallel(make, sorted(chosen, key=lambda council: -council.referrals), options.workers)


def _node_environment(epsilon: float) -> dict[str, str]:
    """The demo's nodes poll and send every few seconds, where a council's take minutes.

    Their policy is the default, unless it would not allow what the demo was asked to spend.
    """
    environment = {"NEWLYN_AGENT__POLL_SECONDS": "4", "NEWLYN_AGENT__SEND_EVERY_SECONDS": "1"}
    if epsilon > DEFAULT_EPSILON:
        rho = rho_from_epsilon(epsilon, DELTA)
        largest = rho * max(release.share for release in RELEASES)
        limits = {"RHO_PER_RELEASE": largest, "RHO_PER_YEAR": rho, "RHO_FOR_LIFE": rho}
        environment |= {f"NEWLYN_POLICY__{limit}": f"{1.01 * most:.6f}" for limit, most in limits.items()}
    return environment


def _federate(programs: Programs, members: Sequence[Member], options: Options, say: Say) -> Opened:
    home, workers = options.out / "coordinator", options.workers
    say("Starting the coordinator")
    address = federation.start_coordinator(programs, home)
    say(f"Enrolling {len(members)} councils over mutual TLS at {address}")
    federation.enrol(programs, home, address, members, workers)
    say(f"Opening a collection: {len(INDICATORS)} indicators, each council's headlines and England's tables")
    programs.run(coordinator("collection", "open", _collection(options), "--dir", home))
    say("Starting one node process per council; each council approves the plan")
    nodes = federation.start_nodes(programs, members)
    federation.approve(programs, members, workers)
    say("Headlines: nodes measure, add noise, and send")
    federation.await_summaries(programs, home, len(members), say)
    say("England's tables: the authority certifies everybody's keys, and a round begins")
    secure_round.publish_epoch(programs, home)
    smallest = members[-1]
    opened = secure_round.run_round(programs, home, members, (smallest, nodes[smallest.code]), say)
    say("Closing and publishing")
    programs.run(coordinator("collection", "close", COLLECTION_ID, "--dir", home))
    publish = ("publish", COLLECTION_ID, "--dir", home, "--out", options.out / "site")
    programs.run(coordinator(*publish, "--status", MADE_UP))
    return opened


def _collection(options: Options) -> Path:
    return options.out / f"{COLLECTION_ID}.toml"


def demonstrate(programs: Programs, options: Options, say: Say) -> dict[str, Any]:
    """The whole demonstration; gives what is shown at the end. Raises ProgramFailed."""
    say(f"Making {options.councils} councils up (no child is real)")
    members = _make_members(programs, options, say)
    collection_file(_collection(options), options.epsilon)
    opened = _federate(programs, members, options, say)
    say("Waiting for the benchmark to reach a council")
    compared = federation.await_benchmark(programs, members[0])
    say("Adding up the exact truth, which nobody in a real federation can know")
    truth = exact_truth(programs, opened.survivors, options.workers)
    site, framework = options.out / "site", load_framework(FRAMEWORK)
    published = json.loads((site / "benchmark.json").read_text(encoding="utf-8"))
    figures = list(proportions_of_england(framework, published, truth))
    foreseen = programs.run_json(coordinator("collection", "validate", _collection(options), "--format", "json"))
    audit = secure_round.verified(programs, options.out / "coordinator", opened)
    return {
        "site": str(site / "index.html"),
        "councils": [member.name for member in members],
        "headlines": [asdict(figure) for figure in figures if figure.indicator in HEADLINES],
        "proportions_shown": len(figures),
        "proportions_inside_interval": sum(figure.within for figure in figures),
        "proportions_inside_privacy_interval": sum(figure.within_privacy for figure in figures),
        "sum": {
            "councils": [member.name for member in opened.survivors],
            "dropped": [member.name for member in opened.dropped],
            "error": asdict(sum_error(framework, foreseen, opened, figures, truth)),
        },
        "audit": asdict(audit),
        "compare": f"newlyn-node compare --config {members[0].config}",
        "compared_indicators": len(compared["indicators"]),
    }


def _print_result(console: Console, result: dict[str, Any]) -> None:
    console.print("\n[bold]England, as the councils in the sum are together[/bold]\n")
    for headline in result["headlines"]:
        value = "no figure" if headline["value"] is None else f"{headline['value']:.1f} %"
        console.print(
            f"  {headline['title']}\n"
            f"    published [bold]{value}[/bold]; exactly {headline['truth']:.1f} %; "
            f"{headline['lower']:.1f} to {headline['upper']:.1f} with chance and noise, "
            f"{headline['privacy_lower']:.1f} to {headline['privacy_upper']:.1f} with noise alone",
            soft_wrap=True,
        )
    shown = result["proportions_shown"]
    console.print(
        f"\n  Of {shown} proportions, {result['proportions_inside_interval']} have the exact truth inside their "
        f"interval, {result['proportions_inside_privacy_interval']} inside that of noise alone "
        "(19 in 20 are expected to).",
        soft_wrap=True,
    )
    _print_sum(console, result["sum"])
    audit = result["audit"]
    recomputed = "recomputed from masked vectors" if audit["is_recomputed"] else "not recomputed"
    outside = f"; {', '.join(audit['not_counted'])} is not" if audit["not_counted"] else ""
    console.print(
        f"  Its papers hold: {audit['signatures']} signatures, and the sum {recomputed}. "
        f"{', '.join(audit['counted'])} is in it{outside}.\n",
        soft_wrap=True,
    )
    console.print(f"Open     {result['site']}", soft_wrap=True)
    console.print(f"Compare  {result['compare']}", soft_wrap=True)
    for command in audit["commands"]:
        console.print(f"Verify   {command}", soft_wrap=True)


def _print_sum(console: Console, added: dict[str, Any]) -> None:
    error = SumError(**added["error"])
    dropped = f"; {', '.join(added['dropped'])} dropped out" if added["dropped"] else ""
    console.print(
        f"\n[bold]The sum that nobody could open[/bold], of {len(added['councils'])} councils{dropped}\n\n"
        "  How far off England's percentages are, in percentage points (root mean square of the "
        f"{error.percentages} that are about {SMALLEST_COHORT:,} children or more):\n\n"
        "                                                       foreseen  in this run\n"
        f"    councils' own noised headlines, added up           {error.councils_added_up_foreseen:8.2f}\n"
        f"    the secure sum, which nobody is trusted with       {error.secure_sum_foreseen:8.2f}"
        f"  {error.secure_sum:11.2f}\n"
        f"    one office trusted with every child's record       {error.trusted_office_foreseen:8.2f}\n"
        f"    published: headlines and sum together, tables used {'':8}  {error.published:11.2f}\n",
        soft_wrap=True,
    )


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--councils",
    type=click.IntRange(SMALLEST_FEDERATION, 153),
    default=12,
    show_default=True,
    help="How many councils.",
)
@click.option("--scale", type=click.FloatRange(0.01, 5), default=1.0, show_default=True, help="Size of councils.")
@click.option(
    "--epsilon",
    type=click.FloatRange(0.01, 50),
    default=DEFAULT_EPSILON,
    show_default=True,
    help="Privacy cost of everything together; above the default the nodes' policy is widened to allow it.",
)
@click.option("--seed", type=int, default=DEFAULT_SEED, show_default=True, help="The same children for the same seed.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Commands run at a time.")
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
    councils: int, scale: float, epsilon: float, seed: int, workers: int, out: Path, force: bool, output_format: str
) -> None:
    """Make councils, run their nodes and a coordinator, publish, and compare with the exact truth.

    \b
    Example: newlyn-demo --councils 12 --out demo-output
    """
    console = Console(stderr=output_format == "json", highlight=False)
    options = Options(councils, scale, epsilon, seed, workers, out.resolve())
    started = time.monotonic()

    def say(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - started:5.0f} s[/dim]  {text}", soft_wrap=True)

    try:
        with ExitStack() as stack:
            stack.enter_context(signals_as_exceptions())
            _prepare_folder(options.out, force)
            programs = stack.enter_context(Programs(_node_environment(epsilon)))
            result = demonstrate(programs, options, say)
            say("Done")
    except ProgramFailed as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    if output_format == "json":
        click.echo(json.dumps(result, indent=2))
    else:
        _print_result(console, result)


if __name__ == "__main__":
    main()
