"""The database: opening it, and named transactions.

SQLite's driver begins a transaction only before the first write, which loses updates silently (engineering reference,
finding 2). Here the driver never begins one: every transaction starts with BEGIN IMMEDIATE (or, for a reader, a plain
BEGIN), is committed as a whole, and synchronous=FULL puts it on the disk before the answer leaves.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine, create_engine, event, insert, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from coordinator.errors import NotACoordinator, StorageFailed
from coordinator.store import schema

Result = TypeVar("Result")

SYNCHRONOUS = "FULL"
"""SQLite's setting under which a commit is on the disk when it returns."""

_BUSY_SECONDS = 30


def milliseconds(at: datetime) -> int:
    """A time as the database keeps it."""
    return int(at.timestamp() * 1000)


def moment(stored: int) -> datetime:
    """A stored time, in UTC."""
    return datetime.fromtimestamp(stored / 1000, UTC)


def _prepare_connection(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in (f"synchronous={SYNCHRONOUS}", "foreign_keys=ON", f"busy_timeout={_BUSY_SECONDS * 1000}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN IMMEDIATE"))


class _Work:
    """One transaction's work in a batch, and what became of it. It counts only once its batch is committed."""

    def __init__(self, name: str, work: Callable[[Connection], Any]) -> None:
        self.name = name
        self.finished = False
        self.committed = False
        self.result: Any = None
        self.error: Exception | None = None
        self._work = work

    def run(self, connection: Connection) -> None:
        """Does the work inside a savepoint, so that its failure undoes nothing of the others in the batch."""
        try:
            connection.exec_driver_sql("SAVEPOINT work")
            self.result = self._work(connection)
            connection.exec_driver_sql("RELEASE work")
        except Exception as error:
            self.error = error
            connection.exec_driver_sql("ROLLBACK TO work")


class Store:
    """The coordinator's database. Use `create_store` or `open_store`."""

    def __init__(self, engine: Engine) -> None:
        self._writing = engine
        self._reading = engine.execution_options(begin="BEGIN")
        self._waiting: deque[_Work] = deque()
        self._writer = Lock()

    def run_tx(self, name: str, work: Callable[[Connection], Result]) -> Result:
        """Runs `work` in a transaction: all of it is on the disk when this returns, or none.

        Threads that wait for the one writer are committed together, with one synchronisation of the disk: each
        behind a savepoint of its own, in the order of asking. `work` must be re-runnable, and must not call this
        again. Raises what `work` raises, and StorageFailed (which carries `name`) when the database fails.
        """
        mine = _Work(name, work)
        self._waiting.append(mine)
        with self._writer:
            if not mine.finished:
                self._commit([self._waiting.popleft() for _ in range(len(self._waiting))])
        return cast(Result, _outcome(mine))

    def _commit(self, batch: Sequence[_Work]) -> None:
        try:
            with self._writing.begin() as connection:
                for work in batch:
                    work.run(connection)
            for work in batch:
                work.committed = True
        except DBAPIError as error:
            for work in batch:
                work.error = work.error or error
        finally:
            for work in batch:
                work.finished = True

    def read(self, name: str, work: Callable[[Connection], Result]) -> Result:
        """Runs `work`, which only reads, on one snapshot. Raises as `run_tx` does."""
        try:
            with self._reading.begin() as connection:
                return work(connection)
        except DBAPIError as error:
            raise _failed(name, error) from error

    def close(self) -> None:
        """Closes every connection."""
        self._writing.dispose()


def _outcome(work: _Work) -> Any:
    if isinstance(work.error, DBAPIError) or not work.committed:
        raise _failed(work.name, work.error) from work.error
    if work.error is not None:
        raise work.error
    return work.result


def _failed(name: str, error: Exception | None) -> StorageFailed:
    return StorageFailed(
        f"The database failed in the transaction '{name}' ({type(error).__name__}); nothing of it was stored.",
        "Check that the disk is not full and the file belongs to this user, then try again.",
    )


def _engine(path: Path) -> Engine:
    return _prepared(create_engine(f"sqlite:///{path}"))


def _prepared(engine: Engine) -> Engine:
    event.listen(engine, "connect", _prepare_connection)
    event.listen(engine, "begin", _begin)
    return engine


def store_in_memory() -> Store:
    """A database that ends with the process, for simulations on one thread."""
    engine = _prepared(create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}))
    with engine.begin() as connection:
        schema.metadata.create_all(connection)
    return Store(engine)


def create_store(path: Path) -> Store:
    """Makes an empty database, owner-only, whole or not at all.

    Raises NotACoordinator when the file is there already.
    """
    if path.exists():
        raise NotACoordinator(f"{path} is there already.", "A coordinator's database is never replaced.")
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    engine = _engine(draft)
    with engine.begin() as connection:
        schema.metadata.create_all(connection)
        connection.execute(insert(schema.schema_version).values(version=schema.SCHEMA_VERSION))
    with engine.execution_options(begin="PRAGMA journal_mode=WAL").begin():
        pass
    engine.dispose()
    draft.replace(path)
    return open_store(path)


def open_store(path: Path) -> Store:
    """Opens the database.

    Raises
    ------
    NotACoordinator
        When there is none.
    StorageFailed
        When it is not a database of ours, or of another schema version than this software's.
    """
    if not path.exists():
        raise NotACoordinator(
            f"There is no database at {path}.", "Name the coordinator's folder with --dir, or run `init`."
        )
    engine = _engine(path)
    try:
        with engine.execution_options(begin="BEGIN").begin() as connection:
            versions = connection.execute(select(schema.schema_version.c.version)).scalars().all()
    except SQLAlchemyError as error:
        engine.dispose()
        raise StorageFailed(
            f"{path} is not a coordinator's database, or it is damaged.", "Restore it from a backup."
        ) from error
    if list(versions) != [schema.SCHEMA_VERSION]:
        engine.dispose()
        raise StorageFailed(
            f"The database has schema version {', '.join(map(str, versions)) or 'none'}; "
            f"this software works with {schema.SCHEMA_VERSION}.",
            "Use the version of newlyn-coordinator that wrote it.",
        )
    return Store(engine)
