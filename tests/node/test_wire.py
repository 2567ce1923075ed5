"""If these failed, a missing value on the wire would be taken for an answer, or old and foreign bytes for new."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.benchmarks import BenchmarkShelf
from node.errors import CoordinatorRefused, NotPublished
from node.wire import RememberedHead, read_benchmark, read_collection, read_remembered_head
from protos.benchmark.v1.benchmark_pb2 import Benchmark
from protos.collection.v1 import collection_pb2
from protos.envelope.v1.envelope_pb2 import SignedEnvelope
from protos.signing import Label, seal
from tests.node.coordinator_peer import (
    COORDINATOR_KEY,
    COORDINATOR_PUBLIC_KEY,
    FOREIGN_KEY,
    collection_message,
    offered,
    signed,
)
from tests.node.small_release import COLLECTION, COLLECTION_ID, PLAN


def benchmark_of(collection_id: str = COLLECTION_ID, published_at: int = 1_800_000_000) -> Benchmark:
    """A published benchmark without estimates."""
    return Benchmark(
        collection_id=collection_id,
        reference_year=2025,
        framework_id="small",
        framework_digest=bytes(32),
        published_at=published_at,
        councils=["301"],
    )


def test_a_collection_is_read_as_it_was_written() -> None:
    read = read_collection(offered(COLLECTION), COORDINATOR_PUBLIC_KEY)
    assert read.collection == COLLECTION
    assert read.plan_hashes == {"headlines": PLAN.plan_hash}


@pytest.mark.parametrize("name", [field.name for field in collection_pb2.Collection.DESCRIPTOR.fields])
def test_a_collection_that_lacks_a_field_is_refused(name: str) -> None:
    message = collection_message(COLLECTION)
    message.ClearField(name)
    with pytest.raises(CoordinatorRefused):
        read_collection(signed(message), COORDINATOR_PUBLIC_KEY)


@pytest.mark.parametrize("name", ["id", "mode", "plan_hash"])
def test_a_release_that_lacks_a_field_is_refused(name: str) -> None:
    message = collection_message(COLLECTION)
    message.releases[0].ClearField(name)
    with pytest.raises(CoordinatorRefused):
        read_collection(signed(message), COORDINATOR_PUBLIC_KEY)


@given(payload=st.binary(max_size=200))
def test_signed_noise_is_refused_as_a_collection_and_as_a_benchmark(payload: bytes) -> None:
    with pytest.raises(CoordinatorRefused):
        read_collection(seal(COORDINATOR_KEY, Label.COLLECTION, payload), COORDINATOR_PUBLIC_KEY)
    with pytest.raises(CoordinatorRefused):
        read_benchmark(seal(COORDINATOR_KEY, Label.BENCHMARK, payload), COLLECTION_ID, COORDINATOR_PUBLIC_KEY)


def test_a_remembered_head_is_read_or_absent() -> None:
    head = collection_pb2.LedgerHead(sequence=3, hash=b"h" * 32)
    assert read_remembered_head(collection_pb2.HelloResponse(remembered_head=head)) == RememberedHead(3, b"h" * 32)
    assert read_remembered_head(collection_pb2.HelloResponse()) is None


def _another_collections() -> SignedEnvelope:
    return signed(benchmark_of("2024-test"))


def _foreign() -> SignedEnvelope:
    return signed(benchmark_of(), key=FOREIGN_KEY)


def _a_collection() -> SignedEnvelope:
    return offered(COLLECTION)


@pytest.mark.parametrize("replayed", [_another_collections, _foreign, _a_collection])
def test_a_benchmark_that_is_not_the_one_asked_for_is_not_kept(
    tmp_path: Path, replayed: Callable[[], SignedEnvelope]
) -> None:
    shelf = BenchmarkShelf(tmp_path, COORDINATOR_PUBLIC_KEY)
    with pytest.raises(CoordinatorRefused):
        shelf.keep(COLLECTION_ID, replayed())
    with pytest.raises(NotPublished):
        shelf.find(None)


def test_an_earlier_publication_does_not_take_the_place_of_a_later_one(tmp_path: Path) -> None:
    shelf = BenchmarkShelf(tmp_path, COORDINATOR_PUBLIC_KEY)
    for published_at in (1_800_000_000, 1_900_000_000, 1_800_000_000):
        shelf.keep(COLLECTION_ID, signed(benchmark_of(published_at=published_at)))
    assert shelf.find(COLLECTION_ID).published_at == 1_900_000_000
