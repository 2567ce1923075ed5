"""If this fails, a made-up warehouse tells another story than the returns of the same children, and a reader of one
cannot be checked against a reader of the other."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from deploy.demo.generator import DEPLOYMENTS, Files, council_like_england, ssd_files, write_files, write_ssd
from deploy.demo.generator.ssd_deployments import ACTIVITIES, END_REASONS, START_REASONS
from deploy.demo.generator.ssd_tables import TABLES, Value
from tests.deploy.plain_figures import british_date, census, rows

YEARS = range(2022, 2026)
YEAR = 2025
FIRST, LAST = date(YEAR - 1, 4, 1), date(YEAR, 3, 31)
COUNCIL = council_like_england(25_000)

Tables = dict[str, list[dict[str, Value]]]


def warehouse(deployment: str) -> Tables:
    tables: Tables = defaultdict(list)

    def keep(table: str, row: Mapping[str, Value]) -> None:
        tables[table].append(dict(row))

    write_ssd(COUNCIL, YEARS, keep, deployment=DEPLOYMENTS[deployment], seed=12)
    return tables


@pytest.fixture(scope="module")
def tables() -> Tables:
    return warehouse("specification")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("returns")
    write_files(COUNCIL, made, YEARS, (Files.RETURNS, Files.FEEDBACK), seed=12)
    return made


def day(value: Value) -> date | None:
    assert value is None or isinstance(value, datetime)
    return None if value is None else value.date()


def in_year(value: Value) -> bool:
    found = day(value)
    return found is not None and FIRST <= found <= LAST


def test_cases_are_those_of_the_censuses(tables: Tables, folder: Path) -> None:
    in_returns = {
        (child.child_id, case.referral, case.closure, case.no_further_action)
        for child in census(folder, YEAR)
        for case in child.cases
    }
    in_warehouse = {
        (row["cine_person_id"], day(row["cine_referral_date"]), day(row["cine_close_date"]), nfa)
        for row in tables["ssd_cin_episodes"]
        for nfa in [row["cine_referral_nfa"] == "Y"]
        if in_year(row["cine_referral_date"]) or (not nfa and (day(row["cine_close_date"]) or LAST) >= FIRST)
    }
    assert in_warehouse == in_returns


def test_what_cases_hold_is_that_of_the_censuses(tables: Tables, folder: Path) -> None:
    returned: dict[str, set[tuple[object, ...]]] = defaultdict(set)
    for child in census(folder, YEAR):
        for case in child.cases:
            returned["assessment"] |= {(child.child_id, *dates) for dates in case.assessments}
            returned["enquiry"] |= {(child.child_id, start) for start, _ in case.enquiries if start >= FIRST}
            returned["plan"] |= {(child.child_id, start, stop) for start, stop, _, _ in case.plans}
            returned["review"] |= {(child.child_id, each) for *_, held in case.plans for each in held if each >= FIRST}
    found: dict[str, set[tuple[object, ...]]] = defaultdict(set)
    for row in tables["ssd_cin_assessments"]:
        start, done = day(row["cina_assessment_start_date"]), day(row["cina_assessment_auth_date"])
        if done is None or done >= FIRST:
            found["assessment"].add((row["cina_person_id"], start, done))
    for row in tables["ssd_s47_enquiry"]:
        if in_year(row["s47e_s47_start_date"]):
            found["enquiry"].add((row["s47e_person_id"], day(row["s47e_s47_start_date"])))
    for row in tables["ssd_cp_plans"]:
        start, stop = day(row["cppl_cp_plan_start_date"]), day(row["cppl_cp_plan_end_date"])
        if stop is None or stop >= FIRST:
            found["plan"].add((row["cppl_person_id"], start, stop))
    for row in tables["ssd_cp_reviews"]:
        if in_year(row["cppr_cp_review_date"]):
            found["review"].add((row["cppr_person_id"], day(row["cppr_cp_review_date"])))
    assert all(returned.values())
    assert found == returned


def test_episodes_can_be_rebuilt_from_places_and_legal_statuses(tables: Tables, folder: Path) -> None:
    """The rows of the Episodes files of every year, from intervals that know nothing of each other."""
    starts: dict[Value, set[date | None]] = defaultdict(set)
    places = {row["clap_cla_placement_id"]: row for row in tables["ssd_cla_placement"]}
    statuses: dict[Value, list[tuple[date, date, Value]]] = defaultdict(list)
    for row in tables["ssd_legal_status"]:
        begin, end = day(row["lega_legal_status_start_date"]), day(row["lega_legal_status_end_date"])
        assert begin is not None
        statuses[row["lega_person_id"]].append((begin, end or date.max, row["lega_legal_status"]))
        starts[row["lega_person_id"]].add(begin)
    for row in places.values():
        starts[row["clap_person_id"]].add(day(row["clap_cla_placement_start_date"]))
    rebuilt = set()
    for row in tables["ssd_cla_episodes"]:
        child, begin = row["clae_person_id"], day(row["clae_cla_episode_start_date"])
        assert begin is not None and begin in starts[child]
        [status] = [held for since, until, held in statuses[child] if since <= begin < until]
        place = places[row["clae_cla_placement_id"]]
        end, reason = day(row["clae_cla_episode_ceased_date"]), row["clae_cla_episode_ceased_reason"]
        rebuilt.add((child, begin, status, place["clap_cla_placement_postcode"], end, reason))
    returned = {
        (row["CHILD"], british_date(row["DECOM"])): (
            row["LS"],
            row["PL_POST"],
            british_date(row["DEC"]),
            row["REC"] or None,
        )
        for year in YEARS
        for row in rows(folder, year, "episodes")
    }
    assert rebuilt == {(*key, *value) for key, value in returned.items()}


def test_checks_scores_and_workers_are_those_of_the_return(tables: Tables, folder: Path) -> None:
    checks = {row["CHILD"]: row for row in rows(folder, YEAR, "oc2")}
    scores = {
        row["csdq_person_id"]: str(row["csdq_sdq_score"])
        for row in tables["ssd_sdq_scores"]
        if in_year(row["csdq_sdq_completed_date"]) and row["csdq_sdq_score"] is not None
    }
    assert scores == {child: row["SDQ_SCORE"] for child, row in checks.items() if row["SDQ_SCORE"]}
    for table, column, kind in (
        ("ssd_cla_convictions", "clac", "CONVICTED"),
        ("ssd_cla_substance_misuse", "clas", "SUBSTANCE_MISUSE"),
    ):
        dates = {"clac": "clac_cla_conviction_date", "clas": "clas_substance_misuse_date"}[column]
        children = {row[f"{column}_person_id"] for row in tables[table] if in_year(row[dates])}
        assert children == {child for child, row in checks.items() if row[kind] == "1"}
    registration = {
        row["prof_professional_id"]: row["prof_social_worker_registration_no"] for row in tables["ssd_professionals"]
    }
    workers = {
        (row["invo_person_id"], registration[row["invo_professional_id"]], day(row["invo_involvement_start_date"]))
        for row in tables["ssd_involvements"]
    }
    assert {
        (row["CHILD"], row["SW_ID"], british_date(row["SW_DECOM"])) for row in rows(folder, YEAR, "social_worker")
    } <= workers


def test_care_leavers_and_missing_children_are_those_of_the_return(tables: Tables, folder: Path) -> None:
    leavers = {
        row["clea_person_id"]: (row["clea_care_leaver_in_touch"], row["clea_care_leaver_activity"])
        for row in tables["ssd_care_leavers"]
        if in_year(row["clea_care_leaver_latest_contact"])
    }
    assert leavers == {row["CHILD"]: (row["IN_TOUCH"], row["ACTIV"]) for row in rows(folder, YEAR, "oc3")}
    missing = {
        (row["miss_person_id"], row["miss_missing_episode_type"], day(row["miss_missing_episode_start_date"]))
        for row in tables["ssd_missing"]
    }
    returned = {
        (row["CHILD"], row["MISSING"], british_date(row["MIS_START"]))
        for year in YEARS
        for row in rows(folder, year, "missing")
    }
    assert returned
    assert returned == missing


def test_the_voices_are_the_answers_of_the_survey(tables: Tables, folder: Path) -> None:
    with (folder / str(YEAR) / f"feedback_{YEAR}_answers.csv").open(encoding="utf-8") as file:
        answers = [row for row in csv.DictReader(file) if row["INSTRUMENT"] == "ssd_voice"]
    in_survey = Counter((row["RESPONDENT"], row["ANSWER"][0].upper()) for row in answers)
    in_warehouse = Counter(
        (row["voch_person_id"], value)
        for row in tables["ssd_voice_of_child"]
        for column, value in row.items()
        if value is not None and not column.endswith("_id")
    )
    assert in_survey
    assert in_warehouse == in_survey


def test_rows_refer_to_rows_that_are_there_and_keys_are_single(tables: Tables) -> None:
    people = {row["pers_person_id"] for row in tables["ssd_person"]}
    for table, found in tables.items():
        assert set(found[0]) == set(TABLES[table])
        for row in found:
            named = {column: value for column, value in row.items() if column.endswith("_person_id")}
            named.pop("moth_childs_person_id", None)
            assert set(named.values()) <= people
    for table, key in (
        ("ssd_person", "pers_person_id"),
        ("ssd_cin_episodes", "cine_referral_id"),
        ("ssd_cin_assessments", "cina_assessment_id"),
        ("ssd_s47_enquiry", "s47e_s47_enquiry_id"),
        ("ssd_initial_cp_conference", "icpc_icpc_id"),
        ("ssd_cp_plans", "cppl_cp_plan_id"),
        ("ssd_cp_reviews", "cppr_cp_review_id"),
        ("ssd_cla_episodes", "clae_cla_episode_id"),
        ("ssd_cla_placement", "clap_cla_placement_id"),
        ("ssd_legal_status", "lega_legal_status_id"),
        ("ssd_involvements", "invo_involvements_id"),
    ):
        keys = [row[key] for row in tables[table]]
        assert len(set(keys)) == len(keys), table
        assert all(isinstance(value, str) for value in keys)
    cases = {row["cine_referral_id"] for row in tables["ssd_cin_episodes"]}
    for table, column in (("ssd_cin_assessments", "cina_referral_id"), ("ssd_involvements", "invo_referral_id")):
        assert {row[column] for row in tables[table]} <= cases


def test_nothing_is_known_that_is_still_to_come(tables: Tables) -> None:
    end = datetime(YEAR, 3, 31)
    for found in tables.values():
        for row in found:
            assert all(
                value <= end or column == "pers_expected_dob" or column == "icpc_icpc_target_date"
                for column, value in row.items()
                if isinstance(value, datetime)
            )


def test_each_deployment_departs_from_the_specification_as_its_system_does(tables: Tables) -> None:
    system_c, mosaic, eclipse = (warehouse(name) for name in ("system_c", "mosaic", "eclipse"))
    for texts, table, column in (
        (START_REASONS, "ssd_cla_episodes", "clae_cla_episode_start_reason"),
        (END_REASONS, "ssd_cla_episodes", "clae_cla_episode_ceased_reason"),
        (ACTIVITIES, "ssd_care_leavers", "clea_care_leaver_activity"),
    ):
        codes = {text: code for code, text in texts.items()}
        assert len(codes) == len(texts)
        written = [row[column] for row in system_c[table]]
        assert not {value for value in written if value != "0"} & texts.keys()
        assert [codes.get(str(value), value) for value in written] == [row[column] for row in tables[table]]
    assert "ssd_family" in system_c and "ssd_family" not in mosaic
    assert "invo_person_id" not in mosaic["ssd_involvements"][0]
    assert "actual_date" in mosaic["ssd_cp_reviews"][0] and "cppr_cp_review_date" not in mosaic["ssd_cp_reviews"][0]
    assert [row["actual_date"] for row in mosaic["ssd_cp_reviews"]] == [
        row["cppr_cp_review_date"] for row in tables["ssd_cp_reviews"]
    ]
    for old, new in zip(mosaic["ssd_assessment_factors"], tables["ssd_assessment_factors"], strict=True):
        texts_of = [str(row["cinf_assessment_factors_json"]) for row in (old, new)]
        assert list(json.loads(texts_of[0])) == json.loads(texts_of[1])
    assert "clae_cla_episode_ceased" in eclipse["ssd_cla_episodes"][0]
    assert "clar_cla_person_id" not in eclipse["ssd_cla_reviews"][0]


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_every_table_has_a_file_and_the_same_seed_the_same_bytes(tmp_path: Path, name: str) -> None:
    deployment = DEPLOYMENTS[name]
    council = council_like_england(80_000).scaled_to(looked_after=8, in_need=50)
    for target in ("one", "same"):
        with ssd_files(tmp_path / target, deployment) as sink:
            write_ssd(council, YEARS, sink, deployment=deployment, seed=1)
    for table, columns in deployment.tables.items():
        one, same = ((tmp_path / target / f"{table}.csv").read_bytes() for target in ("one", "same"))
        assert one == same
        assert one.decode().splitlines()[0] == ",".join(columns)
    assert len(list((tmp_path / "one").iterdir())) == len(deployment.tables)


def test_legal_statuses_of_a_period_follow_each_other_without_a_gap(tables: Tables) -> None:
    by_period: dict[str, list[dict[str, Value]]] = defaultdict(list)
    for row in tables["ssd_legal_status"]:
        by_period[str(row["lega_legal_status_id"])[:-3]].append(row)
    assert any(len(found) > 1 for found in by_period.values())
    for found in by_period.values():
        for before, after in pairwise(found):
            assert before["lega_legal_status_end_date"] == after["lega_legal_status_start_date"]
            assert before["lega_legal_status"] != after["lega_legal_status"]
