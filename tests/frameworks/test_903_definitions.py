"""What the SSDA903 definitions say about themselves: the files they need, the figures for England, the bounds. If these
failed, a council without a file would be shown zeros, or a figure would stand beside the wrong one for England."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from frameworks.availability import indicator_needs, needs_met
from frameworks.catalogue import load_framework
from frameworks.model import Indicator, Kind, Source
from tests.frameworks.looked_after import ALL_FILES, YEAR

FRAMEWORK = load_framework("outcomes-2019")
INDICATORS = {
    indicator.id: indicator
    for indicator in FRAMEWORK.indicators
    if FRAMEWORK.cohort(indicator.cohort).source is Source.SSDA903
}
PUBLISHED = Path(__file__).parents[3] / "shared/data/published/england_values.csv"

HEALTH = {
    "sdq_coverage",
    "sdq_mean",
    "sdq_normal",
    "sdq_borderline",
    "sdq_concern",
    "sdq_improved",
    "health_assessment",
    "immunisation",
    "dental_check",
    "development_check_u5",
    "substance_misuse",
    "substance_intervention_received",
    "substance_intervention_refused",
    "convicted",
}
TWO_YEARS = {"same_carer_2y", "placements_3plus_2y"}
CARE_LEAVERS = {
    f"care_leaver_{stem}_{band}"
    for stem in ("eet", "he", "neet", "activity_unknown", "suitable")
    for band in ("17_18", "19_21")
}


@pytest.mark.parametrize(
    ("file", "lost"),
    [
        ("ssda903@2025", set(INDICATORS)),
        ("ssda903@2024", TWO_YEARS | {"reunified_no_return_12m"}),
        ("ssda903@2023", TWO_YEARS),
        ("ssda903@2022", set()),
        ("ssda903.oc2@2025", HEALTH),
        ("ssda903.oc2@2024", {"sdq_improved"}),
        ("ssda903.oc3@2025", CARE_LEAVERS),
        ("ssda903.missing@2025", {"missing_cla", "away_cla"}),
        ("ssda903.social_worker@2025", {"social_workers_3plus"}),
        ("ssda903.uasc@2025", {"cla_31_march_uasc"}),
    ],
)
def test_without_a_file_just_the_indicators_that_need_it_are_not_available(file: str, lost: set[str]) -> None:
    without = ALL_FILES - {file}
    found = {name for name in INDICATORS if not needs_met(indicator_needs(FRAMEWORK, name), YEAR, without)}
    assert found == lost


def test_every_indicator_of_the_reference_is_there() -> None:
    stability = {"placements_3plus", "placements_mean", "social_workers_3plus"} | TWO_YEARS
    assert HEALTH | CARE_LEAVERS | stability < set(INDICATORS)
    assert len(INDICATORS) == 44


def _consistent(indicator: Indicator) -> bool:
    england = indicator.england
    assert england is not None
    if england.numerator is None or england.denominator is None:
        return True
    scale = (indicator.rate_per or 0) if indicator.kind is Kind.COUNT else 100
    return abs(scale * england.numerator / england.denominator - england.value) <= 0.5


@pytest.mark.parametrize("name", [name for name, indicator in INDICATORS.items() if indicator.england])
def test_a_value_for_england_is_its_numerator_over_its_denominator(name: str) -> None:
    assert _consistent(INDICATORS[name])


def _published() -> dict[tuple[str, str], tuple[str, ...]]:
    if not PUBLISHED.exists():
        return {}
    with PUBLISHED.open(encoding="utf-8") as lines:
        return {
            (row["indicator_id"], row["period"]): (row["published_value"], row["numerator"], row["denominator"])
            for row in csv.DictReader(lines)
        }


@pytest.mark.parametrize("name", [name for name, indicator in INDICATORS.items() if indicator.published_as])
def test_a_value_for_england_is_the_published_one(name: str) -> None:
    england = INDICATORS[name].england
    assert england is not None
    assert england.year in (2024, 2025)
    published = _published()
    if published:
        value, numerator, denominator = published[str(INDICATORS[name].published_as), str(england.year)]
        assert england.value == float(value)
        assert not numerator or england.numerator == int(numerator)
        assert not denominator or england.denominator == int(denominator)


def test_a_mean_is_sent_as_whole_distances_from_its_middle() -> None:
    means = [indicator for indicator in INDICATORS.values() if indicator.kind is Kind.MEAN]
    assert {indicator.id for indicator in means} == {"sdq_mean", "placements_mean"}
    for indicator in means:
        assert indicator.bounds is not None
        assert sum(indicator.bounds) % 2 == 0


def test_indicators_of_the_same_children_share_a_cohort() -> None:
    definitions = {(cohort.sql, cohort.ages, cohort.needs) for cohort in FRAMEWORK.cohorts}
    assert len(definitions) == len(FRAMEWORK.cohorts)
