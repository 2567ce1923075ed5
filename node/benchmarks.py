"""The published benchmarks this node has received, kept as the signed bytes that arrived."""

from __future__ import annotations

from pathlib import Path

from node.errors import NotPublished
from node.identity import write_private
from node.wire import read_benchmark
from protos.benchmark.v1.benchmark_pb2 import Benchmark
from protos.envelope.v1.envelope_pb2 import SignedEnvelope


class BenchmarkShelf:
    """The folder of received benchmarks, one signed envelope a file."""

    def __init__(self, folder: Path, coordinator_key: bytes) -> None:
        self._folder = folder
        self._coordinator_key = coordinator_key

    def keep(self, collection_id: str, envelope: SignedEnvelope) -> None:
        """Checks an envelope and keeps it, unless a later publication of the collection is here already.

        Raises CoordinatorRefused for a foreign signature or the benchmark of another collection.
        """
        benchmark = read_benchmark(envelope, collection_id, self._coordinator_key)
        path = self._folder / f"{collection_id}.benchmark"
        if not path.exists() or self._read(collection_id).published_at <= benchmark.published_at:
            write_private(path, envelope.SerializeToString(deterministic=True))

    def collections(self) -> list[str]:
        """Ids of the collections whose benchmark is here, in name order."""
        return sorted(path.stem for path in self._folder.glob("*.benchmark"))

    def find(self, collection_id: str | None) -> Benchmark:
        """The benchmark of a collection, or of the last by reference year when none is named.

        Raises NotPublished when there is none.
        """
        wanted = [collection_id] if collection_id else self.collections()
        found = [self._read(name) for name in wanted if (self._folder / f"{name}.benchmark").exists()]
        if not found:
            raise NotPublished(
                "No published benchmark has reached this node yet.",
                "Run `newlyn-node run --once` after the publication date; `newlyn-node status` tells what is open.",
            )
        return max(found, key=lambda benchmark: (benchmark.reference_year, benchmark.published_at))

    def _read(self, collection_id: str) -> Benchmark:
        content = (self._folder / f"{collection_id}.benchmark").read_bytes()
        return read_benchmark(SignedEnvelope.FromString(content), collection_id, self._coordinator_key)
