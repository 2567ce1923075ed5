"""Building blocks of the indicators reference 5.2: periods of care, placements, stays with one carer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from tests.oracle.looked_after_returns import Episode, in_order

TEMPORARY = {"T0", "T1", "T2", "T3", "T4"}
BY_THE_SAME_CARER = {"A3", "A5"}


@dataclass(frozen=True)
class Placement:
    """A placement, or a stay with one carer: its episodes without skipped ones."""

    episodes: tuple[Episode, ...]

    @property
    def start(self) -> date:
        """First DECOM."""
        return self.episodes[0].start

    @property
    def end(self) -> date | None:
        """Last, that is latest, DEC; none if open."""
        ends = [episode.end for episode in self.episodes if episode.end is not None]
        return max(ends) if len(ends) == len(self.episodes) else None

    @property
    def place_now(self) -> str:
        """The code of its last place."""
        return self.episodes[-1].place.code


def periods_of_care(episodes: Iterable[Episode]) -> list[list[Episode]]:
    """One child's episodes, short-term ones left out, period by period."""
    periods: list[list[Episode]] = []
    for episode in in_order(episode for episode in episodes if not episode.short_term):
        if not periods or episode.start_reason == "S" or periods[-1][-1].ends_care:
            periods.append([])
        periods[-1].append(episode)
    return periods


def walk(period: list[Episode], *, same_carer: bool) -> list[Placement]:
    """The placements of a period of care, or with `same_carer` its stays with one carer."""
    found: list[list[Episode]] = []
    skipped = False
    for episode in period:
        if episode.place.code in TEMPORARY or episode.zero_days:
            skipped = True
            continue
        if not found or _begins(found[-1][-1], episode, after_skipped=skipped, same_carer=same_carer):
            found.append([])
        found[-1].append(episode)
        skipped = False
    return [Placement(tuple(episodes)) for episodes in found]


def _begins(before: Episode, episode: Episode, *, after_skipped: bool, same_carer: bool) -> bool:
    reason, moved = episode.start_reason, episode.place != before.place
    if episode.place.code in BY_THE_SAME_CARER and before.place.code.startswith("U"):
        return False
    if same_carer and reason in {"T", "U"}:
        return False
    if after_skipped:
        return moved
    return reason in {"S", "P", "B"} or (reason in {"T", "U"} and moved)
