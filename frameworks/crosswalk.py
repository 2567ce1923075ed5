"""Where each indicator sits in several frameworks, and what differs between two of them (or two versions of one)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlglot
from sqlglot import exp

from frameworks.model import Availability, DataType, Framework, Indicator, View, WantedIndicator


@dataclass(frozen=True)
class Standing:
    """Where a framework puts an indicator. `wanted`: it belongs there, and no council can compute it yet."""

    question_id: str
    question: str
    domain: str
    lineage: str | None
    wanted: bool

    def as_json(self) -> dict[str, Any]:
        """The standing as `framework crosswalk --format json` prints it."""
        return {
            "question": self.question_id,
            "question_title": self.question,
            "domain": self.domain,
            "lineage": self.lineage,
            "wanted": self.wanted,
        }


@dataclass(frozen=True)
class CrosswalkRow:
    """One indicator, and its standing by the id of each framework that holds it."""

    id: str
    title: str
    data_type: DataType
    availability: Availability
    standings: Mapping[str, Standing]

    def as_json(self) -> dict[str, Any]:
        """The row as `framework crosswalk --format json` prints it."""
        return {
            "id": self.id,
            "title": self.title,
            "data_type": self.data_type.value,
            "availability": self.availability.value,
            "frameworks": {name: standing.as_json() for name, standing in self.standings.items()},
        }


def members(framework: Framework) -> tuple[Indicator | WantedIndicator, ...]:
    """Every indicator of a framework, question by question, those that need new data included."""
    held: tuple[Indicator | WantedIndicator, ...] = (*framework.indicators, *framework.wanted)
    return tuple(one for question in framework.questions for one in held if one.question == question.id)


def crosswalk(frameworks: Sequence[Framework]) -> tuple[CrosswalkRow, ...]:
    """Every indicator that some of the frameworks hold, in the order of the first that holds it."""
    rows: dict[str, tuple[Indicator | WantedIndicator, dict[str, Standing]]] = {}
    for framework in frameworks:
        questions = {question.id: question.title for question in framework.questions}
        for one in members(framework):
            wanted = isinstance(one, WantedIndicator)
            standing = Standing(one.question, questions[one.question], one.domain, one.lineage, wanted)
            rows.setdefault(one.id, (one, {}))[1][framework.id] = standing
    return tuple(
        CrosswalkRow(one.id, one.title, one.data_type, one.availability, standings) for one, standings in rows.values()
    )


class Change(StrEnum):
    """What can differ between two frameworks about an indicator."""

    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    REDEFINED = "redefined"
    REWORDED = "reworded"


@dataclass(frozen=True)
class Difference:
    """One difference, and what it consists of in words."""

    id: str
    title: str
    change: Change
    details: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The difference as `framework diff --format json` prints it."""
        return {"id": self.id, "title": self.title, "change": self.change.value, "details": list(self.details)}


_MEASURED = ("kind", "bounds", "whole_bounds", "categories", "parts_per_unit", "event_cap", "needs", "also_from")
_WORDS = (
    *("title", "data_type", "polarity", "unit", "availability", "england", "published_as", "proxy_for", "follow_up"),
    *("differs", "caveats", "rate_per", "companions"),
)


def views_used(framework: Framework, indicator_id: str) -> tuple[View, ...]:
    """The views that an indicator's cohort and outcome use, and those that these use, in the framework's order.

    Raises KeyError for an indicator that is not there.
    """
    indicator = framework.indicator(indicator_id)
    views = {view.id: view for view in framework.views}
    used: set[str] = set()
    waiting = [framework.cohort(indicator.cohort).sql, *([indicator.outcome] if indicator.outcome is not None else [])]
    while waiting:
        named = {table.name for table in sqlglot.parse_one(waiting.pop(), dialect="duckdb").find_all(exp.Table)}
        found = (named & views.keys()) - used
        used |= found
        waiting += [views[name].sql for name in found]
    return tuple(view for view in framework.views if view.id in used)


def definition_digest(framework: Framework, indicator_id: str) -> str:
    """SHA-256, in hex, of all that decides an indicator's figure: its cohort, outcome, the views they use, its bounds.

    Two frameworks that give one digest measure the same. Raises KeyError for an indicator that is not there.
    """
    indicator = framework.indicator(indicator_id)
    cohort = framework.cohort(indicator.cohort)
    decides = {
        "cohort": cohort.model_dump(mode="json", exclude={"id", "title"}),
        "outcome": indicator.outcome,
        "views": {view.id: view.sql for view in views_used(framework, indicator_id)},
        **{name: indicator.model_dump(mode="json")[name] for name in _MEASURED},
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


def differences(before: Framework, after: Framework) -> tuple[Difference, ...]:
    """What changes for a reader who goes from one framework to another, in the order of `after`, removals last."""
    old, new = ({one.id: one for one in members(framework)} for framework in (before, after))
    found: list[Difference] = []
    for name, one in new.items():
        was = old.get(name)
        if was is None:
            found.append(Difference(name, one.title, Change.ADDED, (f"under {one.question}, {one.domain}",)))
            continue
        if (was.question, was.domain) != (one.question, one.domain):
            moved = f"from {was.question}, {was.domain} to {one.question}, {one.domain}"
            found.append(Difference(name, one.title, Change.MOVED, (moved,)))
        if isinstance(was, Indicator) and isinstance(one, Indicator):
            found.extend(_redefined(before, after, was, one))
        elif type(was) is not type(one):
            now = "can now be measured" if isinstance(one, Indicator) else "can no longer be measured"
            found.append(Difference(name, one.title, Change.REDEFINED, (now,)))
    found += [Difference(name, was.title, Change.REMOVED) for name, was in old.items() if name not in new]
    return tuple(found)


def _redefined(before: Framework, after: Framework, was: Indicator, one: Indicator) -> list[Difference]:
    found = []
    if definition_digest(before, was.id) != definition_digest(after, one.id):
        fields = [name.replace("_", " ") for name in _MEASURED if getattr(was, name) != getattr(one, name)]
        found.append(Difference(one.id, one.title, Change.REDEFINED, tuple(fields) or ("who is counted, or when",)))
    words = tuple(name.replace("_", " ") for name in _WORDS if getattr(was, name) != getattr(one, name))
    if words:
        found.append(Difference(one.id, one.title, Change.REWORDED, words))
    return found
