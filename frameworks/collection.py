"""A collection: what the coordinator asks of every council, as both ends understand it."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator

from frameworks.model import Model
from frameworks.plan import ReleaseRequest

CollectionId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)]


class Collection(Model):
    """A framework version, a reference year (ending 31 March), a window, and one or more releases.

    `framework_digest` is the SHA-256 of the framework's files in hex. Nodes answer from `opens_at` until `closes_at`.
    """

    id: CollectionId
    framework_id: str = Field(min_length=1)
    framework_version: str = Field(min_length=1)
    framework_digest: str = Field(min_length=1)
    reference_year: int = Field(ge=2010, le=2100)
    opens_at: AwareDatetime
    closes_at: AwareDatetime
    releases: tuple[ReleaseRequest, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _window_and_ids(self) -> Self:
        if self.closes_at <= self.opens_at:
            raise ValueError("a collection closes after it opens")
        if len({release.id for release in self.releases}) != len(self.releases):
            raise ValueError("each release has an id of its own")
        return self
