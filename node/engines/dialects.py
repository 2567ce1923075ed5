"""The portable text of a definition, written for PostgreSQL and for Spark.

What arrives is the subset of DuckDB's SQL that `frameworks.definitions` allows. It is read into a tree, the functions
of ours (`frameworks.functions`) are replaced by expressions of the dialect, and the tree is written out. Nothing is
created in the database for them: a council's login may read, and no more.

What the engines do not agree on, and how it is made the same:

* Nulls stand last in an order, ascending or descending, as in DuckDB. The order is written with NULLS LAST or FIRST.
* Texts compare by their bytes. In PostgreSQL a text comes from a column of a table, a constant or a cast, and each of
  them is given COLLATE "C", which everything computed from it inherits.
* Working days are the days less Saturdays, Sundays and bank holidays, in closed form. The calendar begins on Monday
  1 January 1990 and ends with 2040; an earlier or later day counts as the first or the last, as in the other engines.
* Integers divide with `//` and add in 64 bits (the checker casts them).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import date
from typing import ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel

from frameworks.bank_holidays import FIRST_YEAR, LAST_YEAR, bank_holidays

PORTABLE = "duckdb"

CALENDAR_FIRST_DAY = date(FIRST_YEAR, 1, 1)
"""A Monday: the closed form of working days rests on it."""
CALENDAR_LAST_DAY = date(LAST_YEAR, 12, 31)

Name = tuple[str, ...]
"""A table's name, after the names of its schema and catalogue where they are given."""

_OFFSETS_AND_RANKS = (exp.RowNumber, exp.Rank, exp.DenseRank, exp.Lag, exp.Lead)


def holidays_by_number() -> tuple[int, ...]:
    """The bank holidays of England, each as the number of days after the calendar's first day."""
    days = bank_holidays(FIRST_YEAR, LAST_YEAR)
    return tuple((day - CALENDAR_FIRST_DAY).days for day in days)


_LAST_NUMBER = (CALENDAR_LAST_DAY - CALENDAR_FIRST_DAY).days

SHARED: dict[str, str] = {
    "within_months(a, b, n)": "(a < b AND b < add_months(a, n))",
    "add_years(a, n)": "add_months(a, 12 * n)",
    "age_on(a, b)": "CASE WHEN a <= b THEN CAST(EXTRACT(YEAR FROM CAST(b AS DATE)) - EXTRACT(YEAR FROM CAST(a AS DATE))"
    " - CASE WHEN 100 * EXTRACT(MONTH FROM CAST(b AS DATE)) + EXTRACT(DAY FROM CAST(b AS DATE))"
    " < 100 * EXTRACT(MONTH FROM CAST(a AS DATE)) + EXTRACT(DAY FROM CAST(a AS DATE)) THEN 1 ELSE 0 END"
    " AS INTEGER) END",
    "calendar_number(a)": f"least(greatest(days_between(DATE '{CALENDAR_FIRST_DAY}', a), 0), {_LAST_NUMBER})",
    "weekdays_up_to(n)": "(n + 1 - (n + 2) // 7 - (n + 1) // 7)",
    "working_days_between(a, b)": "CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN CAST(greatest(0,"
    " weekdays_up_to(calendar_number(b)) - weekdays_up_to(calendar_number(a))"
    " - holidays_after(calendar_number(a), calendar_number(b))) AS INTEGER) END",
}
"""Functions of ours, and steps of theirs, in terms of what each dialect has: `days_between`, `add_months` and
`holidays_after(a, b)`, the bank holidays after day number a up to b (whatever it says where b is before a)."""


class Dialect(ABC):
    """Writes portable texts for one engine and one reference year."""

    name: ClassVar[str]
    own: ClassVar[dict[str, str]]
    """Functions in the dialect's own text, by their head: `days_between(a, b)`."""

    def __init__(self, year: int) -> None:
        self._bodies: dict[str, tuple[tuple[str, ...], exp.Expr]] = {}
        constants = {
            "year_start()": f"DATE '{date(year - 1, 4, 1)}'",
            "year_end()": f"DATE '{date(year, 3, 31)}'",
            "reference_year()": str(year),
        }
        for head, body in self.own.items():
            self._learn(head, sqlglot.parse_one(body, dialect=self.name))
        for head, body in (constants | SHARED).items():
            if head not in self.own:
                self._learn(head, self._expanded(sqlglot.parse_one(body, dialect=PORTABLE)))

    def _learn(self, head: str, body: exp.Expr) -> None:
        name, _, arguments = head.rstrip(")").partition("(")
        self._bodies[name] = (tuple(filter(None, arguments.split(", "))), body)

    @staticmethod
    def read(sql: str) -> exp.Query:
        """The tree of a portable text. Names without quotes mean their lower case.

        Raises sqlglot's SqlglotError for a text that is not one SELECT.
        """
        tree = sqlglot.parse_one(sql, dialect=PORTABLE)
        if not isinstance(tree, exp.Query):
            raise sqlglot.errors.ParseError("not a SELECT")
        for identifier in tree.find_all(exp.Identifier):
            if not identifier.quoted:
                identifier.set("this", identifier.name.lower())
        return tree

    @staticmethod
    def bind(tree: exp.Query, relation: Callable[[Name], Name]) -> None:
        """Replaces each table or view by the one that `relation` gives for it. Columns keep their names."""
        for table in list(tree.find_all(exp.Table)):
            own = [exp.to_identifier(part, quoted=True) for part in relation(tuple(part.name for part in table.parts))]
            alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(table.name, quoted=True))
            parts = dict(zip(("this", "db", "catalog"), reversed(own), strict=False))
            table.replace(exp.Table(**parts, alias=alias))

    def write(self, tree: exp.Query) -> str:
        """The text of a tree, in the dialect. The tree is used up.

        Raises sqlglot's SqlglotError for what the dialect cannot say.
        """
        for predicate in list(tree.find_all(exp.Predicate)):
            _bracket_conditions(predicate)
        self._adapt(tree)
        written = self._expanded(tree)
        return written.sql(self.name, identify=True, comments=False, unsupported_level=ErrorLevel.RAISE)

    @abstractmethod
    def _adapt(self, tree: exp.Query) -> None:
        """Changes what this dialect would read in another way, in place."""

    def _expanded(self, tree: exp.Expr) -> exp.Expr:
        return tree.transform(self._call, copy=False)

    def _call(self, node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.AddMonths):
            name, arguments = "add_months", [node.this, node.expression]
        elif isinstance(node, exp.Anonymous):
            name, arguments = node.name.lower(), node.expressions
        else:
            return node
        if name not in self._bodies:
            return node
        names, body = self._bodies[name]
        given = {name: _operand(self._expanded(value)) for name, value in zip(names, arguments, strict=True)}
        filled = body.copy().transform(
            lambda part: given[part.name].copy() if isinstance(part, exp.Column) and part.name in given else part
        )
        return _operand(filled)


def _operand(node: exp.Expr) -> exp.Expr:
    """A node that keeps its meaning wherever it is put."""
    whole = isinstance(node, (exp.Column, exp.Literal, exp.Cast, exp.Paren, exp.Case, exp.Func, exp.Subquery))
    return node if whole and not isinstance(node, exp.Connector) else exp.Paren(this=node)


def _bracket_conditions(predicate: exp.Expr) -> None:
    """Puts conditions that are compared (`(a IN (1, 2)) IS TRUE`) into brackets: engines bind them differently."""
    for key in ("this", "expression", "low", "high"):
        part = predicate.args.get(key)
        if isinstance(part, (exp.Predicate, exp.Not, exp.Connector)):
            predicate.set(key, exp.Paren(this=part))


class PostgreSql(Dialect):
    """PostgreSQL 12 or later."""

    name = "postgres"
    own: ClassVar[dict[str, str]] = {
        "days_between(a, b)": "(CAST(b AS DATE) - CAST(a AS DATE))",
        "add_months(a, n)": "CAST(CAST(a AS DATE) + MAKE_INTERVAL(0, n) AS DATE)",
        "holidays_after(a, b)": "(WIDTH_BUCKET(b, CAST('{holidays}' AS INT[]))"
        " - WIDTH_BUCKET(a, CAST('{holidays}' AS INT[])))".replace(
            "holidays", ",".join(str(number) for number in holidays_by_number())
        ),
    }
    """WIDTH_BUCKET over an array in order says, by halving, how many of its elements are not above a number."""

    def _adapt(self, tree: exp.Query) -> None:
        for number, subquery in enumerate(list(tree.find_all(exp.Subquery))):
            if isinstance(subquery.parent, (exp.From, exp.Join)) and not subquery.alias:
                subquery.set("alias", exp.TableAlias(this=exp.to_identifier(f"_s{number}", quoted=True)))
        for text in list(tree.find_all(exp.Literal, exp.Cast, exp.Lower, exp.Upper)):
            if isinstance(text, exp.Literal):
                if text.is_string and not isinstance(text.parent, (exp.Cast, exp.Interval)):
                    _put_around(text, lambda literal: by_bytes(exp.cast(literal, exp.DType.TEXT)))
            elif isinstance(text, exp.Cast):
                if text.is_type(*exp.DataType.TEXT_TYPES):
                    _put_around(text, by_bytes)
            else:
                # Ordered by its bytes, a text has no letters but those of ASCII.
                text.set("this", _collated(text.this, "default"))
                _put_around(text, by_bytes)


def _put_around(node: exp.Expr, make: Callable[[exp.Expr], exp.Expr]) -> None:
    """Puts what `make` makes of a node where the node stands."""
    place = exp.Null()
    node.replace(place)
    place.replace(make(node))


def _collated(text: exp.Expr, collation: str) -> exp.Expr:
    return exp.Collate(this=text, expression=exp.to_identifier(collation, quoted=True))


def by_bytes(text: exp.Expr) -> exp.Expr:
    """A text of PostgreSQL's that compares by its bytes, whatever the database's collation."""
    return _collated(text, "C")


class SparkSql(Dialect):
    """Spark 3.4 or later, with `spark.sql.ansi.enabled`."""

    name = "spark"
    own: ClassVar[dict[str, str]] = {
        "days_between(a, b)": "DATEDIFF(b, a)",
        "add_months(a, n)": "ADD_MONTHS(a, n)",
        "holidays_after(a, b)": "SIZE(ARRAY_INTERSECT(SEQUENCE(a + 1, b), ARRAY(holidays)))".replace(
            "holidays", ", ".join(str(number) for number in holidays_by_number())
        ),
    }

    def _adapt(self, tree: exp.Query) -> None:
        for window in tree.find_all(exp.Window):
            by_place = isinstance(window.this, _OFFSETS_AND_RANKS)
            if by_place:
                window.set("spec", None)  # They look at the whole partition, never at a frame.
            if not window.args.get("order") and (by_place or window.args.get("spec")):
                alike: Sequence[exp.Expr] = [exp.Ordered(this=exp.Literal.number(1))]
                window.set("order", exp.Order(expressions=alike))
