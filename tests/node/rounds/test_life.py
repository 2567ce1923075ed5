"""A round as honest nodes live it. If this failed, no sum would ever come out, or one that is not the sum."""

from __future__ import annotations

from node.rounds.standing import RoundState
from protos.round.v1 import round_pb2 as pb
from protos.sa1.audit import verify
from tests.node.rounds.council import Town


def test_a_round_ends_in_the_exact_sum_which_its_transcript_proves(town: Town) -> None:
    of = town.revealed(town.committed(town.reported(town.joined())))
    statement = town.desk.statement(of)
    audit = verify(town.desk.transcript(of, statement, town.sums(of)), town.desk.made.authority_pub)
    assert (audit.outcome, audit.counted) == ("published", frozenset(town.ids))
    assert all(cell.recomputed for cell in audit.cells)
    assert not any(council.alarms for council in town.councils.values())


def test_the_sum_of_survivors_is_exact_where_one_dropped_out_and_one_never_joined(town: Town) -> None:
    """The one that dropped out, and the one that never joined, vote and reveal all the same."""
    *reporting, dropped, absent = town.ids
    of = town.reported(town.joined(by=[*reporting, dropped]), by=reporting)
    town.councils[dropped].hears(pb.Work(manifest=town.desk.manifest(of)))
    town.revealed(town.committed(of))
    statement = town.desk.statement(of)
    audit = verify(town.desk.transcript(of, statement, town.sums(of)), town.desk.made.authority_pub)
    (cell,) = audit.cells
    assert (cell.survivors, cell.dropped, cell.recomputed) == (tuple(reporting), (dropped,), True)
    assert set(of.reveals) == set(town.ids)
    assert town.councils[absent].spent() == 0


def test_a_finished_round_is_closed_and_its_secrets_are_gone(town: Town) -> None:
    of = town.revealed(town.committed(town.reported(town.joined())))
    statement = town.desk.statement(of)
    result = pb.Work(result=town.desk.result(of, statement, town.sums(of)))
    town.first.hears(result)
    (standing,) = town.first.machine.standings()
    assert standing.state is RoundState.CLOSED
    record = town.first.record(of)
    assert not record.holds_secret and not record.holds_parts
    assert town.first.machine.outgoing() == ()
    assert town.first.spent() == town.desk.plan.rho_units


def test_the_noise_is_reckoned_for_those_on_the_roster_less_those_who_may_be_missing(town: Town) -> None:
    town.reported(town.joined())
    assert town.first.measured == [4]


def test_states_follow_each_other_as_the_reference_names_them(town: Town) -> None:
    seen: list[RoundState] = []
    council, desk = town.first, town.desk

    def look() -> None:
        seen.extend(standing.state for standing in council.machine.standings())

    of = town.joined(by=town.ids[1:])
    council.hears(pb.Work(announce=of.announced))
    look()
    council.sends(desk)
    look()
    town.reported(of, by=town.ids[1:])
    council.hears(pb.Work(manifest=desk.manifest(of)))
    look()
    council.sends(desk)
    look()
    town.committed(of)
    look()
    town.revealed(of, by=town.ids[1:])
    council.hears(desk.certificate_work(of))
    look()
    council.sends(desk)
    look()
    assert seen == [
        RoundState.JOIN_READY,
        RoundState.JOINED,
        RoundState.REPORT_READY,
        RoundState.REPORTED,
        RoundState.VOTED_COMMIT,
        RoundState.REVEAL_READY,
        RoundState.REVEALED,
    ]
