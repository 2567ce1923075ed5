"""Councils that differ in one child, for the audit: as far apart as one child can bring them, measured from records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from frameworks.catalogue import load_framework
from frameworks.collection import Collection
from frameworks.model import Framework
from frameworks.plan import ReleasePlan, ReleaseRequest, compile_plan
from frameworks.replacement import replace_one_rho_units
from node.engines.duckdb_engine import DuckDbEngine
from node.measure import tabulate
from node.returns import release_vector
from node.vector import exact_vector
from tests.frameworks.small import small_framework
from tests.node.small_release import NOW
from tests.node.ssda903_csv import EPISODES, HEADER, child, csv_text, episode, write_returns
from tests.privacy.audit import Pair
from tests.privacy.random_children import YEAR, Row, fill

RHO_UNITS = 2 * 10**12
"""rho 2, so that a few thousand councils tell much: how a scale follows from rho is the same at any rho."""

_REAL = load_framework("outcomes-2019")
_DECLARED = frozenset({f"ssda903@{YEAR}"})


def _collection(framework: Framework, *requests: ReleaseRequest) -> Collection:
    return Collection(
        id="audit",
        framework_id=framework.id,
        framework_version=framework.version,
        framework_digest=framework.digest,
        reference_year=YEAR,
        opens_at=NOW - timedelta(days=1),
        closes_at=NOW + timedelta(days=1),
        releases=requests,
    )


def _request(release: str, *indicators: str, precisions: tuple[int, ...] = ()) -> ReleaseRequest:
    return ReleaseRequest(
        id=release,
        mode="council",
        indicators=indicators,
        breakdowns=("sex",),
        rho_units=RHO_UNITS,
        precisions=precisions,
    )


_HEADLINES = _request("first", "cla_31_march", "placed_foster", "placed_childrens_home")
_COLLECTION = _collection(_REAL, _HEADLINES, _HEADLINES.model_copy(update={"id": "second"}))
_PLAN = compile_plan(_REAL, _COLLECTION.id, YEAR, _HEADLINES)


@cache
def _measured(*places: str) -> Sequence[int]:
    """The exact vector of a council that looks after these children, by where they are placed, from its returns."""
    children = [f"Q{number}" for number in range(len(places))]
    files = {
        f"{YEAR}/header.csv": csv_text(HEADER, *map(child, children)),
        f"{YEAR}/episodes.csv": csv_text(
            EPISODES, *(episode(one, "01/06/2023", place=place) for one, place in zip(children, places, strict=True))
        ),
    }
    with TemporaryDirectory() as folder:
        return release_vector(write_returns(Path(folder), files), _PLAN, _REAL, _DECLARED)


_OTHERS = ("U4", "U4", "U4", "K2", "H5")
"""Three of the others are fostered, one is in a children's home and one elsewhere."""


def a_child_added() -> Pair:
    """A fostered child, or nobody in its place."""
    absent, present = _measured(*_OTHERS), _measured(*_OTHERS, "U4")
    return Pair(_COLLECTION, (_PLAN,), (absent,), (present,), _PLAN.rho_units)


def a_child_replaced() -> Pair:
    """A child in a children's home, or a fostered child in its place: every answer is another."""
    one, other = _measured(*_OTHERS, "K2"), _measured(*_OTHERS, "U4")
    return Pair(_COLLECTION, (_PLAN,), (one,), (other,), replace_one_rho_units(_REAL, _PLAN))


def two_rosters() -> Pair:
    """Two releases of the same children, only the second of which counts the child; the attacker subtracts them."""
    without, having = _measured(*_OTHERS), _measured(*_OTHERS, "U4")
    plans = (_PLAN, replace(_PLAN, release_id="second"))
    return Pair(_COLLECTION, plans, (without, without), (without, having), 2 * _PLAN.rho_units, factors=(-1, 1))


_AGES = small_framework().model_copy(
    update={
        "indicators": (
            *(
                small_framework().indicator("developed").model_copy(update={"id": f"developed_{number}"})
                for number in range(6)
            ),
            small_framework().indicator("convicted"),
        )
    }
)
"""Many indicators of infants and one of teenagers, whose ages exclude each other."""

_AGES_REQUEST = _request(
    "first",
    *(indicator.id for indicator in _AGES.indicators),
    precisions=(1,) * 7 + (30,) * 2 + (1,) * 7 + (30,) * 2,
)
"""Teenagers' blocks so precise that a teenager, who moves fewer of them, is the dearest child."""


def the_dearest_child(compile_it: Callable[..., ReleasePlan] = compile_plan) -> Pair:
    """A teenager, or nobody in its place, where precisions differ."""
    plan = compile_it(_AGES, "audit", YEAR, _AGES_REQUEST)
    infant: Row = {"sex": "female", "age": 3, "age_band": "0_4"}
    teenager: Row = {"sex": "male", "age": 15, "age_band": "10_15"}
    vectors = []
    for rows in ((infant, infant, teenager), (infant, infant, teenager, teenager)):
        with DuckDbEngine.create(YEAR) as engine:
            fill(engine, {f"child-{number}": {"looked_after_child": [row]} for number, row in enumerate(rows)})
            vectors.append(exact_vector(plan, tabulate(engine, _AGES, plan)))
    return Pair(_collection(_AGES, _AGES_REQUEST), (plan,), (vectors[0],), (vectors[1],), plan.rho_units)


PAIRS: Mapping[str, Callable[[], Pair]] = {
    "a child added": a_child_added,
    "a child replaced": a_child_replaced,
    "two rosters": two_rosters,
    "the dearest child": the_dearest_child,
}
