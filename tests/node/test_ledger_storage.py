"""If these failed, a full disk, a failing one or a power cut could lose a charge, or send bytes that are not stored.

kill -9 cannot see a missing fsync, so commits are counted against the calls that reach the kernel.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from node import ledger as ledger_module
from node.errors import StorageFailed
from node.ledger_file import connect
from node.policy import Limits
from tests.node.failing_writes import FAILED, FAILING
from tests.node.faulty_storage import FailsAt, every_statement
from tests.node.small_release import COLLECTION_ID, PLAN, door_of, open_ledger, prepare

ROOT = Path(__file__).resolve().parents[2]
COMMITS = 20


def _whole_life(folder: Path) -> list[bytes]:
    """Opens the ledger, approves, charges, stores and acknowledges; gives what would be sent."""
    with open_ledger(folder) as ledger:
        ledger.record_decision(COLLECTION_ID, PLAN.release_id, PLAN.plan_hash, "approved", "A. Caldicott (invented)")
        prepare(door_of(ledger))
        return [stored.envelope for stored in door_of(ledger).outgoing()]


def _assert_sound(folder: Path, sent_before: list[bytes]) -> None:
    sent = _whole_life(folder)
    assert len(sent) == 1
    assert sent_before in ([], sent)
    with open_ledger(folder) as ledger:
        assert ledger.verify() == ()
        assert ledger.spent_for_life() == PLAN.rho_units


@pytest.mark.parametrize("lasting", [1, 1000], ids=["a single fault", "a lasting fault"])
def test_a_fault_at_any_statement_is_an_error_and_loses_nothing(tmp_path: Path, lasting: int) -> None:
    for n in count(1):
        folder = tmp_path / str(n)
        fault = FailsAt(n, lasting)
        sent: list[bytes] = []
        with every_statement(fault):
            try:
                sent = _whole_life(folder)
            except StorageFailed as error:
                assert "charged once" in error.next_step
        _assert_sound(folder, sent)
        if fault.seen < n:
            break
    assert n > 40, "the faults reached every statement of a release"


@pytest.mark.parametrize("undone", [True, False], ids=["undone", "not even undone"])
def test_what_was_not_committed_is_never_sent_by_the_ledger_that_is_still_open(tmp_path: Path, undone: bool) -> None:
    failing: set[str] = set()

    def watch(moment: str, statement: str) -> None:
        if moment == "before" and statement in failing:
            raise sqlite3.OperationalError("disk I/O error")

    with every_statement(watch), open_ledger(tmp_path) as ledger:
        ledger.reserve(COLLECTION_ID, "a", PLAN.plan_hash, 1, policy=Limits(10, 10))
        failing |= {"COMMIT"} if undone else {"COMMIT", "ROLLBACK"}
        with pytest.raises(StorageFailed):
            ledger.store(COLLECTION_ID, "a", PLAN.plan_hash, b"bytes")
        failing.clear()
        try:
            assert ledger.pending() == ()
        except StorageFailed:
            assert not undone
    with open_ledger(tmp_path) as ledger:
        assert not ledger.is_stored(COLLECTION_ID, "a")


def test_a_full_disk_is_an_error_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database may grow to so many pages and no further: to too few for a release, and to enough."""
    finished = 0
    for pages in range(1, 25):
        folder = tmp_path / str(pages)
        sent: list[bytes] = []
        with monkeypatch.context() as patch:
            patch.setattr(ledger_module, "connect", lambda path, pages=pages: _connect_limited(path, pages))
            try:
                sent = _whole_life(folder)
                finished += 1
            except StorageFailed as error:
                assert "full" in error.problem
        _assert_sound(folder, sent)
    assert 0 < finished < 24


def _connect_limited(path: Path, pages: int) -> sqlite3.Connection:
    connection = connect(path)
    connection.execute(f"PRAGMA max_page_count = {pages}")
    return connection


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StorageFailed), open_ledger(tmp_path / "file"):
        pass


@pytest.mark.parametrize("lasting", ["", "+"], ids=["once", "from then on"])
@pytest.mark.parametrize(
    ("syscall", "fault", "turns", "reached"),
    [
        ("pwrite64", "ENOSPC", 100, 35),
        ("pwrite64", "EIO", 100, 35),
        ("fdatasync", "EIO", 20, 8),
        ("ftruncate", "EIO", 9, 1),
    ],
)
def test_a_fault_in_any_call_that_writes_is_an_error_and_loses_nothing(
    tmp_path: Path, syscall: str, fault: str, turns: int, reached: int, lasting: str
) -> None:
    """Every call in turn that a release makes on the ledger's files, failed by the kernel and not by a stand-in."""
    if shutil.which("strace") is None:
        assert os.environ.get("CI") != "true", "strace is not installed: no call of the ledger has failed here"
        print("strace is not installed: only statements have failed here, and no calls")
        return
    trace = tmp_path / "trace"
    inject = f"inject={syscall}:error={fault}:when={FAILING}{lasting}"
    run = subprocess.run(
        [
            *("strace", "-f", "--seccomp-bpf", "-y", "-e", f"trace={syscall}", "-e", inject, "-o", str(trace)),
            *(sys.executable, "-m", "tests.node.failing_writes", str(tmp_path), syscall, str(turns)),
        ],
        check=True,
        cwd=ROOT,
        capture_output=True,
        timeout=300,
    )
    outcomes = json.loads(run.stdout)
    for turn, outcome in enumerate(outcomes, start=1):
        assert outcome["exit_code"] in (0, FAILED), turn
        assert len(set(outcome["arrived"])) == 1, turn
        assert (outcome["spent"], outcome["faults"], outcome["acknowledged"]) == (PLAN.rho_units, [], True), turn
    failed = [line for line in trace.read_text().splitlines() if "INJECTED" in line and "ledger.db" in line]
    assert len(failed) >= reached
    assert lasting or len(failed) < turns
    assert outcomes[-1]["exit_code"] == 0, "the turns went beyond the last call of a release"
    assert any(outcome["exit_code"] == FAILED for outcome in outcomes)


_COMMITS = f"""
import sys
from pathlib import Path
from node.policy import Limits
from tests.node.small_release import open_ledger
with open_ledger(Path(sys.argv[1])) as ledger:
    ledger._connection.execute("PRAGMA synchronous = " + sys.argv[2])
    for number in range({COMMITS}):
        ledger.reserve("2025-test", f"release-{{number}}", bytes(32), 1, policy=Limits(100, 100))
"""


def _calls_that_reach_the_disk(folder: Path, synchronous: str) -> int:
    """fsync and fdatasync calls on the ledger's files while it commits COMMITS charges."""
    trace = folder / "trace"
    folder.mkdir()
    subprocess.run(
        [
            *("strace", "-f", "-y", "-e", "trace=fsync,fdatasync", "-o", str(trace)),
            *(sys.executable, "-c", _COMMITS, str(folder), synchronous),
        ],
        check=True,
        cwd=ROOT,
        timeout=120,
    )
    return len(re.findall(r"\b(?:fsync|fdatasync)\(\d+<[^>]*ledger\.db", trace.read_text()))


def test_every_commit_reaches_the_disk_and_with_less_than_full_it_would_not(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        assert ledger._connection.execute("PRAGMA synchronous").fetchall() == [(2,)]
        assert ledger._connection.execute("PRAGMA journal_mode").fetchall() == [("wal",)]
    if shutil.which("strace") is None:
        assert os.environ.get("CI") != "true", "strace is not installed: nothing here has seen a commit reach the disk"
        print("strace is not installed: only the ledger's settings were checked")
        return
    assert _calls_that_reach_the_disk(tmp_path / "full", "FULL") >= COMMITS
    for control in ("NORMAL", "OFF"):
        assert _calls_that_reach_the_disk(tmp_path / control, control) < COMMITS
