"""newlyn-node: the council's command line.

Every command has --help with an example and, where it shows something, --format text|json. Exit code 0 means done;
the codes of what can be wrong are listed in `node.errors`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import click
import structlog

from frameworks.model import Framework
from node import screens
from node.agent import CycleReport
from node.assembly import benchmark_shelf, open_node, utc_now
from node.check import check_returns, write_local
from node.check_page import check_page
from node.check_screen import show_check
from node.command_line import (
    config_option,
    format_option,
    framework_of,
    framework_option,
    reporting,
    returns_option,
    returns_or_warehouse_option,
    show,
    warehouse_option,
)
from node.compare import compare
from node.config import initial_config_text, load_config, load_warehouse
from node.consent_commands import approve, approver, refuse
from node.data import council_ons_code
from node.doctor import Verdict, examine
from node.enrolment import ask_for_certificate, begin, is_enrolled, read_invitation
from node.errors import ChecksFailed, NodeError, NotEnrolled, NothingSent, UsageProblem
from node.identity import IdentityFiles, check_in_date, key_fingerprints
from node.ledger_commands import ledger
from node.link import SOFTWARE_VERSION
from node.log import make_logger
from node.preview_commands import preview_command
from node.returns import measure_returns
from node.round_assembly import round_standings
from node.round_commands import epoch_commands, round_commands
from node.rounds.folder import RoundFolder
from node.sources.inventory import take_inventory
from node.status import read_status
from node.template_files import write_templates
from node.warehouse import Warehouse
from node.warehouse_check import check_warehouse


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(SOFTWARE_VERSION, prog_name="newlyn-node")
def main() -> None:
    """Measure this council's returns, and share only noised sums.

    \b
    First day:
      newlyn-node check --returns returns/
      newlyn-node measure --returns returns/ --year 2025
      newlyn-node init --invite invite.json --returns returns/
      newlyn-node doctor
    """


_council = click.option(
    "--council", "council_code", help="Your three-digit code: tells which placements are outside the council."
)


@main.command()
@returns_or_warehouse_option
@warehouse_option
@_council
@click.option("--year", type=int, help="Reference year (ending 31 March). Default: the latest found in the returns.")
@framework_option
@click.option(
    "--rows",
    "rows_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write where each row that could not be used stands, and which children a finding concerns, to this"
    " local file (mode 0600).",
)
@click.option(
    "--html", "page_path", type=click.Path(path_type=Path, dir_okay=False), help="Also write the page to this file."
)
@format_option
@reporting
def check(
    folder: Path | None,
    warehouse_path: Path | None,
    council_code: str | None,
    year: int | None,
    framework_id: str,
    rows_path: Path | None,
    page_path: Path | None,
    output_format: str,
) -> None:
    """What the returns (or a warehouse) hold, what could not be used, and which indicators they support.

    It stays on this machine.

    \b
    Example: newlyn-node check --returns returns/ --html check-2025.html
             newlyn-node check --warehouse node.toml --year 2025
    """
    framework = framework_of(framework_id)
    if (folder is None) == (warehouse_path is None):
        raise UsageProblem("One of two is checked at a time.", "Give --returns FOLDER, or --warehouse FILE.")
    if folder is None:
        assert warehouse_path is not None
        _check_warehouse(warehouse_path, framework, year, output_format)
        return
    code = _known_council(council_code)
    report = check_returns(folder, framework, year=year, rows_path=rows_path, council_code=code)
    if page_path is not None:
        write_local(page_path, check_page(report, framework))
    show(output_format, report.as_json(), lambda console: show_check(console, report))


def _known_council(code: str | None) -> str | None:
    if code is not None and council_ons_code(code) is None:
        raise UsageProblem(f"There is no council {code}.", "Give the three-digit code, such as 301.")
    return code


def _check_warehouse(path: Path, framework: Framework, year: int | None, output_format: str) -> None:
    warehouse = Warehouse.of(load_warehouse(path))
    if warehouse is None or year is None:
        raise UsageProblem("A warehouse holds many years.", "Say which with --year.")
    report = check_warehouse(warehouse, framework, year)
    show(output_format, report.as_json(), report.print_to)


@main.command()
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for the templates."
)
@format_option
@reporting
def templates(out: Path, output_format: str) -> None:
    """Write the CSV templates for education, feedback and families, with what each column holds.

    \b
    Example: newlyn-node templates --out templates
    """
    written = write_templates(out)
    show(
        output_format,
        {"files": [str(path) for path in written]},
        lambda console: console.print(
            f"{len(written)} files in {out}: read {out / 'README.md'} first", markup=False, soft_wrap=True
        ),
    )


@main.command()
@returns_or_warehouse_option
@warehouse_option
@_council
@click.option("--year", type=int, required=True, help="Reference year (ending 31 March).")
@framework_option
@format_option
@reporting
def measure(
    folder: Path | None,
    warehouse_path: Path | None,
    council_code: str | None,
    year: int,
    framework_id: str,
    output_format: str,
) -> None:
    """Exact figures of every indicator, for your eyes only. Nothing is sent, stored or charged.

    \b
    Example: newlyn-node measure --returns returns/ --year 2025 --format json
             newlyn-node measure --warehouse node.toml --year 2025
    """
    framework = framework_of(framework_id)
    warehouse = None if warehouse_path is None else Warehouse.of(load_warehouse(warehouse_path))
    if folder is None and warehouse is None:
        raise UsageProblem("There is nothing to measure.", "Give --returns FOLDER, or --warehouse FILE.")
    figures = measure_returns(folder, year, framework, warehouse=warehouse, council_code=_known_council(council_code))
    show(
        output_format,
        {"indicators": {name: figure.as_json() for name, figure in figures.items()}},
        lambda console: screens.show_figures(console, framework, figures, year),
    )


@main.command()
@click.option(
    "--invite", "invite", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The invitation file."
)
@returns_option
@config_option
@click.option("--wait", "wait_seconds", type=float, default=0, help="Wait so many seconds for the certificate.")
@format_option
@reporting
def init(invite: Path, folder: Path, config_path: Path, wait_seconds: float, output_format: str) -> None:
    """Write node.toml, make the keys on this machine, and ask for a certificate. Safe to repeat.

    \b
    Example: newlyn-node init --invite invite.json --returns returns/
    """
    invitation = read_invitation(invite, utc_now())
    if not config_path.exists():
        config_path.parent.mkdir(parents=True, exist_ok=True)
        declared = tuple(sorted(take_inventory(folder, None).available))
        config_path.write_text(initial_config_text(invitation, folder.resolve(), declared), encoding="utf-8")
    config = load_config(config_path)
    files = IdentityFiles(config.state)
    if not is_enrolled(files):
        begin(files, invitation)
    keys = key_fingerprints(files)
    issued = _await_certificate(files, config.agent.deadline_seconds, wait_seconds)
    show(
        output_format,
        {
            "config": str(config_path),
            "enrolled": issued,
            "declared": list(config.returns.declared),
            "fingerprints": asdict(keys),
        },
        lambda console: screens.show_initialised(console, config_path, config, keys, enrolled=issued),
    )


def _await_certificate(files: IdentityFiles, deadline_seconds: float, wait_seconds: float) -> bool:
    end = time.monotonic() + wait_seconds
    while not ask_for_certificate(files, deadline_seconds):
        if time.monotonic() >= end:
            return False
        time.sleep(1)
    return True


@main.command()
@config_option
@format_option
@reporting
def doctor(config_path: Path, output_format: str) -> None:
    """What is in the way: keys, certificate, proxy, name, port, version, clock; each with what to do next.

    \b
    Example: newlyn-node doctor
    """
    findings = examine(load_config(config_path), utc_now, os.environ)
    show(
        output_format,
        {"findings": [asdict(finding) for finding in findings]},
        lambda console: screens.show_findings(console, findings),
    )
    if any(finding.verdict is Verdict.FAILED for finding in findings):
        sys.exit(ChecksFailed.exit_code)


main.add_command(preview_command)


for _command in (approve, refuse, approver, ledger, epoch_commands, round_commands):
    main.add_command(_command)


@main.command()
@click.option("--once", is_flag=True, help="Poll once and end; for a scheduler.")
@config_option
@format_option
@reporting
def run(once: bool, config_path: Path, output_format: str) -> None:
    """Ask what is open, send what is approved, fetch what is published: as a service, or once.

    \b
    Example: newlyn-node run --once
    """
    if once:
        report = _poll(config_path, make_logger(), time.sleep)
        show(output_format, report.as_json(), lambda console: screens.show_cycle(console, report))
        if report.waiting:
            sys.exit(NothingSent.exit_code)
        return
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run_until(stop, config_path)


def _poll(config_path: Path, log: structlog.stdlib.BoundLogger, sleep: Callable[[float], None]) -> CycleReport:
    """One cycle. The ledger is open during it only, so that approve and status can work in between."""
    config = load_config(config_path)
    files = IdentityFiles(config.state)
    if not ask_for_certificate(files, config.agent.deadline_seconds):
        raise NotEnrolled(
            "The enrolment authority has not signed this node's certificate yet.",
            "Try again later; the coordinator's operator sees the request.",
        )
    check_in_date(files, utc_now())
    with open_node(config_path) as node:
        return node.agent(log, sleep).cycle()


def run_until(stop: threading.Event, config_path: Path) -> None:
    """Polls until `stop`, on whole multiples of `poll_seconds`; what stops a cycle is tried again at the next."""
    log = make_logger()
    poll_seconds = load_config(config_path).agent.poll_seconds

    def sleep(seconds: float) -> None:
        stop.wait(seconds)

    log.info("started", version=SOFTWARE_VERSION)
    while not stop.is_set():
        try:
            _poll(config_path, log, sleep)
        except NodeError as error:
            log.warning("cycle ended early", code=error.exit_code)
        except Exception:  # its text may quote a record, so it is not logged; `run --once` names class and place
            log.error("fault")
        stop.wait(poll_seconds - time.time() % poll_seconds)
    log.info("stopped")


@main.command()
@config_option
@format_option
@reporting
def status(config_path: Path, output_format: str) -> None:
    """Where this node stands: what is open, what waits for whom, what was sent, the budget, the next date.

    \b
    Example: newlyn-node status
    """
    with open_node(config_path, reading=True) as node:
        standing = read_status(
            council=f"{node.config.council.code} {node.config.council.name}",
            enrolled=is_enrolled(node.files),
            offers=node.offers.offers(),
            ledger=node.ledger,
            policy=node.config.policy,
            benchmarks=node.shelf.collections(),
            now=utc_now(),
            rounds=round_standings(node.config, node.ledger),
            alarms=RoundFolder.of(node.config).alarms(utc_now).alarms(),
        )
    show(output_format, standing.as_json(), lambda console: screens.show_status(console, standing))


@main.command("compare")
@click.option("--collection", help="Default: the latest published.")
@config_option
@format_option
@reporting
def compare_command(collection: str | None, config_path: Path, output_format: str) -> None:
    """Your own exact figures beside the published benchmark, on this machine only.

    \b
    Example: newlyn-node compare
    """
    config = load_config(config_path)
    benchmark = benchmark_shelf(config).find(collection)
    framework = framework_of(benchmark.framework_id)
    figures = measure_returns(
        config.returns.folder,
        benchmark.reference_year,
        framework,
        warehouse=Warehouse.of(config.warehouse),
        council_code=config.council.code,
    )
    comparison = compare(benchmark, framework, figures, config.council.code)
    show(output_format, comparison.as_json(), lambda console: screens.show_comparison(console, comparison))


@main.group("config")
def config_group() -> None:
    """The node's configuration."""


@config_group.command("show")
@config_option
@reporting
def config_show(config_path: Path) -> None:
    """The effective configuration (file and environment) as JSON. It holds no secret.

    \b
    Example: newlyn-node config show
    """
    click.echo(json.dumps(load_config(config_path).public(), indent=2))


if __name__ == "__main__":
    main()
