"""Data-quality findings: how many children a rule concerns, and which, for the council's own eyes only.

Rules are SELECTs in the language of definitions, checked like them, so that one rule serves every engine. Nothing that
they find leaves the node, decides what a figure is, or stops a release (privacy reference 12).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from frameworks.availability import needs_met
from frameworks.definitions import check_definition, table_relations
from frameworks.model import OWNER_COLUMN, Identifier, Model, Need, Source, Sql
from frameworks.toml_file import TomlFile
from node.engines.engine import Engine

RULES = Path(__file__).parent / "data" / "quality.toml"


class Rule(Model):
    """A rule: `sql` yields the `child_id` (`family_id`) of those it concerns; `advice` says what that does.

    `needs` are the files without which the rule says nothing.
    """

    id: Identifier
    title: str
    advice: str
    source: Source
    sql: Sql
    needs: tuple[Need, ...] = ()


class _RuleFile(Model):
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Finding:
    """How many children (or families) a rule concerns."""

    rule: str
    title: str
    advice: str
    count: int

    def as_json(self) -> dict[str, Any]:
        """The finding as `check --format json` prints it."""
        return asdict(self)


@cache
def load_rules(path: Path = RULES) -> tuple[Rule, ...]:
    """The rules, each checked. Raises InvalidFramework or DefinitionRefused, naming file, line and column."""
    file = TomlFile.read(path)
    relations = table_relations()
    return tuple(
        rule.model_copy(
            update={"sql": check_definition(rule.sql, relations, file.place("rules", rule.id, rule.sql)).sql}
        )
        for rule in file.parsed(_RuleFile).rules
    )


def concerned(engines: Mapping[Source, Engine], rule: Rule) -> tuple[str, ...]:
    """The ids of the children (families) that a rule concerns, each once, in order. Raises ReturnsNotReady."""
    owner = OWNER_COLUMN[rule.source]
    rows = engines[rule.source].rows(f"SELECT DISTINCT {owner} FROM ({rule.sql}) AS found", f"the rule {rule.id}")
    return tuple(sorted(str(row[0]) for row in rows))


def find(
    engines: Mapping[Source, Engine], rules: Iterable[Rule], year: int, available: frozenset[str]
) -> tuple[Finding, ...]:
    """The findings of the rules whose source an engine holds and whose files are there, those that concern nobody left
    out. Raises ReturnsNotReady."""
    findings = []
    for rule in rules:
        if rule.source not in engines or not needs_met(rule.needs, year, available):
            continue
        owner = OWNER_COLUMN[rule.source]
        counted = engines[rule.source].rows(
            f"SELECT count(DISTINCT {owner}) FROM ({rule.sql}) AS found", f"the rule {rule.id}"
        )
        if counted[0][0]:
            findings.append(Finding(rule.id, rule.title, rule.advice, int(counted[0][0])))
    return tuple(findings)
