"""The collections the coordinator has offered, kept as the signed bytes that arrived, and their plans as compiled here.

The node trusts nobody: it compiles each plan from its own copy of the framework and refuses a collection whose
framework or plan differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from frameworks.catalogue import load_framework
from frameworks.collection import Collection
from frameworks.errors import FrameworkError
from frameworks.model import Framework
from frameworks.plan import ReleasePlan, compile_plan
from node.errors import CoordinatorRefused, NodeError
from node.identity import write_private
from node.wire import OfferedCollection, read_collection
from protos.envelope.v1.envelope_pb2 import SignedEnvelope


@dataclass(frozen=True)
class Offer:
    """A collection with the framework and the plans this node compiled for it, in the order of its releases."""

    collection: Collection
    framework: Framework
    plans: tuple[ReleasePlan, ...]


def compile_offer(offered: OfferedCollection) -> Offer:
    """Compiles the plans of a collection and compares them with what the coordinator signed.

    Raises CoordinatorRefused when the framework is not installed here, its content differs, or a plan's hash differs.
    """
    collection = offered.collection
    try:
        framework = load_framework(collection.framework_id)
        if (framework.version, framework.digest) != (collection.framework_version, collection.framework_digest):
            raise CoordinatorRefused(
                f"Collection {collection.id} uses another {collection.framework_id} than the one installed here.",
                f"Here is version {framework.version}; it asks for {collection.framework_version}. Upgrade the node.",
            )
        plans = tuple(
            compile_plan(framework, collection.id, collection.reference_year, release)
            for release in collection.releases
        )
    except FrameworkError as error:
        raise CoordinatorRefused(
            f"Collection {collection.id} cannot be compiled here: {error.problem}",
            "Upgrade the node, or tell the coordinator's operator.",
        ) from error
    for plan in plans:
        if plan.plan_hash != offered.plan_hashes[plan.release_id]:
            raise CoordinatorRefused(
                f"The plan of release {plan.release_id} of {collection.id}, compiled here, is not the one offered.",
                "Check that both ends run supported versions, and tell the coordinator's operator.",
            )
    return Offer(collection, framework, plans)


class OfferBook:
    """The folder of offered collections, one signed envelope a file."""

    def __init__(self, folder: Path, coordinator_key: bytes) -> None:
        self._folder = folder
        self._coordinator_key = coordinator_key

    def keep(self, envelope: SignedEnvelope) -> Offer:
        """Checks an envelope and keeps it. Raises CoordinatorRefused for what this node does not accept."""
        offered = read_collection(envelope, self._coordinator_key)
        offer = compile_offer(offered)
        write_private(self._folder / f"{offer.collection.id}.envelope", envelope.SerializeToString(deterministic=True))
        return offer

    def offers(self) -> list[Offer]:
        """Every kept collection that this version still accepts, in the order of closing, then of name."""
        offers = []
        for path in sorted(self._folder.glob("*.envelope")):
            try:
                envelope = SignedEnvelope.FromString(path.read_bytes())
                offers.append(compile_offer(read_collection(envelope, self._coordinator_key)))
            except NodeError:
                continue
        return sorted(offers, key=lambda offer: (offer.collection.closes_at, offer.collection.id))

    def find(self, collection_id: str) -> Offer:
        """The kept collection of that id. Raises NodeError's UnknownCollection when there is none."""
        for offer in self.offers():
            if offer.collection.id == collection_id:
                return offer
        raise CoordinatorRefused(
            f"This node has not been offered a collection {collection_id}.",
            "Run `newlyn-node run --once` to ask the coordinator, then `newlyn-node status`.",
        )
