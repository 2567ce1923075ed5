"""The parts that pages are made of, as values: rows, lines, cards, tables and whole pages."""

from __future__ import annotations

from dataclasses import dataclass

from coordinator.data import Council
from coordinator.publication.figures import Companion, Share, ShareRow
from coordinator.publication.words import Shown
from frameworks.display.charts import Axis, Bars, Mark, Strip
from frameworks.model import Indicator, WantedIndicator


@dataclass(frozen=True)
class Row:
    """One area in a table: its figure in words, and drawn; and what is published with it."""

    name: str
    href: str
    shown: Shown
    marks: tuple[Mark, ...]
    tooltip: str
    companions: tuple[Companion, ...] = ()


@dataclass(frozen=True)
class Line:
    """A line of a table whose columns are areas: an indicator, or one category of it."""

    category: str
    unit: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Card:
    """One indicator as a strip: what it is, the figure in words, the chart, and the figures behind it.

    `beside` is the unit after the figure; `notes` say what must not be missed. A histogram of words has bars
    in place of a strip.
    """

    indicator: Indicator
    unit: str
    beside: str
    polarity: str
    shown: Shown
    councils: str
    published: str
    published_figure: str
    notes: tuple[str, ...]
    strip: Strip | None
    bars: Bars | None
    lines: tuple[Line, ...]
    companions: tuple[Companion, ...]


@dataclass(frozen=True)
class Wanted:
    """An indicator that belongs to the framework and that no council can compute yet."""

    indicator: WantedIndicator
    availability: str
    published: str


@dataclass(frozen=True)
class Section:
    """A question of the framework with its cards, and with what it asks for and nobody can answer."""

    id: str
    title: str
    cards: tuple[Card, ...]
    wanted: tuple[Wanted, ...] = ()


@dataclass(frozen=True)
class RegionRows:
    """The councils of a region, in the order of their names."""

    name: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class BreakdownRows:
    """England's figure by the levels of a characteristic."""

    title: str
    rows: tuple[Row, ...]
    axis: Axis
    reference: float | None


@dataclass(frozen=True)
class ShareTable:
    """The shares of a histogram of words: areas, or levels, against categories."""

    caption: str
    first: str
    categories: tuple[str, ...]
    rows: tuple[ShareRow, ...]


@dataclass(frozen=True)
class IndicatorPage:
    """Everything about one indicator.

    `distribution` is England's histogram with its shares. A histogram of words has share tables for breakdowns, regions
    and councils; everything else has rows with one figure each, and an axis. `has_steadied` says whether a council has
    a modelled figure beside its own.
    """

    card: Card
    privacy: str
    coverage: str
    size: str
    cohort: str
    distribution: Bars | None
    shares: tuple[Share, ...]
    axis: Axis | None
    reference: float | None
    councils_strip: Strip | None
    region_rows: tuple[Row, ...]
    region_axis: Axis | None
    regions: tuple[RegionRows, ...]
    has_steadied: bool
    breakdowns: tuple[BreakdownRows, ...]
    share_breakdowns: tuple[ShareTable, ...]
    share_regions: ShareTable | None
    share_councils: tuple[ShareTable, ...]
    definition: str


@dataclass(frozen=True)
class CouncilPage:
    """One council beside its region and England. `has_steadied` as in `IndicatorPage`."""

    council: Council
    children: str
    sections: tuple[Section, ...]
    has_steadied: bool


@dataclass(frozen=True)
class RegionCoverage:
    """Who answered in a region."""

    name: str
    answered: tuple[Council, ...]
    missing: tuple[Council, ...]


@dataclass(frozen=True)
class IndicatorCoverage:
    """How much of England one indicator is made of."""

    indicator: Indicator
    councils: str
    share: str
    without: tuple[Council, ...]
