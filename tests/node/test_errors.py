"""If these failed, a scheduler or a person could not tell what is wrong, or would be told without what to do next."""

from __future__ import annotations

import re

from node import errors
from node.errors import NodeError

CLASSES = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, NodeError)][1:]


def test_every_error_has_an_exit_code_of_its_own() -> None:
    codes = [error.exit_code for error in CLASSES]
    assert len(set(codes)) == len(codes)
    assert all(2 <= code < 126 for code in codes)


def test_the_table_in_the_docstring_is_the_truth() -> None:
    listed = dict(re.findall(r"^(\d+) +([A-Z]\w+) ", errors.__doc__ or "", re.MULTILINE))
    assert listed == {str(error.exit_code): error.__name__ for error in CLASSES}


def test_an_error_says_what_is_wrong_and_what_to_do() -> None:
    error = errors.ReturnsNotReady("A file is missing.", "Put it there.")
    assert (error.problem, error.next_step, str(error)) == (
        "A file is missing.",
        "Put it there.",
        "A file is missing. Put it there.",
    )
