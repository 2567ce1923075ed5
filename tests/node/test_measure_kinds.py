"""Ratios, histograms, parts of a unit and families are counted as the indicators reference, 5.5, says, on any engine.

If this failed, a council would trust figures that are wrong, or a release would say something else than they do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from frameworks.availability import required_files
from frameworks.blocks import Statistic
from frameworks.model import (
    BREAKDOWNS,
    Cohort,
    DataType,
    Framework,
    Indicator,
    Kind,
    Polarity,
    Question,
    Source,
    Unit,
    View,
)
from frameworks.plan import ReleasePlan, ReleaseRequest, compile_plan
from node.engines.duckdb_engine import DuckDbEngine
from node.engines.engine import Row
from node.measure import Cell, Figure, measure, tabulate
from tests.frameworks.shipped import everything_shipped
from tests.privacy.random_children import YEAR, fill, population

_FILES = frozenset({"education.attendance@2025", "feedback.answers@2025", "families.families@2025"})


def _indicator(indicator_id: str, kind: Kind, cohort: str, outcome: str, **rest: Any) -> Indicator:
    return Indicator(
        id=indicator_id,
        title=indicator_id,
        question="safe",
        domain="test",
        data_type=DataType.CROSS_SECTIONAL,
        kind=kind,
        cohort=cohort,
        outcome=outcome,
        polarity=Polarity.NONE,
        unit="",
        **rest,
    )


def _cohort(source: Source, need: str, sql: str, **rest: Any) -> Cohort:
    return Cohort(id=f"all_{source.value}", title="All", source=source, sql=sql, needs=(need,), **rest)


_ANSWERS = "SELECT child_id, answer AS category FROM feedback_answer WHERE question = "

_FRAMEWORK = Framework(
    id="kinds",
    version="1",
    title="A framework of every kind",
    source="tests",
    note="",
    questions=(Question(id="safe", title="Are children safe?"),),
    views=(View(id="answer", title="is called like a column, and fails", sql="SELECT child_id FROM no_table"),),
    cohorts=(
        _cohort(Source.EDUCATION, "education.attendance@Y", "SELECT child_id FROM attendance"),
        _cohort(Source.FEEDBACK, "feedback.answers@Y", "SELECT child_id FROM respondent"),
        _cohort(Source.FAMILIES, "families.families@Y", "SELECT family_id FROM family", unit=Unit.FAMILY),
    ),
    indicators=(
        _indicator(
            "missed",
            Kind.RATIO,
            "all_education",
            "SELECT child_id, sessions_missed AS part, sessions_possible AS whole FROM attendance",
            bounds=(0, 30),
            whole_bounds=(1, 100),
        ),
        _indicator(
            "tenths",
            Kind.MEAN,
            "all_education",
            "SELECT child_id, sessions_missed AS value FROM attendance",
            bounds=(0, 300),
            parts_per_unit=10,
        ),
        _indicator("mood", Kind.HISTOGRAM, "all_feedback", f"{_ANSWERS}'mood'", categories=("it's good", "poor")),
        _indicator("score", Kind.HISTOGRAM, "all_feedback", f"{_ANSWERS}'score'", categories=("0", "5", "10")),
        _indicator("needy", Kind.PERCENT, "all_families", "SELECT family_id FROM family_need"),
        _indicator(
            "elsewhere",
            Kind.PERCENT,
            "all_families",
            "SELECT family_id FROM family_need",
            needs=("families.needs@Y",),
            also_from=("families.families@Y", "feedback.answers@Y"),
        ),
    ),
    digest="00" * 32,
)


@pytest.fixture
def engine() -> Iterator[DuckDbEngine]:
    """Pupils A, a girl, and B; C's sessions are not known. Respondents A, B, C and D; two families."""
    with DuckDbEngine.create(2025) as created:
        created.connection.execute(
            """
            INSERT INTO pupil (child_id, sex) VALUES ('A', 'female');
            INSERT INTO attendance VALUES ('A', 200, 12), ('B', 50, 40), ('C', NULL, NULL);
            INSERT INTO respondent (child_id, sex) VALUES ('A', 'female'), ('B', NULL), ('C', NULL), ('D', NULL);
            INSERT INTO feedback_answer (child_id, form, question, answer) VALUES
                ('A', 'f', 'mood', 'poor'), ('A', 'f', 'mood', 'it''s good'), ('B', 'f', 'mood', 'poor'),
                ('C', 'f', 'mood', 'so so'), ('A', 'f', 'score', '10'), ('B', 'f', 'score', '5'),
                ('C', 'f', 'score', '10');
            INSERT INTO family (family_id, sex) VALUES ('F', 'male'), ('G', 'female');
            INSERT INTO family_need (family_id, event, need) VALUES ('F', 1, 1), ('F', 2, 4);
            """
        )
        yield created


def _figures(engine: DuckDbEngine) -> dict[str, Figure]:
    return measure(engine, _FRAMEWORK, 2025, _FILES)


def _plan(framework: Framework = _FRAMEWORK) -> ReleasePlan:
    request = ReleaseRequest(
        id="r",
        mode="council",
        indicators=tuple(indicator.id for indicator in framework.indicators),
        breakdowns=tuple(breakdown.id for breakdown in BREAKDOWNS),
        rho_units=10**10,
    )
    return compile_plan(framework, "c", YEAR, request)


def test_a_ratio_is_one_sum_over_the_other_in_percent(engine: DuckDbEngine) -> None:
    figure = _figures(engine)["missed"]
    assert (figure.numerator, figure.denominator, figure.value) == (12 + 40, 200 + 50, 100 * 52 / 250)
    assert figure.breakdowns["sex"] == {
        "female": Cell(12, 200, 6.0),
        "male": Cell(0, 0, None),
        "unknown": Cell(40, 50, 80.0),
    }


def test_the_value_of_a_mean_is_in_units_and_its_sum_in_parts(engine: DuckDbEngine) -> None:
    figure = _figures(engine)["tenths"]
    assert (figure.numerator, figure.denominator, figure.value) == (52, 2, 2.6)


def test_a_histogram_counts_each_child_in_one_category_or_in_none(engine: DuckDbEngine) -> None:
    """A gave two answers: the one that is listed first counts. C's answer is not listed; D gave none."""
    shown = _figures(engine)["mood"].as_json()
    assert shown | {"breakdowns": {}} == {
        "numerator": 2,
        "denominator": 4,
        "value": None,
        "status": "ok",
        "categories": {"it's good": 1, "poor": 1},
        "breakdowns": {},
    }
    assert shown["breakdowns"]["sex"]["female"] == {
        "numerator": 1,
        "denominator": 1,
        "value": None,
        "categories": {"it's good": 1, "poor": 0},
    }


def test_a_histogram_of_numbers_has_their_mean(engine: DuckDbEngine) -> None:
    figure = _figures(engine)["score"]
    assert figure.categories == {"0": 0, "5": 1, "10": 2}
    assert figure.value == 25 / 3


def test_families_are_counted_as_such_and_have_no_characteristics(engine: DuckDbEngine) -> None:
    figure = _figures(engine)["needy"]
    assert (figure.numerator, figure.denominator) == (1, 2)
    assert figure.breakdowns["sex"]["unknown"] == Cell(1, 2, 50.0)


def test_a_file_that_serves_in_the_stead_of_another_makes_a_figure_available(engine: DuckDbEngine) -> None:
    assert _figures(engine)["elsewhere"].status == "ok"
    assert measure(engine, _FRAMEWORK, 2025, frozenset({"families.families@2025"}))["elsewhere"].status != "ok"


def test_a_view_called_like_a_column_is_not_computed(engine: DuckDbEngine) -> None:
    """The view `answer` would fail; the definitions read the column of that name."""
    assert _figures(engine)["mood"].status == "ok"


def test_each_source_may_have_an_engine_of_its_own(engine: DuckDbEngine) -> None:
    with DuckDbEngine.create(2025) as empty:
        figures = measure({Source.EDUCATION: engine, Source.FAMILIES: empty}, _FRAMEWORK, 2025, _FILES)
        entries = tabulate({Source.EDUCATION: engine, Source.FAMILIES: empty}, _FRAMEWORK, _plan())
    assert figures["missed"] == _figures(engine)["missed"]
    assert (figures["needy"].numerator, figures["needy"].denominator) == (0, 0)
    assert figures["mood"].status == "not_available"
    whole = tabulate(engine, _FRAMEWORK, _plan())
    for block, found in entries.items():
        assert found == (whole[block] if block.cohort == "all_education" else (0,) * block.length)


def test_a_release_clips_parts_and_wholes_and_keeps_categories_level_by_level(engine: DuckDbEngine) -> None:
    plan = _plan()
    entries = tabulate(engine, _FRAMEWORK, plan)
    assert all(len(found) == block.length for block, found in entries.items())

    def of(statistic: Statistic, name: str, breakdown: str = "") -> tuple[int, ...]:
        return entries[plan.block(statistic, name, breakdown)]

    # Parts 12 and 40, clipped to 30, from their middle 15.
    assert of(Statistic.CENTRED_SUM, "missed", "sex") == (12 - 15, 0, 30 - 15)
    # Wholes 200, clipped to 100, and 50: twice their distances from 50.5.
    assert of(Statistic.WHOLE_SUM, "missed", "sex") == (2 * 100 - 101, 0, 2 * 50 - 101)
    assert of(Statistic.HISTOGRAM, "mood") == (1, 1)
    assert of(Statistic.HISTOGRAM, "mood", "sex") == (1, 0, 0, 0, 0, 1)
    assert of(Statistic.TOTAL, "all_families", "sex") == (0, 0, 2)


def _unbounded(framework: Framework) -> Framework:
    """The same with bounds that clip nothing and caps that leave no event out."""
    wide = (-(10**9), 10**9)
    return framework.model_copy(
        update={
            "indicators": tuple(
                one.model_copy(
                    update={
                        "bounds": one.bounds and wide,
                        "whole_bounds": one.whole_bounds and wide,
                        "event_cap": one.event_cap if framework.cohort(one.cohort).unit is not Unit.EVENT else 99,
                    }
                )
                for one in framework.indicators
            )
        }
    )


def _cell(figure: Figure, breakdown: str, level: str) -> Figure | Cell:
    return figure.breakdowns[breakdown][level] if breakdown else figure


def test_where_nothing_is_clipped_a_release_says_what_measure_does() -> None:
    """Every indicator shipped, over random children: totals, answers, sums, categories and sets agree in every cell."""
    framework = _unbounded(everything_shipped())
    plan = _plan(framework)
    files = required_files(framework, plan.indicators, YEAR)
    with DuckDbEngine.create(YEAR) as engine:
        fill(engine, population(1, 60))
        figures = measure(engine, framework, YEAR, files)
        entries = tabulate(engine, framework, plan)
    for block, found in entries.items():
        for place, level in enumerate(block.levels):
            if block.statistic is Statistic.TOTAL:
                continue
            width = block.length // len(block.levels)
            here = found[place * width : (place + 1) * width]
            if block.indicator not in figures:
                held = [_cell(figures[name], block.breakdown, level) for name in block.categories[:-1]]
                assert here[:-1] == tuple(cell.numerator for cell in held), block.indicator
                assert {sum(here)} == {cell.denominator for cell in held}, block.indicator
                continue
            cell = _cell(figures[block.indicator], block.breakdown, level)
            assert cell.numerator is not None and cell.denominator is not None, block.indicator
            match block.statistic:
                case Statistic.CONTRAST:
                    assert here == (2 * cell.numerator - cell.denominator,)
                case Statistic.HISTOGRAM:
                    assert here == tuple((cell.categories or {}).values())
                    assert sum(here) == cell.numerator <= cell.denominator
                case Statistic.WHOLE_SUM:
                    assert here == (cell.denominator,)
                case _:
                    assert here == (cell.numerator,)


@dataclass(frozen=True)
class _Overheard:
    """An engine that keeps what is asked of it."""

    engine: DuckDbEngine
    asked: list[str] = field(default_factory=list)

    def define(self, name: str, sql: str, subject: str) -> None:
        self.asked.append(sql)
        self.engine.define(name, sql, subject)

    def rows(self, sql: str, subject: str) -> list[Row]:
        self.asked.append(sql)
        return self.engine.rows(sql, subject)


def test_what_is_asked_of_an_engine_stays_within_what_all_engines_know() -> None:
    with DuckDbEngine.create(YEAR) as created:
        engine = _Overheard(created)
        tabulate(engine, everything_shipped(), _plan(everything_shipped()))
    assert engine.asked
    for sql in engine.asked:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
        assert isinstance(tree, exp.Query)
        assert not [*tree.find_all(exp.Qualify, exp.Lambda, exp.Array, exp.List, exp.Struct, exp.Limit, exp.With)], sql
        assert not any(group.args.get("all") for group in tree.find_all(exp.Group)), sql
        assert not any(distinct.args.get("on") for distinct in tree.find_all(exp.Distinct)), sql
        assert not any(star.parent for star in tree.find_all(exp.Star) if not isinstance(star.parent, exp.Count)), sql
        assert all(
            found.alias for found in tree.find_all(exp.Subquery) if isinstance(found.parent, exp.From | exp.Join)
        ), sql
