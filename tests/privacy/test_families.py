"""A child can change what is counted of its family, and is paid for as one who does.

If this failed, the noise on figures of families would cover a family that appears, and not a child who turns its
family's yes into a no. Families here are what they are with one child and without that child: two records that have
nothing in common, or one and none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frameworks.accounting import UNITS_PER_RHO
from frameworks.blocks import SIGMA_UNITS, Block, Statistic
from frameworks.model import BREAKDOWNS, Cohort, DataType, Framework, Indicator, Kind, Polarity, Source, Unit
from frameworks.plan import ReleasePlan, ReleaseRequest, compile_plan
from node.engines.duckdb_engine import DuckDbEngine
from node.measure import tabulate
from node.vector import exact_vector
from tests.frameworks.small import small_framework
from tests.privacy.random_children import YEAR, ChildMaker, Rows, fill

_NEEDS = (
    "SELECT family_id, COUNT(*) AS needs, SUM(need) AS total, MIN(need) AS lowest FROM family_need GROUP BY family_id"
)


def _indicator(indicator_id: str, kind: Kind, outcome: str | None = None, **rest: object) -> Indicator:
    values: dict[str, object] = {
        "id": indicator_id,
        "title": indicator_id,
        "question": "safe",
        "domain": "test",
        "data_type": DataType.CROSS_SECTIONAL,
        "kind": kind,
        "cohort": "families",
        "outcome": outcome,
        "polarity": Polarity.NONE,
        "unit": "",
    }
    return Indicator.model_validate(values | rest)


FRAMEWORK: Framework = small_framework().model_copy(
    update={
        "cohorts": (
            Cohort(
                id="families",
                title="Families",
                source=Source.FAMILIES,
                unit=Unit.FAMILY,
                sql="SELECT family_id FROM family",
                needs=("families.families@Y",),
            ),
        ),
        "indicators": (
            _indicator("families", Kind.COUNT),
            _indicator("in_need", Kind.PERCENT, "SELECT family_id FROM family_need WHERE outcome_date IS NULL"),
            _indicator("needs", Kind.MEAN, f"SELECT family_id, needs AS value FROM ({_NEEDS}) AS n", bounds=(1, 6)),
            _indicator(
                "weight",
                Kind.RATIO,
                f"SELECT family_id, needs AS part, total AS whole FROM ({_NEEDS}) AS n",
                bounds=(1, 5),
                whole_bounds=(1, 21),
            ),
            _indicator(
                "first_need",
                Kind.HISTOGRAM,
                "SELECT family_id, CASE WHEN lowest = 1 THEN 'one' WHEN lowest = 2 THEN 'two' ELSE 'more' END"
                f" AS category FROM ({_NEEDS}) AS n",
                categories=("one", "two", "more"),
            ),
        ),
    }
)


def _plan(*indicators: str, precisions: tuple[int, ...] = ()) -> ReleasePlan:
    request = ReleaseRequest(
        id="r",
        mode="council",
        indicators=indicators or tuple(indicator.id for indicator in FRAMEWORK.indicators),
        breakdowns=tuple(breakdown.id for breakdown in BREAKDOWNS),
        rho_units=2 * 10**10,
        precisions=precisions,
    )
    return compile_plan(FRAMEWORK, "collection", YEAR, request)


def _vectors_of(plan: ReleasePlan, families: Iterable[Rows | None]) -> list[list[int]]:
    """The exact vector of a council with one family, or none, for each."""
    vectors: list[list[int]] = []
    with DuckDbEngine.create(YEAR) as engine:
        for family in families:
            engine.connection.execute("DELETE FROM family; DELETE FROM family_need")
            fill(engine, {} if family is None else {"F": family})
            vectors.append(exact_vector(plan, tabulate(engine, FRAMEWORK, plan)))
    return vectors


def _squared(plan: ReleasePlan, block: Block, one: list[int], other: list[int]) -> int:
    return sum((a - b) ** 2 for a, b in zip(one[block.indices], other[block.indices], strict=True))


def _price(plan: ReleasePlan, one: list[int], other: list[int]) -> Fraction:
    return sum(
        (
            Fraction(_squared(plan, block, one, other) * SIGMA_UNITS**2, 2 * block.sigma_units**2)
            for block in plan.blocks
        ),
        Fraction(0),
    )


def _vectors(plan: ReleasePlan) -> list[list[int]]:
    """Vectors of no family, of families by chance, and of those that are as far apart as they can be."""
    maker = ChildMaker(1)
    need = {"outcome_date": None, "lapsed_date": None}
    extremes: list[Rows] = [
        {"family": [{}], "family_need": [need | {"event": 1, "need": 1, "outcome_date": "2024-06-01"}]},
        {"family": [{}], "family_need": [need | {"event": number, "need": number} for number in range(2, 9)]},
    ]
    families = [maker.child(Source.FAMILIES) for _ in range(20)] + extremes
    return _vectors_of(plan, (None, *families))


@cache
def _all_vectors() -> list[list[int]]:
    """Of all indicators: the exact vectors, which no precision changes."""
    return _vectors(_plan())


@pytest.mark.parametrize(
    "indicators", [(), ("in_need",), ("families",), ("first_need",), ("in_need", "first_need"), ("families", "in_need")]
)
def test_a_child_costs_at_most_what_the_plan_says_and_some_child_costs_that(indicators: tuple[str, ...]) -> None:
    plan = _plan(*indicators)
    vectors = _vectors(plan)
    largest = dict.fromkeys(plan.blocks, 0)
    dearest = Fraction(0)
    for number, one in enumerate(vectors):
        for other in vectors[:number]:
            dearest = max(dearest, _price(plan, one, other))
            largest = {block: max(most, _squared(plan, block, one, other)) for block, most in largest.items()}
    for block, most in largest.items():
        # The two counts of a histogram that a family leaves and joins move by 1 each.
        assert most == (2 if block.statistic is Statistic.HISTOGRAM else block.sensitivity**2)
    assert dearest <= Fraction(plan.rho_units, UNITS_PER_RHO)
    assert Fraction(plan.rho_units, UNITS_PER_RHO) - dearest < Fraction(1, UNITS_PER_RHO)


@settings(max_examples=6, deadline=None)
@given(st.data())
def test_whatever_the_precisions_some_child_costs_all_of_the_plan_and_none_costs_more(data: st.DataObject) -> None:
    """A child makes its family appear, or changes its outcomes: which is dearer is up to the precisions."""
    plain = _plan()
    numbers = st.sampled_from((1, 3, 40, 10_000))
    precisions = data.draw(st.lists(numbers, min_size=len(plain.blocks), max_size=len(plain.blocks)))
    plan = _plan(precisions=tuple(precisions))
    vectors = _all_vectors()
    dearest = max(_price(plan, one, other) for number, one in enumerate(vectors) for other in vectors[:number])
    assert 0 <= Fraction(plan.rho_units, UNITS_PER_RHO) - dearest < Fraction(1, UNITS_PER_RHO)


def test_a_bound_of_one_would_be_exceeded() -> None:
    """Positive control: were a family's outcome its own, half the sensitivity would do; a child exceeds that."""
    plan = _plan("in_need")
    as_if_own = replace(plan, blocks=tuple(replace(block, sensitivity=1) for block in plan.blocks))
    vectors = _vectors(plan)
    contrast = as_if_own.block(Statistic.CONTRAST, "in_need")
    assert any(_squared(plan, contrast, one, other) > contrast.sensitivity**2 for one in vectors for other in vectors)


def test_a_family_stays_in_its_cell_whatever_a_child_brings() -> None:
    """Characteristics that stood in the table of families would let a child move its family from cell to cell."""
    plan = _plan("families", "in_need")
    described = {"sex": "male", "age": 3, "age_band": "0_4", "ethnicity_major": "white"}
    plain, other = _vectors_of(plan, ({"family": [{}]}, {"family": [described]}))
    assert other == plain
    block = plan.block(Statistic.TOTAL, "families", "sex")
    assert dict(zip(block.levels, plain[block.indices], strict=True)) == {"female": 0, "male": 0, "unknown": 1}
