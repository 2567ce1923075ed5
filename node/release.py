"""The one door: the only way by which figures leave this council, and the order in which they do.

1.  Checks that open no data: the plan is the collection's, the window is open, the ledger is sound and not an older
    copy, no copy that was lost may have answered, the council's policy allows the plan, a person has approved it (by
    a signature that counts), and the budget is there.
2.  Measure. The exact vector is in memory and nowhere else; if measuring fails, nothing has been spent.
3.  Charge, and commit. From here on the release is paid for, once.
4.  Sample the noise.
5.  Store the signed bytes, and commit. From here on these bytes are the release: shown, sent, and sent again.
6.  Send (`node.agent`), and record the acknowledgement.

A crash before 3 costs nothing. After 3 and before 5 nobody has seen the sample that was lost, so measuring and sampling
again under the same charge reveals nothing more. After 5 nothing is measured or sampled for this release again.

Privacy reference 4.3 and 12. What goes wrong in here is told on the council's own screen; outside it is absence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from operator import index

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from frameworks.collection import Collection
from frameworks.plan import ReleasePlan
from node.errors import (
    AlreadyReleased,
    ApprovalAwaited,
    ApprovalRefused,
    CoordinatorRefused,
    LedgerRolledBack,
    NodeError,
    PlanRefused,
    ReturnsNotReady,
)
from node.ledger import Ledger, StoredSummary
from node.ledger_entries import LedgerHead
from node.noise import add_noise, check_noise
from node.policy import Policy, check_allowed, check_budget
from protos.collection.v1 import collection_pb2
from protos.envelope.v1.envelope_pb2 import SignedEnvelope
from protos.signing import Label, seal
from protos.summary.v1.summary_pb2 import Summary

Noise = Callable[[ReleasePlan, Sequence[int]], list[int]]
"""Adds noise to the exact vector of a plan."""


def check_plan(collection: Collection, plan: ReleasePlan) -> None:
    """Whether `plan` is what `collection` asks for in one of its releases, at no more than it may cost.

    Raises PlanRefused otherwise.
    """
    asked = {release.id: release for release in collection.releases}.get(plan.release_id)
    same = asked is not None and (
        (plan.collection_id, plan.reference_year) == (collection.id, collection.reference_year)
        and (plan.framework_id, plan.framework_version, plan.framework_digest)
        == (collection.framework_id, collection.framework_version, collection.framework_digest)
        and (plan.mode, plan.indicators, plan.breakdowns) == (asked.mode, asked.indicators, asked.breakdowns)
        and 0 < plan.rho_units <= asked.rho_units
    )
    if not same:
        raise PlanRefused(
            f"The plan of release {plan.release_id} is not what collection {collection.id} asks for.",
            "Nothing is charged or sent. Check both ends' versions, and tell the coordinator's operator.",
        )


class ReleaseDoor:
    """The door of one council. Everything it touches is passed in."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        policy: Policy,
        signing_key: Ed25519PrivateKey,
        council_code: str,
        clock: Callable[[], datetime],
        noise: Noise = add_noise,
    ) -> None:
        self._ledger = ledger
        self._policy = policy
        self._signing_key = signing_key
        self._council_code = council_code
        self._clock = clock
        self._noise = noise

    def prepare(
        self,
        collection: Collection,
        plan: ReleasePlan,
        *,
        declared_files: frozenset[str],
        exact_vector: Callable[[], Sequence[int]],
        remembered_head: tuple[int, bytes] | None,
    ) -> None:
        """Charges a release and stores its noised figures, unless that is done already.

        `exact_vector` opens the returns and gives `plan.length` integers; it is called only when all checks have
        passed. `remembered_head` is the ledger head (sequence, hash) that the coordinator remembers.

        Raises
        ------
        PlanRefused, PolicyRefused, BudgetExceeded, ApprovalAwaited, ApprovalRefused, AlreadyReleased
            When a check does not pass.
        LedgerDamaged, LedgerRolledBack, StorageFailed
            When the ledger cannot be relied on.
        ReturnsNotReady
            When the returns could not be measured; nothing was spent.
        """
        self._ledger.check_sound()
        if remembered_head is not None:
            self._ledger.check_remembered(*remembered_head)
        check_plan(collection, plan)
        if plan.mode != "council":
            raise PlanRefused(
                f"Release {plan.release_id} is in mode {plan.mode}: it is answered in rounds, never by itself.",
                "Nothing is measured, charged or sent for it here.",
            )
        identity = (collection.id, plan.release_id, plan.plan_hash)
        charge = self._ledger.reservation(*identity)
        if self.is_acknowledged(*identity[:2]):
            return
        self._check_not_answered_elsewhere(collection, plan)
        if charge is not None and self._ledger.is_stored(*identity[:2]):
            return
        self._check_window(collection)
        check_allowed(self._policy, plan)
        check_noise(plan)
        self._check_approval(plan)
        if charge is None:
            self._check_budget(plan)
        exact = measured(plan, exact_vector)
        self._ledger.reserve(*identity, plan.rho_units, policy=self._policy.limits)
        noised = self._noise(plan, exact)
        summary = self._signed_summary(plan, self._ledger.head(), declared_files, noised)
        self._ledger.store(*identity, summary)

    def check_round(
        self, collection: Collection, plan: ReleasePlan, *, remembered_head: tuple[int, bytes] | None
    ) -> None:
        """The checks of `prepare` that open no data, for a release that is answered in rounds: they charge for it
        themselves (`node.rounds`). Raises as `prepare` does."""
        self._ledger.check_sound()
        if remembered_head is not None:
            self._ledger.check_remembered(*remembered_head)
        check_plan(collection, plan)
        self._check_not_answered_elsewhere(collection, plan)
        self._check_window(collection)
        check_allowed(self._policy, plan)
        self._check_approval(plan)

    def outgoing(self, remembered_head: tuple[int, bytes] | None = None) -> tuple[StoredSummary, ...]:
        """What is to be sent: the stored bytes that are not acknowledged yet, but for releases refused since.

        Nothing where the ledger does not know `remembered_head`: another copy of it may have sent other bytes.
        Raises LedgerDamaged when the ledger does not verify: nothing that somebody else put there is sent.
        """
        self._ledger.check_sound()
        try:
            if remembered_head is not None:
                self._ledger.check_remembered(*remembered_head)
        except LedgerRolledBack:
            return ()
        return self._ledger.pending()

    def acknowledged(self, collection_id: str, release_id: str, payload_digest: bytes) -> None:
        """Records that the coordinator has the summary.

        Raises CoordinatorRefused when it acknowledges other bytes than those that were sent.
        """
        envelope = SignedEnvelope.FromString(self._ledger.envelope(collection_id, release_id))
        if sha256(envelope.payload).digest() != payload_digest:
            raise CoordinatorRefused(
                f"The coordinator acknowledged another summary of {release_id} of {collection_id} than was sent.",
                "Nothing is lost: the same bytes are sent again. Tell the coordinator's operator.",
            )
        self._ledger.acknowledge(collection_id, release_id, payload_digest)

    def is_acknowledged(self, collection_id: str, release_id: str) -> bool:
        """Whether the coordinator is known to have the summary."""
        return self._ledger.acknowledged_at(collection_id, release_id) is not None

    def _check_not_answered_elsewhere(self, collection: Collection, plan: ReleasePlan) -> None:
        repaired_at = self._ledger.repaired_since(collection.opens_at)
        if repaired_at is not None:
            raise AlreadyReleased(
                f"Release {plan.release_id} of {collection.id} may have been answered from the copy of the ledger that "
                f"was lost; the ledger was repaired on {repaired_at:%d %B %Y}.",
                "It is not answered from here. Collections that open later are.",
            )

    def _check_window(self, collection: Collection) -> None:
        if not collection.opens_at <= self._clock() < collection.closes_at:
            raise PlanRefused(
                f"Collection {collection.id} is answered from {collection.opens_at:%d %B %Y %H:%M} until "
                f"{collection.closes_at:%d %B %Y %H:%M} (UTC), which is not now.",
                "Wait until it opens; if it should be open, run `newlyn-node doctor`, which compares the clocks.",
            )

    def _check_approval(self, plan: ReleasePlan) -> None:
        decision = self._ledger.decision(plan.collection_id, plan.release_id, plan.plan_hash)
        if decision == "refused":
            raise ApprovalRefused(
                f"Release {plan.release_id} of {plan.collection_id} was refused here.",
                "Nothing is measured or sent. `newlyn-node approve` changes that.",
            )
        if decision is None and self._policy.approval == "named":
            raise ApprovalAwaited(
                f"Release {plan.release_id} of {plan.collection_id} waits for a person's decision.",
                f"Read `newlyn-node preview {plan.collection_id}`, then approve or refuse it"
                + (", with the key of a listed approver." if self._policy.approvers else "."),
            )

    def _check_budget(self, plan: ReleasePlan) -> None:
        """Before measuring, so that nothing is measured that cannot be paid; the charge itself checks again."""
        limits = self._ledger.limits_in_force(self._policy.limits)
        check_budget(
            plan.rho_units,
            spent_in_year=self._ledger.spent_in_year(self._clock()),
            year_limit_units=limits.year_units,
            spent_for_life=self._ledger.spent_for_life(),
            life_limit_units=limits.life_units,
        )

    def _signed_summary(
        self, plan: ReleasePlan, head: LedgerHead, declared_files: frozenset[str], noised: Sequence[int]
    ) -> bytes:
        summary = Summary(
            council_code=self._council_code,
            collection_id=plan.collection_id,
            release_id=plan.release_id,
            plan_hash=plan.plan_hash,
            framework_digest=bytes.fromhex(plan.framework_digest),
            ledger_head=collection_pb2.LedgerHead(sequence=head.sequence, hash=head.hash),
            declared_files=sorted(declared_files),
            values=noised,
        )
        envelope = seal(self._signing_key, Label.SUMMARY, summary.SerializeToString(deterministic=True))
        return envelope.SerializeToString(deterministic=True)


def measured(plan: ReleasePlan, exact_vector: Callable[[], Sequence[int]]) -> list[int]:
    """The exact vector. An error that is not ours may quote a record, so its text goes no further.

    Raises ReturnsNotReady, and what measuring itself refuses.
    """
    try:
        exact = [int(index(entry)) for entry in exact_vector()]
    except NodeError:
        raise
    except Exception:
        exact = []
    if len(exact) != plan.length:
        raise ReturnsNotReady(
            "The returns could not be measured.",
            "Nothing was charged or sent. Run `newlyn-node check` and `newlyn-node measure`, which show what is wrong.",
        )
    return exact
