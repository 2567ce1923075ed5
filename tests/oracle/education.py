"""What schools know of the children in three groups (section 7), each pupil known by a unique pupil number.

Whose a row is (templates README): a child id has the number of the latest SSDA903 with the child, else of the latest
census, else of an education file; a row without a child id has its own number; a child without any is known by the id.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date

from tests.oracle.census import CensusHistory
from tests.oracle.csv_files import Files, Row, to_date, to_parts, to_whole
from tests.oracle.dates import Year
from tests.oracle.figures import NOBODY, PERCENT, RATIO, Kind, Member, Person
from tests.oracle.looked_after_returns import Episode, LookedAfterHistory

Measured = Iterator[tuple[str, Kind, list[Member]]]

GROUPS = ("cino", "cppo", "cla12")
KINDS = ("moves", "suspensions", "attendance", "attainment", "school_census")
FILE_OF = {
    "absence": "attendance",
    "suspended": "suspensions",
    "permanently": "suspensions",
    "ks2": "attainment",
    "ks4": "attainment",
    "eyfsp": "attainment",
    "sen": "school_census",
    "fsm": "school_census",
}
"""The file that an indicator of a group needs, by the first word of its id."""

POINTS, SCORE = Kind("mean", parts=10), Kind("mean", parts=100)
GRADES = {"U": 0, **{str(grade): grade for grade in range(1, 10)}}


def pupil_number(text: str) -> str:
    """The number of a text, if it is one: 13 places, the eleven digits not all alike."""
    found = re.fullmatch(r"[A-HJ-NP-RT-Z]([0-9]{11})[0-9A-Z]", text)
    return text if found and len(set(found[1])) > 1 else ""


def _usable(kind: str, row: Row, year: Year) -> bool:
    """Whether a row has what it cannot be without."""
    if not row.get("CHILD_ID") and not pupil_number(row["UPN"]):
        return False
    if kind == "moves":
        day = to_date(row["MOVE_DATE"])
        return day is not None and day <= year.end
    if kind == "suspensions":
        return all(to_whole(row[name], 0, 400) is not None for name in ("SUSPENSIONS", "PERMANENT_EXCLUSIONS"))
    if kind == "attendance":
        possible, missed = to_whole(row["SESSIONS_POSSIBLE"], 0, 1000), to_whole(row["SESSIONS_MISSED"], 0, 1000)
        return possible is not None and missed is not None and missed <= possible
    return kind != "attainment" or bool(row["STAGE"])


class Education:
    """Measures one year: its education files beside the care records up to it."""

    def __init__(self, files: Files, care: LookedAfterHistory, need: CensusHistory, year: Year) -> None:
        self.care, self.need, self.year = care, need, year
        self.rows = {kind: [row for row in files.get(kind, []) if _usable(kind, row, year)] for kind in KINDS}
        self.numbers = self._numbers()
        self.last_rows = {
            "attainment": self._last("attainment", lambda row: row["STAGE"]),
            "school_census": self._last("school_census", lambda _: ""),
        }
        self.people = self._people()

    def _numbers(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for rows in self.rows.values():
            for row in rows:
                child, number = row.get("CHILD_ID", ""), pupil_number(row["UPN"])
                if child and number:
                    found[child] = min(number, found.get(child, number))
        need = [one_census.pupil_numbers for _, one_census in sorted(self.need.returns.items())]
        care = [one_return.pupil_numbers for _, one_return in sorted(self.care.returns.items())]
        for yearly in (need, care):
            latest: dict[str, str] = {}
            for known in yearly:
                latest |= known
            found |= {child.upper(): number for child, text in latest.items() if (number := pupil_number(text))}
        return found

    def pupil(self, child: str) -> str:
        """Who a child of the care records is."""
        return self.numbers.get(child.upper(), f"id:{child.upper()}")

    def _of_row(self, row: Row) -> str:
        child = row.get("CHILD_ID", "")
        return self.pupil(child) if child else pupil_number(row["UPN"])

    def _last(self, kind: str, part: Callable[[Row], str]) -> dict[tuple[str, str], Row]:
        """The last row of each pupil, or of each part of one, in the order of the files."""
        last: dict[tuple[str, str], Row] = {}
        for row in self.rows[kind]:
            key = (self._of_row(row), part(row))
            last.pop(key, None)
            last[key] = row
        return last

    def _people(self) -> dict[str, Person]:
        """What is known of each pupil: what the care records do not know, education files may."""
        known: dict[str, Person] = {}

        def learn(pupil: str, said: Person) -> None:
            before = known.get(pupil, NOBODY)
            known[pupil] = Person(
                said.sex_code if said.sex() != "unknown" else before.sex_code,
                said.born or before.born,
                said.ethnicity_code if said.ethnicity() != "unknown" else before.ethnicity_code,
            )

        for kind, rows in self.rows.items():
            for row in self.last_rows[kind].values() if kind in self.last_rows else rows:
                said = Person(row.get("SEX", ""), to_date(row.get("DOB", "")), row.get("ETHNIC", ""))
                learn(self._of_row(row), said)
        for history in (self.need, self.care):
            for child in sorted({child for one_return in history.returns.values() for child in one_return.people}):
                learn(self.pupil(child), history.person(child))
        return known

    def person(self, pupil: str) -> Person:
        """What is known of a pupil."""
        return self.people.get(pupil, NOBODY)

    def _care_groups(self) -> tuple[dict[str, set[str]], set[str]]:
        """The pupils of each group, and those looked after, at 31 March."""
        year, census = self.year, self.need.returns[self.year.number]
        open_now = {
            self.pupil(episode.child)
            for episode in self.care.returns[year.number].episodes
            if not episode.short_term and year.open_at_end(episode.start, episode.end)
        }
        in_need = {
            self.pupil(case.child)
            for case in census.episodes
            if case.of_need and year.open_at_end(case.referred, case.closed)
        }
        on_plan = {
            self.pupil(child) for (child, _), plan in census.plans().items() if year.open_at_end(plan.start, plan.end)
        }
        active: dict[str, list[Episode]] = defaultdict(list)
        for episode in self.care.returns[year.number].episodes:
            if year.active(episode.start, episode.end):
                active[self.pupil(episode.child)].append(episode)
        twelve_months = {pupil for pupil, listed in active.items() if not any(map(self._interrupts, listed))}
        return {"cino": in_need - on_plan - open_now, "cppo": on_plan - open_now, "cla12": twelve_months}, open_now

    def _interrupts(self, episode: Episode) -> bool:
        return (
            episode.short_term
            or (episode.start_reason == "S" and self.year.start < episode.start <= self.year.end)
            or (episode.ends_care and episode.end is not None and self.year.start <= episode.end < self.year.end)
        )

    def measure(self) -> Measured:
        """Each indicator as id, kind and cohort members."""
        groups, looked_after = self._care_groups()
        for name, group in groups.items():
            for indicator, kind, members in self._of_group(group):
                yield f"{indicator}_{name}", kind, members
        yield from self._moves(looked_after)

    def _of_group(self, group: set[str]) -> Measured:
        yield from self._absence(group)
        suspended, excluded = (self._sums("suspensions", name) for name in ("SUSPENSIONS", "PERMANENT_EXCLUSIONS"))
        on_roll = [pupil for pupil in suspended if pupil in group]
        yield "suspended", PERCENT, [Member(pupil, suspended[pupil] > 0) for pupil in on_roll]
        yield "permanently_excluded", PERCENT, [Member(pupil, excluded[pupil] > 0) for pupil in on_roll]
        yield from self._attainment(group)
        counted = {pupil: row for (pupil, _), row in self.last_rows["school_census"].items() if pupil in group}
        for name, codes in {"sen_ehcp": {"E", "EHCP"}, "sen_support": {"K", "SUPPORT"}}.items():
            yield name, PERCENT, [Member(pupil, row["SEN"] in codes) for pupil, row in counted.items()]
        yield "fsm", PERCENT, [Member(pupil, row["FREE_SCHOOL_MEALS"] == "1") for pupil, row in counted.items()]

    def _sums(self, kind: str, column: str) -> Mapping[str, int]:
        sums: dict[str, int] = defaultdict(int)
        for row in self.rows[kind]:
            sums[self._of_row(row)] += int(row[column])
        return sums

    def _absence(self, group: set[str]) -> Measured:
        before_school = date(self.year.number - 1, 8, 31)
        possible, missed = (self._sums("attendance", name) for name in ("SESSIONS_POSSIBLE", "SESSIONS_MISSED"))
        pupils = [
            pupil
            for pupil, sessions in possible.items()
            if pupil in group and sessions > 0 and self.person(pupil).age(before_school) in range(5, 16)
        ]
        yield "absence_overall", RATIO, [Member(pupil, missed[pupil], whole=possible[pupil]) for pupil in pupils]
        for name, share in {"persistent": 10, "severe": 2}.items():
            yield (
                f"absence_{name}",
                PERCENT,
                [Member(pupil, missed[pupil] * share >= possible[pupil]) for pupil in pupils],
            )

    def _attainment(self, group: set[str]) -> Measured:
        def at(stage: str) -> dict[str, Row]:
            rows = self.last_rows["attainment"].items()
            return {pupil: row for (pupil, of), row in rows if of == stage and pupil in group}

        def reached(rows: Mapping[str, Row]) -> list[Member]:
            return [Member(pupil, row["EXPECTED"] == "1") for pupil, row in rows.items()]

        def scores(rows: Mapping[str, Row], column: str, parts: int, low: int, high: int) -> list[Member]:
            return [
                Member(pupil, score)
                for pupil, row in rows.items()
                if (score := to_parts(row.get(column, ""), parts, low, high)) is not None
            ]

        yield "eyfsp_gld", PERCENT, reached(at("EYFSP"))
        yield "ks2_rwm", PERCENT, reached(at("KS2"))
        leavers = at("KS4")
        yield "ks4_attainment8", POINTS, scores(leavers, "ATTAINMENT8", 10, 0, 90)
        yield "ks4_progress8", SCORE, scores(leavers, "PROGRESS8", 100, -10, 10)
        for grade in (4, 5):
            members = [Member(pupil, _lower(row) >= grade) for pupil, row in leavers.items()]
            yield f"ks4_engmaths_{grade}", PERCENT, members

    def _moves(self, looked_after: set[str]) -> Measured:
        matched = [pupil for pupil, _ in self.last_rows["school_census"] if pupil in looked_after]
        moves: dict[str, list[date]] = defaultdict(list)
        for row in self.rows["moves"]:
            day = to_date(row["MOVE_DATE"])
            if day is not None:
                moves[self._of_row(row)].append(day)
        now, known = self.care.returns[self.year.number].episodes, self.care.episodes()
        for suffix, start, episodes in (
            ("", self.year.start, now),
            ("_2y", Year(self.year.number - 1).start, known),
        ):
            entered = self._first_days(episodes, start)
            counted = {pupil: [day for day in moves[pupil] if entered.get(pupil, date.max) <= day] for pupil in matched}
            yield f"school_any_move{suffix}", PERCENT, [Member(pupil, bool(counted[pupil])) for pupil in matched]
            yield (
                f"school_midyear_move{suffix}",
                PERCENT,
                [Member(pupil, any(day.month not in {8, 9} for day in counted[pupil])) for pupil in matched],
            )

    def _first_days(self, episodes: Iterable[Episode], start: date) -> dict[str, date]:
        """Each pupil's first day of care from `start` to 31 March."""
        first: dict[str, date] = {}
        for episode in episodes:
            pupil = self.pupil(episode.child)
            if not episode.short_term and episode.start <= self.year.end and (episode.end or start) >= start:
                day = max(episode.start, start)
                first[pupil] = min(day, first.get(pupil, day))
        return first


def _lower(row: Row) -> int:
    """The lower of the two grades; below all of them if one is not known."""
    return min(GRADES.get(row.get(column, ""), -1) for column in ("ENGLISH_GRADE", "MATHS_GRADE"))
