"""Writes the site, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

from coordinator.errors import UsageProblem
from coordinator.estimates.benchmark import Benchmark
from coordinator.publication.data_files import benchmark_json, coverage_csv, estimates_csv, indicators_csv
from coordinator.publication.pages import Pages
from coordinator.publication.words import STATUS

MANIFEST = "manifest.json"
_ASSETS = ("govuk-frontend.css", "newlyn.css", "LICENCE-govuk-frontend.txt")


def asset_files() -> Iterator[tuple[str, bytes]]:
    """The style sheets that every page of ours links to."""
    assets = files("coordinator.publication").joinpath("assets")
    for name in _ASSETS:
        yield f"assets/{name}", assets.joinpath(name).read_bytes()


def site_files(benchmark: Benchmark, status: str = STATUS) -> Iterator[tuple[str, bytes]]:
    """Every file of the site but its manifest: path and content."""
    for path, html in Pages(benchmark, status).render():
        yield path, html.encode()
    yield from asset_files()
    yield "benchmark.json", benchmark_json(benchmark, status).encode()
    yield "data/estimates.csv", estimates_csv(benchmark).encode()
    yield "data/coverage.csv", coverage_csv(benchmark).encode()
    yield "data/indicators.csv", indicators_csv(benchmark).encode()


def publish(benchmark: Benchmark, out: Path, status: str = STATUS) -> None:
    """Writes a self-contained site to `out`, replacing an earlier one in a single step.

    `status` stands on every page: a sentence on what the figures are. Raises UsageProblem as `write_site` does.
    """
    write_site(site_files(benchmark, status), {"collection": benchmark.collection.id}, out)


def write_site(content: Iterable[tuple[str, bytes]], about: Mapping[str, str], out: Path) -> None:
    """Writes the files of a site (path and content), and a manifest that says what it is `about` and their digests.

    The site is written to a new folder beside `out` first, so that a failure leaves what was there.

    Raises UsageProblem where `out` is a file, or a folder that holds something else than a site.
    """
    if out.exists() and not (out.is_dir() and (not any(out.iterdir()) or (out / MANIFEST).is_file())):
        raise UsageProblem(
            f"{out} is there already and is not a site that was published before.", "Choose another folder for --out."
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    replaced = fresh.with_name(fresh.name + "-replaced")
    try:
        _write(content, about, fresh)
        fresh.chmod(0o755)
        if out.exists():
            out.rename(replaced)
        try:
            fresh.rename(out)
        except OSError:
            if replaced.exists():
                replaced.rename(out)
            raise
    finally:
        for leftover in (fresh, replaced):
            with suppress(FileNotFoundError):
                shutil.rmtree(leftover)


def _write(content: Iterable[tuple[str, bytes]], about: Mapping[str, str], folder: Path) -> None:
    digests: dict[str, str] = {}
    for path, data in content:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        digests[path] = hashlib.sha256(data).hexdigest()
    manifest = {**about, "sha256": digests}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf-8")
