"""The checker's half for expressions: every one has a type, and only what is listed here may stand in a definition."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from sqlglot import exp

from frameworks.functions import FUNCTIONS, SqlType
from frameworks.model import OWNER_COLUMN, Source
from frameworks.refusals import README, Refusals

MAXIMUM_DIGITS = 9
MAXIMUM_DIGITS_OF_MONTHS = 3
OWNER_COLUMNS = frozenset(OWNER_COLUMN.values())

_EQUALITIES = (exp.EQ, exp.NEQ)
_ORDERINGS = (exp.LT, exp.LTE, exp.GT, exp.GTE)
_AGGREGATES = (exp.Count, exp.Min, exp.Max, exp.Sum)
_RANKS = (exp.Rank, exp.DenseRank)
_POSITIONS = (exp.RowNumber, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue)
_FUNCTION_NAMES = ", ".join(
    (
        *FUNCTIONS,
        *("coalesce", "nullif", "count", "min", "max", "sum"),
        *("row_number", "rank", "dense_rank", "lag", "lead", "first_value", "last_value"),
    )
)


@dataclass(frozen=True)
class Relation:
    """What a table, a view or a definition yields: its columns in order, `child_id` among them, of one source.

    `one_row`: it is known to hold at most one row of a child.
    """

    source: Source
    columns: Mapping[str, SqlType]
    one_row: bool = False


@dataclass(frozen=True)
class Joined:
    """A relation in FROM, under an alias of the checker's; `may_be_null` after LEFT JOIN."""

    alias: str
    relation: Relation
    may_be_null: bool


@dataclass(frozen=True)
class Scope:
    """The names that the expressions of one SELECT may use; `outer` is the SELECT around a subquery."""

    outer: Scope | None = None
    joined: dict[str, Joined] = field(default_factory=dict)

    def outwards(self) -> Iterator[Scope]:
        """This scope, then each of those around it."""
        here: Scope | None = self
        while here is not None:
            yield here
            here = here.outer

    def alone(self) -> Scope:
        """The scope without the SELECTs around it."""
        return Scope(None, self.joined)


@dataclass(frozen=True)
class Allowed:
    """What an expression may hold where it stands. `keys` are the columns of GROUP BY, None without one."""

    scope: Scope
    aggregates: bool = False
    windows: bool = False
    subqueries: bool = False
    keys: frozenset[tuple[str, str]] | None = None


class Expressions(Refusals, ABC):
    """Finds the type of every expression, writing resolved names into the tree as it goes."""

    @abstractmethod
    def owners(self, query: exp.Expr, scope: Scope) -> None:
        """Checks the subquery of an IN."""

    @abstractmethod
    def question(self, query: exp.Expr, scope: Scope) -> None:
        """Checks the subquery of an EXISTS."""

    @abstractmethod
    def one_value(self, query: exp.Expr, scope: Scope) -> SqlType:
        """Checks a subquery used as a value, and gives its type."""

    def resolve(self, node: exp.Column, scope: Scope) -> Joined:
        """Finds the table of a column, innermost SELECT first, and writes it into the column."""
        if "joined" in node.meta:
            known: Joined = node.meta["joined"]
            return known
        self.only(node, "this", "table")
        column = self.name(node.this, node)
        qualifier = self.name(node.args["table"], node) if node.args.get("table") else None
        for level, here in enumerate(scope.outwards()):
            named = [joined for name, joined in here.joined.items() if qualifier in (None, name)]
            found = [joined for joined in named if column in joined.relation.columns]
            if len(found) > 1:
                raise self.refusal(node, f"{column} is in more than one table", f"Write it as table.{column}.")
            if found and level > 1:
                raise self.refusal(
                    node,
                    f"{column} is of a SELECT two levels out, where not every engine looks",
                    "Compare with the SELECT directly around this one.",
                )
            if found:
                alias = exp.to_identifier(found[0].alias)
                alias.meta.update(node.args["table"].meta if qualifier else {})
                node.set("table", alias)
                node.meta["joined"] = found[0]
                return found[0]
            if qualifier is not None and named:
                break
        raise self.refusal(node, f"there is no column {qualifier + '.' if qualifier else ''}{column} here")

    def expect(self, node: exp.Expr, expected: SqlType, allowed: Allowed) -> None:
        """Refuses an expression of another type than `expected`."""
        found = self.type_of(node, allowed)
        if found is not expected:
            raise self.refusal(
                node, f"a {found} stands where a {expected} is needed", "No type is converted to another."
            )

    def same(self, nodes: list[exp.Expr], allowed: Allowed) -> SqlType:
        """The one type of several expressions; refuses them where they differ."""
        types = [self.type_of(node, allowed) for node in nodes]
        known = [found for found in types if found is not SqlType.NULL]
        if not known:
            raise self.refusal(nodes[0], "NULL has no type of its own", "Put a column or a value beside it.")
        for node, found in zip(nodes, types, strict=True):
            if found not in (SqlType.NULL, known[0]):
                raise self.refusal(
                    node,
                    f"a {found} stands beside a {known[0]}",
                    "No type is converted to another; a date is written DATE '2025-03-31'.",
                )
        return known[0]

    def type_of(self, node: exp.Expr, allowed: Allowed) -> SqlType:
        """The type of an expression; refuses anything that is not listed."""
        if isinstance(node, exp.Column):
            return self._column(node, allowed)
        if isinstance(node, (exp.Literal, exp.Boolean, exp.Null, exp.Neg, exp.Cast)):
            return self._constant(node)
        if isinstance(node, (exp.And, exp.Or, exp.Not)):
            self.only(node, "this", "expression")
            for part in list(node.iter_expressions()):
                self.expect(part, SqlType.TRUTH, allowed)
            return SqlType.TRUTH
        if isinstance(node, exp.Paren):
            self.only(node, "this")
            return self.type_of(node.this, allowed)
        if type(node) in (*_EQUALITIES, *_ORDERINGS, exp.Between, exp.In, exp.Is, exp.Like, exp.Exists):
            self._condition(node, allowed)
            return SqlType.TRUTH
        if isinstance(node, (exp.Add, exp.Sub)):
            return self._sum(node, allowed)
        if isinstance(node, (exp.Case, exp.Coalesce, exp.Nullif)):
            return self._choice(node, allowed)
        if isinstance(node, (exp.Anonymous, exp.AddMonths)):
            return self._function(node, allowed)
        if isinstance(node, exp.Window):
            return self._window(node, allowed)
        if isinstance(node, _AGGREGATES):
            return self._aggregate(node, allowed)
        if isinstance(node, exp.Subquery):
            if not allowed.subqueries:
                raise self.refusal(
                    node, "a subquery cannot stand here", "Compute it in a view or in a subquery of FROM."
                )
            self.only(node, "this")
            return self.one_value(node.this, allowed.scope)
        if isinstance(node, exp.Star):
            raise self.refusal(node, "* is not part of the language", "Name the columns.")
        called = node.sql_name() if isinstance(node, exp.Func) else type(node).__name__
        raise self.refusal(node, f"{called} is not part of the language", f"Functions are: {_FUNCTION_NAMES}.")

    def _column(self, node: exp.Column, allowed: Allowed) -> SqlType:
        joined = self.resolve(node, allowed.scope)
        if allowed.keys is not None and (joined.alias, node.name) not in allowed.keys:
            raise self.refusal(
                node, f"{node.name} is not a column of GROUP BY", "Add it there, or take its MIN or MAX."
            )
        return joined.relation.columns[node.name]

    def _constant(self, node: exp.Expr) -> SqlType:
        if isinstance(node, exp.Null):
            return SqlType.NULL
        if isinstance(node, exp.Boolean):
            return SqlType.TRUTH
        if isinstance(node, exp.Literal) and node.is_string:
            return SqlType.TEXT
        if isinstance(node, exp.Cast):
            self.only(node, "this", "to")
            text = node.this
            if not (isinstance(text, exp.Literal) and text.is_string and node.to.this is exp.DType.DATE):
                raise self.refusal(
                    node, "a cast fails on some records", "Compare values of one type; only DATE '...' is one."
                )
            if not _is_date(text.name):
                raise self.refusal(node, "this is not a date", "Write DATE 'yyyy-mm-dd'.")
            return SqlType.DATE
        digits = _digits(node)
        if not (isinstance(digits, exp.Literal) and digits.name.isdecimal() and len(digits.name) <= MAXIMUM_DIGITS):
            raise self.refusal(node, "only whole numbers of up to 9 digits are allowed", "Write a whole number.")
        return SqlType.WHOLE

    def _condition(self, node: exp.Expr, allowed: Allowed) -> None:
        if type(node) in (*_EQUALITIES, *_ORDERINGS):
            self.only(node, "this", "expression")
            self._comparison(node, [node.this, node.args["expression"]], allowed, ordered=type(node) in _ORDERINGS)
        elif isinstance(node, exp.Between):
            self.only(node, "this", "low", "high")
            self._comparison(node, [node.this, node.args["low"], node.args["high"]], allowed, ordered=True)
        elif isinstance(node, exp.In):
            self._membership(node, allowed)
        elif isinstance(node, exp.Is):
            self.only(node, "this", "expression")
            against = node.args["expression"]
            if not isinstance(against, (exp.Null, exp.Boolean)):
                raise self.refusal(against, "IS takes NULL, TRUE or FALSE", "Compare with = or <>.")
            found = self.type_of(node.this, allowed)
            if isinstance(against, exp.Boolean) and found is not SqlType.TRUTH:
                raise self.refusal(node, f"a {found} is neither true nor false", "Compare it with a value.")
        elif isinstance(node, exp.Like):
            self.only(node, "this", "expression")
            self.expect(node.this, SqlType.TEXT, allowed)
            pattern = node.args["expression"]
            if not (isinstance(pattern, exp.Literal) and pattern.is_string and "\\" not in pattern.name):
                raise self.refusal(node, "LIKE takes a pattern written out, without \\", "Write LIKE 'U%'.")
        else:
            self.only(node, "this")
            if not allowed.subqueries or not isinstance(node.this, exp.Query):
                raise self.refusal(node, "EXISTS cannot stand here", "Move it to WHERE, or use a join.")
            self.question(node.this, allowed.scope)

    def _comparison(self, node: exp.Expr, sides: list[exp.Expr], allowed: Allowed, *, ordered: bool) -> None:
        found = self.same(sides, allowed)
        if found is SqlType.CHILD and type(node) is not exp.EQ:
            raise self.refusal(node, "children are matched, not compared", "Write a.child_id = b.child_id.")
        if ordered and found not in (SqlType.WHOLE, SqlType.DATE):
            raise self.refusal(
                node, f"the order of a {found} differs between engines", "Compare dates or whole numbers."
            )

    def _membership(self, node: exp.In, allowed: Allowed) -> None:
        self.only(node, "this", "expressions", "query")
        query = node.args.get("query")
        if query is None:
            values = node.expressions
            if not all(isinstance(value, (exp.Literal, exp.Cast, exp.Neg)) for value in values):
                raise self.refusal(node, "IN takes values written out, or a subquery", "Use OR, or EXISTS.")
            self.same([node.this, *values], allowed)
            return
        if not allowed.subqueries:
            raise self.refusal(node, "a subquery cannot stand here", "Move it to WHERE, or use a join.")
        member = node.this
        if not isinstance(member, exp.Column) or self.type_of(member, allowed) is not SqlType.CHILD:
            raise self.refusal(
                node, "only child_id may be looked up in a subquery", "Use EXISTS, tied to the child by child_id."
            )
        if self.resolve(member, allowed.scope).may_be_null:
            raise self.refusal(node, "this child_id may be null", "Use the child_id of the table after FROM.")
        self.owners(query, allowed.scope)

    def _sum(self, node: exp.Add | exp.Sub, allowed: Allowed) -> SqlType:
        """Adds in 64 bits, so that no record can make a sum of whole numbers overflow."""
        self.only(node, "this", "expression")
        for side in ("this", "expression"):
            part = node.args[side]
            found = self.type_of(part, allowed)
            if found is not SqlType.WHOLE:
                raise self.refusal(
                    part,
                    f"+ and - are for whole numbers, and this is a {found}",
                    "For dates use add_months, add_years and days_between.",
                )
            node.set(side, exp.cast(part, exp.DType.BIGINT))
        return SqlType.WHOLE

    def _choice(self, node: exp.Expr, allowed: Allowed) -> SqlType:
        if isinstance(node, exp.Case):
            self.only(node, "ifs", "default")
            for branch in node.args["ifs"]:
                self.only(branch, "this", "true")
                self.expect(branch.this, SqlType.TRUTH, allowed)
            values = [branch.args["true"] for branch in node.args["ifs"]]
            values += [node.args["default"]] if node.args.get("default") else []
        else:
            self.only(node, "this", "expressions" if isinstance(node, exp.Coalesce) else "expression")
            values = list(node.iter_expressions())
        if isinstance(node, exp.Nullif) and isinstance(node.this.unnest(), exp.Null):
            raise self.refusal(node, "NULL has no type of its own", "Put a column or a value beside it.")
        found = self.same(values, allowed)
        if found is SqlType.CHILD:
            raise self.refusal(node, "a child_id is never made out of others", "Select child_id as it is.")
        return found

    def _function(self, node: exp.Anonymous | exp.AddMonths, allowed: Allowed) -> SqlType:
        if isinstance(node, exp.AddMonths):
            self.only(node, "this", "expression")
            name, arguments = "add_months", [node.this, node.expression]
        else:
            self.only(node, "this", "expressions")
            name, arguments = str(node.this).lower(), node.expressions
        function = FUNCTIONS.get(name)
        if function is None:
            raise self.refusal(node, f"there is no function {name}", f"Functions are: {_FUNCTION_NAMES}.")
        if len(arguments) != len(function.takes):
            raise self.refusal(node, f"{name} takes {len(function.takes)} arguments", README)
        for argument, expected in zip(arguments, function.takes, strict=True):
            self.expect(argument, expected, allowed)
        if function.constant_last and not isinstance(arguments[-1], (exp.Literal, exp.Neg)):
            raise self.refusal(
                arguments[-1], f"the number that {name} takes must be written out", "Write a whole number."
            )
        if function.constant_last and len(_digits(arguments[-1]).name) > MAXIMUM_DIGITS_OF_MONTHS:
            raise self.refusal(
                arguments[-1], f"{name} takes a number of up to 3 digits", "Dates beyond have no place in every engine."
            )
        if isinstance(node, exp.AddMonths):
            # Not `arguments`: checking them may have put others in their place.
            node.replace(exp.Anonymous(this=name, expressions=[node.this, node.expression]))
        return function.gives

    def _aggregate(self, node: exp.Expr, allowed: Allowed) -> SqlType:
        if not allowed.aggregates:
            raise self.refusal(node, "an aggregate without GROUP BY child_id counts all children", "Group by child_id.")
        within = Allowed(allowed.scope.alone())
        if isinstance(node, exp.Count):
            self.only(node, "this", "big_int")
            counted = node.this
            if isinstance(counted, exp.Distinct):
                self.only(counted, "expressions")
                if len(counted.expressions) != 1:
                    raise self.refusal(node, "COUNT(DISTINCT ...) takes one column", "Count one column.")
                counted = counted.expressions[0]
            if not isinstance(counted, exp.Star):
                self.type_of(counted, within)
            return SqlType.WHOLE
        self.only(node, "this")
        if isinstance(node, exp.Sum):
            self.expect(node.this, SqlType.WHOLE, within)
            return SqlType.WHOLE
        found = self.type_of(node.this, within)
        if found not in (SqlType.WHOLE, SqlType.DATE):
            raise self.refusal(
                node, f"the order of a {found} differs between engines", "Take MIN or MAX of dates or numbers."
            )
        return found

    def _window(self, node: exp.Window, allowed: Allowed) -> SqlType:
        if not allowed.windows:
            raise self.refusal(
                node, "a window cannot stand here", "Compute it in a subquery of FROM, without GROUP BY."
            )
        self.only(node, "this", "partition_by", "order", "spec", "over")
        within = Allowed(allowed.scope.alone())
        owned = False
        for key in node.args.get("partition_by") or ():
            if isinstance(key, exp.Column) and self.type_of(key, within) is SqlType.CHILD:
                owned |= not self.resolve(key, within.scope).may_be_null
            else:
                self.type_of(key, within)
        if not owned:
            raise self.refusal(node, "the window runs over several children", "Add PARTITION BY child_id.")
        ordered = node.args.get("order")
        for term in ordered.expressions if ordered else ():
            self.only(term, "this", "desc", "nulls_first")
            if isinstance(term.this, exp.Literal):
                raise self.refusal(term, "a number orders nothing", "Name a column.")
            self.type_of(term.this, within)
        rows = self._frame(node.args.get("spec"))
        if isinstance(node.this, _POSITIONS) or rows:
            self._tell_ties_apart(node, within.scope)
        if isinstance(node.this, _AGGREGATES):
            if isinstance(node.this.this, exp.Distinct):
                raise self.refusal(
                    node, "COUNT(DISTINCT ...) of a window does not travel", "Count in a subquery with GROUP BY."
                )
            return self._aggregate(node.this, replace(allowed, aggregates=True))
        return self._windowed(node.this, within)

    def _windowed(self, node: exp.Expr, within: Allowed) -> SqlType:
        if isinstance(node, (*_RANKS, exp.RowNumber)):
            self.only(node)
            return SqlType.WHOLE
        if not isinstance(node, _POSITIONS):
            called = type(node).__name__
            raise self.refusal(node, f"{called} is not a window function here", f"Functions are: {_FUNCTION_NAMES}.")
        self.only(node, "this", "offset")
        offset = node.args.get("offset")
        if offset is not None and not (isinstance(offset, exp.Literal) and self._constant(offset) is SqlType.WHOLE):
            raise self.refusal(node, "the number of rows must be written out", "Write a whole number.")
        found = self.type_of(node.this, within)
        if found is SqlType.CHILD:
            raise self.refusal(node, "a child_id is never made out of others", "Select child_id as it is.")
        if found is SqlType.NULL:
            raise self.refusal(node, "NULL has no type of its own", "Name a column.")
        return found

    def _frame(self, spec: exp.Expr | None) -> bool:
        """Whether the window's frame counts rows; refuses frames that do not travel."""
        if spec is None:
            return False
        self.only(spec, "kind", "start", "start_side", "end", "end_side")
        ends = [spec.args.get("start"), spec.args.get("end") or "CURRENT ROW"]
        rows = str(spec.args.get("kind")).upper() == "ROWS"
        for end in ends:
            if isinstance(end, exp.Expr) and not (rows and isinstance(end, exp.Literal) and self._constant(end)):
                raise self.refusal(
                    spec, "a frame ends at a number of rows written out", "Write ROWS BETWEEN 1 PRECEDING ..."
                )
        if not rows and str(spec.args.get("kind")).upper() != "RANGE":
            raise self.refusal(spec, "frames are ROWS or RANGE", "Write ROWS BETWEEN ...")
        first, last = (
            _rows_from_here(end, spec.args.get(side))
            for end, side in zip(ends, ("start_side", "end_side"), strict=True)
        )
        if first > last or first == math.inf or last == -math.inf:
            raise self.refusal(spec, "the frame ends before it starts", "Write the earlier end first.")
        return rows

    def _tell_ties_apart(self, node: exp.Window, scope: Scope) -> None:
        """Orders a window by every column after its own order: rows that still tie are alike in all they hold."""
        order = node.args.get("order") or exp.Order(expressions=[])
        named = {(term.this.table, term.this.name) for term in order.expressions if isinstance(term.this, exp.Column)}
        for joined in scope.joined.values():
            for column in joined.relation.columns:
                if column not in OWNER_COLUMNS and (joined.alias, column) not in named:
                    order.append("expressions", exp.Ordered(this=exp.column(column, joined.alias)))
        if order.expressions:
            node.set("order", order)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _rows_from_here(end: object, side: object) -> float:
    """How many rows after the current one a frame's end lies."""
    if end == "CURRENT ROW":
        return 0
    rows = int(end.name) if isinstance(end, exp.Expr) else math.inf
    return -rows if str(side).upper() == "PRECEDING" else rows


def _digits(number: exp.Expr) -> exp.Expr:
    """A number written out, without its sign."""
    return number.this if isinstance(number, exp.Neg) and isinstance(number.this, exp.Expr) else number
