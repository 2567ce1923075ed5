"""If this failed, a power cut could make a council pay twice, or send two samples of one release (whose difference
tells more than was paid for).

The node is killed (SIGKILL) before and after every statement that the ledger executes, from a signed approval to a
raised limit and a repair, while measuring, before and after sampling, and before and after sending; then it is started
again. That a commit is on the disk, which no kill can
show, is counted in test_ledger_storage.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.node.crashes import HIGHER

ROOT = Path(__file__).resolve().parents[2]


def _crashes(folder: Path, *options: str) -> list[dict[str, Any]]:
    found = subprocess.run(
        [sys.executable, "-m", "tests.node.crashes", str(folder), *options],
        check=True,
        cwd=ROOT,
        capture_output=True,
        timeout=300,
    )
    outcomes: list[dict[str, Any]] = json.loads(found.stdout)
    return outcomes


def test_killed_at_any_moment_a_release_is_charged_once_and_sent_as_the_same_bytes(tmp_path: Path) -> None:
    outcomes = _crashes(tmp_path)
    assert len(outcomes) > 120, "the kills reached every statement of a release"
    for moment, outcome in enumerate(outcomes, start=1):
        assert outcome["arrived"], moment
        assert len(set(outcome["arrived"])) == 1, moment
        assert outcome["spent"] == HIGHER.year_units, "the charge once, and by the repair what was left of the year"
        assert outcome["kinds"] == [
            *("decision", "limit", "reserved", "stored", "acknowledged"),
            *("limit", "repaired"),
        ], moment
        assert (outcome["faults"], outcome["acknowledged"]) == ([], True), moment
    assert any(len(outcome["arrived"]) == 2 for outcome in outcomes), "some kills came between sending and recording"


def test_control_a_door_that_sends_before_it_stores_sends_two_samples(tmp_path: Path) -> None:
    assert any(len(set(outcome["arrived"])) > 1 for outcome in _crashes(tmp_path, "forgetful"))
