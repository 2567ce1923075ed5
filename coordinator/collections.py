"""What is asked: from a collection file to a collection and its release plans.

The file is TOML: `id`, `framework`, `reference_year`, `opens`, `closes`, and one `[[release]]` each with `id`, `mode`,
`indicators`, `breakdowns`, and either `rho` or `epsilon` with `delta`. A date opens at its first moment and closes
after its last, in UTC.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field, ValidationError, model_validator

from coordinator.errors import InvalidCollection
from coordinator.wire import collection_message
from frameworks.accounting import rho_from_epsilon, rho_units_down
from frameworks.catalogue import load_framework
from frameworks.collection import Collection
from frameworks.errors import FrameworkError
from frameworks.model import Framework, Identifier, Model, ReleaseMode
from frameworks.plan import ReleasePlan, ReleaseRequest, compile_plan
from protos.signing import Label, seal

DEFAULT_DELTA = 1e-7
"""The delta at which epsilon is shown for a release that is given in rho."""


class _ReleaseEntry(Model):
    id: Identifier
    mode: ReleaseMode
    indicators: tuple[Identifier, ...] = Field(min_length=1)
    breakdowns: tuple[Identifier, ...] = ()
    rho: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    epsilon: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    delta: float | None = Field(default=None, gt=0, lt=1)

    @model_validator(mode="after")
    def _one_cost(self) -> Self:
        if (self.rho is None) == (self.epsilon is None) or (self.epsilon is None) != (self.delta is None):
            raise ValueError("give a release either rho, or epsilon and delta")
        return self

    def request(self) -> ReleaseRequest:
        """The release as nodes receive it; its cost is rounded down to the ledger's unit."""
        rho = self.rho
        if self.epsilon is not None and self.delta is not None:
            rho = rho_from_epsilon(self.epsilon, self.delta)
        assert rho is not None
        return ReleaseRequest(
            id=self.id,
            mode=self.mode,
            indicators=self.indicators,
            breakdowns=self.breakdowns,
            rho_units=rho_units_down(rho),
        )


class _CollectionFile(Model):
    id: str
    framework: str
    reference_year: int
    opens: datetime | date
    closes: datetime | date
    release: tuple[_ReleaseEntry, ...] = Field(min_length=1)


@dataclass(frozen=True)
class CompiledCollection:
    """A collection, the framework it uses, and a plan for each release, in order. `deltas` are for showing epsilon."""

    collection: Collection
    framework: Framework
    plans: tuple[ReleasePlan, ...]
    deltas: tuple[float, ...]

    def sealed(self, signing_key: Ed25519PrivateKey) -> bytes:
        """The collection in the envelope that nodes receive, signed by the coordinator and serialised."""
        payload = collection_message(self.collection, self.plans).SerializeToString(deterministic=True)
        return seal(signing_key, Label.COLLECTION, payload).SerializeToString(deterministic=True)


def _moment(value: datetime | date, *, end: bool) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is None:
        raise InvalidCollection(
            f"The time {value.isoformat()} has no offset from UTC.", "Write a date, or add Z or an offset."
        )
    try:
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        day = datetime.combine(value, time.min, UTC)
        return day + timedelta(days=1) if end else day
    except OverflowError:
        raise InvalidCollection(
            f"The date {value.isoformat()} is beyond the calendar.", "Write a date nearer to now."
        ) from None


def _problems(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in item['loc']) or 'file'}: {item['msg']}" for item in error.errors()
    )


def _load(path: Path) -> _CollectionFile:
    try:
        return _CollectionFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise InvalidCollection(f"{path} is not a collection: {_problems(error)}.", "Correct these entries.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidCollection(f"{path} cannot be read as TOML: {error}.", "Correct the file.") from error


def compile_collection(collection: Collection, framework: Framework) -> tuple[ReleasePlan, ...]:
    """The plan of each release, in order. Raises InvalidCollection for one that cannot be compiled."""
    try:
        return tuple(
            compile_plan(framework, collection.id, collection.reference_year, release)
            for release in collection.releases
        )
    except FrameworkError as error:
        raise InvalidCollection(error.problem, error.next_step) from error


def read_collection(path: Path) -> CompiledCollection:
    """Reads a collection file and compiles its releases against the framework installed here.

    Raises
    ------
    InvalidCollection
        When the file does not follow the model, its framework is not installed, or a release cannot be compiled.
    """
    entries = _load(path)
    try:
        framework = load_framework(entries.framework)
        collection = Collection(
            id=entries.id,
            framework_id=framework.id,
            framework_version=framework.version,
            framework_digest=framework.digest,
            reference_year=entries.reference_year,
            opens_at=_moment(entries.opens, end=False),
            closes_at=_moment(entries.closes, end=True),
            releases=tuple(entry.request() for entry in entries.release),
        )
    except FrameworkError as error:
        raise InvalidCollection(error.problem, error.next_step) from error
    except ValidationError as error:
        raise InvalidCollection(f"{path} is not a collection: {_problems(error)}.", "Correct these entries.") from error
    deltas = tuple(entry.delta or DEFAULT_DELTA for entry in entries.release)
    return CompiledCollection(collection, framework, compile_collection(collection, framework), deltas)


def refuse_secure(collection: Collection) -> None:
    """Raises InvalidCollection when a release is in mode secure, which this version can plan but not run."""
    secure = [release.id for release in collection.releases if release.mode == "secure"]
    if secure:
        raise InvalidCollection(
            f"Release {', '.join(secure)} is in mode secure, which this version can validate but not run.",
            'Use mode = "council", or take the release out.',
        )
