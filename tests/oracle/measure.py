"""Every figure of one year, in the shape of `newlyn-node measure --format json`.

Run as `python -m tests.oracle.measure FOLDER YEAR` to print them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.oracle.census import Census, CensusHistory, read_census
from tests.oracle.children_in_need import YEARS_BEFORE, ChildrenInNeed
from tests.oracle.dates import Year
from tests.oracle.figures import NOT_AVAILABLE, figure
from tests.oracle.looked_after import NEEDED_FILES, LookedAfter
from tests.oracle.looked_after_returns import LookedAfterHistory, LookedAfterReturn, read_return

OTHER_OUTCOME_CHECKS = {
    "health_assessment",
    "immunisation",
    "dental_check",
    "development_check_u5",
    "substance_misuse",
    "substance_intervention_received",
    "substance_intervention_refused",
    "convicted",
}


def _looked_after_missing(indicator: str, returns: dict[int, LookedAfterReturn], year: int) -> bool:
    def has(back: int, file: str = "") -> bool:
        found = returns.get(year - back)
        return found is not None and found.complete and (not file or file in found.files)

    needs = [has(0)]
    if indicator.startswith("sdq_") or indicator in OTHER_OUTCOME_CHECKS:
        needs.append(has(0, "oc2"))
    if indicator == "sdq_improved":
        before = returns.get(year - 1)
        needs.append(before is not None and "oc2" in before.files)
    if indicator.startswith("care_leaver_"):
        needs.append(has(0, "oc3"))
    if indicator in NEEDED_FILES:
        needs.append(has(0, NEEDED_FILES[indicator]))
    if indicator in {"reunified_no_return_12m", "same_carer_2y", "placements_3plus_2y"}:
        needs.append(has(1))
    if indicator in {"same_carer_2y", "placements_3plus_2y"}:
        needs.append(has(2))
    return not all(needs)


def measure(folder: Path, year: int) -> dict[str, dict[str, Any]]:
    """The figures of `year` by indicator, from the returns under `<folder>/<year>/`. No return after it is opened."""
    reporting = Year(year)
    censuses: dict[int, Census] = {}
    returns: dict[int, LookedAfterReturn] = {}
    for year_folder in sorted(folder.iterdir()):
        number = int(year_folder.name)
        if number > year:
            continue
        for path in year_folder.rglob("*.xml"):
            censuses[number] = read_census(path)
        looked_after = read_return(year_folder)
        if looked_after.files:
            returns[number] = looked_after
    in_need = ChildrenInNeed(CensusHistory({year: Census(), **censuses}), reporting)
    looked_after_now = LookedAfter(LookedAfterHistory({year: LookedAfterReturn(), **returns}), reporting)
    figures: dict[str, dict[str, Any]] = {}
    for indicator, kind, members in in_need.measure():
        needed = range(year - YEARS_BEFORE.get(indicator, 0), year + 1)
        there = all(number in censuses for number in needed)
        figures[indicator] = figure(kind, members, in_need.history.person, reporting.end) if there else NOT_AVAILABLE
    for indicator, kind, members in looked_after_now.measure():
        missing = _looked_after_missing(indicator, returns, year)
        figures[indicator] = (
            NOT_AVAILABLE if missing else figure(kind, members, looked_after_now.history.person, reporting.end)
        )
    return figures


if __name__ == "__main__":
    print(json.dumps({"indicators": measure(Path(sys.argv[1]), int(sys.argv[2]))}, indent=1))
