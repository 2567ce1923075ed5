"""The files that each indicator needs (section 5.5, and the catalogue for what came later)."""

from __future__ import annotations

from collections.abc import Iterator

from tests.oracle.children_in_need import YEARS_BEFORE
from tests.oracle.education import FILE_OF

Need = tuple[int, str]
"""How many years back, and which file."""

_OTHER_OUTCOME_CHECKS = {
    "health_assessment",
    "immunisation",
    "dental_check",
    "development_check_u5",
    "substance_misuse",
    "substance_intervention_received",
    "substance_intervention_refused",
    "convicted",
}
_OF_CENSUS = ("cin_", "cpp_", "referral", "rereferral_", "assess", "nfa_", "s47_", "icpc_")
_FILES = {
    "missing_cla": "missing",
    "away_cla": "missing",
    "social_workers_3plus": "social_worker",
    "cla_31_march_uasc": "uasc",
    "staying_put": "oc3",
    "placed_20mi": "postcodes",
    "placed_20mi_outside_la": "postcodes",
    "placement_distance_mean": "postcodes",
    "adoption_a3": "placed_for_adoption",
}
_RETURNS_BEFORE = {
    "reunified_no_return_12m": 1,
    "same_carer_2y": 2,
    "placements_3plus_2y": 2,
    "staying_put": 2,
    "school_any_move_2y": 1,
    "school_midyear_move_2y": 1,
    "adoption_decision_to_match": 0,
    "adoption_match_to_placed": 1,
}
_WITH_AD1 = {"adoption_entry_to_decision", "adoption_decision_to_match", "adoption_match_to_placed"}
_WITH_AD1_OF_THREE_YEARS = {"adoption_a10", "adoption_a2", "adoption_a20"}
NOWHERE = "nowhere"
"""A file that no council has."""


def _returns(indicator: str) -> Iterator[Need]:
    before = _RETURNS_BEFORE.get(indicator, 2 if indicator.startswith("adoption_") else 0)
    for back in range(before + 1):
        yield back, "header"
        yield back, "episodes"


def needs(indicator: str, *, own_council: bool) -> Iterator[Need]:
    """The files an indicator needs. Without `own_council` nobody can say what is outside the council."""
    word, _, rest = indicator.partition("_")
    if word == "feedback":
        yield 0, "invitations"
        if not indicator.endswith("_response_rate"):
            yield 0, "answers"
    elif word == "families":
        yield from ((0, "families"), (0, "needs"))
    elif word == "school":
        yield from _returns(indicator)
        yield from ((0, "school_census"), (0, "moves"))
    elif word in FILE_OF:
        yield from _returns(indicator)
        yield 0, FILE_OF[word]
        if not rest.endswith("cla12"):
            yield 0, "census"
    elif indicator.startswith(_OF_CENSUS):
        yield from ((back, "census") for back in range(YEARS_BEFORE.get(indicator, 0) + 1))
    else:
        yield from _returns(indicator)
        yield from _files(indicator)
        if indicator == "placed_20mi_outside_la" and not own_council:
            yield 0, NOWHERE


def _files(indicator: str) -> Iterator[Need]:
    if indicator.startswith("sdq_") or indicator in _OTHER_OUTCOME_CHECKS:
        yield 0, "oc2"
    if indicator in {"sdq_improved", "sdq_band_improved", "sdq_mean_difference"}:
        yield 1, "oc2"
    if indicator.startswith("care_leaver_"):
        yield 0, "oc3"
    if indicator in _FILES:
        yield 0, _FILES[indicator]
    if indicator in _WITH_AD1:
        yield 0, "ad1"
    if indicator in _WITH_AD1_OF_THREE_YEARS:
        yield from ((back, "ad1") for back in range(3))
