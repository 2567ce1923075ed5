"""If these failed, one child's records would move another child's figures by more than the noise covers.

The checker argues from the text of a definition; these run it. Taking a child out of the tables must strike out that
child's rows and touch no others, for every definition shipped and for hundreds that chance puts together.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import duckdb
import pytest

import frameworks.definitions
from frameworks.definitions import Place, check_definition, table_relations
from frameworks.errors import DefinitionRefused
from frameworks.model import Source
from node.engines.duckdb_engine import DuckDbEngine
from tests.frameworks.random_children import CHILDREN, children_moved, random_council, rows_of
from tests.frameworks.shipped import everything_shipped
from tests.privacy.random_children import YEAR, ChildMaker, fill

CANARIES = {
    "average": "SELECT child_id FROM outcome_check WHERE sdq_score > (SELECT avg(sdq_score) FROM outcome_check)",
    "average within a group": "SELECT c.child_id FROM looked_after_child AS c WHERE c.age > (SELECT avg(o.age) FROM"
    " looked_after_child AS o WHERE o.sex = c.sex)",
    "median": "SELECT child_id FROM attendance WHERE sessions_missed >"
    " (SELECT median(sessions_missed) FROM attendance)",
    "most": "SELECT child_id FROM referral WHERE referral_date >= ALL (SELECT referral_date FROM referral)",
    "rank": "SELECT child_id, rank() OVER (ORDER BY age) AS place FROM looked_after_child",
    "rank within a group": "SELECT child_id, row_number() OVER (PARTITION BY sex ORDER BY age, child_id) AS n FROM"
    " census_child",
    "quarter": "SELECT child_id, ntile(4) OVER (ORDER BY age, child_id) AS quarter FROM looked_after_child",
    "the one before": "SELECT child_id, lag(referral_date) OVER (ORDER BY referral_date, child_id, event) AS d FROM"
    " referral",
    "limit": "SELECT child_id FROM (SELECT child_id FROM referral ORDER BY child_id LIMIT 10)",
    "offset": "SELECT child_id FROM referral ORDER BY child_id, event OFFSET 10",
    "qualify": "SELECT child_id FROM referral QUALIFY row_number() OVER (ORDER BY referral_date, child_id) < 9",
    "distinct": "SELECT DISTINCT ON (referral_date) child_id FROM referral ORDER BY referral_date, child_id",
    "sample": "SELECT child_id FROM referral USING SAMPLE 12 ROWS (reservoir, 7)",
    "sample of a table": "SELECT child_id FROM referral TABLESAMPLE reservoir(12 ROWS) REPEATABLE (7)",
    "chance": "SELECT child_id, random() AS n FROM referral",
    "chance by identifier": "SELECT child_id, uuid() AS n FROM referral",
    "the clock": "SELECT child_id, CAST(now() AS VARCHAR) AS t FROM referral",
    "the clock without brackets": "SELECT child_id, CAST(CURRENT_TIMESTAMP AS VARCHAR) AS t FROM referral",
    "the place of a row": "SELECT child_id, row_number() OVER () AS n FROM referral",
    "the last row of a table": "SELECT child_id FROM referral WHERE rowid = (SELECT max(rowid) FROM referral)",
    "social worker": "SELECT a.child_id FROM social_worker_episode AS a"
    " JOIN social_worker_episode AS b ON a.worker_id = b.worker_id",
    "caseload": "SELECT a.child_id, (SELECT count(*) FROM social_worker_episode AS b WHERE b.worker_id = a.worker_id)"
    " AS n FROM social_worker_episode AS a",
    "caseload by window": "SELECT child_id, count(*) OVER (PARTITION BY worker_id) AS n FROM social_worker_episode",
    "placement": "SELECT a.child_id FROM episode AS a JOIN episode AS b ON a.address = b.address AND a.place = b.place"
    " AND a.child_id <> b.child_id",
    "alone in a placement": "SELECT child_id FROM episode WHERE start_date IN (SELECT start_date FROM episode GROUP BY"
    " start_date, address HAVING count(DISTINCT child_id) = 1)",
    "family": "SELECT a.family_id FROM family_need AS a JOIN family_need AS b ON a.need = b.need AND a.family_id <>"
    " b.family_id",
    "a child's family": "SELECT r.child_id FROM referral AS r JOIN family AS f ON f.age = r.event",
    "sibling": "SELECT a.child_id FROM looked_after_child AS a JOIN looked_after_child AS b ON a.date_of_birth ="
    " b.date_of_birth OR (a.sex = b.sex AND a.age = b.age AND a.child_id <> b.child_id)",
    "whether anyone": "SELECT child_id FROM census_child WHERE EXISTS (SELECT 1 FROM census_child WHERE age = 17)",
    "how many in all": "SELECT child_id, (SELECT count(*) FROM referral) AS n FROM census_child",
    "the last of all": "SELECT child_id FROM referral WHERE referral_date >= (SELECT max(referral_date) - 200 FROM"
    " referral)",
    "another's date": "SELECT child_id FROM referral WHERE referral_date IN (SELECT start_date FROM section_47)",
    "a date nobody else has": "SELECT min(child_id) AS child_id FROM referral GROUP BY referral_date"
    " HAVING count(*) = 1",
    "cross join": "SELECT a.child_id FROM unaccompanied_child AS a CROSS JOIN unaccompanied_child AS b",
    "full join": "SELECT coalesce(a.child_id, b.child_id) AS child_id FROM referral AS a FULL JOIN section_47 AS b ON"
    " a.event = b.event",
    "as-of join": "SELECT a.child_id, b.start_date FROM referral AS a ASOF JOIN section_47 AS b ON a.referral_date >="
    " b.start_date",
    "positional join": "SELECT a.child_id, b.event AS n FROM referral AS a POSITIONAL JOIN section_47 AS b",
    "set difference": "SELECT child_id FROM census_child WHERE age IN (SELECT age FROM census_child EXCEPT"
    " SELECT age FROM looked_after_child)",
}
"""What no definition may do. The reference's own are among them: an average, a rank, a limit and a social worker."""


def _shipped() -> tuple[dict[str, str], dict[str, str]]:
    """The views of all frameworks, and every definition, views included."""
    framework = everything_shipped()
    views = {view.id: view.sql for view in framework.views}
    definitions = {f"view {view}": sql for view, sql in views.items()}
    definitions |= {f"cohort {cohort.id}": cohort.sql for cohort in framework.cohorts}
    definitions |= {f"outcome {one.id}": one.outcome for one in framework.indicators if one.outcome is not None}
    return views, definitions


@contextmanager
def _busy_council() -> Iterator[duckdb.DuckDBPyConnection]:
    """Children with long histories that hang together, so that every definition finds some; one id in every source."""
    maker = ChildMaker(1)
    with DuckDbEngine.create(YEAR) as engine:
        for source in Source:
            fill(engine, {f"child-{number:02}": maker.child(source) for number in range(300)})
        yield engine.connection


def test_no_definition_shipped_lets_a_child_move_another() -> None:
    views, definitions = _shipped()
    seen: set[str] = set()
    for council in (random_council(4), _busy_council()):
        with council as connection:
            assert children_moved(connection, definitions, views=views) == {}
            seen |= {name for name, sql in definitions.items() if rows_of(connection, sql)}
    assert set(definitions) - seen == set()


def test_a_definition_that_compares_children_is_caught_when_it_runs_unchecked() -> None:
    with random_council(7) as connection:
        assert set(children_moved(connection, CANARIES, CHILDREN)) == set(CANARIES)
    for sql in CANARIES.values():
        with pytest.raises(DefinitionRefused):
            check_definition(sql, table_relations(), Place("a.toml", "canary"))


_TABLES = ("referral", "assessment", "section_47", "child_protection_plan", "plan_review")


class _Author:
    """Writes definitions by chance, sound ones and unsound ones, out of the parts that the language has."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def definition(self) -> str:
        if self._chance.random() < 0.2:
            words = self._chance.choice(("UNION", "UNION ALL"))
            return f"{self._select()} {words} {self._select()}"
        return self._select()

    def _pick(self, *options: str) -> str:
        return self._chance.choice(options)

    def _match(self, one: str, other: str) -> str:
        tie, event = f"{one}.child_id = {other}.child_id", f"{one}.event <= {other}.event"
        return self._pick(
            tie, f"{tie} AND {event}", f"{event} AND ({tie})", event, f"{tie} OR {event}", f"NOT ({tie})",
            f"{one}.child_id = {one}.child_id AND {event}",
        )  # fmt: skip

    def _table(self) -> str:
        table = self._pick(*_TABLES)
        last = f"(SELECT child_id, MAX(event) AS event FROM {table} GROUP BY child_id)"
        two = f"(SELECT child_id, event FROM {table} UNION SELECT child_id, event FROM {self._pick(*_TABLES)})"
        return self._pick(table, table, last, two)

    def _filter(self, alias: str) -> str:
        inner = f"FROM {self._table()} AS z WHERE {self._match('z', self._pick('a', alias))}"
        negated = self._pick("", "NOT ")
        return self._pick(
            f"{alias}.event > 1",
            f"{alias}.child_id IS NULL",
            f"{negated}EXISTS (SELECT 1 {inner})",
            f"{alias}.event >= (SELECT COUNT(*) {inner})",
            f"{alias}.event = (SELECT MAX(z.event) {inner})",
            f"{alias}.child_id {negated}IN (SELECT child_id FROM {self._table()} AS y)",
            f"{alias}.child_id {negated}IN (SELECT z.child_id {inner})",
            f"({alias}.event = 2 OR a.child_id {negated}IN (SELECT z.child_id {inner}))",
        )

    def _select(self) -> str:
        source, alias = f"FROM {self._table()} AS a", "a"
        if self._chance.random() < 0.6:
            source += f" {self._pick('JOIN', 'LEFT JOIN')} {self._table()} AS b ON {self._match('a', 'b')}"
            alias = self._pick("a", "a", "b")
        if self._chance.random() < 0.6:
            source += f" WHERE {self._filter(self._pick('a', alias))}"
        child, over = f"{alias}.child_id", self._pick("PARTITION BY a.child_id", f"PARTITION BY {alias}.child_id", "")
        if self._chance.random() < 0.3:
            keys = self._pick(child, f"{child}, {alias}.event", "a.child_id")
            return f"SELECT {child}, COUNT(*) AS n {source} GROUP BY {keys} HAVING COUNT({alias}.event) < 3"
        number = self._pick(
            f"{alias}.event",
            "a.event + 1",
            f"ROW_NUMBER() OVER ({over} ORDER BY {alias}.event DESC)",
            f"RANK() OVER ({over} ORDER BY a.event)",
            f"LAG(a.event) OVER ({over} ORDER BY {alias}.event)",
            f"SUM(a.event) OVER ({over} ORDER BY a.event ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
        )
        return f"SELECT {self._pick('', 'DISTINCT ')}{child}, {number} AS n {source}"


def _sorted_by_the_checker(number: int) -> tuple[dict[str, str], list[str]]:
    """Definitions put together by chance: the allowed ones as the checker wrote them out, and the refused ones."""
    author = _Author(20251124)
    allowed: dict[str, str] = {}
    refused: list[str] = []
    for _ in range(number):
        sql = author.definition()
        try:
            allowed[sql] = check_definition(sql, table_relations(), Place("a.toml", "chance")).sql
        except DefinitionRefused:
            refused.append(sql)
    return allowed, refused


def _moved_when_run(definitions: Iterable[str]) -> dict[str, str]:
    """Which of the definitions that the engine can run let a child move another."""
    with random_council(7) as connection:
        runnable = {}
        for sql in definitions:
            try:
                rows_of(connection, sql)
                runnable[sql] = sql
            except duckdb.Error:
                continue
        return children_moved(connection, runnable)


def test_whatever_the_checker_allows_keeps_children_apart() -> None:
    allowed, refused = _sorted_by_the_checker(600)
    assert len(allowed) > 100
    with random_council(7) as connection:
        assert children_moved(connection, allowed) == {}
    assert len(_moved_when_run(refused[:90])) > 20


def test_a_checker_that_forgot_one_rule_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frameworks.definitions, "_ties", lambda *_: True)
    allowed, _ = _sorted_by_the_checker(150)
    assert _moved_when_run(allowed.values())
