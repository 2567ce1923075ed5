"""Each rule by itself, on a case that it accepts and on one that only it refuses. A rule that accepts everything would
leave the protocol running, and its promise empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from node.rounds import checks
from node.rounds.checks import EntryBeyondBound, ForeignMessage, Misbehaviour
from node.rounds.policy import RoundPolicy
from node.rounds.store import Paper, RoundRecord
from protos.round.v1 import round_pb2 as pb
from protos.sa1.announces import Announce
from protos.sa1.epochs import Epoch
from protos.sa1.masking import to_ring
from protos.sa1.refusal import Refused
from protos.sa1.rosters import Roster
from protos.sa1.statements import Choice, Statement, read_statement
from protos.sa1.strict import encode
from protos.sa1.transcript import Signature, statement_hash
from tests.node.rounds.council import POLICY, Town, small_plan, town_of
from tests.node.rounds.honest_desk import START, DeskRound, HonestDesk


@dataclass(frozen=True)
class Scene:
    """A round that everybody reported to and committed to, as one council and its desk know it."""

    town: Town
    desk: HonestDesk
    of: DeskRound
    announce: Announce
    epoch: Epoch
    roster: Roster
    signed_statement: pb.Signed
    statement: Statement
    record: RoundRecord
    me: str


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Played once; nothing in this module changes it."""
    town = town_of(Path(tmp_path_factory.mktemp("town")))
    of = town.committed(town.reported(town.joined()))
    desk, epoch, me = town.desk, town.desk.made.epoch, town.ids[0]
    signed, roster = desk.statement(of), desk.roster(of)
    headers = [of.reports[node][0] for node in town.ids]
    statement = read_statement(signed, headers, of.announce, roster, epoch)
    record = town.first.record(of)
    yield Scene(town, desk, of, of.announce, epoch, roster, signed, statement, record, me)
    town.close()


def plain_record(**changes: Any) -> RoundRecord:
    """A round in which nothing happened."""
    return replace(
        RoundRecord(bytes(16), "c/r", bytes(32), b"", {}, frozenset(), frozenset(), False, False, False, ""), **changes
    )


def voted(scene: Scene, *, commit: bytes | None) -> dict[int, bytes]:
    """The messages of one who voted so."""
    verdict = pb.Verdict(round_id=scene.announce.round_id, node_id=scene.me)
    if commit is None:
        verdict.abort.SetInParent()
    else:
        verdict.commit.stmt_hash = commit
    return {pb.MESSAGE_KIND_VERDICT: encode(pb.Signed(payload=encode(verdict)))}


def test_an_id_stands_for_one_announcement(scene: Scene) -> None:
    checks.check_same_announce(scene.record, scene.of.announced)
    with pytest.raises(Refused):
        checks.check_same_announce(scene.record, scene.signed_statement)


def test_a_release_stays_in_its_epoch(scene: Scene) -> None:
    checks.check_one_epoch(scene.epoch.hash, [scene.record])
    with pytest.raises(Refused):
        checks.check_one_epoch(bytes(32), [scene.record])


def test_no_round_from_before_a_restore_is_entered(scene: Scene) -> None:
    checks.check_after_restore(scene.announce, None)
    checks.check_after_restore(scene.announce, START - 300)
    with pytest.raises(Refused):
        checks.check_after_restore(scene.announce, START - 299)


def test_only_the_newest_epoch_is_joined(scene: Scene) -> None:
    checks.check_current_epoch(scene.announce, scene.epoch)
    for current in (None, replace(scene.epoch, hash=bytes(32))):
        with pytest.raises(Refused):
            checks.check_current_epoch(scene.announce, current)


def test_the_plan_is_the_one_that_was_approved(scene: Scene) -> None:
    checks.check_plan(scene.announce, scene.desk.plan)


@pytest.mark.parametrize(
    "change",
    [
        {"collection_id": "2025-test/other"},
        {"query_hash": bytes(32)},
        {"dp_spec_hash": bytes(32)},
        {"length": 1},
        {"entry_bound": 1},
        {"partition_id": "regions"},
        {"max_dropped": 0},
        {"max_colluding": 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_round_that_differs_from_the_plan_is_refused(scene: Scene, change: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        checks.check_plan(replace(scene.announce, **change), scene.desk.plan)


def test_a_plan_without_noise_that_is_shared_is_refused(scene: Scene) -> None:
    with pytest.raises(Refused):
        checks.check_plan(scene.announce, replace(scene.desk.plan, secure=None))


@pytest.mark.parametrize("policy", [RoundPolicy(min_cell=3, min_pct=50), RoundPolicy(min_cell=2, min_pct=51)])
def test_floors_below_this_councils_own_are_refused(scene: Scene, policy: RoundPolicy) -> None:
    checks.check_own_floors(scene.announce, POLICY)
    with pytest.raises(Refused):
        checks.check_own_floors(scene.announce, policy)


def test_a_group_that_could_fall_below_its_floor_is_refused(scene: Scene) -> None:
    checks.check_own_group(replace(scene.announce, min_cell=4), scene.epoch, scene.me)
    with pytest.raises(Refused):
        checks.check_own_group(replace(scene.announce, min_cell=5), scene.epoch, scene.me)
    with pytest.raises(Refused):
        checks.check_own_group(scene.announce, scene.epoch, "E99999999")


def test_a_group_larger_than_the_noise_was_planned_for_is_refused(scene: Scene) -> None:
    """Each share of the noise would be smaller than its grid was made for."""
    plan, councils = small_plan(), len(scene.town.ids)
    assert plan.secure is not None
    for largest, holds in ((councils, True), (councils - 1, False)):
        planned = replace(plan, secure=replace(plan.secure, largest_group=largest))
        if holds:
            checks.check_planned_group(scene.announce, scene.epoch, planned, scene.me)
        else:
            with pytest.raises(Refused, match="larger group"):
                checks.check_planned_group(scene.announce, scene.epoch, planned, scene.me)
    with pytest.raises(Refused, match="no group"):
        checks.check_planned_group(scene.announce, scene.epoch, plan, "E99999999")


def test_times_are_neither_of_tomorrow_nor_of_yesterday_nor_for_ever(scene: Scene) -> None:
    checks.check_times(scene.announce, START - 300, POLICY)
    checks.check_times(scene.announce, START + 99, POLICY)
    for now, policy in ((START - 301, POLICY), (START + 100, POLICY), (START, replace(POLICY, longest_seconds=399))):
        with pytest.raises(Refused):
            checks.check_times(scene.announce, now, policy)


def test_a_release_has_three_rounds(scene: Scene) -> None:
    checks.check_number_of_rounds([scene.record] * 2)
    with pytest.raises(Refused):
        checks.check_number_of_rounds([scene.record] * 3)


@pytest.mark.parametrize("also", [set(), {Paper.COMMIT_CERTIFICATE, Paper.ABORT_CERTIFICATE}])
def test_each_round_reported_to_has_its_own_abort_certificate(also: set[Paper]) -> None:
    aborted = plain_record(papers=frozenset({Paper.DECLINED, Paper.ABORT_CERTIFICATE}))
    checks.check_reports_aborted([aborted, plain_record()])
    with pytest.raises(Refused):
        checks.check_reports_aborted([aborted, plain_record(papers=frozenset({Paper.DECLINED} | also))])


def test_a_round_has_one_manifest(scene: Scene) -> None:
    manifest = scene.desk.manifest(scene.of)
    other = scene.desk.manifest(scene.of, scene.town.ids[1:])
    checks.check_same_manifest(None, other, scene.epoch)
    checks.check_same_manifest(encode(manifest), manifest, scene.epoch)
    with pytest.raises(Misbehaviour):
        checks.check_same_manifest(encode(manifest), other, scene.epoch)
    other.sig = bytes(64)
    with pytest.raises(Refused) as raised:
        checks.check_same_manifest(encode(manifest), other, scene.epoch)
    assert not isinstance(raised.value, Misbehaviour)


def test_the_own_join_is_on_the_roster_to_the_byte(scene: Scene) -> None:
    mine, other = scene.of.joins[scene.me].join, scene.of.joins[scene.town.ids[1]].join
    assert checks.check_own_join(scene.roster, scene.me, mine, True)
    for join in (None, other):
        with pytest.raises(ForeignMessage):
            checks.check_own_join(scene.roster, scene.me, join, False)


def test_a_join_with_a_receipt_is_on_the_roster(scene: Scene) -> None:
    without = scene.desk.roster(scene.of, scene.desk.manifest(scene.of, scene.town.ids[1:]))
    assert not checks.check_own_join(without, scene.me, scene.of.joins[scene.me].join, False)
    with pytest.raises(Misbehaviour):
        checks.check_own_join(without, scene.me, scene.of.joins[scene.me].join, True)


@pytest.mark.parametrize("change", [{"min_pct": 100}, {"min_cell": 4}, {"max_colluding": 3}])
def test_the_roster_floor_holds_before_a_report(scene: Scene, change: dict[str, Any]) -> None:
    """One of five did not join."""
    four = scene.desk.roster(scene.of, scene.desk.manifest(scene.of, scene.town.ids[:4]))
    assert checks.check_roster_floor(scene.announce, four, scene.epoch, scene.me) == "E92000001"
    with pytest.raises(Refused):
        checks.check_roster_floor(replace(scene.announce, **change), four, scene.epoch, scene.me)


@pytest.mark.parametrize(
    "change",
    [
        {"messages": {pb.MESSAGE_KIND_REPORT: b""}},
        {"papers": frozenset({Paper.DECLINED})},
        {"messages": {pb.MESSAGE_KIND_VERDICT: b""}},
        {"holds_secret": False},
    ],
)
def test_a_node_reports_once_and_not_after_it_voted_or_left(change: dict[str, Any]) -> None:
    checks.check_may_report(plain_record(holds_secret=True))
    with pytest.raises(Refused):
        checks.check_may_report(plain_record(**{"holds_secret": True} | change))


def test_no_report_is_made_after_its_time(scene: Scene) -> None:
    checks.check_before_report_ends(scene.announce, START + 199)
    with pytest.raises(Refused):
        checks.check_before_report_ends(scene.announce, START + 200)


def test_a_vector_is_whole_words_within_the_bound(scene: Scene) -> None:
    announce = scene.announce
    bound, length = announce.entry_bound, announce.length
    edges = [bound, -bound] + [0] * (length - 2)
    checks.check_vector(announce, to_ring(edges, announce.width))
    for beyond in (bound + 1, -bound - 1):
        with pytest.raises(EntryBeyondBound):
            checks.check_vector(announce, to_ring([beyond] + [0] * (length - 1), announce.width))
    with pytest.raises(ValueError, match="length"):
        checks.check_vector(announce, to_ring(edges[:-1], announce.width))
    with pytest.raises(TypeError):
        checks.check_vector(announce, np.zeros(length, dtype=float))


def with_hashes(scene: Scene, count: int) -> pb.Signed:
    """A statement that releases so many survivors, signed by the coordinator."""
    statement = pb.Statement.FromString(scene.signed_statement.payload)
    del statement.cells[0].header_hash[count:]
    return scene.desk.say(Signature.STATEMENT, statement)


def test_the_floors_show_in_what_the_coordinator_signed(scene: Scene) -> None:
    rules = (scene.announce, scene.roster, scene.epoch)
    checks.check_counts_in_statement(scene.signed_statement, *rules)
    checks.check_counts_in_statement(with_hashes(scene, 4), *rules)
    with pytest.raises(Misbehaviour, match="survivors"):
        checks.check_counts_in_statement(with_hashes(scene, 3), *rules)
    with pytest.raises(Misbehaviour, match="roster"):
        strict = replace(scene.announce, min_pct=101)
        checks.check_counts_in_statement(scene.signed_statement, strict, scene.roster, scene.epoch)
    with pytest.raises(Misbehaviour, match="manifest"):
        other = replace(scene.roster, hash=bytes(32))
        checks.check_counts_in_statement(scene.signed_statement, scene.announce, other, scene.epoch)


def test_what_the_coordinator_did_not_sign_shows_nothing_against_it(scene: Scene) -> None:
    forged = pb.Signed(payload=with_hashes(scene, 3).payload, sig=scene.signed_statement.sig)
    with pytest.raises(Refused) as raised:
        checks.check_counts_in_statement(forged, scene.announce, scene.roster, scene.epoch)
    assert not isinstance(raised.value, Misbehaviour)


def test_a_statement_after_the_vote_is_the_one_voted_for(scene: Scene) -> None:
    checks.check_same_statement(scene.record, scene.statement.hash)
    checks.check_same_statement(plain_record(), bytes(32))
    with pytest.raises(Misbehaviour):
        checks.check_same_statement(scene.record, statement_hash(with_hashes(scene, 4).payload))


def test_ciphertexts_stand_beside_the_roster(scene: Scene) -> None:
    work = scene.desk.statement_work(scene.of, scene.me).statement
    checks.check_ciphertexts(work, scene.roster)
    del work.a_share_ct[0]
    with pytest.raises(Refused):
        checks.check_ciphertexts(work, scene.roster)


def test_a_late_commit_needs_the_certificate_of_this_statement(scene: Scene) -> None:
    def choice(commits_to: bytes) -> Choice:
        return Choice(scene.announce.round_id, scene.announce.hash, scene.roster.hash, commits_to)

    checks.check_time_to_commit(scene.announce, START + 399, None, scene.statement)
    checks.check_time_to_commit(scene.announce, START + 400, choice(scene.statement.hash), scene.statement)
    for shown in (None, choice(bytes(32))):
        with pytest.raises(Refused):
            checks.check_time_to_commit(scene.announce, START + 400, shown, scene.statement)


def test_a_node_commits_under_the_manifest_it_reported_under(scene: Scene) -> None:
    header = scene.of.reports[scene.me][0]
    checks.check_reported_under(scene.roster, header)
    checks.check_reported_under(replace(scene.roster, hash=bytes(32)), None)
    with pytest.raises(Misbehaviour):
        checks.check_reported_under(replace(scene.roster, hash=bytes(32)), header)


def test_the_own_report_is_listed_and_no_other_in_its_name(scene: Scene) -> None:
    mine, other = scene.of.reports[scene.me][0], scene.of.reports[scene.town.ids[1]][0]
    checks.check_own_report(scene.statement, scene.roster, scene.me, mine, True)
    for header in (None, other):
        with pytest.raises(ForeignMessage):
            checks.check_own_report(scene.statement, scene.roster, scene.me, header, False)
    ((cell_id, headers),) = scene.statement.released.items()
    without = replace(scene.statement, released={cell_id: headers[1:]})
    checks.check_own_report(without, scene.roster, scene.me, mine, False)
    with pytest.raises(Misbehaviour):
        checks.check_own_report(without, scene.roster, scene.me, mine, True)
    withheld = replace(scene.statement, released={}, withheld=(cell_id,))
    checks.check_own_report(withheld, scene.roster, scene.me, mine, True)


def test_a_release_is_committed_to_in_one_round(scene: Scene) -> None:
    commit = voted(scene, commit=bytes(32))
    aborted = plain_record(messages=commit, papers=frozenset({Paper.ABORT_CERTIFICATE}))
    checks.check_one_released_round([aborted, plain_record(messages=voted(scene, commit=None)), plain_record()])
    for other in (
        plain_record(messages=commit),
        plain_record(papers=frozenset({Paper.COMMIT_CERTIFICATE})),
        plain_record(papers=frozenset({Paper.COMMIT_CERTIFICATE, Paper.ABORT_CERTIFICATE})),
    ):
        with pytest.raises(Refused):
            checks.check_one_released_round([aborted, other])


def test_a_request_to_abort_is_signed_and_for_this_round(scene: Scene) -> None:
    asked = scene.desk.abort_request(scene.of).abort_request
    checks.check_abort_request(asked, scene.announce, scene.epoch)
    with pytest.raises(Refused):
        checks.check_abort_request(asked, replace(scene.announce, hash=bytes(32)), scene.epoch)
    with pytest.raises(Refused):
        checks.check_abort_request(pb.Signed(payload=asked.payload, sig=bytes(64)), scene.announce, scene.epoch)


def test_a_member_votes_once_and_never_when_it_is_silent(scene: Scene) -> None:
    checks.check_may_vote(plain_record(), scene.epoch, scene.me)
    for record, node_id in (
        (plain_record(), "E99999999"),
        (plain_record(burned=True), scene.me),
        (plain_record(messages=voted(scene, commit=None)), scene.me),
    ):
        with pytest.raises(Refused):
            checks.check_may_vote(record, scene.epoch, node_id)


def test_a_certificate_is_for_exactly_this_statement(scene: Scene) -> None:
    right = Choice(scene.announce.round_id, scene.announce.hash, scene.roster.hash, scene.statement.hash)
    checks.check_certified(right, scene.roster, scene.statement)
    for wrong in (replace(right, statement_hash=bytes(32)), replace(right, manifest_hash=bytes(32))):
        with pytest.raises(Refused):
            checks.check_certified(wrong, scene.roster, scene.statement)


def test_shares_are_opened_only_by_one_who_committed_to_this_statement(scene: Scene) -> None:
    committed = plain_record(messages=voted(scene, commit=scene.statement.hash))
    checks.check_may_reveal(committed, scene.statement)
    for record in (
        plain_record(),
        plain_record(messages=voted(scene, commit=None)),
        plain_record(messages=voted(scene, commit=statement_hash(b"another"))),
        replace(committed, papers=frozenset({Paper.ABORT_CERTIFICATE})),
        replace(committed, burned=True),
        replace(committed, messages=committed.messages | {pb.MESSAGE_KIND_REVEAL: b""}),
    ):
        with pytest.raises(Refused):
            checks.check_may_reveal(record, scene.statement)


def test_a_result_has_its_certificate(scene: Scene) -> None:
    result = pb.RoundResult(round_id=scene.announce.round_id, stmt_hash=scene.statement.hash)
    right = Choice(scene.announce.round_id, scene.announce.hash, scene.roster.hash, scene.statement.hash)
    checks.check_result(result, right)
    for wrong in (replace(right, statement_hash=bytes(32)), replace(right, statement_hash=None, manifest_hash=None)):
        with pytest.raises(Refused):
            checks.check_result(result, wrong)
    with pytest.raises(Refused):
        checks.check_result_signature(scene.desk.say(Signature.STATEMENT, result), scene.epoch)


def test_a_receipt_is_the_coordinators_and_for_what_was_said(scene: Scene) -> None:
    join = scene.of.joins[scene.me].join
    receipt = scene.desk.receipt(scene.me, scene.announce.round_id, pb.MESSAGE_KIND_JOIN, join)
    checks.check_receipt(checks.read_receipt(receipt, scene.epoch), scene.record, scene.me)
    with pytest.raises(Refused):
        checks.read_receipt(pb.Receipt(body=pb.Signed(payload=receipt.body.payload)), scene.epoch)
    other = scene.desk.receipt(scene.me, scene.announce.round_id, pb.MESSAGE_KIND_JOIN, scene.signed_statement)
    foreign = scene.desk.receipt(scene.town.ids[1], scene.announce.round_id, pb.MESSAGE_KIND_JOIN, join)
    unsaid = scene.desk.receipt(scene.me, scene.announce.round_id, pb.MESSAGE_KIND_REVEAL, join)
    for wrong in (other, foreign, unsaid):
        with pytest.raises(Refused):
            checks.check_receipt(checks.read_receipt(wrong, scene.epoch), scene.record, scene.me)


def test_the_plan_of_another_number_of_dropouts_is_another_plan(scene: Scene) -> None:
    """Two plans alike but for what may be missing have different hashes, so no node takes one for the other."""
    with pytest.raises(Refused):
        checks.check_plan(scene.announce, small_plan(dropped=2))
