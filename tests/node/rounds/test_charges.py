"""What rounds cost, and when it is given back. If this failed, a council would release more than its ledger says: a
certificate used twice, or of another round, would open a second sum that nobody paid for.
"""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest

from node.errors import AlreadyReleased, BudgetExceeded
from node.ledger_entries import EntryKind
from node.policy import Limits
from node.rounds.standing import RoundState
from node.rounds.store import Paper
from protos.round.v1 import round_pb2 as pb
from protos.sa1.strict import encode
from tests.node.rounds.council import LIMITS, Council, Town, small_plan
from tests.node.rounds.honest_desk import DeskRound

ROUNDS = [number.to_bytes(16, "big") for number in range(1, 6)]


def certificate(round_id: bytes, *, commit: bool = False) -> bytes:
    """A certificate by its form; who signed it is not the ledger's to say."""
    verdict = pb.Verdict(round_id=round_id, node_id="E06000001")
    if commit:
        verdict.commit.stmt_hash = bytes(32)
    else:
        verdict.abort.SetInParent()
    return encode(pb.Certificate(verdicts=[pb.Signed(payload=encode(verdict))]))


def kinds(council: Council) -> list[EntryKind]:
    """What its ledger holds beside limits."""
    return [entry.kind for entry in council.ledger.entries() if entry.kind is not EntryKind.LIMIT]


def aborted(town: Town, of: DeskRound) -> None:
    """Everybody hears that the round was aborted."""
    for council in town.councils.values():
        council.hears(town.desk.certificate_work(of, town.desk.abort_certificate(of)))


def test_an_aborted_round_is_refunded_once_and_its_certificate_is_kept(town: Town) -> None:
    of = town.reported(town.joined())
    assert town.first.spent() == town.first.plan.rho_units
    for _ in range(3):
        aborted(town, of)
    assert town.first.spent() == 0 and kinds(town.first) == [EntryKind.RESERVED, EntryKind.REFUNDED]
    refund = town.first.ledger.entries()[-1]
    kept = town.first.store.paper(of.announce.round_id, Paper.ABORT_CERTIFICATE)
    assert kept == encode(town.desk.abort_certificate(of))
    ((envelope,),) = town.first.ledger.rows("SELECT envelope FROM entry WHERE sequence = ?", refund.sequence)
    assert envelope == kept and refund.round_id == of.announce.round_id
    assert town.first.ledger.verify() == ()


def test_a_council_that_got_no_receipt_still_asks_how_the_round_it_paid_for_ended(town: Town) -> None:
    """Else it would not hear of the abort, and its charge would stand."""
    council = town.first
    of = town.joined(by=town.ids[1:])
    council.hears(pb.Work(announce=of.announced))
    for outgoing in council.machine.outgoing():
        town.desk.take(council.node_id, outgoing)
    assert not council.machine.poll().open_rounds
    town.clock.now = of.announce.t_join
    council.hears(pb.Work(manifest=town.desk.manifest(of)))
    assert council.spent() == council.plan.rho_units and not council.record(of).receipted
    (named,) = council.machine.poll().open_rounds
    assert (named.round_id, named.progress) == (of.announce.round_id, pb.ROUND_PROGRESS_JOINED)
    aborted(town, of)
    assert council.spent() == 0


def test_one_who_only_joined_has_nothing_to_be_refunded(town: Town) -> None:
    of = town.joined()
    aborted(town, of)
    assert kinds(town.first) == [] and town.first.machine.standings()[0].state is RoundState.ABORTED


def test_a_second_round_draws_afresh_and_is_charged_again(town: Town) -> None:
    of = town.reported(town.joined())
    aborted(town, of)
    again = town.reported(town.joined(2))
    assert town.first.measured == [4, 4] and town.first.spent() == town.first.plan.rho_units
    assert of.reports[town.ids[0]][1] != again.reports[town.ids[0]][1]
    assert town.first.ledger.verify() == ()


def test_a_second_round_waits_for_the_first_ones_own_certificate(town: Town) -> None:
    """A certificate of another round does not count."""
    first = town.reported(town.joined())
    second = town.joined(2)
    assert town.ids[0] not in second.joins
    town.first.hears(town.desk.certificate_work(first, town.desk.abort_certificate(second)))
    assert "a certificate of another round" in town.first.alarms[-1]
    assert town.first.spent() == town.first.plan.rho_units
    aborted(town, first)
    town.first.hears(pb.Work(announce=second.announced))
    town.first.sends(town.desk)
    assert town.ids[0] in second.joins


def test_leaving_a_round_for_the_next_one_ends_every_chance_to_report_in_it(town: Town) -> None:
    """One in which this node only joined needs no certificate; its secret is erased instead."""
    first = town.joined()
    second = town.joined(2)
    assert not town.first.record(first).holds_secret and town.first.record(second).holds_secret
    town.reported(first, by=town.ids[:1])
    assert town.first.measured == [] and town.ids[0] not in first.reports
    town.reported(second)
    assert town.ids[0] in second.reports


def test_a_release_has_three_rounds(town: Town) -> None:
    for number in (1, 2, 3):
        aborted(town, town.reported(town.joined(number)))
    fourth = town.joined(4)
    assert fourth.joins == {} and town.first.measured == [4, 4, 4]


def test_a_round_that_was_committed_to_is_never_refunded(town: Town) -> None:
    of = town.revealed(town.committed(town.reported(town.joined())))
    aborted(town, of)
    assert town.first.spent() == town.first.plan.rho_units and "committed to" in town.first.alarms[-1]
    assert Paper.ABORT_CERTIFICATE not in town.first.record(of).papers
    assert town.joined(2).joins == {}


def test_a_refunded_round_is_never_revealed(town: Town) -> None:
    of = town.committed(town.reported(town.joined()))
    aborted(town, of)
    town.first.hears(town.desk.certificate_work(of))
    assert pb.MESSAGE_KIND_REVEAL not in town.first.record(of).messages
    assert "was aborted" in town.first.alarms[-1] and town.first.ledger.verify() == ()


def test_no_second_round_of_a_release_is_committed_to(town: Town) -> None:
    """A member that reported in neither refuses too: its vote for the first is enough, until that was aborted."""
    member, others = town.first, town.ids[1:]
    member.approved = False
    first = town.committed(town.reported(town.joined(by=others), by=others), by=town.ids[:1])
    assert member.node_id in first.verdicts
    ended = town.desk.certificate_work(first, town.desk.abort_certificate(first))
    for node_id in others:
        town.councils[node_id].hears(ended)
    second = town.committed(town.reported(town.joined(2, by=others), by=others))
    assert set(second.verdicts) == set(others) and "committed to in another round" in member.alarms[-1]
    member.hears(ended)
    town.committed(second, by=town.ids[:1])
    assert member.node_id in second.verdicts


# The ledger by itself.


def test_a_round_is_charged_once(town: Town) -> None:
    ledger, plan = town.first.ledger, town.first.plan
    assert ledger.charge_round(plan, ROUNDS[0], policy=LIMITS) == ledger.charge_round(plan, ROUNDS[0], policy=LIMITS)
    assert ledger.spent_for_life() == plan.rho_units


def test_only_the_rounds_own_abort_refunds_it(town: Town) -> None:
    ledger, plan = town.first.ledger, town.first.plan
    ledger.charge_round(plan, ROUNDS[0], policy=LIMITS)
    for wrong in (certificate(ROUNDS[1]), certificate(ROUNDS[0], commit=True), b"", b"\xff"):
        with pytest.raises(AlreadyReleased):
            ledger.refund_round(ROUNDS[0], wrong)
    assert ledger.refund_round(ROUNDS[1], certificate(ROUNDS[1])) is None
    assert ledger.refund_round(ROUNDS[0], certificate(ROUNDS[0])) == ledger.refund_round(
        ROUNDS[0], certificate(ROUNDS[0])
    )
    assert ledger.spent_for_life() == 0 and ledger.verify() == ()


def test_a_refund_beside_a_commit_certificate_is_refused_and_noticed(town: Town) -> None:
    of = town.reported(town.joined())
    ledger, round_id = town.first.ledger, of.announce.round_id
    town.first.store.put_paper(round_id, Paper.COMMIT_CERTIFICATE, b"held")
    with pytest.raises(AlreadyReleased):
        ledger.refund_round(round_id, certificate(round_id))
    ledger.rows("DELETE FROM round_paper WHERE kind = 'commit certificate'")
    ledger.refund_round(round_id, certificate(round_id))
    assert ledger.verify() == ()
    town.first.store.put_paper(round_id, Paper.COMMIT_CERTIFICATE, b"held")
    assert "without the certificate of its abort alone" in ledger.verify()[0]


def test_a_second_round_is_not_charged_before_the_first_is_refunded(town: Town) -> None:
    ledger, plan = town.first.ledger, town.first.plan
    ledger.charge_round(plan, ROUNDS[0], policy=LIMITS)
    with pytest.raises(AlreadyReleased):
        ledger.check_round_payable(plan, ROUNDS[1], policy=LIMITS)
    with pytest.raises(AlreadyReleased):
        ledger.charge_round(plan, ROUNDS[1], policy=LIMITS)
    ledger.refund_round(ROUNDS[0], certificate(ROUNDS[0]))
    ledger.charge_round(plan, ROUNDS[1], policy=LIMITS)
    assert ledger.spent_for_life() == plan.rho_units and ledger.verify() == ()


def test_a_changed_plan_needs_a_new_release(town: Town) -> None:
    ledger, plan = town.first.ledger, town.first.plan
    ledger.charge_round(plan, ROUNDS[0], policy=LIMITS)
    ledger.refund_round(ROUNDS[0], certificate(ROUNDS[0]))
    with pytest.raises(AlreadyReleased):
        ledger.charge_round(small_plan(dropped=2), ROUNDS[1], policy=LIMITS)
    with pytest.raises(AlreadyReleased):
        ledger.reserve(plan.collection_id, plan.release_id, bytes(32), 1, policy=LIMITS)
    ledger.charge_round(replace(plan, release_id="another"), ROUNDS[1], policy=LIMITS)


def test_four_charges_of_one_release_are_refused(town: Town) -> None:
    ledger, plan = town.first.ledger, town.first.plan
    for round_id in ROUNDS[:3]:
        ledger.charge_round(plan, round_id, policy=LIMITS)
        ledger.refund_round(round_id, certificate(round_id))
    with pytest.raises(AlreadyReleased):
        ledger.charge_round(plan, ROUNDS[3], policy=LIMITS)


def test_a_round_beyond_the_limits_is_not_charged(town: Town) -> None:
    ledger, plan = town.first.ledger, town.first.plan
    with pytest.raises(BudgetExceeded):
        ledger.charge_round(plan, ROUNDS[0], policy=Limits(plan.rho_units - 1, 10**12))
    assert ledger.entries() == ()


def test_the_disk_itself_refuses_a_second_refund(town: Town) -> None:
    """Whatever the program does: the table and its trigger hold by themselves."""
    ledger, plan = town.first.ledger, town.first.plan
    ledger.charge_round(plan, ROUNDS[0], policy=LIMITS)
    ledger.refund_round(ROUNDS[0], certificate(ROUNDS[0]))
    columns = "at, kind, collection_id, release_id, plan_hash, rho_units, budget_year, round_id, digest, envelope, hash"
    town.first.open_files.close()
    connection = sqlite3.connect(town.first.folder / "ledger.db")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(f"INSERT INTO entry (sequence, {columns}) SELECT 4, {columns} FROM entry WHERE sequence = 3")
    connection.close()


def test_a_refund_that_somebody_else_wrote_is_found(town: Town) -> None:
    """Each figure is under the chain; one who had its key would still meet the replay."""
    ledger, plan = town.first.ledger, town.first.plan
    charge = ledger.charge_round(plan, ROUNDS[0], policy=LIMITS)
    forged = replace(
        ledger._draft(ledger.entries(), EntryKind.REFUNDED, *charge.release, charge.plan_hash),
        round_id=ROUNDS[1],
        rho_units=charge.rho_units,
        budget_year=charge.budget_year,
        digest=bytes(32),
    )
    with ledger.transaction():
        ledger._append(ledger.entries(), forged, b"none")
    faults = ledger.verify()
    assert "refunds what was not charged" in faults[0] and len(faults) == 3
