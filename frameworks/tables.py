"""The child-level tables that definitions may use: their names, columns and meaning.

A node fills them for one reference year Y from the returns up to Y (`node.sources`); they never leave it. Rules of
stitching: indicators.md 5.3. `event` numbers a child's rows of one table from 1 in the order of the return, so
(`child_id`, `event`) is the key unless a table says otherwise; `child_id` (`family_id` in families) is never null.
`return_year` is the reference year of the return that a row comes from; `return_year = reference_year()` picks the
return of Y.
"""

from __future__ import annotations

from dataclasses import dataclass

from frameworks.model import Source


@dataclass(frozen=True)
class Table:
    """One child-level table: `columns` maps a column's name to its SQL type, in order."""

    name: str
    title: str
    source: Source
    columns: dict[str, str]


def _table(name: str, title: str, source: Source, columns: str) -> Table:
    pairs = [column.split() for column in columns.split(",")]
    return Table(name, title, source, {name: sql_type for name, sql_type in pairs})


_CHARACTERISTICS = (
    "child_id VARCHAR, sex VARCHAR, date_of_birth DATE, age INTEGER, age_band VARCHAR, ethnicity_major VARCHAR"
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        _table(
            "census_child",
            "one row per child of the CIN censuses up to Y, from the latest that has the child; `age` in completed"
            " years at 31 March Y, null without a date of birth or with a later one",
            Source.CIN_CENSUS,
            _CHARACTERISTICS,
        ),
        _table(
            "referral",
            "CINdetails groups: per child and referral date, all groups of the latest return that has it",
            Source.CIN_CENSUS,
            "child_id VARCHAR, event INTEGER, return_year INTEGER, referral_date DATE, no_further_action BOOLEAN,"
            " closure_date DATE, closure_reason VARCHAR, transfer_in_conference_date DATE",
        ),
        _table(
            "assessment",
            "Assessments groups of every return up to Y (an assessment may stand in two returns); `referral_event`"
            " numbers the child's CINdetails groups within the return",
            Source.CIN_CENSUS,
            "child_id VARCHAR, event INTEGER, return_year INTEGER, referral_event INTEGER, referral_date DATE,"
            " start_date DATE, authorisation_date DATE",
        ),
        _table(
            "assessment_factor",
            "factors identified at an assessment; `event` is the assessment's",
            Source.CIN_CENSUS,
            "child_id VARCHAR, event INTEGER, return_year INTEGER, referral_event INTEGER, factor VARCHAR",
        ),
        _table(
            "section_47",
            "section 47 enquiries of the return of Y, repeats included",
            Source.CIN_CENSUS,
            "child_id VARCHAR, event INTEGER, return_year INTEGER, referral_date DATE, start_date DATE,"
            " conference_date DATE",
        ),
        _table(
            "child_protection_plan",
            "plans: per child and start date, the last row of the latest return that has it",
            Source.CIN_CENSUS,
            "child_id VARCHAR, event INTEGER, return_year INTEGER, start_date DATE, end_date DATE,"
            " previous_plans INTEGER",
        ),
        _table(
            "plan_review",
            "reviews of the plans of the return of Y",
            Source.CIN_CENSUS,
            "child_id VARCHAR, event INTEGER, plan_start_date DATE, review_date DATE",
        ),
        _table(
            "looked_after_child",
            "one row per child of the SSDA903 Headers up to Y, from the latest that has the child; `age` as in"
            " census_child",
            Source.SSDA903,
            _CHARACTERISTICS,
        ),
        _table(
            "episode",
            "episodes of the return of Y alone, in order of start then end; `place` is the placement code with H5"
            " read as K3, `address` is place, URN and postcode in one comparable text; the distance between home and"
            " placement in tenths of a mile, rounded half up, whether it is more than 20 miles, and whether the"
            " placement is outside the council, are null where the postcodes are not known",
            Source.SSDA903,
            "child_id VARCHAR, event INTEGER, start_date DATE, start_reason VARCHAR, legal_status VARCHAR,"
            " place VARCHAR, address VARCHAR, end_date DATE, end_reason VARCHAR, distance_tenths INTEGER,"
            " beyond_20_miles BOOLEAN, outside_council BOOLEAN",
        ),
        _table(
            "episode_history",
            "episodes of all returns up to Y, stitched",
            Source.SSDA903,
            "child_id VARCHAR, event INTEGER, return_year INTEGER, start_date DATE, start_reason VARCHAR,"
            " legal_status VARCHAR, place VARCHAR, address VARCHAR, end_date DATE, end_reason VARCHAR",
        ),
        _table(
            "outcome_check",
            "OC2 rows (SDQ, health, convictions) of every return up to Y, one per child and return; a score is 0-40",
            Source.SSDA903,
            "child_id VARCHAR, return_year INTEGER, sdq_score INTEGER, convicted BOOLEAN, health_check BOOLEAN,"
            " immunisations BOOLEAN, teeth_check BOOLEAN, health_assessment BOOLEAN, substance_misuse BOOLEAN,"
            " intervention_received BOOLEAN, intervention_offered BOOLEAN",
        ),
        _table(
            "care_leaver",
            "OC3 rows of the return of Y, one per child",
            Source.SSDA903,
            "child_id VARCHAR, in_touch VARCHAR, activity VARCHAR, accommodation VARCHAR",
        ),
        _table(
            "missing_incident",
            "missing (M) and away (A) incidents of the return of Y",
            Source.SSDA903,
            "child_id VARCHAR, event INTEGER, kind VARCHAR, start_date DATE, end_date DATE",
        ),
        _table(
            "social_worker_episode",
            "allocations to a social worker, of the return of Y",
            Source.SSDA903,
            "child_id VARCHAR, event INTEGER, worker_id VARCHAR, start_date DATE, end_date DATE",
        ),
        _table(
            "unaccompanied_child",
            "UASC rows of the return of Y; `ceased_date` is the day the status ended",
            Source.SSDA903,
            "child_id VARCHAR, ceased_date DATE",
        ),
        _table(
            "adoption",
            "adoptions of every return up to Y, one per child and return (AD1): the days of the decision and of the"
            " match; `early_permanence_date`, the start of a fostering for adoption or concurrent placement, from a"
            " warehouse alone",
            Source.SSDA903,
            "child_id VARCHAR, return_year INTEGER, decision_date DATE, match_date DATE, by_foster_carer BOOLEAN,"
            " early_permanence_date DATE",
        ),
        _table(
            "adoption_decision",
            "decisions that a child should be placed for adoption, of every return up to Y: `decision_date`"
            " and the day it was reversed, if it was; placements for adoption themselves are episodes",
            Source.SSDA903,
            "child_id VARCHAR, event INTEGER, return_year INTEGER, decision_date DATE, reversed_date DATE",
        ),
        _table(
            "pupil",
            "one row per pupil of the education files of Y and of the care records, `child_id` the UPN or, without one,"
            " `id:` and the child's id; sex, ethnicity and date of birth from the SSDA903, else from the census, else"
            " from an education file",
            Source.EDUCATION,
            _CHARACTERISTICS,
        ),
        _table(
            "pupil_case",
            "the rows of `referral`, by pupil",
            Source.EDUCATION,
            "child_id VARCHAR, event INTEGER, return_year INTEGER, referral_date DATE, no_further_action BOOLEAN,"
            " closure_date DATE, closure_reason VARCHAR",
        ),
        _table(
            "pupil_plan",
            "the rows of `child_protection_plan`, by pupil",
            Source.EDUCATION,
            "child_id VARCHAR, event INTEGER, return_year INTEGER, start_date DATE, end_date DATE",
        ),
        _table(
            "pupil_episode",
            "the rows of `episode`, by pupil",
            Source.EDUCATION,
            "child_id VARCHAR, event INTEGER, start_date DATE, start_reason VARCHAR, legal_status VARCHAR,"
            " end_date DATE, end_reason VARCHAR",
        ),
        _table(
            "pupil_episode_history",
            "the rows of `episode_history`, by pupil",
            Source.EDUCATION,
            "child_id VARCHAR, event INTEGER, return_year INTEGER, start_date DATE, start_reason VARCHAR,"
            " legal_status VARCHAR, end_date DATE, end_reason VARCHAR",
        ),
        _table(
            "attendance",
            "sessions of the school year of Y (six half-terms from September Y-1), one row per pupil",
            Source.EDUCATION,
            "child_id VARCHAR, sessions_possible INTEGER, sessions_missed INTEGER",
        ),
        _table(
            "suspension",
            "suspensions and permanent exclusions of the school year of Y, one row per pupil on roll",
            Source.EDUCATION,
            "child_id VARCHAR, suspensions INTEGER, permanent_exclusions INTEGER",
        ),
        _table(
            "attainment",
            "results of the school year of Y, one row per pupil and `stage` (EYFSP, KS2, KS4): `expected` is a good"
            " level of development, or the expected standard in reading, writing and mathematics; `attainment8_tenths`"
            " and `progress8_hundredths` are scores; `english_maths_grade` is the lower of the two grades (9 to 1, 0"
            " for unclassified)",
            Source.EDUCATION,
            "child_id VARCHAR, stage VARCHAR, expected BOOLEAN, attainment8_tenths INTEGER,"
            " progress8_hundredths INTEGER, english_maths_grade INTEGER",
        ),
        _table(
            "school_census",
            "the January school census of Y, one row per pupil: `sen` is EHCP, SUPPORT or NONE",
            Source.EDUCATION,
            "child_id VARCHAR, sen VARCHAR, free_school_meals BOOLEAN",
        ),
        _table(
            "school_move",
            "moves from one school to another from 1 April Y-2 to 31 March Y",
            Source.EDUCATION,
            "child_id VARCHAR, event INTEGER, move_date DATE",
        ),
        _table(
            "respondent",
            "one row per person invited to a survey, or who answered one without saying who they are",
            Source.FEEDBACK,
            _CHARACTERISTICS,
        ),
        _table(
            "feedback_invitation",
            "who could have answered, one row per person and `form`: instrument, version and age form in one text, such"
            " as ylyc_1_11_18",
            Source.FEEDBACK,
            "child_id VARCHAR, form VARCHAR, responded BOOLEAN",
        ),
        _table(
            "feedback_answer",
            "answers, one row per person, form and question: `answer` is the code of the template in lower case,"
            " a whole number on the scales from 0 to 10; `score` that number",
            Source.FEEDBACK,
            "child_id VARCHAR, form VARCHAR, question VARCHAR, answer VARCHAR, score INTEGER",
        ),
        _table(
            "family",
            "families of the Supporting Families programme, one row each; `closed_date` is the day the work ended. The"
            " characteristics are all unknown: a family has none",
            Source.FAMILIES,
            _CHARACTERISTICS.replace("child_id", "family_id") + ", closed_date DATE",
        ),
        _table(
            "family_need",
            "needs identified in a family, one row per family and need (1 to 10, the headline outcomes of 2022):"
            " `outcome_date` is the day from which the need shows a positive outcome, `lapsed_date` the day it no"
            " longer did",
            Source.FAMILIES,
            "family_id VARCHAR, event INTEGER, need INTEGER, outcome_date DATE, lapsed_date DATE",
        ),
    )
}
"""Every child-level table by name."""

CHILD_TABLE: dict[Source, str] = {
    Source.CIN_CENSUS: "census_child",
    Source.SSDA903: "looked_after_child",
    Source.EDUCATION: "pupil",
    Source.FEEDBACK: "respondent",
    Source.FAMILIES: "family",
}
"""The table that holds the characteristics (breakdown attributes) of a source's children."""

ONE_ROW_EACH = frozenset(
    [
        "census_child",
        "looked_after_child",
        "care_leaver",
        "unaccompanied_child",
        "pupil",
        "attendance",
        "suspension",
        "school_census",
        "respondent",
        "family",
    ]
)
"""The tables that hold at most one row of a child (of a family)."""
