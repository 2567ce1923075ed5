"""How long a council measures its returns: 20,000 children with episodes and 60,000 in the census a year, four years.

`--scale england` measures the whole of England as if it were one council: 83,000 looked after and 400,000 in need on
31 March, over 700,000 in the census of a year, in one round. Its returns take gigabytes and minutes to make; `--cache
FOLDER` keeps them for the next time, and `--share 0.05` makes a twentieth of them.

`python -m tests.benchmarks.measure_returns --format json` prints the `seconds` from the files to every indicator of the
outcomes framework, `floor_seconds` that DuckDB needs merely to read the same CSVs and lxml merely to walk the same XML,
their `ratio`, `peak_memory_mb` of the measuring process over all years and `peak_memory_mb_one_year` over the last
alone, and the `machine`. Gate: a ratio of at most 3.

The returns are made first and are the same in every run. Each part runs in a process of its own, floor and measuring in
turn, so that whatever else the machine does burdens both alike; medians are printed. `seconds_to_generate` is null for
returns that were there.
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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
from lxml import etree

from deploy.demo.generator.council_rates import Council, council_like_england
from deploy.demo.generator.parts_writer import write_files_in_parts
from deploy.demo.generator.returns_writer import write_returns
from frameworks.catalogue import load_framework
from node.returns import measure_returns

GATE = 3.0
_FIRST_YEAR = 2022
_CHILDREN_0_17 = 80_000
_ENGLAND_CHILDREN_0_17 = 12_183_016
_ENGLAND_LOOKED_AFTER = 83_000
_PARTS_OF_ENGLAND = 8
_SEED = 1
_COMPLETE = "complete"


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


@dataclass(frozen=True)
class Size:
    """The council whose returns are measured; drawn in parts, two at a time, if it is large."""

    name: str
    council: Council
    years: tuple[int, ...]
    rounds: int
    parts: int = 1

    @classmethod
    def of_council(cls, looked_after: int, in_need: int, years: int, rounds: int) -> Size:
        """About so many children with episodes and in the census, in each year."""
        council = council_like_england(_CHILDREN_0_17).scaled_to(looked_after, in_need)
        return cls(f"council-{looked_after}-{in_need}", council, _years(years), rounds)

    @classmethod
    def of_england(cls, share: float, years: int, rounds: int) -> Size:
        """England, or a share of it, with 83,000 looked-after children on 31 March."""
        england = council_like_england(_ENGLAND_CHILDREN_0_17)
        council = england.scaled(share * _ENGLAND_LOOKED_AFTER / england.cla_31_march)
        return cls(f"england-{share:g}", council, _years(years), rounds, _PARTS_OF_ENGLAND)

    def write(self, folder: Path) -> float:
        """Makes the returns, and gives the seconds that took."""
        start = time.perf_counter()
        if self.parts == 1:
            write_returns(self.council, folder, self.years, seed=_SEED)
        else:
            workers = os.cpu_count() or 1
            write_files_in_parts(self.council, folder, self.years, parts=self.parts, workers=workers, seed=_SEED)
        return time.perf_counter() - start


def _years(count: int) -> tuple[int, ...]:
    return tuple(range(_FIRST_YEAR, _FIRST_YEAR + count))


@contextmanager
def _returns(size: Size, cache: Path | None) -> Iterator[tuple[Path, float | None]]:
    """The folder of returns, made if the cache does not hold it, and the seconds that took."""
    if cache is None:
        with TemporaryDirectory() as made:
            yield Path(made) / "returns", size.write(Path(made) / "returns")
        return
    kept = cache / f"{size.name}-{size.years[0]}-{size.years[-1]}"
    if (kept / _COMPLETE).exists():
        yield kept / "returns", None
        return
    seconds = size.write(kept / "returns")
    (kept / _COMPLETE).touch()
    yield kept / "returns", seconds


def measure(size: Size, cache: Path | None = None) -> dict[str, Any]:
    """Makes the returns and runs every part in every round."""
    last, rounds = size.years[-1], size.rounds
    with _returns(size, cache) as (folder, seconds_to_generate), TemporaryDirectory() as made:
        one_year = Path(made) / "one year"
        one_year.mkdir()
        (one_year / str(last)).symlink_to(folder.resolve() / str(last), target_is_directory=True)
        turns = [{part: _part_process(part, folder, last) for part in _PARTS} for _ in range(rounds)]
        alone = _part_process("measure", one_year, last)
        megabytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    seconds, floor = (statistics.median(turn[part]["seconds"] for turn in turns) for part in ("measure", "floor"))
    return {
        "size": size.name,
        "years": len(size.years),
        "rounds": rounds,
        "megabytes": megabytes,
        "seconds_to_generate": seconds_to_generate,
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
    parser.add_argument("--scale", choices=["council", "england"], default="council")
    parser.add_argument("--share", type=float, default=1.0, help="of England; 1 by default")
    parser.add_argument("--looked-after", type=int, default=20_000, help="of a council")
    parser.add_argument("--in-need", type=int, default=60_000, help="of a council")
    parser.add_argument("--years", type=int, default=4)
    parser.add_argument("--rounds", type=int, help="3 by default, 1 of England")
    parser.add_argument("--cache", type=Path, help="folder that keeps the returns for the next time")
    parser.add_argument("--part", choices=sorted(_PARTS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--year", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        _run_part(arguments.part, arguments.folder, arguments.year)
        return 0
    if arguments.scale == "england":
        size = Size.of_england(arguments.share, arguments.years, arguments.rounds or 1)
    else:
        size = Size.of_council(arguments.looked_after, arguments.in_need, arguments.years, arguments.rounds or 3)
    found = measure(size, arguments.cache)
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
