"""The episodes of a period of care: an unbroken chain of legal statuses and places, each change with its right code.

An episode ends on the day the next begins. Its reason for starting says what changed: S the period itself, L the legal
status, P the carer, T the place with the same carer, B and U the same with the legal status.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from deploy.demo.generator.care_history import Pathway, Period
from deploy.demo.generator.child import draw_postcode
from deploy.demo.generator.days import YEAR

CONTINUES: Final = "X1"
SUPPORTED: Final = "H5"
"""Supported accommodation, as coded before 2024/25."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a child lives: placement code, provider, Ofsted number and postcode (empty where returns leave them so)."""

    code: str
    provider: str
    urn: str
    postcode: str


@dataclass(frozen=True, slots=True)
class Move:
    """A change of place on a day; `same_carer` when the carer moved with the child."""

    day: int
    place: Place
    same_carer: bool
    reason: str


@dataclass(slots=True)
class Episode:
    """One row of the Episodes file over its whole length; a return of an earlier year shows it without its end."""

    start: int
    start_reason: str
    legal_status: str
    place: Place
    end: int
    end_reason: str
    move_reason: str


@dataclass(frozen=True, slots=True)
class AdoptionDates:
    """Decision, match and placement of a child who is adopted; `by_foster_carer` by the carer it had before."""

    decided: int
    matched: int
    placed: int
    by_foster_carer: bool


@dataclass(frozen=True, slots=True)
class PlacementRates:
    """How settled placements are: the share of unsettled children, and the mean days of a settled placement."""

    unsettled: float
    settled_days: float


MOVE_REASONS: Final = {
    "CARPL": 34.0, "CLOSE": 2.0, "ALLEG": 2.0, "STAND": 2.0, "APPRR": 1.0, "CREQB": 14.0, "CREQO": 11.0,
    "CHILD": 8.0, "LAREQ": 4.0, "PLACE": 6.0, "CUSTOD": 1.0, "OTHER": 15.0,
}  # fmt: skip
_MOVE_CODES = tuple(MOVE_REASONS)
_MOVE_WEIGHTS = tuple(MOVE_REASONS.values())
_FIRST_LEGAL_STATUS: Final = {
    Pathway.HOME: {"V2": 62.0, "C1": 30.0, "L1": 5.0, "L2": 3.0},
    Pathway.GUARDIANSHIP: {"C1": 80.0, "V2": 16.0, "L2": 4.0},
    Pathway.ADOPTION: {"C1": 93.0, "V2": 7.0},
    Pathway.TRANSFER: {"V2": 62.0, "C1": 28.0, "J1": 10.0},
    Pathway.UNTIL_18: {"C1": 55.0, "V2": 40.0, "L1": 5.0},
    Pathway.UNACCOMPANIED: {"V2": 100.0},
    Pathway.RESPITE: {"V4": 100.0},
}


def draw_episodes(
    chance: random.Random, period: Period, birth: int, rates: PlacementRates
) -> tuple[list[Episode], AdoptionDates | None]:
    """The episodes of a period in order, and the adoption dates of a child who is adopted at its end."""
    if period.pathway is Pathway.RESPITE:
        return [_respite_episode(chance, period)], None
    adoption = _draw_adoption(chance, period) if period.reason in ("E11", "E12") else None
    moves = {move.day: move for move in _draw_moves(chance, period, birth, rates, adoption)}
    statuses = _with_moves(_draw_statuses(chance, period, adoption), sorted(moves))
    return _chain(period, statuses, moves), adoption


def _with_moves(statuses: Iterator[tuple[int, str]], move_days: Sequence[int]) -> dict[int, str]:
    """A status that would change in the two weeks before a move changes with it, as when a court decides on both."""
    together: dict[int, str] = {}
    latest = 0
    for day, status in statuses:
        moved = next((move for move in move_days if day <= move <= day + 14), day) if together else day
        latest = max(latest, moved)
        together[latest] = status
    return together


def _chain(period: Period, statuses: dict[int, str], moves: dict[int, Move]) -> list[Episode]:
    episodes: list[Episode] = []
    status, place = statuses[period.start], moves[period.start].place
    for day in sorted({*statuses, *moves}):
        move = moves.get(day)
        new_status = statuses.get(day, status)
        place, status, legal_change = move.place if move else place, new_status, new_status != status
        if not episodes:
            reason = "S"
        elif move is None:
            if not legal_change:
                continue
            reason = "L"
        elif move.same_carer:
            reason = "U" if legal_change else "T"
        else:
            reason = "B" if legal_change else "P"
        if episodes:
            episodes[-1].end = day
            episodes[-1].move_reason = move.reason if move else ""
        episodes.append(Episode(day, reason, status, place, period.end, CONTINUES, ""))
    episodes[-1].end_reason = period.reason
    return episodes


def _respite_episode(chance: random.Random, period: Period) -> Episode:
    status = "V3" if period.end - period.start < 17 else "V4"
    place = _place(chance, "U6" if chance.random() < 0.4 else "K2")
    return Episode(period.start, "S", status, place, period.end, period.reason, "")


def _draw_adoption(chance: random.Random, period: Period) -> AdoptionDates:
    placed = period.end - 120 - int(chance.random() * min(280, period.end - period.start - 260))
    by_foster_carer = chance.random() < 0.16
    if by_foster_carer and chance.random() < 0.4:
        decided = placed - int(14 * chance.random())
    else:
        decided = period.start + int((placed - period.start) * (0.35 + 0.3 * chance.random()))
    matched = placed - int(chance.random() * min(50, placed - decided))
    return AdoptionDates(decided, matched, placed, by_foster_carer)


def _draw_statuses(chance: random.Random, period: Period, adoption: AdoptionDates | None) -> Iterator[tuple[int, str]]:
    weights = _FIRST_LEGAL_STATUS[period.pathway]
    status = chance.choices(tuple(weights), tuple(weights.values()))[0]
    day = period.start
    yield day, status
    if status in ("L1", "L2"):
        day += 2 if status == "L1" else 7
        status = "C1" if chance.random() < 0.7 else "V2"
        if day < period.end:
            yield day, status
    if status == "V2" and period.pathway is Pathway.UNTIL_18 and chance.random() < 0.35:
        day += 20 + int(chance.expovariate(1 / 120))
        status = "C1"
        if day < period.end:
            yield day, status
    ordered = adoption.decided if adoption else period.end
    if status == "C1":
        day += 150 + int(120 * chance.random())
        if day < min(ordered, period.end):
            yield day, "C2"
    if adoption:
        yield adoption.decided, "E1"


def _draw_moves(
    chance: random.Random, period: Period, birth: int, rates: PlacementRates, adoption: AdoptionDates | None
) -> Iterator[Move]:
    unsettled = chance.random() < rates.unsettled
    stop = adoption.placed if adoption else period.end
    independence = birth + int(YEAR * (16.2 + 1.6 * chance.random())) if chance.random() < 0.45 else stop
    day = period.start
    place = _draw_place(chance, period, day - birth, day)
    yield Move(day, place, False, "")
    while True:
        long_stay = not unsettled and chance.random() < (0.55 if day == period.start else 0.8)
        mean = rates.settled_days if long_stay else 75 if unsettled else 210
        end = min(stop, day + 2 + int(chance.expovariate(1 / mean)))
        if day < independence < end:
            end = independence
        yield from _moves_within(chance, place, day, end)
        if end >= stop:
            break
        day = end
        place = _draw_place(chance, period, day - birth, day)
        yield Move(day, place, False, chance.choices(_MOVE_CODES, _MOVE_WEIGHTS)[0])
    if adoption:
        kept = adoption.by_foster_carer and place.code[0] == "U"
        code = "A5" if kept else "A6"
        adoptive = replace(place, code=code, provider="PR1", urn="") if kept else _place(chance, code)
        yield Move(stop, adoptive, kept, "PLACE")


def _moves_within(chance: random.Random, place: Place, start: int, end: int) -> Iterator[Move]:
    """Rare events of a stay with one carer: a short time elsewhere and back, or a carer who moves house."""
    day = start + int(chance.expovariate(1 / 1500))
    while day > start and day < end - 12:
        if place.code[0] == "U" and chance.random() < 0.4:
            place = replace(place, postcode=draw_postcode(chance))
            yield Move(day, place, True, "OTHER")
        else:
            code, longest = chance.choice((("T1", 40), ("T3", 20), ("T4", 6)))
            back = day + 2 + int(chance.random() * (min(longest, end - day - 3) - 2))
            yield Move(day, Place(code, "", "", draw_postcode(chance)), False, "OTHER")
            yield Move(back, place, False, "PLACE")
            day = back
        day += 30 + int(chance.expovariate(1 / 1500))


def _draw_place(chance: random.Random, period: Period, age_days: int, day: int) -> Place:
    """A place by the child's age; supported accommodation from sixteen."""
    age = age_days / YEAR
    pick = chance.random()
    if period.pathway is Pathway.UNACCOMPANIED:
        code = SUPPORTED if pick < 0.6 and age >= 16 else "U6" if pick < 0.95 else "K2"
    elif age >= 16:
        code = (
            SUPPORTED if pick < 0.53 else "K2" if pick < 0.73 else "R2" if pick < 0.75 else "Z1" if pick < 0.78 else ""
        )
    elif age >= 10:
        code = "K2" if pick < 0.29 else "P1" if pick < 0.36 else "K1" if pick < 0.365 else "R5" if pick < 0.375 else ""
    else:
        kin = 0.08 if period.end - day > 60 else 0.12
        code = "P1" if pick < kin else "R1" if pick < 0.16 and age < 1.5 else "K2" if age > 7 and pick > 0.95 else ""
    kinship = 0.4 if period.pathway is Pathway.GUARDIANSHIP else 0.17
    if not code:
        code = chance.choice(("U1", "U1", "U2", "U3")) if chance.random() < kinship else chance.choice(_FOSTER)
    return _place(chance, code)


_FOSTER = ("U4", "U5", "U6", "U6", "U6")
_NO_NUMBER = "APTZ"


def _place(chance: random.Random, code: str) -> Place:
    if code[0] in "TZ":
        provider = ""
    elif code[0] == "P":
        provider = "PR0"
    elif code[0] == "A":
        provider = "PR1"
    elif code[0] == "U":
        provider = "PR1" if code[1] in "123" or chance.random() < 0.55 else "PR4"
    else:
        provider = "PR1" if chance.random() < 0.2 else "PR4"
    urn = "" if code[0] in _NO_NUMBER else str(9_000_000 + int(chance.random() * 900_000))
    return Place(code, provider, urn, draw_postcode(chance))
