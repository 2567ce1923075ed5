"""If these failed, what leaves a council would say more of a child than the ledger charged for.

An attacker who knows everything but one child takes the best test there is, on what the real door sends (`audit`).
The lower bounds on what that test finds out stay below what is claimed, and come near enough to it that an audit means
something; nodes with one part broken, and a planner that charges for the wrong child, are caught.

A sound release fails one of these audits with a probability of at most 3e-7 (`audit.LEVEL`), all four together 1.2e-6.
That a broken one escapes, or that an audit comes out too weak, has less than 1e-7: what is asked of a bound lies six
standard errors and more from what is expected of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from scipy import stats

import frameworks.plan
from frameworks.accounting import UNITS_PER_RHO, epsilon_from_rho
from frameworks.blocks import Statistic
from frameworks.cost import worst_child
from frameworks.model import Cohort
from tests.privacy.audit import BROKEN, DELTA, Finding, Node, audit, epsilon_of_gaussians
from tests.privacy.audited import PAIRS, a_child_added, the_dearest_child, two_rosters

RUNS = 3_000


@pytest.mark.parametrize("name", PAIRS)
def test_the_two_councils_are_as_far_apart_as_one_child_can_bring_them(name: str) -> None:
    """The audit looks at the dearest child, and the claim is exactly what that child costs."""
    pair = PAIRS[name]()
    releases = len(pair.plans)
    assert Fraction(pair.rho_units // releases - 1, UNITS_PER_RHO) < pair.cost
    assert pair.cost <= Fraction(pair.rho_units // releases, UNITS_PER_RHO)


@pytest.mark.parametrize("name", PAIRS)
def test_what_leaves_says_no_more_of_a_child_than_is_claimed(tmp_path: Path, name: str) -> None:
    pair = PAIRS[name]()
    finding = audit(tmp_path, pair, RUNS)
    assert finding.sound, finding
    # Of two releases one counts the child, and subtracting them adds their noise.
    there_is = math.sqrt(2 * pair.cost / len(pair.plans))
    assert 0.6 * there_is < finding.mu_lower, "the audit would not notice"
    if len(pair.plans) == 1:
        assert finding.epsilon_lower > 0.6 * finding.epsilon_claimed


@pytest.mark.parametrize("name", BROKEN)
def test_control_a_broken_node_is_caught(tmp_path: Path, name: str) -> None:
    pair = two_rosters() if name == "noise reused for two rosters" else a_child_added()
    runs = RUNS if name == "drawn again on retry" else RUNS // 3
    finding = audit(tmp_path, pair, runs, BROKEN[name])
    assert not finding.sound, finding
    if name == "values never below 0":
        assert abs(finding.bias) > 20, "cutting off what was noised costs no privacy; the figures are wrong"
    else:
        assert finding.epsilon_lower > finding.epsilon_claimed


def _child_that_moves_most(priced: Iterable[tuple[Cohort, Statistic, Fraction]]) -> Fraction:
    """The price of the child who moves the most blocks, whatever they cost (privacy reference 3.3)."""
    by_cohort: dict[str, list[tuple[Cohort, Statistic, Fraction]]] = {}
    for block in priced:
        by_cohort.setdefault(block[0].id, []).append(block)
    most = max(by_cohort, key=lambda cohort: len(by_cohort[cohort]))
    return worst_child(by_cohort[most])


def test_control_a_planner_that_charges_for_the_wrong_child_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frameworks.plan, "worst_child", _child_that_moves_most)
    pair = the_dearest_child()
    assert pair.cost > 2 * Fraction(pair.rho_units, UNITS_PER_RHO)
    assert audit(tmp_path, pair, RUNS // 3).epsilon_lower > epsilon_from_rho(pair.rho_units / UNITS_PER_RHO, DELTA)


def test_what_is_audited_is_what_is_sent_twice_over_a_restart(tmp_path: Path) -> None:
    pair = a_child_added()
    ((first, again),) = Node().sends(tmp_path / "sound", pair, pair.absent)
    assert list(first) == list(again)
    ((first, again),) = BROKEN["drawn again on retry"].sends(tmp_path / "broken", pair, pair.absent)
    assert list(first) != list(again)


def test_the_bounds_are_those_of_two_gaussians_seen_through_a_yes_or_no() -> None:
    """Known answers: mu from exact rates, epsilon from Balle and Wang's own equation, and no more rho than there is."""
    mu, runs = 1.5, 10**9
    right, wrong = round(runs * stats.norm.cdf(mu / 2)), round(runs * stats.norm.cdf(-mu / 2))
    finding = Finding.of(runs, right, wrong, round(mu**2 / 2 * UNITS_PER_RHO), 0.0)
    assert finding.mu_lower == pytest.approx(mu, abs=1e-3)
    assert finding.mu_claimed == pytest.approx(mu)
    assert 0.5 * mu**2 / 2 < finding.rho_lower < mu**2 / 2
    epsilon = epsilon_of_gaussians(mu, DELTA)
    lost = math.exp(epsilon) * stats.norm.cdf(-mu / 2 - epsilon / mu)
    assert stats.norm.cdf(mu / 2 - epsilon / mu) - lost == pytest.approx(DELTA, rel=1e-6)
    assert finding.sound
    assert not replace(finding, rho_claimed=finding.rho_lower * 0.99).sound
    # sigma 4.679 is what epsilon 1 at delta 1e-7 takes exactly (privacy reference 4.1).
    assert epsilon_of_gaussians(1 / 4.679, DELTA) == pytest.approx(1, abs=1e-3)
