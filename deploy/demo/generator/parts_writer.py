"""A large council in parts: each is drawn by a process of its own, and their files become one, as of one council."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.demo.generator.cin_census_writer import ENDING, LINES_BEFORE_CHILDREN
from deploy.demo.generator.council_rates import Council
from deploy.demo.generator.population import Part
from deploy.demo.generator.returns_writer import Files, write_files


def write_files_in_parts(
    council: Council,
    folder: Path,
    years: Sequence[int],
    kinds: Collection[Files] = (Files.RETURNS,),
    *,
    parts: int,
    workers: int,
    scale: float = 1,
    seed: int | str = 0,
) -> None:
    """Writes what `write_files` does, `workers` parts at a time. Children are others than those of the whole.

    The same arguments give the same bytes, with any number of workers. Twice the room of the files is needed on the
    disk. Raises ValueError for no years, or years with a gap.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder, prefix=".parts-") as beside:
        folders = [Path(beside) / str(number) for number in range(parts)]
        write = partial(_write_part, council, tuple(years), tuple(kinds), scale, seed)
        with ProcessPoolExecutor(workers) as pool:
            list(pool.map(write, folders, [Part(number, parts) for number in range(parts)]))
        for path in sorted(folders[0].glob("*/*")):
            name = path.relative_to(folders[0])
            _join([part / name for part in folders], folder / name)


def _write_part(
    council: Council,
    years: Sequence[int],
    kinds: Collection[Files],
    scale: float,
    seed: int | str,
    folder: Path,
    part: Part,
) -> None:
    write_files(council, folder, years, kinds, scale=scale, seed=seed, part=part)


def _join(parts: Sequence[Path], target: Path) -> None:
    """Appends to the first file what others hold between its beginning and its ending, and puts it in place."""
    is_census = target.suffix == ".xml"
    ending = ENDING if is_census else ""
    first, *others = parts
    with first.open("r+b") as whole:
        whole.seek(-len(ending), 2)
        for other in others:
            with other.open("rb") as part:
                for _ in range(LINES_BEFORE_CHILDREN if is_census else 1):
                    part.readline()
                shutil.copyfileobj(part, whole, 1 << 20)
            other.unlink()
            whole.seek(-len(ending), 2)
        whole.truncate()
        whole.write(ending.encode())
    target.parent.mkdir(parents=True, exist_ok=True)
    first.replace(target)
