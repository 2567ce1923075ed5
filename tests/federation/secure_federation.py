"""Twelve councils and a coordinator over mutual TLS: nodes by command, the server in a thread with a clock of its own.

The server's clock can be put forward, so that a test need not wait for the end of a window; nodes keep the real one.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner

import coordinator.cli
import node.cli
from coordinator.assembly import open_service
from coordinator.config import load_config
from coordinator.data import current_councils
from coordinator.files import CoordinatorFiles
from coordinator.log import make_logger
from coordinator.server import ServerCredentials, Worker, advance_always, build_server
from coordinator.store.database import open_store
from tests.federation.house import Council

CODES = tuple(list(current_councils())[:12])
"""Twelve councils of London: one region."""
PATIENCE_SECONDS = 240


def invoke(program: click.Group, *arguments: str | Path, code: int | None = 0) -> str:
    """Runs a command in this process; what it printed, or where it was refused, what it said."""
    result = CliRunner().invoke(program, [str(argument) for argument in arguments])
    assert code is None or result.exit_code == code, result.output
    return result.stderr if code else result.stdout


class RunningServer:
    """The coordinator's server in a thread. `ahead` is by how much its clock is."""

    def __init__(self, home: Path) -> None:
        self.ahead = timedelta()
        self.port = 0
        self._home = home
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))

    def start(self) -> None:
        """Returns when it listens."""
        self._thread.start()
        assert self._started.wait(30)

    def stop(self) -> None:
        """Returns when it is gone."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(30)
        self._loop.close()

    def now(self) -> datetime:
        """The server's clock."""
        return datetime.now(UTC) + self.ahead

    async def _serve(self) -> None:
        files, config = CoordinatorFiles(self._home), load_config(self._home)
        store = open_store(files.database)
        worker = Worker(open_service(files, store, config.rounds, self.now), 4)
        credentials = ServerCredentials(
            files.server_key.read_bytes(), files.server_certificate.read_bytes(), files.root_certificate.read_bytes()
        )
        settings = config.server.model_copy(update={"port": 0})
        with (self._home / "server.log").open("w", encoding="utf-8") as output:
            log = make_logger(output)
            server, self.port = build_server(worker, credentials, settings, log)
            await server.start()
            advancing = asyncio.create_task(advance_always(worker, log))
            self._started.set()
            await self._stopping.wait()
            advancing.cancel()
            await server.stop(None)
            worker.close()
            store.close()


class SecureFederation:
    """Twelve councils, enrolled, whose plans are approved without asking and whose reports leave without delay."""

    def __init__(self, folder: Path, returns: Path, rounds: str) -> None:
        self.folder = folder
        self.home = folder / "coordinator"
        invoke(coordinator.cli.main, "init", "--dir", self.home, "--host", "localhost")
        config = self.home / "coordinator.toml"
        config.write_text(f"{config.read_text(encoding='utf-8')}\n[rounds]\n{rounds}", encoding="utf-8")
        self.server = RunningServer(self.home)
        self.server.start()
        self.councils = [self._enrolled(code, returns) for code in CODES]

    def operator(self, *arguments: str | Path) -> Any:
        """A command of the coordinator's operator, its JSON."""
        return json.loads(invoke(coordinator.cli.main, *arguments, "--dir", self.home, "--format", "json"))

    def node(self, council: Council, *arguments: str | Path, code: int | None = 0) -> str:
        """A command of a council's node."""
        return invoke(node.cli.main, *arguments, "--config", council.config, code=code)

    def _enrolled(self, code: str, returns: Path) -> Council:
        council = Council(code, self.folder / "nodes" / code)
        council.folder.mkdir(parents=True)
        invitation = council.folder / "invitation.json"
        address = f"localhost:{self.server.port}"
        self.operator("invite", "--council", code, "--address", address, "--out", invitation)
        self.node(council, "init", "--invite", invitation, "--returns", returns)
        self.operator("authority", "sign", "--yes")
        self.node(council, "init", "--invite", invitation, "--returns", returns)
        council.edit("send_every_seconds = 60", "send_every_seconds = 0.1")
        council.edit("report_delay_seconds = [300, 900]", "report_delay_seconds = [0, 0]")
        council.edit('approval = "named"', 'approval = "automatic"')
        return council

    def publish_epoch(self, name: str = "epoch") -> dict[str, Any]:
        """Prepared, signed by the authority, and published."""
        draft, signed = self.folder / f"{name}.draft", self.folder / f"{name}.signed"
        self.operator("epoch", "prepare", "--out", draft)
        self.operator("authority", "sign-epoch", draft, "--out", signed, "--yes")
        published: dict[str, Any] = self.operator("epoch", "publish", signed)
        return published

    def open(self, text: str) -> dict[str, Any]:
        """Opens a collection."""
        path = self.folder / "asked.toml"
        path.write_text(text, encoding="utf-8")
        opened: dict[str, Any] = self.operator("collection", "open", path)
        return opened

    def poll(self, councils: list[Council]) -> None:
        """Each polls once, as a scheduler would have it: every poll is a start of the node."""
        for council in councils:
            self.node(council, "run", "--once", code=None)

    def rounds(self, collection: str) -> dict[str, dict[str, Any]]:
        """Where the last round of each release stands, by the release's id."""
        return {each["release"].partition("/")[2]: each for each in self.operator("round", "status", collection)}

    def poll_until(
        self, collection: str, councils: list[Council], reached: Callable[[dict[str, Any]], bool]
    ) -> dict[str, dict[str, Any]]:
        """Polls until all rounds are where they should be."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not all(reached(each) for each in self.rounds(collection).values()):
            assert time.monotonic() < end, self.rounds(collection)
            self.poll(councils)
        return self.rounds(collection)

    def wait_until(self, collection: str, reached: Callable[[dict[str, Any]], bool]) -> None:
        """Waits for what the server does by itself."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not all(reached(each) for each in self.rounds(collection).values()):
            assert time.monotonic() < end, self.rounds(collection)
            time.sleep(0.2)


@contextmanager
def secure_federation(folder: Path, returns: Path, rounds: str) -> Iterator[SecureFederation]:
    """A federation that is stopped on leaving. `rounds` are the lines of `[rounds]` in coordinator.toml."""
    made = SecureFederation(folder, returns, rounds)
    try:
        yield made
    finally:
        made.server.stop()
