"""How the deployments of three case management systems depart from the specification of the Standard Safeguarding
Dataset: columns that are absent or have another name, and descriptions that stand where codes should (returns
reference 1; SSD tables reference, last section)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from deploy.demo.generator.ssd_tables import TABLES, Value

Written = Callable[[Value], Value]


@dataclass(frozen=True)
class Deployment:
    """One system's tables. `columns` by table in order, under their own names; a table that it lacks is not there.

    `renamed` maps own names to canonical ones; `written` says how the value of a canonical column is written;
    `support` are tables outside the specification, with their columns, which hold nothing here.
    """

    name: str
    absent_tables: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    renamed: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    written: Mapping[str, Written] = field(default_factory=dict)
    support: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def columns(self, table: str) -> tuple[str, ...]:
        """The columns of a table, under their own names."""
        own = {canonical: name for name, canonical in self.renamed.items()}
        kept = tuple(own.get(column, column) for column in TABLES[table] if column not in self.absent)
        return kept + self.more.get(table, ())

    @property
    def tables(self) -> dict[str, tuple[str, ...]]:
        """Every table that the deployment has, with its columns."""
        return {table: self.columns(table) for table in TABLES if table not in self.absent_tables} | dict(self.support)

    def row(self, table: str, canonical: Mapping[str, Value]) -> dict[str, Value]:
        """A canonical row as this system holds it."""
        row: dict[str, Value] = {}
        for column in self.columns(table):
            name = self.renamed.get(column, column)
            value = canonical.get(name)
            rewrite = self.written.get(name)
            row[column] = value if rewrite is None or value is None else rewrite(value)
        return row


def _described(descriptions: Mapping[str, str]) -> Written:
    return lambda value: descriptions.get(str(value), value)


def _code_and(descriptions: Mapping[str, str]) -> Written:
    return lambda value: f"{value} - {descriptions[str(value)]}" if str(value) in descriptions else value


START_REASONS: Final = {
    "S": "Started to be looked after",
    "L": "Change of legal status only",
    "P": "Change of placement and carer(s) only",
    "T": "Change of placement (but same carer(s)) only",
    "B": "Change of legal status and placement and carer(s) at the same time",
    "U": "Change of legal status and change of placement (but same carer(s)) at the same time",
}
END_REASONS: Final = {
    "X1": "Episode ceases, and new episode begins on same day, for any reason",
    "E11": "Adopted - application for an adoption order unopposed",
    "E12": "Adopted - consent dispensed with by the court",
    "E3": "Care taken over by another LA in the UK",
    "E4A": "Returned home to live with parent(s), relative(s), or other person(s) with parental responsibility as part"
    " of the care planning process",
    "E4B": "Returned home to live with parent(s), relative(s), or other person(s) with parental responsibility which"
    " was not part of the current care planning process",
    "E5": "Moved into independent living arrangement and no longer looked after: supportive accommodation providing"
    " formalised advice/support arrangements",
    "E6": "Moved into independent living arrangement and no longer looked after: accommodation providing no formalised"
    " advice/support arrangements",
    "E7": "Transferred to residential care funded by adult social care services",
    "E8": "Period of being looked after ceased for any other reason",
    "E9": "Sentenced to custody",
    "E13": "Left care to live with parent(s), relative(s), or other person(s) with no parental responsibility",
    "E15": "Age assessment determined child is aged 18 or over and E5, E6 and E7 do not apply",
    "E16": "Child moved abroad",
    "E17": "Aged 18 (or over) and remained with current carers (inc under staying put arrangements)",
    "E41": "Residence order (or, from 22 April 2014, a child arrangement order) granted",
    "E45": "Special guardianship order made to former foster carer(s), who was/are a relative(s) or friend(s)",
    "E46": "Special guardianship order made to former foster carer(s), other than relative(s) or friend(s)",
    "E47": "Special guardianship order made to carer(s), other than former foster carer(s), who was/are a relative(s)"
    " or friend(s)",
    "E48": "Special guardianship order made to carer(s), other than former foster carer(s), other than relative(s) or"
    " friend(s)",
}
ACTIVITIES: Final = {
    "F1": "Young person engaged full time in higher education",
    "P1": "Young person engaged part time in higher education",
    "F2": "Young person engaged full time in education other than higher education",
    "P2": "Young person engaged part time in education other than higher education",
    "F4": "Young person engaged full time in an apprenticeship",
    "P4": "Young person engaged part time in an apprenticeship",
    "F5": "Young person engaged full time in training or employment (not apprenticeship)",
    "P5": "Young person engaged part time in training or employment (not apprenticeship)",
    "G4": "Young person not in education, employment or training because of illness or disability",
    "G5": "Young person not in education, employment or training: other circumstances",
    "G6": "Young person not in education, employment or training due to pregnancy or parenting",
}
CLOSURES: Final = {
    "RC1": "Adopted",
    "RC2": "Died",
    "RC3": "Child arrangements order",
    "RC4": "Special guardianship order",
    "RC5": "Transferred to services of another local authority",
    "RC6": "Transferred to adult social care services",
    "RC7": "Services ceased for any other reason, including child no longer in need",
    "RC8": "Case closed after assessment, no further action",
    "RC9": "Case closed after assessment, referred to early help",
}
"""Descriptions in the words of the Department for Education's guides to the two returns."""


def _with_keys(value: Value) -> Value:
    """Factors as they were held before version 1.3.9 of the dataset."""
    return json.dumps({factor: "Yes" for factor in json.loads(str(value))})


SPECIFICATION: Final = Deployment("specification")
SYSTEM_C: Final = Deployment(
    "system_c",
    written={
        "clae_cla_episode_start_reason": _described(START_REASONS),
        "clae_cla_episode_ceased_reason": _described(END_REASONS),
        "clea_care_leaver_activity": _described(ACTIVITIES),
        "cine_close_reason": _code_and(CLOSURES),
    },
    support={"ssd_cohort": ("dim_person_id", "legacy_id", "has_referral", "has_903", "is_care_leaver")},
)
MOSAIC: Final = Deployment(
    "mosaic",
    absent_tables=frozenset({"ssd_family"}),
    absent=frozenset(
        {
            *("cppl_cp_plan_ola", "clap_person_id", "clai_immunisations_status_date"),
            *("clac_cla_conviction_offence", "invo_person_id"),
        }
    ),
    renamed={
        "cin_plan_id": "cinp_cin_plan_id",
        "workflow_step_id": "cppr_cp_review_id",
        "person_id": "cppr_person_id",
        "registration_id": "cppr_cp_plan_id",
        "due_date": "cppr_cp_review_due",
        "actual_date": "cppr_cp_review_date",
        "previous_conference_workflow_step_id": "cppr_cp_review_meeting_id",
        "review_outcome": "cppr_cp_review_outcome_continue_cp",
        "quorate": "cppr_cp_review_quorate",
        "review_participation": "cppr_cp_review_participation",
    },
    more={"ssd_cp_reviews": ("previous_conference_date", "previous_conference_type")},
    written={"cinf_assessment_factors_json": _with_keys},
)
ECLIPSE: Final = Deployment(
    "eclipse",
    absent=frozenset({"clar_cla_person_id"}),
    renamed={"clae_cla_episode_ceased": "clae_cla_episode_ceased_date"},
)
DEPLOYMENTS: Final = {each.name: each for each in (SPECIFICATION, SYSTEM_C, MOSAIC, ECLIPSE)}
"""Deployments by name."""
