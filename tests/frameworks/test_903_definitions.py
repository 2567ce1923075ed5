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
    "sdq_band_improved",
    "sdq_mean_difference",
    "health_assessment",
    "immunisation",
    "dental_check",
    "development_check_u5",
    "substance_misuse",
    "substance_intervention_received",
    "substance_intervention_refused",
    "convicted",
}
SDQ_CHANGE = {"sdq_improved", "sdq_band_improved", "sdq_mean_difference"}
TWO_YEARS = {"same_carer_2y", "placements_3plus_2y", "staying_put"}
CARE_LEAVERS = {
    f"care_leaver_{stem}_{band}"
    for stem in ("eet", "he", "neet", "activity_unknown", "suitable")
    for band in ("17_18", "19_21")
} | {"care_leaver_not_in_touch", "staying_put"}
DISTANCE = {"placed_20mi", "placed_20mi_outside_la", "placement_distance_mean"}
SCORECARD = {f"adoption_{name}" for name in ("a1", "a10", "a2", "a20", "a3")}
FROM_ENTRY = {f"adoption_entry_to_{stage}" for stage in ("placed", "decision", "order")}
BACK_TO_THE_MOVE = FROM_ENTRY | SCORECARD | {"adoption_placed_to_order"}
ADOPTION = BACK_TO_THE_MOVE | {"adoption_decision_to_match", "adoption_match_to_placed"}
FROM_AD1 = {"adoption_entry_to_decision", "adoption_decision_to_match", "adoption_match_to_placed"}
FROM_THREE_AD1 = {"adoption_a10", "adoption_a2", "adoption_a20"}


@pytest.mark.parametrize(
    ("file", "lost"),
    [
        ("ssda903@2025", set(INDICATORS)),
        ("ssda903@2024", TWO_YEARS | {"reunified_no_return_12m", "adoption_match_to_placed"} | BACK_TO_THE_MOVE),
        ("ssda903@2023", TWO_YEARS | BACK_TO_THE_MOVE),
        ("ssda903@2022", set()),
        ("ssda903.oc2@2025", HEALTH),
        ("ssda903.oc2@2024", SDQ_CHANGE),
        ("ssda903.oc3@2025", CARE_LEAVERS),
        ("ssda903.missing@2025", {"missing_cla", "away_cla"}),
        ("ssda903.social_worker@2025", {"social_workers_3plus"}),
        ("ssda903.uasc@2025", {"cla_31_march_uasc"}),
        ("ssda903.ad1@2025", FROM_AD1 | FROM_THREE_AD1),
        ("ssda903.ad1@2024", FROM_THREE_AD1),
        ("ssda903.ad1@2023", FROM_THREE_AD1),
        ("ssda903.ad1@2022", set()),
        ("ssda903.placed_for_adoption@2025", {"adoption_a3"}),
        ("postcodes.directory@2025", DISTANCE),
        ("postcodes.own_council@2025", {"placed_20mi_outside_la"}),
        ("ssd.permanence@2025", {"early_permanence"}),
    ],
)
def test_without_a_file_just_the_indicators_that_need_it_are_not_available(file: str, lost: set[str]) -> None:
    without = ALL_FILES - {file}
    found = {name for name in INDICATORS if not needs_met(indicator_needs(FRAMEWORK, name), YEAR, without)}
    assert found == lost


def test_every_indicator_of_the_reference_is_there() -> None:
    stability = {"placements_3plus", "placements_mean", "social_workers_3plus"} | TWO_YEARS
    assert HEALTH | CARE_LEAVERS | stability | DISTANCE | ADOPTION | {"early_permanence"} < set(INDICATORS)
    assert len(INDICATORS) == 63


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
    assert {indicator.id for indicator in means} == (
        {"sdq_mean", "sdq_mean_difference", "placements_mean", "placement_distance_mean"} | ADOPTION - {"adoption_a3"}
    )
    for indicator in means:
        assert indicator.bounds is not None
        assert sum(indicator.bounds) % 2 == 0


def test_indicators_of_the_same_children_share_a_cohort() -> None:
    definitions = {(cohort.sql, cohort.ages, cohort.needs) for cohort in FRAMEWORK.cohorts}
    assert len(definitions) == len(FRAMEWORK.cohorts)
