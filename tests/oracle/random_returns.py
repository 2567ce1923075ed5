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
from tests.oracle.random_permanence import add_permanence, directory
from tests.oracle.random_school import august_birth, pupil_number, school_rows
from tests.oracle.random_voice import family_rows, voice_rows

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


_LOOKED_AFTER = {
    "header": "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB",
    "episodes": "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN",
    "oc2": "CHILD,DOB,SDQ_SCORE,SDQ_REASON,CONVICTED,HEALTH_CHECK,IMMUNISATIONS,TEETH_CHECK,HEALTH_ASSESSMENT,"
    "SUBSTANCE_MISUSE,INTERVENTION_RECEIVED,INTERVENTION_OFFERED",
    "oc3": "CHILD,DOB,IN_TOUCH,ACTIV,ACCOM",
    "missing": "CHILD,DOB,MISSING,MIS_START,MIS_END",
    "social_worker": "CHILD,DOB,SW_ID,SW_DECOM,SW_DEC,SW_REASON",
    "uasc": "CHILD,SEX,DOB,DUC",
    "ad1": "CHILD,DOB,DATE_INT,DATE_MATCH,FOSTER_CARE,NB_ADOPTR,SEX_ADOPTR,LS_ADOPTR",
    "placed_for_adoption": "CHILD,DOB,DATE_PLACED,DATE_PLACED_CEASED,REASON_PLACED_CEASED",
}
_PUPIL = "UPN,CHILD_ID,SEX,DOB,ETHNIC"
_FORM = "RESPONDENT,INSTRUMENT,VERSION,AGE_FORM"
_OTHERS = {
    "attendance": f"{_PUPIL},SESSIONS_POSSIBLE,SESSIONS_MISSED",
    "suspensions": f"{_PUPIL},SUSPENSIONS,PERMANENT_EXCLUSIONS",
    "attainment": f"{_PUPIL},STAGE,EXPECTED,ATTAINMENT8,PROGRESS8,ENGLISH_GRADE,MATHS_GRADE",
    "school_census": f"{_PUPIL},SEN,FREE_SCHOOL_MEALS",
    "moves": f"{_PUPIL},MOVE_DATE",
    "invitations": f"{_FORM},RESPONDED,SEX,DOB,ETHNIC",
    "answers": f"{_FORM},QUESTION,ANSWER",
    "families": "FAMILY_ID,CLOSED_DATE",
    "needs": "FAMILY_ID,NEED,OUTCOME_DATE,LAPSED_DATE",
}


def write_returns(council: Council, folder: Path) -> None:
    """Writes the returns of three years up to the council's, and of the year after, which nobody may read.

    The files that are not of the SSDA903 or the census stand in two parts, since every second child has another school.
    """
    years = range(council.year - 2, council.year + 2)
    files: dict[int, dict[str, Rows]] = {year: {name: [] for name in _LOOKED_AFTER} for year in years}
    parts: dict[tuple[int, str, int], Rows] = {
        (year, name, part): [] for year in years[1:] for name in _OTHERS for part in (0, 1)
    }
    censuses: dict[int, list[str]] = {year: [] for year in years}
    for number in council.children:
        child = f"C{number:04d}"
        seed = f"{council.seed}/{council.year}/{number}"
        random, others = Random(seed), Random(f"{seed}/others")
        cared_for = care_slices(random, child, council.year)
        add_permanence(others, child, cared_for)
        born = august_birth(others, council.year) if others.random() < 0.2 else ""
        for year, slices in cared_for.items():
            for row in slices["header"]:
                row |= {"UPN": pupil_number(others, number), "DOB": born or row["DOB"]}
            for name, rows in slices.items():
                files[year][name] += rows
        numbers = {year: pupil_number(others, number).upper().strip() for year in years}
        for year, groups in need_slices(random, child.lower(), council.year, numbers).items():
            censuses[year] += groups
        for year in years[1:]:
            began = [row["DECOM"] for row in cared_for[year]["episodes"]]
            found = school_rows(others, number, year, began) | voice_rows(others, number, year)
            for name, rows in (found | family_rows(others, number, year)).items():
                for row in rows:
                    parts[year, name, others.randrange(2)].append(row)
    for year in years:
        for name, columns in _LOOKED_AFTER.items():
            if f"{name}@{year}" not in council.without:
                _write_csv(folder / str(year) / "looked after" / f"{name}.csv", columns, files[year][name])
        if f"postcodes@{year}" not in council.without:
            _write_csv(folder / str(year) / "places.csv", "PCDS,OSEAST1M,OSNRTH1M,OSLAUA", directory())
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
    for (year, name, part), rows in parts.items():
        if f"{name}@{year}" not in council.without:
            _write_csv(folder / str(year) / f"part {part}" / f"{name}.csv", _OTHERS[name], rows)
