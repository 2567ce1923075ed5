"""A small framework for tests that need one and do not care what it measures."""

from __future__ import annotations

from frameworks.model import (
    Cohort,
    DataType,
    Framework,
    Indicator,
    Kind,
    Polarity,
    Question,
    Source,
    Unit,
)


def _indicator(indicator_id: str, cohort: str, kind: Kind, **rest: object) -> Indicator:
    values: dict[str, object] = {
        "id": indicator_id,
        "title": indicator_id.replace("_", " ").capitalize(),
        "question": "safe",
        "domain": "test",
        "data_type": DataType.CROSS_SECTIONAL,
        "kind": kind,
        "cohort": cohort,
        "polarity": Polarity.NONE,
        "unit": "%" if kind is Kind.PERCENT else "",
    }
    if kind is Kind.PERCENT:
        values["outcome"] = "SELECT child_id FROM looked_after_child"
    if kind is Kind.MEAN:
        values["outcome"] = "SELECT child_id, age AS value FROM looked_after_child"
        values["bounds"] = (0, 40)
    return Indicator.model_validate(values | rest)


def _cohort(cohort_id: str, source: Source, **rest: object) -> Cohort:
    table = "looked_after_child" if source is Source.SSDA903 else "census_child"
    return Cohort.model_validate(
        {
            "id": cohort_id,
            "title": cohort_id.capitalize(),
            "source": source,
            "sql": f"SELECT child_id FROM {table}",
            "needs": ("ssda903@Y" if source is Source.SSDA903 else "cin_census@Y",),
        }
        | rest
    )


def small_framework() -> Framework:
    """Two sources; children, events, a mean, and two cohorts whose ages exclude each other."""
    return Framework(
        id="small",
        version="1",
        title="A small framework",
        source="tests",
        note="",
        questions=(Question(id="safe", title="Are children safe?"),),
        cohorts=(
            _cohort("looked_after", Source.SSDA903),
            _cohort("infants", Source.SSDA903, ages=(0, 4)),
            _cohort("teenagers", Source.SSDA903, ages=(13, 17)),
            _cohort("referred", Source.CIN_CENSUS, unit=Unit.EVENT),
            _cohort("in_need", Source.CIN_CENSUS),
        ),
        indicators=(
            _indicator("children", "looked_after", Kind.COUNT),
            _indicator("healthy", "looked_after", Kind.PERCENT),
            _indicator("score", "looked_after", Kind.MEAN),
            _indicator("odd_score", "looked_after", Kind.MEAN, bounds=(0, 5)),
            _indicator("developed", "infants", Kind.PERCENT),
            _indicator("convicted", "teenagers", Kind.PERCENT),
            _indicator("returned", "referred", Kind.PERCENT, event_cap=2),
            _indicator("returned_late", "referred", Kind.PERCENT, event_cap=3),
            _indicator("helped", "in_need", Kind.PERCENT, needs=("cin_census@Y-1",)),
        ),
        digest="00" * 32,
    )
