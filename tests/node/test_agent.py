"""If these failed, a coordinator that lies could make a node measure, spend or send what the council did not agree to.

The coordinator is a real server (`tests.node.coordinator_peer`) that the tests make dishonest; the node is the real
agent with its ledger, its door, its offers and its link. Only the returns are made up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from io import StringIO
from pathlib import Path

import grpc
import pytest

from frameworks.model import Framework
from frameworks.plan import ReleasePlan
from node import offers, wire
from node.agent import Agent, CycleReport, ReleaseState, RoundTurn
from node.benchmarks import BenchmarkShelf
from node.errors import CoordinatorRefused, CoordinatorUnreachable, NodeError, ReturnsNotReady
from node.ledger import Ledger
from node.link import open_link
from node.log import make_logger
from node.offers import OfferBook
from node.policy import Policy
from node.wire import RememberedHead
from protos.collection.v1 import collection_pb2
from protos.signing import Label
from tests.node.coordinator_peer import (
    COORDINATOR_PUBLIC_KEY,
    FOREIGN_KEY,
    CoordinatorPeer,
    collection_message,
    offered,
    served,
    signed,
)
from tests.node.small_release import (
    COLLECTION,
    COLLECTION_ID,
    DECLARED,
    NOW,
    OWNER,
    PLAN,
    Clock,
    collection_of,
    door_of,
    load_small,
    plan_of,
    policy_of,
    request_of,
    summary_of,
)


@dataclass
class Council:
    """A council's node, with what it did and logged."""

    folder: Path
    policy: Policy
    address: str
    open_link: Callable[[], object]
    clock: Clock = field(default_factory=Clock)
    figure: int = 100
    failure: NodeError | None = None
    take_round_turn: RoundTurn | None = None
    measuring_seconds: float = 0
    measured: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    log: StringIO = field(default_factory=StringIO)

    def measure(self, plan: ReleasePlan, _framework: Framework) -> Sequence[int]:
        """The made-up returns."""
        self.measured.append(plan.release_id)
        self.clock.now += timedelta(seconds=self.measuring_seconds)
        if self.failure:
            raise self.failure
        return [self.figure + index for index in range(plan.length)]

    def sleep(self, seconds: float) -> None:
        """Time goes by."""
        self.slept.append(seconds)
        self.clock.now += timedelta(seconds=seconds)

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """Its ledger, opened."""
        with Ledger.open(self.folder / "ledger.db", self.clock, owner=OWNER, new_key=lambda: bytes(32)) as ledger:
            yield ledger

    def cycle(self) -> CycleReport:
        """One poll of a node that has just been started."""
        with self.ledger() as ledger:
            agent = Agent(
                door=door_of(ledger, policy=self.policy, clock=self.clock),
                offers=OfferBook(self.folder / "collections", COORDINATOR_PUBLIC_KEY),
                shelf=BenchmarkShelf(self.folder / "benchmarks", COORDINATOR_PUBLIC_KEY),
                declared_files=DECLARED,
                measure=self.measure,
                take_round_turn=self.take_round_turn,
                open_link=self.open_link,  # type: ignore[arg-type]
                clock=self.clock,
                sleep=self.sleep,
                send_every_seconds=60,
                log=make_logger(self.log),
            )
            return agent.cycle()

    def spent(self) -> int:
        """What was ever charged."""
        with self.ledger() as ledger:
            assert ledger.verify() == ()
            return ledger.spent_for_life()

    def states(self, report: CycleReport) -> dict[str, ReleaseState]:
        """What became of each release."""
        return {outcome.release: outcome.state for outcome in report.outcomes}


@pytest.fixture
def peer() -> CoordinatorPeer:
    """A coordinator that offers the small collection, honestly."""
    peer = CoordinatorPeer()
    peer.collections = [offered(COLLECTION)]
    return peer


Join = Callable[..., Council]


@pytest.fixture
def join(peer: CoordinatorPeer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Join]:
    """Makes councils that are enrolled with the coordinator and have the small framework installed."""
    monkeypatch.setattr(offers, "load_framework", load_small)
    with served(peer) as (address, credentials):

        def joined(name: str = "council", **policy: object) -> Council:
            return Council(
                tmp_path / name,
                policy_of(**policy),
                address,
                lambda: open_link(address, credentials, 10),
            )

        yield joined


def test_what_is_approved_arrives_once_and_is_acknowledged(peer: CoordinatorPeer, join: Join) -> None:
    council = join(approval="named")
    assert council.states(council.cycle()) == {"headlines": ReleaseState.AWAITING_APPROVAL}
    assert (peer.received, council.measured, council.spent()) == ([], [], 0)
    with council.ledger() as ledger:
        ledger.record_decision(COLLECTION_ID, "headlines", PLAN.plan_hash, "approved", "A. Caldicott (invented)")
    report = council.cycle()
    assert (council.states(report), report.waiting) == ({"headlines": ReleaseState.SENT}, False)
    assert council.states(council.cycle()) == {"headlines": ReleaseState.SENT}
    assert len(peer.received) == len(council.measured) == 1
    assert council.spent() == PLAN.rho_units


def _foreign_signature() -> Sequence[object]:
    return [signed(collection_message(COLLECTION), key=FOREIGN_KEY)]


def _signed_for_something_else() -> Sequence[object]:
    return [signed(collection_message(COLLECTION), label=Label.BENCHMARK)]


def _altered_after_signing() -> Sequence[object]:
    envelope = offered(COLLECTION)
    envelope.payload += b"\x00"
    return [envelope]


def _another_plan_hash() -> Sequence[object]:
    return [signed(collection_message(COLLECTION, {"headlines": b"\x01" * 32}))]


def _the_hash_of_a_cheaper_plan() -> Sequence[object]:
    cheaper = plan_of(request_of(rho_units=PLAN.rho_units // 2))
    return [signed(collection_message(COLLECTION, {"headlines": cheaper.plan_hash}))]


def _another_framework_digest() -> Sequence[object]:
    return [offered(collection_of(framework_digest="11" * 32))]


def _another_framework_version() -> Sequence[object]:
    return [offered(collection_of(framework_version="2"))]


def _an_indicator_that_is_not_there() -> Sequence[object]:
    message = collection_message(COLLECTION)
    message.releases[0].indicators.append("names_and_addresses")
    return [signed(message)]


def _no_cost() -> Sequence[object]:
    message = collection_message(COLLECTION)
    message.releases[0].rho_units = 0
    return [signed(message)]


def _no_mode() -> Sequence[object]:
    message = collection_message(COLLECTION)
    message.releases[0].mode = collection_pb2.RELEASE_MODE_UNSPECIFIED
    return [signed(message)]


def _one_id_for_two_releases() -> Sequence[object]:
    message = collection_message(COLLECTION)
    message.releases.append(message.releases[0])
    return [signed(message)]


def _an_id_that_is_a_path() -> Sequence[object]:
    message = collection_message(COLLECTION)
    message.id = "../../ledger"
    return [signed(message)]


@pytest.mark.parametrize(
    "dishonest",
    [
        _foreign_signature,
        _signed_for_something_else,
        _altered_after_signing,
        _another_plan_hash,
        _the_hash_of_a_cheaper_plan,
        _another_framework_digest,
        _another_framework_version,
        _an_indicator_that_is_not_there,
        _no_cost,
        _no_mode,
        _one_id_for_two_releases,
        _an_id_that_is_a_path,
    ],
)
def test_a_dishonest_collection_is_refused_and_an_honest_one_beside_it_is_answered(
    peer: CoordinatorPeer, join: Join, dishonest: Callable[[], list[object]]
) -> None:
    honest = collection_of(id="2025-honest")
    peer.collections = [*dishonest(), offered(honest)]  # type: ignore[list-item]
    council = join()
    report = council.cycle()
    assert len(report.refused_collections) == 1
    assert [(outcome.collection, outcome.state) for outcome in report.outcomes] == [("2025-honest", ReleaseState.SENT)]
    assert council.measured == ["headlines"]
    assert council.spent() == PLAN.rho_units
    assert [path.name for path in council.folder.rglob("*.envelope")] == ["2025-honest.envelope"]


def test_control_without_the_check_of_the_signature_a_foreign_collection_is_paid_for(
    peer: CoordinatorPeer, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "open_envelope", lambda envelope, *_: envelope.payload)
    peer.collections = [signed(collection_message(COLLECTION), key=FOREIGN_KEY)]
    council = join()
    council.cycle()
    assert (len(peer.received), council.spent()) == (1, PLAN.rho_units)


def test_a_secure_release_is_not_measured_by_itself_and_does_not_hold_up_the_others(
    peer: CoordinatorPeer, join: Join
) -> None:
    peer.collections = [offered(collection_of(request_of("national", mode="secure"), request_of()))]
    council = join()
    assert council.states(council.cycle()) == {"national": ReleaseState.NOT_ANSWERED, "headlines": ReleaseState.SENT}
    assert (council.measured, council.spent()) == (["headlines"], PLAN.rho_units)


def test_a_turn_in_rounds_is_taken_before_anything_is_measured_and_its_failure_holds_up_nothing(
    peer: CoordinatorPeer, join: Join
) -> None:
    peer.collections = [offered(collection_of(request_of("national", mode="secure"), request_of()))]
    council, measured_before = join(), []

    def turn(_head: RememberedHead | None) -> None:
        measured_before.append(len(council.measured))
        raise CoordinatorUnreachable("No answer.", "Try later.")

    council.take_round_turn = turn
    report = council.cycle()
    assert council.states(report) == {"national": ReleaseState.IN_ROUNDS, "headlines": ReleaseState.SENT}
    assert (report.waiting, measured_before) == (False, [0])
    assert "turn in rounds ended early" in council.log.getvalue()


def test_a_secure_release_waits_for_a_person_as_any_other(peer: CoordinatorPeer, join: Join) -> None:
    peer.collections = [offered(collection_of(request_of("national", mode="secure")))]
    council = join(approval="named")
    council.take_round_turn = lambda _head: None
    report = council.cycle()
    assert (council.states(report), report.waiting) == ({"national": ReleaseState.AWAITING_APPROVAL}, True)


def test_what_costs_more_than_is_left_is_not_measured(peer: CoordinatorPeer, join: Join) -> None:
    peer.collections = [offered(collection_of(request_of("first"), request_of("second")))]
    council = join(rho_per_year=1.5 * PLAN.rho_units / 10**12)
    assert council.states(council.cycle()) == {"first": ReleaseState.SENT, "second": ReleaseState.NOT_READY}
    assert council.measured == ["first"]


@pytest.mark.parametrize("days", [-10, 40], ids=["before it opens", "after it closes"])
def test_nothing_is_answered_outside_the_window(peer: CoordinatorPeer, join: Join, days: int) -> None:
    council = join()
    council.clock.now = NOW + timedelta(days=days)
    council.cycle()
    assert (council.measured, peer.received, council.spent()) == ([], [], 0)


def test_a_collection_that_is_changed_after_approval_waits_again(peer: CoordinatorPeer, join: Join) -> None:
    council = join(approval="named")
    council.cycle()
    with council.ledger() as ledger:
        ledger.record_decision(COLLECTION_ID, "headlines", PLAN.plan_hash, "approved", "A. Caldicott (invented)")
    peer.collections = [offered(collection_of(request_of(breakdowns=("sex", "ethnicity_major"))))]
    assert council.states(council.cycle()) == {"headlines": ReleaseState.AWAITING_APPROVAL}
    assert council.measured == []


def test_a_second_plan_under_the_id_of_a_sent_release_gets_nothing(peer: CoordinatorPeer, join: Join) -> None:
    council = join()
    council.cycle()
    peer.collections = [offered(collection_of(request_of(indicators=("children",))))]
    assert council.states(council.cycle()) == {"headlines": ReleaseState.NOT_READY}
    assert (len(peer.received), council.measured, council.spent()) == (1, ["headlines"], PLAN.rho_units)


@pytest.mark.parametrize("status", [grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.INTERNAL])
def test_a_refused_summary_is_sent_again_as_it_is_and_holds_up_no_other(
    peer: CoordinatorPeer, join: Join, status: grpc.StatusCode
) -> None:
    peer.collections = [offered(collection_of(request_of("first"), request_of("second")))]
    peer.refusals = {"first": status}
    council = join()
    report = council.cycle()
    assert council.states(report) == {"first": ReleaseState.STORED, "second": ReleaseState.SENT}
    assert report.outcomes[0].reason
    peer.refusals = {}
    assert council.states(council.cycle()) == {"first": ReleaseState.SENT, "second": ReleaseState.SENT}
    one, _, again = peer.received
    assert one.SerializeToString(deterministic=True) == again.SerializeToString(deterministic=True)
    assert council.measured == ["first", "second"]


def test_when_the_acknowledgement_is_lost_the_same_bytes_come_again(peer: CoordinatorPeer, join: Join) -> None:
    """The coordinator has taken the summary and its answer does not arrive."""
    council = join()
    peer.refusals = {"headlines": grpc.StatusCode.UNAVAILABLE}
    for _ in range(2):
        with pytest.raises(CoordinatorUnreachable):
            council.cycle()
    peer.refusals = {}
    council.cycle()
    assert len(peer.received) == 3
    assert len({envelope.SerializeToString(deterministic=True) for envelope in peer.received}) == 1
    assert (council.measured, council.spent()) == (["headlines"], PLAN.rho_units)


def test_an_acknowledgement_of_other_bytes_counts_for_nothing(peer: CoordinatorPeer, join: Join) -> None:
    council = join()
    peer.acknowledged_digest = bytes(32)
    assert council.states(council.cycle()) == {"headlines": ReleaseState.STORED}
    peer.acknowledged_digest = None
    assert council.states(council.cycle()) == {"headlines": ReleaseState.SENT}
    assert len({envelope.SerializeToString(deterministic=True) for envelope in peer.received}) == 1


def test_a_coordinator_that_remembers_more_than_the_ledger_holds_stops_the_node(
    peer: CoordinatorPeer, join: Join
) -> None:
    council = join()
    council.cycle()
    head = summary_of(peer.received[0].SerializeToString()).ledger_head
    peer.remembered_head = head
    assert council.states(council.cycle()) == {"headlines": ReleaseState.SENT}
    restored = join("restored")
    assert restored.states(restored.cycle()) == {"headlines": ReleaseState.NOT_READY}
    assert (restored.measured, restored.spent(), len(peer.received)) == ([], 0, 1)


def test_control_without_the_remembered_head_a_restored_node_sends_a_second_sample(
    peer: CoordinatorPeer, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ledger, "check_remembered", lambda *_: None)
    for name in ("council", "restored"):
        join(name).cycle()
        peer.remembered_head = summary_of(peer.received[0].SerializeToString()).ledger_head
    first, second = (summary_of(envelope.SerializeToString()) for envelope in peer.received)
    assert first.release_id == second.release_id
    assert list(first.values) != list(second.values)


@pytest.mark.parametrize(
    "head",
    [collection_pb2.LedgerHead(sequence=0, hash=bytes(32)), collection_pb2.LedgerHead(sequence=1, hash=b"short")],
)
def test_a_head_that_is_none_is_refused(peer: CoordinatorPeer, join: Join, head: collection_pb2.LedgerHead) -> None:
    peer.remembered_head = head
    council = join()
    with pytest.raises(CoordinatorRefused):
        council.cycle()
    assert council.measured == []


@pytest.mark.parametrize("started", [0, 1, 17, 59])
@pytest.mark.parametrize("measuring", [0, 1, 45, 59.9])
def test_a_summary_leaves_at_a_time_fixed_before_measuring(
    peer: CoordinatorPeer, join: Join, started: float, measuring: float
) -> None:
    council = join()
    council.clock.now = NOW + timedelta(seconds=started)
    council.measuring_seconds = measuring
    council.cycle()
    assert council.clock.now == NOW + timedelta(seconds=120 if started else 60)


def test_a_summary_that_took_longer_leaves_at_the_next_time(peer: CoordinatorPeer, join: Join) -> None:
    council = join()
    council.measuring_seconds = 61
    council.cycle()
    assert council.clock.now == NOW + timedelta(seconds=120)


def _seen(peer: CoordinatorPeer, council: Council) -> tuple[list[tuple[str, int]], list[dict[str, object]]]:
    """The calls that reached the coordinator with their sizes, and the log without its times."""
    peer.calls.clear()
    council.cycle()
    lines = [json.loads(line) for line in council.log.getvalue().splitlines()]
    return list(peer.calls), [{name: value for name, value in line.items() if name != "time"} for line in lines]


def test_the_wire_and_the_log_are_the_same_whatever_the_figures(peer: CoordinatorPeer, join: Join) -> None:
    one, two = join("one"), join("two")
    two.figure = -(2**50)
    assert _seen(peer, one) == _seen(peer, two)
    assert [name for name, _ in peer.calls] == ["Hello", "ListCollections", "GetBenchmark", "SubmitSummary"]


def test_returns_that_fail_show_outside_as_absence_and_in_the_log_as_not_ready(
    peer: CoordinatorPeer, join: Join
) -> None:
    seen = []
    for name, failure in (
        ("one", ReturnsNotReady("Row 17 of episodes.csv holds no date.", "Correct it.")),
        ("two", ReturnsNotReady("cin.xml is not there.", "Put it there.")),
    ):
        council = join(name)
        council.failure = failure
        seen.append(_seen(peer, council))
    assert seen[0] == seen[1]
    calls, log = seen[0]
    assert [name for name, _ in calls] == ["Hello", "ListCollections", "GetBenchmark"]
    assert "17" not in json.dumps(log)
    refused = join("refused", frameworks=())
    assert _seen(peer, refused) == seen[0], "a refusal by policy cannot be told from returns that fail"
