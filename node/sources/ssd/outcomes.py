"""Checks, care leavers, missing incidents, social workers, asylum and adoption, as the SSDA903 would hold them.

A row of checks (OC2) stands in the return of each year in which the child was looked after for twelve months. It holds
the last SDQ completed in the year, and what was checked, found or given within it. The dataset keeps one status of
immunisations and one state of a care leaver: they stand for the reference year as they are now, and it does not keep
whether an intervention was offered.
"""

from __future__ import annotations

from node.sources.ssd.years import Step, Years, return_year_of

_IN_YEAR = "BETWEEN y.year_start AND y.year_end"
_WORKER_ROLES = ("%allocated%", "%case worker%", "%caseworker%", "%social worker%", "%key worker%")


def outcome_steps(years: Years) -> tuple[Step, ...]:
    """Relations up to the tables of the SSDA903 that hold no episodes; those of `care_steps` come before."""
    return (
        (
            "ssd_twelve_months",
            """
            SELECT e.child_id, y.return_year, y.year_start, y.year_end
            FROM ssd_care_episode AS e
            JOIN ssd_return_year AS y
                ON e.start_date <= y.year_end AND (e.end_date IS NULL OR e.end_date >= y.year_start)
            GROUP BY e.child_id, y.return_year, y.year_start, y.year_end
            HAVING COUNT(CASE
                WHEN e.start_reason = 'S' AND e.start_date > y.year_start THEN 1
                WHEN e.end_reason <> 'X1' AND e.end_date < y.year_end THEN 1
                WHEN e.legal_status IN ('V3', 'V4') THEN 1
            END) = 0
            """,
        ),
        (
            "ssd_sdq_of_year",
            f"""
            SELECT child_id, return_year, score
            FROM (
                SELECT y.child_id, y.return_year, s.csdq_sdq_score AS score,
                    row_number() OVER (
                        PARTITION BY y.child_id, y.return_year
                        ORDER BY s.csdq_sdq_completed_date DESC, s.csdq_sdq_score
                    ) AS from_last
                FROM ssd_twelve_months AS y
                JOIN ssd_sdq_scores AS s
                    ON s.csdq_person_id = y.child_id AND s.csdq_sdq_completed_date {_IN_YEAR}
                WHERE s.csdq_sdq_score BETWEEN 0 AND 40
            ) AS s
            WHERE from_last = 1
            """,
        ),
        (
            "ssd_checks_of_year",
            f"""
            SELECT y.child_id, y.return_year,
                COUNT(DISTINCT CASE
                    WHEN h.clah_health_check_type = 'HEALTH ASSESSMENT' THEN h.clah_health_check_date
                END) AS health_assessments,
                COUNT(CASE WHEN h.clah_health_check_type = 'DENTAL CHECK' THEN 1 END) AS teeth_checks,
                COUNT(CASE WHEN h.clah_health_check_type = 'DEVELOPMENT CHECK' THEN 1 END) AS development_checks
            FROM ssd_twelve_months AS y
            JOIN ssd_cla_health AS h ON h.clah_person_id = y.child_id AND h.clah_health_check_date {_IN_YEAR}
            WHERE coalesce(h.clah_health_check_status, 'COMPLETED') NOT IN ('PLANNED', 'REFUSED', 'CANCELLED')
            GROUP BY y.child_id, y.return_year
            """,
        ),
        (
            "ssd_misuse_of_year",
            f"""
            SELECT y.child_id, y.return_year,
                MAX(CASE WHEN m.clas_intervention_received = 'Y' THEN 1 ELSE 0 END) AS received
            FROM ssd_twelve_months AS y
            JOIN ssd_cla_substance_misuse AS m
                ON m.clas_person_id = y.child_id AND m.clas_substance_misuse_date {_IN_YEAR}
            GROUP BY y.child_id, y.return_year
            """,
        ),
        (
            "ssd_conviction_of_year",
            f"""
            SELECT DISTINCT y.child_id, y.return_year
            FROM ssd_twelve_months AS y
            JOIN ssd_cla_convictions AS c ON c.clac_person_id = y.child_id AND c.clac_cla_conviction_date {_IN_YEAR}
            """,
        ),
        (
            "ssd_immunised",
            """
            SELECT child_id, immunised
            FROM (
                SELECT clai_person_id AS child_id, clai_immunisations_status = 'Y' AS immunised,
                    row_number() OVER (
                        PARTITION BY clai_person_id
                        ORDER BY coalesce(clai_immunisations_status_date, DATE '1901-01-01') DESC,
                            clai_immunisations_status DESC
                    ) AS from_last
                FROM ssd_cla_immunisations
                WHERE clai_immunisations_status IS NOT NULL
            ) AS i
            WHERE from_last = 1
            """,
        ),
        (
            "outcome_check",
            """
            SELECT y.child_id, y.return_year, s.score AS sdq_score, c.child_id IS NOT NULL AS convicted,
                coalesce(h.development_checks, 0) > 0 AS health_check,
                coalesce(i.immunised, false) AS immunisations,
                coalesce(h.teeth_checks, 0) > 0 AS teeth_check,
                coalesce(h.health_assessments, 0)
                    >= CASE WHEN age_on(p.date_of_birth, y.year_end) < 5 THEN 2 ELSE 1 END AS health_assessment,
                m.child_id IS NOT NULL AS substance_misuse, coalesce(m.received, 0) = 1 AS intervention_received,
                CAST(NULL AS BOOLEAN) AS intervention_offered
            FROM ssd_twelve_months AS y
            LEFT JOIN ssd_characteristics AS p ON p.child_id = y.child_id
            LEFT JOIN ssd_sdq_of_year AS s ON s.child_id = y.child_id AND s.return_year = y.return_year
            LEFT JOIN ssd_checks_of_year AS h ON h.child_id = y.child_id AND h.return_year = y.return_year
            LEFT JOIN ssd_misuse_of_year AS m ON m.child_id = y.child_id AND m.return_year = y.return_year
            LEFT JOIN ssd_conviction_of_year AS c ON c.child_id = y.child_id AND c.return_year = y.return_year
            LEFT JOIN ssd_immunised AS i ON i.child_id = y.child_id
            """,
        ),
        ("care_leaver", _CARE_LEAVERS),
        (
            "missing_incident",
            f"""
            SELECT child_id, row_number() OVER (PARTITION BY child_id ORDER BY start_date, end_date NULLS LAST, kind)
                AS event, kind, start_date, end_date
            FROM (
                SELECT DISTINCT m.miss_table_id, m.miss_person_id AS child_id, m.miss_missing_episode_type AS kind,
                    m.miss_missing_episode_start_date AS start_date,
                    {years.known("m.miss_missing_episode_end_date")} AS end_date
                FROM ssd_missing AS m
                JOIN ssd_period_of_care AS p ON p.child_id = m.miss_person_id
                    AND p.start_date <= m.miss_missing_episode_start_date
                    AND (p.end_date IS NULL OR p.end_date >= m.miss_missing_episode_start_date)
                WHERE m.miss_missing_episode_start_date <= {years.end}
            ) AS m
            WHERE end_date IS NULL OR end_date >= {years.start}
            """,
        ),
        ("social_worker_episode", _social_workers(years)),
        (
            "unaccompanied_child",
            f"""
            SELECT child_id, CASE WHEN COUNT(end_date) = COUNT(*) THEN MAX(end_date) END AS ceased_date
            FROM (
                SELECT immi_person_id AS child_id, immi_immigration_status_end_date AS end_date
                FROM ssd_immigration_status
                WHERE immi_immigration_status = 'UASC' AND immi_person_id IS NOT NULL
                    AND (immi_immigration_status_start_date IS NULL
                        OR immi_immigration_status_start_date <= {years.end})
                    AND (immi_immigration_status_end_date IS NULL
                        OR immi_immigration_status_end_date >= {years.start})
            ) AS u
            GROUP BY child_id
            """,
        ),
        ("ssd_adopted", _adopted(years)),
        ("adoption", _adoptions(years)),
        ("adoption_decision", _adoption_decision(years)),
    )


_SUITABLE = "CASE WHEN clea_care_leaver_accom_suitable IN ('1', '2') THEN clea_care_leaver_accom_suitable ELSE '' END"

_CARE_LEAVERS = f"""
SELECT child_id, in_touch, activity, accommodation
FROM (
    SELECT clea_person_id AS child_id, clea_care_leaver_in_touch AS in_touch, clea_care_leaver_activity AS activity,
        CASE
            WHEN length(clea_care_leaver_accommodation) = 1 AND clea_care_leaver_accommodation <> '0'
            THEN clea_care_leaver_accommodation || {_SUITABLE}
            ELSE clea_care_leaver_accommodation
        END AS accommodation,
        row_number() OVER (
            PARTITION BY clea_person_id
            ORDER BY coalesce(clea_care_leaver_latest_contact, DATE '1901-01-01') DESC, clea_table_id DESC,
                clea_care_leaver_activity, clea_care_leaver_accommodation, clea_care_leaver_in_touch
        ) AS from_last
    FROM ssd_care_leavers
    WHERE clea_person_id IS NOT NULL
        AND coalesce(clea_care_leaver_eligibility, '') NOT IN ('ELIGIBLE', 'QUALIFYING', 'NONE')
) AS l
WHERE from_last = 1
"""
"""Those still looked after (eligible), looked after for less than 13 weeks (qualifying) or not eligible now are no
relevant or former relevant young people, whom alone the return asks for."""


def _social_workers(years: Years) -> str:
    """Allocations to a social worker: someone registered as one, or whose job title says so, in an allocated role."""
    roles = " OR ".join(f"lower(i.invo_professional_role_id) LIKE '{role}'" for role in _WORKER_ROLES)
    return f"""
    SELECT child_id, row_number() OVER (PARTITION BY child_id ORDER BY start_date, end_date NULLS LAST, worker_id)
        AS event, worker_id, start_date, end_date
    FROM (
        SELECT DISTINCT coalesce(i.invo_person_id, c.cine_person_id) AS child_id,
            coalesce(p.prof_social_worker_registration_no, i.invo_professional_id) AS worker_id,
            i.invo_involvement_start_date AS start_date, {years.known("i.invo_involvement_end_date")} AS end_date
        FROM ssd_involvements AS i
        JOIN ssd_professionals AS p ON p.prof_professional_id = i.invo_professional_id
        LEFT JOIN ssd_cin_episodes AS c ON c.cine_referral_id = i.invo_referral_id
        WHERE i.invo_involvement_start_date <= {years.end}
            AND (p.prof_social_worker_registration_no IS NOT NULL
                OR lower(p.prof_professional_job_title) LIKE '%social worker%')
            AND (i.invo_professional_role_id IS NULL
                OR translate(i.invo_professional_role_id, '0123456789', '') = '' OR {roles})
            AND coalesce(lower(i.invo_professional_role_id), '') NOT LIKE '%supervising%'
    ) AS w
    WHERE child_id IS NOT NULL AND (end_date IS NULL OR end_date >= {years.start})
    """


def _adopted(years: Years) -> str:
    """The day of the order of each child who left care adopted."""
    return f"""
    SELECT child_id, MAX(end_date) AS order_date FROM ssd_care_episode
    WHERE end_reason IN ('E11', 'E12') AND end_date >= {years.first_start}
    GROUP BY child_id
    """


def _adoptions(years: Years) -> str:
    """Who was adopted stands in the return of that year; who is to be, in that of the decision."""
    return f"""
    SELECT child_id, return_year, decision_date, match_date, by_foster_carer, early_permanence_date
    FROM (
        SELECT child_id, return_year, decision_date, match_date, by_foster_carer, early_permanence_date,
            row_number() OVER (
                PARTITION BY child_id, return_year ORDER BY coalesce(decision_date, DATE '1901-01-01') DESC, record DESC
            ) AS from_last
        FROM (
            SELECT p.perm_person_id AS child_id, p.perm_table_id AS record,
                {return_year_of("coalesce(a.order_date, p.perm_adm_decision_date)")} AS return_year,
                p.perm_adm_decision_date AS decision_date, {years.known("p.perm_matched_date")} AS match_date,
                p.perm_adopted_by_carer_flag = 'Y' AS by_foster_carer,
                {years.known("p.perm_placed_ffa_cp_date")} AS early_permanence_date
            FROM ssd_permanence AS p
            LEFT JOIN ssd_adopted AS a ON a.child_id = p.perm_person_id
            WHERE p.perm_person_id IS NOT NULL
                AND (a.order_date IS NOT NULL OR p.perm_adm_decision_date BETWEEN {years.first_start} AND {years.end})
        ) AS p
    ) AS p
    WHERE from_last = 1
    """


def _adoption_decision(years: Years) -> str:
    """A decision for adoption stands in the return of each year of care in which it was in force."""
    return f"""
    SELECT child_id,
        row_number() OVER (
            PARTITION BY child_id ORDER BY return_year, decision_date, reversed_date NULLS LAST
        ) AS event,
        return_year, decision_date, CASE WHEN reversed_date <= year_end THEN reversed_date END AS reversed_date
    FROM (
        SELECT DISTINCT p.perm_person_id AS child_id, p.perm_adm_decision_date AS decision_date,
            {years.known("p.perm_decision_reversed_date")} AS reversed_date, y.return_year, y.year_end
        FROM ssd_permanence AS p
        JOIN ssd_return_year AS y ON p.perm_adm_decision_date <= y.year_end
            AND (p.perm_decision_reversed_date IS NULL OR p.perm_decision_reversed_date >= y.year_start)
        JOIN ssd_period_of_care AS c ON c.child_id = p.perm_person_id
            AND c.start_date <= y.year_end AND (c.end_date IS NULL OR c.end_date >= y.year_start)
        WHERE p.perm_person_id IS NOT NULL
    ) AS p
    """
