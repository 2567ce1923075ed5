"""England's published figures come out of the product's own arithmetic, from their published counts (indicators
reference 1, 9; rounding 4.3). If this failed, a council's figure would not be the same thing as England's beside it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from coordinator.data import population_for
from coordinator.estimates.decode import Mean, Rate
from coordinator.estimates.sums import NoisySum
from frameworks.catalogue import installed_frameworks, load_framework
from frameworks.display.formats import half_up
from frameworks.model import EnglandValue, Framework, Indicator, Kind, Source
from node.measure import _cell, _Count

PER = 10_000
CHILDREN = sum(population_for(2025).children.values())


def _counted() -> list[tuple[Framework, Indicator, EnglandValue, int]]:
    """Every indicator of every framework whose published value has its counts."""
    frameworks = (load_framework(name) for name in installed_frameworks())
    return [
        (framework, indicator, england, england.numerator)
        for framework in frameworks
        for indicator in framework.indicators
        if (england := indicator.england) is not None
        and england.numerator is not None
        and (england.denominator is not None or indicator.kind is Kind.COUNT)
    ]


COUNTED = _counted()
OF_UNROUNDED_COUNTS = {"absence_severe_cppo", "ks4_engmaths_5_cppo", "ks4_engmaths_5_cla12"}
"""Counts for England are rounded to the nearest 10 (section 10), the values beside them made before that."""


def _digits(framework: Framework, indicator: Indicator, value: float) -> int:
    """Children in need are published to one decimal, children looked after in whole numbers (section 10)."""
    census = framework.cohort(indicator.cohort).source is Source.CIN_CENSUS
    return int(value != int(value) or (census and indicator.kind is not Kind.COUNT))


def _sums(indicator: Indicator, numerator: int, denominator: int) -> tuple[int, ...]:
    match indicator.kind:
        case Kind.MEAN:
            return (numerator,)
        case Kind.RATIO:
            return numerator, denominator
    return ()


def _computed(indicator: Indicator, england: EnglandValue, numerator: int) -> float:
    """The value rule of the node; of a count, the coordinator's rate, or the count."""
    if indicator.kind is Kind.COUNT:
        exposure = 1.0 if indicator.rate_per is None else CHILDREN / indicator.rate_per
        return Rate(NoisySum(numerator, 0.0), exposure).value
    denominator = england.denominator or 0
    value = _cell(indicator, _Count(denominator, numerator, _sums(indicator, numerator, denominator))).value
    assert value is not None
    return value


def test_most_of_what_is_published_has_its_counts() -> None:
    assert len({indicator.id for _, indicator, _, _ in COUNTED}) >= 60
    assert {indicator.kind for _, indicator, _, _ in COUNTED} >= {Kind.COUNT, Kind.PERCENT, Kind.RATIO}


@pytest.mark.parametrize(
    ("framework", "indicator", "england", "numerator"),
    [pytest.param(*case, id=f"{case[0].id}-{case[1].id}") for case in COUNTED],
)
def test_a_published_value_is_what_the_product_makes_of_its_counts(
    framework: Framework, indicator: Indicator, england: EnglandValue, numerator: int
) -> None:
    digits = _digits(framework, indicator, england.value)
    published = half_up(england.value, digits)
    if indicator.id in OF_UNROUNDED_COUNTS:
        least, most = (_computed(indicator, england, numerator + half) for half in (-5, 5))
        assert half_up(least, digits) <= published <= half_up(most, digits)
    else:
        assert half_up(_computed(indicator, england, numerator), digits) == published


def test_no_value_is_excused_that_its_rounded_counts_give() -> None:
    for framework, indicator, england, numerator in COUNTED:
        if indicator.id in OF_UNROUNDED_COUNTS:
            digits = _digits(framework, indicator, england.value)
            assert half_up(_computed(indicator, england, numerator), digits) != half_up(england.value, digits)


def test_a_rate_is_per_ten_thousand_of_the_mid_year_estimate_of_the_year_before() -> None:
    assert population_for(2025).year == 2024
    assert CHILDREN == 12_183_016
    for _, indicator, england, _ in COUNTED:
        if indicator.kind is Kind.COUNT and indicator.rate_per is not None and england.year == 2025:
            assert (indicator.rate_per, england.denominator) == (PER, CHILDREN)


@pytest.mark.parametrize(
    ("count", "rate"),
    [(402_400, "330.3"), (81_770, "67.1"), (49_424, "40.57"), (632_830, "519.4"), (61_840, "50.8")],
)
def test_the_recomputed_rates_of_the_reference(count: int, rate: str) -> None:
    """40.57 is of a count published as 49,420: only one within 5 of it above gives that."""
    expected = Decimal(rate)
    digits = -int(expected.as_tuple().exponent)
    assert half_up(Rate(NoisySum(count, 0.0), CHILDREN / PER).value, digits) == expected


def _share(yes: int, of: int) -> Mean:
    """A percentage as the coordinator adds it up: the contrast of yes and no over the total, here without noise."""
    return Mean(NoisySum(2 * yes - of, 0.0), NoisySum(of, 0.0), 0.0, 100.0)


@pytest.mark.parametrize(
    ("yes", "of", "value"),
    [
        (142_900, 632_830, "22.6"),
        (116_950, 557_810, "21.0"),
        (15_130, 61_840, "24.5"),
        (1_130, 49_420, "2.3"),
        (58_670, 72_090, "81.4"),
        (30_780, 33_960, "90.6"),
        (14_660, 81_770, "18"),
        (18_120, 81_770, "22"),
        (22_140, 83_300, "27"),
    ],
)
def test_the_coordinators_percentage_is_the_nodes(yes: int, of: int, value: str) -> None:
    expected = Decimal(value)
    digits = -int(expected.as_tuple().exponent)
    percent = load_framework("outcomes-2019").indicator("rereferral_12m_children")
    own = _cell(percent, _Count(of, yes, ())).value
    assert own is not None
    assert half_up(own, digits) == half_up(_share(yes, of).value, digits) == expected


def test_without_the_council_that_moves_it_england_is_21_3() -> None:
    england, hampshire = _share(142_900, 632_830), _share(16_877, 41_142)
    assert half_up(hampshire.value, 0) == 41
    without = england.without(hampshire)
    assert half_up(without.value, 1) == Decimal("21.3")
    assert without.total.value == 591_688
    assert (without.contrast.value + without.total.value) / 2 == 126_023


@pytest.mark.parametrize(
    ("value", "digits", "rounded"),
    [
        (0.5, 0, "1"),
        (1.5, 0, "2"),
        (2.5, 0, "3"),
        (-2.5, 0, "-3"),
        (22.65, 1, "22.7"),
        (0.05, 1, "0.1"),
        (2.449, 1, "2.4"),
    ],
)
def test_rounding_is_half_up_away_from_zero(value: float, digits: int, rounded: str) -> None:
    assert half_up(value, digits) == Decimal(rounded)
