"""`newlyn-node ledger show`, `verify`, `raise-limit` and `repair`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from frameworks.accounting import UNITS_PER_RHO
from node import screens
from node.assembly import Node, open_node, utc_now
from node.command_line import config_option, format_option, reporting, show
from node.consent_commands import by_option, decider, key_option
from node.errors import LedgerDamaged, UsageProblem
from node.identity import load_transport_credentials
from node.ledger_entries import LedgerHead
from node.link import open_link
from node.wire import read_remembered_head


@click.group()
def ledger() -> None:
    """The council's record of privacy budget spent."""


@ledger.command("show")
@config_option
@format_option
@reporting
def ledger_show(config_path: Path, output_format: str) -> None:
    """Every entry of the ledger.

    \b
    Example: newlyn-node ledger show --format json
    """
    with open_node(config_path, reading=True) as node:
        entries = node.ledger.entries()
    show(
        output_format,
        {"entries": [entry.as_json() for entry in entries]},
        lambda console: screens.show_ledger(console, entries),
    )


@ledger.command("verify")
@config_option
@format_option
@reporting
def ledger_verify(config_path: Path, output_format: str) -> None:
    """Recompute the whole chain, the signatures, the sums and the digests of stored summaries.

    It also says the head that the last stored summary carries, short enough to be read out: by telephone, the
    coordinator's operator can tell whether theirs is the same, or an earlier one.

    \b
    Example: newlyn-node ledger verify
    """
    with open_node(config_path, reading=True) as node:
        faults = node.ledger.verify()
        head = next(reversed(node.ledger.known_heads()), None)
    show(
        output_format,
        {
            "faults": list(faults),
            "head": {"sequence": head.sequence, "hash": head.hash.hex(), "short": short_form(head)} if head else None,
        },
        lambda console: screens.show_verification(console, faults, short_form(head) if head else None),
    )
    if faults:
        sys.exit(LedgerDamaged.exit_code)


def short_form(head: LedgerHead) -> str:
    """A head to be read out: the summary's number, and the first 64 bits of its hash in fours."""
    digits = head.hash.hex()[:16]
    return " ".join([f"{head.sequence}:", *(digits[start : start + 4] for start in range(0, 16, 4))])


@ledger.command("raise-limit")
@by_option
@key_option
@config_option
@format_option
@reporting
def ledger_raise_limit(by: str, key_path: Path | None, config_path: Path, output_format: str) -> None:
    """Put the higher limits that node.toml gives in force, by a signed entry. Lower ones hold at once, without this.

    \b
    Example: newlyn-node ledger raise-limit --by "A. Caldicott, guardian"
             newlyn-node ledger raise-limit --key caldicott.pem
    """
    with open_node(config_path) as node:
        who = decider(node, by, key_path)
        entry = node.ledger.raise_limits(node.config.policy.limits, who.by, who.key)
    show(output_format, entry.as_json(), lambda console: screens.show_raised_limit(console, entry))


@ledger.command("repair")
@click.option(
    "--accept-head", is_flag=True, help="Accept the head that the coordinator remembers. There is no other repair."
)
@click.option(
    "--years",
    type=click.IntRange(1, 100),
    help="For a new ledger: the budget years (April to March), this one included, since the council first answered.",
)
@click.option("--yes", is_flag=True, help="Do it. Without this, it is only shown what it would cost.")
@by_option
@key_option
@config_option
@format_option
@reporting
def ledger_repair(
    accept_head: bool,
    years: int | None,
    yes: bool,
    by: str,
    key_path: Path | None,
    config_path: Path,
    output_format: str,
) -> None:
    """Go on with a ledger that is an older copy, or a new one in place of one that was lost (exit code 42).

    It asks the coordinator which summary it took last, and charges all that the lost copy may have spent: what was left
    of this budget year, and of every year since the last summary stored here. What was open by now and is not
    acknowledged here is never answered from here. Nothing is written without --yes.

    \b
    Example: newlyn-node ledger repair --accept-head
             newlyn-node ledger repair --accept-head --by "A. Caldicott, guardian" --yes
             newlyn-node ledger repair --accept-head --years 3 --by "A. Caldicott, guardian" --yes
    """
    if not accept_head:
        raise UsageProblem("A repair accepts the head that the coordinator remembers.", "Say so: --accept-head.")
    with open_node(config_path, reading=not yes) as node:
        policy = node.config.policy.limits
        planned = node.ledger.plan_repair(remembered_head(node), policy, years)
        unanswered = _never_answered(node)
        if yes:
            who = decider(node, by, key_path)
            node.ledger.repair(planned.remembered, policy, years, who.by, who.key)
    charged = {"this_year": planned.rho_units, "earlier_years": planned.earlier_rho_units}
    show(
        output_format,
        {
            "done": yes,
            "remembered": {"sequence": planned.remembered.sequence, "hash": planned.remembered.hash.hex()},
            "budget_year": planned.budget_year,
            "rho_charged": {name: units / UNITS_PER_RHO for name, units in charged.items()},
            "never_answered": unanswered,
        },
        lambda console: screens.show_repair(console, planned, short_form(planned.remembered), unanswered, done=yes),
    )


def _never_answered(node: Node) -> list[str]:
    """The releases offered by now that are not acknowledged here: after a repair the door refuses them."""
    return [
        f"{plan.collection_id} / {plan.release_id}"
        for offer in node.offers.offers()
        if offer.collection.opens_at <= utc_now()
        for plan in offer.plans
        if node.ledger.acknowledged_at(plan.collection_id, plan.release_id) is None
    ]


def remembered_head(node: Node) -> LedgerHead | None:
    """The head that the coordinator remembers, asked now. Raises NodeError when it cannot be reached."""
    coordinator, credentials = node.config.coordinator.address, load_transport_credentials(node.files)
    with open_link(coordinator, credentials, node.config.agent.deadline_seconds) as link:
        head = read_remembered_head(link.hello())
    return None if head is None else LedgerHead(head.sequence, head.hash)
