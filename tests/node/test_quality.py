"""Each data-quality rule finds the child it is about and no other, and nobody where the records are in order.

If this failed, an analyst would chase records that are right, or never hear of those that are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from frameworks.errors import DefinitionRefused, InvalidFramework
from frameworks.model import OWNER_COLUMN, Source
from frameworks.tables import TABLES
from node.engines.duckdb_engine import DuckDbEngine
from node.quality import concerned, find, load_rules

YEAR = 2025
FILES = frozenset({"ssda903@2025", "ssda903@2024", "ssda903.oc2@2025", "education.attendance@2025"})
RULES = {rule.id: rule for rule in load_rules()}

Row = dict[str, object]
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _r(table: str, **values: object) -> tuple[str, Row]:
    return table, values


_OPEN = {"start_date": "2023-01-10", "start_reason": "S", "legal_status": "C2", "place": "U4"}
_IN_ORDER = (
    _r("census_child", age=9),
    _r("referral", event=1, return_year=2025, referral_date="2024-05-01", no_further_action=False),
    _r(
        "assessment",
        event=1,
        return_year=2025,
        referral_event=1,
        start_date="2024-05-02",
        authorisation_date="2024-06-03",
    ),
    _r("section_47", event=1, return_year=2025, start_date="2024-05-05"),
    _r("child_protection_plan", event=1, return_year=2025, start_date="2024-06-01", previous_plans=0),
    _r("looked_after_child", age=9),
    _r("episode", event=1, **_OPEN),
    _r("episode_history", event=1, return_year=2025, **_OPEN),
    _r("outcome_check", return_year=2025),
    _r("missing_incident", event=1, kind="M", start_date="2024-07-01", end_date="2024-07-02"),
    _r("care_leaver", activity="F1"),
    _r("pupil", age=9),
    _r("pupil_case", event=1),
    _r("attendance", sessions_possible=300, sessions_missed=3),
    _r("feedback_invitation", form="ylyc_1_8_11", responded=True),
    _r("feedback_answer", form="ylyc_1_8_11", question="trusted_adult", answer="yes"),
    _r("family", closed_date="2025-01-01"),
    *(_r("family_need", event=need, need=need) for need in (1, 2, 3)),
)

FAULTY: dict[str, tuple[tuple[str, Row], ...]] = {
    "several_open_referrals": (
        _r("referral", event=1, return_year=2025, referral_date="2024-05-01", no_further_action=False),
        _r("referral", event=2, return_year=2025, referral_date="2024-09-01"),
    ),
    "several_open_plans": (
        _r("child_protection_plan", event=1, return_year=2025, start_date="2023-06-01", previous_plans=0),
        _r("child_protection_plan", event=2, return_year=2025, start_date="2023-09-01", previous_plans=1),
    ),
    "closed_before_referred": (
        _r("referral", event=1, return_year=2025, referral_date="2024-05-01", closure_date="2024-04-30"),
    ),
    "nfa_with_activity": (
        _r("referral", event=1, return_year=2025, referral_date="2024-05-01", no_further_action=True),
        _r("assessment", event=1, return_year=2025, referral_event=1, start_date="2024-05-02"),
    ),
    "assessment_backwards": (
        _r("assessment", event=1, return_year=2025, start_date="2024-05-02", authorisation_date="2024-05-01"),
    ),
    "plan_backwards": (
        _r("child_protection_plan", event=1, return_year=2025, start_date="2024-05-02", end_date="2024-05-01"),
    ),
    "repeated_enquiry": (
        _r("section_47", event=1, start_date="2024-05-05"),
        _r("section_47", event=2, start_date="2024-05-05"),
    ),
    "first_plan_with_history": (
        _r("child_protection_plan", event=1, return_year=2023, start_date="2022-05-02", end_date="2022-12-01"),
        _r("child_protection_plan", event=2, return_year=2025, start_date="2024-05-02"),
    ),
    "census_age_unknown": (_r("census_child"),),
    "episode_without_header": (_r("episode", event=1, start_date="2025-01-10", start_reason="S"),),
    "looked_after_age_unknown": (
        _r("looked_after_child"),
        _r("episode", event=1, start_date="2025-01-10", start_reason="S"),
    ),
    "episode_backwards": (
        _r("looked_after_child", age=3),
        _r("episode", event=1, start_date="2025-01-10", start_reason="S", end_date="2025-01-09", end_reason="E4A"),
    ),
    "episodes_overlap": (
        _r("looked_after_child", age=3),
        _r("episode", event=1, start_date="2025-01-10", start_reason="S", end_date="2025-02-09", end_reason="X1"),
        _r("episode", event=2, start_date="2025-02-08", start_reason="P"),
    ),
    "end_without_reason": (
        _r("looked_after_child", age=3),
        _r("episode", event=1, start_date="2025-01-10", start_reason="S", end_date="2025-02-09"),
    ),
    "no_outcome_row": (_r("looked_after_child", age=3), _r("episode", event=1, **_OPEN)),
    "outcome_row_of_another": (_r("outcome_check", return_year=2025),),
    "incident_backwards": (_r("missing_incident", event=1, start_date="2024-07-02", end_date="2024-07-01"),),
    "return_hidden_by_a_later_end": (
        _r(
            "episode_history",
            event=1,
            return_year=2024,
            start_date="2023-05-01",
            start_reason="S",
            end_date="2023-06-01",
            end_reason="E4A",
        ),
        _r(
            "episode_history",
            event=2,
            return_year=2024,
            start_date="2023-08-01",
            start_reason="S",
            end_date="2023-10-01",
            end_reason="E4B",
        ),
    ),
    "care_leaver_without_birth": (_r("care_leaver", activity="F1"),),
    "pupil_unknown_to_care": (_r("attendance", sessions_possible=300, sessions_missed=3),),
    "known_child_without_attendance": (_r("pupil", age=9),),
    "responded_without_answers": (_r("feedback_invitation", form="ylyc_1_8_11", responded=True),),
    "family_without_needs": (_r("family", closed_date="2025-01-01"), _r("family_need", event=1, need=1)),
}


@pytest.fixture
def engine() -> Iterator[DuckDbEngine]:
    with DuckDbEngine.create(YEAR) as created:
        yield created


def _add(engine: DuckDbEngine, owner: str, rows: tuple[tuple[str, Row], ...]) -> None:
    for table, values in rows:
        named = {OWNER_COLUMN[TABLES[table].source]: owner} | values
        typed = [
            date.fromisoformat(value) if isinstance(value, str) and _DAY.fullmatch(value) else value
            for value in named.values()
        ]
        marks = ", ".join("?" for _ in named)
        engine.connection.execute(f"INSERT INTO {table} ({', '.join(named)}) VALUES ({marks})", typed)


def test_every_rule_has_a_child_here_that_it_is_about() -> None:
    assert FAULTY.keys() == RULES.keys()


def test_records_in_order_concern_no_rule(engine: DuckDbEngine) -> None:
    _add(engine, "in order", _IN_ORDER)
    assert find(dict.fromkeys(Source, engine), RULES.values(), YEAR, FILES) == ()


@pytest.mark.parametrize("rule", FAULTY)
def test_each_rule_finds_its_child_once_and_not_the_one_in_order(engine: DuckDbEngine, rule: str) -> None:
    _add(engine, "in order", _IN_ORDER)
    _add(engine, "at fault", FAULTY[rule])
    engines = dict.fromkeys(Source, engine)
    assert concerned(engines, RULES[rule]) == ("at fault",)
    found = {finding.rule: finding.count for finding in find(engines, RULES.values(), YEAR, FILES)}
    assert found[rule] == 1


def test_a_rule_whose_files_or_engine_are_not_there_says_nothing(engine: DuckDbEngine) -> None:
    _add(engine, "at fault", FAULTY["no_outcome_row"])
    without = FILES - {"ssda903.oc2@2025"}
    engines = dict.fromkeys(Source, engine)
    assert "no_outcome_row" in {finding.rule for finding in find(engines, RULES.values(), YEAR, FILES)}
    assert "no_outcome_row" not in {finding.rule for finding in find(engines, RULES.values(), YEAR, without)}
    assert find({}, RULES.values(), YEAR, FILES) == ()


def test_a_rule_that_looks_at_other_children_is_refused_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "quality.toml"
    path.write_text(
        '[[rules]]\nid = "twins"\ntitle = "t"\nadvice = "a"\nsource = "ssda903"\n'
        'sql = "SELECT a.child_id FROM episode AS a JOIN episode AS b ON a.start_date = b.start_date"\n'
    )
    with pytest.raises(DefinitionRefused, match=r"quality\.toml, line 6"):
        load_rules(path)
    path.write_text("[[rules]]\nid = 3\n")
    with pytest.raises(InvalidFramework):
        load_rules(path)
