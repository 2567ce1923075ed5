"""SSDA903 files for tests, written by hand-sized pieces; every id is invented."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from node.engines.duckdb_engine import DuckDbEngine
from node.sources.inventory import take_inventory
from node.sources.reading import read_returns
from node.sources.report import ReadReport

HEADER = "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB"
EPISODES = "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN"
OC2 = (
    "CHILD,DOB,SDQ_SCORE,SDQ_REASON,CONVICTED,HEALTH_CHECK,IMMUNISATIONS,TEETH_CHECK,HEALTH_ASSESSMENT,"
    "SUBSTANCE_MISUSE,INTERVENTION_RECEIVED,INTERVENTION_OFFERED"
)
OC3 = "CHILD,DOB,IN_TOUCH,ACTIV,ACCOM"
MISSING = "CHILD,DOB,MISSING,MIS_START,MIS_END"
SOCIAL_WORKER = "CHILD,DOB,SW_ID,SW_DECOM,SW_DEC,SW_REASON"
UASC = "CHILD,SEX,DOB,DUC"
AD1 = "CHILD,DOB,DATE_INT,DATE_MATCH,FOSTER_CARE,NB_ADOPTR,SEX_ADOPTR,LS_ADOPTR"
PLACED_FOR_ADOPTION = "CHILD,DOB,DATE_PLACED,DATE_PLACED_CEASED,REASON_PLACED_CEASED"


def csv_text(columns: str, *rows: str) -> str:
    """A file of those columns."""
    return "".join(f"{line}\n" for line in (columns, *rows))


def child(child_id: str, sex: str = "2", born: str = "01/01/2015", ethnic: str = "WBRI", upn: str = "UN1") -> str:
    """A row of Header."""
    return f"{child_id},{sex},{born},{ethnic},{upn},,"


def episode(
    child_id: str,
    start: str,
    end: str = "",
    *,
    rne: str = "S",
    ls: str = "C2",
    place: str = "U4",
    rec: str = "",
    home: str = "ZZ9 9ZZ",
    post: str = "ZZ1 1ZZ",
    urn: str = "SC000001",
) -> str:
    """A row of Episodes. Dates are dd/mm/yyyy."""
    return f"{child_id},{start},{rne},{ls},N1,{place},PR1,{end},{rec},,{home},{post},{urn}"


@dataclass(frozen=True)
class Read:
    """Returns that have been read: the tables, and the report."""

    engine: DuckDbEngine
    report: ReadReport

    def rows(self, table: str, columns: str) -> list[tuple[Any, ...]]:
        """The rows of a table by the columns named (parted by blanks), sorted; dates as text."""
        found = self.engine.rows(f"SELECT {', '.join(columns.split())} FROM {table} ORDER BY ALL", table)
        return [tuple(value.isoformat() if isinstance(value, date) else value for value in row) for row in found]

    def history(self) -> list[tuple[Any, ...]]:
        """Start, end and reason of every stitched episode."""
        return self.rows("episode_history", "start_date end_date end_reason")

    def faults(self) -> list[tuple[str, int, str, str]]:
        """File (its name alone), line, column and reason of every row fault."""
        return sorted(
            (fault.file.rpartition("/")[2], fault.row, fault.column, fault.reason) for fault in self.report.faults
        )

    def file_faults(self) -> list[tuple[str, str]]:
        """File (its name alone) and problem of every file fault."""
        return sorted((fault.file.rpartition("/")[2], fault.problem) for fault in self.report.file_faults)


def write_returns(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Writes files by their path below `folder`, such as `2025/header.csv`."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


@contextmanager
def reading(
    folder: Path, files: Mapping[str, str | bytes], year: int, council_ons_code: str | None = None
) -> Iterator[Read]:
    """Writes files and reads them as the returns up to `year`."""
    inventory = take_inventory(write_returns(folder, files), year)
    with DuckDbEngine.create(year) as engine:
        yield Read(engine, read_returns(engine, inventory, year, council_ons_code=council_ons_code))
