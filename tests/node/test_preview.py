"""If these failed, a guardian would approve a release and be told less noise, fewer numbers, a lower cost, more budget
left or no proxies in it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from frameworks.accounting import UNITS_PER_RHO, epsilon_from_rho
from frameworks.blocks import Statistic
from frameworks.replacement import replace_one_rho_units
from node.ledger import Ledger
from node.ledger_entries import LedgerHead
from node.preview import preview
from node.preview_model import Preview, PreviewedRelease
from tests.node.previews import HEADLINES, INDICATORS, NATIONAL, SECOND, config_of, offer_of
from tests.node.small_release import NOW, open_ledger, policy_of

_OFFER = offer_of()
_PLAN = _OFFER.plans[0]


def _preview(ledger: Ledger, *requests: Any, **policy: Any) -> Preview:
    return preview(offer_of(*requests), config_of(Path("state"), **policy), ledger, NOW)


@pytest.fixture
def release(tmp_path: Path) -> PreviewedRelease:
    with open_ledger(tmp_path) as ledger:
        return _preview(ledger).releases[0]


def test_the_typical_error_is_that_of_what_is_counted(release: PreviewedRelease) -> None:
    """A contrast moves by 2 for one child; an odd middle doubles distances; the parts of a ratio add up to their
    distances from the middle and the middles of the total."""

    def sigma(statistic: Statistic, name: str) -> float:
        return _PLAN.block(statistic, name).sigma

    deviations = {
        "children": sigma(Statistic.TOTAL, "looked_after"),
        "healthy": sigma(Statistic.CONTRAST, "healthy") / 2,
        "odd_score": sigma(Statistic.CENTRED_SUM, "odd_score") / 2,
        "absence": math.hypot(sigma(Statistic.CENTRED_SUM, "absence"), 10 * sigma(Statistic.TOTAL, "pupils")),
        "mood": sigma(Statistic.HISTOGRAM, "mood"),
        "responded": sigma(Statistic.CONTRAST, "responded") / 2,
        "returned": sigma(Statistic.CONTRAST, "returned") / 2,
        "settled": sigma(Statistic.CONTRAST, "settled") / 2,
    }
    shown = {indicator.id: indicator.typical_error for indicator in release.indicators}
    assert shown == {name: pytest.approx(1.959964 * deviation) for name, deviation in deviations.items()}


def _levels(release: PreviewedRelease) -> int:
    return sum(len(listed) for listed in release.levels.values())


def test_every_number_that_is_sent_is_counted_by_what_it_is(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        releases = _preview(ledger).releases
    for release, plan in zip(releases, _OFFER.plans, strict=True):
        assert release.numbers_sent == plan.length
        assert sum(release.numbers.values()) == plan.length
        assert release.table_cells == len({block.cohort for block in plan.blocks}) * (1 + _levels(release))
        cells = {indicator.id: indicator.cells for indicator in release.indicators}
        assert cells == {name: (1 + _levels(release)) * (3 if name == "mood" else 1) for name in plan.indicators}


def test_a_proxy_is_marked_and_what_is_not_declared_is_named(release: PreviewedRelease) -> None:
    """What no declared file gives is sent as zeros with noise: whoever signs must not think it is measured."""
    assert {one.id: one.proxy_for for one in release.indicators if one.proxy_for} == {"healthy": "being well"}
    undeclared = {one.id for one in release.indicators if not one.declared}
    assert undeclared == {"absence", "returned", "settled"}


def test_costs_are_the_plans_and_both_readings_stand_side_by_side(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        shown = _preview(ledger)
    for release, plan in zip(shown.releases, _OFFER.plans, strict=True):
        rho = plan.rho_units / UNITS_PER_RHO
        replaced = replace_one_rho_units(_OFFER.framework, plan) / UNITS_PER_RHO
        assert (release.rho, release.replace_one_rho) == (rho, replaced)
        assert release.epsilon == epsilon_from_rho(rho, 1e-7)
        assert release.replace_one_epsilon == epsilon_from_rho(replaced, 1e-7) > release.epsilon
    assert "A child known to two councils in the year" in {one.question for one in shown.releases[0].exposures}


def test_the_budget_after_is_what_the_ledger_says_once_it_is_charged(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        before = _preview(ledger, HEADLINES)
        assert before.budget.spent_for_life == 0 and not before.releases[0].charged
        ledger.reserve(_PLAN.collection_id, "headlines", _PLAN.plan_hash, _PLAN.rho_units, policy=policy_of().limits)
        after = _preview(ledger, HEADLINES)
    assert after.budget == before.budget_after
    assert after.releases[0].charged
    assert (after.cost, after.budget_after) == (0, after.budget)


def test_a_release_that_is_refused_here_costs_nothing_and_says_why(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        shown = _preview(ledger, minimum_councils=151)
        assert "fewer than 151 councils" in shown.releases[1].refusal
        assert shown.cost == shown.releases[0].rho
        none = _preview(ledger, frameworks=())
    assert none.cost == 0 and none.budget_after == none.budget


def test_releases_are_weighed_against_what_those_before_them_leave(tmp_path: Path) -> None:
    """Each fits the limit alone, both do not: the second would be refused once the first is paid."""
    with open_ledger(tmp_path) as ledger:
        shown = _preview(ledger, HEADLINES, SECOND, rho_per_year=0.025)
        assert shown.releases[0].refusal == ""
        assert "left this year" in shown.releases[1].refusal
        assert shown.cost == shown.releases[0].rho
        alone = _preview(ledger, SECOND, rho_per_year=0.025)
    assert alone.releases[0].refusal == ""


def test_the_limits_shown_are_those_in_force(tmp_path: Path) -> None:
    """The ledger keeps to the limit that it recorded, whatever node.toml says since."""
    with open_ledger(tmp_path) as ledger:
        low = policy_of(rho_per_year=0.02).limits
        ledger.reserve(_PLAN.collection_id, "headlines", _PLAN.plan_hash, _PLAN.rho_units, policy=low)
        shown = _preview(ledger, HEADLINES, SECOND, rho_per_year=0.15)
    assert shown.budget.limit_per_year == pytest.approx(0.02)
    assert "left this year" in shown.releases[1].refusal


def test_what_it_adds_up_to_is_the_sum_of_all_releases(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        programme = _preview(ledger).programme
    units = sum(plan.rho_units for plan in _OFFER.plans)
    assert programme.rho == units / UNITS_PER_RHO
    assert {row.releases: row.rho_units for row in programme.years}[26] == 26 * units
    assert {row.siblings: row.rho_units for row in programme.siblings}[2] == 4 * units
    assert max(row.rho_units for row in programme.movers) >= units


def test_a_secure_release_says_whose_sum_it_is_and_what_colluders_would_learn(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        council, secure = _preview(ledger).releases
    assert (council.secure, council.colluders) == (None, ())
    assert secure.secure == _OFFER.plans[1].secure
    epsilons = [row.epsilon for row in secure.colluders]
    assert secure.colluders[0].colluding == 0 and epsilons == sorted(epsilons)
    assert [one.size for one in secure.indicators[1].cohort_errors] == [500, 5_000, 50_000]


def test_a_preview_charges_nothing_and_records_nothing(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        _preview(ledger)
        assert ledger.entries() == ()


def test_the_smallest_secure_group_that_there_can_be_is_shown_too(tmp_path: Path) -> None:
    assert NATIONAL.secure is not None
    terms = NATIONAL.secure.model_copy(update={"largest_group": 2, "max_dropped": 1})
    with open_ledger(tmp_path) as ledger:
        shown = _preview(ledger, NATIONAL.model_copy(update={"secure": terms}))
    assert [row.colluding for row in shown.releases[0].colluders] == [0]


_JSON_NAMES = {
    "preview": "collection framework reference_year opens closes releases budget prepared_at council coordinator "
    "coordinator_key framework_id framework_version framework_digest cost epsilon budget_after programme declared "
    "policy shows_exact_figures",
    "release": "id mode numbers_sent rho epsilon delta indicators breakdowns exposures refusal plan_hash numbers "
    "table_cells levels replace_one_rho replace_one_epsilon draws_within secure colluders charged standing waiting_for",
    "indicator": "id title proxy_for cohort cells noise_scale typical_error question domain kind counts error_unit "
    "cohort_errors declared exact",
}


def test_the_names_in_json_stay(tmp_path: Path) -> None:
    """Councils script against them: a name may be added here, none may go."""
    with open_ledger(tmp_path) as ledger:
        shown = _preview(ledger).as_json()
    assert set(shown) == set(_JSON_NAMES["preview"].split())
    assert all(set(release) == set(_JSON_NAMES["release"].split()) for release in shown["releases"])
    indicators = [indicator for release in shown["releases"] for indicator in release["indicators"]]
    assert all(set(indicator) == set(_JSON_NAMES["indicator"].split()) for indicator in indicators)
    assert [indicator["exact"] for indicator in indicators] == [None] * len(indicators)


def test_indicators_stand_in_the_plans_order_with_their_place_in_the_framework(release: PreviewedRelease) -> None:
    assert tuple(one.id for one in release.indicators) == INDICATORS
    places = {one.id: (one.question, one.domain, one.counts) for one in release.indicators}
    assert places["healthy"] == ("Are children safe?", "test", "children")
    assert (places["returned"][2], places["settled"][2]) == ("events", "families")


def test_what_a_lost_copy_of_the_ledger_may_have_answered_is_not_offered_as_answerable(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.repair(LedgerHead(9, bytes(32)), policy_of().limits, 1, "A. Caldicott (invented)")
        shown = _preview(ledger, HEADLINES)
    assert "repaired" in shown.releases[0].refusal
    assert shown.cost == 0
