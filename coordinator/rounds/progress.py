"""The transitions of a round (secure aggregation reference, B.6).

Each function is one transition, run inside a transaction on the round's row: it returns the row as it is from now on,
or None while time and counts do not allow it. So it may be run again at any moment, by any replica.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from coordinator.rounds.reader import Reader
from coordinator.rounds.records import Failure, Phase, RoundBook, RoundRecord
from coordinator.rounds.voice import Voice
from coordinator.rounds.windows import SKEW
from protos.round.v1 import round_pb2 as pb
from protos.sa1 import transcript
from protos.sa1.announces import Announce
from protos.sa1.epochs import Epoch
from protos.sa1.floors import meets_release_floor, meets_roster_floor
from protos.sa1.rosters import Roster
from protos.sa1.statements import Choice, read_verdict
from protos.sa1.strict import encode
from protos.sa1.transcript import Signature

Transition = Callable[[RoundBook, RoundRecord, int], RoundRecord | None]

BEFORE_CERTIFICATE = (
    Phase.DRAFT,
    Phase.JOINING,
    Phase.FROZEN,
    Phase.REPORTING,
    Phase.CLOSED,
    Phase.CERTIFYING,
)
"""The phases from which a round may still turn to ABORTING."""


class Progress:
    """The transitions, in the order in which they are tried from each phase."""

    def __init__(self, reader: Reader, voice: Voice) -> None:
        self._reader = reader
        self._voice = voice
        self.of_phase: dict[Phase, tuple[tuple[str, Transition], ...]] = {
            Phase.DRAFT: (("open joining", self.open_joining),),
            Phase.JOINING: (("freeze roster", self.freeze_roster),),
            Phase.FROZEN: (("open reporting", self.open_reporting),),
            Phase.REPORTING: (("close reports", self.close_reports),),
            Phase.CLOSED: (("state survivors", self.state_survivors),),
            Phase.CERTIFYING: (
                ("certify commit", self.certify_commit),
                ("turn to aborting", self.turn_to_aborting),
                ("fail without certificate", self.fail_without_certificate),
            ),
            Phase.REVEALING: (("start unmasking", self.start_unmasking),),
            Phase.ABORTING: (),
        }
        for phase in (*BEFORE_CERTIFICATE, Phase.ABORTING):
            self.of_phase[phase] = (("certify abort", self.certify_abort), *self.of_phase[phase])

    def open_joining(self, book: RoundBook, record: RoundRecord, now: int) -> RoundRecord | None:
        """DRAFT to JOINING, from not_before."""
        if now < self._reader.announce(book, record).not_before:
            return None
        return replace(record, phase=Phase.JOINING)

    def freeze_roster(self, book: RoundBook, record: RoundRecord, now: int) -> RoundRecord | None:
        """JOINING to FROZEN, from t_join or when every member of the partition has joined: the manifest is signed."""
        epoch, announce = self._papers(book, record)
        joins = book.messages(record.round_id, pb.MESSAGE_KIND_JOIN)
        if now < announce.t_join and len(joins) < sum(map(len, epoch.partitions[announce.partition_id].values())):
            return None
        roster = [pb.Signed.FromString(join.signed) for join in joins]
        message = pb.RoundManifest(round_id=record.round_id, announce_hash=announce.hash, roster=roster)
        manifest = self._voice.say(Signature.MANIFEST, message)
        return replace(record, phase=Phase.FROZEN, manifest=encode(manifest))

    def open_reporting(self, book: RoundBook, record: RoundRecord, _now: int) -> RoundRecord:
        """FROZEN to REPORTING, or to ABORTING where the roster is too small for what is asked."""
        epoch, announce = self._papers(book, record)
        possible = possible_cells(announce, epoch)
        meeting = reporting_cells(announce, epoch, self._reader.roster(book, record))
        if _falls_short(record, possible, meeting):
            return self.aborting(book, record)
        return replace(record, phase=Phase.REPORTING)

    def close_reports(self, book: RoundBook, record: RoundRecord, now: int) -> RoundRecord | None:
        """REPORTING to CLOSED, from t_report or when everybody who may report has."""
        epoch, announce = self._papers(book, record)
        roster = self._reader.roster(book, record)
        awaited = {node for cell in reporting_cells(announce, epoch, roster) for node in roster.cells[cell]}
        if now < announce.t_report and not awaited <= set(book.senders(record.round_id, pb.MESSAGE_KIND_REPORT)):
            return None
        book.erase_chunks(record.round_id)
        return replace(record, phase=Phase.CLOSED)

    def state_survivors(self, book: RoundBook, record: RoundRecord, _now: int) -> RoundRecord:
        """CLOSED to CERTIFYING with a signed statement, or to ABORTING where too few survived for what is asked."""
        epoch, announce = self._papers(book, record)
        roster, headers = self._reader.roster(book, record), self._reader.headers(book, record)
        meeting = reporting_cells(announce, epoch, roster)
        by_cell = {cell: [headers[node] for node in roster.cells[cell] if node in headers] for cell in meeting}
        released = {
            cell: found
            for cell, found in by_cell.items()
            if meets_release_floor(announce, len(roster.cells[cell]), len(found))
        }
        if _falls_short(record, meeting, released):
            return self.aborting(book, record)
        message = pb.Statement(
            round_id=record.round_id,
            announce_hash=announce.hash,
            manifest_hash=roster.hash,
            cells=[_stated_cell(cell, released.get(cell)) for cell in sorted(roster.cells)],
        )
        statement = self._voice.say(Signature.STATEMENT, message)
        return replace(record, phase=Phase.CERTIFYING, statement=encode(statement))

    def certify_commit(self, book: RoundBook, record: RoundRecord, _now: int) -> RoundRecord | None:
        """CERTIFYING to REVEALING, with the COMMITs of t members."""
        certificate = self._certificate(book, record, lambda choice: choice.commits)
        if not certificate:
            return None
        return replace(record, phase=Phase.REVEALING, certificate=certificate)

    def turn_to_aborting(self, book: RoundBook, record: RoundRecord, now: int) -> RoundRecord | None:
        """CERTIFYING to ABORTING, from t_commit, while so few were served the statement that no COMMIT can win."""
        if now < self._reader.announce(book, record).t_commit or not self.may_abort(book, record):
            return None
        return self.aborting(book, record)

    def fail_without_certificate(self, book: RoundBook, record: RoundRecord, now: int) -> RoundRecord | None:
        """CERTIFYING to FAILED, when no member commits any more: it counts as released (B.8)."""
        if now < self._reader.announce(book, record).t_reveal + SKEW:
            return None
        return failed(book, record, Failure.NO_CERTIFICATE)

    def start_unmasking(self, book: RoundBook, record: RoundRecord, _now: int) -> RoundRecord | None:
        """REVEALING to UNMASKING, with the reveals of t members."""
        epoch, _ = self._papers(book, record)
        if len(book.senders(record.round_id, pb.MESSAGE_KIND_REVEAL)) < epoch.threshold:
            return None
        return replace(record, phase=Phase.UNMASKING)

    def certify_abort(self, book: RoundBook, record: RoundRecord, _now: int) -> RoundRecord | None:
        """Any phase before a certificate to ABORTED, with the ABORTs of t members, asked or not."""
        certificate = self._certificate(book, record, lambda choice: not choice.commits)
        if not certificate:
            return None
        _erase(book, record)
        return replace(record, phase=Phase.ABORTED, certificate=certificate)

    def may_abort(self, book: RoundBook, record: RoundRecord) -> bool:
        """Whether ABORTING may be entered: no statement has been served to more than L - t members."""
        epoch, _ = self._papers(book, record)
        return (
            record.phase in BEFORE_CERTIFICATE
            and len(book.served(record.round_id)) <= len(epoch.committee) - epoch.threshold
        )

    def aborting(self, book: RoundBook, record: RoundRecord) -> RoundRecord:
        """The round as it is once members are asked to abort: no statement is served from now on."""
        announce = self._reader.announce(book, record)
        message = pb.AbortRequest(round_id=record.round_id, announce_hash=announce.hash)
        request = self._voice.say(Signature.ABORT_REQUEST, message)
        _erase(book, record)
        return replace(record, phase=Phase.ABORTING, abort_request=encode(request))

    def _papers(self, book: RoundBook, record: RoundRecord) -> tuple[Epoch, Announce]:
        return self._reader.epoch(book, record.epoch_hash), self._reader.announce(book, record)

    def _certificate(self, book: RoundBook, record: RoundRecord, wanted: Callable[[Choice], bool]) -> bytes:
        """The serialised Certificate of the first t members who chose so, or nothing while there are fewer."""
        epoch, _ = self._papers(book, record)
        verdicts = book.messages(record.round_id, pb.MESSAGE_KIND_VERDICT)
        if len(verdicts) < epoch.threshold:
            return b""
        signed = [pb.Signed.FromString(verdict.signed) for verdict in verdicts]
        alike = [verdict for verdict in signed if wanted(read_verdict(verdict, epoch)[1])]
        if len(alike) < epoch.threshold:
            return b""
        return encode(pb.Certificate(verdicts=alike[: epoch.threshold]))


def failed(book: RoundBook, record: RoundRecord, failure: Failure) -> RoundRecord:
    """The round as it is once it has failed."""
    _erase(book, record)
    return replace(record, phase=Phase.FAILED, failure=failure)


def _erase(book: RoundBook, record: RoundRecord) -> None:
    """Nothing of a round without a result is kept that could be opened later."""
    book.erase_chunks(record.round_id)
    book.erase_shares(record.round_id)
    book.erase_sums(record.round_id)
    book.erase_vectors(record.round_id)


def possible_cells(announce: Announce, epoch: Epoch) -> frozenset[str]:
    """The groups that would meet their roster floor if every member joined."""
    cells = epoch.partitions[announce.partition_id].items()
    return frozenset(cell for cell, nodes in cells if meets_roster_floor(announce, len(nodes), len(nodes)))


def reporting_cells(announce: Announce, epoch: Epoch, roster: Roster) -> frozenset[str]:
    """The groups that meet their roster floor: nodes of others do not report."""
    cells = epoch.partitions[announce.partition_id].items()
    return frozenset(cell for cell, nodes in cells if meets_roster_floor(announce, len(nodes), len(roster.cells[cell])))


def _falls_short(record: RoundRecord, asked: Iterable[str], left: Collection[str]) -> bool:
    """Whether the round is of no use: no group is left, or one that was asked for is lost and none may be withheld."""
    return not left or (not record.withholds and not set(asked) <= set(left))


def _stated_cell(cell_id: str, headers: list[pb.Signed] | None) -> pb.StatementCell:
    if headers is None:
        return pb.StatementCell(cell_id=cell_id, outcome=pb.CELL_OUTCOME_WITHHELD)
    hashes = [transcript.header_hash(header.payload) for header in headers]
    return pb.StatementCell(cell_id=cell_id, outcome=pb.CELL_OUTCOME_RELEASE, header_hash=hashes)
