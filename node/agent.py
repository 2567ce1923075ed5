"""The loop that polls: asks what is open, prepares what is approved, sends what is stored, fetches what is published.

The agent decides nothing about privacy; that is the door's (`node.release`). What the coordinator can see of a cycle
depends on the schedule alone: calls come at the poll, in one order, and a stored summary leaves on a whole multiple of
`send_every_seconds`. A release that cannot be prepared shows outside as absence only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import structlog

from frameworks.model import Framework
from frameworks.plan import ReleasePlan
from node.benchmarks import BenchmarkShelf
from node.errors import ApprovalAwaited, CoordinatorRefused, NodeError, PlanRefused
from node.ledger import StoredSummary
from node.link import Link
from node.offers import Offer, OfferBook
from node.release import ReleaseDoor
from node.wire import RememberedHead, read_remembered_head
from protos.envelope.v1.envelope_pb2 import SignedEnvelope


class ReleaseState(StrEnum):
    """What became of a release in a cycle. One in mode secure is answered in rounds, which take days, or not at all."""

    SENT = "sent"
    STORED = "stored"
    AWAITING_APPROVAL = "awaiting approval"
    NOT_READY = "not ready"
    IN_ROUNDS = "answered in rounds"
    NOT_ANSWERED = "not answered"


@dataclass(frozen=True)
class ReleaseOutcome:
    """A release and what became of it; `reason` and `next_step` are for the council's own eyes."""

    collection: str
    release: str
    state: ReleaseState
    reason: str = ""
    next_step: str = ""


@dataclass(frozen=True)
class CycleReport:
    """What one cycle did."""

    outcomes: tuple[ReleaseOutcome, ...]
    refused_collections: tuple[str, ...]
    benchmarks: tuple[str, ...]

    @property
    def waiting(self) -> bool:
        """Whether a release still waits for something."""
        settled = (ReleaseState.SENT, ReleaseState.IN_ROUNDS, ReleaseState.NOT_ANSWERED)
        return any(outcome.state not in settled for outcome in self.outcomes)

    def as_json(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True)
class Asked:
    """What the coordinator answered at the start of a cycle."""

    remembered_head: RememberedHead | None
    offers: tuple[Offer, ...]
    refused: tuple[str, ...]
    benchmarks: tuple[str, ...]


Measure = Callable[[ReleasePlan, Framework], Sequence[int]]
"""Opens the council's returns and gives the exact vector of a plan."""

RoundTurn = Callable[[RememberedHead | None], None]
"""Takes one turn in the rounds of secure releases (`node.rounds.driver`)."""


class Agent:
    """One council's agent. Everything it touches is passed in."""

    def __init__(
        self,
        *,
        door: ReleaseDoor,
        offers: OfferBook,
        shelf: BenchmarkShelf,
        declared_files: frozenset[str],
        measure: Measure,
        take_round_turn: RoundTurn | None = None,
        open_link: Callable[[], AbstractContextManager[Link]],
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        send_every_seconds: float,
        log: structlog.stdlib.BoundLogger,
    ) -> None:
        self._door = door
        self._offers = offers
        self._shelf = shelf
        self._declared_files = declared_files
        self._measure = measure
        self._take_round_turn = take_round_turn
        self._open_link = open_link
        self._clock = clock
        self._sleep = sleep
        self._send_every_seconds = send_every_seconds
        self._log = log

    def cycle(self) -> CycleReport:
        """One poll. Raises NodeError when the coordinator cannot be reached or refuses; nothing is lost then."""
        send_at = self._send_time(self._clock().timestamp() + self._send_every_seconds)
        asked = self._ask()
        self._take_turn(asked.remembered_head)
        prepared = [
            self._prepare(offer, plan, asked.remembered_head)
            for offer in asked.offers
            if offer.collection.opens_at <= self._clock() < offer.collection.closes_at
            for plan in offer.plans
        ]
        sent = self._send(send_at, asked.remembered_head)
        outcomes = tuple(sent.get((outcome.collection, outcome.release), outcome) for outcome in prepared)
        return CycleReport(outcomes, asked.refused, asked.benchmarks)

    def _ask(self) -> Asked:
        with self._open_link() as link:
            head = read_remembered_head(link.hello())
            offers, refused = self._keep(link.collections())
            benchmarks = [offer.collection.id for offer in self._offers.offers() if self._fetch(link, offer)]
        self._log.info("polled")
        return Asked(head, tuple(offers), tuple(refused), tuple(benchmarks))

    def _keep(self, envelopes: Sequence[SignedEnvelope]) -> tuple[list[Offer], list[str]]:
        offers, refused = [], []
        for envelope in envelopes:
            try:
                offers.append(self._offers.keep(envelope))
            except NodeError as error:
                self._log.warning("collection refused", code=error.exit_code)
                refused.append(str(error))
        return offers, refused

    def _fetch(self, link: Link, offer: Offer) -> bool:
        envelope = link.benchmark(offer.collection.id)
        if envelope is None:
            return False
        self._shelf.keep(offer.collection.id, envelope)
        return True

    def _take_turn(self, remembered: RememberedHead | None) -> None:
        """Before anything is measured in this cycle. What goes wrong in rounds does not hold up other releases."""
        if self._take_round_turn is None:
            return
        try:
            self._take_round_turn(remembered)
        except NodeError as error:
            self._log.warning("turn in rounds ended early", code=error.exit_code)

    def _prepare(self, offer: Offer, plan: ReleasePlan, remembered: RememberedHead | None) -> ReleaseOutcome:
        identity = (offer.collection.id, plan.release_id)
        head = (remembered.sequence, remembered.hash) if remembered else None
        try:
            if plan.secure is not None:
                return self._checked_round(offer, plan, head)
            self._door.prepare(
                offer.collection,
                plan,
                declared_files=self._declared_files,
                exact_vector=lambda: self._measure(plan, offer.framework),
                remembered_head=head,
            )
        except ApprovalAwaited as error:
            return ReleaseOutcome(*identity, ReleaseState.AWAITING_APPROVAL, error.problem, error.next_step)
        except NodeError as error:
            state = ReleaseState.NOT_READY if plan.secure is None else ReleaseState.NOT_ANSWERED
            self._log.warning(state.value, collection=identity[0], release=identity[1])
            return ReleaseOutcome(*identity, state, error.problem, error.next_step)
        state = ReleaseState.SENT if self._door.is_acknowledged(*identity) else ReleaseState.STORED
        return ReleaseOutcome(*identity, state)

    def _checked_round(self, offer: Offer, plan: ReleasePlan, head: tuple[int, bytes] | None) -> ReleaseOutcome:
        self._door.check_round(offer.collection, plan, remembered_head=head)
        if self._take_round_turn is None:
            raise PlanRefused(
                f"Release {plan.release_id} is answered in rounds, and this node does not take part in any.",
                "Add [rounds] authority_key to node.toml, as it stands in a new invitation.",
            )
        return ReleaseOutcome(offer.collection.id, plan.release_id, ReleaseState.IN_ROUNDS)

    def _send(self, send_at: float, remembered: RememberedHead | None) -> dict[tuple[str, str], ReleaseOutcome]:
        """Sends every stored summary that has not been acknowledged, on the clock. The same bytes each time.

        `send_at` was fixed before anything was measured; where measuring took longer than that, the next time is taken.
        """
        outgoing = self._door.outgoing((remembered.sequence, remembered.hash) if remembered else None)
        if not outgoing:
            return {}
        now = self._clock().timestamp()
        self._sleep((send_at if now <= send_at else self._send_time(now)) - now)
        with self._open_link() as link:
            return {(stored.collection_id, stored.release_id): self._submit(link, stored) for stored in outgoing}

    def _submit(self, link: Link, stored: StoredSummary) -> ReleaseOutcome:
        """One refused summary does not hold up the others; it is sent again, as it is, at the next poll."""
        identity = (stored.collection_id, stored.release_id)
        try:
            answer = link.submit(SignedEnvelope.FromString(stored.envelope))
            self._door.acknowledged(*identity, answer.payload_digest)
        except CoordinatorRefused as error:
            self._log.warning("summary refused", collection=identity[0], release=identity[1], code=error.exit_code)
            return ReleaseOutcome(*identity, ReleaseState.STORED, error.problem, error.next_step)
        self._log.info("summary acknowledged", collection=identity[0], release=identity[1])
        return ReleaseOutcome(*identity, ReleaseState.SENT)

    def _send_time(self, earliest: float) -> float:
        return math.ceil(earliest / self._send_every_seconds) * self._send_every_seconds
