"""The checker of definitions: which SELECTs a framework may hold, and why one child cannot move another's rows.

A sensitivity bound needs every child's contribution to depend on that child's records alone (privacy reference 3.1).
The checker proves it for each SELECT from the parts it is made of. Call a set of rows *local* when each row has one
owner, named by its `child_id`, and the rows of an owner can be computed from the records of that owner.

* Every table is local, and so is a view or a subquery in FROM that was checked (it sees nothing outside itself).
* A JOIN (inner or left) is local when its ON holds, joined by AND, an equality of the `child_id` on both sides.
* GROUP BY is local when it names the `child_id`; a window when it is partitioned by it. Rows that tie in a window are
  told apart by all their other columns, which the checker adds, never by the order in which an engine met them.
* UNION of local rows is local: both sides carry `child_id` under that name.
* `child_id IN (SELECT child_id ...)` over local rows, and NOT IN, ask whether the owner is among the owners.
* EXISTS, and a subquery that gives one aggregate, see the rows of one child only when their WHERE holds, joined by
  AND, an equality of the `child_id` inside and the `child_id` of the SELECT directly around them.

`child_id` has a type of its own: it may be selected (under that name only), matched with `=`, grouped or partitioned
by, counted and tested for null; it is never compared with a text, passed to a function, renamed or made out of other
columns. One that a LEFT JOIN may leave null owns nothing. In a table `child_id` is never null (`frameworks.tables`).
Tables of two sources never meet: their ids are not linked. In the tables of families `family_id` stands where
`child_id` does elsewhere, with the same rules: the owner of a row is the family.

Everything else is refused: only what is listed may stand in a definition. LIMIT, ORDER BY outside a window, sampling,
`SELECT *`, table functions, the clock and chance would let children meet. Casts, comparisons between types and
subqueries with several rows fail on some records, and that a node fails would speak about them. Interval arithmetic,
division, IS NOT DISTINCT FROM, GREATEST, LEAST, lists, QUALIFY, a NULL without a type, COUNT(DISTINCT) of a window and
the order of texts differ between engines (tests/node/engines runs whatever is allowed on all of them). A
yes-or-no column is a condition by itself (`WHERE no_further_action`), never compared with 1.

What runs is not the author's text but the checked tree, written out again with every name resolved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from itertools import count

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from frameworks.expressions import OWNER_COLUMNS, Allowed, Expressions, Joined, Relation, Scope
from frameworks.functions import SQL_TYPES, SqlType
from frameworks.model import OWNER_COLUMN, Source
from frameworks.refusals import Place
from frameworks.tables import ONE_ROW_EACH, TABLES

__all__ = ["Checked", "Place", "Relation", "SqlType", "check_definition", "table_relations"]

DIALECT = "duckdb"
MAXIMUM_CHARACTERS = 20_000
_JOINS = (" ", " INNER", "LEFT ", "LEFT OUTER")


@dataclass(frozen=True)
class Checked:
    """A definition that is allowed: `sql` is the text to run, `relation` what it yields."""

    sql: str
    relation: Relation


def table_relations() -> dict[str, Relation]:
    """The child-level tables as relations, by name."""
    return {
        table.name: Relation(
            table.source,
            {
                name: SqlType.CHILD if name in OWNER_COLUMNS else SQL_TYPES[sql_type]
                for name, sql_type in table.columns.items()
            },
            table.name in ONE_ROW_EACH,
        )
        for table in TABLES.values()
    }


def check_definition(sql: str, relations: Mapping[str, Relation], place: Place) -> Checked:
    """Checks one definition against the tables and views in `relations`.

    Raises
    ------
    DefinitionRefused
        With file, line and column, for anything that is not known to be allowed.
    """
    return _Checker(sql, relations, place).check()


class _Use(Enum):
    """What a SELECT is for: rows with an owner, the owners in an IN, a question, or one aggregate."""

    ROWS = "rows"
    OWNERS = "owners"
    QUESTION = "question"
    VALUE = "value"


class _Checker(Expressions):
    """The check of one definition. It resolves the tree in place, so that the tree can be written out and run."""

    def __init__(self, sql: str, relations: Mapping[str, Relation], place: Place) -> None:
        super().__init__(sql, place)
        self._relations = relations
        self._aliases = count(1)

    def check(self) -> Checked:
        """Checks the whole text."""
        tree = self._parse()
        try:
            relation = self._query(tree, None, _Use.ROWS)
            return Checked(tree.sql(DIALECT, identify=True, comments=False), relation)
        except RecursionError:
            raise self.refusal_at(0, "the text is nested too deeply", "Move steps into views.") from None

    def owners(self, query: exp.Expr, scope: Scope) -> None:
        self._query(query, scope, _Use.OWNERS)

    def question(self, query: exp.Expr, scope: Scope) -> None:
        self._query(query, scope, _Use.QUESTION)

    def one_value(self, query: exp.Expr, scope: Scope) -> SqlType:
        if not isinstance(query, exp.Select):
            raise self.refusal(
                query, "a subquery used as a value must be one SELECT", "Use one COUNT, MIN, MAX or SUM."
            )
        (found,) = self._query(query, scope, _Use.VALUE).columns.values()
        return found

    def _parse(self) -> exp.Expr:
        if len(self._sql) > MAXIMUM_CHARACTERS:
            raise self.refusal_at(
                0, f"the text is longer than {MAXIMUM_CHARACTERS} characters", "Move steps into views."
            )
        try:
            statements = sqlglot.parse(self._sql, dialect=DIALECT)
        except ParseError as error:
            found = error.errors[0]
            offset = self._offset(found.get("line") or 1, found.get("col") or 1, found.get("highlight") or "")
            raise self.refusal_at(
                offset, "the text is not SQL that can be read here", "Correct it at or before this place."
            ) from error
        except (SqlglotError, RecursionError):
            raise self.refusal_at(
                0, "the text is not SQL that can be read here", "Close every quote and bracket."
            ) from None
        if len(statements) != 1 or statements[0] is None:
            raise self.refusal_at(0, "there must be one SELECT", "Put each definition into a field of its own.")
        return statements[0]

    def _offset(self, line: int, end_column: int, token: str) -> int:
        """The offset of a token, given as the parser does: its line, and the column at which it ends."""
        before = sum(len(text) + 1 for text in self._sql.split("\n")[: line - 1])
        return min(max(before + end_column - len(token), 0), len(self._sql))

    def _query(self, node: exp.Expr, outer: Scope | None, use: _Use) -> Relation:
        if isinstance(node, exp.Subquery):
            self.only(node, "this")
            return self._query(node.this, outer, use)
        if type(node) is exp.Union:
            self.only(node, "this", "expression", "distinct")
            left, right = self._query(node.this, outer, use), self._query(node.args["expression"], outer, use)
            if list(left.columns.items()) != list(right.columns.items()):
                raise self.refusal(
                    node.args["expression"],
                    "both sides of a UNION must yield the same columns, by name, type and order",
                    "Give the second SELECT the columns of the first.",
                )
            self._one_source(node.args["expression"], left, right)
            return replace(left, one_row=bool(node.args.get("distinct")) and len(left.columns) == 1)
        if not isinstance(node, exp.Select):
            raise self.refusal(
                node, "only SELECT, joined by UNION, is allowed", "Write it as a SELECT over listed tables."
            )
        return self._select(node, outer, use)

    def _one_source(self, node: exp.Expr, first: Relation, second: Relation) -> None:
        if first.source is not second.source:
            raise self.refusal(
                node,
                f"children of {first.source} and {second.source} do not share their ids",
                "Use tables of one source.",
            )

    def _select(self, node: exp.Select, outer: Scope | None, use: _Use) -> Relation:
        self.only(node, "expressions", "distinct", "from_", "joins", "where", "group", "having")
        if node.args.get("distinct"):
            self.only(node.args["distinct"])
        scope = Scope(outer)
        source = self._sources(node, scope)
        if node.args.get("where"):
            self.expect(node.args["where"].this, SqlType.TRUTH, Allowed(scope, subqueries=True))
        if use in (_Use.QUESTION, _Use.VALUE):
            self._require_tie(node, scope)
        keys = self._group_keys(node, scope)
        if node.args.get("having"):
            if keys is None:
                raise self.refusal(node.args["having"], "HAVING needs a GROUP BY", "Group by child_id.")
            self.expect(node.args["having"].this, SqlType.TRUTH, Allowed(scope, aggregates=True, keys=keys))
        if use is _Use.VALUE:
            return self._one_aggregate(node, scope, source)
        grouped = keys is not None
        allowed = Allowed(scope, aggregates=grouped, windows=not grouped, subqueries=not grouped, keys=keys)
        columns = self._projections(node, allowed, use)
        owner = OWNER_COLUMN[source]
        if use is _Use.ROWS and owner not in columns:
            raise self.refusal(node, f"the rows have no {owner}", f"Select the {owner} of the rows.")
        if use is _Use.OWNERS and list(columns) != [owner]:
            raise self.refusal(
                node, f"a subquery after IN must select {owner} alone", f"Select {owner}, or use EXISTS."
            )
        return Relation(source, columns, self._one_row(node, scope, keys, columns))

    def _one_row(
        self,
        node: exp.Select,
        scope: Scope,
        keys: frozenset[tuple[str, str]] | None,
        columns: Mapping[str, SqlType],
    ) -> bool:
        """Whether a SELECT yields at most one row of a child: DISTINCT or grouped by the child alone, or read from and
        joined with nothing but relations that do."""
        if node.args.get("distinct"):
            return len(columns) == 1
        if keys is not None:
            return len(keys) == 1
        return all(joined.relation.one_row for joined in scope.joined.values())

    def _sources(self, node: exp.Select, scope: Scope) -> Source:
        origin = node.args.get("from_")
        if origin is None:
            raise self.refusal(node, "a SELECT must read FROM a table or view", "Name a table.")
        self.only(origin, "this")
        first = self._joined(origin.this, scope, may_be_null=False)
        for join in node.args.get("joins") or ():
            self._join(join, scope, first)
        if scope.outer is not None:
            around = next(iter(scope.outer.joined.values()))
            self._one_source(origin, around.relation, first.relation)
        return first.relation.source

    def _joined(self, node: exp.Expr, scope: Scope, *, may_be_null: bool) -> Joined:
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            self.only(node, "this", "alias")
            name = self.name(node.this, node)
            if name not in self._relations:
                raise self.refusal(
                    node, f"there is no table or view {name}", f"There are: {', '.join(sorted(self._relations))}."
                )
            relation = self._relations[name]
        elif isinstance(node, exp.Subquery) and isinstance(node.this, exp.Query):
            self.only(node, "this", "alias")
            relation, name = self._query(node.this, None, _Use.ROWS), ""
        else:
            raise self.refusal(node, "only tables, views and subqueries may stand here", "Name a table or view.")
        alias = node.args.get("alias")
        if alias:
            self.only(alias, "this")
            name = self.name(alias.this, node)
        if not name or name in scope.joined:
            raise self.refusal(
                node, "a table joined twice, or a subquery, needs a name", "Add AS and a name not yet taken."
            )
        joined = Joined(f"_{next(self._aliases)}", relation, may_be_null)
        node.set("alias", exp.TableAlias(this=exp.to_identifier(joined.alias)))
        scope.joined[name] = joined
        return joined

    def _join(self, node: exp.Join, scope: Scope, first: Joined) -> None:
        self.only(node, "this", "side", "kind", "on")
        side, kind = str(node.args.get("side") or ""), str(node.args.get("kind") or "")
        if f"{side} {kind}" not in _JOINS or node.args.get("on") is None:
            raise self.refusal(
                node, "only JOIN and LEFT JOIN with ON are allowed", "Write JOIN ... ON a.child_id = b.child_id."
            )
        before = {joined.alias for joined in scope.joined.values()}
        joined = self._joined(node.this, scope, may_be_null=side == "LEFT")
        self._one_source(node, first.relation, joined.relation)
        self.expect(node.args["on"], SqlType.TRUTH, Allowed(scope))
        if not _ties(node.args["on"], before, {joined.alias}):
            raise self.refusal(
                node,
                "the join is not on child_id, so it lets children meet",
                "Add a.child_id = b.child_id to ON, joined by AND.",
            )

    def _require_tie(self, node: exp.Select, scope: Scope) -> None:
        around = {joined.alias for joined in scope.outer.joined.values()} if scope.outer else set()
        where = node.args.get("where")
        if where is None or not _ties(where.this, {joined.alias for joined in scope.joined.values()}, around):
            raise self.refusal(
                node,
                "the subquery is not tied to the child outside it, so it sees other children",
                "Add inner.child_id = outer.child_id to its WHERE, joined by AND.",
            )

    def _group_keys(self, node: exp.Select, scope: Scope) -> frozenset[tuple[str, str]] | None:
        group = node.args.get("group")
        if group is None:
            return None
        self.only(group, "expressions")
        keys: set[tuple[str, str]] = set()
        owned = False
        for key in group.expressions:
            if not isinstance(key, exp.Column):
                raise self.refusal(
                    key, "GROUP BY must name columns", "Compute the column in a subquery or a view first."
                )
            joined = self.resolve(key, scope.alone())
            keys.add((joined.alias, key.name))
            owned |= key.name in OWNER_COLUMNS and not joined.may_be_null
        if not owned:
            raise self.refusal(group, "the groups hold several children", "Add child_id (of FROM or JOIN) to GROUP BY.")
        return frozenset(keys)

    def _one_aggregate(self, node: exp.Select, scope: Scope, source: Source) -> Relation:
        value = node.expressions[0].unalias()
        if len(node.expressions) != 1 or node.args.get("group") or node.args.get("distinct"):
            raise self.refusal(
                node, "a subquery used as a value must give one value", "Select one COUNT, MIN, MAX or SUM."
            )
        if not isinstance(value, (exp.Count, exp.Min, exp.Max, exp.Sum)):
            raise self.refusal(value, "a subquery used as a value must give one value", "Use COUNT, MIN, MAX or SUM.")
        return Relation(source, {"value": self.type_of(value, Allowed(scope, aggregates=True))})

    def _projections(self, node: exp.Select, allowed: Allowed, use: _Use) -> dict[str, SqlType]:
        columns: dict[str, SqlType] = {}
        written: list[exp.Expr] = []
        for place, projection in enumerate(node.expressions):
            name = self._projection_name(projection, place, use)
            found = self.type_of(projection.unalias(), allowed)
            value = projection.unalias()
            if name in columns:
                raise self.refusal(projection, f"there are two columns {name}", "Give one of them another name.")
            if (name in OWNER_COLUMNS) != (found is SqlType.CHILD):
                raise self.refusal(
                    projection,
                    "child_id must be the child_id of the rows under that name, and nothing else may be called so",
                    "Select child_id as it is, and give other columns other names.",
                )
            if (
                isinstance(value, exp.Column)
                and name in OWNER_COLUMNS
                and self.resolve(value, allowed.scope).may_be_null
            ):
                raise self.refusal(
                    projection,
                    "this child_id is null where the LEFT JOIN finds nothing",
                    "Select the child_id of the table after FROM.",
                )
            if found is SqlType.NULL:
                raise self.refusal(projection, "a column must have a type", "Select a column or a value.")
            columns[name] = found
            written.append(exp.alias_(value, name, quoted=True))
        node.set("expressions", written)
        return columns

    def _projection_name(self, projection: exp.Expr, place: int, use: _Use) -> str:
        if isinstance(projection, exp.Alias):
            self.only(projection, "this", "alias")
            return self.name(projection.args["alias"], projection)
        if isinstance(projection, exp.Column) and not isinstance(projection.this, exp.Star):
            return self.name(projection.this, projection)
        if isinstance(projection, (exp.Column, exp.Star)):
            raise self.refusal(projection, "* is not part of the language", "Name the columns.")
        if use is not _Use.QUESTION:
            raise self.refusal(projection, "a computed column needs a name", "Add AS and a name.")
        return f"answer_{place}"


def _ties(condition: exp.Expr, left: set[str], right: set[str]) -> bool:
    """Whether an equality of child_id between `left` and `right` is among the parts that AND joins."""
    if isinstance(condition, exp.Paren):
        return _ties(condition.this, left, right)
    if isinstance(condition, exp.And):
        return _ties(condition.this, left, right) or _ties(condition.args["expression"], left, right)
    if type(condition) is not exp.EQ:
        return False
    sides = [condition.this, condition.args["expression"]]
    if not all(isinstance(side, exp.Column) and side.name in OWNER_COLUMNS for side in sides):
        return False
    one, other = (side.table for side in sides)
    return (one in left and other in right) or (one in right and other in left)
