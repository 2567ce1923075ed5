"""`newlyn-coordinator round`: announce and watch the rounds of secure releases, and hand them to an auditor."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from coordinator import lifecycle
from coordinator.assembly import open_desk
from coordinator.command_line import format_option, home_option, opened_store, reporting, said, show, utc_now
from coordinator.config import CoordinatorConfig, load_config
from coordinator.data import current_councils
from coordinator.epoch_commands import newest_epoch
from coordinator.errors import EpochNotAccepted, RoundNotPossible, UnknownRound, UsageProblem
from coordinator.files import CoordinatorFiles, write_private
from coordinator.rounds.announcing import Floors
from coordinator.rounds.desk import RoundDesk
from coordinator.rounds.export import as_transcript
from coordinator.rounds.records import RoundStanding
from coordinator.rounds.sums import release_name
from coordinator.rounds.windows import DEMONSTRATION, Windows
from coordinator.store import audit
from coordinator.store.audit import AuditEvent
from coordinator.store.database import Store
from frameworks.plan import ReleasePlan
from protos.sa1.audit import read_transcript, verify
from protos.sa1.refusal import Refused
from protos.sa1.strict import encode

_SHOWN_NAMES = 10

windows_option = click.option(
    "--windows",
    type=click.Choice(["configured", "demo"]),
    default="configured",
    show_default=True,
    help="How long each part of a round is open: as [rounds] of coordinator.toml says, or for one machine.",
)


def windows_of(name: str, config: CoordinatorConfig) -> Windows:
    """The spans that the option names."""
    return DEMONSTRATION if name == "demo" else config.rounds.windows


def announce_rounds(
    store: Store, files: CoordinatorFiles, config: CoordinatorConfig, plans: Sequence[ReleasePlan], windows: Windows
) -> list[bytes]:
    """Announces a round for each plan in the epoch that was published last; returns their ids.

    Raises RoundNotPossible where there is no epoch, and as `RoundDesk.announce` does.
    """
    epoch = newest_epoch(store)
    if epoch is None:
        raise RoundNotPossible(
            "No epoch has been published: nobody's keys are known.", "First `newlyn-coordinator epoch prepare`."
        )
    desk = open_desk(files, store, config.rounds, utc_now)
    floors = Floors(config.rounds.min_group, config.rounds.min_percent)
    announced = []
    for plan in plans:
        announced.append(desk.announce(plan, epoch, windows, floors=floors, withholds=config.rounds.withholds))
        _record(store, AuditEvent.ROUND_ANNOUNCED, plan.collection_id)
    return announced


def announce_first_rounds(
    store: Store, files: CoordinatorFiles, config: CoordinatorConfig, plans: Sequence[ReleasePlan], windows: Windows
) -> dict[str, str]:
    """Announces a round for each secure plan that has had none, where an epoch is published; round ids by release."""
    if newest_epoch(store) is None:
        return {}
    desk = open_desk(files, store, config.rounds, utc_now)
    asked = [
        plan
        for plan in plans
        if plan.secure is not None and not desk.rounds_of(release_name(plan.collection_id, plan.release_id))
    ]
    announced = announce_rounds(store, files, config, asked, windows)
    return {plan.release_id: each.hex() for plan, each in zip(asked, announced, strict=True)}


def _record(store: Store, event: AuditEvent, collection_id: str) -> None:
    store.run_tx(event.value, lambda tx: audit.record(tx, event, utc_now(), collection_id=collection_id))


@click.group("round")
def round_commands() -> None:
    """Rounds of secure releases: who is waited for, what ended how, and the papers for an auditor. Never a value."""


@round_commands.command()
@click.argument("collection_id")
@click.argument("release_id", required=False)
@windows_option
@home_option
@format_option
@reporting
def announce(collection_id: str, release_id: str | None, windows: str, home: Path, output_format: str) -> None:
    """Announce a round for a secure release of an open collection (for all of its secure releases without a name).

    A release whose round was aborted may have another, three in all. `collection open` announces the first.

    \b
    Example: newlyn-coordinator round announce 2026-annual england --dir coordinator
    """
    config, files = load_config(home), CoordinatorFiles(home)
    with opened_store(home) as store:
        plans = _secure_plans(store, collection_id, release_id)
        announced = announce_rounds(store, files, config, plans, windows_of(windows, config))
    said(
        output_format,
        [{"release": plan.release_id, "round": each.hex()} for plan, each in zip(plans, announced, strict=True)],
        "\n".join(
            f"Announced {plan.release_id}: round {each.hex()}" for plan, each in zip(plans, announced, strict=True)
        ),
    )


def _secure_plans(store: Store, collection_id: str, release_id: str | None) -> list[ReleasePlan]:
    plans = [
        plan
        for plan in lifecycle.asked_plans(store, collection_id)
        if plan.secure is not None and release_id in (None, plan.release_id)
    ]
    if not plans:
        raise UsageProblem(
            f"{collection_id} has no secure release{f' {release_id}' if release_id else ''}.",
            "`newlyn-coordinator collection validate` shows the releases of a file.",
        )
    return plans


def _desk(store: Store, home: Path) -> RoundDesk:
    return open_desk(CoordinatorFiles(home), store, load_config(home).rounds, utc_now)


def _round_id(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise UnknownRound(f"{text} is not a round's id.", "`newlyn-coordinator round status` lists them.") from error


@round_commands.command()
@click.argument("collection_id")
@home_option
@format_option
@reporting
def status(collection_id: str, home: Path, output_format: str) -> None:
    """Where the rounds of a collection stand, and who is waited for.

    \b
    Example: newlyn-coordinator round status 2026-annual --dir coordinator
    """
    with opened_store(home) as store:
        desk = _desk(store, home)
        rounds = [
            each
            for plan in _secure_plans(store, collection_id, None)
            for each in desk.rounds_of(release_name(plan.collection_id, plan.release_id))
        ]
    show(output_format, [standing_as_json(each) for each in rounds], lambda console: _show_rounds(console, rounds))


def standing_as_json(standing: RoundStanding) -> dict[str, Any]:
    """A round as JSON-ready values. It holds no value."""
    return {
        "round": standing.round_id.hex(),
        "release": standing.collection_id,
        "phase": standing.phase.value,
        "joined": list(standing.joined),
        "reported": list(standing.reported),
        "waited_for": list(standing.waited_for),
        "needed": standing.needed,
        "until": _moment(standing.until).isoformat() if standing.until is not None else None,
        "served": len(standing.served),
        "conflicts": list(standing.conflicts),
        "doubts": [{"dealer": doubt.dealer, "member": doubt.member} for doubt in standing.doubts],
        "failure": standing.failure.value if standing.failure else None,
    }


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _names(node_ids: Sequence[str]) -> str:
    names = {council.ons_code: council.name for council in current_councils().values()}
    listed = [names.get(node_id, node_id) for node_id in node_ids]
    more = len(listed) - _SHOWN_NAMES
    return ", ".join(listed[:_SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")


def _show_rounds(console: Console, rounds: Sequence[RoundStanding]) -> None:
    if not rounds:
        console.print("No round has been announced: `newlyn-coordinator round announce`.")
    for each in rounds:
        until = f"  until {_moment(each.until):%d %B %Y %H:%M} UTC" if each.until is not None else ""
        console.print(f"{each.collection_id}  round {each.round_id.hex()}  {each.phase.value}{until}", soft_wrap=True)
        console.print(f"  joined {len(each.joined)}, reported {len(each.reported)}")
        if each.waited_for:
            waiting = f"  Waiting for {each.needed} of: {_names(each.waited_for)}"
            console.print(waiting, markup=False, soft_wrap=True)
        if each.conflicts:
            console.print(f"  Sent two different messages: {_names(each.conflicts)}", markup=False, soft_wrap=True)
        for doubt in each.doubts:
            console.print(
                f"  A share of {doubt.dealer} that {doubt.member} opened does not fit: either may be at fault"
            )
        if each.failure:
            console.print(f"  Failed: {each.failure.value}. It counts as released: councils stay charged.")


@round_commands.command()
@click.argument("round_id")
@home_option
@format_option
@reporting
def abort(round_id: str, home: Path, output_format: str) -> None:
    """Ask the committee to abort a round. Its councils get their budget back, and the release another round.

    \b
    Example: newlyn-coordinator round abort 0f3c... --dir coordinator
    """
    with opened_store(home) as store:
        desk, which = _desk(store, home), _round_id(round_id)
        desk.abort(which)
        _record(store, AuditEvent.ROUND_ABORTED, desk.standing(which).collection_id.partition("/")[0])
    said(output_format, {"round": round_id}, f"Round {round_id} is aborting; `round status` shows who is waited for.")


@round_commands.command()
@click.argument("round_id")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write.")
@home_option
@format_option
@reporting
def export(round_id: str, out: Path, home: Path, output_format: str) -> None:
    """Write everything that was signed in a round, for anybody to check with `round verify`.

    With [rounds] keep_vectors in coordinator.toml it holds the masked vectors too, and sums can be recomputed.

    \b
    Example: newlyn-coordinator round export 0f3c... --out round.transcript --dir coordinator
    """
    with opened_store(home) as store:
        told = as_transcript(_desk(store, home).transcript(_round_id(round_id)))
    write_private(out, encode(told))
    said(
        output_format,
        {"round": round_id, "file": str(out), "vectors": len(told.vectors)},
        f"Round {round_id} is in {out}, with {len(told.vectors)} masked vectors.",
    )


def _public_key(text: str) -> bytes:
    """A public key as node.toml (base64) or `verify` (hex) writes it. Raises ValueError for what is neither."""
    return bytes.fromhex(text) if len(text) == 64 else base64.b64decode(text, validate=True)


@round_commands.command("verify")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--authority-key", help="The authority's public key for epochs, from elsewhere, in hex or base64.")
@format_option
@reporting
def verify_command(file: Path, authority_key: str | None, output_format: str) -> None:
    """Check every signature and rule of an exported round, and recompute its sums where it holds masked vectors.

    \b
    Example: newlyn-coordinator round verify round.transcript
    """
    try:
        audited = verify(read_transcript(file.read_bytes()), _public_key(authority_key) if authority_key else None)
    except OSError as error:
        raise UsageProblem(f"{file} cannot be read.", "Check the file's name.") from error
    except (Refused, ValueError) as error:
        raise EpochNotAccepted(
            f"{file} does not hold: {error}.", "Do not rely on its figures; ask who made it."
        ) from error
    said(output_format, audited.as_json(), "\n".join(audited.lines()))
