"""Numbers are what readers quote: rounded another way than the Department's, or on an axis that misplaces them, they
would be disputed before they are read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frameworks.display.charts import axis_for
from frameworks.display.formats import (
    as_category,
    between,
    category_in_words,
    figure,
    half_up,
    marked_title,
    number,
    to,
    unit_beside,
    unit_in_words,
)
from frameworks.model import DataType, Kind
from tests.frameworks.small import small_framework


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (0.25, 1, "0.3"),
        (2.675, 2, "2.68"),
        (1.005, 2, "1.01"),
        (-0.25, 1, "−0.3"),
        (-0.04, 1, "0.0"),
        (12_183_016, 0, "12,183,016"),
        (66.94999, 1, "66.9"),
    ],
)
def test_rounding_is_half_up_in_magnitude(value: float, digits: int, shown: str) -> None:
    assert number(value, digits) == shown


@settings(deadline=None)
@given(st.floats(-1e7, 1e7, allow_subnormal=False), st.integers(0, 2))
def test_rounding_never_moves_a_figure_by_more_than_half_a_unit(value: float, digits: int) -> None:
    assert abs(float(half_up(value, digits)) - value) <= 0.5 * 10**-digits + 1e-8


def test_figures_carry_their_unit() -> None:
    framework = small_framework()
    healthy, children = framework.indicator("healthy"), framework.indicator("children")
    assert figure(healthy, 22.64) == "22.6%"
    assert to(healthy, 22.4, 22.8) == "22.4% to 22.8%"
    assert between(healthy, 22.4, 22.8) == "between 22.4% and 22.8%"
    assert figure(children, 81_770.4) == "81,770"
    assert unit_in_words(children.model_copy(update={"rate_per": 10_000})) == "per 10,000 children aged 0 to 17"


def test_a_unit_follows_its_figure_without_a_second_per_cent_sign() -> None:
    healthy, score = (small_framework().indicator(name) for name in ("healthy", "score"))
    absence = score.model_copy(update={"kind": Kind.RATIO, "unit": "% of sessions"})
    miles = score.model_copy(update={"unit": "miles"})
    assert f"{figure(absence, 17.44)} {unit_beside(absence)}" == "17.4% of sessions"
    assert f"{figure(miles, 12.25)} {unit_beside(miles)}" == "12.3 miles"
    assert (figure(healthy, 5), unit_beside(healthy)) == ("5.0%", "")
    share = as_category(score.model_copy(update={"kind": Kind.HISTOGRAM, "unit": "score"}))
    assert (figure(share, 7.25), unit_beside(share)) == ("7.3%", "")
    assert category_in_words("most_of_the_time") == "Most of the time"


def test_a_proxy_is_marked_and_nothing_else_is() -> None:
    healthy = small_framework().indicator("healthy")
    assert marked_title(healthy) == "Healthy"
    assert marked_title(healthy.model_copy(update={"data_type": DataType.PROXY})) == "Healthy (proxy)"


@settings(deadline=None)
@given(st.lists(st.floats(0, 100), min_size=1, max_size=20))
def test_an_axis_holds_its_values_between_round_ends(values: list[float]) -> None:
    axis = axis_for(values, 0.0, 100.0)
    assert 0 <= axis.low <= min(values) <= max(values) <= axis.high <= 100
    assert axis.low < axis.high
    assert 2 <= len(axis.ticks()) <= 7
    places = [float(axis.at(value).rstrip("%")) for value in sorted(values)]
    assert places == sorted(places)
    assert all(0 <= place <= 100 for place in places)
