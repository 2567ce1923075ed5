"""What a node may learn of a refused call: a closed list of classes, each with one gRPC status and one fixed text.

The texts have no parameters, so that nothing can reach a peer through them. `status` is the name of a gRPC status
code; the transport looks it up.
"""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):
    """A call that is refused. Subclasses are the closed list."""

    status: ClassVar[str]
    text: ClassVar[str]

    def __init__(self) -> None:
        super().__init__(self.text)


class NoIdentity(Refusal):
    """The certificate does not carry exactly one URI name of ours."""

    status = "UNAUTHENTICATED"
    text = "the certificate does not carry exactly one Newlyn identity"


class CertificateNotAccepted(Refusal):
    """The certificate is unknown here, revoked, replaced by a newer one, expired, or of another council."""

    status = "UNAUTHENTICATED"
    text = "the certificate is not accepted"


class NotAllowed(Refusal):
    """The identity's role may not call this method."""

    status = "PERMISSION_DENIED"
    text = "this certificate may not call this method"


class Malformed(Refusal):
    """A request with a missing, zero or malformed field."""

    status = "INVALID_ARGUMENT"
    text = "the request is incomplete or malformed"


class InvitationNotAccepted(Refusal):
    """The token is not that of the caller's invitation, or the invitation has expired, is void, or was used."""

    status = "PERMISSION_DENIED"
    text = "the invitation is not accepted"


class CertificateRequestNotAccepted(Refusal):
    """The certificate request or the proof of the signing key does not hold."""

    status = "INVALID_ARGUMENT"
    text = "the certificate request or the proof of the signing key does not hold"


class NotPublishedYet(Refusal):
    """No benchmark of that collection has been published."""

    status = "NOT_FOUND"
    text = "no benchmark of that collection has been published"


class SignatureNotAccepted(Refusal):
    """The summary is not signed, for this purpose, by the key with which the council enrolled."""

    status = "INVALID_ARGUMENT"
    text = "the summary is not signed with the council's enrolled key"


class ForeignSummary(Refusal):
    """The summary names another council than the caller."""

    status = "PERMISSION_DENIED"
    text = "the summary is another council's"


class ReleaseNotOpen(Refusal):
    """No open collection holds that release, or its window has not begun or is over."""

    status = "FAILED_PRECONDITION"
    text = "no such release is open now"


class AnotherPlan(Refusal):
    """The framework or the plan is not the one that the collection asks for."""

    status = "FAILED_PRECONDITION"
    text = "the release plan is not the one this collection asks for"


class UnfitVector(Refusal):
    """The vector has another length than the plan, or a value that no plan can produce."""

    status = "INVALID_ARGUMENT"
    text = "the vector does not fit the release plan"


class LedgerNotContinued(Refusal):
    """The ledger head is behind the one remembered, or another one at the same place."""

    status = "FAILED_PRECONDITION"
    text = "the ledger does not continue the one this coordinator remembers"


class AlreadyAnswered(Refusal):
    """Another summary of this council for this release is stored."""

    status = "ALREADY_EXISTS"
    text = "another summary for this release is already stored"


class NoSuchRound(Refusal):
    """No round of that id, or none that this node has a part in."""

    status = "NOT_FOUND"
    text = "no such round"


class RoundNotOpen(Refusal):
    """The round takes no message of this kind now: it is too early, too late, or the round has ended."""

    status = "FAILED_PRECONDITION"
    text = "the round takes no such message now"


class MessageNotAccepted(Refusal):
    """A message of a round that breaks a rule of the protocol: its signature, its form, or what it names."""

    status = "INVALID_ARGUMENT"
    text = "the message does not follow the protocol of the round"


class AnotherMessageStored(Refusal):
    """Another message of this kind is stored for this node and round; both are kept."""

    status = "ALREADY_EXISTS"
    text = "another message of this kind is already stored for this round"
