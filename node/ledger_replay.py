"""What makes a ledger unsound: its entries are replayed from the first, against every rule. No storage here."""

from __future__ import annotations

from collections.abc import Sequence

from node.decisions import SIGNED_KINDS, recorded_limits, signature_holds
from node.ledger_entries import CHAIN_START, Entry, EntryKind, budget_year, chain_hash, find, spent
from node.ledger_repair import last_in_step, what_was_left
from node.ledger_rounds import refund_fault, round_charge_fault
from node.policy import Limits


def _limit_before(earlier: Sequence[Entry]) -> Limits | None:
    """The last limits recorded. Whose word they were is asked where they are used: the approvers may change."""
    return recorded_limits(earlier, lambda _: True)


def _charge_fault(earlier: Sequence[Entry], entry: Entry) -> str | None:
    if entry.budget_year != budget_year(entry.at):
        return "is charged to another year than that of its time"
    stated, recorded = Limits(entry.year_limit_units or 0, entry.life_limit_units or 0), _limit_before(earlier)
    if recorded is None or stated.exceed(recorded):
        return "is charged under a limit that is not recorded"
    in_year = spent(earlier, entry.budget_year) + (entry.rho_units or 0)
    if in_year > stated.year_units or spent(earlier) + (entry.rho_units or 0) > stated.life_units:
        return "is charged beyond the limits in force"
    return None


def _repair_fault(earlier: Sequence[Entry], entry: Entry) -> str | None:
    if entry.budget_year != budget_year(entry.at):
        return "is charged to another year than that of its time"
    since = last_in_step(earlier)
    first = entry.budget_year if since is None else budget_year(since)
    now, before = what_was_left(earlier, first, entry.budget_year, entry.year_limit_units or 0)
    recorded = _limit_before(earlier)
    too_low = recorded is not None and recorded.year_units > (entry.year_limit_units or 0)
    if too_low or (entry.rho_units or 0) < now or (entry.earlier_rho_units or 0) < before:
        return "charges less than the lost ledger may have spent"
    return None


def _fault(earlier: Sequence[Entry], entry: Entry, council_code: str) -> str | None:
    """Why an entry may not follow the `earlier` ones, or None."""
    if entry.kind in SIGNED_KINDS:
        if not signature_holds(council_code, entry):
            return "is not signed by the key that it names, for this council"
        return _repair_fault(earlier, entry) if entry.kind is EntryKind.REPAIRED else None
    if entry.kind is EntryKind.REFUNDED:
        return refund_fault(earlier, entry)
    if entry.kind is EntryKind.RESERVED and entry.round_id is not None:
        return round_charge_fault(earlier, entry) or _charge_fault(earlier, entry)
    if find(earlier, entry.kind, entry.release):
        return f"is a second one of kind {entry.kind} for its release"
    if entry.kind is EntryKind.RESERVED:
        return _charge_fault(earlier, entry)
    needed = EntryKind.RESERVED if entry.kind is EntryKind.STORED else EntryKind.STORED
    before = find(earlier, needed, entry.release)
    if before is None or before.round_id is not None or before.plan_hash != entry.plan_hash:
        return f"does not follow an entry of kind {needed} for the same plan"
    return None


def faults_in(entries: Sequence[Entry], key: bytes, council_code: str) -> list[str]:
    """Replays the ledger: order, times, chain, signatures, sums against limits. Empty when it is sound."""
    faults = []
    previous = CHAIN_START
    for position, entry in enumerate(entries, start=1):
        where = f"Entry {entry.sequence}"
        if entry.sequence != position:
            faults.append(f"{where} stands where entry {position} should.")
        if entry.hash != chain_hash(key, previous, entry):
            faults.append(f"{where} does not have the hash of what it says and of the entry before it.")
        if position > 1 and entry.at < entries[position - 2].at:
            faults.append(f"{where} is dated before the entry before it.")
        problem = _fault(entries[: position - 1], entry, council_code)
        if problem:
            faults.append(f"{where} {problem}.")
        previous = entry.hash
    return faults
