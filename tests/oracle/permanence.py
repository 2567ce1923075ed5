"""Adoption and its stages (section 6.5), from the stitched history, AD1 and the decisions that a child be placed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from operator import attrgetter

from tests.oracle.care import Placement, periods_of_care, walk
from tests.oracle.dates import Year, add_months
from tests.oracle.figures import MEAN, PERCENT, Kind, Member
from tests.oracle.looked_after import last_ends
from tests.oracle.looked_after_returns import Adoption, Episode, LookedAfterHistory, by_child

Moment = Callable[["Road"], date | None]
Measured = Iterator[tuple[str, Kind, list[Member]]]

WITH_ADOPTERS = {"A3", "A4", "A5", "A6"}
ADOPTED = {"E11", "E12"}


@dataclass(frozen=True)
class Road:
    """What a period of care says of the way to a family: the last stay in it, and the child's latest row of AD1."""

    child: str
    entry: date
    stay: Placement | None
    ordered: date | None
    ended: date | None
    papers: Adoption

    @property
    def moved_in(self) -> date | None:
        """The first day of the placement for adoption in the last stay with one carer, where the stay is one now."""
        if self.stay is None or self.stay.place_now not in WITH_ADOPTERS:
            return None
        return min(episode.start for episode in self.stay.episodes if episode.place.code in WITH_ADOPTERS)

    @property
    def came_to_adopters(self) -> date | None:
        """The same, or, where the foster carer adopted, the first day with that carer."""
        return self.stay.start if self.moved_in and self.stay and self.papers.by_foster_carer else self.moved_in


class Permanence:
    """Measures one year from the returns up to it."""

    def __init__(self, history: LookedAfterHistory, year: Year) -> None:
        self.year = year
        self.returns = [one_return for _, one_return in sorted(history.returns.items())]
        self.decisions = history.returns[year.number].decisions
        self.known = by_child(history.episodes())

    def measure(self) -> Measured:
        """Each indicator as id, kind and cohort members."""
        this_year = self._adopted(1)
        three_years = self._adopted(3)

        def mean(roads: list[Road], first: Moment, last: Moment) -> list[Member]:
            return [
                Member(road.child, (end - start).days)
                for road in roads
                if (start := first(road)) is not None and (end := last(road)) is not None
            ]

        entry, decided, matched = attrgetter("entry"), attrgetter("papers.decided"), attrgetter("papers.matched")
        moved_in, ended = attrgetter("moved_in"), attrgetter("ended")
        came_to_adopters = attrgetter("came_to_adopters")
        yield "adoption_entry_to_placed", MEAN, mean(this_year, entry, moved_in)
        yield "adoption_entry_to_decision", MEAN, mean(this_year, entry, decided)
        yield "adoption_decision_to_match", MEAN, mean(this_year, decided, matched)
        yield "adoption_match_to_placed", MEAN, mean(this_year, matched, moved_in)
        yield "adoption_placed_to_order", MEAN, mean(this_year, moved_in, ended)
        yield "adoption_entry_to_order", MEAN, mean(this_year, entry, ended)
        yield "adoption_a1", MEAN, mean(three_years, entry, moved_in)
        yield "adoption_a10", MEAN, mean(three_years, entry, came_to_adopters)
        waits = [
            (road, road.ordered, road.papers.matched, road.came_to_adopters)
            for road in three_years
            if road.ordered is not None and road.papers.matched is not None and road.came_to_adopters is not None
        ]
        yield "adoption_a2", MEAN, [Member(road.child, _days(ordered, matched)) for road, ordered, matched, _ in waits]
        yield (
            "adoption_a20",
            MEAN,
            [
                Member(road.child, _days(ordered, min(matched, came) if road.papers.by_foster_carer else matched))
                for road, ordered, matched, came in waits
            ],
        )
        yield "adoption_a3", PERCENT, self._waiting(three_years)

    def _adopted(self, years: int) -> list[Road]:
        """Children whose last end of care of the years up to 31 March is an adoption, with the period it ended."""
        first = Year(self.year.number - years + 1).start
        ends = last_ends(
            episode
            for listed in self.known.values()
            for episode in listed
            if episode.end is not None and first <= episode.end <= self.year.end
        )
        return [
            self._road(period, last)
            for child, last in ends.items()
            if last.end_reason in ADOPTED
            for period in periods_of_care(self.known[child])
            if last in period
        ]

    def _road(self, period: list[Episode], last: Episode) -> Road:
        stays = walk(period, same_carer=True)
        orders = [episode.start for episode in period if episode.legal_status == "E1"]
        papers = [found.adoptions[last.child] for found in self.returns if last.child in found.adoptions]
        return Road(
            last.child,
            period[0].start,
            stays[-1] if stays else None,
            min(orders, default=None),
            last.end,
            papers[-1] if papers else Adoption(None, None, by_foster_carer=False),
        )

    def _waiting(self, adopted: list[Road]) -> list[Member]:
        found = {
            road.child: road.moved_in < add_months(road.entry, 14) for road in adopted if road.moved_in is not None
        }
        decided = {row.child for row in self.decisions if self.year.open_at_end(row.start, row.end)}
        for child in decided:
            for period in periods_of_care(self.known.get(child, [])):
                if any(self.year.open_at_end(episode.start, episode.end) for episode in period):
                    road = self._road(period, period[-1])
                    waited_less = (road.moved_in or self.year.end) < add_months(road.entry, 14)
                    found[child] = waited_less or found.get(child, False)
        return [Member(child, waited_less) for child, waited_less in found.items()]


def _days(ordered: date, reached: date) -> int:
    """Days from the placement order, none if it came later."""
    return max(0, (reached - ordered).days)
