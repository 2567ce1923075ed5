"""Education and families files for tests, written by hand-sized pieces, with care records of the same children; every
id is invented, and every UPN is of a local authority that does not exist."""

from __future__ import annotations

from tests.node import census_xml, ssda903_csv

ATTENDANCE = "UPN,CHILD_ID,SESSIONS_POSSIBLE,SESSIONS_MISSED,SEX,DOB,ETHNIC"
SUSPENSIONS = "UPN,CHILD_ID,SUSPENSIONS,PERMANENT_EXCLUSIONS"
ATTAINMENT = "UPN,CHILD_ID,STAGE,EXPECTED,ATTAINMENT8,PROGRESS8,ENGLISH_GRADE,MATHS_GRADE"
SCHOOL_CENSUS = "UPN,CHILD_ID,SEN,FREE_SCHOOL_MEALS,SEX,DOB,ETHNIC"
SCHOOL_MOVES = "UPN,CHILD_ID,MOVE_DATE"
FAMILIES = "FAMILY_ID,CLOSED_DATE"
NEEDS = "FAMILY_ID,NEED,OUTCOME_DATE,LAPSED_DATE"


def upn(number: int) -> str:
    """A UPN of the right form."""
    return f"A999{number:09}"


def looked_after(year: int, *children: tuple[str, str]) -> dict[str, str]:
    """An SSDA903 return of children (id, UPN) who have been looked after since 2020."""
    header = (f"{child_id},2,01/01/2015,WBRI,{number},," for child_id, number in children)
    episodes = (ssda903_csv.episode(child_id, "10/01/2020") for child_id, _ in children)
    return {
        f"{year}/header.csv": ssda903_csv.csv_text(ssda903_csv.HEADER, *header),
        f"{year}/episodes.csv": ssda903_csv.csv_text(ssda903_csv.EPISODES, *episodes),
    }


def in_need(year: int, *children: tuple[str, str]) -> dict[str, str]:
    """A census of children (id, UPN) with an open case and an open plan."""
    groups = (
        census_xml.child(
            child_id,
            census_xml.details(f"{year - 1}-06-01", census_xml.plan(f"{year - 1}-07-01")),
            identifiers=(f"<UPN>{number}</UPN>" if number else "")
            + "<PersonBirthDate>2014-02-02</PersonBirthDate><Sex>M</Sex>",
        )
        for child_id, number in children
    )
    return {f"{year}/census.xml": census_xml.message(year, *groups)}
