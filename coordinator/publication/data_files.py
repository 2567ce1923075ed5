"""The benchmark as open data: `benchmark.json`, and as CSV the estimates, the coverage and what the indicators mean."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from coordinator.data import ENGLAND, current_councils, regions
from coordinator.estimates.benchmark import Benchmark, Estimate
from coordinator.publication.figures import Figures
from frameworks.display.formats import as_category, marked_title, unit_in_words, within_breakdown
from frameworks.model import Indicator, WantedIndicator

DECIMALS = 4
"""Decimals in the CSV files: more than is shown, so that a reader's own rounding is right."""

ESTIMATE_COLUMNS = (
    "reference_year",
    "indicator_id",
    "indicator",
    "data_type",
    "unit",
    "area_type",
    "area_code",
    "area_name",
    "breakdown",
    "level",
    "category",
    "value",
    "lower_ci",
    "upper_ci",
    "privacy_lower",
    "privacy_upper",
    "symbol",
    "against_rest_of_england",
    "shrunk_value",
    "shrunk_lower",
    "shrunk_upper",
    "councils",
    "unclamped_value",
    "cohort_size",
    "cohort_size_lower",
    "cohort_size_upper",
    "response_rate",
    "response_rate_lower_ci",
    "response_rate_upper_ci",
    "eligible",
    "published_value",
    "published_year",
    "published_source",
)

INDICATOR_COLUMNS = (
    "indicator_id",
    "indicator",
    "question",
    "domain",
    "descends_from",
    "data_type",
    "kind",
    "unit",
    "polarity",
    "availability",
    "state",
    "missing",
    "stands_in_for",
    "follow_up_months",
    "follow_up_window",
    "follow_up_completeness",
    "published_with",
    "differs_from_dfe",
    "caveats",
    "published_value",
    "published_year",
    "published_source",
)


def benchmark_json(benchmark: Benchmark, status: str) -> str:
    """The whole benchmark as JSON, keys sorted, numbers not rounded."""
    collection, framework = benchmark.collection, benchmark.framework
    content = {
        "collection": collection.id,
        "combined_with": list(benchmark.combined_with),
        "status": status,
        "reference_year": collection.reference_year,
        "framework": {"id": framework.id, "version": framework.version, "digest": framework.digest},
        "published_at": benchmark.published_at.isoformat(),
        "population_year": benchmark.population_year,
        "councils": [council.code for council in benchmark.councils],
        "councils_missing": [council.code for council in benchmark.missing],
        "coverage": [asdict(coverage) for coverage in benchmark.coverage],
        "costs": [asdict(cost) for cost in benchmark.costs],
        "sums": [asdict(opened) for opened in benchmark.sums],
        "indicators": list(_all_about(benchmark)),
        "estimates": [asdict(estimate) for estimate in benchmark.estimates],
    }
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _rounded(value: float | None) -> float | str:
    return "" if value is None else round(value, DECIMALS)


def area_type(area_code: str) -> str:
    """National, Regional or Local authority, as Explore Education Statistics names levels."""
    if area_code == ENGLAND:
        return "National"
    return "Regional" if area_code in regions() else "Local authority"


def _about(benchmark: Benchmark, one: Indicator | WantedIndicator) -> dict[str, Any]:
    """What an indicator is, as `data/indicators.csv` and `benchmark.json` say it."""
    indicator = one if isinstance(one, Indicator) else None
    follow_up = indicator.follow_up if indicator else None
    asked = {asked.id for asked in benchmark.indicators}
    questions = {question.id: question.title for question in benchmark.framework.questions}
    values = (
        one.id,
        marked_title(one),
        questions[one.question],
        one.domain,
        one.lineage or "",
        one.data_type.value,
        indicator.kind.value if indicator else "",
        unit_in_words(indicator) if indicator else one.unit,
        one.polarity.value,
        one.availability.value,
        ("published" if one.id in asked else "not asked for") if indicator else "not computed yet",
        "" if isinstance(one, Indicator) else one.missing,
        (indicator.proxy_for or "") if indicator else "",
        follow_up.months if follow_up else "",
        follow_up.window if follow_up else "",
        follow_up.completeness if follow_up else "",
        "; ".join(indicator.companions) if indicator else "",
        "; ".join(indicator.differs) if indicator else "",
        "; ".join(indicator.caveats) if indicator else "",
        one.england.value if one.england else "",
        one.england.year if one.england else "",
        one.england.source if one.england else "",
    )
    return dict(zip(INDICATOR_COLUMNS, values, strict=True))


def _all_about(benchmark: Benchmark) -> Iterator[dict[str, Any]]:
    """Every indicator of the framework, and every one that it wants."""
    yield from (_about(benchmark, indicator) for indicator in benchmark.framework.indicators)
    yield from (_about(benchmark, wanted) for wanted in benchmark.framework.wanted)


def _response(figures: Figures, indicator: Indicator, estimate: Estimate) -> tuple[object, object, object, object]:
    """The response rate of the same area and level, its 95 % interval, and the noised number who could answer."""
    rate = figures.response(indicator, estimate)
    if rate is None:
        return "", "", "", ""
    return _rounded(rate.value), _rounded(rate.lower), _rounded(rate.upper), _rounded(rate.size)


def _estimate_row(benchmark: Benchmark, figures: Figures, indicator: Indicator, estimate: Estimate) -> Sequence[object]:
    whole = estimate.area_code == ENGLAND and not estimate.breakdown and not estimate.category
    published = indicator.england if whole else None
    shown_as = as_category(indicator) if estimate.category else indicator
    return (
        benchmark.collection.reference_year,
        indicator.id,
        marked_title(indicator),
        indicator.data_type.value,
        unit_in_words(within_breakdown(shown_as) if estimate.breakdown else shown_as),
        area_type(estimate.area_code),
        estimate.area_code,
        estimate.area_name,
        estimate.breakdown or "overall",
        estimate.level or "all",
        estimate.category,
        _rounded(estimate.value),
        _rounded(estimate.lower),
        _rounded(estimate.upper),
        _rounded(estimate.privacy_lower),
        _rounded(estimate.privacy_upper),
        estimate.symbol,
        estimate.position or "",
        _rounded(estimate.shrunk),
        _rounded(estimate.shrunk_lower),
        _rounded(estimate.shrunk_upper),
        estimate.councils,
        _rounded(estimate.unclamped),
        _rounded(estimate.size),
        _rounded(estimate.size_lower),
        _rounded(estimate.size_upper),
        *_response(figures, indicator, estimate),
        published.value if published else "",
        published.year if published else "",
        published.source if published else "",
    )


def estimates_csv(benchmark: Benchmark) -> str:
    """One row per figure, with both intervals and how many councils it is made of; a histogram's by category."""
    indicators = {indicator.id: indicator for indicator in benchmark.indicators}
    figures = Figures(benchmark)
    rows = (_estimate_row(benchmark, figures, indicators[one.indicator_id], one) for one in benchmark.estimates)
    return _csv(ESTIMATE_COLUMNS, rows)


def indicators_csv(benchmark: Benchmark) -> str:
    """One row per indicator of the framework, those that nobody can compute yet included."""
    return _csv(INDICATOR_COLUMNS, (list(row.values()) for row in _all_about(benchmark)))


def coverage_csv(benchmark: Benchmark) -> str:
    """One row per indicator and council: answered and counted, answered but not counted, or not answered.

    A council that answered is not counted where it did not declare the files needed, or, where there are sums of
    groups, was not in England's.
    """
    answered = {council.code for council in benchmark.councils}
    not_counted = "files not held, or not in the sum" if benchmark.sums else "files not held"
    rows = []
    for coverage in benchmark.coverage:
        counted = set(coverage.councils)
        for council in current_councils().values():
            state = (
                "counted" if council.code in counted else (not_counted if council.code in answered else "not answered")
            )
            rows.append((coverage.indicator_id, council.code, council.ons_code, council.name, state))
    return _csv(("indicator_id", "la_code", "ons_code", "la_name", "state"), rows)
