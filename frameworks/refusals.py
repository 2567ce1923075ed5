"""Where a definition stands, and how the checker says no: with the file, the line and the column."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlglot import exp

from frameworks.errors import DefinitionRefused

README = "frameworks/README.md lists what a definition may hold."

_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")

_PARTS: dict[str, tuple[str, str]] = {
    "limit": ("LIMIT lets one child push another out", "Say with a condition which of a child's rows count."),
    "offset": ("OFFSET lets one child push another out", "Say with a condition which of a child's rows count."),
    "sample": ("a sample is a matter of chance", "Take every row."),
    "order": ("ORDER BY belongs in a window only", "Leave it out; the order of rows means nothing here."),
    "qualify": ("QUALIFY does not travel between engines", "Filter in a SELECT around a subquery."),
    "with_": ("WITH is not part of the language", "Make the step a view of its own."),
    "windows": ("a named window is not part of the language", "Write the window out after OVER."),
    "using": ("a join must say ON", "Write ON a.child_id = b.child_id."),
    "method": ("only JOIN and LEFT JOIN are allowed", "Write JOIN ... ON a.child_id = b.child_id."),
    "db": ("tables and columns have no further prefix", "Name the table alone, or the column as table.column."),
    "columns": ("columns keep their own names", "Rename them one by one with AS in a SELECT."),
    "all": ("GROUP BY must name its columns", "Name child_id and the columns that are selected."),
    "by_name": ("UNION matches columns by their place", "Select them in one order on both sides."),
    "on": ("DISTINCT ON picks a row by chance", "Say with a condition which of a child's rows count."),
}
"""Why the parts that authors are likely to try are refused, and what to do instead, by the parser's name for them."""


@dataclass(frozen=True)
class Place:
    """Where a definition stands: the file, what it defines, and the line and column of its first character."""

    file: str
    definition: str
    line: int = 1
    column: int = 1


class Refusals:
    """What every part of the checker needs: to name a place in the text, and to refuse what is not listed."""

    def __init__(self, sql: str, place: Place) -> None:
        self._sql = sql
        self._place = place

    def refusal_at(self, offset: int, problem: str, next_step: str) -> DefinitionRefused:
        """The refusal of a definition at a character of its text."""
        before = self._sql[:offset]
        line, column = before.count("\n"), len(before) - (before.rfind("\n") + 1)
        column += self._place.column if line == 0 else 1
        return DefinitionRefused(
            f"{self._place.file}, line {self._place.line + line}, column {column}: in {self._place.definition},"
            f" {problem}.",
            next_step,
        )

    def refusal(self, node: exp.Expr, problem: str, next_step: str = README) -> DefinitionRefused:
        """The refusal at the first character of a node, or of what stands around it."""
        here: exp.Expr | None = node
        while here is not None:
            starts = [part.meta["start"] for part in here.walk() if "start" in part.meta]
            if starts:
                return self.refusal_at(min(starts), problem, next_step)
            here = here.parent
        return self.refusal_at(0, problem, next_step)

    def only(self, node: exp.Expr, *allowed: str) -> None:
        """Refuses a node that has a part which is not in `allowed`."""
        for name, value in node.args.items():
            if value and name not in allowed:
                part = value[0] if isinstance(value, list) else value
                problem, next_step = _PARTS.get(name, (f"{name.strip('_')} is not part of the language", README))
                raise self.refusal(part if isinstance(part, exp.Expr) else node, problem, next_step)

    def name(self, node: object, around: exp.Expr) -> str:
        """The text of a name that an author may give or use."""
        if not isinstance(node, exp.Identifier) or node.args.get("quoted") or not _NAME.fullmatch(node.name):
            raise self.refusal(
                around, "a name must be lower-case letters, digits and _ without quotes", "Correct the name."
            )
        return node.name
