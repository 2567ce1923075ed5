"""Figures are counted as the indicators reference, 5.4 and 5.5, says; a release keeps what its plan says.

If this failed, a council would trust exact figures that are wrong, or a release would say something else than they do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

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
from frameworks.plan import ReleaseRequest, compile_plan
from node.engines.duckdb_engine import DuckDbEngine
from node.errors import ReturnsNotReady
from node.measure import Figure, measure, tabulate
from node.vector import exact_vector

_FILES = frozenset({"cin_census@2025"})


def _indicator(indicator_id: str, kind: Kind, cohort: str, outcome: str | None = None, **rest: Any) -> Indicator:
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


def _cohort(cohort_id: str, sql: str, **rest: Any) -> Cohort:
    return Cohort(id=cohort_id, title=cohort_id, source=Source.CIN_CENSUS, sql=sql, needs=("cin_census@Y",), **rest)


_FRAMEWORK = Framework(
    id="measured",
    version="1",
    title="A framework over referrals",
    source="tests",
    note="",
    questions=(Question(id="safe", title="Are children safe?"),),
    views=(
        View(id="later_step", title="uses an earlier one", sql="SELECT child_id, event FROM first_step"),
        View(id="first_step", title="referrals", sql="SELECT child_id, event, referral_date FROM referral"),
        View(id="unused", title="cannot be computed", sql="SELECT child_id FROM no_table"),
    ),
    cohorts=(
        _cohort("children", "SELECT child_id FROM later_step"),
        _cohort("infants", "SELECT child_id FROM later_step", ages=(0, 4)),
        _cohort("referrals", "SELECT child_id, event, referral_date AS event_date FROM first_step", unit=Unit.EVENT),
        _cohort("broken", "SELECT child_id FROM unused"),
    ),
    indicators=(
        _indicator("children", Kind.COUNT, "children"),
        _indicator("stopped", Kind.PERCENT, "children", "SELECT child_id FROM referral WHERE no_further_action"),
        _indicator("last_event", Kind.MEAN, "children", "SELECT child_id, event AS value FROM referral", bounds=(2, 4)),
        _indicator("infants", Kind.COUNT, "infants"),
        _indicator("referrals", Kind.COUNT, "referrals", event_cap=2),
        _indicator(
            "not_first",
            Kind.PERCENT,
            "referrals",
            "SELECT child_id, event FROM referral WHERE event > 1",
            event_cap=2,
        ),
        _indicator(
            "of_known",
            Kind.PERCENT,
            "referrals",
            "SELECT r.child_id, r.event FROM referral AS r JOIN census_child AS c ON c.child_id = r.child_id",
            event_cap=2,
        ),
        _indicator("elsewhere", Kind.COUNT, "children", needs=("cin_census@Y-1",)),
        _indicator("broken", Kind.COUNT, "broken", needs=("cin_census@Y-2",)),
    ),
    digest="00" * 32,
)


@pytest.fixture
def engine() -> Iterator[DuckDbEngine]:
    """A is a known girl of 3 with referrals 1 to 3, entered out of order; B has no characteristics and one referral;
    C, known twice over, has none."""
    with DuckDbEngine.create(2025) as created:
        created.connection.execute(
            """
            INSERT INTO census_child VALUES
                ('A', 'female', '2021-05-01', 3, '0_4', 'white'),
                ('C', 'male', NULL, NULL, 'unknown', 'martian'), ('C', 'female', '2010-01-01', 15, '10_15', 'mixed');
            INSERT INTO referral (child_id, event, referral_date, no_further_action) VALUES
                ('A', 1, '2025-01-03', false), ('A', 2, '2025-01-01', true), ('A', 3, '2025-01-02', NULL),
                ('A', 3, '2025-01-02', NULL), ('B', 5, '2025-02-01', NULL)
            """
        )
        yield created


def _figures(engine: DuckDbEngine) -> dict[str, Figure]:
    return measure(engine, _FRAMEWORK, 2025, _FILES)


def _whole(figure: Figure) -> tuple[Any, ...]:
    return figure.numerator, figure.denominator, figure.value, figure.status


def test_counts_percentages_and_means(engine: DuckDbEngine) -> None:
    figures = _figures(engine)
    assert list(figures) == [indicator.id for indicator in _FRAMEWORK.indicators]
    assert _whole(figures["children"]) == (2, None, None, "ok")
    assert _whole(figures["stopped"]) == (1, 2, 50.0, "ok")
    assert _whole(figures["last_event"]) == (1 + 5, 2, 3.0, "ok")


def test_events_count_each_and_once_without_a_cap(engine: DuckDbEngine) -> None:
    figures = _figures(engine)
    assert _whole(figures["referrals"]) == (4, None, None, "ok")
    assert _whole(figures["not_first"]) == (3, 4, 75.0, "ok")
    assert _whole(figures["of_known"]) == (3, 4, 75.0, "ok")


def test_a_child_of_unknown_age_is_in_no_cohort_that_names_one(engine: DuckDbEngine) -> None:
    assert _whole(_figures(engine)["infants"]) == (1, None, None, "ok")


def test_what_needs_a_missing_file_is_not_available(engine: DuckDbEngine) -> None:
    """And is not even computed: the broken definition would fail."""
    for name in ("elsewhere", "broken"):
        assert _figures(engine)[name].as_json() == {
            "numerator": None,
            "denominator": None,
            "value": None,
            "status": "not_available",
            "breakdowns": {},
        }


def test_every_level_is_listed_and_the_levels_add_up(engine: DuckDbEngine) -> None:
    for figure in _figures(engine).values():
        if figure.status != "ok":
            continue
        assert list(figure.breakdowns) == [breakdown.id for breakdown in BREAKDOWNS]
        for breakdown in BREAKDOWNS:
            cells = figure.breakdowns[breakdown.id]
            assert tuple(cells) == breakdown.levels
            assert sum(cell.numerator or 0 for cell in cells.values()) == figure.numerator
            assert sum(cell.denominator or 0 for cell in cells.values()) == (figure.denominator or 0)
    sex = _figures(engine)["stopped"].as_json()["breakdowns"]["sex"]
    assert sex == {
        "female": {"numerator": 1, "denominator": 1, "value": 100.0},
        "male": {"numerator": 0, "denominator": 0, "value": None},
        "unknown": {"numerator": 0, "denominator": 1, "value": 0.0},
    }


def test_nobody_gives_zeros_and_no_value() -> None:
    with DuckDbEngine.create(2025) as empty:
        figures = _figures(empty)
        assert _whole(figures["stopped"]) == (0, 0, None, "ok")
        assert _whole(figures["last_event"]) == (0, 0, None, "ok")
        assert _whole(figures["referrals"]) == (0, None, None, "ok")


def test_a_release_caps_events_after_their_outcomes_are_known_and_clips_values(engine: DuckDbEngine) -> None:
    names = ("children", "stopped", "last_event", "referrals", "not_first")
    request = ReleaseRequest(
        id="r", mode="council", indicators=names, breakdowns=("sex", "ethnicity_major"), rho_units=10**10
    )
    plan = compile_plan(_FRAMEWORK, "c", 2025, request)
    vector = exact_vector(plan, tabulate(engine, _FRAMEWORK, plan))
    assert len(vector) == plan.length

    def entries(statistic: Statistic, name: str, breakdown: str = "") -> list[int]:
        block = plan.block(statistic, name, breakdown)
        return vector[block.start : block.start + len(block.levels)]

    assert entries(Statistic.TOTAL, "children") == [2]
    assert entries(Statistic.CONTRAST, "stopped") == [0]
    assert entries(Statistic.CONTRAST, "stopped", "sex") == [1, 0, -1]
    # A's value is 1, clipped to 2, one below the middle; B's is 5, clipped to 4.
    assert entries(Statistic.CENTRED_SUM, "last_event", "sex") == [-1, 0, 1]
    # A's earliest two are events 2 and 3, both not the first; B's one is event 5.
    assert entries(Statistic.TOTAL, "referrals", "sex") == [2, 0, 1]
    assert entries(Statistic.CONTRAST, "not_first") == [3]
    assert entries(Statistic.TOTAL, "children", "ethnicity_major") == [1, 0, 0, 0, 0, 1]


def test_what_the_engine_says_of_a_failure_is_not_passed_on(engine: DuckDbEngine) -> None:
    """DuckDB quotes the value it could not convert; the error of the node may not."""
    with pytest.raises(ReturnsNotReady) as raised:
        engine.rows("SELECT CAST('Ada Invented' AS DATE)", "the cohort children")
    assert "Ada" not in str(raised.value)
    assert raised.value.__cause__ is None
    with pytest.raises(ReturnsNotReady):
        measure(engine, _FRAMEWORK, 2025, frozenset({"cin_census@2025", "cin_census@2023"}))
