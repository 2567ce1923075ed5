"""Spark, where the council's warehouse is (Fabric, Databricks, a cluster, or this machine): definitions run there, and
only what is asked for comes back.

A relation that is defined is a temporary view of this engine's session, computed once and kept in the cluster's memory
until the engine ends. Nothing is written to a table.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sqlglot.errors import SqlglotError

from node.engines.dialects import Name, SparkSql
from node.engines.engine import Row
from node.errors import ReturnsNotReady, WarehouseNotReady

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SETTINGS = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "false",
    "spark.sql.variable.substitute": "false",
    "spark.sql.parser.escapedStringLiterals": "false",
    "spark.sql.ansi.doubleQuotedIdentifiers": "false",
}
"""What the meaning of a text depends on: set for the engine's own session, whatever the cluster's habits are."""

_ON_THIS_MACHINE = {
    "spark.ui.enabled": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.io.encryption.enabled": "true",
}
"""Spark inside this process opens no port to others, and what it must put on a disk it encrypts."""

_QUIET = "-Dlog4j2.level=OFF -Dlog4j2.disableStatusLogger=true"


@dataclass
class SparkEngine:
    """An engine over the tables that a Spark session sees, for one reference year. `open` and `over` make one."""

    _session: SparkSession
    _dialect: SparkSql
    _schema: Name
    _kept: list[DataFrame] = field(default_factory=list)
    _views: set[str] = field(default_factory=set)

    @classmethod
    @contextmanager
    def open(cls, url: str, year: int, *, schema: str | None = None) -> Iterator[SparkEngine]:
        """An engine on `local[*]` (Spark inside this process), `spark://...` or, by Spark Connect, `sc://...`.

        A Spark that this process runs already is used as it is, and goes on when the engine ends.

        Raises WarehouseNotReady when Spark is not installed or does not answer.
        """
        try:
            from pyspark.sql import SparkSession
        except ImportError:
            raise WarehouseNotReady(
                "Spark is not installed.", "Install newlyn[spark] and Java on this machine."
            ) from None
        running = SparkSession.getActiveSession()
        if running is not None:
            with cls.over(running, year, schema=schema) as engine:
                yield engine
            return
        scratch = tempfile.mkdtemp(prefix="newlyn-spark-")
        try:
            session = _started(url, scratch)
            try:
                with cls.over(session, year, schema=schema) as engine:
                    yield engine
            finally:
                session.stop()
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    @classmethod
    @contextmanager
    def over(cls, session: SparkSession, year: int, *, schema: str | None = None) -> Iterator[SparkEngine]:
        """An engine on a Spark session that is there already; its settings and views stay as they are.

        Tables that a text names without a schema are looked up in `schema` (a catalogue may stand before it, after a
        dot), or where the session looks by itself.
        """
        _silence()
        own = session.newSession()
        for name, value in SETTINGS.items():
            own.conf.set(name, value)
        engine = cls(own, SparkSql(year), tuple(schema.split(".")) if schema else ())
        try:
            yield engine
        finally:
            # The latest first: Spark plans anew whatever still rests on a frame that it lets go.
            for frame in reversed(engine._kept):
                frame.unpersist()
            for name in engine._views:
                own.catalog.dropTempView(name)

    def define(self, name: str, sql: str, subject: str) -> None:
        """Makes a temporary view, which is computed when it is first needed and kept. Raises as `rows` does."""
        frame = self._frame(sql, subject).persist()
        # A view holds its plan, so what read an earlier view of this name goes on reading that.
        frame.createOrReplaceTempView(name)
        self._kept.append(frame)
        self._views.add(name)

    def rows(self, sql: str, subject: str) -> list[Row]:
        """Every row of a SELECT. `subject` names what is asked for in the text of an error.

        Raises ReturnsNotReady, with a text of ours only: Spark's own may quote a value.
        """
        frame = self._frame(sql, subject)
        with _own_words(subject):
            return [tuple(row) for row in frame.collect()]

    def _frame(self, sql: str, subject: str) -> DataFrame:
        def relation(name: Name) -> Name:
            return name if len(name) > 1 or name[0] in self._views else (*self._schema, *name)

        with _own_words(subject):
            tree = self._dialect.read(sql)
            self._dialect.bind(tree, relation)
            return self._session.sql(self._dialect.write(tree))


@contextmanager
def without_a_fork() -> Iterator[None]:
    """Lets PySpark start Java beside gRPC, whose threads do not outlive the fork that its `preexec_fn` asks for.

    Without one Python starts a program by vfork, which runs nothing of this process in the child.
    """
    java_gateway: Any = import_module("pyspark.java_gateway")

    def started(*arguments: Any, preexec_fn: object = None, **options: Any) -> subprocess.Popen[bytes]:
        del preexec_fn
        return subprocess.Popen(*arguments, **options)

    ordinary = java_gateway.Popen
    java_gateway.Popen = started
    try:
        yield
    finally:
        java_gateway.Popen = ordinary


def _started(url: str, scratch: str) -> SparkSession:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("newlyn-node")
    settings = {} if url.startswith("sc://") else {"spark.driver.extraJavaOptions": _QUIET}
    if url.startswith("local"):
        settings |= _ON_THIS_MACHINE | {"spark.local.dir": scratch}
    for name, value in settings.items():
        builder = builder.config(name, value)
    builder = builder.remote(url) if url.startswith("sc://") else builder.master(url)
    try:
        if url.startswith("sc://"):
            return builder.getOrCreate()
        with without_a_fork():
            return builder.getOrCreate()
    except Exception:
        # Spark and the bridge to Java raise errors of many kinds.
        raise WarehouseNotReady(
            "Spark did not start, or did not let this node in.", "Check its address, the login and Java."
        ) from None


@contextmanager
def _own_words(subject: str) -> Iterator[None]:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (SqlglotError, Py4JError, PySparkException):
        raise ReturnsNotReady(
            f"Spark could not compute {subject}.",
            "Check that the node may read the warehouse; else report this to the authors of the framework.",
        ) from None


def _silence() -> None:
    """PySpark writes the text of an error, values and all, to the standard error output."""
    from pyspark.logger import PySparkLogger

    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        PySparkLogger.getLogger(name).disabled = True
