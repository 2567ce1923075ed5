"""Episodes, cases and plans are rebuilt from intervals as a return would hold them.

Each case is a child in a few lines: periods of care `PERIOD start -> end reason`, placements `PLACE code start -> end`,
statuses `STATUS code start -> end`, and reasons that the deployment gives for an episode `REASON code day`. If this
failed, moves, starts and ends of care would be counted that nobody had, or that somebody had would not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from frameworks.model import Source
from frameworks.tables import TABLES as CHILD_LEVEL
from node.engines.duckdb_engine import DuckDbEngine
from node.sources.ssd.fingerprint import ReportedColumn, fingerprint
from node.sources.ssd.relations import ssd_relations
from node.sources.ssd.schema import SQL_TYPE, TABLES

_Row = dict[str, Any]


@contextmanager
def rebuilt(rows: dict[str, list[_Row]], year: int = 2025) -> Iterator[DuckDbEngine]:
    """The child-level tables of a warehouse that holds these rows."""
    columns = [ReportedColumn("", t.name, c.name, SQL_TYPE[c.kind]) for t in TABLES.values() for c in t.columns]
    with DuckDbEngine.create(year) as engine:
        for table in TABLES.values():
            listed = ", ".join(f"{column.name} {SQL_TYPE[column.kind]}" for column in table.columns)
            engine.run(f"CREATE TEMP TABLE staged_{table.name} ({listed})", "a test")
            for row in rows.get(table.name, []):
                places = ", ".join(f"${place}" for place in range(1, len(row) + 1))
                engine.rows(
                    f"INSERT INTO staged_{table.name} ({', '.join(row)}) VALUES ({places})", "a test", [*row.values()]
                )
        for name, sql in ssd_relations(fingerprint(columns).staged(), year):
            engine.define(name, sql, name)
        yield engine


def care(lines: str) -> dict[str, list[_Row]]:
    """The rows of one child, C, in one period of care after the other."""
    rows: dict[str, list[_Row]] = {"ssd_cla_episodes": [], "ssd_cla_placement": [], "ssd_legal_status": []}
    period = 0
    for number, line in enumerate(filter(None, (line.strip() for line in lines.splitlines()))):
        begins, _, ends = line.partition("->")
        kind, *words = begins.split()
        end, reason = (*ends.split(), None, None)[:2]
        if kind == "PERIOD":
            period += 1
            rows["ssd_cla_episodes"].append(_episode(number, period, words[0], "S", end, reason))
        elif kind == "REASON":
            before = rows["ssd_cla_episodes"][-1]
            end, reason = before["clae_cla_episode_ceased_date"], before["clae_cla_episode_ceased_reason"]
            before |= {"clae_cla_episode_ceased_date": words[1], "clae_cla_episode_ceased_reason": "X1"}
            rows["ssd_cla_episodes"].append(_episode(number, period, words[1], words[0], end, reason))
        elif kind == "PLACE":
            rows["ssd_cla_placement"].append(
                {
                    "clap_cla_placement_id": f"P{number}",
                    "clap_cla_id": f"CLA{period}",
                    "clap_cla_placement_type": words[0],
                    "clap_cla_placement_start_date": words[1],
                    "clap_cla_placement_end_date": end,
                }
            )
        else:
            rows["ssd_legal_status"].append(
                {
                    "lega_person_id": "C",
                    "lega_legal_status": words[0],
                    "lega_legal_status_start_date": words[1],
                    "lega_legal_status_end_date": end,
                }
            )
    return rows


def _episode(number: int, period: int, start: str, why: str, end: str | None, reason: str | None) -> _Row:
    return {
        "clae_cla_episode_id": f"E{number}",
        "clae_person_id": "C",
        "clae_cla_id": f"CLA{period}",
        "clae_cla_episode_start_date": start,
        "clae_cla_episode_start_reason": why,
        "clae_cla_episode_ceased_date": end,
        "clae_cla_episode_ceased_reason": reason,
    }


def history(engine: DuckDbEngine) -> list[str]:
    """Each episode as `start RNE LS PLACE -> end REC`."""
    found = engine.rows(
        "SELECT start_date, start_reason, legal_status, place, end_date, end_reason FROM episode_history"
        " ORDER BY event",
        "a test",
    )
    return [
        f"{start} {why} {status} {place}" + (f" -> {end} {reason}" if end else "")
        for start, why, status, place, end, reason in found
    ]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(
            """
            PERIOD 2024-01-10
            PLACE U4 2024-01-10 -> 2024-05-01
            PLACE K2 2024-05-01
            STATUS V2 2024-01-10 -> 2024-03-01
            STATUS C2 2024-03-01
            """,
            [
                "2024-01-10 S V2 U4 -> 2024-03-01 X1",
                "2024-03-01 L C2 U4 -> 2024-05-01 X1",
                "2024-05-01 P C2 K2",
            ],
            id="a status and a placement change on their own days",
        ),
        pytest.param(
            """
            PERIOD 2024-01-10 -> 2024-09-01 E4A
            PLACE U4 2024-01-10 -> 2024-05-01
            PLACE K2 2024-05-01 -> 2024-09-01
            STATUS V2 2024-01-10 -> 2024-05-01
            STATUS C2 2024-05-01 -> 2024-09-01
            """,
            ["2024-01-10 S V2 U4 -> 2024-05-01 X1", "2024-05-01 B C2 K2 -> 2024-09-01 E4A"],
            id="both change on one day, and the period ends for its reason",
        ),
        pytest.param(
            """
            PERIOD 2024-01-10
            PLACE U4 2024-01-10 -> 2024-05-01
            PLACE U4 2024-05-01 -> 2024-07-01
            PLACE U4 2024-07-01
            STATUS C1 2024-01-10 -> 2024-07-01
            STATUS C2 2024-07-01
            REASON T 2024-05-01
            REASON U 2024-07-01
            """,
            [
                "2024-01-10 S C1 U4 -> 2024-05-01 X1",
                "2024-05-01 T C1 U4 -> 2024-07-01 X1",
                "2024-07-01 U C2 U4",
            ],
            id="that the carer stayed is said by the deployment alone",
        ),
        pytest.param(
            """
            PERIOD 2024-01-10
            PLACE U4 2024-01-10
            PLACE T1 2024-05-01 -> 2024-05-09
            STATUS C2 2024-01-10
            """,
            ["2024-01-10 S C2 U4 -> 2024-05-01 X1", "2024-05-01 P C2 T1 -> 2024-05-09 X1", "2024-05-09 P C2 U4"],
            id="a temporary placement within another, which goes on after it",
        ),
        pytest.param(
            """
            PERIOD 2024-01-10
            PLACE U4 2024-01-12 -> 2024-03-01
            PLACE K2 2024-03-08
            STATUS C2 2024-01-11
            """,
            ["2024-01-10 S C2 U4 -> 2024-03-08 X1", "2024-03-08 P C2 K2"],
            id="late entries and gaps make no episode of their own",
        ),
        pytest.param(
            """
            PERIOD 2024-01-10
            PLACE U4 2024-01-10
            STATUS C2 2024-01-10
            STATUS E1 2024-03-01 -> 2024-06-01
            """,
            ["2024-01-10 S C2 U4 -> 2024-03-01 X1", "2024-03-01 L E1 U4 -> 2024-06-01 X1", "2024-06-01 L C2 U4"],
            id="of two statuses at once the later counts",
        ),
        pytest.param(
            """
            PERIOD 2024-01-10
            PLACE U4 2024-01-10
            STATUS C1 2024-01-10 -> 2024-02-07
            STATUS C1 2024-02-07 -> 2024-03-07
            STATUS C1 2024-03-07
            """,
            ["2024-01-10 S C1 U4"],
            id="an order that is renewed is no change",
        ),
        pytest.param(
            """
            PERIOD 2022-01-10 -> 2022-09-01 E4A
            PLACE U4 2022-01-10 -> 2022-09-01
            STATUS V2 2022-01-10
            PERIOD 2024-07-01
            PLACE K2 2024-07-01
            STATUS C2 2024-07-02
            """,
            ["2022-01-10 S V2 U4 -> 2022-09-01 E4A", "2024-07-01 S V2 K2 -> 2024-07-02 X1", "2024-07-02 L C2 K2"],
            id="two periods; a status never ended goes on",
        ),
        pytest.param(
            """
            PERIOD 2024-01-10 -> 2025-05-01 E8
            PLACE H5 2024-01-10 -> 2025-04-20
            PLACE U4 2025-04-20
            STATUS C2 2024-01-10
            """,
            ["2024-01-10 S C2 K3"],
            id="what came after 31 March is not known, and H5 is K3",
        ),
    ],
)
def test_episodes(lines: str, expected: list[str]) -> None:
    with rebuilt(care(lines)) as engine:
        assert history(engine) == expected


def test_the_return_of_the_year_holds_what_was_active_in_it() -> None:
    lines = """
        PERIOD 2022-01-10 -> 2024-04-01 E4A
        PLACE U4 2022-01-10 -> 2024-03-31
        PLACE K2 2024-03-31 -> 2024-04-01
        STATUS C2 2022-01-10
        """
    with rebuilt(care(lines)) as engine:
        assert engine.rows("SELECT place FROM episode", "a test") == [("K2",)]
        assert engine.rows("SELECT place, return_year FROM episode_history ORDER BY event", "a test") == [
            ("U4", 2024),
            ("K2", 2025),
        ]


def test_a_child_in_two_of_the_extract_s_rows_is_one_and_the_administrator_is_none() -> None:
    rows = care("PERIOD 2024-01-10\nPLACE U4 2024-01-10\nSTATUS C2 2024-01-10")
    doubled = {table: held * 3 for table, held in rows.items()}
    doubled["ssd_cla_episodes"].append(_episode(99, 9, "2024-01-10", "S", None, None) | {"clae_person_id": "-1"})
    with rebuilt(doubled) as engine:
        assert engine.rows("SELECT child_id FROM episode", "a test") == [("C",)]
        assert engine.rows("SELECT child_id FROM looked_after_child", "a test") == [("C",)]


def test_no_day_is_1900_01_01() -> None:
    rows = care(
        "PERIOD 2024-01-10 -> 1900-01-01\nPLACE U4 2024-01-10 -> 1900-01-01\nSTATUS C2 2024-01-10 -> 1900-01-01"
    )
    with rebuilt(rows) as engine:
        assert history(engine) == ["2024-01-10 S C2 U4"]


def _assessment(json: str) -> dict[str, list[_Row]]:
    return {
        "ssd_cin_episodes": [{"cine_referral_id": "R", "cine_person_id": "C", "cine_referral_date": "2024-05-01"}],
        "ssd_cin_assessments": [
            {
                "cina_assessment_id": "A",
                "cina_person_id": "C",
                "cina_referral_id": "R",
                "cina_assessment_start_date": "2024-05-02",
                "cina_assessment_auth_date": "2024-06-01",
            }
        ],
        "ssd_assessment_factors": [{"cinf_assessment_id": "A", "cinf_assessment_factors_json": json}],
    }


@pytest.mark.parametrize(
    ("json", "expected"),
    [
        ('["1A","2B"]', ["1A", "2B"]),
        ('[ "1a",\n "20" ]', ["1A", "20"]),
        ('{"1A": "Yes", "2B": "No", "3C":"N", "4A": ""}', ["1A"]),
        ('{"1A": true, "2B": false, "21": null, "5A": 1, "6A": 0}', ["1A", "5A"]),
        ('{"factor1":"1A","factor2":"18C"}', ["18C", "1A"]),
        ("[1A, 2B]", ["1A", "2B"]),
        ("[]", []),
        ('["99Z", "not a factor"]', []),
        ("{broken", []),
    ],
)
def test_assessment_factors_of_both_eras(json: str, expected: list[str]) -> None:
    with rebuilt(_assessment(json)) as engine:
        found = engine.rows("SELECT factor FROM assessment_factor ORDER BY factor", "a test")
        assert [row[0] for row in found] == expected


def test_a_case_stands_in_the_census_of_each_year_in_which_it_was_open() -> None:
    rows = _assessment("[]")
    rows["ssd_cin_episodes"] = [
        {
            "cine_referral_id": "R",
            "cine_person_id": "C",
            "cine_referral_date": "2023-05-01",
            "cine_close_date": "2025-04-20",
            "cine_close_reason": "RC7",
        },
        {
            "cine_referral_id": "N",
            "cine_person_id": "C",
            "cine_referral_date": "2023-02-01",
            "cine_referral_nfa": "Y",
        },
    ]
    rows["ssd_cin_assessments"][0] |= {
        "cina_assessment_start_date": "2024-03-01",
        "cina_assessment_auth_date": "2024-04-20",
    }
    with rebuilt(rows) as engine:
        referrals = engine.rows(
            "SELECT return_year, no_further_action, closure_date, closure_reason FROM referral ORDER BY event", "a test"
        )
        assert referrals == [(2023, True, None, None), (2025, False, None, None)]
        assessments = engine.rows(
            "SELECT return_year, referral_event, authorisation_date IS NOT NULL FROM assessment ORDER BY event",
            "a test",
        )
        assert assessments == [(2024, 1, False), (2025, 1, True)]


def test_under_five_one_assessment_of_two_is_not_enough() -> None:
    rows = care("PERIOD 2022-01-10\nPLACE U4 2022-01-10\nSTATUS C2 2022-01-10")
    rows["ssd_cla_health"] = [
        {
            "clah_person_id": "C",
            "clah_health_check_type": "Health Assessment",
            "clah_health_check_date": "2024-06-01",
            "clah_health_check_status": "Completed",
        }
    ]
    for born, expected in (("2021-01-01", False), ("2019-01-01", True)):
        rows["ssd_person"] = [{"pers_person_id": "C", "pers_dob": born}]
        with rebuilt(rows) as engine:
            checks = engine.rows("SELECT health_assessment FROM outcome_check WHERE return_year = 2025", "a test")
            assert checks == [(expected,)]


def test_every_relation_yields_the_columns_of_its_table() -> None:
    filled = (Source.SSDA903, Source.CIN_CENSUS, Source.FEEDBACK)
    with rebuilt({}) as engine:
        for table in CHILD_LEVEL.values():
            if table.source in filled:
                names = [row[0] for row in engine.rows(f"DESCRIBE SELECT * FROM temp.{table.name}", "a test")]
                assert names == list(table.columns)
