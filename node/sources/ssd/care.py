"""Periods of care and episodes of the SSDA903, rebuilt from the placements and legal statuses of a warehouse.

A period of care is a `clae_cla_id`: it runs from its first episode to the end of its last one. A new episode begins
where the placement or the legal status changes, the two found separately: of several that hold on a day, the one that
began last. Between a placement and the next, the former goes on. RNE says what changed; that the carer stayed (T, U)
only the deployment's own reason can say. Episodes but the last end with X1, the last with the period's reason
(returns reference 1; indicators reference 5.2, 6.6).
"""

from __future__ import annotations

from node.sources.ssd.people import characteristics_of, numbers_of
from node.sources.ssd.years import Step, Years
from node.sources.ssda903_columns import LEGAL_STATUSES

_PLACE = "CASE place WHEN 'H5' THEN 'K3' ELSE place END"
_ADDRESS = (
    f"upper(replace(coalesce({_PLACE}, '') || '|' || coalesce(urn, '') || '|' || coalesce(postcode, ''), ' ', ''))"
)
_EVENT = (
    "row_number() OVER (PARTITION BY child_id ORDER BY start_date, end_date NULLS LAST, end_reason NULLS LAST,"
    " start_reason, legal_status, address)"
)
_UNKNOWN_DISTANCE = 999
_FAR = 20


def care_steps(years: Years) -> tuple[Step, ...]:
    """Relations up to `episode`, `episode_history` and `looked_after_child`."""
    return (
        (
            "ssd_period_of_care",
            f"""
            SELECT child_id, cla_id, start_date, end_date, CASE WHEN end_date IS NOT NULL THEN reason END AS end_reason
            FROM (
                SELECT clae_person_id AS child_id, clae_cla_id AS cla_id,
                    {years.known("clae_cla_episode_ceased_date")} AS end_date,
                    clae_cla_episode_ceased_reason AS reason,
                    MIN(clae_cla_episode_start_date) OVER (PARTITION BY clae_person_id, clae_cla_id) AS start_date,
                    row_number() OVER (
                        PARTITION BY clae_person_id, clae_cla_id
                        ORDER BY clae_cla_episode_start_date DESC,
                            coalesce(clae_cla_episode_ceased_date, DATE '2200-01-01') DESC, clae_cla_episode_id DESC
                    ) AS from_last
                FROM ssd_cla_episodes
                WHERE clae_person_id IS NOT NULL AND clae_cla_id IS NOT NULL
                    AND clae_cla_episode_start_date <= {years.end}
            ) AS e
            WHERE from_last = 1
            """,
        ),
        (
            "ssd_stay",
            f"""
            SELECT child_id, cla_id, placement_id, place, urn, postcode, distance, start_date, end_date
            FROM (
                SELECT p.child_id, p.cla_id, c.clap_cla_placement_id AS placement_id,
                    c.clap_cla_placement_type AS place, c.clap_cla_placement_urn AS urn,
                    c.clap_cla_placement_postcode AS postcode,
                    c.clap_cla_placement_distance AS distance, c.clap_cla_placement_start_date AS start_date,
                    {years.known("c.clap_cla_placement_end_date")} AS end_date,
                    row_number() OVER (
                        PARTITION BY p.child_id, p.cla_id, c.clap_cla_placement_id
                        ORDER BY c.clap_cla_placement_start_date, c.clap_cla_placement_end_date NULLS LAST,
                            c.clap_cla_placement_type, c.clap_cla_placement_urn, c.clap_cla_placement_postcode
                    ) AS repetition
                FROM ssd_period_of_care AS p
                JOIN ssd_cla_placement AS c ON c.clap_cla_id = p.cla_id
                WHERE c.clap_cla_placement_id IS NOT NULL AND c.clap_cla_placement_start_date <= {years.end}
                    AND (p.end_date IS NULL OR c.clap_cla_placement_start_date < p.end_date)
                    AND (c.clap_cla_placement_end_date IS NULL
                        OR c.clap_cla_placement_end_date > c.clap_cla_placement_start_date)
            ) AS s
            WHERE repetition = 1
            """,
        ),
        (
            "ssd_status",
            f"""
            SELECT DISTINCT p.child_id, p.cla_id, l.lega_legal_status AS legal_status,
                l.lega_legal_status_start_date AS start_date,
                {years.known("l.lega_legal_status_end_date")} AS end_date
            FROM ssd_period_of_care AS p
            JOIN ssd_legal_status AS l ON l.lega_person_id = p.child_id
            WHERE l.lega_legal_status IN ({", ".join(f"'{code}'" for code in sorted(LEGAL_STATUSES))})
                AND l.lega_legal_status_start_date <= {years.end}
                AND (p.end_date IS NULL OR l.lega_legal_status_start_date < p.end_date)
                AND (l.lega_legal_status_end_date IS NULL
                    OR l.lega_legal_status_end_date > p.start_date
                        AND l.lega_legal_status_end_date > l.lega_legal_status_start_date)
            """,
        ),
        ("ssd_boundary", _boundaries()),
        ("ssd_place_on_day", _on_day("ssd_stay", "placement_id, place, urn, postcode, distance", "placement_id")),
        ("ssd_status_on_day", _on_day("ssd_status", "legal_status", "legal_status")),
        (
            "ssd_change",
            """
            SELECT child_id, cla_id, start_date, placement_id, place, urn, postcode, distance, legal_status,
                place_changed, status_changed
            FROM (
                SELECT child_id, cla_id, start_date, placement_id, place, urn, postcode, distance, legal_status,
                    CASE WHEN coalesce(placement_id, '') <> coalesce(placement_before, '') THEN 1 ELSE 0 END
                        AS place_changed,
                    CASE WHEN coalesce(legal_status, '') <> coalesce(status_before, '') THEN 1 ELSE 0 END
                        AS status_changed,
                    boundary
                FROM (
                    SELECT b.child_id, b.cla_id, b.start_date, p.placement_id, p.place, p.urn, p.postcode, p.distance,
                        s.legal_status,
                        LAG(p.placement_id) OVER (PARTITION BY b.child_id, b.cla_id ORDER BY b.start_date)
                            AS placement_before,
                        LAG(s.legal_status) OVER (PARTITION BY b.child_id, b.cla_id ORDER BY b.start_date)
                            AS status_before,
                        row_number() OVER (PARTITION BY b.child_id, b.cla_id ORDER BY b.start_date) AS boundary
                    FROM ssd_boundary AS b
                    LEFT JOIN ssd_place_on_day AS p
                        ON p.child_id = b.child_id AND p.cla_id = b.cla_id AND p.day = b.start_date
                    LEFT JOIN ssd_status_on_day AS s
                        ON s.child_id = b.child_id AND s.cla_id = b.cla_id AND s.day = b.start_date
                ) AS w
            ) AS c
            WHERE boundary = 1 OR place_changed = 1 OR status_changed = 1
            """,
        ),
        (
            "ssd_reason_given",
            """
            SELECT clae_person_id AS child_id, clae_cla_id AS cla_id, clae_cla_episode_start_date AS start_date,
                MAX(clae_cla_episode_start_reason) AS reason
            FROM ssd_cla_episodes
            WHERE clae_cla_episode_start_reason IN ('L', 'P', 'T', 'B', 'U')
            GROUP BY clae_person_id, clae_cla_id, clae_cla_episode_start_date
            """,
        ),
        (
            "ssd_care_episode",
            f"""
            SELECT child_id, start_date, start_reason, legal_status, {_PLACE} AS place, {_ADDRESS} AS address,
                coalesce(next_start, period_end) AS end_date,
                CASE WHEN next_start IS NOT NULL THEN 'X1' ELSE period_end_reason END AS end_reason, distance
            FROM (
                SELECT c.child_id, c.start_date, c.legal_status, c.place, c.urn, c.postcode, c.distance,
                    CASE
                        WHEN c.start_date = p.start_date THEN coalesce(g.reason, 'S')
                        WHEN c.place_changed = 0 THEN 'L'
                        WHEN g.reason IN ('T', 'U') AND c.status_changed = 1 THEN 'U'
                        WHEN g.reason IN ('T', 'U') THEN 'T'
                        WHEN c.status_changed = 1 THEN 'B'
                        ELSE 'P'
                    END AS start_reason,
                    LEAD(c.start_date) OVER (PARTITION BY c.child_id, c.cla_id ORDER BY c.start_date) AS next_start,
                    p.end_date AS period_end, p.end_reason AS period_end_reason
                FROM ssd_change AS c
                JOIN ssd_period_of_care AS p ON p.child_id = c.child_id AND p.cla_id = c.cla_id
                LEFT JOIN ssd_reason_given AS g
                    ON g.child_id = c.child_id AND g.cla_id = c.cla_id AND g.start_date = c.start_date
            ) AS e
            """,
        ),
        (
            "episode",
            f"""
            SELECT child_id, {_EVENT} AS event, start_date, start_reason, legal_status, place, address, end_date,
                end_reason, CAST(floor(distance * 10 + 0.5) AS INTEGER) AS distance_tenths,
                distance > {_FAR} AS beyond_20_miles, CAST(NULL AS BOOLEAN) AS outside_council
            FROM (
                SELECT child_id, start_date, start_reason, legal_status, place, address, end_date, end_reason,
                    CASE WHEN distance >= 0 AND distance < {_UNKNOWN_DISTANCE} THEN distance END AS distance
                FROM ssd_care_episode
            ) AS e
            WHERE end_date IS NULL OR end_date >= {years.start}
            """,
        ),
        (
            "episode_history",
            f"""
            SELECT child_id, {_EVENT} AS event, {years.last_return("end_date")} AS return_year, start_date,
                start_reason, legal_status, place, address, end_date, end_reason
            FROM ssd_care_episode
            WHERE end_date IS NULL OR end_date >= {years.first_start}
            """,
        ),
        characteristics_of(
            "looked_after_child",
            "SELECT child_id FROM episode_history UNION"
            " SELECT clea_person_id AS child_id FROM ssd_care_leavers WHERE clea_person_id IS NOT NULL",
        ),
        numbers_of("looked_after_upn", "looked_after_child"),
    )


def _boundaries() -> str:
    """Every day of a period on which something may have changed, its first day among them."""
    days = " UNION ".join(
        f"SELECT child_id, cla_id, {day} AS day FROM {relation} WHERE {day} IS NOT NULL"
        for relation in ("ssd_stay", "ssd_status")
        for day in ("start_date", "end_date")
    )
    return f"""
        SELECT child_id, cla_id, start_date FROM ssd_period_of_care
        UNION
        SELECT p.child_id, p.cla_id, d.day AS start_date
        FROM ssd_period_of_care AS p
        JOIN ({days}) AS d ON d.child_id = p.child_id AND d.cla_id = p.cla_id
        WHERE d.day > p.start_date AND (p.end_date IS NULL OR d.day < p.end_date)
    """


def _on_day(relation: str, columns: str, last: str) -> str:
    """What holds at each boundary: what began last and still goes on; else what ended; else what is still to begin."""
    return f"""
        SELECT child_id, cla_id, day, {columns}
        FROM (
            SELECT b.child_id, b.cla_id, b.start_date AS day, {", ".join(f"r.{name}" for name in columns.split(", "))},
                row_number() OVER (
                    PARTITION BY b.child_id, b.cla_id, b.start_date
                    ORDER BY
                        CASE
                            WHEN r.start_date > b.start_date THEN 2
                            WHEN r.end_date IS NULL OR r.end_date > b.start_date THEN 0
                            ELSE 1
                        END,
                        CASE WHEN r.start_date > b.start_date THEN r.start_date END,
                        r.start_date DESC, coalesce(r.end_date, DATE '2200-01-01') DESC, r.{last} DESC
                ) AS choice
            FROM ssd_boundary AS b
            JOIN {relation} AS r ON r.child_id = b.child_id AND r.cla_id = b.cla_id
        ) AS w
        WHERE choice = 1
    """
