"""What a council asks of a round before it takes part (secure aggregation reference, B.7 and B.8)."""

from __future__ import annotations

from dataclasses import dataclass

CLOCK_SKEW_SECONDS = 300
"""By how much the coordinator's clock may differ from this node's."""

MOST_ROUNDS = 3
"""For one release: what a later break of the masks could average is bounded by it."""


@dataclass(frozen=True)
class RoundPolicy:
    """The council's own bounds.

    `min_cell` is the smallest group of councils whose sum may be revealed, `min_pct` the least part of a group's
    members that must be on its roster. A report leaves at the first poll after a delay that is drawn, in seconds,
    between the two of `report_delay_seconds` before anything is measured. A round lasts at most `longest_seconds`.
    """

    min_cell: int = 8
    min_pct: int = 67
    report_delay_seconds: tuple[float, float] = (300, 900)
    longest_seconds: int = 180 * 24 * 3600
