"""What is measured can be read, compared and cross-referenced by a person or a program, before anything is collected.

If this failed, a performance lead would have to read TOML and SQL, and an author could change a definition unseen.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from lxml import etree, html

from coordinator.cli import main
from coordinator.publication.catalogue_pages import CataloguePages
from frameworks.catalogue import DATA, installed_frameworks, load_framework
from frameworks.crosswalk import members
from frameworks.model import DataType, Indicator


def _run(*arguments: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(main, ["framework", *arguments])
    assert result.exit_code == exit_code, result.output
    return result.output


def _json(*arguments: str) -> Any:
    return json.loads(_run(*arguments, "--format", "json"))


def test_show_lists_every_indicator_of_a_framework_with_all_that_a_reader_must_know() -> None:
    framework = load_framework("outcomes-2019")
    shown = _json("show", "outcomes-2019")
    assert {one["id"] for one in shown["indicators"]} == {one.id for one in members(framework)}
    for one in shown["indicators"]:
        assert {"data_type", "question", "domain", "polarity", "unit", "availability", "england"} <= one.keys()
        assert one["needs_in_words"]


def test_show_filters_by_data_type_and_names_the_needs_of_one_indicator() -> None:
    kinds = {one["data_type"] for one in _json("show", "--data-type", "longitudinal")["indicators"]}
    assert kinds == {"longitudinal"}
    text = _run("show", "--indicator", "rereferral_12m_children")
    assert "CIN census (this year and the year before)" in text
    assert "SELECT" in text


def test_each_indicator_of_each_framework_can_be_shown() -> None:
    for name in installed_frameworks():
        for one in members(load_framework(name)):
            assert one.title in _run("show", name, "--indicator", one.id)


def test_a_version_in_a_folder_can_be_compared_with_the_installed_one(tmp_path: Path) -> None:
    (tmp_path / "definitions").symlink_to(DATA / "definitions")
    text = (DATA / "outcomes-2019.toml").read_text(encoding="utf-8")
    changed = text.replace('title = "Referrals and assessments"', 'title = "Front door"')
    assert changed != text
    (tmp_path / "outcomes-2019.toml").write_text(changed, encoding="utf-8")
    found = _json("diff", "outcomes-2019", str(tmp_path / "outcomes-2019.toml"))
    assert {one["change"] for one in found} == {"moved"}
    assert {"referrals", "assessment_45wd"} <= {one["id"] for one in found}
    assert _run("diff", "outcomes-2019", "outcomes-2019").strip() == "Nothing differs."


def test_the_crosswalk_says_where_an_indicator_sits_in_each_framework() -> None:
    (row,) = _json("crosswalk", "--indicator", "cpp_repeat_12m")
    assert set(row["frameworks"]) == set(installed_frameworks())
    assert "cpp_repeat_12m" in _run("crosswalk", "--indicator", "cpp_repeat_12m")


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "no-such-framework"),
        ("show", "outcomes-2019", "--indicator", "no_such_indicator"),
        ("crosswalk", "--indicator", "no_such_indicator"),
        ("diff", "outcomes-2019", "nowhere/outcomes-2019.toml"),
    ],
)
def test_what_is_not_there_is_said_with_what_to_do_next(arguments: tuple[str, ...]) -> None:
    said = _run(*arguments, exit_code=2).strip().splitlines()
    assert len(said) == 2


def _pages() -> dict[str, str]:
    return dict(CataloguePages([load_framework(name) for name in installed_frameworks()]).render())


def test_the_catalogue_has_a_page_for_each_indicator_and_no_link_leads_nowhere() -> None:
    pages = _pages()
    for name in installed_frameworks():
        for one in members(load_framework(name)):
            assert f"indicators/{one.id}.html" in pages
    for path, text in pages.items():
        tree: Any = html.fromstring(text)
        for link in tree.xpath("//a/@href"):
            if link.startswith("#"):
                assert tree.xpath(f"//*[@id='{link[1:]}']")
                continue
            target = (Path(path).parent / link).as_posix()
            while ".." in target:
                target = re.sub(r"[^/]+/\.\./", "", target, count=1) if not target.startswith("../") else target[3:]
            assert target in pages, (path, link)


def test_a_proxy_is_marked_wherever_its_title_stands_in_the_catalogue() -> None:
    pages = _pages()
    framework = load_framework("outcomes-2019")
    proxies = [one for one in framework.indicators if one.data_type is DataType.PROXY]
    assert len(proxies) > 20
    for one in proxies:
        assert isinstance(one, Indicator)
        page = pages[f"indicators/{one.id}.html"]
        assert "Proxy" in page
        assert etree.tostring(html.fromstring(page), method="text", encoding="unicode").count(one.proxy_for or "?") == 1
        for overview in ("crosswalk.html", "frameworks/outcomes-2019.html"):
            overviewed: Any = html.fromstring(pages[overview])
            around = overviewed.xpath(f"//a[contains(@href, 'indicators/{one.id}.html')]/..")
            texts = [etree.tostring(cell, method="text", encoding="unicode") for cell in around]
            assert texts
            assert all("Proxy" in text for text in texts)


def test_the_catalogue_is_written_whole_and_needs_no_network(tmp_path: Path) -> None:
    out = tmp_path / "catalogue"
    _run("page", "--out", str(out))
    first = (out / "manifest.json").read_bytes()
    _run("page", "--out", str(out))
    assert (out / "manifest.json").read_bytes() == first
    for page in out.rglob("*.html"):
        assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", page.read_text(encoding="utf-8"))
