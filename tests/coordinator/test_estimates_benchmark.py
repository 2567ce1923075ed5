"""England must be the councils that answered, no more and no fewer, and say so; else the benchmark misleads."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from coordinator.data import ENGLAND, current_councils, population_for, regions
from coordinator.errors import StorageFailed, UnknownCouncil, WrongState
from coordinator.estimates.benchmark import Estimate, make_benchmark
from coordinator.estimates.position import Position
from coordinator.records import StoredSummary
from frameworks.blocks import OVERALL, Statistic
from frameworks.plan import compile_plan
from tests.coordinator.made_up import (
    PUBLISHED_AT,
    YEAR,
    Federation,
    collection_of,
    federate,
    no_noise,
    request_of,
)
from tests.frameworks.small import small_framework

COUNCILS = ("201", "202", "301", "330", "800", "816", "840")
PUBLISHED = ("healthy", "score", "children", "helped")


def _federation(**options: object) -> Federation:
    return federate(small_framework(), [request_of(PUBLISHED, epsilon=2.0)], seed=4, councils=COUNCILS, **options)  # type: ignore[arg-type]


def _estimate(federation: Federation, indicator: str, area: str, level: str = "") -> Estimate:
    found = [
        e for e in federation.benchmark.estimates if (e.indicator_id, e.area_code, e.level) == (indicator, area, level)
    ]
    assert len(found) == 1
    return found[0]


def _exact_percent(federation: Federation, indicator: str, councils: tuple[str, ...]) -> float:
    plan = federation.plans[0]
    contrast = plan.block(Statistic.CONTRAST, indicator).start
    total = plan.block(Statistic.TOTAL, small_framework().indicator(indicator).cohort).start
    vectors = [federation.exact[plan.release_id, code] for code in councils]
    return 50 + 50 * sum(v[contrast] for v in vectors) / sum(v[total] for v in vectors)


def test_without_noise_england_is_the_councils_exact_sum() -> None:
    """Large councils weigh more: a sum over children, not a mean over councils."""
    federation = _federation(noise=no_noise)
    assert _estimate(federation, "healthy", ENGLAND).value == pytest.approx(
        _exact_percent(federation, "healthy", COUNCILS)
    )
    one = COUNCILS[2]
    assert _estimate(federation, "healthy", one).value == pytest.approx(_exact_percent(federation, "healthy", (one,)))


def test_a_council_without_the_files_is_left_out_of_that_indicator_alone() -> None:
    """`helped` needs last year's census: the council is x there, England is the others, other indicators keep it."""
    without = COUNCILS[0]
    federation = _federation(noise=no_noise, undeclared={without: frozenset({f"cin_census@{YEAR - 1}"})})
    absent = _estimate(federation, "helped", without)
    assert (absent.symbol, absent.value, absent.lower, absent.councils) == ("x", None, None, 0)
    england = _estimate(federation, "helped", ENGLAND)
    assert england.councils == len(COUNCILS) - 1
    assert england.value == pytest.approx(_exact_percent(federation, "helped", COUNCILS[1:]))
    assert _estimate(federation, "healthy", ENGLAND).councils == len(COUNCILS)


def test_coverage_is_councils_and_their_share_of_public_population() -> None:
    """Never a count that councils sent."""
    without = COUNCILS[0]
    federation = _federation(undeclared={without: frozenset({f"cin_census@{YEAR - 1}"})})
    coverage = {item.indicator_id: item for item in federation.benchmark.coverage}
    children = population_for(YEAR).children
    everyone = sum(children[code] for code in current_councils())
    assert coverage["helped"].councils == COUNCILS[1:]
    assert coverage["helped"].population_share == sum(children[code] for code in COUNCILS[1:]) / everyone
    assert coverage["healthy"].councils == COUNCILS


def test_england_is_named_as_the_councils_it_is_made_of() -> None:
    """A figure that travels without its page still says how many councils are in it."""
    federation = _federation()
    assert _estimate(federation, "healthy", ENGLAND).area_name == f"England ({len(COUNCILS)} of 153 councils)"
    missing = {council.code for council in federation.benchmark.missing}
    assert missing == set(current_councils()) - set(COUNCILS)


def test_regions_are_their_councils_and_empty_ones_have_no_figure() -> None:
    """Nine regions, each from its own councils; a region where nobody answered is x."""
    federation = _federation(noise=no_noise)
    answered_regions = {current_councils()[code].region_code for code in COUNCILS}
    for region in regions():
        members = tuple(code for code in COUNCILS if current_councils()[code].region_code == region)
        estimate = _estimate(federation, "healthy", region)
        assert estimate.councils == len(members)
        if region in answered_regions:
            assert estimate.value == pytest.approx(_exact_percent(federation, "healthy", members))
        else:
            assert (estimate.symbol, estimate.value) == ("x", None)


def test_too_few_children_leave_the_interval_alone() -> None:
    """The City of London has some six looked-after children: c, no figure, no size, but the interval."""
    federation = _federation()
    tiny = _estimate(federation, "healthy", "201")
    assert (tiny.symbol, tiny.value, tiny.unclamped, tiny.size) == ("c", None, None, None)
    assert tiny.lower is not None and tiny.upper is not None and tiny.lower < tiny.upper
    assert tiny.position is Position.UNCERTAIN


def test_counts_without_a_population_base_are_not_compared() -> None:
    """A number of children says how large a council is, not how it does."""
    federation = _federation()
    assert all(e.position is None for e in federation.benchmark.estimates if e.indicator_id == "children")


def test_a_rate_uses_the_population_of_the_councils_counted() -> None:
    """Per 10,000 children of mid-2024 in the councils that answered, not in England."""
    framework = small_framework()
    rated = framework.model_copy(
        update={
            "indicators": tuple(
                i.model_copy(update={"rate_per": 10_000}) if i.id == "children" else i for i in framework.indicators
            )
        }
    )
    federation = federate(rated, [request_of(("children",), epsilon=2.0)], seed=4, councils=COUNCILS, noise=no_noise)
    children = population_for(YEAR).children
    counted = sum(federation.exact["headlines", code][0] for code in COUNCILS)
    expected = 10_000 * counted / sum(children[code] for code in COUNCILS)
    assert _estimate(federation, "children", ENGLAND).value == pytest.approx(expected)
    assert federation.benchmark.population_year == 2024


def test_breakdowns_are_published_for_england_and_regions_and_add_up() -> None:
    """No council has a breakdown; the levels' sizes add up to England's."""
    request = request_of(("healthy",), epsilon=4.0, breakdowns=("sex",))
    federation = federate(small_framework(), [request], seed=6, councils=COUNCILS)
    levels = [e for e in federation.benchmark.estimates if e.breakdown == "sex"]
    assert {e.area_code for e in levels} == {ENGLAND, *regions()}
    england = [e.size for e in levels if e.area_code == ENGLAND]
    assert sum(size or 0 for size in england) == pytest.approx(_estimate(federation, "healthy", ENGLAND).size)


def _summary(**changes: object) -> StoredSummary:
    plain = StoredSummary("202", "made-up", "headlines", (1, 2), frozenset({f"ssda903@{YEAR}"}), b"", PUBLISHED_AT)
    return replace(plain, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("summaries", "error"),
    [
        ([], WrongState),
        ([_summary(council_code="000")], UnknownCouncil),
        ([_summary(values=(1, 2, 3))], StorageFailed),
        ([_summary(release_id="another")], StorageFailed),
        ([_summary(collection_id="another")], StorageFailed),
        ([_summary(), _summary(values=(3, 4))], StorageFailed),
    ],
)
def test_what_cannot_be_counted_is_refused(summaries: list[StoredSummary], error: type[Exception]) -> None:
    """Nothing published, a council outside England, a summary that fits no plan or stands twice."""
    framework, request = small_framework(), request_of(("healthy",), epsilon=1.0)
    collection = collection_of(framework, [request])
    plan = compile_plan(framework, collection.id, YEAR, request)
    with pytest.raises(error):
        make_benchmark(collection, framework, [plan], summaries, datetime(2026, 1, 1, tzinfo=UTC))


def test_the_order_of_summaries_does_not_matter() -> None:
    """The same figures to the last bit, however the store returns them."""
    framework, request = small_framework(), request_of(("healthy",), epsilon=1.0)
    collection = collection_of(framework, [request])
    plan = compile_plan(framework, collection.id, YEAR, request)
    summaries = [_summary(council_code=code, values=(300 + number, 5)) for number, code in enumerate(COUNCILS)]
    forward = make_benchmark(collection, framework, [plan], summaries, PUBLISHED_AT)
    assert forward == make_benchmark(collection, framework, [plan], summaries[::-1], PUBLISHED_AT)
    assert plan.block(Statistic.TOTAL, "looked_after", OVERALL).start == 0


def test_every_council_stands_in_one_region_and_has_a_population() -> None:
    """153 councils, 9 regions, ONS's 12,183,016 children in mid-2024."""
    councils = current_councils()
    assert len(councils) == 153
    assert len(regions()) == 9
    assert sum(population_for(2025).children[code] for code in councils) == 12_183_016
    assert population_for(2030).year == 2024
