"""CIN census files for tests, written by hand-sized pieces; every id is invented."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from node.engines.duckdb_engine import DuckDbEngine
from node.sources.cin_census import read_census
from node.sources.inventory import CENSUS, ReturnFile
from node.sources.report import ReadReport, ReportBuilder

_GIRL_OF_10 = "<PersonBirthDate>2015-01-01</PersonBirthDate><Sex>F</Sex>"


def child(child_id: str, *details: str, identifiers: str = _GIRL_OF_10, ethnicity: str = "WBRI") -> str:
    """A Child group."""
    return (
        f"<Child>\n<ChildIdentifiers>\n<LAchildID>{child_id}</LAchildID>\n{identifiers}\n</ChildIdentifiers>\n"
        f"<ChildCharacteristics>\n<Ethnicity>{ethnicity}</Ethnicity>\n</ChildCharacteristics>\n"
        f"{''.join(details)}</Child>\n"
    )


def details(referral: str, *groups: str, nfa: str = "0", more: str = "") -> str:
    """A CINdetails group: `more` stands before ReferralNFA, `groups` (assessments, plans ...) after it."""
    return (
        f"<CINdetails>\n<CINreferralDate>{referral}</CINreferralDate>\n<ReferralSource>1A</ReferralSource>\n{more}\n"
        f"<ReferralNFA>{nfa}</ReferralNFA>\n{''.join(groups)}</CINdetails>\n"
    )


def assessment(start: str, authorised: str = "", factors: Iterable[str] = ()) -> str:
    """An Assessments group."""
    listed = "".join(f"<AssessmentFactors>{factor}</AssessmentFactors>" for factor in factors)
    return (
        f"<Assessments><AssessmentActualStartDate>{start}</AssessmentActualStartDate>"
        + (f"<AssessmentAuthorisationDate>{authorised}</AssessmentAuthorisationDate>" if authorised else "")
        + (f"<FactorsIdentifiedAtAssessment>{listed}</FactorsIdentifiedAtAssessment>" if listed else "")
        + "</Assessments>\n"
    )


def section_47(start: str, conference: str = "") -> str:
    """A Section47 group."""
    held = f"<DateOfInitialCPC>{conference}</DateOfInitialCPC>" if conference else ""
    return f"<Section47><S47ActualStartDate>{start}</S47ActualStartDate>{held}</Section47>\n"


def plan(start: str, end: str = "", previous: str = "0", reviews: Iterable[str] = ()) -> str:
    """A ChildProtectionPlans group."""
    listed = "".join(f"<CPPreviewDate>{review}</CPPreviewDate>" for review in reviews)
    return (
        f"<ChildProtectionPlans><CPPstartDate>{start}</CPPstartDate>"
        + (f"<CPPendDate>{end}</CPPendDate>" if end else "")
        + f"<NumberOfPreviousCPP>{previous}</NumberOfPreviousCPP>"
        + (f"<Reviews>{listed}</Reviews>" if listed else "")
        + "</ChildProtectionPlans>\n"
    )


def message(year: int, *children: str, root: str = "<Message>", header: str | None = None) -> str:
    """A whole census."""
    if header is None:
        header = (
            f"<Header><CollectionDetails><Collection>CIN</Collection><Year>{year}</Year>"
            f"<ReferenceDate>{year}-03-31</ReferenceDate></CollectionDetails></Header>"
        )
    return f"{root}\n{header}\n<Children>\n{''.join(children)}</Children>\n</Message>\n"


class Census:
    """What a node holds after reading some censuses."""

    def __init__(self, engine: DuckDbEngine, report: ReadReport) -> None:
        self.engine = engine
        self.report = report

    def rows(self, table: str, columns: str) -> list[tuple[Any, ...]]:
        """Rows of a child-level table, sorted; dates as text."""
        listed = ", ".join(columns.split())
        rows = self.engine.connection.execute(f"SELECT {listed} FROM {table} ORDER BY ALL").fetchall()
        return [tuple(value.isoformat() if hasattr(value, "isoformat") else value for value in row) for row in rows]

    def faults(self) -> list[tuple[int, str, str]]:
        """Row faults as row, column, reason."""
        return [(fault.row, fault.column, fault.reason) for fault in self.report.faults]


@contextmanager
def reading(folder: Path, texts: Mapping[int, str | bytes], year: int, *, validate: bool = False) -> Iterator[Census]:
    """Writes one census a year into `folder`, and reads them for `year`."""
    files = []
    for return_year, text in texts.items():
        path = folder / f"census-{return_year}.xml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        files.append(ReturnFile(path, return_year, CENSUS, path.name))
    builder = ReportBuilder()
    with DuckDbEngine.create(year) as engine:
        read_census(engine, files, year, builder, validate)
        yield Census(engine, builder.build(frozenset()))
