"""A whole federation on one machine: one coordinator and one node process per council, over mutual TLS on loopback.

It drives the two programs as an operator and a council would, by their command lines, and imports neither.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.demo.asked import COLLECTION_ID
from deploy.demo.processes import Programs, Service, coordinator, node

APPROVER = "Demo Guardian"
_DONE_OR_NOT_YET_OFFERED = (0, 21, 40)
"""Exit codes of `newlyn-node approve`: done; no such collection here yet; the ledger is in use (`node.errors`)."""
_DONE_OR_NOT_YET_PUBLISHED = (0, 22)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Member:
    """A council in the demo: its code, its ONS code, and the folders of its node and its returns."""

    code: str
    ons_code: str
    name: str
    folder: Path
    returns: Path
    invitation: Path

    @property
    def config(self) -> Path:
        """The node's configuration."""
        return self.folder / "node.toml"


def start_coordinator(programs: Programs, folder: Path) -> str:
    """Initialises a coordinator, starts it on a free port and returns its address.

    It keeps masked vectors, so that the sums of its rounds can be recomputed from what it exports.
    """
    programs.run(coordinator("init", "--dir", folder, "--host", "localhost"))
    address_file = folder / "serving.json"
    programs.start(
        coordinator("serve", "--dir", folder, "--port", "0", "--address-file", address_file),
        "the coordinator",
        folder / "coordinator.log",
        {"NEWLYN_ROUNDS__KEEP_VECTORS": "true"},
    )
    programs.wait_until(address_file.exists, "the coordinator to listen", 60)
    return str(json.loads(address_file.read_text(encoding="utf-8"))["address"])


def enrol(programs: Programs, folder: Path, address: str, members: Sequence[Member], workers: int) -> None:
    """Invites every council, lets every node ask, and lets the enrolment authority sign."""
    programs.start(
        coordinator("authority", "sign", "--dir", folder, "--watch", "--yes"),
        "the enrolment authority",
        folder / "authority.log",
    )
    invited = folder / "invited.csv"
    invited.write_text("la_code\n" + "".join(f"{member.code}\n" for member in members), encoding="utf-8")
    invitations = members[0].invitation.parent
    programs.run(
        coordinator("invite", "--dir", folder, "--all-councils", invited, "--address", address, "--out", invitations)
    )

    def initialise(member: Member) -> None:
        files = ("--invite", member.invitation, "--returns", member.returns, "--config", member.config)
        programs.run(node("init", *files, "--wait", "120"))

    programs.in_parallel(initialise, members, workers)


def start_nodes(programs: Programs, members: Sequence[Member]) -> dict[str, Service]:
    """Starts one node process per council; they are returned by the council's code. Reports leave without delay."""
    at_once = {"NEWLYN_ROUNDS__REPORT_DELAY_SECONDS": "[0, 0]"}
    return {
        member.code: programs.start(
            node("run", "--config", member.config), f"the node of {member.name}", member.folder / "node.log", at_once
        )
        for member in members
    }


def approve(programs: Programs, members: Sequence[Member], workers: int) -> None:
    """Every council's information-governance lead approves, once its node has been offered the collection."""

    def decide(member: Member) -> None:
        approval = node("approve", COLLECTION_ID, "--by", APPROVER, "--config", member.config)
        programs.wait_until(
            lambda: "Approved" in programs.run(approval, accept=_DONE_OR_NOT_YET_OFFERED),
            f"the collection to reach {member.name}",
            180,
            every=1,
        )

    programs.in_parallel(decide, members, workers)


def await_summaries(programs: Programs, folder: Path, expected: int, say: Say) -> None:
    """Waits until so many councils have sent their own headlines."""
    seen = -1

    def complete() -> bool:
        nonlocal seen
        status = programs.run_json(coordinator("status", "--dir", folder, "--format", "json"))
        received = int(status["collections"][0]["councils_complete"])
        if received != seen:
            seen = received
            say(f"  {received} of {expected} councils have sent their headlines")
        return received == expected

    programs.wait_until(complete, "every council's summary", 1800, every=3)


def await_benchmark(programs: Programs, member: Member) -> dict[str, Any]:
    """Waits until a council's node has fetched the benchmark, and gives what `compare` shows on its machine."""
    shown: dict[str, Any] = {}
    command = node("compare", "--config", member.config, "--format", "json")

    def arrived() -> bool:
        text = programs.run(command, accept=_DONE_OR_NOT_YET_PUBLISHED)
        if text.startswith("{"):
            shown.update(json.loads(text))
        return bool(shown)

    programs.wait_until(arrived, f"the benchmark to reach {member.name}", 120, every=1)
    return shown
