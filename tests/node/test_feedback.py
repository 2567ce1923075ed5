"""Reading feedback: what of a council's survey files counts, and what is said of the rest. If these failed, an answer
would count twice, a stranger's code would become an answer, or a person's words would stand in a report."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frameworks.feedback_forms import FORMS, SCALE
from node.sources.feedback import ANSWERS, COLUMNS, INVITATIONS, NO_ANSWER, NO_FORM, NO_QUESTION
from node.sources.inventory import take_inventory
from tests.node.ssda903_csv import csv_text, reading, write_returns

YEAR = 2025
INVITED = "RESPONDENT,INSTRUMENT,VERSION,AGE_FORM,RESPONDED,SEX,DOB,ETHNIC"
ANSWERED = "RESPONDENT,INSTRUMENT,VERSION,AGE_FORM,QUESTION,ANSWER"
TEMPLATES = Path(__file__).parents[2] / "node" / "templates"
SECRET = "QX7SECRET"


def test_a_young_person_who_answered_and_one_who_did_not(tmp_path: Path) -> None:
    files = {
        "2025/i.csv": csv_text(INVITED, "001,ylyc,1,11_18,1,F,15/06/2010,WBRI", "002,YLYC,1,11-18,0,M,,"),
        "2025/a.csv": csv_text(ANSWERED, "001,ylyc,1,11_18,trusted_adult,Yes", "001,Ylyc,1,11 18,Life Satisfaction,10"),
    }
    with reading(tmp_path, files, YEAR) as read:
        assert read.rows("respondent", "*") == [
            ("001", "female", "2010-06-15", 14, "10_15", "white"),
            ("002", "male", None, None, "unknown", "unknown"),
        ]
        assert read.rows("feedback_invitation", "*") == [
            ("001", "ylyc_1_11_18", True),
            ("002", "ylyc_1_11_18", False),
        ]
        assert read.rows("feedback_answer", "*") == [
            ("001", "ylyc_1_11_18", "life_satisfaction", "10", 10),
            ("001", "ylyc_1_11_18", "trusted_adult", "yes", None),
        ]
        assert read.faults() == []
        assert read.report.available == {"feedback.invitations@2025", "feedback.answers@2025"}


def test_anonymous_answers_are_those_of_a_person_without_characteristics(tmp_path: Path) -> None:
    files = {
        "2025/i.csv": csv_text(INVITED, "k1,ylbc,1,16_25,1,F,15/06/2004,WBRI"),
        "2025/a.csv": csv_text(
            ANSWERED, "t9,ylbc,1,16_25,lonely,never", "t9,ylbc,1,16_25,worthwhile,3", "k1,ylbc,1,16_25,lonely,sometimes"
        ),
    }
    with reading(tmp_path, files, YEAR) as read:
        assert read.rows("respondent", "child_id sex age ethnicity_major") == [
            ("K1", "female", 20, "white"),
            ("T9", "unknown", None, "unknown"),
        ]
        assert read.rows("feedback_answer", "child_id question") == [
            ("K1", "lonely"),
            ("T9", "lonely"),
            ("T9", "worthwhile"),
        ]


def test_the_last_answer_and_the_last_invitation_count(tmp_path: Path) -> None:
    files = {
        "2025/a1.csv": csv_text(ANSWERED, "1,ons4,1,11_18,worthwhile,2", "1,ons4,1,11-18,worthwhile,5"),
        "2025/a2.csv": csv_text(ANSWERED, "1,ons4,1,11_18,WORTHWHILE,8"),
        "2025/i.csv": csv_text(INVITED, "1,ons4,1,11_18,0,M,,", "1,ylyc,1,11_18,1,M,,", "1,ons4,1,11_18,1,F,,"),
    }
    with reading(tmp_path, files, YEAR) as read:
        assert read.rows("feedback_answer", "question score") == [("worthwhile", 8)]
        assert read.rows("feedback_invitation", "form responded") == [("ons4_1_11_18", True), ("ylyc_1_11_18", True)]
        assert read.rows("respondent", "sex") == [("female",)]
        assert {(file, row) for file, row, _, _ in read.faults()} == {("a1.csv", 2), ("a1.csv", 3), ("i.csv", 2)}


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("1,ylyc,2,11_18,trusted_adult,yes", "", NO_FORM),
        ("1,ylyc,1,04-Jul,trusted_adult,yes", "", NO_FORM),
        ("1,ylyc,1,4_7,life_satisfaction,7", "QUESTION", NO_QUESTION),
        (f"1,ylyc,1,11_18,{SECRET},yes", "QUESTION", NO_QUESTION),
        ("1,ylyc,1,11_18,life_satisfaction,11", "ANSWER", NO_ANSWER),
        ("1,ylyc,1,11_18,life_satisfaction,7.0", "ANSWER", NO_ANSWER),
        ("1,ylyc,1,11_18,life_satisfaction,yes", "ANSWER", NO_ANSWER),
        (f"1,ylyc,1,11_18,trusted_adult,{SECRET}", "ANSWER", NO_ANSWER),
        ("1,ylyc,1,11_18,trusted_adult,", "ANSWER", "blank"),
        (",ylyc,1,11_18,trusted_adult,yes", "RESPONDENT", "blank"),
    ],
)
def test_what_is_not_known_is_named_by_its_place_and_not_used(
    tmp_path: Path, row: str, column: str, reason: str
) -> None:
    with reading(tmp_path, {"2025/a.csv": csv_text(ANSWERED, row)}, YEAR) as read:
        assert read.faults() == [("a.csv", 2, column, reason)]
        assert read.rows("feedback_answer", "*") == []
        assert read.rows("respondent", "*") == []
        assert SECRET not in repr(read.report)


def test_an_unusable_last_answer_does_not_bring_an_earlier_one_back(tmp_path: Path) -> None:
    rows = csv_text(ANSWERED, "1,ons4,1,11_18,worthwhile,5", "1,ons4,1,11_18,worthwhile,12")
    with reading(tmp_path, {"2025/a.csv": rows}, YEAR) as read:
        assert read.rows("feedback_answer", "*") == []


def test_an_invitation_without_a_known_form_or_a_mark_is_not_used(tmp_path: Path) -> None:
    rows = csv_text(INVITED, "1,paper,1,11_18,1,,,", "2,ylyc,1,11_18,,,,", "3,ylyc,1,11_18,Y,,,", "4,ylyc,1,11_18,0,,,")
    with reading(tmp_path, {"2025/i.csv": rows}, YEAR) as read:
        assert read.rows("feedback_invitation", "child_id") == [("4",)]
        assert read.rows("respondent", "child_id") == [("4",)]
        assert read.faults() == [
            ("i.csv", 2, "", NO_FORM),
            ("i.csv", 3, "RESPONDED", "blank"),
            ("i.csv", 4, "RESPONDED", "neither 0 nor 1"),
        ]


def test_a_survey_of_another_year_is_not_of_this_one(tmp_path: Path) -> None:
    files = {"2024/a.csv": csv_text(ANSWERED, "1,ons4,1,11_18,worthwhile,5"), "2025/i.csv": csv_text(INVITED)}
    with reading(tmp_path, files, YEAR) as read:
        assert read.rows("feedback_answer", "*") == []
        assert "feedback.invitations@2025" in read.report.available
        assert "feedback.answers@2025" not in read.report.available


@pytest.mark.parametrize(("name", "kind"), [("feedback_invitations", INVITATIONS), ("feedback_answers", ANSWERS)])
def test_a_template_is_recognised_and_holds_just_the_columns_that_are_read(
    tmp_path: Path, name: str, kind: str
) -> None:
    content = (TEMPLATES / f"{name}.csv").read_bytes()
    (file,) = take_inventory(write_returns(tmp_path, {"2025/filled.csv": content}), YEAR).files
    assert file.kind == kind
    assert content.decode() == ",".join(column.name for column in COLUMNS[kind]) + "\n"


def test_the_guide_to_the_templates_lists_every_form_question_and_code() -> None:
    guide = (TEMPLATES / "README.md").read_text(encoding="utf-8")
    listed = {
        line for line in guide.splitlines() if line.startswith(tuple(f"| `{f.instrument}` |" for f in FORMS.values()))
    }
    expected = {
        f"| `{form.instrument}` | `{form.version}` | `{form.age_form}` | `{question}` | "
        + ("`0` to `10`" if answers == SCALE else " ".join(f"`{answer}`" for answer in answers))
        + " |"
        for form in FORMS.values()
        for question, answers in form.questions.items()
    }
    assert listed == expected


_FIELD = st.one_of(
    st.sampled_from(
        ["1", "ylyc", "YLYC", "11_18", "worthwhile", "7", "yes", "", '"', "\x00", "'; DROP TABLE respondent"]
    ),
    st.text(max_size=8),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(_FIELD, min_size=1, max_size=9), max_size=8))
def test_whatever_stands_in_the_file_every_row_in_a_table_is_of_a_known_form(
    tmp_path: Path, rows: list[list[str]]
) -> None:
    text = "\n".join([ANSWERED, *(",".join(row) for row in rows)]).encode("utf-8", "surrogatepass")
    invited = "\n".join([INVITED, *(",".join(row) for row in rows)]).encode("utf-8", "surrogatepass")
    with reading(tmp_path, {"2025/a.csv": text, "2025/i.csv": invited}, YEAR) as read:
        people = {child_id for (child_id,) in read.rows("respondent", "child_id")}
        for child_id, form, question, answer, score in read.rows("feedback_answer", "*"):
            assert child_id in people
            assert answer in FORMS[form].questions[question]
            assert (score is not None) == (answer in SCALE)
        for child_id, form, _ in read.rows("feedback_invitation", "*"):
            assert child_id in people
            assert form in FORMS
        assert len(people) == len(read.rows("respondent", "child_id"))
