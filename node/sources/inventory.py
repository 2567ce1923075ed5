"""What stands in a folder of returns: every file recognised by its columns or root element, never by its name.

`<folder>/<reference year>/` holds the files of a return, in any subfolders; a folder without year folders is the
return of the year that is asked for. Only the beginning of a file is read here.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from node.errors import UnreadableReturn, UsageProblem
from node.sources.text import encoding_of, lines_of

_HEAD_BYTES = 65_536
_YEAR = re.compile(r"(19|20)\d\d")
_ROOT = re.compile(r"<(?![?!])(?:[\w.-]+:)?([\w.-]+)")
_COLLECTION = re.compile(r"<Collection>([^<]*)</Collection>")
_FIRST_RECORD = re.compile(r"<(?:[\w.-]+:)?Child[\s/>]")
_WORKBOOK_MARKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How an .xlsx file begins; and one that is encrypted, or of the format before 2007."""
_DELIMITERS = ",\t;|"

CENSUS = "cin_census"
HEADER = "ssda903.header"
EPISODES = "ssda903.episodes"
LOOKED_AFTER = "ssda903"
POSTCODES = "postcodes.directory"
OWN_COUNCIL = "postcodes.own_council"
ANNEX_A = "annex_a.list_"

COMES_WITH: dict[str, str] = {
    POSTCODES: OWN_COUNCIL,
    CENSUS: "cin_census.previous_plans",
    "ssda903.oc2": "ssda903.oc2_offered",
}
"""What a file of a kind also tells, that a warehouse in its place does not: which postcodes are the council's own, how
many plans a child had before, whether help that was refused had been offered."""

_SIGNATURES: dict[str, frozenset[str]] = {
    kind: frozenset(columns.split())
    for kind, columns in {
        EPISODES: "CHILD DECOM RNE",
        "ssda903.oc2": "CHILD SDQ_SCORE",
        "ssda903.oc3": "CHILD IN_TOUCH ACTIV",
        "ssda903.missing": "CHILD MISSING MIS_START",
        "ssda903.social_worker": "CHILD SW_ID SW_DECOM",
        "ssda903.uasc": "CHILD DUC",
        "ssda903.reviews": "CHILD REVIEW REVIEW_CODE",
        "ssda903.ad1": "CHILD DATE_INT DATE_MATCH",
        "ssda903.placed_for_adoption": "CHILD DATE_PLACED",
        "ssda903.previous_permanence": "CHILD PREV_PERM",
        "ssda903.dolo": "CHILD DOLO_START",
        HEADER: "CHILD SEX DOB ETHNIC",
        "education.attendance": "UPN SESSIONS_POSSIBLE SESSIONS_MISSED",
        "education.suspensions": "UPN SUSPENSIONS PERMANENT_EXCLUSIONS",
        "education.attainment": "UPN STAGE EXPECTED ATTAINMENT8",
        "education.school_census": "UPN SEN FREE_SCHOOL_MEALS",
        "education.school_moves": "UPN MOVE_DATE",
        "feedback.invitations": "RESPONDENT INSTRUMENT VERSION AGE_FORM RESPONDED",
        "feedback.answers": "RESPONDENT INSTRUMENT VERSION AGE_FORM QUESTION ANSWER",
        "families.families": "FAMILY_ID CLOSED_DATE",
        "families.needs": "FAMILY_ID NEED OUTCOME_DATE LAPSED_DATE",
        POSTCODES: "PCDS",
    }.items()
}
"""The columns that tell a kind of file from all others: the SSDA903 (returns reference 2), the templates of ours, and
the ONS postcode directory."""

NOT_MEASURED = frozenset(
    [f"ssda903.{kind}" for kind in ("reviews", "previous_permanence", "dolo")] + [f"{ANNEX_A}{n}" for n in (3, 4, 5)]
)
"""Kinds that are recognised and that no table needs."""


@dataclass(frozen=True)
class ReturnFile:
    """A file of the return of `year`; `name` is its path within the folder of returns, for the council's screen."""

    path: Path
    year: int
    kind: str
    name: str
    encoding: str = "utf-8"

    @property
    def need(self) -> str:
        """The name of the file that it belongs to in a declaration: `ssda903@2025` for Header and Episodes."""
        kind = LOOKED_AFTER if self.kind in (HEADER, EPISODES) else self.kind
        return f"{kind}@{self.year}"


@dataclass(frozen=True)
class IgnoredFile:
    """A file that is no return, or none that can be read, with the reason."""

    name: str
    reason: str


@dataclass(frozen=True)
class Inventory:
    """The files of the returns up to `year`, in the order of year and name."""

    year: int
    files: tuple[ReturnFile, ...]
    ignored: tuple[IgnoredFile, ...] = ()

    @property
    def years(self) -> tuple[int, ...]:
        """The reference years with at least one file, ascending."""
        return tuple(sorted({file.year for file in self.files}))

    @property
    def available(self) -> frozenset[str]:
        """The files as declarations name them; `ssda903@Y` where Header and Episodes of Y are both there.

        No kind that is not measured. What a file also tells (`COMES_WITH`) has a name of its own."""
        kinds = {(file.kind, file.year) for file in self.files}
        found = {
            file.need
            for file in self.files
            if file.kind not in NOT_MEASURED
            and (file.kind not in (HEADER, EPISODES) or {(HEADER, file.year), (EPISODES, file.year)} <= kinds)
        }
        return frozenset(found | {f"{COMES_WITH[kind]}@{year}" for kind, year in kinds if kind in COMES_WITH})

    def only(self, files: frozenset[str]) -> Inventory:
        """The same without every file that `files` does not name."""
        return replace(self, files=tuple(file for file in self.files if file.need in files))


class _NotAReturn(Exception):
    """A file that is none of the kinds. The text says why."""


def _xml_kind(head: str) -> str:
    root = _ROOT.search(head)
    name = root[1] if root else ""
    if name == "EXPSSDA903":
        raise _NotAReturn("the XML form of the SSDA903 is not read: export it as CSV")
    collection = _COLLECTION.search(_FIRST_RECORD.split(head, maxsplit=1)[0])
    if name != "Message" or (collection is not None and collection[1].strip().upper() != "CIN"):
        raise _NotAReturn("an XML file that is no CIN census")
    return CENSUS


def first_line(lines: Sequence[str]) -> int:
    """Where, from 0, the first line stands that is not blank: that of the columns. The first where all are blank."""
    return next((number for number, line in enumerate(lines) if line.strip()), 0)


def header_columns(line: str) -> tuple[str, tuple[str, ...]]:
    """The delimiter of a header line and its columns, in capitals; any of comma, tab, semicolon and bar."""
    delimiter = max(_DELIMITERS, key=line.count)
    try:
        fields = next(csv.reader((line,), delimiter=delimiter), [])
    except csv.Error:
        fields = []
    return delimiter, tuple(field.strip().upper() for field in fields)


def _recognised(path: Path, year: int, name: str) -> list[ReturnFile]:
    """The file with its kind, from its beginning; of a workbook, each of its lists. Raises _NotAReturn."""
    try:
        with path.open("rb") as stream:
            beginning = stream.read(_HEAD_BYTES)
    except OSError:
        raise _NotAReturn("it cannot be opened") from None
    if beginning.startswith(_WORKBOOK_MARKS):
        return [ReturnFile(path, year, f"{ANNEX_A}{n}", f"{name} (list {n})") for n in _lists_of_workbook(path)]
    return [ReturnFile(path, year, _kind(lines_of(beginning)), name, encoding_of(beginning)[0])]


def _lists_of_workbook(path: Path) -> list[int]:
    # The lists share codes with the SSDA903, whose columns are of kinds named here.
    from node.sources.annex_a_workbook import UnusableWorkbook, list_numbers

    try:
        numbers = sorted(list_numbers(path))
    except UnusableWorkbook as fault:
        raise _NotAReturn(str(fault)) from None
    if not numbers:
        raise _NotAReturn("a workbook without a list of Annex A")
    return numbers


def _kind(lines: list[str]) -> str:
    first = first_line(lines)
    if not lines[first].strip():
        raise _NotAReturn("an empty file")
    if lines[first].lstrip().startswith("<"):
        return _xml_kind("\n".join(lines))
    columns = frozenset(header_columns(lines[first])[1])
    for kind, signature in _SIGNATURES.items():
        if signature <= columns:
            return kind
    raise _NotAReturn("its columns are those of no return")


def _paths(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if not name.startswith((".", "~$")):
                yield Path(parent) / name


def _year_folders(folder: Path, year: int | None) -> dict[int, Path]:
    try:
        found = {int(path.name): path for path in folder.iterdir() if _YEAR.fullmatch(path.name) and path.is_dir()}
    except OSError as error:
        raise UnreadableReturn(
            f"The folder of returns {folder} cannot be read.", "Correct the path, or ask for leave to read it."
        ) from error
    if found:
        return found
    if year is None:
        raise UsageProblem(
            f"{folder} has no folder of a reference year, such as 2025.",
            "Put the files of each return into a folder named after its year, or say --year.",
        )
    return {year: folder}


def take_inventory(folder: Path, year: int | None) -> Inventory:
    """Finds the returns up to `year`, or up to the latest year found when `year` is None.

    Raises
    ------
    UnreadableReturn
        When the folder itself cannot be read. A file that cannot be read is among the ignored.
    UsageProblem
        When there is no folder of a year and none is asked for.
    """
    folders = _year_folders(folder, year)
    last = max(folders) if year is None else year
    files: list[ReturnFile] = []
    ignored: list[IgnoredFile] = []
    for found, year_folder in sorted(folders.items()):
        if found > last:
            continue
        for path in _paths(year_folder):
            name = path.relative_to(folder).as_posix()
            if not path.is_file():
                continue
            try:
                files += _recognised(path, found, name)
            except _NotAReturn as reason:
                ignored.append(IgnoredFile(name, str(reason)))
    return Inventory(last, tuple(files), tuple(ignored))
