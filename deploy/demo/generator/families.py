"""Which children of a council live in one family."""

from __future__ import annotations

import random

from deploy.demo.generator.child import Child

SIBLINGS = 0.45
"""How often a child is a brother or sister of the one before."""


class Families:
    """Gives every child its family, asked once for each child in the order of the histories.

    The same seed gives the same families, whatever else is written.
    """

    def __init__(self, seed: str) -> None:
        self._chance = random.Random(f"{seed} families")
        self._latest = ""

    def family_of(self, child: Child) -> str:
        """The id of a child's family."""
        if not self._latest or self._chance.random() >= SIBLINGS:
            self._latest = f"F{child.child_id}"
        return self._latest
