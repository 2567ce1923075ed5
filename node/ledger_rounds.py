"""What the ledger asks of charges and refunds for rounds of secure aggregation. No storage here.

A release in mode secure is charged once for each round in which this council reports. Only the abort certificate of
that very round gives its charge back, once, and only while no commit certificate of it is held. A round that failed, or
ended with neither certificate, stays charged. Secure aggregation reference, decision 4 and B.8.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from google.protobuf.message import DecodeError

from node.ledger_entries import Entry, EntryKind
from node.rounds.policy import MOST_ROUNDS
from protos.round.v1 import round_pb2 as pb


def round_charge(entries: Sequence[Entry], round_id: bytes) -> Entry | None:
    """The charge for a round, or None."""
    return _of_round(entries, EntryKind.RESERVED, round_id)


def round_refund(entries: Sequence[Entry], round_id: bytes) -> Entry | None:
    """The refund of a round's charge, or None."""
    return _of_round(entries, EntryKind.REFUNDED, round_id)


def _of_round(entries: Sequence[Entry], kind: EntryKind, round_id: bytes) -> Entry | None:
    return next((entry for entry in entries if (entry.kind, entry.round_id) == (kind, round_id)), None)


def round_charge_fault(earlier: Sequence[Entry], charge: Entry) -> str | None:
    """Why a round's charge may not follow the `earlier` entries, or None."""
    if round_charge(earlier, charge.round_id or b"") is not None:
        return "is a second charge for its round"
    before = [entry for entry in earlier if (entry.kind, entry.release) == (EntryKind.RESERVED, charge.release)]
    if any(entry.round_id is None for entry in before):
        return "is for a round of a release that was charged without one"
    if any(entry.plan_hash != charge.plan_hash for entry in before):
        return "is for another plan than the release was charged for"
    if any(round_refund(earlier, entry.round_id or b"") is None for entry in before):
        return "is for a second round of a release whose first was not refunded"
    if len(before) >= MOST_ROUNDS:
        return "is for one round more than a release may have"
    return None


def refund_fault(earlier: Sequence[Entry], refund: Entry) -> str | None:
    """Why a refund may not follow the `earlier` entries, or None."""
    round_id = refund.round_id or b""
    charge = round_charge(earlier, round_id)
    if charge is None or round_refund(earlier, round_id) is not None:
        return "refunds what was not charged, or was refunded"
    same = ("release", "plan_hash", "rho_units", "budget_year")
    if any(getattr(charge, name) != getattr(refund, name) for name in same):
        return "refunds something else than was charged for its round"
    return None


def is_abort_certificate(content: bytes, round_id: bytes) -> bool:
    """Whether a serialised certificate holds ABORTs of that round and nothing else; who may sign is checked where it
    arrives (`node.rounds.machine`)."""
    try:
        verdicts = [pb.Verdict.FromString(signed.payload) for signed in pb.Certificate.FromString(content).verdicts]
    except DecodeError:
        return False
    return bool(verdicts) and all(each.HasField("abort") and each.round_id == round_id for each in verdicts)


def certificate_digest(certificate: bytes) -> bytes:
    """What a refund says of its certificate: SHA-256 of it, serialised."""
    return sha256(certificate).digest()
