"""The children's answers of `ssd_voice_of_child`, as the questionnaire `ssd_voice_1_all`.

Those who could have answered are the children with a case open at any time of the year, and whoever answered. The
dataset does not say when: an answer stands for the reference year.
"""

from __future__ import annotations

from frameworks.feedback_forms import FORMS
from node.sources.ssd.people import characteristics_of
from node.sources.ssd.schema import TABLES
from node.sources.ssd.years import Step, Years

_FORM = "ssd_voice_1_all"
_ANSWERS = tuple(column.name for column in TABLES["ssd_voice_of_child"].columns[1:])


def voice_steps(years: Years) -> tuple[Step, ...]:
    """Relations up to the tables of feedback; those of `case_steps` come before."""
    answers = " UNION ALL ".join(
        f"SELECT voch_person_id AS child_id, '{question}' AS question, {column} AS answer FROM ssd_voice_of_child"
        for question, column in zip(FORMS[_FORM].questions, _ANSWERS, strict=True)
    )
    return (
        (
            "feedback_answer",
            f"""
            SELECT child_id, '{_FORM}' AS form, question,
                CASE WHEN MAX(answer) = 'Y' THEN 'yes' ELSE 'no' END AS answer, CAST(NULL AS INTEGER) AS score
            FROM ({answers}) AS a
            WHERE child_id IS NOT NULL AND answer IN ('Y', 'N')
            GROUP BY child_id, question
            """,
        ),
        (
            "feedback_invitation",
            f"""
            SELECT i.child_id, '{_FORM}' AS form, r.child_id IS NOT NULL AS responded
            FROM (
                SELECT child_id FROM ssd_group WHERE return_year = {years.reference}
                UNION
                SELECT child_id FROM feedback_answer
            ) AS i
            LEFT JOIN (SELECT DISTINCT child_id FROM feedback_answer) AS r ON r.child_id = i.child_id
            """,
        ),
        characteristics_of("respondent", "SELECT DISTINCT child_id FROM feedback_invitation"),
    )
