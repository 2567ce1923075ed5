"""If these failed, a person's key could be used by another, or a person could not tell why theirs is refused."""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from node.approvers import new_key_file, open_key_file, toml_lines
from node.cli import main
from node.config import load_config
from node.consent_commands import ENVIRONMENT_VARIABLE
from node.errors import ApproverRefused, UsageProblem
from node.policy import Approver, Policy
from protos.signing import public_bytes

NAME = 'A. "Cal" Caldicott (invented), guardian'
WORDS = "five invented words in a row"


def test_a_new_key_opens_with_its_passphrase_and_is_the_one_that_is_listed(tmp_path: Path) -> None:
    made = new_key_file(tmp_path / "key.pem", NAME, WORDS)
    assert public_bytes(open_key_file(tmp_path / "key.pem", WORDS)) == made.key_bytes
    assert made.name == NAME
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600


def test_without_the_passphrase_the_file_holds_no_key_that_can_be_used(tmp_path: Path) -> None:
    new_key_file(tmp_path / "key.pem", NAME, WORDS)
    assert b"ENCRYPTED PRIVATE KEY" in (tmp_path / "key.pem").read_bytes()
    for wrong in ("", "another passphrase"):
        with pytest.raises(ApproverRefused, match="passphrase"):
            open_key_file(tmp_path / "key.pem", wrong)


@pytest.mark.parametrize(
    "content", [b"", b"no key at all", bytes(range(256)), None], ids=["empty", "text", "junk", "none"]
)
def test_what_is_no_key_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "key.pem").write_bytes(content)
    with pytest.raises(ApproverRefused, match=r"key\.pem"):
        open_key_file(tmp_path / "key.pem", WORDS)


def test_a_key_is_never_replaced_and_needs_a_name_and_a_passphrase(tmp_path: Path) -> None:
    new_key_file(tmp_path / "key.pem", NAME, WORDS)
    before = (tmp_path / "key.pem").read_bytes()
    for name, words in ((NAME, WORDS), (" ", WORDS), (NAME, "short")):
        with pytest.raises(UsageProblem):
            new_key_file(tmp_path / "key.pem", name, words)
    assert (tmp_path / "key.pem").read_bytes() == before


def test_the_lines_for_node_toml_are_read_as_what_they_say(tmp_path: Path) -> None:
    made = new_key_file(tmp_path / "key.pem", NAME, WORDS)
    text = f'[policy]\napproval = "named"\n\n[agent]\npoll_seconds = 600\n\n{toml_lines(made)}'
    assert Policy.model_validate(tomllib.loads(text)["policy"]).approvers == (made,)


@pytest.mark.parametrize("key", ["", "AAAA", "not base64!", "A" * 44])
def test_a_line_that_holds_no_public_key_is_refused(key: str) -> None:
    with pytest.raises(ValidationError):
        Approver(name=NAME, public_key=key)


def test_the_passphrase_may_come_from_the_environment_which_configures_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, WORDS)
    out = tmp_path / "key.pem"
    made = CliRunner().invoke(main, ["approver", "new", "--name", NAME, "--out", str(out), "--format", "json"])
    assert made.exit_code == 0, made.output
    assert WORDS not in made.output
    open_key_file(out, WORDS)
    config = tmp_path / "node.toml"
    config.write_text(
        'state = "state"\n[council]\ncode = "301"\nname = "Test"\n[coordinator]\naddress = "localhost:1"\n'
        f'signing_key = "{"A" * 43}="\n[returns]\nfolder = "returns"\n',
        encoding="utf-8",
    )
    assert WORDS not in str(load_config(config).public())


def test_the_passphrase_is_asked_for_twice_and_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT_VARIABLE, raising=False)
    command = ["approver", "new", "--name", NAME, "--out", str(tmp_path / "key.pem")]
    mistyped = CliRunner().invoke(main, command, input=f"{WORDS}\nother words, mistyped\n")
    assert mistyped.exit_code != 0
    assert not (tmp_path / "key.pem").exists()
    made = CliRunner().invoke(main, command, input=f"{WORDS}\n{WORDS}\n")
    assert made.exit_code == 0, made.output
    assert WORDS not in made.output
    assert "[[policy.approvers]]" in made.output
