"""A small framework for tests that need one and do not care what it measures."""

from __future__ import annotations

from frameworks.model import (
    OWNER_COLUMN,
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
from frameworks.tables import CHILD_TABLE


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
    if kind is Kind.RATIO:
        values["outcome"] = "SELECT child_id, sessions_missed AS part, sessions_possible AS whole FROM attendance"
        values["bounds"] = (0, 20)
        values["whole_bounds"] = (1, 20)
    if kind is Kind.HISTOGRAM:
        values["outcome"] = "SELECT child_id, answer AS category FROM feedback_answer"
        values["categories"] = ("good", "fair", "poor")
    return Indicator.model_validate(values | rest)


def _cohort(cohort_id: str, source: Source, **rest: object) -> Cohort:
    needs = {
        Source.SSDA903: "ssda903@Y",
        Source.CIN_CENSUS: "cin_census@Y",
        Source.EDUCATION: "education.attendance@Y",
        Source.FEEDBACK: "feedback.answers@Y",
        Source.FAMILIES: "families.families@Y",
    }
    return Cohort.model_validate(
        {
            "id": cohort_id,
            "title": cohort_id.capitalize(),
            "source": source,
            "sql": f"SELECT {OWNER_COLUMN[source]} FROM {CHILD_TABLE[source]}",
            "needs": (needs[source],),
        }
        | rest
    )


def small_framework() -> Framework:
    """All sources; children, events and families; every kind; ages, and outcomes, that exclude each other."""
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
            _cohort("leavers", Source.SSDA903),
            _cohort("referred", Source.CIN_CENSUS, unit=Unit.EVENT),
            _cohort("in_need", Source.CIN_CENSUS),
            _cohort("pupils", Source.EDUCATION),
            _cohort("asked", Source.FEEDBACK, councils_per_child=2),
            _cohort("answered", Source.FEEDBACK, councils_per_child=2),
            _cohort("families", Source.FAMILIES, unit=Unit.FAMILY),
        ),
        indicators=(
            _indicator("children", "looked_after", Kind.COUNT),
            _indicator("healthy", "looked_after", Kind.PERCENT),
            _indicator("score", "looked_after", Kind.MEAN),
            _indicator("odd_score", "looked_after", Kind.MEAN, bounds=(0, 5)),
            _indicator("developed", "infants", Kind.PERCENT),
            _indicator("convicted", "teenagers", Kind.PERCENT),
            *(
                _indicator(name, "leavers", Kind.PERCENT, exclusive="why_left")
                for name in ("adopted", "went_home", "moved_on")
            ),
            _indicator("returned", "referred", Kind.PERCENT, event_cap=2),
            _indicator("returned_late", "referred", Kind.PERCENT, event_cap=3),
            _indicator("helped", "in_need", Kind.PERCENT, needs=("cin_census@Y-1",)),
            _indicator("absence", "pupils", Kind.RATIO),
            _indicator("responded", "asked", Kind.PERCENT, outcome="SELECT child_id FROM feedback_answer"),
            _indicator("mood", "answered", Kind.HISTOGRAM, companions=("responded",)),
            _indicator("settled", "families", Kind.PERCENT, outcome="SELECT family_id FROM family_need"),
            _indicator(
                "first_need",
                "families",
                Kind.HISTOGRAM,
                outcome="SELECT family_id, CASE WHEN need = 1 THEN 'good' ELSE 'poor' END AS category FROM family_need",
            ),
        ),
        digest="00" * 32,
    )
