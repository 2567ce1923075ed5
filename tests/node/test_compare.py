"""If these failed, a council would read a difference where there is none, or set unlike figures side by side."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from frameworks.catalogue import load_framework
from frameworks.model import DataType, Indicator, Kind
from node.compare import ENGLAND, ComparedIndicator, Comparison, Shrunk, compare
from node.measure import Figure
from node.screens import show_comparison
from protos.benchmark.v1.benchmark_pb2 import Area, Benchmark, Estimate

FRAMEWORK = load_framework("outcomes-2019")


def compared(
    indicator: str, numerator: int | None, denominator: int | None, estimate: Estimate, population: int = 50_000
) -> ComparedIndicator:
    value = None if not denominator or numerator is None else 100 * numerator / denominator
    figure = Figure(numerator, denominator, value, "ok" if numerator is not None else "not_available")
    estimate.indicator_id, estimate.area_code = indicator, ENGLAND
    benchmark = Benchmark(
        collection_id="2025-test",
        reference_year=2025,
        councils=["301", "302"],
        estimates=[estimate],
        areas=[Area(code="301", population_0_17=population)],
    )
    return compare(benchmark, FRAMEWORK, {indicator: figure}, "301").indicators[0]


def england(value: float, lower: float, upper: float) -> Estimate:
    return Estimate(value=value, lower=lower, upper=upper)


@pytest.mark.parametrize(
    ("numerator", "denominator", "words"),
    [
        (300, 1000, "higher than England"),
        (100, 1000, "lower than England"),
        (200, 1000, "similar to England"),
        (2, 10, "too uncertain to say"),
        (4, 10, "too uncertain to say"),
    ],
)
def test_a_difference_is_said_only_where_chance_does_not_explain_it(
    numerator: int, denominator: int, words: str
) -> None:
    """England is 20 % (19 to 21). Four of ten is twice that, and says nothing."""
    assert compared("placements_3plus", numerator, denominator, england(20, 19, 21)).position == words


def test_the_uncertainty_of_england_counts_too() -> None:
    assert compared("placements_3plus", 300, 1000, england(20, 5, 40)).position == "too uncertain to say"


def test_a_count_is_compared_as_a_rate_by_the_population_of_the_benchmark() -> None:
    shown = compared("cla_31_march", 400, None, england(67, 66, 68))
    assert shown.own_value == pytest.approx(80)
    assert shown.position == "higher than England"
    assert "10,000" in shown.unit


def test_nothing_is_said_without_englands_figure_or_the_councils_own() -> None:
    assert compared("placements_3plus", 300, 1000, Estimate(symbol="c", lower=1, upper=90)).position == ""
    assert compared("placements_3plus", None, None, england(20, 19, 21)).position == ""
    assert compared("cla_31_march", 400, None, england(67, 66, 68), population=0).position == ""


def test_nothing_is_said_of_means_whose_spread_is_not_known() -> None:
    assert compared("sdq_mean", 15_000, 1_000, england(14, 13.9, 14.1)).position == ""


def _with_own(own: Estimate) -> Comparison:
    own.indicator_id, own.area_code = "placements_3plus", "301"
    estimates = [Estimate(indicator_id="placements_3plus", area_code=ENGLAND, value=20, lower=19, upper=21), own]
    benchmark = Benchmark(collection_id="2025-test", reference_year=2025, estimates=estimates)
    return compare(benchmark, FRAMEWORK, {"placements_3plus": Figure(300, 1000, 30.0, "ok")}, "301")


def test_the_councils_steadied_figure_stands_beside_its_published_one() -> None:
    """On the screen under it. What is said of the difference rests on neither."""
    own = Estimate(value=33, lower=20, upper=46, shrunk=21, shrunk_lower=17, shrunk_upper=25)
    comparison = _with_own(own)
    shown = comparison.indicators[0]
    assert shown.shrunk_own == Shrunk(21.0, 17.0, 25.0)
    assert (shown.published_own.value, shown.position) == (33, "higher than England")
    console = Console(file=io.StringIO(), width=160, record=True)
    show_comparison(console, comparison)
    text = console.export_text()
    assert text.index("33.0 (20.0 to 46.0)") < text.index("steadied 21.0 (17.0 to 25.0)")
    assert "by a model" in text


def test_it_is_never_shown_alone() -> None:
    """A benchmark of an earlier version has none; a figure that is withheld stays so."""
    without = _with_own(Estimate(value=33, lower=20, upper=46)).indicators[0]
    withheld = _with_own(
        Estimate(symbol="c", lower=0, upper=90, shrunk=21, shrunk_lower=17, shrunk_upper=25)
    ).indicators[0]
    assert without.shrunk_own is None
    assert withheld.shrunk_own is None


def _compared_as(indicator: Indicator, figure: Figure, *estimates: Estimate) -> ComparedIndicator:
    """The comparison of one indicator that stands in place of another of the framework."""
    for estimate in estimates:
        estimate.indicator_id, estimate.area_code = indicator.id, ENGLAND
    framework = FRAMEWORK.model_copy(update={"indicators": (indicator,)})
    benchmark = Benchmark(collection_id="2025-test", reference_year=2025, estimates=estimates)
    return compare(benchmark, framework, {indicator.id: figure}, "301").indicators[0]


def test_a_histogram_is_compared_category_by_category_in_shares() -> None:
    """Two of the five who answered; England's share of the same category beside them, and its mean beside theirs."""
    indicator = FRAMEWORK.indicator("sdq_mean").model_copy(
        update={"kind": Kind.HISTOGRAM, "bounds": None, "categories": ("0", "10")}
    )
    figure = Figure(5, 9, 4.0, "ok", categories={"0": 3, "10": 2})
    shares = [Estimate(category="0", value=50, lower=45, upper=55), Estimate(category="10", symbol="c")]
    shown = _compared_as(indicator, figure, england(5, 4, 6), *shares)
    assert (shown.own_value, shown.england.value, shown.position) == (4.0, 5, "")
    assert [(one.category, one.own_count, one.own_share, one.england.value) for one in shown.categories] == [
        ("0", 3, 60.0, 50),
        ("10", 2, 40.0, None),
    ]
    assert shown.categories[1].england.symbol == "c"


def test_a_histogram_whose_categories_are_published_alone_is_shown() -> None:
    indicator = FRAMEWORK.indicator("sdq_mean").model_copy(
        update={"kind": Kind.HISTOGRAM, "bounds": None, "categories": ("yes", "no")}
    )
    shown = _compared_as(indicator, Figure(0, 3, None, "ok", categories={"yes": 0, "no": 0}), Estimate(category="yes"))
    assert [one.own_share for one in shown.categories] == [None, None]


def test_a_proxy_says_what_it_stands_for() -> None:
    proxy = FRAMEWORK.indicator("placements_3plus").model_copy(
        update={"data_type": DataType.PROXY, "proxy_for": "children's stability"}
    )
    figure = Figure(300, 1000, 30.0, "ok")
    assert _compared_as(proxy, figure, england(20, 19, 21)).proxy_for == "children's stability"
    assert compared("placements_3plus", 300, 1000, england(20, 19, 21)).proxy_for == ""


def test_nothing_is_said_of_a_ratio_whose_spread_is_not_known() -> None:
    ratio = FRAMEWORK.indicator("placements_3plus").model_copy(update={"kind": Kind.RATIO})
    assert _compared_as(ratio, Figure(300, 1000, 30.0, "ok"), england(20, 19, 21)).position == ""
