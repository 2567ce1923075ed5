"""The rules of intake: which summary is accepted. Pure functions; the caller brings what is remembered.

A summary counts once. The council that signed it must be the one that brings it, and what it answers must be exactly
what was asked: collection, framework, plan, length. Its ledger must continue the one remembered, so that a ledger
restored from a backup, whose budget would be spent twice, is caught (engineering reference 3.4, rule 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from coordinator.records import AskedRelease, CollectionState, LedgerHead, SummaryIdentity
from coordinator.refusals import (
    AlreadyAnswered,
    AnotherPlan,
    ForeignSummary,
    LedgerNotContinued,
    ReleaseNotOpen,
    SignatureNotAccepted,
    UnfitVector,
)
from protos.envelope.v1.envelope_pb2 import SignedEnvelope
from protos.signing import EnvelopeRefused, Label, open_envelope

VALUE_BOUND = 2**53
"""Every value is smaller than this in magnitude, so that no sum over councils leaves 64 bits."""


@dataclass(frozen=True)
class SummaryContent:
    """What a summary says. `plan_hash` and `framework_digest` are 32 bytes each."""

    identity: SummaryIdentity
    plan_hash: bytes
    framework_digest: bytes
    ledger_head: LedgerHead
    declared_files: frozenset[str]
    values: tuple[int, ...]


def verified_payload(envelope: SignedEnvelope, signing_key: bytes) -> bytes:
    """The payload as it arrived, signed as a summary by the enrolled key. Raises SignatureNotAccepted."""
    try:
        return open_envelope(envelope, Label.SUMMARY, signing_key)
    except EnvelopeRefused as error:
        raise SignatureNotAccepted from error


def check_author(content: SummaryContent, caller_council: str) -> None:
    """A council brings its own summaries only. Raises ForeignSummary."""
    if content.identity.council_code != caller_council:
        raise ForeignSummary


def check_unanswered(answered: bytes | None) -> None:
    """A release has one vector; the caller has looked for the same bytes before. Raises AlreadyAnswered."""
    if answered is not None:
        raise AlreadyAnswered


def check_asked_for(content: SummaryContent, asked: AskedRelease | None, now: datetime) -> None:
    """The release must be open now, and the summary must answer exactly what it asks.

    Raises ReleaseNotOpen, AnotherPlan or UnfitVector.
    """
    if asked is None or asked.state is not CollectionState.OPEN or not asked.opens_at <= now < asked.closes_at:
        raise ReleaseNotOpen
    if (content.plan_hash, content.framework_digest) != (asked.plan_hash, asked.framework_digest):
        raise AnotherPlan
    if len(content.values) != asked.length:
        raise UnfitVector
    if max(content.values) >= VALUE_BOUND or min(content.values) <= -VALUE_BOUND:
        raise UnfitVector


def check_ledger(head: LedgerHead, remembered: LedgerHead | None) -> None:
    """The ledger must not be behind the one remembered, nor another one of the same length.

    Raises LedgerNotContinued.
    """
    if remembered is None:
        return
    if head.sequence < remembered.sequence or (head.sequence == remembered.sequence and head.hash != remembered.hash):
        raise LedgerNotContinued
