"""In a council's PostgreSQL the node reads one moment, writes nothing, and repeats nothing that the database says.

If one of these failed, figures of one release could be of two moments, the node could change the council's records, or
an error on a screen or in a log could quote a child's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import psycopg
import pytest

from frameworks.tables import TABLES
from node.engines.postgresql_engine import PostgresEngine
from node.errors import ReturnsNotReady, WarehouseNotReady
from tests.node.engines.copies import SCHEMA, Rows, as_reader, in_postgresql

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
def engine(postgresql_server: str) -> Iterator[PostgresEngine]:
    with in_postgresql(postgresql_server, ROWS, YEAR) as opened:
        yield opened


@pytest.fixture
def owner(postgresql_server: str, engine: PostgresEngine) -> Iterator[psycopg.Connection]:
    """The council's own way to its tables, while the engine is open."""
    with psycopg.connect(f"{postgresql_server} dbname=postgres", autocommit=True) as connection:
        yield connection


def test_a_later_definition_of_a_name_leaves_what_was_written_for_the_earlier(engine: PostgresEngine) -> None:
    engine.define("referral", "SELECT child_id, event FROM referral WHERE event = 1", "first referrals")
    engine.define("twice", "SELECT a.child_id FROM referral AS a JOIN referral AS b ON a.child_id = b.child_id", "two")
    engine.define("referral", "SELECT child_id FROM referral WHERE child_id = '2'", "one of them")
    assert engine.rows("SELECT count(*) FROM referral", "how many") == [(1,)]
    assert engine.rows("SELECT count(*) FROM twice", "how many") == [(2,)]


def test_whole_numbers_are_whole_numbers(engine: PostgresEngine) -> None:
    ((total,),) = engine.rows("SELECT sum(CAST(event AS BIGINT)) FROM referral", "a sum")
    assert (total, type(total)) == (4, int)


def test_a_percent_sign_and_names_of_sql_are_no_trouble(engine: PostgresEngine) -> None:
    engine.define("t", "SELECT child_id AS \"order\", event AS end FROM referral WHERE closure_reason LIKE '%a%'", "t")
    assert engine.rows("SELECT t.end FROM t", "an odd name") == [(1,)]


def test_all_figures_are_of_one_moment(engine: PostgresEngine, owner: psycopg.Connection) -> None:
    assert engine.rows("SELECT count(*) FROM referral", "how many") == [(3,)]
    owner.execute(f"DELETE FROM {SCHEMA}.referral")
    engine.define("v", "SELECT child_id FROM referral", "a view")
    assert engine.rows("SELECT count(*) FROM v", "how many") == [(3,)]


def test_nothing_is_created_and_nothing_can_be(
    engine: PostgresEngine, owner: psycopg.Connection, postgresql_server: str
) -> None:
    everything = "SELECT count(*) FROM pg_class"
    before = owner.execute(everything).fetchall()
    engine.define("v", "SELECT child_id FROM referral", "a view")
    engine.rows("SELECT * FROM v", "the view")
    assert owner.execute(everything).fetchall() == before
    with PostgresEngine.open(f"{postgresql_server} dbname=postgres", YEAR, schema=SCHEMA) as with_every_right:
        for statement in (
            f"DELETE FROM {SCHEMA}.referral",
            f"CREATE TABLE {SCHEMA}.more (n INTEGER)",
            "CREATE TEMP TABLE more (n INTEGER)",
            "SELECT nextval('a_sequence')",
            "SET TRANSACTION READ WRITE",
        ):
            with pytest.raises(ReturnsNotReady):
                with_every_right.rows(statement, "a statement")
            assert owner.execute(f"SELECT count(*) FROM {SCHEMA}.referral").fetchall() == [(3,)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT CAST(closure_reason AS INTEGER) AS n FROM referral",
        "SELECT n FROM referral",
        "SELECT child_id FROM nowhere",
        "SELECT child_id FROM elsewhere.referral",
        "SELECT child_id FROM referral QUALIFY row_number() OVER (PARTITION BY 1",
        "SELECT 999999999999 // (event - event) FROM referral",
    ],
)
def test_an_error_repeats_nothing_that_the_database_says(engine: PostgresEngine, sql: str) -> None:
    with pytest.raises(ReturnsNotReady) as refused:
        engine.rows(sql, "the cohort referrals")
    assert SECRET not in str(refused.value)
    assert "canary" not in str(refused.value).lower()
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_the_login_needs_the_columns_that_are_read_and_no_others(
    engine: PostgresEngine, owner: psycopg.Connection, postgresql_server: str
) -> None:
    owner.execute(f"REVOKE ALL ON {SCHEMA}.referral FROM reader")
    owner.execute(f"GRANT SELECT (child_id, event) ON {SCHEMA}.referral TO reader")
    with PostgresEngine.open(as_reader(postgresql_server), YEAR, schema=SCHEMA) as opened:
        assert opened.rows("SELECT max(event) FROM referral", "events") == [(2,)]
        with pytest.raises(WarehouseNotReady, match="may not read it"):
            opened.rows("SELECT closure_reason FROM referral", "reasons")
    with (
        PostgresEngine.open(as_reader(postgresql_server), YEAR) as without_schema,
        pytest.raises(ReturnsNotReady, match="There is no table referral"),
    ):
        without_schema.rows("SELECT event FROM referral", "events")


def test_a_query_that_takes_too_long_is_given_up(engine: PostgresEngine, postgresql_server: str) -> None:
    pairs = " CROSS JOIN ".join(f"referral AS r{number}" for number in range(22))
    with (
        PostgresEngine.open(as_reader(postgresql_server), YEAR, schema=SCHEMA, seconds=1) as hurried,
        pytest.raises(ReturnsNotReady, match="after 1 seconds"),
    ):
        hurried.rows(f"SELECT count(*) FROM {pairs}", "a large figure")


def test_a_database_that_does_not_answer_is_not_quoted_either(postgresql_server: str) -> None:
    with (
        pytest.raises(ReturnsNotReady, match="did not let this node in") as refused,
        PostgresEngine.open(f"{postgresql_server} dbname=nowhere password={SECRET.split()[1]}", YEAR),
    ):
        raise AssertionError("it let the node in")
    assert "Canary" not in str(refused.value)


def test_texts_and_fixed_texts_and_lists_of_words_compare_by_their_bytes(
    owner: psycopg.Connection, postgresql_server: str
) -> None:
    owner.execute(f"CREATE TYPE {SCHEMA}.word AS ENUM ('b', 'B')")
    owner.execute(f"CREATE TABLE {SCHEMA}.words (child_id CHAR(4), word {SCHEMA}.word)")
    owner.execute(f"INSERT INTO {SCHEMA}.words VALUES ('a', 'b'), ('B', 'B')")
    owner.execute(f"GRANT SELECT ON {SCHEMA}.words TO reader")
    with PostgresEngine.open(as_reader(postgresql_server), YEAR, schema=SCHEMA) as engine:
        rows = engine.rows(
            "SELECT child_id, row_number() OVER (ORDER BY child_id) AS n, row_number() OVER (ORDER BY word) AS w"
            " FROM words WHERE word IN ('b', 'B')",
            "the words",
        )
    assert sorted(rows) == [("B", 1, 1), ("a", 2, 2)]


def test_letters_beyond_ascii_have_capitals(engine: PostgresEngine) -> None:
    rows = engine.rows(
        "SELECT DISTINCT lower('ÉTÉ') AS a, lower(upper(CAST(closure_reason || 'é' AS VARCHAR))) = lower(upper("
        "closure_reason || 'É')) AS b FROM referral",
        "capitals",
    )
    assert rows == [("été", True)]
