"""If these failed, a definition could let one child's records move another child's figures, and the noise would no
longer cover what anyone can learn; or it could fail on some records, and the failure would speak about them.

In each refused text `▶` stands before the place that the refusal must name.
"""

from __future__ import annotations

import re

import duckdb
import pytest
import sqlglot

from frameworks.definitions import Place, Relation, SqlType, check_definition, table_relations
from frameworks.errors import DefinitionRefused
from frameworks.model import Source

VIEWS = {
    "first_referral": Relation(Source.CIN_CENSUS, {"child_id": SqlType.CHILD, "first_date": SqlType.DATE}),
    "stay": Relation(Source.SSDA903, {"child_id": SqlType.CHILD, "carer": SqlType.TEXT, "moves": SqlType.WHOLE}),
}
RELATIONS = table_relations() | VIEWS


def checked(sql: str) -> str:
    """The text that the checker writes out for a definition it allows."""
    return check_definition(sql, RELATIONS, Place("a.toml", "views.tried", 10, 8)).sql


def refusal(marked: str) -> str:
    """The problem for which a definition is refused, having checked that the refusal names the marked place."""
    before, marker, after = marked.partition("▶")
    assert marker, "the text marks no place"
    with pytest.raises(DefinitionRefused) as refused:
        checked(before + after)
    line = before.count("\n")
    column = len(before) - (before.rfind("\n") + 1) + (8 if line == 0 else 1)
    assert refused.value.problem.startswith(f"a.toml, line {10 + line}, column {column}: in views.tried, ")
    assert refused.value.next_step
    return refused.value.problem


COMPARISONS_WITH_OTHER_CHILDREN = {
    "an average": "SELECT child_id FROM outcome_check WHERE sdq_score > (SELECT ▶sum(sdq_score) FROM outcome_check)",
    "an average, in the words of the reference": "SELECT child_id FROM outcome_check WHERE sdq_score > (SELECT"
    " ▶avg(sdq_score) FROM outcome_check AS o WHERE o.child_id = outcome_check.child_id)",
    "a rank over all": "SELECT child_id, ▶rank() OVER (ORDER BY age) AS place FROM census_child",
    "a rank within another group": "SELECT child_id, ▶rank() OVER (PARTITION BY sex ORDER BY age) AS n FROM"
    " census_child",
    "the first hundred": "SELECT child_id FROM census_child LIMIT ▶100",
    "all but the first": "SELECT child_id FROM census_child OFFSET ▶1",
    "a sample": "SELECT child_id FROM census_child USING SAMPLE ▶10",
    "a sample of a table": "SELECT child_id FROM census_child TABLESAMPLE (▶10 PERCENT)",
    "children of one social worker": "SELECT mine.child_id FROM social_worker_episode AS mine"
    " JOIN ▶social_worker_episode AS other ON other.worker_id = mine.worker_id",
    "children of one address": "SELECT a.child_id FROM episode AS a"
    " JOIN episode AS b ON b.address = a.address AND ▶b.child_id <> a.child_id",
    "an equality that OR undoes": "SELECT a.child_id FROM referral AS a"
    " JOIN ▶referral AS b ON a.child_id = b.child_id OR a.referral_date = b.referral_date",
    "an equality that NOT undoes": "SELECT a.child_id FROM referral AS a"
    " JOIN ▶referral AS b ON NOT (a.child_id = b.child_id)",
    "an equality with itself": "SELECT a.child_id FROM referral AS a JOIN ▶referral AS b ON b.child_id = b.child_id",
    "an equality inside a CASE": "SELECT a.child_id FROM referral AS a"
    " JOIN ▶referral AS b ON CASE WHEN a.child_id = b.child_id THEN TRUE ELSE TRUE END",
    "an equality of two tables met before": "SELECT a.child_id FROM referral AS a"
    " JOIN referral AS b ON a.child_id = b.child_id JOIN ▶referral AS c ON a.child_id = b.child_id",
    "a comma": "SELECT a.child_id FROM referral AS a, ▶referral AS b WHERE a.child_id = b.child_id",
    "a cross join": "SELECT a.child_id FROM referral AS a CROSS JOIN ▶referral AS b",
    "a natural join": "SELECT a.child_id FROM referral AS a NATURAL JOIN ▶section_47 AS b",
    "USING another column": "SELECT a.child_id FROM referral AS a JOIN section_47 AS b USING (▶referral_date)",
    "a full join": "SELECT a.child_id FROM referral AS a FULL JOIN ▶section_47 AS b ON a.child_id = b.child_id",
    "a right join": "SELECT a.child_id FROM referral AS a RIGHT JOIN ▶section_47 AS b ON a.child_id = b.child_id",
    "an as-of join": "SELECT a.child_id FROM referral AS a ASOF JOIN ▶referral AS b ON a.event >= b.event",
    "a positional join": "SELECT a.child_id FROM referral AS a POSITIONAL JOIN ▶referral AS b",
    "a join through a view": "SELECT f.child_id FROM first_referral AS f JOIN ▶referral AS r ON r.referral_date ="
    " f.first_date",
    "a lateral join": "SELECT a.child_id FROM referral AS a, LATERAL (SELECT ▶1) AS b",
    "a subquery in FROM that looks sideways": "SELECT a.child_id FROM referral AS a JOIN (SELECT b.child_id FROM"
    " referral AS b WHERE ▶a.event = b.event) AS c ON a.child_id = c.child_id",
    "a group of another kind": "SELECT min(child_id) AS child_id FROM referral GROUP BY ▶referral_date",
    "one group": "SELECT ▶count(*) AS n FROM referral",
    "groups of everything": "SELECT ▶child_id FROM referral GROUP BY ALL",
    "a group by position": "SELECT child_id FROM referral GROUP BY ▶1",
    "groups and their total": "SELECT child_id FROM referral GROUP BY ROLLUP (▶child_id)",
    "HAVING without a group": "SELECT child_id FROM referral HAVING ▶count(*) > 5",
    "a group by a child that may be null": "SELECT a.child_id FROM referral AS a LEFT JOIN section_47 AS s ON"
    " s.child_id = a.child_id GROUP BY ▶s.child_id",
    "a window by a child that may be null": "SELECT a.child_id, ▶count(*) OVER (PARTITION BY s.child_id) AS n"
    " FROM referral AS a LEFT JOIN section_47 AS s ON s.child_id = a.child_id",
    "DISTINCT ON": "SELECT DISTINCT ON (▶child_id) child_id FROM referral",
    "an order of everyone": "SELECT child_id FROM referral ORDER BY ▶referral_date",
    "an aggregate in the order of everyone": "SELECT child_id FROM referral GROUP BY child_id ORDER BY ▶count(*)",
    "whether anyone was referred": "SELECT child_id FROM census_child WHERE EXISTS (SELECT ▶1 FROM referral)",
    "whether anyone of that age was": "SELECT c.child_id FROM census_child AS c WHERE EXISTS"
    " (SELECT ▶1 FROM census_child AS o WHERE o.age = c.age)",
    "tied to the child by OR": "SELECT c.child_id FROM census_child AS c WHERE EXISTS"
    " (SELECT ▶1 FROM referral AS r WHERE r.child_id = c.child_id OR r.no_further_action)",
    "tied to itself": "SELECT c.child_id FROM census_child AS c WHERE EXISTS"
    " (SELECT ▶1 FROM referral AS r WHERE r.child_id = r.child_id)",
    "tied outside only": "SELECT c.child_id FROM census_child AS c WHERE EXISTS"
    " (SELECT ▶1 FROM referral AS r WHERE c.child_id = c.child_id)",
    "tied in one half of a UNION": "SELECT c.child_id FROM census_child AS c WHERE EXISTS (SELECT r.child_id FROM"
    " referral AS r WHERE r.child_id = c.child_id UNION SELECT ▶s.child_id FROM section_47 AS s)",
    "the number of all referrals": "SELECT child_id, (SELECT ▶count(*) FROM referral) AS n FROM census_child",
    "the date of another": "SELECT child_id FROM referral WHERE ▶referral_date IN (SELECT start_date FROM section_47)",
    "a comparison with all": "SELECT child_id FROM referral WHERE referral_date > ALL (SELECT ▶start_date FROM"
    " section_47)",
    "an aggregate of the outer query": "SELECT c.child_id FROM census_child AS c WHERE EXISTS (SELECT 1 FROM referral"
    " AS r WHERE r.child_id = c.child_id GROUP BY r.child_id HAVING count(▶c.age) > 1)",
    "a lookup of a child that may be null": "SELECT a.child_id FROM referral AS a LEFT JOIN section_47 AS s ON"
    " s.child_id = a.child_id WHERE NOT ▶s.child_id IN (SELECT child_id FROM assessment)",
    "a frame over everyone": "SELECT child_id, ▶lag(referral_date) OVER (ORDER BY event) AS d FROM referral",
    "rows that a window numbers": "SELECT child_id FROM referral QUALIFY ▶row_number() OVER (ORDER BY event) = 1",
    "the owners of a limited list": "SELECT child_id FROM census_child WHERE child_id IN"
    " (SELECT child_id FROM referral LIMIT ▶5)",
    "a limit of a UNION": "SELECT child_id FROM referral UNION SELECT child_id FROM section_47 LIMIT ▶5",
}


@pytest.mark.parametrize("name", COMPARISONS_WITH_OTHER_CHILDREN)
def test_no_child_is_compared_with_another(name: str) -> None:
    refusal(COMPARISONS_WITH_OTHER_CHILDREN[name])


BORROWED_NAMES = {
    "a social worker": "SELECT ▶worker_id AS child_id FROM social_worker_episode",
    "a text": "SELECT ▶'7' AS child_id FROM referral",
    "a carer of a view": "SELECT ▶carer AS child_id FROM stay",
    "a choice": "SELECT CASE WHEN ▶age > 3 THEN child_id ELSE child_id END AS child_id FROM census_child",
    "the first of some": "SELECT ▶coalesce(child_id, child_id) AS child_id FROM census_child",
    "the least of a group": "SELECT min(▶child_id) AS child_id FROM referral GROUP BY child_id",
    "the one before": "SELECT ▶lag(child_id) OVER (PARTITION BY child_id ORDER BY event) AS child_id FROM referral",
    "made of texts": "SELECT ▶child_id || '1' AS child_id FROM referral",
    "in capitals": "SELECT ▶upper(child_id) AS child_id FROM referral",
    "cast": "SELECT CAST(▶child_id AS VARCHAR) AS child_id FROM referral",
    "null where nothing is found": "SELECT ▶s.child_id FROM referral AS r LEFT JOIN section_47 AS s ON"
    " s.child_id = r.child_id",
    "renamed away": "SELECT ▶child_id AS other, event FROM referral",
    "twice": "SELECT child_id, ▶child_id AS again FROM referral",
    "renamed by the table": "SELECT child_id FROM social_worker_episode AS s(▶event, child_id)",
    "renamed by a subquery": "SELECT child_id FROM (SELECT child_id, event FROM referral) AS s(▶event, child_id)",
    "swapped by a UNION": "SELECT child_id, worker_id FROM social_worker_episode"
    " UNION ALL SELECT ▶worker_id AS child_id, worker_id FROM social_worker_episode",
    "of another name in a UNION": "SELECT child_id FROM referral UNION SELECT ▶event FROM referral",
    "matched by name in a UNION": "SELECT ▶child_id, event FROM referral UNION BY NAME SELECT event, child_id FROM"
    " referral",
    "of values": "SELECT child_id FROM (VALUES (▶'1')) AS v(child_id)",
    "not there": "SELECT ▶event FROM referral",
    "all columns": "SELECT ▶* FROM referral",
    "all columns of a table": "SELECT ▶r.* FROM referral AS r",
    "all columns but some": "SELECT ▶* EXCLUDE (event) FROM referral",
    "columns by pattern": "SELECT ▶COLUMNS('c.*') FROM referral",
    "one child by name": "SELECT child_id FROM referral WHERE child_id = ▶'1234'",
    "some children by name": "SELECT child_id FROM referral WHERE child_id IN (▶'1', '2')",
    "children by pattern": "SELECT child_id FROM referral WHERE ▶child_id LIKE '1%'",
    "children in order": "SELECT r.child_id FROM referral AS r WHERE ▶r.child_id > r.child_id",
    "a worker looked up among children": "SELECT child_id FROM social_worker_episode WHERE ▶worker_id IN"
    " (SELECT child_id FROM episode)",
    "children looked up among workers": "SELECT child_id FROM episode WHERE child_id IN"
    " (SELECT ▶worker_id AS child_id FROM social_worker_episode)",
    "pairs looked up": "SELECT child_id FROM referral WHERE (▶child_id, event) IN (SELECT child_id, event FROM"
    " referral)",
    "of another source": "SELECT c.child_id FROM census_child AS c JOIN ▶episode AS e ON e.child_id = c.child_id",
    "of another source, looked up": "SELECT child_id FROM census_child WHERE child_id IN (SELECT child_id FROM"
    " ▶episode)",
    "of another source, added": "SELECT child_id FROM census_child UNION SELECT ▶child_id FROM episode",
}


@pytest.mark.parametrize("name", BORROWED_NAMES)
def test_nothing_but_the_rows_own_child_id_is_a_child(name: str) -> None:
    refusal(BORROWED_NAMES[name])


OUTSIDE_THE_LANGUAGE = {
    "another statement": "DELETE FROM ▶referral",
    "two statements": "▶SELECT child_id FROM referral; SELECT child_id FROM section_47",
    "nothing": "▶-- nothing",
    "no table": "SELECT ▶1 AS child_id",
    "a table of the engine": "SELECT child_id FROM ▶duckdb_tables",
    "a table of a schema": "SELECT child_id FROM ▶main.referral",
    "a table nobody listed": "SELECT child_id FROM ▶families",
    "a column nobody listed": "SELECT child_id, ▶surname FROM census_child",
    "a column of another table": "SELECT r.child_id FROM referral AS r WHERE ▶r.age > 3",
    "a file": "SELECT child_id FROM ▶'children.csv'",
    "a file by function": "SELECT child_id FROM ▶read_csv('children.csv')",
    "a function as a table": "SELECT child_id FROM ▶range(3)",
    "an unnested list": "SELECT child_id FROM UNNEST([▶1, 2]) AS t(child_id)",
    "EXCEPT": "SELECT ▶child_id FROM referral EXCEPT SELECT child_id FROM section_47",
    "INTERSECT": "SELECT ▶child_id FROM referral INTERSECT SELECT child_id FROM section_47",
    "WITH": "WITH ▶r AS (SELECT child_id FROM referral) SELECT child_id FROM r",
    "recursion": "WITH RECURSIVE ▶r AS (SELECT child_id FROM referral UNION SELECT child_id FROM r) SELECT child_id"
    " FROM r",
    "a named window": "SELECT child_id, row_number() OVER (w) AS n FROM referral WINDOW ▶w AS (PARTITION BY child_id)",
    "a lock": "SELECT ▶child_id FROM referral FOR UPDATE",
    "a quoted name": 'SELECT ▶"child_id" FROM referral',
    "a name in capitals": "SELECT child_id FROM ▶Referral",
    "the clock": "SELECT child_id FROM referral WHERE ▶referral_date < CURRENT_DATE",
    "the clock by function": "SELECT child_id FROM referral WHERE referral_date < ▶today()",
    "chance": "SELECT child_id FROM referral WHERE ▶random() < 1",
    "a function nobody listed": "SELECT child_id FROM referral WHERE ▶hash(event) > 3",
    "a setting": "SELECT child_id, ▶current_setting('memory_limit') AS s FROM referral",
    "an environment variable": "SELECT child_id, ▶getenv('HOME') AS s FROM referral",
    "too many arguments": "SELECT child_id FROM referral WHERE ▶year_end(1) > referral_date",
    "a month count from a record": "SELECT child_id FROM referral WHERE add_months(referral_date, ▶event) > year_end()",
    "a prefix nobody listed": "SELECT ▶a.b.child_id FROM referral",
    "a parameter": "SELECT child_id FROM referral WHERE ▶event = $1",
    "unclosed": "SELECT child_id FROM (SELECT child_id FROM ▶referral",
    "unclosed text": "▶SELECT child_id FROM referral WHERE closure_reason = 'RC8",
    "EXISTS in a join": "SELECT a.child_id FROM referral AS a JOIN referral AS b ON a.child_id = b.child_id"
    " AND EXISTS (SELECT ▶1 FROM referral AS c WHERE c.child_id = a.child_id)",
    "a table joined twice under one name": "SELECT event FROM referral JOIN ▶referral ON referral.child_id ="
    " referral.child_id",
    "a name in two tables": "SELECT a.child_id FROM referral AS a JOIN section_47 AS b ON ▶child_id = b.child_id",
    "a computed column without a name": "SELECT child_id, ▶year_end() FROM referral",
    "two columns of one name": "SELECT child_id, event, ▶referral_date AS event FROM referral",
    "a column that is no group": "SELECT child_id, ▶referral_date FROM referral GROUP BY child_id",
    "null for a column": "SELECT child_id, NULL AS ▶n FROM referral",
}


@pytest.mark.parametrize("name", OUTSIDE_THE_LANGUAGE)
def test_nothing_outside_the_language_is_run(name: str) -> None:
    refusal(OUTSIDE_THE_LANGUAGE[name])


FAILS_ON_SOME_RECORDS = {
    "a text taken for a number": "SELECT child_id FROM referral WHERE closure_reason = ▶8",
    "a text taken for a date": "SELECT child_id FROM referral WHERE referral_date > ▶'2024-01-01'",
    "a date that is none": "SELECT child_id FROM referral WHERE referral_date > DATE ▶'2024-02-30'",
    "a cast": "SELECT child_id FROM referral WHERE CAST(▶closure_reason AS INTEGER) = 8",
    "a cast in short": "SELECT child_id FROM referral WHERE ▶closure_reason::DATE = year_end()",
    "a subquery of several rows": "SELECT c.child_id, (SELECT ▶r.event FROM referral AS r"
    " WHERE r.child_id = c.child_id) AS n FROM census_child AS c",
    "a number too large": "SELECT child_id FROM referral WHERE event = ▶99999999999",
    "a product": "SELECT child_id, ▶event * event AS n FROM referral",
    "types mixed by coalesce": "SELECT child_id, coalesce(closure_reason, ▶0) AS n FROM referral",
    "types mixed by CASE": "SELECT child_id, CASE WHEN no_further_action THEN 1 ELSE ▶'2' END AS n FROM referral",
    "types mixed by UNION": "SELECT child_id, event FROM referral UNION SELECT ▶child_id, referral_date AS event FROM"
    " referral",
}
DIFFERS_BETWEEN_ENGINES = {
    "interval arithmetic": "SELECT child_id FROM referral WHERE ▶referral_date + INTERVAL 1 YEAR > year_end()",
    "days added": "SELECT child_id FROM referral WHERE ▶referral_date + 5 > year_end()",
    "dates subtracted": "SELECT child_id FROM referral WHERE ▶year_end() - referral_date > 5",
    "null-safe equality": "SELECT child_id FROM referral WHERE ▶closure_date IS NOT DISTINCT FROM referral_date",
    "GREATEST": "SELECT child_id, ▶greatest(event, 2) AS n FROM referral",
    "LEAST": "SELECT child_id, ▶least(event, 2) AS n FROM referral",
    "a list": "SELECT child_id, [▶event] AS n FROM referral",
    "division": "SELECT child_id, ▶event / 2 AS n FROM referral",
    "a yes or no compared with a number": "SELECT child_id FROM referral WHERE no_further_action = ▶1",
    "a number as a condition": "SELECT child_id FROM referral WHERE ▶event",
    "the order of texts": "SELECT child_id FROM referral WHERE ▶closure_reason < 'RC9'",
    "the largest text": "SELECT child_id, max(▶closure_reason) AS r FROM referral GROUP BY child_id",
    "a pattern from a record": "SELECT child_id FROM episode WHERE ▶place LIKE address",
    "a pattern with an escape": "SELECT child_id FROM episode WHERE ▶place LIKE 'U!%' ESCAPE '!'",
    "patterns of either case": "SELECT child_id FROM episode WHERE ▶place ILIKE 'u%'",
    "nulls left out of a window": "SELECT child_id, ▶lag(event IGNORE NULLS) OVER (PARTITION BY child_id) AS n FROM"
    " referral",
    "a filter of an aggregate": "SELECT child_id, ▶count(*) FILTER (WHERE no_further_action) AS n FROM referral GROUP"
    " BY child_id",
    "any value": "SELECT child_id, ▶any_value(event) AS n FROM referral GROUP BY child_id",
    "a fraction": "SELECT child_id FROM referral WHERE event > ▶1.5",
    "a column two levels out": "SELECT c.child_id FROM census_child AS c WHERE EXISTS (SELECT 1 FROM referral AS r"
    " WHERE r.child_id = c.child_id AND EXISTS (SELECT 1 FROM section_47 AS s WHERE s.child_id = r.child_id"
    " AND s.event = ▶c.age))",
    "distinct values of a window": "SELECT child_id, ▶count(DISTINCT event) OVER (PARTITION BY child_id) AS n FROM"
    " referral",
    "a frame that ends before it starts": "SELECT child_id, sum(event) OVER (PARTITION BY child_id ORDER BY event ROWS"
    " BETWEEN ▶1 PRECEDING AND 2 PRECEDING) AS n FROM referral",
    "a frame after the last row": "SELECT child_id, ▶sum(event) OVER (PARTITION BY child_id ORDER BY event ROWS BETWEEN"
    " UNBOUNDED FOLLOWING AND UNBOUNDED FOLLOWING) AS n FROM referral",
    "null for a condition": "SELECT child_id FROM referral WHERE ▶no_further_action AND NULL",
    "nulls alone": "SELECT child_id FROM referral WHERE event = ▶coalesce(NULL, NULL)",
    "null unless it is something": "SELECT child_id FROM referral WHERE ▶nullif(NULL, event) > 1",
    "null of a window": "SELECT child_id, ▶lag(NULL) OVER (PARTITION BY child_id ORDER BY event) IS NULL AS n FROM"
    " referral",
    "months beyond the calendar": "SELECT child_id FROM referral WHERE add_months(referral_date, ▶1000) > year_end()",
}


@pytest.mark.parametrize("name", FAILS_ON_SOME_RECORDS)
def test_nothing_fails_on_some_records_only(name: str) -> None:
    refusal(FAILS_ON_SOME_RECORDS[name])


@pytest.mark.parametrize("name", DIFFERS_BETWEEN_ENGINES)
def test_nothing_differs_between_engines(name: str) -> None:
    refusal(DIFFERS_BETWEEN_ENGINES[name])


def test_a_text_that_exhausts_the_parser_is_refused_like_any_other() -> None:
    refusal("▶SELECT child_id FROM referral WHERE " + "(" * 9_000 + "no_further_action" + ")" * 9_000)
    refusal("▶SELECT child_id FROM referral" + " " * 20_000)


ALLOWED = {
    "children of a table": "SELECT child_id FROM referral WHERE no_further_action",
    "null-safe truth": "SELECT child_id FROM referral WHERE no_further_action IS NOT TRUE AND closure_date IS NULL",
    "events": "SELECT child_id, event, referral_date AS event_date FROM referral"
    " WHERE referral_date BETWEEN year_start() AND year_end()",
    "earlier events": "SELECT r.child_id, r.event FROM referral AS r WHERE EXISTS (SELECT 1 FROM referral AS earlier"
    " WHERE earlier.child_id = r.child_id AND within_months(earlier.referral_date, r.referral_date, 12))",
    "a subquery that hides the outer name": "SELECT child_id FROM referral WHERE child_id NOT IN"
    " (SELECT child_id FROM referral WHERE event > 1)",
    "a left join": "SELECT r.child_id FROM referral AS r LEFT JOIN section_47 AS s ON s.child_id = r.child_id"
    " AND s.start_date > r.referral_date WHERE s.child_id IS NULL",
    "groups": "SELECT child_id, COUNT(*) AS n, MIN(referral_date) AS d FROM referral GROUP BY child_id HAVING"
    " COUNT(*) > 1",
    "windows": "SELECT child_id, ROW_NUMBER() OVER (PARTITION BY child_id ORDER BY referral_date DESC) AS n,"
    " SUM(event) OVER (PARTITION BY child_id ORDER BY event ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS s,"
    " LAG(referral_date, 2) OVER (PARTITION BY child_id ORDER BY event) AS d FROM referral",
    "a value of one's own": "SELECT c.child_id, (SELECT COUNT(*) FROM referral AS r WHERE r.child_id = c.child_id) + 1"
    " AS n FROM census_child AS c",
    "a subquery in FROM": "SELECT child_id FROM (SELECT child_id, MAX(event) AS last FROM referral GROUP BY child_id)"
    " AS ends WHERE last > 3",
    "a UNION": "SELECT child_id, start_date AS d FROM section_47 UNION ALL (SELECT child_id, referral_date AS d FROM"
    " referral UNION SELECT child_id, first_date AS d FROM first_referral)",
    "choices": "SELECT child_id, CASE WHEN age < 5 THEN 'young' WHEN age IS NULL THEN NULL ELSE COALESCE(sex, '') END"
    " AS words FROM census_child WHERE NULLIF(age, 0) - 1 IN (1, -2) OR sex LIKE 'f%'"
    " OR date_of_birth <> DATE '2020-02-29'",
    "dates": "SELECT child_id FROM referral WHERE add_months(add_months(referral_date, -31), 1)"
    " < add_years(year_end(), -2)"
    " AND days_between(referral_date, closure_date) > 3 AND working_days_between(referral_date, closure_date) <= 45"
    " AND reference_year() = return_year",
    "a question within a question": "SELECT c.child_id FROM census_child AS c WHERE EXISTS (SELECT 1 FROM referral AS r"
    " WHERE r.child_id = c.child_id AND NOT EXISTS (SELECT 1 FROM section_47 AS s WHERE s.child_id = r.child_id"
    " AND s.start_date > r.referral_date))",
}


@pytest.mark.parametrize("name", ALLOWED)
def test_what_is_allowed_is_written_out_with_every_name_resolved(name: str) -> None:
    sql = checked(ALLOWED[name])
    read_back = sql.replace("ADD_MONTHS", "ADD_YEARS")  # sqlglot would write ADD_MONTHS as an interval
    assert sqlglot.parse_one(read_back, dialect="duckdb").sql("duckdb", identify=True) == read_back
    for column in sqlglot.parse_one(sql, dialect="duckdb").find_all(sqlglot.exp.Column):
        assert re.fullmatch(r"_[0-9]+", column.table)


def test_a_name_means_the_nearest_table_and_the_text_that_runs_says_so() -> None:
    sql = checked("SELECT child_id FROM referral WHERE child_id IN (SELECT child_id FROM referral WHERE event > 1)")
    assert sql == (
        'SELECT "_1"."child_id" AS "child_id" FROM "referral" AS "_1" WHERE "_1"."child_id" IN '
        '(SELECT "_2"."child_id" AS "child_id" FROM "referral" AS "_2" WHERE "_2"."event" > 1)'
    )


def test_comments_do_not_reach_the_engine() -> None:
    assert "secret" not in checked("SELECT child_id /* secret */ FROM referral -- secret")


def test_rows_that_tie_are_told_apart_by_what_they_hold_not_by_where_they_stood() -> None:
    sql = checked(
        "SELECT child_id, start_date, ROW_NUMBER() OVER (PARTITION BY child_id ORDER BY start_date) AS n"
        " FROM section_47"
    )
    assert sql.count('"_1"."conference_date"') == 1
    rows = [("1", 1, 2025, None, "2024-05-01", None), ("1", 2, 2025, None, "2024-05-01", "2024-05-09")]
    for order in (rows, rows[::-1]):
        with duckdb.connect() as connection:
            connection.execute(
                "CREATE TABLE section_47 (child_id VARCHAR, event INTEGER, return_year INTEGER, referral_date DATE,"
                " start_date DATE, conference_date DATE)"
            )
            connection.executemany("INSERT INTO section_47 VALUES (?, ?, ?, ?, ?, ?)", order)
            with_event = sql.replace('"_1"."start_date" AS', '"_1"."event" AS', 1)
            assert sorted(row[1:] for row in connection.execute(with_event).fetchall()) == [(1, 1), (2, 2)]


def test_the_language_knows_the_columns_of_every_table() -> None:
    for name, relation in table_relations().items():
        columns = ", ".join(relation.columns)
        assert check_definition(f"SELECT {columns} FROM {name}", RELATIONS, Place("a.toml", "x")).relation == relation
