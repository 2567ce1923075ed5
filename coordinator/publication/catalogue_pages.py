"""The catalogue of what is measured, as a small site: the frameworks, the crosswalk, and a page for every indicator.

It holds no figure of any collection, so it can be shown before the first one is opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlglot

from coordinator.publication.pages import environment
from coordinator.publication.publish import asset_files, write_site
from coordinator.publication.words import AVAILABILITY, DATA_TYPES, LICENCE
from frameworks.availability import indicator_needs
from frameworks.crosswalk import CrosswalkRow, crosswalk, members, views_used
from frameworks.display.formats import number
from frameworks.display.needs import needs_in_words
from frameworks.model import Availability, DataType, Framework, Indicator, WantedIndicator

_POLARITY = {"high": "Higher is better", "low": "Lower is better", "none": "Neither direction is better"}


@dataclass(frozen=True)
class _Entry:
    """An indicator as a row of a framework's table."""

    id: str
    title: str
    domain: str
    lineage: str
    data_type: str
    proxy: bool
    availability: str
    needs: str


def _needs(framework: Framework, one: Indicator | WantedIndicator) -> str:
    if isinstance(one, WantedIndicator):
        return one.missing
    return "; ".join(needs_in_words(indicator_needs(framework, one.id)))


def _entry(framework: Framework, one: Indicator | WantedIndicator) -> _Entry:
    return _Entry(
        one.id,
        one.title,
        one.domain,
        one.lineage or "",
        DATA_TYPES[one.data_type],
        one.data_type is DataType.PROXY,
        AVAILABILITY[one.availability],
        _needs(framework, one),
    )


def _shape(framework: Framework) -> list[dict[str, Any]]:
    """How many indicators each question has of each data type, and how many of them need new data."""
    rows = []
    for question in framework.questions:
        here = [one for one in members(framework) if one.question == question.id]
        rows.append(
            {
                "title": question.title,
                "counts": [sum(one.data_type is kind for one in here) for kind in DATA_TYPES],
                "new": sum(one.availability is Availability.NEW_DATA for one in here),
                "all": len(here),
            }
        )
    return rows


def _england(one: Indicator | WantedIndicator) -> str:
    if one.england is None:
        return "No figure for England is published that measures the same."
    of = ""
    if one.england.numerator is not None and one.england.denominator is not None:
        of = f", {number(one.england.numerator, 0)} of {number(one.england.denominator, 0)}"
    return f"{one.england.value:g} {one.unit}".strip() + f" in {one.england.year}{of}. {one.england.source}."


def _definition(framework: Framework, indicator: Indicator) -> str:
    """The views that the definition uses, its cohort and its outcome, as the checker wrote them out."""
    cohort = framework.cohort(indicator.cohort)
    steps = [(f"{view.id}: {view.title}", view.sql) for view in views_used(framework, indicator.id)]
    steps.append((f"Who is counted: {cohort.title}", cohort.sql))
    if indicator.outcome is not None:
        steps.append(("The outcome", indicator.outcome))
    return "\n\n".join(f"-- {' '.join(title.split())}\n{_laid_out(sql)}" for title, sql in steps)


def _laid_out(sql: str) -> str:
    return sqlglot.parse_one(sql, dialect="duckdb").sql("duckdb", pretty=True)


class CataloguePages:
    """All pages of the catalogue of some frameworks, the first of which is the spine."""

    def __init__(self, frameworks: Sequence[Framework]) -> None:
        self._frameworks = tuple(frameworks)
        self._templates = environment()
        self._rows = crosswalk(self._frameworks)
        self._site = {
            "title": "What Newlyn measures",
            "licence": LICENCE,
            "navigation": (
                {"href": "index.html", "text": "Frameworks"},
                {"href": "crosswalk.html", "text": "Crosswalk"},
            ),
        }

    def render(self) -> Iterator[tuple[str, str]]:
        """Every page as its path and its HTML."""
        yield self._page(
            "index.html", "catalogue_index.html.jinja", frameworks=[self._card(f) for f in self._frameworks]
        )
        yield self._page(
            "crosswalk.html", "catalogue_crosswalk.html.jinja", frameworks=self._frameworks, rows=self._rows
        )
        for framework in self._frameworks:
            yield self._framework(framework)
        for row in self._rows:
            yield self._indicator(row)

    def _page(self, path: str, template: str, **values: Any) -> tuple[str, str]:
        root = "../" * path.count("/")
        context = {"site": self._site, "root": root, "here": path, "trail": (), **values}
        return path, self._templates.get_template(template).render(context) + "\n"

    def _card(self, framework: Framework) -> dict[str, Any]:
        return {
            "framework": framework,
            "shape": _shape(framework),
            "types": list(DATA_TYPES.values()),
            "held": len(framework.indicators),
            "wanted": len(framework.wanted),
        }

    def _framework(self, framework: Framework) -> tuple[str, str]:
        sections = [
            {
                "question": question,
                "entries": [_entry(framework, one) for one in members(framework) if one.question == question.id],
            }
            for question in framework.questions
        ]
        return self._page(
            f"frameworks/{framework.id}.html",
            "catalogue_framework.html.jinja",
            trail=[{"text": "Frameworks", "href": "../index.html"}, {"text": framework.title}],
            framework=framework,
            sections=sections,
            lineage=any(entry.lineage for section in sections for entry in section["entries"]),  # type: ignore[attr-defined]
        )

    def _indicator(self, row: CrosswalkRow) -> tuple[str, str]:
        framework = next(held for held in self._frameworks if held.id in row.standings)
        one = next(member for member in members(framework) if member.id == row.id)
        indicator = one if isinstance(one, Indicator) else None
        cohort = framework.cohort(indicator.cohort) if indicator else None
        return self._page(
            f"indicators/{row.id}.html",
            "catalogue_indicator.html.jinja",
            trail=[{"text": "Frameworks", "href": "../index.html"}, {"text": one.title}],
            one=one,
            indicator=indicator,
            cohort=cohort,
            data_type=DATA_TYPES[one.data_type],
            availability=AVAILABILITY[one.availability],
            polarity=_POLARITY[one.polarity.value],
            needs=_needs(framework, one),
            also_from="; ".join(needs_in_words(indicator.also_from)) if indicator else "",
            england=_england(one),
            definition=_definition(framework, indicator) if indicator else "",
            standings=[(held.title, held.id, row.standings.get(held.id)) for held in self._frameworks],
        )


def write_catalogue(frameworks: Sequence[Framework], out: Path) -> None:
    """Writes the catalogue to `out`, replacing an earlier one in a single step. Raises UsageProblem as `write_site`."""
    pages = ((path, html.encode()) for path, html in CataloguePages(frameworks).render())
    about = {framework.id: f"{framework.version} {framework.digest}" for framework in frameworks}
    write_site((*pages, *asset_files()), {"catalogue": ", ".join(f"{k} {v}" for k, v in about.items())}, out)
