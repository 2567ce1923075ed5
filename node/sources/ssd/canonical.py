"""The tables of the specification as every deployment gives them: one relation each, typed, clean, and in codes.

Ids are trimmed text and join as such; 1900-01-01 stands for no date; the administrative person -1 is left out; codes
are codes whatever the case system stores (`normaliser`); rows that a join in the extract multiplied are single. A table
or column that a deployment lacks is empty.
"""

from __future__ import annotations

from node.sources.ssd.code_sets import SET_OF_COLUMN
from node.sources.ssd.fingerprint import Deployment
from node.sources.ssd.normaliser import code_sql, comparable_sql, head_sql
from node.sources.ssd.schema import SQL_TYPE, TABLES, Kind, SsdTable

_NO_PERSON = "-1"
_WHOLE = 1_000_000


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _typed(kind: Kind, column: str) -> str:
    """A column of the database as the type of its kind; what cannot be one is null, so that no record makes it fail."""
    if kind is Kind.DATE:
        day = f"CAST({column} AS DATE)"
        return f"CASE WHEN {day} > DATE '1900-01-01' AND {day} < DATE '2101-01-01' THEN {day} END"
    if kind is Kind.WHOLE:
        return f"CASE WHEN {column} BETWEEN -{_WHOLE} AND {_WHOLE} THEN CAST({column} AS INTEGER) END"
    if kind is Kind.NUMBER:
        return f"CASE WHEN {column} BETWEEN -{_WHOLE} AND {_WHOLE} THEN CAST({column} AS DOUBLE) END"
    return f"nullif(trim(CAST({column} AS VARCHAR)), '')"


def _read(table: SsdTable, deployment: Deployment) -> str:
    """SELECT every column of the specification, under its name, from where it was found."""
    found = deployment.tables[table.name]
    columns = ", ".join(
        (
            _typed(column.kind, _identifier(found.columns[column.name].name))
            if column.name in found.columns
            else f"CAST(NULL AS {SQL_TYPE[column.kind]})"
        )
        + f" AS {column.name}"
        for column in table.columns
    )
    place = [*found.schema.split("."), found.name] if found.schema else [found.name]
    return f"SELECT {columns} FROM {'.'.join(map(_identifier, place))}"


def canonical_sql(name: str, deployment: Deployment) -> str:
    """The SELECT of one table of the specification, with the specification's columns."""
    table = TABLES[name]
    if name not in deployment.tables:
        columns = ", ".join(f"CAST(NULL AS {SQL_TYPE[column.kind]}) AS {column.name}" for column in table.columns)
        return f"SELECT {columns} WHERE 1 = 0"
    coded = [column.name for column in table.columns if column.name in SET_OF_COLUMN]
    compared = "".join(
        f", {comparable_sql(column)} AS {column}_text, {head_sql(column)} AS {column}_head" for column in coded
    )
    columns = ", ".join(
        f"{code_sql(SET_OF_COLUMN[column.name], column.name, f'{column.name}_text', f'{column.name}_head')}"
        f" AS {column.name}"
        if column.name in coded
        else column.name
        for column in table.columns
    )
    source = f"({_read(table, deployment)}) AS r"
    if coded:
        names = ", ".join(column.name for column in table.columns)
        source = f"(SELECT {names}{compared} FROM {source}) AS c"
    real = f" WHERE {table.person} IS NULL OR {table.person} <> '{_NO_PERSON}'" if table.person else ""
    return f"SELECT DISTINCT {columns} FROM {source}{real}"
