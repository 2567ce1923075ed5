"""Feedback by questionnaire, read from CSV files of our templates: who could have answered, and what was answered.

The forms, their questions and the codes of the answers are those of `frameworks.feedback_forms` (indicators reference
8). Only the files of the reference year are read: a survey is of its year.
"""

from __future__ import annotations

from collections.abc import Sequence

from frameworks.feedback_forms import FORMS
from node.engines.duckdb_engine import DuckDbEngine
from node.sources.characteristics import ETHNICITY_CODES, SEX_CODES, characteristics_sql
from node.sources.csv_columns import Column, Value
from node.sources.csv_files import WHOLE_ROW, drop_rows, keep_last, stage
from node.sources.inventory import ReturnFile
from node.sources.report import ReportBuilder

INVITATIONS = "feedback.invitations"
ANSWERS = "feedback.answers"

NO_FORM = "no form of that instrument, version and age form"
NO_QUESTION = "no question of that form"
NO_ANSWER = "no answer to that question"
"""What can be wrong with a row besides its values."""

_SUBJECT = "the tables of feedback"

_FORM = ("INSTRUMENT", "VERSION", "AGE_FORM")
COLUMNS: dict[str, tuple[Column, ...]] = {
    INVITATIONS: (
        *(Column(name, essential=True) for name in ("RESPONDENT", *_FORM)),
        Column("RESPONDED", Value.FLAG, essential=True),
        Column("SEX", Value.CODE, optional=True, codes=SEX_CODES),
        Column("DOB", Value.DATE, optional=True),
        Column("ETHNIC", Value.CODE, optional=True, codes=ETHNICITY_CODES),
    ),
    ANSWERS: tuple(Column(name, essential=True) for name in ("RESPONDENT", *_FORM, "QUESTION", "ANSWER")),
}
"""The columns that are read, by kind of file."""


def _code(text: str) -> str:
    """SQL of the code that a text means: small letters, underscores for the blanks and hyphens between its words."""
    return f"lower(replace(replace({text}, '-', '_'), ' ', '_'))"


_FORM_ID = _code("concat(instrument, '_', version, '_', age_form)")


def read_feedback(engine: DuckDbEngine, files: Sequence[ReturnFile], year: int, report: ReportBuilder) -> None:
    """Fills respondent, feedback_invitation and feedback_answer from the files of `year`.

    A person is known by RESPONDENT, in both kinds of file or in one alone: where a survey is anonymous, the answers of
    a person nobody can name are those of a respondent without characteristics. Of several answers of a person to one
    question of a form the last counts. Rows with a form, a question or an answer that is not known are reported and
    not used. Raises ReturnsNotReady when the engine fails.
    """
    engine.run(
        "CREATE TEMP TABLE invitation (child_id VARCHAR, form VARCHAR, responded BOOLEAN, sex VARCHAR, dob DATE,"
        " ethnic VARCHAR, place_in_order BIGINT);"
        f"CREATE TEMP TABLE known_answer AS SELECT * FROM (VALUES {_known_answers()}) AS t (form, question, answer)",
        _SUBJECT,
    )
    for kind in (INVITATIONS, ANSWERS):
        members = sorted((f for f in files if (f.kind, f.year) == (kind, year)), key=lambda file: file.name)
        staged = stage(engine, members, COLUMNS[kind], report) if members else None
        if staged is None:
            continue
        if kind == INVITATIONS:
            _invitations(engine, staged, members, report)
        else:
            _answers(engine, staged, members, report)
        engine.run(f"DROP TABLE {staged}", _SUBJECT)
    engine.run(_RESPONDENTS, _SUBJECT)
    engine.run("DROP TABLE invitation; DROP TABLE known_answer", _SUBJECT)


def _known_answers() -> str:
    rows = (
        (form.id, question, answer)
        for form in FORMS.values()
        for question, answers in form.questions.items()
        for answer in answers
    )
    return ", ".join(f"('{form}', '{question}', '{answer}')" for form, question, answer in rows)


def _invitations(engine: DuckDbEngine, staged: str, files: Sequence[ReturnFile], report: ReportBuilder) -> None:
    keep_last(engine, staged, f"respondent, {_FORM_ID}", files, report)
    unknown = f"{_FORM_ID} NOT IN (SELECT form FROM known_answer)"
    drop_rows(engine, staged, unknown, WHOLE_ROW, NO_FORM, files, report)
    engine.run(
        f"INSERT INTO invitation SELECT respondent, {_FORM_ID}, responded, sex, dob, ethnic,"
        f" row_number() OVER (ORDER BY file, line) FROM {staged};"
        "INSERT INTO feedback_invitation SELECT child_id, form, responded FROM invitation",
        _SUBJECT,
    )


def _answers(engine: DuckDbEngine, staged: str, files: Sequence[ReturnFile], report: ReportBuilder) -> None:
    question, answer = _code("question"), _code("answer")
    keep_last(engine, staged, f"respondent, {_FORM_ID}, {question}", files, report)
    for columns, values, column, reason in (
        ("form", _FORM_ID, WHOLE_ROW, NO_FORM),
        ("form, question", f"({_FORM_ID}, {question})", "QUESTION", NO_QUESTION),
        ("form, question, answer", f"({_FORM_ID}, {question}, {answer})", "ANSWER", NO_ANSWER),
    ):
        unknown = f"{values} NOT IN (SELECT {columns} FROM known_answer)"
        drop_rows(engine, staged, unknown, column, reason, files, report)
    engine.run(
        f"INSERT INTO feedback_answer SELECT respondent, {_FORM_ID}, {question}, {answer},"
        f" TRY_CAST({answer} AS INTEGER) FROM {staged}",
        _SUBJECT,
    )


_RESPONDENTS = f"""
INSERT INTO respondent
SELECT child_id, {characteristics_sql("sex", "dob", "ethnic")}
FROM (
    SELECT child_id, sex, dob, ethnic FROM invitation
    QUALIFY row_number() OVER (PARTITION BY child_id ORDER BY place_in_order DESC) = 1
    UNION ALL
    SELECT DISTINCT child_id, CAST(NULL AS VARCHAR), CAST(NULL AS DATE), CAST(NULL AS VARCHAR) FROM feedback_answer
    WHERE child_id NOT IN (SELECT child_id FROM invitation)
)
"""
