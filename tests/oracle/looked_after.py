"""The indicators of sections 6.2, 6.4 and 6.5, from the SSDA903."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date

from tests.oracle.care import Placement, periods_of_care, walk
from tests.oracle.csv_files import Row
from tests.oracle.dates import Year, add_months, within
from tests.oracle.figures import COUNT, MEAN, PERCENT, Kind, Member
from tests.oracle.looked_after_returns import Episode, LookedAfterHistory, by_child

Measured = Iterator[tuple[str, Kind, list[Member]]]

CEASED_BY = {
    "ceased_sgo": {"E45", "E46", "E47", "E48", "E43", "E44"},
    "ceased_cao": {"E41"},
    "ceased_home_planned": {"E4A"},
    "ceased_home_unplanned": {"E4B"},
    "ceased_adopted": {"E11", "E12"},
}
ACTIVITIES = {
    "eet": {"F1", "P1", "F2", "P2", "F4", "P4", "F5", "P5", "F3", "P3"},
    "he": {"F1", "P1"},
    "neet": {"G4", "G5", "G6"},
    "activity_unknown": {"0"},
}
FOSTER = {f"U{number}" for number in range(1, 7)}
BANDS = {"normal": range(14), "borderline": range(14, 17), "concern": range(17, 41)}


def score(row: Row | None) -> int | None:
    """A whole number 0-40; anything else is no score."""
    text = "" if row is None else row["SDQ_SCORE"]
    return int(text) if text.isascii() and text.isdecimal() and int(text) <= 40 else None


def _band(found: int) -> int:
    """0 for the best of the three bands, 2 for the worst."""
    return sum(found >= scores.stop for scores in BANDS.values())


def last_ends(episodes: Iterable[Episode]) -> dict[str, Episode]:
    """Each child's last end of a period of care: the latest DEC, then the latest DECOM."""
    last: dict[str, Episode] = {}
    for episode in episodes:
        if episode.short_term or not episode.ends_care:
            continue
        known = last.get(episode.child)
        if known is None or (episode.end, episode.start) >= (known.end, known.start):
            last[episode.child] = episode
    return last


def _placements(episodes: list[Episode], first: date, last: date) -> int:
    """Placements of any period of care active at some day of a window."""
    return sum(
        placement.start <= last and (placement.end is None or placement.end >= first)
        for period in periods_of_care(episodes)
        for placement in walk(period, same_carer=False)
    )


class LookedAfter:
    """Measures one year from the returns up to it."""

    def __init__(self, history: LookedAfterHistory, year: Year) -> None:
        self.history = history
        self.year = year
        self.now = history.returns[year.number]
        self.episodes = [episode for episode in self.now.episodes if not episode.short_term]
        self.known = history.episodes()
        self.open: dict[str, Episode] = {
            episode.child: episode for episode in self.episodes if year.open_at_end(episode.start, episode.end)
        }
        self.during = {episode.child for episode in self.episodes if year.active(episode.start, episode.end)}

    def measure(self) -> Measured:
        """Each indicator as id, kind and cohort members."""
        yield from self._population()
        yield from self._ceased()
        yield from self._reunified()
        yield from self._incidents()
        yield from self._health()
        yield from self._stability()
        yield from self._care_leavers()

    def _age(self, child: str) -> int | None:
        return self.history.person(child).age(self.year.end)

    def _aged(self, children: Iterable[str], ages: range) -> list[str]:
        return [child for child in children if self._age(child) in ages]

    def _population(self) -> Measured:
        yield "cla_31_march", COUNT, [Member(child) for child in self.open]
        unaccompanied = {row.child for row in self.now.unaccompanied if row.end is None or row.end > self.year.end}
        yield "cla_31_march_uasc", COUNT, [Member(child) for child in self.open if child in unaccompanied]
        started = {
            episode.child for episode in self.episodes if episode.start_reason == "S" and self.year.has(episode.start)
        }
        yield "cla_started", COUNT, [Member(child) for child in started]
        for name, codes in {
            "placed_foster": FOSTER,
            "placed_childrens_home": {"K2"},
            "placed_supported": {"K3"},
        }.items():
            yield name, PERCENT, [Member(child, episode.place.code in codes) for child, episode in self.open.items()]

    def _ceased(self) -> Measured:
        ceased = last_ends(episode for episode in self.episodes if self.year.has(episode.end))
        yield "cla_ceased", COUNT, [Member(child) for child in ceased]
        for name, reasons in CEASED_BY.items():
            yield name, PERCENT, [Member(child, last.end_reason in reasons) for child, last in ceased.items()]

    def _reunified(self) -> Measured:
        before = Year(self.year.number - 1)
        ceased = last_ends(episode for episode in self.known if before.has(episode.end))
        starts: dict[str, list[date]] = defaultdict(list)
        for episode in self.known:
            if episode.start_reason == "S" and not episode.short_term:
                starts[episode.child].append(episode.start)
        yield (
            "reunified_no_return_12m",
            PERCENT,
            [
                Member(child, not any(last.end is not None and within(last.end, start, 12) for start in starts[child]))
                for child, last in ceased.items()
                if last.end_reason in {"E4A", "E4B"}
            ],
        )

    def _incidents(self) -> Measured:
        for name, kind in {"missing_cla": "M", "away_cla": "A"}.items():
            children = {
                row.child for row in self.now.incidents if row.kind == kind and self.year.active(row.start, row.end)
            }
            yield name, PERCENT, [Member(child, child in children) for child in self.during]

    def _for_twelve_months(self) -> list[str]:
        active = [episode for episode in self.now.episodes if self.year.active(episode.start, episode.end)]
        excluded = {
            episode.child
            for episode in active
            if (episode.start_reason == "S" and self.year.start < episode.start <= self.year.end)
            or (episode.ends_care and episode.end is not None and self.year.start <= episode.end < self.year.end)
            or episode.short_term
        }
        return sorted({episode.child for episode in active} - excluded)

    def _health(self) -> Measured:
        rows = self.now.outcomes
        cohort = self._for_twelve_months()

        def yes(column: str) -> Callable[[str], bool]:
            return lambda child: child in rows and rows[child][column] == "1"

        def share(children: Iterable[str], column: str) -> list[Member]:
            return [Member(child, yes(column)(child)) for child in children]

        schooled = self._aged(cohort, range(5, 17))
        scores = {child: found for child in schooled if (found := score(rows.get(child))) is not None}
        yield "sdq_coverage", PERCENT, [Member(child, child in scores) for child in schooled]
        yield "sdq_mean", MEAN, [Member(child, found) for child, found in scores.items()]
        for band, band_scores in BANDS.items():
            yield f"sdq_{band}", PERCENT, [Member(child, found in band_scores) for child, found in scores.items()]
        year_before = self.history.returns.get(self.year.number - 1)
        rows_before = year_before.outcomes if year_before else {}
        both = [
            (child, found, earlier)
            for child, found in scores.items()
            if (earlier := score(rows_before.get(child))) is not None
        ]
        yield "sdq_improved", PERCENT, [Member(child, found < earlier) for child, found, earlier in both]
        yield (
            "sdq_band_improved",
            PERCENT,
            [Member(child, _band(found) < _band(earlier)) for child, found, earlier in both],
        )
        yield "sdq_mean_difference", MEAN, [Member(child, found - earlier) for child, found, earlier in both]
        yield "health_assessment", PERCENT, share(cohort, "HEALTH_ASSESSMENT")
        yield "immunisation", PERCENT, share(cohort, "IMMUNISATIONS")
        yield "dental_check", PERCENT, share(cohort, "TEETH_CHECK")
        yield "development_check_u5", PERCENT, share(self._aged(cohort, range(5)), "HEALTH_CHECK")
        yield "substance_misuse", PERCENT, share(cohort, "SUBSTANCE_MISUSE")
        misusing = [child for child in cohort if yes("SUBSTANCE_MISUSE")(child)]
        yield "substance_intervention_received", PERCENT, share(misusing, "INTERVENTION_RECEIVED")
        yield (
            "substance_intervention_refused",
            PERCENT,
            [
                Member(child, yes("INTERVENTION_OFFERED")(child) and not yes("INTERVENTION_RECEIVED")(child))
                for child in misusing
            ],
        )
        yield "convicted", PERCENT, share(self._aged(cohort, range(10, 18)), "CONVICTED")

    def _stability(self) -> Measured:
        episodes = by_child(self.episodes)
        placements = {child: _placements(episodes[child], self.year.start, self.year.end) for child in self.open}
        yield "placements_3plus", PERCENT, [Member(child, count >= 3) for child, count in placements.items()]
        yield "placements_mean", MEAN, [Member(child, count) for child, count in placements.items()]
        workers: dict[str, set[str]] = defaultdict(set)
        for row in self.now.allocations:
            if row.kind and self.year.active(row.start, row.end):
                workers[row.child].add(row.kind)
        yield "social_workers_3plus", PERCENT, [Member(child, len(workers[child]) >= 3) for child in self.open]
        yield from self._long_term()

    def _long_term(self) -> Measured:
        known = by_child(self.known)
        current = {
            child: period
            for child in self.open
            for period in periods_of_care(known[child])
            if any(self.year.open_at_end(episode.start, episode.end) for episode in period)
        }
        two_years_ago = add_months(self.year.end, -24)
        yield (
            "same_carer_2y",
            PERCENT,
            [
                Member(child, self._with_one_carer_since(walk(period, same_carer=True), two_years_ago))
                for child, period in current.items()
                if period[0].start <= add_months(self.year.end, -30) and self._age(child) in range(16)
            ],
        )
        yield (
            "placements_3plus_2y",
            PERCENT,
            [
                Member(child, _placements(known[child], two_years_ago, self.year.end) >= 3)
                for child, period in current.items()
                if period[0].start <= two_years_ago
            ],
        )

    @staticmethod
    def _with_one_carer_since(stays: list[Placement], day: date) -> bool:
        if not stays:
            return False
        placed_for_adoption = stays[-1].place_now in {"A3", "A4", "A5", "A6"}
        first = stays[-2] if placed_for_adoption and len(stays) > 1 else stays[-1]
        return first.start <= day

    def _care_leavers(self) -> Measured:
        known = by_child(self.known)
        ends = last_ends(self.known)

        def transferred(child: str) -> bool:
            last = ends.get(child)
            if last is None or last.end is None or last.end_reason != "E3":
                return False
            others = (episode for episode in known[child] if episode is not last and not episode.short_term)
            return not any(episode.start >= last.end for episode in others)

        def nothing_known(row: Row) -> bool:
            return row["ACTIV"] in {"0", ""} and row["ACCOM"] in {"0", ""}

        def left_foster_carer_at_eighteen(child: str) -> bool:
            last, born = ends.get(child), self.history.person(child).born
            return (
                last is not None
                and born is not None
                and last.end == add_months(born, 12 * 18)
                and last.place.code in FOSTER
            )

        def excluded(child: str, row: Row) -> bool:
            episodes = known.get(child, [])
            return (
                row["IN_TOUCH"] in {"DIED", "RHOM"}
                or (bool(episodes) and all(episode.short_term for episode in episodes))
                or transferred(child)
            )

        leavers = {child: row for child, row in self.now.leavers.items() if not excluded(child, row)}
        for ages, years in {"17_18": range(17, 19), "19_21": range(19, 22)}.items():
            cohort = {child: leavers[child] for child in self._aged(leavers, years)}
            for name, activities in ACTIVITIES.items():
                yield (
                    f"care_leaver_{name}_{ages}",
                    PERCENT,
                    [Member(child, row["ACTIV"] in activities) for child, row in cohort.items()],
                )
            yield (
                f"care_leaver_suitable_{ages}",
                PERCENT,
                [
                    Member(child, row["ACCOM"].endswith("1"))
                    for child, row in cohort.items()
                    if row["ACCOM"][:1] not in {"G", "H", "R"}
                ],
            )
        yield (
            "care_leaver_not_in_touch",
            PERCENT,
            [
                Member(child, leavers[child]["IN_TOUCH"] == "NO" and nothing_known(leavers[child]))
                for child in self._aged(leavers, range(19, 22))
            ],
        )
        yield (
            "staying_put",
            PERCENT,
            [
                Member(child, leavers[child]["ACCOM"].startswith("Z"))
                for child in self._aged(leavers, range(18, 21))
                if left_foster_carer_at_eighteen(child)
            ],
        )
