"""The node's figures beside the oracle's, for random councils; a disagreement is narrowed to one child.

Run as `python -m tests.node.oracle_comparison --councils 200 --children 300` for a longer look than CI takes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from frameworks.catalogue import load_framework
from node.returns import measure_returns
from tests.oracle.measure import measure
from tests.oracle.random_permanence import OWN_AREAS, OWN_COUNCIL
from tests.oracle.random_returns import Council, write_returns

FRAMEWORK = "outcomes-2019"
FIRST_YEAR, LAST_YEAR = 2021, 2026

SEEDS = (0, 3, 41, 46, 14)
CHILDREN = 250
"""Councils that together reach every clause of the oracle (test_oracle_mutants holds them to it)."""

Figures = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Disagreement:
    """An indicator on which the two differ, in a council made as small as it goes."""

    indicator: str
    council: Council
    of_node: dict[str, Any]
    of_oracle: dict[str, Any]

    def __str__(self) -> str:
        def top(figure: dict[str, Any]) -> str:
            return f"{figure['numerator']} of {figure['denominator']} ({figure['status']})"

        children = self.council.children
        shown = (
            f"children {children}" if len(children) <= 5 else f"{len(children)} children, none of which shows it alone"
        )
        return (
            f"{self.indicator}: node {top(self.of_node)}, oracle {top(self.of_oracle)},"
            f" seed {self.council.seed}, year {self.council.year}, {shown}"
        )


def council_of(seed: int, children: int) -> Council:
    """A council with all its files, whose reference year follows from the seed."""
    year = FIRST_YEAR + seed % (LAST_YEAR - FIRST_YEAR + 1)
    return Council(seed, year, tuple(range(children)))


def both_figures(council: Council) -> tuple[Figures, Figures]:
    """What the node and the oracle make of the same returns, as JSON would carry it."""
    with TemporaryDirectory() as folder:
        returns = Path(folder)
        write_returns(council, returns)
        figures = measure_returns(returns, council.year, load_framework(FRAMEWORK), council_code=OWN_COUNCIL)
        of_node = {indicator: figure.as_json() for indicator, figure in figures.items()}
        of_oracle = measure(returns, council.year, OWN_AREAS)
    return json.loads(json.dumps(of_node)), json.loads(json.dumps(of_oracle))


def disagreements(council: Council) -> list[Disagreement]:
    """Every indicator on which the two differ, or that one of them does not have."""
    of_node, of_oracle = both_figures(council)
    assert of_node.keys() == of_oracle.keys()
    return [
        Disagreement(indicator, council, of_node[indicator], of_oracle[indicator])
        for indicator in of_node
        if of_node[indicator] != of_oracle[indicator]
    ]


def narrowed(found: Disagreement) -> Disagreement:
    """The same disagreement in a council with as few children as a halving finds."""
    children: Sequence[int] = found.council.children
    while len(children) > 1:
        middle = len(children) // 2
        halves = (children[:middle], children[middle:])
        smaller = [
            again
            for half in halves
            for again in disagreements(replace(found.council, children=tuple(half)))
            if again.indicator == found.indicator
        ]
        if not smaller:
            break
        found = smaller[0]
        children = found.council.children
    return found


def main() -> int:
    """Compares many councils; prints each disagreement as it is found. Returns 1 if there was one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--councils", type=int, default=100)
    parser.add_argument("--children", type=int, default=300)
    parser.add_argument("--first-seed", type=int, default=1000)
    options = parser.parse_args()
    count = 0
    for seed in range(options.first_seed, options.first_seed + options.councils):
        for found in disagreements(council_of(seed, options.children)):
            count += 1
            print(narrowed(found), flush=True)
    print(f"{options.councils} councils of {options.children} children: {count} disagreements")
    return int(count > 0)


if __name__ == "__main__":
    sys.exit(main())
