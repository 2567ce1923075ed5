"""Which secure releases this council answers: those it was offered, compiled itself, allows and has approved."""

from __future__ import annotations

from dataclasses import dataclass

from frameworks.plan import ReleasePlan
from node.errors import NodeError
from node.offers import Offer, OfferBook
from node.release import ReleaseDoor


@dataclass(frozen=True)
class RoundConsent:
    """`remembered_head` is the ledger head (sequence, hash) that the coordinator remembers, or None."""

    door: ReleaseDoor
    offers: OfferBook
    remembered_head: tuple[int, bytes] | None

    def plan(self, name: str) -> ReleasePlan | None:
        """The plan of a release, by its name in the protocol; None where this council does not answer it now."""
        found = self.find(name)
        if found is None:
            return None
        offer, plan = found
        try:
            self.door.check_round(offer.collection, plan, remembered_head=self.remembered_head)
        except NodeError:
            return None
        return plan

    def find(self, name: str) -> tuple[Offer, ReleasePlan] | None:
        """The offer and the plan of that name, whatever the council thinks of it; None for no secure release."""
        collection_id, _, release_id = name.partition("/")
        for offer in self.offers.offers():
            for plan in offer.plans:
                if offer.collection.id == collection_id and plan.release_id == release_id and plan.secure is not None:
                    return offer, plan
        return None
