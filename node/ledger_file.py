"""The ledger's file: one writer at a time, commits that are on the disk when they return, errors translated."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from node.errors import LedgerDamaged, LedgerLocked, StorageFailed

_RETRY_LOCK_SECONDS = 0.05


def damaged(found: str) -> LedgerDamaged:
    """The error for a ledger that does not hold together; `found` is a sentence."""
    return LedgerDamaged(
        f"The ledger does not hold together: {found}",
        "Nothing is charged or sent. Keep the file as it is, and put back the newest copy that verifies "
        "(`newlyn-node ledger verify`).",
    )


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turns errors of SQLite and the disk into StorageFailed, a file that is no sound database into LedgerDamaged."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        if type(error) is sqlite3.DatabaseError:  # SQLITE_CORRUPT and SQLITE_NOTADB; the others are subclasses
            raise damaged(f"SQLite reports: {error}.") from error
        raise StorageFailed(
            f"The ledger could not be read or written ({type(error).__name__}: {error}).",
            "Free some space, or see to the disk or the folder's rights, then run again: what was charged stays "
            "charged once, and what was stored is sent as it is.",
        ) from error


def _try_lock(descriptor: int) -> bool:
    """Takes the lock for this process; it goes when the process goes, however it ends."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def only_writer(path: Path, wait_seconds: float) -> Iterator[None]:
    """Holds the lock beside the ledger at `path`. Raises LedgerLocked when `wait_seconds` did not free it."""
    with storage_errors():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        give_up = time.monotonic() + wait_seconds
        while not _try_lock(descriptor):
            if time.monotonic() >= give_up:
                raise LedgerLocked(
                    "Another process of this node has the ledger open.",
                    "Wait until it has ended its poll, or stop it; two nodes must never run on one ledger.",
                )
            time.sleep(_RETRY_LOCK_SECONDS)
        yield
    finally:
        os.close(descriptor)


def connect(path: Path) -> sqlite3.Connection:
    """Opens the database, made for its owner alone (0600) where there is none. Transactions are ours to begin."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection
