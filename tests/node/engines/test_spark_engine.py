"""On a Spark that a council shares, the node leaves no trace, and repeats nothing that Spark says.

If one of these failed, another user of the cluster could find views of children, or an error on a screen or in a log
could quote a child's record.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

import pytest

from frameworks.tables import TABLES
from node.engines.spark_engine import SparkEngine
from node.errors import ReturnsNotReady
from tests.node.engines.copies import Rows, in_spark

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

YEAR = 2025
SECRET = "Wilhelmina Canary"
ROWS: Rows = {name: [] for name in TABLES} | {
    "referral": [
        ("2", 1, YEAR, date(2024, 5, 31), True, None, "b", None),
        ("1", 1, YEAR, date(2024, 5, 31), True, None, SECRET, None),
        ("1", 2, YEAR, None, None, None, "B", None),
    ]
}


@pytest.fixture
def engine(spark_session: SparkSession) -> Iterator[SparkEngine]:
    with in_spark(spark_session, ROWS, YEAR) as opened:
        yield opened


def test_a_later_definition_of_a_name_leaves_what_was_written_for_the_earlier(engine: SparkEngine) -> None:
    engine.define("referral", "SELECT child_id, event FROM referral WHERE event = 1", "first referrals")
    engine.define("twice", "SELECT a.child_id FROM referral AS a JOIN referral AS b ON a.child_id = b.child_id", "two")
    engine.define("referral", "SELECT child_id FROM referral WHERE child_id = '2'", "one of them")
    assert engine.rows("SELECT count(*) FROM referral", "how many") == [(1,)]
    assert engine.rows("SELECT count(*) FROM twice", "how many") == [(2,)]


def test_views_and_settings_end_with_the_engine(spark_session: SparkSession) -> None:
    from pyspark import StorageLevel

    spark_session.conf.set("spark.sql.session.timeZone", "Pacific/Apia")
    with in_spark(spark_session, ROWS, YEAR) as engine:
        engine.define("v", "SELECT child_id FROM referral", "a view")
        engine.rows("SELECT * FROM v", "the view")
        kept = list(engine._kept)
        assert [frame.storageLevel for frame in kept] != [StorageLevel.NONE]
        assert not spark_session.catalog.tableExists("v")
    assert [frame.storageLevel for frame in kept] == [StorageLevel.NONE]
    assert spark_session.conf.get("spark.sql.session.timeZone") == "Pacific/Apia"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT CAST(closure_reason AS INTEGER) AS n FROM referral",
        "SELECT n FROM referral",
        "SELECT child_id FROM nowhere",
        "SELECT child_id FROM referral QUALIFY row_number() OVER (PARTITION BY 1",
        "SELECT 999999999999 // (event - event) FROM referral",
        "DELETE FROM referral",
    ],
)
def test_an_error_repeats_nothing_that_spark_says(
    engine: SparkEngine, capfd: pytest.CaptureFixture[str], sql: str
) -> None:
    with pytest.raises(ReturnsNotReady) as refused:
        engine.rows(sql, "the cohort referrals")
    assert refused.value.__suppress_context__ or refused.value.__context__ is None
    assert "canary" not in str(refused.value).lower()
    assert capfd.readouterr() == ("", "")


ALONE = """
from node.engines.spark_engine import SparkEngine
with SparkEngine.open("local[1]", 2025) as engine:
    engine.define("v", "SELECT year_end() AS d", "the year")
    print(engine.rows("SELECT d, add_months(d, -1) FROM v", "the year"))
    try:
        engine.rows("SELECT CAST('Canary' AS INTEGER)", "a number")
    except Exception as refused:
        print(refused)
"""


def test_a_spark_that_runs_already_goes_on(spark_session: SparkSession) -> None:
    with SparkEngine.open("local[1]", YEAR) as engine:
        assert engine.rows("SELECT reference_year() AS y", "the year") == [(YEAR,)]
    assert spark_session.sql("SELECT 1").collect()


@pytest.mark.usefixtures("spark_session")
def test_a_spark_of_its_own_starts_and_ends_and_keeps_quiet() -> None:
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(ALONE)], capture_output=True, text=True, timeout=180, check=True
    )
    assert run.stdout.splitlines()[0] == "[(datetime.date(2025, 3, 31), datetime.date(2025, 2, 28))]"
    assert "could not compute a number" in run.stdout
    assert "Canary" not in run.stdout + run.stderr
