"""How long each part of a round is open (secure aggregation reference, B.8)."""

from __future__ import annotations

from dataclasses import dataclass

HOUR = 3600
DAY = 24 * HOUR
SKEW = 5 * 60
"""By how much a node's clock may differ from the coordinator's, in seconds."""


@dataclass(frozen=True)
class Times:
    """The times of one round, in seconds since 1970-01-01 UTC, as its announcement states them."""

    announced_at: int
    not_before: int
    t_join: int
    t_report: int
    t_commit: int
    t_reveal: int


@dataclass(frozen=True)
class Windows:
    """The spans of a round in seconds, one after the other; each but the first is longer than 0.

    `ahead` runs from the announcement to the opening, `join` to the roster's end, `report` to the last report, `commit`
    until the coordinator may turn to aborting, `reveal` until no member commits any more. The last two are bounds:
    both end as soon as enough members have answered. Raises ValueError for spans that are none.
    """

    join: int
    report: int
    commit: int = DAY
    reveal: int = 3 * DAY
    ahead: int = 0

    def __post_init__(self) -> None:
        if self.ahead < 0 or min(self.join, self.report, self.commit, self.reveal) < 1:
            raise ValueError("a span of a round is less than a second")

    def times(self, now: int) -> Times:
        """The times of a round that is announced now."""
        opening = now + self.ahead
        t_join = opening + self.join
        t_report = t_join + self.report
        t_commit = t_report + self.commit
        return Times(now, opening, t_join, t_report, t_commit, t_commit + self.reveal)


STANDARD = Windows(join=14 * DAY, report=14 * DAY)
"""For councils whose node is on now and then."""

DEMONSTRATION = Windows(join=20, report=60, commit=60, reveal=120)
"""For a federation on one machine, whose nodes are on all the time."""
