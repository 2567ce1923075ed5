"""If these failed, privacy budget could be spent twice, beyond its limits, or on figures nobody approved."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from node.decisions import signed_by
from node.errors import (
    AlreadyReleased,
    BudgetExceeded,
    LedgerDamaged,
    LedgerLocked,
    LedgerRolledBack,
    StorageFailed,
    UsageProblem,
)
from node.ledger import Ledger
from node.ledger_entries import CHAIN_START, Entry, EntryKind, LedgerHead, budget_year, chain_hash
from node.ledger_replay import faults_in
from node.policy import Limits
from tests.node.small_release import NOW, OWNER, SIGNING_KEY, Clock, open_ledger

PLAN_HASH = sha256(b"plan").digest()
OTHER_HASH = sha256(b"another plan").digest()


def reserve(ledger: Ledger, release: str = "a", units: int = 10, *, year: int = 100, life: int = 1000) -> Entry:
    return ledger.reserve("2025-test", release, PLAN_HASH, units, policy=Limits(year, life))


def release_whole(ledger: Ledger, release: str = "a") -> LedgerHead:
    """Charges and stores a release; gives the head that is sent with it."""
    reserve(ledger, release)
    head = ledger.head()
    ledger.store("2025-test", release, PLAN_HASH, b"bytes of " + release.encode())
    return head


def test_an_empty_ledger_is_sound_and_has_spent_nothing(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        assert ledger.head() == LedgerHead(1, CHAIN_START)
        assert (ledger.entries(), ledger.verify(), ledger.spent_for_life()) == ((), (), 0)


def test_a_head_counts_summaries_and_is_the_hash_of_the_entry_before_the_summary(tmp_path: Path) -> None:
    """A number that counted entries would tell how often this council refused, decided or raised a limit."""
    with open_ledger(tmp_path) as ledger:
        heads = []
        for release in ("a", "b"):
            ledger.record_decision("2025-test", "other", PLAN_HASH, "refused", "A. Caldicott (invented)")
            charge = reserve(ledger, release)
            heads.append(ledger.head())
            assert ledger.head().hash == charge.hash
            ledger.store("2025-test", release, PLAN_HASH, b"bytes")
        assert [head.sequence for head in heads] == [1, 2]
        assert ledger.known_heads() == tuple(heads)


def test_a_release_is_charged_once_however_often_it_is_asked_for(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        first = reserve(ledger)
    with open_ledger(tmp_path) as ledger:
        assert reserve(ledger) == first
        assert ledger.spent_for_life() == 10
        assert [entry.kind for entry in ledger.entries()] == [EntryKind.LIMIT, EntryKind.RESERVED]


def test_the_same_id_under_another_plan_is_refused(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        release_whole(ledger)
        with pytest.raises(AlreadyReleased):
            ledger.reserve("2025-test", "a", OTHER_HASH, 1, policy=Limits(100, 1000))
        assert ledger.spent_for_life() == 10


@pytest.mark.parametrize(("year", "life", "period"), [(29, 1000, "this year"), (100, 29, "for life")])
def test_a_charge_beyond_a_limit_changes_nothing(tmp_path: Path, year: int, life: int, period: str) -> None:
    with open_ledger(tmp_path) as ledger:
        reserve(ledger, "a", 10, year=year, life=life)
        before = ledger.head()
        with pytest.raises(BudgetExceeded, match=period):
            reserve(ledger, "b", 20, year=year, life=life)
        assert (ledger.head(), ledger.spent_for_life()) == (before, 10)
        reserve(ledger, "b", 19, year=year, life=life)


def test_a_refused_charge_does_not_close_the_ledger_to_a_smaller_one(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        with pytest.raises(BudgetExceeded):
            reserve(ledger, "large", 101)
        reserve(ledger, "small", 100)


@pytest.mark.parametrize(
    ("at", "year"),
    [
        (datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC), 2026),
        (datetime(2026, 4, 1, tzinfo=UTC), 2027),
        (datetime(2026, 12, 31, tzinfo=UTC), 2027),
        (datetime(2027, 1, 1, tzinfo=UTC), 2027),
    ],
)
def test_a_budget_year_ends_on_31_march(at: datetime, year: int) -> None:
    assert budget_year(at) == year


def test_a_new_year_renews_the_years_budget_and_not_the_lifetimes(tmp_path: Path) -> None:
    clock = Clock(datetime(2026, 3, 31, 12, tzinfo=UTC))
    with open_ledger(tmp_path, clock) as ledger:
        reserve(ledger, "a", 100, life=150)
        clock.now += timedelta(days=1)
        assert (ledger.spent_in_year(clock.now), ledger.spent_for_life()) == (0, 100)
        with pytest.raises(BudgetExceeded, match="for life"):
            reserve(ledger, "b", 60, life=150)
        reserve(ledger, "b", 50, life=150)
        assert (ledger.spent_in_year(clock.now), ledger.spent_for_life()) == (50, 150)


def test_setting_the_clock_back_opens_no_past_year(tmp_path: Path) -> None:
    clock = Clock()
    with open_ledger(tmp_path, clock) as ledger:
        reserve(ledger, "a", 100)
        clock.now = NOW - timedelta(days=365)
        with pytest.raises(BudgetExceeded):
            reserve(ledger, "b", 1)
        assert ledger.verify() == ()


def test_the_first_bytes_stored_are_the_only_ones(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        release_whole(ledger)
        ledger.store("2025-test", "a", PLAN_HASH, b"bytes of a")
        with pytest.raises(AlreadyReleased):
            ledger.store("2025-test", "a", PLAN_HASH, b"other bytes")
        assert [stored.envelope for stored in ledger.pending()] == [b"bytes of a"]


def test_bytes_without_a_charge_are_not_stored(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        with pytest.raises(AlreadyReleased):
            ledger.store("2025-test", "a", PLAN_HASH, b"unpaid")
        assert not ledger.is_stored("2025-test", "a")


def test_what_is_stored_waits_until_it_is_acknowledged(tmp_path: Path) -> None:
    clock = Clock()
    with open_ledger(tmp_path, clock) as ledger:
        release_whole(ledger, "a")
        release_whole(ledger, "b")
        assert [stored.release_id for stored in ledger.pending()] == ["a", "b"]
        clock.now += timedelta(minutes=1)
        ledger.acknowledge("2025-test", "a", sha256(b"payload").digest())
        clock.now += timedelta(minutes=1)
        ledger.acknowledge("2025-test", "a", sha256(b"payload").digest())
        assert [stored.release_id for stored in ledger.pending()] == ["b"]
        assert ledger.acknowledged_at("2025-test", "a") == NOW + timedelta(minutes=1)
        assert ledger.acknowledged_at("2025-test", "b") is None
        with pytest.raises(AlreadyReleased):
            ledger.acknowledge("2025-test", "c", sha256(b"payload").digest())


def test_a_decision_is_about_one_plan_and_the_last_one_holds(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.record_decision("2025-test", "a", PLAN_HASH, "approved", "A. Caldicott (invented)")
        assert ledger.decision("2025-test", "a", PLAN_HASH) == "approved"
        assert ledger.decision("2025-test", "a", OTHER_HASH) is None
        assert ledger.decision("2025-test", "b", PLAN_HASH) is None
        ledger.record_decision("2025-test", "a", PLAN_HASH, "refused", "A. Caldicott (invented)")
        assert ledger.decision("2025-test", "a", PLAN_HASH) == "refused"


def test_a_decision_needs_a_name(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger, pytest.raises(UsageProblem):
        ledger.record_decision("2025-test", "a", PLAN_HASH, "approved", "  ")


def test_what_a_person_refuses_after_it_was_stored_is_not_sent(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        release_whole(ledger)
        ledger.record_decision("2025-test", "a", PLAN_HASH, "refused", "A. Caldicott (invented)")
        assert ledger.pending() == ()
        ledger.record_decision("2025-test", "a", PLAN_HASH, "approved", "A. Caldicott (invented)")
        assert [stored.envelope for stored in ledger.pending()] == [b"bytes of a"]


def test_an_older_copy_is_noticed_by_the_head_that_was_sent(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with open_ledger(tmp_path) as ledger:
        release_whole(ledger, "a")
    backup = path.read_bytes()
    with open_ledger(tmp_path) as ledger:
        sent = release_whole(ledger, "b")
        ledger.check_remembered(sent.sequence, sent.hash)
    path.write_bytes(backup)
    with open_ledger(tmp_path) as ledger:
        assert ledger.verify() == ()
        with pytest.raises(LedgerRolledBack):
            ledger.check_remembered(sent.sequence, sent.hash)
        release_whole(ledger, "c")
        release_whole(ledger, "d")
        with pytest.raises(LedgerRolledBack):
            ledger.check_remembered(sent.sequence, sent.hash)


def test_a_copy_taken_between_charging_and_storing_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with open_ledger(tmp_path) as ledger:
        reserve(ledger)
    backup = path.read_bytes()
    with open_ledger(tmp_path) as ledger:
        sent = release_whole(ledger)
        ledger.check_remembered(sent.sequence, sent.hash)
    path.write_bytes(backup)
    with open_ledger(tmp_path) as ledger, pytest.raises(LedgerRolledBack):
        ledger.check_remembered(sent.sequence, sent.hash)


def test_a_new_ledger_in_place_of_a_lost_one_is_noticed(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        sent = release_whole(ledger)
    (tmp_path / "ledger.db").unlink()
    with open_ledger(tmp_path) as ledger, pytest.raises(LedgerRolledBack):
        ledger.check_remembered(sent.sequence, sent.hash)


def test_a_reader_looks_on_beside_the_writer_and_can_change_nothing(tmp_path: Path) -> None:
    """`status` must answer while the service waits for its time of sending."""
    with open_ledger(tmp_path) as writer:
        reserve(writer)
        with Ledger.open(tmp_path / "ledger.db", Clock(), owner=OWNER, reading=True) as reader:
            assert reader.entries() == writer.entries()
            with pytest.raises(StorageFailed):
                reader.record_decision("2025-test", "late", bytes(32), "approved", "A. Guardian")
            release_whole(writer, "b")
            assert reader.entries() == writer.entries()
            assert reader.verify() == ()


def test_two_processes_never_have_one_ledger_open(tmp_path: Path) -> None:
    with open_ledger(tmp_path), pytest.raises(LedgerLocked), open_ledger(tmp_path):
        pass
    with open_ledger(tmp_path):
        pass


def test_only_its_owner_reads_the_ledger(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").touch(mode=0o644)
    with open_ledger(tmp_path) as ledger:
        reserve(ledger)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert set(modes) >= {"ledger.db", "ledger.db-wal", "ledger.db.lock"}
    if os.name == "posix":
        assert set(modes.values()) == {0o600}


def test_the_head_tells_nothing_to_who_knows_everything_but_the_key(tmp_path: Path) -> None:
    """The same entries at the same time in two ledgers: whoever could compute the head could confirm a guess."""
    heads = []
    for name in ("one", "two"):
        with Ledger.open(tmp_path / name / "ledger.db", Clock(), owner=OWNER) as ledger:
            release_whole(ledger)
            heads.append(ledger.head())
    assert heads[0].hash != heads[1].hash
    with Ledger.open(tmp_path / "three" / "ledger.db", Clock(), owner=OWNER, new_key=lambda: bytes(32)) as ledger:
        release_whole(ledger)
        head = ledger.head()
    with Ledger.open(tmp_path / "four" / "ledger.db", Clock(), owner=OWNER, new_key=lambda: bytes(32)) as ledger:
        release_whole(ledger)
        assert ledger.head() == head, "with the same key the heads are the same, so it is the key that hides"


def test_entries_are_json_ready_and_name_nothing_they_do_not_have(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.record_decision("2025-test", "a", PLAN_HASH, "approved", "A. Caldicott (invented)")
        release_whole(ledger)
        entries = json.loads(json.dumps([entry.as_json() for entry in ledger.entries()]))
    assert [entry["kind"] for entry in entries] == ["decision", "limit", "reserved", "stored"]
    assert entries[0]["decided_by"] == "A. Caldicott (invented)"
    assert (entries[2]["rho_units"], entries[2]["budget_year"]) == (10, 2027)
    assert "rho_units" not in entries[3]
    assert entries[3]["digest"] == sha256(b"bytes of a").hexdigest()


@pytest.mark.parametrize("content", [b"no database at all" * 100, None], ids=["another file", "an unknown version"])
def test_what_is_not_a_ledger_of_this_version_is_not_opened(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "ledger.db"
    if content is not None:
        path.write_bytes(content)
    else:
        with open_ledger(tmp_path) as ledger:
            ledger._connection.execute("PRAGMA user_version = 1")
    before = path.read_bytes()
    with pytest.raises(LedgerDamaged), open_ledger(tmp_path):
        pass
    assert path.read_bytes() == before


def test_a_page_that_was_overwritten_is_noticed_when_the_ledger_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with open_ledger(tmp_path) as ledger:
        for name in "abcdefghij":
            reserve(ledger, name)
    content = bytearray(path.read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(LedgerDamaged), open_ledger(tmp_path):
        pass


def test_the_rules_find_each_kind_of_unsound_entry(tmp_path: Path) -> None:
    """Entries with right hashes and wrong content: made by somebody who has the key and not the rules."""
    key = bytes(32)

    def chained(*drafts: Entry) -> list[Entry]:
        previous, entries = CHAIN_START, []
        for draft in drafts:
            entries.append(replace(draft, hash=chain_hash(key, previous, draft)))
            previous = entries[-1].hash
        return entries

    def signed(draft: Entry, council: str = "301") -> Entry:
        return signed_by(SIGNING_KEY, council, replace(draft, decided_by="A. Caldicott (invented)"))

    limit = replace(Entry(1, NOW, EntryKind.LIMIT), year_limit_units=10, life_limit_units=15)
    charge = replace(
        Entry(2, NOW, EntryKind.RESERVED, "2025-test", "a", PLAN_HASH),
        rho_units=10,
        budget_year=2027,
        year_limit_units=10,
        life_limit_units=15,
    )
    stored = replace(Entry(3, NOW, EntryKind.STORED, "2025-test", "a", PLAN_HASH), digest=OTHER_HASH)
    decision = replace(Entry(1, NOW, EntryKind.DECISION, "2025-test", "a", PLAN_HASH), decision="approved")
    repair = replace(
        Entry(4, NOW, EntryKind.REPAIRED),
        rho_units=0,
        earlier_rho_units=0,
        budget_year=2027,
        year_limit_units=10,
        life_limit_units=15,
        remembered_sequence=7,
        remembered_hash=OTHER_HASH,
    )
    released = (signed(limit), charge, stored)
    assert faults_in(chained(*released, signed(repair)), key, "301") == []
    unsound = {
        "stands where": (replace(signed(limit), sequence=2),),
        "dated before": (*released[:2], replace(stored, at=NOW - timedelta(seconds=1))),
        "is charged to another year": (released[0], replace(charge, budget_year=2026)),
        "limit that is not recorded": (released[0], replace(charge, life_limit_units=16)),
        "beyond the limits": (*released[:2], replace(charge, sequence=3, release_id="b", rho_units=1)),
        "second one of kind reserved": (*released[:2], replace(charge, sequence=3, rho_units=1)),
        "does not follow an entry of kind reserved": (*released[:2], replace(stored, plan_hash=OTHER_HASH)),
        "does not follow an entry of kind stored": (*released[:2], replace(stored, kind=EntryKind.ACKNOWLEDGED)),
        "not signed by the key": (signed(decision, council="302"),),
        "not signed by the key that": (replace(signed(decision), decision="refused"),),
        "not signed by": (replace(signed(limit), year_limit_units=11),),
        "charges less": (*released[:2], replace(signed(replace(repair, sequence=3, year_limit_units=11)))),
        "charges less than": (*released, signed(replace(repair, at=NOW + timedelta(days=365), budget_year=2028))),
        "charged to another year than": (*released, signed(replace(repair, budget_year=2026))),
    }
    for words, drafts in unsound.items():
        faults = faults_in(chained(*drafts), key, "301")
        assert len(faults) == 1, (words, faults)
        assert words in faults[0]
