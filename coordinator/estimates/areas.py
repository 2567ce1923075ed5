"""The areas that figures are published for: England, its nine regions, and councils."""

from __future__ import annotations

from dataclasses import dataclass

from coordinator.data import ENGLAND, Council, current_councils, regions


@dataclass(frozen=True)
class Area:
    """A set of councils with a code and a name of its own. `members` are all its current councils' codes."""

    code: str
    name: str
    members: tuple[str, ...]

    def label(self, included: int) -> str:
        """The name, with how many councils it stands for where that is not all of them."""
        size = len(self.members)
        return self.name if included == size else f"{self.name} ({included} of {size} councils)"


def england() -> Area:
    """All current councils."""
    return Area(ENGLAND, "England", tuple(current_councils()))


def region_areas() -> tuple[Area, ...]:
    """The nine regions."""
    return tuple(
        Area(code, name, tuple(c.code for c in current_councils().values() if c.region_code == code))
        for code, name in regions().items()
    )


def council_area(council: Council) -> Area:
    """One council."""
    return Area(council.code, council.name, (council.code,))
