"""If these failed, a council's files would speak by something beside the noised vector: one child's row, or a bad one.

From files to the wire, with the real framework and a real server: the same council, whose returns differ in one child
or in what is wrong with them, answers the same collection. All that the coordinator gets, and when, and all that the
node says and keeps but for its own screens of exact figures, is equal. Measuring takes a second a line by the tests'
clock, and ends before the next time of sending. Privacy reference 9.8 and 12.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import structlog
from lxml import etree

from frameworks.accounting import UNITS_PER_RHO
from frameworks.model import Framework
from frameworks.plan import ReleasePlan
from frameworks.replacement import replace_one_rho_units
from node import log as node_log
from node.agent import Agent
from node.benchmarks import BenchmarkShelf
from node.engines.duckdb_engine import DuckDbEngine
from node.errors import ReturnsNotReady
from node.ledger import Ledger
from node.ledger_entries import Entry
from node.link import open_link
from node.log import make_logger
from node.offers import OfferBook
from node.returns import release_vector
from node.sources import cin_census, csv_files, ssda903
from node.sources.cin_census_xml import UnusableCensus, stream_children
from node.sources.inventory import ReturnFile
from node.sources.ssda903 import _doubt_of_year
from node.status import read_status
from protos.envelope.v1.envelope_pb2 import SignedEnvelope
from protos.summary.v1.summary_pb2 import Summary
from tests.node.coordinator_peer import (
    COORDINATOR_PUBLIC_KEY,
    CoordinatorPeer,
    collection_message,
    served,
    signed,
)
from tests.node.small_release import OWNER, Clock, door_of, policy_of
from tests.node.ssda903_csv import write_returns
from tests.privacy.differing_councils import (
    BASE,
    CHILDREN,
    COLLECTION,
    DAMAGED_GROUPS,
    DECLARED,
    FRAMEWORK,
    MANY_CHILDREN,
    NEAR_THE_EDGE,
    OTHER_RECORDS,
    OTHERS,
    PLAN,
)

SEND_EVERY = 600.0
_POLICY = policy_of(frameworks=(FRAMEWORK.id,))
Files = Mapping[str, str | bytes]


def lines_of(files: Files) -> int:
    """How many lines there are: as many seconds does measuring take."""
    return sum(len(content.splitlines()) for content in files.values())


class _TimedPeer(CoordinatorPeer):
    """The coordinator, which also notes when it was called."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self.times: list[datetime] = []
        self.collections = [signed(collection_message(COLLECTION, {PLAN.release_id: PLAN.plan_hash}))]

    def _called(self, method: str, request: Any) -> None:
        super()._called(method, request)
        self.times.append(self._clock())


@dataclass(frozen=True)
class Seen:
    """What a council lets be seen in two polls, but for the noised values and what is computed from them."""

    calls: tuple[tuple[str, int], ...]
    times: tuple[datetime, ...]
    summaries: tuple[bytes, ...]
    lengths: tuple[tuple[int, int, int, str, str], ...]
    outcomes: tuple[tuple[str, str, str], ...]
    exit_codes: tuple[int, ...]
    log: tuple[str, ...]
    status: str
    entries: tuple[Entry, ...]
    files: tuple[tuple[str, int], ...]


@dataclass
class _Council:
    """A node over files. `tells` is what a leak does when it has measured: nothing, in the product."""

    folder: Path
    files: Files
    send_every: float = SEND_EVERY
    tells: Callable[[_Council, int], None] | None = None
    declared: frozenset[str] = DECLARED
    exact: Sequence[int] = ()
    values: Sequence[int] = ()
    agent_log: structlog.stdlib.BoundLogger | None = None

    def look(self) -> Seen:
        """Lets it poll twice, and looks from everywhere. Reasons stand on the council's own screen."""
        clock, output = Clock(), StringIO()
        self.agent_log = make_logger(output)
        peer = _TimedPeer(clock)
        returns = write_returns(self.folder / "returns", self.files)
        rows = lines_of(self.files)

        def measure(plan: ReleasePlan, framework: Framework) -> Sequence[int]:
            clock.now += timedelta(seconds=rows)
            vector = self.exact = release_vector(returns, plan, framework, DECLARED)
            if self.tells is not None:
                self.tells(self, rows)
            return vector

        def sleep(seconds: float) -> None:
            clock.now += timedelta(seconds=seconds)

        state = self.folder / "state"
        offers = OfferBook(state / "collections", COORDINATOR_PUBLIC_KEY)
        with (
            served(peer) as (address, credentials),
            Ledger.open(state / "ledger.db", clock, owner=OWNER, new_key=lambda: bytes(32)) as ledger,
        ):
            agent = Agent(
                door=door_of(ledger, policy=_POLICY, clock=clock),
                offers=offers,
                shelf=BenchmarkShelf(state / "benchmarks", COORDINATOR_PUBLIC_KEY),
                declared_files=self.declared,
                measure=measure,
                open_link=lambda: open_link(address, credentials, 10),
                clock=clock,
                sleep=sleep,
                send_every_seconds=self.send_every,
                log=self.agent_log,
            )
            reports = [agent.cycle(), agent.cycle()]
            status = read_status(
                council="301 Invented",
                enrolled=True,
                offers=offers.offers(),
                ledger=ledger,
                policy=_POLICY,
                benchmarks=(),
                now=clock(),
            )
            entries = ledger.entries()
            kept = tuple(sorted((str(path.relative_to(state)), path.stat().st_size) for path in state.rglob("*")))
        summaries = [Summary.FromString(envelope.payload) for envelope in peer.received]
        self.values = [value for summary in summaries for value in summary.values]
        return Seen(
            calls=tuple(peer.calls),
            times=tuple(peer.times),
            summaries=tuple(map(_but_values, summaries)),
            lengths=tuple(map(_length, peer.received)),
            outcomes=tuple(
                (outcome.release, outcome.state, outcome.reason) for report in reports for outcome in report.outcomes
            ),
            exit_codes=tuple(61 if report.waiting else 0 for report in reports),
            log=tuple(_but_time(line) for line in output.getvalue().splitlines()),
            status=json.dumps(status.as_json()),
            entries=tuple(_but_digests(entry) for entry in entries),
            files=kept,
        )


def _but_values(summary: Summary) -> bytes:
    """Without the values, and without the head's keyed hash: it covers the time of the charge, under a secret."""
    silent = Summary()
    silent.CopyFrom(summary)
    del silent.values[:]
    silent.ledger_head.hash = bytes(len(silent.ledger_head.hash))
    return silent.SerializeToString(deterministic=True)


def _length(envelope: SignedEnvelope) -> tuple[int, int, int, str, str]:
    return envelope.ByteSize(), len(envelope.payload), len(envelope.signature), envelope.label, str(envelope.key_id)


def _but_time(line: str) -> str:
    """The clock of the log is the machine's own."""
    return json.dumps({name: value for name, value in json.loads(line).items() if name != "time"})


def _but_digests(entry: Entry) -> Entry:
    """What is stored is computed from noised values. The ledger, which stays, dates a charge when it is made."""
    return replace(entry, at=COLLECTION.opens_at, digest=None, signature=None, hash=b"")


@pytest.fixture(scope="module")
def base_council(tmp_path_factory: pytest.TempPathFactory) -> _Council:
    """The council with `BASE`."""
    return _Council(tmp_path_factory.mktemp("base"), BASE)


@pytest.fixture(scope="module")
def base(base_council: _Council) -> Seen:
    """What it lets be seen."""
    return base_council.look()


def _cost(one: Sequence[int], other: Sequence[int]) -> Fraction:
    """rho of that difference: the sum of delta^2 / (2 sigma^2)."""
    moved = [a - b for a, b in zip(one, other, strict=True)]
    return sum((block.cost_of(sum(entry**2 for entry in moved[block.indices])) for block in PLAN.blocks), Fraction(0))


@pytest.mark.parametrize("name", OTHERS)
def test_whatever_is_in_the_files_only_the_noised_values_differ(
    base_council: _Council, base: Seen, tmp_path: Path, name: str
) -> None:
    """And those by no more than is charged for one child, or said of one whose records are others."""
    council = _Council(tmp_path, OTHERS[name])
    assert council.look() == base
    assert len(council.values) == PLAN.length
    charged = replace_one_rho_units(FRAMEWORK, PLAN) if name in OTHER_RECORDS else PLAN.rho_units
    if name not in MANY_CHILDREN:
        assert _cost(council.exact, base_council.exact) <= Fraction(charged, UNITS_PER_RHO)


@pytest.mark.parametrize("name", NEAR_THE_EDGE)
def test_no_record_decides_how_all_others_are_read_or_whether_they_are(tmp_path: Path, name: str) -> None:
    one, other = (_Council(tmp_path / folder, files) for folder, files in zip("ab", NEAR_THE_EDGE[name], strict=True))
    seen = one.look()
    assert other.look() == seen
    assert seen.summaries
    assert _cost(one.exact, other.exact) <= Fraction(PLAN.rho_units, UNITS_PER_RHO)


def _as_one(path: Path, year: int, left_out: Callable[[int], None]) -> Iterator[etree._Element]:
    """The groups of a census that must be XML as a whole."""
    try:
        etree.parse(path)
    except etree.XMLSyntaxError:
        raise UnusableCensus("not well-formed XML") from None
    yield from stream_children(path, year, left_out)


@pytest.mark.parametrize("name", DAMAGED_GROUPS)
def test_control_a_census_that_must_be_xml_as_a_whole_speaks(
    base: Seen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(cin_census, "stream_children", _as_one)
    seen = _Council(tmp_path, OTHERS[name]).look()
    assert base.summaries
    assert not seen.summaries


def _guessed(data: bytes) -> list[str]:
    """The lines of a file whose encoding is guessed from its bytes, whosever they are."""
    if data[1:512:2].count(0) > 200:
        return data.decode("utf-16-le", errors="replace").split("\n")
    try:
        return data.decode().split("\n")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace").split("\n")


def _refused(engine: DuckDbEngine, file: ReturnFile) -> str | None:
    if _doubt_of_year(engine, file) is not None:
        raise ReturnsNotReady("This looks like the return of another year.", "Put the right one in its place.")
    return None


@pytest.mark.parametrize("name", NEAR_THE_EDGE)
def test_control_rules_over_all_rows_of_a_file_speak(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """An encoding guessed per file moves many children; a return refused by its dates is an answer that is not sent."""
    monkeypatch.setattr(csv_files, "lines_of", _guessed)
    monkeypatch.setattr(ssda903, "_doubt_of_year", _refused)
    one, other = (_Council(tmp_path / folder, files) for folder, files in zip("ab", NEAR_THE_EDGE[name], strict=True))
    assert one.look() != other.look() or _cost(one.exact, other.exact) > Fraction(PLAN.rho_units, UNITS_PER_RHO)


def test_control_many_children_cost_more_than_one(base_council: _Council, base: Seen, tmp_path: Path) -> None:
    assert base.summaries
    for name in MANY_CHILDREN:
        council = _Council(tmp_path / name, OTHERS[name])
        council.look()
        assert _cost(council.exact, base_council.exact) > Fraction(PLAN.rho_units, UNITS_PER_RHO)


def test_the_council_answers_and_all_of_it_is_looked_at(base: Seen) -> None:
    assert [name for name, _ in base.calls] == [
        *("Hello", "ListCollections", "GetBenchmark", "SubmitSummary"),
        *("Hello", "ListCollections", "GetBenchmark"),
    ]
    assert base.exit_codes == (0, 0)
    assert [entry.kind for entry in base.entries][-3:] == ["reserved", "stored", "acknowledged"]
    assert len(base.log) == 3
    assert '"sent"' in base.status
    assert any(name == "ledger.db" for name, _ in base.files)
    assert base.times[3].timestamp() % SEND_EVERY == 0


def _logs_how_many_rows(council: _Council, rows: int) -> None:
    """A field that the list allows, with a number that it should not hold."""
    assert council.agent_log is not None
    council.agent_log.info("measured", code=rows)


def _stops_at_many_rows(_: _Council, rows: int) -> None:
    if rows > lines_of(BASE):
        raise ReturnsNotReady("A row of header.csv cannot be used.", "Correct it.")


def _fails_on_many_rows(_: _Council, rows: int) -> None:
    if rows > lines_of(BASE):
        raise ValueError("31/02/2024 is not a date")


def _keeps_a_file(council: _Council, rows: int) -> None:
    (council.folder / "state" / "rows").write_bytes(bytes(rows))


_MORE = {name: text * 2 if name.endswith("missing.csv") else text for name, text in BASE.items()}


@pytest.mark.parametrize("tells", [_logs_how_many_rows, _stops_at_many_rows, _fails_on_many_rows, _keeps_a_file])
def test_control_a_node_that_tells_is_found(base: Seen, tmp_path: Path, tells: Callable[[_Council, int], None]) -> None:
    one, two = (_Council(tmp_path / name, files, tells=tells).look() for name, files in (("one", BASE), ("two", _MORE)))
    assert one != two


def test_control_a_summary_that_says_how_many_rows_there_are_is_found(base: Seen, tmp_path: Path) -> None:
    seen = _Council(tmp_path, BASE, declared=DECLARED | {f"ssda903.rows{len(CHILDREN)}@2025"}).look()
    assert seen.summaries != base.summaries
    assert seen.lengths != base.lengths


def test_control_a_node_that_sends_when_it_has_measured_is_found(tmp_path: Path) -> None:
    one, two = (
        _Council(tmp_path / name, files, send_every=1).look() for name, files in (("one", BASE), ("two", _MORE))
    )
    assert one.times != two.times
    assert one.calls == two.calls


def test_control_a_log_that_takes_any_field_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_log, "ALLOWED_FIELDS", node_log.ALLOWED_FIELDS | {"rows"})

    def tells(council: _Council, rows: int) -> None:
        assert council.agent_log is not None
        council.agent_log.info("measured", rows=rows)

    one, two = (_Council(tmp_path / name, files, tells=tells).look() for name, files in (("one", BASE), ("two", _MORE)))
    assert one.log != two.log


@pytest.mark.parametrize(
    "name", ["one child less", "a child twice", "a value far outside its bounds", "a great many referrals of one child"]
)
def test_the_returns_were_really_measured(tmp_path: Path, name: str) -> None:
    one, two = (
        list(release_vector(write_returns(tmp_path / folder, files), PLAN, FRAMEWORK, DECLARED))
        for folder, files in (("base", BASE), ("other", OTHERS[name]))
    )
    assert one[0] == len(CHILDREN)
    assert one != two


@pytest.mark.parametrize("name", ["2025/episodes.csv", "2025/oc2.csv", "2025/census.xml"])
def test_a_declared_file_that_is_not_there_is_absence_and_costs_nothing(tmp_path: Path, name: str) -> None:
    seen = _Council(tmp_path, {path: content for path, content in BASE.items() if path != name}).look()
    assert [method for method, _ in seen.calls] == ["Hello", "ListCollections", "GetBenchmark"] * 2
    assert seen.exit_codes == (61, 61)
    assert (seen.entries, seen.summaries) == ((), ())


def test_whatever_is_wrong_with_a_file_as_a_whole_is_the_same_absence(tmp_path: Path) -> None:
    """No code, size or time tells one fault from another; the reasons are for the council's own screen."""
    faults: tuple[dict[str, str | bytes], ...] = (
        {"2025/episodes.csv": ""},
        {"2025/episodes.csv": "CHILD,SOMETHING\n1,2\n"},
        {"2025/census.xml": "<Message><Children><Child><LAchildID>1"},
        {"2025/header.csv": bytes(range(256)) * 20},
    )
    absent = [_Council(tmp_path / str(number), {**BASE, **fault}).look() for number, fault in enumerate(faults)]
    assert all(replace(one, outcomes=(), times=()) == replace(absent[0], outcomes=(), times=()) for one in absent)
