"""The staged rows of each census, and how the years are stitched to the child-level tables (indicators reference 5.3).

Every stage begins with `return_year`, `position` (order of the groups in the file) and `child_id`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from node.engines.duckdb_engine import DuckDbEngine

# Characters that cannot stand in an XML document, so no value holds one.
FIELD_SEPARATOR = "\x1f"
_ROW_SEPARATOR = "\x1e"
LIST_SEPARATOR = "\x1d"

_SUBJECT = "the child-level tables of the CIN census"

_KEY = {"return_year": "INTEGER", "position": "INTEGER", "child_id": "VARCHAR"}

STAGES: dict[str, dict[str, str]] = {
    "child": _KEY
    | {
        "sex": "VARCHAR",
        "date_of_birth": "DATE",
        "age": "INTEGER",
        "age_band": "VARCHAR",
        "ethnicity_major": "VARCHAR",
        "upn": "VARCHAR",
    },
    "referral": _KEY
    | {
        "referral_date": "DATE",
        "no_further_action": "BOOLEAN",
        "closure_date": "DATE",
        "closure_reason": "VARCHAR",
        "transfer_in_conference_date": "DATE",
    },
    "assessment": _KEY
    | {
        "referral_position": "INTEGER",
        "referral_date": "DATE",
        "start_date": "DATE",
        "authorisation_date": "DATE",
        "factors": "VARCHAR",
    },
    "section_47": _KEY | {"referral_date": "DATE", "start_date": "DATE", "conference_date": "DATE"},
    "plan": _KEY | {"start_date": "DATE", "end_date": "DATE", "previous_plans": "INTEGER", "reviews": "VARCHAR"},
}
"""Columns and types of each stage, in order."""

_IN_ORDER = "row_number() OVER (PARTITION BY child_id ORDER BY return_year, position)"
_LATEST = "row_number() OVER (PARTITION BY child_id{key} ORDER BY return_year DESC, position DESC) = 1"

_STITCH = (
    f"""
    INSERT INTO census_child
    SELECT child_id, sex, date_of_birth, age, age_band, ethnicity_major FROM staged_child
    QUALIFY {_LATEST.format(key="")}
    """,
    f"""
    CREATE OR REPLACE TEMP TABLE census_upn AS
    SELECT child_id, upn FROM staged_child QUALIFY {_LATEST.format(key="")}
    """,
    f"""
    INSERT INTO referral
    SELECT child_id, {_IN_ORDER}, return_year, referral_date, no_further_action, closure_date, closure_reason,
        transfer_in_conference_date
    FROM (
        SELECT *, max(return_year) OVER (PARTITION BY child_id, referral_date) AS latest_return
        FROM staged_referral WHERE referral_date IS NOT NULL
    )
    WHERE return_year = latest_return
    """,
    f"""
    CREATE TEMP TABLE numbered_assessment AS
    SELECT * EXCLUDE (position, referral_position), {_IN_ORDER} AS event, referral_event
    FROM staged_assessment
    JOIN (
        SELECT return_year, position AS referral_position,
            row_number() OVER (PARTITION BY child_id, return_year ORDER BY position) AS referral_event
        FROM staged_referral
    ) USING (return_year, referral_position)
    """,
    """
    INSERT INTO assessment
    SELECT child_id, event, return_year, referral_event, referral_date, start_date, authorisation_date
    FROM numbered_assessment
    """,
    f"""
    INSERT INTO assessment_factor
    SELECT child_id, event, return_year, referral_event, unnest(string_split(factors, chr({ord(LIST_SEPARATOR)})))
    FROM numbered_assessment
    """,
    "DROP TABLE numbered_assessment",
    f"""
    INSERT INTO section_47
    SELECT child_id, {_IN_ORDER}, return_year, referral_date, start_date, conference_date FROM staged_section_47
    """,
    f"""
    CREATE TEMP TABLE latest_plan AS SELECT * FROM staged_plan QUALIFY {_LATEST.format(key=", start_date")}
    """,
    f"""
    INSERT INTO child_protection_plan
    SELECT child_id, {_IN_ORDER}, return_year, start_date, end_date, previous_plans FROM latest_plan
    """,
    f"""
    INSERT INTO plan_review
    SELECT child_id, row_number() OVER (PARTITION BY child_id ORDER BY position, review_date), start_date, review_date
    FROM (
        SELECT child_id, position, start_date,
            CAST(unnest(string_split(reviews, chr({ord(LIST_SEPARATOR)}))) AS DATE) AS review_date
        FROM latest_plan WHERE return_year = $year
    )
    """,
    "DROP TABLE latest_plan",
)


def create_stages(engine: DuckDbEngine) -> None:
    """Creates the empty stages."""
    for name, columns in STAGES.items():
        listed = ", ".join(f"{column} {sql_type}" for column, sql_type in columns.items())
        engine.run(f"CREATE TEMP TABLE staged_{name} ({listed})", _SUBJECT)


def drop_stages(engine: DuckDbEngine) -> None:
    """Drops the stages."""
    for name in STAGES:
        engine.run(f"DROP TABLE staged_{name}", _SUBJECT)


def stage(engine: DuckDbEngine, rows: Mapping[str, Sequence[str]]) -> None:
    """Appends rows, as fields joined by FIELD_SEPARATOR, to the stages; an empty field is null.

    One text parameter a stage that the engine splits is by far the fastest way in without further packages.
    """
    for name, stage_rows in rows.items():
        if not stage_rows:
            continue
        columns = ", ".join(
            f"CAST(nullif(fields[{place}], '') AS {sql_type})"
            for place, sql_type in enumerate(STAGES[name].values(), start=1)
        )
        text = _ROW_SEPARATOR.join(stage_rows)
        engine.rows(
            f"INSERT INTO staged_{name} SELECT {columns} FROM"
            f" (SELECT string_split(row, chr({ord(FIELD_SEPARATOR)})) AS fields FROM"
            f" (SELECT unnest(string_split(?, chr({ord(_ROW_SEPARATOR)}))) AS row))",
            _SUBJECT,
            [text],
        )


def forget(engine: DuckDbEngine, return_year: int) -> None:
    """Takes the rows of a return out of the stages."""
    for name in STAGES:
        engine.rows(f"DELETE FROM staged_{name} WHERE return_year = ?", _SUBJECT, [return_year])


def stitch(engine: DuckDbEngine, reference_year: int) -> None:
    """Fills the child-level tables of the census from the stages."""
    for statement in _STITCH:
        engine.run(statement.replace("$year", str(reference_year)), _SUBJECT)
