"""Every reader as a target, by name: those that go the whole way from a folder of returns to the tables, and the layers
below them by themselves, which take many more inputs a second.

An input is one file or a bundle (`tests.fuzz.bundle`). Of a bundle's names only the year of a return, the part of a
workbook and the place of a TOML file count: the files of a folder are named here, so that no name holds a value.
"""

from __future__ import annotations

import atexit
import inspect
import re
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from io import BytesIO
from pathlib import Path

from coordinator.collections import read_collection
from coordinator.errors import CoordinatorError
from frameworks.catalogue import installed_frameworks, load_framework
from frameworks.definitions import check_definition, table_relations
from frameworks.errors import FrameworkError
from frameworks.model import Source
from frameworks.refusals import Place
from node.engines.duckdb_engine import DuckDbEngine
from node.quality import find, load_rules
from node.sources import education_columns, families, feedback, ssda903_columns
from node.sources.annex_a_lists import LISTS, NotRead
from node.sources.annex_a_workbook import UnusableWorkbook, read_sheets
from node.sources.cin_census import NOT_READ
from node.sources.cin_census_rows import CensusRows
from node.sources.cin_census_schema import SchemaCheck
from node.sources.cin_census_xml import UnusableCensus, stream_children
from node.sources.csv_files import WHOLE_ROW, stage
from node.sources.inventory import POSTCODES, ReturnFile, take_inventory
from node.sources.postcodes import postcode_key, read_postcodes
from node.sources.reading import read_returns
from node.sources.report import ReadReport, ReportBuilder
from node.sources.text import lines_of
from tests.fuzz.bundle import unbundled
from tests.fuzz.watch import Find, Target

YEAR = 2025
_COUNCIL = "E06000001"
_WANTED_POSTCODES = frozenset(map(postcode_key, ("ZZ1 1ZZ", "ZZ9 9ZZ", "ZZ2 2ZZ")))
_FILE = "input"

_YEAR_OF = re.compile(r"(20(?:1[89]|2[0-9]))\b")
_PLACE_OF_TOML = re.compile(r"(definitions/)?[a-z0-9_]{1,40}\.toml")
_DATA_LINE = re.compile(r"[0-9A-Za-z]")

_COLUMNS = ssda903_columns.COLUMNS | education_columns.COLUMNS | feedback.COLUMNS | families.COLUMNS


@cache
def _engine() -> DuckDbEngine:
    kept = ExitStack()
    atexit.register(kept.close)
    return kept.enter_context(DuckDbEngine.create(YEAR))


def _prepare_returns() -> None:
    _engine()
    load_rules()


def _prepare_collection() -> None:
    load_framework("outcomes-2019")


@contextmanager
def _empty_engine() -> Iterator[DuckDbEngine]:
    """The one engine of this process, slow to make; whatever is done to its tables is undone."""
    engine = _engine()
    engine.connection.execute("BEGIN")
    try:
        yield engine
    finally:
        engine.connection.execute("ROLLBACK")


def _lay_file(data: bytes, folder: Path) -> None:
    (folder / _FILE).write_bytes(data)


def _lay_returns(data: bytes, folder: Path) -> None:
    for number, (name, content) in enumerate(unbundled(data)):
        found = _YEAR_OF.match(name)
        year = folder / (found[1] if found else str(YEAR))
        year.mkdir(exist_ok=True)
        (year / f"{number}").write_bytes(_zipped(content) if name.endswith(".xlsx") else content)


def _lay_workbook(data: bytes, folder: Path) -> None:
    year = folder / str(YEAR)
    year.mkdir()
    (year / _FILE).write_bytes(_zipped(data))


def _zipped(data: bytes) -> bytes:
    """The workbook of a bundle of its parts; anything else is a workbook, or none, as it stands."""
    parts = {name: content for name, content in unbundled(data) if name}
    if not parts:
        return data
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return stream.getvalue()


def _lay_frameworks(data: bytes, folder: Path) -> None:
    (folder / "definitions").mkdir()
    for name, content in unbundled(data):
        place = name if _PLACE_OF_TOML.fullmatch(name) else "small.toml"
        (folder / place).write_bytes(content)


def _returns(folder: Path) -> tuple[object, ...]:
    """What `newlyn-node check` learns from a folder. Not even a failure of the engine may come of what a file holds."""
    inventory = take_inventory(folder, YEAR)
    with _empty_engine() as engine:
        report = read_returns(engine, inventory, YEAR, validate=True, council_ons_code=_COUNCIL)
        findings = find(dict.fromkeys(Source, engine), load_rules(), YEAR, report.available)
    return inventory.ignored, inventory.available, report, findings


def _csv_rows(folder: Path) -> tuple[object, ...]:
    """Each file of a folder by itself, up to its typed rows."""
    inventory = take_inventory(folder, YEAR)
    report = ReportBuilder()
    with _empty_engine() as engine:
        for file in inventory.files:
            if file.kind == POSTCODES:
                read_postcodes(engine, [file], _WANTED_POSTCODES, report)
            elif file.kind in _COLUMNS:
                alone = ReportBuilder()
                stage(engine, [file], _COLUMNS[file.kind], alone)
                _require_every_line(file, alone.build(frozenset()))
                report.file_fault(file.name, repr(alone))
    return inventory.ignored, report.build(frozenset())


def _require_every_line(file: ReturnFile, report: ReadReport) -> None:
    """Raises Find for a line that is neither a row nor among the faults, of a file that is not refused as a whole."""
    if report.file_faults:
        return
    lines = [line for line in lines_of(file.path.read_bytes()) if line.strip()]
    expected = sum(bool(_DATA_LINE.search(line)) for line in lines[1:])
    told = report.rows_read[file.name] + len({fault.row for fault in report.faults if fault.column == WHOLE_ROW})
    if told < expected:
        raise Find("a line is neither read nor reported")


def _census_rows(folder: Path) -> tuple[object, ...]:
    """Each census up to the rows to be staged, compared with its schema on the way."""
    report = ReportBuilder()
    for path in sorted(folder.glob("*/*")):
        year, name = int(path.parent.name), path.name
        rows, schema = CensusRows(name, year, YEAR, report), SchemaCheck(year, name, report)
        try:
            for child in stream_children(path, year, partial(report.row_fault, name, column="Child", reason=NOT_READ)):
                schema.check(child)
                rows.read(child)
                rows.take()
        except UnusableCensus as fault:
            report.file_fault(name, str(fault))
    return (report.build(frozenset()),)


def _workbook_values(folder: Path) -> list[object]:
    """The sheets of a workbook, and every value read."""
    told: list[object] = []
    for sheet in read_sheets(folder / str(YEAR) / _FILE):
        columns = {column.name: column for column in LISTS[sheet.number]}
        for number, row in sheet.rows:
            for name, value in row.items():
                try:
                    columns[name].read(value)
                except NotRead as fault:
                    told.append((number, columns[name].headings[0], str(fault)))
    return told


def _frameworks(folder: Path) -> list[str]:
    # Without the cache, which knows a folder by its name.
    load = inspect.unwrap(load_framework)
    return [load(name, folder).id for name in installed_frameworks(folder)]


def _definition(folder: Path) -> list[str]:
    """A definition that is allowed must also run; on empty tables, since what it computes is not the question."""
    sql = (folder / _FILE).read_bytes().decode(errors="replace")
    checked = check_definition(sql, table_relations(), Place("small.toml", "cohorts.small"))
    with _empty_engine() as engine:
        engine.rows(checked.sql, "a definition")
    return list(checked.relation.columns)


def _quality_rules(folder: Path) -> int:
    return len(inspect.unwrap(load_rules)(folder / _FILE))


def _collection(folder: Path) -> int:
    return len(read_collection(folder / _FILE).plans)


TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        *(
            Target(name, _lay_returns, _returns, (), _prepare_returns)
            for name in ("ssda903", "cin_census", "feedback", "education", "families")
        ),
        Target("annex_a", _lay_workbook, _returns, (), _prepare_returns),
        Target("csv_rows", _lay_returns, _csv_rows, (), _engine),
        Target("census_rows", _lay_returns, _census_rows, ()),
        Target("workbook", _lay_workbook, _workbook_values, (UnusableWorkbook,)),
        Target("framework", _lay_frameworks, _frameworks, (FrameworkError,), confidential=False),
        Target("definition", _lay_file, _definition, (FrameworkError,), _engine, confidential=False),
        Target("quality_rules", _lay_file, _quality_rules, (FrameworkError,), confidential=False),
        Target("collection", _lay_file, _collection, (CoordinatorError,), _prepare_collection, confidential=False),
    )
}

_SHARED = {
    "csv_rows": ("ssda903", "feedback", "education", "families"),
    "census_rows": ("cin_census",),
    "workbook": ("annex_a",),
}
CORPUS = Path(__file__).parent / "corpus"


def corpus_folders(target: str) -> list[Path]:
    """Where the inputs of a target are kept; a layer also takes those of the whole."""
    return [CORPUS / name for name in (target, *_SHARED.get(target, ())) if (CORPUS / name).is_dir()]


def corpus(target: str) -> dict[str, bytes]:
    """The inputs that are kept for a target, by the path within the corpus."""
    return {
        path.relative_to(CORPUS).as_posix(): path.read_bytes()
        for folder in corpus_folders(target)
        for path in sorted(folder.iterdir())
    }
