"""Renders the site's pages: path to HTML. Deterministic: the same benchmark gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader, Undefined

from coordinator.data import current_councils, population_for
from coordinator.estimates.benchmark import Benchmark
from coordinator.estimates.shrinkage import FEWEST_COUNCILS
from coordinator.publication.methods import cost_tables, noise_table, programme_tables, sums_table
from coordinator.publication.views import Views
from coordinator.publication.words import (
    AVAILABILITY,
    DATA_TYPES,
    LICENCE,
    NON_RESPONSE,
    date_in_words,
    england_in_words,
    sentence,
    share,
)
from frameworks.availability import indicator_needs
from frameworks.display.charts import Axis, Mark, Shape
from frameworks.display.formats import marked_title, number
from frameworks.display.needs import needs_in_words
from frameworks.model import Indicator, Source

_SOURCES = {
    Source.SSDA903: "SSDA903, the return on children looked after",
    Source.CIN_CENSUS: "Children in need census",
    Source.EDUCATION: "School records joined to social care: attendance, suspensions, attainment, school census",
    Source.FEEDBACK: "What children, young people and families say: who was asked, and their answers",
    Source.FAMILIES: "Records of families that were helped (Supporting Families)",
}
_SIGN_AXIS = Axis(0, 1, 1)
_NAVIGATION = (
    {"href": "index.html", "text": "England"},
    {"href": "coverage.html", "text": "Councils and coverage"},
    {"href": "methods.html", "text": "Methods and privacy"},
)


@dataclass(frozen=True)
class _Sign:
    text: str
    mark: Mark
    axis: Axis = _SIGN_AXIS


class _Missing(Undefined):
    """The components test for parameters that were left out of a dictionary; printing any other name is a mistake."""

    def __str__(self) -> str:
        return "" if isinstance(self._undefined_obj, dict) else str(self._fail_with_undefined_error())


def environment() -> Environment:
    """Templates of the site, the shared charts, and the components of govuk-frontend-jinja; everything is escaped."""
    made = Environment(
        loader=ChoiceLoader(
            [
                PackageLoader("coordinator.publication"),
                PackageLoader("frameworks.display"),
                PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
            ]
        ),
        autoescape=True,
        undefined=_Missing,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["sentence"] = sentence
    return made


def _sign(text: str, shape: Shape, *, interval: bool = True) -> _Sign:
    return _Sign(text, Mark(shape, 8, 0.5, 0.0 if interval else None, 1.0 if interval else None))


_ALONE = _Sign("An interval without a figure: too few", Mark(Shape.COUNCIL, 8, None, 0.0, 1.0))
_ENGLAND_SIGNS = (
    _sign("England and its 95% interval", Shape.ENGLAND),
    _sign("A region", Shape.REGION, interval=False),
    _sign("A figure for England that was published before", Shape.PUBLISHED, interval=False),
)
_INDICATOR_SIGNS = (*_ENGLAND_SIGNS, _sign("A council and its 95% interval", Shape.COUNCIL), _ALONE)


def _council_signs(name: str, region: str) -> tuple[_Sign, ...]:
    return (
        _sign(f"{name} and its 95% interval", Shape.COUNCIL),
        _sign(region, Shape.REGION),
        _sign("England", Shape.ENGLAND),
        _ALONE,
    )


class Pages:
    """All pages of a benchmark."""

    def __init__(self, benchmark: Benchmark, status: str) -> None:
        self._benchmark = benchmark
        self._views = Views(benchmark)
        self._templates = environment()
        collection, framework = benchmark.collection, benchmark.framework
        year = f"year ending 31 March {collection.reference_year}"
        self._site = {
            "title": f"National benchmark {collection.reference_year}",
            "status": status,
            "licence": LICENCE,
            "year": year,
            "collection": collection.id,
            "framework": f"{framework.title} ({framework.id} {framework.version})",
            "published": date_in_words(benchmark.published_at),
            "navigation": _NAVIGATION,
        }

    def render(self) -> Iterator[tuple[str, str]]:
        """Every page as its path in the site and its HTML."""
        yield self._index()
        yield self._coverage()
        yield self._methods()
        for indicator in self._benchmark.indicators:
            yield self._indicator(indicator)
        for council in self._benchmark.councils:
            yield self._page(
                f"councils/{council.code}.html",
                "council.html.jinja",
                trail=self._trail("Councils and coverage", "coverage.html", council.name),
                page=self._views.council_page(council),
                population_year=self._benchmark.population_year,
                signs=_council_signs(council.name, council.region_name),
            )

    def _page(self, path: str, template: str, **values: Any) -> tuple[str, str]:
        root = "../" * path.count("/")
        html = self._templates.get_template(template).render(
            {"site": self._site, "root": root, "here": path, "trail": (), **values}
        )
        return path, html + "\n"

    @staticmethod
    def _trail(parent: str, href: str, here: str) -> list[dict[str, str]]:
        return [{"text": parent, "href": f"../{href}"}, {"text": here}]

    def _coverage_words(self) -> dict[str, str]:
        children = population_for(self._benchmark.collection.reference_year).children
        answered = sum(children[council.code] for council in self._benchmark.councils)
        population = answered / sum(children[code] for code in current_councils())
        return {
            "england": england_in_words(self._benchmark),
            "population": share(population) if self._benchmark.missing else "",
            "population_year": str(self._benchmark.population_year),
        }

    def _index(self) -> tuple[str, str]:
        sections = self._views.england_sections()
        return self._page(
            "index.html", "index.html.jinja", sections=sections, signs=_ENGLAND_SIGNS, **self._coverage_words()
        )

    def _coverage(self) -> tuple[str, str]:
        return self._page(
            "coverage.html",
            "coverage.html.jinja",
            by_region=self._views.region_coverage(),
            by_indicator=self._views.indicator_coverage(),
            asked=len(self._benchmark.indicators),
            held=len(self._benchmark.framework.indicators),
            wanted=len(self._benchmark.framework.wanted),
            **self._coverage_words(),
        )

    def _indicator(self, indicator: Indicator) -> tuple[str, str]:
        framework = self._benchmark.framework
        questions = {question.id: question.title for question in framework.questions}
        return self._page(
            f"indicators/{indicator.id}.html",
            "indicator.html.jinja",
            trail=self._trail("England", "index.html", marked_title(indicator)),
            page=self._views.indicator_page(indicator),
            title=marked_title(indicator),
            question=questions[indicator.question],
            data_type=DATA_TYPES[indicator.data_type],
            availability=AVAILABILITY[indicator.availability],
            needs="; ".join(needs_in_words(indicator_needs(framework, indicator.id))),
            also_from="; ".join(needs_in_words(indicator.also_from)),
            non_response=NON_RESPONSE,
            source=_SOURCES[framework.cohort(indicator.cohort).source],
            signs=_INDICATOR_SIGNS,
        )

    def _methods(self) -> tuple[str, str]:
        benchmark = self._benchmark
        reference_year = benchmark.collection.reference_year
        note = "" if benchmark.population_year == reference_year - 1 else ", the nearest year that was out"
        return self._page(
            "methods.html",
            "methods.html.jinja",
            entries=number(sum(cost.entries for cost in benchmark.costs), 0),
            noise=noise_table(benchmark),
            costs=cost_tables(benchmark),
            sums=sums_table(benchmark) if benchmark.sums else None,
            programme=programme_tables(benchmark),
            fewest_councils=FEWEST_COUNCILS,
            population_note=note,
            digest=benchmark.framework.digest[:16],
            combined_with=" and ".join(benchmark.combined_with),
            **self._coverage_words(),
        )
