"""Programs and councils read the data files and the message: a wrong column would spread further than a wrong page."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest

from coordinator.data import ENGLAND, current_councils
from coordinator.estimates.costs import SumCost
from coordinator.publication.data_files import ESTIMATE_COLUMNS, benchmark_json, coverage_csv, estimates_csv
from coordinator.publication.message import to_message
from frameworks.catalogue import load_framework
from tests.coordinator.made_up import PUBLISHED_AT, YEAR, Federation, federate, request_of
from tests.frameworks.small import small_framework

COUNCILS = ("201", "202", "301", "330")
KEYS = {
    *("indicator_id", "area_code", "area_name", "breakdown", "level", "value", "lower", "upper"),
    *("privacy_lower", "privacy_upper", "symbol", "councils"),
}


@pytest.fixture(scope="module")
def federation() -> Federation:
    """Four councils, one without last year's census."""
    return federate(
        small_framework(),
        [request_of(("children", "healthy", "score", "helped"), epsilon=2.0)],
        seed=3,
        councils=COUNCILS,
        undeclared={"301": frozenset({f"cin_census@{YEAR - 1}"})},
    )


def test_the_json_holds_what_the_demo_and_others_read(federation: Federation) -> None:
    """The agreed keys, and a figure for England, each region and each council that answered."""
    content = json.loads(benchmark_json(federation.benchmark, "Made up."))
    assert content["collection"] == "made-up"
    assert content["reference_year"] == YEAR
    assert content["councils"] == list(COUNCILS)
    assert all(set(row) >= KEYS for row in content["estimates"])
    healthy = [row["area_code"] for row in content["estimates"] if row["indicator_id"] == "healthy"]
    assert len(healthy) == 1 + 9 + len(COUNCILS)
    assert len(set(healthy)) == len(healthy)
    assert healthy[0] == ENGLAND


def test_each_row_of_the_csv_has_its_interval_and_its_councils(federation: Federation) -> None:
    """A figure lies within both of its intervals; the privacy interval lies within the other."""
    rows = list(csv.DictReader(io.StringIO(estimates_csv(federation.benchmark))))
    assert len(rows) == len(federation.benchmark.estimates)
    assert tuple(rows[0]) == ESTIMATE_COLUMNS
    for row in rows:
        if row["symbol"] == "x":
            assert (row["value"], row["lower_ci"], row["councils"]) == ("", "", "0")
            continue
        lower, upper = float(row["lower_ci"]), float(row["upper_ci"])
        assert lower <= float(row["privacy_lower"]) <= float(row["privacy_upper"]) <= upper
        if row["symbol"] == "":
            assert float(row["privacy_lower"]) <= float(row["value"]) <= float(row["privacy_upper"])
        else:
            assert (row["symbol"], row["value"], row["unclamped_value"]) == ("c", "", "")


def test_the_coverage_file_says_of_every_council_whether_it_counts(federation: Federation) -> None:
    """153 councils for each indicator, in one of three states."""
    rows = list(csv.DictReader(io.StringIO(coverage_csv(federation.benchmark))))
    helped = {row["la_code"]: row["state"] for row in rows if row["indicator_id"] == "helped"}
    assert len(helped) == len(current_councils())
    assert (helped["201"], helped["301"], helped["815"]) == ("counted", "files not held", "not answered")


def test_where_there_are_sums_the_coverage_file_does_not_blame_missing_files_alone(federation: Federation) -> None:
    """A council that answered and dropped out of a round holds its files all right."""
    of_a_sum = SumCost("england", ENGLAND, "00" * 16, COUNCILS[:2], 2, 0.1)
    with_sum = replace(federation.benchmark, sums=(of_a_sum,))
    states = {row["state"] for row in csv.DictReader(io.StringIO(coverage_csv(with_sum)))}
    assert states == {"counted", "files not held, or not in the sum", "not answered"}


def test_the_message_carries_the_published_figures_and_nothing_else(federation: Federation) -> None:
    """Absent stays absent (a missing value is not 0), and the digest is the collection's."""
    framework = load_framework("outcomes-2019")
    real = federate(framework, [request_of(("placements_3plus",), epsilon=2.0)], seed=3, councils=COUNCILS).benchmark
    message = to_message(real)
    assert message.framework_digest.hex() == framework.digest
    assert message.published_at == int(PUBLISHED_AT.timestamp())
    message = to_message(federation.benchmark)
    assert list(message.councils) == list(COUNCILS)
    for sent, estimate in zip(message.estimates, federation.benchmark.estimates, strict=True):
        assert (sent.indicator_id, sent.area_code, sent.symbol) == (
            estimate.indicator_id,
            estimate.area_code,
            estimate.symbol,
        )
        assert sent.HasField("value") == (estimate.value is not None)
        assert sent.HasField("lower") == (estimate.lower is not None)
        if estimate.value is not None:
            assert (sent.value, sent.lower, sent.upper) == (estimate.value, estimate.lower, estimate.upper)


def test_a_level_of_a_rate_is_a_number_and_says_so() -> None:
    """There is no population of, say, boys to divide by: a level in "per 10,000" would be off by a thousand."""
    framework = load_framework("outcomes-2019")
    request = request_of(("cla_31_march",), epsilon=4.0, breakdowns=("sex",))
    rows = csv.DictReader(
        io.StringIO(estimates_csv(federate(framework, [request], seed=3, councils=COUNCILS).benchmark))
    )
    england = {row["level"]: row for row in rows if row["area_code"] == ENGLAND}
    assert england["all"]["unit"] == "per 10,000 children aged 0 to 17"
    assert {england[level]["unit"] for level in ("female", "male", "unknown")} == {"children"}
    levels = sum(float(england[level]["value"]) for level in ("female", "male", "unknown"))
    assert levels == pytest.approx(float(england["all"]["cohort_size"]), abs=0.01)
