"""SSDA903 files, and the stitching of the years (indicators reference 5.2 and 5.3)."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

from tests.oracle.dates import Year
from tests.oracle.figures import NOBODY, Person

FILES = {
    "episodes": "DECOM",
    "oc2": "SDQ_SCORE",
    "oc3": "IN_TOUCH",
    "missing": "MIS_START",
    "social_worker": "SW_ID",
    "uasc": "DUC",
    "header": "ETHNIC",
}
"""The column by which each file is recognised."""

Row = dict[str, str]


@dataclass(frozen=True)
class Place:
    """Where a child lives, as far as two places can be compared."""

    code: str
    urn: str
    postcode: str


@dataclass(frozen=True)
class Episode:
    """A row of Episodes."""

    child: str
    start: date
    start_reason: str
    legal_status: str
    place: Place
    end: date | None
    end_reason: str

    @property
    def short_term(self) -> bool:
        """Part of an agreed series of short-term placements."""
        return self.legal_status in {"V3", "V4"}

    @property
    def zero_days(self) -> bool:
        """Less than 24 hours."""
        return self.start == self.end

    @property
    def ends_care(self) -> bool:
        """The end of a period of care."""
        return self.end is not None and self.end_reason not in {"", "X1"}


@dataclass(frozen=True)
class Stay:
    """A row with a start and an end: an incident, an allocation."""

    child: str
    kind: str
    start: date | None
    end: date | None


@dataclass
class LookedAfterReturn:
    """The return of one year. `files` names the files that are there; other rows are the last of each child."""

    files: frozenset[str] = frozenset()
    episodes: list[Episode] = field(default_factory=list)
    people: dict[str, Person] = field(default_factory=dict)
    outcomes: dict[str, Row] = field(default_factory=dict)
    leavers: dict[str, Row] = field(default_factory=dict)
    incidents: list[Stay] = field(default_factory=list)
    allocations: list[Stay] = field(default_factory=list)
    unaccompanied: list[Stay] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Header and Episodes are both there."""
        return {"header", "episodes"} <= self.files


def _date(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%d/%m/%Y").date()
    except ValueError:
        return None


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [
            {column.strip().upper(): (value or "").strip().upper() for column, value in row.items()}
            for row in csv.DictReader(file)
        ]


def in_order(episodes: Iterable[Episode]) -> list[Episode]:
    """By start; of one start, the one of zero days first."""
    return sorted(episodes, key=lambda episode: (episode.start, not episode.zero_days, episode.end or date.max))


def by_child(episodes: Iterable[Episode]) -> dict[str, list[Episode]]:
    """Each child's episodes in order."""
    children: dict[str, list[Episode]] = defaultdict(list)
    for episode in in_order(episodes):
        children[episode.child].append(episode)
    return children


def _episodes(rows: list[Row]) -> list[Episode]:
    kept: dict[tuple[str, date, bool], Episode] = {}
    for row in rows:
        start = _date(row["DECOM"])
        if start is None:
            continue
        place = "K3" if row["PLACE"] == "H5" else row["PLACE"]
        episode = Episode(
            row["CHILD"],
            start,
            row["RNE"],
            row["LS"],
            Place(place, row["URN"], row["PL_POST"].replace(" ", "")),
            _date(row["DEC"]),
            row["REC"],
        )
        kept[episode.child, start, episode.zero_days] = episode
    return [closed for listed in by_child(kept.values()).values() for closed in _followed(listed)]


def _followed(listed: list[Episode]) -> list[Episode]:
    following = [*listed[1:], None]
    return [
        replace(episode, end=after.start, end_reason="X1") if episode.end is None and after is not None else episode
        for episode, after in zip(listed, following, strict=True)
    ]


def read_return(folder: Path) -> LookedAfterReturn:
    """The SSDA903 files of one year's folder."""
    found: dict[str, list[Row]] = {}
    for path in sorted(folder.rglob("*.csv")):
        with path.open(encoding="utf-8-sig") as file:
            columns = {column.strip().upper() for column in file.readline().split(",")}
        name = next((name for name, column in FILES.items() if column in columns), None)
        if name is not None:
            found[name] = _rows(path)

    def rows(name: str) -> list[Row]:
        return [row for row in found.get(name, []) if row["CHILD"]]

    return LookedAfterReturn(
        frozenset(found),
        _episodes(rows("episodes")),
        {row["CHILD"]: Person(row["SEX"], _date(row["DOB"]), row["ETHNIC"]) for row in rows("header")},
        {row["CHILD"]: row for row in rows("oc2")},
        {row["CHILD"]: row for row in rows("oc3")},
        [Stay(row["CHILD"], row["MISSING"], _date(row["MIS_START"]), _date(row["MIS_END"])) for row in rows("missing")],
        [
            Stay(row["CHILD"], row["SW_ID"], _date(row["SW_DECOM"]), _date(row["SW_DEC"]))
            for row in rows("social_worker")
        ],
        [Stay(row["CHILD"], "", None, _date(row["DUC"])) for row in rows("uasc")],
    )


@dataclass(frozen=True)
class LookedAfterHistory:
    """The returns up to a year."""

    returns: dict[int, LookedAfterReturn]

    def person(self, child: str) -> Person:
        """From the latest Header that has the child."""
        years = sorted(self.returns, reverse=True)
        return next((self.returns[year].people[child] for year in years if child in self.returns[year].people), NOBODY)

    def episodes(self) -> list[Episode]:
        """The episodes of every return, stitched: the later return wins a child's DECOM."""
        latest: dict[tuple[str, date], int] = {}
        for year in sorted(self.returns):
            for episode in self.returns[year].episodes:
                latest[episode.child, episode.start] = year
        stitched = []
        for year, one_return in self.returns.items():
            for episode in one_return.episodes:
                if latest[episode.child, episode.start] == year:
                    kept = episode if episode.end is not None else self._open_in(episode, year)
                    stitched += [] if kept is None else [kept]
        return in_order(stitched)

    def _open_in(self, episode: Episode, year: int) -> Episode | None:
        """What became of an episode that is open in a return and in no later one."""
        later = [other for other in self.returns if other > year]
        if not later:
            return episode
        between = Year(year).end
        carried = [
            other
            for other in self.returns[min(later)].episodes
            if other.child == episode.child and other.start <= between
        ]
        if not carried:
            return replace(episode, end=between, end_reason="")
        first = in_order(carried)[0]
        same = first.start_reason == episode.start_reason and first.place == episode.place
        if first.start_reason == "S" or first.start <= episode.start or same:
            return None
        return replace(episode, end=first.start, end_reason="X1")
