"""Files of several councils between which children move, and beside them who moved: what a test may know."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from deploy.demo.generator.council_rates import Council
from deploy.demo.generator.days import iso, year_end, year_start
from deploy.demo.generator.history import History
from deploy.demo.generator.moves import Move, departure
from deploy.demo.generator.population import council_histories
from deploy.demo.generator.returns_writer import Files, write_files

TRUTH: Final = "moved_children.csv"
STAY_IN_ENGLAND: Final = 0.9
"""How many of the children whose care or case a council hands over are taken over by another of the federation."""


@dataclass(frozen=True)
class MovedChild:
    """A child who is in two councils, under the number of each, from `day` in the second."""

    upn: str
    from_council: str
    to_council: str
    from_child: str
    to_child: str
    day: str
    looked_after: bool


def write_federation(
    councils: Sequence[Council],
    folder: Path,
    years: Sequence[int],
    kinds: Collection[Files] = (Files.RETURNS,),
    *,
    scale: float = 1,
    seed: int | str = 0,
    moved_share: float = STAY_IN_ENGLAND,
    workers: int = 1,
) -> tuple[MovedChild, ...]:
    """Writes the files of every council to `<folder>/<council code>/<year>/`, with children who move between them.

    A looked-after child leaves with E3 and begins (S) in the second council on the same day; a child in need's case is
    closed with RC5 and referred anew. It has the same pupil number in both and another child id in each. Who moved is
    returned, and written to `<folder>/moved_children.csv`, outside all returns. Councils are drawn twice, `workers` at
    a time. Raises ValueError for no years, or years with a gap, and for fewer than two councils.
    """
    if len(councils) < 2:
        raise ValueError("children move between at least two councils")
    leaving = partial(_leaving, years=tuple(years), scale=scale, seed=seed)
    found = _in_parallel(leaving, councils, workers)
    chance = random.Random(f"{seed} moves")
    moves_in: dict[str, list[tuple[str, Move]]] = {council.la_code: [] for council in councils}
    for council, moves in zip(councils, found, strict=True):
        others = [other for other in councils if other is not council]
        weights = [other.children_0_17 for other in others]
        for move in moves:
            if chance.random() < moved_share:
                [taker] = chance.choices(others, weights)
                moves_in[taker.la_code].append((council.la_code, move))
    write = partial(_write, folder=folder, years=tuple(years), kinds=tuple(kinds), scale=scale, seed=seed)
    written = _in_parallel(write, [(council, moves_in[council.la_code]) for council in councils], workers)
    moved = tuple(child for children in written for child in children)
    _write_truth(folder / TRUTH, moved)
    return moved


class _ArrivedIds:
    """Notes under which child ids pupils appear in a council."""

    def __init__(self, upns: Iterable[str]) -> None:
        self._upns = frozenset(upns)
        self.by_upn: dict[str, str] = {}

    def write(self, history: History) -> None:
        """Notes a child, if it is one of the pupils."""
        if history.child.upn in self._upns:
            self.by_upn[history.child.upn] = history.child.child_id


_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def _in_parallel(work: Callable[[_Item], _Result], items: Iterable[_Item], workers: int) -> list[_Result]:
    if workers == 1:
        return [work(item) for item in items]
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(work, items))


def _leaving(council: Council, years: Sequence[int], scale: float, seed: int | str) -> list[Move]:
    first, last = year_start(years[0]), year_end(years[-1])
    histories = council_histories(council, years, scale=scale, seed=seed)
    return [move for history in histories if (move := departure(history, first, last)) is not None]


def _write(
    council_and_moves: tuple[Council, list[tuple[str, Move]]],
    folder: Path,
    years: Sequence[int],
    kinds: Collection[Files],
    scale: float,
    seed: int | str,
) -> list[MovedChild]:
    council, moves = council_and_moves
    arrived = _ArrivedIds(move.child.upn for _, move in moves)
    moves_in = [move for _, move in moves]
    target = folder / council.la_code
    write_files(council, target, years, kinds, scale=scale, seed=seed, moves_in=moves_in, also=[arrived])
    return [
        MovedChild(child.upn, left, council.la_code, child.child_id, arrived.by_upn[child.upn], iso(day), looked_after)
        for left, child, day, looked_after in ((left, move.child, move.day, move.looked_after) for left, move in moves)
    ]


def _write_truth(path: Path, moved: Iterable[MovedChild]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("upn", "from_council", "to_council", "from_child", "to_child", "day", "looked_after"))
        for child in moved:
            rows.writerow(
                (
                    *(child.upn, child.from_council, child.to_council, child.from_child, child.to_child, child.day),
                    int(child.looked_after),
                )
            )
