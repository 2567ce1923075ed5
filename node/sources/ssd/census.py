"""The tables of the children in need census, rebuilt from the cases of a warehouse.

The census of a year holds every case open at any time of it: an assessment stands in the census of each year in which
it was going on, a referral and a plan count from the last one that holds them (indicators reference 5.3). A referral
without further action is in the census of its own year alone. How many plans a child had before, the
dataset does not say.
"""

from __future__ import annotations

from node.sources.cin_census_rows import FACTORS
from node.sources.ssd.people import characteristics_of, numbers_of
from node.sources.ssd.years import Step, Years

_OUTSIDE = 0
"""The number of the group that holds assessments without a case."""


def case_steps(years: Years) -> tuple[Step, ...]:
    """The relations `ssd_case` and `ssd_group`: the cases, and the group of each case in each census."""
    return (
        (
            "ssd_case",
            f"""
            SELECT child_id, referral_id, referral_date, no_further_action, closure_date,
                CASE WHEN closure_date IS NOT NULL THEN reason END AS closure_reason,
                CASE WHEN no_further_action THEN referral_date ELSE closure_date END AS last_day
            FROM (
                SELECT cine_person_id AS child_id, cine_referral_id AS referral_id, cine_referral_date AS referral_date,
                    coalesce(cine_referral_nfa = 'Y', false) AS no_further_action,
                    {years.known("cine_close_date")} AS closure_date, cine_close_reason AS reason,
                    row_number() OVER (
                        PARTITION BY cine_person_id, cine_referral_id
                        ORDER BY cine_referral_date, cine_close_date NULLS LAST, cine_close_reason
                    ) AS repetition
                FROM ssd_cin_episodes
                WHERE cine_person_id IS NOT NULL AND cine_referral_id IS NOT NULL
                    AND cine_referral_date <= {years.end}
            ) AS c
            WHERE repetition = 1
            """,
        ),
        (
            "ssd_group",
            """
            SELECT c.child_id, c.referral_id, c.referral_date, y.return_year, y.year_start, y.year_end,
                row_number() OVER (
                    PARTITION BY c.child_id, y.return_year ORDER BY c.referral_date, c.referral_id
                ) AS referral_event
            FROM ssd_case AS c
            JOIN ssd_return_year AS y
                ON c.referral_date <= y.year_end AND (c.last_day IS NULL OR c.last_day >= y.year_start)
            """,
        ),
    )


def census_steps(years: Years) -> tuple[Step, ...]:
    """Relations up to the tables of the census; those of `case_steps` come before."""
    return (
        (
            "ssd_transfer_in",
            f"""
            SELECT icpc_person_id AS child_id, icpc_referral_id AS referral_id, MAX(icpc_icpc_date) AS conference_date
            FROM ssd_initial_cp_conference
            WHERE icpc_icpc_transfer_in = 'Y' AND icpc_icpc_date <= {years.end}
            GROUP BY icpc_person_id, icpc_referral_id
            """,
        ),
        characteristics_of("census_child", "SELECT DISTINCT child_id FROM ssd_case"),
        numbers_of("census_upn", "census_child"),
        (
            "referral",
            f"""
            SELECT c.child_id,
                row_number() OVER (PARTITION BY c.child_id ORDER BY c.referral_date, c.referral_id) AS event,
                c.return_year, c.referral_date, c.no_further_action, c.closure_date, c.closure_reason,
                t.conference_date AS transfer_in_conference_date
            FROM (
                SELECT child_id, referral_id, referral_date, no_further_action, closure_date, closure_reason,
                    return_year, MAX(return_year) OVER (PARTITION BY child_id, referral_date) AS latest_return
                FROM (
                    SELECT child_id, referral_id, referral_date, no_further_action, closure_date, closure_reason,
                        {years.last_return("last_day")} AS return_year
                    FROM ssd_case
                    WHERE last_day IS NULL OR last_day >= {years.first_start}
                ) AS r
            ) AS c
            LEFT JOIN ssd_transfer_in AS t ON t.child_id = c.child_id AND t.referral_id = c.referral_id
            WHERE c.return_year = c.latest_return
            """,
        ),
        (
            "ssd_assessment",
            f"""
            SELECT child_id, assessment_id, referral_id, start_date, authorisation_date
            FROM (
                SELECT cina_person_id AS child_id, cina_assessment_id AS assessment_id, cina_referral_id AS referral_id,
                    cina_assessment_start_date AS start_date, cina_assessment_auth_date AS authorisation_date,
                    row_number() OVER (
                        PARTITION BY cina_person_id, cina_assessment_id
                        ORDER BY cina_assessment_start_date, cina_assessment_auth_date NULLS LAST, cina_referral_id
                    ) AS repetition
                FROM ssd_cin_assessments
                WHERE cina_person_id IS NOT NULL AND cina_assessment_id IS NOT NULL
                    AND cina_assessment_start_date <= {years.end}
            ) AS a
            WHERE repetition = 1
            """,
        ),
        (
            "ssd_assessment_returned",
            f"""
            SELECT child_id, assessment_id, return_year, referral_event, referral_date, start_date, authorisation_date,
                row_number() OVER (
                    PARTITION BY child_id ORDER BY return_year, referral_event, start_date, assessment_id
                ) AS event
            FROM (
                SELECT a.child_id, a.assessment_id, g.return_year, g.referral_event, g.referral_date, a.start_date,
                    CASE WHEN a.authorisation_date <= g.year_end THEN a.authorisation_date END AS authorisation_date
                FROM ssd_assessment AS a
                JOIN ssd_group AS g ON g.child_id = a.child_id AND g.referral_id = a.referral_id
                WHERE a.start_date <= g.year_end
                    AND (a.authorisation_date IS NULL OR a.authorisation_date >= g.year_start)
                UNION ALL
                SELECT a.child_id, a.assessment_id, y.return_year, {_OUTSIDE} AS referral_event,
                    CAST(NULL AS DATE) AS referral_date, a.start_date,
                    CASE WHEN a.authorisation_date <= y.year_end THEN a.authorisation_date END AS authorisation_date
                FROM ssd_assessment AS a
                JOIN ssd_return_year AS y
                    ON a.start_date <= y.year_end
                        AND coalesce(a.authorisation_date, a.start_date) >= y.year_start
                LEFT JOIN ssd_case AS c ON c.child_id = a.child_id AND c.referral_id = a.referral_id
                WHERE c.child_id IS NULL
            ) AS r
            """,
        ),
        (
            "assessment",
            """
            SELECT child_id, event, return_year, referral_event, referral_date, start_date, authorisation_date
            FROM ssd_assessment_returned
            """,
        ),
        ("ssd_factor", " UNION ALL ".join(f"SELECT '{factor}' AS factor" for factor in sorted(FACTORS))),
        ("ssd_factor_found", _factors_found()),
        (
            "assessment_factor",
            """
            SELECT a.child_id, a.event, a.return_year, a.referral_event, f.factor
            FROM ssd_assessment_returned AS a
            JOIN ssd_factor_found AS f ON f.assessment_id = a.assessment_id
            """,
        ),
        (
            "section_47",
            f"""
            SELECT child_id, row_number() OVER (
                    PARTITION BY child_id ORDER BY start_date NULLS LAST, conference_date NULLS LAST, referral_date
                ) AS event, {years.reference} AS return_year, referral_date, start_date, conference_date
            FROM (
                SELECT e.s47e_person_id AS child_id, c.referral_date, e.s47e_s47_start_date AS start_date,
                    {years.known("i.icpc_icpc_date")} AS conference_date
                FROM ssd_s47_enquiry AS e
                LEFT JOIN ssd_case AS c ON c.child_id = e.s47e_person_id AND c.referral_id = e.s47e_referral_id
                LEFT JOIN ssd_initial_cp_conference AS i
                    ON i.icpc_person_id = e.s47e_person_id AND i.icpc_s47_enquiry_id = e.s47e_s47_enquiry_id
                        AND coalesce(i.icpc_icpc_transfer_in, 'N') <> 'Y'
                WHERE e.s47e_person_id IS NOT NULL AND e.s47e_s47_start_date <= {years.end}
                UNION ALL
                SELECT i.icpc_person_id AS child_id, CAST(NULL AS DATE) AS referral_date,
                    CAST(NULL AS DATE) AS start_date, {years.known("i.icpc_icpc_date")} AS conference_date
                FROM ssd_initial_cp_conference AS i
                LEFT JOIN ssd_s47_enquiry AS e
                    ON e.s47e_person_id = i.icpc_person_id AND e.s47e_s47_enquiry_id = i.icpc_s47_enquiry_id
                LEFT JOIN ssd_case AS c ON c.child_id = i.icpc_person_id AND c.referral_id = i.icpc_referral_id
                WHERE i.icpc_person_id IS NOT NULL AND e.s47e_person_id IS NULL
                    AND (coalesce(i.icpc_icpc_transfer_in, 'N') <> 'Y' OR c.child_id IS NULL)
            ) AS s
            WHERE start_date >= {years.start} OR conference_date >= {years.start}
            """,
        ),
        (
            "ssd_plan",
            f"""
            SELECT child_id, plan_id, start_date, end_date,
                row_number() OVER (
                    PARTITION BY child_id, start_date
                    ORDER BY coalesce(end_date, DATE '2200-01-01') DESC, plan_id DESC
                ) AS from_last
            FROM (
                SELECT cppl_person_id AS child_id, cppl_cp_plan_id AS plan_id, cppl_cp_plan_start_date AS start_date,
                    {years.known("cppl_cp_plan_end_date")} AS end_date
                FROM ssd_cp_plans
                WHERE cppl_person_id IS NOT NULL AND cppl_cp_plan_start_date <= {years.end}
                    AND coalesce(cppl_cp_plan_ola, 'N') <> 'Y'
            ) AS p
            """,
        ),
        (
            "child_protection_plan",
            f"""
            SELECT child_id, event, return_year, start_date, end_date, CAST(NULL AS INTEGER) AS previous_plans
            FROM (
                SELECT child_id, row_number() OVER (PARTITION BY child_id ORDER BY start_date) AS event,
                    {years.last_return("end_date")} AS return_year, start_date, end_date
                FROM ssd_plan
                WHERE from_last = 1
            ) AS p
            WHERE end_date IS NULL OR end_date >= {years.first_start}
            """,
        ),
        (
            "plan_review",
            f"""
            SELECT child_id, row_number() OVER (PARTITION BY child_id ORDER BY start_date, review_date) AS event,
                start_date AS plan_start_date, review_date
            FROM (
                SELECT DISTINCT p.child_id, p.start_date, r.cppr_cp_review_date AS review_date
                FROM ssd_plan AS p
                JOIN ssd_cp_reviews AS r ON r.cppr_cp_plan_id = p.plan_id
                    AND coalesce(r.cppr_person_id, p.child_id) = p.child_id
                WHERE r.cppr_cp_review_date <= {years.end} AND (p.end_date IS NULL OR p.end_date >= {years.start})
            ) AS r
            """,
        ),
    )


_BLANKS = ("' '", "chr(9)", "chr(10)", "chr(13)")
_NO = ('"NO"', '"N"', '"FALSE"', '"0"', '""', "FALSE", "0", "NULL")
"""What stands beside a key whose factor was not identified."""


def _packed(json: str) -> str:
    """A JSON text in capitals, without blanks."""
    for blank in _BLANKS:
        json = f"replace({json}, {blank}, '')"
    return f"upper({json})"


def _factors_found() -> str:
    """The listed factors in the texts of either era: `["1A","2B"]`, `{"1A":"Yes"}` or `{"factor":"1A"}`."""
    named = """f.factors LIKE '%"' || k.factor || '"%' OR f.bare LIKE '%,' || k.factor || ',%'"""
    denied = " AND ".join(f"""f.factors NOT LIKE '%"' || k.factor || '":{no}%'""" for no in _NO)
    return f"""
    SELECT DISTINCT f.assessment_id, k.factor
    FROM (
        SELECT assessment_id, factors, ',' || translate(factors, '[]', '') || ',' AS bare
        FROM (
            SELECT cinf_assessment_id AS assessment_id, {_packed("cinf_assessment_factors_json")} AS factors
            FROM ssd_assessment_factors
            WHERE cinf_assessment_id IS NOT NULL
        ) AS j
    ) AS f
    JOIN ssd_factor AS k ON {named}
    WHERE {denied}
    """
