"""If these failed, a mistyped setting would be ignored in silence, or a secret would be shown with the settings."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from node.config import initial_config_text, load_config
from node.errors import InvalidConfiguration
from protos.invitation import Invitation

INVITATION = Invitation(
    council_code="301",
    council_name='Barking "and" Dagenham',
    address="coordinator.example:443",
    authority_certificate="authority",
    invitee_certificate="certificate",
    invitee_key="invitee secret",
    coordinator_signing_key=bytes(32),
    epoch_authority_key=bytes(32),
    token=b"t" * 32,
    expires_at=datetime.now(UTC) + timedelta(days=1),
)


def write(folder: Path, text: str) -> Path:
    path = folder / "node.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def text(tmp_path: Path) -> str:
    return initial_config_text(INVITATION, tmp_path / "returns", ("cin_census@2025", "ssda903@2025"))


def test_the_first_configuration_loads_as_written(tmp_path: Path, text: str) -> None:
    config = load_config(write(tmp_path, text))
    assert config.council.code == "301"
    assert config.returns.declared == ("cin_census@2025", "ssda903@2025")
    assert config.policy.approval == "named"
    assert config.state == tmp_path / "state"
    assert config.rounds.authority_key_bytes == INVITATION.epoch_authority_key
    assert (config.rounds.report_delay_seconds, config.rounds.small_committee) == ((300, 900), False)


def test_neither_the_file_nor_what_is_shown_of_it_holds_a_secret(tmp_path: Path, text: str) -> None:
    shown = str(load_config(write(tmp_path, text)).public()) + text
    assert "invitee secret" not in shown
    assert base64.b64encode(b"t" * 32).decode() not in shown


def test_the_environment_overrides_the_file(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWLYN_AGENT__POLL_SECONDS", "7")
    assert load_config(write(tmp_path, text)).agent.poll_seconds == 7


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("poll_seconds = 600", "pol_seconds = 600", "agent.pol_seconds"),
        ('code = "301"', 'code = "E09000002"', "council.code"),
        ("poll_seconds = 600", "poll_seconds = 0", "agent.poll_seconds"),
        ('"ssda903@2025"', '"everything"', "returns.declared"),
        ('approval = "named"', 'approval = "whoever"', "policy.approval"),
        ("[council]", "[councils]", "councils"),
    ],
)
def test_what_is_not_allowed_is_refused_by_name(tmp_path: Path, text: str, old: str, new: str, named: str) -> None:
    assert old in text
    with pytest.raises(InvalidConfiguration) as refusal:
        load_config(write(tmp_path, text.replace(old, new)))
    assert named in refusal.value.problem
    assert refusal.value.next_step


@pytest.mark.parametrize("content", [b"state = ", b"\xff\xfe", b"\x00"])
def test_a_file_that_is_not_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "node.toml"
    path.write_bytes(content)
    with pytest.raises(InvalidConfiguration, match="TOML"):
        load_config(path)


def test_a_missing_file_tells_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration) as refusal:
        load_config(tmp_path / "node.toml")
    assert "init" in refusal.value.next_step
