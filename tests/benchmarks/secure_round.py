"""What a secure round costs: the node's machine and the coordinator's desk as they are, in one process.

`python -m tests.benchmarks.secure_round --nodes 153 --length 10000 --dropouts 15 --format json` plays one round to its
published sums, checks them to the bit, and prints

- `node_cpu_s`: processor seconds of a node that joins, reports, commits and reveals (`node_steps` has each step);
  `node_floor_s`: what the bare primitives of the same steps took, done in turns with it; `node_ratio`;
- `coordinator_cpu_s`: unmasking, from t stored reveals to the signed result, with `coordinator_floor_s` and
  `coordinator_ratio`; `coordinator_round_cpu_s` is all that the coordinator did in the round;
- `bytes_per_node`, sent and received, and `bytes_over_vector`, what of them is not the vector;
- `round_cpu_s` of all nodes and the coordinator, and `scaled_round_cpu_s`, the same on a machine that does 20,000
  X25519 agreements a second; `peak_memory_mb` of this process, all nodes in it.

Drawing noise, reading returns, TLS and disks are no part of it: stores are in memory, vectors are made up. A small
round is played before, so that nothing is measured that a process does once.

`--measured K` runs the node's machine K times only, other nodes being stand-ins (`stand_ins`); `--shards` divides the
nodes into groups of at most 500, as the reference asks above 1,000; `--sweep` prints growth with nodes and length.
Gates: both ratios at most 2 (153 nodes, 10,000 and 100,000 entries), bytes at most 1.1 times the vector plus 200 kB,
and at 50 nodes a scaled round of at most 2.5 s (engineering reference 9.7).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import sys
from typing import Any

from tests.benchmarks.played_round import STEPS, Round
from tests.benchmarks.secure_floor import agreements_a_second

LARGEST_SHARD = 500

GATE = 2.0
BYTES_GATE = (1.1, 200_000)
"""Times the vector, and so many bytes."""
ROUND_GATE_S = 2.5
REFERENCE_AGREEMENTS = 20_000
"""X25519 agreements a second of the machine that whole rounds are scaled to."""

SWEPT_NODES = (10, 50, 153, 500)
SWEPT_LENGTHS = (1_000, 10_000, 100_000)
SWEPT_MEASURED = 5


def measure(
    nodes: int, length: int, dropouts: int, *, shards: bool = False, measured: int | None = None
) -> dict[str, Any]:
    """Plays a round and gives what the module says."""
    Round(12, 100, 2).play()
    before = agreements_a_second()
    largest_group = LARGEST_SHARD if shards else nodes
    played = Round(nodes, length, dropouts, largest_group=largest_group, measured=measured).play()
    rate = (before + agreements_a_second()) / 2
    steps = {step: statistics.mean(played.nodes[step]) for step in STEPS}
    floor = {step: statistics.mean(played.node_floor[step]) for step in STEPS}
    vector_bytes, bytes_per_node = played.shape.vector_bytes, statistics.mean(played.bytes)
    node_cpu, node_floor = sum(steps.values()), sum(floor.values())
    coordinator_cpu, coordinator_floor = played.coordinator["unmask"], statistics.mean(played.unmasking_floor)
    coordinator_round = sum(played.coordinator.values())
    absent = {"report": dropouts, "commit": dropouts, "reveal": nodes - played.shape.threshold}
    taking_part = {step: nodes - absent.get(step, 0) for step in STEPS}
    round_cpu = coordinator_round + sum(steps[step] * taking_part[step] for step in STEPS)
    return {
        "nodes": nodes,
        "length": length,
        "dropouts": dropouts,
        "groups": played.shape.groups,
        "committee": played.shape.committee,
        "word_bits": played.shape.width,
        "measured_nodes": len(played.nodes["join"]),
        "node_cpu_s": node_cpu,
        "node_floor_s": node_floor,
        "node_ratio": node_cpu / node_floor,
        "node_steps": {step: {"cpu_s": steps[step], "floor_s": floor[step]} for step in STEPS},
        "coordinator_cpu_s": coordinator_cpu,
        "coordinator_floor_s": coordinator_floor,
        "coordinator_ratio": coordinator_cpu / coordinator_floor,
        "coordinator_round_cpu_s": coordinator_round,
        "bytes_per_node": round(bytes_per_node),
        "bytes_over_vector": round(bytes_per_node - vector_bytes),
        "bytes_gate": round(BYTES_GATE[0] * vector_bytes + BYTES_GATE[1]),
        "round_cpu_s": round_cpu,
        "scaled_round_cpu_s": round_cpu * rate / REFERENCE_AGREEMENTS,
        "agreements_a_second": round(rate),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "gate": GATE,
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
    }


def _line(result: dict[str, Any]) -> str:
    return (
        f"{result['nodes']:>6} {result['length']:>8} {result['dropouts']:>4} {result['groups']:>4}"
        f" {1000 * result['node_cpu_s']:>9.1f} {result['node_ratio']:>5.2f}"
        f" {1000 * result['coordinator_cpu_s']:>10.1f} {result['coordinator_ratio']:>5.2f}"
        f" {result['coordinator_round_cpu_s']:>8.2f} {result['round_cpu_s']:>8.2f}"
        f" {result['bytes_per_node'] / 1000:>9.1f} {result['bytes_over_vector'] / 1000:>9.1f}"
        f" {result['peak_memory_mb']:>7.0f}"
    )


_HEADING = " nodes   length drop grps   node ms ratio  unmask ms ratio  coord s  round s   kB/node   over kB  peakMB"


def sweep() -> list[dict[str, Any]]:
    """Growth with nodes and length, a tenth of the nodes dropping out, and few nodes measured."""
    return [
        measure(nodes, length, nodes // 10, measured=min(SWEPT_MEASURED, nodes - nodes // 10))
        for nodes in SWEPT_NODES
        for length in SWEPT_LENGTHS
    ]


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=153)
    parser.add_argument("--length", type=int, default=10_000)
    parser.add_argument("--dropouts", type=int, help="a tenth of the nodes, where not given")
    parser.add_argument("--measured", type=int)
    parser.add_argument("--shards", action="store_true")
    parser.add_argument("--sweep", action="store_true")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    arguments = parser.parse_args()
    if arguments.sweep:
        results = sweep()
    else:
        results = [
            measure(
                arguments.nodes,
                arguments.length,
                arguments.nodes // 10 if arguments.dropouts is None else arguments.dropouts,
                shards=arguments.shards,
                measured=arguments.measured,
            )
        ]
    if arguments.format == "json":
        print(json.dumps(results if arguments.sweep else results[0], indent=2))
    else:
        print("\n".join([_HEADING, *map(_line, results)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
