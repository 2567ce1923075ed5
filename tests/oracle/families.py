"""Families of the Supporting Families programme (section 3.3), from the two files of the year."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from tests.oracle.csv_files import Files, to_date, to_whole
from tests.oracle.dates import Year, add_months
from tests.oracle.figures import PERCENT, Kind, Member


def sustained(outcome: date | None, lapsed: date | None, year: Year) -> bool:
    """A positive outcome that held for six months, which are over by 31 March."""
    if outcome is None:
        return False
    held_until = add_months(outcome, 6)
    return held_until <= year.end and (lapsed is None or lapsed >= held_until)


def families(files: Files, year: Year) -> Iterator[tuple[str, Kind, list[Member]]]:
    """The indicator as id, kind and cohort members."""
    closed = {row["FAMILY_ID"]: to_date(row["CLOSED_DATE"]) for row in files.get("families", []) if row["FAMILY_ID"]}
    needs: dict[str, dict[int, bool]] = defaultdict(dict)
    for row in files.get("needs", []):
        need = to_whole(row["NEED"], 1, 10)
        if need is not None:
            needs[row["FAMILY_ID"]][need] = sustained(to_date(row["OUTCOME_DATE"]), to_date(row["LAPSED_DATE"]), year)
    yield (
        "families_outcomes_sustained",
        PERCENT,
        [
            Member(family, len(needs[family]) >= 3 and all(needs[family].values()))
            for family, day in closed.items()
            if year.has(day)
        ],
    )
