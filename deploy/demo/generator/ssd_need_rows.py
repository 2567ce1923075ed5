"""Warehouse rows of a child's cases: what the censuses show of them in slices, as it stands on one day."""

from __future__ import annotations

import json

from deploy.demo.generator.case_detail import CaseDetail, Enquiry
from deploy.demo.generator.days import add_working_days, midnight
from deploy.demo.generator.need_history import Case
from deploy.demo.generator.ssd_tables import TableRows, Value


def until(day: int, last: int) -> Value:
    """The beginning of a day, or nothing when it is still to come."""
    return midnight(day) if day <= last else None


def yes_or_no(value: bool) -> str:
    """Y or N."""
    return "Y" if value else "N"


def case_rows(child_id: str, number: int, case: Case, detail: CaseDetail, last: int) -> TableRows:
    """The rows of the `number`th case of a child, known on the day `last`."""
    referral = referral_id(child_id, number)
    closed = not case.no_further_action and case.closure <= last
    yield (
        "ssd_cin_episodes",
        {
            "cine_referral_id": referral,
            "cine_person_id": child_id,
            "cine_referral_date": midnight(case.referral),
            "cine_cin_primary_need_code": detail.primary_need,
            "cine_referral_source_code": detail.source,
            "cine_referral_nfa": yes_or_no(case.no_further_action),
            "cine_close_reason": case.reason if closed else None,
            "cine_close_date": midnight(case.closure) if closed else None,
        },
    )
    yield from _assessment_rows(child_id, referral, case, detail, last)
    for order, (start, end) in enumerate(detail.support):
        if start <= last:
            yield (
                "ssd_cin_plans",
                {
                    "cinp_cin_plan_id": f"{referral}{order:02d}",
                    "cinp_referral_id": referral,
                    "cinp_person_id": child_id,
                    "cinp_cin_plan_start_date": midnight(start),
                    "cinp_cin_plan_end_date": until(end, last),
                },
            )
    yield from _protection_rows(child_id, referral, detail, last)


def referral_id(child_id: str, number: int) -> str:
    """The id of a child's `number`th case."""
    return f"{child_id}{number:02d}"


def _assessment_rows(child_id: str, referral: str, case: Case, detail: CaseDetail, last: int) -> TableRows:
    for order, assessment in enumerate(detail.assessments):
        if assessment.start > last:
            continue
        key = f"{referral}{order:02d}"
        done = assessment.authorised <= last
        yield (
            "ssd_cin_assessments",
            {
                "cina_assessment_id": key,
                "cina_person_id": child_id,
                "cina_referral_id": referral,
                "cina_assessment_start_date": midnight(assessment.start),
                "cina_assessment_auth_date": until(assessment.authorised, last),
                "cina_assessment_outcome_nfa": yes_or_no(case.reason in ("RC8", "RC9")) if done else None,
            },
        )
        if done:
            yield (
                "ssd_assessment_factors",
                {
                    "cinf_table_id": key,
                    "cinf_assessment_id": key,
                    "cinf_assessment_factors_json": json.dumps(assessment.factors),
                },
            )


def _protection_rows(child_id: str, referral: str, detail: CaseDetail, last: int) -> TableRows:
    """Enquiries, the conferences they lead to, and the plans that conferences begin, with their reviews."""
    plans = {plan.start: f"{referral}{order:02d}" for order, plan in enumerate(detail.plans)}
    conferences: dict[int, str] = {}
    if detail.transfer_conference is not None and detail.transfer_conference <= last:
        conferences[detail.transfer_conference] = f"{referral}99"
        yield _conference(child_id, referral, None, detail.transfer_conference, f"{referral}99", plans)
    for order, enquiry in enumerate(detail.enquiries):
        if enquiry.start > last:
            continue
        key = f"{referral}{order:02d}"
        yield (
            "ssd_s47_enquiry",
            {
                "s47e_s47_enquiry_id": key,
                "s47e_referral_id": referral,
                "s47e_person_id": child_id,
                "s47e_s47_start_date": midnight(enquiry.start),
                "s47e_s47_nfa": yes_or_no(enquiry.conference is None),
            },
        )
        if enquiry.conference is not None and enquiry.conference <= last:
            conferences[enquiry.conference] = key
            yield _conference(child_id, referral, enquiry, enquiry.conference, key, plans)
    for plan in detail.plans:
        if plan.start > last:
            continue
        key = plans[plan.start]
        yield (
            "ssd_cp_plans",
            {
                "cppl_cp_plan_id": key,
                "cppl_referral_id": referral,
                "cppl_icpc_id": conferences.get(plan.start),
                "cppl_person_id": child_id,
                "cppl_cp_plan_start_date": midnight(plan.start),
                "cppl_cp_plan_end_date": until(plan.end, last),
                "cppl_cp_plan_initial_category": plan.first_category,
                "cppl_cp_plan_latest_category": plan.latest_category,
                "cppl_cp_plan_ola": "N",
            },
        )
        for order, review in enumerate(plan.reviews):
            if review <= last:
                yield (
                    "ssd_cp_reviews",
                    {
                        "cppr_cp_review_id": f"{key}{order:02d}",
                        "cppr_person_id": child_id,
                        "cppr_cp_plan_id": key,
                        "cppr_cp_review_due": midnight(review),
                        "cppr_cp_review_date": midnight(review),
                        "cppr_cp_review_meeting_id": f"{key}{order:02d}",
                        "cppr_cp_review_outcome_continue_cp": yes_or_no(review != plan.reviews[-1]),
                        "cppr_cp_review_quorate": "Y",
                    },
                )


def _conference(
    child_id: str, referral: str, enquiry: Enquiry | None, day: int, key: str, plans: dict[int, str]
) -> tuple[str, dict[str, Value]]:
    return (
        "ssd_initial_cp_conference",
        {
            "icpc_icpc_id": key,
            "icpc_icpc_meeting_id": key,
            "icpc_s47_enquiry_id": key if enquiry is not None else None,
            "icpc_person_id": child_id,
            "icpc_cp_plan_id": plans.get(day),
            "icpc_referral_id": referral,
            "icpc_icpc_transfer_in": yes_or_no(enquiry is None),
            "icpc_icpc_target_date": midnight(add_working_days(enquiry.start, 15)) if enquiry is not None else None,
            "icpc_icpc_date": midnight(day),
            "icpc_icpc_outcome_cp_flag": yes_or_no(day in plans),
        },
    )
