"""What the demo's coordinator asks of councils: one collection by the hybrid plan (privacy reference 6.5).

Each council's headlines in a release of its own (mode council), and England's tables in a sum that nobody can open
(mode secure). Tables of the regions would be a third release: the demo has too few councils for any region.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FRAMEWORK = "outcomes-2019"
REFERENCE_YEAR = 2025
COLLECTION_ID = f"{REFERENCE_YEAR}-demo"
HEADLINES_RELEASE = "council_headlines"
SECURE_RELEASE = "england_tables"
DELTA = 1e-7

SMALLEST_FEDERATION = 12
"""Ten councils are the least that a node lets anybody add up, and `MAX_DROPPED` may be missing in the end."""
MAX_DROPPED = 2

INDICATORS = (
    "cin_open_31_march",
    "rereferral_12m_children",
    "nfa_return_12m",
    "cpp_open_31_march",
    "cpp_2y_open",
    "cpp_review_on_time",
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
    "absence_overall_cla12",
    "absence_persistent_cino",
    "absence_persistent_cppo",
    "absence_persistent_cla12",
    "suspended_cla12",
    "feedback_ylyc_1_11_18_response_rate",
    "feedback_ylyc_1_11_18_life_satisfaction",
    "feedback_ylyc_1_11_18_trusted_adult",
)
"""Figures of children over the three questions, from the two returns, schools and a survey."""


@dataclass(frozen=True)
class Release:
    """One release of the demo's collection. `share` of the privacy cost of the whole collection is its own."""

    id: str
    mode: str
    breakdowns: tuple[str, ...] = ()
    share: float = 0.5


RELEASES = (
    Release(HEADLINES_RELEASE, "council"),
    Release(SECURE_RELEASE, "secure", ("sex", "age_band", "ethnicity_major")),
)


def collection_file(path: Path, epsilon: float) -> Path:
    """Writes the collection that the demo opens. `epsilon` is of both releases together, for a child who is in both."""
    text = f"""\
id = "{COLLECTION_ID}"
framework = "{FRAMEWORK}"
reference_year = {REFERENCE_YEAR}
opens = {REFERENCE_YEAR}-04-01
closes = 2099-03-31
epsilon = {epsilon:g}
delta = {DELTA:g}
"""
    listed = "".join(f'    "{indicator}",\n' for indicator in INDICATORS)
    for release in RELEASES:
        breakdowns = ", ".join(f'"{breakdown}"' for breakdown in release.breakdowns)
        text += f"""
[[release]]
id = "{release.id}"
mode = "{release.mode}"
share = {release.share:g}
breakdowns = [{breakdowns}]
indicators = [
{listed}]
"""
        if release.mode == "secure":
            text += f'groups = "england"\nmax_dropped = {MAX_DROPPED}\n'
    path.write_text(text, encoding="utf-8")
    return path
