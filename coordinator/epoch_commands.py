"""`newlyn-coordinator epoch` and `authority sign-epoch`: whose keys count in rounds of secure aggregation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from google.protobuf.message import DecodeError
from rich.console import Console

from coordinator.assembly import open_desk
from coordinator.authority import Authority, load_authority
from coordinator.command_line import format_option, home_option, opened_store, reporting, said, show, utc_now
from coordinator.config import load_config
from coordinator.data import current_councils
from coordinator.epochs import (
    SMALLEST_COMMITTEE,
    CheckedDraft,
    EpochChanges,
    changes,
    check_draft,
    draft_epoch,
    sign_epoch,
)
from coordinator.errors import EpochNotAccepted, UsageProblem
from coordinator.files import CoordinatorFiles, load_round_key, read_required, write_private
from coordinator.store import audit, epoch_records, members
from coordinator.store.audit import AuditEvent
from coordinator.store.database import Store
from coordinator.store.rounds import StoredRounds
from protos.round.v1 import round_pb2 as pb
from protos.sa1.epochs import Epoch, Member, read_epoch, read_record
from protos.sa1.refusal import Refused
from protos.sa1.strict import encode
from protos.signing import key_id, public_bytes

_LAST_EPOCH_FILE = "last-epoch"

_out = click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write.")
_file = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


def newest_epoch(store: Store) -> Epoch | None:
    """The epoch that was published last, or None."""
    stored = StoredRounds(store).read("newest epoch", lambda book: book.newest_epoch())
    return read_epoch(pb.Signed.FromString(stored.signed), stored.authority_key) if stored else None


@click.group("epoch")
def epoch_commands() -> None:
    """Members, keys and groups of secure aggregation: an epoch is prepared here, signed by the authority, published.

    \b
    newlyn-coordinator epoch prepare --out epoch-2.draft
    newlyn-coordinator authority sign-epoch epoch-2.draft --out epoch-2.signed
    newlyn-coordinator epoch publish epoch-2.signed
    """


@epoch_commands.command()
@home_option
@_out
@click.option("--small-committee", is_flag=True, help=f"Accept fewer than {SMALLEST_COMMITTEE} members. Unsafe.")
@format_option
@reporting
def prepare(home: Path, out: Path, small_committee: bool, output_format: str) -> None:
    """Put the keys that councils have handed in together, for the authority to sign.

    \b
    Example: newlyn-coordinator epoch prepare --dir coordinator --out epoch-1.draft
    """
    key, now = public_bytes(load_round_key(CoordinatorFiles(home))), utc_now()
    with opened_store(home) as store:
        stored = store.read("records in force", lambda tx: epoch_records.records_in_force(tx, now))
        councils = store.read("councils", members.list_councils)
        previous = newest_epoch(store)
    records = [pb.SignedRecord.FromString(each) for each in stored]
    draft = draft_epoch(records, previous, key, small_committee=small_committee)
    found = _members(records)
    missing = [
        council.code
        for council in councils
        if council.enrolled and current_councils()[council.code].ons_code not in found
    ]
    write_private(out, encode(draft))
    changed = changes(found, key, previous)
    lines = [*_summary(draft, found, changed), *([f"Without keys as yet: {', '.join(missing)}."] if missing else [])]
    _show(output_format, out, draft, changed, [*lines, f"Next: the authority signs {out}."], missing=missing)


@click.command("sign-epoch")
@_file
@_out
@home_option
@click.option(
    "--authority",
    "authority_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the enrolment authority's keys; then no coordinator is needed here. Default: as configured.",
)
@click.option("--yes", is_flag=True, help="Sign without asking.")
@format_option
@reporting
def sign_epoch_command(
    file: Path, out: Path, home: Path, authority_folder: Path | None, yes: bool, output_format: str
) -> None:
    """Sign an epoch after showing what it changes. Needs the authority's folder and the file, and no connection.

    \b
    Example: newlyn-coordinator authority sign-epoch epoch-1.draft --authority /media/stick --out epoch-1.signed
    """
    folder = authority_folder or load_config(home).authority.folder
    held = load_authority(folder)
    payload, last = _read(file), folder / _LAST_EPOCH_FILE
    signed = _last_signed(held, last)
    if signed is None or _draft_of(signed) != payload:
        previous = read_epoch(signed, public_bytes(held.epoch_key)) if signed else None
        checked = check_draft(held, payload, previous, utc_now())
        for line in [*_summary(checked.epoch, checked.members, checked.changes), *_names(checked)]:
            click.echo(line, err=True)
        if not yes and not click.confirm("Sign it? A key that moved: ask its council, by telephone", err=True):
            raise EpochNotAccepted("The epoch was not signed.", "Nothing has changed.")
        signed = sign_epoch(held, checked.epoch)
        write_private(last, encode(signed))
    write_private(out, encode(signed))
    epoch = read_epoch(signed, public_bytes(held.epoch_key))
    said(
        output_format,
        {"epoch": epoch.number, "hash": epoch.hash.hex(), "file": str(out)},
        f"Epoch {epoch.number} is signed: {out}.\nNext: newlyn-coordinator epoch publish {out}",
    )


def _last_signed(held: Authority, path: Path) -> pb.Signed | None:
    """What keeps an authority from signing two epochs of one number."""
    if not path.exists():
        return None
    try:
        signed = pb.Signed.FromString(path.read_bytes())
        read_epoch(signed, public_bytes(held.epoch_key))
    except (Refused, DecodeError) as error:
        raise EpochNotAccepted(
            f"{path} does not hold the epoch that this authority signed last.", "Restore it from a backup."
        ) from error
    return signed


def _draft_of(signed: pb.Signed) -> bytes:
    """What a signed epoch was made from: the same draft may be signed again, which changes nothing."""
    draft = pb.Epoch.FromString(signed.payload)
    for record in draft.records:
        record.ClearField("authority_sig")
    return encode(draft)


@epoch_commands.command()
@_file
@home_option
@format_option
@reporting
def publish(file: Path, home: Path, output_format: str) -> None:
    """Offer a signed epoch to every council's node. Collections opened from now on run their secure releases in it.

    \b
    Example: newlyn-coordinator epoch publish epoch-1.signed --dir coordinator
    """
    config, files = load_config(home), CoordinatorFiles(home)
    content = _read(file)
    with opened_store(home) as store:
        desk, before = open_desk(files, store, config.rounds, utc_now), newest_epoch(store)
        try:
            epoch = desk.publish_epoch(pb.Signed.FromString(content), read_required(files.epoch_authority))
        except (Refused, DecodeError) as error:
            raise EpochNotAccepted(
                f"{file} is not an epoch that this coordinator's authority signed: {error}.",
                "Sign it with `newlyn-coordinator authority sign-epoch`.",
            ) from error
        if before is None or before.hash != epoch.hash:
            store.run_tx("epoch published", lambda tx: audit.record(tx, AuditEvent.EPOCH_PUBLISHED, utc_now()))
    said(output_format, epoch_as_json(epoch), "\n".join([*epoch_lines(epoch), "Nodes adopt it at their next poll."]))


@epoch_commands.command("show")
@home_option
@format_option
@reporting
def show_command(home: Path, output_format: str) -> None:
    """The epoch that was published last, and the key under which whoever checks a round should find it signed.

    \b
    Example: newlyn-coordinator epoch show --dir coordinator
    """
    with opened_store(home) as store:
        epoch = newest_epoch(store)
    key = read_required(CoordinatorFiles(home).epoch_authority).hex()
    said(
        output_format,
        epoch_as_json(epoch) | {"authority_key": key} if epoch else None,
        "\n".join([*epoch_lines(epoch), f"  authority key {key}"]) if epoch else "No epoch has been published.",
    )


def epoch_as_json(epoch: Epoch) -> dict[str, Any]:
    """An epoch as JSON-ready values."""
    return {
        "epoch": epoch.number,
        "hash": epoch.hash.hex(),
        "members": sorted(epoch.members),
        "committee": len(epoch.committee),
        "threshold": epoch.threshold,
        "small_committee": len(epoch.committee) < SMALLEST_COMMITTEE,
        "groups": {
            name: {cell: len(nodes) for cell, nodes in cells.items()} for name, cells in epoch.partitions.items()
        },
    }


def epoch_lines(epoch: Epoch) -> list[str]:
    """An epoch in words."""
    small = "  UNSAFE: for demonstrations only" if len(epoch.committee) < SMALLEST_COMMITTEE else ""
    return [
        f"Epoch {epoch.number}  {epoch.hash.hex()[:16]}",
        f"  {len(epoch.members)} councils; any {epoch.threshold} of {len(epoch.committee)} finish a round{small}",
        f"  regions with members: {len(epoch.partitions.get('regions', {}))}",
    ]


def _members(records: Iterable[pb.SignedRecord]) -> dict[str, Member]:
    return {member.node_id: member for member in map(read_record, records)}


def _summary(draft: pb.Epoch, found: Mapping[str, Member], changed: EpochChanges) -> list[str]:
    lines = [
        f"Epoch {draft.epoch_no}: {len(found)} councils, any {draft.t} of {len(draft.committee)} finish a round",
        f"  new {len(changed.joined)}, gone {len(changed.left)}, other signing key {len(changed.moved)} "
        f"({len(changed.unattested)} not vouched for by the old key)",
    ]
    if len(draft.committee) < SMALLEST_COMMITTEE:
        lines.append("  UNSAFE: so small a committee is for demonstrations only")
    if changed.other_coordinator:
        lines.append("  the coordinator signs with another key than before")
    return lines


def _names(checked: CheckedDraft) -> list[str]:
    known = {council.ons_code: council for council in current_councils().values()}
    described = []
    for word, names in (("new", checked.changes.joined), ("moved", checked.changes.moved)):
        for name in names:
            unattested = "  not vouched for by its old key" if name in checked.changes.unattested else ""
            key = key_id(checked.members[name].idk)
            described.append(f"  {word:6}{known[name].code} {known[name].name}  signing key {key}{unattested}")
    described += [f"  gone  {name}" for name in checked.changes.left]
    return described


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageProblem(f"{path} cannot be read.", "Check the file's name.") from error


def _show(
    output_format: str, out: Path, draft: pb.Epoch, changed: EpochChanges, lines: list[str], *, missing: list[str]
) -> None:
    def text(console: Console) -> None:
        for line in lines:
            console.print(line, markup=False, soft_wrap=True)

    value = {"epoch": draft.epoch_no, "file": str(out), **asdict(changed), "without_keys": missing}
    show(output_format, value, text)
