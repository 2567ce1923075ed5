"""If these failed, a council with one version of the software could not take part in a round with those of another.

The files hold two rounds to the byte. Neither the model nor the production code may come to differ from them: what
they fix is version sa1 of the protocol, and another byte is another version.
"""

from __future__ import annotations

import hashlib

import pytest

from tests.protocol.golden import CASES, FOLDER, frozen, modelled
from tests.protocol.production import Replay

SHA256 = {
    "one_group_32_bits.json": "aa7a5c6fceb4ace7a378f167dd7cca8afdff4e79761a08d9f94f509d18307519",
    "two_groups_64_bits.json": "710d165ef0d182b59f019ceefb1a4eb539b304fcfec3f98d561b94255f3e7b2c",
}
names = pytest.mark.parametrize("name", CASES)


def test_every_file_is_that_of_a_case() -> None:
    assert {path.name for path in FOLDER.glob("*.json")} == set(CASES) == set(SHA256)


@names
def test_the_file_is_the_one_that_was_frozen(name: str) -> None:
    assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == SHA256[name]


@names
def test_the_model_writes_the_file_again(name: str) -> None:
    assert modelled(name) == (FOLDER / name).read_text(encoding="utf-8")


@names
def test_production_gives_the_files_outcome_from_its_inputs(name: str) -> None:
    file = frozen(name)
    assert Replay(file["inputs"], file["ciphertexts"]).outcome() == file["outcome"]
