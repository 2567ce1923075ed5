"""The walk through a period of care against a plain reading of 5.2 in Python, on lives made up at random. If this
failed, some order of moves that no hand-worked child has would be counted differently from what the reference says."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from frameworks.catalogue import load_framework
from node.engines.duckdb_engine import DuckDbEngine
from tests.frameworks.looked_after import YEAR, YEAR_START, Child, Episode, episodes_of, fill

YEAR_END = date(2025, 3, 31)
TWO_YEARS_AGO = date(2023, 3, 31)


@dataclass(frozen=True)
class _Stretch:
    """A placement, or a stay with one carer: its episodes, skipped ones left out."""

    episodes: tuple[Episode, ...]

    @property
    def start(self) -> date:
        return self.episodes[0].start

    def is_active(self, first: date, last: date) -> bool:
        ends = [episode.end for episode in self.episodes if episode.end is not None]
        is_open = len(ends) < len(self.episodes)
        return self.start <= last and (is_open or max(ends) >= first)


def _periods(episodes: list[Episode]) -> Iterator[list[Episode]]:
    period: list[Episode] = []
    for episode in episodes:
        if episode.legal_status in ("V3", "V4"):
            continue
        ended = bool(period) and period[-1].end_reason not in (None, "X1")
        if period and (episode.start_reason == "S" or ended):
            yield period
            period = []
        period.append(episode)
    if period:
        yield period


def _is_skipped(episode: Episode) -> bool:
    return episode.place.startswith("T") or episode.end == episode.start


def _begins(episode: Episode, before: Episode, *, after_skipped: bool, stay: bool) -> bool:
    elsewhere = episode.address != before.address
    if episode.place in ("A3", "A5") and before.place.startswith("U"):
        return False
    if stay and episode.start_reason in ("T", "U"):
        return False
    if after_skipped:
        return elsewhere
    if episode.start_reason in ("T", "U"):
        return elsewhere
    return episode.start_reason in ("S", "P", "B")


def _walk(period: list[Episode], *, stay: bool) -> list[_Stretch]:
    stretches: list[list[Episode]] = []
    after_skipped = False
    for episode in period:
        if _is_skipped(episode):
            after_skipped = True
            continue
        if not stretches or _begins(episode, stretches[-1][-1], after_skipped=after_skipped, stay=stay):
            stretches.append([])
        stretches[-1].append(episode)
        after_skipped = False
    return [_Stretch(tuple(stretch)) for stretch in stretches]


def _placements_in_year(episodes: list[Episode]) -> int:
    of_year = [episode for episode in episodes if episode.end is None or episode.end >= YEAR_START]
    walked = [stretch for period in _periods(of_year) for stretch in _walk(period, stay=False)]
    return sum(stretch.is_active(YEAR_START, YEAR_END) for stretch in walked)


def _placements_in_two_years(episodes: list[Episode]) -> int:
    walked = [stretch for period in _periods(episodes) for stretch in _walk(period, stay=False)]
    return sum(stretch.is_active(TWO_YEARS_AGO, YEAR_END) for stretch in walked)


def _same_carer(episodes: list[Episode]) -> bool:
    *_, current = _periods(episodes)
    stays = _walk(current, stay=True)
    if not stays:
        return False
    placed_for_adoption = stays[-1].episodes[-1].place in ("A3", "A4", "A5", "A6")
    since = stays[-2 if placed_for_adoption and len(stays) > 1 else -1].start
    return since <= TWO_YEARS_AGO


def _life(chance: random.Random) -> str:
    """Lines of episodes up to one that is open at 31 March and in no series of short-term placements."""
    lines: list[str] = []
    begins, reason = date(2022, 1, 1) + timedelta(days=chance.randrange(900)), "S"
    before = date.min
    while True:
        legal = "V3" if chance.random() < 0.08 else "C2"
        place = chance.choice(("U1", "U1", "U4", "K2", "T1", "T3", "A3", "A4", "A5"))
        line = f"{begins} {reason} {place} {chance.choice(('oak', 'oak', 'elm'))}"
        shortest = 1 if begins == before else 0
        ends, before = begins + timedelta(days=chance.choice((shortest, 1, 7, 40, 120, 300))), begins
        if ends > YEAR_END:
            return "\n".join([*lines, f"{line} C2"])
        if chance.random() < 0.1:
            lines.append(f"{line} {legal} -> {ends} E4A")
            begins = min(ends + timedelta(days=chance.randrange(60)), YEAR_END)
            reason = chance.choice("SSP")
        else:
            lines.append(f"{line} {legal} -> {ends} X1")
            begins, reason = ends, chance.choice("PPPTTUUBBLLS")


@pytest.mark.parametrize("seed", range(5))
def test_definitions_agree_with_a_plain_reading(seed: int) -> None:
    chance = random.Random(seed)
    lives = [_life(chance) for _ in range(150)]
    episodes = [episodes_of(life) for life in lives]
    framework = load_framework("outcomes-2019")
    with DuckDbEngine.create(YEAR) as engine:
        fill(engine, [Child(life) for life in lives])
        for view in framework.views:
            engine.connection.execute(f"CREATE TEMP VIEW {view.id} AS {view.sql}")

        def found(indicator_id: str) -> dict[int, int]:
            rows = engine.connection.execute(str(framework.indicator(indicator_id).outcome)).fetchall()
            return {int(row[0].removeprefix("child-")): int(row[-1]) if len(row) > 1 else 1 for row in rows}

        assert found("placements_mean") == {n: _placements_in_year(listed) for n, listed in enumerate(episodes)}
        assert set(found("placements_3plus")) == {n for n, e in enumerate(episodes) if _placements_in_year(e) >= 3}
        assert set(found("placements_3plus_2y")) == {
            n for n, listed in enumerate(episodes) if _placements_in_two_years(listed) >= 3
        }
        stayed = {n for n, listed in enumerate(episodes) if _same_carer(listed)}
        assert set(found("same_carer_2y")) == stayed
    assert 0 < len(stayed) < len(lives)
