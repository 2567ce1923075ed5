"""The benchmark as the message that councils' nodes fetch."""

from __future__ import annotations

from coordinator.data import population_for
from coordinator.estimates.benchmark import Benchmark, Estimate
from protos.benchmark.v1 import benchmark_pb2


def _estimate(estimate: Estimate) -> benchmark_pb2.Estimate:
    return benchmark_pb2.Estimate(
        indicator_id=estimate.indicator_id,
        area_code=estimate.area_code,
        area_name=estimate.area_name,
        breakdown=estimate.breakdown,
        level=estimate.level,
        value=estimate.value,
        lower=estimate.lower,
        upper=estimate.upper,
        symbol=estimate.symbol,
        category=estimate.category,
        shrunk=estimate.shrunk,
        shrunk_lower=estimate.shrunk_lower,
        shrunk_upper=estimate.shrunk_upper,
    )


def to_message(benchmark: Benchmark) -> benchmark_pb2.Benchmark:
    """The published figures, and nothing that the site does not show. Every council receives the same message."""
    collection = benchmark.collection
    population = population_for(collection.reference_year)
    return benchmark_pb2.Benchmark(
        collection_id=collection.id,
        reference_year=collection.reference_year,
        framework_id=collection.framework_id,
        framework_digest=bytes.fromhex(collection.framework_digest),
        published_at=int(benchmark.published_at.timestamp()),
        councils=[council.code for council in benchmark.councils],
        estimates=[_estimate(estimate) for estimate in benchmark.estimates],
        areas=[
            benchmark_pb2.Area(code=council.code, population_0_17=population.children[council.code])
            for council in benchmark.councils
            if council.code in population.children
        ],
    )
