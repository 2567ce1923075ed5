"""Repair: what a council must give up before a ledger that is an older copy, or a new one, may go on. No storage here.

What was charged on the copy that was lost is not known here. So the most that it can have charged is charged again:
all that was left of this budget year, and of every year since this ledger was last in step with the coordinator. And
what it can have answered is not answered again: a second sample beside the first would tell more than either was paid
for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from node.errors import CoordinatorRefused, UsageProblem
from node.ledger_entries import Entry, EntryKind, LedgerHead, budget_year, known_heads, spent
from node.policy import Limits

_MOST_SUMMARIES = 2**31
"""A head beyond it would leave no number that is higher still, for the summaries to come."""


@dataclass(frozen=True)
class Repair:
    """A repair as it is recorded: the head accepted, what is charged (1e-12 rho), and the limits reckoned with."""

    remembered: LedgerHead
    budget_year: int
    rho_units: int
    earlier_rho_units: int
    limits: Limits


def is_behind(entries: Iterable[Entry], remembered: LedgerHead) -> bool:
    """Whether this ledger does not know a head that was sent with a summary: it is an older copy, or another."""
    return remembered not in known_heads(entries)


def last_in_step(entries: Iterable[Entry]) -> datetime | None:
    """When this ledger was last compared with what the coordinator remembers, and agreed; None where that never was.

    The door compares before it stores a summary. A decision or an acknowledgement tells nothing: a copy may record one
    long after another copy was heard.
    """
    compared = [entry.at for entry in entries if entry.kind in (EntryKind.STORED, EntryKind.REPAIRED)]
    return compared[-1] if compared else None


def _largest(entries: Iterable[Entry], policy: Limits) -> Limits:
    """The largest limits that may have been in force: the policy's, and every one that was recorded."""
    recorded = [entry for entry in entries if entry.kind is EntryKind.LIMIT]
    return Limits(
        max([policy.year_units, *(entry.year_limit_units or 0 for entry in recorded)]),
        max([policy.life_units, *(entry.life_limit_units or 0 for entry in recorded)]),
    )


def what_was_left(entries: Iterable[Entry], first_year: int, this_year: int, year_limit_units: int) -> tuple[int, int]:
    """What can have been charged unknown to these entries: in `this_year`, and in the years from `first_year` to it."""
    known = tuple(entries)
    left = [max(year_limit_units - spent(known, year), 0) for year in range(first_year, this_year + 1)]
    return left[-1], sum(left[:-1])


def plan_repair(
    entries: Sequence[Entry], remembered: LedgerHead | None, policy: Limits, at: datetime, years: int | None
) -> Repair:
    """What a repair at `at` would record.

    `years` counts the budget years, this one included, in which the lost ledger may have charged. It is needed where
    the entries do not tell: in a ledger that has never stored a summary, such as a new one in place of a lost one.

    Raises UsageProblem when there is nothing to repair, or `years` is missing or not wanted, and CoordinatorRefused for
    a head that no ledger can have reached.
    """
    if remembered is None or not is_behind(entries, remembered):
        raise UsageProblem(
            "There is nothing to repair: this ledger knows the last summary that the coordinator took.",
            "Run `newlyn-node status`.",
        )
    if not 0 < remembered.sequence < _MOST_SUMMARIES:
        raise CoordinatorRefused(
            "The coordinator says that it took more summaries than any ledger holds.",
            "Nothing is recorded. Compare the head with the coordinator's operator by telephone.",
        )
    since = last_in_step(entries)
    if since is not None:
        if years is not None:
            raise UsageProblem(
                "This ledger tells by itself which years are missing from it.", "Repeat the command without --years."
            )
        first_year = budget_year(since)
    elif years is None or years < 1:
        raise UsageProblem(
            "This ledger has never stored a summary, so it cannot tell for how long the lost one was used.",
            "Give --years N: the budget years (April to March), this one included, since the council first answered.",
        )
    else:
        first_year = budget_year(at) - years + 1
    limits = _largest(entries, policy)
    now, before = what_was_left(entries, first_year, budget_year(at), limits.year_units)
    return Repair(remembered, budget_year(at), now, before, limits)


def repaired_since(entries: Iterable[Entry], opened_at: datetime) -> Entry | None:
    """The last repair at or after a moment: what was asked for, or stored, by then may have been sent by the lost copy
    with another sample."""
    repairs = [entry for entry in entries if entry.kind is EntryKind.REPAIRED and entry.at >= opened_at]
    return repairs[-1] if repairs else None
