"""What a framework is made of: questions, views, cohorts and indicators, as immutable models.

A framework is data. It is read from a TOML file (`frameworks.catalogue`), checked (`frameworks.definitions`)
and compiled to release plans (`frameworks.plan`); this file holds the shape only.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Sql = Annotated[str, Field(min_length=8)]
Need = Annotated[str, Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)?@Y(-[1-9])?$")]
"""A file without which a figure is not available, relative to the reference year Y: `cin_census@Y-1`."""


class Source(StrEnum):
    """A return (or warehouse) whose children share one id. Ids of two sources are never linked."""

    SSDA903 = "ssda903"
    CIN_CENSUS = "cin_census"


class Unit(StrEnum):
    """What a cohort counts: each child once, or each of a child's events."""

    CHILD = "child"
    EVENT = "event"


class Kind(StrEnum):
    """How an indicator is read (indicators.md 5.5)."""

    COUNT = "count"
    PERCENT = "percent"
    MEAN = "mean"


class DataType(StrEnum):
    """The four data types of the 2019 outcomes framework."""

    CROSS_SECTIONAL = "cross-sectional"
    LONGITUDINAL = "longitudinal"
    PROXY = "proxy"
    FEEDBACK = "feedback"


class Polarity(StrEnum):
    """Which direction is good; `none` where a figure carries no judgement (rates of activity)."""

    HIGH = "high"
    LOW = "low"
    NONE = "none"


class Availability(StrEnum):
    """Whether councils can compute the indicator today."""

    NOW = "available now"
    LINKAGE = "needs linkage"
    NEW_DATA = "needs new data"


class Model(BaseModel):
    """Immutable, and refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Question(Model):
    """One of the framework's questions, in the words shown to readers."""

    id: Identifier
    title: str


class View(Model):
    """A named building block of definitions (a placement, a period of care): a SELECT other SELECTs may use."""

    id: Identifier
    title: str
    sql: Sql


class Cohort(Model):
    """The set of children, or of their events, that indicators are about.

    `sql` yields `child_id` (unit child), or `child_id, event, event_date` (unit event, one row per event;
    `event` tells a child's events apart, `event_date` orders them for the cap). `ages` are the first and last
    completed years at `year_end` that the cohort admits; the system, not the author, enforces them.
    `needs` names the files without which the cohort is not available, such as `cin_census@Y-1`, `ssda903.oc2@Y`.
    """

    id: Identifier
    title: str
    source: Source
    unit: Unit = Unit.CHILD
    sql: Sql
    ages: tuple[int, int] | None = None
    needs: tuple[Need, ...] = Field(min_length=1)


class EnglandValue(Model):
    """A published figure for England to set beside ours."""

    value: float
    numerator: int | None = None
    denominator: int | None = None
    year: int
    source: str


class IndicatorDefinition(Model):
    """One measured outcome, wherever frameworks put it.

    A `count` indicator has no `outcome`: the figure is the size of its cohort. A `percent` indicator's `outcome`
    yields the `child_id` (or `child_id, event`) of those with the outcome. A `mean` indicator's `outcome` yields
    `child_id, value`; its cohort must hold just the children with a value, and `bounds` clip the value in a
    release (never in `measure`). `event_cap` is the number of a child's earliest events that a release keeps.
    """

    id: Identifier
    title: str
    data_type: DataType
    kind: Kind
    cohort: Identifier
    outcome: Sql | None = None
    polarity: Polarity
    unit: str
    availability: Availability = Availability.NOW
    bounds: tuple[int, int] | None = None
    event_cap: int = Field(default=1, ge=1, le=10)
    needs: tuple[Need, ...] = ()
    rate_per: int | None = None
    england: EnglandValue | None = None
    published_as: str | None = None
    caveats: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _kind_has_its_parts(self) -> Self:
        if (self.outcome is None) != (self.kind is Kind.COUNT):
            raise ValueError("a count has no outcome; a percent or a mean has one")
        if (self.bounds is not None) != (self.kind is Kind.MEAN):
            raise ValueError("a mean, and only a mean, has bounds")
        if self.bounds is not None and not self.bounds[0] < self.bounds[1]:
            raise ValueError("the lower bound of a mean must be below the upper")
        return self


class Indicator(IndicatorDefinition):
    """An indicator where a framework puts it: under one of its questions, in a domain of its words."""

    question: Identifier
    domain: str


class Framework(Model):
    """A framework, checked. `digest` is the SHA-256 of its file and of the definition files it uses, in hex.

    In a framework that `frameworks.catalogue` loaded, every SQL text is the one that the checker wrote out.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    version: str
    title: str
    source: str
    note: str
    questions: tuple[Question, ...]
    views: tuple[View, ...] = ()
    cohorts: tuple[Cohort, ...]
    indicators: tuple[Indicator, ...]
    digest: str = ""

    def cohort(self, cohort_id: str) -> Cohort:
        """The cohort of that id. Raises KeyError for an id the framework does not hold."""
        return {cohort.id: cohort for cohort in self.cohorts}[cohort_id]

    def indicator(self, indicator_id: str) -> Indicator:
        """The indicator of that id. Raises KeyError for an id the framework does not hold."""
        return {indicator.id: indicator for indicator in self.indicators}[indicator_id]


class Breakdown(Model):
    """A partition of a cohort by a characteristic, with all its levels listed in advance."""

    id: Identifier
    title: str
    levels: tuple[str, ...]
    labels: tuple[str, ...]


BREAKDOWNS: tuple[Breakdown, ...] = (
    Breakdown(id="sex", title="Sex", levels=("female", "male", "unknown"), labels=("Female", "Male", "Unknown")),
    Breakdown(
        id="age_band",
        title="Age at 31 March",
        levels=("0_4", "5_9", "10_15", "16_17", "18_plus", "unknown"),
        labels=("0 to 4", "5 to 9", "10 to 15", "16 to 17", "18 and over", "Unknown or unborn"),
    ),
    Breakdown(
        id="ethnicity_major",
        title="Ethnic group",
        levels=("white", "mixed", "asian", "black", "other", "unknown"),
        labels=("White", "Mixed or multiple", "Asian", "Black", "Other", "Unknown"),
    ),
)
"""The breakdowns of indicators.md 5.5, in the order in which `measure` prints them."""

ReleaseMode = Literal["council", "secure"]
