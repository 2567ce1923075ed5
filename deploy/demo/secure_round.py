"""The demo's sum that nobody can open: an epoch, a round, and a council that is gone in the middle of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deploy.demo.asked import COLLECTION_ID, SECURE_RELEASE
from deploy.demo.federation import Member, Say
from deploy.demo.processes import Command, ProgramFailed, Programs, Service, coordinator, node
from protos.round.v1 import round_pb2 as pb
from protos.sa1.audit import read_transcript
from protos.sa1.masking import from_ring, word

_ENDED = ("published", "aborted", "failed")
_PATIENCE_SECONDS = 300


@dataclass(frozen=True)
class Opened:
    """What a round revealed: the sum as it was opened, times the grid, and the councils in it and not in it."""

    round_id: str
    transcript: Path
    values: tuple[int, ...]
    survivors: tuple[Member, ...]
    dropped: tuple[Member, ...]


def publish_epoch(programs: Programs, folder: Path) -> None:
    """Waits until every council's node has handed its keys in, has the authority sign them, and publishes them."""
    draft, signed = folder / "epoch-1.draft", folder / "epoch-1.signed"
    prepare = coordinator("epoch", "prepare", "--dir", folder, "--out", draft, "--format", "json")
    programs.wait_until(
        lambda: not programs.run_json(prepare)["without_keys"], "every council's keys", _PATIENCE_SECONDS, every=1
    )
    programs.run(coordinator("authority", "sign-epoch", draft, "--dir", folder, "--out", signed, "--yes"))
    programs.run(coordinator("epoch", "publish", signed, "--dir", folder))


def run_round(
    programs: Programs, folder: Path, members: Sequence[Member], leaving: tuple[Member, Service], say: Say
) -> Opened:
    """Announces a round and stops one council's node as soon as it has joined.

    Raises ProgramFailed for a round that ends without a sum, as it does on a machine too slow for its windows.
    """
    member, service = leaving
    announce = coordinator("round", "announce", COLLECTION_ID, SECURE_RELEASE, "--windows", "demo", "--dir", folder)
    programs.run(announce)
    _await(programs, folder, lambda standing: member.ons_code in standing["joined"], f"{member.name} to join")
    programs.end(service)
    say(f"  {member.name} has joined, and is gone: its node was stopped")
    said: set[str] = set()

    def ended(standing: dict[str, Any]) -> bool:
        phase = str(standing["phase"])
        line = _in_words(standing)
        if line and line not in said:
            said.add(line)
            say(f"  {line}")
        return phase in _ENDED

    standing = _await(programs, folder, ended, "the round to end")
    if standing["phase"] != "published":
        raise ProgramFailed(
            f"The round ended as {standing['phase']}: fewer councils reported in time than its noise was planned for. "
            "This machine was too busy; run the demo again."
        )
    return _opened(programs, folder, members, str(standing["round"]))


def _in_words(standing: dict[str, Any]) -> str:
    joined, reported = len(standing["joined"]), len(standing["reported"])
    match standing["phase"]:
        case "reporting":
            return f"{joined} councils have joined; {reported} have reported behind masks"
        case "certifying":
            return f"{reported} of {joined} have reported; the committee votes on who is in the sum"
        case "revealing" | "unmasking":
            return "The committee opens the masks of those that reported, added up"
        case _:
            return ""


def _await(programs: Programs, folder: Path, reached: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
    status = coordinator("round", "status", COLLECTION_ID, "--dir", folder, "--format", "json")
    found: dict[str, Any] = {}

    def there() -> bool:
        found.update(programs.run_json(status)[-1])
        return found["phase"] in _ENDED or reached(found)

    programs.wait_until(there, what, _PATIENCE_SECONDS, every=0.5)
    return found


def _opened(programs: Programs, folder: Path, members: Sequence[Member], round_id: str) -> Opened:
    transcript = folder.parent / "round.transcript"
    programs.run(coordinator("round", "export", round_id, "--out", transcript, "--dir", folder))
    told = read_transcript(transcript.read_bytes())
    announce, result = (
        pb.RoundAnnounce.FromString(told.announce.payload),
        pb.RoundResult.FromString(told.result.payload),
    )
    [cell], [added] = result.cells, told.sums
    values = from_ring(np.frombuffer(added.words, dtype=word(announce.w)))
    return Opened(
        round_id=round_id,
        transcript=transcript,
        values=tuple(values),
        survivors=tuple(member for member in members if member.ons_code in cell.survivors),
        dropped=tuple(member for member in members if member.ons_code in cell.dropped),
    )


@dataclass(frozen=True)
class Verified:
    """What `round verify` says of a round's papers: to anybody, and to a council about its own report.

    `commands` are the two that were run. `counted` names the councils that were asked whose report is in the sum,
    `not_counted` those whose is not.
    """

    commands: tuple[str, ...]
    signatures: int
    is_recomputed: bool
    counted: tuple[str, ...]
    not_counted: tuple[str, ...]


def verified(programs: Programs, folder: Path, opened: Opened) -> Verified:
    """Has a round's papers checked: under the authority's public key in the coordinator's `folder`, and by the nodes
    of a council in the sum and of those that dropped out. Raises ProgramFailed where the papers do not hold."""
    key = (folder / "epochs.pub").read_bytes().hex()
    anybody = coordinator("round", "verify", opened.transcript, "--authority-key", key)
    asked = (opened.survivors[0], *opened.dropped)
    own = [node("round", "verify", opened.transcript, "--config", member.config) for member in asked]
    audited = programs.run_json(_as_json(anybody))
    counted = [bool(programs.run_json(_as_json(command))["counted"]) for command in own]
    return Verified(
        commands=(anybody.shown, own[0].shown),
        signatures=int(audited["signatures"]),
        is_recomputed=all(group["recomputed"] for group in audited["groups"]),
        counted=tuple(member.name for member, inside in zip(asked, counted, strict=True) if inside),
        not_counted=tuple(member.name for member, inside in zip(asked, counted, strict=True) if not inside),
    )


def _as_json(command: Command) -> Command:
    more = ("--format", "json")
    return Command(" ".join((command.shown, *more)), (*command.argv, *more))
