"""If these failed, the stubs would not be the contract, or a change would break councils in the field."""

from __future__ import annotations

import re

import pytest

from protos.generate import ROOT, differences, proto_files
from protos.summary.v1.summary_pb2 import Summary


def test_regenerating_the_stubs_changes_nothing() -> None:
    assert differences() == []


@pytest.mark.parametrize("path", proto_files(), ids=str)
def test_each_message_states_its_next_unused_number_truthfully(path: object) -> None:
    text = (ROOT / str(path)).read_text(encoding="utf-8")
    blocks = list(re.finditer(r"Next unused field number: (\d+)\.\nmessage \w+ \{((?:[^{}]|\{[^{}]*\})*)\}", text))
    assert len(blocks) == len(re.findall(r"^message ", text, re.M))
    for block in blocks:
        used = [int(number) for number in re.findall(r"= (\d+);", block[2])]
        assert max(used, default=0) + 1 == int(block[1])


def test_the_size_of_a_summary_says_nothing_about_its_values() -> None:
    small, large = Summary(values=[0] * 50), Summary(values=[2**40 - 1, -(2**40)] * 25)
    assert small.ByteSize() == large.ByteSize()
