"""If these failed, what the operator's guide says to type would not work, or would not say what went wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from coordinator import errors
from coordinator.authority import load_authority
from coordinator.cli import main
from coordinator.errors import CoordinatorError
from coordinator.wire import read_enrol_request
from protos.identity import Identity, Role
from protos.invitation import parse_invitation
from tests.coordinator.world import World, sealed_summary, summary_message

ADDRESS = "localhost:8443"


def invoke(*arguments: str | Path, code: int = 0, answer: str | None = None) -> Result:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments], input=answer)
    assert result.exit_code == code, result.output
    return result


def shown(*arguments: str | Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(invoke(*arguments, "--format", "json").stdout)
    return found


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


@pytest.mark.parametrize("path", [path for path, _ in commands(main)], ids=" ".join)
def test_every_command_shows_an_example(path: tuple[str, ...]) -> None:
    text = invoke(*path, "--help").stdout
    assert f"newlyn-coordinator {' '.join(path)} " in text.partition("Example")[2]


def test_every_error_has_an_exit_code_of_its_own_that_the_table_lists() -> None:
    kinds = CoordinatorError.__subclasses__()
    codes = [kind.exit_code for kind in kinds if kind.__module__ == errors.__name__]
    assert len(set(codes)) == len(codes)
    for code in codes:
        assert f"\n{code} " in str(errors.__doc__)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "coordinator"
    invoke("init", "--dir", folder, "--host", "localhost")
    return folder


def test_init_never_replaces_a_coordinator(home: Path) -> None:
    key = (home / "signing.key").read_bytes()
    invoke("init", "--dir", home, "--host", "localhost", code=11)
    (home / "coordinator.toml").unlink()
    invoke("init", "--dir", home, "--host", "localhost")
    assert (home / "signing.key").read_bytes() == key


@pytest.mark.parametrize("host", ["", "a host", "host:name\n", "https://newlyn.example"])
def test_a_host_that_cannot_stand_in_a_certificate_is_refused(tmp_path: Path, host: str) -> None:
    invoke("init", "--dir", tmp_path / "c", "--host", host, code=2)
    assert not (tmp_path / "c").exists()


def test_the_configuration_is_shown_with_the_environment_and_unknown_keys_are_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWLYN_SERVER__PORT", "9443")
    assert json.loads(invoke("config", "show", "--dir", home).stdout)["server"]["port"] == 9443
    monkeypatch.setenv("NEWLYN_SERVER__PORT", "a port")
    invoke("config", "show", "--dir", home, code=10)
    monkeypatch.delenv("NEWLYN_SERVER__PORT")
    with (home / "coordinator.toml").open("a") as file:
        file.write("passphrase = 'x'\n")
    assert "passphrase" in invoke("config", "show", "--dir", home, code=10).stderr


def test_one_invitation_is_a_file_and_many_are_a_folder(home: Path, tmp_path: Path) -> None:
    one = tmp_path / "301.json"
    invoke("invite", "--dir", home, "--council", "301", "--address", ADDRESS, "--out", one)
    invitation = parse_invitation(one.read_text())
    assert (invitation.council_code, invitation.address) == ("301", ADDRESS)
    assert one.stat().st_mode & 0o077 == 0
    listed = tmp_path / "councils.csv"
    listed.write_text("\ufeffla_code,name\n302,An invented name\n303,Another\n302,Twice\n", encoding="utf-8")
    out = tmp_path / "invitations"
    invoke("invite", "--dir", home, "--all-councils", listed, "--address", ADDRESS, "--out", out)
    assert sorted(path.name for path in out.iterdir()) == ["302.json", "303.json"]
    standing = {row["code"]: row["standing"] for row in shown("status", "--dir", home)["councils"]}
    assert standing == dict.fromkeys(("301", "302", "303"), "invited")


def test_an_unknown_council_in_a_list_invites_nobody(home: Path, tmp_path: Path) -> None:
    listed = tmp_path / "councils.csv"
    listed.write_text("la_code\n301\n999\n")
    invoke("invite", "--dir", home, "--all-councils", listed, "--address", ADDRESS, "--out", tmp_path / "o", code=14)
    assert not (tmp_path / "o").exists()
    assert shown("status", "--dir", home)["councils"] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("--address", ADDRESS),
        ("--address", "localhost", "--council", "301"),
        ("--address", ADDRESS, "--council", "301", "--all-councils", "nothing.csv"),
        ("--address", ADDRESS, "--all-councils", "nothing.csv"),
    ],
)
def test_invitations_to_nobody_or_nowhere_are_refused(home: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    invoke("invite", "--dir", home, *arguments, "--out", tmp_path / "o", code=2)


def test_the_authority_may_live_elsewhere_and_without_it_nobody_is_invited(home: Path, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    (home / "authority").rename(stick)
    arguments = ("invite", "--dir", home, "--council", "301", "--address", ADDRESS, "--out", tmp_path / "301.json")
    invoke(*arguments, code=13)
    invoke(*arguments, "--authority", stick)
    invoke("authority", "sign", "--dir", home, code=13)
    invoke("authority", "sign", "--dir", home, "--authority", stick)
    invoke("authority", "renew-server", "--dir", home, "--authority", stick)
    assert load_authority(stick)


def ask_for_certificate(world: World, code: str) -> None:
    applicant = world.invite(code)
    caller = world.admit(applicant.credentials, Identity(Role.INVITEE, code))
    world.service.enrol(caller, read_enrol_request(applicant.message()))


def test_signing_asks_and_a_no_leaves_the_request_waiting(world: World) -> None:
    ask_for_certificate(world, "301")
    home = world.files.home
    refused = invoke("authority", "sign", "--dir", home, answer="n\n")
    assert "301 Barking and Dagenham" in refused.stderr
    assert "signing key" in refused.stderr
    assert "nobody" in refused.stdout
    assert shown("status", "--dir", home)["councils_pending"] == 1
    assert "301" in invoke("authority", "sign", "--dir", home, answer="y\n").stdout
    assert shown("status", "--dir", home)["councils_enrolled"] == 1
    invoke("revoke", "--dir", home, "--council", "301")
    assert shown("status", "--dir", home)["councils_enrolled"] == 0
    invoke("revoke", "--dir", home, "--council", "301", code=14)
    entries = json.loads(invoke("audit", "--dir", home, "--format", "json").stdout)
    assert [entry["event"] for entry in entries] == [
        "invited",
        "enrolment requested",
        "certificate issued",
        "revoked",
    ]
    assert {entry["council"] for entry in entries} == {"301"}
    assert "certificate issued" in invoke("audit", "--dir", home).stdout


def test_status_names_who_is_missing_and_never_shows_a_value(world: World) -> None:
    member, _ = world.enrol("301"), world.enrol("302")
    canary = 123456789
    for sequence, plan in enumerate(world.open().plans, start=1):
        message = summary_message("301", plan, sequence, values=[canary] * plan.length)
        world.service.submit(world.caller(member), sealed_summary(member, message))
    home = world.files.home
    (coverage,) = shown("status", "--dir", home)["collections"]
    assert coverage["councils_complete"] == 1
    assert coverage["councils_enrolled"] == 2
    assert coverage["missing"] == ["Barnet"]
    for arguments in (("status",), ("collection", "status", "2025-test"), ("collection", "close", "2025-test")):
        for output in ("text", "json"):
            result = invoke(*arguments, "--dir", home, "--format", output)
            assert "2025-test" in result.output
            assert str(canary) not in result.output


def test_each_kind_of_mistake_has_its_exit_code_and_says_what_to_do(home: Path, tmp_path: Path) -> None:
    nothing = tmp_path / "nothing"
    mistakes: list[tuple[int, tuple[str | Path, ...]]] = [
        (11, ("status", "--dir", nothing)),
        (11, ("serve", "--dir", nothing)),
        (20, ("collection", "validate", tmp_path / "no.toml")),
        (21, ("collection", "status", "2025-annual", "--dir", home)),
        (21, ("collection", "close", "2025-annual", "--dir", home)),
        (21, ("publish", "2025-annual", "--dir", home, "--out", tmp_path / "site")),
        (14, ("revoke", "--dir", home, "--council", "301")),
    ]
    for code, arguments in mistakes:
        said = invoke(*arguments, code=code).stderr.strip().splitlines()
        assert len(said) == 2, said
    (home / "coordinator.sqlite").write_bytes(b"damaged" * 1000)
    invoke("status", "--dir", home, code=12)
