"""An information-governance lead reads the preview with whatever they read with, and prints it: if one of these failed,
some could not, or the page would ask a stranger for something, or a column would be cut off on paper.

Chromium opens the page. Where it is not installed the tests are left out and say so; under CI=true they fail.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from node.measure import Figure
from node.preview import preview
from node.preview_page import preview_page
from tests.browser.chromium import Page
from tests.browser.test_local_pages import AXE, RUN_AXE
from tests.node.previews import HEADLINES, NATIONAL, SECOND, config_of, offer_of
from tests.node.small_release import NOW, open_ledger

_A4_WITHIN_MARGINS = 703
"""Pixels, at 96 an inch, of 210 mm less the margins."""

_FIGURES = {"healthy": Figure(617, 1_234, 50.0, "ok"), "mood": Figure(20, 30, None, "ok", {}, {"good": 20})}
_PAGES = ("plan.html", "exact.html")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a collection of both modes of which one release is refused, without exact figures and with."""
    folder = tmp_path_factory.mktemp("preview")
    offer, config = offer_of(HEADLINES, NATIONAL, SECOND), config_of(folder, rho_per_year=0.025)
    with open_ledger(folder) as ledger:
        for name, figures in zip(_PAGES, (None, _FIGURES), strict=True):
            shown = preview(offer, config, ledger, NOW, figures)
            (folder / name).write_text(preview_page(shown), encoding="utf-8")
    return folder


@pytest.mark.parametrize("width", [1200, 320])
@pytest.mark.parametrize("name", _PAGES)
def test_axe_finds_nothing_and_nothing_but_tables_scrolls_sideways(
    page: Page, pages: Path, name: str, width: int
) -> None:
    page.open((pages / name).as_uri(), width=width)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    assert page.evaluate(RUN_AXE) == []


def test_axe_would_find_a_fault(page: Page, pages: Path) -> None:
    """Positive control."""
    page.open((pages / "plan.html").as_uri(), width=1200)
    page.evaluate("document.querySelector('.beneath').style.color = '#cccccc'")
    page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    assert any(found.startswith("color-contrast") for found in page.evaluate(RUN_AXE))


@pytest.mark.parametrize("name", _PAGES)
def test_nothing_is_asked_of_a_network(page: Page, pages: Path, name: str) -> None:
    page.open((pages / name).as_uri(), width=1200)
    assert [request for request in page.requests if not request.startswith(("data:", pages.as_uri()))] == []
    assert page.console == []
    assert page.evaluate("document.scripts.length") == 0


@pytest.mark.parametrize("name", _PAGES)
def test_on_a4_no_column_is_cut_off(page: Page, pages: Path, name: str) -> None:
    """The tables, which scroll on a screen, fit between the margins, and what is in a cell stays in it."""
    page.open((pages / name).as_uri(), width=_A4_WITHIN_MARGINS)
    page.browser.send("Emulation.setEmulatedMedia", {"media": "print"}, page.session)
    try:
        wide = (
            "[...document.querySelectorAll('.scroll, th, td')].filter(box => box.scrollWidth > box.clientWidth)"
            ".map(box => box.textContent.trim())"
        )
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate(wide) == []
    finally:
        page.browser.send("Emulation.setEmulatedMedia", {"media": ""}, page.session)
