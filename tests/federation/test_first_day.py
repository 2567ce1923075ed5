"""A council's first day and the operator's, as the guides tell them: if this failed, the guides would not hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import coordinator.cli
import deploy.demo.cli
import node.cli
from tests.federation.canary_returns import write_canary_returns
from tests.federation.house import COLLECTION, RELEASE, Council, House, house


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("first-day")) as made:
        yield made


@pytest.fixture(scope="module")
def returns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_canary_returns(tmp_path_factory.mktemp("returns") / "returns")


@pytest.fixture(scope="module")
def council(world: House, returns: Path) -> Council:
    """Invited, with its request waiting for the authority."""
    made = Council("301", world.folder / "nodes" / "301")
    made.folder.mkdir(parents=True)
    address = f"localhost:{world.port}"
    world.command("invite", "--council", "301", "--address", address, "--out", made.folder / "invitation.json")
    return made


def test_the_council_and_the_operator_see_the_same_fingerprints(world: House, council: Council, returns: Path) -> None:
    arguments = ("init", "--invite", council.folder / "invitation.json", "--returns", returns)
    waiting = council.node(*arguments, "--format", "json").json()
    assert waiting["enrolled"] is False
    assert "ssda903@2025" in waiting["declared"]
    signed = world.command("authority", "sign", "--yes")
    shown = signed.stdout + signed.stderr
    assert waiting["fingerprints"]["transport"] in shown
    assert waiting["fingerprints"]["signing"] in shown
    assert council.node(*arguments, "--format", "json").json()["enrolled"] is True


def test_the_invitation_is_gone_once_it_is_used(council: Council) -> None:
    assert not (council.state / "invitation.json").exists()


def test_the_doctor_finds_nothing_in_the_way(council: Council) -> None:
    ran = council.node("doctor", "--format", "json")
    assert ran.exit_code == 0, ran.stdout
    findings = {finding["check"]: finding["verdict"] for finding in ran.json()["findings"]}
    assert set(findings) >= {"certificate", "name", "port", "server certificate", "acceptance", "version", "clock"}
    assert set(findings.values()) == {"ok"}


def test_a_release_goes_from_preview_to_comparison(world: House, council: Council) -> None:
    council.edit("send_every_seconds = 60", "send_every_seconds = 0.1")
    world.open(["cla_31_march", "placements_3plus"])
    assert council.node("run", "--once").exit_code == 61
    preview = council.node("preview", COLLECTION, "--format", "json").json()["collections"][0]
    assert preview["releases"][0]["numbers_sent"] == 8
    assert preview["releases"][0]["refusal"] == ""
    assert council.node("approve", COLLECTION, "--by", "A. Guardian").exit_code == 0
    assert council.node("run", "--once").exit_code == 0
    status = council.node("status")
    assert f"{COLLECTION} / {RELEASE}: sent" in status.stdout
    assert len(status.stdout.splitlines()) <= 6
    before = world.command("status").stdout
    assert "1 of 1" in before
    world.command("collection", "close", COLLECTION)
    world.command("publish", COLLECTION, "--out", world.folder / "site")
    assert (world.folder / "site" / "index.html").exists()
    assert council.node("run", "--once").exit_code == 0
    compared = council.node("compare", "--format", "json").json()
    assert {row["id"] for row in compared["indicators"]} == {"cla_31_march", "placements_3plus"}
    assert compared["indicators"][0]["own_numerator"] == 3


def test_what_was_sent_cannot_be_refused_afterwards(council: Council) -> None:
    """A refusal that says "nothing is sent" would be untrue."""
    ran = council.node("refuse", COLLECTION, "--by", "A. Guardian")
    assert ran.exit_code == 55
    assert "was sent on" in ran.stderr


def test_a_second_run_sends_nothing_and_charges_nothing(council: Council) -> None:
    spent = council.node("status", "--format", "json").json()["budget"]
    assert council.node("run", "--once").exit_code == 0
    assert council.node("status", "--format", "json").json()["budget"] == spent


def _leaves(command: click.Command, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from _leaves(below, *path, name)
    else:
        yield path, command


@pytest.mark.parametrize("program", [node.cli.main, coordinator.cli.main, deploy.demo.cli.main])
def test_every_command_has_help_with_an_example(program: click.Command) -> None:
    for path, _ in _leaves(program):
        help_text = CliRunner().invoke(program, [*path, "--help"]).output
        assert "Example" in help_text, path
