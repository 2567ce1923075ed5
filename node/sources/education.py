"""Education as a source: pupils of the year's education files, joined to what care records say of the same children.

Whose a row is. A child id has one owner: the unique pupil number (UPN) that the latest SSDA903 Header with the child
gives it, else the latest census, else an education file (the first in order, where they differ), else the id itself,
written `id:<child id>`. Every row with a child id, of care or of education, is that owner's, whatever UPN it bears; a
row without one is its UPN's. Child ids of the two returns are one numbering, in capitals.

So one child's records never move another's rows: where the rows of a child id go depends on rows of that child id
alone, which all go there together, and a row with a UPN alone depends on itself. Were a row's own UPN to come first,
the rows of one child id could be those of several pupils, and a child count as several.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from node.engines.duckdb_engine import DuckDbEngine
from node.sources.characteristics import characteristics_from_levels_sql, ethnicity_sql, sex_sql
from node.sources.csv_files import WHOLE_ROW, drop_rows, keep_last, stage
from node.sources.education_columns import (
    ATTAINMENT,
    ATTENDANCE,
    COLUMNS,
    GRADES,
    SCHOOL_CENSUS,
    SCHOOL_MOVES,
    SEN,
    SUSPENSIONS,
)
from node.sources.inventory import ReturnFile
from node.sources.report import ReportBuilder

NO_PUPIL = "neither a UPN nor a child id"
ANOTHER_UPN = "not the UPN that the child id has: that one counts"
MORE_MISSED = "more sessions missed than possible"
"""What can be wrong with a row besides its values. A row with another UPN than its child id is used."""

_SUBJECT = "the education tables"

_LAST_COUNTS = {ATTAINMENT: "pupil, stage", SCHOOL_CENSUS: "pupil"}
"""What tells the rows of a file apart whose last one counts. Those of attendance and suspensions are added up, since a
pupil may have been at several schools; moves are events."""

_CARE_TABLES = (
    "looked_after_child",
    "census_child",
    "referral",
    "child_protection_plan",
    "episode",
    "episode_history",
)

_UPN_OF_CHILD = """
CREATE OR REPLACE TEMP TABLE upn_of_child AS
SELECT child, upn
FROM (
    SELECT child, upn, row_number() OVER (PARTITION BY child ORDER BY place, upn) AS choice
    FROM ({known}) AS k
    WHERE upn IS NOT NULL AND child IS NOT NULL
) AS c
WHERE choice = 1
"""

_PUPIL_OF_CARE = f"""
CREATE OR REPLACE TEMP TABLE pupil_of_care AS
SELECT c.child_id, coalesce(u.upn, concat('id:', upper(c.child_id))) AS pupil
FROM ({" UNION ".join(f"SELECT child_id FROM {table}" for table in _CARE_TABLES)}) AS c
LEFT JOIN upn_of_child AS u ON u.child = upper(c.child_id)
"""

_WITH_PUPIL = """
CREATE OR REPLACE TEMP TABLE {staged} AS
SELECT s.*, CASE WHEN s.child_id IS NULL THEN s.upn ELSE coalesce(u.upn, concat('id:', s.child_id)) END AS pupil
FROM {staged} AS s
LEFT JOIN upn_of_child AS u ON u.child = s.child_id
"""


def _copy(table: str, of: str, columns: str) -> str:
    """The rows of a care table by pupil, numbered anew: several child ids may be one pupil."""
    return (
        f"INSERT INTO {table} SELECT p.pupil, row_number() OVER (PARTITION BY p.pupil ORDER BY p.child_id, c.event), "
        f"{', '.join(f'c.{column}' for column in columns.split())} "
        f"FROM {of} AS c JOIN pupil_of_care AS p ON p.child_id = c.child_id"
    )


_COPY_CARE_RECORDS = (
    _copy("pupil_case", "referral", "return_year referral_date no_further_action closure_date closure_reason"),
    _copy("pupil_plan", "child_protection_plan", "return_year start_date end_date"),
    _copy("pupil_episode", "episode", "start_date start_reason legal_status end_date end_reason"),
    _copy(
        "pupil_episode_history",
        "episode_history",
        "return_year start_date start_reason legal_status end_date end_reason",
    ),
)

_PUPILS = f"""
INSERT INTO pupil
SELECT pupil, {characteristics_from_levels_sql("coalesce(sex, 'unknown')", "born", "coalesce(ethnic, 'unknown')")}
FROM (
    SELECT pupil,
        last(sex ORDER BY place, file, line) FILTER (sex <> 'unknown') AS sex,
        last(born ORDER BY place, file, line) FILTER (born IS NOT NULL) AS born,
        last(ethnic ORDER BY place, file, line) FILTER (ethnic <> 'unknown') AS ethnic
    FROM ({{known}})
    GROUP BY pupil
)
"""


def _case(column: str, values: dict[str, str] | dict[str, int]) -> str:
    return f"CASE {column} {' '.join(f'WHEN {code!r} THEN {value!r}' for code, value in values.items())} END"


_TO_TABLE = {
    ATTENDANCE: "INSERT INTO attendance SELECT pupil, least(sum(sessions_possible), 1000000),"
    " least(sum(sessions_missed), 1000000) FROM {staged} GROUP BY pupil",
    SUSPENSIONS: "INSERT INTO suspension SELECT pupil, least(sum(suspensions), 1000000),"
    " least(sum(permanent_exclusions), 1000000) FROM {staged} GROUP BY pupil",
    ATTAINMENT: "INSERT INTO attainment SELECT pupil, stage, expected, attainment8, progress8,"
    " CASE WHEN english <= maths THEN english WHEN maths < english THEN maths END FROM ("
    f"SELECT *, {_case('english_grade', GRADES)} AS english, {_case('maths_grade', GRADES)} AS maths FROM {{staged}})",
    SCHOOL_CENSUS: f"INSERT INTO school_census SELECT pupil, {_case('sen', SEN)}, free_school_meals FROM {{staged}}",
    SCHOOL_MOVES: "INSERT INTO school_move SELECT pupil,"
    " row_number() OVER (PARTITION BY pupil ORDER BY move_date, file, line), move_date FROM {staged}"
    " WHERE move_date >= add_years(year_start(), -1)",
}


def read_education(engine: DuckDbEngine, files: Sequence[ReturnFile], year: int, report: ReportBuilder) -> None:
    """Fills the tables of `frameworks.tables` whose source is education, for reference year `year`.

    The care records must have been read: their tables, and `looked_after_upn` and `census_upn` (child_id, upn). Of the
    education files only those of `year` are opened, all of a kind together (one a school, perhaps). Without any,
    nothing is filled. What cannot be used goes into `report`. Raises ReturnsNotReady when the engine fails.
    """
    members = {
        kind: sorted((file for file in files if (file.kind, file.year) == (kind, year)), key=lambda file: file.name)
        for kind in COLUMNS
    }
    staged: dict[str, str] = {}
    for kind, columns in COLUMNS.items():
        table = stage(engine, members[kind], columns, report) if members[kind] else None
        if table is None:
            continue
        staged[kind] = table
        drop_rows(engine, table, "upn IS NULL AND child_id IS NULL", WHOLE_ROW, NO_PUPIL, members[kind], report)
        if kind == ATTENDANCE:
            more_missed = "sessions_missed > sessions_possible"
            drop_rows(engine, table, more_missed, "SESSIONS_MISSED", MORE_MISSED, members[kind], report)
    if not staged:
        return
    _link(engine, staged.values())
    for kind, table in staged.items():
        _report_other_upns(engine, table, members[kind], report)
        if kind in _LAST_COUNTS:
            keep_last(engine, table, _LAST_COUNTS[kind], members[kind], report)
        engine.run(_TO_TABLE[kind].format(staged=table), _SUBJECT)
    for statement in (*_COPY_CARE_RECORDS, _PUPILS.format(known=_known_of_pupils(staged.values()))):
        engine.run(statement, _SUBJECT)
    for table in (*staged.values(), "upn_of_child", "pupil_of_care"):
        engine.run(f"DROP TABLE {table}", _SUBJECT)


def _link(engine: DuckDbEngine, staged: Iterable[str]) -> None:
    """Finds the owner of every child id, and gives each staged row its `pupil`."""
    for table in ("looked_after_upn", "census_upn"):
        engine.run(f"CREATE TEMP TABLE IF NOT EXISTS {table} (child_id VARCHAR, upn VARCHAR)", _SUBJECT)
    known = (
        "SELECT upper(child_id) AS child, upn, 1 AS place FROM looked_after_upn",
        "SELECT upper(child_id) AS child, upn, 2 AS place FROM census_upn",
        *(f"SELECT child_id AS child, upn, 3 AS place FROM {table}" for table in staged),
    )
    engine.run(_UPN_OF_CHILD.format(known=" UNION ALL ".join(known)), _SUBJECT)
    engine.run(_PUPIL_OF_CARE, _SUBJECT)
    for table in staged:
        engine.run(_WITH_PUPIL.format(staged=table), _SUBJECT)


def _report_other_upns(engine: DuckDbEngine, staged: str, files: Sequence[ReturnFile], report: ReportBuilder) -> None:
    other = f"SELECT file, line FROM {staged} WHERE child_id IS NOT NULL AND upn <> pupil ORDER BY file, line"
    for file, line in engine.rows(other, _SUBJECT):
        report.row_fault(files[file].name, line, "UPN", ANOTHER_UPN)


def _known_of_pupils(staged: Iterable[str]) -> str:
    """What each record says of its pupil; of several that say something, the last place counts."""
    columns = "SELECT {pupil} AS pupil, {place} AS place, {file} AS file, {line} AS line"
    parts = [
        f"{columns.format(pupil='pupil', place=place, file='file', line='line')}, "
        f"{sex_sql('sex')} AS sex, dob AS born, {ethnicity_sql('ethnic')} AS ethnic FROM {table}"
        for place, table in enumerate(staged)
    ]
    in_order = "row_number() OVER (PARTITION BY p.pupil ORDER BY p.child_id)"
    for place, table in enumerate(("census_child", "looked_after_child"), start=len(parts)):
        parts.append(
            f"{columns.format(pupil='p.pupil', place=place, file=0, line=in_order)}, "
            "c.sex, c.date_of_birth AS born, c.ethnicity_major AS ethnic "
            f"FROM pupil_of_care AS p LEFT JOIN {table} AS c ON c.child_id = p.child_id"
        )
    return " UNION ALL ".join(parts)
