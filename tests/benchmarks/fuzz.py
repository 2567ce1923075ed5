"""The long search for inputs that break a reader: guided by coverage, one process per reader, as long as is asked for.

`python -m tests.benchmarks.fuzz --target all --seconds 600 --format json` prints for each target the executions, the
executions a second, the features of coverage that libFuzzer counted (edges and values compared, of `node`, `frameworks`
and `coordinator`) and the finds. An input that breaks a promise (`tests.fuzz.watch`) is kept beside the reason as a
find, and the search goes on; one that crashes or hangs the process ends it. `--corpus-out FOLDER` keeps what was
learnt, new inputs under `corpus/<target>`, finds under `finds/<target>`, and goes on from there the next time. A find
that is mended belongs into `tests/fuzz/corpus`, where `make test` replays it.

Half of the mutations are libFuzzer's own, half those of `tests.fuzz.mutator`. Atheris runs on Linux only.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

INSTRUMENTED = ["node", "frameworks", "coordinator"]
_LONGEST_INPUT_SECONDS = 60
_MEMORY_MB = 4096
_STATUS = re.compile(r"^#(\d+)\s.*?\bft: (\d+)", re.MULTILINE)
_EXECUTED = re.compile(r"^stat::number_of_executed_units:\s*(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Searched:
    """What the search for one reader came to. `finds` are the reasons, each once; `ended` is "" for the usual end."""

    target: str
    seconds: float
    executions: int
    executions_per_second: float
    features: int
    new_inputs: int
    finds: tuple[str, ...]
    ended: str


def search_in_this_process(name: str, seconds: int, folder: Path, seed: int) -> None:
    """Searches, and ends the process. The readers must not have been imported: they are instrumented on the way in."""
    import atheris

    with atheris.instrument_imports(include=INSTRUMENTED):
        from tests.fuzz.mutator import MAXIMUM_BYTES, mutate
        from tests.fuzz.targets import TARGETS, corpus, corpus_folders
        from tests.fuzz.watch import Find, hold

    target, others = TARGETS[name], list(corpus(name).values())
    kept, finds = folder / "corpus" / name, folder / "finds" / name
    for path in (kept, finds):
        path.mkdir(parents=True, exist_ok=True)
    known = {path.read_text() for path in finds.glob("*.txt")}

    def one_input(data: bytes) -> None:
        try:
            hold(target, data)
        except Find as find:
            if str(find) not in known:
                known.add(str(find))
                (finds / _digest(data)).write_bytes(data)
                (finds / f"{_digest(data)}.txt").write_text(str(find))

    def custom_mutator(data: bytes, max_size: int, seed: int) -> bytes:
        if seed % 2:
            return bytes(atheris.Mutate(data, max_size))
        return mutate(data, others, random.Random(seed))[:max_size]

    options = {
        "max_total_time": seconds,
        "timeout": _LONGEST_INPUT_SECONDS,
        "rss_limit_mb": _MEMORY_MB,
        "max_len": MAXIMUM_BYTES,
        "seed": seed,
        "print_final_stats": 1,
        "artifact_prefix": f"{finds}/",
    }
    flags = [f"-{option}={value}" for option, value in options.items()]
    folders = [str(path) for path in (kept, *corpus_folders(name))]
    atheris.Setup(["fuzz", *flags, *folders], one_input, custom_mutator=custom_mutator)
    atheris.Fuzz()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def search(name: str, seconds: int, folder: Path, seed: int) -> Searched:
    """Searches in a process of its own."""
    before = _count(folder / "corpus" / name)
    command = [sys.executable, "-m", "tests.benchmarks.fuzz", "--in-this-process", "--target", name]
    finished = subprocess.run(
        [*command, "--seconds", str(seconds), "--corpus-out", str(folder), "--seed", str(seed)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    told = finished.stderr
    status = _STATUS.findall(told)
    executed = _EXECUTED.search(told)
    executions = int(executed[1]) if executed else max((int(number) for number, _ in status), default=0)
    finds = sorted(path.read_text() for path in (folder / "finds" / name).glob("*.txt"))
    return Searched(
        target=name,
        seconds=seconds,
        executions=executions,
        executions_per_second=round(executions / seconds, 1),
        features=max((int(features) for _, features in status), default=0),
        new_inputs=_count(folder / "corpus" / name) - before,
        finds=tuple(finds),
        ended="" if finished.returncode == 0 and executed else told[-2000:],
    )


def _count(folder: Path) -> int:
    return sum(1 for _ in folder.glob("*"))


def _names() -> list[str]:
    # In another process, so that nothing is imported here before it is instrumented.
    listed = "import tests.fuzz.targets as t; print(*t.TARGETS)"
    return subprocess.run([sys.executable, "-c", listed], capture_output=True, text=True, check=True).stdout.split()


def main() -> int:
    """Entry point: 1 when there is a find."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", action="append", help="a reader, or all (the default); may be given again")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default 60)")
    parser.add_argument("--processes", type=int, default=1, help="targets at a time (default 1)")
    parser.add_argument("--corpus-out", type=Path, help="where new inputs and finds are kept")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--format", choices=["text", "json"], default="text")
    parser.add_argument("--in-this-process", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.in_this_process:
        search_in_this_process(options.target[0], options.seconds, options.corpus_out, options.seed)
    every = _names()
    wanted = every if options.target in (None, ["all"]) else options.target
    unknown = set(wanted) - set(every)
    if unknown:
        parser.error(f"no target {', '.join(sorted(unknown))}; there are: {', '.join(every)}")
    with TemporaryDirectory() as made, ThreadPoolExecutor(options.processes) as workers:
        folder = (options.corpus_out or Path(made)).resolve()
        results = list(workers.map(lambda name: search(name, options.seconds, folder, options.seed), wanted))
    if options.format == "json":
        print(json.dumps([asdict(result) for result in results], indent=1))
    else:
        _print(results)
    return int(any(result.finds or result.ended for result in results))


def _print(results: list[Searched]) -> None:
    print(f"{'target':<14}{'executions':>11}{'a second':>10}{'features':>10}{'new inputs':>12}{'finds':>7}")
    for result in results:
        print(
            f"{result.target:<14}{result.executions:>11,}{result.executions_per_second:>10,}{result.features:>10,}"
            f"{result.new_inputs:>12,}{len(result.finds):>7}"
        )
        for line in (*result.finds, *([f"ended early: {result.ended}"] if result.ended else [])):
            print(f"    {line}")


if __name__ == "__main__":
    sys.exit(main())
