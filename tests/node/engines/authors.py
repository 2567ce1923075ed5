"""Definitions put together by chance out of everything that the checker allows, over tables full of awkward values."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from frameworks.definitions import Checked, Place, Relation, check_definition, table_relations
from frameworks.errors import DefinitionRefused
from frameworks.functions import SQL_TYPES, SqlType
from frameworks.tables import TABLES, Table

CHILDREN = ("1", "2", "3", "Z", "a", "ä", "10")
TABLES_USED = ("census_child", "referral", "assessment", "section_47", "child_protection_plan")
WIDTH = {SqlType.WHOLE: "n", SqlType.TEXT: "t", SqlType.DATE: "d", SqlType.TRUTH: "b"}
"""The columns that a definition yields besides child_id, some of them, by type."""

_TEXTS = ("", "a", "A", "b", "B", "ä", "_", "%", "U4", "u1", "it's", "back\\slash", '"', "${x}", "RC8", "a b", " a")
_DAYS = (
    *(date(2024, 2, 29), date(2023, 2, 28), date(2025, 3, 31), date(2024, 4, 1), date(2024, 3, 29), date(2023, 12, 25)),
    *(date(2024, 1, 31), date(2024, 5, 31), date(1989, 7, 1), date(2041, 1, 1), date(1, 1, 1), date(9999, 12, 31)),
)
_NUMBERS = (-3, 0, 1, 2, 3, 2025, 2_147_483_647, -2_147_483_648)


def awkward_rows(seed: int) -> dict[str, list[tuple[Any, ...]]]:
    """A few rows of each child in the tables used: nulls anywhere, texts of every kind, days at every edge."""
    chance = random.Random(seed)

    def value(column: str, sql_type: str) -> object:
        if chance.random() < 0.2:
            return None
        if sql_type == "DATE":
            return chance.choice((chance.choice(_DAYS), date(2024, 1, 1) + timedelta(days=chance.randrange(500))))
        if sql_type == "BOOLEAN":
            return chance.random() < 0.5
        if sql_type == "INTEGER":
            return chance.choice(_NUMBERS) if column != "event" else chance.randrange(4)
        return chance.choice(_TEXTS)

    def row(child: str, table: Table) -> tuple[Any, ...]:
        return (child, *(value(*column) for column in list(table.columns.items())[1:]))

    return {
        name: [row(child, table) for child in CHILDREN for _ in range(chance.randrange(8))]
        if name in TABLES_USED
        else []
        for name, table in TABLES.items()
    }


@dataclass
class _Scope:
    """The tables that an expression may read, by alias; `outer` are those of the SELECT around it."""

    tables: dict[str, dict[str, SqlType]] = field(default_factory=dict)
    outer: dict[str, dict[str, SqlType]] = field(default_factory=dict)

    def named(self, kind: SqlType) -> list[str]:
        """The columns of a type, of all these tables."""
        tables = self.tables | self.outer
        return [f"{alias}.{name}" for alias, columns in tables.items() for name, own in columns.items() if own is kind]


class Author:
    """Writes definitions by chance. The checker still decides which of them are allowed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._aliases = 0

    def allowed(self, number: int) -> Iterator[Checked]:
        """That many definitions that the checker allows, as it wrote them out."""
        while number:
            sql = self._query(2)
            try:
                checked = check_definition(sql, table_relations(), Place("a.toml", "chance"))
            except DefinitionRefused:
                continue
            number -= 1
            yield checked

    def _pick(self, *options: str) -> str:
        return self._chance.choice(options)

    def _likely(self, probability: float) -> bool:
        return self._chance.random() < probability

    def _alias(self) -> str:
        self._aliases += 1
        return f"x{self._aliases}"

    def _query(self, depth: int) -> str:
        wanted = tuple(kind for kind in WIDTH if self._likely(0.6))
        if self._likely(0.2):
            words = self._pick("UNION", "UNION ALL")
            return f"{self._select(depth - 1, wanted)} {words} {self._select(depth - 1, wanted)}"
        return self._select(depth, wanted)

    def _source(self, depth: int) -> tuple[str, dict[str, SqlType]]:
        """What may stand in FROM, and its columns."""
        if depth > 0 and self._likely(0.25):
            wanted = tuple(kind for kind in WIDTH if self._likely(0.7))
            return f"({self._select(depth - 1, wanted)})", {WIDTH[kind]: kind for kind in wanted}
        name = self._pick(*TABLES_USED)
        return name, {column: SQL_TYPES[kind] for column, kind in list(TABLES[name].columns.items())[1:]}

    def _from(self, depth: int, outer: _Scope) -> tuple[str, _Scope]:
        scope = _Scope({}, outer.tables)
        first, columns = self._source(depth)
        alias = self._alias()
        scope.tables[alias] = columns
        text = f"FROM {first} AS {alias}"
        if self._likely(0.4):
            second, columns = self._source(depth)
            other = self._alias()
            scope.tables[other] = columns
            extra = f" AND {self._condition(_Scope(scope.tables), 1)}" if self._likely(0.7) else ""
            kind = self._pick("JOIN", "LEFT JOIN")
            text += f" {kind} {second} AS {other} ON {other}.child_id = {alias}.child_id{extra}"
        return text, scope

    def _select(self, depth: int, wanted: tuple[SqlType, ...], outer: _Scope | None = None) -> str:
        source, scope = self._from(depth, outer or _Scope())
        child = next(iter(scope.tables))
        where = f" WHERE {self._condition(scope, 2, depth)}" if self._likely(0.7) else ""
        if self._likely(0.25):
            return self._grouped(source, scope, where, child, wanted)
        columns = [f"{child}.child_id"]
        for kind in wanted:
            window = kind is not SqlType.TRUTH and self._likely(0.4)
            value = self._window(scope, kind, child) if window else self._value(scope, kind, 2, depth)
            columns.append(f"{value} AS {WIDTH[kind]}")
        return f"SELECT {self._pick('', '', 'DISTINCT ')}{', '.join(columns)} {source}{where}"

    def _grouped(self, source: str, scope: _Scope, where: str, child: str, wanted: tuple[SqlType, ...]) -> str:
        keys = [f"{child}.child_id"]
        columns = [f"{child}.child_id"]
        for kind in wanted:
            named = scope.named(kind)
            if kind in (SqlType.WHOLE, SqlType.DATE) and (self._likely(0.7) or not named):
                columns.append(f"{self._aggregate(scope, kind)} AS {WIDTH[kind]}")
            elif named:
                keys.append(self._pick(*named))
                columns.append(f"{keys[-1]} AS {WIDTH[kind]}")
            else:
                columns.append(f"{self._constant(kind)} AS {WIDTH[kind]}")
        having = f" HAVING {self._aggregate(scope, SqlType.WHOLE)} {self._pick('>', '<=', '<>')} 1"
        return f"SELECT {', '.join(columns)} {source}{where} GROUP BY {', '.join(keys)}{self._pick('', having)}"

    def _aggregate(self, scope: _Scope, kind: SqlType) -> str:
        alone = _Scope(scope.tables)
        if kind is SqlType.DATE:
            return f"{self._pick('MIN', 'MAX')}({self._value(alone, kind, 1)})"
        counted = self._value(alone, self._chance.choice(list(WIDTH)), 1)
        return self._pick(
            "COUNT(*)",
            f"COUNT({counted})",
            f"COUNT(DISTINCT {counted})",
            f"{self._pick('MIN', 'MAX', 'SUM')}({self._value(alone, SqlType.WHOLE, 1)})",
        )

    def _window(self, scope: _Scope, kind: SqlType, child: str) -> str:
        alone = _Scope(scope.tables)
        value = self._value(alone, kind, 1)
        functions = [
            f"LAG({value}{self._pick('', ', 2')})",
            f"LEAD({value})",
            f"FIRST_VALUE({value})",
            f"LAST_VALUE({value})",
        ]
        if kind is SqlType.WHOLE:
            functions += ["ROW_NUMBER()", "RANK()", "DENSE_RANK()", "COUNT(*)", f"SUM({value})", f"COUNT({value})"]
        if kind in (SqlType.WHOLE, SqlType.DATE):
            functions += [f"MIN({value})", f"MAX({value})"]
        partition = f"PARTITION BY {child}.child_id"
        if self._likely(0.2):
            partition += f", {self._value(alone, self._chance.choice(list(WIDTH)), 1)}"
        order = ""
        if self._likely(0.85):
            terms = [
                self._value(alone, self._chance.choice((SqlType.TEXT, *WIDTH)), self._chance.randrange(2))
                + self._pick("", " ASC", " DESC", " NULLS FIRST", " DESC NULLS LAST", " DESC NULLS FIRST")
                for _ in range(self._chance.randrange(1, 3))
            ]
            order = f" ORDER BY {', '.join(terms)}"
        frame = ""
        if self._likely(0.4):
            frame = " " + self._pick(
                "ROWS BETWEEN 1 PRECEDING AND CURRENT ROW",
                "ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING",
                "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING",
                "ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING",
                "ROWS UNBOUNDED PRECEDING",
                "ROWS BETWEEN 3 PRECEDING AND 2 PRECEDING",
                "ROWS BETWEEN 1 FOLLOWING AND 3 FOLLOWING",
                "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
                "RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING",
                "RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING",
            )
        return f"{self._pick(*functions)} OVER ({partition}{order}{frame})"

    def _constant(self, kind: SqlType) -> str:
        match kind:
            case SqlType.TEXT:
                return "'" + self._chance.choice(_TEXTS).replace("'", "''") + "'"
            case SqlType.WHOLE:
                return self._pick("0", "1", "-1", "3", "2025", "999999999", "reference_year()")
            case SqlType.DATE:
                return self._pick(f"DATE '{self._chance.choice(_DAYS)}'", "year_start()", "year_end()")
            case _:
                return self._pick("TRUE", "FALSE")

    def _value(self, scope: _Scope, kind: SqlType, depth: int, subqueries: int = 0) -> str:
        if self._likely(0.06):
            return "NULL"
        named = scope.named(kind)
        if depth == 0 or self._likely(0.35):
            return self._pick(*named) if named and self._likely(0.8) else self._constant(kind)

        def another(of: SqlType = kind) -> str:
            return self._value(scope, of, depth - 1, subqueries)

        def constant_or_null() -> str:
            return "NULL" if self._likely(0.2) else another()

        condition = self._condition(scope, depth - 1, subqueries)
        options: list[Callable[[], str]] = [
            lambda: f"CASE WHEN {condition} THEN {another()} ELSE {constant_or_null()} END",
            lambda: f"CASE WHEN {condition} THEN {another()} END",
            lambda: f"COALESCE({another()}, {constant_or_null()})",
            lambda: f"NULLIF({another()}, {another()})",
        ]
        day = SqlType.DATE
        if kind is SqlType.WHOLE:
            options += [
                lambda: f"{another()} {self._pick('+', '-')} {another()}",
                lambda: f"({another()} + {another()}) - {another()}",
                lambda: f"days_between({another(day)}, {another(day)})",
                lambda: f"working_days_between({another(day)}, {another(day)})",
                lambda: f"age_on({another(day)}, {another(day)})",
            ]
        if kind is day:
            months = self._pick("0", "1", "-1", "12", "-30", "999")
            options += [lambda: f"add_months({another()}, {months})", lambda: f"add_years({another()}, {months})"]
        if kind is SqlType.TRUTH:
            options = [*options, lambda: f"({condition})", lambda: condition]
        if subqueries > 0 and kind in (SqlType.WHOLE, day) and not scope.outer:
            options += [lambda: self._one_value(scope, kind, subqueries)] * 2
        return self._chance.choice(options)()

    def _condition(self, scope: _Scope, depth: int, subqueries: int = 0) -> str:
        if depth <= 0:
            known = self._pick("NULL", "TRUE", "FALSE")
            return f"{self._value(scope, SqlType.TRUTH, 0)} IS {self._pick('', 'NOT ')}{known}"

        def value(kind: SqlType) -> str:
            return self._value(scope, kind, depth - 1, subqueries)

        def again() -> str:
            return self._condition(scope, depth - 1, subqueries)

        kind = self._chance.choice(list(WIDTH))
        ordered = self._chance.choice((SqlType.WHOLE, SqlType.DATE))
        constants = ", ".join(self._constant(SqlType.TEXT) for _ in range(3))
        options = [
            lambda: f"{value(kind)} {self._pick('=', '<>')} {value(kind)}",
            lambda: f"{value(ordered)} {self._pick('<', '<=', '>', '>=')} {value(ordered)}",
            lambda: f"{value(ordered)} {self._pick('', 'NOT ')}BETWEEN {value(ordered)} AND {value(ordered)}",
            lambda: f"{value(SqlType.TEXT)} {self._pick('', 'NOT ')}IN ({constants})",
            lambda: f"{value(SqlType.WHOLE)} {self._pick('', 'NOT ')}IN (1, -1, 2025)",
            lambda: f"{value(kind)} IS {self._pick('', 'NOT ')}NULL",
            lambda: f"({again()}) IS {self._pick('', 'NOT ')}{self._pick('TRUE', 'FALSE')}",
            lambda: f"({again()}) {self._pick('=', '<>')} {value(SqlType.TRUTH)}",
            lambda: f"{value(SqlType.TEXT)} {self._pick('', 'NOT ')}LIKE {self._pick(*_PATTERNS)}",
            lambda: f"{again()} {self._pick('AND', 'OR')} {again()}",
            lambda: f"NOT ({again()})",
            lambda: f"within_months({value(SqlType.DATE)}, {value(SqlType.DATE)}, {self._pick('12', '6', '-3')})",
        ]
        if subqueries > 0 and not scope.outer:
            options += [lambda: self._question(scope, subqueries)] * 4
        return self._chance.choice(options)()

    def _tied(self, scope: _Scope, depth: int) -> tuple[str, _Scope]:
        """FROM and WHERE of a subquery that is tied to the child of the SELECT around it."""
        source, inner = self._from(depth - 1, scope)
        tie = f"{next(iter(inner.tables))}.child_id = {next(iter(scope.tables))}.child_id"
        more = f" AND ({self._condition(inner, 2)})" if self._likely(0.8) else ""
        return f"{source} WHERE {tie}{more}", inner

    def _one_value(self, scope: _Scope, kind: SqlType, depth: int) -> str:
        source, inner = self._tied(scope, depth)
        return f"(SELECT {self._aggregate(inner, kind)} {source})"

    def _question(self, scope: _Scope, depth: int) -> str:
        child, negated = next(iter(scope.tables)), self._pick("", "NOT ")
        if self._likely(0.4):
            source, inner = self._from(depth - 1, scope)
            where = f" WHERE {self._condition(inner, 2)}" if self._likely(0.7) else ""
            owners = f"SELECT {next(iter(inner.tables))}.child_id {source}{where}"
            return f"{child}.child_id {negated}IN ({owners})"
        source, _ = self._tied(scope, depth)
        return f"{negated}EXISTS (SELECT 1 {source})"


_PATTERNS = ("'a%'", "'%'", "'_'", "'%a'", "'U_'", "'%lash'", "'it''s'", "''", "'%$%'", "'%\"%'")


def side_by_side(definitions: Sequence[Checked]) -> str:
    """One SELECT that gives the rows of every definition, its number first, then child_id and a column of each type.

    Days come as numbers, since some lie after the last that Python has.
    """
    return " UNION ALL ".join(
        f"SELECT {number} AS which, child_id, {', '.join(_column(kind, one.relation) for kind in WIDTH)}"
        f" FROM ({one.sql}) AS q"
        for number, one in enumerate(definitions)
    )


def _column(kind: SqlType, relation: Relation) -> str:
    name = WIDTH[kind]
    written = name if name in relation.columns else "NULL"
    match kind:
        case SqlType.DATE:
            return f"CAST(days_between(DATE '2000-01-01', {written}) AS BIGINT) AS {name}"
        case SqlType.TEXT:
            return f"CAST({written} AS VARCHAR) AS {name}"
        case SqlType.TRUTH:
            return f"CAST({written} AS BOOLEAN) AS {name}"
        case _:
            return f"CAST({written} AS BIGINT) AS {name}"
