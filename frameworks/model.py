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


OTHER = "other"
"""What a child counts as who has none of a set of outcomes that exclude each other."""


class Source(StrEnum):
    """Child-level tables whose rows share one id. Definitions never link the ids of two sources.

    The tables of a source may be filled from its own files or from a warehouse; education's hold copies of care records
    that the node has joined to a pupil, and `families` counts families, whose id stands where a child's does.
    """

    SSDA903 = "ssda903"
    CIN_CENSUS = "cin_census"
    EDUCATION = "education"
    FEEDBACK = "feedback"
    FAMILIES = "families"


OWNER_COLUMN: dict[Source, str] = {
    source: "family_id" if source is Source.FAMILIES else "child_id" for source in Source
}
"""The column that says whose a row is."""


class Unit(StrEnum):
    """What a cohort counts: each child once, each of a child's events, or each family once."""

    CHILD = "child"
    EVENT = "event"
    FAMILY = "family"


class Kind(StrEnum):
    """How an indicator is read (indicators.md 5.5): a `ratio` is one sum over another, in percent; a `histogram` counts
    outcomes that exclude each other."""

    COUNT = "count"
    PERCENT = "percent"
    MEAN = "mean"
    RATIO = "ratio"
    HISTOGRAM = "histogram"


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
    `councils_per_child` is how many councils may count a child in one year: 1 where the council responsible on 31 March
    alone does, 2 for what happens in a year, since no council sees what another does (privacy reference 3.4).
    """

    id: Identifier
    title: str
    source: Source
    unit: Unit = Unit.CHILD
    sql: Sql
    ages: tuple[int, int] | None = None
    needs: tuple[Need, ...] = Field(min_length=1)
    councils_per_child: int = Field(default=1, ge=1, le=2)

    @property
    def owner(self) -> str:
        """The column that says whose a row is: `child_id`, or `family_id`."""
        return OWNER_COLUMN[self.source]

    @model_validator(mode="after")
    def _families_are_counted_as_families(self) -> Self:
        if (self.unit is Unit.FAMILY) != (self.source is Source.FAMILIES):
            raise ValueError("families, and only they, are counted by the unit family")
        if self.unit is Unit.FAMILY and self.ages is not None:
            raise ValueError("a family has no age")
        return self


class FollowUp(Model):
    """Over how long a longitudinal indicator follows a child, and for how many of the cohort that time is all seen."""

    months: int = Field(ge=1, le=60)
    window: str
    completeness: str


class EnglandValue(Model):
    """A published figure for England to set beside ours."""

    value: float
    numerator: int | None = None
    denominator: int | None = None
    year: int
    source: str


class IndicatorDefinition(Model):
    """One measured outcome, wherever frameworks put it.

    What its `outcome` yields, besides the `child_id` (`family_id` in families) of the cohort's members:

    * `count`: there is none; the figure is the size of the cohort;
    * `percent`: nothing more (or `event`): those with the outcome;
    * `mean`: `value`; the cohort must hold just the children with a value;
    * `ratio`: `part` and `whole`, whose sums are set against each other;
    * `histogram`: `category`, one of `categories`.

    `bounds` clip a value, or a part, in a release (never in `measure`), `whole_bounds` a whole. Values are whole
    numbers of which `parts_per_unit` make one of the indicator's `unit` (10 where tenths of a point are summed).
    `event_cap` is the number of a child's earliest events that a release keeps. `also_from` names files that serve
    where `needs` are not met. `companions` are indicators without which this one is never released, such as a survey's
    response rate.
    `exclusive` names a set of percentages of one cohort of which at most one can hold for a child, such as the reasons
    why care ceased: a release may send them as one histogram.
    `proxy_for` says what a proxy stands for, and `differs` how the definition departs from the DfE's.
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
    whole_bounds: tuple[int, int] | None = None
    categories: tuple[str, ...] = ()
    parts_per_unit: int = Field(default=1, ge=1, le=1000)
    event_cap: int = Field(default=1, ge=1, le=10)
    needs: tuple[Need, ...] = ()
    also_from: tuple[Need, ...] = ()
    companions: tuple[Identifier, ...] = ()
    exclusive: Identifier | None = None
    rate_per: int | None = None
    england: EnglandValue | None = None
    published_as: str | None = None
    proxy_for: str | None = None
    follow_up: FollowUp | None = None
    differs: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _kind_has_its_parts(self) -> Self:
        if (self.outcome is None) != (self.kind is Kind.COUNT):
            raise ValueError("a count has no outcome; every other kind has one")
        if (self.bounds is not None) != (self.kind in (Kind.MEAN, Kind.RATIO)):
            raise ValueError("a mean or a ratio, and nothing else, has bounds")
        if (self.whole_bounds is not None) != (self.kind is Kind.RATIO):
            raise ValueError("a ratio, and nothing else, has whole_bounds")
        if any(bounds is not None and not bounds[0] < bounds[1] for bounds in (self.bounds, self.whole_bounds)):
            raise ValueError("a lower bound must be below the upper")
        if bool(self.categories) != (self.kind is Kind.HISTOGRAM):
            raise ValueError("a histogram, and nothing else, has categories")
        if len(set(self.categories)) != len(self.categories):
            raise ValueError("categories are named once each")
        if self.exclusive is not None and (self.kind is not Kind.PERCENT or self.id == OTHER):
            raise ValueError(f"only percentages exclude each other, and none of them is called {OTHER}")
        return self

    @model_validator(mode="after")
    def _says_what_it_is(self) -> Self:
        if (self.proxy_for is not None) != (self.data_type is DataType.PROXY):
            raise ValueError("a proxy, and nothing else, says what it is a proxy for")
        if self.follow_up is not None and self.data_type is not DataType.LONGITUDINAL:
            raise ValueError("only a longitudinal indicator follows children up")
        return self


class Indicator(IndicatorDefinition):
    """An indicator where a framework puts it: under one of its questions, in a domain of its words.

    `lineage` names what it descends from in an earlier framework.
    """

    question: Identifier
    domain: str
    lineage: str | None = None


class WantedIndicator(Model):
    """An indicator that belongs to a framework and that no council can compute yet: `missing` says what it needs."""

    id: Identifier
    title: str
    question: Identifier
    domain: str
    data_type: DataType
    polarity: Polarity
    unit: str
    availability: Availability
    missing: str
    england: EnglandValue | None = None
    lineage: str | None = None


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
    wanted: tuple[WantedIndicator, ...] = ()
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
