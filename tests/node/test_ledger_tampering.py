"""If these failed, somebody with the ledger's file could lower what was spent, and nobody would notice.

Each attack is made twice: as it is, and on a ledger without the guard, where it must succeed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from node.errors import LedgerDamaged, LedgerRolledBack
from node.ledger import Ledger
from node.ledger_entries import ENTRY_COLUMNS
from tests.node.small_release import (
    COLLECTION_ID,
    PLAN,
    collection_of,
    door_of,
    open_ledger,
    plan_of,
    prepare,
    request_of,
)

TRIGGERS = (
    "entry_added_at_the_end",
    "entry_never_changed",
    "entry_never_removed",
    "chain_key_given_once",
    "chain_key_never_changed",
    "chain_key_never_removed",
)


def _copied(kind: str, **changes: str) -> str:
    """SQL that selects all columns of the entries of a kind, but for the changes."""
    columns = [changes.get(name, name) for name in (*ENTRY_COLUMNS, "envelope")]
    return f"SELECT {', '.join(columns)} FROM entry WHERE kind = '{kind}'"


_INTO_ENTRY = f"INTO entry ({', '.join(ENTRY_COLUMNS)}, envelope)"
_AT_THE_END = "(SELECT max(sequence) FROM entry) + 1"

ATTACKS = {
    "lower a charge": "UPDATE entry SET rho_units = 1 WHERE kind = 'reserved'",
    "move a charge to another year": "UPDATE entry SET budget_year = 2020 WHERE kind = 'reserved'",
    "raise a limit": "UPDATE entry SET year_limit_units = 10 * year_limit_units WHERE kind = 'limit'",
    "turn a decision": "UPDATE entry SET decision = 'refused' WHERE kind = 'decision'",
    "remove everything": "DELETE FROM entry",
    "remove the last entry": "DELETE FROM entry WHERE sequence = (SELECT max(sequence) FROM entry)",
    "change the stored bytes": "UPDATE entry SET envelope = x'00' WHERE kind = 'stored'",
    "replace an entry at its number": f"INSERT OR REPLACE {_INTO_ENTRY} {_copied('reserved', rho_units='1')}",
    "replace a charge by a new entry": f"""INSERT OR REPLACE {_INTO_ENTRY}
        {_copied("reserved", sequence=_AT_THE_END, rho_units="1")}""",
    "leave a gap": f"INSERT {_INTO_ENTRY} {_copied('decision', sequence='sequence + 10')}",
    "change the key": "UPDATE chain_key SET key = zeroblob(32)",
    "remove the key": "DELETE FROM chain_key",
    "add a key": "INSERT INTO chain_key VALUES (zeroblob(32))",
}


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """A folder with a ledger in which one release is charged and stored."""
    with open_ledger(tmp_path) as ledger:
        ledger.record_decision(COLLECTION_ID, PLAN.release_id, PLAN.plan_hash, "approved", "A. Caldicott (invented)")
        prepare(door_of(ledger))
    return tmp_path


def _execute(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / "ledger.db", isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def _content(folder: Path) -> list[object]:
    with closing(sqlite3.connect(folder / "ledger.db")) as connection:
        return [connection.execute(f"SELECT * FROM {table}").fetchall() for table in ("entry", "chain_key")]


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_any_program_that_writes_to_the_file_can_only_add_at_the_end(released: Path, attack: str) -> None:
    before = _content(released)
    with pytest.raises(sqlite3.IntegrityError, match=r"append-only|has its key"):
        _execute(released, attack)
    assert _content(released) == before


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_control_without_the_triggers_each_attack_succeeds_and_verify_tells(released: Path, attack: str) -> None:
    before = _content(released)
    _execute(released, *(f"DROP TRIGGER {name}" for name in TRIGGERS), attack)
    assert _content(released) != before
    with open_ledger(released) as ledger:
        try:
            faults = ledger.verify()
        except LedgerDamaged as error:
            faults = (error.problem,)
    assert faults


def test_dropped_triggers_alone_are_noticed(released: Path) -> None:
    _execute(released, "DROP TRIGGER entry_never_changed")
    with open_ledger(released) as ledger:
        assert len(ledger.verify()) == 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE entry SET rho_units = rho_units - 1 WHERE kind = 'reserved'",
        "UPDATE entry SET year_limit_units = year_limit_units + 1 WHERE kind = 'reserved'",
        "UPDATE entry SET decided_by = 'somebody else' WHERE kind = 'decision'",
        "UPDATE entry SET decision = 'refused' WHERE kind = 'decision'",
        "UPDATE entry SET signer = zeroblob(32) WHERE kind = 'decision'",
        "UPDATE entry SET signature = zeroblob(64) WHERE kind = 'decision'",
        "UPDATE entry SET year_limit_units = year_limit_units + 1 WHERE kind = 'limit'",
        "UPDATE entry SET life_limit_units = life_limit_units + 1 WHERE kind = 'limit'",
        "UPDATE entry SET plan_hash = zeroblob(32) WHERE plan_hash IS NOT NULL",
        "UPDATE entry SET release_id = 'another' WHERE release_id IS NOT NULL",
        "UPDATE entry SET at = '2026-05-02T12:00:00.000000+00:00' WHERE kind = 'stored'",
        "UPDATE entry SET envelope = x'00' WHERE kind = 'stored'",
        "UPDATE entry SET digest = zeroblob(32), envelope = x'00' WHERE kind = 'stored'",
        "UPDATE chain_key SET key = zeroblob(32)",
    ],
)
def test_every_figure_of_an_entry_is_under_the_chain(released: Path, change: str) -> None:
    """Changed with the triggers put back, so that the chain alone tells."""
    with closing(sqlite3.connect(released / "ledger.db")) as connection:
        entries = "WHERE type = 'trigger' AND tbl_name IN ('entry', 'chain_key')"
        triggers = dict(connection.execute(f"SELECT name, sql FROM sqlite_master {entries}").fetchall())
    assert set(triggers) == set(TRIGGERS)
    _execute(released, *(f"DROP TRIGGER {name}" for name in triggers), change, *triggers.values())
    with open_ledger(released) as ledger:
        assert ledger.verify()
        with pytest.raises(LedgerDamaged):
            prepare(door_of(ledger))


def test_stored_bytes_that_were_changed_are_not_sent(released: Path) -> None:
    _execute(released, "DROP TRIGGER entry_never_changed", "UPDATE entry SET envelope = x'00' WHERE kind = 'stored'")
    with open_ledger(released) as ledger, pytest.raises(LedgerDamaged):
        door_of(ledger).outgoing()


def test_a_summary_that_another_program_added_at_the_end_is_not_sent(released: Path) -> None:
    """The triggers allow it, the chain does not: only who has the key of the chain can add to it."""
    _execute(
        released,
        f"INSERT {_INTO_ENTRY} {_copied('stored', sequence=_AT_THE_END, release_id=repr('another'))}",
    )
    with open_ledger(released) as ledger:
        assert len(ledger.pending()) == 2
        with pytest.raises(LedgerDamaged):
            door_of(ledger).outgoing()


def test_a_whole_ledger_verifies(released: Path) -> None:
    with open_ledger(released) as ledger:
        assert ledger.verify() == ()


def _spend_on_two_ledgers(folder: Path, check: Callable[[Ledger, int, bytes], None] | None) -> int:
    """Releases, puts an older copy of the ledger back, and tries to release something else. Gives what that spent."""
    path = folder / "ledger.db"
    with open_ledger(folder):
        pass
    older = path.read_bytes()
    with open_ledger(folder) as ledger:
        prepare(door_of(ledger))
        (sent,) = ledger.known_heads()
    path.write_bytes(older)
    other = request_of("again")
    with open_ledger(folder) as ledger:
        if check is not None:
            check(ledger, sent.sequence, sent.hash)
        prepare(door_of(ledger), plan=plan_of(other), collection=collection_of(other))
        return ledger.spent_for_life()


def test_control_without_the_remembered_head_an_older_copy_spends_the_budget_again(tmp_path: Path) -> None:
    assert _spend_on_two_ledgers(tmp_path, None) == PLAN.rho_units


def test_with_the_remembered_head_an_older_copy_spends_nothing(tmp_path: Path) -> None:
    with pytest.raises(LedgerRolledBack):
        _spend_on_two_ledgers(tmp_path, Ledger.check_remembered)
    with open_ledger(tmp_path) as ledger:
        assert ledger.spent_for_life() == 0
