"""The pages are read by everybody, from a disk, on a telephone, with a screen reader: if one of these failed, somebody
could not, or a reader's browser would tell a stranger what they read.

Chromium opens every kind of page. Where it is not installed the tests are left out and say so; under CI=true they fail.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from coordinator.data import current_councils
from coordinator.publication.publish import publish
from frameworks.catalogue import load_framework
from frameworks.model import DataType, Framework, Kind
from tests.browser.chromium import Page
from tests.coordinator.every_kind import NAMES, every_kind
from tests.coordinator.made_up import YEAR, federate, request_of

AXE = Path(__file__).parent / "axe" / "axe.min.js"
PAGES = ("index.html", "coverage.html", "methods.html", "indicators/{indicator}.html", "councils/{council}.html")
PAGES_OF_KINDS = (
    "index.html",
    "methods.html",
    "indicators/feels_safe.html",
    "indicators/life.html",
    "indicators/settled.html",
    "councils/{council}.html",
)
WIDE, NARROW = 1200, 320
RUN_AXE = """
axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}).then(
  found => found.violations.map(rule => `${rule.id}: ${rule.nodes[0].html.slice(0, 120)}`))
"""


def some_indicators(framework: Framework) -> tuple[str, ...]:
    """Two indicators of each kind, data type and question, and what must go with them: every form a page can take."""
    chosen: dict[tuple[str, Kind, DataType], list[str]] = {}
    for indicator in framework.indicators:
        chosen.setdefault((indicator.question, indicator.kind, indicator.data_type), []).append(indicator.id)
    named = [name for names in chosen.values() for name in names[:2]]
    return tuple(dict.fromkeys(asked for name in named for asked in (name, *framework.indicator(name).companions)))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published site: councils missing, one without a return, one breakdown, a tiny council."""
    framework = load_framework("outcomes-2019")
    councils = tuple(current_councils())[::4]
    request = request_of(some_indicators(framework), epsilon=2.0, breakdowns=("sex",))
    undeclared = {councils[3]: frozenset({f"ssda903.oc2@{YEAR}"})}
    federation = federate(framework, [request], seed=9, councils=councils, undeclared=undeclared)
    out = tmp_path_factory.mktemp("published") / "site"
    publish(federation.benchmark, out)
    return out


@pytest.fixture(scope="module")
def site_of_kinds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published site with a histogram of words, a proxy, a survey, and an indicator that nobody can compute."""
    request = request_of(NAMES, epsilon=3.0, breakdowns=("sex",))
    out = tmp_path_factory.mktemp("published") / "kinds"
    publish(federate(every_kind(), [request], seed=9, councils=tuple(current_councils())[::8]).benchmark, out)
    return out


def _address(site: Path, pattern: str) -> str:
    indicator = sorted((site / "indicators").iterdir())[0].stem
    council = sorted((site / "councils").iterdir())[1].stem
    return (site / pattern.format(indicator=indicator, council=council)).as_uri()


def _open_details(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("pattern", PAGES)
def test_axe_finds_nothing(page: Page, site: Path, pattern: str, width: int) -> None:
    """WCAG 2.2 A and AA and best practice, with every collapsed part open."""
    page.open(_address(site, pattern), width=width)
    _open_details(page)
    page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    assert page.evaluate(RUN_AXE) == []


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("pattern", PAGES_OF_KINDS)
def test_every_kind_of_figure_is_accessible_and_fits(page: Page, site_of_kinds: Path, pattern: str, width: int) -> None:
    """The same for every kind of indicator, and nothing but a table in its own box scrolls sideways."""
    page.open(_address(site_of_kinds, pattern), width=width)
    _open_details(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    assert page.evaluate(RUN_AXE) == []


@pytest.mark.parametrize(
    ("spoiled", "rule"),
    [
        ("document.documentElement.removeAttribute('lang')", "html-has-lang"),
        (
            "document.querySelectorAll('.newlyn-strip').forEach(chart => {"
            " chart.removeAttribute('aria-labelledby'); chart.querySelector('title').remove() })",
            "svg-img-alt",
        ),
        ("document.querySelector('.newlyn-card__note').style.color = '#bbbbbb'", "color-contrast"),
    ],
)
def test_axe_would_find_a_fault(page: Page, site: Path, spoiled: str, rule: str) -> None:
    """Positive control: the same run names a fault that was put into the page."""
    page.open(_address(site, "index.html"), width=WIDE)
    page.evaluate(spoiled)
    page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    assert any(found.startswith(rule) for found in page.evaluate(RUN_AXE))


@pytest.mark.parametrize("pattern", PAGES)
def test_nothing_is_asked_of_a_network(page: Page, site: Path, pattern: str) -> None:
    """The page and its two style sheets, from the folder it lies in; and no complaint on the console."""
    page.open(_address(site, pattern), width=WIDE)
    folder = site.as_uri() + "/"
    assert [request for request in page.requests if not request.startswith((folder, "data:"))] == []
    assert len([request for request in page.requests if request.endswith(".css")]) == 2
    assert page.console == []


def test_the_policy_is_in_force_and_lets_the_style_sheets_through(page: Page, site: Path) -> None:
    """A picture from elsewhere is refused by the page itself; its own style sheets are applied from disk."""
    page.open(_address(site, "index.html"), width=WIDE)
    assert page.evaluate("document.styleSheets.length") == 2
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.newlyn-header')).backgroundColor")
        == "rgb(18, 67, 109)"
    )
    refused: Any = page.evaluate("""
        new Promise(done => {
          document.addEventListener('securitypolicyviolation', event => done(event.violatedDirective));
          setTimeout(() => done('nothing was refused'), 5000);
          const picture = new Image(); picture.src = 'https://example.invalid/x.png'; document.body.append(picture);
        })
    """)
    assert refused == "img-src"


@pytest.mark.parametrize("pattern", PAGES)
def test_pages_fit_a_narrow_window(page: Page, site: Path, pattern: str) -> None:
    """WCAG 1.4.10: at 320 pixels nothing but a table in its own box scrolls sideways."""
    page.open(_address(site, pattern), width=NARROW)
    _open_details(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    cut = page.evaluate("""
        [...document.querySelectorAll('main *')].filter(part => !part.closest('.newlyn-scroll, pre, svg')
          && part.getBoundingClientRect().right > innerWidth + 1).map(part => part.outerHTML.slice(0, 80))
    """)
    assert cut == []


def test_text_can_be_doubled(page: Page, site: Path) -> None:
    """WCAG 1.4.4: at twice the text size the page still fits."""
    page.open(_address(site, "index.html"), width=640)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
