"""Children with random records in every child-level table, for tests of what one of them can do to a vector.

The records are busy rather than likely: many events, all ages, every code that a definition names. Families stand
beside them: what a family adds is what a child adds who makes it appear.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, TypeVar

from frameworks.feedback_forms import FORMS
from frameworks.model import BREAKDOWNS, OWNER_COLUMN, Source
from frameworks.tables import TABLES
from node.engines.duckdb_engine import DuckDbEngine
from node.sources.characteristics import age_at, age_band
from node.sources.cin_census_rows import FACTORS
from node.sources.ssda903_columns import END_REASONS

YEAR = 2025
YEAR_START, YEAR_END = date(YEAR - 1, 4, 1), date(YEAR, 3, 31)

Row = dict[str, Any]
Rows = dict[str, list[Row]]
"""Rows by table, each with the values of its columns except whose it is; a column left out is null."""

_FACTORS = sorted(FACTORS)
_ENDS = ("X1", "X1", "X1", *sorted(END_REASONS))
_ADOPTED = ("E11", "E12")
_LEFT = ("E4A", "E4B", "E4A", "E4B", *sorted(END_REASONS))
_CARE_COPIES = {
    "pupil_case": "referral",
    "pupil_plan": "child_protection_plan",
    "pupil_episode": "episode",
    "pupil_episode_history": "episode_history",
}
"""Education's copies of care records, and what they are copied from."""


_Choice = TypeVar("_Choice")


class ChildMaker:
    """Makes children of every source, and families, from one seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def child(self, source: Source) -> Rows:
        """All records of one child of a source; some children have no characteristics."""
        made = {
            Source.SSDA903: self._looked_after,
            Source.CIN_CENSUS: self._in_need,
            Source.EDUCATION: self._pupil,
            Source.FEEDBACK: self._respondent,
            Source.FAMILIES: self._family,
        }[source]()
        return {table: found for table, found in made.items() if found}

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def _pick(self, *choices: _Choice) -> _Choice:
        return self._random.choice(choices)

    def _day(self, first: date, last: date) -> date:
        return first + timedelta(days=self._random.randint(0, (last - first).days))

    def _recent_day(self) -> date:
        """Mostly within the year, else within the three years before; its edges are likely."""
        return self._pick(
            YEAR_START,
            YEAR_END,
            self._day(YEAR_START, YEAR_END),
            self._day(YEAR_START, YEAR_END),
            self._day(date(YEAR - 2, 4, 1), YEAR_START),
            self._day(date(YEAR - 4, 4, 1), YEAR_START),
        )

    def _end_after(self, start: date, longest: int) -> date | None:
        end = start + timedelta(days=self._random.randint(0, longest))
        return self._pick(end, end, None)

    def _events(self, most: int) -> range:
        return range(1, self._random.randint(1, most + 1))

    def _characteristics(self, born: date | None = None) -> list[Row]:
        if self._chance(0.05):
            return []
        born = born or self._pick(None, *(self._day(date(YEAR - 22, 4, 1), YEAR_END) for _ in range(12)))
        age = age_at(born, YEAR_END)
        sex, _, ethnicity = (self._pick(*breakdown.levels) for breakdown in BREAKDOWNS)
        return [
            {
                "sex": sex,
                "date_of_birth": born,
                "age": age,
                "age_band": age_band(age),
                "ethnicity_major": ethnicity,
            }
        ]

    def _flag(self) -> bool | None:
        return self._pick(True, True, False, None)

    def _looked_after(self) -> Rows:
        history = self._long_stay() if self._chance(0.4) else self._episodes()
        left = history[-1]["end_date"] if history else None
        of_age = date(left.year - 18, left.month, min(left.day, 28)) if left and self._chance(0.3) else None
        rows: Rows = {"looked_after_child": self._characteristics(of_age), "episode_history": history}
        rows["episode"] = [
            row | {"event": event}
            for event, row in enumerate((row for row in history if row["return_year"] == YEAR), start=1)
        ]
        flags = [name for name, sql_type in TABLES["outcome_check"].columns.items() if sql_type == "BOOLEAN"]
        rows["outcome_check"] = [
            {
                "return_year": year,
                "sdq_score": self._pick(None, 0, 0, 13, 14, 16, 17, 40, 40, self._random.randint(0, 40)),
            }
            | {flag: self._flag() for flag in flags}
            for year in (YEAR - 1, YEAR)
            if self._chance(0.8)
        ]
        if self._chance(0.6):
            rows["care_leaver"] = [
                {
                    "in_touch": self._pick("YES", "YES", "NO", "DIED", "RHOM", None),
                    "activity": self._pick("F1", "P2", "G4", "G6", "0", None),
                    "accommodation": self._pick("B1", "C2", "G1", "R2", "Z1", "0", None),
                }
                | self._pick({}, {}, {"in_touch": "NO", "activity": None, "accommodation": "0"})
            ]
        rows["missing_incident"] = [
            {
                "event": event,
                "kind": self._pick("M", "A"),
                "start_date": (start := self._recent_day()),
                "end_date": self._end_after(start, 20),
            }
            for event in self._events(5)
        ]
        rows["social_worker_episode"] = [
            {
                "event": event,
                "worker_id": f"W{self._random.randint(1, 5)}",
                "start_date": (start := self._recent_day()),
                "end_date": self._end_after(start, 300),
            }
            for event in self._events(5)
        ]
        if self._chance(0.3):
            rows["unaccompanied_child"] = [{"ceased_date": self._pick(None, self._recent_day())}]
        return rows | self._adoption(history)

    def _episodes(self) -> list[Row]:
        """Rows of episode_history: episodes one after the other, most of them a move, up to 16."""
        start = self._day(date(YEAR - 5, 4, 1), YEAR_END)
        longest = self._pick(30, 120, 700)
        rows: list[Row] = []
        rne = "S"
        for event in self._events(16):
            end = start + timedelta(days=self._random.randint(0, longest))
            reason: str | None = self._pick(*_ENDS)
            place = self._pick("U1", "U4", "U6", "K2", "K3", "A3", "A5", "T1", "R1", "P1")
            legal = self._pick("C2", "C2", "C2", "C2", "V2", "E1", "V3" if self._chance(0.2) else "L1", None)
            year = end.year + (end > date(end.year, 3, 31))
            is_open = end > YEAR_END or self._chance(0.05)
            distance = self._pick(None, 0, 200, 201, 500, 3000)
            rows.append(
                {
                    "event": event,
                    "return_year": min(YEAR, year),
                    "start_date": start,
                    "start_reason": rne,
                    "legal_status": legal,
                    "place": place,
                    "address": f"{place}|{self._pick('1', '2')}",
                    "end_date": None if is_open else end,
                    "end_reason": None if is_open else reason,
                    "distance_tenths": distance,
                    "beyond_20_miles": None if distance is None else distance > 200,
                    "outside_council": self._flag(),
                }
            )
            if is_open:
                break
            rne = "S" if reason != "X1" else self._pick("P", "T", "B", "U", "L")
            start = end if reason == "X1" else end + timedelta(days=self._random.randint(0, 400))
            if start > YEAR_END:
                break
        return rows

    def _long_stay(self) -> list[Row]:
        """Rows of episode_history: one period of care of up to seven years with few moves; many end in adoption."""
        start = self._day(date(YEAR - 7, 4, 1), date(YEAR - 1, 6, 30))
        end = self._pick(None, None, YEAR_START, YEAR_END, self._day(date(YEAR - 3, 4, 1), YEAR_END))
        turns = sorted(
            {start, *(self._day(start, max(start, end or YEAR_END)) for _ in range(self._random.randint(0, 3)))}
        )
        adopted = self._chance(0.6)
        rows: list[Row] = []
        for event, (turn, until) in enumerate(zip(turns, (*turns[1:], end), strict=True), start=1):
            last = event == len(turns)
            rows.append(
                {
                    "event": event,
                    "return_year": YEAR if until is None else min(YEAR, until.year + (until > date(until.year, 3, 31))),
                    "start_date": turn,
                    "start_reason": "S" if event == 1 else self._pick("L", "P"),
                    "legal_status": "E1" if adopted and event > 1 else "C2",
                    "place": self._pick("A3", "A5") if adopted and last else self._pick("U1", "U4"),
                    "address": self._pick("1", "1", "2"),
                    "end_date": until,
                    "end_reason": "X1" if not last else self._pick(*(_ADOPTED if adopted else _LEFT)),
                    "outside_council": self._flag(),
                }
            )
            if until is None:
                rows[-1]["end_reason"] = None
        return rows

    def _adoption(self, history: list[Row]) -> Rows:
        """Decision and match, in order, at once or years apart, and placement."""
        if self._chance(0.3):
            return {}
        entry = history[0]["start_date"] if history else self._recent_day()
        decided, matched, placed = sorted(
            self._pick(entry, self._recent_day(), self._day(entry, YEAR_END)) for _ in range(3)
        )
        return {
            "adoption": [
                {
                    "return_year": year,
                    "decision_date": self._pick(decided, decided, None),
                    "match_date": self._pick(matched, matched, None),
                    "by_foster_carer": self._flag(),
                    "early_permanence_date": self._pick(None, entry, self._recent_day()),
                }
                for year in self._pick((YEAR,), (YEAR - 1, YEAR))
            ],
            "adoption_decision": [
                {
                    "event": 1,
                    "return_year": self._pick(YEAR, YEAR, YEAR - 1),
                    "decision_date": self._pick(placed, self._recent_day()),
                    "reversed_date": self._pick(None, None, self._recent_day()),
                }
            ],
        }

    def _in_need(self) -> Rows:
        rows: Rows = {"census_child": self._characteristics()}
        rows["referral"] = [
            {
                "event": event,
                "return_year": self._pick(YEAR, YEAR, YEAR - 1),
                "referral_date": (start := self._recent_day()),
                "no_further_action": self._pick(True, False, None),
                "closure_date": self._end_after(start, 400),
                "closure_reason": self._pick("RC1", "RC8", "RC9", None),
                "transfer_in_conference_date": self._pick(None, None, self._recent_day()),
            }
            for event in self._events(6)
        ]
        assessments = [
            {
                "event": event,
                "return_year": self._pick(YEAR, YEAR, YEAR - 1),
                "referral_event": self._random.randint(1, 4),
                "referral_date": (start := self._recent_day()),
                "start_date": start,
                "authorisation_date": self._pick(None, start + timedelta(days=self._random.randint(0, 90))),
            }
            for event in self._events(6)
        ]
        rows["assessment"] = assessments
        rows["assessment_factor"] = [
            {name: row[name] for name in ("event", "return_year", "referral_event")} | {"factor": factor}
            for row in assessments
            for factor in self._random.sample(_FACTORS, self._random.randint(0, len(_FACTORS)))
        ]
        rows["section_47"] = [
            {
                "event": event,
                "return_year": YEAR,
                "referral_date": (start := self._recent_day()),
                "start_date": start,
                "conference_date": self._pick(None, start + timedelta(days=self._random.randint(0, 40))),
            }
            for event in self._events(5)
        ]
        plans: list[Row] = [
            {
                "event": event,
                "return_year": YEAR,
                "start_date": (start := self._recent_day()),
                "end_date": self._end_after(start, 900),
                "previous_plans": self._pick(0, 0, 1, 3, None),
            }
            for event in self._events(5)
        ]
        rows["child_protection_plan"] = plans
        reviews = (
            (plan["start_date"], days) for plan in plans for days in self._pick((), (80, 200, 360, 500, 660), (90, 300))
        )
        rows["plan_review"] = [
            {"event": event, "plan_start_date": start, "review_date": start + timedelta(days=days)}
            for event, (start, days) in enumerate(reviews, start=1)
        ]
        return rows

    def _pupil(self) -> Rows:
        care = {**(self._looked_after() if self._chance(0.6) else {}), **(self._in_need() if self._chance(0.7) else {})}
        rows = {copy: care.get(original, []) for copy, original in _CARE_COPIES.items()}
        rows["pupil"] = self._characteristics()
        possible = self._pick(0, 1, 380, 450)
        rows["attendance"] = [
            {"sessions_possible": possible, "sessions_missed": self._random.randint(0, possible)}
            | self._pick({}, {"sessions_missed": possible}, {"sessions_missed": 0})
        ]
        rows["suspension"] = [
            {"suspensions": self._pick(0, 0, 1, 3, 40), "permanent_exclusions": self._pick(0, 0, 1, 2)}
        ]
        rows["attainment"] = [
            {
                "stage": stage,
                "expected": self._flag(),
                "attainment8_tenths": self._pick(None, 0, 465, 900, 2000),
                "progress8_hundredths": self._pick(None, -2000, -120, 0, 75, 2000),
                "english_maths_grade": self._pick(None, 0, 3, 4, 5, 9),
            }
            for stage in ("EYFSP", "KS2", "KS4")
            if self._chance(0.7)
        ]
        rows["school_census"] = [
            {"sen": self._pick("EHCP", "SUPPORT", "NONE", None), "free_school_meals": self._flag()}
        ]
        rows["school_move"] = [{"event": event, "move_date": self._recent_day()} for event in self._events(4)]
        return {table: found for table, found in rows.items() if self._chance(0.95)}

    def _respondent(self) -> Rows:
        forms = [form for form in FORMS.values() if self._chance(0.6)]
        return {
            "respondent": self._characteristics(),
            "feedback_invitation": [{"form": form.id, "responded": self._flag()} for form in forms],
            "feedback_answer": [
                {
                    "form": form.id,
                    "question": question,
                    "answer": (answer := self._pick(*answers, "not a code")),
                    "score": int(answer) if answer.isdecimal() else None,
                }
                for form in forms
                for question, answers in form.questions.items()
            ],
        }

    def _family(self) -> Rows:
        closed = self._pick(None, self._recent_day(), self._recent_day())
        return {
            "family": [*({**row, "closed_date": closed} for row in self._characteristics())],
            "family_need": [
                {
                    "event": event,
                    "need": need,
                    "outcome_date": self._pick(None, self._recent_day(), closed),
                    "lapsed_date": self._pick(None, None, self._recent_day()),
                }
                for event, need in enumerate(self._random.sample(range(1, 11), self._random.randint(0, 10)), start=1)
            ],
        }


def population(seed: int, size: int) -> dict[str, Rows]:
    """`size` children of each source (or families), by id; ids of the sources differ."""
    maker = ChildMaker(seed)
    return {f"{source.value}-{number}": maker.child(source) for source in Source for number in range(size)}


def fill(engine: DuckDbEngine, children: Mapping[str, Rows]) -> None:
    """Puts the records of children, by id, into an engine's tables, all of a table at once."""
    tables: dict[str, list[tuple[Any, ...]]] = {}
    for child, rows in children.items():
        for table, found in rows.items():
            tables.setdefault(table, []).extend(_records(child, table, found))
    for table, records in tables.items():
        unnested = ", ".join(
            f"CAST(unnest(${place}) AS {sql_type})"
            for place, sql_type in enumerate(TABLES[table].columns.values(), start=1)
        )
        engine.connection.execute(
            f"INSERT INTO {table} SELECT {unnested}", [list(column) for column in zip(*records, strict=True)]
        )


def _records(child: str, table: str, rows: Iterable[Row]) -> Iterator[tuple[Any, ...]]:
    owner = {OWNER_COLUMN[TABLES[table].source]: child}
    for row in rows:
        yield tuple((row | owner).get(name) for name in TABLES[table].columns)
