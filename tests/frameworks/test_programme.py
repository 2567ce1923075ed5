"""What a programme of yearly releases costs over a childhood, a family or a move is what the reference worked out.

If these failed, ministers would sign for a yearly cost without knowing what it adds up to.
"""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frameworks.accounting import UNITS_PER_RHO, epsilon_from_rho, gaussian_epsilon, rho_from_epsilon, rho_units_down
from frameworks.model import Framework
from frameworks.plan import ReleasePlan, ReleaseRequest, compile_plan
from frameworks.programme import (
    DELTAS,
    colluder_table,
    full_charge,
    lifetime_table,
    mover_table,
    programme_table,
    release_charge,
    sibling_table,
    split_table,
)
from frameworks.shares import Groups, SecureTerms
from tests.frameworks.small import small_framework

DELTA = 1e-7
YEAR = rho_units_down(rho_from_epsilon(1, DELTA))
UNITS = st.integers(10**6, 10**13)


def test_releases_add_up_to_the_figures_of_the_reference() -> None:
    rows = programme_table(YEAR)
    rhos = {row.releases: row.rho_units / UNITS_PER_RHO for row in rows}
    epsilons = {row.releases: row.epsilons[DELTAS.index(DELTA)] for row in rows}
    assert rhos == pytest.approx(
        {1: 0.0202, 2: 0.0404, 5: 0.1009, 10: 0.2019, 18: 0.3634, 26: 0.5249, 36: 0.7267}, abs=5e-5
    )
    assert epsilons == pytest.approx({1: 1.0, 2: 1.445, 5: 2.36, 10: 3.44, 18: 4.75, 26: 5.83, 36: 7.00}, abs=5e-3)


def test_two_plans_a_year_over_a_childhood_are_as_in_the_reference() -> None:
    (row,) = programme_table(2 * YEAR, (DELTA,), (26,))
    assert row.epsilons == pytest.approx([8.63], abs=5e-3)


@given(UNITS)
def test_every_delta_is_answered_and_the_tighter_figure_stands_beside_it(rho_units: int) -> None:
    for row in programme_table(rho_units, DELTAS, (1, 26)):
        total = row.releases * rho_units / UNITS_PER_RHO
        assert row.rho_units == row.releases * rho_units
        assert row.epsilons == tuple(epsilon_from_rho(total, delta) for delta in DELTAS)
        assert row.gaussian_epsilons == tuple(gaussian_epsilon(total, delta) for delta in DELTAS)
        assert row.epsilons == tuple(sorted(row.epsilons))


@pytest.mark.parametrize(
    ("releases", "rhos", "epsilons"),
    [
        (18, (0.00112, 0.00412, 0.0148, 0.0511), (0.22, 0.43, 0.85, 1.64)),
        (26, (0.00078, 0.00285, 0.01024, 0.03535), (0.18, 0.36, 0.70, 1.35)),
    ],
)
def test_a_limit_for_life_allows_each_year_what_the_reference_says(
    releases: int, rhos: tuple[float, ...], epsilons: tuple[float, ...]
) -> None:
    rows = lifetime_table(DELTA, releases)
    assert [row.lifetime_epsilon for row in rows] == [1, 2, 4, 8]
    assert [row.rho_units / UNITS_PER_RHO for row in rows] == pytest.approx(rhos, abs=4e-5)
    assert [row.epsilon for row in rows] == pytest.approx(epsilons, abs=5e-3)


@given(st.floats(0.1, 10), st.integers(1, 40), st.sampled_from(DELTAS))
def test_a_limit_for_life_is_kept_to_the_last_unit(lifetime: float, releases: int, delta: float) -> None:
    (row,) = lifetime_table(delta, releases, (lifetime,))
    assert epsilon_from_rho(releases * row.rho_units / UNITS_PER_RHO, delta) <= lifetime
    assert epsilon_from_rho(releases * (row.rho_units + 1) / UNITS_PER_RHO, delta) > lifetime * (1 - 1e-12)


def test_siblings_cost_their_number_squared() -> None:
    rows = sibling_table(YEAR, DELTA)
    assert [(row.siblings, row.rho_units) for row in rows] == [(k, k * k * YEAR) for k in (2, 3, 4)]
    assert [row.epsilon for row in rows] == pytest.approx([2.09, 3.25, 4.45], abs=6e-3)


_HYBRID: tuple[tuple[Fraction, Groups | None], ...] = (
    (Fraction(1, 2), None),
    (Fraction(1, 4), "england"),
    (Fraction(1, 4), "regions"),
)


@pytest.mark.parametrize(
    ("spent", "times", "epsilons"),
    [
        (((Fraction(1), None),), (2, 2), (1.44, 1.44)),
        (((Fraction(1), "england"),), (4, 4), (2.09, 2.09)),
        (((Fraction(1), "regions"),), (4, 2), (2.09, 1.44)),
        (_HYBRID, (3, Fraction(5, 2)), (1.79, 1.63)),
    ],
)
def test_a_child_whom_two_councils_count_pays_what_the_reference_says(
    spent: tuple[tuple[Fraction, Groups | None], ...],
    times: tuple[Fraction, Fraction],
    epsilons: tuple[float, float],
) -> None:
    charges = [full_charge(math.floor(share * YEAR), groups) for share, groups in spent]
    same, apart = mover_table(charges, DELTA)
    assert (same.same_region, apart.same_region) == (True, False)
    assert (same.rho_units, apart.rho_units) == pytest.approx(tuple(YEAR * one for one in times), abs=8)
    assert (same.epsilon, apart.epsilon) == pytest.approx(epsilons, abs=6e-3)


def _plan(framework: Framework, indicators: tuple[str, ...], groups: Groups | None) -> ReleasePlan:
    request = ReleaseRequest(
        id="release",
        mode="council" if groups is None else "secure",
        indicators=indicators,
        rho_units=YEAR,
        secure=None if groups is None else SecureTerms(groups=groups, largest_group=33),
    )
    return compile_plan(framework, "c", 2025, request)


@pytest.mark.parametrize("groups", [None, "england", "regions"])
def test_a_plan_is_charged_by_its_mode_and_groups_and_the_cohorts_that_may_count_twice(groups: Groups | None) -> None:
    framework = small_framework()
    twice = _plan(framework, ("responded",), groups)
    charge = release_charge(framework, twice)
    assert charge.groups == groups
    assert charge.apart_rho_units == pytest.approx(2 * twice.rho_units, abs=2)
    assert charge.together_rho_units == pytest.approx(4 * twice.rho_units, abs=4)
    once = _plan(framework, ("healthy",), groups)
    charge = release_charge(framework, once)
    assert charge.apart_rho_units == charge.together_rho_units == once.rho_units


@pytest.mark.parametrize(
    ("colluding", "epsilon", "ratio"),
    [
        (0, 1.000, 1.010),
        (1, 1.004, 1.013),
        (5, 1.018, 1.027),
        (15, 1.057, 1.065),
        (30, 1.126, 1.129),
        (52, 1.253, 1.249),
        (149, 16.1, 12.37),
    ],
)
def test_colluders_in_england_learn_what_the_reference_says(colluding: int, epsilon: float, ratio: float) -> None:
    (row,) = colluder_table(YEAR, DELTA, 153, 3, (colluding,))
    assert (row.epsilon, row.noise_ratio) == pytest.approx((epsilon, ratio), rel=1e-3)


def test_colluders_in_a_small_region_learn_more() -> None:
    rows = colluder_table(YEAR, DELTA, 12, 3, (1, 3, 8))
    assert [row.epsilon for row in rows] == pytest.approx([1.06, 1.24, 3.25], abs=6e-3)


@given(UNITS, st.integers(2, 200), st.integers(0, 20), st.integers(0, 20))
def test_so_many_as_were_planned_for_learn_what_is_charged_and_one_more_learns_more(
    rho_units: int, honest: int, dropped: int, planned: int
) -> None:
    roster = honest + dropped + planned
    as_planned, more = colluder_table(rho_units, DELTA, roster, dropped, (planned, planned + 1), planned)
    assert as_planned.rho_units == rho_units < more.rho_units
    assert more.rho_units * (honest - 1) >= rho_units * honest
    with pytest.raises(ValueError, match="not collude"):
        colluder_table(rho_units, DELTA, roster, dropped, (planned + honest,), planned)


@given(UNITS, st.fractions(Fraction(1, 100), Fraction(99, 100)))
def test_a_provisional_and_a_final_release_share_one_cost_to_the_last_unit(rho_units: int, share: Fraction) -> None:
    first, final, combined = split_table(rho_units, DELTA, share)
    assert first.rho_units + final.rho_units == combined.rho_units == rho_units


@given(UNITS)
def test_their_combination_by_inverse_variance_has_the_noise_of_a_single_release(rho_units: int) -> None:
    """By hand: variances s^2/.2 and s^2/.8, weights in inverse proportion; of a revision the final's weight is kept."""
    first, final, combined = split_table(rho_units, DELTA)
    weights = [1 / row.noise_ratio**2 for row in (first, final)]
    assert math.sqrt(1 / sum(weights)) == pytest.approx(combined.noise_ratio) == pytest.approx(1)
    assert float(combined.revised) == pytest.approx(weights[1] / sum(weights)) == pytest.approx(0.8, rel=1e-5)
    assert (first.noise_ratio, final.noise_ratio) == pytest.approx((math.sqrt(5), math.sqrt(1.25)), rel=1e-5)
    assert (first.revised, final.revised) == (Fraction(0), Fraction(1))


@pytest.mark.parametrize("share", [Fraction(0), Fraction(1), Fraction(-1, 5), Fraction(6, 5)])
def test_a_share_that_leaves_nothing_for_one_is_refused(share: Fraction) -> None:
    with pytest.raises(ValueError, match="cost something"):
        split_table(YEAR, DELTA, share)
