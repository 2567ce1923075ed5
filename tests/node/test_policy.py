"""If these failed, more could be released, or spent, than the council's own policy allows."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from frameworks.accounting import UNITS_PER_RHO, epsilon_from_rho, rho_from_epsilon, rho_units_down
from frameworks.shares import SecureTerms
from node.errors import BudgetExceeded, PolicyRefused
from node.policy import Policy, check_allowed, check_budget
from tests.node.small_release import PLAN, plan_of, policy_of, request_of


@given(rho=st.floats(min_value=0, max_value=1000, allow_subnormal=False))
def test_a_limit_is_never_above_what_is_written(rho: float) -> None:
    units = Policy(rho_per_year=rho).rho_per_year_units
    assert Fraction(units, UNITS_PER_RHO) <= Fraction(repr(rho)) < Fraction(units + 1, UNITS_PER_RHO)


def test_a_limit_of_few_digits_is_exact() -> None:
    assert Policy(rho_per_year=0.15).rho_per_year_units == 150_000_000_000


def test_the_defaults_pay_for_two_releases_at_epsilon_2_a_year_and_for_26_years_at_epsilon_1() -> None:
    policy = Policy()
    at_2, at_1 = (rho_units_down(rho_from_epsilon(epsilon, 1e-7)) for epsilon in (2, 1))
    assert at_2 <= policy.rho_per_release_units
    assert 2 * at_2 <= policy.rho_per_year_units
    assert 26 * at_1 <= policy.rho_for_life_units
    assert epsilon_from_rho(policy.rho_for_life, 1e-7) < 8.5
    assert policy.approval == "named"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.1])
def test_a_limit_is_a_number_of_at_least_0(value: float) -> None:
    with pytest.raises(ValidationError):
        Policy(rho_for_life=value)


def test_an_unknown_entry_is_refused() -> None:
    with pytest.raises(ValidationError, match="rho_per_yaer"):
        Policy.model_validate({"rho_per_yaer": 0.1})


def test_a_plan_within_the_policy_is_allowed() -> None:
    check_allowed(policy_of(), PLAN)
    check_allowed(policy_of(indicators=PLAN.indicators), PLAN)


def test_a_secure_release_is_allowed_unless_its_groups_may_be_too_small() -> None:
    secure = plan_of(request_of(mode="secure"))
    check_allowed(policy_of(), secure)
    with pytest.raises(PolicyRefused, match="fewer than 151 councils"):
        check_allowed(policy_of(minimum_councils=151), secure)


def test_noise_that_fewer_colluding_councils_lessen_than_are_asked_for_is_refused() -> None:
    terms = SecureTerms(groups="england", largest_group=153, max_colluding=2)
    secure = plan_of(request_of(mode="secure", secure=terms))
    check_allowed(policy_of(colluding_councils=2), secure)
    with pytest.raises(PolicyRefused, match="holds while 2"):
        check_allowed(policy_of(colluding_councils=3), secure)


def test_a_framework_that_is_not_listed_is_refused() -> None:
    with pytest.raises(PolicyRefused, match="small"):
        check_allowed(Policy(), PLAN)


def test_one_indicator_that_is_not_listed_refuses_the_plan() -> None:
    with pytest.raises(PolicyRefused, match="helped"):
        check_allowed(policy_of(indicators=PLAN.indicators[:-1]), PLAN)


def test_a_release_that_costs_one_unit_too_much_is_refused() -> None:
    limit = Policy().rho_per_release_units
    check_allowed(policy_of(), replace(PLAN, rho_units=limit))
    with pytest.raises(BudgetExceeded):
        check_allowed(policy_of(), replace(PLAN, rho_units=limit + 1))


@given(
    cost=st.integers(1, 10**13),
    in_year=st.integers(0, 10**13),
    more_for_life=st.integers(0, 10**13),
    year_limit=st.integers(0, 10**13),
    life_limit=st.integers(0, 10**13),
)
def test_a_charge_passes_exactly_when_both_limits_hold(
    cost: int, in_year: int, more_for_life: int, year_limit: int, life_limit: int
) -> None:
    for_life = in_year + more_for_life
    holds = in_year + cost <= year_limit and for_life + cost <= life_limit

    def check() -> None:
        check_budget(
            cost,
            spent_in_year=in_year,
            year_limit_units=year_limit,
            spent_for_life=for_life,
            life_limit_units=life_limit,
        )

    if holds:
        check()
    else:
        with pytest.raises(BudgetExceeded, match="is left"):
            check()
