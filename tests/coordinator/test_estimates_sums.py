"""If sums, their variances or their decoding were wrong, every figure for England would be wrong with them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from coordinator.estimates.cells import read_vector
from coordinator.estimates.decode import Mean, Rate, contrast_of, enough, scale_of
from coordinator.estimates.sums import NoisySum, combine
from frameworks.blocks import OVERALL, Statistic
from frameworks.plan import ReleasePlan, compile_plan
from tests.coordinator.made_up import request_of
from tests.coordinator.one_council import OneCouncil
from tests.frameworks.small import small_framework


def _plan(*indicators: str, breakdowns: tuple[str, ...] = ()) -> ReleasePlan:
    request = request_of(indicators, epsilon=1.0, breakdowns=breakdowns)
    return compile_plan(small_framework(), "made-up", 2025, request)


def _silent(plan: ReleasePlan) -> ReleasePlan:
    return replace(plan, blocks=tuple(replace(block, sigma_units=0) for block in plan.blocks))


def test_without_noise_sums_are_exact() -> None:
    """No noise: what comes out is what went in, with no variance."""
    plan = _silent(_plan("healthy", "score"))
    council = OneCouncil.of(small_framework(), plan, [100, 40, -90])
    for statistic, name, value in (
        (Statistic.TOTAL, "looked_after", 100),
        (Statistic.CONTRAST, "healthy", 40),
        (Statistic.CENTRED_SUM, "score", -90),
    ):
        found = council.sum(statistic, name)
        assert (found.value, found.variance) == (value, 0.0)


def test_variances_add_up_and_are_the_plans() -> None:
    """153 councils have 153 times the variance of one; a plan without breakdowns leaves the block's own."""
    plan = _plan("healthy")
    one = OneCouncil.of(small_framework(), plan, [50, 10]).sum(Statistic.CONTRAST, "healthy")
    assert one.variance == pytest.approx(plan.block(Statistic.CONTRAST, "healthy").variance)
    assert combine([one] * 153).variance == pytest.approx(153 * one.variance)


def test_a_part_can_be_taken_out_with_its_noise() -> None:
    """England without a council is the sum of the others, noise and all."""
    parts = [NoisySum(10.0, 4.0), NoisySum(-3.0, 2.0), NoisySum(8.0, 1.0)]
    assert combine(parts).without(parts[1]) == combine([parts[0], parts[2]])


def test_a_part_whose_noise_is_not_in_the_whole_stays_in_the_rest() -> None:
    """England from a secure sum: what is left without a council has the noise of both, and all of the covariance."""
    rest = NoisySum(100.0, 9.0).without(NoisySum(10.0, 4.0, covariance_with_whole=0.0))
    assert rest == NoisySum(90.0, 13.0, covariance_with_whole=9.0)
    half = NoisySum(100.0, 9.0).without(NoisySum(10.0, 4.0, covariance_with_whole=1.5))
    assert half == NoisySum(90.0, 10.0, covariance_with_whole=7.5)


def test_tables_agree_and_lose_no_certainty() -> None:
    """Each breakdown adds up to the overall figure, and no variance exceeds the block's own."""
    plan = _plan("healthy", breakdowns=("sex", "age_band"))
    vector = np.random.default_rng(3).integers(-50, 500, plan.length).tolist()
    council = OneCouncil.of(small_framework(), plan, vector)
    for statistic, name in ((Statistic.TOTAL, "looked_after"), (Statistic.CONTRAST, "healthy")):
        overall = council.sum(statistic, name)
        for breakdown in plan.breakdowns:
            block = plan.block(statistic, name, breakdown)
            levels = [council.sum(statistic, name, breakdown, level) for level in block.levels]
            assert sum(level.value for level in levels) == pytest.approx(overall.value)
            assert all(level.variance <= block.variance for level in levels)
        assert overall.variance < plan.block(statistic, name).variance


def test_one_councils_agreement_is_generalised_least_squares() -> None:
    """Values and variances against the normal equations, solved as matrices (privacy reference 6.4)."""
    plan = _plan("healthy", breakdowns=("sex", "ethnicity_major"))
    rng = np.random.default_rng(5)
    council = OneCouncil.of(small_framework(), plan, vector := rng.integers(-40, 900, plan.length).tolist())
    blocks = [plan.block(Statistic.CONTRAST, "healthy", breakdown) for breakdown in (OVERALL, "sex", "ethnicity_major")]
    sizes = [len(block.levels) for block in blocks]
    observed = np.concatenate([vector[b.start : b.start + len(b.levels)] for b in blocks]).astype(float)
    # Free parameters: all levels of the first table, all but the last of the second; the rest follow.
    design = np.zeros((sum(sizes), sizes[1] + sizes[2] - 1))
    design[0, : sizes[1]] = 1
    design[1 : 1 + sizes[1], : sizes[1]] = np.eye(sizes[1])
    design[1 + sizes[1] : -1, sizes[1] :] = np.eye(sizes[2] - 1)
    design[-1, : sizes[1]] = 1
    design[-1, sizes[1] :] = -1
    precision = np.diag(np.concatenate([np.full(len(b.levels), 1 / b.variance) for b in blocks]))
    covariance = np.linalg.inv(design.T @ precision @ design)
    fitted = design @ covariance @ design.T @ precision @ observed
    variances = np.diag(design @ covariance @ design.T)
    ours = [
        council.sum(Statistic.CONTRAST, "healthy", block.breakdown, level) for block in blocks for level in block.levels
    ]
    assert [found.value for found in ours] == pytest.approx(fitted.tolist())
    assert [found.variance for found in ours] == pytest.approx(variances.tolist())


def test_a_vector_of_another_length_is_refused() -> None:
    """A short vector would move every later entry into another cell."""
    with pytest.raises(ValueError, match="entries"):
        read_vector(_plan("healthy"), [1, 2, 3])


def test_a_percentage_is_decoded_from_its_contrast() -> None:
    """30 yes and 90 no: D = -60, T = 120, p = (1 + D/T)/2 = 25 %, Var = [v_D + (2p-1)^2 v_T] / (4 T^2)."""
    ratio = Mean(NoisySum(-60, 9.0), NoisySum(120, 4.0), *scale_of(small_framework().indicator("healthy")))
    assert ratio.value == 25.0
    z = 1e-4
    narrow = ratio.interval(sampling=False, z=z)
    expected = 100 * ((9.0 + 0.25 * 4.0) / (4 * 120**2)) ** 0.5
    assert (narrow.upper - narrow.lower) / (2 * z) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("indicator", "values", "sent"), [("score", [0, 13, 40], -7), ("odd_score", [0, 5, 4], 3)])
def test_a_mean_is_decoded_from_its_centred_sum(indicator: str, values: list[int], sent: int) -> None:
    """Bounds 0 to 40 send the sum of x - 20; bounds 0 to 5, whose middle is no integer, the sum of 2x - 5."""
    framework = small_framework()
    block = _plan(indicator).block(Statistic.CENTRED_SUM, indicator)
    contrast = contrast_of(framework.indicator(indicator), NoisySum(sent, block.variance).scaled(1 / block.step))
    ratio = Mean(contrast, NoisySum(len(values), 0.0), *scale_of(framework.indicator(indicator)))
    assert ratio.value == pytest.approx(sum(values) / len(values))
    spread = ratio.interval(sampling=False, z=1e-4)
    expected = block.sigma / block.step / len(values)
    assert (spread.upper - spread.lower) / 2e-4 == pytest.approx(expected, rel=1e-4)


def test_an_event_cap_shows_in_the_noise_and_nowhere_else() -> None:
    """Events capped at 2 are decoded like children; the plan gives their blocks twice the sensitivity."""
    framework, plan = small_framework(), _plan("returned")
    block = plan.block(Statistic.CONTRAST, "returned")
    assert block.sensitivity == 2
    contrast = contrast_of(framework.indicator("returned"), NoisySum(-50, block.variance))
    assert Mean(contrast, NoisySum(100, 0.0), 0, 100).value == 25.0


def test_a_rate_is_its_count_over_the_children() -> None:
    """81,770 children of 12,183,016 are 67 per 10,000."""
    assert round(Rate(NoisySum(81_770, 0), 1218.3016).value) == 67


@pytest.mark.parametrize(
    ("size", "sigma", "shown"), [(29.9, 1.0, False), (30.0, 1.0, True), (149.0, 30.0, False), (150.0, 30.0, True)]
)
def test_what_is_shown_depends_on_the_noised_size_alone(size: float, sigma: float, shown: bool) -> None:
    """At least 30, and 5 times the noise; the figure and the width of its interval play no part."""
    for contrast in (-size, 0.0, size):
        assert enough(Mean(NoisySum(contrast, 1e6), NoisySum(size, sigma**2), 0, 100)) is shown


@pytest.mark.parametrize(("expected", "shown"), [(74.0, False), (75.0, True), (1_000.0, True)])
def test_a_cohort_that_noise_alone_made_large_enough_is_withheld(expected: float, shown: bool) -> None:
    """At a scale of 30 a size of 150 is needed; where public figures let expect less than half, it was luck."""
    assert enough(Mean(NoisySum(0.0, 1e6), NoisySum(160.0, 30.0**2), 0, 100), expected) is shown


def test_figures_are_clamped_for_reading_only() -> None:
    """Noise may carry a sum past what is possible; the sum keeps it, or totals would be biased upwards."""
    low = Mean(NoisySum(-130, 100), NoisySum(120, 100), 0, 100)
    assert (low.value, low.unclamped < 0) == (0.0, True)
    assert Rate(NoisySum(-4, 9)).value == 0.0
    assert combine([NoisySum(-4, 9), NoisySum(10, 9)]).value == 6
