"""If these failed, a file could stop every other return from being read, keep a node busy for ever, make it write, or
put a child's words into a report, an error or a log.

Every input of the corpus, past finds among them, and seeded mutations of it. `python -m tests.benchmarks.fuzz` looks
further, guided by coverage.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from frameworks import toml_file
from node.sources import annex_a_lists, cin_census_rows, csv_files
from node.sources.report import ReportBuilder
from tests.fuzz.bundle import bundled, unbundled
from tests.fuzz.mutator import MAXIMUM_BYTES, mutate
from tests.fuzz.targets import TARGETS, corpus
from tests.fuzz.watch import CANARY, Find, Target, hold

SEED = 2025
MUTATIONS = {
    "ssda903": 12,
    "education": 8,
    "feedback": 10,
    "families": 10,
    "cin_census": 10,
    "annex_a": 12,
    "csv_rows": 30,
}
"""How many where an engine takes part; the others take 300."""


def _mutations(target: str, count: int) -> list[bytes]:
    inputs = list(corpus(target).values())
    rng = Random(f"{SEED} {target}")
    return [mutate(rng.choice(inputs), inputs, rng) for _ in range(count)]


def _replay(target: str) -> None:
    for name, data in corpus(target).items():
        try:
            hold(TARGETS[target], data)
        except Find as find:
            raise AssertionError(f"{name}: {find}") from find
    for number, data in enumerate(_mutations(target, MUTATIONS.get(target, 300))):
        try:
            hold(TARGETS[target], data)
        except Find as find:
            raise AssertionError(f"mutation {number} of {target}: {find}") from find


@pytest.mark.parametrize("target", TARGETS)
def test_every_reader_keeps_its_promises(target: str) -> None:
    _replay(target)


@pytest.mark.parametrize("target", TARGETS)
def test_the_corpus_holds_an_input_that_is_read(target: str) -> None:
    assert any(hold(TARGETS[target], data) for name, data in corpus(target).items() if "found-" not in name)


@pytest.mark.parametrize("target", [name for name, target in TARGETS.items() if target.confidential])
def test_the_corpus_holds_values_to_look_for(target: str) -> None:
    assert all(
        CANARY.encode() in data.replace(b"\0", b"") for name, data in corpus(target).items() if name[-5:] != ".xlsx"
    )


def _quote_the_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    def positions(read: object, names: object) -> dict[str, int]:
        raise csv_files.UnusableFile(f"the columns are {names}")

    monkeypatch.setattr(csv_files, "_positions", positions)


def _quote_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def code(group: cin_census_rows._Group, name: str, codes: frozenset[str]) -> str:
        text = group.text(name)
        if text not in codes:
            group.fault(name, f"{text} is not a code of the list")
        return text

    monkeypatch.setattr(cin_census_rows._Group, "code", code)


def _quote_the_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    def by_words(text: str, words: object) -> str:
        raise annex_a_lists.NotRead(f"{text} is not in the list")

    monkeypatch.setattr(annex_a_lists, "_by_words", by_words)


def _read_dates_strictly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_files, "_date_sql", lambda text: f"CAST(strptime({text}, '%d/%m/%Y') AS DATE)")


def _lose_damaged_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    keep = ReportBuilder.row_fault

    def row_fault(report: ReportBuilder, file: str, row: int, column: str, reason: str) -> None:
        if reason != csv_files.NOT_TEXT:
            keep(report, file, row, column, reason)

    monkeypatch.setattr(ReportBuilder, "row_fault", row_fault)


def _trust_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toml_file, "_key", lambda raw, steps: raw[steps[0]])


@pytest.mark.parametrize(
    ("spoil", "target", "find"),
    [
        (_quote_the_columns, "csv_rows", "a value is shown"),
        (_quote_the_columns, "ssda903", "a value is shown"),
        (_quote_the_code, "census_rows", "a value is shown"),
        (_quote_the_cell, "workbook", "a value is shown"),
        (_read_dates_strictly, "families", "ReturnsNotReady at duckdb_engine.py:rows came out"),
        (_lose_damaged_lines, "csv_rows", "a line is neither read nor reported"),
        (_trust_the_keys, "framework", "KeyError at toml_file.py:parsed came out"),
    ],
)
def test_a_reader_that_breaks_a_promise_is_caught(
    spoil: Callable[[pytest.MonkeyPatch], None], target: str, find: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the same replay, with one step of a reader spoiled."""
    spoil(monkeypatch)
    with pytest.raises(AssertionError, match=find):
        _replay(target)


class _Ours(Exception):
    pass


def _write(folder: Path) -> None:
    (folder / "notes").write_text("")


def _connect(folder: Path) -> None:
    with socket.socket() as one, contextlib.suppress(OSError):
        one.connect(("127.0.0.1", 9))


def _linger(folder: Path) -> None:
    until = time.process_time() + 0.1
    while time.process_time() < until:
        pass


def _log(folder: Path) -> None:
    logging.getLogger("quiet").debug("read %s", (folder / "a").read_text())


def _print(folder: Path) -> None:
    print((folder / "a").read_text())


def _warn(folder: Path) -> None:
    warnings.warn("of a parser", stacklevel=1)


def _quote_in_a_cause(folder: Path) -> None:
    try:
        int((folder / "a").read_text())
    except ValueError as error:
        raise _Ours("it is no number") from error


def _refuse(folder: Path) -> None:
    try:
        int((folder / "a").read_text())
    except ValueError:
        raise _Ours("it is no number") from None


def _reading(read: Callable[[Path], object]) -> Target:
    def lay(data: bytes, folder: Path) -> None:
        (folder / "a").write_bytes(data)

    return Target("made up", lay, read, (_Ours,), cpu_seconds=0.05)


@pytest.mark.parametrize(
    ("read", "find"),
    [
        (_write, "a file was opened to be written"),
        (_connect, "it reached outside: socket"),
        (_linger, "it took longer than it may"),
        (_log, "a value is printed or logged"),
        (_print, "a value is printed or logged"),
        (_warn, "UserWarning came out"),
        (_quote_in_a_cause, "a value is shown"),
    ],
)
def test_each_promise_is_watched(read: Callable[[Path], object], find: str) -> None:
    with pytest.raises(Find, match=find):
        hold(_reading(read), CANARY.encode())


def test_a_refusal_of_ours_is_none() -> None:
    assert not hold(_reading(_refuse), CANARY.encode())


def test_mutations_are_the_same_for_a_seed_and_bounded() -> None:
    assert _mutations("ssda903", 50) == _mutations("ssda903", 50)
    assert len(set(_mutations("ssda903", 50))) > 40
    rng = Random(SEED)
    data = b"a,b\n"
    for _ in range(200):
        data = mutate(data, [data], rng)
        assert len(data) <= MAXIMUM_BYTES


def test_a_bundle_is_its_files() -> None:
    files = [("2025/a", b"1\n"), ("2024/b", "\ufeffé".encode("utf-16"))]
    assert unbundled(bundled(files)) == files
    assert unbundled(b"no name") == [("", b"no name")]
