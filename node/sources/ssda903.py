"""The SSDA903 (CSV) as a source: fills the child-level tables of looked-after children from the returns up to a year.

Files and codes: returns reference 2; repeated rows and stitching: indicators reference 5.2, 5.3. One return is read
at a time, and of earlier returns only the files that look back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from node.engines.duckdb_engine import DuckDbEngine
from node.sources.characteristics import ETHNICITY_CODES, SEX_CODES, age_band, ethnicity_level, sex_level
from node.sources.csv_files import UnusableFile, keep_last, stage
from node.sources.inventory import EPISODES, HEADER, ReturnFile
from node.sources.report import ReportBuilder
from node.sources.ssda903_columns import COLUMNS
from node.sources.ssda903_episodes import EpisodeHistory

_SUBJECT = "the SSDA903 tables"

_OC2 = "ssda903.oc2"
_LOOKS_BACK = (HEADER, EPISODES, _OC2)

_KEYS = {
    HEADER: "child",
    EPISODES: "child, decom, coalesce(decom = dec, false)",
    _OC2: "child",
    "ssda903.oc3": "child",
    "ssda903.uasc": "child",
}
"""What tells the rows of a file apart; the last of each key counts. Other files hold events, repeats included."""

_FILL_FROM_RETURN_OF_YEAR = {
    "ssda903.oc3": "INSERT INTO care_leaver SELECT child, in_touch, activ, accom FROM {staged}",
    "ssda903.missing": "INSERT INTO missing_incident SELECT child, {event}, missing, mis_start, mis_end FROM {staged}",
    "ssda903.social_worker": (
        "INSERT INTO social_worker_episode SELECT child, {event}, sw_id, sw_decom, sw_dec FROM {staged}"
    ),
    "ssda903.uasc": "INSERT INTO unaccompanied_child SELECT child, duc FROM {staged}",
}

_EVENT = "row_number() OVER (PARTITION BY child ORDER BY file, line)"


def _level_sql(column: str, codes: Iterable[str], level: Callable[[str], str]) -> str:
    cases = " ".join(f"WHEN '{code}' THEN '{level(code)}'" for code in sorted(codes))
    return f"CASE {column} {cases} ELSE 'unknown' END"


_AGE_BAND = (
    "CASE WHEN age IS NULL THEN 'unknown' "
    + " ".join(f"WHEN age = {age} THEN '{age_band(age)}'" for age in range(18))
    + f" ELSE '{age_band(18)}' END"
)

_CHILDREN = f"""
INSERT INTO looked_after_child
SELECT child, {_level_sql("sex", SEX_CODES, sex_level)}, dob, age_on(dob, year_end()) AS age, {_AGE_BAND},
    {_level_sql("ethnic", ETHNICITY_CODES, ethnicity_level)}
FROM latest_header
"""


def read_ssda903(engine: DuckDbEngine, files: Sequence[ReturnFile], year: int, report: ReportBuilder) -> None:
    """Fills the tables of `frameworks.tables` whose source is the SSDA903, for reference year `year`.

    `files` are those of the returns up to `year`, in any order; kinds that no table needs are not opened. What cannot
    be used goes into `report`. Raises ReturnsNotReady when the engine fails.
    """
    used = [file for file in files if file.kind in COLUMNS and file.year <= year]
    history = EpisodeHistory(engine)
    engine.run(
        "CREATE OR REPLACE TEMP TABLE latest_header (child VARCHAR, sex VARCHAR, dob DATE, ethnic VARCHAR)", _SUBJECT
    )
    for return_year in sorted({file.year for file in used}):
        kinds = COLUMNS if return_year == year else _LOOKS_BACK
        for kind in kinds:
            members = sorted(
                (file for file in used if (file.year, file.kind) == (return_year, kind)), key=lambda file: file.name
            )
            check = _check_year if kind == EPISODES else None
            staged = stage(engine, members, COLUMNS[kind], report, check) if members else None
            if staged is None:
                continue
            if kind in _KEYS:
                keep_last(engine, staged, _KEYS[kind], members, report)
            if kind == EPISODES:
                history.add(staged, return_year)
            else:
                _fill(engine, kind, staged, return_year)
            engine.run(f"DROP TABLE {staged}", _SUBJECT)
    history.fill(year)
    engine.run(_CHILDREN, _SUBJECT)
    engine.run("DROP TABLE latest_header", _SUBJECT)


def _fill(engine: DuckDbEngine, kind: str, staged: str, return_year: int) -> None:
    if kind == HEADER:
        engine.run(f"DELETE FROM latest_header WHERE child IN (SELECT child FROM {staged})", _SUBJECT)
        engine.run(f"INSERT INTO latest_header SELECT child, sex, dob, ethnic FROM {staged}", _SUBJECT)
    elif kind == _OC2:
        engine.run(
            f"INSERT INTO outcome_check SELECT child, {return_year}, "
            f"{', '.join(column.name.lower() for column in COLUMNS[_OC2][1:])} FROM {staged}",
            _SUBJECT,
        )
    else:
        engine.run(_FILL_FROM_RETURN_OF_YEAR[kind].format(staged=staged, event=_EVENT), _SUBJECT)


def _check_year(engine: DuckDbEngine, file: ReturnFile) -> None:
    """Raises UnusableFile for episodes of another year's return.

    Of a later year: every episode begins after 31 March or, in 20 rows or more, most hold a date after it. Of an
    earlier year: in 100 rows or more, less than one in twenty holds a date within the year; a council's year has more
    than half. Both are so far from any true return that no single record decides.
    """
    start, end = date(file.year - 1, 4, 1), date(file.year, 3, 31)
    within = " OR ".join(f"{name} BETWEEN DATE '{start}' AND DATE '{end}'" for name in ("decom_date", "dec_date"))
    rows, begun_after, after, in_year = engine.rows(
        f"SELECT count(decom_date), count(*) FILTER (decom_date > DATE '{end}'), "
        f"count(*) FILTER (decom_date > DATE '{end}' OR dec_date > DATE '{end}'), count(*) FILTER ({within}) "
        "FROM typed_line",
        _SUBJECT,
    )[0]
    if rows and (begun_after == rows or (rows >= 20 and 2 * after > rows) or (rows >= 100 and 20 * in_year < rows)):
        raise UnusableFile("this looks like the return of another year")
