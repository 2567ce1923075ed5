"""Who a certificate speaks for: exactly one URI subject alternative name.

DNS names, common names and the untyped list of alternative names can be spelled to look like an identity, so nothing
else is ever read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

_PATTERN = re.compile(r"newlyn://(?P<role>[a-z]+)/(?P<name>[a-z0-9-]{1,40})")


class Role(StrEnum):
    """What a peer is."""

    COUNCIL = "council"
    INVITEE = "invitee"
    COORDINATOR = "coordinator"


class NotAnIdentity(Exception):
    """A certificate that does not carry exactly one URI of ours."""


@dataclass(frozen=True)
class Identity:
    """A role and a name: a council's is its three-digit code."""

    role: Role
    name: str

    @property
    def uri(self) -> str:
        """The URI that stands in the certificate, such as `newlyn://council/301`."""
        return f"newlyn://{self.role.value}/{self.name}"


def parse_identity(uris: Iterable[str]) -> Identity:
    """The identity in a certificate's URI names. Raises NotAnIdentity unless there is exactly one, and it is ours."""
    listed = list(uris)
    if len(listed) != 1:
        raise NotAnIdentity(f"the certificate carries {len(listed)} URI names where exactly one is required")
    match = _PATTERN.fullmatch(listed[0])
    if match is None or match["role"] not in set(Role):
        raise NotAnIdentity("the certificate's URI name is not a Newlyn identity")
    return Identity(Role(match["role"]), match["name"])
