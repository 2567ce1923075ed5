"""Warehouse rows of checks and of care leavers: each check of a return has a day within the year it was for."""

from __future__ import annotations

import random
from collections.abc import Iterator

from deploy.demo.generator.care_outcomes import OutcomeCheck
from deploy.demo.generator.days import completed_years, midnight, year_end, year_start
from deploy.demo.generator.feedback_answers import draw_voice
from deploy.demo.generator.history import CareRecord, History
from deploy.demo.generator.ssd_need_rows import yes_or_no
from deploy.demo.generator.ssd_tables import TableRow, TableRows

SUBSTANCES = ("Cannabis", "Alcohol", "Other")
VOICE_COLUMNS = {
    "understands_worries": "voch_explained_worries",
    "story_helps": "voch_story_help_understand",
    "agrees_plan": "voch_agree_worker",
    "plan_safe": "voch_plan_safe",
    "tablet_helps": "voch_tablet_help_explain",
}
"""Columns of the answers to the questions that a social worker asks (`frameworks.feedback_forms`, ssd_voice_1_all)."""


def outcome_rows(chance: random.Random, record: CareRecord) -> TableRows:
    """Checks, scores, convictions and substances of a looked-after child, and its state as a care leaver."""
    child_id = record.child.child_id
    for year, check in record.checks.items():
        yield from _check_rows(chance, record, year, check)
    if record.checks:
        year = max(record.checks)
        yield (
            "ssd_cla_immunisations",
            {
                "clai_person_id": child_id,
                "clai_immunisations_status": yes_or_no(record.checks[year].immunisations),
                "clai_immunisations_status_date": midnight(_a_day_of(chance, year)),
            },
        )
    if record.care_leaver_years:
        year = max(record.care_leaver_years)
        leaver = record.care_leaver_years[year]
        where, suitable = leaver.accommodation[:1], leaver.accommodation[1:]
        yield (
            "ssd_care_leavers",
            {
                "clea_table_id": child_id,
                "clea_person_id": child_id,
                "clea_care_leaver_eligibility": "Former relevant",
                "clea_care_leaver_in_touch": leaver.in_touch,
                "clea_care_leaver_latest_contact": midnight(_a_day_of(chance, year)),
                "clea_care_leaver_accommodation": where if suitable else None,
                "clea_care_leaver_accom_suitable": suitable or None,
                "clea_care_leaver_activity": leaver.activity,
            },
        )


def voice_rows(seed: str, history: History, year: int) -> TableRows:
    """The answers of a child to the questions of its social worker, if it was asked and answered."""
    child_id = history.child.child_id
    answers = draw_voice(seed, history, year)
    if answers:
        columns = {VOICE_COLUMNS[question]: answer[0].upper() for question, answer in answers.items()}
        yield "ssd_voice_of_child", {"voch_table_id": child_id, "voch_person_id": child_id, **columns}


def _a_day_of(chance: random.Random, year: int) -> int:
    return chance.randrange(year_start(year), year_end(year) + 1)


def _check_rows(chance: random.Random, record: CareRecord, year: int, check: OutcomeCheck) -> TableRows:
    child_id = record.child.child_id
    if check.sdq_score is not None or check.sdq_reason != "SDQ1":
        yield (
            "ssd_sdq_scores",
            {
                "csdq_table_id": f"{child_id}{year}",
                "csdq_person_id": child_id,
                "csdq_sdq_completed_date": midnight(_a_day_of(chance, year)),
                "csdq_sdq_reason": check.sdq_reason or None,
                "csdq_sdq_score": check.sdq_score,
            },
        )
    for order, (kind, day) in enumerate(_health_days(chance, record, year, check)):
        yield (
            "ssd_cla_health",
            {
                "clah_health_check_id": f"{child_id}{year}{order}",
                "clah_person_id": child_id,
                "clah_health_check_type": kind,
                "clah_health_check_date": midnight(day),
                "clah_health_check_status": "Completed",
            },
        )
    if check.convicted:
        yield _conviction(chance, child_id, year)
    if check.substance_misuse:
        yield (
            "ssd_cla_substance_misuse",
            {
                "clas_substance_misuse_id": f"{child_id}{year}",
                "clas_person_id": child_id,
                "clas_substance_misuse_date": midnight(_a_day_of(chance, year)),
                "clas_substance_misused": chance.choice(SUBSTANCES),
                "clas_intervention_received": yes_or_no(check.intervention_received),
            },
        )


def _health_days(
    chance: random.Random, record: CareRecord, year: int, check: OutcomeCheck
) -> Iterator[tuple[str, int]]:
    """Checks with their days; children under five have two assessments a year, and one alone is not enough."""
    start = year_start(year)
    young = completed_years(record.child.birth, year_end(year)) < 5
    if check.health_assessment:
        first = start + chance.randrange(150)
        yield "Health Assessment", first
        if young:
            yield "Health Assessment", first + 170 + chance.randrange(30)
    elif young and chance.random() < 0.5:
        yield "Health Assessment", _a_day_of(chance, year)
    if check.teeth_check:
        yield "Dental Check", _a_day_of(chance, year)
    if check.health_check:
        yield "Health Surveillance Check", _a_day_of(chance, year)


def _conviction(chance: random.Random, child_id: str, year: int) -> TableRow:
    return (
        "ssd_cla_convictions",
        {
            "clac_cla_conviction_id": f"{child_id}{year}",
            "clac_person_id": child_id,
            "clac_cla_conviction_date": midnight(_a_day_of(chance, year)),
            "clac_cla_conviction_offence": "Offence",
        },
    )
