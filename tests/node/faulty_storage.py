"""SQLite connections that fail, or end the process, at a chosen statement."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

BeforeAndAfter = Callable[[str, str], None]
"""Called with "before" or "after" and the statement."""


@contextmanager
def every_statement(watch: BeforeAndAfter) -> Iterator[None]:
    """Within it, each statement of a newly opened ledger is shown to `watch` before and after it is executed."""

    class Watched(sqlite3.Connection):
        def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
            watch("before", sql)
            cursor = super().execute(sql, parameters)
            watch("after", sql)
            return cursor

    real = sqlite3.connect

    def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        return real(*arguments, **options, factory=Watched)

    sqlite3.connect = connect  # type: ignore[assignment]
    try:
        yield
    finally:
        sqlite3.connect = real


class FailsAt:
    """Raises OperationalError instead of executing the n-th statement (from 1), and the next `lasting - 1`."""

    def __init__(self, n: int, lasting: int = 1) -> None:
        self.failing = range(n, n + lasting)
        self.seen = 0

    def __call__(self, moment: str, *_: str) -> None:
        if moment == "before":
            self.seen += 1
            if self.seen in self.failing:
                raise sqlite3.OperationalError("disk I/O error")


class KilledAt:
    """Ends the process with SIGKILL at the n-th moment of its life that is shown to it (from 1)."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.seen = 0

    def __call__(self, *_: str) -> None:
        self.seen += 1
        if self.seen == self.n:
            os.kill(os.getpid(), signal.SIGKILL)
