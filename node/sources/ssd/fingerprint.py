"""Which SSD a warehouse holds, told from its columns alone: a deployment cannot be asked for its version.

Tables stand in any schema, in any case, and may have a prefix; councils' case systems rename columns and lack some
(returns reference 1; SSD tables reference, "Renames and differences met in the field").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from node.sources.ssd.schema import TABLES, Kind, SsdTable


class CaseSystem(StrEnum):
    """The case management system that an SSD was made from."""

    SYSTEM_C = "System C"
    MOSAIC = "Mosaic"
    ECLIPSE = "Eclipse"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class ReportedColumn:
    """A column as the database's catalogue reports it."""

    schema: str
    table: str
    name: str
    type: str


@dataclass(frozen=True)
class FoundColumn:
    """A column of the specification where it was found: the database's own name and type."""

    name: str
    type: str


@dataclass(frozen=True)
class FoundTable:
    """A table of the specification where it was found; `columns` by their names in the specification.

    A catalogue and a dot may stand before the schema, which is blank where the table needs no schema.
    """

    schema: str
    name: str
    columns: Mapping[str, FoundColumn]


_Change = Callable[[str, str, FoundColumn], FoundColumn | None]


@dataclass(frozen=True)
class Deployment:
    """An SSD as found: immutable, and nothing in it comes from a record."""

    case_system: CaseSystem
    version: str
    tables: Mapping[str, FoundTable]

    def has(self, *columns: str) -> bool:
        """Whether every column, written `table.column`, is there."""
        return all(
            table in self.tables and name in self.tables[table].columns
            for table, _, name in (column.partition(".") for column in columns)
        )

    @property
    def missing_tables(self) -> tuple[str, ...]:
        """The tables that are not there."""
        return tuple(name for name in TABLES if name not in self.tables)

    @property
    def missing_columns(self) -> tuple[str, ...]:
        """The columns, written `table.column`, that tables which are there lack."""
        return tuple(
            f"{name}.{column.name}"
            for name, found in self.tables.items()
            for column in TABLES[name].columns
            if column.name not in found.columns
        )

    def in_place(self) -> Deployment:
        """The deployment as a query in the database may use it: without columns whose type is another than their kind.

        A text that should be a date would make a query fail at the first record that holds none.
        """
        return self._with_columns(
            lambda table, name, found: found if _fits(TABLES[table].column(name).kind, found.type) else None
        )

    def staged(self) -> Deployment:
        """The deployment as its rows stand once they are read: the same columns, under the specification's names, of
        tables `staged_<table>`."""

        def renamed_column(table: str, name: str, _: FoundColumn) -> FoundColumn:
            return FoundColumn(name, TABLES[table].column(name).kind.value)

        renamed = self._with_columns(renamed_column)
        return replace(
            renamed,
            tables=MappingProxyType(
                {name: replace(found, schema="", name=f"staged_{name}") for name, found in renamed.tables.items()}
            ),
        )

    def _with_columns(self, change: _Change) -> Deployment:
        tables = {}
        for name, found in self.tables.items():
            changed = {column: change(name, column, was) for column, was in found.columns.items()}
            kept = {column: now for column, now in changed.items() if now is not None}
            tables[name] = replace(found, columns=MappingProxyType(kept))
        return replace(self, tables=MappingProxyType(tables))


class AmbiguousDeployment(Exception):
    """Several schemas hold an SSD and none is named. The text names the schemas."""


_DATES = ("date", "timestamp", "smalldatetime")
_NUMBERS = ("int", "numeric", "decimal", "float", "double", "real", "number", "smallint", "bigint", "tinyint", "long")


def _fits(kind: Kind, reported: str) -> bool:
    if kind is Kind.DATE:
        return reported.lower().startswith(_DATES)
    if kind in (Kind.WHOLE, Kind.NUMBER):
        return reported.lower().startswith(_NUMBERS)
    return True


def _is_table(table: SsdTable, reported: str) -> bool:
    """Whether a name is a table's, with or without a prefix, and with or without `ssd_`."""
    return any(
        reported == name or (reported.endswith(name) and not reported[: -len(name)][-1].isalnum())
        for name in (table.name, table.name.removeprefix("ssd_"))
    )


def may_be_a_table(reported: str) -> bool:
    """Whether a name may be that of a table of the specification: the columns decide."""
    return any(_is_table(table, reported.lower()) for table in TABLES.values()) or "ssd_" in reported.lower()


def _found_columns(table: SsdTable, reported: Mapping[str, FoundColumn]) -> dict[str, FoundColumn]:
    found = {}
    for column in table.columns:
        name = next((name for name in (column.name, *column.also) if name in reported), None)
        if name is not None:
            found[column.name] = reported[name]
    return found


def _find(table: SsdTable, reported: Mapping[str, Mapping[str, FoundColumn]], schema: str) -> FoundTable | None:
    """The table among those of one schema: of several, the one with the most of its columns."""
    candidates = [
        FoundTable(schema, name, MappingProxyType(_found_columns(table, columns)))
        for name, columns in sorted(reported.items())
        if _is_table(table, name.lower())
    ]
    best = max(candidates, key=lambda found: len(found.columns), default=None)
    return best if best is not None and 2 * len(best.columns) >= len(table.columns) else None


def fingerprint(columns: Iterable[ReportedColumn], schema: str | None = None) -> Deployment:
    """The SSD among the columns that a database reports, of `schema` where one is named.

    A database without any SSD table gives a deployment without tables. Raises AmbiguousDeployment when several schemas
    hold equally much of one and none is named.
    """
    schemas: dict[str, dict[str, dict[str, FoundColumn]]] = defaultdict(lambda: defaultdict(dict))
    for column in columns:
        if schema is None or column.schema.lower() == schema.lower():
            schemas[column.schema][column.table][column.name.lower()] = FoundColumn(column.name, column.type)
    deployments = {name: _deployment(name, tables) for name, tables in sorted(schemas.items())}
    most = max((len(deployment.tables) for deployment in deployments.values()), default=0)
    best = [name for name, deployment in deployments.items() if most and len(deployment.tables) == most]
    if len(best) > 1:
        raise AmbiguousDeployment(f"the schemas {', '.join(best)} each hold SSD tables")
    if not best:
        return Deployment(CaseSystem.UNKNOWN, "none", MappingProxyType({}))
    return deployments[best[0]]


def _deployment(schema: str, reported: Mapping[str, Mapping[str, FoundColumn]]) -> Deployment:
    found = {name: _find(table, reported, schema) for name, table in TABLES.items()}
    tables = {name: table for name, table in found.items() if table is not None}
    names = {(_spoken(name), column) for name, columns in reported.items() for column in columns}
    types = {column.type.lower() for table in tables.values() for column in table.columns.values()}
    return Deployment(_case_system(names, types), _version(names), MappingProxyType(tables))


def _spoken(reported: str) -> str:
    """A table's name from `ssd_` on, in lower case; the whole name where it holds none."""
    before, mark, after = reported.lower().partition("ssd_")
    return mark + after if mark else before


_MOSAIC = (
    ("ssd_cp_reviews", "workflow_step_id"),
    ("ssd_cp_reviews", "registration_id"),
    ("ssd_cin_plans", "cin_plan_id"),
)
_SYSTEM_C = (
    ("ssd_cohort", "dim_person_id"),
    ("ssd_dim_date", "date_key"),
    ("ssd_pre_cla_care_plan", "fact_form_id"),
)


def _case_system(names: set[tuple[str, str]], types: set[str]) -> CaseSystem:
    """Mosaic and System C by columns that they alone have; otherwise PostgreSQL's types mean Eclipse, and SQL Server's
    System C, the case system of most councils."""
    if names.intersection(_MOSAIC):
        return CaseSystem.MOSAIC
    if names.intersection(_SYSTEM_C):
        return CaseSystem.SYSTEM_C
    if any(found.startswith(("timestamp", "character varying")) for found in types):
        return CaseSystem.ECLIPSE
    if types & {"nvarchar", "nchar", "datetime", "datetime2"}:
        return CaseSystem.SYSTEM_C
    return CaseSystem.UNKNOWN


def _version(names: set[tuple[str, str]]) -> str:
    """As far as columns tell: `clar_cla_person_id` came with 1.4.1, `pers_single_unique_id` in November 2025, and
    `clae_cla_episode_ceased` is of older deployments."""
    if ("ssd_cla_reviews", "clar_cla_person_id") in names:
        return "1.4.1 or later"
    if ("ssd_person", "pers_single_unique_id") in names:
        return "November 2025 to 1.4.0"
    if ("ssd_cla_episodes", "clae_cla_episode_ceased") in names:
        return "an older one"
    return "before November 2025"
