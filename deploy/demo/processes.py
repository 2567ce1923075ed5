"""Starting programs as processes, and never leaving one behind.

Processes end with the demo whatever ends it: the end of its work, an exception, a signal, or (on Linux, where the
kernel can be asked to) the death of the demo itself.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

Item = TypeVar("Item")

_STOP_SECONDS = 10
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class ProgramFailed(Exception):
    """A program ended with a fault. The text is what it said."""


@dataclass(frozen=True)
class Command:
    """A command line as a person would type it, and the one that starts it with this very interpreter."""

    shown: str
    argv: tuple[str, ...]


def node(*arguments: str | Path) -> Command:
    """A `newlyn-node` command."""
    return _command("newlyn-node", "node.cli", arguments)


def coordinator(*arguments: str | Path) -> Command:
    """A `newlyn-coordinator` command."""
    return _command("newlyn-coordinator", "coordinator.cli", arguments)


def generator(*arguments: str | Path) -> Command:
    """A command that makes one council's returns up."""
    return _command("python -m deploy.demo.generator", "deploy.demo.generator", arguments)


def _command(name: str, module: str, arguments: Sequence[str | Path]) -> Command:
    texts = tuple(map(str, arguments))
    return Command(" ".join((name, *texts)), (sys.executable, "-m", module, *texts))


@dataclass(frozen=True)
class Service:
    """A program that runs until it is stopped; `log` is the file that takes its output."""

    name: str
    process: subprocess.Popen[str]
    log: Path

    def check(self) -> None:
        """Raises ProgramFailed, with the end of its log, if the program has ended."""
        if self.process.poll() is not None:
            tail = self.log.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise ProgramFailed(f"{self.name} ended with exit code {self.process.returncode}:\n{tail}")


class Programs:
    """Every process of the demo; a context manager that ends all of them on leaving.

    `run` may be called from several threads; `start` from the main thread only, because the kernel ends a process with
    the thread that started it. `environment` is added to the environment of every program;
    what this one has of NEWLYN_* is kept from them.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("NEWLYN_")}
        self._environment = {**inherited, **(environment or {})}
        self._lock = threading.Lock()
        self._stopped = False
        self._processes: set[subprocess.Popen[str]] = set()
        self._services: list[Service] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _spawn(
        self, command: Command, output: Any, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        demo = os.getpid()

        def end_with_the_demo() -> None:
            if _libc is not None:
                _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
                if os.getppid() != demo:
                    os._exit(1)

        with self._lock:
            if self._stopped:
                raise ProgramFailed("The demo is stopping.")
            process = subprocess.Popen(
                command.argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.PIPE if output is subprocess.PIPE else subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                env={**self._environment, **(environment or {})},
                start_new_session=True,
                preexec_fn=end_with_the_demo if _libc is not None else None,
            )
            self._processes.add(process)
        return process

    def run(self, command: Command, *, accept: Sequence[int] = (0,)) -> str:
        """Runs a command to its end and returns what it printed.

        Raises ProgramFailed, with what the command said, for an exit code outside `accept`.
        """
        process = self._spawn(command, subprocess.PIPE)
        output, errors = process.communicate()
        with self._lock:
            self._processes.discard(process)
        if process.returncode not in accept:
            raise ProgramFailed(f"{command.shown}\nended with exit code {process.returncode}:\n{errors or output}")
        return output

    def run_json(self, command: Command) -> Any:
        """Runs a command that prints JSON and returns it, parsed. Raises ProgramFailed."""
        return json.loads(self.run(command))

    def start(self, command: Command, label: str, log: Path, environment: Mapping[str, str] | None = None) -> Service:
        """Starts a program with its output in `log`; `environment` is added for it alone.

        Raises ProgramFailed once stopped, and RuntimeError outside the main thread.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("a service would end with the thread that started it")
        with log.open("w", encoding="utf-8") as output:
            service = Service(label, self._spawn(command, output, environment), log)
        self._services.append(service)
        return service

    def end(self, service: Service) -> None:
        """Stops one started program as `stop` does all; it is not watched any more."""
        self._services.remove(service)
        _end([service.process])

    def stop(self) -> None:
        """Asks every process to stop, and kills those that have not after ten seconds. None starts afterwards."""
        with self._lock:
            self._stopped = True
            processes = list(self._processes)
        _end(processes)

    def wait_until(self, ready: Callable[[], bool], what: str, seconds: float, every: float = 0.2) -> None:
        """Waits until `ready`, watching that no started program ends meanwhile.

        Raises ProgramFailed when a program ends or the time is over.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            for service in self._services:
                service.check()
            if time.monotonic() > deadline:
                raise ProgramFailed(f"Waited {seconds:.0f} seconds for {what}; the logs tell more.")
            time.sleep(every)

    def in_parallel(self, work: Callable[[Item], Any], items: Sequence[Item], workers: int) -> list[Any]:
        """Does the same for every item, a few at a time; the first failure ends the rest."""
        pool = ThreadPoolExecutor(max_workers=workers)
        try:
            return [future.result() for future in [pool.submit(work, item) for item in items]]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            self.stop()
            raise
        finally:
            pool.shutdown()


def _end(processes: Sequence[subprocess.Popen[str]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + _STOP_SECONDS
    for process in processes:
        try:
            process.wait(timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


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
