"""Every figure of one year, in the shape of `newlyn-node measure --format json`.

Run as `python -m tests.oracle.measure FOLDER YEAR` to print them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.oracle import availability
from tests.oracle.census import Census, CensusHistory, read_census
from tests.oracle.children_in_need import ChildrenInNeed
from tests.oracle.csv_files import Files, read_folder
from tests.oracle.dates import Year
from tests.oracle.distance import distances, read_directory
from tests.oracle.education import Education
from tests.oracle.families import families
from tests.oracle.feedback import Feedback
from tests.oracle.figures import NOBODY, NOT_AVAILABLE, figure
from tests.oracle.looked_after import LookedAfter
from tests.oracle.looked_after_returns import LookedAfterHistory, LookedAfterReturn, read_return
from tests.oracle.permanence import Permanence


def measure(folder: Path, year: int, own_areas: frozenset[str] = frozenset()) -> dict[str, dict[str, Any]]:
    """The figures of `year` by indicator, from the returns under `<folder>/<year>/`. No return after it is opened.

    `own_areas` are the ONS codes that the council has had; without them no placement is known to be outside it.
    """
    reporting = Year(year)
    censuses: dict[int, Census] = {}
    files: dict[int, Files] = {}
    for year_folder in sorted(folder.iterdir()):
        number = int(year_folder.name)
        if number > year:
            continue
        for path in year_folder.rglob("*.xml"):
            censuses[number] = read_census(path)
        files[number] = read_folder(year_folder)
    there = {number: set(found) | ({"census"} if number in censuses else set()) for number, found in files.items()}
    returns = {
        number: found for number, of_year in files.items() if (found := read_return(of_year, Year(number))).files
    }
    need = CensusHistory({year: Census(), **censuses})
    care = LookedAfterHistory({year: LookedAfterReturn(), **returns})
    now = files.get(year, {})
    in_care = LookedAfter(care, reporting)
    pupils = Education(now, care, need, reporting)
    surveys = Feedback(now)
    figures = {"early_permanence": NOT_AVAILABLE}
    for measured, person in (
        (ChildrenInNeed(need, reporting).measure(), need.person),
        (in_care.measure(), care.person),
        (distances(in_care.open, read_directory(now.get("postcodes", [])), own_areas), care.person),
        (Permanence(care, reporting).measure(), care.person),
        (pupils.measure(), pupils.person),
        (surveys.measure(), surveys.person),
        (families(now, reporting), lambda _: NOBODY),
    ):
        for indicator, kind, members in measured:
            missing = any(
                file not in there.get(year - back, set())
                for back, file in availability.needs(indicator, own_council=bool(own_areas))
            )
            figures[indicator] = NOT_AVAILABLE if missing else figure(kind, members, person, reporting.end)
    return figures


if __name__ == "__main__":
    areas = frozenset(sys.argv[3:])
    print(json.dumps({"indicators": measure(Path(sys.argv[1]), int(sys.argv[2]), areas)}, indent=1))
