"""If these failed, two commands at once could undo each other, an answer could be lost with the power, or software
could work on tables that it does not know."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, select, text, update

from coordinator.errors import CoordinatorError, NotACoordinator, StorageFailed
from coordinator.store import members, schema
from coordinator.store.database import Store, create_store, open_store

_PATIENCE_SECONDS = 0.5


def _count_up(tx: Connection, meanwhile: Callable[[], None]) -> None:
    """Reads, lets others come in between if they can, and writes one more."""
    seen = tx.execute(select(schema.councils.c.last_seen)).scalar_one()
    meanwhile()
    tx.execute(update(schema.councils).values(last_seen=seen + 1))


def _two_at_once(run: Callable[[Callable[[Connection], None]], None]) -> None:
    meeting = threading.Barrier(2)

    def meanwhile() -> None:
        try:
            meeting.wait(_PATIENCE_SECONDS)
        except threading.BrokenBarrierError:
            return

    threads = [threading.Thread(target=run, args=(lambda tx: _count_up(tx, meanwhile),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _zero(tx: Connection) -> None:
    members.add_council(tx, "301", "An invented council")
    tx.execute(update(schema.councils).values(last_seen=0))


def _counted(tx: Connection) -> int:
    return int(tx.execute(select(schema.councils.c.last_seen)).scalar_one())


def test_two_transactions_never_overtake_each_other(tmp_path: Path) -> None:
    first, second = create_store(tmp_path / "a.sqlite"), open_store(tmp_path / "a.sqlite")
    first.run_tx("zero", _zero)
    stores = iter((first, second))
    _two_at_once(lambda work: next(stores).run_tx("count", work))
    assert first.read("counted", _counted) == 2
    first.close()
    second.close()


def test_positive_control_the_drivers_own_transactions_lose_an_update_silently(tmp_path: Path) -> None:
    store = create_store(tmp_path / "a.sqlite")
    store.run_tx("zero", _zero)
    plain: Engine = create_engine(f"sqlite:///{tmp_path / 'a.sqlite'}")

    def run(work: Callable[[Connection], None]) -> None:
        with plain.begin() as tx:
            work(tx)

    _two_at_once(run)
    assert store.read("counted", _counted) == 1
    plain.dispose()
    store.close()


def test_a_transaction_is_stored_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    store = create_store(tmp_path / "a.sqlite")

    def fail(tx: Connection) -> None:
        members.add_council(tx, "301", "An invented council")
        raise KeyError

    with pytest.raises(KeyError):
        store.run_tx("fail", fail)
    assert store.read("list", members.list_councils) == []
    store.close()


def test_a_reader_cannot_hold_up_a_writer(tmp_path: Path) -> None:
    store = create_store(tmp_path / "a.sqlite")

    def read(tx: Connection) -> int:
        before = len(members.list_councils(tx))
        store.run_tx("meanwhile", lambda writing: members.add_council(writing, "301", "An invented council"))
        return before + len(members.list_councils(tx))

    assert store.read("snapshot", read) == 0
    store.close()


def test_a_failing_database_is_an_error_with_the_transactions_name_and_no_content(tmp_path: Path) -> None:
    store = create_store(tmp_path / "a.sqlite")
    with pytest.raises(StorageFailed) as caught:
        store.run_tx("break", lambda tx: tx.execute(text("INSERT INTO councils (code) VALUES ('canary')")))
    assert "'break'" in str(caught.value)
    assert "canary" not in str(caught.value)
    store.close()


_COMMITS = 20
_SCRIPT = f"""
import sys
from pathlib import Path
from coordinator.store.database import create_store
from coordinator.store.members import add_council
store = create_store(Path(sys.argv[1]))
for number in range({_COMMITS}):
    store.run_tx("add", lambda tx: add_council(tx, "301", str(number)))
"""


def _syncs(script: str, path: Path) -> int:
    trace = path.with_suffix(".trace")
    subprocess.run(
        [*("strace", "-f", "-e", "trace=fsync,fdatasync", "-o", trace), sys.executable, "-c", script, path],
        check=True,
        capture_output=True,
    )
    return sum("sync(" in line for line in trace.read_text().splitlines())


def test_a_commit_is_set_to_reach_the_disk(tmp_path: Path) -> None:
    store = create_store(tmp_path / "a.sqlite")
    settings = [
        store.read("settings", lambda tx, name=name: tx.exec_driver_sql(f"PRAGMA {name}").scalar())  # type: ignore[misc]
        for name in ("synchronous", "journal_mode", "foreign_keys")
    ]
    assert settings == [2, "wal", 1]
    store.close()


def test_every_commit_is_on_the_disk_before_it_is_answered(tmp_path: Path) -> None:
    """A kill shows nothing of this: only the system calls do. The control leaves the synchronising out."""
    if shutil.which("strace") is None:
        assert os.environ.get("CI") != "true", "strace is not installed: nothing here has seen a commit reach the disk"
        print("strace is not installed: only the database's settings were checked")
        return
    assert _syncs(_SCRIPT, tmp_path / "full.sqlite") >= _COMMITS
    careless = _SCRIPT.replace("from pathlib", "import coordinator.store.database as database\nfrom pathlib").replace(
        "store = ", "database.SYNCHRONOUS = 'NORMAL'\nstore = "
    )
    assert _syncs(careless, tmp_path / "normal.sqlite") < _COMMITS


def test_unknown_schema_versions_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    store = create_store(path)
    for version in (schema.SCHEMA_VERSION + 1, schema.SCHEMA_VERSION - 1):
        changed = update(schema.schema_version).values(version=version)
        store.run_tx("version", partial(Connection.execute, statement=changed))
        with pytest.raises(StorageFailed, match=f"version {version}"):
            open_store(path)
    store.run_tx("version", lambda tx: tx.execute(schema.schema_version.delete()))
    with pytest.raises(StorageFailed, match="none"):
        open_store(path)
    store.close()


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough to be looked at as one" * 20])
def test_what_is_not_a_coordinators_database_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.sqlite"
    path.write_bytes(content)
    with pytest.raises(CoordinatorError):
        open_store(path)
    with pytest.raises(NotACoordinator):
        create_store(path)
    assert path.read_bytes() == content
    with pytest.raises(NotACoordinator):
        open_store(tmp_path / "nowhere.sqlite")


def test_the_database_is_the_operators_alone(tmp_path: Path) -> None:
    store: Store = create_store(tmp_path / "a.sqlite")
    store.run_tx("add", lambda tx: members.add_council(tx, "301", "An invented council"))
    for path in tmp_path.glob("a.sqlite*"):
        assert path.stat().st_mode & 0o077 == 0
    store.close()


def _batch(store: Store, works: list[Callable[[Connection], str]]) -> list[str | Exception]:
    """Runs the works in one batch: they queue while a first transaction holds the writer."""
    queued = threading.Event()
    outcomes: dict[int, str | Exception] = {}

    def run(place: int, work: Callable[[Connection], str]) -> None:
        try:
            outcomes[place] = store.run_tx(f"work {place}", work)
        except Exception as error:
            outcomes[place] = error

    threads = [threading.Thread(target=store.run_tx, args=("hold", lambda _: queued.wait()))]
    threads += [threading.Thread(target=run, args=each) for each in enumerate(works)]
    threads[0].start()
    while store._waiting or not store._writer.locked():
        time.sleep(0.001)
    for thread in threads[1:]:
        thread.start()
    while len(store._waiting) < len(works):
        time.sleep(0.001)
    queued.set()
    for thread in threads:
        thread.join()
    return [outcomes[place] for place in range(len(works))]


def _add(code: str) -> Callable[[Connection], str]:
    def work(tx: Connection) -> str:
        members.add_council(tx, code, "An invented council")
        return code

    return work


def test_transactions_that_are_committed_together_fail_alone(tmp_path: Path) -> None:
    def fail(tx: Connection) -> str:
        members.add_council(tx, "999", "An invented council")
        raise KeyError

    store = create_store(tmp_path / "a.sqlite")
    outcomes = _batch(store, [_add("301"), fail, _add("302")])
    assert outcomes[0] == "301"
    assert isinstance(outcomes[1], KeyError)
    assert outcomes[2] == "302"
    assert [council.code for council in store.read("list", members.list_councils)] == ["301", "302"]
    store.close()


def test_nobody_is_told_that_a_batch_is_stored_when_its_commit_failed(tmp_path: Path) -> None:
    def break_at_commit(tx: Connection) -> str:
        tx.execute(text("PRAGMA defer_foreign_keys=ON"))
        values = {"fingerprint": b"x", "council_code": "nobody", "revoked_at": 0}
        tx.execute(schema.revocations.insert().values(values))
        return "done"

    store = create_store(tmp_path / "a.sqlite")
    outcomes = _batch(store, [_add("301"), break_at_commit, _add("302")])
    assert all(isinstance(outcome, StorageFailed) for outcome in outcomes)
    assert store.read("list", members.list_councils) == []
    assert _batch(store, [_add("301")]) == ["301"]
    store.close()
