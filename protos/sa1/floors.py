"""The floors of a group: how many must be on its roster, and how many must survive; alike for every participant (B.7).

Survivors at or above the number of honest shares are not enough: tolerated colluders survive too and add no noise.
"""

from __future__ import annotations

from protos.sa1.announces import Announce


def honest_shares(announce: Announce, roster: int) -> int:
    """m: for how many the noise of a group with that roster is computed."""
    return roster - announce.max_dropped - announce.max_colluding


def meets_roster_floor(announce: Announce, members: int, roster: int) -> bool:
    """Whether enough of a group's members in the epoch are on the roster."""
    return (
        roster >= -(-announce.min_pct * members // 100)
        and roster - announce.max_dropped >= announce.min_cell
        and honest_shares(announce, roster) >= 1
    )


def meets_release_floor(announce: Announce, roster: int, survivors: int) -> bool:
    """Whether enough of a group's roster have reported."""
    return survivors >= roster - announce.max_dropped
