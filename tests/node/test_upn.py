"""Unique pupil numbers. If these failed, children whose number is a placeholder would be one child, or the readers of
text and the engine would tell children apart differently."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.sources.upn import UNKNOWN_UPN, upn_or_none, upn_sql

_CHARACTERS = "ABIOSUZ0139 é\t'"


def _by_engine(text: str) -> str | None:
    found = duckdb.execute(f"SELECT {upn_sql('t')} FROM (SELECT ? AS t)", [text]).fetchone()
    assert found is not None
    number: str | None = found[0]
    return number


@pytest.mark.parametrize("text", ["A123456789012", "Z00000000010A", "B999111111110"])
def test_numbers_of_the_right_form(text: str) -> None:
    assert upn_or_none(text) == _by_engine(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "A", "A12345678901", "A1234567890123", "1234567890123", "I123456789012", "O123456789012"),
        *("S123456789012", "A1234567890AA", "A12345678901é", "A123456789 12", "a123456789012"),
        *("A000000000000", "A99999999999A", "A999999999990", *sorted(UNKNOWN_UPN)),
    ],
)
def test_what_is_no_number(text: str) -> None:
    assert upn_or_none(text) is None
    assert _by_engine(text) is None


@given(st.text(_CHARACTERS, max_size=15) | st.from_regex(r"[A-Z][019]{11}[0-9A-Z]", fullmatch=True))
def test_text_and_engine_agree(text: str) -> None:
    assert upn_or_none(text) == _by_engine(text)
