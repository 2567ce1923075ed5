"""Starting the two programs as processes, and never leaving one behind.

Children are killed when the demo ends for any reason: normally, by an exception, by a signal, or (on Linux, where the
kernel can be asked to) when the demo itself is killed.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_STOP_SECONDS = 10
_PR_SET_PDEATHSIG = 1


class ProgramFailed(Exception):
    """One of the two programs ended with a fault. The text is what it said."""


def program(name: str) -> list[str]:
    """The command line that starts one of our programs with this very interpreter."""
    module = {"newlyn-node": "node.cli", "newlyn-coordinator": "coordinator.cli"}[name]
    return [sys.executable, "-m", module]


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def run(name: str, *arguments: str | Path, accept: Sequence[int] = (0,)) -> str:
    """Runs a command to its end and returns what it printed.

    Raises ProgramFailed, with what the command said, for an exit code outside `accept`.
    """
    command = [*program(name), *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode not in accept:
        shown = " ".join([name, *map(str, arguments)])
        raise ProgramFailed(f"{shown}\nended with exit code {result.returncode}:\n{result.stderr or result.stdout}")
    return result.stdout


def run_json(name: str, *arguments: str | Path) -> Any:
    """Runs a command with `--format json` and returns what it printed, parsed."""
    return json.loads(run(name, *arguments, "--format", "json"))


@dataclass
class Service:
    """A program that runs until it is stopped; `log` is the file that takes its output."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raises ProgramFailed, with the end of its log, if the program has ended."""
        if self.process.poll() is not None:
            tail = self.log.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise ProgramFailed(f"{self.name} ended with exit code {self.process.returncode}:\n{tail}")


class Services:
    """The running programs; a context manager that stops every one of them on leaving."""

    def __init__(self) -> None:
        self._running: list[Service] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, name: str, label: str, log: Path, *arguments: str | Path) -> Service:
        """Starts a program with its output in `log`."""
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*program(name), *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )
        service = Service(label, process, log)
        self._running.append(service)
        return service

    def check(self) -> None:
        """Raises ProgramFailed if any program has ended."""
        for service in self._running:
            service.check()

    def stop(self) -> None:
        """Asks every program to stop, and kills those that have not after ten seconds."""
        for service in self._running:
            if service.process.poll() is None:
                service.process.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for service in self._running:
            try:
                service.process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                service.process.kill()
                service.process.wait()
        self._running.clear()

    def wait_until(self, ready: Callable[[], bool], what: str, seconds: float) -> None:
        """Waits until `ready`, watching that no program ends meanwhile.

        Raises ProgramFailed when a program ends or the time is over.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise ProgramFailed(f"Waited {seconds:.0f} seconds for {what}; the logs tell more.")
            time.sleep(0.2)


@contextmanager
def signals_as_exceptions() -> Iterator[None]:
    """Turns SIGTERM and SIGHUP into SystemExit, so that leaving by them cleans up like any other way."""

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    numbers = [signal.SIGTERM, *([signal.SIGHUP] if os.name == "posix" else [])]
    previous = {number: signal.signal(number, leave) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
