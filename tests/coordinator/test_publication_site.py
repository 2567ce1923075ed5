"""The site is what everybody sees: a dead link, a request to a stranger, half a site, injected markup would be ours."""

from __future__ import annotations

import hashlib
import json
import re
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from lxml import html

from coordinator.errors import UsageProblem
from coordinator.publication.pages import Pages
from coordinator.publication.publish import publish
from coordinator.publication.words import STATUS
from frameworks.catalogue import load_framework
from tests.browser.test_pages import some_indicators
from tests.coordinator.made_up import YEAR, Federation, federate, no_noise, request_of
from tests.frameworks.small import small_framework

COUNCILS = ("201", "202", "301", "330", "420", "800", "816", "840", "916")
POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"


def _federation() -> Federation:
    framework = load_framework("outcomes-2019")
    request = request_of(some_indicators(framework), epsilon=2.0, breakdowns=("sex",))
    undeclared = {"202": frozenset({f"ssda903.oc2@{YEAR}"})}
    return federate(framework, [request], seed=9, councils=COUNCILS, undeclared=undeclared)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published site."""
    out = tmp_path_factory.mktemp("published") / "site"
    publish(_federation().benchmark, out)
    return out


@pytest.fixture(scope="module")
def documents(site: Path) -> dict[str, html.HtmlElement]:
    """Every page, parsed, by its path in the site."""
    return {
        path.relative_to(site).as_posix(): html.document_fromstring(path.read_bytes()) for path in site.rglob("*.html")
    }


def test_there_is_a_page_for_each_indicator_and_each_council_that_answered(site: Path) -> None:
    """And the two pages a statistician looks for, and the data."""
    framework = load_framework("outcomes-2019")
    assert {path.stem for path in (site / "indicators").iterdir()} == set(some_indicators(framework))
    assert {path.stem for path in (site / "councils").iterdir()} == set(COUNCILS)
    for name in ("index.html", "coverage.html", "methods.html", "benchmark.json", "data/estimates.csv"):
        assert (site / name).is_file()


def test_every_link_leads_somewhere(site: Path, documents: dict[str, html.HtmlElement]) -> None:
    """Every href and src is relative, and its file and anchor exist."""
    ids = {path: set(document.xpath("//@id")) for path, document in documents.items()}
    for path, document in documents.items():
        for target in document.xpath("//@href | //@src"):
            if target == "data:,":
                continue
            parts = urlsplit(target)
            assert not parts.scheme and not parts.netloc, f"{path} points outside: {target}"
            found = (site / path).parent / unquote(parts.path) if parts.path else site / path
            assert found.resolve().is_relative_to(site.resolve()) and found.is_file(), f"{path}: {target}"
            if parts.fragment:
                assert parts.fragment in ids[found.resolve().relative_to(site.resolve()).as_posix()], (
                    f"{path}: {target}"
                )


def test_no_file_makes_a_request_or_runs_a_script(site: Path, documents: dict[str, html.HtmlElement]) -> None:
    """No scheme in any style sheet, no script, no handler, no inline style, and the policy that forbids them."""
    for sheet in (site / "assets").glob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert not re.search(r"https?:|url\(|@import|@font-face|GDS Transport", text)
    for path, document in documents.items():
        assert document.xpath("string(//meta[@http-equiv='Content-Security-Policy']/@content)") == POLICY, path
        assert not document.xpath(
            "//script | //iframe | //object | //form | //@style | //@*[starts-with(name(), 'on')]"
        )
        assert not re.search(r"https?:", (site / path).read_text(encoding="utf-8")), path


def test_every_page_has_its_bones(documents: dict[str, html.HtmlElement]) -> None:
    """Language, one title and h1 of its own, headings without gaps, a skip link to a main part, unique ids."""
    titles = [document.xpath("string(//title)") for document in documents.values()]
    assert len(set(titles)) == len(titles)
    for path, document in documents.items():
        assert document.get("lang") == "en"
        assert document.xpath("count(//h1)") == 1
        levels = [int(heading.tag[1]) for heading in document.xpath("//h1|//h2|//h3|//h4")]
        assert all(after - before <= 1 for before, after in pairwise(levels)), path
        assert document.xpath("//a[@class='govuk-skip-link']/@href") == ["#main-content"]
        ids = document.xpath("//@id")
        assert len(set(ids)) == len(ids), path


def test_every_table_has_a_caption_and_scopes(documents: dict[str, html.HtmlElement]) -> None:
    """Each row begins with its header, each column has one."""
    tables = [table for document in documents.values() for table in document.xpath("//table")]
    assert tables
    for table in tables:
        assert table.xpath("string(caption)").strip()
        assert all(cell.get("scope") == "col" for cell in table.xpath("thead//th"))
        assert all(row[0].tag == "th" and row[0].get("scope") == "row" for row in table.xpath("tbody/tr"))
        columns = len(table.xpath("thead/tr/th"))
        assert all(len(row) == columns for row in table.xpath("tbody/tr"))


def test_every_chart_states_its_finding_and_has_its_table(documents: dict[str, html.HtmlElement]) -> None:
    """A title and a description with the figures; drawings beside a row's own numbers are hidden from readers."""
    for path, document in documents.items():
        charts = document.xpath("//*[local-name()='svg'][@role='img']")
        for chart in charts:
            assert chart.xpath("string(*[local-name()='title'])"), path
            assert re.search(r"\d", chart.xpath("string(*[local-name()='desc'])")), path
        if charts:
            assert document.xpath("//table"), path
        for drawing in document.xpath("//*[local-name()='svg'][not(ancestor::*[local-name()='svg'])][not(@role)]"):
            assert drawing.get("aria-hidden") == "true", path


def _luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_marks_stand_out_from_the_page(documents: dict[str, html.HtmlElement]) -> None:
    """WCAG 1.4.11: every mark's colour has a contrast of at least 3 on white (axis lines included); 4.5 for text."""
    colours = {
        colour for document in documents.values() for colour in document.xpath("//@fill | //@stroke") if "#" in colour
    } - {"#ffffff"}
    assert colours
    for colour in colours:
        assert 1.05 / (_luminance(colour) + 0.05) >= 4.5, colour


def test_a_figure_always_stands_with_its_interval_and_its_councils(documents: dict[str, html.HtmlElement]) -> None:
    """On the first page each card holds the interval and how many councils are in it."""
    for card in documents["index.html"].xpath("//li[@class='newlyn-card']"):
        words = " ".join(card.text_content().split())
        assert re.search(r"between −?[\d.,]+%? and −?\d|Not available", words), words
        assert re.search(r"\d of 153 councils", words), words


def test_wording_promises_no_league_table(documents: dict[str, html.HtmlElement]) -> None:
    """Councils stand by name; no rank, best or worst; the four words and the symbols are explained."""
    for path, document in documents.items():
        text = document.xpath("string(//main)")
        assert not re.search(
            r"\b(best|worst|top \d|bottom \d|ranked \d|outperform\w*|underperform\w*)\b", text, re.I
        ), path
        for table in document.xpath("//table[thead/tr/th[1][text()='Council']]"):
            names = [row[0].text_content().strip() for row in table.xpath("tbody/tr")]
            assert names == sorted(names), path
    methods = documents["methods.html"].xpath("string(//main)")
    for word in ("Too uncertain to say", "Too few", "Not available", "discrete Gaussian", "rho", "epsilon"):
        assert word.lower() in methods.lower()


def test_those_who_did_not_answer_are_named(documents: dict[str, html.HtmlElement]) -> None:
    """144 of 153 councils are absent here, each by name, without a reason."""
    coverage = documents["coverage.html"].xpath("string(//main)").replace("St. Helens", "St Helens")
    absent = [name for line in re.findall(r"Not answered: ([^.]*)\.", coverage) for name in line.split("; ")]
    assert "9 of 153 councils answered" in coverage
    assert len(absent) == 144
    assert "Darlington" in absent and "Birmingham" not in absent


def test_the_same_benchmark_gives_the_same_bytes(site: Path, tmp_path: Path) -> None:
    """A second publication is the same to the last byte, and the manifest holds every file's digest."""
    publish(_federation().benchmark, tmp_path / "again")
    files = {path.relative_to(site) for path in site.rglob("*") if path.is_file()}
    assert files == {path.relative_to(tmp_path / "again") for path in (tmp_path / "again").rglob("*") if path.is_file()}
    assert all((site / name).read_bytes() == (tmp_path / "again" / name).read_bytes() for name in files)
    manifest = json.loads((site / "manifest.json").read_text(encoding="utf-8"))["sha256"]
    assert manifest == {
        name.as_posix(): hashlib.sha256((site / name).read_bytes()).hexdigest()
        for name in files
        if name.name != "manifest.json"
    }


def test_text_from_a_framework_is_text() -> None:
    """A title that looks like markup is shown, not obeyed."""
    framework = small_framework()
    hostile = framework.model_copy(
        update={
            "indicators": tuple(
                i.model_copy(update={"title": "<script>alert(1)</script>\"'>", "caveats": ("<img src=x>",)})
                for i in framework.indicators
            )
        }
    )
    federation = federate(hostile, [request_of(("healthy",), epsilon=1.0)], seed=1, councils=("202",))
    for path, page in Pages(federation.benchmark, STATUS).render():
        assert "<script" not in page and "<img" not in page, path


def test_what_the_figures_are_stands_on_every_page(tmp_path: Path) -> None:
    """The demo's made-up figures carry the names of real councils."""
    federation = federate(small_framework(), [request_of(("healthy",), epsilon=1.0)], seed=1, councils=("202",))
    publish(federation.benchmark, tmp_path / "site", "Every figure is made up.")
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) >= 5
    assert all("Every figure is made up." in page.read_text(encoding="utf-8") for page in pages)
    content = json.loads((tmp_path / "site" / "benchmark.json").read_text(encoding="utf-8"))
    assert content["status"] == "Every figure is made up."


def test_a_benchmark_of_one_council_and_of_all_is_published(tmp_path: Path) -> None:
    """The smallest and the largest England; with one council there is nobody to compare it with."""
    for councils in (("420",), None):
        request = request_of(("healthy", "score", "children"), epsilon=2.0)
        federation = federate(small_framework(), [request], seed=2, councils=councils, noise=no_noise)
        publish(federation.benchmark, tmp_path / "site")
    text = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert "All 153 councils answered." in text


def test_publishing_again_replaces_the_site_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Files of an earlier publication are gone, and no half-made folder lies beside it."""
    benchmark = federate(
        small_framework(), [request_of(("healthy",), epsilon=1.0)], seed=1, councils=("202",)
    ).benchmark
    publish(benchmark, tmp_path / "site")
    (tmp_path / "site" / "stale.html").write_text("old", encoding="utf-8")
    publish(benchmark, tmp_path / "site")
    assert not (tmp_path / "site" / "stale.html").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_a_failure_leaves_the_earlier_site_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole or not at all: the disk fills while the new site is written."""
    benchmark = federate(
        small_framework(), [request_of(("healthy",), epsilon=1.0)], seed=1, councils=("202",)
    ).benchmark
    publish(benchmark, tmp_path / "site")
    before = {path: path.read_bytes() for path in (tmp_path / "site").rglob("*") if path.is_file()}
    written = 0
    plain = Path.write_bytes

    def failing(path: Path, content: bytes) -> int:
        nonlocal written
        written += 1
        if written > 4:
            raise OSError(28, "No space left on device")
        return plain(path, content)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", failing)
        with pytest.raises(OSError, match="No space"):
            publish(benchmark, tmp_path / "site")
    assert {path: path.read_bytes() for path in (tmp_path / "site").rglob("*") if path.is_file()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_a_folder_that_is_not_a_site_is_not_replaced(tmp_path: Path) -> None:
    """`--out` mistyped as somebody's documents deletes nothing."""
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "letter.txt").write_text("dear", encoding="utf-8")
    benchmark = federate(
        small_framework(), [request_of(("healthy",), epsilon=1.0)], seed=1, councils=("202",)
    ).benchmark
    with pytest.raises(UsageProblem):
        publish(benchmark, tmp_path / "documents")
    assert (tmp_path / "documents" / "letter.txt").read_text(encoding="utf-8") == "dear"
