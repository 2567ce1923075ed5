"""Episodes of several returns stitched to one history (indicators reference 5.3).

Within a return an episode without an end that is followed by another of the child ends where that begins, with X1.
Across returns a later return replaces every episode of the same child and start. An episode left open by one return
and missing from the next meets one of three rules, by the *first* of that return: the child's earliest episode that
begins on or before the 31 March between the two.

The episodes of the year asked for are also given the distance between home and placement. Postcodes stay in temporary
tables, which are gone when the tables are filled.
"""

from __future__ import annotations

import re
from datetime import date

from node.engines.duckdb_engine import DuckDbEngine
from node.sources.postcodes import PLACES, current_code

_SUBJECT = "the history of episodes"

# A total order: of two rows of one day, the one that ended for a reason comes before the one closed without.
_EVENT = (
    "row_number() OVER (PARTITION BY child_id ORDER BY start_date, end_date NULLS LAST, end_reason NULLS LAST,"
    " start_reason, legal_status, address)"
)

# H5 (supported accommodation) became K3 in 2025; one comparable text says whether two places are the same (5.2).
_PLACE = "CASE place WHEN 'H5' THEN 'K3' ELSE place END"
_ADDRESS = f"replace(concat({_PLACE}, '|', urn, '|', pl_post), ' ', '')"

_RETURN = f"""
CREATE OR REPLACE TEMP TABLE return_episode AS
SELECT child AS child_id, decom AS start_date, rne AS start_reason, ls AS legal_status, {_PLACE} AS place,
    {_ADDRESS} AS address,
    replace(home_post, ' ', '') AS home_post, replace(pl_post, ' ', '') AS placement_post,
    coalesce(dec, lead(decom) OVER following) AS end_date,
    CASE
        WHEN dec IS NOT NULL THEN rec
        WHEN lead(decom) OVER following IS NOT NULL THEN 'X1'
    END AS end_reason
FROM {{staged}}
WINDOW following AS (PARTITION BY child ORDER BY decom, dec NULLS LAST)
"""

_OPEN_AND_MISSING = """
CREATE OR REPLACE TEMP TABLE left_open AS
SELECT h.child_id, h.start_date,
    f.start_date AS first_start,
    f.start_reason = 'S' OR f.start_date <= h.start_date
        OR (f.start_reason IS NOT DISTINCT FROM h.start_reason AND f.address = h.address) AS corrected
FROM history AS h
LEFT JOIN (
    SELECT * FROM return_episode WHERE start_date <= DATE '{between}'
    QUALIFY row_number() OVER (PARTITION BY child_id ORDER BY start_date, end_date NULLS LAST) = 1
) AS f ON f.child_id = h.child_id
WHERE h.end_date IS NULL
    AND (h.child_id, h.start_date) NOT IN (SELECT child_id, start_date FROM return_episode)
"""

_STITCH = (
    # Rule 2: the first is its correction. Rule 1: closed on that 31 March, and nobody has ceased. Rule 3: a late move.
    # A row of zero days of the same start is closed, stands beside it, and stays.
    """
    DELETE FROM history
    WHERE end_date IS NULL AND (child_id, start_date) IN (SELECT child_id, start_date FROM left_open WHERE corrected)
    """,
    """
    UPDATE history SET
        end_date = coalesce(l.first_start, DATE '{between}'),
        end_reason = CASE WHEN l.first_start IS NOT NULL THEN 'X1' END
    FROM left_open AS l
    WHERE history.child_id = l.child_id AND history.start_date = l.start_date AND history.end_date IS NULL
    """,
    """
    DELETE FROM history
    WHERE (child_id, start_date) IN (SELECT child_id, start_date FROM return_episode)
    """,
)

# Centimetres in 20 miles (1 mile is 1609.344 m), squared: the comparison with whole metres is exact.
_TWENTY_MILES_SQUARED = 3_218_688**2

_METRES_SQUARED = "(CAST(h.{axis} AS BIGINT) - p.{axis}) * (h.{axis} - p.{axis})"
_SQUARED = " + ".join(_METRES_SQUARED.format(axis=axis) for axis in ("easting", "northing"))
_DISTANCE = f"""
CAST(floor(sqrt({_SQUARED}) / 160.9344 + 0.5) AS INTEGER) AS distance_tenths,
({_SQUARED}) * 10000 > {_TWENTY_MILES_SQUARED} AS beyond_20_miles
"""

_COLUMNS = "start_date, start_reason, legal_status, place, address, end_date, end_reason"


class EpisodeHistory:
    """The stitched episodes so far. Returns are added in the order of their years."""

    def __init__(self, engine: DuckDbEngine) -> None:
        self._engine = engine
        self._last_year: int | None = None
        self._run(
            "CREATE OR REPLACE TEMP TABLE history (child_id VARCHAR, return_year INTEGER, start_date DATE,"
            " start_reason VARCHAR, legal_status VARCHAR, place VARCHAR, address VARCHAR, end_date DATE,"
            " end_reason VARCHAR)"
        )

    def add(self, staged: str, year: int) -> None:
        """Adds the episodes of the return of `year`, staged under that name with repeated rows taken out."""
        self._run(_RETURN.format(staged=staged))
        if self._last_year is not None:
            between = date(self._last_year, 3, 31)
            for statement in (_OPEN_AND_MISSING, *_STITCH):
                self._run(statement.format(between=between))
        self._run(f"INSERT INTO history SELECT child_id, {year}, {_COLUMNS} FROM return_episode")
        self._last_year = year

    def postcodes(self, year: int) -> frozenset[str]:
        """The postcodes of homes and placements in the return of `year`, without blanks."""
        if self._last_year != year:
            return frozenset()
        named = "SELECT home_post FROM return_episode UNION SELECT placement_post FROM return_episode"
        return frozenset(post for (post,) in self._engine.rows(named, _SUBJECT) if post)

    def fill(self, year: int, council_ons_code: str | None) -> None:
        """Fills `episode` from the return of `year`, if it was added, and `episode_history` from all.

        Distances come from the places of `node.sources.postcodes`; which placements are outside the council is not
        known without its code.
        """
        if self._last_year == year:
            columns = ", ".join(f"e.{column}" for column in _COLUMNS.split(", "))
            self._run(
                f"INSERT INTO episode (child_id, event, {_COLUMNS}, distance_tenths, beyond_20_miles, outside_council) "
                f"SELECT e.child_id, {_EVENT}, {columns}, {_DISTANCE}, {_outside(council_ons_code)} "
                f"FROM return_episode AS e LEFT JOIN {PLACES} AS h ON h.postcode = e.home_post "
                f"LEFT JOIN {PLACES} AS p ON p.postcode = e.placement_post"
            )
        self._run(f"INSERT INTO episode_history SELECT child_id, {_EVENT}, return_year, {_COLUMNS} FROM history")
        for table in ("history", "return_episode", "left_open", PLACES):
            self._run(f"DROP TABLE IF EXISTS {table}")

    def _run(self, sql: str) -> None:
        self._engine.run(sql, _SUBJECT)


def _outside(council_ons_code: str | None) -> str:
    """Whether the placement's area is another council's, as SQL.

    A directory without counties names the district of a placement in a county, which does not tell one county from
    another.
    """
    if council_ons_code is None:
        return "CAST(NULL AS BOOLEAN)"
    if re.fullmatch("E[0-9]{8}", council_ons_code) is None:
        raise ValueError("not the ONS code of a council of England")
    county = "AND p.area NOT LIKE 'E07%'" if council_ons_code.startswith("E10") else ""
    return f"CASE WHEN p.area IS NOT NULL {county} THEN {current_code('p.area')} <> '{council_ons_code}' END"
