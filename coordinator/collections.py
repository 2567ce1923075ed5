"""What is asked: from a collection file to a collection and its release plans.

The file is TOML: `id`, `framework`, `reference_year`, `opens`, `closes`, and one `[[release]]` each with `id`, `mode`,
`indicators` and `breakdowns`. A date opens at its first moment and closes after its last, in UTC.

What a release may cost is either its own `rho`, its own `epsilon` with `delta`, or its `share` of the rho that the
file's `epsilon` and `delta` give for all its releases together. `weights` says what counts as an error (`overall`,
`breakdowns` and `indicators` by name; see `coordinator.planning.weights`): the noise is divided so that the weighted
error is least. A release in mode secure names its `groups` (england, or regions), and how many councils of a group may
drop out (`max_dropped`) or reveal their noise (`max_colluding`).
"""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field, ValidationError, model_validator

from coordinator.data import current_councils
from coordinator.errors import InvalidCollection
from coordinator.planning.sizes import england_sizes
from coordinator.planning.weights import HEADLINE_WEIGHT, Objective, optimal_precisions
from coordinator.wire import collection_message
from frameworks.accounting import rho_from_epsilon, rho_units_down
from frameworks.blocks import OVERALL
from frameworks.catalogue import load_framework
from frameworks.collection import Collection
from frameworks.errors import FrameworkError
from frameworks.exposure import DELTA
from frameworks.model import Framework, Identifier, Model, ReleaseMode
from frameworks.plan import ReleasePlan, ReleaseRequest, compile_plan
from frameworks.shares import Groups, SecureTerms
from protos.signing import Label, seal

Weight = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]


class _Weights(Model):
    overall: Weight = HEADLINE_WEIGHT
    breakdowns: dict[Identifier, Weight] = Field(default_factory=dict)
    indicators: dict[Identifier, Weight] = Field(default_factory=dict)


class _ReleaseEntry(Model):
    id: Identifier
    mode: ReleaseMode
    indicators: tuple[Identifier, ...] = Field(min_length=1)
    breakdowns: tuple[Identifier, ...] = ()
    rho: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    epsilon: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    delta: float | None = Field(default=None, gt=0, lt=1)
    share: float | None = Field(default=None, gt=0, le=1, allow_inf_nan=False)
    weights: _Weights = _Weights()
    groups: Groups | None = None
    max_dropped: int = Field(default=3, ge=0)
    max_colluding: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _one_cost(self) -> Self:
        given = (self.rho, self.epsilon, self.share)
        if sum(cost is not None for cost in given) != 1 or (self.epsilon is None) != (self.delta is None):
            raise ValueError("give a release either rho, or epsilon and delta, or a share of the file's epsilon")
        if (self.mode == "secure") != (self.groups is not None):
            raise ValueError("a release in mode secure, and no other, names its groups")
        return self

    def rho_asked(self, file: _CollectionFile) -> float:
        """What the release may cost."""
        if self.epsilon is not None and self.delta is not None:
            return rho_from_epsilon(self.epsilon, self.delta)
        if self.share is not None:
            assert file.epsilon is not None and file.delta is not None
            return self.share * rho_from_epsilon(file.epsilon, file.delta)
        assert self.rho is not None
        return self.rho

    def request(self, file: _CollectionFile) -> ReleaseRequest:
        """The release as nodes receive it, but for its precisions; its cost is rounded down to the ledger's unit."""
        return ReleaseRequest(
            id=self.id,
            mode=self.mode,
            indicators=self.indicators,
            breakdowns=self.breakdowns,
            rho_units=rho_units_down(self.rho_asked(file)),
            secure=self._terms(),
        )

    def _terms(self) -> SecureTerms | None:
        if self.groups is None:
            return None
        return SecureTerms(
            groups=self.groups,
            largest_group=largest_group(self.groups),
            max_dropped=self.max_dropped,
            max_colluding=self.max_colluding,
        )

    def objective(self, framework: Framework) -> Objective:
        """What the noise of the release is divided for.

        Of councils' own releases every cohort counts alike: their sizes differ from council to council.
        """
        tables = {OVERALL: self.weights.overall, **self.weights.breakdowns}
        sizes = england_sizes(framework) if self.groups else {}
        return Objective(sizes, tables, self.weights.indicators)


class _CollectionFile(Model):
    id: str
    framework: str
    reference_year: int
    opens: datetime | date
    closes: datetime | date
    epsilon: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    delta: float | None = Field(default=None, gt=0, lt=1)
    release: tuple[_ReleaseEntry, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _shares_of_something(self) -> Self:
        shares = [entry.share for entry in self.release if entry.share is not None]
        if (self.epsilon is None) != (self.delta is None) or bool(shares) != (self.epsilon is not None):
            raise ValueError("releases take shares where the file has an epsilon and a delta, and only there")
        if sum(shares) > 1 + 1e-9:
            raise ValueError("the shares of the releases are more than the whole")
        return self


def largest_group(groups: Groups) -> int:
    """The number of councils in the largest group."""
    councils = current_councils().values()
    return len(councils) if groups == "england" else max(Counter(c.region_code for c in councils).values())


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
            releases=tuple(entry.request(entries) for entry in entries.release),
        )
    except FrameworkError as error:
        raise InvalidCollection(error.problem, error.next_step) from error
    except ValidationError as error:
        raise InvalidCollection(f"{path} is not a collection: {_problems(error)}.", "Correct these entries.") from error
    draft = compile_collection(collection, framework)
    releases = tuple(
        request.model_copy(update={"precisions": optimal_precisions(framework, plan, entry.objective(framework))})
        for request, plan, entry in zip(collection.releases, draft, entries.release, strict=True)
    )
    collection = collection.model_copy(update={"releases": releases})
    deltas = tuple(entry.delta or entries.delta or DELTA for entry in entries.release)
    return CompiledCollection(collection, framework, compile_collection(collection, framework), deltas)


def secure_releases(collection: Collection) -> tuple[str, ...]:
    """The releases in mode secure, each of which is answered in rounds."""
    return tuple(release.id for release in collection.releases if release.mode == "secure")
