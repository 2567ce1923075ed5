"""The invitation file: what a council receives from the coordinator's operator, by a channel of their own.

It is JSON text. Whoever holds it can enrol as that council once, so it is as secret as a password until used.
"""

from __future__ import annotations

import base64
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_serializer, field_validator

CouncilCode = Annotated[str, Field(pattern=r"^[0-9]{3}$")]


class Invitation(BaseModel):
    """One council's invitation.

    `address` is the coordinator's `host:port`; `authority_certificate` (PEM) is the only trust anchor of the link;
    `invitee_certificate` and `invitee_key` (PEM) admit the node to enrolment and to nothing else;
    `coordinator_signing_key` is the raw Ed25519 public key that signs collections and benchmarks, and
    `epoch_authority_key` the enrolment authority's, that signs epochs of secure aggregation;
    `token` is 32 secret bytes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    newlyn_invitation: Literal[1] = 1
    council_code: CouncilCode
    council_name: str
    address: Annotated[str, Field(pattern=r"^[^\s:]+:[0-9]{1,5}$")]
    authority_certificate: str
    invitee_certificate: str
    invitee_key: str
    coordinator_signing_key: bytes
    epoch_authority_key: bytes
    token: bytes
    expires_at: AwareDatetime

    @field_validator("coordinator_signing_key", "epoch_authority_key", "token", mode="before")
    @classmethod
    def _from_base64(cls, value: object) -> object:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else value

    @field_validator("coordinator_signing_key", "epoch_authority_key", "token")
    @classmethod
    def _of_32_bytes(cls, value: bytes) -> bytes:
        if len(value) != 32:
            raise ValueError("must be 32 bytes")
        return value

    @field_serializer("coordinator_signing_key", "epoch_authority_key", "token")
    def _to_base64(self, value: bytes) -> str:
        return base64.b64encode(value).decode()

    def to_text(self) -> str:
        """The file's text."""
        return self.model_dump_json(indent=2) + "\n"


def parse_invitation(text: str) -> Invitation:
    """Reads an invitation file's text. Raises pydantic.ValidationError for anything that is not one."""
    return Invitation.model_validate_json(text)
