"""CSV files of several kinds and years, open at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO


class CsvFiles:
    """`<folder>/<year>/<prefix>_<year>_<kind>.csv`, with a header line each; a context manager that closes them."""

    def __init__(self, folder: Path, years: Sequence[int], prefix: str, columns: Mapping[str, str]) -> None:
        self._folder = folder
        self._years = years
        self._prefix = prefix
        self._columns = columns
        self._files: dict[tuple[int, str], TextIO] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for year in self._years:
            (self._folder / str(year)).mkdir(parents=True, exist_ok=True)
            for kind, columns in self._columns.items():
                path = self._folder / str(year) / f"{self._prefix}_{year}_{kind}.csv"
                file = self._stack.enter_context(path.open("w", encoding="utf-8", newline="\r\n"))
                file.write(f"{columns}\n")
                self._files[year, kind] = file
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def row(self, year: int, kind: str, *values: str) -> None:
        """Writes a row; no value holds a comma, a quote or a line break."""
        self._files[year, kind].write(",".join(values) + "\n")
