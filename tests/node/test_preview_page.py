"""If these failed, what an information-governance lead signs and files would not be what the ledger is charged, or the
page would carry somebody else's script, or a figure of a child's group that nobody asked to see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lxml import html

from frameworks.model import Framework
from node.measure import Cell, Figure
from node.preview import preview
from node.preview_model import EXACT_WARNING, Preview
from node.preview_page import at_most, declared_in_words, exact_in_words, one_in, preview_page
from tests.node.previews import HEADLINES, NATIONAL, PROXIES, config_of, offer_of
from tests.node.small_release import NOW, open_ledger

_HOSTILE = "<script>alert('x')</script>\"&amp;{{ 7 * 7 }}"
_FIGURES = {
    "children": Figure(1_234, None, None, "ok"),
    "healthy": Figure(617, 1_234, 50.0, "ok"),
    "odd_score": Figure(4_936, 1_234, 4.0, "ok"),
    "mood": Figure(20, 30, None, "ok", {}, {"good": 9, "fair": 8, "poor": 3}),
}


def _previewed(folder: Path, framework: Framework = PROXIES, **more: Any) -> Preview:
    with open_ledger(folder) as ledger:
        offer = offer_of(HEADLINES, NATIONAL, framework=framework)
        figures = more.pop("figures", None)
        return preview(offer, config_of(folder, **more), ledger, NOW, figures)


@pytest.fixture
def shown(tmp_path: Path) -> Preview:
    return _previewed(tmp_path)


def _parsed(page: str) -> Any:
    return html.document_fromstring(page)


def _tables(document: Any) -> dict[str, list[list[str]]]:
    """The rows of each table, by its caption; of those with groups, the rows that have figures."""
    tables: dict[str, list[list[str]]] = {}
    for table in document.iter("table"):
        rows = [[" ".join(cell.text_content().split()) for cell in row] for row in table.iterfind("tbody/tr")]
        tables.setdefault(table.findtext("caption"), []).extend(row for row in rows if len(row) > 1)
    return tables


def test_every_cost_and_budget_on_the_page_is_the_plans_and_the_ledgers(shown: Preview) -> None:
    tables = _tables(_parsed(preview_page(shown)))
    costs = next(rows for caption, rows in tables.items() if caption.startswith("Releases:"))
    assert [(row[0], row[1], row[2], row[3]) for row in costs] == [
        (one.id, one.mode, str(one.numbers_sent), f"{one.rho:.6f}") for one in shown.releases
    ]
    assert [(row[4], row[5]) for row in costs] == [
        (at_most(one.epsilon, 2), at_most(one.replace_one_epsilon, 2)) for one in shown.releases
    ]
    budget = next(rows for caption, rows in tables.items() if caption.startswith("This council’s privacy budget"))
    before, after = shown.budget, shown.budget_after
    for row, limit, spent, then in (
        (budget[0], before.limit_per_year, before.spent_this_year, after.spent_this_year),
        (budget[1], before.limit_for_life, before.spent_for_life, after.spent_for_life),
    ):
        rho = [float(cell.split()[0]) for cell in row[1:]]
        assert rho == pytest.approx([limit, spent, shown.cost, then], abs=1e-6)
        assert row[4].endswith(f"({100 * then / limit:.1f}%)")


def test_every_indicator_stands_under_its_question_with_the_plans_numbers(shown: Preview) -> None:
    document = _parsed(preview_page(shown))
    rows = _tables(document)["Are children safe?"]
    indicators = [one for release in shown.releases for one in release.indicators]
    assert [row[1] for row in rows] == [str(one.cells) for one in indicators]
    assert [row[2] for row in rows] == [f"{one.noise_scale:,.1f}" for one in indicators]
    for row, one in zip(rows, indicators, strict=True):
        assert row[0].startswith(one.title) and one.cohort in row[0]
        assert ("zeros with noise are sent" in row[0]) is not one.declared
        assert ("Proxy" in row[0]) is bool(one.proxy_for)
    groups = [cell.text_content() for cell in document.iterfind(".//th[@scope='rowgroup']")]
    assert set(groups) == {"test"}


def test_what_could_be_learned_is_never_rounded_down(shown: Preview) -> None:
    tables = _tables(_parsed(preview_page(shown)))
    for release in shown.releases:
        rows = tables[f"The most that could be learned about one child from {release.id}"]
        assert [row[0] for row in rows] == [one.question for one in release.exposures]
        for row, one in zip(rows, release.exposures, strict=True):
            assert 100 * one.probability <= float(row[2].rstrip("%")) < 100 * one.probability + 0.11
            assert one.epsilon <= float(row[3]) + 1e-5
        assert int(one_in(release.draws_within).replace(",", "")) <= release.draws_within


def test_who_asks_and_what_an_approval_is_bound_to_are_named(shown: Preview) -> None:
    text = _parsed(preview_page(shown)).text_content()
    for said in (
        shown.coordinator,
        shown.coordinator_key,
        shown.framework_digest,
        shown.collection,
        *(one.plan_hash for one in shown.releases),
        "newlyn-node approve 2025-test",
        "newlyn-node refuse  2025-test",
        "(epsilon, delta)-differentially private",
    ):
        assert said in text


def test_each_mode_says_who_can_read_this_councils_report(shown: Preview) -> None:
    text = " ".join(_parsed(preview_page(shown)).text_content().split())
    assert "This council’s own noised figures can be read by the coordinator" in text
    assert "that of all councils of England which answer, at most 150 of them" in text
    assert "nobody, the coordinator included, can read this council’s report by itself" in text
    assert "while no council of the group reveals the noise they added" in text


def test_texts_from_elsewhere_are_text(tmp_path: Path) -> None:
    hostile = PROXIES.model_copy(
        update={
            "title": _HOSTILE,
            "indicators": tuple(
                one.model_copy(update={"title": _HOSTILE, "domain": _HOSTILE}) for one in PROXIES.indicators
            ),
            "cohorts": tuple(one.model_copy(update={"title": _HOSTILE}) for one in PROXIES.cohorts),
            "questions": tuple(one.model_copy(update={"title": _HOSTILE}) for one in PROXIES.questions),
        }
    )
    document = _parsed(preview_page(_previewed(tmp_path, hostile, council_name=_HOSTILE)))
    assert list(document.iter("script")) == []
    assert _HOSTILE in document.findtext(".//h1")
    assert {cell.text_content() for cell in document.iterfind(".//th[@scope='rowgroup']")} == {_HOSTILE}


def test_the_page_asks_nothing_of_anybody(shown: Preview) -> None:
    document = _parsed(preview_page(shown))
    addresses = {value for _, name, value, _ in document.iterlinks() if name in ("href", "src")}
    assert addresses == {"#main", "data:,"}
    assert not any(name.startswith("on") for element in document.iter() for name in element.attrib)


def test_exact_figures_are_shown_only_when_they_were_asked_for(tmp_path: Path, shown: Preview) -> None:
    plain = _parsed(preview_page(shown)).text_content()
    assert EXACT_WARNING not in plain and "Yours, exact" not in plain
    (tmp_path / "exact").mkdir()
    asked = _parsed(preview_page(_previewed(tmp_path / "exact", figures=_FIGURES)))
    assert EXACT_WARNING in asked.text_content()
    exact = {row[0].split(" among")[0]: row[-1] for row in _tables(asked)["Are children safe?"][:8]}
    assert exact["Children"] == "1,234"
    assert exact["Healthy Proxy stands for: being well"] == "50.0% (617 of 1,234)"
    assert exact["Mood"] == "20 of 30: Good 9, Fair 8, Poor 3"
    assert exact["Settled"] == "not available"


def test_each_kind_of_figure_has_its_words(shown: Preview) -> None:
    kinds = {one.id: one for one in shown.releases[0].indicators}
    mean = kinds["odd_score"]
    assert exact_in_words(mean, Cell(4_936, 1_234, 4.0)) == "4.0 (1,234 children)"
    assert exact_in_words(kinds["absence"], Cell(3, 40, 7.5)) == "7.5% (3 of 40)"
    assert exact_in_words(kinds["healthy"], Cell(0, 0, None)) == "0 of 0"


def test_declared_files_are_listed_by_title_and_year() -> None:
    assert declared_in_words(("cin_census@2025", "ssda903@2025", "ssda903@2024")) == {
        "CIN census": "2025",
        "SSDA903 Header and Episodes": "2024, 2025",
    }


def test_bounds_are_rounded_up_and_chances_down() -> None:
    assert (at_most(0.7501, 2), at_most(0.75 + 1e-9, 2), at_most(73.1059, 1)) == ("0.76", "0.75", "73.2")
    assert (one_in(148_413), one_in(99), one_in(7)) == ("140,000", "99", "7")
