"""Many councils measured in every engine: a longer look than CI takes, and how long each engine takes.

Run as `python -m tests.node.engines.differential --councils 20`. Councils are, in turn, random rows in every table and
random returns on every boundary (tests/oracle); `--children 1000` measures one made-up council of about that many
looked-after children and children in need instead.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from deploy.demo.generator import council_like_england, write_returns
from frameworks.model import Framework
from node.engines.duckdb_engine import DuckDbEngine
from node.engines.engine import Engine
from node.sources.inventory import take_inventory
from node.sources.reading import read_returns
from tests.frameworks.random_children import YEAR, random_council
from tests.node.engines.copies import (
    Rows,
    everything,
    in_duckdb,
    in_postgresql,
    in_spark,
    measured,
    rows_of,
    tabulated,
)
from tests.node.oracle_comparison import council_of
from tests.node.postgresql import running_server
from tests.node.spark import running_spark
from tests.oracle import random_returns

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_CHILDREN_OF_A_LARGE_COUNCIL = 100_000
_CHILDREN_OF_RANDOM_RETURNS = 150


@contextmanager
def _returns(year: int, *, children: int | None = None, seed: int = 0) -> Iterator[Rows]:
    """The rows of a council that has returns: made up of about so many children, or random ones."""
    with TemporaryDirectory() as folder, DuckDbEngine.create(year) as engine:
        returns = Path(folder)
        if children is None:
            council = council_of(seed, _CHILDREN_OF_RANDOM_RETURNS)
            assert council.year == year
            random_returns.write_returns(council, returns)
        else:
            made_up = council_like_england(_CHILDREN_OF_A_LARGE_COUNCIL).scaled_to(children, children)
            write_returns(made_up, returns, range(year - 3, year + 1), seed=seed)
        read_returns(engine, take_inventory(returns, year), year)
        yield rows_of(engine.connection)


@contextmanager
def _random_rows(seed: int) -> Iterator[Rows]:
    with random_council(seed) as connection:
        yield rows_of(connection)


def _councils(number: int, first_seed: int) -> Iterator[tuple[str, int, AbstractContextManager[Rows]]]:
    for seed in range(first_seed, first_seed + number):
        if seed % 2:
            yield f"random rows {seed}", YEAR, _random_rows(seed)
        else:
            year = council_of(seed, 1).year
            yield f"random returns {seed}", year, _returns(year, seed=seed)


def _said(name: str, engine: Engine, framework: Framework, year: int) -> dict[str, Any]:
    started = time.perf_counter()
    figures = measured(engine, framework, year)
    between = time.perf_counter()
    vector = tabulated(engine, framework, year)
    print(f"  {name}: figures {between - started:.1f} s, vector {time.perf_counter() - between:.1f} s", flush=True)
    return figures | vector


def _disagreements(rows: Rows, year: int, framework: Framework, server: str, spark: SparkSession | None) -> list[str]:
    with in_duckdb(rows, year) as engine:
        expected = _said("DuckDB", engine, framework, year)
    found: list[str] = []
    with ExitStack() as stack:
        engines: dict[str, Engine] = {"PostgreSQL": stack.enter_context(in_postgresql(server, rows, year))}
        if spark is not None:
            engines["Spark"] = stack.enter_context(in_spark(spark, rows, year))
        for name, other in engines.items():
            said = _said(name, other, framework, year)
            found += [f"{name} on {what}" for what in expected if said[what] != expected[what]]
    return found


def main() -> int:
    """Compares the engines; prints each disagreement as it is found. Returns 1 if there was one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--councils", type=int, default=20)
    parser.add_argument("--children", type=int, help="one made-up council of about that many of each kind instead")
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--without-spark", action="store_true")
    options = parser.parse_args()
    framework = everything()
    count = 0
    with ExitStack() as stack:
        server = stack.enter_context(running_server())
        spark = None if options.without_spark else stack.enter_context(running_spark())
        councils = _councils(options.councils, options.first_seed)
        if options.children is not None:
            made_up = _returns(YEAR, children=options.children, seed=options.first_seed)
            councils = iter([(f"a made-up council of {options.children}", YEAR, made_up)])
        for name, year, council in councils:
            with council as rows:
                print(f"{name}: {sum(map(len, rows.values()))} rows, reference year {year}", flush=True)
                for found in _disagreements(rows, year, framework, server, spark):
                    count += 1
                    print(f"  {found}", flush=True)
    print(f"{len(framework.indicators)} indicators, {count} disagreements")
    return int(count > 0)


if __name__ == "__main__":
    sys.exit(main())
