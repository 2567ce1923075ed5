"""What a node does about a coordinator that asks for what it may not. If this failed, a rule that is checked would have
no consequence.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from node.errors import ReturnsNotReady
from node.rounds.checks import EntryBeyondBound
from node.rounds.standing import RoundState
from node.rounds.store import Paper
from protos.round.v1 import round_pb2 as pb
from protos.sa1.transcript import Signature
from tests.node.rounds.council import Council, Town, town_of
from tests.node.rounds.honest_desk import DeskRound
from tests.protocol.epochs import made_up_epoch


def states(council: Council) -> list[RoundState]:
    return [standing.state for standing in council.machine.standings()]


def vote_of(council: Council, of: DeskRound) -> str | None:
    """How it voted, as it is stored."""
    verdict = council.record(of).verdict
    return verdict.WhichOneof("choice") if verdict is not None else None


def test_nothing_is_joined_before_a_person_approved(town: Town) -> None:
    town.first.approved = False
    of = town.joined()
    assert town.ids[0] not in of.joins and town.first.alarms == []
    assert "not one that this council answers now" in town.first.machine.standings()[0].reason
    town.first.approved = True
    town.first.hears(pb.Work(announce=of.announced))
    town.first.sends(town.desk)
    assert town.ids[0] in of.joins


def test_nothing_is_measured_once_a_person_refused(town: Town) -> None:
    of = town.joined()
    town.first.approved = False
    town.reported(of)
    assert town.first.measured == [] and town.first.spent() == 0 and town.ids[0] not in of.reports


def test_a_round_that_cannot_be_paid_is_not_joined(town: Town) -> None:
    town.first.limits = type(town.first.limits)(1, 1)
    town.first.start()
    of = town.joined()
    assert town.ids[0] not in of.joins
    assert "rho" in town.first.machine.standings()[0].reason


def test_returns_that_cannot_be_measured_cost_nothing_and_may_be_mended(town: Town) -> None:
    of = town.joined()
    council = town.first

    def not_ready(*_: object) -> None:
        raise ReturnsNotReady("The returns could not be measured.", "Run `newlyn-node check`.")

    council.noised = not_ready  # type: ignore[assignment]
    town.reported(of)
    assert council.spent() == 0 and council.node_id not in of.reports and "measured" in council.record(of).reason
    council.noised = None
    town.reported(of)
    assert council.node_id in of.reports and council.record(of).reason == ""


def test_an_entry_beyond_its_bound_is_charged_and_never_drawn_again_but_the_node_still_votes(town: Town) -> None:
    council = town.first
    drawn = []

    def beyond(*_: object) -> None:
        drawn.append(1)
        raise EntryBeyondBound("an entry beyond the bound of the plan")

    council.noised = beyond  # type: ignore[assignment]
    of = town.reported(town.joined())
    council.noised = None
    council.hears(pb.Work(manifest=town.desk.manifest(of)))
    assert states(council) == [RoundState.REFUSED] and drawn == [1] and council.measured == []
    assert council.spent() == council.plan.rho_units and "beyond its bound" in council.alarms[-1]
    town.revealed(town.committed(of))
    assert council.node_id in of.verdicts and council.node_id in of.reveals


@pytest.mark.parametrize(
    "change",
    [{"query_hash": bytes(32)}, {"dp_spec_hash": bytes(32)}, {"min_cell": 1}, {"min_pct": 49}, {"max_dropped": 0}],
    ids=lambda change: next(iter(change)),
)
def test_a_round_on_other_terms_is_not_joined_but_voted_in(town: Town, change: dict[str, Any]) -> None:
    of = town.desk.announce(**change)
    town.first.hears(pb.Work(announce=of.announced))
    assert town.first.machine.outgoing() == () and len(town.first.alarms) == 1
    town.first.hears(town.desk.abort_request(of))
    assert vote_of(town.first, of) == "abort"


def test_two_manifests_make_a_member_abort_and_keep_the_evidence(town: Town) -> None:
    of = town.reported(town.joined())
    town.first.hears(pb.Work(manifest=town.desk.manifest(of, town.ids[:4])))
    assert vote_of(town.first, of) == "abort" and "two manifests" in town.first.alarms[-1]
    assert Paper.EVIDENCE in town.first.record(of).papers
    assert town.first.spent() == town.first.plan.rho_units


def test_a_manifest_with_a_join_that_nobody_signed_makes_a_member_abort(town: Town) -> None:
    of = town.joined()
    of.joins[town.ids[1]].join.sig = bytes(64)
    town.first.hears(pb.Work(manifest=town.desk.manifest(of)))
    assert vote_of(town.first, of) == "abort" and town.first.measured == []


def test_what_the_coordinator_did_not_sign_changes_nothing(town: Town) -> None:
    """Not before the report, and not after it: nobody else can make a member abort."""
    of = town.joined()
    for manifest in (town.desk.manifest(of), town.desk.manifest(of, town.ids[:4])):
        manifest.sig = bytes(64)
        town.first.hears(pb.Work(manifest=manifest))
        town.reported(of)
        town.first.hears(pb.Work(manifest=manifest))
    again = town.desk.announce(1, at=town.clock.now).announced
    town.first.hears(pb.Work(announce=pb.Signed(payload=again.payload, sig=bytes(64))))
    assert vote_of(town.first, of) is None and Paper.EVIDENCE not in town.first.record(of).papers


def test_a_statement_below_its_floor_makes_every_member_abort(town: Town) -> None:
    of = town.reported(town.joined())
    statement = town.desk.statement(of, town.ids[1:4])
    town.first.hears(town.desk.statement_work(of, town.ids[0], statement))
    assert vote_of(town.first, of) == "abort"


def test_a_receipted_report_left_out_makes_its_node_abort(town: Town) -> None:
    of = town.reported(town.joined())
    without_first = town.desk.statement(of, town.ids[1:])
    for node_id in town.ids[:2]:
        town.councils[node_id].hears(town.desk.statement_work(of, node_id, without_first))
    assert vote_of(town.first, of) == "abort" and vote_of(town.councils[town.ids[1]], of) == "commit"


def test_a_header_under_another_manifest_is_not_committed_to(town: Town) -> None:
    """The manifest split: without this check its victim's masks could be stripped (B.9, attack 3)."""
    of = town.joined()
    victim = town.councils[town.ids[-1]]
    town.clock.now = of.announce.t_join
    split = town.desk.manifest(of, town.ids[1:])
    victim.hears(pb.Work(manifest=split))
    victim.sends(town.desk)
    town.reported(of, by=town.ids[:-1])
    work = town.desk.statement_work(of, town.ids[0])
    assert victim.node_id in {header.signer for header in work.statement.headers}
    town.first.hears(work)
    assert vote_of(town.first, of) is None and "another manifest" in town.first.alarms[-1]


def test_a_second_statement_after_the_vote_changes_nothing(town: Town) -> None:
    of = town.committed(town.reported(town.joined()))
    before = town.first.record(of).said(pb.MESSAGE_KIND_VERDICT)
    town.first.hears(town.desk.statement_work(of, town.ids[0], town.desk.statement(of, town.ids[:4])))
    assert town.first.record(of).said(pb.MESSAGE_KIND_VERDICT) == before
    assert "two statements" in town.first.alarms[-1]


def test_no_node_aborts_by_its_own_clock(town: Town) -> None:
    of = town.reported(town.joined())
    town.clock.now = of.announce.t_reveal
    town.first.hears()
    assert vote_of(town.first, of) is None


def test_a_late_member_commits_and_reveals_with_the_certificate_alone(town: Town) -> None:
    of = town.reported(town.joined())
    late = town.councils[town.ids[-1]]
    town.committed(of, by=town.ids[:-1])
    town.clock.now = of.announce.t_reveal + 10_000
    late.hears(town.desk.statement_work(of, late.node_id))
    assert vote_of(late, of) is None
    # Its round expired with that answer; one that gets both at once is in time.
    assert states(late) == [RoundState.BURNED]
    other = town.councils[town.ids[0]]
    other.hears(town.desk.certificate_work(of))
    assert pb.MESSAGE_KIND_REVEAL in other.record(of).messages


def test_a_member_that_missed_everything_votes_and_reveals_at_once(town: Town) -> None:
    late = town.councils[town.ids[-1]]
    of = town.reported(town.joined(by=town.ids[:-1]))
    town.committed(of, by=town.ids[:-1])
    town.clock.now = of.announce.t_reveal + 10_000
    late.hears(
        pb.Work(announce=of.announced),
        pb.Work(manifest=town.desk.manifest(of)),
        town.desk.statement_work(of, late.node_id),
        town.desk.certificate_work(of),
    )
    assert [outgoing.kind for outgoing in late.sends(town.desk)] == [pb.MESSAGE_KIND_VERDICT, pb.MESSAGE_KIND_REVEAL]


def test_shares_are_opened_under_a_certificate_of_enough_members_only(town: Town) -> None:
    of = town.committed(town.reported(town.joined()))
    few = town.desk.certificate(of, [of.verdicts[node_id] for node_id in town.ids[:3]])
    town.first.hears(town.desk.certificate_work(of, few))
    assert pb.MESSAGE_KIND_REVEAL not in town.first.record(of).messages
    town.first.hears(town.desk.certificate_work(of))
    assert pb.MESSAGE_KIND_REVEAL in town.first.record(of).messages


def test_one_who_aborted_reveals_nothing_under_any_certificate(town: Town) -> None:
    of = town.reported(town.joined())
    town.first.hears(town.desk.abort_request(of))
    town.committed(of, by=town.ids[1:])
    town.first.hears(town.desk.statement_work(of, town.ids[0]), town.desk.certificate_work(of))
    assert [each.kind for each in town.first.machine.outgoing()] == [pb.MESSAGE_KIND_VERDICT]


def test_a_share_that_does_not_open_is_left_out(town: Town) -> None:
    of = town.committed(town.reported(town.joined()), by=town.ids[1:])
    work = town.desk.statement_work(of, town.ids[0])
    work.statement.b_share_ct[2] = bytes(80)
    town.first.hears(work, town.desk.certificate_work(of))
    reveal = town.first.record(of).said(pb.MESSAGE_KIND_REVEAL)
    assert reveal is not None
    entries = pb.Reveal.FromString(reveal.payload).entries
    assert [entry.roster_index for entry in entries] == [0, 1, 3, 4]


def test_one_kind_of_share_is_opened_for_each_owner(town: Town) -> None:
    *reporting, dropped = town.ids
    of = town.revealed(town.committed(town.reported(town.joined(), by=reporting)))
    for signed in of.reveals.values():
        entries = pb.Reveal.FromString(signed.payload).entries
        kinds = {town.ids[entry.roster_index]: entry.kind for entry in entries}
        assert kinds == {node: pb.SHARE_KIND_B for node in reporting} | {dropped: pb.SHARE_KIND_A}
        assert len(entries) == len(kinds)


def test_a_release_in_another_epoch_is_refused_by_members_that_did_not_join_too(town: Town) -> None:
    council = town.first
    council.approved = False
    of = town.joined()
    second = made_up_epoch(5, number=2, previous=town.desk.made.epoch.hash)
    town.desk.made = second
    again = town.desk.announce(2)
    council.hears(pb.Work(epoch=second.signed), pb.Work(announce=again.announced), town.desk.abort_request(again))
    assert "another epoch" in council.alarms[0]
    assert len(council.machine.standings()) == 1 and vote_of(council, of) is None


def test_no_round_of_an_older_epoch_is_joined_but_one_that_is_running_is_finished(town: Town) -> None:
    of = town.joined()
    second = made_up_epoch(5, number=2, previous=town.desk.made.epoch.hash)
    for council in town.councils.values():
        council.hears(pb.Work(epoch=second.signed))
    town.revealed(town.committed(town.reported(of)))
    assert set(of.reveals) == set(town.ids)
    other = town.desk.announce(2, at=town.clock.now, collection_id="2025-test/other")
    town.first.hears(pb.Work(announce=other.announced))
    assert "older epoch" in town.first.alarms[-1]


def test_a_poll_shows_nothing_that_is_under_way(town: Town) -> None:
    def shown(council: Council) -> list[int]:
        return [each.progress for each in council.machine.poll().open_rounds]

    of = town.joined(by=town.ids[1:])
    council = town.first
    council.hears(pb.Work(announce=of.announced))
    assert shown(council) == []
    council.sends(town.desk)
    assert shown(council) == [pb.ROUND_PROGRESS_JOINED]
    town.clock.now = of.announce.t_join
    council.hears(pb.Work(manifest=town.desk.manifest(of)))
    assert shown(council) == [pb.ROUND_PROGRESS_JOINED]
    council.sends(town.desk)
    assert shown(council) == [pb.ROUND_PROGRESS_REPORTED]


@pytest.mark.parametrize("took", [0, 50])
def test_a_report_leaves_at_a_time_that_does_not_depend_on_measuring(tmp_path: Path, took: int) -> None:
    """The delay is drawn before anything is measured, and counted from then."""
    town = town_of(tmp_path)
    council = town.first
    council.policy = type(council.policy)(min_cell=2, min_pct=50, report_delay_seconds=(20, 20))
    council.start()
    of = town.joined()
    plain: Callable[..., object] = council.share

    def slow(*arguments: object) -> object:
        town.clock.now += took
        return plain(*arguments)

    council.noised = slow  # type: ignore[assignment]
    town.clock.now = of.announce.t_join
    council.hears(pb.Work(manifest=town.desk.manifest(of)))
    for second in range(60):
        town.clock.now = of.announce.t_join + second
        if council.machine.outgoing():
            break
    assert second == 20
    town.close()


def test_what_is_no_message_is_told_and_changes_nothing(town: Town) -> None:
    of = town.joined()
    before = town.first.record(of)
    garbage = pb.Signed(payload=b"\xff\xff", sig=bytes(64))
    for work in (
        pb.Work(),
        pb.Work(epoch=garbage),
        pb.Work(announce=garbage),
        pb.Work(manifest=garbage),
        pb.Work(statement=pb.StatementWork(statement=garbage)),
        pb.Work(abort_request=garbage),
        pb.Work(certificate=pb.CertificateWork(round_id=bytes(16))),
        pb.Work(result=garbage),
        pb.Work(manifest=town.desk.say(Signature.MANIFEST, pb.RoundManifest(round_id=bytes(16)))),
        pb.Work(announce=pb.Signed(payload=of.announced.payload + b"\x08\x01", sig=of.announced.sig)),
    ):
        told = len(town.first.alarms)
        town.first.hears(work)
        assert town.first.record(of) == before
        assert len(town.first.alarms) >= told
    assert town.first.alarms


def test_a_round_without_an_ending_is_given_up_and_stays_charged(town: Town) -> None:
    of = town.committed(town.reported(town.joined()))
    town.clock.now = of.announce.t_reveal + 301
    town.first.hears()
    assert states(town.first) == [RoundState.BURNED]
    assert town.first.spent() == town.first.plan.rho_units
    assert not town.first.record(of).holds_parts
    again = town.joined(2)
    assert town.ids[0] not in again.joins and "no abort certificate" in town.first.alarms[-1]


def test_one_who_joined_and_did_not_report_erases_its_secret_in_time(town: Town) -> None:
    of = town.joined()
    town.clock.now = of.announce.t_report
    town.first.hears()
    assert not town.first.record(of).holds_secret
