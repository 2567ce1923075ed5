"""From wire messages to the node's domain types, refusing missing and zero values. Nothing is decided here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from google.protobuf.message import DecodeError
from pydantic import ValidationError

from frameworks.collection import Collection
from frameworks.model import ReleaseMode
from frameworks.plan import ReleaseRequest
from frameworks.shares import Groups, SecureTerms
from node.errors import CoordinatorRefused
from protos.benchmark.v1.benchmark_pb2 import Benchmark
from protos.collection.v1 import collection_pb2
from protos.envelope.v1.envelope_pb2 import SignedEnvelope
from protos.signing import EnvelopeRefused, Label, open_envelope

_MODES: dict[int, ReleaseMode] = {
    collection_pb2.RELEASE_MODE_COUNCIL: "council",
    collection_pb2.RELEASE_MODE_SECURE: "secure",
}

_GROUPS: dict[int, Groups] = {
    collection_pb2.RELEASE_GROUPS_ENGLAND: "england",
    collection_pb2.RELEASE_GROUPS_REGIONS: "regions",
}


@dataclass(frozen=True)
class OfferedCollection:
    """A collection as the coordinator signed it, and the plan hash it claims for each release id."""

    collection: Collection
    plan_hashes: dict[str, bytes]


@dataclass(frozen=True)
class RememberedHead:
    """The ledger head that the coordinator remembers."""

    sequence: int
    hash: bytes


def _open(envelope: SignedEnvelope, label: Label, public_key: bytes, what: str) -> bytes:
    try:
        return open_envelope(envelope, label, public_key)
    except EnvelopeRefused as error:
        raise CoordinatorRefused(
            f"The {what} is not signed by the coordinator this node was enrolled with ({error}).",
            "Do not go on; ask the coordinator's operator, by telephone, which signing key is theirs.",
        ) from error


def _malformed(what: str) -> CoordinatorRefused:
    return CoordinatorRefused(
        f"The {what} that the coordinator sent is incomplete or malformed.",
        "Check that the node's version is supported (`newlyn-node doctor`) and tell the coordinator's operator.",
    )


def _secure_terms(message: collection_pb2.Release) -> SecureTerms | None:
    if not message.HasField("secure"):
        return None
    terms = message.secure
    return SecureTerms(
        groups=_GROUPS[terms.groups],
        largest_group=terms.largest_group,
        max_dropped=terms.max_dropped,
        max_colluding=terms.max_colluding,
    )


def _release(message: collection_pb2.Release) -> ReleaseRequest:
    return ReleaseRequest(
        id=message.id,
        mode=_MODES[message.mode],
        indicators=tuple(message.indicators),
        breakdowns=tuple(message.breakdowns),
        rho_units=message.rho_units,
        precisions=tuple(message.precisions),
        secure=_secure_terms(message),
    )


def read_collection(envelope: SignedEnvelope, coordinator_key: bytes) -> OfferedCollection:
    """Checks the signature, parses, and refuses anything incomplete.

    Raises CoordinatorRefused for a foreign signature or a malformed collection.
    """
    payload = _open(envelope, Label.COLLECTION, coordinator_key, "collection")
    try:
        message = collection_pb2.Collection.FromString(payload)
        if not message.opens_at or not message.closes_at:
            raise _malformed("collection")
        collection = Collection(
            id=message.id,
            framework_id=message.framework_id,
            framework_version=message.framework_version,
            framework_digest=message.framework_digest.hex(),
            reference_year=message.reference_year,
            opens_at=datetime.fromtimestamp(message.opens_at, UTC),
            closes_at=datetime.fromtimestamp(message.closes_at, UTC),
            releases=tuple(_release(release) for release in message.releases),
        )
    except (DecodeError, ValidationError, KeyError, ValueError, OverflowError, OSError) as error:
        raise _malformed("collection") from error
    hashes = {release.id: release.plan_hash for release in message.releases}
    if any(len(plan_hash) != 32 for plan_hash in hashes.values()) or len(message.framework_digest) != 32:
        raise _malformed("collection")
    return OfferedCollection(collection, hashes)


def read_benchmark(envelope: SignedEnvelope, collection_id: str, coordinator_key: bytes) -> Benchmark:
    """The published benchmark of a collection, its signature checked.

    Raises CoordinatorRefused as `read_collection` does, and for the benchmark of another collection.
    """
    payload = _open(envelope, Label.BENCHMARK, coordinator_key, "benchmark")
    try:
        benchmark = Benchmark.FromString(payload)
    except DecodeError as error:
        raise _malformed("benchmark") from error
    if benchmark.collection_id != collection_id or not benchmark.reference_year or not benchmark.framework_id:
        raise _malformed("benchmark")
    return benchmark


def read_remembered_head(message: collection_pb2.HelloResponse) -> RememberedHead | None:
    """The remembered ledger head, or None where the coordinator has seen no summary of this council."""
    if not message.HasField("remembered_head"):
        return None
    head = message.remembered_head
    if head.sequence == 0 or len(head.hash) != 32:
        raise _malformed("ledger head")
    return RememberedHead(head.sequence, head.hash)
