"""What rests on the disk. If this failed, a stolen file could open a council's report, or the same id serve twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.errors import LedgerDamaged, StorageFailed
from node.rounds.wrapping import KeyWrapping
from protos.round.v1 import round_pb2 as pb
from protos.sa1 import hedging
from protos.sa1.masking import Vector, to_ring
from protos.sa1.transcript import le32
from tests.node.rounds.council import Council, Town


def on_disk(council: Council) -> bytes:
    """Every byte of the ledger's files."""
    return b"".join(path.read_bytes() for path in sorted(council.folder.glob("ledger.db*")))


def drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[list[hedging.JoinSecrets], list[tuple[hedging.ReportSecrets, bytes]]]:
    """The secrets that are drawn from now on, and with those of a report its words before they are masked."""
    joins: list[hedging.JoinSecrets] = []
    reports: list[tuple[hedging.ReportSecrets, bytes]] = []
    join_secrets, report_secrets = hedging.join_secrets, hedging.report_secrets

    def join(randomness: bytes, announce_hash: bytes, node_id: str, threshold: int) -> hedging.JoinSecrets:
        joins.append(join_secrets(randomness, announce_hash, node_id, threshold))
        return joins[-1]

    def report(
        randomness: bytes, manifest_hash: bytes, node_id: str, threshold: int, noised: Vector
    ) -> hedging.ReportSecrets:
        reports.append((report_secrets(randomness, manifest_hash, node_id, threshold, noised), noised.tobytes()))
        return reports[-1][0]

    monkeypatch.setattr(hedging, "join_secrets", join)
    monkeypatch.setattr(hedging, "report_secrets", report)
    return joins, reports


def test_neither_secrets_nor_noised_figures_are_on_the_disk(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    joins, reports = drawn(monkeypatch)
    of = town.joined()
    a = le32(joins[0].a)
    assert a not in on_disk(town.first) and town.first.store.secret(of.announce.round_id) == a
    town.reported(of, by=town.ids[:1])
    ((report, words),) = reports
    written = on_disk(town.first)
    assert words not in written and le32(report.b) not in written and a not in written
    assert of.reports[town.ids[0]][1] in written


def test_the_secret_of_a_join_is_erased_with_the_report(town: Town) -> None:
    of = town.joined()
    assert town.first.record(of).holds_secret
    town.reported(of)
    assert not town.first.record(of).holds_secret


def test_what_is_said_under_an_id_is_written_once(town: Town) -> None:
    of = town.joined()
    round_id, other = of.announce.round_id, of.joins[town.ids[1]].join
    with pytest.raises(StorageFailed):
        town.first.store.add_message(round_id, pb.MESSAGE_KIND_JOIN, other, (), 0)
    for attack in (
        "UPDATE round_message SET signed = x'00'",
        "DELETE FROM round_message",
        "INSERT OR REPLACE INTO round_message SELECT round_id, kind, x'00', 0 FROM round_message",
        "UPDATE round_message_part SET content = x'00'",
        "DELETE FROM round",
    ):
        with pytest.raises(StorageFailed):
            town.first.ledger.rows(attack)
    assert town.first.record(of).said(pb.MESSAGE_KIND_JOIN) == of.joins[town.ids[0]].join


def test_a_failed_transaction_leaves_neither_report_nor_charge(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    of = town.joined()
    town.clock.now = of.announce.t_join
    council = town.first

    def fails(*_: object) -> None:
        raise StorageFailed("The disk is full.", "Free some space.")

    with monkeypatch.context() as patched:
        patched.setattr(council.store, "add_message", fails)
        with pytest.raises(StorageFailed):
            council.hears(pb.Work(manifest=town.desk.manifest(of)))
    assert council.spent() == 0 and council.record(of).holds_secret and not council.record(of).reported
    town.reported(of)
    assert council.spent() == council.plan.rho_units and council.record(of).reported


def test_without_its_key_file_a_copy_of_the_ledger_opens_nothing(town: Town, tmp_path: Path) -> None:
    of = town.joined()
    town.first.wrapping = KeyWrapping(tmp_path / "another.key")
    town.first.start()
    with pytest.raises(LedgerDamaged):
        town.first.store.secret(of.announce.round_id)
    assert (town.first.folder / "wrapping.key").stat().st_mode & 0o777 == 0o600


def test_ids_of_rounds_are_kept_for_ever_and_used_once(town: Town) -> None:
    """The same announcement again changes nothing; another with its id is refused."""
    of = town.joined()
    first = town.first.machine.standings()
    town.first.hears(pb.Work(announce=of.announced))
    assert town.first.machine.standings() == first and town.first.alarms == []
    town.desk.rounds.clear()
    again = town.desk.announce(1, at=town.clock.now + 1)
    town.first.hears(pb.Work(announce=again.announced))
    assert "the id of another round" in town.first.alarms[-1]
    assert town.first.record(of).said(pb.MESSAGE_KIND_JOIN) == of.joins[town.ids[0]].join


def test_words_that_are_sent_are_those_that_were_masked(town: Town) -> None:
    """The masked vector is no council's figures: without its masks nothing of them is left in it."""
    of = town.reported(town.joined())
    plain = to_ring(town.first.values, of.announce.width).tobytes()
    assert of.reports[town.ids[0]][1] != plain
