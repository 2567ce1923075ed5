"""A model's figure that stood alone, or in a chart, would be read as what a council sent; one beside a withheld figure
would give that away after all."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from lxml import html

from coordinator.data import current_councils
from coordinator.estimates.benchmark import Benchmark, Estimate
from coordinator.publication.data_files import benchmark_json, estimates_csv
from coordinator.publication.message import to_message
from coordinator.publication.pages import Pages
from coordinator.publication.views import Views
from coordinator.publication.words import STATUS
from frameworks.display.formats import figure, to
from tests.coordinator.made_up import federate, request_of
from tests.frameworks.small import small_framework

Documents = dict[str, html.HtmlElement]
COUNCILS = tuple(current_councils())[::3]


def _benchmark(councils: tuple[str, ...]) -> Benchmark:
    request = request_of(("children", "healthy", "score", "helped"), epsilon=0.6, breakdowns=("sex",))
    return federate(small_framework(), [request], seed=51, councils=councils).benchmark


def _documents(benchmark: Benchmark) -> Documents:
    return {path: html.document_fromstring(text) for path, text in Pages(benchmark, STATUS).render()}


@pytest.fixture(scope="module")
def benchmark() -> Benchmark:
    """51 councils; noise hides some figures."""
    return _benchmark(COUNCILS)


@pytest.fixture(scope="module")
def documents(benchmark: Benchmark) -> Documents:
    """The pages of it."""
    return _documents(benchmark)


def _headlines(benchmark: Benchmark) -> list[Estimate]:
    headlines = [one for one in benchmark.estimates if one.area_code in COUNCILS]
    assert {one.shrunk is None for one in headlines} == {True, False}
    return headlines


def _row(document: html.HtmlElement, name: str) -> dict[str, str]:
    """The row of a table that begins with `name`, by column."""
    (row,) = (row for row in document.xpath(".//tbody/tr") if row[0].text_content().strip() == name)
    head = [cell.text_content() for cell in row.getparent().getparent().xpath("thead/tr/th")]
    return dict(zip(head, (" ".join(cell.itertext()).strip() for cell in row), strict=True))


def test_beside_every_steadied_figure_stands_the_unbiased_one(benchmark: Benchmark, documents: Documents) -> None:
    """In the row of the council, with both intervals; a dash where the figure is withheld."""
    for one in _headlines(benchmark):
        indicator = benchmark.framework.indicator(one.indicator_id)
        row = _row(documents[f"indicators/{one.indicator_id}.html"], current_councils()[one.area_code].name)
        if one.shrunk is None:
            assert row.get("Steadied (model)", "–") == "–"
            continue
        assert one.value is not None and one.lower is not None and one.upper is not None
        assert one.shrunk_lower is not None and one.shrunk_upper is not None
        assert row["Figure"] == figure(indicator, one.value)
        assert row["95% interval"] == to(indicator, one.lower, one.upper)
        interval = to(indicator, one.shrunk_lower, one.shrunk_upper)
        assert row["Steadied (model)"] == f"{figure(indicator, one.shrunk)} {interval}"


def test_a_councils_page_says_it_under_the_figure(benchmark: Benchmark, documents: Documents) -> None:
    """Once for each indicator that has one, after the figure itself, and in the table."""
    for code in COUNCILS:
        document = documents[f"councils/{code}.html"]
        own = {one.indicator_id: one for one in _headlines(benchmark) if one.area_code == code}
        for card in document.xpath("//li[@class='newlyn-card']"):
            indicator_id = card.xpath("string(.//h3/a/@href)").split("/")[-1].removesuffix(".html")
            text, one = card.text_content(), own[indicator_id]
            assert ("Steadied (model)" in text) == (one.shrunk is not None)
            if one.shrunk is not None:
                indicator = benchmark.framework.indicator(indicator_id)
                assert card.xpath("string(.//p[@class='newlyn-card__figure'])").startswith(
                    figure(indicator, one.value or 0.0)
                )
                assert f"Steadied (model): {figure(indicator, one.shrunk)}; the exact figure is very likely" in text
                assert text.index("Steadied") > text.index("between")


def test_wherever_it_stands_it_is_called_a_model_and_leads_to_its_method(documents: Documents) -> None:
    methods = documents["methods.html"]
    assert methods.xpath("//h2[@id='steadied']")
    pages = [path for path, document in documents.items() if "Steadied (model)" in document.text_content()]
    assert {path.split("/")[0] for path in pages} == {"indicators", "councils"}
    for path in pages:
        (words,) = documents[path].xpath("//p[.//a[@href='../methods.html#steadied']]")
        assert words.text_content().startswith("Steadied towards the other councils: a model.")
        assert not re.search(r"Steadied(?! \(model\)| towards)", documents[path].text_content())


def test_the_methods_page_says_what_it_does_not_hold_and_when_not_to_use_it(documents: Documents) -> None:
    text = " ".join(documents["methods.html"].text_content().split())
    for words in (
        "not for each",
        "Do not use it to say that a council is high or low",
        "rest on the unbiased figure",
        "fewer than 10 councils",
        "made to agree by generalised least squares",
        "Use the first for what happened, the second for every comparison",
    ):
        assert words in text


def test_no_chart_draws_it(benchmark: Benchmark, documents: Documents) -> None:
    """Charts describe and draw unbiased figures alone."""
    for path, document in documents.items():
        for chart in document.xpath("//*[local-name()='svg']"):
            assert "teadied" not in chart.text_content(), path
    views = Views(benchmark)
    for indicator in benchmark.indicators:
        strip = views.indicator_page(indicator).councils_strip
        assert strip is not None
        unbiased = {one.value for one in benchmark.estimates if one.indicator_id == indicator.id}
        assert {mark.value for mark in strip.marks} <= unbiased


def test_it_is_not_mentioned_where_councils_are_too_few_to_learn_from() -> None:
    few = _documents(_benchmark(COUNCILS[:9]))
    pages = [document for path, document in few.items() if path.startswith(("indicators", "councils"))]
    assert not any("teadied" in page.text_content() for page in pages)


def test_the_data_files_hold_all_three_numbers_or_none(benchmark: Benchmark) -> None:
    rows = list(csv.DictReader(io.StringIO(estimates_csv(benchmark))))
    content = json.loads(benchmark_json(benchmark, STATUS))["estimates"]
    for row, entry, one in zip(rows, content, benchmark.estimates, strict=True):
        shrunk = (one.shrunk, one.shrunk_lower, one.shrunk_upper)
        assert (entry["shrunk"], entry["shrunk_lower"], entry["shrunk_upper"]) == shrunk
        assert [row[name] for name in ("shrunk_value", "shrunk_lower", "shrunk_upper")] == [
            "" if value is None else str(round(value, 4)) for value in shrunk
        ]


def test_the_message_to_councils_holds_them_too(benchmark: Benchmark) -> None:
    """Absent stays absent."""
    for sent, one in zip(to_message(benchmark).estimates, benchmark.estimates, strict=True):
        for name in ("shrunk", "shrunk_lower", "shrunk_upper"):
            value = getattr(one, name)
            assert sent.HasField(name) == (value is not None)
            assert getattr(sent, name) == (value or 0.0)


def test_the_cost_over_the_years_stands_on_the_methods_page(benchmark: Benchmark, documents: Documents) -> None:
    """26 years cost 26 times one, in rho; two siblings four times."""
    (cost,) = benchmark.costs
    document = documents["methods.html"]
    captions = {table.xpath("string(caption)"): table for table in document.xpath("//table")}
    years = captions["A child who is in this collection year after year"]
    siblings = captions["Siblings who are alike in everything, taken together, in one year"]
    assert _row(years, "26")["rho"] == f"{26 * cost.rho:.4f}"
    assert _row(siblings, "2")["rho"] == f"{4 * cost.rho:.4f}"
