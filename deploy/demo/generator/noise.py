"""Noise of format: the returns of a folder written as other councils' systems write them, with the same meaning.

Every kind of noise stands in the returns reference (2.3 and 3) as something that councils' files do.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from pathlib import Path

from deploy.demo.generator.noise_csv import noisy_csv
from deploy.demo.generator.noise_kinds import CSV_NOISE, XML_NOISE, Noise
from deploy.demo.generator.noise_xml import noisy_xml


def add_noise(folder: Path, seed: int | str, kinds: Collection[Noise] = tuple(Noise), share: float = 0.5) -> int:
    """Rewrites every return under `<folder>/<year>/`, each with each kind of noise in a share of cases.

    The same folder and seed give the same bytes. Files must be as the generator writes them. Gives the number of files
    that were rewritten.
    """
    rewritten = 0
    for path in sorted(path for path in folder.glob("*/*") if path.suffix in (".csv", ".xml")):
        chance = random.Random(f"{seed} {path.relative_to(folder).as_posix()}")
        possible = CSV_NOISE if path.suffix == ".csv" else XML_NOISE
        chosen = frozenset(kind for kind in sorted(possible & frozenset(kinds)) if chance.random() < share)
        text = path.read_bytes().decode("utf-8")
        rewrite = noisy_csv if path.suffix == ".csv" else noisy_xml
        parts = rewrite(text, chosen, chance)
        if parts is None or not chosen:
            continue
        path.unlink()
        for target, part in zip(_names(path, len(parts), chosen, chance), parts, strict=True):
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(part.data())
        rewritten += 1
    return rewritten


def _names(path: Path, count: int, chosen: Collection[Noise], chance: random.Random) -> Iterator[Path]:
    """Where the parts of a file go: under its name, or one that says nothing, perhaps in a folder of its own."""
    for number in range(count):
        if Noise.NAMES in chosen:
            mark = f"{chance.getrandbits(32):08x}"
            name = chance.choice((f"Export ({mark}).CSV", f"{mark} final v2.txt", f"{mark}.dat"))
            yield path.parent / chance.choice(("", "from the old system")) / name
        else:
            yield path if number == 0 else path.with_stem(f"{path.stem}_part_{number + 1}")
