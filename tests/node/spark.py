"""A Spark of our own inside the test process, as small and as quick to start as it goes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from node.engines.spark_engine import without_a_fork

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "1g",
    "spark.driver.extraJavaOptions": "-Dlog4j2.level=OFF -XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.autoBroadcastJoinThreshold": "-1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.shuffle.compress": "false",
    "spark.broadcast.compress": "false",
}
"""For tables of a few hundred rows: compiling a query costs more than running it."""


def is_installed() -> bool:
    """Whether there is a Java to run it."""
    return shutil.which("java") is not None


@contextmanager
def running_spark() -> Iterator[SparkSession]:
    """Starts Spark and stops it at the end."""
    from pyspark.sql import SparkSession

    scratch = Path(tempfile.mkdtemp(prefix="newlyn-spark-"))
    places = {"spark.local.dir": str(scratch), "spark.sql.warehouse.dir": str(scratch / "warehouse")}
    builder = SparkSession.builder.master("local[2]").appName("newlyn-tests")
    for name, value in (_SETTINGS | places).items():
        builder = builder.config(name, value)
    with without_a_fork():
        session = builder.getOrCreate()
    try:
        yield session
    finally:
        session.stop()
        shutil.rmtree(scratch, ignore_errors=True)
