"""The SSDA903 files that are used: their columns, kinds of value and code lists (returns reference 2).

Code lists hold every code of any collection year: councils are late with changes, and no rule of ours needs a code to
be refused. Columns and files that are not listed are ignored.
"""

from __future__ import annotations

from node.sources.characteristics import ETHNICITY_CODES, SEX_CODES
from node.sources.csv_columns import Column, Value
from node.sources.inventory import EPISODES, HEADER


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CHILD = Column("CHILD", essential=True)
_FLAGS = (
    "CONVICTED",
    "HEALTH_CHECK",
    "IMMUNISATIONS",
    "TEETH_CHECK",
    "HEALTH_ASSESSMENT",
    "SUBSTANCE_MISUSE",
    "INTERVENTION_RECEIVED",
    "INTERVENTION_OFFERED",
)

LEGAL_STATUSES = _codes("C1 C2 D1 E1 V2 V3 V4 L1 L2 L3 J1 J2 J3")
PLACES = _codes("A3 A4 A5 A6 H5 K1 K2 K3 P1 P2 P3 R1 R2 R3 R5 S1 T0 T1 T2 T3 T4 U1 U2 U3 U4 U5 U6 Z1 Z11 Z12 Z13 Z14")
END_REASONS = _codes("X1 E11 E12 E2 E3 E4A E4B E13 E41 E43 E44 E45 E46 E47 E48 E5 E6 E7 E8 E9 E14 E15 E16 E17")
_ACTIVITIES = _codes("F1 P1 F2 P2 F3 P3 F4 P4 F5 P5 G4 G5 G6 0")
_ACCOMMODATION = _codes(" ".join(f"{letter}1 {letter}2" for letter in "BCDEGHKRSTUVWXYZ") + " 0")

COLUMNS: dict[str, tuple[Column, ...]] = {
    HEADER: (
        _CHILD,
        Column("SEX", Value.CODE, codes=SEX_CODES),
        Column("DOB", Value.DATE),
        Column("ETHNIC", Value.CODE, codes=ETHNICITY_CODES),
        Column("UPN", Value.UPN, optional=True),
    ),
    EPISODES: (
        _CHILD,
        Column("DECOM", Value.DATE, essential=True, by_year_end=True),
        Column("RNE", Value.CODE, codes=_codes("S L P T B U")),
        Column("LS", Value.CODE, codes=LEGAL_STATUSES),
        Column("PLACE", Value.CODE, codes=PLACES),
        Column("DEC", Value.DATE, by_year_end=True),
        Column("REC", Value.CODE, codes=END_REASONS),
        Column("HOME_POST", optional=True),
        Column("PL_POST", optional=True),
        Column("URN", optional=True),
    ),
    "ssda903.oc2": (
        _CHILD,
        Column("SDQ_SCORE", Value.WHOLE, high=40),
        *(Column(name, Value.FLAG) for name in _FLAGS),
    ),
    "ssda903.oc3": (
        _CHILD,
        Column("IN_TOUCH", Value.CODE, codes=_codes("YES NO DIED REFU NREQ RHOM")),
        Column("ACTIV", Value.CODE, codes=_ACTIVITIES),
        Column("ACCOM", Value.CODE, codes=_ACCOMMODATION),
    ),
    "ssda903.missing": (
        _CHILD,
        Column("MISSING", Value.CODE, codes=_codes("M A")),
        Column("MIS_START", Value.DATE, essential=True, by_year_end=True),
        Column("MIS_END", Value.DATE, by_year_end=True),
    ),
    "ssda903.social_worker": (
        _CHILD,
        Column("SW_ID", essential=True),
        Column("SW_DECOM", Value.DATE, essential=True, by_year_end=True),
        Column("SW_DEC", Value.DATE, by_year_end=True),
    ),
    "ssda903.uasc": (
        _CHILD,
        Column("DUC", Value.DATE),
    ),
    "ssda903.ad1": (
        _CHILD,
        Column("DATE_INT", Value.DATE, by_year_end=True),
        Column("DATE_MATCH", Value.DATE, by_year_end=True),
        Column("FOSTER_CARE", Value.FLAG, optional=True),
    ),
    "ssda903.placed_for_adoption": (
        _CHILD,
        Column("DATE_PLACED", Value.DATE, essential=True, by_year_end=True),
        Column("DATE_PLACED_CEASED", Value.DATE, by_year_end=True, optional=True),
    ),
}
"""The columns that are read, by kind of file."""
