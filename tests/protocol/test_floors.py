"""If these failed, a sum could be opened that is nearly one council's, or that carries less noise than was paid for."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protos.sa1.floors import honest_shares, meets_release_floor, meets_roster_floor
from tests.protocol.model import rounds as model
from tests.protocol.scenes import TEN, Scene

ANNOUNCE = Scene(TEN).announce
sizes = st.integers(0, 300)


@settings(deadline=None)
@given(sizes, sizes, st.integers(1, 100), st.integers(1, 40), st.integers(0, 20), st.integers(0, 60))
def test_the_floors_are_the_specifications_and_the_models(
    members: int, roster: int, min_pct: int, min_cell: int, max_dropped: int, max_colluding: int
) -> None:
    floors = {
        "min_pct": min_pct,
        "min_cell": min_cell,
        "max_dropped": max_dropped,
        "max_colluding": max_colluding,
    }
    announce, case = replace(ANNOUNCE, **floors), replace(TEN, **floors)  # type: ignore[arg-type]
    share = roster - max_dropped - max_colluding
    expected = roster >= ceil(Fraction(min_pct * members, 100)) and roster - max_dropped >= min_cell and share >= 1
    assert meets_roster_floor(announce, members, roster) == expected
    assert meets_roster_floor(announce, members, roster) == model.meets_roster_floor(case, members, roster)
    assert honest_shares(announce, roster) == share
    for survivors in range(max(0, roster - max_dropped - 2), roster + 1):
        assert meets_release_floor(announce, roster, survivors) == (survivors >= roster - max_dropped)
        assert meets_release_floor(announce, roster, survivors) == model.meets_release_floor(case, roster, survivors)


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(1, 12), st.integers(0, 10), st.integers(0, 20), st.data())
def test_honest_survivors_are_never_fewer_than_the_noise_was_computed_for(
    roster: int, min_cell: int, max_dropped: int, max_colluding: int, data: st.DataObject
) -> None:
    """For every pattern of drops and every choice of so many colluders: where a group is released, at least m honest
    ones are in the sum. Survivors at or above m alone would not do, for the colluders survive and the honest are
    dropped (row 25)."""
    announce = replace(ANNOUNCE, min_pct=1, min_cell=min_cell, max_dropped=max_dropped, max_colluding=max_colluding)
    nodes = range(roster)
    colluding = data.draw(st.sets(st.sampled_from(nodes), max_size=max_colluding))
    surviving = set(nodes) - data.draw(st.sets(st.sampled_from(nodes)))
    released = meets_roster_floor(announce, roster, roster) and meets_release_floor(announce, roster, len(surviving))
    if released:
        assert len(surviving - colluding) >= honest_shares(announce, roster) >= 1
        assert len(surviving) >= min_cell


def test_survivors_at_the_honest_number_would_let_colluders_stand_in_for_noise() -> None:
    """The positive control for the test before: England, 3 dropped and 52 colluding tolerated, so 98 honest shares. A
    floor of 98 survivors would be met by the 52 colluders and 46 honest ones, and the noise be that of 46."""
    announce = replace(ANNOUNCE, min_cell=8, max_dropped=3, max_colluding=52)
    colluding, surviving = set(range(52)), set(range(98))
    assert len(surviving) >= honest_shares(announce, 153) > len(surviving - colluding)
    assert not meets_release_floor(announce, 153, len(surviving))
    assert not meets_release_floor(announce, 153, 149)
    assert meets_release_floor(announce, 153, 150)


@pytest.mark.parametrize(
    ("members", "roster", "meets"), [(153, 103, True), (153, 102, False), (12, 9, True), (12, 8, False)]
)
def test_two_thirds_of_a_group_are_on_its_roster(members: int, roster: int, meets: bool) -> None:
    """Eight heads alone are no roster of the nation (row 26)."""
    announce = replace(ANNOUNCE, min_cell=8, min_pct=67, max_dropped=0, max_colluding=0)
    assert meets_roster_floor(announce, members, roster) == meets


def test_a_group_where_nobody_joined_is_never_released() -> None:
    for min_cell in (1, 8):
        assert not meets_roster_floor(replace(ANNOUNCE, min_cell=min_cell, max_dropped=0), 0, 0)
        assert not meets_roster_floor(replace(ANNOUNCE, min_cell=min_cell, max_dropped=0), 12, 0)
