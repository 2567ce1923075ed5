"""The one door: the only way by which figures leave this council, and the order in which they do.

1.  Checks that open no data: the plan is the collection's, the window is open, the ledger is sound and not an older
    copy, the council's policy allows the plan, a person has approved it, and the budget is there.
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
    ApprovalAwaited,
    ApprovalRefused,
    CoordinatorRefused,
    LedgerDamaged,
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
        self._check_sound()
        if remembered_head is not None:
            self._ledger.check_remembered(*remembered_head)
        check_plan(collection, plan)
        identity = (collection.id, plan.release_id, plan.plan_hash)
        charge = self._ledger.reservation(*identity)
        if charge is not None and self._ledger.is_stored(*identity[:2]):
            return
        self._check_window(collection)
        check_allowed(self._policy, plan)
        check_noise(plan)
        self._check_approval(plan)
        if charge is None:
            self._check_budget(plan)
        exact = _measured(plan, exact_vector)
        charge = self._ledger.reserve(
            *identity,
            plan.rho_units,
            year_limit_units=self._policy.rho_per_year_units,
            life_limit_units=self._policy.rho_for_life_units,
        )
        noised = self._noise(plan, exact)
        summary = self._signed_summary(plan, self._ledger.head(), declared_files, noised)
        self._ledger.store(*identity, summary)

    def outgoing(self) -> tuple[StoredSummary, ...]:
        """What is to be sent: the stored bytes that are not acknowledged yet, but for releases refused since.

        Raises LedgerDamaged when the ledger does not verify: nothing that somebody else put there is sent.
        """
        self._check_sound()
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

    def _check_sound(self) -> None:
        faults = self._ledger.verify()
        if faults:
            raise LedgerDamaged(
                f"The ledger does not verify: {faults[0]}",
                "Nothing is charged or sent. Run `newlyn-node ledger verify`, and put back the newest copy that does.",
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
                f"Read `newlyn-node preview {plan.collection_id}`, then approve or refuse it.",
            )

    def _check_budget(self, plan: ReleasePlan) -> None:
        """Before measuring, so that nothing is measured that cannot be paid; the charge itself checks again."""
        check_budget(
            plan.rho_units,
            spent_in_year=self._ledger.spent_in_year(self._clock()),
            year_limit_units=self._policy.rho_per_year_units,
            spent_for_life=self._ledger.spent_for_life(),
            life_limit_units=self._policy.rho_for_life_units,
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


def _measured(plan: ReleasePlan, exact_vector: Callable[[], Sequence[int]]) -> list[int]:
    """The exact vector. An error that is not ours may quote a record, so its text goes no further."""
    try:
        exact = [index(entry) for entry in exact_vector()]
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
