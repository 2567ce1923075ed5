"""`newlyn-node epoch` and `round`: whose keys this node accepts in secure aggregation, and what anybody can check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from node.assembly import open_node
from node.command_line import config_option, format_option, reporting, said
from node.config import NodeConfig, load_config
from node.data import council_ons_code
from node.errors import CoordinatorRefused, NotEnrolled, UsageProblem
from node.rounds.folder import RoundFolder
from node.rounds.pins import SMALLEST_COMMITTEE, Pins
from node.rounds.sqlite_store import LedgerRounds
from protos.round.v1 import round_pb2 as pb
from protos.sa1.audit import read_transcript, verify
from protos.sa1.epochs import Epoch
from protos.sa1.refusal import Refused
from protos.sa1.transcript import header_hash
from protos.signing import key_id


@click.group("epoch")
def epoch_commands() -> None:
    """The councils, keys and groups that this node accepts in rounds of secure aggregation."""


def _pins(config: NodeConfig) -> Pins:
    folder = RoundFolder.of(config)
    pins = folder.pins(config, folder.records)
    if pins is None:
        raise NotEnrolled(
            "This node takes part in no round: it does not know the enrolment authority's key for epochs.",
            "Add [rounds] authority_key to node.toml, as it stands in a new invitation.",
        )
    return pins


@epoch_commands.command("show")
@config_option
@format_option
@reporting
def epoch_show(config_path: Path, output_format: str) -> None:
    """The newest epoch that this node has accepted, and the fingerprint of each council's signing key.

    \b
    Example: newlyn-node epoch show
    """
    config = load_config(config_path)
    pins, node_id = _pins(config), RoundFolder.of(config).node_id
    epoch = pins.current
    said(
        output_format,
        _as_json(epoch, node_id) if epoch else None,
        "\n".join(_lines(epoch, node_id)) if epoch else "No epoch has been accepted yet.",
    )


def _as_json(epoch: Epoch, node_id: str) -> dict[str, Any]:
    return {
        "epoch": epoch.number,
        "hash": epoch.hash.hex(),
        "member": node_id in epoch.members,
        "members": {name: key_id(member.idk) for name, member in sorted(epoch.members.items())},
        "committee": len(epoch.committee),
        "threshold": epoch.threshold,
        "small_committee": len(epoch.committee) < SMALLEST_COMMITTEE,
        "groups": {
            name: {cell: len(nodes) for cell, nodes in cells.items()} for name, cells in epoch.partitions.items()
        },
    }


def _lines(epoch: Epoch, node_id: str) -> list[str]:
    small = (
        "  UNSAFE: so small a committee is for demonstrations only" if len(epoch.committee) < SMALLEST_COMMITTEE else ""
    )
    ours = "this council is a member" if node_id in epoch.members else "this council is not a member"
    return [
        f"Epoch {epoch.number}  {epoch.hash.hex()[:16]}  ({ours})",
        f"  {len(epoch.members)} councils; any {epoch.threshold} of {len(epoch.committee)} finish a round{small}",
        *(f"  {name}  signing key {key_id(member.idk)}" for name, member in sorted(epoch.members.items())),
    ]


@epoch_commands.command("confirm")
@click.argument("council")
@click.option("--idk", "key", required=True, help="Its new signing key: 64 hex digits, as that council reads it out.")
@config_option
@format_option
@reporting
def epoch_confirm(council: str, key: str, config_path: Path, output_format: str) -> None:
    """Accept another council's new signing key, after comparing it with that council by telephone.

    An epoch in which more than two keys changed unconfirmed is refused. COUNCIL is a three-digit or an ONS code.

    \b
    Example: newlyn-node epoch confirm 301 --idk 5f0c...
    """
    node_id = council_ons_code(council) or council
    try:
        # The ledger's lock keeps the service from adopting an epoch at the same moment.
        with open_node(config_path) as node:
            _pins(node.config).confirm(node_id, bytes.fromhex(key))
    except (Refused, ValueError) as error:
        raise UsageProblem(
            f"{council} with this key cannot be confirmed.", "Give its code and 64 hex digits."
        ) from error
    said(
        output_format,
        {"council": node_id, "idk": key},
        f"An epoch may bring the key {key_id(bytes.fromhex(key))} of {node_id}.",
    )


@click.group("round")
def round_commands() -> None:
    """Rounds of secure aggregation, as anybody can check them afterwards."""


@round_commands.command("verify")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@config_option
@format_option
@reporting
def round_verify(file: Path, config_path: Path, output_format: str) -> None:
    """Check every signature and rule of a round that the coordinator exported, and whether this council is in its sum.

    The enrolment authority's key is the one in node.toml. Where the file holds masked vectors, sums are recomputed.

    \b
    Example: newlyn-node round verify round.transcript
    """
    config = load_config(config_path)
    node_id = RoundFolder.of(config).node_id
    try:
        audited = verify(read_transcript(file.read_bytes()), config.rounds.authority_key_bytes)
    except OSError as error:
        raise UsageProblem(f"{file} cannot be read.", "Check the file's name.") from error
    except Refused as error:
        raise CoordinatorRefused(
            f"{file} does not hold: {error}.", "Do not rely on its figures; ask who made it."
        ) from error
    counted = node_id in audited.counted
    if counted and audited.reports[node_id] != _report_made(config_path, audited.round_id):
        raise CoordinatorRefused(
            f"{file} counts a report in this council's name that is not the one stored here.",
            "Do not rely on its figures. If this is the node that answered the round, tell the coordinator's operator.",
        )
    own = f"This council's report, as it is stored here, is {'' if counted else 'not '}in a sum that was revealed."
    said(output_format, {**audited.as_json(), "counted": counted}, "\n".join([*audited.lines(), own]))


def _report_made(config_path: Path, round_id: bytes) -> bytes | None:
    """The hash of the report that this node made in a round, or None."""
    with open_node(config_path, reading=True) as node:
        folder, limits = RoundFolder.of(node.config), node.config.policy.limits
        record = LedgerRounds(node.ledger, folder.wrapping, limits).find_round(round_id)
    made = record.said(pb.MESSAGE_KIND_REPORT) if record else None
    return header_hash(made.payload) if made else None
