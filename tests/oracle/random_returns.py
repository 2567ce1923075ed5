"""Seeded returns of a small invented council, made to sit on every boundary that the definitions have.

The returns are messy but readable: corrected, repeated and vanished rows, codes of both eras, dates on 31 March and
1 April, anniversaries, 729 days, moves and back. Ids are invented, and each child's records depend on the seed and
the child alone, so a disagreement can be narrowed to one child.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.oracle.random_care import care_slices
from tests.oracle.random_need import need_slices

Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Council:
    """How many children of each return there are, the reference year, and the files that are left out."""

    seed: int
    year: int
    children: tuple[int, ...]
    without: frozenset[str] = frozenset()
    """Names such as `oc2@2024` or `census@2023`."""


def _write_csv(path: Path, columns: str, rows: Rows) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns.split(","), restval="")
        writer.writeheader()
        writer.writerows(rows)


_COLUMNS = {
    "header": "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB",
    "episodes": "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN",
    "oc2": "CHILD,DOB,SDQ_SCORE,SDQ_REASON,CONVICTED,HEALTH_CHECK,IMMUNISATIONS,TEETH_CHECK,HEALTH_ASSESSMENT,"
    "SUBSTANCE_MISUSE,INTERVENTION_RECEIVED,INTERVENTION_OFFERED",
    "oc3": "CHILD,DOB,IN_TOUCH,ACTIV,ACCOM",
    "missing": "CHILD,DOB,MISSING,MIS_START,MIS_END",
    "social_worker": "CHILD,DOB,SW_ID,SW_DECOM,SW_DEC,SW_REASON",
    "uasc": "CHILD,SEX,DOB,DUC",
}


def write_returns(council: Council, folder: Path) -> None:
    """Writes the returns of three years up to the council's, and of the year after, which nobody may read."""
    years = range(council.year - 2, council.year + 2)
    files: dict[int, dict[str, Rows]] = {year: {name: [] for name in _COLUMNS} for year in years}
    censuses: dict[int, list[str]] = {year: [] for year in years}
    for number in council.children:
        random = Random(f"{council.seed}/{council.year}/{number}")
        for year, slices in care_slices(random, f"{number:04d}", council.year).items():
            for name, rows in slices.items():
                files[year][name] += rows
        for year, groups in need_slices(random, f"{number:04d}", council.year).items():
            censuses[year] += groups
    for year in years:
        for name, columns in _COLUMNS.items():
            if f"{name}@{year}" not in council.without:
                _write_csv(folder / str(year) / "looked after" / f"{name}.csv", columns, files[year][name])
        if f"census@{year}" not in council.without:
            path = folder / str(year) / "census.xml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(
                f"<Message><Header><CollectionDetails><Collection>CIN</Collection><Year>{year}</Year>"
                f"<ReferenceDate>{year}-03-31</ReferenceDate></CollectionDetails></Header><Children>\n"
                + "".join(censuses[year])
                + "</Children></Message>",
                encoding="utf-8",
            )
