"""If these failed, a power cut that tears the ledger's files could lose a charge for a summary that had been sent, or
leave half an entry that passes for a whole one.

A history of committed entries is recorded with the files as they lie on the disk. Then they are cut, or lose a sector,
at every multiple of 512 bytes, and are opened again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from node.errors import LedgerDamaged, LedgerRolledBack
from node.ledger_entries import Entry, LedgerHead
from node.policy import Limits
from tests.node.small_release import open_ledger

SECTOR = 512
AGREED, HIGHER = Limits(100, 1000), Limits(150, 1000)
BY = "A. Caldicott (invented)"
PLAN_HASH = bytes(range(32))


@dataclass(frozen=True)
class History:
    """What was committed, step by step; the files afterwards; the last head sent, and how many entries then."""

    states: tuple[tuple[Entry, ...], ...]
    database: bytes
    log: bytes
    sent: LedgerHead
    entries_when_sent: int


def _recorded(folder: Path, *, checkpointed: bool) -> History:
    """With everything in the write-ahead log, or, once the ledger is closed, in the database itself."""
    states: list[tuple[Entry, ...]] = [()]
    with open_ledger(folder) as ledger:
        for release in ("a", "b"):
            ledger.record_decision("2025-test", release, PLAN_HASH, "approved", BY)
            states.append(ledger.entries())
            ledger.reserve("2025-test", release, PLAN_HASH, 40, policy=AGREED)
            states.append(ledger.entries())
            ledger.store("2025-test", release, PLAN_HASH, release.encode() * 5000)
            states.append(ledger.entries())
            sent, entries_when_sent = ledger.known_heads()[-1], len(ledger.entries())
            ledger.acknowledge("2025-test", release, bytes(32))
            states.append(ledger.entries())
        ledger.raise_limits(HIGHER, BY)
        states.append(ledger.entries())
        files = [(folder / name).read_bytes() for name in ("ledger.db", "ledger.db-wal")]
    if checkpointed:
        files = [(folder / "ledger.db").read_bytes(), b""]
    return History(tuple(states), files[0], files[1], sent, entries_when_sent)


def _cuts(content: bytes) -> Iterator[bytes]:
    return (content[:length] for length in range(0, len(content), SECTOR))


def _lost_sectors(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), SECTOR):
        yield content[:start] + bytes(len(content[start : start + SECTOR])) + content[start + SECTOR :]


def _opened(folder: Path, database: bytes, log: bytes) -> tuple[Entry, ...] | None:
    """The entries of a sound ledger in these files, or None where it says that it is damaged."""
    folder.mkdir()
    (folder / "ledger.db").write_bytes(database)
    if log:
        (folder / "ledger.db-wal").write_bytes(log)
    try:
        with open_ledger(folder) as ledger:
            return None if ledger.verify() else ledger.entries()
    except LedgerDamaged:
        return None


def _assert_caught(folder: Path, history: History, entries: tuple[Entry, ...]) -> None:
    """A ledger that lost what was sent does not know the head that the coordinator remembers."""
    with open_ledger(folder) as ledger:
        if len(entries) >= history.entries_when_sent:
            ledger.check_remembered(history.sent.sequence, history.sent.hash)
        else:
            with pytest.raises(LedgerRolledBack):
                ledger.check_remembered(history.sent.sequence, history.sent.hash)


@pytest.mark.parametrize("checkpointed", [False, True], ids=["in the log", "in the database"])
def test_files_cut_anywhere_hold_a_committed_history_or_say_that_they_are_damaged(
    tmp_path: Path, checkpointed: bool
) -> None:
    history = _recorded(tmp_path / "whole", checkpointed=checkpointed)
    whole = (history.database, history.log)
    torn = [(history.database, log) for log in _cuts(history.log)]
    torn += [(database, history.log) for database in _cuts(history.database)]
    reached = set()
    for number, (database, log) in enumerate([whole, *torn]):
        entries = _opened(tmp_path / str(number), database, log)
        if number == 0:
            assert entries == history.states[-1], "what was committed is there while the files are whole"
        if entries is not None:
            assert entries in history.states
            reached.add(len(entries))
            _assert_caught(tmp_path / str(number), history, entries)
    if not checkpointed:
        assert reached == {len(state) for state in history.states}, "the cuts came between any two commits"


@pytest.mark.parametrize("checkpointed", [False, True], ids=["in the log", "in the database"])
def test_a_sector_lost_anywhere_hides_no_entry_behind_a_sound_ledger(tmp_path: Path, checkpointed: bool) -> None:
    history = _recorded(tmp_path / "whole", checkpointed=checkpointed)
    torn = [(history.database, log) for log in _lost_sectors(history.log)]
    torn += [(database, history.log) for database in _lost_sectors(history.database)]
    noticed = 0
    for number, (database, log) in enumerate(torn):
        entries = _opened(tmp_path / str(number), database, log)
        if entries is None:
            noticed += 1
        else:
            assert entries in history.states
            _assert_caught(tmp_path / str(number), history, entries)
    if checkpointed:
        assert noticed > len(torn) / 3
