"""What a warehouse holds, what of it is not understood, and which indicators it can give: for the council's own screen.

Nothing of it ever leaves (privacy reference 12); it holds counts and names of tables and columns, never a value.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console

from frameworks.availability import missing_files
from frameworks.model import Framework
from node.engines.duckdb_engine import DuckDbEngine
from node.sources.ssd.unmapped import Unmapped
from node.warehouse import Warehouse
from node.warehouse_rows import Unread


@dataclass(frozen=True)
class WarehouseReport:
    """The check of a warehouse for one reference year against one framework.

    `lacking` says of each indicator that draws on its sources and cannot be had which columns of child-level tables, or
    files, it misses. `education_apart`: education is not available, since care records stay in the warehouse.
    """

    year: int
    case_system: str
    version: str
    in_place: bool
    tables: dict[str, str]
    missing_tables: tuple[str, ...]
    missing_columns: tuple[str, ...]
    unmapped: tuple[Unmapped, ...]
    unread: tuple[Unread, ...]
    files: tuple[str, ...]
    able: tuple[str, ...]
    lacking: dict[str, tuple[str, ...]]
    education_apart: bool

    def as_json(self) -> dict[str, Any]:
        """The report as `check --warehouse --format json` prints it."""
        return asdict(self)

    def print_to(self, console: Console) -> None:
        """The report in a few lines."""

        def line(label: str, text: str) -> None:
            console.print(f"  {label:<10} {text}", markup=False, soft_wrap=True)

        where = "definitions run there" if self.in_place else "its columns are read into this node"
        line("Found", f"SSD of {self.case_system}, version {self.version}; {where}")
        line("Tables", f"{len(self.tables)} of {len(self.tables) + len(self.missing_tables)} that are used")
        for label, names in (("No table", self.missing_tables), ("No column", self.missing_columns)):
            if names:
                line(label, ", ".join(names))
        for unmapped in self.unmapped:
            line("Look at", f"{unmapped.rows} rows of {unmapped.table}.{unmapped.column}: no {unmapped.code_set} known")
        for unread in self.unread:
            line("Look at", f"{unread.rows} rows of {unread.table}.{unread.column}: neither a day nor a number")
        line("Can do", f"{len(self.able)} of {len(self.able) + len(self.lacking)} indicators of its sources")
        for indicator, missing in self.lacking.items():
            line("Cannot", f"{indicator}: {', '.join(missing)}")
        if self.education_apart:
            line(
                "Education",
                "not available: pupils cannot be joined to children whose records stay in the warehouse;"
                " [warehouse] in_place = false reads them into this node",
            )


def check_warehouse(warehouse: Warehouse, framework: Framework, year: int) -> WarehouseReport:
    """Opens a warehouse for reference year `year` and says what it gives. Raises WarehouseNotReady, ReturnsNotReady."""
    with DuckDbEngine.create(year) as local, warehouse.open(year, local) as tables:
        unmapped = tables.unmapped()
    cannot = tables.cannot(framework)
    able: list[str] = []
    lacking: dict[str, tuple[str, ...]] = {}
    for indicator in framework.indicators:
        if framework.cohort(indicator.cohort).source in warehouse.sources:
            missing = missing_files(framework, indicator.id, year, tables.available) or cannot.get(indicator.id, ())
            if missing:
                lacking[indicator.id] = missing
            else:
                able.append(indicator.id)
    deployment = tables.deployment
    return WarehouseReport(
        year=year,
        case_system=deployment.case_system,
        version=deployment.version,
        in_place=tables.in_place,
        tables={name: ".".join(filter(None, (t.schema, t.name))) for name, t in deployment.tables.items()},
        missing_tables=deployment.missing_tables,
        missing_columns=deployment.missing_columns,
        unmapped=unmapped,
        unread=tables.unread,
        files=tuple(sorted(tables.available)),
        able=tuple(able),
        lacking=lacking,
        education_apart=tables.in_place,
    )
