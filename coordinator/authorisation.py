"""Who may call what. A method without an entry is refused, and so is a role that its entry does not name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from coordinator.refusals import NoIdentity, NotAllowed
from protos.identity import Identity, NotAnIdentity, Role, parse_identity

_INVITEE = frozenset({Role.INVITEE})
_COUNCIL = frozenset({Role.COUNCIL})

ALLOWED_ROLES: Mapping[str, frozenset[Role]] = MappingProxyType(
    {
        "/newlyn.enrolment.v1.EnrolmentService/Enrol": _INVITEE,
        "/newlyn.collection.v1.CollectionService/Hello": _COUNCIL,
        "/newlyn.collection.v1.CollectionService/ListCollections": _COUNCIL,
        "/newlyn.summary.v1.SummaryService/SubmitSummary": _COUNCIL,
        "/newlyn.benchmark.v1.BenchmarkService/GetBenchmark": _COUNCIL,
        "/newlyn.round.v1.RoundService/Poll": _COUNCIL,
        "/newlyn.round.v1.RoundService/SubmitJoin": _COUNCIL,
        "/newlyn.round.v1.RoundService/SubmitReport": _COUNCIL,
        "/newlyn.round.v1.RoundService/SubmitVerdict": _COUNCIL,
        "/newlyn.round.v1.RoundService/SubmitReveal": _COUNCIL,
        "/newlyn.round.v1.RoundService/SubmitRecord": _COUNCIL,
    }
)
"""Every method of every service, by its full name, and the roles that may call it."""


@dataclass(frozen=True)
class Peer:
    """Who is at the other end of a connection, by its certificate alone; `fingerprint` is the certificate's."""

    identity: Identity
    fingerprint: bytes


@dataclass(frozen=True)
class Caller:
    """An admitted peer. `fingerprint` is that of its certificate; `signing_key` is empty for an invitee."""

    identity: Identity
    fingerprint: bytes
    signing_key: bytes

    @property
    def council_code(self) -> str:
        """The three-digit code of the council that the caller speaks for, or is invited as."""
        return self.identity.name


def identify(uris: Iterable[bytes]) -> Identity:
    """The identity in the typed URI names of a peer's certificate. Raises NoIdentity unless there is exactly one."""
    try:
        return parse_identity(uri.decode("ascii") for uri in uris)
    except (NotAnIdentity, UnicodeDecodeError) as error:
        raise NoIdentity from error


def check_allowed(method: str, identity: Identity) -> None:
    """Raises NotAllowed unless the method's entry names the role."""
    if identity.role not in ALLOWED_ROLES.get(method, frozenset()):
        raise NotAllowed
