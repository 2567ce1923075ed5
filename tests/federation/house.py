"""A small federation of real processes for tests: one coordinator, its authority, and councils' nodes by command."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import environ
from pathlib import Path
from typing import Any

COLLECTION = "2025-test"
RELEASE = "council_headlines"


_MODULES = {"newlyn-node": "node.cli", "newlyn-coordinator": "coordinator.cli"}


def program(name: str) -> list[str]:
    """The command line that starts one of our programs with this very interpreter."""
    return [sys.executable, "-m", _MODULES[name]]


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    exit_code: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        """What it printed with --format json."""
        return json.loads(self.stdout)


def run(name: str, *arguments: str | Path, environment: Mapping[str, str] | None = None) -> Ran:
    """Runs one of our programs to its end."""
    result = subprocess.run(
        [*program(name), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**environ, **(environment or {})},
    )
    return Ran(result.returncode, result.stdout, result.stderr)


@dataclass(frozen=True)
class Council:
    """A council's node: its code and folder."""

    code: str
    folder: Path

    @property
    def config(self) -> Path:
        """node.toml."""
        return self.folder / "node.toml"

    @property
    def state(self) -> Path:
        """The folder of keys and ledger."""
        return self.folder / "state"

    def node(self, *arguments: str | Path, environment: Mapping[str, str] | None = None) -> Ran:
        """Runs a command of this node."""
        return run("newlyn-node", *arguments, "--config", self.config, environment=environment)

    def edit(self, old: str, new: str) -> None:
        """Changes node.toml."""
        text = self.config.read_text(encoding="utf-8")
        assert old in text
        self.config.write_text(text.replace(old, new), encoding="utf-8")


@dataclass
class House:
    """A running coordinator and its folder."""

    folder: Path
    port: int = 0
    server: subprocess.Popen[bytes] | None = None

    @property
    def coordinator(self) -> Path:
        """The coordinator's folder."""
        return self.folder / "coordinator"

    def command(self, *arguments: str | Path) -> Ran:
        """Runs a coordinator command that must succeed."""
        ran = run("newlyn-coordinator", *arguments, "--dir", self.coordinator)
        assert ran.exit_code == 0, ran.stderr
        return ran

    def enrol(self, code: str, returns: Path, port: int | None = None) -> Council:
        """Invites and enrols a council whose node polls and sends without delay."""
        council = Council(code, self.folder / "nodes" / code)
        council.folder.mkdir(parents=True)
        invitation = council.folder / "invitation.json"
        address = f"localhost:{port or self.port}"
        self.command("invite", "--council", code, "--address", address, "--out", invitation)
        first = council.node("init", "--invite", invitation, "--returns", returns)
        assert first.exit_code == 0, first.stderr
        self.command("authority", "sign", "--yes")
        second = council.node("init", "--invite", invitation, "--returns", returns)
        assert second.exit_code == 0, second.stderr
        council.edit("send_every_seconds = 60", "send_every_seconds = 0.1")
        return council

    def open(self, indicators: Sequence[str], collection: str = COLLECTION, *, epsilon: float = 1.5) -> None:
        """Opens a collection of one council-mode release for 2025."""
        path = self.folder / f"{collection}.toml"
        names = ", ".join(f'"{name}"' for name in indicators)
        path.write_text(
            f"""id = "{collection}"
framework = "outcomes-2019"
reference_year = 2025
opens = 2025-04-01
closes = 2099-03-31

[[release]]
id = "{RELEASE}"
mode = "council"
indicators = [{names}]
breakdowns = ["sex"]
epsilon = {epsilon}
delta = 1e-7
""",
            encoding="utf-8",
        )
        self.command("collection", "open", path)

    def stop(self) -> None:
        """Stops the coordinator's server."""
        if self.server is not None:
            self.server.terminate()
            self.server.wait(timeout=20)
            self.server = None

    def start(self) -> None:
        """Starts the coordinator's server, on the same port as before. Each start has a log of its own."""
        address_file = self.coordinator / "serving.json"
        address_file.unlink(missing_ok=True)
        arguments = ("serve", "--dir", self.coordinator, "--port", str(self.port), "--address-file", address_file)
        log = self.coordinator / f"coordinator-{len(list(self.coordinator.glob('*.log')))}.log"
        with log.open("wb") as output:
            command = [*program("newlyn-coordinator"), *map(str, arguments)]
            self.server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        deadline = time.monotonic() + 60
        while not address_file.exists():
            assert self.server.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline
            time.sleep(0.05)
        self.port = int(json.loads(address_file.read_text(encoding="utf-8"))["address"].rpartition(":")[2])


@contextmanager
def house(folder: Path) -> Iterator[House]:
    """Makes and starts a coordinator on a free port; it is stopped on leaving."""
    world = House(folder)
    world.command("init", "--host", "localhost")
    world.start()
    try:
        yield world
    finally:
        world.stop()
