"""The pages that are no publication, the catalogue of definitions and a council's own check, are read by people too: if
one of these failed, somebody could not, or their browser would ask a stranger for something.

Chromium opens every kind of page. Where it is not installed the tests are left out and say so; under CI=true they fail.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from coordinator.publication.catalogue_pages import write_catalogue
from frameworks.catalogue import installed_frameworks, load_framework
from node.check import check_returns
from node.check_page import check_page
from tests.browser.chromium import Page
from tests.federation.canary_returns import write_canary_returns

AXE = Path(__file__).parent / "axe" / "axe.min.js"
RUN_AXE = """
axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}).then(
  found => found.violations.map(rule => `${rule.id}: ${rule.nodes[0].html.slice(0, 120)}`))
"""
PAGES = (
    "catalogue/index.html",
    "catalogue/crosswalk.html",
    "catalogue/frameworks/supporting-families-2022.html",
    "catalogue/indicators/missing_cla.html",
    "catalogue/indicators/hospital_injury_0_14.html",
    "check.html",
)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue, and the check of returns in which much cannot be used."""
    folder = tmp_path_factory.mktemp("local")
    write_catalogue([load_framework(name) for name in installed_frameworks()], folder / "catalogue")
    framework = load_framework("outcomes-2019")
    report = check_returns(write_canary_returns(folder / "returns"), framework, year=2025, rows_path=None)
    (folder / "check.html").write_text(check_page(report, framework), encoding="utf-8")
    return folder


@pytest.mark.parametrize("width", [1200, 320])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_and_nothing_but_tables_scrolls_sideways(
    page: Page, pages: Path, name: str, width: int
) -> None:
    """WCAG 2.2 A and AA and best practice, with every collapsed part open."""
    page.open((pages / name).as_uri(), width=width)
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    assert page.evaluate(RUN_AXE) == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_asked_of_a_network(page: Page, pages: Path, name: str) -> None:
    """What is loaded lies in the same folder, and there is no complaint on the console."""
    page.open((pages / name).as_uri(), width=1200)
    folder = pages.as_uri() + "/"
    assert [request for request in page.requests if not request.startswith((folder, "data:"))] == []
    assert page.console == []


def test_axe_would_find_a_fault(page: Page, pages: Path) -> None:
    """Positive control: the same run names a fault that was put into the page."""
    page.open((pages / "check.html").as_uri(), width=1200)
    page.evaluate("document.querySelector('.scroll').removeAttribute('tabindex')")
    page.evaluate("document.querySelector('caption').style.color = '#cccccc'")
    page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    assert any(found.startswith("color-contrast") for found in page.evaluate(RUN_AXE))
