"""Where this node stands, in five lines: what is open, what waits for whom, what was sent, budget, next date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from frameworks.accounting import UNITS_PER_RHO
from frameworks.collection import Collection
from frameworks.plan import ReleasePlan
from node.ledger import Ledger
from node.offers import Offer
from node.policy import Policy
from node.rounds.alarms import Alarm
from node.rounds.standing import RoundStanding

SHOWN_ALARMS = 5


@dataclass(frozen=True)
class ReleaseStanding:
    """One release: where it stands, since when, and who is waited for."""

    collection: str
    release: str
    standing: str
    since: str | None
    waiting_for: str


@dataclass(frozen=True)
class Budget:
    """What the ledger has spent and the limits in force, in rho. A year ends on 31 March."""

    spent_this_year: float
    limit_per_year: float
    spent_for_life: float
    limit_for_life: float


def read_budget(ledger: Ledger, policy: Policy, now: datetime) -> Budget:
    """The budget as it stands."""
    limits = ledger.limits_in_force(policy.limits)
    return Budget(
        spent_this_year=ledger.spent_in_year(now) / UNITS_PER_RHO,
        limit_per_year=limits.year_units / UNITS_PER_RHO,
        spent_for_life=ledger.spent_for_life() / UNITS_PER_RHO,
        limit_for_life=limits.life_units / UNITS_PER_RHO,
    )


@dataclass(frozen=True)
class RoundLine:
    """A round of a secure release: where it stands here, why this council does not take part, and when it ends."""

    release: str
    round: str
    standing: str
    reason: str
    ends: str


@dataclass(frozen=True)
class AlarmLine:
    """Something that was wrong in a round."""

    at: str
    text: str


@dataclass(frozen=True)
class Status:
    """The node at a glance. `next_date` is the next opening or closing of a collection; `alarms` are the latest."""

    council: str
    enrolled: bool
    open_collections: tuple[str, ...]
    releases: tuple[ReleaseStanding, ...]
    budget: Budget
    next_date: str | None
    benchmarks: tuple[str, ...]
    rounds: tuple[RoundLine, ...]
    alarms: tuple[AlarmLine, ...]

    def as_json(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)


def _standing(ledger: Ledger, policy: Policy, asked: Collection, plan: ReleasePlan) -> ReleaseStanding:
    collection, release = asked.id, plan.release_id
    acknowledged = ledger.acknowledged_at(collection, release)
    if acknowledged is not None:
        return ReleaseStanding(collection, release, "sent", acknowledged.isoformat(), "nobody")
    if ledger.repaired_since(asked.opens_at) is not None:
        return ReleaseStanding(collection, release, "given up when the ledger was repaired", None, "nobody")
    if ledger.is_stored(collection, release):
        return ReleaseStanding(collection, release, "stored, not yet acknowledged", None, "the coordinator")
    decision = ledger.decision(collection, release, plan.plan_hash)
    if decision == "refused":
        return ReleaseStanding(collection, release, "refused", None, "nobody")
    if (decision == "approved" or policy.approval == "automatic") and plan.secure is not None:
        return ReleaseStanding(collection, release, "approved, answered in rounds", None, "its rounds")
    if decision == "approved" or policy.approval == "automatic":
        return ReleaseStanding(collection, release, "approved", None, "the node's next poll")
    return ReleaseStanding(collection, release, "offered", None, "a person here: preview, then approve")


def read_status(
    *,
    council: str,
    enrolled: bool,
    offers: Sequence[Offer],
    ledger: Ledger,
    policy: Policy,
    benchmarks: Sequence[str],
    now: datetime,
    rounds: Sequence[RoundStanding] = (),
    alarms: Sequence[Alarm] = (),
) -> Status:
    """Puts the status together from what the node has stored."""
    current = [offer for offer in offers if offer.collection.closes_at > now]
    dates = [
        date for offer in current for date in (offer.collection.opens_at, offer.collection.closes_at) if date > now
    ]
    return Status(
        council=council,
        enrolled=enrolled,
        open_collections=tuple(offer.collection.id for offer in current if offer.collection.opens_at <= now),
        releases=tuple(_standing(ledger, policy, offer.collection, plan) for offer in offers for plan in offer.plans),
        budget=read_budget(ledger, policy, now),
        next_date=min(dates).isoformat() if dates else None,
        benchmarks=tuple(benchmarks),
        rounds=tuple(map(_round_line, rounds)),
        alarms=tuple(AlarmLine(alarm.at.isoformat(), alarm.text) for alarm in alarms[-SHOWN_ALARMS:]),
    )


def _round_line(standing: RoundStanding) -> RoundLine:
    ends = datetime.fromtimestamp(standing.t_reveal, UTC).isoformat()
    return RoundLine(standing.collection_id, standing.round_id.hex(), standing.state.value, standing.reason, ends)
