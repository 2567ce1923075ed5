"""A town of five councils for the tests of rounds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.node.rounds.council import Town, town_of


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """Five councils that are all members of the committee; any four finish a round."""
    made = town_of(tmp_path)
    yield made
    made.close()
