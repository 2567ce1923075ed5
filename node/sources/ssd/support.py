"""What a deployment can stand in for: files as declarations name them, and indicators by the columns that they read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope

from frameworks.model import Framework
from frameworks.tables import TABLES
from node.sources.ssd.fingerprint import Deployment


def _columns(text: str) -> tuple[str, ...]:
    """Columns written `table: column column; table: column`, each as `table.column`."""
    parts = (part.partition(":") for part in text.split(";"))
    return tuple(f"{table.strip()}.{column}" for table, _, columns in parts for column in columns.split())


NEEDED_FOR_FILE: dict[str, tuple[str, ...]] = {
    file: _columns(columns)
    for file, columns in {
        "ssda903": "ssd_person: pers_person_id pers_dob; ssd_cla_episodes: clae_person_id clae_cla_id"
        " clae_cla_episode_start_date clae_cla_episode_ceased_date clae_cla_episode_ceased_reason; ssd_cla_placement:"
        " clap_cla_placement_id clap_cla_id clap_cla_placement_start_date clap_cla_placement_end_date"
        " clap_cla_placement_type; ssd_legal_status: lega_person_id lega_legal_status lega_legal_status_start_date",
        "ssda903.oc2": "ssd_cla_episodes: clae_person_id",
        "ssda903.oc3": "ssd_care_leavers: clea_person_id clea_care_leaver_in_touch clea_care_leaver_activity"
        " clea_care_leaver_accommodation clea_care_leaver_accom_suitable",
        "ssda903.missing": "ssd_missing: miss_person_id miss_missing_episode_type miss_missing_episode_start_date"
        " miss_missing_episode_end_date",
        "ssda903.social_worker": "ssd_involvements: invo_professional_id invo_involvement_start_date"
        " invo_involvement_end_date; ssd_professionals: prof_professional_id prof_social_worker_registration_no",
        "ssda903.uasc": "ssd_immigration_status: immi_person_id immi_immigration_status"
        " immi_immigration_status_end_date",
        "ssda903.ad1": "ssd_permanence: perm_person_id perm_adm_decision_date perm_matched_date",
        "ssda903.placed_for_adoption": "ssd_permanence: perm_person_id perm_adm_decision_date"
        " perm_decision_reversed_date",
        "ssd.permanence": "ssd_permanence: perm_person_id perm_adm_decision_date perm_placed_ffa_cp_date",
        "postcodes.directory": "ssd_cla_placement: clap_cla_placement_distance",
        "cin_census": "ssd_person: pers_person_id pers_dob; ssd_cin_episodes: cine_referral_id cine_person_id"
        " cine_referral_date cine_referral_nfa cine_close_reason cine_close_date; ssd_cin_assessments:"
        " cina_assessment_id cina_person_id cina_referral_id cina_assessment_start_date cina_assessment_auth_date;"
        " ssd_s47_enquiry: s47e_person_id s47e_s47_start_date; ssd_cp_plans: cppl_person_id cppl_cp_plan_start_date"
        " cppl_cp_plan_end_date",
        "feedback.invitations": "ssd_voice_of_child: voch_person_id voch_explained_worries",
        "feedback.answers": "ssd_voice_of_child: voch_person_id voch_explained_worries",
    }.items()
}
"""The columns without which a warehouse cannot stand in for a file. `postcodes.directory` tells how far children live
from home, which a warehouse holds itself."""

_SOURCE_OF_FILE = {"ssd": "ssda903", "postcodes": "ssda903"}

NEEDED_FOR_COLUMN: dict[str, tuple[str, ...] | None] = {
    column: None if needed is None else _columns(needed)
    for column, needed in {
        "episode.distance_tenths": "ssd_cla_placement: clap_cla_placement_distance",
        "episode.beyond_20_miles": "ssd_cla_placement: clap_cla_placement_distance",
        "episode.outside_council": None,
        "outcome_check.sdq_score": "ssd_sdq_scores: csdq_person_id csdq_sdq_completed_date csdq_sdq_score",
        "outcome_check.convicted": "ssd_cla_convictions: clac_person_id clac_cla_conviction_date",
        "outcome_check.health_check": "ssd_cla_health: clah_person_id clah_health_check_type clah_health_check_date",
        "outcome_check.teeth_check": "ssd_cla_health: clah_person_id clah_health_check_type clah_health_check_date",
        "outcome_check.health_assessment": "ssd_cla_health: clah_person_id clah_health_check_type"
        " clah_health_check_date",
        "outcome_check.immunisations": "ssd_cla_immunisations: clai_person_id clai_immunisations_status",
        "outcome_check.substance_misuse": "ssd_cla_substance_misuse: clas_person_id clas_substance_misuse_date",
        "outcome_check.intervention_received": "ssd_cla_substance_misuse: clas_intervention_received",
        "outcome_check.intervention_offered": None,
        "adoption.match_date": "ssd_permanence: perm_matched_date",
        "adoption.by_foster_carer": "ssd_permanence: perm_adopted_by_carer_flag",
        "adoption.early_permanence_date": "ssd_permanence: perm_placed_ffa_cp_date",
        "assessment_factor.factor": "ssd_assessment_factors: cinf_assessment_id cinf_assessment_factors_json",
        "section_47.conference_date": "ssd_initial_cp_conference: icpc_person_id icpc_s47_enquiry_id icpc_icpc_date"
        " icpc_icpc_transfer_in",
        "referral.transfer_in_conference_date": "ssd_initial_cp_conference: icpc_person_id icpc_referral_id"
        " icpc_icpc_date icpc_icpc_transfer_in",
        "child_protection_plan.previous_plans": None,
        "plan_review.review_date": "ssd_cp_reviews: cppr_cp_plan_id cppr_cp_review_date; ssd_cp_plans: cppl_cp_plan_id",
    }.items()
}
"""What a column of a child-level table needs besides its file; None where no deployment holds it."""


def files_supported(deployment: Deployment, sources: Iterable[str], first_year: int, year: int) -> frozenset[str]:
    """The files, as declarations name them, that a deployment stands in for in each year of a window."""
    chosen = frozenset(sources)
    kinds = [file for file, needed in NEEDED_FOR_FILE.items() if _source(file) in chosen and deployment.has(*needed)]
    return frozenset(f"{kind}@{each}" for kind in kinds for each in range(first_year, year + 1))


def _source(file: str) -> str:
    kind = file.partition(".")[0]
    return _SOURCE_OF_FILE.get(kind, kind)


def columns_lacking(deployment: Deployment, sources: Iterable[str]) -> frozenset[str]:
    """The columns of child-level tables, of `sources`, that a deployment cannot fill."""
    chosen = frozenset(sources)
    return frozenset(
        column
        for column, needed in NEEDED_FOR_COLUMN.items()
        if TABLES[column.partition(".")[0]].source.value in chosen and (needed is None or not deployment.has(*needed))
    )


def indicators_lacking(framework: Framework, lacking: frozenset[str]) -> dict[str, tuple[str, ...]]:
    """The indicators that read some of the columns `lacking`, and which."""
    views = tuple((view.id, view.sql) for view in framework.views)
    found = {}
    for indicator in framework.indicators:
        definitions = (indicator.outcome or "", framework.cohort(indicator.cohort).sql)
        used = frozenset().union(*(_columns_read(sql, views, lacking) for sql in definitions if sql))
        if used:
            found[indicator.id] = tuple(sorted(used))
    return found


_NAME = re.compile(r"[a-z][a-z0-9_]*")


def _views_of(sql: str, views: Mapping[str, str]) -> dict[str, str]:
    """The views that a definition uses, those that they use before them."""
    needed: dict[str, str] = {}
    for name in dict.fromkeys(_NAME.findall(sql.lower())):
        if name in views and name not in needed:
            needed |= _views_of(views[name], views) | {name: views[name]}
    return needed


@cache
def _columns_read(sql: str, views: tuple[tuple[str, str], ...], wanted: frozenset[str]) -> frozenset[str]:
    """The columns among `wanted` whose value a definition depends on, through the views that it uses."""
    needed = _views_of(sql, dict(views))
    named = set(_NAME.findall(" ".join((sql, *needed.values())).lower()))
    if not any(column.partition(".")[2] in named and column.partition(".")[0] in named for column in wanted):
        return frozenset()
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    assert isinstance(tree, exp.Query)
    for name, view in needed.items():
        tree = tree.with_(name, as_=view, dialect="duckdb", copy=False)
    schema: dict[str, object] = {table.name: dict(table.columns) for table in TABLES.values()}
    # What no SELECT outside asks a view for is taken out of it, and out of the views below.
    kept = pushdown_projections(qualify(tree, schema=schema, dialect="duckdb", validate_qualify_columns=False))
    read = {
        f"{source.name}.{column.name}"
        for scope in traverse_scope(kept)
        for column in scope.columns
        if isinstance(source := scope.sources.get(column.table), exp.Table)
    }
    return wanted & frozenset(read)
