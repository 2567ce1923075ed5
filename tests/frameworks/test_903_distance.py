"""How far from home children are placed (6.2). If these failed, children whose home or placement nobody knows would be
counted as near, or left out of the figure that is published with them."""

from __future__ import annotations

import pytest

from tests.frameworks.looked_after import NO, OUTSIDE, YES, Child, contribution

FAR, NEAR, UNKNOWN = (205, True, True), (31, False, False), (None, None, None)


def placed(tenths: int | None, beyond: bool | None, outside: bool | None) -> Child:
    """A child in one placement, at that distance from home."""
    return Child("2024-06-01 S U4 oak", distances={"oak": (tenths, beyond, outside)})


@pytest.mark.parametrize(
    ("distance", "far", "far_outside"),
    [
        ((205, True, True), YES, YES),
        ((205, True, False), YES, NO),
        ((205, True, None), YES, NO),
        ((200, True, True), YES, YES),
        ((200, False, True), NO, NO),
        ((31, False, False), NO, NO),
        ((None, None, True), NO, NO),
        ((None, None, None), NO, NO),
    ],
)
def test_beyond_20_miles_and_unknown_distances_stay_in_the_denominator(
    distance: tuple[int | None, bool | None, bool | None], far: tuple[int, int], far_outside: tuple[int, int]
) -> None:
    assert contribution("placed_20mi", placed(*distance)) == far
    assert contribution("placed_20mi_outside_la", placed(*distance)) == far_outside


def test_the_mean_distance_is_in_tenths_of_a_mile_and_of_known_distances_alone() -> None:
    assert contribution("placement_distance_mean", placed(*FAR), placed(*NEAR), placed(*UNKNOWN)) == (236, 2)
    assert contribution("placement_distance_mean", placed(0, False, False)) == (0, 1)


@pytest.mark.parametrize("name", ["placed_20mi", "placed_20mi_outside_la", "placement_distance_mean"])
def test_only_the_placement_open_at_31_march_counts(name: str) -> None:
    moved = "2024-06-01 S U4 oak -> 2024-09-01 X1\n2024-09-01 P U4 elm"
    child = Child(moved, distances={"oak": FAR, "elm": NEAR})
    assert contribution(name, child) == ((31, 1) if name.endswith("mean") else NO)
    left = Child("2024-06-01 S U4 oak -> 2025-03-31 E4A", distances={"oak": FAR})
    assert contribution(name, left) == OUTSIDE
    short_term = Child("2024-06-01 S U4 oak V3", distances={"oak": FAR})
    assert contribution(name, short_term) == OUTSIDE
