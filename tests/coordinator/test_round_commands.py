"""If these failed, an operator could not tell who a round waits for, or would announce a second one of a release."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coordinator.data import current_councils
from coordinator.errors import EpochNotAccepted, RoundNotPossible, UnknownRound, UsageProblem, WrongState
from tests.coordinator.epoch_world import TWELVE, enrolled
from tests.coordinator.test_cli import invoke, shown
from tests.coordinator.world import World

IDS = sorted(current_councils()[code].ons_code for code in TWELVE)
ASKED = """id = "2025-secure"
framework = "outcomes-2019"
reference_year = 2025
opens = 2025-04-01
closes = 2099-03-31

[[release]]
id = "england"
mode = "secure"
groups = "england"
max_dropped = 2
rho = 0.05
indicators = ["cla_31_march"]

[[release]]
id = "headlines"
mode = "council"
rho = 0.01
indicators = ["cla_31_march"]
"""


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    """A collection file."""
    path = tmp_path / "asked.toml"
    path.write_text(ASKED, encoding="utf-8")
    return path


def publish_epoch(world: World, folder: Path) -> None:
    """Twelve councils in an epoch."""
    enrolled(world)
    home = ("--dir", world.files.home)
    invoke("epoch", "prepare", "--out", folder / "draft", *home)
    invoke("authority", "sign-epoch", folder / "draft", "--out", folder / "signed", "--yes", *home)
    invoke("epoch", "publish", folder / "signed", *home)


def status(world: World) -> list[dict[str, object]]:
    """The rounds of the collection."""
    found: list[dict[str, object]] = json.loads(
        invoke("round", "status", "2025-secure", "--dir", world.files.home, "--format", "json").stdout
    )
    return found


def test_opening_a_collection_announces_its_secure_releases_once(world: World, asked: Path, tmp_path: Path) -> None:
    publish_epoch(world, tmp_path)
    arguments = ("collection", "open", asked, "--dir", world.files.home)
    first = shown(*arguments)
    assert (list(first["rounds"]), first["unanswered"]) == (["england"], [])
    assert shown(*arguments)["rounds"] == {}
    (round_,) = status(world)
    assert (round_["round"], round_["release"]) == (first["rounds"]["england"], "2025-secure/england")
    refused = invoke("round", "announce", "2025-secure", "--dir", world.files.home, code=RoundNotPossible.exit_code)
    assert "2025-secure/england" in refused.stderr or "round" in refused.stderr


def test_without_an_epoch_it_is_said_that_rounds_are_to_be_announced_later(
    world: World, asked: Path, tmp_path: Path
) -> None:
    opened = shown("collection", "open", asked, "--dir", world.files.home)
    assert (opened["rounds"], opened["unanswered"]) == ({}, ["england"])
    announce = ("round", "announce", "2025-secure", "england", "--dir", world.files.home)
    assert "epoch prepare" in invoke(*announce, code=RoundNotPossible.exit_code).stderr
    publish_epoch(world, tmp_path)
    invoke(*announce, "--windows", "demo")
    assert len(status(world)) == 1


def test_a_round_that_runs_says_who_is_waited_for_and_can_be_aborted(world: World, asked: Path, tmp_path: Path) -> None:
    publish_epoch(world, tmp_path)
    (round_id,) = shown("collection", "open", asked, "--dir", world.files.home)["rounds"].values()
    world.clock.now = datetime.now(UTC)
    world.service.rounds.desk.advance()
    (round_,) = status(world)
    assert (round_["phase"], round_["waited_for"], round_["joined"]) == ("joining", IDS, [])
    text = invoke("round", "status", "2025-secure", "--dir", world.files.home).stdout
    assert f"Waiting for 12 of: {current_councils()['201'].name}" in text
    invoke("round", "abort", round_id, "--dir", world.files.home)
    (round_,) = status(world)
    assert round_["phase"] == "aborting"
    assert "round aborted" in invoke("audit", "--dir", world.files.home).stdout


def test_a_round_is_exported_and_verified(world: World, asked: Path, tmp_path: Path) -> None:
    publish_epoch(world, tmp_path)
    (round_id,) = shown("collection", "open", asked, "--dir", world.files.home)["rounds"].values()
    path = tmp_path / "round.transcript"
    invoke("round", "export", round_id, "--out", path, "--dir", world.files.home)
    key = world.files.epoch_authority.read_bytes()
    assert shown("epoch", "show", "--dir", world.files.home)["authority_key"] == key.hex()
    for written in (key.hex(), base64.b64encode(key).decode()):
        audited = shown("round", "verify", path, "--authority-key", written)
        assert (audited["round"], audited["outcome"]) == (round_id, "without a certificate")
    for wrong in ("ab" * 32, "no hex"):
        invoke("round", "verify", path, "--authority-key", wrong, code=EpochNotAccepted.exit_code)
    path.write_bytes(b"\xff")
    assert "does not hold" in invoke("round", "verify", path, code=EpochNotAccepted.exit_code).stderr
    invoke("round", "verify", tmp_path / "none", code=UsageProblem.exit_code)


def test_nothing_is_published_past_a_running_round_unless_somebody_says_so(
    world: World, asked: Path, tmp_path: Path
) -> None:
    """The sum would be missing from the site, and nobody told."""
    publish_epoch(world, tmp_path)
    invoke("collection", "open", asked, "--dir", world.files.home)
    home = ("--dir", world.files.home)
    (release,) = shown("collection", "close", "2025-secure", *home)["rounds_running"]
    publish = ("publish", "2025-secure", *home, "--out", tmp_path / "site")
    refusal = invoke(*publish, code=WrongState.exit_code).stderr
    assert release in refusal and "--without-running-rounds" in refusal
    refusal = invoke(*publish, "--without-running-rounds", code=WrongState.exit_code).stderr
    assert "No council has answered" in refusal


def test_what_is_no_round_or_no_secure_release_is_said(world: World, asked: Path) -> None:
    invoke("collection", "open", asked, "--dir", world.files.home)
    home = ("--dir", world.files.home)
    for name in ("00" * 16, "no hex"):
        invoke("round", "abort", name, *home, code=UnknownRound.exit_code)
    invoke("round", "announce", "2025-secure", "headlines", *home, code=UsageProblem.exit_code)


def test_the_smallest_group_and_the_windows_are_those_of_the_configuration(
    world: World, asked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_epoch(world, tmp_path)
    monkeypatch.setenv("NEWLYN_ROUNDS__MIN_GROUP", "11")
    arguments = ("collection", "open", asked, "--dir", world.files.home)
    assert "A group needs 11" in invoke(*arguments, code=RoundNotPossible.exit_code).stderr
    monkeypatch.setenv("NEWLYN_ROUNDS__MIN_GROUP", "10")
    monkeypatch.setenv("NEWLYN_ROUNDS__JOIN_SECONDS", "77")
    invoke(*arguments)
    (round_,) = status(world)
    assert round_["until"] is not None
