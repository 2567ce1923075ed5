"""The SSDA903 (CSV) as a source: fills the child-level tables of looked-after children from the returns up to a year.

Files and codes: returns reference 2; repeated rows and stitching: indicators reference 5.2, 5.3. One return is read
at a time, and of earlier returns only the files that look back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from node.engines.duckdb_engine import DuckDbEngine
from node.sources.characteristics import characteristics_sql
from node.sources.csv_files import keep_last, stage
from node.sources.inventory import EPISODES, HEADER, POSTCODES, ReturnFile
from node.sources.postcodes import read_postcodes
from node.sources.report import ReportBuilder
from node.sources.ssda903_columns import COLUMNS
from node.sources.ssda903_episodes import EpisodeHistory

ANOTHER_YEAR = "this looks like the return of another year"

_SUBJECT = "the SSDA903 tables"

_OC2 = "ssda903.oc2"
_AD1 = "ssda903.ad1"
_PLACED_FOR_ADOPTION = "ssda903.placed_for_adoption"
_LOOKS_BACK = (HEADER, EPISODES, _OC2, _AD1, _PLACED_FOR_ADOPTION)

_KEYS = {
    HEADER: "child",
    EPISODES: "child, decom, coalesce(decom = dec, false)",
    _OC2: "child",
    "ssda903.oc3": "child",
    "ssda903.uasc": "child",
    _AD1: "child",
    _PLACED_FOR_ADOPTION: "child, date_placed",
}
"""What tells the rows of a file apart; the last of each key counts. Other files hold events, repeats included."""

_FILL = {
    "ssda903.oc3": "INSERT INTO care_leaver SELECT child, in_touch, activ, accom FROM {staged}",
    "ssda903.missing": "INSERT INTO missing_incident SELECT child, {event}, missing, mis_start, mis_end FROM {staged}",
    "ssda903.social_worker": (
        "INSERT INTO social_worker_episode SELECT child, {event}, sw_id, sw_decom, sw_dec FROM {staged}"
    ),
    "ssda903.uasc": "INSERT INTO unaccompanied_child SELECT child, duc FROM {staged}",
    _AD1: (
        "INSERT INTO adoption (child_id, return_year, decision_date, match_date, by_foster_carer) "
        "SELECT child, {return_year}, date_int, date_match, foster_care FROM {staged}"
    ),
    _PLACED_FOR_ADOPTION: (
        "INSERT INTO adoption_decision (child_id, event, return_year, decision_date, reversed_date) "
        "SELECT child, {event} + coalesce(earlier, 0), {return_year}, date_placed, date_placed_ceased FROM {staged} "
        "LEFT JOIN (SELECT child_id, count(*) AS earlier FROM adoption_decision GROUP BY child_id) "
        "ON child_id = child"
    ),
}

_EVENT = "row_number() OVER (PARTITION BY child ORDER BY file, line)"


_CHILDREN = f"""
INSERT INTO looked_after_child SELECT child, {characteristics_sql("sex", "dob", "ethnic")} FROM latest_header
"""

_PUPILS = "CREATE OR REPLACE TEMP TABLE looked_after_upn AS SELECT child AS child_id, upn FROM latest_header"


def read_ssda903(
    engine: DuckDbEngine,
    files: Sequence[ReturnFile],
    year: int,
    report: ReportBuilder,
    council_ons_code: str | None = None,
) -> None:
    """Fills the tables of `frameworks.tables` whose source is the SSDA903, for reference year `year`.

    `files` are those of the returns up to `year`, in any order, with the postcode directories of `year` if there are
    any; kinds that no table needs are not opened. Without `council_ons_code` no placement is known to be inside or
    outside the council. What cannot be used goes into `report`.

    Leaves the temp table `looked_after_upn(child_id, upn)`: each child of a Header and its unique pupil number, null
    where that is not known or is none. Raises ReturnsNotReady when the engine fails.
    """
    used = [file for file in files if file.kind in COLUMNS and file.year <= year]
    history = EpisodeHistory(engine)
    engine.run(
        "CREATE OR REPLACE TEMP TABLE latest_header "
        "(child VARCHAR, sex VARCHAR, dob DATE, ethnic VARCHAR, upn VARCHAR)",
        _SUBJECT,
    )
    for return_year in sorted({file.year for file in used}):
        kinds = COLUMNS if return_year == year else _LOOKS_BACK
        for kind in kinds:
            members = _members(used, return_year, kind)
            check = _doubt_of_year if kind == EPISODES else None
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
    read_postcodes(engine, _members(files, year, POSTCODES), history.postcodes(year), report)
    history.fill(year, council_ons_code)
    for statement in (_CHILDREN, _PUPILS, "DROP TABLE latest_header"):
        engine.run(statement, _SUBJECT)


def _members(files: Sequence[ReturnFile], year: int, kind: str) -> list[ReturnFile]:
    """The files of one return and kind, in the order of their names."""
    return sorted((file for file in files if (file.year, file.kind) == (year, kind)), key=lambda file: file.name)


def _fill(engine: DuckDbEngine, kind: str, staged: str, return_year: int) -> None:
    if kind == HEADER:
        engine.run(f"DELETE FROM latest_header WHERE child IN (SELECT child FROM {staged})", _SUBJECT)
        engine.run(f"INSERT INTO latest_header SELECT child, sex, dob, ethnic, upn FROM {staged}", _SUBJECT)
    elif kind == _OC2:
        engine.run(
            f"INSERT INTO outcome_check SELECT child, {return_year}, "
            f"{', '.join(column.name.lower() for column in COLUMNS[_OC2][1:])} FROM {staged}",
            _SUBJECT,
        )
    else:
        engine.run(_FILL[kind].format(staged=staged, event=_EVENT, return_year=return_year), _SUBJECT)


def _doubt_of_year(engine: DuckDbEngine, file: ReturnFile) -> str | None:
    """What to say of episodes that look like another year's return.

    Of a later year: every episode begins after 31 March or, in 20 rows or more, most hold a date after it. Of an
    earlier year: in 100 rows or more, less than one in twenty holds a date within the year; a council's year has more
    than half.
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
        return ANOTHER_YEAR
    return None
