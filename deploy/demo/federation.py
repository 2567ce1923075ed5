"""A whole federation on one machine: one coordinator and one node process per council, over mutual TLS on loopback.

It drives the two programs as an operator and a council would, by their command lines, and imports neither.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.demo.processes import Services, run, run_json

COLLECTION_ID = "2025-demo"
APPROVER = "Demo Guardian"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Member:
    """A council in the demo: its code, and the folders of its node and its returns."""

    code: str
    name: str
    folder: Path
    returns: Path

    @property
    def config(self) -> Path:
        """The node's configuration."""
        return self.folder / "node.toml"


@dataclass(frozen=True)
class Truth:
    """The exact figures of all councils together, which only the demo may know."""

    numerator: int
    denominator: int

    @property
    def percent(self) -> float:
        """100 times numerator over denominator."""
        return 100 * self.numerator / self.denominator


def start_coordinator(services: Services, folder: Path) -> str:
    """Initialises a coordinator, starts it on a free port and returns its address."""
    run("newlyn-coordinator", "init", "--dir", folder, "--host", "localhost")
    address_file = folder / "serving.json"
    services.start(
        "newlyn-coordinator",
        "the coordinator",
        folder / "coordinator.log",
        *("serve", "--dir", folder, "--port", "0", "--address-file", address_file),
    )
    services.wait_until(address_file.exists, "the coordinator to listen", 60)
    port = json.loads(address_file.read_text(encoding="utf-8"))["address"].rpartition(":")[2]
    return f"localhost:{port}"


def enrol(services: Services, coordinator: Path, address: str, members: Sequence[Member], workers: int) -> None:
    """Invites every council, lets every node ask, and lets the enrolment authority sign."""
    services.start(
        "newlyn-coordinator",
        "the enrolment authority",
        coordinator / "authority.log",
        *("authority", "sign", "--dir", coordinator, "--watch", "--yes"),
    )
    for member in members:
        member.folder.mkdir(parents=True, exist_ok=True)
        run(
            "newlyn-coordinator",
            *("invite", "--dir", coordinator, "--council", member.code),
            *("--address", address, "--out", member.folder / "invitation.json"),
        )

    def initialise(member: Member) -> None:
        run(
            "newlyn-node",
            *("init", "--invite", member.folder / "invitation.json", "--returns", member.returns),
            *("--config", member.config, "--wait", "120"),
        )

    in_parallel(initialise, members, workers)


def in_parallel(work: Callable[[Member], Any], members: Sequence[Member], workers: int) -> list[Any]:
    """Does the same for every council, a few at a time."""
    with ThreadPoolExecutor(max_workers=workers) as pool:
        return list(pool.map(work, members))


def collection_file(path: Path, framework: str, indicators: Sequence[str], epsilon: float) -> Path:
    """Writes the collection that the demo opens: one council-mode release of headlines."""
    listed = "".join(f'    "{indicator}",\n' for indicator in indicators)
    path.write_text(
        f"""\
id = "{COLLECTION_ID}"
framework = "{framework}"
reference_year = 2025
opens = 2025-04-01
closes = 2099-03-31

[[release]]
id = "council_headlines"
mode = "council"
indicators = [
{listed}]
breakdowns = []
epsilon = {epsilon}
delta = 1e-7
""",
        encoding="utf-8",
    )
    return path


def start_nodes(services: Services, members: Sequence[Member]) -> None:
    """Starts one node process per council, polling every two seconds."""
    for member in members:
        services.start(
            "newlyn-node",
            f"the node of {member.name}",
            member.folder / "node.log",
            *("run", "--config", member.config),
        )


def approve(member: Member, services: Services) -> None:
    """The council's information-governance lead approves, once the node has been offered the collection."""

    def offered() -> bool:
        shown = run_json("newlyn-node", "preview", "--config", member.config)
        return bool(shown["collections"])

    services.wait_until(offered, f"the collection to reach {member.name}", 120)
    run("newlyn-node", "approve", COLLECTION_ID, "--by", APPROVER, "--config", member.config)


def summaries_received(coordinator: Path) -> int:
    """How many councils have answered the whole collection."""
    status = run_json("newlyn-coordinator", "status", "--dir", coordinator)
    return int(status["collections"][0]["councils_complete"])


def exact_truth(members: Sequence[Member], framework: str, workers: int) -> dict[str, Truth]:
    """Every council's exact figures, added up: what a trusted curator would have known."""

    def measured(member: Member) -> dict[str, Any]:
        shown = run_json(
            "newlyn-node", "measure", "--returns", member.returns, "--year", "2025", "--framework", framework
        )
        return dict(shown["indicators"])

    added: dict[str, Truth] = {}
    for figures in in_parallel(measured, members, workers):
        for indicator, figure in figures.items():
            if figure["denominator"] is None:
                continue
            so_far = added.get(indicator, Truth(0, 0))
            added[indicator] = Truth(so_far.numerator + figure["numerator"], so_far.denominator + figure["denominator"])
    return added
