"""What children and young people say (indicators reference 8): who is counted, by hand-worked answers, and what a
definition must carry. If these failed, people who said nothing would be counted as content, forms that ask different
questions would be pooled, or a figure would be shown without how many had been asked."""

from __future__ import annotations

import atexit
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache

import pytest

from frameworks.availability import indicator_needs
from frameworks.catalogue import load_framework
from frameworks.feedback_forms import FORMS, SCALE
from frameworks.model import Availability, DataType, Indicator, Kind, Source
from node.engines.duckdb_engine import DuckDbEngine
from node.measure import Figure, measure

YEAR = 2025
FILES = frozenset({f"feedback.invitations@{YEAR}", f"feedback.answers@{YEAR}"})
FRAMEWORK = load_framework("outcomes-2019")
INDICATORS: dict[str, Indicator] = {
    indicator.id: indicator
    for indicator in FRAMEWORK.indicators
    if FRAMEWORK.cohort(indicator.cohort).source is Source.FEEDBACK
}


def form_of(indicator_id: str) -> str:
    """The form in an indicator's id."""
    (form,) = (form for form in FORMS if indicator_id.startswith(f"feedback_{form}_"))
    return form


@dataclass(frozen=True)
class Person:
    """Somebody invited to one form, who answered it or not."""

    form: str
    answers: dict[str, str] = field(default_factory=dict)
    responded: bool = True


def _rows(child_id: str, person: Person) -> Iterator[tuple[str, tuple[object, ...]]]:
    yield "respondent", (child_id, "female", None, None, "unknown", "white")
    yield "feedback_invitation", (child_id, person.form, person.responded)
    for question, answer in person.answers.items():
        score = int(answer) if answer.isdigit() else None
        yield "feedback_answer", (child_id, person.form, question, answer, score)


@cache
def _engine() -> DuckDbEngine:
    """One engine for every test: making one takes longer than measuring."""
    still_open = ExitStack()
    atexit.register(still_open.close)
    return still_open.enter_context(DuckDbEngine.create(YEAR))


def figures(*people: Person, only: str | None = None) -> dict[str, Figure]:
    """The figures of a council of these people, all or only one."""
    engine = _engine()
    for table in ("respondent", "feedback_invitation", "feedback_answer"):
        engine.connection.execute(f"DELETE FROM {table}")
    for number, person in enumerate(people):
        for table, row in _rows(f"person-{number}", person):
            engine.connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' for _ in row)})", row)
    indicators = tuple(indicator for name, indicator in INDICATORS.items() if only in (None, name))
    return measure(engine, FRAMEWORK.model_copy(update={"indicators": indicators}), YEAR, FILES)


GOOD_ANSWERS = {
    "feels_safe_home": {"all_or_most"},
    "trusted_adult": {"yes"},
    "likes_school": {"a_lot", "a_bit"},
    "life_better": {"much_better", "bit_better"},
    "lonely_often": {"always_or_often"},
    "understands_worries": {"yes"},
    "agrees_plan": {"yes"},
    "plan_safe": {"yes"},
    "low_life_satisfaction": {"0", "1", "2", "3", "4"},
    "very_high_life_satisfaction": {"9", "10"},
}
QUESTION = {"lonely_often": "lonely", "low_life_satisfaction": "life_satisfaction"} | {
    "very_high_life_satisfaction": "life_satisfaction"
}
PERCENTS = [name for name, indicator in INDICATORS.items() if indicator.kind is Kind.PERCENT and indicator.companions]
HISTOGRAMS = [name for name, indicator in INDICATORS.items() if indicator.kind is Kind.HISTOGRAM]


@pytest.mark.parametrize("name", PERCENTS)
def test_each_answer_counts_as_what_it_says(name: str) -> None:
    form = form_of(name)
    slug = name.removeprefix(f"feedback_{form}_")
    question = QUESTION.get(slug, slug)
    answers = FORMS[form].questions[question]
    people = [Person(form, {question: answer}) for answer in answers]
    figure = figures(*people, only=name)[name]
    decided = [answer for answer in answers if answer not in ("dont_know", "prefer_not")]
    assert GOOD_ANSWERS[slug] < set(decided)
    assert (figure.numerator, figure.denominator) == (len(GOOD_ANSWERS[slug]), len(decided))
    for answer in answers:
        alone = figures(Person(form, {question: answer}), only=name)[name]
        assert (alone.numerator, alone.denominator) == (answer in GOOD_ANSWERS[slug], answer in decided)


def test_five_young_people_and_their_satisfaction() -> None:
    found = figures(*(Person("ylyc_1_11_18", {"life_satisfaction": answer}) for answer in ("4", "5", "9", "10", "10")))
    histogram = found["feedback_ylyc_1_11_18_life_satisfaction"]
    assert histogram.categories == dict.fromkeys(SCALE, 0) | {"4": 1, "5": 1, "9": 1, "10": 2}
    assert (histogram.numerator, histogram.denominator, histogram.value) == (5, 5, 7.6)
    low, high = (found[f"feedback_ylyc_1_11_18_{band}_life_satisfaction"] for band in ("low", "very_high"))
    assert (low.numerator, low.denominator, low.value) == (1, 5, 20)
    assert (high.numerator, high.denominator, high.value) == (3, 5, 60)


@pytest.mark.parametrize("name", HISTOGRAMS)
def test_a_scale_is_counted_score_by_score(name: str) -> None:
    form = form_of(name)
    question = name.removeprefix(f"feedback_{form}_")
    figure = figures(*(Person(form, {question: score}) for score in SCALE for _ in range(int(score) % 3)), only=name)[
        name
    ]
    assert figure.categories == {score: int(score) % 3 for score in SCALE}
    assert FORMS[form].questions[question] == SCALE == INDICATORS[name].categories


def test_somebody_who_left_the_question_out_is_in_no_figure_but_the_response_rate() -> None:
    found = figures(Person("ylbc_1_16_25", {"worthwhile": "7"}), Person("ylbc_1_16_25", responded=False))
    assert (
        found["feedback_ylbc_1_16_25_trusted_adult"].denominator,
        found["feedback_ylbc_1_16_25_lonely_often"].value,
    ) == (
        0,
        None,
    )
    rate = found["feedback_ylbc_1_16_25_response_rate"]
    assert (rate.numerator, rate.denominator, rate.value) == (1, 2, 50)


@pytest.mark.parametrize("form", FORMS)
def test_forms_are_never_pooled(form: str) -> None:
    answers = {question: codes[0] for question, codes in FORMS[form].questions.items()}
    touched = {name for name, figure in figures(Person(form, answers)).items() if figure.denominator}
    assert touched == {name for name in INDICATORS if form_of(name) == form}


@pytest.mark.parametrize("name", INDICATORS)
def test_every_figure_goes_with_the_response_rate_of_its_form(name: str) -> None:
    indicator, form = INDICATORS[name], FORMS[form_of(name)]
    rate = f"feedback_{form.id}_response_rate"
    assert indicator.companions == (() if name == rate else (rate,))
    assert indicator.data_type is DataType.FEEDBACK
    assert indicator.availability is Availability.NEW_DATA
    assert indicator.england is None
    needed = {"feedback.invitations@Y"} if name == rate else {"feedback.invitations@Y", "feedback.answers@Y"}
    assert set(indicator_needs(FRAMEWORK, name)) == needed
    caveats = " ".join(indicator.caveats)
    assert "answered" in caveats
    assert name == rate or "Those who did not may feel otherwise" in caveats


def test_definitions_name_no_form_question_or_answer_that_no_reader_knows() -> None:
    for name, indicator in INDICATORS.items():
        form = FORMS[form_of(name)]
        for sql in (indicator.outcome or "", FRAMEWORK.cohort(indicator.cohort).sql):
            texts = re.findall(r"'([^']*)'", sql)
            question = next((text for text in texts if text in form.questions), None)
            known = {form.id, question, *(form.questions[question] if question else ())}
            assert form.id in texts
            assert set(texts) <= known
            assert (question is None) == name.endswith("_response_rate")


def test_every_form_has_figures_from_each_of_the_questions_framework_asks() -> None:
    assert {form_of(name) for name in INDICATORS} == set(FORMS)
    assert {indicator.question for indicator in INDICATORS.values()} == {"safe", "education", "health"}
    for form in FORMS.values():
        assert re.fullmatch(r"[a-z0-9_]+", form.id)
        for answers in form.questions.values():
            assert len(set(answers)) == len(answers)
