"""The SSD is found wherever it stands, and what it lacks is said.

If this failed, a council with an older or another case system's tables would be refused, or measured from columns that
are not what they seem.
"""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from node.sources.ssd.fingerprint import (
    AmbiguousDeployment,
    CaseSystem,
    Deployment,
    ReportedColumn,
    fingerprint,
)
from node.sources.ssd.schema import TABLES, Kind
from node.sources.ssd.support import columns_lacking, files_supported

SQL_SERVER = {
    Kind.ID: "nvarchar",
    Kind.TEXT: "nvarchar",
    Kind.DATE: "datetime",
    Kind.WHOLE: "int",
    Kind.NUMBER: "float",
}
POSTGRESQL = {
    Kind.ID: "character varying",
    Kind.TEXT: "character varying",
    Kind.DATE: "timestamp without time zone",
    Kind.WHOLE: "integer",
    Kind.NUMBER: "double precision",
}
_SOURCES = ("ssda903", "cin_census")


def reported(
    types: dict[Kind, str] = SQL_SERVER, schema: str = "ssd", prefix: str = "", *, upper: bool = False
) -> list[ReportedColumn]:
    """Every column of the specification that is read, as a database reports it."""
    return [
        ReportedColumn(
            schema,
            (prefix + table.name).upper() if upper else prefix + table.name,
            column.name.upper() if upper else column.name,
            types[column.kind],
        )
        for table in TABLES.values()
        for column in table.columns
    ]


def without(columns: list[ReportedColumn], *names: str) -> list[ReportedColumn]:
    return [column for column in columns if column.name not in names and column.table not in names]


def renamed(columns: list[ReportedColumn], names: dict[str, str]) -> list[ReportedColumn]:
    return [
        ReportedColumn(column.schema, column.table, names.get(column.name, column.name), column.type)
        for column in columns
    ]


@pytest.mark.parametrize(
    "columns", [reported(), reported(schema="dbo", prefix="tbl_"), reported(upper=True), reported(POSTGRESQL)]
)
def test_every_table_is_found_in_any_schema_case_and_with_any_prefix(columns: list[ReportedColumn]) -> None:
    found = fingerprint(columns)
    assert (found.missing_tables, found.missing_columns) == ((), ())
    assert {name: table.name.lower()[-len(name) :] for name, table in found.tables.items()} == {n: n for n in TABLES}


def test_case_systems_are_told_by_what_they_alone_have() -> None:
    def system(*more: tuple[str, str], types: dict[Kind, str] = SQL_SERVER) -> CaseSystem:
        extra = [ReportedColumn("ssd", table, column, "nvarchar") for table, column in more]
        return fingerprint(reported(types) + extra).case_system

    assert system() is CaseSystem.SYSTEM_C
    assert system(("ssd_cohort", "dim_person_id"), types=POSTGRESQL) is CaseSystem.SYSTEM_C
    assert system(("ssd_cin_plans", "cin_plan_id")) is CaseSystem.MOSAIC
    assert system(("ssd_cp_reviews", "workflow_step_id")) is CaseSystem.MOSAIC
    assert system(types=POSTGRESQL) is CaseSystem.ECLIPSE
    assert system(types=dict.fromkeys(Kind, "TEXT")) is CaseSystem.UNKNOWN


def test_versions_are_told_as_far_as_columns_tell() -> None:
    def version(table: str, column: str) -> str:
        return fingerprint([*reported(), ReportedColumn("ssd", table, column, "nvarchar")]).version

    assert version("ssd_cla_reviews", "clar_cla_person_id") == "1.4.1 or later"
    assert version("ssd_person", "pers_single_unique_id") == "November 2025 to 1.4.0"
    assert version("ssd_cla_episodes", "clae_cla_episode_ceased") == "an older one"
    assert version("ssd_cla_reviews", "clar_cla_id") == "before November 2025"


def test_renamed_columns_are_read_under_the_specification_s_names() -> None:
    own = {
        "cppr_cp_plan_id": "registration_id",
        "cppr_person_id": "person_id",
        "cppr_cp_review_date": "actual_date",
        "clae_cla_episode_ceased_date": "clae_cla_episode_ceased",
        "pers_sex": "pers_gender",
    }
    found = fingerprint(renamed(reported(), own))
    assert found.missing_columns == ()
    for canonical, name in own.items():
        (table,) = (table for table in TABLES if canonical in found.tables[table].columns)
        assert found.tables[table].columns[canonical].name == name
        assert found.staged().tables[table].columns[canonical].name == canonical


def test_what_is_missing_is_said_and_what_needs_it_cannot_be_had() -> None:
    found = fingerprint(without(reported(), "ssd_missing", "ssd_sdq_scores", "clap_cla_placement_distance"))
    assert found.missing_tables == ("ssd_missing", "ssd_sdq_scores")
    assert found.missing_columns == ("ssd_cla_placement.clap_cla_placement_distance",)
    files = files_supported(found, _SOURCES, 2024, 2025)
    assert {"ssda903@2024", "ssda903@2025", "cin_census@2025", "ssda903.oc2@2025"} <= files
    assert not any(file.startswith(("ssda903.missing", "postcodes")) for file in files)
    assert {"outcome_check.sdq_score", "episode.distance_tenths"} <= columns_lacking(found, _SOURCES)


def test_without_legal_status_nothing_of_the_ssda903_can_be_had() -> None:
    """Agreed series of short-term placements could not be left out."""
    files = files_supported(fingerprint(without(reported(), "ssd_legal_status")), _SOURCES, 2025, 2025)
    assert "ssda903@2025" not in files
    assert "cin_census@2025" in files


def test_a_database_without_an_ssd_gives_nothing() -> None:
    nothing = fingerprint([ReportedColumn("dbo", "person", "id", "int"), ReportedColumn("dbo", "ssd_x", "y", "int")])
    assert dict(nothing.tables) == {}
    assert files_supported(nothing, _SOURCES, 2025, 2025) == frozenset()


def test_of_two_schemas_one_must_be_named_unless_one_holds_more() -> None:
    two = reported(schema="live") + reported(schema="test")
    with pytest.raises(AmbiguousDeployment, match="live, test"):
        fingerprint(two)
    assert fingerprint(two, "TEST").tables["ssd_person"].schema == "test"
    fewer = without(reported(schema="test"), "ssd_missing")
    assert fingerprint(reported(schema="live") + fewer).tables["ssd_person"].schema == "live"


def test_a_column_of_another_type_is_not_used_in_place() -> None:
    """A text in place of a day would make a query fail at the first record that holds none."""
    columns = [
        ReportedColumn(c.schema, c.table, c.name, "text" if c.name == "cine_referral_date" else c.type)
        for c in reported(POSTGRESQL)
    ]
    found = fingerprint(columns)
    assert found.has("ssd_cin_episodes.cine_referral_date")
    assert not found.in_place().has("ssd_cin_episodes.cine_referral_date")
    assert found.in_place().has("ssd_cin_episodes.cine_referral_id")


def test_a_deployment_cannot_be_changed() -> None:
    found: Deployment = fingerprint(reported())
    with pytest.raises(FrozenInstanceError):
        found.version = "x"  # type: ignore[misc]
    with pytest.raises(TypeError):
        found.tables["ssd_person"] = found.tables["ssd_missing"]  # type: ignore[index]
