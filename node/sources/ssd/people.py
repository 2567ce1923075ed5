"""Who the children of a warehouse are: the characteristics and the pupil number of each person."""

from __future__ import annotations

from node.sources.characteristics import characteristics_sql
from node.sources.ssd.years import Step
from node.sources.upn import upn_sql

_COLUMNS = "sex, date_of_birth, age, age_band, ethnicity_major"
_FIRST = "row_number() OVER (PARTITION BY child_id ORDER BY date_of_birth, sex, ethnicity_major)"


def person_steps() -> tuple[Step, ...]:
    """The relation `ssd_characteristics`: one row per person, with the columns of a table of characteristics."""
    return (
        (
            "ssd_characteristics",
            f"""
            SELECT child_id, {_COLUMNS}
            FROM (
                SELECT child_id, {_COLUMNS}, {_FIRST} AS choice
                FROM (
                    SELECT pers_person_id, {characteristics_sql("pers_sex", "pers_dob", "pers_ethnicity")}
                    FROM ssd_person
                    WHERE pers_person_id IS NOT NULL
                ) AS p (child_id, {_COLUMNS})
            ) AS c
            WHERE choice = 1
            """,
        ),
    )


def characteristics_of(name: str, children: str) -> Step:
    """The table of characteristics `name` for the `child_id` of a SELECT: unknown for who is no person."""
    levels = "coalesce(p.{0}, 'unknown') AS {0}".format
    return (
        name,
        f"""
        SELECT c.child_id, {levels("sex")}, p.date_of_birth, p.age, {levels("age_band")}, {levels("ethnicity_major")}
        FROM ({children}) AS c
        LEFT JOIN ssd_characteristics AS p ON p.child_id = c.child_id
        """,
    )


def numbers_of(name: str, children: str) -> Step:
    """The relation `name` (child_id, upn): the person's own pupil number, else a linked one, null without any."""
    return (
        name,
        f"""
        SELECT child_id, coalesce(MAX(own), MAX(linked)) AS upn
        FROM (
            SELECT c.child_id, {upn_sql("upper(p.pers_upn)")} AS own,
                {upn_sql("upper(l.link_identifier_value)")} AS linked
            FROM {children} AS c
            LEFT JOIN ssd_person AS p ON p.pers_person_id = c.child_id
            LEFT JOIN ssd_linked_identifiers AS l
                ON l.link_person_id = c.child_id AND lower(l.link_identifier_type) = 'unique pupil number'
        ) AS n
        GROUP BY child_id
        """,
    )
