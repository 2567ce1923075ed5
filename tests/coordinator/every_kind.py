"""A framework that holds every kind of indicator there is, and one that nobody can compute: small, and made up."""

from __future__ import annotations

from frameworks.model import (
    Availability,
    Cohort,
    DataType,
    EnglandValue,
    FollowUp,
    Framework,
    Indicator,
    Kind,
    Polarity,
    Question,
    Source,
    Unit,
    WantedIndicator,
)

NAMES = ("asked", "feels_safe", "life", "absence", "miles", "returned_home", "settled", "helped_families", "victims")


def _cohort(cohort_id: str, source: Source, need: str, unit: Unit = Unit.CHILD) -> Cohort:
    owner = "family_id" if unit is Unit.FAMILY else "child_id"
    return Cohort(
        id=cohort_id,
        title=f"Those counted: {cohort_id}",
        source=source,
        unit=unit,
        sql=f"SELECT {owner} FROM {cohort_id}",
        needs=(need,),
    )


def _indicator(indicator_id: str, title: str, kind: Kind, cohort: str, unit: str = "%", **rest: object) -> Indicator:
    values: dict[str, object] = {
        "id": indicator_id,
        "title": title,
        "question": "safe",
        "domain": "test",
        "data_type": DataType.CROSS_SECTIONAL,
        "kind": kind,
        "cohort": cohort,
        "outcome": "SELECT something",
        "polarity": Polarity.NONE,
        "unit": unit,
    }
    return Indicator.model_validate(values | rest)


def every_kind() -> Framework:
    """A percentage, two histograms, a ratio, a mean in parts, a follow-up, a proxy, families, one not computed."""
    feedback = {"data_type": DataType.FEEDBACK, "availability": Availability.NEW_DATA}
    return Framework(
        id="every-kind",
        version="1",
        title="A framework with every kind",
        source="tests",
        note="",
        questions=(Question(id="safe", title="Are children safe?"), Question(id="heard", title="Are children heard?")),
        cohorts=(
            _cohort("invited", Source.FEEDBACK, "feedback.invitations@Y"),
            _cohort("answered", Source.FEEDBACK, "feedback.answers@Y"),
            _cohort("pupils", Source.EDUCATION, "education.attendance@Y"),
            _cohort("placed", Source.SSDA903, "ssda903@Y"),
            _cohort("families", Source.FAMILIES, "families.families@Y", Unit.FAMILY),
        ),
        indicators=(
            _indicator("asked", "Children who answered, of those invited", Kind.PERCENT, "invited", **feedback),
            _indicator(
                "feels_safe",
                "How often children feel safe at home",
                Kind.HISTOGRAM,
                "answered",
                categories=("always", "most_of_the_time", "sometimes", "hardly_ever", "never"),
                companions=("asked",),
                **feedback,
            ),
            _indicator(
                "life",
                "How satisfied children are with their life",
                Kind.HISTOGRAM,
                "answered",
                "score (0 to 10)",
                categories=tuple(str(score) for score in range(11)),
                companions=("asked",),
                polarity=Polarity.HIGH,
                **feedback,
            ),
            _indicator(
                "absence",
                "Sessions missed",
                Kind.RATIO,
                "pupils",
                "% of sessions",
                bounds=(0, 400),
                whole_bounds=(0, 400),
                availability=Availability.LINKAGE,
                england=EnglandValue(value=17.4, year=2025, source="DfE, Pupil absence, March 2026"),
                differs=("Only pupils whose records the council holds.",),
            ),
            _indicator(
                "miles", "Distance from home", Kind.MEAN, "placed", "miles", bounds=(0, 4001), parts_per_unit=10
            ),
            _indicator(
                "returned_home",
                "Children who went home and stayed there",
                Kind.PERCENT,
                "placed",
                data_type=DataType.LONGITUDINAL,
                follow_up=FollowUp(
                    months=12, window="Twelve months from the day care ended", completeness="All of it is seen."
                ),
                polarity=Polarity.HIGH,
            ),
            _indicator(
                "settled",
                "Children in one placement",
                Kind.PERCENT,
                "placed",
                data_type=DataType.PROXY,
                proxy_for="Whether a child feels settled",
            ),
            _indicator("helped_families", "Families that were helped", Kind.PERCENT, "families"),
            _indicator("victims", "Families that were named", Kind.COUNT, "families", "families", outcome=None),
        ),
        wanted=(
            WantedIndicator(
                id="friends",
                title="Children who have a friend",
                question="heard",
                domain="test",
                data_type=DataType.PROXY,
                polarity=Polarity.HIGH,
                unit="%",
                availability=Availability.NEW_DATA,
                missing="No return asks it: a survey of all children in need would have to.",
                england=EnglandValue(value=88, year=2023, source="Made up, Survey of surveys"),
            ),
        ),
        digest="11" * 32,
    )
