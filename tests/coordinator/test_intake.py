"""If these failed, a figure could be counted that no council sent, that was altered on the way, or that came twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import grpc
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator import intake, lifecycle
from coordinator.refusals import (
    AlreadyAnswered,
    AnotherPlan,
    ForeignSummary,
    LedgerNotContinued,
    Malformed,
    Refusal,
    ReleaseNotOpen,
    SignatureNotAccepted,
    UnfitVector,
)
from coordinator.store import summaries
from coordinator.wire import read_submission, stored_summary
from frameworks.plan import ReleasePlan
from protos.collection.v1.collection_pb2 import HelloRequest, LedgerHead, ListCollectionsRequest
from protos.envelope.v1.envelope_pb2 import SignedEnvelope
from protos.signing import Label, seal
from protos.summary.v1.summary_pb2 import SubmitSummaryRequest, Summary
from tests.coordinator.world import Member, World, make_world, sealed_summary, summary_message


def submit(world: World, member: Member, envelope: SignedEnvelope) -> bytes:
    """As the server does it, without the wire."""
    return world.service.submit(world.caller(member), read_submission(SubmitSummaryRequest(summary=envelope)))


def stored_values(world: World, collection_id: str = "2025-test") -> dict[tuple[str, str], tuple[int, ...]]:
    listed = world.store.read("test", lambda tx: summaries.list_summaries(tx, collection_id))
    return {(summary.council_code, summary.release_id): summary.values for summary in map(stored_summary, listed)}


@contextmanager
def refused(world: World, kind: type[Refusal]) -> Iterator[None]:
    """The refusal is of that kind, and nothing is stored for it."""
    before = stored_values(world)
    with pytest.raises(kind):
        yield
    assert stored_values(world) == before


@pytest.fixture
def plans(world: World) -> tuple[ReleasePlan, ...]:
    return world.open().plans


@pytest.fixture
def member(world: World) -> Member:
    return world.enrol("301")


async def test_a_summary_is_stored_as_it_arrived_and_acknowledged_by_its_digest(world: World, member: Member) -> None:
    (plan, _) = world.open().plans
    envelope = sealed_summary(member, summary_message("301", plan, sequence=7))
    async with world.serving() as address, world.connected(address, member.credentials) as stubs:
        answer = await stubs.summaries.SubmitSummary(SubmitSummaryRequest(summary=envelope))
        again = await stubs.summaries.SubmitSummary(SubmitSummaryRequest(summary=envelope))
        hello = await stubs.collections.Hello(HelloRequest(software_version="0.1.0"))
        listed = await stubs.collections.ListCollections(ListCollectionsRequest())
    assert answer.payload_digest == again.payload_digest == hashlib.sha256(envelope.payload).digest()
    assert hello.remembered_head == LedgerHead(sequence=7, hash=(7).to_bytes(32, "big"))
    assert len(listed.collections) == 1
    (stored,) = world.store.read("test", lambda tx: summaries.list_summaries(tx, "2025-test"))
    assert (stored.payload, stored.signature) == (envelope.payload, envelope.signature)
    assert stored_values(world) == {("301", "headlines"): tuple(range(100, 100 + plan.length))}


def test_no_byte_on_the_way_can_be_altered(world: World, plans: tuple[ReleasePlan, ...], member: Member) -> None:
    sent = SubmitSummaryRequest(summary=sealed_summary(member, summary_message("301", plans[0]))).SerializeToString()
    for place in range(len(sent)):
        for bit in (0, 3, 7):
            altered = bytearray(sent)
            altered[place] ^= 1 << bit
            with pytest.raises((Refusal, DecodeError)):
                message = SubmitSummaryRequest.FromString(bytes(altered))
                world.service.submit(world.caller(member), read_submission(message))
    assert stored_values(world) == {}


def test_positive_control_without_the_signature_check_an_altered_value_is_counted(
    world: World, plans: tuple[ReleasePlan, ...], member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    envelope = sealed_summary(member, summary_message("301", plans[0]))
    forged = summary_message("301", plans[0], values=[1] * plans[0].length)
    altered = SignedEnvelope(
        label=envelope.label,
        payload=forged.SerializeToString(),
        key_id=envelope.key_id,
        signature=envelope.signature,
    )
    with refused(world, SignatureNotAccepted):
        submit(world, member, altered)
    monkeypatch.setattr(intake, "open_envelope", lambda envelope, _label, _key: envelope.payload)
    submit(world, member, altered)
    assert set(stored_values(world)[("301", "headlines")]) == {1}


def test_only_the_enrolled_key_signs_and_only_as_a_summary(
    world: World, plans: tuple[ReleasePlan, ...], member: Member
) -> None:
    message, stranger = summary_message("301", plans[0]), world.enrol("302")
    payload = message.SerializeToString()
    with refused(world, SignatureNotAccepted):
        submit(world, member, sealed_summary(stranger, message))
    with refused(world, SignatureNotAccepted):
        submit(world, member, seal(member.signing_key, Label.ENROLMENT, payload))
    relabelled = seal(member.signing_key, Label.COLLECTION, payload)
    relabelled.label = Label.SUMMARY.value
    with refused(world, SignatureNotAccepted):
        submit(world, member, relabelled)


def test_another_councils_summary_cannot_be_brought(
    world: World, plans: tuple[ReleasePlan, ...], member: Member
) -> None:
    thief = world.enrol("302")
    message = summary_message("301", plans[0])
    with refused(world, SignatureNotAccepted):
        submit(world, thief, sealed_summary(member, message))
    with refused(world, ForeignSummary):
        submit(world, thief, sealed_summary(thief, message))


def test_a_key_enrolled_before_signs_no_more(world: World, plans: tuple[ReleasePlan, ...], member: Member) -> None:
    again = world.enrol("301")
    with refused(world, SignatureNotAccepted):
        submit(world, again, sealed_summary(member, summary_message("301", plans[0])))
    submit(world, again, sealed_summary(again, summary_message("301", plans[0])))


def _another_hash(message: Summary) -> None:
    message.plan_hash = bytes(32)


def _another_digest(message: Summary) -> None:
    message.framework_digest = b"\x01" * 32


def _other_release(message: Summary) -> None:
    message.release_id = "by_age"


def _other_collection(message: Summary) -> None:
    message.collection_id = "2024-test"


def _too_short(message: Summary) -> None:
    del message.values[-1]


def _too_long(message: Summary) -> None:
    message.values.append(0)


def _too_large(message: Summary) -> None:
    message.values[0] = 2**53


def _too_small(message: Summary) -> None:
    message.values[0] = -(2**53)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (_another_hash, AnotherPlan),
        (_another_digest, AnotherPlan),
        (_other_release, ReleaseNotOpen),
        (_other_collection, ReleaseNotOpen),
        (_too_short, UnfitVector),
        (_too_long, UnfitVector),
        (_too_large, UnfitVector),
        (_too_small, UnfitVector),
    ],
)
def test_a_summary_must_answer_exactly_what_was_asked(
    world: World,
    plans: tuple[ReleasePlan, ...],
    member: Member,
    change: Callable[[Summary], None],
    kind: type[Refusal],
) -> None:
    message = summary_message("301", plans[0])
    change(message)
    with refused(world, kind):
        submit(world, member, sealed_summary(member, message))


def test_the_plan_of_one_release_does_not_answer_another(
    world: World, plans: tuple[ReleasePlan, ...], member: Member
) -> None:
    with refused(world, AnotherPlan):
        submit(world, member, sealed_summary(member, summary_message("301", plans[0], release_id="by_sex")))


@pytest.mark.parametrize("days", [-2, 2])
def test_the_window_is_kept(world: World, plans: tuple[ReleasePlan, ...], member: Member, days: int) -> None:
    envelope = sealed_summary(member, summary_message("301", plans[0]))
    caller = world.caller(member)
    world.clock.now += timedelta(days=days)
    with refused(world, ReleaseNotOpen):
        world.service.submit(caller, envelope)


def test_a_closed_collection_takes_nothing_new_and_still_acknowledges_what_it_has(
    world: World, plans: tuple[ReleasePlan, ...], member: Member
) -> None:
    first = sealed_summary(member, summary_message("301", plans[0], 1))
    digest = submit(world, member, first)
    lifecycle.close_collection(world.store, "2025-test", world.clock())
    assert submit(world, member, first) == digest
    with refused(world, ReleaseNotOpen):
        submit(world, member, sealed_summary(member, summary_message("301", plans[1], 2)))


def test_a_second_vector_for_a_release_is_refused(world: World, plans: tuple[ReleasePlan, ...], member: Member) -> None:
    submit(world, member, sealed_summary(member, summary_message("301", plans[0], 1)))
    for values in ([0] * plans[0].length, list(range(100, 100 + plans[0].length))):
        with refused(world, AlreadyAnswered):
            submit(world, member, sealed_summary(member, summary_message("301", plans[0], 2, values=values)))


@pytest.mark.parametrize(
    "head",
    [
        LedgerHead(sequence=4, hash=(4).to_bytes(32, "big")),
        LedgerHead(sequence=5, hash=b"\x01" * 32),
    ],
    ids=["behind", "fork"],
)
def test_a_restored_or_forked_ledger_is_refused(
    world: World, plans: tuple[ReleasePlan, ...], member: Member, head: LedgerHead
) -> None:
    submit(world, member, sealed_summary(member, summary_message("301", plans[0], 5)))
    with refused(world, LedgerNotContinued):
        submit(world, member, sealed_summary(member, summary_message("301", plans[1], ledger_head=head)))
    submit(world, member, sealed_summary(member, summary_message("301", plans[1], 6)))


@pytest.mark.parametrize(
    "change",
    [
        {"council_code": ""},
        {"collection_id": ""},
        {"collection_id": "../2025"},
        {"release_id": ""},
        {"plan_hash": b""},
        {"framework_digest": b""},
        {"ledger_head": None},
        {"ledger_head": LedgerHead(sequence=0, hash=bytes(32))},
        {"ledger_head": LedgerHead(sequence=2**63, hash=bytes(32))},
        {"ledger_head": LedgerHead(sequence=1, hash=b"")},
        {"declared_files": ["a child's name"]},
        {"declared_files": ["ssda903@2025"] * 201},
        {"values": []},
    ],
    ids=str,
)
def test_missing_and_malformed_fields_are_refused(
    world: World, plans: tuple[ReleasePlan, ...], member: Member, change: dict[str, Any]
) -> None:
    with refused(world, Malformed):
        submit(world, member, sealed_summary(member, summary_message("301", plans[0], **change)))
    for envelope in (SignedEnvelope(), SignedEnvelope(payload=b"x"), sealed_summary(member, Summary())):
        with refused(world, Malformed):
            submit(world, member, envelope)


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[World, Member, ReleasePlan]]:
    with TemporaryDirectory() as folder, make_world(Path(folder) / "coordinator") as world:
        yield world, world.enrol("301"), world.open().plans[0]


@settings(max_examples=200, deadline=None)
@given(payload=st.binary(min_size=1, max_size=300))
def test_signed_rubbish_is_refused_and_never_a_fault(shared: tuple[World, Member, ReleasePlan], payload: bytes) -> None:
    world, member, _ = shared
    with pytest.raises(Refusal):
        submit(world, member, seal(member.signing_key, Label.SUMMARY, payload))


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_signed_summary_with_any_byte_altered_is_refused_or_asks_for_the_same(
    shared: tuple[World, Member, ReleasePlan], data: st.DataObject
) -> None:
    """The council itself may sign what it likes; it cannot have counted anything but a vector for this very plan."""
    world, member, plan = shared
    payload = bytearray(summary_message("301", plan).SerializeToString(deterministic=True))
    place = data.draw(st.integers(0, len(payload) - 1))
    payload[place] = data.draw(st.integers(0, 255))
    caller, envelope = world.caller(member), seal(member.signing_key, Label.SUMMARY, bytes(payload))
    try:
        world.service.submit(caller, envelope)
    except Refusal:
        return
    assert all(len(values) == plan.length for values in stored_values(world).values())
    assert set(stored_values(world)) <= {("301", plan.release_id)}


async def test_a_message_beyond_the_bound_is_refused_by_the_transport(world: World, member: Member) -> None:
    plan = world.open().plans[0]
    large = sealed_summary(member, summary_message("301", plan, values=[0] * 140_000))
    async with world.serving() as address, world.connected(address, member.credentials) as stubs:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stubs.summaries.SubmitSummary(SubmitSummaryRequest(summary=large))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
