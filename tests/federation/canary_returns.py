"""Returns in the real formats about children whose every value is unmistakable, with rows that cannot be used."""

from __future__ import annotations

from pathlib import Path

from tests.federation.canaries import CHILDREN

_DOB = "27/02/2013"


def _csv(path: Path, header: str, rows: list[str]) -> None:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def _ssda903(folder: Path, year: int) -> None:
    sex = "2" if year < 2025 else "F"
    _csv(
        folder / "header.csv",
        "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB",
        [f"{child},{sex},{_DOB},WBRI,Z998877665544,," for child in CHILDREN]
        + ["CANARYDUNNOCK9,CANARYFAULT4,CANARYFAULT4,CANARYFAULT4,CANARYFAULT4,,"],
    )
    place = "U4,PR1"
    _csv(
        folder / "episodes.csv",
        "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN",
        [f"{child},01/06/2021,S,C2,N1,{place},,,,ZZ98 7QX,ZZ98 7QX,SC998877" for child in CHILDREN]
        + [
            "CANARYDUNNOCK9,CANARYFAULT4,S,C2,N1,U4,PR1,,,,ZZ98 7QX,ZZ98 7QX,",
            f"CANARYKESTREL7,31/02/{year - 1},P,C2,N1,CANARYFAULT4,PR1,CANARYFAULT4,X1,,ZZ98 7QX,ZZ98 7QX,",
            ",01/06/2022,S,C2,N1,U4,PR1,,,,ZZ98 7QX,ZZ98 7QX,",
        ],
    )
    _csv(
        folder / "oc2.csv",
        "CHILD,DOB,SDQ_SCORE,SDQ_REASON,CONVICTED,HEALTH_CHECK,IMMUNISATIONS,TEETH_CHECK,HEALTH_ASSESSMENT,"
        "SUBSTANCE_MISUSE,INTERVENTION_RECEIVED,INTERVENTION_OFFERED",
        [f"{child},{_DOB},21,,1,0,1,1,1,1,1,0" for child in CHILDREN]
        + [f"CANARYWAXWING8,{_DOB},CANARYFAULT4,CANARYFAULT4,CANARYFAULT4,9,9,9,9,9,9,9"],
    )
    _csv(folder / "oc3.csv", "CHILD,DOB,IN_TOUCH,ACTIV,ACCOM", [f"{CHILDREN[0]},{_DOB},CANARYFAULT4,F1,B1"])
    _csv(
        folder / "missing.csv",
        "CHILD,DOB,MISSING,MIS_START,MIS_END",
        [f"{CHILDREN[0]},{_DOB},M,01/07/{year - 1},CANARYFAULT4", f"{CHILDREN[1]},{_DOB},CANARYFAULT4,,"],
    )
    _csv(
        folder / "social_worker.csv",
        "CHILD,DOB,SW_ID,SW_DECOM,SW_DEC,SW_REASON",
        [f"{child},{_DOB},CANARYWORKER3,01/06/2021,,MANAGE" for child in CHILDREN],
    )


def _adoption_and_distance(folder: Path) -> None:
    _csv(
        folder / "ad1.csv",
        "CHILD,DOB,DATE_INT,DATE_MATCH,FOSTER_CARE,NB_ADOPTR,SEX_ADOPTR,LS_ADOPTR",
        [f"{CHILDREN[0]},{_DOB},CANARYFAULT4,01/02/2024,CANARYFAULT4,1,F1,L0"],
    )
    _csv(
        folder / "placed.csv",
        "CHILD,DOB,DATE_PLACED,DATE_PLACED_CEASED,REASON_PLACED_CEASED",
        [f"{CHILDREN[1]},{_DOB},01/02/2024,CANARYFAULT4,CANARYFAULT4"],
    )
    _csv(folder / "uasc.csv", "CHILD,SEX,DOB,DUC", [f"{CHILDREN[2]},2,{_DOB},CANARYFAULT4"])
    _csv(
        folder / "postcodes.csv",
        "PCDS,OSEAST1M,OSNRTH1M,OSLAUA",
        ["ZZ98 7QX,530000,180000,E09000007", "ZZ98 7QY,CANARYFAULT4,180000,E09000007"],
    )


def _education(folder: Path) -> None:
    known = [f"Z998877665544,{CHILDREN[0]}", f",{CHILDREN[1]}", f"CANARYFAULT4,{CHILDREN[2]}"]
    files = {
        "attendance": ("SESSIONS_POSSIBLE,SESSIONS_MISSED", ["300,45", "300,2", "CANARYFAULT4,CANARYFAULT4"]),
        "suspensions": ("SUSPENSIONS,PERMANENT_EXCLUSIONS", ["1,0", "0,0", "CANARYFAULT4,0"]),
        "attainment": (
            "STAGE,EXPECTED,ATTAINMENT8,PROGRESS8,ENGLISH_GRADE,MATHS_GRADE",
            ["KS2,1,,,,", "KS2,0,,,,", "CANARYFAULT4,1,CANARYFAULT4,,,"],
        ),
        "school_census": ("SEN,FREE_SCHOOL_MEALS", ["K,1", "N,0", "CANARYFAULT4,CANARYFAULT4"]),
        "school_moves": ("MOVE_DATE", ["01/11/2024", "01/12/2024", "CANARYFAULT4"]),
    }
    for name, (columns, rows) in files.items():
        _csv(
            folder / f"{name}.csv",
            f"UPN,CHILD_ID,{columns}",
            [f"{who},{row}" for who, row in zip(known, rows, strict=True)],
        )


def _feedback_and_families(folder: Path) -> None:
    who = "CANARYRESPONDENT5,ylyc,1,11_18"
    _csv(
        folder / "invitations.csv",
        "RESPONDENT,INSTRUMENT,VERSION,AGE_FORM,RESPONDED,SEX,DOB",
        [f"{who},1,2,{_DOB}", f"{CHILDREN[0]},ylyc,1,11_18,CANARYFAULT4,2,{_DOB}"],
    )
    _csv(
        folder / "answers.csv",
        "RESPONDENT,INSTRUMENT,VERSION,AGE_FORM,QUESTION,ANSWER",
        [f"{who},life_satisfaction,9", f"{who},trusted_adult,CANARYFAULT4", f"{who},CANARYFAULT4,CANARYFAULT4"],
    )
    _csv(folder / "families.csv", "FAMILY_ID,CLOSED_DATE", ["CANARYFAMILY6,01/12/2024", "CANARYFAMILY6B,CANARYFAULT4"])
    _csv(
        folder / "needs.csv",
        "FAMILY_ID,NEED,OUTCOME_DATE,LAPSED_DATE",
        [*(f"CANARYFAMILY6,{need},01/05/2024," for need in (1, 2, 6)), "CANARYFAMILY6,CANARYFAULT4,,"],
    )


def _census_child(child: str, year: int, broken: bool) -> str:
    closure = "<CINclosureDate>CANARYFAULT4</CINclosureDate>" if broken else ""
    sex = "<Sex>F</Sex>" if year >= 2025 else "<GenderCurrent>2</GenderCurrent>"
    return f"""
    <Child><ChildIdentifiers><LAchildID>{child}</LAchildID><UPN>Z998877665544</UPN>
      <PersonBirthDate>2013-02-27</PersonBirthDate>{sex}</ChildIdentifiers>
      <ChildCharacteristics><Ethnicity>WBRI</Ethnicity></ChildCharacteristics>
      <CINdetails><CINreferralDate>{year - 1}-06-03</CINreferralDate><ReferralSource>CANARYFAULT4</ReferralSource>
        <PrimaryNeedCode>N1</PrimaryNeedCode>{closure}
        <Assessments><AssessmentActualStartDate>{year - 1}-06-04</AssessmentActualStartDate>
          <AssessmentAuthorisationDate>{year - 1}-07-04</AssessmentAuthorisationDate>
          <FactorsIdentifiedAtAssessment><AssessmentFactors>3A</AssessmentFactors></FactorsIdentifiedAtAssessment>
        </Assessments>
        <ReferralNFA>0</ReferralNFA>
        <ChildProtectionPlans><CPPstartDate>{year - 1}-08-01</CPPstartDate>
          <InitialCategoryOfAbuse>NEG</InitialCategoryOfAbuse><LatestCategoryOfAbuse>NEG</LatestCategoryOfAbuse>
          <NumberOfPreviousCPP>CANARYFAULT4</NumberOfPreviousCPP></ChildProtectionPlans>
      </CINdetails></Child>"""


def _census(path: Path, year: int) -> None:
    children = "".join(_census_child(child, year, broken=child == CHILDREN[2]) for child in CHILDREN)
    path.write_text(
        f"""<?xml version="1.0" encoding="utf-8"?>
<Message><Header><CollectionDetails><Collection>CIN</Collection><Year>{year}</Year>
  <ReferenceDate>{year}-03-31</ReferenceDate></CollectionDetails>
  <Source><SourceLevel>L</SourceLevel><LEA>301</LEA><SoftwareCode>none</SoftwareCode><Release>1</Release>
  <SerialNo>001</SerialNo><DateTime>{year}-04-30T00:00:00</DateTime></Source></Header>
  <Children>{children}</Children></Message>
""",
        encoding="utf-8",
    )


def write_canary_returns(folder: Path) -> Path:
    """Writes three years of returns, one folder a year, and returns `folder`."""
    for year in (2023, 2024, 2025):
        (folder / str(year)).mkdir(parents=True)
        _ssda903(folder / str(year), year)
        _adoption_and_distance(folder / str(year))
        _education(folder / str(year))
        _feedback_and_families(folder / str(year))
        _census(folder / str(year) / "census.xml", year)
    return folder
