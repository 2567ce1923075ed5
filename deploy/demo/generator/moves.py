"""Children who move from one council to another: the same pupil number, another child id, and a case in each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from deploy.demo.generator.child import Child
from deploy.demo.generator.days import add_years, to_weekday
from deploy.demo.generator.history import History

TRANSFERRED: Final = "E3"
CASE_TRANSFERRED: Final = "RC5"
SHORTEST_STAY: Final = 60
"""Days of childhood that must be left for a move to begin a history elsewhere."""


@dataclass(frozen=True)
class Move:
    """A child, as the council that it leaves knows it, who becomes the responsibility of another on `day`, or of a
    child in need on the first weekday from then on."""

    child: Child
    day: int
    looked_after: bool
    unaccompanied: bool


def departure(history: History, first: int, last: int) -> Move | None:
    """The move with which a history ends between two days: care that ended with E3, or a case closed with RC5."""
    if history.care is not None:
        life = history.care.life
        day, leaves = life.periods[-1].end, life.periods[-1].reason == TRANSFERRED
        unaccompanied = life.unaccompanied
    else:
        case = history.cases[-1][0]
        day, leaves, unaccompanied = case.closure, case.reason == CASE_TRANSFERRED, False
    if not leaves or day < first or to_weekday(day) > last or add_years(history.child.birth, 18) - day < SHORTEST_STAY:
        return None
    return Move(history.child, day, history.care is not None, unaccompanied)
