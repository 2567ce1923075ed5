"""The benchmark as open data: `benchmark.json`, `data/estimates.csv` and `data/coverage.csv`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from coordinator.data import ENGLAND, current_councils, regions
from coordinator.estimates.benchmark import Benchmark, Estimate
from frameworks.display.formats import unit_in_words, within_breakdown
from frameworks.model import Indicator

DECIMALS = 4
"""Decimals in the CSV files: more than is shown, so that a reader's own rounding is right."""

ESTIMATE_COLUMNS = (
    "reference_year",
    "indicator_id",
    "indicator",
    "unit",
    "area_type",
    "area_code",
    "area_name",
    "breakdown",
    "level",
    "value",
    "lower_ci",
    "upper_ci",
    "privacy_lower",
    "privacy_upper",
    "symbol",
    "against_rest_of_england",
    "councils",
    "unclamped_value",
    "cohort_size",
    "cohort_size_lower",
    "cohort_size_upper",
    "published_by_dfe",
    "published_year",
)


def benchmark_json(benchmark: Benchmark, status: str) -> str:
    """The whole benchmark as JSON, keys sorted, numbers not rounded."""
    collection, framework = benchmark.collection, benchmark.framework
    content = {
        "collection": collection.id,
        "status": status,
        "reference_year": collection.reference_year,
        "framework": {"id": framework.id, "version": framework.version, "digest": framework.digest},
        "published_at": benchmark.published_at.isoformat(),
        "population_year": benchmark.population_year,
        "councils": [council.code for council in benchmark.councils],
        "councils_missing": [council.code for council in benchmark.missing],
        "coverage": [asdict(coverage) for coverage in benchmark.coverage],
        "costs": [asdict(cost) for cost in benchmark.costs],
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


def _estimate_row(benchmark: Benchmark, indicators: dict[str, Indicator], estimate: Estimate) -> Sequence[object]:
    indicator = indicators[estimate.indicator_id]
    published = indicator.england if estimate.area_code == ENGLAND and not estimate.breakdown else None
    return (
        benchmark.collection.reference_year,
        indicator.id,
        indicator.title,
        unit_in_words(within_breakdown(indicator) if estimate.breakdown else indicator),
        area_type(estimate.area_code),
        estimate.area_code,
        estimate.area_name,
        estimate.breakdown or "overall",
        estimate.level or "all",
        _rounded(estimate.value),
        _rounded(estimate.lower),
        _rounded(estimate.upper),
        _rounded(estimate.privacy_lower),
        _rounded(estimate.privacy_upper),
        estimate.symbol,
        estimate.position or "",
        estimate.councils,
        _rounded(estimate.unclamped),
        _rounded(estimate.size),
        _rounded(estimate.size_lower),
        _rounded(estimate.size_upper),
        published.value if published else "",
        published.year if published else "",
    )


def estimates_csv(benchmark: Benchmark) -> str:
    """One row per figure, with both intervals and how many councils it is made of."""
    indicators = {indicator.id: indicator for indicator in benchmark.indicators}
    return _csv(ESTIMATE_COLUMNS, (_estimate_row(benchmark, indicators, estimate) for estimate in benchmark.estimates))


def coverage_csv(benchmark: Benchmark) -> str:
    """One row per indicator and council: answered and counted, answered without the files needed, or not answered."""
    answered = {council.code for council in benchmark.councils}
    rows = []
    for coverage in benchmark.coverage:
        counted = set(coverage.councils)
        for council in current_councils().values():
            state = (
                "counted"
                if council.code in counted
                else ("files not held" if council.code in answered else "not answered")
            )
            rows.append((coverage.indicator_id, council.code, council.ons_code, council.name, state))
    return _csv(("indicator_id", "la_code", "ons_code", "la_name", "state"), rows)
