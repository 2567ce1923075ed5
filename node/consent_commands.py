"""`newlyn-node approve`, `refuse` and `approver new`: what a person decides, and the key they sign it with."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.console import Console

from node.approvers import new_key_file, open_key_file, toml_lines
from node.assembly import Node, open_node
from node.command_line import config_option, format_option, reporting, show
from node.errors import UsageProblem
from node.ledger_entries import Decision
from protos.signing import key_id, public_bytes

ENVIRONMENT_VARIABLE = "NEWLYN_APPROVER_PASSPHRASE"

by_option = click.option(
    "--by",
    default="",
    help="Your name and role; it is kept in the ledger, on this machine. Default with --key: the name that is listed.",
)
key_option = click.option(
    "--key",
    "key_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Your own key file (`newlyn-node approver new`). Its passphrase is asked for, or taken from"
    f" {ENVIRONMENT_VARIABLE}.",
)


def _passphrase(*, new: bool = False) -> str:
    given = os.environ.get(ENVIRONMENT_VARIABLE)
    if given is not None:
        return given
    asked: str = click.prompt("Passphrase of the key", hide_input=True, confirmation_prompt=new, err=True)
    return asked


@dataclass(frozen=True)
class Decider:
    """Who decides: a name, and their own key; without one, the node's own signs."""

    by: str
    key: Ed25519PrivateKey | None


def decider(node: Node, by: str, key_path: Path | None) -> Decider:
    """Who decides, as --by and --key say. Raises ApproverRefused for a key file that cannot be opened."""
    if key_path is None:
        return Decider(by, None)
    key = open_key_file(key_path, _passphrase())
    listed = {approver.key_bytes: approver.name for approver in node.config.policy.approvers}
    return Decider(by or listed.get(public_bytes(key), ""), key)


def _decide(
    decision: Decision, collection: str, release: str | None, by: str, key_path: Path | None, config_path: Path
) -> dict[str, object]:
    with open_node(config_path) as node:
        plans = [plan for plan in node.offers.find(collection).plans if release is None or plan.release_id == release]
        if not plans:
            raise UsageProblem(f"Collection {collection} has no release {release}.", "See `newlyn-node preview`.")
        who = decider(node, by, key_path)
        signed = [node.decide(decision, plan, who.by, who.key) for plan in plans]
        return {
            "collection": collection,
            "releases": [plan.release_id for plan in plans],
            "decision": decision,
            "by": signed[0].decided_by,
            "key_id": key_id(signed[0].signer or b""),
        }


def _show_decision(output_format: str, decided: dict[str, object], what_follows: str) -> None:
    def text(console: Console) -> None:
        releases = decided["releases"]
        assert isinstance(releases, list)
        for name in releases:
            line = f"{str(decided['decision']).capitalize()} {decided['collection']} / {name}. {what_follows}"
            console.print(line, soft_wrap=True)
        console.print(f"Signed by {decided['by']} with the key {decided['key_id']}.", markup=False, soft_wrap=True)

    show(output_format, decided, text)


@click.command()
@click.argument("collection")
@click.argument("release", required=False)
@by_option
@key_option
@config_option
@format_option
@reporting
def approve(
    collection: str, release: str | None, by: str, key_path: Path | None, config_path: Path, output_format: str
) -> None:
    """Approve the plan of a collection (or of one release) before anything is measured.

    It is kept in the ledger, signed: with the node's own key, or with yours (--key). Where [[policy.approvers]] of
    node.toml lists people, only the key of one of them counts.

    \b
    Example: newlyn-node approve 2025-annual --by "A. Caldicott, guardian"
             newlyn-node approve 2025-annual --key caldicott.pem
    """
    decided = _decide("approved", collection, release, by, key_path, config_path)
    _show_decision(output_format, decided, "The node measures and sends it at its next poll.")


@click.command()
@click.argument("collection")
@click.argument("release", required=False)
@by_option
@key_option
@config_option
@format_option
@reporting
def refuse(
    collection: str, release: str | None, by: str, key_path: Path | None, config_path: Path, output_format: str
) -> None:
    """Refuse a collection (or one release). Outside, a refusal shows as absence only.

    Anybody who can write here may refuse, with or without a key of their own.

    \b
    Example: newlyn-node refuse 2025-annual --by "A. Caldicott, guardian"
    """
    decided = _decide("refused", collection, release, by, key_path, config_path)
    _show_decision(output_format, decided, "Nothing is measured, charged or sent.")


@click.group()
def approver() -> None:
    """The people whose own key an approval needs."""


@approver.command("new")
@click.option("--name", required=True, help="Name and role of the person whose key it is.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The new key file; keep it yourself."
)
@format_option
@reporting
def approver_new(name: str, out: Path, output_format: str) -> None:
    """Make a key of your own, under a passphrase, and print the lines that list you in node.toml.

    \b
    Example: newlyn-node approver new --name "A. Caldicott, guardian" --out caldicott.pem
    """
    made = new_key_file(out, name, _passphrase(new=True))

    def text(console: Console) -> None:
        console.print(f"{out} is your key: keep it, and its passphrase, to yourself.", markup=False, soft_wrap=True)
        console.print("Whoever keeps node.toml adds these lines at its end:\n", markup=False)
        console.print(toml_lines(made), markup=False, soft_wrap=True, end="")

    show(
        output_format,
        made.model_dump() | {"key_id": key_id(made.key_bytes), "file": str(out), "toml": toml_lines(made)},
        text,
    )
