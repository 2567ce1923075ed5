"""If this fails, a council whose system writes the same returns in another way gets other figures, and nobody knows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deploy.demo.generator import Files, council_like_england, write_files
from deploy.demo.generator.noise import add_noise
from deploy.demo.generator.noise_kinds import CSV_NOISE, XML_NOISE, Noise
from frameworks.catalogue import load_framework
from frameworks.tables import TABLES
from node.engines.duckdb_engine import DuckDbEngine
from node.returns import measure_returns
from node.sources.inventory import take_inventory
from node.sources.reading import read_returns

YEAR = 2025
YEARS = range(YEAR - 2, YEAR + 1)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clean")
    write_files(council_like_england(9_000), folder, YEARS, tuple(Files), seed=21)
    return folder


@pytest.fixture(scope="module")
def clean_reading(clean: Path) -> dict[str, object]:
    return reading(clean)


@pytest.fixture(scope="module")
def clean_figures(clean: Path) -> dict[str, object]:
    return figures(clean)


def reading(folder: Path) -> dict[str, object]:
    """What the node makes of a folder: what is available, and every child-level table, of which figures are made."""
    with DuckDbEngine.create(YEAR) as engine:
        report = read_returns(engine, take_inventory(folder, YEAR), YEAR)
        tables = {name: engine.rows(f"SELECT * FROM {name} ORDER BY ALL", "a test") for name in TABLES}
    assert not report.file_faults
    return {"available": report.available, **tables}


def figures(folder: Path) -> dict[str, object]:
    measured = measure_returns(folder, YEAR, load_framework("outcomes-2019"))
    return {indicator: figure.as_json() for indicator, figure in measured.items()}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def copy(clean: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(clean, tmp_path / "returns"))


def test_there_is_something_to_lose(clean_reading: dict[str, object]) -> None:
    tables = {name: clean_reading[name] for name in TABLES}
    assert [name for name, rows in tables.items() if not rows] == []


@pytest.mark.parametrize("kind", Noise)
def test_a_kind_of_noise_changes_the_files_and_nothing_that_is_read(
    clean: Path, copy: Path, clean_reading: dict[str, object], kind: Noise
) -> None:
    add_noise(copy, 3, [kind], share=1)
    before, after = contents(clean), contents(copy)
    for suffix, possible in ((".csv", CSV_NOISE), (".xml", XML_NOISE)):
        of_suffix = [name for name in before if name.endswith(suffix)]
        changed = [name for name in of_suffix if after.get(name) != before[name]]
        assert bool(changed) == (kind in possible), suffix
    assert reading(copy) == clean_reading


@pytest.mark.parametrize("seed", range(4))
def test_all_kinds_together_change_nothing_that_is_read(
    clean: Path, copy: Path, clean_reading: dict[str, object], seed: int
) -> None:
    add_noise(copy, seed)
    untouched = contents(clean).items() & contents(copy).items()
    assert len(untouched) < len(contents(clean)) / 10
    assert reading(copy) == clean_reading


def test_all_kinds_together_change_no_figure(copy: Path, clean_figures: dict[str, object]) -> None:
    add_noise(copy, 17)
    assert figures(copy) == clean_figures


def test_every_encoding_occurs(copy: Path) -> None:
    add_noise(copy, 1, [Noise.ENCODING], share=1)
    data = contents(copy).values()
    assert any(one.startswith(b"\xef\xbb\xbf") for one in data)
    assert any(one.startswith(b"\xff\xfe") for one in data)
    assert any(one.startswith(b"\xfe\xff") for one in data)
    assert any(b"Caf\xe9" in one for one in data)


def test_the_same_seed_makes_the_same_noise(clean: Path, tmp_path: Path) -> None:
    made = []
    for name, seed in (("one", 5), ("same", 5), ("other", 6)):
        folder = Path(shutil.copytree(clean, tmp_path / name))
        add_noise(folder, seed)
        made.append(contents(folder))
    assert made[0] == made[1] != made[2]
