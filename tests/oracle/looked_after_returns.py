"""SSDA903 files, and the stitching of the years (indicators reference 5.2 and 5.3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date

from tests.oracle.csv_files import LOOKED_AFTER, Files, Row, to_date
from tests.oracle.dates import Year
from tests.oracle.figures import NOBODY, Person


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
    home: str = ""

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


@dataclass(frozen=True)
class Adoption:
    """A row of AD1."""

    decided: date | None
    matched: date | None
    by_foster_carer: bool


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
    adoptions: dict[str, Adoption] = field(default_factory=dict)
    decisions: list[Stay] = field(default_factory=list)
    pupil_numbers: dict[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Header and Episodes are both there."""
        return {"header", "episodes"} <= self.files


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
        start = to_date(row["DECOM"])
        if start is None:
            continue
        place = "K3" if row["PLACE"] == "H5" else row["PLACE"]
        episode = Episode(
            row["CHILD"],
            start,
            row["RNE"],
            row["LS"],
            Place(place, row["URN"], row["PL_POST"].replace(" ", "")),
            to_date(row["DEC"]),
            row["REC"],
            row["HOME_POST"].replace(" ", ""),
        )
        kept[episode.child, start, episode.zero_days] = episode
    return [closed for listed in by_child(kept.values()).values() for closed in _followed(listed)]


def _followed(listed: list[Episode]) -> list[Episode]:
    following = [*listed[1:], None]
    return [
        replace(episode, end=after.start, end_reason="X1") if episode.end is None and after is not None else episode
        for episode, after in zip(listed, following, strict=True)
    ]


def read_return(files: Files, year: Year) -> LookedAfterReturn:
    """The SSDA903 files among those of one year. What AD1 dates after 31 March cannot be known to it.

    Of two decisions of one day the last row counts.
    """

    def rows(name: str) -> list[Row]:
        return [row for row in files.get(name, []) if row["CHILD"]]

    def by_year_end(text: str) -> date | None:
        day = to_date(text)
        return day if day is not None and day <= year.end else None

    def stays(name: str, kind: str, start: str, end: str) -> list[Stay]:
        return [
            Stay(row["CHILD"], row.get(kind, ""), to_date(row.get(start, "")), to_date(row[end])) for row in rows(name)
        ]

    return LookedAfterReturn(
        frozenset(files) & frozenset(LOOKED_AFTER),
        _episodes(rows("episodes")),
        {row["CHILD"]: Person(row["SEX"], to_date(row["DOB"]), row["ETHNIC"]) for row in rows("header")},
        {row["CHILD"]: row for row in rows("oc2")},
        {row["CHILD"]: row for row in rows("oc3")},
        stays("missing", "MISSING", "MIS_START", "MIS_END"),
        stays("social_worker", "SW_ID", "SW_DECOM", "SW_DEC"),
        stays("uasc", "", "", "DUC"),
        {
            row["CHILD"]: Adoption(
                by_year_end(row["DATE_INT"]), by_year_end(row["DATE_MATCH"]), row["FOSTER_CARE"] == "1"
            )
            for row in rows("ad1")
        },
        list(
            {
                (decision.child, decision.start): decision
                for decision in stays("placed_for_adoption", "", "DATE_PLACED", "DATE_PLACED_CEASED")
            }.values()
        ),
        {row["CHILD"]: row["UPN"] for row in rows("header")},
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
