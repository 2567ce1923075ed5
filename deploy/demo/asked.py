"""What the demo's coordinator asks of councils: one collection, one release for each kind of source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FRAMEWORK = "outcomes-2019"
REFERENCE_YEAR = 2025
COLLECTION_ID = f"{REFERENCE_YEAR}-demo"


@dataclass(frozen=True)
class Release:
    """One release of the demo's collection. `share` of the epsilon that the demo is given is what it may cost."""

    id: str
    indicators: tuple[str, ...]
    share: float = 1.0


RELEASES = (
    Release(
        "children_in_need",
        (
            "cin_open_31_march",
            "rereferral_12m_children",
            "nfa_return_12m",
            "cpp_open_31_march",
            "cpp_2y_open",
            "cpp_review_on_time",
        ),
    ),
    Release(
        "looked_after_children",
        (
            "cla_31_march",
            "placed_foster",
            "placements_3plus",
            "cla_started",
            "cla_ceased",
            "ceased_sgo",
            "ceased_cao",
            "ceased_home_planned",
            "ceased_home_unplanned",
            "ceased_adopted",
            "reunified_no_return_12m",
            "missing_cla",
            "same_carer_2y",
            "social_workers_3plus",
            "care_leaver_eet_17_18",
            "care_leaver_eet_19_21",
            "care_leaver_he_19_21",
            "sdq_coverage",
            "sdq_mean",
            "sdq_concern",
            "sdq_improved",
            "health_assessment",
            "dental_check",
            "immunisation",
            "substance_misuse",
            "convicted",
            "care_leaver_suitable_19_21",
        ),
    ),
    Release(
        "education",
        (
            "absence_overall_cla12",
            "absence_persistent_cino",
            "absence_persistent_cppo",
            "absence_persistent_cla12",
            "suspended_cla12",
        ),
        share=0.5,
    ),
    Release(
        "feedback",
        (
            "feedback_ylyc_1_11_18_response_rate",
            "feedback_ylyc_1_11_18_life_satisfaction",
            "feedback_ylyc_1_11_18_trusted_adult",
        ),
        share=0.5,
    ),
)
"""What the demo's collection asks for: child-unit headlines over the three questions, one release a kind of source."""


def collection_file(path: Path, releases: Sequence[Release], epsilon: float) -> Path:
    """Writes the collection that the demo opens: releases of council headlines, each at its share of `epsilon`."""
    text = f"""\
id = "{COLLECTION_ID}"
framework = "{FRAMEWORK}"
reference_year = {REFERENCE_YEAR}
opens = {REFERENCE_YEAR}-04-01
closes = 2099-03-31
"""
    for release in releases:
        listed = "".join(f'    "{indicator}",\n' for indicator in release.indicators)
        text += f"""
[[release]]
id = "{release.id}"
mode = "council"
indicators = [
{listed}]
breakdowns = []
epsilon = {epsilon * release.share:g}
delta = 1e-7
"""
    path.write_text(text, encoding="utf-8")
    return path
