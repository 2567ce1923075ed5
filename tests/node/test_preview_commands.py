"""If these failed, reading what is asked would open children's records, or leave exact figures where others can read
them."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from node import offers
from node.cli import main
from node.errors import UnreadableReturn, UsageProblem
from node.preview_model import EXACT_WARNING
from node.returns import measure_returns
from tests.federation.canary_returns import write_canary_returns
from tests.node.previews import write_node
from tests.node.small_release import COLLECTION, COLLECTION_ID, FRAMEWORK, collection_of, load_small


@pytest.fixture(autouse=True)
def _small_framework(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "load_framework", load_small)


@pytest.fixture
def without_returns(tmp_path: Path) -> Path:
    """node.toml of a node whose folder of returns is not there."""
    return write_node(tmp_path, tmp_path / "nowhere", COLLECTION)


@pytest.fixture
def with_returns(tmp_path: Path) -> Path:
    """node.toml of a node that has returns."""
    return write_node(tmp_path, write_canary_returns(tmp_path / "returns"), COLLECTION)


def _preview(config: Path, *arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["preview", *map(str, arguments), "--config", str(config)])


def test_no_data_are_opened_to_read_what_is_asked(without_returns: Path, tmp_path: Path) -> None:
    """And they are as soon as exact figures are asked for: then the missing folder is in the way."""
    page = tmp_path / "plan.html"
    ran = _preview(without_returns, "--html", page)
    assert ran.exit_code == 0, ran.output
    assert COLLECTION_ID in page.read_text(encoding="utf-8")
    assert _preview(without_returns, "--with-exact").exit_code == UnreadableReturn.exit_code


def test_reading_leaves_the_ledger_as_it_is(without_returns: Path, tmp_path: Path) -> None:
    _preview(without_returns)
    ledger = tmp_path / "state" / "ledger.db"
    before = ledger.read_bytes()
    assert _preview(without_returns, COLLECTION_ID, "--format", "json").exit_code == 0
    assert ledger.read_bytes() == before


def test_the_page_with_exact_figures_is_for_its_owner_alone(with_returns: Path, tmp_path: Path) -> None:
    page = tmp_path / "plan.html"
    page.write_text("an older page that anybody may read", encoding="utf-8")
    page.chmod(0o644)
    ran = _preview(with_returns, COLLECTION_ID, "--html", page, "--with-exact")
    assert ran.exit_code == 0, ran.output
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert EXACT_WARNING.split(":")[0] in page.read_text(encoding="utf-8")


def test_exact_figures_are_those_of_measure_and_only_where_asked_for(with_returns: Path) -> None:
    def indicators(*arguments: str) -> list[dict[str, Any]]:
        ran = _preview(with_returns, "--format", "json", *arguments)
        assert ran.exit_code == 0, ran.output
        (collection,) = json.loads(ran.output)["collections"]
        return [one for release in collection["releases"] for one in release["indicators"]]

    assert [one["exact"] for one in indicators()] == [None] * 4
    exact = {one["id"]: one["exact"] for one in indicators("--with-exact")}
    asked = FRAMEWORK.model_copy(update={"indicators": tuple(one for one in FRAMEWORK.indicators if one.id in exact)})
    figures = measure_returns(with_returns.parent / "returns", 2025, asked, council_code="301")
    for name, shown in exact.items():
        figure = figures[name].as_json()
        assert shown == {"categories": None} | {key: figure[key] for key in ("numerator", "denominator", "value")}
    assert figures["children"].numerator


def test_the_terminal_warns_beside_exact_figures(with_returns: Path) -> None:
    plain, exact = _preview(with_returns), _preview(with_returns, "--with-exact")
    assert "Yours, exact" not in plain.output
    assert "Yours, exact" in exact.output
    assert EXACT_WARNING.split(":")[0] in exact.output


def test_a_page_is_of_one_collection(tmp_path: Path) -> None:
    config = write_node(tmp_path, tmp_path / "nowhere", COLLECTION, collection_of(id="2025-other"))
    page = tmp_path / "plan.html"
    ran = _preview(config, "--html", page)
    assert ran.exit_code == UsageProblem.exit_code
    assert "2025-other" in ran.output
    assert not page.exists()
    assert _preview(config, "2025-other", "--html", page).exit_code == 0


def test_before_anything_is_offered_there_is_no_page(tmp_path: Path) -> None:
    config = write_node(tmp_path, tmp_path / "nowhere")
    assert _preview(config).exit_code == 0
    ran = _preview(config, "--html", tmp_path / "plan.html")
    assert ran.exit_code == UsageProblem.exit_code
    assert "has not been offered" in ran.output


def test_a_page_that_cannot_be_written_is_told_without_a_fault(without_returns: Path, tmp_path: Path) -> None:
    ran = _preview(without_returns, "--html", tmp_path / "no such folder" / "plan.html")
    assert ran.exit_code == UsageProblem.exit_code
