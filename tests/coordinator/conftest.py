"""Fixtures of this room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.coordinator.world import World, make_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A coordinator of this test's own."""
    with make_world(tmp_path / "coordinator") as made:
        yield made
