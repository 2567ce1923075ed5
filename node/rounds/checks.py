"""What a node checks before it sends anything: one function a rule, pure (secure aggregation reference, B.7).

What concerns a message alone, every reader checks (`protos.sa1`); here is what depends on this node: its plan, its
policy, what it said before and what it holds. A check that does not pass raises Refused; where what the coordinator
signed contradicts itself, Misbehaviour; where this node's key has said what its store does not hold, ForeignMessage.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

import numpy as np

from frameworks.plan import ReleasePlan
from node.rounds.policy import CLOCK_SKEW_SECONDS, MOST_ROUNDS, RoundPolicy
from node.rounds.store import Paper, RoundRecord
from protos.round.v1 import round_pb2 as pb
from protos.sa1 import transcript
from protos.sa1.announces import Announce
from protos.sa1.epochs import Epoch
from protos.sa1.floors import meets_release_floor, meets_roster_floor
from protos.sa1.masking import Vector, word
from protos.sa1.refusal import Refused
from protos.sa1.rosters import Roster
from protos.sa1.statements import Choice, Statement
from protos.sa1.strict import Malformed, parse
from protos.sa1.transcript import Signature


class Misbehaviour(Refused):
    """The coordinator signed what it may not sign: this member votes ABORT, and a person is told."""


class ForeignMessage(Refused):
    """This node's key signed what its store does not hold: it was restored or copied, and says nothing more."""


class EntryBeyondBound(Refused):
    """An entry of the noised vector beyond its bound, by the noise alone: this node makes no report in the round."""


# Before anything of a round is believed.


def check_same_announce(record: RoundRecord, signed: pb.Signed) -> None:
    """A round's id stands for one announcement."""
    if pb.Signed.FromString(record.announce).payload != signed.payload:
        raise Refused("an announcement with the id of another round")


def check_one_epoch(epoch_hash: bytes, rounds: Iterable[RoundRecord]) -> None:
    """A release belongs to the first epoch in which this node sees it; `rounds` are those of it that are known."""
    if any(record.epoch_hash != epoch_hash for record in rounds):
        raise Refused("a release that was announced in another epoch")


def check_after_restore(announce: Announce, restored_at: int | None) -> None:
    """After a copy of this store was noticed, no round that it may have taken part in is entered, verdicts included."""
    if restored_at is not None and announce.announced_at < restored_at + CLOCK_SKEW_SECONDS:
        raise Refused("a round that was announced before this node was found to be restored or copied")


# Before Join.


def check_current_epoch(announce: Announce, current: Epoch | None) -> None:
    """No round of an older epoch than the newest known is joined."""
    if current is None or announce.epoch_hash != current.hash:
        raise Refused("a round of an older epoch")


def check_plan(announce: Announce, plan: ReleasePlan) -> None:
    """The round is about the very plan that this node compiled and its council approved.

    The width of its words follows from the bound and the epoch's groups (`protos.sa1.announces`): it may be less than
    the plan's modulus, which is made for all councils of England.
    """
    secure = plan.secure
    if secure is None or announce.collection_id != f"{plan.collection_id}/{plan.release_id}":
        raise Refused("a round of another release")
    if not hmac.compare_digest(announce.query_hash, plan.plan_hash):
        raise Refused("a round of another plan")
    if not hmac.compare_digest(announce.dp_spec_hash, plan.noise_hash):
        raise Refused("a round with other noise than the plan's")
    if (announce.length, announce.entry_bound) != (plan.length, secure.entry_bound):
        raise Refused("a round with another vector than the plan's")
    if announce.partition_id != secure.groups:
        raise Refused("a round over other groups than the plan's")
    if (announce.max_dropped, announce.max_colluding) != (secure.max_dropped, secure.max_colluding):
        raise Refused("a round with other tolerances than the plan's")


def check_own_floors(announce: Announce, policy: RoundPolicy) -> None:
    """The announced floors are no lower than this council's own."""
    if announce.min_cell < policy.min_cell:
        raise Refused("a round over smaller groups than this council allows")
    if announce.min_pct < policy.min_pct:
        raise Refused("a round over smaller parts of a group than this council allows")


def check_own_group(announce: Announce, epoch: Epoch, node_id: str) -> None:
    """This node is in a group that is large enough even if as many drop out as may."""
    cell_id = epoch.cell_of(announce.partition_id, node_id)
    if cell_id is None:
        raise Refused("a round in which this council is in no group")
    if len(epoch.partitions[announce.partition_id][cell_id]) < announce.min_cell + announce.max_dropped:
        raise Refused("a round in which this council's group is too small")


def check_planned_group(announce: Announce, epoch: Epoch, plan: ReleasePlan, node_id: str) -> None:
    """This node's group is no larger than the grid of the plan's noise was made for (privacy reference 5)."""
    cell_id = epoch.cell_of(announce.partition_id, node_id)
    if plan.secure is None or cell_id is None:
        raise Refused("a round in which this council is in no group")
    if len(epoch.partitions[announce.partition_id][cell_id]) > plan.secure.largest_group:
        raise Refused("a round over a larger group than the plan's noise is for")


def check_times(announce: Announce, now: int, policy: RoundPolicy) -> None:
    """The round was announced by now, may still be joined, and does not last longer than this council allows."""
    if announce.announced_at > now + CLOCK_SKEW_SECONDS:
        raise Refused("a round that was announced in the future")
    if now >= announce.t_join:
        raise Refused("a round that can no longer be joined")
    if announce.t_reveal - announce.announced_at > policy.longest_seconds:
        raise Refused("a round that lasts longer than this council allows")


def check_number_of_rounds(others: Iterable[RoundRecord]) -> None:
    """A release has at most three rounds; `others` are those of it that are known beside this one."""
    if len(tuple(others)) >= MOST_ROUNDS:
        raise Refused("one round more than a release may have")


def check_reports_aborted(others: Iterable[RoundRecord]) -> None:
    """Each other round of the release in which this node reported has its own abort certificate, and no other."""
    if any(record.reported and not record.aborted for record in others):
        raise Refused("another round of a release whose earlier round has no abort certificate here")


# Before Report.


def check_same_manifest(held: bytes | None, signed: pb.Signed, epoch: Epoch) -> None:
    """A round has one manifest; `held` is the Signed one that this node acted on, or None."""
    if held is None or pb.Signed.FromString(held).payload == signed.payload:
        return
    if not transcript.holds(epoch.coordinator_key, Signature.MANIFEST, signed.payload, signed.sig):
        raise Refused("a manifest that the coordinator did not sign")
    raise Misbehaviour("two manifests of one round")


def check_own_join(roster: Roster, node_id: str, join: pb.Signed | None, receipted: bool) -> bool:
    """Whether this node is on the roster, with its own Join to the byte.

    Raises ForeignMessage for a Join that it did not make, and Misbehaviour where one with a receipt is missing.
    """
    entry = roster.entry(node_id)
    if entry is not None and (join is None or entry.payload != join.payload):
        raise ForeignMessage("a Join of this node that it does not hold")
    if entry is None and receipted:
        raise Misbehaviour("a roster without a Join that has a receipt")
    return entry is not None


def check_roster_floor(announce: Announce, roster: Roster, epoch: Epoch, node_id: str) -> str:
    """The id of this node's group, whose roster is large enough for the noise to be reckoned by."""
    cell_id = roster.cell_of(node_id)
    if cell_id is None:
        raise Refused("not on the roster")
    members = len(epoch.partitions[announce.partition_id][cell_id])
    if not meets_roster_floor(announce, members, len(roster.cells[cell_id])):
        raise Refused("a group with too few on its roster")
    return cell_id


def check_may_report(record: RoundRecord) -> None:
    """No report was made here, no ABORT signed, and the secret of this node's Join was not given up."""
    if record.reported:
        raise Refused("a second report in a round")
    if record.verdict is not None:
        raise Refused("a report in a round that this node has voted on")
    if not record.holds_secret:
        raise Refused("a report in a round that this node has left")


def check_before_report_ends(announce: Announce, now: int) -> None:
    """Reports are still taken."""
    if now >= announce.t_report:
        raise Refused("a round to which nothing can be reported any more")


def check_vector(announce: Announce, noised: Vector) -> None:
    """As many words as announced, none of which stands for a number beyond the bound.

    Raises TypeError for anything but words of the announced width, ValueError for another length, and EntryBeyondBound.
    """
    if noised.dtype != word(announce.width):
        raise TypeError("a noised vector that is no words of the announced width")
    if noised.shape != (announce.length,):
        raise ValueError("a noised vector of another length than announced")
    signed = noised.view(np.dtype(f"<i{announce.width // 8}"))
    if int(signed.max()) > announce.entry_bound or int(signed.min()) < -announce.entry_bound:
        raise EntryBeyondBound("an entry beyond the bound of the plan")


# Before COMMIT.


def check_counts_in_statement(signed: pb.Signed, announce: Announce, roster: Roster, epoch: Epoch) -> None:
    """What the signed statement shows by itself: its manifest, and as many survivors as the floors ask for.

    Raises Misbehaviour, and Refused for what the coordinator did not sign, or did not sign for this round.
    """
    if not transcript.holds(epoch.coordinator_key, Signature.STATEMENT, signed.payload, signed.sig):
        raise Refused("a statement that the coordinator did not sign")
    try:
        statement = parse(pb.Statement, signed.payload)
    except Malformed as error:
        raise Refused(str(error)) from error
    if (statement.round_id, statement.announce_hash) != (announce.round_id, announce.hash):
        raise Refused("a statement of another round")
    if statement.manifest_hash != roster.hash:
        raise Misbehaviour("a statement under another manifest")
    for cell in statement.cells:
        if cell.outcome != pb.CELL_OUTCOME_RELEASE or cell.cell_id not in roster.cells:
            continue
        members, on_roster = len(epoch.partitions[announce.partition_id][cell.cell_id]), len(roster.cells[cell.cell_id])
        if not meets_roster_floor(announce, members, on_roster):
            raise Misbehaviour("a group released with too few on its roster")
        if not meets_release_floor(announce, on_roster, len(cell.header_hash)):
            raise Misbehaviour("a group released with too few survivors")


def check_same_statement(record: RoundRecord, statement_hash: bytes) -> None:
    """A statement that this node committed to is the only one of its round."""
    verdict = record.verdict
    if verdict is not None and verdict.HasField("commit") and verdict.commit.stmt_hash != statement_hash:
        raise Misbehaviour("two statements of one round")


def check_ciphertexts(work: pb.StatementWork, roster: Roster) -> None:
    """A ciphertext, or none, stands beside each of the roster."""
    if len(work.a_share_ct) != len(roster.entries) or len(work.b_share_ct) != len(roster.entries):
        raise Refused("shares that are not beside the roster")


def check_time_to_commit(announce: Announce, now: int, shown: Choice | None, statement: Statement) -> None:
    """Before t_reveal; or later with a commit certificate for exactly this statement."""
    if now >= announce.t_reveal and (shown is None or shown.statement_hash != statement.hash):
        raise Refused("a round that can no longer be committed to without its certificate")


def check_reported_under(roster: Roster, header: pb.Signed | None) -> None:
    """The statement's manifest is the one that this node reported under."""
    if header is not None and pb.ReportHeader.FromString(header.payload).manifest_hash != roster.hash:
        raise Misbehaviour("another manifest than the one reported under")


def check_own_report(
    statement: Statement, roster: Roster, node_id: str, header: pb.Signed | None, receipted: bool
) -> None:
    """This node's report is listed where its group is released and it holds a receipt, and no other is.

    Raises ForeignMessage for a header that it did not make, and Misbehaviour where one with a receipt is missing.
    """
    listed = next((each for cell in statement.released.values() for each in cell if each.node_id == node_id), None)
    if listed is not None and (header is None or listed.payload != header.payload):
        raise ForeignMessage("a report of this node that it does not hold")
    if listed is None and receipted and roster.cell_of(node_id) in statement.released:
        raise Misbehaviour("a statement without a report that has a receipt")


def check_one_released_round(others: Iterable[RoundRecord]) -> None:
    """Each other round of the release that this node committed to, or knows to be committed, has its abort certificate.

    With quorums that overlap, this gives at most one released round for a release and epoch.
    """
    for record in others:
        if (record.committed or Paper.COMMIT_CERTIFICATE in record.papers) and not record.aborted:
            raise Refused("a release that was committed to in another round")


# Before ABORT.


def check_abort_request(signed: pb.Signed, announce: Announce, epoch: Epoch) -> None:
    """A request for this round that the coordinator signed."""
    if not transcript.holds(epoch.coordinator_key, Signature.ABORT_REQUEST, signed.payload, signed.sig):
        raise Refused("a request to abort that the coordinator did not sign")
    try:
        request = parse(pb.AbortRequest, signed.payload)
    except Malformed as error:
        raise Refused(str(error)) from error
    if (request.round_id, request.announce_hash) != (announce.round_id, announce.hash):
        raise Refused("a request to abort another round")


def check_may_vote(record: RoundRecord, epoch: Epoch, node_id: str) -> None:
    """A member of the committee votes once, and never after it was found to be restored or copied."""
    if node_id not in epoch.committee:
        raise Refused("a vote of one who is not in the committee")
    if record.burned:
        raise Refused("a round in which this node says nothing more")
    if record.verdict is not None:
        raise Refused("a second vote in a round")


# Before Reveal.


def check_certified(choice: Choice, roster: Roster, statement: Statement) -> None:
    """The certificate is of COMMITs to exactly this statement, under this manifest."""
    if (choice.manifest_hash, choice.statement_hash) != (roster.hash, statement.hash):
        raise Refused("a certificate for another statement")


def check_may_reveal(record: RoundRecord, statement: Statement) -> None:
    """This node committed to this statement, the round was not aborted, and nothing was revealed in it."""
    verdict = record.verdict
    if verdict is None or not verdict.HasField("commit") or verdict.commit.stmt_hash != statement.hash:
        raise Refused("shares of a round that this node did not commit to")
    if Paper.ABORT_CERTIFICATE in record.papers:
        raise Refused("shares of a round that was aborted")
    if record.burned:
        raise Refused("a round in which this node says nothing more")
    if pb.MESSAGE_KIND_REVEAL in record.messages:
        raise Refused("a second reveal in a round")


# Results and receipts.


def check_result_signature(signed: pb.Signed, epoch: Epoch) -> None:
    """The coordinator signed the result."""
    if not transcript.holds(epoch.coordinator_key, Signature.RESULT, signed.payload, signed.sig):
        raise Refused("a result that the coordinator did not sign")


def check_result(result: pb.RoundResult, choice: Choice) -> None:
    """The result is of the statement that its certificate commits to."""
    if not choice.commits or choice.statement_hash != result.stmt_hash:
        raise Refused("a result without the certificate of its statement")


def read_receipt(receipt: pb.Receipt, epoch: Epoch) -> pb.ReceiptBody:
    """What the coordinator of that epoch signed that it has."""
    if not transcript.holds(epoch.coordinator_key, Signature.RECEIPT, receipt.body.payload, receipt.body.sig):
        raise Refused("a receipt that the coordinator did not sign")
    try:
        return parse(pb.ReceiptBody, receipt.body.payload)
    except Malformed as error:
        raise Refused(str(error)) from error


def check_receipt(body: pb.ReceiptBody, record: RoundRecord, node_id: str) -> None:
    """It is for what this node said."""
    said = record.said(body.kind)
    if said is None or body.node_id != node_id:
        raise Refused("a receipt for what this node did not say")
    if not hmac.compare_digest(body.payload_sha256, hashlib.sha256(said.payload).digest()):
        raise Refused("a receipt for other bytes than were sent")
