"""How long a council measures its returns: 20,000 children with episodes and 60,000 in the census a year, four years.

`python -m tests.benchmarks.measure_returns --format json` prints the `seconds` from the files to every indicator of the
outcomes framework, `floor_seconds` that DuckDB needs merely to read the same CSVs and lxml merely to walk the same XML,
their `ratio`, `peak_memory_mb` of the measuring process over all years and `peak_memory_mb_one_year` over the last
alone, and the `machine`. Gate: a ratio of at most 3.

The returns are made first and are the same in every run. Each part runs in a process of its own, floor and measuring in
turn, so that whatever else the machine does burdens both alike; medians are printed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
from lxml import etree

from deploy.demo.generator.council_rates import council_like_england
from deploy.demo.generator.returns_writer import write_returns
from frameworks.catalogue import load_framework
from node.returns import measure_returns

GATE = 3.0
_FIRST_YEAR = 2022
_CHILDREN_0_17 = 80_000


def _read_and_walk(folder: Path, _year: int) -> None:
    """The floor: every CSV into a table of text, every element of the XML seen once."""
    with duckdb.connect(":memory:") as connection:
        for path in sorted(folder.glob("*/*.csv")):
            connection.execute(
                "CREATE OR REPLACE TABLE t AS SELECT * FROM read_csv($1, all_varchar = true)", [str(path)]
            )
    for path in sorted(folder.glob("*/*.xml")):
        for _, element in etree.iterparse(str(path), events=("end",)):
            if element.tag == "Child":
                element.clear()
                parent = element.getparent()
                while parent is not None and parent[0] is not element:
                    del parent[0]


def _measure(folder: Path, year: int) -> None:
    measure_returns(folder, year, load_framework("outcomes-2019"))


_PARTS: dict[str, Callable[[Path, int], None]] = {"floor": _read_and_walk, "measure": _measure}


def _run_part(part: str, folder: Path, year: int) -> None:
    start = time.perf_counter()
    _PARTS[part](folder, year)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_memory_mb": peak}))


def _part_process(part: str, folder: Path, year: int) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.measure_returns", "--part", part]
    finished = subprocess.run(
        [*command, "--folder", str(folder), "--year", str(year)], capture_output=True, text=True, check=True
    )
    result: dict[str, float] = json.loads(finished.stdout)
    return result


def measure(looked_after: int, in_need: int, years: int, rounds: int) -> dict[str, Any]:
    """Makes the returns and runs every part `rounds` times."""
    last = _FIRST_YEAR + years - 1
    with TemporaryDirectory() as made:
        folder = Path(made) / "returns"
        council = council_like_england(_CHILDREN_0_17).scaled_to(looked_after, in_need)
        write_returns(council, folder, tuple(range(_FIRST_YEAR, last + 1)), seed=1)
        one_year = Path(made) / "one year"
        one_year.mkdir()
        (one_year / str(last)).symlink_to(folder / str(last), target_is_directory=True)
        turns = [{part: _part_process(part, folder, last) for part in _PARTS} for _ in range(rounds)]
        alone = _part_process("measure", one_year, last)
    seconds, floor = (statistics.median(turn[part]["seconds"] for turn in turns) for part in ("measure", "floor"))
    return {
        "looked_after": looked_after,
        "in_need": in_need,
        "years": years,
        "rounds": rounds,
        "seconds": seconds,
        "floor_seconds": floor,
        "ratio": seconds / floor,
        "gate": GATE,
        "peak_memory_mb": statistics.median(turn["measure"]["peak_memory_mb"] for turn in turns),
        "peak_memory_mb_one_year": alone["peak_memory_mb"],
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
    }


def main() -> int:
    """Runs the benchmark and prints what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--format", choices=["text", "json"], default="text")
    parser.add_argument("--looked-after", type=int, default=20_000)
    parser.add_argument("--in-need", type=int, default=60_000)
    parser.add_argument("--years", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--part", choices=sorted(_PARTS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--year", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        _run_part(arguments.part, arguments.folder, arguments.year)
        return 0
    found = measure(arguments.looked_after, arguments.in_need, arguments.years, arguments.rounds)
    if arguments.format == "json":
        print(json.dumps(found, indent=2))
    else:
        print(
            f"{found['seconds']:.1f} s to measure, {found['floor_seconds']:.1f} s merely to read: "
            f"{found['ratio']:.2f} times (gate {GATE:g}); {found['peak_memory_mb']:.0f} MB at most"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
