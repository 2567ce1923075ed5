"""The education files that are read: templates of ours (`node/templates`), one kind for each sort of record."""

from __future__ import annotations

from node.sources.characteristics import ETHNICITY_CODES, SEX_CODES
from node.sources.csv_columns import Column, Value

ATTENDANCE = "education.attendance"
SUSPENSIONS = "education.suspensions"
ATTAINMENT = "education.attainment"
SCHOOL_CENSUS = "education.school_census"
SCHOOL_MOVES = "education.school_moves"

STAGES = frozenset({"EYFSP", "KS2", "KS4"})
GRADES = {"U": 0} | {str(grade): grade for grade in range(1, 10)}
"""GCSE grades as numbers: 9 to 1, and 0 for unclassified."""
SEN = {"E": "EHCP", "EHCP": "EHCP", "K": "SUPPORT", "SUPPORT": "SUPPORT", "N": "NONE", "NONE": "NONE"}
"""Codes of the school census, and words, for special educational needs."""

_MOST_SESSIONS = 1000
_MOST_EXCLUSIONS = 400

_PUPIL = (
    Column("UPN", Value.UPN),
    Column("CHILD_ID", optional=True),
    Column("SEX", Value.CODE, codes=SEX_CODES, optional=True),
    Column("DOB", Value.DATE, optional=True),
    Column("ETHNIC", Value.CODE, codes=ETHNICITY_CODES, optional=True),
)

COLUMNS: dict[str, tuple[Column, ...]] = {
    SCHOOL_MOVES: (*_PUPIL, Column("MOVE_DATE", Value.DATE, essential=True, by_year_end=True)),
    SUSPENSIONS: (
        *_PUPIL,
        Column("SUSPENSIONS", Value.WHOLE, essential=True, high=_MOST_EXCLUSIONS),
        Column("PERMANENT_EXCLUSIONS", Value.WHOLE, essential=True, high=_MOST_EXCLUSIONS),
    ),
    ATTENDANCE: (
        *_PUPIL,
        Column("SESSIONS_POSSIBLE", Value.WHOLE, essential=True, high=_MOST_SESSIONS),
        Column("SESSIONS_MISSED", Value.WHOLE, essential=True, high=_MOST_SESSIONS),
    ),
    ATTAINMENT: (
        *_PUPIL,
        Column("STAGE", Value.CODE, essential=True, codes=STAGES),
        Column("EXPECTED", Value.FLAG),
        Column("ATTAINMENT8", Value.SCALED, high=90, parts=10),
        Column("PROGRESS8", Value.SCALED, low=-10, high=10, parts=100, optional=True),
        Column("ENGLISH_GRADE", Value.CODE, codes=frozenset(GRADES), optional=True),
        Column("MATHS_GRADE", Value.CODE, codes=frozenset(GRADES), optional=True),
    ),
    SCHOOL_CENSUS: (
        *_PUPIL,
        Column("SEN", Value.CODE, codes=frozenset(SEN)),
        Column("FREE_SCHOOL_MEALS", Value.FLAG),
    ),
}
"""The columns that are read, by kind of file; a later kind knows better who a pupil is."""
