"""A final publication that rests on provisional figures as well must say so, and be the surer for it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from coordinator import lifecycle
from coordinator.cli import main
from coordinator.collections import read_collection
from tests.coordinator.world import World, sealed_summary, summary_message

COUNCILS = ("202", "330", "816")
COLLECTION = """\
id = "{id}"
framework = "outcomes-2019"
reference_year = {year}
opens = {opens:%Y-%m-%d}
closes = {closes:%Y-%m-%d}

[[release]]
id = "headlines"
mode = "council"
indicators = ["cla_31_march"]
epsilon = 1.0
delta = 1e-7
"""


def _answered(world: World, folder: Path, collection_id: str, year: int = 2025, *, close: bool = True) -> None:
    """A collection that three councils have answered."""
    now = world.clock()
    path = folder / f"{collection_id}.toml"
    opens, closes = now - timedelta(days=1), now + timedelta(days=2)
    path.write_text(COLLECTION.format(id=collection_id, year=year, opens=opens, closes=closes), encoding="utf-8")
    compiled = read_collection(path)
    lifecycle.open_collection(world.store, compiled, world.signing_key, now)
    (plan,) = compiled.plans
    for code in COUNCILS:
        values, files = [1000] * plan.length, [f"ssda903@{year}"]
        member = world.enrol(code)
        message = summary_message(code, plan, world.clock.now.toordinal(), values=values, declared_files=files)
        world.service.submit(world.caller(member), sealed_summary(member, message))
    if close:
        lifecycle.close_collection(world.store, collection_id, now)


def _published(world: World, folder: Path, *options: str, code: int = 0) -> dict[str, Any]:
    site = folder / "site"
    arguments = ["publish", "final", "--dir", str(world.files.home), "--out", str(site), *options]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == code, result.output
    found: dict[str, Any] = json.loads((site / "benchmark.json").read_text()) if code == 0 else {}
    return found


def _width(benchmark: dict[str, Any]) -> float:
    (england,) = (e for e in benchmark["estimates"] if e["area_code"] == "E92000001")
    return float(england["privacy_upper"] - england["privacy_lower"])


def test_final_figures_with_provisional_ones_are_surer_and_say_so(world: World, tmp_path: Path) -> None:
    """Twice the noise of one release over the root of two; the JSON and the methods page name the other collection."""
    _answered(world, tmp_path, "provisional")
    world.clock.now += timedelta(hours=30)
    _answered(world, tmp_path, "final")
    alone = _published(world, tmp_path)
    assert alone["combined_with"] == []
    assert "what councils sent before" not in (tmp_path / "site" / "methods.html").read_text()
    both = _published(world, tmp_path, "--with", "provisional")
    assert both["combined_with"] == ["provisional"]
    assert "what councils sent before, over the same returns, for provisional" in (
        (tmp_path / "site" / "methods.html").read_text()
    )
    assert _width(both) == pytest.approx(_width(alone) / 2**0.5)


def test_only_a_closed_collection_over_the_same_returns_is_combined(world: World, tmp_path: Path) -> None:
    """One of another year, one that is still open, none at all: refused, and nothing is written."""
    _answered(world, tmp_path, "final")
    world.clock.now += timedelta(hours=30)
    _answered(world, tmp_path, "year-before", 2024)
    world.clock.now += timedelta(hours=30)
    _answered(world, tmp_path, "open", close=False)
    for other, code in (("year-before", 2), ("open", 22), ("nothing", 21), ("final", 2)):
        _published(world, tmp_path, "--with", other, code=code)
        assert not (tmp_path / "site").exists()
