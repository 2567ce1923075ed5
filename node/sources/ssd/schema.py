"""The tables and columns of the Standard Safeguarding Dataset that the child-level tables are made from.

Names, meanings and the names met instead of them in the field: SSD tables reference (after the MIT-licensed
`ssd-data-model-next`). No other column is ever read.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """How a column is read: an id and a text as trimmed text, a day without its time, a whole number, a number."""

    ID = "id"
    TEXT = "text"
    DATE = "date"
    WHOLE = "whole"
    NUMBER = "number"


SQL_TYPE: dict[Kind, str] = {
    Kind.ID: "VARCHAR",
    Kind.TEXT: "VARCHAR",
    Kind.DATE: "DATE",
    Kind.WHOLE: "INTEGER",
    Kind.NUMBER: "DOUBLE",
}
"""The type of a column in the canonical relations."""


@dataclass(frozen=True)
class SsdColumn:
    """A column by its name in the specification; `also` are names met instead of it, in the order of preference."""

    name: str
    kind: Kind
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class SsdTable:
    """A table of the specification, with the columns that are read. `person` names whose rows they are, if it says."""

    name: str
    columns: tuple[SsdColumn, ...]
    person: str | None

    def column(self, name: str) -> SsdColumn:
        """The column of that name. Raises KeyError."""
        return {column.name: column for column in self.columns}[name]


def _column(text: str) -> SsdColumn:
    named, _, kind = text.partition(":")
    name, *also = named.split("/")
    return SsdColumn(name, Kind(kind), tuple(also))


def _table(name: str, columns: str) -> SsdTable:
    read = tuple(_column(text) for text in columns.split())
    person = next((column.name for column in read if column.name.endswith("_person_id")), None)
    return SsdTable(name, read, person)


TABLES: dict[str, SsdTable] = {
    table.name: table
    for table in (
        _table(
            "ssd_person",
            "pers_person_id:id pers_sex/pers_gender:text pers_ethnicity:text pers_dob:date pers_upn:text",
        ),
        _table(
            "ssd_linked_identifiers",
            "link_person_id:id link_identifier_type:text link_identifier_value:text",
        ),
        _table(
            "ssd_immigration_status",
            "immi_person_id:id immi_immigration_status:text immi_immigration_status_start_date:date"
            " immi_immigration_status_end_date:date",
        ),
        _table(
            "ssd_legal_status",
            "lega_person_id:id lega_legal_status:text lega_legal_status_start_date:date"
            " lega_legal_status_end_date:date",
        ),
        _table(
            "ssd_cin_episodes",
            "cine_referral_id:id cine_person_id:id cine_referral_date:date cine_referral_nfa:text"
            " cine_close_reason:text cine_close_date:date",
        ),
        _table(
            "ssd_cin_assessments",
            "cina_assessment_id:id cina_person_id:id cina_referral_id:id cina_assessment_start_date:date"
            " cina_assessment_auth_date:date",
        ),
        _table("ssd_assessment_factors", "cinf_assessment_id:id cinf_assessment_factors_json:text"),
        _table(
            "ssd_s47_enquiry", "s47e_s47_enquiry_id:id s47e_person_id:id s47e_referral_id:id s47e_s47_start_date:date"
        ),
        _table(
            "ssd_initial_cp_conference",
            "icpc_icpc_id:id icpc_person_id:id icpc_s47_enquiry_id:id icpc_referral_id:id icpc_icpc_transfer_in:text"
            " icpc_icpc_date:date",
        ),
        _table(
            "ssd_cp_plans",
            "cppl_cp_plan_id:id cppl_person_id:id cppl_cp_plan_start_date:date cppl_cp_plan_end_date:date"
            " cppl_cp_plan_ola:text",
        ),
        _table(
            "ssd_cp_reviews",
            "cppr_cp_plan_id/registration_id:id cppr_person_id/person_id:id cppr_cp_review_date/actual_date:date",
        ),
        _table(
            "ssd_cla_episodes",
            "clae_cla_episode_id:id clae_person_id:id clae_cla_id:id clae_cla_episode_start_date:date"
            " clae_cla_episode_start_reason:text clae_cla_episode_ceased_date/clae_cla_episode_ceased:date"
            " clae_cla_episode_ceased_reason:text",
        ),
        _table(
            "ssd_cla_placement",
            "clap_cla_placement_id/clap_placement_id:id clap_cla_id:id clap_cla_placement_start_date:date"
            " clap_cla_placement_end_date:date clap_cla_placement_type:text clap_cla_placement_urn:id"
            " clap_cla_placement_postcode:text clap_cla_placement_distance:number",
        ),
        _table(
            "ssd_permanence",
            "perm_table_id:id perm_person_id:id perm_adm_decision_date:date perm_matched_date:date"
            " perm_decision_reversed_date:date perm_adopted_by_carer_flag:text perm_placed_ffa_cp_date:date",
        ),
        _table(
            "ssd_missing",
            "miss_table_id:id miss_person_id:id miss_missing_episode_type:text miss_missing_episode_start_date:date"
            " miss_missing_episode_end_date:date",
        ),
        _table(
            "ssd_cla_health",
            "clah_person_id:id clah_health_check_type:text clah_health_check_date:date clah_health_check_status:text",
        ),
        _table(
            "ssd_cla_immunisations",
            "clai_person_id:id clai_immunisations_status:text clai_immunisations_status_date:date",
        ),
        _table("ssd_sdq_scores", "csdq_person_id:id csdq_sdq_completed_date:date csdq_sdq_score:whole"),
        _table(
            "ssd_cla_substance_misuse",
            "clas_person_id:id clas_substance_misuse_date:date clas_intervention_received:text",
        ),
        _table("ssd_cla_convictions", "clac_person_id:id clac_cla_conviction_date:date"),
        _table(
            "ssd_voice_of_child",
            "voch_person_id:id voch_explained_worries:text voch_story_help_understand:text voch_agree_worker:text"
            " voch_plan_safe:text voch_tablet_help_explain:text",
        ),
        _table(
            "ssd_care_leavers",
            "clea_table_id:id clea_person_id:id clea_care_leaver_eligibility:text clea_care_leaver_in_touch:text"
            " clea_care_leaver_latest_contact:date clea_care_leaver_accommodation:text"
            " clea_care_leaver_accom_suitable:text clea_care_leaver_activity:text",
        ),
        _table(
            "ssd_involvements",
            "invo_involvements_id:id invo_person_id:id invo_professional_id:id invo_professional_role_id:text"
            " invo_involvement_start_date:date invo_involvement_end_date:date invo_referral_id:id",
        ),
        _table(
            "ssd_professionals",
            "prof_professional_id:id prof_social_worker_registration_no:id prof_professional_job_title:text",
        ),
    )
}
"""The tables that are read, by name."""
