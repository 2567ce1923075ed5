"""What every reader promises of every input: only errors of ours, in bounded time, nothing written, nothing repeated.

A value of a record may stand in nothing that is shown: the inputs hold `CANARY` wherever a council's file may hold a
value, and it is looked for in reports, errors with all that caused them, logs, warnings and printed text.
"""

from __future__ import annotations

import io
import logging
import os
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

CANARY = "QZXJ9CANARY"
_STEM = "qzxj9"
"""What a mutation leaves of it, often enough."""

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_FORBIDDEN = (
    *("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.link", "os.truncate", "os.chmod"),
    *("shutil.", "tempfile.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "socket.", "ctypes."),
)


class Find(Exception):
    """An input for which a reader breaks a promise. The text says which."""


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Target:
    """A reader under test.

    `lay` puts an input into an empty folder; `read` reads that folder and returns whatever is shown to a person;
    `prepare` does, outside the time that is taken, what is done once.
    `errors` are the classes that may come out. `confidential`: the input is a council's, whose values are not shown.
    """

    name: str
    lay: Callable[[bytes, Path], None]
    read: Callable[[Path], object]
    errors: tuple[type[Exception], ...]
    prepare: Callable[[], object] = _nothing
    confidential: bool = True
    cpu_seconds: float = 3.0


_touched: list[str] | None = None


def _on_audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _touched is None:
        return
    if event == "open":
        path, _, flags = arguments
        if isinstance(flags, int) and flags & _WRITES and "__pycache__" not in str(path):
            _touched.append("a file was opened to be written")
    elif event.startswith(_FORBIDDEN):
        _touched.append(event)


@contextmanager
def _watching() -> Iterator[list[str]]:
    """What the code inside does to files, processes and the network, as far as Python sees it."""
    global _touched
    _watch_once()
    touched: list[str] = []
    _touched = touched
    try:
        yield touched
    finally:
        _touched = None


_hooked: list[bool] = []


def _watch_once() -> None:
    # A hook cannot be taken away again, so there is one, which does nothing unless something is watched.
    if not _hooked:
        sys.addaudithook(_on_audit)
        _hooked.append(True)


@contextmanager
def _listening() -> Iterator[io.StringIO]:
    """Everything that is printed or logged inside."""
    heard = io.StringIO()
    handler, root = logging.StreamHandler(heard), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with redirect_stdout(heard), redirect_stderr(heard):
            yield heard
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def hold(target: Target, data: bytes) -> bool:
    """Reads one input, and says whether it was read without an error. Raises Find for a promise that is broken."""
    target.prepare()
    with TemporaryDirectory(prefix="fuzz-") as made:
        folder = Path(made)
        target.lay(data, folder)
        with _watching() as touched, _listening() as heard, warnings.catch_warnings():
            warnings.simplefilter("error")
            started = time.process_time()
            refused = False
            try:
                shown = repr(target.read(folder))
            except target.errors as error:
                refused = True
                shown = "".join(traceback.format_exception(error))
            except Find:
                raise
            except Exception as error:
                raise Find(f"{_described(error)} came out") from error
            seconds = time.process_time() - started
    if touched:
        raise Find(f"it reached outside: {touched[0]}")
    if seconds > target.cpu_seconds:
        raise Find("it took longer than it may")
    if target.confidential and _STEM in (shown + heard.getvalue()).lower():
        raise Find("a value is shown" if _STEM in shown.lower() else "a value is printed or logged")
    return not refused


def _described(error: Exception) -> str:
    """The class of an error and the line of ours at which it came out: the same for inputs with one cause."""
    ours = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if {"node", "frameworks", "coordinator"} & set(Path(frame.filename).parts) and ".venv" not in frame.filename
    ]
    place = f" at {Path(ours[-1].filename).name}:{ours[-1].name}" if ours else ""
    return f"{type(error).__name__}{place}"
