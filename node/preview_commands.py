"""`newlyn-node preview`: what is asked of this council, as text, JSON, and a page to sign and file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from node.assembly import Node, open_node, utc_now
from node.check import write_local
from node.command_line import config_option, format_option, reporting, show
from node.errors import UsageProblem
from node.measure import Figure
from node.offers import Offer
from node.preview import preview
from node.preview_page import preview_page
from node.preview_screen import show_previews
from node.returns import measure_returns
from node.warehouse import Warehouse


@click.command("preview")
@click.argument("collection", required=False)
@click.option(
    "--html",
    "page_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write the page of this one collection to this file (mode 0600): to read, sign and file.",
)
@click.option(
    "--with-exact",
    is_flag=True,
    help="Open the returns and show your own exact figures beside each indicator, for your eyes only. Look after "
    "deciding, not before: a refusal because of them is a message that no noise covers.",
)
@config_option
@format_option
@reporting
def preview_command(
    collection: str | None, page_path: Path | None, with_exact: bool, config_path: Path, output_format: str
) -> None:
    """What is asked, what would be sent, what it costs and what it could reveal. No data are opened.

    \b
    Example: newlyn-node preview 2025-annual --html plan.html
    """
    with open_node(config_path, reading=True) as node:
        offers = [node.offers.find(collection)] if collection else node.offers.offers()
        if page_path is not None:
            _check_one(offers)
        previews = [
            preview(offer, node.config, node.ledger, utc_now(), _exact_figures(node, offer) if with_exact else None)
            for offer in offers
        ]
    if page_path is not None:
        write_local(page_path, preview_page(previews[0]))
    show(
        output_format,
        {"collections": [shown.as_json() for shown in previews]},
        lambda console: show_previews(console, previews),
    )


def _check_one(offers: Sequence[Offer]) -> None:
    """Raises UsageProblem unless there is just one collection to write the page of."""
    if not offers:
        raise UsageProblem("This node has not been offered a collection yet.", "Run `newlyn-node run --once` first.")
    if len(offers) > 1:
        names = ", ".join(offer.collection.id for offer in offers)
        raise UsageProblem("A page is of one collection.", f"Name one of {names}.")


def _exact_figures(node: Node, offer: Offer) -> Mapping[str, Figure]:
    """The exact figures of what is asked, and of nothing else."""
    config = node.config
    asked = {name for plan in offer.plans for name in plan.indicators}
    indicators = tuple(one for one in offer.framework.indicators if one.id in asked)
    return measure_returns(
        config.returns.folder,
        offer.collection.reference_year,
        offer.framework.model_copy(update={"indicators": indicators}),
        warehouse=Warehouse.of(config.warehouse),
        council_code=config.council.code,
    )
