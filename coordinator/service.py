"""What the server does for a caller: each call is one unit of work over the store, and safe to repeat.

A caller's deadline may pass while the work goes on and commits (engineering reference, finding 7); repeating the call
then finds what was done.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from coordinator import enrolment, intake
from coordinator.authorisation import Caller, Peer
from coordinator.enrolment import EnrolmentRequest
from coordinator.records import LedgerHead, SignedSummary
from coordinator.refusals import CertificateNotAccepted, NotPublishedYet, Refusal
from coordinator.rounds.service import RoundService
from coordinator.store import audit, collections, members, summaries
from coordinator.store.audit import AuditEvent
from coordinator.store.database import Store
from coordinator.wire import read_summary
from protos.envelope.v1.envelope_pb2 import SignedEnvelope
from protos.identity import Role

Clock = Callable[[], datetime]


class Service:
    """The coordinator as its callers see it. Synchronous: the server runs each call on a thread of its pool."""

    def __init__(self, store: Store, clock: Clock, rounds: RoundService) -> None:
        self._store = store
        self._clock = clock
        self.rounds = rounds

    def admit(self, peer: Peer) -> Caller:
        """Admits a peer whose certificate is known here by its fingerprint, in force, and of the council it names.

        Raises CertificateNotAccepted.
        """
        now = self._clock()
        identity, fingerprint = peer.identity, peer.fingerprint
        if identity.role is Role.INVITEE:
            invitation = self._store.read("admit invitee", lambda tx: members.find_invitation(tx, fingerprint))
            if invitation is None or invitation.council_code != identity.name or invitation.expires_at <= now:
                raise CertificateNotAccepted
            return Caller(identity, fingerprint, b"")
        certificate = self._store.read("admit council", lambda tx: members.find_certificate(tx, fingerprint))
        if certificate is None or certificate.council_code != identity.name or certificate.expires_at <= now:
            raise CertificateNotAccepted
        return Caller(identity, fingerprint, certificate.signing_key)

    def enrol(self, caller: Caller, request: EnrolmentRequest) -> bytes | None:
        """Takes a certificate request, or tells what became of it: the certificate (PEM), or None while it waits.

        Raises CertificateRequestNotAccepted or InvitationNotAccepted; a refused attempt is counted.
        """
        enrolment.check_proofs(request)
        now = self._clock()

        def work(tx: Connection) -> bytes | Refusal | None:
            invitation = members.find_invitation(tx, caller.fingerprint)
            used_for = members.find_enrolment(tx, invitation.token_hash) if invitation else None
            try:
                enrolment.check_invitation(request, caller.council_code, invitation, used_for, now)
            except Refusal as refusal:
                audit.record(tx, AuditEvent.ENROLMENT_REFUSED, now, council_code=caller.council_code)
                if invitation is not None:
                    members.count_failed_attempt(tx, invitation.token_hash)
                return refusal
            if used_for is not None:
                return used_for.certificate
            members.add_enrolment(
                tx,
                enrolment.hash_token(request.token),
                caller.council_code,
                request.certificate_request,
                request.signing_key,
                now,
            )
            audit.record(tx, AuditEvent.ENROLMENT_REQUESTED, now, council_code=caller.council_code)
            return None

        outcome = self._store.run_tx("enrol", work)
        if isinstance(outcome, Refusal):
            raise outcome
        return outcome

    def hello(self, caller: Caller, software_version: str) -> tuple[LedgerHead | None, datetime]:
        """Remembers that the council called; tells the ledger head remembered for it, and the time."""
        now = self._clock()

        def work(tx: Connection) -> LedgerHead | None:
            members.saw_council(tx, caller.council_code, software_version, now)
            return summaries.find_ledger_head(tx, caller.council_code)

        return self._store.run_tx("hello", work), now

    def open_collections(self) -> list[bytes]:
        """The signed envelopes of the collections that are open."""
        return self._store.read("list collections", collections.open_envelopes)

    def submit(self, caller: Caller, envelope: SignedEnvelope) -> bytes:
        """Accepts a summary, exactly once, and returns the SHA-256 of its payload.

        Raises Malformed, and every refusal of `coordinator.intake`.
        """
        payload = intake.verified_payload(envelope, caller.signing_key)
        content = read_summary(payload)
        intake.check_author(content, caller.council_code)
        now = self._clock()
        digest = hashlib.sha256(payload).digest()
        summary = SignedSummary(payload, digest, envelope.signature, caller.signing_key, now)
        identity = content.identity

        def work(tx: Connection) -> None:
            state = summaries.find_intake_state(tx, identity)
            if state.answered == digest:
                return
            intake.check_unanswered(state.answered)
            intake.check_asked_for(content, state.asked, now)
            intake.check_ledger(content.ledger_head, state.ledger_head)
            summaries.add_summary(tx, identity, summary)
            summaries.remember_ledger_head(tx, identity.council_code, content.ledger_head)

        self._store.run_tx("submit summary", work)
        return digest

    def benchmark(self, collection_id: str) -> bytes:
        """The signed benchmark of a published collection. Raises NotPublishedYet."""
        found = self._store.read("get benchmark", lambda tx: collections.find_benchmark(tx, collection_id))
        if found is None:
            raise NotPublishedYet
        return found
