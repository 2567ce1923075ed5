"""Ratios and histograms: a wrong sum, covariance or spread here would put a false interval beside what children say.

Coverage is simulated with seeded draws; each assertion allows 4.5 standard errors, so that a fresh seed would fail one
of the cells in fewer than 1 of 1,000 runs. The intervals of a release of many shares hold for each share by itself.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.data import ENGLAND, current_councils, regions
from coordinator.estimates.benchmark import Estimate
from coordinator.estimates.decode import (
    Distribution,
    Mean,
    Ratio,
    category_numbers,
    enough,
    mean_of,
    scale_of,
    share_of,
)
from coordinator.estimates.position import Position
from coordinator.estimates.sums import NoisySum, combine
from frameworks.blocks import OVERALL, Statistic
from frameworks.model import Framework
from frameworks.plan import ReleasePlan, compile_plan
from tests.coordinator.every_kind import NAMES, every_kind
from tests.coordinator.made_up import YEAR, Federation, federate, no_noise, request_of
from tests.coordinator.one_council import OneCouncil

REPETITIONS = 2000
SLACK = 4.5 * math.sqrt(0.95 * 0.05 / REPETITIONS)
COUNCILS = ("201", "202", "301", "330", "800", "816", "840")
SCORES = tuple(range(11))


def _noised(exact: np.ndarray, sigma: float, rng: np.random.Generator) -> list[NoisySum]:
    return [NoisySum(float(count + np.rint(rng.normal(0, sigma))), sigma**2) for count in exact]


@pytest.mark.parametrize("categories", [3, 11])
@pytest.mark.parametrize("children", [200, 800, 20_000])
@pytest.mark.parametrize("sampling", [True, False])
def test_shares_are_covered_in_both_readings(children: int, categories: int, sampling: bool) -> None:
    """A share of some 30 %, and a small one: 95 % hold the truth, more only where the interval is one-sided."""
    rng = np.random.default_rng(children + categories)
    small = 0.02
    likely = np.array([0.3, *np.full(categories - 2, (0.7 - small) / (categories - 2)), small])
    held: dict[int, list[bool]] = {0: [], categories - 1: []}
    for _ in range(REPETITIONS):
        exact = rng.multinomial(children, likely)
        counts = _noised(exact, 8.2, rng)
        for index, hits in held.items():
            interval = share_of(counts, index).interval(sampling=sampling)
            truth = 100 * (likely[index] if sampling else exact[index] / children)
            hits.append(interval.lower - 1e-9 <= truth <= interval.upper + 1e-9)
    assert np.mean(held[0]) >= 0.945 - SLACK
    assert np.mean(held[0]) <= 0.965 + SLACK
    assert np.mean(held[categories - 1]) >= 0.945 - SLACK


@pytest.mark.parametrize("spread", [1.5, 5.0])
@pytest.mark.parametrize("children", [200, 800, 20_000])
@pytest.mark.parametrize("sampling", [True, False])
def test_the_mean_of_a_histogram_is_covered_in_both_readings(children: int, spread: float, sampling: bool) -> None:
    """Scores of 0 to 10 around 7, close together or far apart. With chance in it, more than 95 % where noise is large:
    what the noise may hide of the spread is allowed for."""
    rng = np.random.default_rng(children + round(10 * spread))
    likely = np.exp(-(((np.array(SCORES) - 7) / spread) ** 2))
    likely /= likely.sum()
    expected, sigma = float(likely @ np.array(SCORES)), 8.2
    held, widths = [], []
    for _ in range(REPETITIONS):
        exact = rng.multinomial(children, likely)
        interval = mean_of(_noised(exact, sigma, rng), SCORES).interval(sampling=sampling)
        truth = expected if sampling else float(exact @ np.array(SCORES)) / children
        held.append(interval.lower <= truth <= interval.upper)
        widths.append(interval.upper - interval.lower)
    assert np.mean(held) >= 0.945 - SLACK
    if not sampling or children == 20_000:
        assert np.mean(held) <= 0.97 + SLACK
    if children == 20_000 and sampling and spread == 1.5:
        widest = 2 * 1.96 * math.sqrt((expected - 0) * (10 - expected) / children)
        assert np.mean(widths) < 0.5 * widest


@pytest.mark.parametrize("tied", [True, False])
def test_leaving_out_what_the_noises_share_would_be_noticed(tied: bool) -> None:
    """Positive control: contrast and total are made of the same counts; taken as independent, intervals are wrong.

    A share of 30 % among eleven: the two noises partly cancel, and the interval that does not know it is too wide.
    """
    rng = np.random.default_rng(7)
    exact = np.array([120, *[28] * 10])
    held = []
    for _ in range(REPETITIONS):
        share = share_of(_noised(exact, 8.2, rng), 0)
        contrast = combine(count.scaled(place) for count, place in zip(share.counts, share.places, strict=True))
        figure = share if tied else Mean(contrast, share.size, 0, 100)
        interval = figure.interval(sampling=False)
        held.append(interval.lower <= 30 <= interval.upper)
    assert np.mean(held) >= 0.945 - SLACK
    assert bool(np.mean(held) <= 0.965 + SLACK) is tied


def _absence(children: int, rng: np.random.Generator, *, ends: bool) -> tuple[np.ndarray, np.ndarray]:
    """Sessions missed and possible, 0 to 400 each: all or nothing, or as they are in life."""
    if ends:
        whole = np.full(children, 400.0)
        return np.where(rng.random(children) < 0.1, 400.0, 0.0), whole
    whole = np.rint(rng.uniform(250, 390, children))
    return np.rint(whole * rng.beta(0.8, 7.2, children)), whole


@pytest.mark.parametrize("ends", [True, False])
@pytest.mark.parametrize("children", [150, 2_000])
@pytest.mark.parametrize("sampling", [True, False])
def test_ratios_are_covered_in_both_readings(children: int, sampling: bool, ends: bool) -> None:
    """Noise alone: 95 %. With chance: 95 % where children miss all sessions or none, more where they do not."""
    rng = np.random.default_rng(children + ends)
    sigma, sigma_total = 200 * 8.2, 8.2 / 1.2
    held = []
    for _ in range(REPETITIONS):
        part, whole = _absence(children, rng, ends=ends)
        ratio = Ratio(
            NoisySum(float(np.sum(part - 200)) + float(np.rint(rng.normal(0, sigma))), sigma**2),
            NoisySum(float(np.sum(whole - 200)) + float(np.rint(rng.normal(0, sigma))), sigma**2),
            NoisySum(children + float(np.rint(rng.normal(0, sigma_total))), sigma_total**2),
            (0, 400),
            (0, 400),
        )
        interval = ratio.interval(sampling=sampling)
        assert 0 <= interval.lower <= interval.upper <= 100
        truth = 10.0 if sampling else 100 * part.sum() / whole.sum()
        held.append(interval.lower <= truth <= interval.upper)
    assert np.mean(held) >= 0.945 - SLACK
    if ends or not sampling:
        assert np.mean(held) <= 0.965 + SLACK


def test_the_noise_of_the_total_moves_both_sums_of_a_ratio() -> None:
    """Delta method by hand: Var(P - rW) = v_S + r^2 v_Z + (200 - 200 r)^2 v_T, the covariance through T in it."""
    ratio = Ratio(NoisySum(-16_000, 900.0), NoisySum(19_000, 400.0), NoisySum(100, 25.0), (0, 400), (0, 400))
    r = (20_000 - 16_000) / (20_000 + 19_000)
    assert ratio.value == pytest.approx(100 * r)
    z = 1e-4
    narrow = ratio.interval(sampling=False, z=z)
    expected = 100 * math.sqrt(900 + r**2 * 400 + (200 - 200 * r) ** 2 * 25) / 39_000
    assert (narrow.upper - narrow.lower) / (2 * z) == pytest.approx(expected, rel=1e-4)


def test_a_ratio_needs_a_whole_that_stands_out_of_its_noise() -> None:
    """Many children, but of so few sessions that their sum is mostly noise: no figure, whatever the part is."""
    for part in (-40_000.0, 0.0):
        few, many = (
            Ratio(NoisySum(part, 1e6), NoisySum(distance, 1e6), NoisySum(200, 1.0), (0, 400), (0, 400))
            for distance in (-36_000.0, 30_000.0)
        )
        assert (enough(few), enough(many)) == (False, True)


_sums = st.builds(NoisySum, st.floats(-1e6, 1e6), st.floats(0, 1e8))


@settings(deadline=None)
@given(
    part=_sums,
    whole=_sums,
    total=_sums,
    bounds=st.tuples(st.integers(0, 50), st.integers(51, 900)),
    whole_bounds=st.tuples(st.integers(0, 50), st.integers(51, 900)),
    sampling=st.booleans(),
)
def test_no_interval_of_a_ratio_is_empty_or_inverted(
    part: NoisySum,
    whole: NoisySum,
    total: NoisySum,
    bounds: tuple[int, int],
    whole_bounds: tuple[int, int],
    sampling: bool,
) -> None:
    """For any noise, sums and bounds there is one interval, finite, and the figure as it is read lies within it."""
    ratio = Ratio(part, whole, total, bounds, whole_bounds)
    interval = ratio.interval(sampling=sampling)
    assert 0 <= interval.lower <= interval.upper < math.inf
    if ratio.whole.value > 0:
        slack = 1e-6 * max(1.0, interval.upper)
        assert interval.lower - slack <= ratio.value <= interval.upper + slack


@settings(deadline=None)
@given(counts=st.lists(_sums, min_size=2, max_size=11), sampling=st.booleans(), index=st.integers(0, 1))
def test_no_interval_of_a_histogram_is_empty_or_inverted(counts: list[NoisySum], sampling: bool, index: int) -> None:
    """Shares within 0 and 100, means within their scale, whatever the noise made of the counts."""
    for figure, low, high in (
        (share_of(counts, index), 0, 100),
        (mean_of(counts, range(len(counts))), 0, len(counts) - 1),
    ):
        interval = figure.interval(sampling=sampling)
        assert low - 1e-9 <= interval.lower <= interval.upper <= high + 1e-9
        if figure.size.value > 0:
            assert interval.lower - 1e-6 <= figure.value <= interval.upper + 1e-6


def test_two_categories_are_a_percentage() -> None:
    """Yes and no as a histogram: the interval is that of the percentage with the same noise on both counts."""
    yes, no = NoisySum(63.0, 40.0), NoisySum(140.0, 40.0)
    share = share_of([yes, no], 0)
    percentage = Mean(NoisySum(yes.value - no.value, 80.0), NoisySum(203.0, 80.0), 0, 100)
    assert share.value == percentage.value
    for sampling in (True, False):
        ours, theirs = share.interval(sampling=sampling), percentage.interval(sampling=sampling)
        assert (ours.lower, ours.upper) == pytest.approx((theirs.lower, theirs.upper))


def test_shares_add_up_to_100_and_their_mean_is_the_mean() -> None:
    """Post-processing of the same counts: they cannot contradict one another."""
    counts = [NoisySum(float(count), 9.0) for count in (40, 0, 60, 100)]
    assert sum(share_of(counts, index).value for index in range(4)) == pytest.approx(100)
    assert mean_of(counts, (0, 1, 2, 3)).value == pytest.approx((2 * 60 + 3 * 100) / 200)


def test_only_whole_numbers_have_a_mean() -> None:
    """The same rule as the node's: one word among the categories, and there is no mean."""
    indicator = every_kind().indicator("life")
    assert category_numbers(indicator) == SCORES
    assert category_numbers(indicator.model_copy(update={"categories": ("0", "1", "2.5")})) == ()
    assert category_numbers(indicator.model_copy(update={"categories": ("-1", "no answer")})) == ()
    assert category_numbers(every_kind().indicator("miles")) == ()


def _plan(framework: Framework, *names: str, breakdowns: tuple[str, ...] = ()) -> ReleasePlan:
    return compile_plan(framework, "made-up", YEAR, request_of(names, epsilon=2.0, breakdowns=breakdowns))


def test_a_histogram_is_read_level_after_level() -> None:
    """Level i, category j stands at start + i * categories + j: another order would give boys the girls' answers."""
    plan = _plan(every_kind(), "asked", "feels_safe", breakdowns=("sex",))
    silent = replace(plan, blocks=tuple(replace(block, sigma_units=0) for block in plan.blocks))
    block = plan.block(Statistic.HISTOGRAM, "feels_safe", "sex")
    vector = [0] * plan.length
    vector[block.indices] = range(block.length)
    council = OneCouncil.of(every_kind(), silent, vector)
    # Without noise the first table, here the overall one (all 0), is believed: each level gives up its share.
    for j, category in enumerate(block.categories):
        column = [i * len(block.categories) + j for i in range(len(block.levels))]
        for i, level in enumerate(block.levels):
            count = council.sum(Statistic.HISTOGRAM, "feels_safe", "sex", level, category)
            assert count.value == pytest.approx(column[i] - sum(column) / len(column))


def test_each_category_agrees_with_its_breakdowns_by_least_squares() -> None:
    """Against the normal equations of a whole histogram, solved as matrices: categories do not tie one another."""
    plan = _plan(every_kind(), "asked", "feels_safe", breakdowns=("sex",))
    blocks = [plan.block(Statistic.HISTOGRAM, "feels_safe", breakdown) for breakdown in (OVERALL, "sex")]
    kinds, levels = len(blocks[0].categories), len(blocks[1].levels)
    vector = np.random.default_rng(5).integers(-40, 900, plan.length).tolist()
    observed = np.concatenate([vector[block.indices] for block in blocks]).astype(float)
    design = np.vstack([np.tile(np.eye(kinds), levels), np.eye(kinds * levels)])
    precision = np.diag(np.concatenate([np.full(block.length, 1 / block.variance) for block in blocks]))
    covariance = np.linalg.inv(design.T @ precision @ design)
    fitted = design @ covariance @ design.T @ precision @ observed
    spread = design @ covariance @ design.T
    council = OneCouncil.of(every_kind(), plan, vector)
    ours = [
        council.sum(Statistic.HISTOGRAM, "feels_safe", block.breakdown, level, category)
        for block in blocks
        for level in block.levels
        for category in block.categories
    ]
    assert [count.value for count in ours] == pytest.approx(fitted.tolist())
    assert [count.variance for count in ours] == pytest.approx(np.diag(spread).tolist())
    assert spread[0, 1] == pytest.approx(0), "shares take the counts of one table as independent"


def _federation(**options: object) -> Federation:
    request = request_of(NAMES, epsilon=4.0, breakdowns=("sex",))
    return federate(every_kind(), [request], seed=4, councils=COUNCILS, **options)  # type: ignore[arg-type]


def _of(federation: Federation, indicator: str, area: str, level: str = "") -> dict[str, Estimate]:
    key = (indicator, area, level)
    return {e.category: e for e in federation.benchmark.estimates if (e.indicator_id, e.area_code, e.level) == key}


def _exact(federation: Federation, statistic: Statistic, name: str, councils: tuple[str, ...]) -> np.ndarray:
    block = federation.plans[0].block(statistic, name)
    return sum(np.array(federation.exact["headlines", code][block.indices]) for code in councils)  # type: ignore[return-value]


@pytest.mark.parametrize("councils", [COUNCILS, ("330",)])
def test_without_noise_every_kind_is_the_councils_exact_figure(councils: tuple[str, ...]) -> None:
    """England and one council: shares and mean of a histogram, a ratio of two sums, a mean in tenths of a mile."""
    federation, area = _federation(noise=no_noise), ENGLAND if len(councils) > 1 else councils[0]
    counts = _exact(federation, Statistic.HISTOGRAM, "life", councils)
    life = _of(federation, "life", area)
    assert life[""].value == pytest.approx(counts @ np.array(SCORES) / counts.sum())
    assert [life[str(score)].value for score in SCORES] == pytest.approx((100 * counts / counts.sum()).tolist())
    pupils = _exact(federation, Statistic.TOTAL, "pupils", councils)[0]
    missed = _exact(federation, Statistic.CENTRED_SUM, "absence", councils)[0] + 200 * pupils
    possible = _exact(federation, Statistic.WHOLE_SUM, "absence", councils)[0] + 200 * pupils
    assert _of(federation, "absence", area)[""].value == pytest.approx(100 * missed / possible)
    placed = _exact(federation, Statistic.TOTAL, "placed", councils)[0]
    twice = _exact(federation, Statistic.CENTRED_SUM, "miles", councils)[0]
    assert _of(federation, "miles", area)[""].value == pytest.approx((twice + 4001 * placed) / 2 / placed / 10)
    assert scale_of(every_kind().indicator("miles")) == (0, 400.1)


def test_a_histogram_has_its_categories_everywhere_and_is_compared_by_its_mean() -> None:
    """England, regions and councils, each share with its interval; words have no mean and no position."""
    federation = _federation()
    for area in (ENGLAND, *regions(), *COUNCILS):
        assert list(_of(federation, "life", area)) == ["", *map(str, SCORES)]
        assert list(_of(federation, "feels_safe", area)) == list(every_kind().indicator("feels_safe").categories)
    for area in COUNCILS:
        assert all(e.position is None for e in _of(federation, "feels_safe", area).values())
        positions = {category: e.position for category, e in _of(federation, "life", area).items()}
        assert isinstance(positions.pop(""), Position)
        assert set(positions.values()) == {None}
    for level in ("female", "male", "unknown"):
        assert list(_of(federation, "life", ENGLAND, level)) == ["", *map(str, SCORES)]
        assert list(_of(federation, "life", regions_of("330"), level)) == ["", *map(str, SCORES)]
        assert not _of(federation, "life", "330", level)


def regions_of(code: str) -> str:
    """The code of a council's region."""
    return current_councils()[code].region_code


def test_a_council_without_answers_has_no_share_of_them() -> None:
    """Not available in every category, and left out of England's."""
    federation = _federation(noise=no_noise, undeclared={"330": frozenset({f"feedback.answers@{YEAR}"})})
    absent = _of(federation, "life", "330")
    assert list(absent) == ["", *map(str, SCORES)]
    assert {(e.symbol, e.value, e.councils) for e in absent.values()} == {("x", None, 0)}
    others = tuple(code for code in COUNCILS if code != "330")
    counts = _exact(federation, Statistic.HISTOGRAM, "life", others)
    assert _of(federation, "life", ENGLAND)[""].value == pytest.approx(counts @ np.array(SCORES) / counts.sum())


def test_another_file_serves_where_the_framework_says_so() -> None:
    """A council that holds the warehouse table but not the return counts as one that holds the return."""
    framework = every_kind()
    served = tuple(
        i.model_copy(update={"also_from": ("ssd.attendance@Y",)}) if i.id == "absence" else i
        for i in framework.indicators
    )
    federation = federate(
        framework.model_copy(update={"indicators": served}),
        [request_of(("absence",), epsilon=4.0)],
        seed=4,
        councils=COUNCILS,
        undeclared={"330": frozenset({f"education.attendance@{YEAR}"})},
        declared_too={"330": frozenset({f"ssd.attendance@{YEAR}"})},
    )
    assert _of(federation, "absence", "330")[""].councils == 1
    assert _of(federation, "absence", ENGLAND)[""].councils == len(COUNCILS)


def test_the_noise_that_is_published_is_the_plans() -> None:
    """1.96 standard deviations: of half a percentage's contrast, of the sum of a mean or a ratio's part in its unit; of
    all councils together as the root of their number."""
    request, framework = request_of(NAMES, epsilon=4.0), every_kind()
    plan = compile_plan(framework, "made-up", YEAR, request)
    published = federate(framework, [request], seed=4, councils=COUNCILS).benchmark.noise
    per_unit = {"miles": 2 * 10, "asked": 2, "returned_home": 2, "settled": 2, "helped_families": 2}
    assert [scale.indicator_id for scale in published] == list(NAMES)
    for scale in published:
        variance = plan.block_of(framework.indicator(scale.indicator_id)).variance
        if scale.indicator_id == "absence":
            variance += 200**2 * plan.block(Statistic.TOTAL, "pupils").variance
        reach = 1.959964 * math.sqrt(variance) / per_unit.get(scale.indicator_id, 1)
        assert scale.one_council == pytest.approx(reach)
        assert scale.all_councils == pytest.approx(reach * math.sqrt(len(COUNCILS)))


def test_a_part_can_be_taken_out_of_a_distribution_and_a_ratio() -> None:
    """England without a council: counts, distances, totals and their noise are those of the others."""
    one, two = ([NoisySum(9.0, 2.0), NoisySum(4.0, 2.0)], [NoisySum(5.0, 1.0), NoisySum(1.0, 1.0)])
    both = [a + b for a, b in zip(one, two, strict=True)]
    assert mean_of(both, (0, 1)).without(mean_of(one, (0, 1))) == mean_of(two, (0, 1))
    assert isinstance(share_of(both, 0).without(share_of(one, 0)), Distribution)
    ratios = [Ratio(NoisySum(-n, n), NoisySum(n, n), NoisySum(n, n), (0, 4), (0, 4)) for n in (3.0, 5.0)]
    together = Ratio(NoisySum(-8.0, 8.0), NoisySum(8.0, 8.0), NoisySum(8.0, 8.0), (0, 4), (0, 4))
    assert together.without(ratios[0]) == ratios[1]
