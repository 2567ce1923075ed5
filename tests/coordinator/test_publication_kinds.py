"""A proxy that loses its mark, a survey without its response rate, a wanted indicator left out: each would mislead."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from lxml import html

from coordinator.data import ENGLAND
from coordinator.publication.data_files import benchmark_json, estimates_csv, indicators_csv
from coordinator.publication.message import to_message
from coordinator.publication.publish import publish
from tests.coordinator.every_kind import NAMES, every_kind
from tests.coordinator.made_up import YEAR, Federation, federate, request_of

COUNCILS = ("201", "202", "301", "330", "420", "800", "816", "840", "916")


@pytest.fixture(scope="module")
def federation() -> Federation:
    """Nine councils, one of them tiny, one without answers to its survey."""
    request = request_of(NAMES, epsilon=3.0, breakdowns=("sex",))
    undeclared = {"202": frozenset({f"feedback.answers@{YEAR}"})}
    return federate(every_kind(), [request], seed=9, councils=COUNCILS, undeclared=undeclared)


@pytest.fixture(scope="module")
def pages(federation: Federation, tmp_path_factory: pytest.TempPathFactory) -> dict[str, html.HtmlElement]:
    """Every page of the site, parsed, by its path."""
    site = tmp_path_factory.mktemp("published") / "site"
    publish(federation.benchmark, site)
    return {
        path.relative_to(site).as_posix(): html.document_fromstring(path.read_bytes()) for path in site.rglob("*.html")
    }


def _text(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def _card(page: html.HtmlElement, indicator: str) -> html.HtmlElement:
    (card,) = page.xpath(f"//li[@class='newlyn-card'][.//h3/a[contains(@href, '/{indicator}.html')]]")
    return card


@pytest.mark.parametrize("title", ["Children in one placement", "Children who have a friend"])
def test_a_proxy_is_marked_wherever_its_title_stands(pages: dict[str, html.HtmlElement], title: str) -> None:
    """Contents, cards, charts, tables, its own page, council pages, the noise table; computed or not."""
    held = 0
    for path, page in pages.items():
        for element in (page.find("head/title"), page.find("body")):
            text = _text(element)
            for found in re.finditer(re.escape(title), text):
                held += 1
                assert re.match(r" ?\(proxy\)| ?Proxy", text[found.end() :]), f"{path}: {text[found.start() :][:80]}"
    assert held >= (3 * (len(COUNCILS) + 1) if title == "Children in one placement" else 1)


def test_nothing_else_is_marked(pages: dict[str, html.HtmlElement]) -> None:
    """Positive control: of the first page's nine cards one carries the mark."""
    marked = [
        card
        for card in pages["index.html"].xpath("//li[@class='newlyn-card']")
        if card.xpath(".//h3//strong[text()='Proxy']")
    ]
    assert len(marked) == 1


def test_a_proxy_says_what_it_stands_in_for(pages: dict[str, html.HtmlElement]) -> None:
    """On its page, before the figure."""
    assert "Whether a child feels settled." in _text(pages["indicators/settled.html"].find(".//main"))


def test_a_follow_up_states_its_window_and_how_complete_it_is(pages: dict[str, html.HtmlElement]) -> None:
    """On the page in full, on every card in brief."""
    page = _text(pages["indicators/returned_home.html"].find(".//main"))
    assert "Followed up 12 months. Twelve months from the day care ended." in page
    assert "How complete that is All of it is seen." in page
    for path in ("index.html", "councils/330.html"):
        assert "Followed up for 12 months." in _text(_card(pages[path], "returned_home"))


@pytest.mark.parametrize("indicator", ["feels_safe", "life"])
def test_feedback_stands_beside_its_response_rate_and_who_could_answer(
    pages: dict[str, html.HtmlElement], federation: Federation, indicator: str
) -> None:
    """Cards of England and of a council with that area's own rate, the page, and every row of its tables."""
    rates = {e.area_code: e for e in federation.benchmark.estimates if e.indicator_id == "asked" and not e.breakdown}
    for path, area in (
        ("index.html", ENGLAND),
        ("councils/330.html", "330"),
        (f"indicators/{indicator}.html", ENGLAND),
    ):
        part = pages[path].find(".//main") if indicator in path else _card(pages[path], indicator)
        found = re.search(
            r"Response rate: ([\d.]+)%, very likely between .*?; about ([\d,]+) children could", _text(part)
        )
        assert found, path
        assert float(found[1]) == pytest.approx(rates[area].value, abs=0.051)
        assert float(found[2].replace(",", "")) == pytest.approx(rates[area].size, rel=0.05)
    page = pages[f"indicators/{indicator}.html"]
    assert "Those who did not may feel otherwise" in _text(page)
    tables = page.xpath("//table[thead//th[1][text()='Council' or text()='Region' or text()='Sex']]")
    assert len(tables) >= 1 + 1 + 5
    for table in tables:
        assert "Response rate" in _text(table.find("thead"))
        assert "Could have answered" in _text(table.find("thead"))
    for path in ("index.html", "councils/330.html"):
        assert "Response rate" in _text(pages[path].xpath("//details//table")[0])


def test_what_cannot_be_computed_stands_under_its_question(pages: dict[str, html.HtmlElement]) -> None:
    """A question of which nothing can be computed is still a section of the first page."""
    (section,) = pages["index.html"].xpath("//section[@aria-labelledby='heard']")
    words = _text(section)
    for part in ("Children who have a friend", "Needs new data", "No return asks it", "88.0%", "2023"):
        assert part in words
    assert "Are children heard? (1 that cannot be computed yet)" in _text(pages["index.html"].find(".//main//nav"))


def test_a_page_says_where_its_definition_departs_and_what_was_published(pages: dict[str, html.HtmlElement]) -> None:
    """With value, year and source, and the availability."""
    page = _text(pages["indicators/absence.html"].find(".//main"))
    assert "Only pupils whose records the council holds." in page
    assert "Department for Education: 17.4% (2025). Source: DfE, Pupil absence, March 2026" in page
    assert "Availability Needs linkage" in page
    assert re.search(r"England: [\d.]+% of sessions, very likely between", page)


def test_units_are_said_once_and_families_are_families(pages: dict[str, html.HtmlElement]) -> None:
    """ "17.4% of sessions", miles, families; and the noise is counted in what is counted."""
    assert re.search(r"\d% of sessions between", _text(_card(pages["index.html"], "absence")))
    assert re.search(r"\d miles between", _text(_card(pages["index.html"], "miles")))
    assert re.search(r"About [\d,]+ families \(between", _text(pages["indicators/helped_families.html"]))
    assert not re.search(r"%( | of )?%", "".join(_text(page.find(".//main")) for page in pages.values()))
    methods = pages["methods.html"].xpath("//table[caption[text()='Typical reach of the noise']]//tr")
    counted = {row[0].text_content(): row[1].text_content() for row in methods}
    assert counted["Sessions missed"] == "sum of sessions"
    assert counted["Families that were helped"] == "families"
    assert counted["How often children feel safe at home"] == "children in one category"


@pytest.mark.parametrize(("indicator", "bars"), [("feels_safe", 5), ("life", 11)])
def test_a_histogram_is_drawn_with_its_intervals_and_its_table(
    pages: dict[str, html.HtmlElement], indicator: str, bars: int
) -> None:
    """A title, the finding in words, a bar and a whisker for each category, and the numbers behind them."""
    page = pages[f"indicators/{indicator}.html"]
    (chart,) = page.xpath("//*[local-name()='svg'][@aria-labelledby='distribution-title distribution-desc']")
    assert len(chart.xpath("*[local-name()='rect']")) == bars
    assert len(chart.xpath("*[local-name()='line'][@stroke='#0b0c0c']")) == 3 * bars
    assert re.search(r"England: most often “.*” \([\d.]+%, very likely between", _text(chart.find("{*}desc")))
    (table,) = page.xpath("//table[caption[text()='England by category']]")
    rows = table.xpath("tbody/tr")
    assert len(rows) == bars
    shares = [float(_text(row[1]).rstrip("%")) for row in rows]
    assert sum(shares) == pytest.approx(100, abs=0.05 * bars)
    assert all(re.fullmatch(r"[\d.]+% to [\d.]+%", _text(row[2])) for row in rows)


def test_a_council_without_answers_shows_no_bar(pages: dict[str, html.HtmlElement]) -> None:
    """And says why; England's shares stay marked."""
    card = _card(pages["councils/202.html"], "feels_safe")
    assert "Not available" in _text(card)
    assert not card.xpath(".//*[local-name()='rect']")
    assert len(card.xpath(".//*[local-name()='circle']")) == 5


def test_the_data_file_has_a_row_for_each_category_with_its_response_rate(federation: Federation) -> None:
    """`category` is empty but for histograms; a share is in percent, whatever the indicator's unit."""
    rows = list(csv.DictReader(io.StringIO(estimates_csv(federation.benchmark))))
    assert {row["indicator_id"] for row in rows if row["category"]} == {"feels_safe", "life"}
    life = [r for r in rows if r["indicator_id"] == "life" and r["area_code"] == "330"]
    assert [(row["category"], row["unit"]) for row in life] == [
        ("", "score (0 to 10)"),
        *((str(score), "%") for score in range(11)),
    ]
    rate = {(r["area_code"], r["level"]): r for r in rows if r["indicator_id"] == "asked"}
    for row in rows:
        if row["data_type"] == "feedback" and row["indicator_id"] != "asked":
            beside = rate[row["area_code"], row["level"]]
            assert (row["response_rate"], row["eligible"]) == (beside["value"], beside["cohort_size"])
            assert row["response_rate_lower_ci"] == beside["lower_ci"]
            assert row["response_rate_lower_ci"] or row["symbol"] == "x"
        else:
            assert row["response_rate"] == row["eligible"] == ""
    assert {row["indicator"] for row in rows if row["data_type"] == "proxy"} == {"Children in one placement (proxy)"}
    published = [r for r in rows if r["published_value"]]
    assert [(r["indicator_id"], r["area_code"], r["published_year"]) for r in published] == [
        ("absence", ENGLAND, "2025")
    ]
    assert published[0]["published_source"] == "DfE, Pupil absence, March 2026"


def test_the_list_of_indicators_is_the_whole_framework(federation: Federation) -> None:
    """What is published, what was not asked for, what cannot be computed and why; the same in the JSON."""
    rows = {row["indicator_id"]: row for row in csv.DictReader(io.StringIO(indicators_csv(federation.benchmark)))}
    assert set(rows) == {*NAMES, "friends"}
    assert (rows["friends"]["state"], rows["friends"]["availability"]) == ("not computed yet", "needs new data")
    assert rows["friends"]["missing"].startswith("No return asks it")
    assert rows["settled"]["stands_in_for"] == "Whether a child feels settled"
    assert rows["returned_home"]["follow_up_months"] == "12"
    assert rows["life"]["published_with"] == "asked"
    content = json.loads(benchmark_json(federation.benchmark, "Made up."))
    listed = {one["indicator_id"]: {key: str(value) for key, value in one.items()} for one in content["indicators"]}
    assert listed == rows
    assert {one["category"] for one in content["estimates"] if one["indicator_id"] == "feels_safe"} == set(
        every_kind().indicator("feels_safe").categories
    )


def test_the_message_to_councils_carries_the_categories(federation: Federation) -> None:
    """Its one empty category is the figure of the indicator itself."""
    for sent, estimate in zip(to_message(federation.benchmark).estimates, federation.benchmark.estimates, strict=True):
        assert (sent.indicator_id, sent.category) == (estimate.indicator_id, estimate.category)


def test_a_response_rate_that_is_too_uncertain_is_said_to_be(federation: Federation) -> None:
    """The City of London: no figure, but the interval; never a survey without a word on who answered."""
    rows = csv.DictReader(io.StringIO(estimates_csv(federation.benchmark)))
    tiny = [row for row in rows if row["area_code"] == "201" and row["indicator_id"] == "life"]
    assert tiny and {row["response_rate"] for row in tiny} == {""}
    assert all(row["response_rate_lower_ci"] and row["response_rate_upper_ci"] for row in tiny)
