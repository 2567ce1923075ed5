"""If this fails, the first thing a newcomer runs does not work, or leaves a federation running behind their back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from click.testing import CliRunner

from deploy.demo.cli import main
from deploy.demo.truth import Truth, proportions_of_england
from frameworks.catalogue import load_framework

SMALL = ("--councils", "12", "--scale", "0.05", "--format", "json")


def demo(out: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "deploy.demo.cli", *SMALL, "--out", str(out), *options]


def processes_of(out: Path) -> Iterator[str]:
    """Command lines that name the demo's folder: every program of a demo does."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (OSError, UnicodeDecodeError):
                continue
            if str(out) in line:
                yield line


def test_a_federation_publishes_figures_that_hold_the_truth(tmp_path: Path) -> None:
    ended = subprocess.run(demo(tmp_path / "out"), capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    shown = json.loads(ended.stdout)
    assert len(shown["councils"]) == 12
    assert {headline["indicator"] for headline in shown["headlines"]} == {
        "rereferral_12m_children",
        "care_leaver_eet_19_21",
        "placements_3plus",
    }
    assert shown["proportions_shown"] >= 15
    assert shown["proportions_inside_privacy_interval"] >= 0.7 * shown["proportions_shown"]
    assert shown["compared_indicators"] > 0
    assert (len(shown["sum"]["councils"]), len(shown["sum"]["dropped"])) == (11, 1)
    error = shown["sum"]["error"]
    assert error["trusted_office_foreseen"] < error["secure_sum_foreseen"] < 1.06 * error["trusted_office_foreseen"]
    assert error["secure_sum"] < 5 * error["secure_sum_foreseen"]
    audit = shown["audit"]
    assert audit["is_recomputed"]
    assert (audit["counted"], audit["not_counted"]) == (shown["sum"]["councils"][:1], shown["sum"]["dropped"])
    assert Path(shown["site"]).exists()
    assert list(processes_of(tmp_path)) == []


def test_no_node_outlives_a_demo_that_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w", encoding="utf-8") as output:
        running = subprocess.Popen(demo(tmp_path / "out"), stdout=output, stderr=output, start_new_session=True)
    deadline = time.monotonic() + 300
    while not any("node.cli run" in line for line in processes_of(tmp_path / "out")):
        assert running.poll() is None, log.read_text(encoding="utf-8")
        assert time.monotonic() < deadline
        time.sleep(0.2)
    running.send_signal(signal.SIGKILL)
    running.wait(30)
    deadline = time.monotonic() + 30
    while left := list(processes_of(tmp_path / "out")):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def test_a_folder_that_is_not_the_demos_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    ended = CliRunner().invoke(main, ["--out", str(tmp_path)])
    assert ended.exit_code == 2
    assert "not made by the demo" in ended.output
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "years of work"


def test_a_figure_is_counted_only_where_an_interval_holds_the_truth() -> None:
    row = {
        "indicator_id": "placements_3plus",
        "area_code": "E92000001",
        "level": "",
        "value": 10.0,
        "lower": 8.0,
        "upper": 12.0,
        "privacy_lower": 9.0,
        "privacy_upper": 11.0,
    }
    published = {"estimates": [row, row | {"area_code": "E12000001"}, row | {"lower": None}, row | {"level": "male"}]}
    framework = load_framework("outcomes-2019")
    truth = {"placements_3plus": Truth(23, 200)}
    [figure] = proportions_of_england(framework, published, truth)
    assert (figure.truth, figure.within, figure.within_privacy) == (11.5, True, False)
    assert not list(proportions_of_england(framework, published, {"placements_3plus": Truth(0, 0)}))
