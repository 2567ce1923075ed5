"""If this fails, the demo claims an accuracy of the secure sum that it does not have."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import coordinator.cli
from deploy.demo.asked import (
    HEADLINES_RELEASE,
    INDICATORS,
    MAX_DROPPED,
    SECURE_RELEASE,
    SMALLEST_FEDERATION,
    collection_file,
)
from deploy.demo.federation import Member
from deploy.demo.secure_round import Opened
from deploy.demo.sum_error import NoisyPlan, SumError, sum_error
from deploy.demo.truth import Figure, Truth
from frameworks.catalogue import load_framework
from frameworks.model import Kind
from node.policy import Policy

_FRAMEWORK = load_framework("outcomes-2019")
_MEMBERS = tuple(Member(f"9{n:02}", f"E9{n:07}", f"Made-up {n}", Path(), Path(), Path()) for n in range(12))
_SHARES = {name: 0.1 + 0.02 * place for place, name in enumerate(INDICATORS)}


@pytest.fixture(scope="module")
def foreseen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `collection validate` says of the demo's collection."""
    path = collection_file(tmp_path_factory.mktemp("asked") / "asked.toml", 2.9)
    shown = CliRunner().invoke(coordinator.cli.main, ["collection", "validate", str(path), "--format", "json"])
    assert shown.exit_code == 0, shown.output
    validated: dict[str, Any] = json.loads(shown.stdout)
    return validated


def release(foreseen: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in foreseen["releases"] if one["id"] == name)


def truths() -> dict[str, Truth]:
    """Reasons why care ceased exclude each other: all of them together hold for half of the children."""
    truth = {}
    for name in INDICATORS:
        if _FRAMEWORK.indicator(name).kind is Kind.PERCENT:
            share = 0.1 if _FRAMEWORK.indicator(name).exclusive else _SHARES[name]
            truth[name] = Truth(round(20_000 * share), 20_000)
    return truth


def exact_sums(plan: NoisyPlan, truth: dict[str, Truth]) -> np.ndarray[Any, Any]:
    """The entries of whole cohorts, as nodes would add them up; all others are 0."""
    sums = np.zeros(plan.layout.length)
    for name, exact in truth.items():
        block = plan.layout.block_of(_FRAMEWORK.indicator(name))
        if block.categories:
            sums[block.start + block.categories.index(name)] = exact.numerator
            sums[block.start + block.length - 1] = 20_000 - 5 * 2_000
        else:
            sums[block.start] = 2 * exact.numerator - exact.denominator
            total = next(b for b in plan.layout.blocks if b.statistic == "total" and b.cohort == block.cohort)
            sums[total.start] = exact.denominator
    return sums


def figures(truth: dict[str, Truth], off: float = 0.0) -> list[Figure]:
    return [Figure(name, name, 100 * one.value + off, 0, 0, 0, 0, 100 * one.value) for name, one in truth.items()]


def opened(foreseen: dict[str, Any], sums: np.ndarray[Any, Any]) -> Opened:
    grid = release(foreseen, SECURE_RELEASE)["grid"]
    values = tuple(round(value * grid) for value in sums)
    return Opened("00", Path(), values, _MEMBERS[:-1], _MEMBERS[-1:])


def error_of(foreseen: dict[str, Any], sums: np.ndarray[Any, Any], off: float = 0.0) -> SumError:
    truth = truths()
    return sum_error(_FRAMEWORK, foreseen, opened(foreseen, sums), figures(truth, off), truth)


def test_a_sum_without_noise_is_not_off_and_a_wrong_publication_is(foreseen: dict[str, Any]) -> None:
    plan = NoisyPlan.of(_FRAMEWORK, release(foreseen, SECURE_RELEASE))
    exact = exact_sums(plan, truths())
    assert error_of(foreseen, exact, off=0.75).secure_sum == pytest.approx(0, abs=1e-9)
    assert error_of(foreseen, exact, off=0.75).published == pytest.approx(0.75)


def test_what_is_foreseen_is_what_noise_of_the_plans_scales_does(foreseen: dict[str, Any]) -> None:
    """Noise of the scale of a sum over eleven councils, whose shares were made for ten, drawn a hundred times."""
    plan = NoisyPlan.of(_FRAMEWORK, release(foreseen, SECURE_RELEASE))
    exact, ratio = exact_sums(plan, truths()), math.sqrt(11 / (12 - MAX_DROPPED))
    scales = np.concatenate([np.full(block.length, plan.scales[block]) for block in plan.layout.blocks])
    random = np.random.default_rng(20261125)
    errors = [error_of(foreseen, exact + random.normal(size=exact.size) * scales * ratio) for _ in range(100)]
    measured = math.sqrt(math.fsum(one.secure_sum**2 for one in errors) / len(errors))
    assert measured == pytest.approx(errors[0].secure_sum_foreseen, rel=0.05)
    assert errors[0].trusted_office_foreseen == pytest.approx(errors[0].secure_sum_foreseen / ratio)


def test_councils_headlines_added_up_carry_the_noise_of_each(foreseen: dict[str, Any]) -> None:
    plan, truth = NoisyPlan.of(_FRAMEWORK, release(foreseen, HEADLINES_RELEASE)), truths()
    one = [plan.variance(_FRAMEWORK.indicator(name), exact, 1) for name, exact in truth.items()]
    error = error_of(foreseen, exact_sums(NoisyPlan.of(_FRAMEWORK, release(foreseen, SECURE_RELEASE)), truth))
    assert error.councils_added_up_foreseen == pytest.approx(math.sqrt(11 * math.fsum(one) / len(one)))


def test_a_percentage_of_a_small_group_and_one_without_a_figure_do_not_count(foreseen: dict[str, Any]) -> None:
    truth = truths() | {"sdq_improved": Truth(300, 999)}
    shown = figures(truth)
    without = [
        Figure(f.indicator, f.title, None, 0, 0, 0, 0, f.truth) if f.indicator == "convicted" else f for f in shown
    ]
    exact = exact_sums(NoisyPlan.of(_FRAMEWORK, release(foreseen, SECURE_RELEASE)), truths())
    error = sum_error(_FRAMEWORK, foreseen, opened(foreseen, exact), without, truth)
    assert error.percentages == len(truth) - 2


def test_the_demo_asks_no_more_than_a_nodes_own_policy_allows(foreseen: dict[str, Any]) -> None:
    policy = Policy()
    assert max(one["rho"] for one in foreseen["releases"]) <= policy.rho_per_release
    assert foreseen["rho"] <= policy.rho_per_year
    assert policy.minimum_councils <= SMALLEST_FEDERATION - MAX_DROPPED
