"""A small release and everything a door needs, for tests of the ledger and the door."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from frameworks.collection import Collection
from frameworks.errors import UnknownFramework
from frameworks.model import Framework
from frameworks.plan import ReleasePlan, ReleaseRequest, compile_plan
from frameworks.shares import SecureTerms
from node.decisions import Owner
from node.ledger import Ledger
from node.noise import add_noise
from node.policy import Policy
from node.release import Noise, ReleaseDoor
from protos.envelope.v1.envelope_pb2 import SignedEnvelope
from protos.signing import public_bytes
from protos.summary.v1.summary_pb2 import Summary
from tests.frameworks.small import small_framework

FRAMEWORK = small_framework()
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SIGNING_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OWNER = Owner("301", SIGNING_KEY)
CALDICOTT = Ed25519PrivateKey.from_private_bytes(b"a" * 32)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
WITH_APPROVER = Owner("301", SIGNING_KEY, frozenset({public_bytes(CALDICOTT)}))
DECLARED = frozenset({"ssda903@2025", "cin_census@2025"})
RHO_UNITS = 20_000_000_000
COLLECTION_ID = "2025-test"


class Clock:
    """A clock that tests set."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def load_small(framework_id: str) -> Framework:
    """In place of the catalogue: the small framework is the only one installed."""
    if framework_id != FRAMEWORK.id:
        raise UnknownFramework(f"There is no framework {framework_id}.", "Install it.")
    return FRAMEWORK


def request_of(release_id: str = "headlines", **changes: Any) -> ReleaseRequest:
    """A request for one release of headlines by sex."""
    values: dict[str, Any] = {
        "id": release_id,
        "mode": "council",
        "indicators": ("children", "healthy", "score", "helped"),
        "breakdowns": ("sex",),
        "rho_units": RHO_UNITS,
    }
    if changes.get("mode") == "secure":
        values["secure"] = SecureTerms(groups="england", largest_group=153)
    return ReleaseRequest(**values | changes)


def collection_of(*requests: ReleaseRequest, **changes: Any) -> Collection:
    """An open collection of these releases."""
    values: dict[str, Any] = {
        "id": COLLECTION_ID,
        "framework_id": FRAMEWORK.id,
        "framework_version": FRAMEWORK.version,
        "framework_digest": FRAMEWORK.digest,
        "reference_year": 2025,
        "opens_at": NOW - timedelta(days=1),
        "closes_at": NOW + timedelta(days=30),
        "releases": requests or (request_of(),),
    }
    return Collection(**values | changes)


def plan_of(request: ReleaseRequest | None = None, collection_id: str = COLLECTION_ID) -> ReleasePlan:
    """The compiled plan of a request."""
    return compile_plan(FRAMEWORK, collection_id, 2025, request or request_of())


PLAN = plan_of()
COLLECTION = collection_of()
EXACT = list(range(100, 100 + PLAN.length))


def policy_of(**changes: Any) -> Policy:
    """A policy that allows the small framework, and automatic approval unless changed."""
    values: dict[str, Any] = {"frameworks": ("small",), "approval": "automatic"}
    return Policy(**values | changes)


def open_ledger(
    folder: Path, clock: Callable[[], datetime] | None = None, *, owner: Owner = OWNER
) -> AbstractContextManager[Ledger]:
    """The ledger in a folder."""
    return Ledger.open(folder / "ledger.db", clock or Clock(), owner=owner)


def door_of(
    ledger: Ledger,
    *,
    policy: Policy | None = None,
    clock: Callable[[], datetime] | None = None,
    noise: Noise = add_noise,
) -> ReleaseDoor:
    """A door over an open ledger."""
    return ReleaseDoor(
        ledger=ledger,
        policy=policy or policy_of(),
        signing_key=SIGNING_KEY,
        council_code="301",
        clock=clock or Clock(),
        noise=noise,
    )


def prepare(
    door: ReleaseDoor,
    *,
    plan: ReleasePlan = PLAN,
    collection: Collection = COLLECTION,
    exact_vector: Callable[[], Sequence[int]] = lambda: EXACT,
    remembered_head: tuple[int, bytes] | None = None,
) -> None:
    """Puts a release through the door."""
    door.prepare(collection, plan, declared_files=DECLARED, exact_vector=exact_vector, remembered_head=remembered_head)


def summary_of(envelope: bytes) -> Summary:
    """The summary in stored bytes."""
    return Summary.FromString(SignedEnvelope.FromString(envelope).payload)
